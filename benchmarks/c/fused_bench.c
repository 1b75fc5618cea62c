// SPDX-License-Identifier: Apache-2.0
/*
 * fused_bench.c - runs of stateless operators, one by one and fused, without sources or Python.
 *
 *     fused_bench [--rows N] [--repeat N] [SHAPE...]
 *
 * Rows come in batches of 65,536 from five columns in memory: id and qty (int64), price and cost
 * (float64), name (utf8); qty is even over 0..99, price over 0..1. What comes out is made dense, as
 * in front of an exchange, or with `--lazy` dropped as it is. One thread. Prints the least
 * processor time of a repetition in nanoseconds per row, and how much faster fused is.
 */
#include <time.h>

#include "columnar/builder.h"
#include "exec/steps.h"
#include "support/seed.h"

enum { BATCH_ROWS = 64 * 1024, REPEAT_MAX = 99 };

struct shape {
    const char *name;
    const char *steps;
};

static const struct shape shapes[] = {
    {"five", "filter (less qty 50); map total = (multiply price qty); map total = (multiply total "
             "1.08); filter (greater total 5.0); select id total"},
    {"five_all", "filter (less qty 100); map total = (multiply price qty); map total = (multiply "
                 "total 1.08); filter (greater total -1.0); select id total"},
    {"five_few", "filter (less qty 5); map total = (multiply price qty); map total = (multiply "
                 "total 1.08); filter (greater total 2.0); select id total"},
    {"keep_all", "filter (less qty 50); map total = (multiply price qty); filter (greater total "
                 "5.0)"},
    {"map_filter_90", "map total = (multiply price qty); filter (less qty 90)"},
    {"map_filter_10", "map total = (multiply price qty); filter (less qty 10)"},
    {"filter_map_90", "filter (less qty 90); map total = (multiply price qty)"},
    {"filter_map_10", "filter (less qty 10); map total = (multiply price qty)"},
    {"filters", "filter (less qty 80); filter (greater price 0.2); filter (less price 0.8)"},
    {"filter_select", "filter (less qty 50); select id price"},
    {"maps", "map a = (multiply price qty); map b = (add a cost); map c = (multiply b b); select "
             "id c"},
    {"maps_all", "map a = (multiply price qty); map b = (add a cost); map c = (multiply b b)"},
    {"map_one", "map a = (multiply price qty)"},
    {"map_three", "map a = (multiply price qty) b = (add (multiply price qty) cost) c = (subtract "
                  "price cost)"},
    {"selects", "select id price qty; select id price"},
    {"common", "map a = (sqrt (add (multiply price price) (multiply cost cost))); filter (greater "
               "(sqrt (add (multiply price price) (multiply cost cost))) 0.5); map b = (divide "
               "(sqrt (add (multiply price price) (multiply cost cost))) 2.0); select a b"},
    {"text", "filter (less qty 50); map up = (upper name); filter (contains up 'A1'); select id "
             "up"},
    {"text_pass", "filter (less qty 50); map total = (multiply price qty); select name total"},
};
enum { SHAPE_COUNT = sizeof shapes / sizeof shapes[0] };

static struct sb_batch batch_make(int64_t row_count)
{
    struct sb_memory *memory = sb_memory_global();
    struct sb_builder builders[5];
    struct sb_schema *schema;
    struct sb_batch batch;
    uint64_t random = 7;

    assert_int_equal(
        test_schema_parse(
            memory, "id: int64, qty: int64, price: float64, cost: float64, name: utf8", &schema),
        SB_OK);
    for (int c = 0; c < 5; c++) {
        sb_builder_init(&builders[c], memory, &schema->fields[c].type);
    }
    for (int64_t i = 0; i < row_count; i++) {
        const int64_t qty = (int64_t)(test_random(&random) % 100);
        const double price = (double)(test_random(&random) % 1000000) / 1e6;
        const double cost = (double)(test_random(&random) % 1000000) / 1e6;
        char name[32];
        const int size =
            snprintf(name, sizeof name, "name a%d of all", (int)(test_random(&random) % 100000));

        assert_int_equal(sb_builder_append_fixed(&builders[0], &i, NULL), SB_OK);
        assert_int_equal(sb_builder_append_fixed(&builders[1], &qty, NULL), SB_OK);
        assert_int_equal(sb_builder_append_fixed(&builders[2], &price, NULL), SB_OK);
        assert_int_equal(sb_builder_append_fixed(&builders[3], &cost, NULL), SB_OK);
        assert_int_equal(sb_builder_append_bytes(&builders[4], (const uint8_t *)name, size, NULL),
                         SB_OK);
    }
    assert_int_equal(sb_batch_init(&batch, memory, schema, row_count, NULL), SB_OK);
    for (int c = 0; c < 5; c++) {
        assert_int_equal(sb_builder_finish(&builders[c], &batch.columns[c], NULL), SB_OK);
        sb_builder_deinit(&builders[c]);
    }
    sb_schema_release(schema);
    return batch;
}

