// SPDX-License-Identifier: Apache-2.0
#include "state/word_table.h"

#include <stdlib.h>

#include "support/allocation.h"
#include "support/seed.h"
#include "support/test.h"

enum { ROW_WORDS = 3, STRIDE = 2 };

static const uint64_t initial[ROW_WORDS] = {0, 5, 0};

static uint64_t key_make(uint64_t seed, int64_t n)
{
    return n == 1 ? SB_WORD_EMPTY : n % 3 == 0 ? (uint64_t)n : seed ^ ((uint64_t)n << 40);
}

/* Counts each of `key_count` keys as often as asked. */
static enum sb_status table_count(struct sb_word_table *table, uint64_t seed, int64_t key_count,
                                  int64_t times)
{
    for (int64_t t = 0; t < times * key_count; t += SB_WORD_CHUNK) {
        uint64_t keys[2 * SB_WORD_CHUNK * STRIDE] = {0}; // as far as guessing reads ahead
        uint64_t *rows[SB_WORD_CHUNK];
        int64_t count = times * key_count - t;

        count = count < SB_WORD_CHUNK ? count : SB_WORD_CHUNK;
        for (int64_t i = 0; i < count; i++) {
            keys[i * STRIDE] = key_make(seed, (t + i) % key_count * 7 % key_count);
        }
        SB_TRY_RETURN(sb_word_table_guess(table, keys, STRIDE, count, rows, NULL));
        for (int64_t i = 0; i < count; i++) {
            uint64_t *row = sb_word_table_settle(table, keys[i * STRIDE], rows[i]);
            assert_int_equal(row[0], keys[i * STRIDE]);
            assert_int_equal(row[1], 5);
            row[2]++;
        }
    }
    return SB_OK;
}

static void counts_each_key(void **state)
{
    static const int64_t key_counts[] = {1, 2, 15, 16, 17, 1000, 1023, 1024, 1025, 100003};
    uint64_t seed = test_seed();

    for (size_t k = 0; k < sizeof key_counts / sizeof key_counts[0]; k++) {
        struct sb_memory *memory = sb_memory_create(0);
        struct sb_word_table table;

        sb_word_table_init(&table, memory, ROW_WORDS, initial);
        assert_int_equal(table_count(&table, seed, key_counts[k], 3), SB_OK);
        assert_int_equal(table.row_count, key_counts[k]);
        for (int64_t first = 0, count; first < table.row_count; first += count) {
            count = table.row_count - first;
            const uint64_t *rows = sb_word_table_run(&table, first, &count);
            assert_true(count > 0);
            for (int64_t i = 0; i < count; i++) {
                assert_int_equal(rows[i * ROW_WORDS + 2], 3);
            }
        }
        sb_word_table_deinit(&table);
        sb_memory_release(memory);
    }
}

static enum sb_status attempt_count(struct sb_memory *memory, void *context)
{
    struct sb_word_table table;
    enum sb_status status;

    sb_word_table_init(&table, memory, ROW_WORDS, initial);
    status = table_count(&table, 1, 20000, 1);
    sb_word_table_deinit(&table);
    return status;
}

static void survives_each_refused_allocation(void **state)
{
    test_allocations(attempt_count, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_each_key),
        cmocka_unit_test(survives_each_refused_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
