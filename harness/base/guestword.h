/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The word on the kernel command line of the lab's guests. No process of a host can add it, so
 * it proves the guest, where an environment variable proves nothing.
 */
#ifndef PAGESTORM_GUESTWORD_H
#define PAGESTORM_GUESTWORD_H

/* With a dot, so that the kernel takes it for a module's parameter and not for init's. */
#define GUEST_WORD "pagestorm.lab"

#endif
