#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Files read by name from the current directory: only those that no other user can have put
# there, for root and for other users.

bats_require_minimum_version 1.5.0

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	[ "$(id -u)" -eq 0 ] || skip "not root"
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
	unset SUDO_UID SUDO_GID
	here=$BATS_TEST_TMPDIR/here
	mkdir "$here"
	cd "$here" || return
	other=65534 # nobody
}

# adapter FILE: one that leaves a file behind when it runs
adapter()
{
	mkdir -p "$(dirname "$1")"
	cat > "$1" <<-EOF
		[tool]
		summary = planted here
		package = none
		program = /bin/touch
		version = /bin/touch $here/executed
		[load anon]
		run = anon size=4M
		say = /bin/touch $here/executed
		[quantity size]
		load = anon
		reading = ^(\\d+)
	EOF
}

# profile FILE
profile()
{
	mkdir -p "$(dirname "$1")"
	printf '[profile]\nwhy = planted here\n[workload a]\ntype = anon\nsize = 4M\n' > "$1"
}

refused()
{
	run --separate-stderr "$@"
	echo "$output $stderr"
	[ "$status" -eq 2 ]
	[ ! -e executed ]
	[[ "$stderr" == *"is not trusted"* ]]
}

@test "another user's adapter below the current directory is ignored in favour of the program's own, and named" {
	adapter profiles/tools/ps.ini
	chown -R "$other" profiles
	chmod 1777 .
	run --separate-stderr "$PAGESTORM" validate --list ps
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" != *"planted here"* ]]
	run "$PAGESTORM" validate --list all
	[[ "$output" != *"planted here"* ]]
	[ ! -e executed ]
}

@test "another user's adapter without a trusted alternative is refused in a sentence, and not run" {
	adapter profiles/tools/planted.ini
	chown "$other" profiles/tools/planted.ini
	refused "$PAGESTORM" validate planted --wait=200
	[[ "$stderr" == *"profiles/tools/planted.ini belongs to another user ($other)"* ]]
	refused "$PAGESTORM" validate ./profiles/tools/planted.ini --wait=200
}

@test "another user's profile is ignored by name and refused by path" {
	profile profiles/demo.ini
	profile mine.ini
	chown "$other" profiles/demo.ini mine.ini
	run "$PAGESTORM" plan demo
	[ "$status" -eq 0 ]
	[[ "$output" != *"planted here"* ]]
	refused "$PAGESTORM" plan ./mine.ini
	refused "$PAGESTORM" plan mine.ini
	refused "$PAGESTORM" plan mine
	refused "$PAGESTORM" run "$PWD/mine.ini" --wait=200
}

@test "so is a profile that others can write, or one in a directory that they can write" {
	profile here.ini
	run "$PAGESTORM" plan here
	[ "$status" -eq 0 ]
	chmod 666 here.ini
	refused "$PAGESTORM" plan here
	chmod 664 here.ini
	chgrp "$other" here.ini
	refused "$PAGESTORM" plan here
	[[ "$stderr" == *"can be written by a group"* ]]
	chmod 644 here.ini
	chmod 777 .
	refused "$PAGESTORM" plan here
	[[ "$stderr" == *"$PWD can be written by everyone"* ]]
	chmod 1777 .
	run "$PAGESTORM" plan here
	[ "$status" -eq 0 ]
	chmod 755 .
	chown "$other" .
	refused "$PAGESTORM" plan here
}

@test "a symbolic link is trusted when both its owner and its target are" {
	mkdir safe
	profile safe/mine.ini
	ln -s safe/mine.ini link.ini
	run "$PAGESTORM" plan link
	[ "$status" -eq 0 ]
	chown -h "$other" link.ini
	refused "$PAGESTORM" plan link
	chown -h 0 link.ini
	chown "$other" safe
	refused "$PAGESTORM" plan link
}

@test "the user who called sudo is trusted, a third user is not" {
	profile profiles/mine.ini
	chown -R "$other" .
	run env SUDO_UID="$other" "$PAGESTORM" plan mine
	[ "$status" -eq 0 ]
	refused env SUDO_UID=1 "$PAGESTORM" plan mine
	refused "$PAGESTORM" plan mine
}

@test "a run names the file that it read when that is not the installed one" {
	profile profiles/mine.ini
	run --separate-stderr "$PAGESTORM" run mine --wait=200 -o out
	[ "$status" -eq 0 ]
	[[ "$stderr" == *"note: takes profiles/mine.ini"* ]]
	run --separate-stderr "$PAGESTORM" run mine --wait=200 -o out --quiet
	[[ "$stderr" != *"note: takes"* ]]
}

