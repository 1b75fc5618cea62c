// SPDX-License-Identifier: Apache-2.0
#include "support/text_reading.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "support/seed.h"
#include "support/test.h"

enum { COLUMNS_MAX = 64 };

/* A text that is handed out in pieces. */
struct pieces {
    const char *text;
    int64_t size;
    int64_t at;
    int64_t piece;
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
    if (*size > 0) {
        memcpy(buffer, pieces->text + pieces->at, (size_t)*size);
    }
    pieces->at += *size;
    return SB_OK;
}

static void pieces_release(void *context)
{
    ((struct pieces *)context)->release_count++;
}

static enum sb_status keep_reason(void *context, const struct sb_bad_row *row, struct sb_error *err)
{
    struct test_reading *reading = context;

    (void)err;
    snprintf(reading->reason, sizeof reading->reason, "%s", row->reason);
    return SB_OK;
}

static enum sb_status read_batches(struct test_reading *reading, struct sb_split *split,
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
        for (int32_t i = 0; i < batch.schema->field_count; i++) {
            assert_int_equal(batch.columns[i].length, batch.row_count);
        }
        reading->row_count += batch.row_count;
        status = sb_text_write(&batch, &json, &reading->lines, err);
        sb_batch_deinit(&batch);
        SB_TRY_RETURN(status);
    }
}

static enum sb_status schema_create(struct sb_memory *memory, const char *const (*columns)[2],
                                    struct sb_schema **out, struct sb_error *err)
{
    struct sb_arena arena = {.memory = memory};
    struct sb_field fields[COLUMNS_MAX];
    int32_t count = 0;
    enum sb_status status = SB_OK;

    for (; columns[count][0] != NULL; count++) {
        fields[count] = (struct sb_field){.name = columns[count][0], .is_nullable = true};
        SB_TRY_OUT(sb_type_parse(columns[count][1], &arena, &fields[count].type, err));
    }
    status = sb_schema_create(memory, fields, count, out, err);
out:
    sb_arena_deinit(&arena);
    return status;
}

enum sb_status test_read_text(struct sb_memory *memory, struct test_reading *reading,
                              struct sb_error *err)
{
    static const char *const nulls[] = {""};
    struct pieces pieces = {.text = reading->text, .size = reading->size, .piece = reading->piece};
    const struct sb_text_input input = {
        .read = pieces_read, .release = pieces_release, .context = &pieces, .end = -1};
    struct sb_text_options options = {
        .format = reading->format,
        .file = "test",
        .delimiter = ',',
        .quote = '"',
        .file_columns = reading->file_columns,
        .null_value_count = 1,
        .null_values = nulls,
        .constant_count = reading->constant_column != NULL,
        .constant_columns = &reading->constant_column,
        .constant_values = &reading->constant_value,
        .skips_bad_rows = reading->skips_bad_rows,
        .on_bad_row = keep_reason,
        .bad_row_context = reading,
    };
    struct sb_schema *schema = NULL;
    struct sb_split *split = NULL;
    enum sb_status status;

    while (reading->file_columns != NULL &&
           reading->file_columns[options.file_column_count] != NULL) {
        options.file_column_count++;
    }
    reading->row_count = reading->failed_count = 0;
    reading->reason[0] = '\0';
    reading->lines = (struct sb_text_output){.memory = memory};
    status = schema_create(memory, reading->columns, &schema, err);
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

enum sb_status test_attempt_read(struct sb_memory *memory, void *context)
{
    struct test_reading *reading = context;
    struct sb_error err = {0};
    const enum sb_status status = test_read_text(memory, reading, &err);

    sb_text_output_deinit(&reading->lines);
    return status;
}

void test_read_cut(struct test_reading *reading, uint64_t *random)
{
    struct test_reading cut = *reading;
    struct sb_error err = {0};

    cut.piece = 1 + (int64_t)(test_random(random) % 20);
    cut.batch_rows = 1 + (int64_t)(test_random(random) % 3);
    if (test_read_text(sb_memory_global(), reading, &err) != SB_OK ||
        test_read_text(sb_memory_global(), &cut, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(reading->row_count, cut.row_count);
    assert_int_equal(reading->failed_count, cut.failed_count);
    assert_string_equal(reading->reason, cut.reason);
    assert_int_equal(reading->lines.size, cut.lines.size);
    if (cut.lines.size > 0) {
        assert_memory_equal(reading->lines.text, cut.lines.text, (size_t)cut.lines.size);
    }
    sb_text_output_deinit(&cut.lines);
}
