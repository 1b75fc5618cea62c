// SPDX-License-Identifier: Apache-2.0
/*
 * op_harness.h - one keyed operator without a job around it.
 *
 * The harness stands in for the stage: it defines sb_op_emit, sb_op_send, sb_op_save, sb_op_count,
 * sb_op_alloc and sb_op_free itself, keeps blocks until they are applied, and collects what comes
 * out. A test says which worker gets which batch and when there is a fence. Workers may be threads:
 * hooks of one worker run on one thread, a group is locked while a block is applied.
 */
#ifndef SABOT_SUPPORT_OP_HARNESS_H
#define SABOT_SUPPORT_OP_HARNESS_H

#include <pthread.h>

#include "exec/ops/ops.h"

enum {
    TEST_PORTS_MAX = 2,
    TEST_WORKERS_MAX = 8,
};

/* What came out, or a snapshot: batches with the group they are of. */
struct test_batches {
    struct sb_batch *batches;
    int32_t *groups;
    int64_t count;
    int64_t capacity;
};

struct test_harness_group {
    pthread_mutex_t lock;
    struct sb_block *first; // sent, not yet applied, in order
    struct sb_block **last;
    pthread_mutex_t queue_lock;
    bool is_ended;
};

struct op_harness {
    struct sb_memory *memory;
    struct sb_op *op;
    struct sb_error error; // of the first hook that failed
    int32_t worker_count;
    void *locals[TEST_WORKERS_MAX][TEST_PORTS_MAX];
    bool has_local[TEST_WORKERS_MAX][TEST_PORTS_MAX];
    struct test_harness_group *groups;
    pthread_mutex_t lock; // of what follows
    struct test_batches emitted;
    int64_t watermark_us; // that every group has passed
    bool drops_output;    // benchmarks: count rows, keep nothing
    int64_t rows_in;
    int64_t rows_out;
    int64_t ordered_count; // rows are numbered as they are pushed
    int64_t ledger[SB_LEDGER_COUNT];
};

/* Makes the operator of `node`. The harness must be deinited also on failure. */
SB_MUST_CHECK enum sb_status op_harness_init(struct op_harness *harness,
                                             sb_op_constructor constructor,
                                             const struct sb_node *node, struct sb_memory *memory,
                                             int32_t worker_count);
void op_harness_deinit(struct op_harness *harness);

/* Takes `batch`. */
SB_MUST_CHECK enum sb_status op_harness_push(struct op_harness *harness, int32_t worker,
                                             int32_t port, struct sb_batch *batch);

/* Applies the blocks that are waiting; with several threads, those of groups nobody is at. */
SB_MUST_CHECK enum sb_status op_harness_apply(struct op_harness *harness, int32_t worker);

/* A fence: every worker's local state is flushed and applied. */
SB_MUST_CHECK enum sb_status op_harness_flush(struct op_harness *harness);

/* A fence, then every group passes a watermark. */
SB_MUST_CHECK enum sb_status op_harness_watermark(struct op_harness *harness, int64_t watermark_us);

/* The end of the input (of a join: of the build side): a fence, then every group ends. */
SB_MUST_CHECK enum sb_status op_harness_end(struct op_harness *harness);

/*
 * The second half alone, without passes; several workers may share it, each group ends once. Groups
 * of an operator that ends in order end from the first to the last, so with one worker what is
 * emitted is in order.
 */
SB_MUST_CHECK enum sb_status op_harness_end_groups(struct op_harness *harness, int32_t worker);

/* After the end: no batch of the probe side comes any more, and every group emits what it owes. */
SB_MUST_CHECK enum sb_status op_harness_end_probe(struct op_harness *harness);

/* A fence and a snapshot of every group. */
SB_MUST_CHECK enum sb_status op_harness_snapshot(struct op_harness *harness,
                                                 struct test_batches *out);

/* Restores into an operator that has seen nothing, in chunks of `chunk_rows`. Borrows. */
SB_MUST_CHECK enum sb_status op_harness_restore(struct op_harness *harness,
                                                const struct test_batches *snapshot,
                                                int64_t chunk_rows);

void test_batches_deinit(struct test_batches *batches, struct sb_memory *memory);

/* rows_in + added = rows_out + held + merged + filtered + late + failed. */
bool op_harness_is_balanced(const struct op_harness *harness);

#endif
