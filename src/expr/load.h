// SPDX-License-Identifier: Apache-2.0
/*
 * load.h - the rows of a window of one column, as a vector.
 */
#ifndef SABOT_EXPR_LOAD_H
#define SABOT_EXPR_LOAD_H

#include "expr/program.h"

/*
 * Values that lie next to each other are pointed at; others are gathered into `values_room` (16
 * bytes a row at most). Validity is unpacked into `valid_room` only if a row is null.
 */
struct sb_vector sb_column_load(const struct sb_column *column, const struct sb_window *window,
                                void *values_room, uint8_t *valid_room);

#endif
