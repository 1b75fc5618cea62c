// SPDX-License-Identifier: Apache-2.0
/*
 * planning_bench.c - how long the optimizer takes for graphs of several sizes.
 *
 * Graphs are drawn and validated before; what is timed is sb_graph_optimize() alone, with all
 * passes, the report and its trace. Prints one line of JSON per graph.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sabot/sabot.h>

enum {
    JSON_SIZE = 1 << 20,
    COLUMNS_MAX = 8,
    REPEAT_COUNT = 501,
};

static void fail(const char *message)
{
    fprintf(stderr, "planning_bench: %s\n", message);
    exit(1);
}

static void check(enum sb_status status, const struct sb_error *err)
{
    if (status != SB_OK) {
        fail(err->message);
    }
}

// --- graphs as JSON ------------------------------------------------------------------------------

struct drawing {
    char *operators;
    char *edges;
    size_t operators_size;
    size_t edges_size;
    int32_t count;
};

static void drawing_init(struct drawing *drawing)
{
    *drawing = (struct drawing){.operators = calloc(1, JSON_SIZE), .edges = calloc(1, JSON_SIZE)};
    if (drawing->operators == NULL || drawing->edges == NULL) {
        fail("no memory");
    }
}

static void add(struct drawing *drawing, const char *id, const char *type, const char *parameters)
{
    drawing->operators_size += (size_t)snprintf(
        drawing->operators + drawing->operators_size, JSON_SIZE - drawing->operators_size,
        "%s{\"operator_id\":\"%s\",\"operator_type\":\"%s\",\"name\":\"%s\","
        "\"parameters\":%s}",
        drawing->count++ == 0 ? "" : ",", id, type, id, parameters);
}

static void connect(struct drawing *drawing, const char *from, const char *to, int32_t port)
{
    drawing->edges_size +=
        (size_t)snprintf(drawing->edges + drawing->edges_size, JSON_SIZE - drawing->edges_size,
                         "%s{\"from\":\"%s\",\"to\":\"%s\",\"port\":%" PRId32 "}",
                         drawing->edges_size == 0 ? "" : ",", from, to, port);
}

static struct sb_graph *drawing_graph(struct drawing *drawing)
{
    char *json = calloc(2, JSON_SIZE);
    struct sb_graph *graph = NULL;
    struct sb_error err = {0};

    if (json == NULL || drawing->operators_size >= JSON_SIZE || drawing->edges_size >= JSON_SIZE) {
        fail("the graph is too large");
    }
    snprintf(
        json, (size_t)2 * JSON_SIZE,
        "{\"version\":1,\"job_id\":\"j\",\"job_name\":\"j\",\"operators\":[%s],\"edges\":[%s]}",
        drawing->operators, drawing->edges);
    check(sb_graph_create_from_json(json, strlen(json), &graph, &err), &err);
    free(json);
    free(drawing->operators);
    free(drawing->edges);
    return graph;
}

// --- sources -------------------------------------------------------------------------------------

static void schema_release(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

/* int64 columns `prefix`0, `prefix`1, ... and how many rows there are. */
static void declare(struct sb_graph *graph, const char *id, const char *prefix, int32_t count,
                    int64_t row_count)
{
    static char names[COLUMNS_MAX][16];
    static struct ArrowSchema fields[COLUMNS_MAX];
    static struct ArrowSchema *children[COLUMNS_MAX];
    struct ArrowSchema schema = {.format = "+s", .release = schema_release};
    char statistics[1024];
    size_t size = 0;
    struct sb_error err = {0};

    for (int32_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "%s%" PRId32, prefix, i);
        fields[i] = (struct ArrowSchema){
            .format = "l", .name = names[i], .flags = 2, .release = schema_release};
        children[i] = &fields[i];
    }
    schema.n_children = count;
    schema.children = children;
    check(sb_graph_set_source_schema(graph, id, &schema, &err), &err);
    size = (size_t)snprintf(statistics, sizeof statistics,
                            "{\"row_count\":%" PRId64 ",\"columns\":{", row_count);
    for (int32_t i = 0; i < count; i++) {
        size += (size_t)snprintf(statistics + size, sizeof statistics - size,
                                 "%s\"%s\":{\"min\":0,\"max\":%" PRId64
                                 ",\"null_count\":0,\"distinct_count\":%" PRId64 "}",
                                 i == 0 ? "" : ",", names[i], row_count, row_count / (i + 1));
    }
    snprintf(statistics + size, sizeof statistics - size, "}}");
    check(sb_graph_set_source_statistics(graph, id, statistics, strlen(statistics), &err), &err);
}

