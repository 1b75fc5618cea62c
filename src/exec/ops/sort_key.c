// SPDX-License-Identifier: Apache-2.0
/*
 * sort_key.c - which bits of the key columns make the key of an entry, and entries from rows.
 *
 * The rows are all there, so the key has no more bits than they need: numbers count from the least
 * one, text leaves out what all rows begin with, a null is one more number. Short keys leave room
 * for the place in the same word.
 */
#include <string.h>

#include "base/word.h"
#include "exec/ops/sort_internal.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

static int32_t bit_count(sb_uint128 value)
{
    uint64_t high = (uint64_t)(value >> 64);
    uint64_t low = (uint64_t)value;

    if (high != 0) {
        return 128 - __builtin_clzll(high);
    }
    return low == 0 ? 0 : 64 - __builtin_clzll(low);
}

// All ones in the lowest `bits`.
static sb_uint128 bits_mask(int32_t bits)
{
    return bits >= 128 ? ~(sb_uint128)0 : ((sb_uint128)1 << bits) - 1;
}

/* How text goes into `room` bits; returns the greatest code of a value. */
static sb_uint128 field_take_text(struct sb_sort_field *field, const struct sb_sort_range *range,
                                  int32_t room, bool *is_exact)
{
    int64_t size = range->size_max - range->common_size;
    // Texts of one size need not say it.
    int32_t size_bits = range->size_min == range->size_max ? 0 : bit_count((sb_uint128)size);

    field->common_size = range->common_size;
    *is_exact = size <= SB_SORT_KEY_BITS / 8 && size * 8 + size_bits <= room;
    if (*is_exact) {
        field->taken_size = (int32_t)size;
        field->size_bits = size_bits;
    } else {
        field->taken_size = room / 8;
    }
    field->base = field->is_descending ? bits_mask(field->taken_size * 8 + field->size_bits) : 0;
    return bits_mask(field->taken_size * 8 + field->size_bits);
}

/* False when nothing of the column finds room, or only a part of it. */
static bool field_init(struct sb_sort_field *field, const struct sb_order_key *key,
                       const struct sb_type *type, const struct sb_sort_range *range, int32_t room)
{
    bool is_exact = true;
    sb_uint128 value_max = 0;

    *field = (struct sb_sort_field){
        .is_descending = key->is_descending,
        .is_text = sb_sort_is_text(type),
    };
    if (range->has_value && field->is_text) {
        value_max =
            field_take_text(field, range, room > 0 && range->has_null ? room - 1 : room, &is_exact);
    } else if (range->has_value) {
        value_max = range->high - range->low;
        field->base = key->is_descending ? range->high : range->low;
    }
    if (range->has_null) {
        field->value_add = key->nulls_first ? 1 : 0;
        field->null_code = key->nulls_first || !range->has_value ? 0 : value_max + 1;
        value_max += range->has_value ? 1 : 0;
    }
    field->bits = bit_count(value_max);
    field->is_wide = sb_sort_is_wide(type) || field->bits > 64;
    if (field->bits > room) {
        field->cut_bits = field->bits - room;
        field->bits = room;
        is_exact = false;
    }
    return is_exact;
}

static void layout_place(struct sb_sort_layout *layout, const struct sb_sort_list *list)
{
    int64_t row_max = 0;

    for (int64_t i = 0; i < list->count; i++) {
        int64_t row = list->batches[i].batch.row_count - 1;
        row_max = row > row_max ? row : row_max;
    }
    layout->row_bits = bit_count((sb_uint128)row_max);
    layout->place_bits =
        layout->row_bits + bit_count(list->count > 0 ? (sb_uint128)(list->count - 1) : 0);
    sb_assert(layout->place_bits < 64);
}

void sb_sort_layout_init(struct sb_sort_layout *layout, struct sb_sort_field *fields,
                         const struct sb_order_spec *order, const struct sb_sort_list *list)
{
    bool is_exact = true;

    *layout = (struct sb_sort_layout){.fields = fields, .key_count = order->key_count};
    while (is_exact && layout->field_count < order->key_count) {
        int32_t k = layout->field_count;
        struct sb_sort_field *field = &fields[k];

        is_exact = field_init(field, &order->keys[k], list->batches[0].keys[k].type,
                              &list->ranges[k], SB_SORT_KEY_BITS - layout->key_bits);
        field->key = k;
        layout->key_bits += field->bits;
        layout->field_count++;
    }
    layout->first_inexact = is_exact ? layout->key_count : layout->field_count - 1;
    layout_place(layout, list);
    layout->key_words = layout->key_bits <= 64 ? 1 : 2;
    layout->words = layout->key_bits + layout->place_bits <= 64 ? 1 : layout->key_words + 1;
}

