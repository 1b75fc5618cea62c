// SPDX-License-Identifier: Apache-2.0
/*
 * handoff_bench.c - what it costs to hand a batch from one operator to the next.
 *
 * A source, a chain of operators that let every row pass, a counting sink, one worker. A short and
 * a long chain see the same batches; the difference, per batch and per operator more, is one
 * hand-off with all that the engine does around it (ledger, clocks, the operator's own call).
 * Then the rows of a long chain are collected and every byte of them that does not lie in the
 * source's own buffers counts as copied. Prints one line of JSON per kind of operator.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sabot/sabot.h>

enum {
    COLUMN_COUNT = 3,
    BATCH_COUNT = 100000,
    SHORT_CHAIN = 2,
    LONG_CHAIN = 34,
    REPEAT_COUNT = 15,
    JSON_SIZE = 32768,
};

#define ROW_COUNT ((int64_t)BATCH_COUNT * 16)

/* The rows of the source: two columns of 8-byte values and one of text. */
struct rows {
    int64_t *numbers;
    double *fractions;
    int32_t *offsets;
    char *text;
};

struct operator_kind {
    const char *type;
    const char *parameters;
};

static const struct operator_kind kinds[] = {
    {"union", "{}"},
    {"select", "{\"columns\": [\"n\", \"x\", \"s\"]}"},
};

static void check(enum sb_status status, const struct sb_error *err)
{
    if (status != SB_OK) {
        fprintf(stderr, "handoff_bench: %s\n", err->message);
        exit(1);
    }
}

static void *allocate(size_t size)
{
    void *memory = malloc(size);

    if (memory == NULL) {
        fprintf(stderr, "handoff_bench: no memory for %zu bytes of rows\n", size);
        exit(1);
    }
    return memory;
}

static void rows_init(struct rows *rows)
{
    rows->numbers = allocate((size_t)ROW_COUNT * sizeof *rows->numbers);
    rows->fractions = allocate((size_t)ROW_COUNT * sizeof *rows->fractions);
    rows->offsets = allocate((size_t)(ROW_COUNT + 1) * sizeof *rows->offsets);
    rows->text = allocate((size_t)ROW_COUNT * 4);
    for (int64_t i = 0; i < ROW_COUNT; i++) {
        rows->numbers[i] = i;
        rows->fractions[i] = (double)i / 2;
        rows->offsets[i] = (int32_t)(4 * i);
        memcpy(rows->text + 4 * i, "text", 4);
    }
    rows->offsets[ROW_COUNT] = (int32_t)(4 * ROW_COUNT);
}

static void rows_deinit(struct rows *rows)
{
    free(rows->numbers);
    free(rows->fractions);
    free(rows->offsets);
    free(rows->text);
}

/* --- the rows as an Arrow stream of one array; all of it is static but the rows ----------------
 */

static void schema_release(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void schema_fill(struct ArrowSchema *out)
{
    static struct ArrowSchema fields[COLUMN_COUNT];
    static struct ArrowSchema *children[COLUMN_COUNT] = {&fields[0], &fields[1], &fields[2]};
    static const char *const names[] = {"n", "x", "s"};
    static const char *const formats[] = {"l", "g", "u"};

    for (int i = 0; i < COLUMN_COUNT; i++) {
        fields[i] =
            (struct ArrowSchema){.format = formats[i], .name = names[i], .release = schema_release};
    }
    *out = (struct ArrowSchema){
        .format = "+s",
        .name = "",
        .n_children = COLUMN_COUNT,
        .children = children,
        .release = schema_release,
    };
}

static void array_release(struct ArrowArray *array)
{
    array->release = NULL;
}

static void array_fill(const struct rows *rows, struct ArrowArray *out)
{
    static const void *buffers[COLUMN_COUNT][3];
    static const void *no_buffers[1];
    static struct ArrowArray columns[COLUMN_COUNT];
    static struct ArrowArray *children[COLUMN_COUNT] = {&columns[0], &columns[1], &columns[2]};

    buffers[0][1] = rows->numbers;
    buffers[1][1] = rows->fractions;
    buffers[2][1] = rows->offsets;
    buffers[2][2] = rows->text;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        columns[i] = (struct ArrowArray){
            .length = ROW_COUNT,
            .n_buffers = i == 2 ? 3 : 2,
            .buffers = buffers[i],
            .release = array_release,
        };
    }
    *out = (struct ArrowArray){
        .length = ROW_COUNT,
        .n_buffers = 1,
        .n_children = COLUMN_COUNT,
        .buffers = no_buffers,
        .children = children,
        .release = array_release,
    };
}

