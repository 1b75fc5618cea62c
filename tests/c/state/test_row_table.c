// SPDX-License-Identifier: Apache-2.0
#include "state/row_table.h"

#include <stdlib.h>

#include "state/row_chunk.h"
#include "support/allocation.h"
#include "support/seed.h"
#include "support/test.h"

/* Keys of a number and a text, either of which may be null; one word of payload. */
enum { KEY_COUNT = 2, FIELD_COUNT = 3, NUMBERS = 40, TEXTS = 40, ROUND = 700 };

/* Bits of the hash that may be set: all, no tag (as an empty slot has none), few homes, one hash.
 */
static const uint64_t hash_masks[] = {UINT64_MAX, UINT64_MAX >> 16, 0xffff000000000fff, 0};
static uint64_t hash_mask = UINT64_MAX;

static const char long_text[] = "forty characters of which the key takes some";

struct fixture {
    struct sb_memory *memory;
    struct sb_row_layout layout;
    struct sb_row_table table;
    struct sb_row_chunk *chunk;
    uint64_t initial[8];
};

static enum sb_status fixture_init(struct fixture *fixture, struct sb_memory *memory, bool has_link)
{
    static const enum sb_row_kind kinds[] = {SB_ROW_INT, SB_ROW_TEXT, SB_ROW_UINT};
    struct sb_row_layout_options options = {
        .kinds = kinds,
        .field_count = FIELD_COUNT,
        .key_count = KEY_COUNT,
        .has_hash = true,
        .has_link = has_link,
        .has_nulls = true,
    };

    *fixture = (struct fixture){.memory = memory};
    SB_TRY_RETURN(sb_row_layout_init(&fixture->layout, memory, &options, NULL));
    assert_true(fixture->layout.row_words <= 8);
    sb_row_table_init(&fixture->table, memory, &fixture->layout, fixture->initial);
    return sb_row_chunk_create(memory, FIELD_COUNT, &fixture->chunk, NULL);
}

static void fixture_deinit(struct fixture *fixture)
{
    sb_row_table_deinit(&fixture->table);
    sb_row_chunk_destroy(fixture->chunk);
    sb_row_layout_deinit(&fixture->layout);
}

/* Key number `n`, of NUMBERS * TEXTS; the first number and the first text are null. */
static void key_put(struct sb_row_chunk *chunk, int64_t i, int64_t n, bool may_be_null)
{
    int64_t number = n % NUMBERS;
    int64_t size = n / NUMBERS;
    struct sb_text text = sb_text_make((const uint8_t *)long_text, size);

    chunk->scratches[0].words[i] = may_be_null && number == 0 ? 0 : (uint64_t)number;
    chunk->scratches[0].nulls[i] = may_be_null && number == 0;
    chunk->scratches[1].words[2 * i] = text.head;
    chunk->scratches[1].words[2 * i + 1] = text.tail;
    chunk->scratches[1].nulls[i] = may_be_null && size == 0;
}

/* `count` keys from a sequence that comes to every key. */
static void keys_make(struct sb_row_chunk *chunk, int64_t first, int64_t count, bool may_be_null)
{
    static const enum sb_row_kind kinds[] = {SB_ROW_INT, SB_ROW_TEXT, SB_ROW_UINT};

    for (int64_t i = 0; i < count; i++) {
        key_put(chunk, i, (first + i) * 7 % (NUMBERS * TEXTS), may_be_null);
    }
    for (int32_t k = 0; k < FIELD_COUNT; k++) {
        chunk->vectors[k] = (struct sb_row_vector){kinds[k], chunk->scratches[k].words,
                                                   may_be_null ? chunk->scratches[k].nulls : NULL};
    }
    sb_row_chunk_hash(chunk, KEY_COUNT, count);
    for (int64_t i = 0; i < count; i++) {
        chunk->hashes[i] &= hash_mask;
    }
}

static enum sb_status table_count(struct fixture *fixture, int64_t times)
{
    int32_t word = fixture->layout.fields[2].word;

    for (int64_t t = 0; t < times * NUMBERS * TEXTS; t += ROUND) {
        int64_t count = times * NUMBERS * TEXTS - t;

        count = count < ROUND ? count : ROUND;
        keys_make(fixture->chunk, t, count, true);
        SB_TRY_RETURN(sb_row_table_upsert(&fixture->table, fixture->chunk->vectors,
                                          fixture->chunk->hashes, count, fixture->chunk->rows,
                                          NULL));
        for (int64_t i = 0; i < count; i++) {
            fixture->chunk->rows[i][word]++;
        }
    }
    return SB_OK;
}

static void upsert_makes_one_row_per_key(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_row_cursor cursor = {0};
    struct fixture fixture;
    uint64_t *rows[33];
    int64_t count;

    assert_int_equal(fixture_init(&fixture, memory, false), SB_OK);
    for (size_t pass = 0; pass < sizeof hash_masks / sizeof hash_masks[0]; pass++) {
        hash_mask = hash_masks[pass];
        assert_int_equal(table_count(&fixture, 3), SB_OK);
        assert_int_equal(fixture.table.store.row_count, NUMBERS * TEXTS);
        cursor = (struct sb_row_cursor){0};
        while ((count = sb_row_cursor_next(&cursor, &fixture.table.store, 33, rows)) > 0) {
            for (int64_t i = 0; i < count; i++) {
                assert_int_equal(rows[i][fixture.layout.fields[2].word], 3);
            }
        }
        sb_row_table_reset(&fixture.table);
    }
    hash_mask = UINT64_MAX;
    fixture_deinit(&fixture);
    sb_memory_release(memory);
}

