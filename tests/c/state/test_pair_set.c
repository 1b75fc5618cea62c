// SPDX-License-Identifier: Apache-2.0
#include "state/pair_set.h"

#include <stdlib.h>

#include "support/allocation.h"
#include "support/seed.h"
#include "support/test.h"

enum { KEY_COUNT = 5, STRIDE = 2 };

/* What values look like. */
enum shape {
    SHAPE_CLOSE,    // a few thousand numbers around 0
    SHAPE_GROWING,  // the same, but the range moves on
    SHAPE_OUTLIERS, // the same, and now and then the ends of the world
    SHAPE_ANYWHERE,
    SHAPE_COUNT,
};

struct pair {
    uint64_t key;
    uint64_t value;
};

struct pairs {
    enum sb_row_kind kind;
    enum shape shape;
    int64_t count;
    struct pair *pairs; // with duplicates, as they come
};

static uint64_t value_make(enum shape shape, uint64_t *random, int64_t place)
{
    uint64_t number = test_random(random) % 5000 - 2500;

    switch (shape) {
    case SHAPE_GROWING:
        return number + (uint64_t)place;
    case SHAPE_OUTLIERS:
        return test_random(random) % 100 == 0 ? (UINT64_C(1) << 63) - 2 + test_random(random) % 4
                                              : number;
    case SHAPE_ANYWHERE:
        return test_random(random) >> (place % 64);
    default:
        return number;
    }
}

static void pairs_make(struct pairs *pairs, uint64_t seed)
{
    pairs->pairs = malloc(sizeof *pairs->pairs * (size_t)(pairs->count + SB_WORD_CHUNK));
    for (int64_t i = 0; i < pairs->count; i++) {
        // Key 0 has most of the pairs; one key is the mark of empty slots of the table of keys.
        uint64_t number = test_random(&seed) % 4 == 0 ? test_random(&seed) % KEY_COUNT : 0;
        pairs->pairs[i].key = number == 1 ? SB_WORD_EMPTY : number;
        pairs->pairs[i].value = value_make(pairs->shape, &seed, i);
    }
}

static enum sb_status pairs_insert(struct sb_pair_set *set, const struct pairs *pairs)
{
    for (int64_t first = 0, count = 1; first < pairs->count; first += count) {
        count = count * 5 % 1009; // pieces of many sizes
        count = count < pairs->count - first ? count : pairs->count - first;
        SB_TRY_RETURN(sb_pair_set_insert(set, &pairs->pairs[first].key, &pairs->pairs[first].value,
                                         STRIDE, count, NULL));
    }
    return SB_OK;
}

static int pairs_compare(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;

    return x->key != y->key ? (x->key > y->key) - (x->key < y->key)
                            : (x->value > y->value) - (x->value < y->value);
}

/* Sorts and drops duplicates. */
static int64_t pairs_unite(struct pair *pairs, int64_t count)
{
    int64_t kept = 0;

    qsort(pairs, (size_t)count, sizeof *pairs, pairs_compare);
    for (int64_t i = 0; i < count; i++) {
        if (kept == 0 || pairs_compare(&pairs[i], &pairs[kept - 1]) != 0) {
            pairs[kept++] = pairs[i];
        }
    }
    return kept;
}

/* The set has `expected`, in order, each once; `room` pairs are read at a time. */
static void set_check(const struct sb_pair_set *set, const struct pair *expected, int64_t count,
                      int64_t room)
{
    struct pair *found = malloc(sizeof *found * (size_t)(count + 1));
    uint64_t *keys = malloc(sizeof *keys * (size_t)room);
    uint64_t *values = malloc(sizeof *values * (size_t)room);
    struct sb_pair_cursor cursor = {0};
    int64_t total = 0;
    int64_t part;

    while ((part = sb_pair_set_next(set, &cursor, room, keys, values)) > 0) {
        assert_true(part <= room && total + part <= count);
        for (int64_t i = 0; i < part; i++) {
            found[total++] = (struct pair){keys[i], values[i]};
        }
    }
    assert_int_equal(total, count);
    assert_int_equal(pairs_unite(found, total), total); // none twice
    assert_memory_equal(found, expected, sizeof *found * (size_t)count);
    free(found);
    free(keys);
    free(values);
}

