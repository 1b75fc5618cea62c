// SPDX-License-Identifier: Apache-2.0
/*
 * chain.h - stateless operators one behind the other, without a job around them.
 *
 * The steps are those of a `fused` operator, drawn as operators of their own or as the one. Batches
 * go through all of them on the caller's thread; what comes out is kept, or counted and dropped.
 */
#ifndef SABOT_SUPPORT_CHAIN_H
#define SABOT_SUPPORT_CHAIN_H

#include <jansson.h>

#include "exec/ops/ops.h"

enum { TEST_CHAIN_STEPS_MAX = 1100 };

struct test_chain {
    struct sb_memory *memory;
    struct sb_graph *graph;
    int32_t op_count;
    struct sb_op *ops[TEST_CHAIN_STEPS_MAX];
    void *locals[TEST_CHAIN_STEPS_MAX];
    bool has_local[TEST_CHAIN_STEPS_MAX];
    struct sb_expr_scratch *scratch;
    bool drops_output;
    struct sb_batch *batches; // that came out
    int64_t batch_count;
    int64_t row_count;
    int64_t filtered_count;
    struct sb_error error; // of the operator that failed, its name in front
};

/* The wire form of a graph: source "source", the steps (borrowed) and sink "sink". free() it. */
char *test_chain_json(const json_t *steps, bool is_fused);

/* Operators over batches of `schema`; the steps must be right. Always deinit. */
SB_MUST_CHECK enum sb_status test_chain_init(struct test_chain *chain, const json_t *steps,
                                             bool is_fused, struct sb_schema *schema,
                                             struct sb_memory *memory);
void test_chain_deinit(struct test_chain *chain);

/* Takes `batch`. */
SB_MUST_CHECK enum sb_status test_chain_push(struct test_chain *chain, struct sb_batch *batch);

/* What is kept so far goes. */
void test_chain_clear(struct test_chain *chain);

#endif
