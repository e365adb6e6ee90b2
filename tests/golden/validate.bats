#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# validate --replay scores kept output again: nothing runs, no privilege is required.

bats_require_minimum_version 1.5.0

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	PAGESTORM=$(readlink -f "$PAGESTORM")
	cd "$BATS_TEST_TMPDIR" || return
	cat > tool.ini <<-'INI'
	[tool]
	summary = a tool that is not installed
	package = none
	program = no-such-program
	command = no-such-program {pid}
	[load own]
	run = anon size=1M
	[load machine]
	run = anon size=1M
	when = during
	[quantity rss]
	load = own
	difference = yes
	pattern = ^{pid} rss ([0-9]+)
	unit = KiB
	truth = achieved
	[quantity used]
	load = machine
	scope = machine
	pattern = used ([0-9]+)
	unit = KiB
	truth = achieved
	INI
	mkdir -p kept/said
	echo "tool 1.2.3" > kept/said/tool.version
	for repeat in 1 2 3; do
		session own "$repeat" 1048576
		echo "7 rss 10" > "kept/said/tool.own.$repeat.ready"
		echo "7 rss $((1034 + (repeat - 2)))" > "kept/said/tool.own.$repeat.held"
		session machine "$repeat" 1048576
		echo "used 1044" > "kept/said/tool.machine.$repeat.across"
		session machine.null "$repeat" 0
		echo "used 60" > "kept/said/tool.machine.null.$repeat.across"
	done
}

# session LOAD REPEAT ACHIEVED: a run's directory and the names beside it
session()
{
	mkdir -p "kept/runs/$1-$2"
	printf 'repeat,worker,outcome,achieved_bytes\n1,w,ok,%s\n' "$3" > "kept/runs/$1-$2/runs.csv"
	printf 'pid=7\ngroup=/g\nstart=0\nfile=\nswap=\nrun=%s\n' "$1-$2" \
		> "kept/said/tool.$1.$2.names"
}

