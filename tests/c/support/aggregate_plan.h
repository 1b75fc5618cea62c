// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_plan.h - an aggregate node without a graph around it, and its rows as text.
 */
#ifndef SABOT_SUPPORT_AGGREGATE_PLAN_H
#define SABOT_SUPPORT_AGGREGATE_PLAN_H

#include "support/op_harness.h"

enum {
    TEST_KEYS_MAX = 3,
    TEST_VALUES_MAX = 3,
    TEST_CALLS_MAX = 12,
};

/* A node over a schema, as validation would leave it. */
struct aggregate_plan {
    struct sb_schema *input;
    struct sb_schema *output;
    struct sb_node source;
    struct sb_node node;
    struct sb_node *inputs[1];
    int32_t keys[TEST_KEYS_MAX];
    struct sb_aggregate_call calls[TEST_CALLS_MAX];
};

struct sb_schema *test_schema(const char *text);

/* Takes `input`. Keys are its first columns. */
void aggregate_plan_init(struct aggregate_plan *plan, struct sb_schema *input, int32_t key_count);
void aggregate_plan_call(struct aggregate_plan *plan, enum sb_aggregate_function function,
                         int32_t column, double quantile);
void aggregate_plan_finish(struct aggregate_plan *plan);
void aggregate_plan_deinit(struct aggregate_plan *plan);

void test_push_rows(struct op_harness *harness, struct sb_schema *schema, const char *rows);

/* Fails unless everything that came out is `rows`, in any order. */
void test_expect_rows(struct op_harness *harness, const char *rows);

/* Runs calls over rows as text, to the end; and again with each allocation refused. */
void test_aggregate_text(const char *schema, int32_t key_count,
                         const struct sb_aggregate_call *calls, int32_t call_count,
                         const char *rows, const char *expected);

#define RUN(schema, key_count, rows, expected, ...)                                                \
    do {                                                                                           \
        const struct sb_aggregate_call calls_[] = {__VA_ARGS__};                                   \
        test_aggregate_text(schema, key_count, calls_,                                             \
                            (int32_t)(sizeof calls_ / sizeof calls_[0]), rows, expected);          \
    } while (0)

#define CALL(f, c) {.function = SB_AGGREGATE_##f, .column = (c)}
#define QUANTILE_CALL(f, c, q) {.function = SB_AGGREGATE_##f, .column = (c), .quantile = (q)}

#endif