#define BOUND "{\"data\":{\"kind\":\"bound\"}}"
#define ADD_ONE                                                                                    \
    "{\"expressions\":{\"a3\":{\"call\":\"add\",\"args\":[{\"col\":\"a3\"},{\"lit\":1}]}}}"
#define GREATER(column, value)                                                                     \
    "{\"predicate\":{\"call\":\"greater\",\"args\":[{\"col\":\"" column "\"},{\"lit\":" value "}]}}"

/* Source, map, filter, aggregate, sink: the filter crosses the map, the source gives two columns.
 */
static struct sb_graph *five_operators(void)
{
    struct drawing drawing;
    struct sb_graph *graph;

    drawing_init(&drawing);
    add(&drawing, "rows", "source", BOUND);
    add(&drawing, "double", "map",
        "{\"expressions\":{\"v\":{\"call\":\"multiply\",\"args\":[{\"col\":\"a1\"},{\"lit\":2}]}}}");
    add(&drawing, "high", "filter", GREATER("a2", "10"));
    add(&drawing, "total", "aggregate",
        "{\"key_by\":[\"a0\"],\"aggregations\":{\"t\":[\"v\",\"sum\"]}}");
    add(&drawing, "out", "sink", "{}");
    connect(&drawing, "rows", "double", 0);
    connect(&drawing, "double", "high", 0);
    connect(&drawing, "high", "total", 0);
    connect(&drawing, "total", "out", 0);
    graph = drawing_graph(&drawing);
    declare(graph, "rows", "a", 6, 1000000);
    return graph;
}

/* Five joins of six relations, the largest first, a filter above all, and an aggregate. */
static struct sb_graph *six_way_join(void)
{
    static const int64_t rows[] = {1000000, 500000, 200000, 50000, 1000, 10};
    struct drawing drawing;
    struct sb_graph *graph;
    char last[16] = "s0";
    char id[16];
    char parameters[128];

    drawing_init(&drawing);
    for (int32_t i = 0; i < 6; i++) {
        snprintf(id, sizeof id, "s%" PRId32, i);
        add(&drawing, id, "source", BOUND);
    }
    for (int32_t i = 1; i < 6; i++) {
        char right[16];

        snprintf(id, sizeof id, "j%" PRId32, i);
        snprintf(right, sizeof right, "s%" PRId32, i);
        snprintf(parameters, sizeof parameters,
                 "{\"left_key\":\"a%" PRId32 "\",\"right_key\":\"%c0\"}", i, 'a' + (char)i);
        add(&drawing, id, "hash_join", parameters);
        connect(&drawing, last, id, 0);
        connect(&drawing, right, id, 1);
        memcpy(last, id, sizeof last);
    }
    add(&drawing, "high", "filter", GREATER("e1", "100"));
    add(&drawing, "total", "aggregate", "{\"aggregations\":{\"t\":[\"a0\",\"sum\"]}}");
    add(&drawing, "out", "sink", "{}");
    connect(&drawing, last, "high", 0);
    connect(&drawing, "high", "total", 0);
    connect(&drawing, "total", "out", 0);
    graph = drawing_graph(&drawing);
    for (int32_t i = 0; i < 6; i++) {
        char prefix[2] = {(char)('a' + i), '\0'};

        snprintf(id, sizeof id, "s%" PRId32, i);
        declare(graph, id, prefix, i == 0 ? 7 : 4, rows[i]);
    }
    return graph;
}

/* A source, so many maps and filters in turn, an aggregate and a sink. */
static struct sb_graph *long_chain(int32_t count)
{
    struct drawing drawing;
    struct sb_graph *graph;
    char last[16] = "rows";
    char id[16];

