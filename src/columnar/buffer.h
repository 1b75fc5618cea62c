// SPDX-License-Identifier: Apache-2.0
/*
 * buffer.h - counted memory behind columns.
 *
 * A buffer either owns bytes drawn from a budget, or keeps something foreign alive (an imported
 * Arrow array) and calls its release exactly once, holding no lock. A buffer may hold on to others:
 * one reference in a column keeps all of the column's memory.
 */
#ifndef SABOT_COLUMNAR_BUFFER_H
#define SABOT_COLUMNAR_BUFFER_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

struct sb_buffer {
    _Atomic int32_t reference_count;
    uint8_t *data;
    int64_t size;
    struct sb_memory *memory;
    struct sb_buffer *next;                  // also kept alive; one reference is owned
    void (*release)(struct sb_buffer *self); // foreign: called at zero, before self is freed
    void *foreign;
};

/* `size` bytes, uninitialised, aligned to 64, with at least 64 readable bytes past the end. */
SB_MUST_CHECK enum sb_status sb_buffer_create(struct sb_memory *memory, int64_t size,
                                              struct sb_buffer **out, struct sb_error *err);
SB_MUST_CHECK enum sb_status sb_buffer_create_foreign(struct sb_memory *memory, void *foreign,
                                                      void (*release)(struct sb_buffer *self),
                                                      struct sb_buffer **out, struct sb_error *err);
struct sb_buffer *sb_buffer_retain(struct sb_buffer *buffer); // NULL in, NULL out
void sb_buffer_release(struct sb_buffer *buffer);             // NULL is fine

/*
 * `buffer` keeps `other` (NULL is fine) alive from now on; takes the reference to `other`. Only
 * before `buffer` is shared, and for one shared `other` per buffer: a chain ends where it meets
 * what others hold, too. To keep two shared ones, put an empty buffer of your own before the
 * second.
 */
void sb_buffer_keep(struct sb_buffer *buffer, struct sb_buffer *other);

#endif
