// SPDX-License-Identifier: Apache-2.0
/*
 * sort_internal.h - what SORT and TOP_N are made of. docs/design/0006-sort.md says why.
 *
 * Rows are ordered by *entries*: a few words that hold the key of a row and, below it, where the
 * row is. Entries compare as unsigned numbers, word by word; that order is total, and equal keys
 * stand in the order the rows came in. Payload is not moved until the order is known.
 */
#ifndef SABOT_EXEC_OPS_SORT_INTERNAL_H
#define SABOT_EXEC_OPS_SORT_INTERNAL_H

#include "base/hash.h"
#include "exec/op.h"

enum {
    SB_SORT_KEY_BITS = 128, // of the key in an entry; what does not fit is compared on ties
    SB_SORT_WORDS_MAX = 3,
    SB_SORT_PIECE_ROWS = 65536, // the most rows of a batch that is emitted
};

// --- sort_column.c: key columns as they are read -------------------------------------------------

/*
 * The values of a key column that a sort reads: numbers of at most 128 bits, text, binary or
 * fixed_size_binary, or null. Shared where it is one already, else a column of its own, which may
 * point into `column` and must not outlive it.
 */
SB_MUST_CHECK enum sb_status sb_sort_column_make(const struct sb_column *column,
                                                 struct sb_memory *memory, struct sb_column *out,
                                                 struct sb_error *err);

/* Whether values of such a column are bytes, not numbers. */
static inline bool sb_sort_is_text(const struct sb_type *type)
{
    return sb_type_is_variable(type->id) || type->id == SB_TYPE_FIXED_SIZE_BINARY;
}

/* Those bytes; undefined for null rows. */
static inline struct sb_bytes sb_sort_bytes(const struct sb_column *column, int64_t row)
{
    if (column->type->id == SB_TYPE_FIXED_SIZE_BINARY) {
        int64_t size = column->type->size;
        return (struct sb_bytes){
            .data = (const uint8_t *)column->values + (column->offset + row) * size,
            .size = size,
        };
    }
    return sb_column_bytes(column, row);
}

// --- sort_value.c: values as bytes in their order ------------------------------------------------

/*
 * Bytes of row `row`, which is not null, of any sortable type: memcmp orders those of different
 * rows as the values are. Within lists and structs, nulls come last. `out` == NULL only counts.
 */
int64_t sb_sort_value_write(const struct sb_column *column, int64_t row, uint8_t *out);

// --- sort_range.c: one key column ---------------------------------------------------------------

/* What all rows of one key column have in common, as far as they have come. */
struct sb_sort_range {
    bool has_null;
    bool has_value;
    // Fixed width: the least and the greatest code.
    sb_uint128 low;
    sb_uint128 high;
    // Text: one of them (borrowed), how many bytes of it all begin with, the least and most bytes.
    struct sb_bytes first;
    int64_t common_size;
    int64_t size_min;
    int64_t size_max;
};

/*
 * Adds all rows of a column of sb_sort_column_make, whose memory must stay until the range is not
 * used any more.
 */
void sb_sort_range_add(struct sb_sort_range *range, const struct sb_column *column);
void sb_sort_range_merge(struct sb_sort_range *range, const struct sb_sort_range *other);

/*
 * Codes of rows [first, first + count): numbers in the order of the values, ascending. Those of
 * null rows may be any. NaN is one value above all, both zeros are one. 64 bits are enough for all
 * fixed-width types but decimals.
 */
void sb_sort_codes(const struct sb_column *column, int64_t first, int64_t count, uint64_t *codes);
void sb_sort_codes_wide(const struct sb_column *column, int64_t first, int64_t count,
                        sb_uint128 *codes);
bool sb_sort_is_wide(const struct sb_type *type);

/* -1, 0 or 1 for two rows that are not null. */
int sb_sort_value_compare(const struct sb_column *a, int64_t row_a, const struct sb_column *b,
                          int64_t row_b);

// --- sort_store.c: the rows ---------------------------------------------------------------------

/* A dense batch and where it stands among all. */
struct sb_sort_batch {
    struct sb_batch batch;
    struct sb_column *keys; // [key_count], as they are read; they point into the batch
    sb_uint128 first;       // the number of its first row, see sb_op_order; others follow
};

struct sb_sort_list {
    int64_t count;
    int64_t capacity;
    int64_t row_count;
    struct sb_sort_batch *batches;
    struct sb_sort_range *ranges; // [key_count]; NULL until the first batch
};

void sb_sort_list_deinit(struct sb_sort_list *list, const struct sb_op *op,
                         const struct sb_order_spec *order);

/*
 * Adds a batch, flattened, with its keys and what they have in common. Takes `batch->batch`;
 * `batch->keys` is not set yet.
 */
