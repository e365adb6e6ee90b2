// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the few parts of an ELF file that the lab needs, each bounded by the image. */
#include "harness/lab/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

/* NULL unless [offset, offset + length) lies in the image. */
static const void *inside(const void *image, size_t size, uint64_t offset, uint64_t length)
{
	if (offset > size || length > size - offset)
		return NULL;
	return (const char *)image + offset;
}

static const char *string_inside(const void *image, size_t size, uint64_t offset)
{
	const char *text = inside(image, size, offset, 1);

	if (!text || !memchr(text, '\0', size - offset))
		return NULL;
	return text;
}

bool elf_is(const void *image, size_t size)
{
	const unsigned char *ident = image;

	return size >= sizeof(Elf64_Ehdr) && !memcmp(ident, ELFMAG, SELFMAG) &&
	       ident[EI_CLASS] == ELFCLASS64 && ident[EI_DATA] == ELFDATA2LSB;
}

/* Headers are copied out: nothing says that they are aligned in the image. */
static bool elf_header(const void *image, size_t size, Elf64_Ehdr *header)
{
	if (!elf_is(image, size))
		return false;
	memcpy(header, image, sizeof(*header));
	return true;
}

uint16_t elf_machine(const void *image, size_t size)
{
	Elf64_Ehdr header;

	return elf_header(image, size, &header) ? header.e_machine : EM_NONE;
}

const char *elf_interpreter(const void *image, size_t size)
{
	Elf64_Ehdr header;

	if (!elf_header(image, size, &header))
		return NULL;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;
		const void *at =
			inside(image, size, header.e_phoff + (uint64_t)i * sizeof(segment),
			       sizeof(segment));

		if (!at)
			return NULL;
		memcpy(&segment, at, sizeof(segment));
		if (segment.p_type == PT_INTERP)
			return string_inside(image, size, segment.p_offset);
	}
	return NULL;
}

static bool elf_section_header(const void *image, size_t size, const Elf64_Ehdr *header,
			       unsigned index, Elf64_Shdr *section)
{
	const void *at =
		inside(image, size, header->e_shoff + (uint64_t)index * sizeof(*section),
		       sizeof(*section));

	if (!at)
		return false;
	memcpy(section, at, sizeof(*section));
	return true;
}

static const char *elf_section(const void *image, size_t size, const char *section_name,
			       size_t *section_size)
{
	Elf64_Ehdr header;
	Elf64_Shdr names, section;

	if (!elf_header(image, size, &header) ||
	    !elf_section_header(image, size, &header, header.e_shstrndx, &names))
		return NULL;
	for (unsigned i = 0; i < header.e_shnum; i++) {
		const char *name;

		if (!elf_section_header(image, size, &header, i, &section))
			return NULL;
		name = string_inside(image, size, names.sh_offset + section.sh_name);
		if (!name || strcmp(name, section_name))
			continue;
		*section_size = section.sh_size;
		return inside(image, size, section.sh_offset, section.sh_size);
	}
	return NULL;
}

void elf_needed(const void *image, size_t size, struct words *names)
{
	size_t left = 0, names_size = 0;
	const char *at = elf_section(image, size, ".dynamic", &left);
	const char *strings = elf_section(image, size, ".dynstr", &names_size);
	Elf64_Dyn entry;

	for (; at && strings && left >= sizeof(entry);
	     at += sizeof(entry), left -= sizeof(entry)) {
		const char *name;

		memcpy(&entry, at, sizeof(entry));
		name = entry.d_tag == DT_NEEDED
			       ? string_inside(strings, names_size, entry.d_un.d_val)
			       : NULL;
		if (name)
			words_add(names, name);
	}
}

int elf_module_depends(const void *image, size_t size, struct words *depends)
{
	static const char key[] = "depends=";
	size_t left = 0;
	const char *at = elf_section(image, size, ".modinfo", &left);

	if (!at || !left || at[left - 1])
		return -ENOEXEC;
	while (left) {
		size_t length = strlen(at) + 1;

		if (!strncmp(at, key, sizeof(key) - 1))
			words_fields(depends, at + sizeof(key) - 1, ",");
		at += length;
		left -= length;
	}
	return words_error(depends);
}
