// SPDX-License-Identifier: Apache-2.0
/*
 * arrow_internal.h - what the files behind arrow.h share.
 */
#ifndef SABOT_COLUMNAR_ARROW_INTERNAL_H
#define SABOT_COLUMNAR_ARROW_INTERNAL_H

#include <sabot/arrow_abi.h>

#include "columnar/column.h"
#include "columnar/schema.h"

/*
 * Checks a struct array against its schema, apart from its children's own contents: afterwards
 * rows [offset, offset + length) of every child are there as far as the child says.
 */
SB_MUST_CHECK enum sb_status sb_arrow_check_struct(const struct ArrowArray *array,
                                                   const struct sb_schema *schema,
                                                   struct sb_error *err);

/*
 * Checks one child before any of its buffers is read: counts, lengths, and which buffers must be
 * there for the rows from `first` on, `count` of them.
 */
SB_MUST_CHECK enum sb_status sb_arrow_check_layout(const struct ArrowArray *array,
                                                   const struct sb_field *field, int64_t first,
                                                   int64_t count, struct sb_error *err);

/* Checks what an imported column's offsets, views and nulls say. `array_null_count` -1 = unknown.
 */
SB_MUST_CHECK enum sb_status sb_arrow_check_values(const struct sb_column *column,
                                                   const struct sb_field *field,
                                                   int64_t array_null_count, struct sb_error *err);

#endif
