// SPDX-License-Identifier: Apache-2.0
#include "columnar/selection.h"

static size_t selection_size(int64_t capacity)
{
    return sizeof(struct sb_selection) + (size_t)capacity * sizeof(uint32_t);
}

enum sb_status sb_selection_create(struct sb_memory *memory, int64_t capacity,
                                   struct sb_selection **out, struct sb_error *err)
{
    struct sb_selection *selection;

    sb_assert(capacity >= 0);
    *out = NULL;
    selection = sb_memory_alloc(memory, selection_size(capacity));
    if (selection == NULL) {
        return sb_error_no_memory(err, "selection", (int64_t)selection_size(capacity));
    }
    atomic_init(&selection->reference_count, 1);
    selection->memory = memory;
    selection->capacity = capacity;
    *out = selection;
    return SB_OK;
}

struct sb_selection *sb_selection_retain(struct sb_selection *selection)
{
    if (selection != NULL) {
        int32_t before =
            atomic_fetch_add_explicit(&selection->reference_count, 1, memory_order_relaxed);

        sb_assert(before > 0);
    }
    return selection;
}

void sb_selection_release(struct sb_selection *selection)
{
    int32_t before;

    if (selection == NULL) {
        return;
    }
    before = atomic_fetch_sub_explicit(&selection->reference_count, 1, memory_order_acq_rel);
    sb_assert(before > 0);
    if (before == 1) {
        sb_memory_free(selection->memory, selection, selection_size(selection->capacity));
    }
}
