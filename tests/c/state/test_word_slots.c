// SPDX-License-Identifier: Apache-2.0
#include "state/word_slots.h"

#include <stdlib.h>

#include "support/allocation.h"
#include "support/seed.h"
#include "support/test.h"

enum { KEY_COUNT = 3000, ROW_WORDS = 3 };

static const uint64_t initial[ROW_WORDS] = {0, 7, 0};

/* Key number `n`; one of them is the mark of empty slots. */
static uint64_t key_make(uint64_t seed, int64_t n)
{
    return n == 1 ? SB_WORD_EMPTY : n % 3 == 0 ? (uint64_t)n : seed ^ ((uint64_t)n << 40);
}

/* Counts each key as often as asked, growing the table on the way. */
static enum sb_status slots_count(struct sb_word_slots *slots, uint64_t seed, int64_t times)
{
    for (int64_t t = 0; t < times * KEY_COUNT;) {
        uint64_t keys[100];
        uint64_t *rows[100];
        int64_t count = times * KEY_COUNT - t < 100 ? times * KEY_COUNT - t : 100;
        int64_t done;

        for (int64_t i = 0; i < count; i++) {
            keys[i] = key_make(seed, (t + i) * 7 % KEY_COUNT);
        }
        done = sb_word_slots_upsert(slots, keys, count, rows);
        for (int64_t i = 0; i < done; i++) {
            assert_int_equal(rows[i][0], keys[i]);
            assert_int_equal(rows[i][1], 7);
            rows[i][2]++;
        }
        t += done;
        if (done < count) {
            assert_int_equal(slots->row_count, slots->pair_count);
            SB_TRY_RETURN(sb_word_slots_resize(slots, 2 * slots->pair_count, NULL));
        }
    }
    return SB_OK;
}

static void finds_each_key_again_through_growth(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    uint64_t seed = test_seed();
    struct sb_word_slots slots;

    sb_word_slots_init(&slots, memory, ROW_WORDS, initial);
    assert_int_equal(sb_word_slots_resize(&slots, 1, NULL), SB_OK);
    assert_int_equal(slots_count(&slots, seed, 3), SB_OK);
    assert_int_equal(slots.row_count, KEY_COUNT);
    for (int64_t n = 0; n < KEY_COUNT; n++) {
        uint64_t key = key_make(seed, n);
        const uint64_t *row =
            sb_word_slots_find(&slots, sb_word_slots_pair(&slots, sb_word_slots_hash(key)), key);
        assert_non_null(row);
        assert_int_equal(row[2], 3);
    }
    assert_null(sb_word_slots_find(&slots, sb_word_slots_pair(&slots, sb_word_slots_hash(4711)),
                                   UINT64_C(1) << 63 | 4711));
    sb_word_slots_deinit(&slots);
    sb_memory_release(memory);
}

static void reads_each_row_once(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_word_slots slots;
    uint64_t *rows[17];
    int64_t position = 0;
    int64_t row_count = 0;
    int64_t total = 0;
    int64_t count;

    sb_word_slots_init(&slots, memory, ROW_WORDS, initial);
    assert_int_equal(sb_word_slots_resize(&slots, 1, NULL), SB_OK);
    assert_int_equal(slots_count(&slots, 99, 2), SB_OK);
    while ((count = sb_word_slots_next(&slots, &position, 17, rows)) > 0) {
        for (int64_t i = 0; i < count; i++) {
            total += (int64_t)rows[i][2];
        }
        row_count += count;
    }
    assert_int_equal(row_count, KEY_COUNT);
    assert_int_equal(total, 2 * KEY_COUNT);
    sb_word_slots_reset(&slots);
    position = 0;
    assert_int_equal(sb_word_slots_next(&slots, &position, 17, rows), 0);
    sb_word_slots_deinit(&slots);
    sb_memory_release(memory);
}

static void a_key_is_inserted_once(void **state)
{
    static const uint64_t keys[] = {0, UINT64_MAX, SB_WORD_EMPTY, 12, SB_WORD_EMPTY + 1};
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_word_slots slots;

    sb_word_slots_init(&slots, memory, 2, NULL);
    assert_int_equal(sb_word_slots_resize(&slots, 5, NULL), SB_OK);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t k = 0; k < 5; k++) {
            uint64_t row[2] = {keys[k], k};
            // Also when all of them collide.
            assert_int_equal(sb_word_slots_insert(&slots, sb_word_slots_pair(&slots, 0), row),
                             pass == 0);
        }
    }
    for (size_t k = 0; k < 5; k++) {
        uint64_t *pair = sb_word_slots_pair(&slots, 0);
        assert_int_equal(sb_word_slots_find(&slots, pair, keys[k])[1], k);
    }
    sb_word_slots_deinit(&slots);
    sb_memory_release(memory);
}

static enum sb_status attempt_count(struct sb_memory *memory, void *context)
{
    struct sb_word_slots slots;
    enum sb_status status;

    sb_word_slots_init(&slots, memory, ROW_WORDS, initial);
    status = sb_word_slots_resize(&slots, 1, NULL);
    if (status == SB_OK) {
        status = slots_count(&slots, 1, 1);
    }
    sb_word_slots_deinit(&slots);
    return status;
}

static void survives_each_refused_allocation(void **state)
{
    test_allocations(attempt_count, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_key_again_through_growth),
        cmocka_unit_test(reads_each_row_once),
        cmocka_unit_test(a_key_is_inserted_once),
        cmocka_unit_test(survives_each_refused_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
