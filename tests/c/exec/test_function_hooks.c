// SPDX-License-Identifier: Apache-2.0
/*
 * Functions bound with hooks: state in snapshots, rows that fail, last rows; and without them.
 */
#include <stdlib.h>
#include <string.h>

#include "columnar/arrow.h"
#include "columnar/builder.h"
#include "support/job_attempt.h"
#include "support/job_run.h"
#include "support/test.h"

#define OPERATORS(type, rows)                                                                      \
    "{\"operator_id\": \"s\", \"operator_type\": \"source\", \"name\": \"s\", \"parameters\": "    \
    "{\"generator\": {\"rows\": " #rows ", \"seed\": 7, \"columns\": ["                            \
    "{\"name\": \"id\", \"kind\": \"sequence\"}]}}},"                                              \
    "{\"operator_id\": \"f\", \"operator_type\": \"" type "\", \"name\": \"f\", \"function\": "    \
    "{\"kind\": \"cloudpickle\"}},"                                                                \
    "{\"operator_id\": \"out\", \"operator_type\": \"sink\", \"name\": \"out\"}"

/* Sums ids; one of a hundred rows "fails" when asked to. */
struct summer {
    int64_t total;
    int64_t calls;
    int64_t failed;
    bool is_failing;
    bool is_lying;
};

/* One column of one row, as the function's side makes it. */
static void array_of(const struct sb_type *type, const void *data, int64_t size, const char *name,
                     struct ArrowArray *out)
{
    struct sb_field field = {.name = name, .type = *type, .is_nullable = true};
    struct sb_memory *memory = sb_memory_global();
    struct sb_schema *schema;
    struct sb_builder builder;
    struct sb_column column;
    struct sb_batch batch;

    assert_int_equal(sb_schema_create(memory, &field, 1, &schema, NULL), SB_OK);
    sb_builder_init(&builder, memory, type);
    if (type->id == SB_TYPE_INT64) {
        assert_int_equal(sb_builder_append_fixed(&builder, data, NULL), SB_OK);
    } else {
        assert_int_equal(sb_builder_append_bytes(&builder, data, size, NULL), SB_OK);
    }
    assert_int_equal(sb_builder_finish(&builder, &column, NULL), SB_OK);
    assert_int_equal(sb_batch_init(&batch, memory, schema, 1, NULL), SB_OK);
    sb_batch_adopt_column(&batch, 0, &column);
    assert_int_equal(sb_batch_export(&batch, out, NULL), SB_OK);
    sb_builder_deinit(&builder);
    sb_schema_release(schema);
}

static enum sb_status on_batch(void *context, struct ArrowArray *input,
                               const struct ArrowSchema *schema, struct ArrowArray *output,
                               int64_t *failed_count, struct sb_error *err)
{
    const struct sb_type type = {.id = SB_TYPE_INT64};
    struct summer *summer = context;

    (void)schema;
    (void)err;
    assert_int_equal(*failed_count, 0);
    if (input == NULL) {
        array_of(&type, &summer->total, 0, "total", output);
        return SB_OK;
    }
    const struct ArrowArray *column = input->children[0];
    const int64_t *ids = (const int64_t *)column->buffers[1] + column->offset + input->offset;
    for (int64_t i = 0; i < input->length; i++) {
        if (summer->is_failing && ids[i] % 100 == 0) {
            (*failed_count)++;
        } else {
            summer->total += ids[i];
        }
    }
    summer->failed += *failed_count;
    summer->calls++;
    *failed_count = summer->is_lying ? input->length + 1 : *failed_count;
    input->release(input);
    return SB_OK;
}

static enum sb_status snapshot(void *context, struct ArrowArray *state, struct sb_error *err)
{
    const struct sb_type type = {.id = SB_TYPE_LARGE_BINARY};
    struct summer *summer = context;

    (void)err;
    array_of(&type, summer, sizeof *summer, "state", state);
    return SB_OK;
}

static enum sb_status restore(void *context, struct ArrowArray *state, struct sb_error *err)
{
    struct summer *summer = context;
    const struct ArrowArray *column = state->children[0];
    const int64_t *offsets = (const int64_t *)column->buffers[1] + column->offset;

    (void)err;
    assert_int_equal(state->length, 1);
    assert_int_equal(offsets[1] - offsets[0], sizeof *summer);
    memcpy(summer, (const char *)column->buffers[2] + offsets[0], sizeof *summer);
    state->release(state);
    return SB_OK;
}

