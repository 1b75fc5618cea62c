// SPDX-License-Identifier: Apache-2.0
/*
 * row_layout.h - how the fields of one row lie in its words.
 *
 * A row is a run of 64-bit words: the hash of its key (if kept), a link to another row (if kept),
 * the keys, null bits (if fields may be null), then the other fields. One layout serves tables, the
 * blocks that local halves send and the rows a join gathers from.
 */
#ifndef SABOT_STATE_ROW_LAYOUT_H
#define SABOT_STATE_ROW_LAYOUT_H

#include "state/row_heap.h"
#include "state/row_vector.h"

struct sb_row_field {
    enum sb_row_kind kind;
    int32_t word;      // of the first, within the row
    int32_t null_word; // where its null bit is; -1 = never null
    uint64_t null_bit;
};

struct sb_row_layout {
    struct sb_memory *memory;
    int32_t field_count;
    int32_t key_count; // the first so many fields
    int32_t row_words;
    int32_t hash_word;       // -1 = not kept
    int32_t link_word;       // -1 = none
    int32_t null_word;       // the first
    int32_t null_word_count; // 0 = no field is ever null
    bool has_text;
    struct sb_row_field *fields;
};

struct sb_row_layout_options {
    const enum sb_row_kind *kinds; // [field_count]
    int32_t field_count;
    int32_t key_count;
    bool has_hash;
    bool has_link;
    bool has_nulls; // fields may be null
};

SB_MUST_CHECK enum sb_status sb_row_layout_init(struct sb_row_layout *layout,
                                                struct sb_memory *memory,
                                                const struct sb_row_layout_options *options,
                                                struct sb_error *err);
void sb_row_layout_deinit(struct sb_row_layout *layout);

/* The values of `field` in `count` rows. Offsets of long texts count from `base` (NULL: addresses).
 */
void sb_row_field_load(const struct sb_row_field *field, uint64_t *const *rows, int64_t count,
                       const uint8_t *base, struct sb_row_scratch *scratch,
                       struct sb_row_vector *out);

/*
 * Writes `field` of `count` rows; long texts still point to where `vector` has them. Null bits are
 * set, never cleared: rows begin with null words of 0.
 */
void sb_row_field_store(const struct sb_row_field *field, uint64_t *const *rows, int64_t count,
                        const struct sb_row_vector *vector);

/* Moves a long text of one row into `heap`. */
SB_MUST_CHECK enum sb_status sb_row_text_keep(uint64_t *text, struct sb_row_heap *heap,
                                              struct sb_error *err);

static inline bool sb_row_is_null(const struct sb_row_field *field, const uint64_t *row)
{
    return field->null_word >= 0 && (row[field->null_word] & field->null_bit) != 0;
}

#endif
