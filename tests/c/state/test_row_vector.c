// SPDX-License-Identifier: Apache-2.0
#include "state/row_vector.h"

#include <stdlib.h>
#include <string.h>

#include "state/column_writer.h"
#include "support/allocation.h"
#include "support/batch_text.h"
#include "support/domain.h"
#include "support/seed.h"
#include "support/test.h"

enum { TEXT_MAX = 40, ROW_COUNT = 300 };

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

static void texts_compare_as_their_bytes(void **state)
{
    uint64_t random = test_seed();

    for (int i = 0; i < 20000; i++) {
        uint8_t a[TEXT_MAX];
        uint8_t b[TEXT_MAX];
        int64_t a_size = (int64_t)(test_random(&random) % TEXT_MAX);
        int64_t b_size =
            test_random(&random) % 2 == 0 ? a_size : (int64_t)(test_random(&random) % TEXT_MAX);
        int64_t least = a_size < b_size ? a_size : b_size;
        struct sb_text texts[2];
        int order;

        for (int64_t j = 0; j < TEXT_MAX; j++) {
            a[j] = (uint8_t)(test_random(&random) % 2 * 200);
            b[j] = test_random(&random) % 16 == 0 ? (uint8_t)~a[j] : a[j];
        }
        texts[0] = sb_text_make(a, a_size);
        texts[1] = sb_text_make(b, b_size);
        order = memcmp(a, b, (size_t)least);
        order = order != 0 ? order : (a_size > b_size) - (a_size < b_size);
        assert_int_equal(sb_text_size(texts[0].head), a_size);
        assert_memory_equal(sb_text_bytes(&texts[0].head), a, (size_t)a_size);
        assert_int_equal(sign(sb_text_compare(&texts[0].head, &texts[1].head)), sign(order));
        assert_int_equal(sb_text_equal(&texts[0].head, &texts[1].head), order == 0);
    }
}

/* Some more bytes than are compared or hashed without a call. */
enum { SIZE_MAX_TRIED = 140 };

static void one_byte_makes_long_texts_differ(void **state)
{
    uint8_t a[SIZE_MAX_TRIED];
    uint8_t b[SIZE_MAX_TRIED];
    uint64_t random = test_seed();

    for (int64_t i = 0; i < SIZE_MAX_TRIED; i++) {
        a[i] = b[i] = (uint8_t)test_random(&random);
    }
    for (int64_t size = SB_TEXT_INLINE_MAX + 1; size <= SIZE_MAX_TRIED; size++) {
        struct sb_text text = sb_text_make(a, size);
        struct sb_text other = sb_text_make(b, size);

        assert_true(sb_text_equal(&text.head, &other.head));
        for (int64_t at = 0; at < size; at++) {
            b[at] ^= 1;
            other = sb_text_make(b, size);
            assert_false(sb_text_equal(&text.head, &other.head));
            b[at] ^= 1;
        }
    }
}

/*
 * A column of texts of 0, 1, .. bytes, all in a heap without a byte to spare, the shortest last:
 * what reads past a text is seen by the sanitizer.
 */
struct tight {
    struct sb_type type;
    int32_t offsets[SIZE_MAX_TRIED + 2];
    int64_t wide_offsets[SIZE_MAX_TRIED + 2];
    uint8_t *bytes;
    struct sb_column column;
};

static void tight_make(struct tight *tight, enum sb_type_id id, uint64_t *random)
{
    int64_t used = 0;

    for (int64_t i = 0; i <= SIZE_MAX_TRIED; i++) {
        tight->offsets[i] = (int32_t)used;
        tight->wide_offsets[i] = used;
        used += SIZE_MAX_TRIED - i;
    }
    tight->offsets[SIZE_MAX_TRIED + 1] = (int32_t)used;
    tight->wide_offsets[SIZE_MAX_TRIED + 1] = used;
    tight->bytes = malloc((size_t)used);
    assert_non_null(tight->bytes);
    for (int64_t i = 0; i < used; i++) {
        tight->bytes[i] = (uint8_t)test_random(random);
    }
    tight->type = (struct sb_type){.id = id};
    tight->column = (struct sb_column){
        .type = &tight->type,
        .length = SIZE_MAX_TRIED + 1,
        .values = id == SB_TYPE_UTF8 ? (void *)tight->offsets : (void *)tight->wide_offsets,
        .bytes = tight->bytes,
    };
}

static void texts_load_and_hash_at_every_size(void **state)
{
    static const enum sb_type_id ids[] = {SB_TYPE_UTF8, SB_TYPE_LARGE_UTF8};
    static struct sb_row_scratch scratch;
    static struct tight tight;
    uint64_t random = test_seed();

    for (size_t pass = 0; pass < 4; pass++) {
        uint64_t hashes[SIZE_MAX_TRIED + 1];
        uint32_t rows[SIZE_MAX_TRIED + 1];
        struct sb_row_vector vector;

        tight_make(&tight, ids[pass / 2], &random);
        for (uint32_t i = 0; i <= SIZE_MAX_TRIED; i++) {
            rows[i] = SIZE_MAX_TRIED - i;
        }
        assert_int_equal(sb_row_vector_load(&tight.column, pass % 2 == 0 ? NULL : rows, 0,
                                            SIZE_MAX_TRIED + 1, SB_ROW_CANONICAL, &scratch, &vector,
                                            NULL),
                         SB_OK);
        sb_row_vector_hash(&vector, SIZE_MAX_TRIED + 1, true, hashes);
        for (int64_t i = 0; i <= SIZE_MAX_TRIED; i++) {
            struct sb_bytes bytes = sb_column_bytes(&tight.column, pass % 2 == 0 ? i : rows[i]);
            struct sb_text text = sb_text_make(bytes.data, bytes.size);

            assert_int_equal(vector.words[2 * i], text.head);
            assert_int_equal(vector.words[2 * i + 1], text.tail);
            assert_int_equal(hashes[i], sb_hash_bytes(bytes.data, (size_t)bytes.size));
        }
        free(tight.bytes);
    }
}

