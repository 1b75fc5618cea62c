// SPDX-License-Identifier: Apache-2.0
/*
 * expressions.h - expressions written short, for tables in tests.
 *
 *     (greater (multiply price 2) 100)   calls, columns, literals without a type
 *     float32:1.5  date32:'2024-02-29'   literals with one; decimal128(5,2):'1.25'
 *     'text'  true  null  int8:null      strings are JSON strings in single quotes
 *     (cast x int8)  (try_cast x int8)   the second with on_error null
 *
 * Wrong text fails the test.
 */
#ifndef SABOT_TESTS_EXPR_EXPRESSIONS_H
#define SABOT_TESTS_EXPR_EXPRESSIONS_H

#include "expr/expr.h"
#include "support/allocation.h"
#include "support/batch_text.h"
#include "support/test.h"

/* The wire form of `text`; a new reference. */
json_t *expression(const char *text);

/* The same for text that goes on: `*text` moves behind the expression. */
json_t *expression_next(const char **text);

const char *skip_blanks(const char *text);

/* Parses and binds; frees nothing that is in `arena`. */
enum sb_status expression_bind_json(const json_t *json, const struct sb_schema *schema,
                                    struct sb_arena *arena, const struct sb_bound_expr **out,
                                    struct sb_error *err);

enum sb_status expression_bind(const char *text, const struct sb_schema *schema,
                               struct sb_arena *arena, const struct sb_bound_expr **out,
                               struct sb_error *err);

/* The expression over `batch` as a batch of one nullable column "out". */
enum sb_status expression_evaluate_json(const json_t *json, const struct sb_batch *batch,
                                        struct sb_memory *memory, struct sb_arena *arena,
                                        struct sb_batch *out, struct sb_error *err);

enum sb_status expression_evaluate(const char *text, const struct sb_batch *batch,
                                   struct sb_memory *memory, struct sb_arena *arena,
                                   struct sb_batch *out, struct sb_error *err);

/* For test_allocations(): the expression over a batch that is there already. */
struct case_attempt {
    const json_t *json;
    const struct sb_batch *batch;
};

enum sb_status case_attempt(struct sb_memory *memory, void *context);

/* One row of a table: what comes out of an expression over a few rows. */
struct row_case {
    const char *schema;
    const char *rows;
    const char *expression;
    const char *expected; // cells, or "error: " and a part of the message
};

/*
 * With the kernels of every instruction set that this processor has; and, where no error is
 * expected, with each allocation of the expression refused.
 */
void case_run(const struct row_case *test);

/* Each allocation is refused, those of the rows as well; what comes out is not looked at. */
void case_run_whole_refused(const struct row_case *test);

#define RUN_CASES(cases)                                                                           \
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {                                  \
        case_run(&cases[i]);                                                                       \
    }

/* Each of `expressions` over the same rows, by case_run_whole_refused(). */
#define RUN_REFUSED(schema_text, rows_text, expressions)                                           \
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++) {                      \
        case_run_whole_refused(&(struct row_case){schema_text, rows_text, expressions[i], NULL});  \
    }

#endif
