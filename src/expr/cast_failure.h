// SPDX-License-Identifier: Apache-2.0
/*
 * cast_failure.h - a row whose value has no counterpart in the type it is cast to.
 */
#ifndef SABOT_EXPR_CAST_FAILURE_H
#define SABOT_EXPR_CAST_FAILURE_H

#include "expr/kernel.h"

/*
 * Makes row `row` of the result null (`on_error`: null), or raises the error that names the value
 * of the first argument, unless the row does not count. `why` completes "cast: 300 ".
 */
enum sb_status sb_cast_row_failed(struct sb_kernel_call *call, int32_t row, const char *why);

/* The same for every row for which `fits` is false of the argument's value. */
enum sb_status sb_cast_rows_failed(struct sb_kernel_call *call,
                                   bool (*fits)(const struct sb_kernel_call *call,
                                                const void *value),
                                   const char *why);

#endif
