// SPDX-License-Identifier: Apache-2.0
/*
 * test_round_trip.c - foreign arrays through import, slice, selection, gather and export, against
 * the model they were made from. Every type, with and without nulls, at every bit offset.
 */
#include <string.h>

#include "base/hash.h"
#include "columnar/arrow.h"
#include "support/allocation.h"
#include "support/arrow_array.h"
#include "support/batch_text.h"
#include "support/model.h"
#include "support/seed.h"
#include "support/test.h"

enum { LENGTH_MAX = 400 };

static const int64_t lengths[] = {0, 1, 2, 9, 64, 65, LENGTH_MAX};
enum { LENGTH_COUNT = sizeof lengths / sizeof lengths[0] };

// A foreign array of one model, with some rows before the struct's own offset and behind its end.
struct foreign {
    struct test_model model;
    struct test_encoded encoded;
    struct sb_schema *schema;
    int64_t first; // the struct starts at this row of the model
    int64_t length;
    int release_count;
};

static void foreign_make(struct foreign *out, struct sb_memory *memory, enum sb_type_id id,
                         int64_t length, uint64_t *random)
{
    bool has_nulls = test_random(random) % 2 == 0;
    int64_t before = (int64_t)(test_random(random) % 3);
    int64_t behind = (int64_t)(test_random(random) % 3);
    struct ArrowSchema schema;

    *out = (struct foreign){.first = before, .length = length};
    test_model_random(&out->model, id, before + length + behind, has_nulls, random);
    test_model_encode(&out->model, (int64_t)(test_random(random) % 20), random, &out->encoded);
    test_schema_make(&schema, &out->encoded.column, 1, NULL);
    assert_int_equal(sb_schema_import(memory, &schema, &out->schema, NULL), SB_OK);
    schema.release(&schema);
}

static void foreign_deinit(struct foreign *foreign)
{
    sb_schema_release(foreign->schema);
    test_encoded_deinit(&foreign->encoded);
    test_model_deinit(&foreign->model);
}

static enum sb_status foreign_import(struct foreign *foreign, struct sb_memory *memory,
                                     struct sb_batch *out, struct sb_error *err)
{
    struct ArrowArray array;

    test_array_make(&array, foreign->length, foreign->first, &foreign->encoded.column, 1,
                    &foreign->release_count);
    return sb_batch_import(memory, foreign->schema, &array, out, err);
}

// Ascending positions of about half of the rows.
static int64_t positions_random(uint32_t *positions, int64_t length, uint64_t *random)
{
    int64_t count = 0;

    for (int64_t i = 0; i < length; i++) {
        positions[count] = (uint32_t)i;
        count += (int64_t)(test_random(random) % 2);
    }
    return count;
}

// Import, slice, select, slice again, export; `positions` follow the rows.
static enum sb_status batch_trip(struct foreign *foreign, struct sb_memory *memory,
                                 uint64_t *random, struct sb_error *err)
{
    uint32_t positions[LENGTH_MAX + 8];
    uint32_t selected[LENGTH_MAX + 8];
    enum sb_status status = SB_OK;
    struct sb_batch batch = {0};
    struct sb_column column;
    struct ArrowArray array;
    int64_t count = foreign->length;
    int64_t cut;

    for (int64_t i = 0; i < count; i++) {
        positions[i] = (uint32_t)(foreign->first + i);
    }
    SB_TRY_OUT(foreign_import(foreign, memory, &batch, err));
    test_model_check_column(&foreign->model, positions, count, &batch.columns[0]);

    cut = (int64_t)(test_random(random) % (uint64_t)(count + 1));
    sb_batch_slice(&batch, cut, count - cut);
    count -= cut;
    memmove(positions, positions + cut, (size_t)count * sizeof *positions);
    test_model_check_column(&foreign->model, positions, count, &batch.columns[0]);

    SB_TRY_OUT(sb_column_gather(&batch.columns[0], NULL, count, memory, &column, err));
    test_model_check_column(&foreign->model, positions, count, &column);
    sb_column_deinit(&column);

    if (test_random(random) % 4 != 0) {
        count = positions_random(selected, count, random);
        SB_TRY_OUT(test_batch_select(&batch, selected, count));
        for (int64_t i = 0; i < count; i++) {
            positions[i] = positions[selected[i]];
        }
    }
    cut = (int64_t)(test_random(random) % (uint64_t)(count + 1));
    sb_batch_slice(&batch, 0, count - cut);
    count -= cut;

    SB_TRY_OUT(sb_batch_export(&batch, &array, err));
    assert_int_equal(array.length, count);
    test_model_check_array(&foreign->model, positions, count, array.children[0]);

    // And in again, as somebody else would read it.
    SB_TRY_OUT(sb_batch_import(memory, foreign->schema, &array, &batch, err));
    test_model_check_column(&foreign->model, positions, count, &batch.columns[0]);
out:
    sb_batch_deinit(&batch);
    assert_int_equal(foreign->release_count, 1);
    return status;
}

