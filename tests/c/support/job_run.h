// SPDX-License-Identifier: Apache-2.0
/*
 * job_run.h - runs a graph of the wire form through the public API and reads int64 columns back.
 */
#ifndef SABOT_SUPPORT_JOB_RUN_H
#define SABOT_SUPPORT_JOB_RUN_H

#include <sabot/sabot.h>

/* Parses and validates; fails the test with the message otherwise. */
struct sb_graph *test_graph(const char *json);

/*
 * Wraps operators and edges into a whole wire form: `operators` is the inside of a JSON list,
 * `edges` "a>b a>c:1" with ports after a colon. Free the result.
 */
char *test_graph_json(const char *operators, const char *edges);

struct test_rows {
    int64_t row_count;
    int32_t column_count;
    int64_t *values; // row by row; nulls read as INT64_MIN
};

/* Reads a stream whose columns are all int64 (or timestamps) to the end and releases it. */
void test_rows_read(struct test_rows *rows, struct ArrowArrayStream *stream);

/* The same where that may fail: 0, or the stream's code and no rows. */
int test_rows_try_read(struct test_rows *rows, struct ArrowArrayStream *stream);

void test_rows_sort(struct test_rows *rows);
void test_rows_deinit(struct test_rows *rows);
void test_rows_expect_equal(const struct test_rows *a, const struct test_rows *b);

/* Runs to the end and reads the COLLECT sink `sink`; the job must succeed. */
void test_job_run(const struct sb_graph *graph, const struct sb_job_options *options,
                  const char *sink, struct test_rows *rows);

/* Asserts that the ledger of every operator balances. */
void test_job_expect_balance(const struct sb_job *job);

#endif
