// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_list.c - the values of a group in row order.
 *
 * A value travels, is kept and is saved as one binary: its order, 16 bytes that memcmp orders, a
 * byte that says whether it is null, and its bytes (value_bytes.h). Lists are put in order when
 * they are emitted.
 */
#include <stdlib.h>

#include "columnar/value_bytes.h"
#include "exec/ops/aggregate_internal.h"

enum { ORDER_SIZE = 16, HEADER_SIZE = ORDER_SIZE + 1 };

/* A value in the group's heap. */
struct list_value {
    int64_t size;
    uint8_t bytes[];
};

static void order_write(sb_aggregate_int128 order, uint8_t *bytes)
{
    uint64_t words[2];

    sb_wide_store(words, order);
    for (int i = 0; i < 8; i++) { // the greatest byte first
        bytes[i] = (uint8_t)(words[1] >> (56 - 8 * i));
        bytes[8 + i] = (uint8_t)(words[0] >> (56 - 8 * i));
    }
}

enum sb_status sb_aggregate_list_load(const struct sb_column *column, const uint32_t *rows,
                                      const uint64_t order[2], int64_t first, int64_t count,
                                      struct sb_row_heap *heap, struct sb_row_scratch *scratch,
                                      struct sb_row_vector *out, struct sb_error *err)
{
    sb_aggregate_int128 number = sb_wide_load(order) + first;

    *out = (struct sb_row_vector){SB_ROW_TEXT, scratch->words, NULL};
    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows == NULL ? first + i : rows[first + i];
        bool is_null = sb_column_is_null(column, row);
        int64_t size = HEADER_SIZE + (is_null ? 0 : sb_value_size(column, row));
        struct sb_text text;
        uint8_t *bytes;

        if (sb_unlikely(size > UINT32_MAX)) {
            return sb_error_set(err, SB_UNSUPPORTED, "a value of 4 GiB or more in a list");
        }
        SB_TRY_RETURN(sb_row_heap_alloc(heap, size, &bytes, err));
        order_write(number + i, bytes);
        bytes[ORDER_SIZE] = is_null;
        if (!is_null) {
            sb_value_write(column, row, false, bytes + HEADER_SIZE);
        }
        text = sb_text_make(bytes, size);
        scratch->words[2 * i] = text.head;
        scratch->words[2 * i + 1] = text.tail;
    }
    return SB_OK;
}

enum sb_status sb_aggregate_list_keep(const uint64_t *text, struct sb_row_heap *heap, int64_t *word,
                                      struct sb_error *err)
{
    int64_t size = sb_text_size(text[0]);
    struct list_value *value;
    uint8_t *bytes;

    if (size < HEADER_SIZE) { // it may come from a snapshot
        return sb_error_set(err, SB_CORRUPT, "a value of a list in the state cannot be read");
    }
    // Multiples of 8, so that chunks and values are aligned.
    SB_TRY_RETURN(
        sb_row_heap_alloc(heap, (int64_t)sizeof *value + ((size + 7) & ~INT64_C(7)), &bytes, err));
    value = (struct list_value *)(void *)bytes;
    value->size = size;
    memcpy(value->bytes, sb_text_bytes(text), (size_t)size);
    *word = (int64_t)(uintptr_t)value;
    return SB_OK;
}

static const struct list_value *value_of(int64_t word)
{
    return (const struct list_value *)(uintptr_t)word;
}

struct sb_text sb_aggregate_list_text(int64_t word)
{
    return sb_text_make(value_of(word)->bytes, value_of(word)->size);
}

static int compare_orders(const void *a, const void *b)
{
    return memcmp(value_of(*(const int64_t *)a)->bytes, value_of(*(const int64_t *)b)->bytes,
                  ORDER_SIZE);
}

/* One list; of no values it is null. */
static enum sb_status list_append(int64_t *words, int64_t count, struct sb_builder *builder,
                                  struct sb_error *err)
{
    struct sb_builder *items;

    if (count == 0) {
        return sb_builder_append_null(builder, err);
    }
    SB_TRY_RETURN(sb_builder_child(builder, 0, &items, err));
    qsort(words, (size_t)count, sizeof *words, compare_orders);
    for (int64_t i = 0; i < count; i++) {
        const struct list_value *value = value_of(words[i]);
        if (value->bytes[ORDER_SIZE]) {
            SB_TRY_RETURN(sb_builder_append_null(items, err));
        } else {
            SB_TRY_RETURN(sb_builder_append_value(items, value->bytes + HEADER_SIZE,
                                                  value->size - HEADER_SIZE, err));
        }
    }
    return sb_builder_append_nested(builder, err);
}

enum sb_status sb_aggregate_list_append(const struct sb_aggregate *aggregate,
                                        const struct sb_aggregate_call_plan *call,
                                        uint64_t *const *rows, int64_t count,
                                        struct sb_builder *builder, struct sb_error *err)
{
    int32_t count_word = sb_aggregate_field(aggregate, call->step)->word;
    enum sb_status status = SB_OK;

    for (int64_t i = 0; i < count && status == SB_OK; i++) {
        int64_t value_count = (int64_t)rows[i][count_word];
        size_t size = sizeof(int64_t) * (size_t)(value_count + 1);
        int64_t *words = sb_memory_alloc(aggregate->op.memory, size);

        if (words == NULL) {
            return sb_error_no_memory(err, "the values of a list", (int64_t)size);
        }
        sb_aggregate_values_gather(aggregate, call->step, rows[i], words);
        status = list_append(words, value_count, builder, err);
        sb_memory_free(aggregate->op.memory, words, size);
    }
    return status;
}