static int stream_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    (void)stream;
    schema_fill(out);
    return 0;
}

static int stream_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    *out = (struct ArrowArray){0};
    if (stream->private_data != NULL) {
        array_fill(stream->private_data, out);
        stream->private_data = NULL;
    }
    return 0;
}

static const char *stream_get_last_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return NULL;
}

static void stream_release(struct ArrowArrayStream *stream)
{
    stream->release = NULL;
}

/* --- the graph and its run ----------------------------------------------------------------------
 */

static struct sb_graph *chain_create(const struct operator_kind *kind, int length)
{
    static char json[JSON_SIZE];
    struct ArrowSchema schema;
    struct sb_error err = {0};
    struct sb_graph *graph;
    size_t size = 0;

    size += (size_t)snprintf(json + size, JSON_SIZE - size,
                             "{\"version\": 1, \"operators\": [{\"operator_id\": \"0\", "
                             "\"operator_type\": \"source\", \"name\": \"rows\", "
                             "\"parameters\": {\"data\": {\"kind\": \"bound\"}}}");
    for (int i = 1; i <= length; i++) {
        size += (size_t)snprintf(json + size, JSON_SIZE - size,
                                 ", {\"operator_id\": \"%d\", \"operator_type\": \"%s\", "
                                 "\"name\": \"pass_%d\", \"parameters\": %s}",
                                 i, kind->type, i, kind->parameters);
    }
    size += (size_t)snprintf(json + size, JSON_SIZE - size,
                             ", {\"operator_id\": \"%d\", \"operator_type\": \"sink\", "
                             "\"name\": \"out\", \"parameters\": {}}], \"edges\": [",
                             length + 1);
    for (int i = 0; i <= length; i++) {
        size += (size_t)snprintf(json + size, JSON_SIZE - size,
                                 "%s{\"from\": \"%d\", \"to\": \"%d\", \"port\": 0}",
                                 i == 0 ? "" : ", ", i, i + 1);
    }
    size += (size_t)snprintf(json + size, JSON_SIZE - size, "]}");
    check(sb_graph_create_from_json(json, size, &graph, &err), &err);
    schema_fill(&schema);
    check(sb_graph_set_source_schema(graph, "0", &schema, &err), &err);
    check(sb_graph_validate(graph, NULL, NULL, &err), &err);
    return graph;
}

/* Runs the rows through the chain; the caller destroys the job, which has ended. */
static struct sb_job *chain_run(const struct sb_graph *graph, struct rows *rows, int length,
                                int64_t morsel_rows, enum sb_sink_kind sink)
{
    struct sb_job_options options = {.worker_count = 1, .morsel_rows_max = morsel_rows};
    struct ArrowArrayStream stream = {
        .get_schema = stream_get_schema,
        .get_next = stream_get_next,
        .get_last_error = stream_get_last_error,
        .release = stream_release,
        .private_data = rows,
    };
    struct sb_error err = {0};
    struct sb_job *job;
    bool is_done;
    char id[16];

    snprintf(id, sizeof id, "%d", length + 1);
    check(sb_job_create(graph, &options, &job, &err), &err);
    check(sb_job_add_stream(job, "0", &stream, 0, -1, &err), &err);
    check(sb_job_bind_sink(job, id, sink, &err), &err);
    check(sb_job_start(job, &err), &err);
    check(sb_job_wait(job, -1, &is_done, &err), &err);
    return job;
}

static double chain_seconds(const struct operator_kind *kind, struct rows *rows, int length,
                            int64_t morsel_rows)
{
    struct sb_graph *graph = chain_create(kind, length);
    struct sb_job *job = chain_run(graph, rows, length, morsel_rows, SB_SINK_COUNT);
    struct sb_operator_metrics sink;
    struct sb_job_metrics metrics;

    sb_job_metrics(job, &metrics);
    sb_job_operator_metrics(job, length + 1, &sink);
    if (sink.rows_in != ROW_COUNT || sink.batches_in != ROW_COUNT / morsel_rows) {
        fprintf(stderr, "handoff_bench: %" PRId64 " rows in %" PRId64 " batches came through\n",
                sink.rows_in, sink.batches_in);
        exit(1);
    }
    sb_job_destroy(job);
    sb_graph_destroy(graph);
    return (double)metrics.elapsed_ns * 1e-9;
}