static void counts_check(const struct sb_pair_set *set, const struct pair *expected, int64_t count)
{
    int64_t counted = 0;

    for (int64_t first = 0, run; first < set->keys.row_count; first += run) {
        run = set->keys.row_count - first;
        const uint64_t *rows = sb_word_table_run(&set->keys, first, &run);
        for (int64_t i = 0; i < run; i++) {
            const uint64_t *row = rows + SB_PAIR_WORDS * i;
            int64_t of_key = 0;
            for (int64_t n = 0; n < count; n++) {
                of_key += expected[n].key == row[SB_PAIR_KEY];
            }
            assert_int_equal(row[SB_PAIR_COUNT], of_key);
            counted += of_key;
        }
    }
    assert_int_equal(counted, count);
}

static void has_each_pair_once_and_counts_by_key(void **state)
{
    static const enum sb_row_kind kinds[] = {SB_ROW_INT, SB_ROW_UINT, SB_ROW_FLOAT};
    uint64_t seed = test_seed();

    for (int32_t k = 0; k < 3; k++) {
        for (int32_t shape = 0; shape < SHAPE_COUNT; shape++) {
            struct sb_memory *memory = sb_memory_create(0);
            struct pairs pairs = {kinds[k], (enum shape)shape, 60000, NULL};
            struct sb_pair_set set;
            int64_t count;

            pairs_make(&pairs, seed + (uint64_t)shape);
            sb_pair_set_init(&set, memory, pairs.kind);
            assert_int_equal(pairs_insert(&set, &pairs), SB_OK);
            assert_int_equal(pairs_insert(&set, &pairs), SB_OK); // nothing new
            if (pairs.kind == SB_ROW_FLOAT || shape == SHAPE_ANYWHERE) {
                assert_int_equal(set.dense_count, 0);
            } else if (pairs.kind == SB_ROW_INT && shape != SHAPE_OUTLIERS) {
                assert_true(set.dense_count > 0);
            }
            count = pairs_unite(pairs.pairs, pairs.count);
            set_check(&set, pairs.pairs, count, 64 + shape);
            counts_check(&set, pairs.pairs, count);
            free(pairs.pairs);
            sb_pair_set_deinit(&set);
            sb_memory_release(memory);
        }
    }
}

/* A range that moves on is followed: what is left outside of bits is a part of them. */
static void bits_follow_a_range_that_grows(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_pair_set set;

    sb_pair_set_init(&set, memory, SB_ROW_INT);
    for (int64_t first = -100000; first < 900000; first += 1000) {
        uint64_t keys[1000 + SB_WORD_CHUNK] = {0};
        uint64_t values[1000];
        for (int64_t i = 0; i < 1000; i++) {
            values[i] = (uint64_t)(first + i);
        }
        assert_int_equal(sb_pair_set_insert(&set, keys, values, 1, 1000, NULL), SB_OK);
    }
    assert_int_equal(set.dense_count, 1);
    assert_true(set.sparse.row_count < 600000);
    assert_true(set.dense_bytes < 1000000 / 8 + 1000);
    sb_pair_set_deinit(&set);
    sb_memory_release(memory);
}

static enum sb_status attempt(struct sb_memory *memory, void *context)
{
    const struct pairs *pairs = context;
    struct sb_pair_set set;
    enum sb_status status;

    sb_pair_set_init(&set, memory, pairs->kind);
    status = pairs_insert(&set, pairs);
    sb_pair_set_deinit(&set);
    return status;
}

static void refused_memory_leaves_nothing_behind(void **state)
{
    struct pairs pairs = {SB_ROW_INT, SHAPE_GROWING, 20000, NULL};

    pairs_make(&pairs, test_seed());
    test_allocations(attempt, &pairs);
    free(pairs.pairs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_each_pair_once_and_counts_by_key),
        cmocka_unit_test(bits_follow_a_range_that_grows),
        cmocka_unit_test(refused_memory_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
