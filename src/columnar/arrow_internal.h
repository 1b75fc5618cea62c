// SPDX-License-Identifier: Apache-2.0
/*
 * arrow_internal.h - what the files behind arrow.h share.
 */
#ifndef SABOT_COLUMNAR_ARROW_INTERNAL_H
#define SABOT_COLUMNAR_ARROW_INTERNAL_H

#include <sabot/arrow_abi.h>

#include "columnar/column.h"
#include "columnar/schema.h"

/* Where in a batch something is: "a.b[]" is the elements of the list b in the struct a. */
struct sb_arrow_path {
    const struct sb_arrow_path *parent; // NULL = a column of the batch
    const char *name;
    bool is_element; // of a list: no name
};
enum { SB_ARROW_PATH_SIZE = 160 };

/* Cut where it is too long. Returns `buffer`. */
const char *sb_arrow_path_text(const struct sb_arrow_path *path, char *buffer, size_t size);

/*
 * Checks a struct array against its schema, apart from its children's own contents: afterwards
 * rows [offset, offset + length) of every child are there as far as the child says.
 */
SB_MUST_CHECK enum sb_status sb_arrow_check_struct(const struct ArrowArray *array,
                                                   const struct sb_schema *schema,
                                                   struct sb_error *err);

/* An array of a type, found at a path. */
struct sb_arrow_array {
    const struct ArrowArray *array;
    const struct sb_type *type;
    const struct sb_arrow_path *path;
};

/*
 * Checks an array before any of its buffers is read: counts, lengths, children, and which buffers
 * must be there for the rows from `first` on, `count` of them.
 */
SB_MUST_CHECK enum sb_status sb_arrow_check_layout(const struct sb_arrow_array *of, int64_t first,
                                                   int64_t count, struct sb_error *err);

/*
 * Checks what an imported column's offsets, views, indices, run ends and nulls say; its children
 * have been. `array_null_count` -1 = unknown.
 */
SB_MUST_CHECK enum sb_status sb_arrow_check_values(const struct sb_column *column,
                                                   const struct sb_arrow_path *path,
                                                   int64_t array_null_count, struct sb_error *err);

/* Checks what no kernel depends on: that text is UTF-8, and children keep to their nullability. */
SB_MUST_CHECK enum sb_status sb_arrow_check_contents(const struct sb_column *column,
                                                     const struct sb_arrow_path *path,
                                                     struct sb_error *err);

#endif
