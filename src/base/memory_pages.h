// SPDX-License-Identifier: Apache-2.0
/*
 * memory_pages.h - pages from the operating system; one file per platform implements it.
 */
#ifndef SABOT_BASE_MEMORY_PAGES_H
#define SABOT_BASE_MEMORY_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `size` zeroed bytes at a multiple of `alignment` (a power of two); NULL when there are none. */
void *sb_pages_map(size_t size, size_t alignment, bool is_huge);
void sb_pages_unmap(void *pages, size_t size);

/* Bytes of memory this process may use. */
int64_t sb_pages_machine_bytes(void);

#endif