// --- the codes of a field ------------------------------------------------------------------------

// Bytes [0, 8) of a text of `size` bytes, the first one highest, zeros behind the last one.
static ALWAYS_INLINE uint64_t text_word(const uint8_t *data, int64_t size, int64_t readable_size)
{
    uint64_t word = 0;

    if (size <= 0) {
        return 0;
    }
    if (sb_likely(readable_size >= 8)) {
        word = __builtin_bswap64(sb_word_load64(data));
        return size >= 8 ? word : word & ~(UINT64_MAX >> (8 * size));
    }
    for (int64_t i = 0; i < size && i < 8; i++) {
        word |= (uint64_t)data[i] << (56 - 8 * i);
    }
    return word;
}

static ALWAYS_INLINE sb_uint128 text_code(const struct sb_sort_field *field, struct sb_bytes text,
                                          int64_t readable_size, bool is_wide)
{
    const uint8_t *data = text.data + field->common_size;
    int64_t size = text.size - field->common_size;
    int32_t taken_bits = field->taken_size * 8;
    uint64_t word = text_word(data, size, readable_size - field->common_size);
    sb_uint128 code;

    if (!is_wide) {
        word = taken_bits == 0 ? 0 : word >> (64 - taken_bits);
        word = field->size_bits == 0 ? word : word << field->size_bits | (uint64_t)size;
        return word;
    }
    code = (sb_uint128)word << 64 |
           text_word(data + 8, size - 8, readable_size - field->common_size - 8);
    code = taken_bits == 0 ? 0 : code >> (128 - taken_bits);
    return field->size_bits == 0 ? code : code << field->size_bits | (sb_uint128)size;
}

// What lies behind a text may be read up to the last one; NULL = it may not.
static const uint8_t *texts_end(const struct sb_column *column)
{
    int64_t last = column->offset + column->length;

    if (column->type->id == SB_TYPE_FIXED_SIZE_BINARY) {
        return (const uint8_t *)column->values + last * column->type->size;
    }
    if (sb_type_is_view(column->type->id)) {
        return NULL;
    }
    return column->bytes + (sb_type_is_large(column->type->id)
                                ? ((const int64_t *)column->values)[last]
                                : ((const int32_t *)column->values)[last]);
}

static ALWAYS_INLINE void text_codes(const struct sb_sort_field *field,
                                     const struct sb_column *column, int64_t first, int64_t count,
                                     uint64_t *narrow, sb_uint128 *wide)
{
    const uint8_t *end = texts_end(column);
    for (int64_t i = 0; i < count; i++) {
        struct sb_bytes text;
        sb_uint128 code;

        if (sb_column_is_null(column, first + i)) {
            continue;
        }
        text = sb_sort_bytes(column, first + i);
        code = text_code(field, text, end != NULL ? end - text.data : text.size, wide != NULL);
        if (wide != NULL) {
            wide[i] = code;
        } else {
            narrow[i] = (uint64_t)code;
        }
    }
}

// The codes of a field that needs at most 64 bits, nulls and order applied.
static void field_codes(const struct sb_sort_field *field, const struct sb_column *column,
                        int64_t first, int64_t count, uint64_t *codes)
{
    uint64_t base = (uint64_t)field->base;
    uint64_t add = (uint64_t)field->value_add;

    if (field->is_text) {
        text_codes(field, column, first, count, codes, NULL);
    } else {
        sb_sort_codes(column, first, count, codes);
    }
    if (field->is_descending) {
        for (int64_t i = 0; i < count; i++) {
            codes[i] = base - codes[i] + add;
        }
    } else {
        for (int64_t i = 0; i < count; i++) {
            codes[i] = codes[i] - base + add;
        }
    }
    if (column->validity != NULL) {
        for (int64_t i = 0; i < count; i++) {
            codes[i] = sb_column_is_null(column, first + i) ? (uint64_t)field->null_code : codes[i];
        }
    }
    if (field->cut_bits > 0) {
        for (int64_t i = 0; i < count; i++) {
            codes[i] = field->cut_bits >= 64 ? 0 : codes[i] >> field->cut_bits;
        }
    }
}

