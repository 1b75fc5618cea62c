// SPDX-License-Identifier: Apache-2.0
/*
 * memory_cache.h - the process-wide cache of blocks behind every sb_memory.
 *
 * Blocks come in the sizes of size_class.h. Those below 2 MiB are carved from aligned superblocks
 * of 2 to 8 MiB, larger ones are mapped alone; both ask for huge pages. Below SB_MEMORY_LARGE each
 * thread keeps a few free blocks of each class, so that most calls take no lock. Freed blocks stay
 * for the next job, up to a quarter of the machine's memory; sb_memory_trim() gives back every
 * superblock and block that is free as a whole.
 */
#ifndef SABOT_BASE_MEMORY_CACHE_H
#define SABOT_BASE_MEMORY_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a request of `size` really takes. 0 when no class is that large. */
size_t sb_memory_cache_capacity(size_t size);

/* A block of sb_memory_cache_capacity(size) bytes; `*is_zeroed` when it is new from the system. */
void *sb_memory_cache_alloc(size_t size, bool *is_zeroed);
void sb_memory_cache_free(void *block, size_t size);

#endif
