#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# docs/adding.md, followed literally in a copy of the tree: each block is inserted where the
# comment before it says, the changes are compiled, and each addition works.

bats_require_minimum_version 1.5.0

setup_file()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	: "${PAGESTORM_SRCDIR:=$BATS_TEST_DIRNAME/../..}"
	export PAGESTORM source=$PAGESTORM_SRCDIR build copy=$BATS_FILE_TMPDIR/copy
	build=$(dirname "$(readlink -f "$PAGESTORM")")
	mkdir "$copy"
	tar -C "$source" -cf - --exclude='*.o' --exclude='*.log' --exclude='*.trs' \
		Makefile.am bench docs harness man profiles results/SCHEMA.md tests/golden \
		tests/unit workloads | tar -C "$copy" -xf -
	chmod -R u+w "$copy"
	follow "$source/docs/adding.md"
	compile > "$BATS_FILE_TMPDIR/compiled" 2>&1 || true
}

# blocks FILE: NUMBER <tab> comment of each block, whose text goes to blocks/NUMBER
blocks()
{
	awk -v to="$BATS_FILE_TMPDIR/blocks/" '
		{ sub(/^   /, "") }
		/^<!-- cookbook: / { where = substr($0, 16, length($0) - 19); next }
		/^```/ && inside { inside = 0; where = ""; close(file); next }
		/^```/ && where != "" {
			inside = 1
			file = to (++nr)
			print nr "\t" where
			printf "" > file
			next
		}
		inside { print > file }' "$1"
}

# put TEXT-FILE FILE WHERE TEXT: before or after the first line of FILE that has TEXT, or in
# place of TEXT
put()
{
	TEXT=$4 awk -v where="$3" -v from="$1" '
		BEGIN {
			while ((getline line < from) > 0)
				block = block line "\n"
		}
		!done && (at = index($0, ENVIRON["TEXT"])) {
			done = 1
			if (where == "replace") {
				sub(/\n$/, "", block)
				$0 = substr($0, 1, at - 1) block \
					substr($0, at + length(ENVIRON["TEXT"]))
			} else if (where == "before") {
				printf "%s", block
			} else {
				$0 = $0 "\n" substr(block, 1, length(block) - 1)
			}
		}
		{ print }
		END { exit !done }' "$2" > "$2.new" && cat "$2.new" > "$2" && rm "$2.new"
}

