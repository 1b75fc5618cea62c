// SPDX-License-Identifier: Apache-2.0
/*
 * overflow.h - the slow half of checked integer arithmetic: which row failed, and its sentence.
 */
#ifndef SABOT_EXPR_OVERFLOW_H
#define SABOT_EXPR_OVERFLOW_H

#include "expr/kernel_loops.h"
#include "expr/kernels.h"

/*
 * A loop saw an overflow among its rows. SB_OK when only rows that do not count overflowed. A
 * step is 1 for an argument with a value per row, 0 for a single value.
 */
enum sb_status sb_overflow_find(struct sb_kernel_call *call, enum sb_operation operation,
                                int32_t left_step, int32_t right_step);

#endif
