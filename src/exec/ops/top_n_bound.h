// SPDX-License-Identifier: Apache-2.0
/*
 * top_n_bound.h - the worst row that is among the best so far, and which rows may stand before it.
 *
 * Most rows end at a comparison of the first bytes of their first key with it.
 */
#ifndef SABOT_EXEC_OPS_TOP_N_BOUND_H
#define SABOT_EXEC_OPS_TOP_N_BOUND_H

#include "exec/ops/sort_internal.h"

enum { SB_TOP_BOUND_TEXT_MAX = 128 }; // bytes of a text that the bound keeps

/* No row above this one is among the best. */
struct sb_top_bound {
    bool is_set;
    bool is_null;
    uint64_t code;
    uint64_t next_code; // text: of the eight bytes behind
    sb_uint128 number;
    uint8_t text[SB_TOP_BOUND_TEXT_MAX]; // as much of it as fits
    int64_t text_size;
    bool is_text_whole;
};

/* The bound from a row of a list: the worst that is kept. The last key of `order` numbers rows. */
void sb_top_bound_set(struct sb_top_bound *bound, const struct sb_order_spec *order,
                      const struct sb_sort_batch *kept, int64_t row);

/*
 * Rows of the first key's column (sb_sort_column_make) that may stand before the bound, into
 * `rows`; how many. Their numbers begin with `first_number`.
 */
int64_t sb_top_bound_choose(const struct sb_top_bound *bound, const struct sb_order_spec *order,
                            const struct sb_column *column, sb_uint128 first_number,
                            uint32_t *rows);

#endif