static struct sb_schema *schema_make(enum sb_type_id id)
{
    struct sb_field field = {.name = "c", .type = {.id = id}, .is_nullable = true};
    struct sb_schema *schema;

    if (id == SB_TYPE_DECIMAL128) {
        field.type.precision = 38;
    }
    assert_int_equal(sb_schema_create(sb_memory_global(), &field, 1, &schema, NULL), SB_OK);
    return schema;
}

/* Random rows of a type, every other one selected. */
static void batch_make(struct sb_memory *memory, struct sb_schema *schema, uint64_t *random,
                       int8_t *numbers, uint32_t *selected, struct sb_batch *out)
{
    int64_t size = test_domain_size(schema->fields[0].type.id);

    for (int64_t i = 0; i < ROW_COUNT; i++) {
        numbers[i] = (int8_t)((int64_t)(test_random(random) % (uint64_t)(size + 1)) - 1);
    }
    for (int64_t i = 0; i < ROW_COUNT / 2; i++) {
        selected[i] = (uint32_t)(2 * i + (int64_t)(test_random(random) % 2));
    }
    assert_int_equal(test_domain_batch(memory, schema, numbers, ROW_COUNT, random, out), SB_OK);
}

/* A batch on its way through words; what is refused is the writer's and the scratch's memory. */
struct trip {
    const struct sb_batch *batch;
    const int8_t *numbers;
    const uint32_t *selected;
};

static enum sb_status trip_attempt(struct sb_memory *memory, void *context)
{
    static struct sb_row_scratch scratch;
    const struct trip *trip = context;
    const struct sb_column *from = &trip->batch->columns[0];
    struct sb_column_writer writer = {0};
    struct sb_row_vector vector;
    struct sb_column column = {0};
    enum sb_status status;

    SB_TRY_OUT(sb_column_writer_init(&writer, memory, from->type, ROW_COUNT + ROW_COUNT / 2, NULL));
    SB_TRY_OUT(sb_row_vector_load(from, NULL, 0, ROW_COUNT, SB_ROW_PLAIN, &scratch, &vector, NULL));
    SB_TRY_OUT(sb_column_writer_append(&writer, &vector, ROW_COUNT, NULL));
    SB_TRY_OUT(sb_row_vector_load(from, trip->selected, 0, ROW_COUNT / 2, SB_ROW_CANONICAL,
                                  &scratch, &vector, NULL));
    SB_TRY_OUT(sb_column_writer_append(&writer, &vector, ROW_COUNT / 2, NULL));
    SB_TRY_OUT(sb_column_writer_finish(&writer, ROW_COUNT + ROW_COUNT / 2, &column, NULL));
    for (int64_t i = 0; i < ROW_COUNT; i++) {
        assert_int_equal(test_domain_number(&column, i), trip->numbers[i]);
    }
    for (int64_t i = 0; i < ROW_COUNT / 2; i++) {
        assert_int_equal(test_domain_number(&column, ROW_COUNT + i),
                         trip->numbers[trip->selected[i]]);
    }

out:
    sb_column_deinit(&column);
    sb_column_writer_deinit(&writer);
    return status;
}

static void every_type_comes_back_from_words(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    uint64_t random = test_seed();

    for (int id = SB_TYPE_BOOL; id <= SB_TYPE_BINARY_VIEW; id++) {
        struct sb_schema *schema = schema_make((enum sb_type_id)id);
        struct sb_batch batch;
        int8_t numbers[ROW_COUNT];
        uint32_t selected[ROW_COUNT / 2];
        struct trip trip = {&batch, numbers, selected};

        batch_make(memory, schema, &random, numbers, selected, &batch);
        test_allocations(trip_attempt, &trip);
        sb_batch_deinit(&batch);
        sb_schema_release(schema);
    }
    sb_memory_release(memory);
}

static void words_hash_as_columns_do(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    uint64_t random = test_seed();

    for (int id = SB_TYPE_BOOL; id <= SB_TYPE_BINARY_VIEW; id++) {
        struct sb_schema *schema = schema_make((enum sb_type_id)id);
        static struct sb_row_scratch scratch;
        struct sb_row_vector vector;
        struct sb_batch batch;
        int8_t numbers[ROW_COUNT];
        uint32_t selected[ROW_COUNT / 2];
        uint64_t expected[ROW_COUNT];
        uint64_t actual[ROW_COUNT];

        batch_make(memory, schema, &random, numbers, selected, &batch);
        for (int pass = 0; pass < 2; pass++) { // alone, then folded into another
            sb_column_hash(&batch.columns[0], selected, ROW_COUNT / 2, pass == 0, expected);
            assert_int_equal(sb_row_vector_load(&batch.columns[0], selected, 0, ROW_COUNT / 2,
                                                SB_ROW_CANONICAL, &scratch, &vector, NULL),
                             SB_OK);
            sb_row_vector_hash(&vector, ROW_COUNT / 2, pass == 0, actual);
            assert_memory_equal(actual, expected, sizeof expected / 2);
        }
        sb_batch_deinit(&batch);
        sb_schema_release(schema);
    }
    sb_memory_release(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_compare_as_their_bytes),
        cmocka_unit_test(one_byte_makes_long_texts_differ),
        cmocka_unit_test(texts_load_and_hash_at_every_size),
        cmocka_unit_test(every_type_comes_back_from_words),
        cmocka_unit_test(words_hash_as_columns_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
