// SPDX-License-Identifier: Apache-2.0
/*
 * keyed_bench.c - AGGREGATE and HASH_JOIN alone, without sources, exchange or Python.
 *
 *     keyed_bench [--rows N] [--threads N] [--repeat N] [CASE...]
 *
 * Cases: sum:GROUPS (sum of an int64), group:GROUPS (that, sum of a float64 and count of rows),
 * nulls:GROUPS (the same, one value in ten null), text:GROUPS (utf8 keys of 6 to 11 bytes) and
 * join:ROWS, each with ":dense" (keys 0..n) or ":sparse" (64-bit keys). Threads take morsels from a
 * shared counter, push them and apply the blocks of groups that nobody else is at, as the engine's
 * workers do. Prints medians: elapsed time times threads, and processor time, which other work on
 * the machine disturbs less; both in nanoseconds per row.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "support/op_harness.h"

enum {
    MORSEL_ROWS = 64 * 1024,
    THREADS_MAX = TEST_WORKERS_MAX,
    REPEAT_MAX = 99,
    COLUMNS_MAX = 3,
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
    struct sb_buffer *columns[COLUMNS_MAX];
    struct sb_buffer *validity; // of column 1, or NULL
    struct sb_buffer *texts;    // column 0 as text: offsets and bytes; or NULL
    struct sb_buffer *text_bytes;
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

/* One int64 or, in capitals, float64 column per letter. */
static struct sb_schema *schema_make(const char *names)
{
    struct sb_field fields[COLUMNS_MAX + 1] = {0};
    char texts[COLUMNS_MAX + 1][2] = {0};
    struct sb_schema *schema;
    int32_t count = 0;

