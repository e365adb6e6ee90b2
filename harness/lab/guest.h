/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's side of the lab: the same program, as process 1 of the guest.
 *
 * It sets up what its specification asks for, runs one command and sends
 * output, results and status through the virtio port. It decides nothing: a
 * step that fails ends the guest with a sentence for the host.
 */
#ifndef PAGESTORM_LAB_GUEST_H
#define PAGESTORM_LAB_GUEST_H

/* Never returns; for process 1 alone. */
void guest_main(void) __attribute__((noreturn));

#endif
