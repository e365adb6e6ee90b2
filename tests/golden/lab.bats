#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab's command line before a boot: errors are reported at once, with exit status 2 and
# the option's name. Requires neither qemu nor a kernel.

bats_require_minimum_version 1.5.0

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	PAGESTORM=$(readlink -f "$PAGESTORM")
	cd "$BATS_TEST_TMPDIR" || return
	# A kernel as far as the lab reads it before a boot.
	mkdir -p boot lib/modules/6.1.0-test
	fake_image 6.1.0-test > boot/vmlinuz
}

# fake_image RELEASE
fake_image()
{
	{
		head -c 514 /dev/zero
		printf 'HdrS'
		head -c 8 /dev/zero
		printf '\000\004'
		head -c 1008 /dev/zero
		printf '%s (a@b) #1\000' "$1"
	}
}

refused()
{
	run "$PAGESTORM" lab --kernel boot/vmlinuz --dry-run "${@:2}" --exec true
	[ "$status" -eq 2 ]
	[[ "$output" == *"$1"* ]]
}

@test "lab --help fits a screen of 24 lines by 80 columns" {
	run "$PAGESTORM" lab --help
	[ "$status" -eq 0 ]
	[ "$(echo "$output" | wc -l)" -le 24 ]
	for line in "${lines[@]}"; do
		[ "${#line}" -le 80 ]
	done
}

@test "an impossible shape is refused with the option's name" {
	refused --nodes --nodes 0
	refused --nodes --nodes 99
	refused --memory --memory lots
	refused --memory --memory 64M
	refused --memory --memory 100T
	refused --memory --nodes 3 --memory 1G,1G
	refused --cpus --cpus 0
	refused --cpus --nodes 2 --cpus 1
	refused --distances --nodes 2 --distances 10,20
	refused --distances --nodes 2 --distances 5
}

@test "impossible values of swap, disk, cgroup and timeout are refused with the option's name" {
	refused --swap --swap 1
	refused --swap --swap floppy:1M
	refused --swap --swap ram:1G
	refused --disk --disk 1M
	refused --disk --disk big
	refused --cgroup --cgroup v3
	refused --timeout --timeout soon
	refused --timeout --timeout=-1
	refused --boot --boot 0
	refused --boot --boot later
	refused --file --file /no/such/file
	refused --file --file /etc/passwd:
}

@test "a file that is not a kernel is refused with the option's name" {
	echo text > notakernel
	run "$PAGESTORM" lab --kernel notakernel --dry-run --exec true
	[ "$status" -eq 2 ]
	[[ "$output" == *--kernel*notakernel* ]]
	run "$PAGESTORM" lab --kernel /no/such --dry-run --exec true
	[ "$status" -eq 2 ]
	PAGESTORM_CACHE=$BATS_TEST_TMPDIR/cache run "$PAGESTORM" lab --kernel 9.99 --dry-run --exec true
	[ "$status" -eq 2 ]
	[[ "$output" == *--kernel=9.99* ]]
}

tried()
{
	run "$PAGESTORM" lab --kernel "$1" --dry-run --exec true
	echo "$output"
}

@test "a kernel has its modules in lib, in usr/lib or around it, or is refused with the remedy" {
	mv lib/modules/6.1.0-test modules
	tried boot/vmlinuz
	[ "$status" -eq 2 ]
	[[ "$output" == *--kernel*boot/vmlinuz*../usr/lib/modules/6.1.0-test*config-6.1.0-test*unpack* ]]
	mkdir -p usr/lib/modules
	mv modules usr/lib/modules/6.1.0-test
	tried boot/vmlinuz
	[ "$status" -eq 0 ]
	mv boot/vmlinuz usr/lib/modules/6.1.0-test/
	tried usr/lib/modules/6.1.0-test/vmlinuz
	[ "$status" -eq 0 ]
}