@test "a profile from a pipe is read" {
	run bash -c "\"$PAGESTORM\" plan <(printf '[profile]\nwhy = piped\n[workload a]\ntype = anon\nsize = 4M\n')"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "without root the user's own files and root's are read by name, a third user's are not" {
	command -v setpriv > /dev/null || skip "no setpriv(1)"
	as() { setpriv --reuid="$other" --regid="$other" --clear-groups env HOME="$here" "$@"; }
	cp "$PAGESTORM" "$here/program" # the tree may be closed to others
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/.." "$here"
	as test -x "$here/program" || skip "the test's directory is closed to other users"
	profile mine.ini
	run as ./program plan mine
	[ "$status" -eq 0 ]
	chown "$other" mine.ini
	run as ./program plan mine
	[ "$status" -eq 0 ]
	chown 1 mine.ini
	run as ./program plan mine
	[ "$status" -eq 2 ]
	[[ "$output" == *"belongs to another user (1)"* ]]
	run as ./program plan ./mine.ini # what one names oneself
	[ "$status" -eq 0 ]
}

@test "another user's state directory is not used, with or without a journal" {
	mkdir "$PAGESTORM_STATE_DIR"
	chown "$other" "$PAGESTORM_STATE_DIR"
	run "$PAGESTORM" run anon size=4M --wait=200 -o out
	[ "$status" -eq 3 ]
	[[ "$output" == *"$PAGESTORM_STATE_DIR belongs to another user"* ]]
	[ -z "$(ls -A "$PAGESTORM_STATE_DIR")" ]
	echo planted > "$PAGESTORM_STATE_DIR/journal"
	run "$PAGESTORM" restore --wait=200
	[ "$status" -eq 5 ]
	[ "$(cat "$PAGESTORM_STATE_DIR/journal")" = planted ]
}

@test "the environment does not lift the bound on risk classes: the kernel's command line does" {
	grep -qw pagestorm.lab /proc/cmdline && skip "this is a guest of the lab"
	export PAGESTORM_LAB="nodes=1 memory=1G"
	run "$PAGESTORM" run anon size=4M memory.max=max --wait=200 -o out
	echo "$output"
	[ "$status" -eq 2 ]
	[[ "$output" == *"risk class R2"* ]]
	[ ! -e out ]
	run "$PAGESTORM" doctor
	[[ "$output" != *"in the lab"* ]]
}

@test "where another user could replace the results a note says so, and no swap file is made there" {
	mkdir -p theirs/below open
	chown "$other" theirs
	chmod 777 open
	for place in theirs theirs/below theirs/below/new/er open/new; do
		run "$PAGESTORM" run anon size=4M --wait=200 -o "$place"
		echo "$status $output"
		[ "$status" -eq 0 ]
		[[ "$output" == *"note: others may replace what is written to $place: "* ]]
	done
	cat > swap.ini <<- INI
		[profile]
		why = swapped memory would be theirs to read
		[swap]
		type = file
		size = 16M
		[workload w]
		type = anon
		size = 4M
	INI
	run "$PAGESTORM" run swap.ini --wait=200 -o theirs/swapped
	echo "$status $output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"belongs to another user"* ]]
	[ -z "$(find theirs -name '*.swap')" ]
	chmod 1777 open # as /tmp: what is made there stays its owner's
	run "$PAGESTORM" run anon size=4M --wait=200 -o open/other
	[ "$status" -eq 0 ]
	[[ "$output" != *"others may replace"* ]]
}

@test "a swap file is not made where another user could replace it" {
	mkdir open
	chmod 777 open
	run "$PAGESTORM" run swap size=16M memory.max=64M swap.type=file swap.size=64M \
		"swap.path=$PWD/open" --wait=200 -o out
	[ "$status" -eq 3 ]
	[[ "$output" == *"$PWD/open can be written by everyone"* ]]
	[ -z "$(ls -A open)" ]
}

# own_adapter WORDS…: mine.ini, whose tool is ./tool and whose [tool] has these lines as well
own_adapter()
{
	cat > mine.ini <<-EOF
		[tool]
		summary = mine
		package = none
		program = $PWD/tool
		version = echo 1
		command = $PWD/tool {pid}
		$1
		[load anon]
		run = anon size=8M
		[quantity size]
		pattern = rss ([0-9]+)
		unit = KiB
		truth = achieved
		resolution = 8M
		resolution_why = it is the process's
	EOF
	cat > tool
	chmod 755 tool
}

@test "an adapter's commands run as the user that it names" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR/.." "$BATS_TEST_TMPDIR" "$here"
	own_adapter "user = nobody" <<-EOF
		#!/bin/sh
		echo "ids \$(id -u) \$(id -ru) \$(id -G)"
		touch $here/executed && echo wrote
		awk '/VmRSS/ { print "rss", \$2 }' "/proc/\$1/status"
	EOF
	run "$PAGESTORM" validate --wait=200 -q --keep -n 1 -o out ./mine.ini
	echo "$status $output"
	cat out/*/*/*held* out/*/*held* 2> /dev/null > said || true
	cat said
	grep -qx "ids 65534 65534 65534" said
	[ ! -e executed ]
	[ "$status" -eq 0 ]
	sed -i 's/^user = .*/user = no-such-user/' mine.ini
	run "$PAGESTORM" validate --wait=200 -n 1 -o out ./mine.ini
	[[ "$output" == *"there is no user no-such-user on this machine"* ]]
}

@test "what a tool leaves running ends with it" {
	own_adapter "" <<-EOF
		#!/bin/sh
		sleep 987654 > /dev/null 2>&1 &
		echo \$! > $here/left
		awk '/VmRSS/ { print "rss", \$2 }' "/proc/\$1/status"
	EOF
	run "$PAGESTORM" validate --wait=200 -q -n 1 -o out ./mine.ini
	echo "$status $output"
	[ -s left ]
	for _ in {1..100}; do # until it is dead; init may take longer to reap it
		run grep -s "^State:" "/proc/$(cat left)/status"
		[[ "$output" == *sleeping* ]] || return 0
		sleep 0.1
	done
	kill -9 "$(cat left)"
	return 1
}