static int64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000 + now.tv_nsec;
}

/* All rows once; the processor time. */
static int64_t run(struct test_chain *chain, const struct sb_batch *rows, bool is_lazy)
{
    const int64_t begin = cpu_ns();

    chain->drops_output = is_lazy;
    for (int64_t first = 0; first < rows->row_count; first += BATCH_ROWS) {
        const int64_t rest = rows->row_count - first;
        struct sb_batch batch;

        assert_int_equal(sb_batch_share(&batch, rows, NULL), SB_OK);
        sb_batch_slice(&batch, first, rest < BATCH_ROWS ? rest : BATCH_ROWS);
        assert_int_equal(test_chain_push(chain, &batch), SB_OK);
        for (int64_t i = 0; i < chain->batch_count; i++) {
            assert_int_equal(sb_batch_flatten(&chain->batches[i], NULL), SB_OK);
        }
        if (!is_lazy) {
            const int64_t row_count = chain->row_count;
            test_chain_clear(chain);
            chain->row_count = row_count;
        }
    }
    return cpu_ns() - begin;
}

static int compare_times(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void shape_run(const struct shape *shape, const struct sb_batch *rows, int repeat,
                      bool is_lazy)
{
    json_t *steps = steps_make(shape->steps);
    struct test_chain chains[2];
    int64_t times[2][REPEAT_MAX];
    int64_t counts[2];
    double ns[2];

    for (int f = 0; f < 2; f++) {
        assert_int_equal(
            test_chain_init(&chains[f], steps, f == 1, rows->schema, sb_memory_global()), SB_OK);
    }
    for (int r = 0; r < repeat; r++) {
        for (int f = 0; f < 2; f++) {
            chains[f].row_count = 0;
            times[f][r] = run(&chains[f], rows, is_lazy);
            counts[f] = chains[f].row_count;
        }
    }
    assert_int_equal(counts[0], counts[1]);
    for (int f = 0; f < 2; f++) {
        qsort(times[f], (size_t)repeat, sizeof times[f][0], compare_times);
        ns[f] = (double)times[f][repeat / 2] / (double)rows->row_count;
        test_chain_deinit(&chains[f]);
    }
    printf("%-16s %7.3f %7.3f ns/row  %5.2fx  %ld rows\n", shape->name, ns[0], ns[1], ns[0] / ns[1],
           (long)counts[0]);
    fflush(stdout);
    json_decref(steps);
}

int main(int argc, char **argv)
{
    int64_t row_count = 2000000;
    int repeat = 7;
    bool is_lazy = false;
    int first = 1;
    struct sb_batch rows;

    for (; first < argc && argv[first][0] == '-'; first++) {
        if (strcmp(argv[first], "--lazy") == 0) {
            is_lazy = true;
        } else if (strcmp(argv[first], "--rows") == 0 && first + 1 < argc) {
            row_count = atoll(argv[++first]);
        } else if (strcmp(argv[first], "--repeat") == 0 && first + 1 < argc) {
            repeat = atoi(argv[++first]);
        }
    }
    repeat = repeat < 1 ? 1 : repeat > REPEAT_MAX ? REPEAT_MAX : repeat;
    rows = batch_make(row_count);
    for (int i = 0; i < SHAPE_COUNT; i++) {
        bool is_wanted = first == argc;
        for (int a = first; a < argc; a++) {
            is_wanted |= strcmp(argv[a], shapes[i].name) == 0;
        }
        if (is_wanted) {
            shape_run(&shapes[i], &rows, repeat, is_lazy);
        }
    }
    sb_batch_deinit(&rows);
    return 0;
}