@test "a kernel without modules is taken where its config has built in what a guest requires" {
	rmdir lib/modules/6.1.0-test
	printf 'CONFIG_X=y\nCONFIG_VIRTIO_PCI=y\nCONFIG_VIRTIO_CONSOLE=y\nCONFIG_VIRTIO_BLK=m\n' \
		> boot/config-6.1.0-test
	tried boot/vmlinuz
	[ "$status" -eq 2 ]
	run "$PAGESTORM" lab --kernel boot/vmlinuz --disk 0 --dry-run --exec true
	[ "$status" -eq 0 ]
	sed -i s/=m/=y/ boot/config-6.1.0-test
	tried boot/vmlinuz
	[ "$status" -eq 0 ]
}

# fake_apt PACKAGE…: a mirror of these packages; those of the kernel hold its image
fake_apt()
{
	[ -r /usr/share/keyrings/debian-archive-keyring.gpg ] ||
		[ -r /usr/share/keyrings/debian-archive-keyring.pgp ] ||
		skip "no debian-archive-keyring"
	command -v dpkg-deb > /dev/null || skip "no dpkg-deb"
	mkdir -p bin
	printf '%s\n' "$@" > bin/packages
	export PAGESTORM_CACHE=$PWD/cache
	export -f fake_image
	cat > bin/apt-get <<- SCRIPT
		#!/bin/bash
		echo "apt-get \$*" >> $PWD/asked
		[ "\$1" != indextargets ] || { echo 'http://m/x/ other'; echo 'http://m/debian/ bookworm'; exit; }
		[ "\$4" != update ] || { cp "\${3%/*}"/{sources.list,apt.conf} $PWD; exit; }
		[ "\$4" = download ] || exit 1
		for package in "\${@:5}"; do
			release=\${package#linux-*-}
			rm -rf $PWD/deb && mkdir -p $PWD/deb/DEBIAN
			printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: x\n' > $PWD/deb/DEBIAN/control
			case \$package in
			linux-image-7*) ;;
			linux-image-*) mkdir -p $PWD/deb/{boot,lib/modules/\$release}
				fake_image \$release > $PWD/deb/boot/vmlinuz-\$release ;;
			linux-binary-*) mkdir -p $PWD/deb/usr/lib/modules/\$release
				fake_image \$release > $PWD/deb/usr/lib/modules/\$release/vmlinuz ;;
			*) mkdir -p $PWD/deb/usr/lib/modules/\$release
				touch $PWD/deb/usr/lib/modules/\$release/\${package%%-[0-9]*} ;;
			esac
			dpkg-deb -b $PWD/deb \$package.deb > /dev/null
		done
	SCRIPT
	printf '#!/bin/sh\ncat %s\n' "$PWD/bin/packages" > bin/apt-cache
	chmod +x bin/apt-get bin/apt-cache
}

cached()
{
	find cache/kernels -mindepth 1 -maxdepth 1 -printf '%f\n' | LC_ALL=C sort | tr '\n' ' '
}

fetched()
{
	PATH=$PWD/bin:$PATH run "$PAGESTORM" lab --fetch "$1"
	echo "$output"
}

@test "--fetch takes the newest of a name from its suite of the machine's own mirror" {
	fake_apt linux-image-6.1.0-9-cloud-amd64 linux-image-6.1.0-10-cloud-amd64 \
		linux-image-6.1.0-11-amd64 linux-image-6.1.0-11-cloud-amd64-dbg linux-image-6.12.1-cloud-amd64
	fetched 6.1
	[ "$status" -eq 0 ]
	[ "$output" = "6.1.0-10-cloud-amd64 $PWD/cache/kernels/6.1.0-10-cloud-amd64/boot/vmlinuz-6.1.0-10-cloud-amd64" ]
	grep -Eq '^deb \[signed-by=/usr/share/keyrings/[^ ]* .*\] http://m/debian/ bookworm main$' sources.list
	# what was fetched is not fetched again, and its like is not taken for another
	: > asked
	fetched 6.1
	[ "$status" -eq 0 ]
	[ ! -s asked ]
	fetched 6.1-full
	[[ "$output" == "6.1.0-11-amd64 "* ]]
	fetched 6.12
	[ "$status" -eq 0 ]
	grep -q ' trixie main$' sources.list
	# nothing is left beside the kernels, and no state of the machine's apt is named
	[ "$(cached)" = ".lock 6.1.0-10-cloud-amd64 6.1.0-11-amd64 6.12.1-cloud-amd64 " ]
	run ! grep -E '^Dir.*"/(var|etc)' apt.conf
}

