// SPDX-License-Identifier: Apache-2.0
#include <sabot/library.h>

#include <string.h>

#include "base/hash.h"
#include "support/allocation.h"
#include "support/arrow_array.h"
#include "support/test.h"

static const int32_t ints[] = {7, 8, -1};
static const int32_t offsets[] = {0, 3, 3, 5};
static const char text[] = "abcde";
static const uint8_t two_valid[] = {0x05};

static const struct test_array_column columns[] = {
    {.format = "i", .name = "a", .length = 3, .n_buffers = 2, .buffers = {NULL, ints}},
    {
        .format = "u",
        .name = "b",
        .flags = ARROW_FLAG_NULLABLE,
        .length = 3,
        .null_count = 1,
        .n_buffers = 3,
        .buffers = {two_valid, offsets, text},
    },
};

static enum sb_status hash(int64_t count, int64_t offset, uint64_t *hashes, struct sb_error *err)
{
    struct ArrowArray array;
    struct ArrowSchema schema;
    int release_count = 0;
    enum sb_status status;

    test_array_make(&array, 3 - offset, offset, columns, count, &release_count);
    test_schema_make(&schema, columns, count, &release_count);
    status = sb_hash_rows(&array, &schema, hashes, err);
    assert_int_equal(release_count, 0); // both are borrowed
    array.release(&array);
    schema.release(&schema);
    return status;
}

static void hashes_one_column_as_it_is(void **state)
{
    uint64_t hashes[3];

    (void)state;
    assert_int_equal(hash(1, 0, hashes, NULL), SB_OK);
    assert_int_equal(hashes[0], sb_hash64(7));
    assert_int_equal(hashes[1], sb_hash64(8));
    assert_int_equal(hashes[2], sb_hash64((uint64_t)INT64_C(-1)));
}

static void folds_several_columns(void **state)
{
    uint64_t hashes[3];

    (void)state;
    assert_int_equal(hash(2, 0, hashes, NULL), SB_OK);
    assert_int_equal(hashes[0], sb_hash_combine(sb_hash64(7), sb_hash_bytes("abc", 3)));
    assert_int_equal(hashes[1], sb_hash_combine(sb_hash64(8), SB_HASH_NULL));
    assert_int_equal(hash(2, 2, hashes, NULL), SB_OK); // from the struct's offset on
    assert_int_equal(hashes[0],
                     sb_hash_combine(sb_hash64((uint64_t)INT64_C(-1)), sb_hash_bytes("de", 2)));
}

static void refuses_rows_of_no_columns(void **state)
{
    struct sb_error err;
    uint64_t hashes[3];

    (void)state;
    assert_int_equal(hash(0, 0, hashes, &err), SB_INVALID);
    assert_non_null(strstr(err.message, "no columns"));
}

static void checks_the_array(void **state)
{
    struct ArrowArray array = {0};
    struct ArrowSchema schema;
    uint64_t hashes[3];

    (void)state;
    test_schema_make(&schema, columns, 1, NULL);
    assert_int_equal(sb_hash_rows(&array, &schema, hashes, NULL), SB_CORRUPT);
    schema.release(&schema);
}

static enum sb_status hash_attempt(struct sb_memory *memory, void *context)
{
    uint64_t hashes[3];

    (void)memory; // the global one
    (void)context;
    return hash(2, 0, hashes, NULL);
}

static void survives_refused_memory(void **state)
{
    (void)state;
    test_global_allocations(hash_attempt, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_one_column_as_it_is), cmocka_unit_test(folds_several_columns),
        cmocka_unit_test(refuses_rows_of_no_columns), cmocka_unit_test(checks_the_array),
        cmocka_unit_test(survives_refused_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