SB_MUST_CHECK enum sb_status sb_sort_list_add(struct sb_sort_list *list, const struct sb_op *op,
                                              const struct sb_order_spec *order,
                                              struct sb_sort_batch *batch, struct sb_error *err);

/* Moves what `from` holds to `to`; on failure both own what they own. */
SB_MUST_CHECK enum sb_status sb_sort_list_append(struct sb_sort_list *to, struct sb_sort_list *from,
                                                 const struct sb_op *op,
                                                 const struct sb_order_spec *order,
                                                 struct sb_error *err);

/* Brings the batches into the order their rows came in. */
void sb_sort_list_arrange(struct sb_sort_list *list);

/* Snapshots: the input's columns, then the number of each row. */
SB_MUST_CHECK enum sb_status sb_sort_list_schema(const struct sb_op *op, struct sb_memory *memory,
                                                 struct sb_schema **out, struct sb_error *err);
SB_MUST_CHECK enum sb_status sb_sort_list_save(const struct sb_sort_list *list,
                                               const struct sb_op *op, struct sb_op_ctx *ctx);
/* Takes `batch`. */
SB_MUST_CHECK enum sb_status sb_sort_list_restore(struct sb_sort_list *list, const struct sb_op *op,
                                                  const struct sb_order_spec *order,
                                                  struct sb_batch *batch, struct sb_op_ctx *ctx);

// --- sort_key.c: from rows to entries -----------------------------------------------------------

/* The bits of one key column in the key. */
struct sb_sort_field {
    int32_t key; // of the order
    bool is_descending;
    bool is_text;
    bool is_wide;         // its code needs more than 64 bits while it is made
    int32_t bits;         // in the key
    int32_t cut_bits;     // low bits of the code that found no room
    sb_uint128 base;      // subtracted from codes (ascending), or codes from it (descending)
    sb_uint128 value_add; // 1 when null is 0
    sb_uint128 null_code;
    // text: bytes [common_size, common_size + taken_size), then the size when it fits
    int64_t common_size;
    int32_t taken_size;
    int32_t size_bits;
};

struct sb_sort_layout {
    int32_t field_count; // those that found room
    struct sb_sort_field *fields;
    int32_t key_bits;
    int32_t key_words; // words that begin with key bits: 1 or 2
    int32_t words;     // of an entry
    int32_t row_bits;  // a place is batch << row_bits | row
    int32_t place_bits;
    int32_t first_inexact; // the first key column that is not in the key as a whole; or key_count
    int32_t key_count;
};

/* `layout->fields` has room for every key. */
void sb_sort_layout_init(struct sb_sort_layout *layout, struct sb_sort_field *fields,
                         const struct sb_order_spec *order, const struct sb_sort_list *list);

/* The entries of rows [first, first + count) of batch `index`. */
void sb_sort_entries_make(const struct sb_sort_layout *layout, const struct sb_sort_list *list,
                          int64_t index, int64_t first, int64_t count, uint64_t *entries);

static inline uint64_t sb_sort_entry_place(const struct sb_sort_layout *layout,
                                           const uint64_t *entry)
{
    uint64_t word = entry[layout->words - 1];

    return layout->words == 1 ? word & ((UINT64_C(1) << layout->place_bits) - 1) : word;
}

// --- sort_entries.c: bringing entries into order -------------------------------------------------

/* Entries come in the order of their places, and leave by key. `spare` has room for all. */
void sb_sort_entries(const struct sb_sort_layout *layout, uint64_t *entries, uint64_t *spare,
                     int64_t count);

/* Among entries with equal keys: by what did not fit into the key. */
void sb_sort_ties(const struct sb_sort_layout *layout, const struct sb_order_spec *order,
                  const struct sb_sort_list *list, uint64_t *entries, uint64_t *spare,
                  int64_t count);

/* Whether `a` is not above `b`. */
static inline __attribute__((always_inline)) bool sb_sort_entry_is_up_to(const uint64_t *a,
                                                                         const uint64_t *b,
                                                                         int32_t words)
{
    sb_uint128 left = (sb_uint128)a[0] << 64;
    sb_uint128 right = (sb_uint128)b[0] << 64;

    if (words == 1) {
        return a[0] <= b[0];
    }
    left |= a[1];
    right |= b[1];
    if (words == 2) {
        return left <= right;
    }
    return left < right || (left == right && a[2] <= b[2]);
}

// --- sort_gather.c: rows in their new order ------------------------------------------------------

/* The rows of `count` entries as one batch: the columns of `schema`, the first of the list's. */
SB_MUST_CHECK enum sb_status sb_sort_gather(const struct sb_sort_layout *layout,
                                            const struct sb_sort_list *list,
                                            struct sb_schema *schema, const uint64_t *entries,
                                            int64_t count, struct sb_memory *memory,
                                            struct sb_batch *out, struct sb_error *err);

#endif
