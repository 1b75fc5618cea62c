// SPDX-License-Identifier: Apache-2.0
/*
 * columnar_bench.c - what gathering and hashing a row costs, by type, with and without nulls.
 *
 * usage: columnar_bench. Columns of 65,536 random rows. `select` gathers every other row on
 * average, as a filter leaves them; `random` gathers in random order, as a join does; `hash` hashes
 * all rows. Prints nanoseconds per row, the best of some passes, as one line of JSON per column.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "columnar/builder.h"

enum { ROW_COUNT = 65536, PASS_COUNT = 30, TEXT_SIZE_MAX = 64 };

struct subject {
    const char *name;
    enum sb_type_id id;
    int text_size_min;
    int text_size_max;
};

static const struct subject subjects[] = {
    {"bool", SB_TYPE_BOOL, 0, 0},
    {"int8", SB_TYPE_INT8, 0, 0},
    {"int32", SB_TYPE_INT32, 0, 0},
    {"int64", SB_TYPE_INT64, 0, 0},
    {"float64", SB_TYPE_FLOAT64, 0, 0},
    {"decimal128", SB_TYPE_DECIMAL128, 0, 0},
    {"utf8 of 8", SB_TYPE_UTF8, 8, 8},
    {"utf8 of 0-24", SB_TYPE_UTF8, 0, 24},
    {"utf8 of 50", SB_TYPE_UTF8, 50, 50},
    {"utf8_view of 8", SB_TYPE_UTF8_VIEW, 8, 8},
    {"utf8_view of 50", SB_TYPE_UTF8_VIEW, 50, 50},
};

static uint32_t selected_rows[ROW_COUNT];
static int64_t selected_count;
static uint32_t random_rows[ROW_COUNT];
static uint64_t hashes[ROW_COUNT];

static void check(enum sb_status status)
{
    if (status != SB_OK) {
        fprintf(stderr, "columnar_bench: status %d\n", status);
        exit(1);
    }
}

static uint64_t random_next(void)
{
    static uint64_t state = 1;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void column_build(const struct subject *subject, const struct sb_type *type, bool has_nulls,
                         struct sb_memory *memory, struct sb_column *out)
{
    int span = subject->text_size_max - subject->text_size_min + 1;
    struct sb_builder builder;

    sb_builder_init(&builder, memory, type);
    for (int i = 0; i < ROW_COUNT; i++) {
        uint64_t value[TEXT_SIZE_MAX / 8] = {random_next()};

        if (has_nulls && random_next() % 10 == 0) {
            check(sb_builder_append_null(&builder, NULL));
        } else if (sb_type_is_variable(type->id)) {
            int size = subject->text_size_min + (int)(random_next() % (uint64_t)span);

            check(sb_builder_append_bytes(&builder, value, size, NULL));
        } else {
            check(sb_builder_append_fixed(&builder, value, NULL));
        }
    }
    check(sb_builder_finish(&builder, out, NULL));
}

static double gather_ns(const struct sb_column *column, const uint32_t *rows, int64_t count,
                        struct sb_memory *memory)
{
    int64_t best = INT64_MAX;

    for (int pass = 0; pass < PASS_COUNT; pass++) {
        int64_t start = sb_clock_now_ns();
        struct sb_column gathered;
        int64_t elapsed;

        check(sb_column_gather(column, rows, count, memory, &gathered, NULL));
        sb_column_deinit(&gathered);
        elapsed = sb_clock_now_ns() - start;
        best = elapsed < best ? elapsed : best;
    }
    return (double)best / (double)count;
}

static double hash_ns(const struct sb_column *column)
{
    int64_t best = INT64_MAX;

    for (int pass = 0; pass < PASS_COUNT; pass++) {
        int64_t start = sb_clock_now_ns();
        int64_t elapsed;

        sb_column_hash(column, NULL, ROW_COUNT, true, hashes);
        elapsed = sb_clock_now_ns() - start;
        best = elapsed < best ? elapsed : best;
    }
    return (double)best / ROW_COUNT;
}

int main(void)
{
    struct sb_memory *memory = sb_memory_create(0);

    for (uint32_t i = 0; i < ROW_COUNT; i++) {
        selected_rows[selected_count] = i;
        selected_count += (int64_t)(random_next() % 2);
        random_rows[i] = (uint32_t)(random_next() % ROW_COUNT);
    }
    for (size_t i = 0; i < 2 * (sizeof subjects / sizeof *subjects); i++) {
        const struct subject *subject = &subjects[i / 2];
        struct sb_type type = {.id = subject->id, .precision = 38};
        bool has_nulls = i % 2 == 1;
        struct sb_column column;

        column_build(subject, &type, has_nulls, memory, &column);
        printf("{\"column\": \"%s\", \"nulls\": %s, \"select_ns\": %.2f, \"random_ns\": %.2f, "
               "\"hash_ns\": %.2f}\n",
               subject->name, has_nulls ? "0.1" : "0",
               gather_ns(&column, selected_rows, selected_count, memory),
               gather_ns(&column, random_rows, ROW_COUNT, memory), hash_ns(&column));
        fflush(stdout);
        sb_column_deinit(&column);
    }
    sb_memory_release(memory);
    return 0;
}
