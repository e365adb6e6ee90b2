# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Leftovers of a killed run, made with other tools than pagestorm: its marks on groups and
# swap, and its journal. Source it with `load ../lib/marks`.

# remove_leftovers: for a teardown; removes the test's remaining pids, dirs, swaps, loops and
# zrams (numbers)
remove_leftovers()
{
	local pid dir swap loop zram
	for pid in "${pids[@]}"; do
		kill -9 "$pid" 2> /dev/null || true
		wait "$pid" 2> /dev/null || true
	done
	for dir in "${dirs[@]}"; do
		rmdir "$dir" 2> /dev/null || true
	done
	for swap in "${swaps[@]}"; do
		swapoff "$swap" 2> /dev/null || true
	done
	for loop in "${loops[@]}"; do
		losetup -d "$loop" 2> /dev/null || true
	done
	for zram in "${zrams[@]}"; do
		[ -e "/sys/block/zram$zram" ] || continue
		echo 1 > "/sys/block/zram$zram/reset"
		echo "$zram" > /sys/class/zram-control/hot_remove
	done
}

# A PID that no process has: the maker is dead.
dead_pid()
{
	sh -c 'echo $$'
}

# identity PATH: as pagestorm records it
identity()
{
	stat -c '%Hd:%Ld:%i:%.9W' "$1"
}

# maker [PID]: the line that identifies a maker; without a PID, a dead one
maker()
{
	local ticks=1

	[ -z "${1-}" ] || ticks=$(cut -d' ' -f22 "/proc/$1/stat")
	echo "$(cat /proc/sys/kernel/random/boot_id) $(stat -Lc %i /proc/self/ns/pid) ${1:-$(dead_pid)} $ticks"
}

# mark_group DIRECTORY [PID]
mark_group()
{
	python3 -c 'import os, sys; os.setxattr(sys.argv[1], "trusted.pagestorm", sys.argv[2].encode())' \
		"$1" "0123456789abcdef0123456789abcdef $(maker "${2-}")"
}

# mark_swap FILE|DEVICE [PID]: after mkswap(8), before swapon(8)
mark_swap()
{
	local thing=$1

	[[ $1 != /dev/zram* ]] || thing=/sys/block/${1#/dev/}/.
	printf 'pagestorm-swap %s %s\n' "$(identity "$thing")" "$(maker "${2-}")" |
		dd of="$1" conv=notrunc,fsync status=none
}

# write_journal: writes the entries on stdin as a journal in $PAGESTORM_STATE_DIR, of format
# $version (1 or 2) and of boot $boot_id
write_journal()
{
	local namespace=

	[ "${version:-2}" -eq 1 ] || namespace=$'\t'$(stat -Lc %i /proc/self/ns/pid)
	mkdir -p "$PAGESTORM_STATE_DIR"
	(
		umask 077
		{
			echo "pagestorm-journal ${version:-2}"
			printf 'boot\t%s\n' "${boot_id:-$(cat /proc/sys/kernel/random/boot_id)}"
			printf 'run\ttest\nprocess\t%s\t%s%s\ndirectory\tmade\n' \
				"${2:-$(dead_pid)}" "${3:-1}" "$namespace"
			cat
		} > "$PAGESTORM_STATE_DIR/journal"
	)
}