replay()
{
	run --separate-stderr "$PAGESTORM" validate --replay=kept -q -o again "$@" ./tool.ini
	echo "$output"
	echo "$stderr"
	rows=$(tail -n +2 again/*-validate/scorecard.csv) || true
}

# is QUANTITY VERDICT SAID REPEATS
is()
{
	local -a cells
	IFS=, read -ra cells < <(awk -F, -v q="$1" '$3 == q' <<< "$rows")
	[ "${cells[8]} ${cells[5]} ${cells[13]}" = "$2 $3 $4" ]
}

@test "--replay scores what --keep wrote, with each repeat, the noise floor and the tool's version, and changes none of it" {
	find kept -type f -exec md5sum {} + | sort > before
	replay
	[ "$status" -eq 0 ]
	is rss right 1048576 3
	is used noise 1069056 3
	[ "$(cut -d, -f2,18 <<< "$rows" | tail -n 1)" = 1.2.3,61440 ]
	[ "$(cut -d, -f19 <<< "$rows" | head -n 1)" = kept/runs/own-1 ]
	find kept -type f -exec md5sum {} + | sort | diff before -
}

@test "--replay reads with the adapter as it is now" {
	sed -i 's/^\[quantity rss\]/&\nresolution = 2K\nresolution_why = a reason/; s/rss (/[r]ss (/' tool.ini
	sed -i 's/1034/1035/' kept/said/tool.own.2.held
	replay
	is rss within_resolution 1049600 3
}

@test "a filter's output is read in place of the tool's" {
	replay --filter="sed s/rss.103/rss\ 193/"
	[ "$status" -eq 1 ]
	is rss wrong 1970176 3
	is used noise 1069056 3
	[ "$(cat kept/said/tool.own.2.held)" = "7 rss 1034" ]
	[ "$(cat again/*-validate/said/tool.own.2.held.filtered)" = "7 rss 1934" ]
}

@test "what other processes moved is taken from the machine's counters" {
	sed -i 's/^scope = machine/&\nothers = [beside\/vmstat\/pgalloc_*] * 4096 - achieved/' tool.ini
	for repeat in 1 2 3; do
		printf 'pgalloc_dma32 10\npgalloc_normal 500\npgfree 9\n' \
			> "kept/said/tool.machine.$repeat.vmstat-before"
		printf 'pgalloc_dma32 20\npgalloc_normal 756\npgfree 9999\n' \
			> "kept/said/tool.machine.$repeat.vmstat-after"
		echo "used 9999" > "kept/said/tool.machine.$repeat.across"
	done
	# 266 pages less the worker's 256 are 4 % of the truth: too few to explain the error
	replay
	is used wrong 10238976 3
	rm -r again
	sed -i 's/normal 756/normal 800/' kept/said/*.vmstat-after
	replay
	is used noise 10238976 3
	grep -q 'other processes moved up to 221184 of it' <<< "$rows"
	rm -r again kept/said/*.vmstat-after
	replay
	[ "$status" -eq 4 ]
	grep -q 'no pgalloc_\* was kept' <<< "$rows"
}

@test "a tool that failed is still unread in a replay, with the recorded reason" {
	for repeat in 1 2 3; do
		echo "failed=it did not begin within 3 s" >> "kept/said/tool.own.$repeat.names"
	done
	replay
	[ "$status" -eq 4 ]
	grep -q ',rss,.*,unread,it did not begin within 3 s,' <<< "$rows"
}

@test "a tool without output is skipped, with the recorded reason if there is one" {
	rm kept/said/tool.own.*
	replay
	[ "$status" -eq 0 ]
	grep -q ',rss,.*,skipped,kept holds no output of it,' <<< "$rows"
	printf 'tool,load,verdict,why\ntool,anon size=1M,skipped,requires a moon\n' > kept/scorecard.csv
	rm -r again
	replay
	grep -q ',rss,.*,skipped,requires a moon,' <<< "$rows"
}

@test "--replay of a run without --keep is an error that names the run and the remedy" {
	rm -r kept/runs/own-2
	replay
	[ "$status" -eq 2 ]
	[[ $stderr == *"kept/runs/own-2 does not exist"*--keep* ]]
}

@test "--replay of a directory that validate did not write is an error" {
	mkdir other
	run --separate-stderr "$PAGESTORM" validate --replay=other -o again ./tool.ini
	[ "$status" -eq 2 ]
	[[ $stderr == *"cannot replay other"* ]]
	[ ! -e again ]
}

@test "a monitor's own CSV is scored against a run whose directory stays as it is" {
	mkdir run
	printf 'repeat,worker,outcome,achieved_bytes\n1,w,ok,1048576\n' > run/runs.csv
	printf 'schema\n' > run/scorecard.csv # of another time
	printf 'quantity,value,unit,truth\nrss,1024,KiB,achieved\nrss,70000,KiB,achieved\n' > mine.csv
	find run -type f -exec md5sum {} + | sort > before
	run --separate-stderr "$PAGESTORM" validate --compare=mine.csv -o again run
	echo "$output $stderr"
	[ "$status" -eq 1 ]
	find run -type f -exec md5sum {} + | sort | diff before -
	[ "$(cut -d, -f1,3,4,6,9,19 again/*-validate/scorecard.csv)" = "$(printf '%s\n' \
		tool,quantity,truth,said,verdict,run mine.csv,rss,1048576,1048576,right,run \
		mine.csv,rss,1048576,71680000,wrong,run)" ]
	[[ $output == *"results: "again/*-validate ]]
	"$PAGESTORM" report again/*-validate | grep -F '1 wrong, 1 right'
}

@test "a monitor's CSV that cannot be scored leaves nothing behind" {
	mkdir run
	printf 'repeat,worker,outcome\n1,w,ok\n' > run/runs.csv
	printf 'a,b\n1,2\n' > mine.csv
	run -2 "$PAGESTORM" validate --compare=mine.csv -o again run
	[[ $output == *"mine.csv:1: error: the header lacks quantity or value"* ]]
	[ ! -e again ]
}

@test "--replay waits for no FIFO and follows no link" {
	rm kept/said/tool.own.2.held
	mkfifo kept/said/tool.own.2.held # as if that repeat had no output
	run timeout 20 "$PAGESTORM" validate --replay=kept -q -o again ./tool.ini
	echo "$status $output"
	[ "$status" -ne 124 ]
	rm kept/said/tool.own.2.held
	echo 7 rss 4096 > elsewhere
	ln -s "$PWD/elsewhere" kept/said/tool.own.2.held
	run "$PAGESTORM" validate --replay=kept -q -o again ./tool.ini
	echo "$status $output"
	! grep -rq "4194304" again || return 1
}