static void keeps_every_row_of_every_type(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    uint64_t random = test_seed();

    (void)state;
    for (int id = 1; id <= TEST_TYPE_COUNT; id++) {
        for (int i = 0; i < LENGTH_COUNT * 8; i++) {
            struct foreign foreign;
            struct sb_error err;

            foreign_make(&foreign, memory, (enum sb_type_id)id, lengths[i % LENGTH_COUNT], &random);
            if (batch_trip(&foreign, memory, &random, &err) != SB_OK) {
                fail_msg("%s", err.message);
            }
            foreign_deinit(&foreign);
        }
    }
    sb_memory_release(memory);
}

static void gathers_foreign_rows_with_missing_ones(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    uint64_t random = test_seed();

    (void)state;
    for (int id = 1; id <= TEST_TYPE_COUNT; id++) {
        for (int i = 0; i < LENGTH_COUNT * 2; i++) {
            uint32_t positions[LENGTH_MAX];
            struct foreign foreign;
            struct sb_batch batch;
            struct sb_column column;

            foreign_make(&foreign, memory, (enum sb_type_id)id, lengths[i % LENGTH_COUNT], &random);
            assert_int_equal(foreign_import(&foreign, memory, &batch, NULL), SB_OK);
            for (int64_t j = 0; j < LENGTH_MAX; j++) {
                bool is_missing = foreign.length == 0 || test_random(&random) % 4 == 0;

                positions[j] = is_missing
                                   ? UINT32_MAX
                                   : (uint32_t)(test_random(&random) % (uint64_t)foreign.length);
            }
            assert_int_equal(
                sb_column_gather(&batch.columns[0], positions, LENGTH_MAX, memory, &column, NULL),
                SB_OK);
            sb_batch_deinit(&batch);
            for (int64_t j = 0; j < LENGTH_MAX; j++) {
                positions[j] += positions[j] == UINT32_MAX ? 0 : (uint32_t)foreign.first;
            }
            test_model_check_column(&foreign.model, positions, LENGTH_MAX, &column);
            sb_column_deinit(&column);
            assert_int_equal(foreign.release_count, 1);
            foreign_deinit(&foreign);
        }
    }
    sb_memory_release(memory);
}

static uint64_t cell_hash(const struct sb_type *type, const struct test_cell *cell)
{
    uint64_t halves[2] = {0, 0};

    if (cell->is_null) {
        return SB_HASH_NULL;
    }
    if (sb_type_is_variable(type->id)) {
        return sb_hash_bytes(cell->bytes, (size_t)cell->size);
    }
    if (type->id == SB_TYPE_FLOAT32) {
        float value;

        memcpy(&value, cell->bytes, sizeof value);
        return sb_hash_double((double)value);
    }
    if (type->id == SB_TYPE_FLOAT64) {
        double value;

        memcpy(&value, cell->bytes, sizeof value);
        return sb_hash_double(value);
    }
    memcpy(halves, cell->bytes, (size_t)cell->size);
    if (type->id == SB_TYPE_DECIMAL128) {
        return sb_hash_wide(halves[0], halves[1]);
    }
    if (cell->size < 8 && (sb_type_is_signed(type->id) || type->id == SB_TYPE_DATE32) &&
        halves[0] >> (8 * cell->size - 1) != 0) {
        halves[0] |= UINT64_MAX << (8 * cell->size);
    }
    return sb_hash64(halves[0]);
}

static void hashes_foreign_rows_as_their_cells(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    uint64_t random = test_seed();

    (void)state;
    for (int id = 1; id <= TEST_TYPE_COUNT; id++) {
        for (int i = 0; i < LENGTH_COUNT * 4; i++) {
            uint64_t hashes[LENGTH_MAX];
            struct foreign foreign;
            struct sb_batch batch;

            foreign_make(&foreign, memory, (enum sb_type_id)id, lengths[i % LENGTH_COUNT], &random);
            assert_int_equal(foreign_import(&foreign, memory, &batch, NULL), SB_OK);
            sb_column_hash(&batch.columns[0], NULL, batch.row_count, true, hashes);
            for (int64_t j = 0; j < foreign.length; j++) {
                assert_int_equal(hashes[j], cell_hash(&foreign.model.type,
                                                      &foreign.model.cells[foreign.first + j]));
            }
            sb_batch_deinit(&batch);
            foreign_deinit(&foreign);
        }
    }
    sb_memory_release(memory);
}

struct trip_attempt {
    struct foreign *foreign;
    uint64_t random;
};

static enum sb_status trip_attempt(struct sb_memory *memory, void *context)
{
    struct trip_attempt *attempt = context;
    uint64_t random = attempt->random; // the same path each time

    attempt->foreign->release_count = 0;
    return batch_trip(attempt->foreign, memory, &random, NULL);
}

static void survives_refused_memory(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    uint64_t random = test_seed();

    (void)state;
    for (int id = 1; id <= TEST_TYPE_COUNT; id++) {
        struct foreign foreign;
        struct trip_attempt attempt = {.foreign = &foreign};

        foreign_make(&foreign, memory, (enum sb_type_id)id, 65, &random);
        attempt.random = test_random(&random);
        test_allocations(trip_attempt, &attempt);
        foreign_deinit(&foreign);
    }
    sb_memory_release(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_every_row_of_every_type),
        cmocka_unit_test(gathers_foreign_rows_with_missing_ones),
        cmocka_unit_test(hashes_foreign_rows_as_their_cells),
        cmocka_unit_test(survives_refused_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
