// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_text.c - bytes as a CSV or NDJSON file: five of them say how it is read, the rest is the
 * text.
 *
 * Read at once, in pieces and small batches, or in two parts that begin where the engine says that
 * rows do, it has the same rows, and as many are malformed. What was read is written as NDJSON, and
 * reads back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "columnar/type.h"
#include "connect/splits.h"
#include "connect/text_writer.h"

enum { HEADER_SIZE = 5, COLUMNS_MAX = 24 };

static const char *const flat[][2] = {
    {"n", "int64"},
    {"x", "float64"},
    {"b", "bool"},
    {"s", "utf8"},
    {"i", "int8"},
    {"d", "date32"},
    {"t", "timestamp[us, Europe/Berlin]"},
    {"e", "decimal128(9, 2)"},
    {"y", "binary"},
    {"v", "utf8_view"},
    {"k", "dictionary<int32, utf8>"},
    {"u", "duration[ms]"},
    {"q", "time64[us]"},
    {"p", "interval[month_day_nano]"},
    {"w", "decimal256(60, 3)"},
    {"f", "float32"},
    {"z", "fixed_size_binary[3]"},
};
static const char *const nested[][2] = {
    {"n", "int32"},
    {"l", "list<item: int64>"},
    {"s", "struct<a: utf8, b: struct<c: large_list<item: float64>, d: bool>>"},
    {"m", "map<utf8, list<item: struct<x: date32, y: binary>>>"},
    {"f", "fixed_size_list<item: int8>[2]"},
    {"k", "list<item: dictionary<int8, utf8>>"},
    {"r", "run_end_encoded<int32, utf8>"},
    {"v", "list_view<item: utf8_view>"},
    {"t", "utf8"},
};
enum { FLAT_COUNT = sizeof flat / sizeof flat[0], NESTED_COUNT = sizeof nested / sizeof nested[0] };

/* How the text is read, and what comes of it. */
struct reading {
    const struct sb_text_options *options;
    struct sb_schema *schema;
    const char *path; // with `begin` and `end`; else the text
    int64_t begin;
    int64_t end;
    const uint8_t *text;
    int64_t size;
    int64_t at;
    int64_t piece;
    int64_t batch_rows;
    int64_t failed_count;
    struct sb_text_output lines; // all rows as NDJSON
};

static enum sb_status reading_read(void *context, char *buffer, int64_t capacity, int64_t *size,
                                   struct sb_error *err)
{
    struct reading *reading = context;

    (void)err;
    *size = reading->size - reading->at;
    *size = *size < reading->piece ? *size : reading->piece;
    *size = *size < capacity ? *size : capacity;
    memcpy(buffer, reading->text + reading->at, (size_t)*size);
    reading->at += *size;
    return SB_OK;
}

/* Appends the rows to `lines`. */
static void reading_run(struct reading *reading)
{
    const struct sb_text_options json = {.format = SB_TEXT_NDJSON};
    const struct sb_text_input input = {
        .path = reading->path,
        .begin = reading->begin,
        .end = reading->path == NULL ? -1 : reading->end,
        .read = reading->path == NULL ? reading_read : NULL,
        .context = reading,
    };
    enum sb_split_state state = SB_SPLIT_BATCH;
    struct sb_split *split = NULL;
    struct sb_error err = {0};

    sb_assert(sb_text_split_create(sb_memory_global(), reading->schema, reading->options, &input,
                                   &split, &err) == SB_OK);
    while (state != SB_SPLIT_END) {
        struct sb_batch batch;

        sb_assert(split->vtable->next(split, reading->batch_rows, &batch, &state, &err) == SB_OK);
        if (state == SB_SPLIT_BATCH) {
            sb_assert(batch.row_count > 0 && batch.row_count <= reading->batch_rows);
            sb_assert(sb_text_write(&batch, &json, &reading->lines, &err) == SB_OK);
            sb_batch_deinit(&batch);
        }
    }
    reading->failed_count += split->failed_count;
    split->vtable->destroy(split);
}

static void same_lines(const struct reading *a, const struct reading *b)
{
    sb_assert(a->failed_count == b->failed_count);
    sb_assert(a->lines.size == b->lines.size);
    sb_assert(a->lines.size == 0 ||
              memcmp(a->lines.text, b->lines.text, (size_t)a->lines.size) == 0);
}

static void read_in_pieces(const struct reading *whole, int64_t piece, int64_t batch_rows)
{
    struct reading cut = *whole;

    cut.at = cut.failed_count = 0;
    cut.piece = piece;
    cut.batch_rows = batch_rows;
    cut.lines = (struct sb_text_output){.memory = sb_memory_global()};
    reading_run(&cut);
    same_lines(whole, &cut);
    sb_text_output_deinit(&cut.lines);
}

