// SPDX-License-Identifier: Apache-2.0
/*
 * column.h - a typed run of values in Arrow's layout, read-only.
 *
 * Pointers are borrowed from `owner`, which the column retains; `type` is borrowed from the schema
 * or plan that outlives the column. Row i of the column is element `offset + i` of the buffers.
 * Buffers are there even for no rows, and aligned to the width of a value (views: to 8). Nothing
 * may be read past them, for they can be foreign. Values of null rows may be anything: offsets
 * still ascend, but a view must not be followed. A zeroed column is empty and safe to deinit.
 *
 * Columns of nested types have children in one counted block, which slices and shares have in
 * common. As in Arrow, children are not sliced with their parent: row i of a struct is row
 * `offset + i` of each child, lists count their elements from the first row of the child, row i of
 * a fixed_size_list begins at element (offset + i) * size, a dictionary's indices are its values,
 * and run ends are compared with `offset + i`.
 *
 * `validity` is the truth for every type, also where Arrow keeps it elsewhere: columns of type null
 * have a bitmap of zeros, run-end encoded ones have one where runs are null, and an index to a null
 * of the dictionary is null itself.
 */
#ifndef SABOT_COLUMNAR_COLUMN_H
#define SABOT_COLUMNAR_COLUMN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/bitmap.h"
#include "columnar/buffer.h"
#include "columnar/type.h"

struct sb_children;

struct sb_column {
    const struct sb_type *type;
    int64_t length;
    int64_t offset;
    int64_t null_count;          // -1 = not counted yet
    const uint8_t *validity;     // bitmap; NULL = no nulls
    const void *values;          // values, bool bits, offsets, 16-byte views, indices, or NULL
    const uint8_t *bytes;        // what offsets of text point into; list views: sizes of the rows
    const uint8_t *const *heaps; // what views point into
    int64_t heap_count;
    const int64_t *heap_sizes; // bytes in each heap
    struct sb_buffer *owner;
    struct sb_children *children; // one reference; NULL for flat types
};

/*
 * The columns inside of a column. Their own `type` is not to be read: the one that counts is what
 * the parent's type says, which changes when the parent moves to another batch. sb_column_child()
 * fills it in.
 */
struct sb_children {
    _Atomic int32_t reference_count;
    int32_t count;
    struct sb_memory *memory;
    struct sb_column columns[];
};

/* `count` zeroed columns, one reference. */
SB_MUST_CHECK enum sb_status sb_children_create(struct sb_memory *memory, int32_t count,
                                                struct sb_children **out, struct sb_error *err);
struct sb_children *sb_children_retain(struct sb_children *children); // NULL in, NULL out
void sb_children_release(struct sb_children *children);               // NULL is fine

/*
 * Child `index` with its type, borrowed: valid as long as `column`, not to be deinited. All of its
 * rows, wherever the parent's slice begins.
 */
struct sb_column sb_column_child(const struct sb_column *column, int32_t index);

/* The rows of a struct's child that stand beside those of `column`, borrowed. */
struct sb_column sb_column_field(const struct sb_column *column, int32_t index);

/* The elements of one row of a list, in rows of the child. */
struct sb_range {
    int64_t first;
    int64_t count;
};

/* Of the five list layouts and map; undefined for null rows. */
struct sb_range sb_column_range(const struct sb_column *column, int64_t row);

/*
 * Which rows of child 1 (the dictionary, the values of runs) hold rows[0..count) of an encoded
 * column (NULL = from `first` on). Rows that are null get UINT32_MAX.
 */
void sb_column_decode_rows(const struct sb_column *column, const uint32_t *rows, int64_t first,
                           int64_t count, uint32_t *out);

/* A second column over the same memory. */
void sb_column_share(struct sb_column *to, const struct sb_column *from);
void sb_column_deinit(struct sb_column *column);

/* Narrows to [first, first + length) of its rows; nothing is copied. */
void sb_column_slice(struct sb_column *column, int64_t first, int64_t length);

static inline bool sb_column_is_null(const struct sb_column *column, int64_t row)
{
    return column->validity != NULL && !sb_bitmap_get(column->validity, column->offset + row);
}

/* Counts the nulls when nobody has yet. */
int64_t sb_column_null_count(const struct sb_column *column);

/* Bytes of the column's rows: exact but for views, whose heaps are guessed from a sample. */
int64_t sb_column_size_estimate(const struct sb_column *column);

/* First value of a fixed-width column, offset applied; row i is element i of the result. */
static inline const void *sb_column_fixed(const struct sb_column *column, int32_t width)
{
    return (const uint8_t *)column->values + column->offset * width;
}

/* A view of text or binary. */
struct sb_bytes {
    const uint8_t *data;
    int64_t size;
};

/* Row `row` of a column of any of the six variable-length types; undefined for null rows. */
static inline struct sb_bytes sb_column_bytes(const struct sb_column *column, int64_t row)
{
    struct sb_bytes out;
    int64_t i = column->offset + row;

    switch (column->type->id) {
    case SB_TYPE_LARGE_UTF8:
    case SB_TYPE_LARGE_BINARY: {
        const int64_t *offsets = column->values;
        out.data = column->bytes + offsets[i];
        out.size = offsets[i + 1] - offsets[i];
        break;
    }
    case SB_TYPE_UTF8_VIEW:
    case SB_TYPE_BINARY_VIEW: {
        const uint8_t *view = (const uint8_t *)column->values + i * 16;
        int32_t words[4];
        memcpy(words, view, sizeof words);
        out.size = words[0];
        out.data = words[0] <= 12 ? view + 4 : column->heaps[words[2]] + words[3];
        break;
    }
    default: {
        const int32_t *offsets = column->values;
        out.data = column->bytes + offsets[i];
        out.size = offsets[i + 1] - offsets[i];
        break;
    }
    }
    return out;
}

/*
 * A new column of rows[0..count) of `from`, dense, same type. Views become views into the same
 * heaps, list views views into the same child, dictionaries are shared. `rows` == NULL copies the
 * first `count` rows. A row of UINT32_MAX gives null.
 */
SB_MUST_CHECK enum sb_status sb_column_gather(const struct sb_column *from, const uint32_t *rows,
                                              int64_t count, struct sb_memory *memory,
                                              struct sb_column *out, struct sb_error *err);

/* One row of one of several columns. */
struct sb_row_place {
    uint32_t column;
    uint32_t row;
};

/*
 * A new column of rows out of several columns of one type, dense; of at least one column. Text of
 * view columns moves to a heap of the new column's own.
 */
SB_MUST_CHECK enum sb_status sb_column_interleave(const struct sb_column *const *from,
                                                  int64_t from_count,
                                                  const struct sb_row_place *rows, int64_t count,
                                                  struct sb_memory *memory, struct sb_column *out,
                                                  struct sb_error *err);

/* `count` nulls of `type`. */
SB_MUST_CHECK enum sb_status sb_column_nulls(const struct sb_type *type, int64_t count,
                                             struct sb_memory *memory, struct sb_column *out,
                                             struct sb_error *err);

/*
 * The stable hash (base/hash.h) of each row, folded into `hashes` unless `is_first`. `rows` selects
 * as in gather (NULL = rows 0..count; a row of UINT32_MAX hashes as null).
 */
void sb_column_hash(const struct sb_column *column, const uint32_t *rows, int64_t count,
                    bool is_first, uint64_t *hashes);

#endif
