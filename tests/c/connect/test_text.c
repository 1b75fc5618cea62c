// SPDX-License-Identifier: Apache-2.0
/*
 * CSV and JSON without a job: any cut of the text gives the same rows, any bytes are survived, and
 * so is a lack of memory.
 */
#include <stdio.h>
#include <string.h>

#include "connect/splits.h"
#include "connect/text_mask.h"
#include "connect/text_writer.h"
#include "support/allocation.h"
#include "support/seed.h"
#include "support/test.h"

static const struct sb_field fields[] = {
    {.name = "n", .type = {.id = SB_TYPE_INT64}, .is_nullable = true},
    {.name = "x", .type = {.id = SB_TYPE_FLOAT64}, .is_nullable = true},
    {.name = "b", .type = {.id = SB_TYPE_BOOL}, .is_nullable = true},
    {.name = "s", .type = {.id = SB_TYPE_UTF8}, .is_nullable = true},
    {.name = "part", .type = {.id = SB_TYPE_INT32}, .is_nullable = true},
};
enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

static const char *const names[] = {"n", "x", "b", "s", "unwanted"};
static const char *const nulls[] = {""};
static const char *const constant_names[] = {"part"};
static const char *const constant_values[] = {"7"};

/* A text that is handed out in pieces. */
struct pieces {
    const char *text;
    int64_t size;
    int64_t at;
    int64_t piece; // bytes at a time
    int release_count;
};

static enum sb_status pieces_read(void *context, char *buffer, int64_t capacity, int64_t *size,
                                  struct sb_error *err)
{
    struct pieces *pieces = context;

    (void)err;
    *size = pieces->size - pieces->at;
    *size = *size < pieces->piece ? *size : pieces->piece;
    *size = *size < capacity ? *size : capacity;
    memcpy(buffer, pieces->text + pieces->at, (size_t)*size);
    pieces->at += *size;
    return SB_OK;
}

static void pieces_release(void *context)
{
    ((struct pieces *)context)->release_count++;
}

struct reading {
    enum sb_text_format format;
    const char *text;
    int64_t size;
    int64_t piece;
    int64_t batch_rows;
    bool skips_bad_rows;
    // What comes of it.
    int64_t row_count;
    int64_t failed_count;
    struct sb_text_output rows; // as JSON
};

static enum sb_status read_batches(struct reading *reading, struct sb_split *split,
                                   struct sb_error *err)
{
    const struct sb_text_options json = {.format = SB_TEXT_NDJSON};

    for (;;) {
        enum sb_split_state state;
        struct sb_batch batch;
        enum sb_status status;

        SB_TRY_RETURN(split->vtable->next(split, reading->batch_rows, &batch, &state, err));
        if (state == SB_SPLIT_END) {
            reading->failed_count = split->failed_count;
            return SB_OK;
        }
        assert_int_equal(state, SB_SPLIT_BATCH);
        assert_in_range(batch.row_count, 1, reading->batch_rows);
        reading->row_count += batch.row_count;
        status = sb_text_write(&batch, &json, &reading->rows, err);
        sb_batch_deinit(&batch);
        SB_TRY_RETURN(status);
    }
}

static enum sb_status read_text(struct sb_memory *memory, struct reading *reading,
                                struct sb_error *err)
{
    struct pieces pieces = {.text = reading->text, .size = reading->size, .piece = reading->piece};
    const struct sb_text_input input = {
        .read = pieces_read, .release = pieces_release, .context = &pieces, .end = -1};
    const struct sb_text_options options = {
        .format = reading->format,
        .file = "test",
        .delimiter = ',',
        .quote = '"',
        .file_column_count = 5,
        .file_columns = names,
        .null_value_count = 1,
        .null_values = nulls,
        .constant_count = 1,
        .constant_columns = constant_names,
        .constant_values = constant_values,
        .skips_bad_rows = reading->skips_bad_rows,
    };
    struct sb_schema *schema = NULL;
    struct sb_split *split = NULL;
    enum sb_status status;

    reading->row_count = 0;
    reading->rows = (struct sb_text_output){.memory = memory};
    status = sb_schema_create(memory, fields, FIELD_COUNT, &schema, err);
    if (status == SB_OK) {
        status = sb_text_split_create(memory, schema, &options, &input, &split, err);
        assert_int_equal(pieces.release_count, status == SB_OK ? 0 : 1);
    }
    if (status == SB_OK) {
        status = read_batches(reading, split, err);
        split->vtable->destroy(split);
        assert_int_equal(pieces.release_count, 1);
    }
    sb_schema_release(schema);
    return status;
}

static const char csv[] = "1,1.5,true,plain,u\n"
                          "-2,,false,\"a,\"\"b\"\"\nc\",\"\"\r\n"
                          "\n"
                          "3,1e300,,\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9,\n"
                          ",0.1,true,\"\",x";
static const char json[] =
    "{\"n\":1,\"x\":1.5,\"b\":true,\"s\":\"plain\",\"unwanted\":{\"a\":[1,\"}\"]}}\n"
    " { \"s\" : \"a,\\\"b\\\"\\nc\" , \"b\": false, \"n\": -2 } \r\n"
    "\n"
    "{\"n\":3,\"x\":1e300,\"s\":\"\\u00e9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"}\n"
    "{\"x\":0.1,\"b\":true,\"s\":\"\",\"n\":null}";
