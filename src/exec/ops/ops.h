// SPDX-License-Identifier: Apache-2.0
/*
 * ops.h - the constructors of the operators, one file each.
 */
#ifndef SABOT_EXEC_OPS_OPS_H
#define SABOT_EXEC_OPS_OPS_H

#include "exec/op.h"

typedef enum sb_status (*sb_op_constructor)(const struct sb_op_options *options, struct sb_op **out,
                                            struct sb_error *err);

enum sb_status sb_filter_create(const struct sb_op_options *options, struct sb_op **out,
                                struct sb_error *err);
enum sb_status sb_scan_create(const struct sb_op_options *options, struct sb_op **out,
                              struct sb_error *err);
enum sb_status sb_map_create(const struct sb_op_options *options, struct sb_op **out,
                             struct sb_error *err);
enum sb_status sb_fused_create(const struct sb_op_options *options, struct sb_op **out,
                               struct sb_error *err);
enum sb_status sb_unnest_create(const struct sb_op_options *options, struct sb_op **out,
                                struct sb_error *err);
enum sb_status sb_select_create(const struct sb_op_options *options, struct sb_op **out,
                                struct sb_error *err);
enum sb_status sb_union_create(const struct sb_op_options *options, struct sb_op **out,
                               struct sb_error *err);
enum sb_status sb_hash_join_create(const struct sb_op_options *options, struct sb_op **out,
                                   struct sb_error *err);
enum sb_status sb_stream_join_create(const struct sb_op_options *options, struct sb_op **out,
                                     struct sb_error *err);
enum sb_status sb_aggregate_create(const struct sb_op_options *options, struct sb_op **out,
                                   struct sb_error *err);
enum sb_status sb_distinct_create(const struct sb_op_options *options, struct sb_op **out,
                                  struct sb_error *err);
enum sb_status sb_first_rows_create(const struct sb_op_options *options, struct sb_op **out,
                                    struct sb_error *err);
enum sb_status sb_limit_create(const struct sb_op_options *options, struct sb_op **out,
                               struct sb_error *err);
enum sb_status sb_top_n_create(const struct sb_op_options *options, struct sb_op **out,
                               struct sb_error *err);
enum sb_status sb_sort_create(const struct sb_op_options *options, struct sb_op **out,
                              struct sb_error *err);
enum sb_status sb_function_create(const struct sb_op_options *options, struct sb_op **out,
                                  struct sb_error *err);
enum sb_status sb_collect_create(const struct sb_op_options *options, struct sb_op **out,
                                 struct sb_error *err);
enum sb_status sb_count_create(const struct sb_op_options *options, struct sb_op **out,
                               struct sb_error *err);
enum sb_status sb_stream_sink_create(const struct sb_op_options *options, struct sb_op **out,
                                     struct sb_error *err);

/* Picks the constructor for the node: the job's sb_op_factory. */
enum sb_status sb_op_create(const struct sb_op_options *options, struct sb_op **out,
                            struct sb_error *err);

#endif
