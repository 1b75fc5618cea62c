// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_group_internal.h - what the files of AGGREGATE's group half share.
 */
#ifndef SABOT_EXEC_OPS_AGGREGATE_GROUP_INTERNAL_H
#define SABOT_EXEC_OPS_AGGREGATE_GROUP_INTERNAL_H

#include "exec/ops/aggregate_internal.h"

/* aggregate_group_plain.c: a block of plain rows, raw or of states. */
SB_MUST_CHECK enum sb_status sb_aggregate_plain_block_apply(const struct sb_aggregate *aggregate,
                                                            struct sb_aggregate_group *group,
                                                            struct sb_block *block,
                                                            struct sb_op_ctx *ctx);

/* Folds plain rows, `stride` words apart, into `rows`, which sb_word_table_guess() has guessed. */
SB_MUST_CHECK enum sb_status sb_aggregate_plain_absorb(const struct sb_aggregate *aggregate,
                                                       struct sb_aggregate_group *group,
                                                       const uint64_t *words, int64_t stride,
                                                       bool is_raw, uint64_t **rows, int64_t count,
                                                       struct sb_error *err);

#endif
