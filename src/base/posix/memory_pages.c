// SPDX-License-Identifier: Apache-2.0
/*
 * posix/memory_pages.c - pages where there is no way to ask for huge ones.
 */
#include "base/memory_pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"

void *sb_pages_map(size_t size, size_t alignment, bool is_huge)
{
    uint8_t *start;
    uint8_t *pages;

    if (size > SIZE_MAX - alignment) {
        return NULL;
    }
    start = mmap(NULL, size + alignment, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (start == MAP_FAILED) {
        return NULL;
    }
    pages = start + (-(uintptr_t)start & (alignment - 1));
    if (pages > start) {
        sb_pages_unmap(start, (size_t)(pages - start));
    }
    sb_pages_unmap(pages + size, (size_t)(start + alignment - pages));
    return pages;
}

void sb_pages_unmap(void *pages, size_t size)
{
    int failed = munmap(pages, size);
    sb_assert(!failed);
}

int64_t sb_pages_machine_bytes(void)
{
    return (int64_t)sysconf(_SC_PHYS_PAGES) * (int64_t)sysconf(_SC_PAGESIZE);
}
