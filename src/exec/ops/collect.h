// SPDX-License-Identifier: Apache-2.0
/*
 * collect.h - reading what a collecting sink kept, after the job has ended.
 */
#ifndef SABOT_EXEC_OPS_COLLECT_H
#define SABOT_EXEC_OPS_COLLECT_H

#include "exec/op.h"

bool sb_collect_is(const struct sb_op *op);
int64_t sb_collect_batch_count(const struct sb_op *op);

/* Borrowed; dense. */
const struct sb_batch *sb_collect_batch(const struct sb_op *op, int64_t index);

#endif
