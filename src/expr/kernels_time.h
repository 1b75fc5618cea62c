// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_time.h - kernels over dates and timestamps.
 *
 * `prepared` of a call is the zone (struct sb_zone) whose clock and calendar count, or NULL.
 */
#ifndef SABOT_EXPR_KERNELS_TIME_H
#define SABOT_EXPR_KERNELS_TIME_H

#include "expr/kernel.h"
#include "expr/time_unit.h"

/* (x); parameter: the part. int64, of the epoch float64. */
const struct sb_kernel_set *sb_kernels_time_part(enum sb_time_part part);

/* (x); parameter: the unit. The type of x. */
extern const struct sb_kernel_set sb_kernels_time_trunc;

/* (x); the last day of the month, date32. */
extern const struct sb_kernel_set sb_kernels_last_day;

/* (x, amount int64); parameter: the unit. The type of x. */
extern const struct sb_kernel_set sb_kernels_time_add;
extern const struct sb_kernel_set sb_kernels_time_subtract;

/* (a, b) of one type; parameter: the unit. How many of its boundaries lie between, int64. */
extern const struct sb_kernel_set sb_kernels_time_diff;

/* (year, month, day int64): date32. */
extern const struct sb_kernel_set sb_kernels_make_date;

/* (year, month, day, hour, minute int64, second float64): timestamp[us], by the clock of
 * `prepared`. */
extern const struct sb_kernel_set sb_kernels_make_timestamp;

/* (count int64 or float64); parameter: units per second. A timestamp with a zone. */
extern const struct sb_kernel_set sb_kernels_to_timestamp_integer;
extern const struct sb_kernel_set sb_kernels_to_timestamp_float;

/* (x); parameter: enum sb_local_rule. A timestamp without zone as one with, by the clock. */
extern const struct sb_kernel_set sb_kernels_local_to_instant;

/* What a clock that was shown twice or never becomes. */
enum sb_local_rule {
    SB_LOCAL_RULE_EARLIEST, // never: moved forward
    SB_LOCAL_RULE_LATEST,   // never: moved forward, too
    SB_LOCAL_RULE_RAISE,
    SB_LOCAL_RULE_NULL,
};

/* (x) with prepared struct sb_time_pattern: utf8; (text): timestamp[us or ns]. */
extern const struct sb_kernel_set sb_kernels_strftime;
extern const struct sb_kernel_set sb_kernels_strptime;

#endif
