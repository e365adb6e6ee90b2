/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads settings of the machine, and changes them through the journal. setting.h lists them
 * and their values. Paths are taken below the journal's root.
 *
 * Some settings move others: the kernel zeroes a twin (vm.dirty_bytes and
 * vm.dirty_ratio), switching transparent huge pages on or off recomputes
 * vm.min_free_kbytes (mm/khugepaged.c, set_recommended_min_free_kbytes). What would be
 * moved is journalled as well. Writing vm.min_free_kbytes, even its own value,
 * recomputes the zones' watermarks: after a run they follow the kernel's formula, while at
 * boot they may be some pages off it.
 */
#ifndef PAGESTORM_SETTINGS_H
#define PAGESTORM_SETTINGS_H

#include <stddef.h>

#include "harness/base/error.h"
#include "harness/machine/setting.h"
#include "harness/machine/journal.h"

/*
 * The value now, as it must be written back ("always [madvise] never" gives madvise).
 * -EINVAL: no known setting; -ENOENT: this kernel has no such setting.
 */
int setting_read(const char *name, char *value, size_t value_bytes, struct error *e);

/*
 * Journals the old value, writes, reads back. -EIO when the kernel kept another
 * value, -ENOMEM when a huge page pool did not grow as far as asked: the old value is back
 * then.
 */
int setting_apply(struct journal *j, const char *name, const char *value, struct error *e);

/*
 * Whether this kernel has them all and we may write them; nothing is written. -ENOENT,
 * -EACCES, -EROFS with a sentence that says which. root: before each path.
 */
int settings_permitted(const char *root, const struct setting *setting, unsigned nr,
		       struct error *e);

/*
 * Applies all, those first that move others, then reads all back once more: -EIO when a
 * later one moved an earlier one. On failure nothing is undone: the caller's journal_undo()
 * does it.
 */
int settings_apply(struct journal *j, const struct setting *setting, unsigned nr,
		   struct error *e);

#endif
