// SPDX-License-Identifier: Apache-2.0
/*
 * load.h - from a column to the vector of one chunk.
 */
#ifndef SABOT_EXPR_LOAD_H
#define SABOT_EXPR_LOAD_H

#include "expr/program.h"

/*
 * The rows of `window` of a column, as the type that expressions see it as (sb_type_computed).
 * Points into the column where its layout allows, else into the rooms, which have space for
 * SB_EXPR_CHUNK values and bytes. Columns inside of encoded ones are copied to `arena`.
 */
SB_MUST_CHECK enum sb_status sb_column_load(const struct sb_column *column,
                                            const struct sb_window *window, void *values_room,
                                            uint8_t *valid_room, struct sb_arena *arena,
                                            struct sb_vector *out, struct sb_error *err);

/*
 * The rows `rows[0..count)` of a column, in any order, all of them copied to the room. The column
 * lives as long as the chunk.
 */
SB_MUST_CHECK enum sb_status sb_column_load_rows(const struct sb_column *column,
                                                 const uint32_t *rows, int32_t count,
                                                 void *values_room, uint8_t *valid_room,
                                                 struct sb_arena *arena, struct sb_vector *out,
                                                 struct sb_error *err);

#endif