static int double_compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Nanoseconds per batch and operator: the median over pairs of a short and a long chain. */
static double handoff_ns(const struct operator_kind *kind, struct rows *rows, int64_t morsel_rows)
{
    double handoffs = (double)(LONG_CHAIN - SHORT_CHAIN) * (double)(ROW_COUNT / morsel_rows);
    double samples[REPEAT_COUNT];

    for (int i = 0; i < REPEAT_COUNT; i++) {
        double brief = chain_seconds(kind, rows, SHORT_CHAIN, morsel_rows);
        samples[i] = (chain_seconds(kind, rows, LONG_CHAIN, morsel_rows) - brief) / handoffs * 1e9;
    }
    qsort(samples, REPEAT_COUNT, sizeof *samples, double_compare);
    return samples[REPEAT_COUNT / 2];
}

/* --- bytes -------------------------------------------------------------------------------------
 */

/* How many of the bytes at `buffer` lie outside the `size` bytes at `whole`. */
static int64_t bytes_outside(const void *buffer, int64_t bytes, const void *whole, int64_t size)
{
    uintptr_t begin = (uintptr_t)buffer;
    uintptr_t first = (uintptr_t)whole;
    bool is_inside = begin >= first && begin + (uintptr_t)bytes <= first + (uintptr_t)size;

    return is_inside ? 0 : bytes;
}

static int64_t array_bytes_copied(const struct ArrowArray *array, const struct rows *rows)
{
    const struct ArrowArray *numbers = array->children[0];
    const struct ArrowArray *fractions = array->children[1];
    const struct ArrowArray *text = array->children[2];
    const int64_t *number = (const int64_t *)numbers->buffers[1] + numbers->offset + array->offset;
    const double *fraction =
        (const double *)fractions->buffers[1] + fractions->offset + array->offset;
    const int32_t *offset = (const int32_t *)text->buffers[1] + text->offset + array->offset;
    int64_t copied = 0;

    copied += bytes_outside(number, array->length * 8, rows->numbers, ROW_COUNT * 8);
    copied += bytes_outside(fraction, array->length * 8, rows->fractions, ROW_COUNT * 8);
    copied += bytes_outside(offset, (array->length + 1) * 4, rows->offsets, (ROW_COUNT + 1) * 4);
    copied += bytes_outside((const char *)text->buffers[2] + offset[0],
                            offset[array->length] - offset[0], rows->text, ROW_COUNT * 4);
    return copied;
}

static int64_t handoff_bytes(const struct operator_kind *kind, struct rows *rows)
{
    struct sb_graph *graph = chain_create(kind, LONG_CHAIN);
    struct sb_job *job = chain_run(graph, rows, LONG_CHAIN, 0, SB_SINK_COLLECT);
    struct ArrowArrayStream stream;
    struct sb_error err = {0};
    int64_t copied = 0;
    int64_t row_count = 0;
    char id[16];

    snprintf(id, sizeof id, "%d", LONG_CHAIN + 1);
    check(sb_job_collect(job, id, &stream, &err), &err);
    for (;;) {
        struct ArrowArray array = {0};
        if (stream.get_next(&stream, &array) != 0) {
            fprintf(stderr, "handoff_bench: %s\n", stream.get_last_error(&stream));
            exit(1);
        }
        if (array.release == NULL) {
            break;
        }
        copied += array_bytes_copied(&array, rows);
        row_count += array.length;
        array.release(&array);
    }
    stream.release(&stream);
    if (row_count != ROW_COUNT) {
        fprintf(stderr, "handoff_bench: %" PRId64 " rows came through\n", row_count);
        exit(1);
    }
    sb_job_destroy(job);
    sb_graph_destroy(graph);
    return copied;
}

int main(void)
{
    struct rows rows;

    rows_init(&rows);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        double ns = handoff_ns(&kinds[i], &rows, ROW_COUNT / BATCH_COUNT);
        printf("{\"operator\": \"%s\", \"batches\": %d, \"rows_per_batch\": %" PRId64
               ", \"columns\": %d, \"ns_per_batch\": %.1f, \"bytes_copied\": %" PRId64
               ", \"bytes\": %" PRId64 "}\n",
               kinds[i].type, BATCH_COUNT, ROW_COUNT / BATCH_COUNT, COLUMN_COUNT, ns,
               handoff_bytes(&kinds[i], &rows), ROW_COUNT * 24 + 4);
        fflush(stdout);
    }
    rows_deinit(&rows);
    return 0;
}
