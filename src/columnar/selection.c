// SPDX-License-Identifier: Apache-2.0
#include "columnar/selection.h"

enum sb_status sb_selection_create(struct sb_memory *memory, int64_t capacity,
                                   struct sb_selection **out, struct sb_error *err)
{
    struct sb_selection *selection;
    size_t size = sizeof *selection + (size_t)capacity * sizeof(uint32_t);

    sb_assert(capacity >= 0);
    *out = NULL;
    selection = sb_memory_alloc(memory, size);
    if (selection == NULL) {
        return sb_error_no_memory(err, "selection", (int64_t)size);
    }
    *selection = (struct sb_selection){.memory = memory, .capacity = capacity};
    atomic_init(&selection->reference_count, 1);
    *out = selection;
    return SB_OK;
}

enum sb_status sb_selection_create_with_bits(struct sb_memory *memory, int64_t capacity,
                                             struct sb_selection **out, struct sb_error *err)
{
    // one block: the bits stand behind the rows
    int64_t bit_words = (capacity + 31) / 32;

    SB_TRY_RETURN(sb_selection_create(memory, capacity + bit_words, out, err));
    (*out)->bits = (uint8_t *)((*out)->rows + capacity);
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
        sb_memory_free(selection->memory, selection,
                       sizeof *selection + (size_t)selection->capacity * sizeof(uint32_t));
    }
}