@test "--fetch newest puts the parts of a kernel together, and asks again each time" {
	fake_apt linux-{image,binary,modules,base}-7.2.9-cloud-amd64 linux-image-7.2.10-amd64
	fetched newest
	[ "$status" -eq 0 ]
	tree=$PWD/cache/kernels/7.2.9-cloud-amd64
	[ "$output" = "7.2.9-cloud-amd64 $tree/usr/lib/modules/7.2.9-cloud-amd64/vmlinuz" ]
	[ -e "$tree/usr/lib/modules/7.2.9-cloud-amd64/linux-modules" ]
	[ -e "$tree/usr/lib/modules/7.2.9-cloud-amd64/linux-base" ]
	fake_apt linux-{image,binary,modules,base}-7.2.{9,10}-cloud-amd64
	tried newest
	[[ "$output" == *kernel=7.2.9-cloud-amd64* ]]
	fetched newest
	[[ "$output" == "7.2.10-cloud-amd64 "* ]]
	tried newest
	[[ "$output" == *kernel=7.2.10-cloud-amd64* ]]
}

@test "--fetch refuses what Debian does not have, and reports a failing mirror" {
	fake_apt linux-image-6.1.0-9-amd64
	fetched 6.5
	[ "$status" -eq 2 ]
	[[ "$output" == *--fetch=6.5*6.12-full* ]]
	fetched 6.1
	[ "$status" -eq 3 ]
	[[ "$output" == *--kernel=6.1*bookworm* ]]
	printf '#!/bin/sh\necho no network >&2\nexit 100\n' > bin/apt-get
	fetched 6.1
	[ "$status" -eq 3 ]
	[[ "$output" == *"no network"* ]]
	[ "$(cached)" = ".lock " ]
}

@test "--fetch takes nothing from a mirror that is not signed" {
	command -v apt-get > /dev/null || skip "no apt-get"
	fake_apt
	mkdir -p mirror/dists/bookworm/main/binary-amd64 none
	touch mirror/dists/bookworm/main/binary-amd64/Packages
	(cd mirror/dists/bookworm && {
		printf 'Origin: Debian\nCodename: bookworm\nDate: %s\nSHA256:\n' "$(LC_ALL=C date -u -R)"
		sha256sum main/binary-amd64/Packages | awk '{ print " " $1, 0, $2 }'
	} > Release)
	echo "deb file:$PWD/mirror bookworm main" > list
	printf 'Dir::Etc::SourceList "%s";\nDir::Etc::SourceParts "%s";\n' "$PWD/list" "$PWD/none" > conf
	APT_CONFIG=$PWD/conf run "$PAGESTORM" lab --fetch 6.1
	echo "$output"
	[ "$status" -eq 3 ]
	[[ "$output" == *"not signed"* ]]
	[ "$(cached)" = ".lock " ]
}

@test "a lab with no command, or with two, is refused" {
	run "$PAGESTORM" lab --kernel boot/vmlinuz --dry-run
	[ "$status" -eq 2 ]
	[[ "$output" == *SUBCOMMAND* ]]
	run "$PAGESTORM" lab --kernel boot/vmlinuz --dry-run --exec true -- list
	[ "$status" -eq 2 ]
	[[ "$output" == *--exec* ]]
	run "$PAGESTORM" lab --no-such-option
	[ "$status" -eq 2 ]
}

