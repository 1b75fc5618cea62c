// SPDX-License-Identifier: Apache-2.0
#include "state/word_set.h"

#include <stdlib.h>

#include "support/allocation.h"
#include "support/seed.h"
#include "support/test.h"

/* Row number `n`: 0 is the row of zeros, others have one word of 0, are dense or are anywhere. */
static void row_make(uint64_t seed, int64_t n, uint64_t *row)
{
    uint64_t spread = seed ^ (uint64_t)n * UINT64_C(0x9e3779b97f4a7c15);

    row[0] = n % 3 == 0 ? (uint64_t)n : n % 3 == 1 ? spread : 0;
    row[1] = n == 0 ? 0 : n % 3 == 1 ? (uint64_t)n % 7 : n % 3 == 2 ? (uint64_t)n : 0;
}

/* The words of rows of one word: row_make() would give 0 too often. */
static void word_make(uint64_t seed, int64_t n, uint64_t *row)
{
    row[0] = n == 0 ? 0 : n % 2 == 0 ? (uint64_t)n : seed ^ (uint64_t)n << 40 ^ (uint64_t)n;
}

struct job {
    uint64_t seed;
    int32_t row_words;
    int64_t row_count;
};

static void job_row(const struct job *job, int64_t n, uint64_t *row)
{
    if (job->row_words == 1) {
        word_make(job->seed, n, row);
    } else {
        row_make(job->seed, n, row);
    }
}

/* Inserts each row `times` times, `stride` words apart, and checks which are said to be new. */
static enum sb_status rows_insert(struct sb_word_set *set, const struct job *job, int64_t times,
                                  int64_t stride)
{
    uint64_t words[SB_WORD_SET_WIDTH_MAX * SB_WORD_SET_CHUNK * SB_WORD_SET_WIDTH_MAX];
    uint16_t fresh[SB_WORD_SET_CHUNK];
    const uint64_t *columns[SB_WORD_SET_WIDTH_MAX] = {words, words + SB_WORD_SET_CHUNK * stride};

    for (int64_t t = 0; t < times * job->row_count; t += SB_WORD_SET_CHUNK) {
        int64_t count = times * job->row_count - t;
        int64_t fresh_count;
        int64_t expected;

        count = count < SB_WORD_SET_CHUNK ? count : SB_WORD_SET_CHUNK;
        for (int64_t i = 0; i < count; i++) {
            uint64_t row[SB_WORD_SET_WIDTH_MAX];
            job_row(job, (t + i) % job->row_count, row);
            for (int32_t w = 0; w < job->row_words; w++) {
                words[w * SB_WORD_SET_CHUNK * stride + i * stride] = row[w];
            }
        }
        SB_TRY_RETURN(sb_word_set_reserve(set, count, NULL));
        fresh_count = sb_word_set_insert(set, columns, stride, count, fresh);
        expected = t >= job->row_count          ? 0
                   : job->row_count - t < count ? job->row_count - t
                                                : count;
        assert_int_equal(fresh_count, expected);
        for (int64_t i = 0; i < fresh_count; i++) {
            assert_int_equal(fresh[i], i);
        }
    }
    return SB_OK;
}

static int words_compare(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    return x[0] != y[0] ? (x[0] > y[0]) - (x[0] < y[0]) : (x[1] > y[1]) - (x[1] < y[1]);
}

/* What the set says it has is each row once. */
static void rows_check(const struct sb_word_set *set, const struct job *job)
{
    size_t size = sizeof(uint64_t) * 2;
    uint64_t *expected = calloc((size_t)job->row_count, size);
    uint64_t *found = calloc((size_t)job->row_count, size);
    uint64_t words[SB_WORD_SET_WIDTH_MAX][100];
    uint64_t *columns[] = {words[0], words[1]};
    int64_t position = 0;
    int64_t total = 0;
    int64_t count;

    while ((count = sb_word_set_next(set, &position, 100, columns)) > 0) {
        assert_true(total + count <= job->row_count);
        for (int64_t i = 0; i < count; i++) {
            for (int32_t w = 0; w < job->row_words; w++) {
                found[2 * (total + i) + w] = words[w][i];
            }
        }
        total += count;
    }
    assert_int_equal(total, job->row_count);
    for (int64_t n = 0; n < job->row_count; n++) {
        job_row(job, n, expected + 2 * n);
    }
    qsort(expected, (size_t)job->row_count, size, words_compare);
    qsort(found, (size_t)job->row_count, size, words_compare);
    assert_memory_equal(found, expected, size * (size_t)job->row_count);
    free(expected);
    free(found);
}

static void has_each_row_once_through_growth(void **state)
{
    static const int64_t row_counts[] = {1, 2, 7, 8, 9, 255, 256, 257, 50000};
    struct job job = {.seed = test_seed()};

    for (job.row_words = 1; job.row_words <= SB_WORD_SET_WIDTH_MAX; job.row_words++) {
        for (size_t r = 0; r < sizeof row_counts / sizeof row_counts[0]; r++) {
            struct sb_memory *memory = sb_memory_create(0);
            struct sb_word_set set;

            job.row_count = row_counts[r];
            sb_word_set_init(&set, memory, job.row_words);
            assert_int_equal(rows_insert(&set, &job, 3, 1 + (int64_t)r % 2), SB_OK);
            assert_int_equal(set.row_count, job.row_count);
            rows_check(&set, &job);
            sb_word_set_reset(&set);
            assert_int_equal(set.row_count, 0);
            assert_int_equal(rows_insert(&set, &job, 2, 1), SB_OK);
            rows_check(&set, &job);
            sb_word_set_deinit(&set);
            sb_memory_release(memory);
        }
    }
}

static void an_empty_set_has_no_rows(void **state)
{
    uint64_t word;
    uint64_t *columns[] = {&word};
    struct sb_word_set set;
    int64_t position = 0;

    sb_word_set_init(&set, sb_memory_global(), 1);
    assert_int_equal(sb_word_set_next(&set, &position, 1, columns), 0);
    sb_word_set_reset(&set);
    sb_word_set_deinit(&set);
}

static enum sb_status attempt(struct sb_memory *memory, void *context)
{
    const struct job *job = context;
    struct sb_word_set set;
    enum sb_status status;

    sb_word_set_init(&set, memory, job->row_words);
    status = rows_insert(&set, job, 1, 1);
    sb_word_set_deinit(&set);
    return status;
}

static void a_refused_growth_leaves_the_set_as_it_was(void **state)
{
    struct job job = {.seed = test_seed(), .row_words = 2, .row_count = 3000};

    test_allocations(attempt, &job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_each_row_once_through_growth),
        cmocka_unit_test(an_empty_set_has_no_rows),
        cmocka_unit_test(a_refused_growth_leaves_the_set_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