static void field_codes_wide(const struct sb_sort_field *field, const struct sb_column *column,
                             int64_t first, int64_t count, sb_uint128 *codes)
{
    if (field->is_text) {
        text_codes(field, column, first, count, NULL, codes);
    } else if (sb_sort_is_wide(column->type)) {
        sb_sort_codes_wide(column, first, count, codes);
    } else {
        uint64_t narrow[SB_EXPR_CHUNK];
        sb_sort_codes(column, first, count, narrow);
        for (int64_t i = 0; i < count; i++) {
            codes[i] = narrow[i];
        }
    }
    for (int64_t i = 0; i < count; i++) {
        sb_uint128 code = field->is_descending ? field->base - codes[i] : codes[i] - field->base;
        code += field->value_add;
        code = sb_column_is_null(column, first + i) ? field->null_code : code;
        codes[i] = field->cut_bits >= 128 ? 0 : code >> field->cut_bits;
    }
}

// --- entries -------------------------------------------------------------------------------------

static void keys_make_narrow(const struct sb_sort_layout *layout, const struct sb_sort_batch *batch,
                             int64_t first, int64_t count, uint64_t *keys)
{
    memset(keys, 0, (size_t)count * sizeof *keys);
    for (int32_t f = 0; f < layout->field_count; f++) {
        const struct sb_sort_field *field = &layout->fields[f];
        const struct sb_column *column = &batch->keys[field->key];

        if (field->is_wide) { // wide only while it is made
            sb_uint128 codes[SB_EXPR_CHUNK];
            field_codes_wide(field, column, first, count, codes);
            for (int64_t i = 0; i < count; i++) {
                keys[i] = (field->bits == 64 ? 0 : keys[i] << field->bits) | (uint64_t)codes[i];
            }
        } else {
            uint64_t codes[SB_EXPR_CHUNK];
            field_codes(field, column, first, count, codes);
            for (int64_t i = 0; i < count; i++) {
                keys[i] = (field->bits == 64 ? 0 : keys[i] << field->bits) | codes[i];
            }
        }
    }
}

static void keys_make_wide(const struct sb_sort_layout *layout, const struct sb_sort_batch *batch,
                           int64_t first, int64_t count, sb_uint128 *keys)
{
    memset(keys, 0, (size_t)count * sizeof *keys);
    for (int32_t f = 0; f < layout->field_count; f++) {
        const struct sb_sort_field *field = &layout->fields[f];
        const struct sb_column *column = &batch->keys[field->key];

        if (field->is_wide) {
            sb_uint128 codes[SB_EXPR_CHUNK];
            field_codes_wide(field, column, first, count, codes);
            for (int64_t i = 0; i < count; i++) {
                keys[i] = (field->bits == 128 ? 0 : keys[i] << field->bits) | codes[i];
            }
        } else {
            uint64_t codes[SB_EXPR_CHUNK];
            field_codes(field, column, first, count, codes);
            for (int64_t i = 0; i < count; i++) {
                keys[i] = keys[i] << field->bits | codes[i];
            }
        }
    }
    for (int64_t i = 0; i < count; i++) { // the key begins at the highest bit of the first word
        keys[i] <<= 128 - layout->key_bits;
    }
}

static void chunk_entries(const struct sb_sort_layout *layout, const struct sb_sort_batch *batch,
                          int64_t first, int64_t count, uint64_t place, uint64_t *entries)
{
    if (layout->key_words == 2) {
        sb_uint128 keys[SB_EXPR_CHUNK];
        keys_make_wide(layout, batch, first, count, keys);
        for (int64_t i = 0; i < count; i++) {
            entries[i * 3] = (uint64_t)(keys[i] >> 64);
            entries[i * 3 + 1] = (uint64_t)keys[i];
            entries[i * 3 + 2] = place + (uint64_t)i;
        }
        return;
    }
    uint64_t keys[SB_EXPR_CHUNK];
    keys_make_narrow(layout, batch, first, count, keys);
    if (layout->words == 2) {
        for (int64_t i = 0; i < count; i++) {
            entries[i * 2] = keys[i];
            entries[i * 2 + 1] = place + (uint64_t)i;
        }
    } else {
        for (int64_t i = 0; i < count; i++) {
            entries[i] = keys[i] << layout->place_bits | (place + (uint64_t)i);
        }
    }
}

void sb_sort_entries_make(const struct sb_sort_layout *layout, const struct sb_sort_list *list,
                          int64_t index, int64_t first, int64_t count, uint64_t *entries)
{
    for (int64_t done = 0; done < count; done += SB_EXPR_CHUNK) {
        int64_t rows = count - done < SB_EXPR_CHUNK ? count - done : SB_EXPR_CHUNK;
        uint64_t place = (uint64_t)index << layout->row_bits | (uint64_t)(first + done);

        chunk_entries(layout, &list->batches[index], first + done, rows, place,
                      entries + done * layout->words);
    }
}
