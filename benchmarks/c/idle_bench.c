// SPDX-License-Identifier: Apache-2.0
/*
 * idle_bench.c - how much memory a process holds that hosts the engine and has nothing to do.
 *
 * A job whose source waits for pushed rows, with a filter, a keyed aggregate and a sink, has
 * taken 1,000 rows and waits for more. Prints resident bytes before the engine is touched, while it
 * is idle, and after the job is destroyed, as JSON.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sabot/sabot.h>

enum { PUSHED_ROW_COUNT = 1000 };

static const char graph_json[] =
    "{\"version\": 1, \"operators\": ["
    "{\"operator_id\": \"a\", \"operator_type\": \"source\", \"name\": \"rows\","
    " \"parameters\": {\"data\": {\"kind\": \"bound\"}}},"
    "{\"operator_id\": \"b\", \"operator_type\": \"filter\", \"name\": \"some\","
    " \"parameters\": {\"column\": \"n\", \"operator\": \">=\", \"value\": 0}},"
    "{\"operator_id\": \"c\", \"operator_type\": \"aggregate\", \"name\": \"count\","
    " \"parameters\": {\"key_by\": [\"n\"], \"aggregations\": {\"rows\": [\"*\", \"count\"]}}},"
    "{\"operator_id\": \"d\", \"operator_type\": \"sink\", \"name\": \"out\", \"parameters\": {}}],"
    "\"edges\": [{\"from\": \"a\", \"to\": \"b\", \"port\": 0},"
    " {\"from\": \"b\", \"to\": \"c\", \"port\": 0}, {\"from\": \"c\", \"to\": \"d\", \"port\": 0}]}";

static int64_t numbers[PUSHED_ROW_COUNT];

static void check(enum sb_status status, const struct sb_error *err)
{
    if (status != SB_OK) {
        fprintf(stderr, "idle_bench: %s\n", err->message);
        exit(1);
    }
}

static int64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    int64_t total;
    int64_t resident;

    if (file == NULL || fscanf(file, "%" SCNd64 " %" SCNd64, &total, &resident) != 2) {
        perror("idle_bench: /proc/self/statm");
        exit(1);
    }
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static void schema_release(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void array_release(struct ArrowArray *array)
{
    array->release = NULL;
}

static void push_rows(struct sb_job *job, int32_t split_index)
{
    static const void *buffers[] = {NULL, numbers};
    static const void *no_buffers[1];
    static struct ArrowArray column = {
        .length = PUSHED_ROW_COUNT,
        .n_buffers = 2,
        .buffers = buffers,
        .release = array_release,
    };
    static struct ArrowArray *children[] = {&column};
    struct ArrowArray array = {
        .length = PUSHED_ROW_COUNT,
        .n_buffers = 1,
        .n_children = 1,
        .buffers = no_buffers,
        .children = children,
        .release = array_release,
    };
    struct sb_error err = {0};

    for (int64_t i = 0; i < PUSHED_ROW_COUNT; i++) {
        numbers[i] = i;
    }
    check(sb_job_push(job, "a", split_index, &array, &err), &err);
}

static struct sb_graph *graph_create(void)
{
    static struct ArrowSchema field = {.format = "l", .name = "n", .release = schema_release};
    static struct ArrowSchema *fields[] = {&field};
    struct ArrowSchema schema = {
        .format = "+s",
        .name = "",
        .n_children = 1,
        .children = fields,
        .release = schema_release,
    };
    struct sb_error err = {0};
    struct sb_graph *graph;

    check(sb_graph_create_from_json(graph_json, sizeof graph_json - 1, &graph, &err), &err);
    check(sb_graph_set_source_schema(graph, "a", &schema, &err), &err);
    check(sb_graph_validate(graph, NULL, NULL, &err), &err);
    return graph;
}

/* Until the aggregate has counted what was pushed; the job must not end meanwhile. */
static void wait_for_rows(struct sb_job *job)
{
    struct sb_operator_metrics metrics = {0};
    struct sb_error err = {0};
    bool is_done = false;

    while (metrics.rows_in < PUSHED_ROW_COUNT && !is_done) {
        check(sb_job_wait(job, 1, &is_done, &err), &err);
        sb_job_operator_metrics(job, 2, &metrics);
    }
    if (is_done) {
        fprintf(stderr, "idle_bench: the job ended while rows could still come\n");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    struct sb_job_options options = {.worker_count = argc > 1 ? atoi(argv[1]) : 0};
    int64_t before = resident_bytes();
    struct sb_graph *graph = graph_create();
    struct sb_error err = {0};
    struct sb_job *job;
    int32_t split_index;
    int64_t idle;

    check(sb_job_create(graph, &options, &job, &err), &err);
    check(sb_job_add_push_split(job, "a", &split_index, &err), &err);
    check(sb_job_bind_sink(job, "d", SB_SINK_COUNT, &err), &err);
    check(sb_job_start(job, &err), &err);
    push_rows(job, split_index);
    wait_for_rows(job);
    idle = resident_bytes();
    sb_job_destroy(job);
    sb_graph_destroy(graph);
    printf("{\"before_bytes\": %" PRId64 ", \"idle_bytes\": %" PRId64 ", \"after_bytes\": %" PRId64
           "}\n",
           before, idle, resident_bytes());
    return 0;
}
