// SPDX-License-Identifier: Apache-2.0
#include "exec/ops/top_n_bound.h"

#include <string.h>

/* Whether equal codes mean equal values. */
static bool codes_are_exact(const struct sb_type *type)
{
    return !sb_sort_is_text(type) && !sb_sort_is_wide(type);
}

/* Eight bytes from `first` on as a number that ascends with them; what is not there is 0. */
static inline uint64_t text_code(struct sb_bytes text, int64_t first)
{
    uint64_t code = 0;

    if (sb_likely(text.size >= first + 8)) {
        memcpy(&code, text.data + first, sizeof code);
        return __builtin_bswap64(code);
    }
    for (int64_t i = first; i < first + 8; i++) {
        code = code << 8 | (i < text.size ? text.data[i] : 0);
    }
    return code;
}

/* Below 0, 0 or above 0 as the text is below, about equal to, or above the bound. */
static inline int text_compare(const struct sb_top_bound *bound, struct sb_bytes text)
{
    uint64_t code = text_code(text, 0);
    int64_t size;
    int order;

    if (code == bound->code) {
        code = text_code(text, 8);
        if (code == bound->next_code) {
            size = text.size < bound->text_size ? text.size : bound->text_size;
            order = memcmp(text.data, bound->text, (size_t)size);
            return order != 0 || !bound->is_text_whole
                       ? order
                       : (text.size > bound->text_size) - (text.size < bound->text_size);
        }
        return code < bound->next_code ? -1 : 1;
    }
    return code < bound->code ? -1 : 1;
}

/* Codes of at most 64 bits, not descending where values ascend; ascending in the wanted order. */
static void bound_codes(const struct sb_column *column, bool is_descending, int64_t first,
                        int64_t count, uint64_t *codes)
{
    if (codes_are_exact(column->type)) {
        sb_sort_codes(column, first, count, codes);
    } else {
        for (int64_t i = 0; i < count; i++) {
            sb_uint128 wide;

            if (sb_column_is_null(column, first + i)) {
                codes[i] = 0;
            } else if (sb_sort_is_wide(column->type)) {
                const sb_uint128 middle = (sb_uint128)1 << 127;
                const sb_uint128 half = (sb_uint128)1 << 63;
                sb_sort_codes_wide(column, first + i, 1, &wide);
                codes[i] = wide < middle - half    ? 0
                           : wide >= middle + half ? UINT64_MAX
                                                   : (uint64_t)(wide - (middle - half));
            } else {
                codes[i] = text_code(sb_sort_bytes(column, first + i), 0);
            }
        }
    }
    for (int64_t i = 0; is_descending && i < count; i++) {
        codes[i] = ~codes[i];
    }
}

void sb_top_bound_set(struct sb_top_bound *bound, const struct sb_order_spec *order,
                      const struct sb_sort_batch *kept, int64_t row)
{
    const struct sb_order_key *key = &order->keys[0];
    const struct sb_column *column = &kept->keys[0];
    const struct sb_column *numbers = &kept->keys[order->key_count - 1];

    bound->is_set = true;
    bound->is_null = sb_column_is_null(column, row);
    if (sb_sort_is_text(column->type)) {
        struct sb_bytes text = {0};
        if (!bound->is_null) {
            text = sb_sort_bytes(column, row);
        }
        bound->code = text_code(text, 0);
        bound->next_code = text_code(text, 8);
        bound->is_text_whole = text.size <= SB_TOP_BOUND_TEXT_MAX;
        bound->text_size = bound->is_text_whole ? text.size : SB_TOP_BOUND_TEXT_MAX;
        if (bound->text_size > 0) {
            memcpy(bound->text, text.data, (size_t)bound->text_size);
        }
    } else {
        bound_codes(column, key->is_descending, row, 1, &bound->code);
    }
    memcpy(&bound->number, (const uint8_t *)sb_column_fixed(numbers, 16) + row * 16,
           sizeof bound->number);
}

/* Whether there is a code that the limit lets pass: hardly ever, after a while. */
static bool codes_reach(const uint64_t *codes, int64_t count, uint64_t limit)
{
    uint64_t is_reached = 0;

    for (int64_t i = 0; i < count; i++) {
        is_reached |= codes[i] <= limit;
    }
    return is_reached != 0;
}

/* Rows that sb_top_bound_choose() gives when the first key is text. */
static int64_t texts_choose(const struct sb_top_bound *bound, const struct sb_order_spec *order,
                            const struct sb_column *column, uint32_t *rows)
{
    const struct sb_order_key *key = &order->keys[0];
    bool takes_nulls = key->nulls_first || bound->is_null;
    bool takes_values = !bound->is_null || !key->nulls_first;
    int64_t count = 0;

    for (int64_t i = 0; i < column->length; i++) {
        int side;

        if (sb_column_is_null(column, i)) {
            rows[count] = (uint32_t)i;
            count += takes_nulls;
            continue;
        }
        side = bound->is_null ? 0 : text_compare(bound, sb_sort_bytes(column, i));
        rows[count] = (uint32_t)i;
        count += takes_values && (key->is_descending ? side >= 0 : side <= 0);
    }
    return count;
}

int64_t sb_top_bound_choose(const struct sb_top_bound *bound, const struct sb_order_spec *order,
                            const struct sb_column *column, sb_uint128 first_number, uint32_t *rows)
{
    const struct sb_order_key *key = &order->keys[0];
    // With one exact key, a row that ties with the bound and comes later is behind it.
    bool is_tie_lost =
        order->key_count == 2 && codes_are_exact(column->type) && first_number > bound->number;
    uint64_t limit = bound->code - (is_tie_lost && bound->code > 0 ? 1 : 0);
    bool no_value = bound->is_null ? key->nulls_first : is_tie_lost && bound->code == 0;
    bool has_nulls = sb_column_null_count(column) > 0;
    bool takes_nulls = key->nulls_first || bound->is_null;
    uint64_t codes[SB_EXPR_CHUNK];
    int64_t count = 0;

    if (sb_sort_is_text(column->type)) {
        return texts_choose(bound, order, column, rows);
    }
    limit = bound->is_null ? UINT64_MAX : limit;
    for (int64_t done = 0; done < column->length; done += SB_EXPR_CHUNK) {
        int64_t left = column->length - done;
        int64_t size = left < SB_EXPR_CHUNK ? left : SB_EXPR_CHUNK;

        bound_codes(column, key->is_descending, done, size, codes);
        if (has_nulls) {
            for (int64_t i = 0; i < size; i++) {
                bool is_null = sb_column_is_null(column, done + i);
                rows[count] = (uint32_t)(done + i);
                count += is_null ? takes_nulls : !no_value && codes[i] <= limit;
            }
        } else if (!no_value && codes_reach(codes, size, limit)) {
            for (int64_t i = 0; i < size; i++) {
                rows[count] = (uint32_t)(done + i);
                count += codes[i] <= limit;
            }
        }
    }
    return count;
}