static const struct sb_function_hooks hooks = {
    .on_batch = on_batch,
    .snapshot = snapshot,
    .restore = restore,
};

static enum sb_status resolve_total(void *context, const char *id, const struct ArrowSchema *input,
                                    struct ArrowSchema *output, struct sb_error *err)
{
    struct sb_field field = {.name = "total", .type = {.id = SB_TYPE_INT64}, .is_nullable = true};
    struct sb_schema *schema;

    (void)context;
    (void)id;
    (void)input;
    assert_int_equal(sb_schema_create(sb_memory_global(), &field, 1, &schema, err), SB_OK);
    assert_int_equal(sb_schema_export(schema, output, err), SB_OK);
    sb_schema_release(schema);
    return SB_OK;
}

static struct sb_graph *graph_of(const char *operators)
{
    char *json = test_graph_json(operators, "s>f f>out");
    struct sb_error err = {0};
    struct sb_graph *graph;

    if (sb_graph_create_from_json(json, strlen(json), &graph, &err) != SB_OK ||
        sb_graph_validate(graph, resolve_total, NULL, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    free(json);
    return graph;
}

static struct sb_job *job_of(const struct sb_graph *graph, int32_t workers, struct summer *summer)
{
    struct sb_job_options options = {.worker_count = workers, .morsel_rows_max = 1000};
    struct sb_error err = {0};
    struct sb_job *job;

    if (sb_job_create(graph, &options, &job, &err) != SB_OK ||
        sb_job_bind_hooks(job, "f", &hooks, summer, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    return job;
}

/* Runs to the end and gives the one row. */
static int64_t finish(struct sb_job *job)
{
    struct ArrowArrayStream stream;
    struct sb_error err = {0};
    struct test_rows rows;
    bool is_done;
    int64_t total;

    if (sb_job_start(job, &err) != SB_OK || sb_job_wait(job, -1, &is_done, &err) != SB_OK ||
        sb_job_collect(job, "out", &stream, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    test_rows_read(&rows, &stream);
    assert_int_equal(rows.row_count, 1);
    total = rows.values[0];
    test_rows_deinit(&rows);
    test_job_expect_balance(job);
    return total;
}

static struct sb_operator_metrics metrics_of(const struct sb_job *job)
{
    struct sb_operator_metrics metrics;

    sb_job_operator_metrics(job, 1, &metrics);
    assert_string_equal(metrics.name, "f");
    return metrics;
}

static void rows_that_failed_are_counted_beside_those_that_did_not_leave(void **state)
{
    struct sb_graph *custom = graph_of(OPERATORS("custom", 20000));
    struct sb_graph *reduce = graph_of(OPERATORS("reduce", 20000));

    (void)state;
    for (int32_t workers = 1; workers <= 8; workers *= 2) {
        struct summer summer = {.is_failing = true};
        struct sb_job *job = job_of(custom, workers, &summer);
        struct sb_operator_metrics metrics;

        assert_int_equal(finish(job), 20000LL * 19999 / 2 - 100LL * 199 * 200 / 2);
        metrics = metrics_of(job);
        assert_int_equal(metrics.rows_failed, 200);
        assert_int_equal(metrics.rows_filtered, 19800);
        assert_int_equal(metrics.rows_merged, 0);
        sb_job_destroy(job);

        summer = (struct summer){.is_failing = true};
        job = job_of(reduce, workers, &summer);
        finish(job);
        metrics = metrics_of(job);
        assert_int_equal(metrics.rows_failed, 200);
        assert_int_equal(metrics.rows_filtered, 0);
        assert_int_equal(metrics.rows_merged, 19800);
        sb_job_destroy(job);
    }
    sb_graph_destroy(reduce);
    sb_graph_destroy(custom);
}

static void state_goes_on_in_a_job_of_another_width(void **state)
{
    struct sb_graph *graph = graph_of(OPERATORS("custom", 300000));

    (void)state;
    for (int32_t workers = 1; workers <= 8; workers *= 2) {
        struct summer first = {0};
        struct summer second = {.total = -1};
        struct sb_job *job = job_of(graph, workers, &first);
        struct sb_snapshot *taken = NULL;
        struct sb_error err = {0};

        assert_int_equal(sb_job_start(job, &err), SB_OK);
        assert_int_equal(sb_job_snapshot(job, &taken, &err), SB_OK);
        sb_job_destroy(job);

        job = job_of(graph, 9 - workers, &second);
        if (sb_job_restore(job, taken, &err) != SB_OK) {
            fail_msg("%s", err.message);
        }
        assert_int_equal(finish(job), 300000LL * 299999 / 2);
        sb_snapshot_destroy(taken);
        sb_job_destroy(job);
    }
    sb_graph_destroy(graph);
}

static enum sb_status plain_function(void *context, struct ArrowArray *input,
                                     const struct ArrowSchema *schema, struct ArrowArray *output,
                                     struct sb_error *err)
{
    int64_t failed_count = 0;

    return on_batch(context, input, schema, output, &failed_count, err);
}

static void a_plain_function_cannot_be_asked_for_its_state(void **state)
{
    struct sb_graph *graph = graph_of(OPERATORS("custom", 300000));
    struct summer summer = {0};
    struct sb_job *job = job_of(graph, 2, &summer);
    struct sb_snapshot *taken = NULL;
    struct sb_error err = {0};

    (void)state;
    assert_int_equal(sb_job_bind_function(job, "f", plain_function, &summer, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    // It may have ended already; then there is no state left to ask for.
    if (sb_job_snapshot(job, &taken, &err) != SB_OK) {
        assert_int_equal(err.status, SB_UNSUPPORTED);
        assert_string_equal(err.message,
                            "operator 'f' (custom): its function was bound without a snapshot "
                            "hook; bind it with sb_job_bind_hooks()");
    }
    sb_snapshot_destroy(taken);
    sb_job_destroy(job);

    summer = (struct summer){0};
    job = job_of(graph, 2, &summer);
    assert_int_equal(sb_job_bind_function(job, "f", plain_function, &summer, &err), SB_OK);
    assert_int_equal(finish(job), 300000LL * 299999 / 2);
    sb_job_destroy(job);
    sb_graph_destroy(graph);
}

static void refuses_hooks_that_cannot_be(void **state)
{
    struct sb_graph *graph = graph_of(OPERATORS("custom", 1000));
    struct summer summer = {.is_lying = true};
    struct sb_job *job = job_of(graph, 1, &summer);
    struct sb_function_hooks none = {.snapshot = snapshot};
    struct sb_error err = {0};
    bool is_done;

    (void)state;
    assert_int_equal(sb_job_bind_hooks(job, "f", &none, NULL, &err), SB_INVALID);
    assert_non_null(strstr(err.message, "hooks without on_batch"));
    assert_int_equal(sb_job_bind_hooks(job, "out", &hooks, NULL, &err), SB_INVALID);
    assert_string_equal(err.message, "operator 'out' (sink) has no function to bind");
    assert_int_equal(sb_job_bind_hooks(job, "x", &hooks, NULL, &err), SB_INVALID);

    assert_int_equal(sb_job_start(job, &err), SB_OK);
    assert_int_equal(sb_job_wait(job, -1, &is_done, &err), SB_FAILED);
    assert_string_equal(err.message, "operator 'f' (custom): the function says that 1001 rows of a "
                                     "batch of 1000 rows failed");
    sb_job_destroy(job);
    sb_graph_destroy(graph);
}

static enum sb_status bind_summer(struct sb_job *job, struct sb_error *err, void *context)
{
    struct summer *summer = context;

    *summer = (struct summer){0};
    return sb_job_bind_hooks(job, "f", &hooks, summer, err);
}

static void a_refused_allocation_is_a_status(void **state)
{
    struct sb_graph *custom = graph_of(OPERATORS("custom", 300));
    struct sb_graph *reduce = graph_of(OPERATORS("reduce", 300));
    struct summer summer;
    struct test_job_attempt attempt = {
        .options = {.worker_count = 2, .morsel_rows_max = 100},
        .sink = "out",
        .is_moved = true,
        .bind = bind_summer,
        .context = &summer,
    };

    (void)state;
    attempt.graph = custom;
    test_job_allocations(&attempt);
    attempt.graph = reduce;
    test_job_allocations(&attempt);
    sb_graph_destroy(reduce);
    sb_graph_destroy(custom);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_that_failed_are_counted_beside_those_that_did_not_leave),
        cmocka_unit_test(state_goes_on_in_a_job_of_another_width),
        cmocka_unit_test(a_plain_function_cannot_be_asked_for_its_state),
        cmocka_unit_test(refuses_hooks_that_cannot_be),
        cmocka_unit_test(a_refused_allocation_is_a_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