static const char expected[] =
    "{\"n\":1,\"x\":1.5,\"b\":true,\"s\":\"plain\",\"part\":7}\n"
    "{\"n\":-2,\"x\":null,\"b\":false,\"s\":\"a,\\\"b\\\"\\nc\",\"part\":7}\n"
    "{\"n\":3,\"x\":1e+300,\"b\":null,\"s\":"
    "\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\",\"part\":7}\n"
    "{\"n\":null,\"x\":0.1,\"b\":true,\"s\":\"\",\"part\":7}\n";

static void any_cut_gives_the_same_rows(void **state)
{
    static const int64_t sizes[] = {1, 2, 3, 7, 64, 100000};

    for (int format = SB_TEXT_CSV; format <= SB_TEXT_NDJSON; format++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct reading reading = {
                .format = (enum sb_text_format)format,
                .text = format == SB_TEXT_CSV ? csv : json,
                .size = (int64_t)strlen(format == SB_TEXT_CSV ? csv : json),
                .piece = sizes[i],
                .batch_rows = sizes[sizeof sizes / sizeof sizes[0] - 1 - i],
            };
            struct sb_error err = {0};

            if (read_text(sb_memory_global(), &reading, &err) != SB_OK) {
                fail_msg("%s", err.message);
            }
            assert_int_equal(reading.row_count, 4);
            assert_int_equal(reading.rows.size, (int64_t)strlen(expected));
            assert_memory_equal(reading.rows.text, expected, strlen(expected));
            sb_text_output_deinit(&reading.rows);
        }
    }
}

static enum sb_status attempt_read(struct sb_memory *memory, void *context)
{
    struct reading *reading = context;
    struct sb_error err = {0};
    const enum sb_status status = read_text(memory, reading, &err);

    sb_text_output_deinit(&reading->rows);
    return status;
}

static void survives_every_refused_allocation(void **state)
{
    for (int format = SB_TEXT_CSV; format <= SB_TEXT_NDJSON; format++) {
        struct reading reading = {
            .format = (enum sb_text_format)format,
            .text = format == SB_TEXT_CSV ? csv : json,
            .size = (int64_t)strlen(format == SB_TEXT_CSV ? csv : json),
            .piece = 1000,
            .batch_rows = 2,
        };
        test_allocations(attempt_read, &reading);
    }
}

/* Bytes that mean something come often; every cut must agree on what is a row and what is not. */
static void any_bytes_are_survived(void **state)
{
    static const char alphabet[] = "\"\"\",,,\n\n\n{}[]:\\u1e-.0 \xc3\xa9nxbs\r";
    uint64_t seed = test_seed();
    enum { ROUNDS = TEST_IS_SANITIZED ? 300 : 3000 };
    char text[400];

    for (int round = 0; round < ROUNDS; round++) {
        struct reading whole = {
            .format = (enum sb_text_format)(round % 2), .text = text, .skips_bad_rows = true};
        struct reading cut;
        struct sb_error err = {0};

        whole.size = (int64_t)(test_random(&seed) % sizeof text);
        for (int64_t i = 0; i < whole.size; i++) {
            text[i] = alphabet[test_random(&seed) % (sizeof alphabet - 1)];
        }
        whole.piece = (int64_t)sizeof text;
        whole.batch_rows = 1000;
        cut = whole;
        cut.piece = 1 + (int64_t)(test_random(&seed) % 20);
        cut.batch_rows = 1 + (int64_t)(test_random(&seed) % 3);
        assert_int_equal(read_text(sb_memory_global(), &whole, &err), SB_OK);
        assert_int_equal(read_text(sb_memory_global(), &cut, &err), SB_OK);
        assert_int_equal(whole.row_count, cut.row_count);
        assert_int_equal(whole.failed_count, cut.failed_count);
        assert_int_equal(whole.rows.size, cut.rows.size);
        if (whole.rows.size > 0) {
            assert_memory_equal(whole.rows.text, cut.rows.text, (size_t)whole.rows.size);
        }
        sb_text_output_deinit(&whole.rows);
        sb_text_output_deinit(&cut.rows);
    }
}

static void masks_say_where_the_bytes_are(void **state)
{
    static const uint8_t wanted[4] = {',', '\n', '"', 0xff};
    uint64_t seed = test_seed();
    uint8_t text[64 * 5 + 1];
    uint64_t masks[5];

    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = i % 3 == 0 ? wanted[test_random(&seed) % 4] : (uint8_t)test_random(&seed);
    }
    sb_text_mask(text + 1, 5, wanted, masks);
    for (int i = 0; i < 64 * 5; i++) {
        const bool is_one = memchr(wanted, text[i + 1], sizeof wanted) != NULL;
        assert_int_equal(masks[i / 64] >> (i % 64) & 1, is_one);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_gives_the_same_rows),
        cmocka_unit_test(survives_every_refused_allocation),
        cmocka_unit_test(any_bytes_are_survived),
        cmocka_unit_test(masks_say_where_the_bytes_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