@test "--dry-run prints the shape and where the results will be written" {
	run "$PAGESTORM" lab --kernel boot/vmlinuz --dry-run --nodes 2 --memory 512M --swap 64M \
		-- run x.ini -o sub/../out
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "nodes=2 memory=536870912 node_memory=256M,256M node_cpus=1,1 \
swap=file:67108864 kernel=6.1.0-test cgroup=v2 accel=tcg" ]
	[ "${lines[1]}" = "results: $PWD/out" ]
}

@test "--arch: a kernel of another, none built and one that is not known are refused" {
	command -v busybox > /dev/null || skip "busybox-static is not installed"
	# As far as the lab reads it: magic, page size, release.
	{
		head -c 24 /dev/zero
		printf '\014'
		head -c 31 /dev/zero
		printf 'ARM\x64'
		printf 'Linux version 6.12.0-16k (a@b) #1\000'
	} > boot/Image
	mkdir -p lib/modules/6.12.0-16k
	export PAGESTORM_CACHE=$PWD/cache HOME=$PWD
	tried boot/Image
	[ "$status" -eq 2 ]
	[[ "$output" == *"add --arch arm64"* ]]
	refused "add --arch x86_64" --arch arm64
	refused --arch=vax --arch vax
	run "$PAGESTORM" lab --arch arm64 --kernel 6.12-16k --dry-run --exec true
	[[ "$output" == *"lab --arch arm64 --fetch 6.12-16k"* ]]
	arm=(lab --arch arm64 --kernel boot/Image --dry-run --exec true)
	run "$PAGESTORM" "${arm[@]}"
	[ "$status" -eq 2 ]
	[[ "$output" == *"lab --arch arm64 --fetch sysroot"* ]]
	mkdir -p cache/sysroots/arm64/bin
	touch cache/sysroots/arm64/bin/busybox
	run "$PAGESTORM" "${arm[@]}" --program /bin/true
	[ "$status" -eq 2 ]
	[[ "$output" == *"/bin/true is not a pagestorm"*"contrib/cross arm64"* ]]
	# The header of an ELF file of the architecture, as far as that is looked at.
	{
		printf '\177ELF\2\1'
		head -c 12 /dev/zero
		printf '\267'
		head -c 45 /dev/zero
	} > program
	run "$PAGESTORM" "${arm[@]}" --program program
	[ "$status" -eq 0 ]
	[[ "$output" == *kernel=6.12.0-16k* ]]
	run "$PAGESTORM" "${arm[@]}" --program program --swap $((4 << 20))
	[ "$status" -eq 0 ]
	run "$PAGESTORM" "${arm[@]}" --program program --swap $(((4 << 20) + 4096))
	[ "$status" -eq 2 ]
	[[ "$output" == *--swap*16K* ]]
}

@test "--cgroup takes v2 with huge pages charged as memory" {
	run "$PAGESTORM" lab --kernel boot/vmlinuz --dry-run --cgroup v2-hugetlb --exec true
	[ "$status" -eq 0 ]
	[[ "$output" == *" cgroup=v2-hugetlb "* ]]
}

@test "the files that the subcommand names and the profiles have the same paths in the guest" {
	mkdir profiles
	echo > x.ini
	echo > profiles/y.ini
	run "$PAGESTORM" lab --kernel boot/vmlinuz --dry-run --file x.ini:/etc/z -- run x.ini no.ini
	[ "$status" -eq 0 ]
	[[ "$output" == *"file: $PWD/profiles"* ]]
	[[ "$output" == *"file: $PWD/x.ini"* ]]
	[[ "$output" == *"file: /etc/z"* ]]
	[[ "$output" != *no.ini* ]]
}

@test "options after the subcommand belong to the subcommand" {
	run "$PAGESTORM" lab --kernel boot/vmlinuz --dry-run run x.ini --nodes 99
	[ "$status" -eq 0 ]
	[[ "${lines[0]}" == nodes=1* ]]
}

@test "--guest is refused unless the process is process 1" {
	run "$PAGESTORM" lab --guest
	[ "$status" -eq 2 ]
}