# follow FILE: inserts its blocks; those without a place are listed in the file `lost`
follow()
{
	local nr where file how text

	mkdir "$BATS_FILE_TMPDIR/blocks"
	: > "$BATS_FILE_TMPDIR/lost"
	while IFS=$'\t' read -r nr where; do
		file=${where%% *} how=new text=
		if [ "$where" != "$file" ]; then
			how=${where#* } how=${how%%:*} text=${where#*: }
		fi
		if [ "$how" = new ]; then
			cp "$BATS_FILE_TMPDIR/blocks/$nr" "$copy/$file"
		elif ! put "$BATS_FILE_TMPDIR/blocks/$nr" "$copy/$file" "$how" "$text"; then
			echo "$where" >> "$BATS_FILE_TMPDIR/lost"
		fi
	done < <(blocks "$1")
}

# value EXPRESSION: as the build's Makefile expands it
value()
{
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s --no-print-directory -C "$build" \
		-o Makefile --eval='cookbook-value:; $(info $(value_of)) @:' \
		value_of="$1" cookbook-value
}

# The table of workloads, by the rule of Makefile.am from the list there.
make_table()
{
	sed -n '/^workload_sources = /,/^$/p; /^workloads\/table.c:/,/^$/p' Makefile.am |
		sed 's/^\(workloads\/table.c:\).*/\1/' > table.mk
	rm -f workloads/table.c
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -f table.mk AM_V_GEN=@ \
		MKDIR_P='mkdir -p' workloads/table.c
}

proof()
{
	cat <<-'C'
	#include "harness/lab/qemu.h"
	#include "harness/record/counters.h"
	#include "harness/tables/column.h"
	#include "harness/tables/row.h"

	#include <stdio.h>
	#include <string.h>

	static void show_counter(void)
	{
		const char bytes[] = "full avg10=0.00 avg60=0.00 avg300=0.00 total=123\n";
		struct record record;
		struct error e;

		record_init(&record);
		for (const struct source *s = sources; s->name; s++)
			if (!strcmp(s->name, "pressure/irq"))
				counters_parse(&record, false,
					       &(struct source_text){ .source = s,
								      .scope = "system",
								      .bytes = bytes,
								      .length = strlen(bytes) },
					       &e);
		for (size_t i = 0; i < record.nr; i++)
			if (!strcmp(record.counter[i].counter, "full.total"))
				printf("counter %s %lld\n", record.counter[i].source,
				       (long long)record.counter[i].before.value);
		record_release(&record);
	}

	static void show_column(void)
	{
		struct run_row row;
		struct record record;
		char header[HEADER_BYTES];
		double value = 0;

		column_header(&runs_csv, header);
		row_init(&row);
		record_init(&record);
		for (int after = 0; after < 2; after++)
			record_put(&record, after,
				   (struct counter_id){ "system", "vmstat", "thp_fault_alloc" },
				   (struct counter_type){ KIND_CUMULATIVE, UNIT_COUNT },
				   (struct number){ .value = after ? 7 : 2 });
		record_sort(&record);
		row_from_record(&row, &record, 4096);
		row_number(&row, "thp_fault_alloc", &value);
		printf("header %s\ncolumn %g\n", header, value);
		record_release(&record);
	}

	int main(void)
	{
		struct shape shape = { .nr_nodes = 1, .node[0] = { 1u << 30, 1 } };
		struct qemu_config config = { .arch = arch_here(), .shape = &shape, .kernel_path = "k",
					      .disk_fd = -1, .cpu = "Nehalem" };
		struct words argv = { 0 };

		show_counter();
		show_column();
		qemu_arguments(&config, &argv);
		for (size_t i = 0; i < argv.nr; i++)
			if (!strcmp(argv.item[i], "-cpu"))
				printf("cpu %s\n", argv.item[i + 1]);
		words_release(&argv);
		return 0;
	}
	C
}

# The sources whose code or headers the recipes change, linked before the existing library:
# two programs, because the library's other users of a row have the old one.
compile()
{
	local cc link libraries file

	[ -f "$build/libpagestorm.a" ] || { echo "no build in $build"; return 77; }
	cd "$copy" || return
	cc=$(value '$(COMPILE)') || return
	link=$(value '$(CCLD) $(AM_CFLAGS) $(CFLAGS) $(AM_LDFLAGS) $(LDFLAGS)') || return
	libraries=$(value '$(libraries)') || return
	cp "$build/config.h" . && make_table || return
	proof > proof.c
	for file in harness/cli/cmd_lab harness/cli/cmd_lab_end harness/cli/cmd_lab_files \
		harness/cli/cmd_lab_request harness/lab/lab harness/lab/lab_check \
		harness/lab/lab_root harness/lab/qemu harness/lab/session \
		harness/lab/session_guest harness/lab/session_qemu harness/machine/setting \
		harness/record/counters harness/tables/row \
		workloads/first_touch workloads/table proof; do
		# It is quoted for a shell.
		eval "$cc -O0 -Werror -c $file.c -o $file.o" || return
	done
	eval "$link -o pagestorm '$build'/harness/cli/main.o harness/cli/*.o harness/lab/*.o \
		harness/machine/setting.o harness/record/counters.o \
		harness/tables/row.o workloads/*.o '$build'/libpagestorm.a $libraries" || return
	eval "$link -o proof proof.o harness/lab/qemu.o harness/record/counters.o \
		harness/tables/row.o '$build'/libpagestorm.a $libraries" || return
	./proof > proved
}

setup()
{
	cd "$copy" || return
	machines=$source/tests/fixtures/machines
}

# What compile() could not build is missing in its test.
compiled()
{
	[ -f "$build/libpagestorm.a" ] || skip "no build beside the program"
	[ -s proved ] || { cat "$BATS_FILE_TMPDIR/compiled"; return 1; }
}

@test "each block of the cookbook applies to the tree" {
	[ "$(find "$BATS_FILE_TMPDIR/blocks" -type f | wc -l)" -ge 15 ]
	cat "$BATS_FILE_TMPDIR/lost"
	[ ! -s "$BATS_FILE_TMPDIR/lost" ]
}

@test "the new files are in their lists and keep the include direction" {
	rm -f workloads/table.c
	run -0 sh tests/unit/test_file_lists
	run -0 sh tests/unit/test_include_direction
}

@test "a workload: list, plan and --claims show it" {
	compiled
	./pagestorm list | grep '^first_touch  *one word written to each page'
	./pagestorm plan --host "$machines/v1" --claims first_touch pages=77 |
		grep -F 'process/stat/minflt (work) eq 77 count, exact'
	run -2 ./pagestorm plan --host "$machines/v1" first_touch pages=0
}

@test "a counter: its file is parsed with its kind and unit" {
	compiled
	grep -Fx 'counter pressure/irq 123' proved
}

@test "a setting: list and plan accept it, and refuse what the kernel would refuse" {
	compiled
	./pagestorm list settings | grep -A 1 '^vm.hugetlb_optimize_vmemmap: 0 to 1$'
	./pagestorm plan --host "$machines/v1" null vm.hugetlb_optimize_vmemmap=1
	run -2 ./pagestorm plan --host "$machines/v1" null vm.hugetlb_optimize_vmemmap=2
}

@test "a metric: the column is filled, described, expected, compared and reported" {
	compiled
	grep -Fx 'column 5' proved
	header=$(sed -n 's/^header //p' proved)
	[[ $header == *,thp_fault_alloc ]]
	grep -F "\`$header\`" results/SCHEMA.md
	printf '[workload a]\ntype = null\n[expect]\nthp_fault_alloc = 0..5\n' > mine.ini
	./pagestorm plan --host "$machines/v1" ./mine.ini
	cp -r "$source/results/reference/swappiness" swept
	chmod -R u+w swept
	awk -F, -v OFS=, 'NR == 1 { print $0, "thp_fault_alloc"; next }
		{ print $0, /vm.swappiness=150/ ? 10 : 20 }' \
		"$source/results/reference/swappiness/runs.csv" > swept/runs.csv
	./pagestorm compare swept:vm.swappiness=60 swept:vm.swappiness=150 -m thp_fault_alloc |
		grep -E '^ *thp_fault_alloc .* worse'
	./pagestorm report --all swept | grep 'huge pages by fault'
}

@test "a lab option: --help shows it and qemu receives it" {
	compiled
	./pagestorm lab --help | grep -F -- '--cpu=MODEL'
	[ "$(grep '^cpu ' proved | tail -n 1)" = 'cpu Nehalem' ]
	# A kernel image as far as the lab reads it before a boot.
	{ head -c 514; printf HdrS; head -c 8; printf '\0\4'; head -c 1008; printf '6.1.0-test (a@b)\0'; } \
		< /dev/zero > vmlinuz
	printf 'CONFIG_%s=y\n' X VIRTIO_PCI VIRTIO_CONSOLE VIRTIO_BLK > config-6.1.0-test
	run -0 ./pagestorm lab --kernel vmlinuz --dry-run --cpu Nehalem --exec true
}

@test "a tool: validate lists it and reads its number" {
	"$PAGESTORM" validate --list | grep '^statm  *resident pages of a process'
	mkdir -p kept/said kept/runs/anon-1
	printf 'repeat,worker,outcome,achieved_bytes\n1,w,ok,1048576\n' > kept/runs/anon-1/runs.csv
	printf 'pid=7\ngroup=/g\nstart=0\nfile=\nswap=\nrun=anon-1\n' > kept/said/statm.anon.1.names
	echo '900 100 50 1 0 60 0' > kept/said/statm.anon.1.ready
	echo '900 356 50 1 0 316 0' > kept/said/statm.anon.1.held
	"$PAGESTORM" validate --replay=kept -q -o again statm
	[ "$(cut -d, -f1,3,4,6,9 again/*-validate/scorecard.csv | tail -n 1)" = \
		statm,resident_pages,256,256,right ]
}
