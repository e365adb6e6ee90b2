#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The draws of tests/random: each option, choice and limit is drawn, a seed gives the same draws,
# and what must not happen is reported with the line that reproduces it.

bats_require_minimum_version 1.5.0

setup()
{
	: "${PAGESTORM_SRCDIR:=$BATS_TEST_DIRNAME/../..}"
	: "${PAGESTORM:=$PAGESTORM_SRCDIR/pagestorm}"
	command -v python3 > /dev/null || skip "no python3: package python3"
	export PAGESTORM PAGESTORM_SRCDIR PYTHONDONTWRITEBYTECODE=1
	cd "$BATS_TEST_TMPDIR" || return
	"$PAGESTORM" list --json > list.json
}

# undrawn LIST < NAMES: prints what 3000 draws of a guest do not have: workload, option and
# choice of LIST, and those keys of every worker that stdin names
undrawn()
{
	python3 /dev/fd/3 "$1" 3<<- 'PY'
		import json, os, sys
		sys.path.insert(0, os.environ['PAGESTORM_SRCDIR'] + '/tests/random')
		from draw import Drawer, Machine
		workloads = json.load(open(sys.argv[1]))
		wanted = {(w['name'], o['name']) for w in workloads for o in w['options']}
		wanted |= {(w['name'], o['name'], c) for w in workloads for o in w['options']
		           for c in (o['choices'] or '').split('|') if c}
		wanted |= {(key,) for key in sys.stdin.read().split()}
		drawer = Drawer(workloads, Machine(guest=True, v2=True, nodes=2), 1)
		for number in range(3000):
		    draw = drawer.draw(number)
		    types = dict(draw.workers)
		    for key, value in draw.keys:
		        name, _, rest = key.partition('.')
		        workload, option = (types[name], rest) if name in types else (draw.workers[0][1], key)
		        wanted -= {(workload, option), (workload, option, value), (option,)}
		for one in sorted(wanted):
		    print(*one)
	PY
}

# limits: of a group, by the manual
limits()
{
	sed -n '/^# \[cgroup\]/,/^# \[sysctl\]/p' "$PAGESTORM_SRCDIR/man/pagestorm-profile.5.scd" |
		grep -oE '(memory|cpuset)\.[a-z.]+[a-z]' | sort -u
}

@test "each option of each workload, each choice and each limit is drawn" {
	[ "$(limits | wc -l)" -ge 10 ]
	missing=$({ limits; echo delay hold background oom_score_adj cpus mems prewarm inject_shortfall swap.type; } |
		undrawn list.json)
	echo "$missing"
	[ -z "$missing" ]
}

@test "a key that is not drawn is detected, and an option whose texts are unknown" {
	[ "$(echo memory.none | undrawn list.json)" = memory.none ]
	python3 - <<- 'PY'
		import json
		workloads = json.load(open('list.json'))
		workloads[0]['options'].append(dict(workloads[0]['options'][0], name='colour', type='text'))
		json.dump(workloads, open('more.json', 'w'))
	PY
	run -1 undrawn more.json < /dev/null
	[[ "$output" == *"tests/random/draw.py: no text is known for the option colour"* ]]
}

campaign()
{
	"$PAGESTORM_SRCDIR/tests/random/campaign" --memory 64 "$@"
}

@test "a seed gives the same draws, each by its number alone, and another seed others" {
	campaign --print --seed 5 --runs 40 > whole
	campaign --print --seed 5 --runs 40 | diff whole -
	campaign --print --seed 5 --from 17 --runs 1 | diff <(sed -n 18p whole) -
	campaign --print --seed 6 --runs 40 > other
	run ! diff -q whole other
}

# stand_in STATUS [VERDICT [OUTCOME]]: a program in place of pagestorm, each run of which ends so
stand_in()
{
	cat > stand-in <<- SH
		#!/bin/sh
		case \$1 in
		list) cat "$PWD/list.json"; exit ;;
		plan) exit 0 ;;
		esac
		while [ "\$1" != --output ]; do shift; done
		[ -n "${2-}" ] || exit $1
		mkdir -p "\$2/one"
		printf 'cell,repeat,attempt,worker,outcome,reason\n0,1,1,a,${3:-ok},${4-}\n' > "\$2/one/runs.csv"
		printf 'cell,repeat,attempt,worker,quantity,span,counter,observed,relation,expected,tolerance,verdict\n0,1,1,a,q,work,c,1,eq,2,0,$2\n' > "\$2/one/truth.csv"
		exit $1
	SH
	chmod +x stand-in
}

# ends STATUS VERDICT: a campaign over the stand-in, of runs without a shortfall
ends()
{
	run "-$1" env PAGESTORM="$PWD/stand-in" "$PAGESTORM_SRCDIR/tests/random/campaign" --memory 64 \
		--seed 1 --runs 3
	echo "$output"
	[[ "$output" == *"$2"* ]]
}

@test "what must not happen is reported with the line that reproduces it, and fails" {
	stand_in 0 pass
	ends 0 '3 runs of seed 1: 3 pass'
	stand_in 1 fail
	ends 1 'fail: pagestorm run '
	[[ "$output" == *'fail a q work c: 1 for eq 2 ± 0'* ]]
	stand_in 3
	ends 1 'exit 3: pagestorm run '
	stand_in 2
	ends 1 'refused without a sentence'
	stand_in 0
	ends 1 'exit 0 without results'
	stand_in 0 fail
	ends 1 'exit 0 although a claim failed'
	stand_in 4 pass broken why
	ends 1 'broken: pagestorm run '
	stand_in 4 disturbed disturbed why
	ends 0 '3 disturbed'
}

@test "an injected shortfall that is not detected fails" {
	stand_in 0 pass
	number=$(campaign --print --seed 1 --runs 300 | grep -n inject_shortfall | head -n 1 | cut -d: -f1)
	run -1 env PAGESTORM="$PWD/stand-in" "$PAGESTORM_SRCDIR/tests/random/campaign" --memory 64 \
		--seed 1 --from $((number - 1)) --runs 1
	[[ "$output" == *'pass with an injected shortfall: pagestorm run '* ]]
}
