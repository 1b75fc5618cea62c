// SPDX-License-Identifier: Apache-2.0
/*
 * builder_internal.h - what builder.c and builder_nested.c share.
 */
#ifndef SABOT_COLUMNAR_BUILDER_INTERNAL_H
#define SABOT_COLUMNAR_BUILDER_INTERNAL_H

#include "columnar/builder.h"
#include "columnar/column_internal.h"

/* Replaces `*buffer` (NULL is fine) by one of `size` bytes that starts with the same `used_size`.
 */
SB_MUST_CHECK enum sb_status sb_builder_buffer_grow(struct sb_memory *memory,
                                                    struct sb_buffer **buffer, int64_t used_size,
                                                    int64_t size, struct sb_error *err);

/* Counts a row whose value is written. */
void sb_builder_row_end(struct sb_builder *builder, bool is_valid);

/* What a null row needs of the children, before it is counted. */
SB_MUST_CHECK enum sb_status sb_builder_children_null(struct sb_builder *builder,
                                                      struct sb_error *err);

/* A row that is not null. */
SB_MUST_CHECK enum sb_status sb_builder_append_nested_row(struct sb_builder *builder,
                                                          const struct sb_column *from, int64_t row,
                                                          struct sb_error *err);

/* What sb_builder_truncate needs of runs. */
void sb_builder_runs_truncate(struct sb_builder *builder, int64_t length);

/* The children's columns; NULL for flat types. */
SB_MUST_CHECK enum sb_status sb_builder_children_finish(struct sb_builder *builder,
                                                        struct sb_children **out,
                                                        struct sb_error *err);
void sb_builder_children_deinit(struct sb_builder *builder);

#endif