/* Rows for the first half of the keys, key n with n % 4 of them. */
static enum sb_status rows_append(struct fixture *fixture)
{
    const struct sb_row_layout *layout = &fixture->layout;

    for (int64_t n = 0; n < NUMBERS * TEXTS / 2; n++) {
        keys_make(fixture->chunk, n * 1143, 1, false); // 1143 * 7 % 1600 is 1
        for (int64_t copy = 0; copy < n % 4; copy++) {
            uint64_t *row;
            SB_TRY_RETURN(sb_row_store_append(&fixture->table.store, &row, NULL));
            memset(row, 0, sizeof *row * (size_t)layout->row_words);
            row[layout->hash_word] = fixture->chunk->hashes[0];
            for (int32_t k = 0; k < KEY_COUNT; k++) {
                sb_row_field_store(&layout->fields[k], &row, 1, &fixture->chunk->vectors[k]);
            }
        }
    }
    return SB_OK;
}

static void chains_are_whole(void)
{
    struct sb_memory *memory = sb_memory_create(0);
    const struct sb_row_table *tables[SB_ROW_CHUNK];
    struct fixture fixture;
    bool has_chains;

    assert_int_equal(fixture_init(&fixture, memory, true), SB_OK);
    assert_int_equal(rows_append(&fixture), SB_OK);
    assert_int_equal(sb_row_table_link(&fixture.table, &has_chains, NULL), SB_OK);
    assert_true(has_chains);
    for (int64_t n = 0; n < NUMBERS * TEXTS; n++) {
        int64_t length = 0;
        tables[0] = &fixture.table;
        keys_make(fixture.chunk, n * 1143, 1, false);
        sb_row_table_find(tables, fixture.chunk->vectors, fixture.chunk->hashes, 1,
                          fixture.chunk->rows);
        for (const uint64_t *row = fixture.chunk->rows[0]; row != NULL;
             row = (const uint64_t *)(uintptr_t)row[fixture.layout.link_word]) {
            length++;
        }
        assert_int_equal(length, n < NUMBERS * TEXTS / 2 ? n % 4 : 0);
    }
    fixture_deinit(&fixture);
    sb_memory_release(memory);
}

static void link_chains_the_rows_of_a_key(void **state)
{
    for (size_t i = 0; i < sizeof hash_masks / sizeof hash_masks[0]; i++) {
        hash_mask = hash_masks[i];
        chains_are_whole();
    }
    hash_mask = UINT64_MAX;
}

/* Of every other key in the table; every third is asked of no table. */
static void keys_are_found(struct fixture *fixture, int64_t first, int64_t count, bool may_be_null)
{
    const struct sb_row_table *tables[SB_ROW_CHUNK];
    struct sb_row_chunk *chunk = fixture->chunk;

    keys_make(chunk, first, count, may_be_null);
    for (int64_t i = 0; i < count; i++) {
        tables[i] = i % 3 == 0 ? NULL : &fixture->table;
    }
    sb_row_table_find(tables, chunk->vectors, chunk->hashes, count, chunk->rows);
    for (int64_t i = 0; i < count; i++) {
        int64_t n = (first + i) * 7 % (NUMBERS * TEXTS);
        bool was_null = n % NUMBERS == 0 || n / NUMBERS == 0; // 0 and no text are not in the table
        bool is_there = i % 3 != 0 && (first + i) % 2 == 0 && (may_be_null || !was_null);

        assert_int_equal(chunk->rows[i] != NULL, is_there);
        if (is_there) {
            assert_int_equal(chunk->rows[i][fixture->layout.fields[2].word], first + i + 1);
        }
    }
}

static void find_tells_keys_apart(void)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct fixture fixture;
    struct sb_row_chunk *chunk;

    assert_int_equal(fixture_init(&fixture, memory, false), SB_OK);
    chunk = fixture.chunk;
    for (int64_t n = 0; n < NUMBERS * TEXTS; n += 2) {
        keys_make(chunk, n, 1, true);
        assert_int_equal(sb_row_table_upsert(&fixture.table, chunk->vectors, chunk->hashes, 1,
                                             chunk->rows, NULL),
                         SB_OK);
        chunk->rows[0][fixture.layout.fields[2].word] = (uint64_t)n + 1;
    }
    for (int64_t first = 0; first < NUMBERS * TEXTS; first += ROUND) {
        int64_t count = NUMBERS * TEXTS - first;

        count = count < ROUND ? count : ROUND;
        keys_are_found(&fixture, first, count, true);
        keys_are_found(&fixture, first, count, false);
    }
    fixture_deinit(&fixture);
    sb_memory_release(memory);
}

static void find_finds_what_is_there(void **state)
{
    for (size_t i = 0; i < sizeof hash_masks / sizeof hash_masks[0]; i++) {
        hash_mask = hash_masks[i];
        find_tells_keys_apart();
    }
    hash_mask = UINT64_MAX;
}

static enum sb_status attempt_count(struct sb_memory *memory, void *context)
{
    struct fixture fixture;
    enum sb_status status = fixture_init(&fixture, memory, false);

    if (status == SB_OK) {
        status = table_count(&fixture, 1);
    }
    if (fixture.layout.fields != NULL) {
        fixture_deinit(&fixture);
    }
    return status;
}

static void survives_each_refused_allocation(void **state)
{
    test_allocations(attempt_count, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upsert_makes_one_row_per_key),
        cmocka_unit_test(link_chains_the_rows_of_a_key),
        cmocka_unit_test(find_finds_what_is_there),
        cmocka_unit_test(survives_each_refused_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