/* As a source reads a local file by two workers. */
static void read_in_parts(const struct reading *whole, int64_t wanted)
{
    static char path[] = "/tmp/sabot_fuzz_text_XXXXXX";
    static int fd = -1;
    struct reading parts = *whole;
    int64_t start = 0;

    if (fd < 0) {
        fd = mkstemp(path);
        sb_assert(fd >= 0);
    }
    sb_assert(ftruncate(fd, 0) == 0);
    sb_assert(pwrite(fd, whole->text, (size_t)whole->size, 0) == whole->size);
    sb_assert(sb_text_row_starts(path, whole->options, 0, &wanted, 1, &start, NULL) == SB_OK);
    sb_assert(start >= wanted && start <= whole->size);
    parts.path = path;
    parts.failed_count = 0;
    parts.lines = (struct sb_text_output){.memory = sb_memory_global()};
    parts.end = start;
    reading_run(&parts);
    parts.begin = start;
    parts.end = whole->size;
    reading_run(&parts);
    same_lines(whole, &parts);
    sb_text_output_deinit(&parts.lines);
}

static void read_back(const struct reading *whole)
{
    const struct sb_text_options json = {
        .format = SB_TEXT_NDJSON, .file = "again", .skips_bad_rows = true};
    struct reading again = {
        .options = &json,
        .schema = whole->schema,
        .text = (const uint8_t *)whole->lines.text,
        .size = whole->lines.size,
        .piece = INT64_MAX,
        .batch_rows = 200,
        .failed_count = whole->failed_count,
        .lines = {.memory = sb_memory_global()},
    };

    if (whole->lines.size > 0) {
        reading_run(&again);
        same_lines(whole, &again);
        sb_text_output_deinit(&again.lines);
    }
}

static struct sb_schema *schema_create(const char *const (*columns)[2], int32_t count)
{
    struct sb_arena arena = {.memory = sb_memory_global()};
    struct sb_field fields[COLUMNS_MAX];
    struct sb_schema *schema = NULL;

    for (int32_t i = 0; i < count; i++) {
        fields[i] = (struct sb_field){.name = columns[i][0], .is_nullable = true};
        sb_assert(sb_type_parse(columns[i][1], &arena, &fields[i].type, NULL) == SB_OK);
    }
    sb_assert(sb_schema_create(sb_memory_global(), fields, count, &schema, NULL) == SB_OK);
    sb_arena_deinit(&arena);
    return schema;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* format and schema; pieces; rows of a batch; dialect and columns of CSV; where parts meet */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct sb_schema *schemas[2];
    static const char *const nulls[] = {"", "NA"};
    const char *names[FLAT_COUNT];
    const bool is_csv = size >= HEADER_SIZE && (bytes[0] & 1) == 0;
    const bool is_nested = size >= HEADER_SIZE && (bytes[0] & 3) == 3;
    struct sb_text_options options = {
        .format = is_csv ? SB_TEXT_CSV : SB_TEXT_NDJSON,
        .file = "fuzz",
        .file_columns = names,
        .null_values = nulls,
        .skips_bad_rows = true,
    };
    struct reading whole = {.options = &options, .piece = INT64_MAX, .batch_rows = 200};

    if (size < HEADER_SIZE) {
        return 0;
    }
    if (schemas[0] == NULL) {
        schemas[0] = schema_create(flat, FLAT_COUNT);
        schemas[1] = schema_create(nested, NESTED_COUNT);
    }
    // Of CSV a few columns, wherever they begin, so that rows are short.
    options.file_column_count = 1 + (bytes[3] >> 4) % 5;
    for (int32_t i = 0; i < options.file_column_count; i++) {
        names[i] = flat[((bytes[0] >> 2) + i) % FLAT_COUNT][0];
    }
    options.delimiter = (bytes[3] & 1) != 0 ? ';' : ',';
    options.quote = (bytes[3] & 6) == 6 ? '\0' : (bytes[3] & 2) != 0 ? '\'' : '"';
    options.escape = (bytes[3] & 8) != 0 && options.quote != '\0' ? '\\' : '\0';
    options.null_value_count = 1 + (bytes[1] >> 7);
    whole.schema = schemas[is_nested];
    whole.text = bytes + HEADER_SIZE;
    whole.size = (int64_t)(size - HEADER_SIZE);
    whole.lines = (struct sb_text_output){.memory = sb_memory_global()};
    reading_run(&whole);
    read_in_pieces(&whole, 1 + (bytes[1] & 63), 1 + bytes[2] % 5);
    if (whole.size > 0 && (!is_csv || options.escape == '\0')) {
        read_in_parts(&whole, 1 + bytes[4] % whole.size);
    }
    read_back(&whole);
    sb_text_output_deinit(&whole.lines);
    return 0;
}