    drawing_init(&drawing);
    add(&drawing, "rows", "source", BOUND);
    for (int32_t i = 0; i < count - 3; i++) {
        snprintf(id, sizeof id, "o%" PRId32, i);
        if (i % 2 == 0) {
            add(&drawing, id, "map", ADD_ONE);
        } else {
            add(&drawing, id, "filter", i % 4 == 1 ? GREATER("a1", "10") : GREATER("a3", "10"));
        }
        connect(&drawing, last, id, 0);
        memcpy(last, id, sizeof last);
    }
    add(&drawing, "total", "aggregate", "{\"aggregations\":{\"t\":[\"a3\",\"sum\"]}}");
    add(&drawing, "out", "sink", "{}");
    connect(&drawing, last, "total", 0);
    connect(&drawing, "total", "out", 0);
    graph = drawing_graph(&drawing);
    declare(graph, "rows", "a", 6, 1000000);
    return graph;
}

/* So many lines of ten operators each, with a source and a sink of their own. */
static struct sb_graph *many_lines(int32_t count)
{
    struct drawing drawing;
    struct sb_graph *graph;
    char last[16];
    char id[16];

    drawing_init(&drawing);
    for (int32_t line = 0; line < count; line++) {
        snprintf(last, sizeof last, "s%" PRId32, line);
        add(&drawing, last, "source", BOUND);
        for (int32_t i = 0; i < 8; i++) {
            snprintf(id, sizeof id, "o%" PRId32 ".%" PRId32, line, i);
            if (i == 7) {
                add(&drawing, id, "aggregate", "{\"aggregations\":{\"t\":[\"a3\",\"sum\"]}}");
            } else if (i % 2 == 0) {
                add(&drawing, id, "map", ADD_ONE);
            } else {
                add(&drawing, id, "filter", i == 3 ? GREATER("a3", "10") : GREATER("a1", "10"));
            }
            connect(&drawing, last, id, 0);
            memcpy(last, id, sizeof last);
        }
        snprintf(id, sizeof id, "out%" PRId32, line);
        add(&drawing, id, "sink", "{}");
        connect(&drawing, last, id, 0);
    }
    graph = drawing_graph(&drawing);
    for (int32_t line = 0; line < count; line++) {
        snprintf(id, sizeof id, "s%" PRId32, line);
        declare(graph, id, "a", 6, 1000000);
    }
    return graph;
}

// --- time ----------------------------------------------------------------------------------------

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static void measure(const char *name, struct sb_graph *graph, int32_t operator_count,
                    int32_t repeat_count)
{
    static int64_t times[REPEAT_COUNT];
    struct sb_optimizer_report report;
    struct sb_optimizer_options options;
    struct sb_error err = {0};

    check(sb_graph_validate(graph, NULL, NULL, &err), &err);
    sb_optimizer_options_init(&options);
    for (int32_t i = 0; i < repeat_count; i++) {
        struct sb_graph *optimized = NULL;
        int64_t begin = now();

        check(sb_graph_optimize(graph, &options, &optimized, &report, &err), &err);
        times[i] = now() - begin;
        sb_graph_destroy(optimized);
        sb_string_free(report.trace);
    }
    qsort(times, (size_t)repeat_count, sizeof *times, compare);
    printf("{\"graph\":\"%s\",\"operators\":%" PRId32 ",\"median_ns\":%" PRId64
           ",\"least_ns\":%" PRId64 ",\"filters_pushed\":%" PRId32
           ",\"projections_pushed\":%" PRId32 ",\"joins_reordered\":%" PRId32
           ",\"operators_fused\":%" PRId32 "}\n",
           name, operator_count, times[repeat_count / 2], times[0], report.filters_pushed,
           report.projections_pushed, report.joins_reordered, report.operators_fused);
    sb_graph_destroy(graph);
}

int main(void)
{
    measure("five operators", five_operators(), 5, REPEAT_COUNT);
    measure("six-way join", six_way_join(), 14, REPEAT_COUNT);
    measure("hundred lines", many_lines(100), 1000, 201);
    measure("long chain", long_chain(1000), 1000, 201);
    return 0;
}