    for (; names[count] != '\0'; count++) {
        bool is_float = names[count] < 'a';
        texts[count][0] = names[count];
        fields[count] = (struct sb_field){
            .name = texts[count],
            .type = {.id = is_float ? SB_TYPE_FLOAT64 : SB_TYPE_INT64},
            .is_nullable = true,
        };
    }
    if (sb_schema_create(sb_memory_global(), fields, count, &schema, NULL) != SB_OK) {
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
    for (int32_t c = 0; c < schema->field_count; c++) {
        if (sb_buffer_create(data->memory, row_count * 8, &data->columns[c], NULL) != SB_OK) {
            fail("data", NULL);
        }
    }
}

static void data_deinit(struct data *data)
{
    for (int32_t c = 0; c < data->schema->field_count; c++) {
        sb_buffer_release(data->columns[c]);
    }
    sb_buffer_release(data->validity);
    sb_buffer_release(data->texts);
    sb_buffer_release(data->text_bytes);
    sb_schema_release(data->schema);
}

/* Makes one value in ten of column 1 null. */
static void data_add_nulls(struct data *data)
{
    if (sb_buffer_create(data->memory, sb_bitmap_size(data->row_count), &data->validity, NULL) !=
        SB_OK) {
        fail("nulls", NULL);
    }
    memset(data->validity->data, 0xff, (size_t)data->validity->size);
    for (int64_t i = 0; i < data->row_count; i++) {
        if ((uint64_t)i * UINT64_C(0x9e3779b97f4a7c15) < UINT64_MAX / 10) {
            sb_bitmap_clear(data->validity->data, i);
        }
    }
}

/* Spells the numbers of column 0 as "id_123". */
static void data_spell(struct data *data)
{
    int32_t *offsets;
    int32_t size = 0;

    data->schema->fields[0].type.id = SB_TYPE_UTF8;
    if (sb_buffer_create(data->memory, (data->row_count + 1) * 4, &data->texts, NULL) != SB_OK ||
        sb_buffer_create(data->memory, data->row_count * 12, &data->text_bytes, NULL) != SB_OK) {
        fail("text", NULL);
    }
    offsets = (int32_t *)(void *)data->texts->data;
    for (int64_t i = 0; i < data->row_count; i++) {
        offsets[i] = size;
        size += sprintf((char *)data->text_bytes->data + size, "id_%03" PRId64, column(data, 0)[i]);
    }
    offsets[data->row_count] = size;
}

static void data_morsel(const struct data *data, int64_t first, struct sb_batch *out)
{
    int64_t count = data->row_count - first;

    count = count < MORSEL_ROWS ? count : MORSEL_ROWS;
    if (sb_batch_init(out, data->memory, data->schema, count, NULL) != SB_OK) {
        fail("batch", NULL);
    }
    for (int32_t c = 0; c < data->schema->field_count; c++) {
        out->columns[c] = (struct sb_column){
            .type = &data->schema->fields[c].type,
            .length = count,
            .values = column(data, c) + first,
            .owner = sb_buffer_retain(data->columns[c]),
        };
    }
    if (data->validity != NULL) {
        out->columns[1].validity = data->validity->data;
        out->columns[1].values = column(data, 1);
        out->columns[1].offset = first;
        out->columns[1].null_count = -1;
    }
    if (data->texts != NULL) {
        out->columns[0].values = (const int32_t *)(const void *)data->texts->data + first;
        out->columns[0].bytes = data->text_bytes->data;
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
    int64_t elapsed_ns;
    int64_t processor_ns;
    int64_t build_ns; // of elapsed: before the first probe, or after the last row
};

static int64_t processor_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void timing_begin(struct timing *timing)
{
    timing->elapsed_ns = -sb_clock_now_ns();
    timing->processor_ns = -processor_now_ns();
}

static void timing_end(struct timing *timing)
{
    timing->elapsed_ns += sb_clock_now_ns();
    timing->processor_ns += processor_now_ns();
}

static void rows_expect(const struct op_harness *harness, int64_t row_count)
{
    if (harness->rows_out != row_count) {
        fprintf(stderr, "keyed_bench: %" PRId64 " rows came out\n", harness->rows_out);
        exit(1);
    }
}

static void group_once(const struct data *data, const struct settings *settings,
                       int64_t group_count, struct timing *out)
{
    int32_t keys[] = {0};
    struct sb_aggregate_call calls[] = {
        {.function = SB_AGGREGATE_SUM, .column = 1, .result = {.id = SB_TYPE_INT64}, .name = "s"},
        {.function = SB_AGGREGATE_SUM, .column = 2, .result = {.id = SB_TYPE_FLOAT64}, .name = "S"},
        {.function = SB_AGGREGATE_COUNT_ROWS,
         .column = -1,
         .result = {.id = SB_TYPE_INT64},
         .name = "n"},
    };
    bool is_wide = data->schema->field_count == 3;
    struct sb_node source = {.schema = data->schema};
    struct sb_node *inputs[] = {&source};
    struct sb_node node = {
        .inputs = inputs,
        .input_count = 1,
        .max_parallelism = 128,
        .spec.aggregate = {.key_count = 1,
                           .keys = keys,
                           .call_count = is_wide ? 3 : 1,
                           .calls = calls},
    };
    struct sb_memory *memory = sb_memory_create(0);
    struct op_harness harness;

    // The columns of "k", and of each call.
    struct sb_field fields[] = {
        data->schema->fields[0],
        {.name = "s", .type = {.id = SB_TYPE_INT64}},
        {.name = "S", .type = {.id = SB_TYPE_FLOAT64}},
        {.name = "n", .type = {.id = SB_TYPE_INT64}},
    };
    if (sb_schema_create(memory, fields, is_wide ? 4 : 2, &node.schema, NULL) != SB_OK) {
        fail("schema", NULL);
    }
    timing_begin(out);
    if (op_harness_init(&harness, sb_aggregate_create, &node, memory, settings->thread_count) !=
        SB_OK) {
        fail("aggregate", &harness.error);
    }
    harness.drops_output = true;
    drive_run(&harness, data, 0, settings->thread_count);
    out->build_ns = -sb_clock_now_ns();
    drive_end(&harness, settings->thread_count);
    out->build_ns += sb_clock_now_ns();
    rows_expect(&harness, group_count);
    op_harness_deinit(&harness);
    timing_end(out);
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

    node.schema = schema_make("kp");
    timing_begin(out);
    out->build_ns = -sb_clock_now_ns();
    if (op_harness_init(&harness, sb_hash_join_create, &node, memory, settings->thread_count) !=
        SB_OK) {
        fail("join", &harness.error);
    }
    harness.drops_output = true;
    drive_run(&harness, build, 1, settings->thread_count);
    drive_end(&harness, settings->thread_count);
    out->build_ns += sb_clock_now_ns();
    drive_run(&harness, probe, 0, settings->thread_count);
    rows_expect(&harness, probe->row_count);
    op_harness_deinit(&harness);
    timing_end(out);
    sb_schema_release(node.schema);
    sb_memory_release(memory);
}

static int timing_compare(const void *a, const void *b)
{
    const struct timing *x = a;
    const struct timing *y = b;

    return (x->processor_ns > y->processor_ns) - (x->processor_ns < y->processor_ns);
}

static void timings_print(const char *name, struct timing *timings, int32_t count,
                          const struct settings *settings)
{
    double rows = (double)settings->row_count;
    struct timing *median = &timings[count / 2];

    qsort(timings, (size_t)count, sizeof *timings, timing_compare);
    printf("%-22s %d threads: processor %6.2f (best %6.2f)  elapsed %6.2f (%s %.2f) ns/row\n", name,
           settings->thread_count, (double)median->processor_ns / rows,
           (double)timings[0].processor_ns / rows,
           (double)median->elapsed_ns * settings->thread_count / rows,
           name[0] == 'j' ? "build" : "end",
           (double)median->build_ns * settings->thread_count / rows);
    fflush(stdout);
}

static void data_fill(struct data *data, int64_t key_count, int64_t factor)
{
    uint64_t random = UINT64_C(0x9e3779b97f4a7c15);

    for (int64_t i = 0; i < data->row_count; i++) {
        uint64_t key = i < key_count ? (uint64_t)i : random_next(&random) % (uint64_t)key_count;
        column(data, 0)[i] = (int64_t)(key * (uint64_t)factor);
        for (int32_t c = 1; c < data->schema->field_count; c++) {
            uint64_t value = random_next(&random) % 1000;
            double fraction = (double)value / 1000;
            if (c == 1) {
                column(data, c)[i] = (int64_t)value;
            } else {
                memcpy(&column(data, c)[i], &fraction, sizeof fraction);
            }
        }
    }
}

static void run_case(const char *name, const struct settings *settings)
{
    bool is_join = strncmp(name, "join:", 5) == 0;
    int64_t key_count = strtoll(strchr(name, ':') + 1, NULL, 10);
    int64_t factor = strstr(name, ":sparse") != NULL ? SPARSE_FACTOR : 1;
    struct timing timings[REPEAT_MAX];
    struct data rows;
    struct data build;

    data_init(&rows,
              schema_make(is_join          ? "k"
                          : name[0] == 's' ? "kv"
                                           : "kvX"),
              settings->row_count);
    data_fill(&rows, key_count, factor);
    if (name[0] == 'n') {
        data_add_nulls(&rows);
    }
    if (name[0] == 't') {
        data_spell(&rows);
    }
    data_init(&build, schema_make("kp"), is_join ? key_count : 0);
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
        "sum:100:sparse",       "sum:10000:sparse",      "sum:1000000:sparse",
        "sum:10000000:sparse",  "group:100:sparse",      "group:10000:sparse",
        "group:1000000:sparse", "group:10000000:sparse", "join:10000:sparse",
        "join:1000000:sparse",  "join:10000000:sparse",  "join:10000:dense",
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
