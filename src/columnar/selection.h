// SPDX-License-Identifier: Apache-2.0
/*
 * selection.h - which rows of a batch are still there, in ascending order. Counted.
 */
#ifndef SABOT_COLUMNAR_SELECTION_H
#define SABOT_COLUMNAR_SELECTION_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

struct sb_selection {
    _Atomic int32_t reference_count;
    struct sb_memory *memory;
    int64_t capacity;
    uint32_t rows[]; // positions in the columns
};

/* Room for `capacity` rows, uninitialised. */
SB_MUST_CHECK enum sb_status sb_selection_create(struct sb_memory *memory, int64_t capacity,
                                                 struct sb_selection **out, struct sb_error *err);
struct sb_selection *sb_selection_retain(struct sb_selection *selection); // NULL in, NULL out
void sb_selection_release(struct sb_selection *selection);                // NULL is fine

#endif
