#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a kernel does is tried (harness/machine/capability.h) and never concluded from its
# version, which says neither what was backported nor what was left out.

bats_require_minimum_version 1.5.0

setup()
{
	: "${PAGESTORM_SRCDIR:=$BATS_TEST_DIRNAME/../..}"
	cd "$PAGESTORM_SRCDIR" || return
}

# versions DIRECTORY…: lines of C that compare with a kernel's version or take one apart
versions()
{
	grep -rnE --include='*.[ch]' \
		-e '\b(ENV_KERNEL|KERNEL_VERSION|LINUX_VERSION_CODE|kernel_code)\b' \
		-e '\benv(->|\.)kernel\b' -e '\buname\(' \
		-e '(strverscmp|strtou?l+|atoi)\([^;]*(->|\.)kernel\b' \
		-e 'sscanf\([^;]*(->|\.)kernel\b' "$@"
}

@test "no source compares with a kernel's version" {
	run -1 versions harness workloads
	[ -z "$output" ]
}

@test "a comparison with a kernel's version would be found" {
	mkdir "$BATS_TEST_TMPDIR/planted"
	cat > "$BATS_TEST_TMPDIR/planted/a.c" <<-'EOF'
		if (env->kernel >= ENV_KERNEL(6, 5))
		#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 14, 0)
		if (sscanf(host->kernel, "%u.%u", &major, &minor) == 2)
		if (host.kernel_code < 0x060500)
		if (uname(&names))
		if (strverscmp(host->kernel, "6.5") >= 0)
		const unsigned long major = strtoul(host->kernel, NULL, 10);
		printf("%s", host->kernel);
	EOF
	run -0 versions "$BATS_TEST_TMPDIR/planted"
	[ "${#lines[@]}" -eq 7 ]
}

@test "each capability is in the table of capabilities, and described where its probe is" {
	mapfile -t names < <(sed -n 's/^\tCAPABILITY_\([A-Z0-9_]*\),.*/\1/p' \
		workloads/api/workload.h | grep -vxE 'UNKNOWN|NO|YES')
	echo "${#names[@]} capabilities"
	[ "${#names[@]}" -gt 30 ]
	for name in "${names[@]}"; do
		grep -q "\[CAPABILITY_$name\] = {" harness/machine/capability.c ||
			{ echo "$name has no row"; return 1; }
		grep -qw "${name,,}" harness/machine/capability.h ||
			{ echo "$name is not described"; return 1; }
	done
}
