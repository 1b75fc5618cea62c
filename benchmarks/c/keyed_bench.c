// SPDX-License-Identifier: Apache-2.0
/*
 * keyed_bench.c - AGGREGATE and HASH_JOIN alone, without sources, exchange or Python.
 *
 *     keyed_bench [--rows N] [--threads N] [--repeat N] [CASE...]
 *
 * Cases: group:GROUPS and join:ROWS, each with ":dense" (keys 0..n) or ":sparse" (64-bit keys).
 * Threads take morsels from a shared counter, push them and apply the blocks of groups that nobody
 * else is at, as the engine's workers do. Prints medians in nanoseconds per row and thread.
 * keyed_peers.py runs DuckDB and Polars over the same data.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "support/op_harness.h"

enum {
    MORSEL_ROWS = 64 * 1024,
    THREADS_MAX = TEST_WORKERS_MAX,
    REPEAT_MAX = 99,
};

#define SPARSE_FACTOR INT64_C(0x4f1bbcdcbfa53e0b) // odd: a one-to-one map of 64-bit numbers

struct settings {
    int64_t row_count;
    int32_t thread_count;
    int32_t repeat_count;
};

struct data {
    struct sb_memory *memory;
    struct sb_schema *schema;
    struct sb_buffer *columns[2];
    int64_t row_count;
};

static void fail(const char *what, const struct sb_error *err)
{
    fprintf(stderr, "keyed_bench: %s: %s\n", what, err == NULL ? "" : err->message);
    exit(1);
}

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static struct sb_schema *schema_make(const char *key, const char *value)
{
    struct sb_field fields[2] = {
        {.name = key, .type = {.id = SB_TYPE_INT64}, .is_nullable = true},
        {.name = value, .type = {.id = SB_TYPE_INT64}, .is_nullable = true},
    };
    struct sb_schema *schema;

    if (sb_schema_create(sb_memory_global(), fields, 2, &schema, NULL) != SB_OK) {
        fail("schema", NULL);
    }
    return schema;
}

static int64_t *column(const struct data *data, int32_t c)
{
    return (int64_t *)(void *)data->columns[c]->data;
}

static void data_init(struct data *data, struct sb_schema *schema, int64_t row_count)
{
    *data = (struct data){
        .memory = sb_memory_global(),
        .schema = schema,
        .row_count = row_count,
    };
    for (int32_t c = 0; c < 2; c++) {
        if (sb_buffer_create(data->memory, row_count * 8, &data->columns[c], NULL) != SB_OK) {
            fail("data", NULL);
        }
    }
}

static void data_deinit(struct data *data)
{
    sb_buffer_release(data->columns[0]);
    sb_buffer_release(data->columns[1]);
    sb_schema_release(data->schema);
}

static void data_morsel(const struct data *data, int64_t first, struct sb_batch *out)
{
    int64_t count = data->row_count - first;

    count = count < MORSEL_ROWS ? count : MORSEL_ROWS;
    if (sb_batch_init(out, data->memory, data->schema, count, NULL) != SB_OK) {
        fail("batch", NULL);
    }
    for (int32_t c = 0; c < 2; c++) {
        out->columns[c] = (struct sb_column){
            .type = &data->schema->fields[c].type,
            .length = count,
            .values = column(data, c) + first,
            .owner = sb_buffer_retain(data->columns[c]),
        };
    }
}

// --- driving -------------------------------------------------------------------------------------

struct drive {
    struct op_harness *harness;
    const struct data *data;
    int32_t port;
    _Atomic int64_t next;
};

struct driver {
    struct drive *drive;
    int32_t worker;
    pthread_t thread;
};

static void *drive_thread(void *argument)
{
    struct driver *driver = argument;
    struct drive *drive = driver->drive;
    int64_t first;

    while ((first = atomic_fetch_add(&drive->next, MORSEL_ROWS)) < drive->data->row_count) {
        struct sb_batch batch;
        data_morsel(drive->data, first, &batch);
        if (op_harness_push(drive->harness, driver->worker, drive->port, &batch) != SB_OK ||
            op_harness_apply(drive->harness, driver->worker) != SB_OK) {
            fail("push", &drive->harness->error);
        }
    }
    return NULL;
}

static void drive_run(struct op_harness *harness, const struct data *data, int32_t port,
                      int32_t thread_count)
{
    struct drive drive = {.harness = harness, .data = data, .port = port};
    struct driver drivers[THREADS_MAX];

    for (int32_t t = 0; t < thread_count; t++) {
        drivers[t] = (struct driver){.drive = &drive, .worker = t};
        pthread_create(&drivers[t].thread, NULL, drive_thread, &drivers[t]);
    }
    for (int32_t t = 0; t < thread_count; t++) {
        pthread_join(drivers[t].thread, NULL);
    }
}

struct ending {
    struct op_harness *harness;
    int32_t worker;
    pthread_t thread;
};

static void *end_thread(void *argument)
{
    struct ending *ending = argument;

    if (op_harness_end_groups(ending->harness, ending->worker) != SB_OK) {
        fail("end", &ending->harness->error);
    }
    return NULL;
}

static void drive_end(struct op_harness *harness, int32_t thread_count)
{
    struct ending endings[THREADS_MAX];

    if (op_harness_flush(harness) != SB_OK) {
        fail("flush", &harness->error);
    }
    for (int32_t t = 0; t < thread_count; t++) {
        endings[t] = (struct ending){.harness = harness, .worker = t};
        pthread_create(&endings[t].thread, NULL, end_thread, &endings[t]);
    }
    for (int32_t t = 0; t < thread_count; t++) {
        pthread_join(endings[t].thread, NULL);
    }
}

// --- cases ---------------------------------------------------------------------------------------

struct timing {
    int64_t push_ns;
    int64_t end_ns;
};

static void group_once(const struct data *data, const struct settings *settings,
                       int64_t group_count, struct timing *out)
{
    int32_t keys[] = {0};
    struct sb_aggregate_call calls[] = {
        {.function = SB_AGGREGATE_SUM, .column = 1, .result = {.id = SB_TYPE_INT64}, .name = "s"},
    };
    struct sb_node source = {.schema = data->schema};
    struct sb_node *inputs[] = {&source};
    struct sb_node node = {
        .inputs = inputs,
        .input_count = 1,
        .max_parallelism = 128,
        .spec.aggregate = {.key_count = 1, .keys = keys, .call_count = 1, .calls = calls},
    };
    struct sb_memory *memory = sb_memory_create(0);
    struct op_harness harness;
    int64_t begin_ns = sb_clock_now_ns();

    node.schema = schema_make("k", "s");
    if (op_harness_init(&harness, sb_aggregate_create, &node, memory, settings->thread_count) !=
        SB_OK) {
        fail("aggregate", &harness.error);
    }
    harness.drops_output = true;
    drive_run(&harness, data, 0, settings->thread_count);
    out->push_ns = sb_clock_now_ns() - begin_ns;
    drive_end(&harness, settings->thread_count);
    if (harness.rows_out != group_count) {
        fprintf(stderr, "keyed_bench: %" PRId64 " groups\n", harness.rows_out);
        exit(1);
    }
    op_harness_deinit(&harness);
    out->end_ns = sb_clock_now_ns() - begin_ns - out->push_ns;
    sb_schema_release(node.schema);
    sb_memory_release(memory);
}

static void join_once(const struct data *probe, const struct data *build,
                      const struct settings *settings, struct timing *out)
{
    int32_t keys[] = {0};
    int32_t outputs[] = {1};
    struct sb_type key_type = {.id = SB_TYPE_INT64};
    struct sb_node sources[2] = {{.schema = probe->schema}, {.schema = build->schema}};
    struct sb_node *inputs[] = {&sources[0], &sources[1]};
    struct sb_field fields[3] = {
        {.name = "k", .type = {.id = SB_TYPE_INT64}, .is_nullable = true},
        {.name = "v", .type = {.id = SB_TYPE_INT64}, .is_nullable = true},
        {.name = "p", .type = {.id = SB_TYPE_INT64}, .is_nullable = true},
    };
    struct sb_node node = {
        .inputs = inputs,
        .input_count = 2,
        .max_parallelism = 128,
        .spec.join = {.kind = SB_JOIN_INNER,
                      .key_count = 1,
                      .left_keys = keys,
                      .right_keys = keys,
                      .key_types = &key_type,
                      .right_output_count = 1,
                      .right_outputs = outputs},
    };
    struct sb_memory *memory = sb_memory_create(0);
    struct op_harness harness;
    int64_t begin_ns = sb_clock_now_ns();

    if (sb_schema_create(memory, fields, 3, &node.schema, NULL) != SB_OK) {
        fail("schema", NULL);
    }
    if (op_harness_init(&harness, sb_hash_join_create, &node, memory, settings->thread_count) !=
        SB_OK) {
        fail("join", &harness.error);
    }
    harness.drops_output = true;
    drive_run(&harness, build, 1, settings->thread_count);
    drive_end(&harness, settings->thread_count);
    out->end_ns = sb_clock_now_ns() - begin_ns;
    drive_run(&harness, probe, 0, settings->thread_count);
    if (harness.rows_out != probe->row_count) {
        fprintf(stderr, "keyed_bench: %" PRId64 " rows\n", harness.rows_out);
        exit(1);
    }
    op_harness_deinit(&harness);
    out->push_ns = sb_clock_now_ns() - begin_ns - out->end_ns;
    sb_schema_release(node.schema);
    sb_memory_release(memory);
}

static int timing_compare(const void *a, const void *b)
{
    const struct timing *x = a;
    const struct timing *y = b;
    int64_t difference = x->push_ns + x->end_ns - y->push_ns - y->end_ns;

    return (difference > 0) - (difference < 0);
}

static void timings_print(const char *name, struct timing *timings, int32_t count,
                          const struct settings *settings)
{
    double scale = (double)settings->thread_count / (double)settings->row_count;
    struct timing *median = &timings[count / 2];

    qsort(timings, (size_t)count, sizeof *timings, timing_compare);
    printf("%-24s %d threads %7.2f ns/row/thread (rows %.2f, %s %.2f; best %.2f)\n", name,
           settings->thread_count, (double)(median->push_ns + median->end_ns) * scale,
           (double)median->push_ns * scale, name[0] == 'j' ? "build" : "end",
           (double)median->end_ns * scale,
           (double)(timings[0].push_ns + timings[0].end_ns) * scale);
    fflush(stdout);
}

static void run_case(const char *name, const struct settings *settings)
{
    bool is_join = strncmp(name, "join:", 5) == 0;
    int64_t key_count = strtoll(strchr(name, ':') + 1, NULL, 10);
    int64_t factor = strstr(name, ":sparse") != NULL ? SPARSE_FACTOR : 1;
    uint64_t random = UINT64_C(0x9e3779b97f4a7c15);
    struct timing timings[REPEAT_MAX];
    struct data rows;
    struct data build;

    data_init(&rows, schema_make("k", "v"), settings->row_count);
    for (int64_t i = 0; i < rows.row_count; i++) {
        uint64_t key = i < key_count ? (uint64_t)i : random_next(&random) % (uint64_t)key_count;
        column(&rows, 0)[i] = (int64_t)(key * (uint64_t)factor);
        column(&rows, 1)[i] = (int64_t)(random_next(&random) % 1000);
    }
    data_init(&build, schema_make("k", "p"), is_join ? key_count : 0);
    for (int64_t i = 0; i < build.row_count; i++) {
        // Every number below key_count once, scattered.
        uint64_t key = (uint64_t)((__int128)i * 7368787 % key_count);
        column(&build, 0)[i] = (int64_t)(key * (uint64_t)factor);
        column(&build, 1)[i] = i;
    }
    for (int32_t r = 0; r < settings->repeat_count; r++) {
        if (is_join) {
            join_once(&rows, &build, settings, &timings[r]);
        } else {
            group_once(&rows, settings, key_count, &timings[r]);
        }
    }
    timings_print(name, timings, settings->repeat_count, settings);
    data_deinit(&rows);
    data_deinit(&build);
}

int main(int argc, char **argv)
{
    static const char *const all[] = {
        "group:100:sparse",     "group:10000:sparse",    "group:1000000:sparse",
        "group:10000000:sparse", "join:10000:sparse",     "join:1000000:sparse",
        "join:10000000:sparse", "group:100:dense",       "group:10000:dense",
        "group:1000000:dense",  "group:10000000:dense",  "join:10000:dense",
        "join:1000000:dense",   "join:10000000:dense",
    };
    struct settings settings = {.row_count = 50000000, .thread_count = 2, .repeat_count = 3};
    int i = 1;

    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        int64_t value = strtoll(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--rows") == 0) {
            settings.row_count = value;
        } else if (strcmp(argv[i], "--threads") == 0) {
            settings.thread_count = (int32_t)(value < THREADS_MAX ? value : THREADS_MAX);
        } else if (strcmp(argv[i], "--repeat") == 0) {
            settings.repeat_count = (int32_t)(value < REPEAT_MAX ? value : REPEAT_MAX);
        }
    }
    if (i == argc) {
        for (size_t c = 0; c < sizeof all / sizeof all[0]; c++) {
            run_case(all[c], &settings);
        }
    }
    for (; i < argc; i++) {
        run_case(argv[i], &settings);
    }
    return 0;
}
