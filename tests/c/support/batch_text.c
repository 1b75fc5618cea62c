// SPDX-License-Identifier: Apache-2.0
#include "support/batch_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/calendar.h"
#include "base/hash.h"
#include "columnar/builder.h"
#include "support/test.h"

enum {
    FIELDS_MAX = 64,
    CELL_SIZE_MAX = 1 << 16,
};

static const char *space_skip(const char *text)
{
    while (*text == ' ' || *text == '\t') {
        text++;
    }
    return text;
}

// Where a field or cell ends that starts at `text`: at one of `stops` outside brackets and quotes.
static const char *cell_end(const char *text, const char *stops)
{
    int depth = 0;

    for (; *text != '\0'; text++) {
        if (depth == 0 && strchr(stops, *text) != NULL) {
            break;
        }
        if (*text == '\'') {
            for (text++; *text != '\''; text++) {
                if (*text == '\0') {
                    fail_msg("a quote is not closed");
                }
                if (*text == '\\') {
                    text++;
                }
            }
        } else if (strchr("[(<", *text) != NULL) {
            depth++;
        } else if (strchr("])>", *text) != NULL) {
            depth--;
        }
    }
    return text;
}

static enum sb_status field_parse(struct sb_arena *arena, const char *text, size_t size,
                                  struct sb_field *out)
{
    static const char suffix[] = " not null";
    char *copy = sb_arena_alloc_zeroed(arena, size + 1);
    char *colon;
    size_t length;
    struct sb_error err;
    enum sb_status status;

    if (copy == NULL) {
        return SB_NO_MEMORY;
    }
    memcpy(copy, text, size);
    colon = strchr(copy, ':');
    if (colon == NULL) {
        fail_msg("'%s' is no field", copy);
    }
    *colon = '\0';
    length = strlen(colon + 1);
    while (length > 0 && isspace((unsigned char)colon[length])) {
        colon[length--] = '\0';
    }
    out->name = copy;
    out->is_nullable = true;
    if (length > strlen(suffix) && strcmp(colon + 1 + length - strlen(suffix), suffix) == 0) {
        colon[1 + length - strlen(suffix)] = '\0';
        out->is_nullable = false;
    }
    status = sb_type_parse(space_skip(colon + 1), arena, &out->type, &err);
    if (status == SB_INVALID) {
        fail_msg("%s", err.message);
    }
    return status;
}

enum sb_status test_schema_parse(struct sb_memory *memory, const char *text, struct sb_schema **out)
{
    enum sb_status status = SB_OK;
    struct sb_field fields[FIELDS_MAX];
    struct sb_arena arena;
    int32_t count = 0;

    *out = NULL;
    sb_arena_init(&arena, memory);
    text = space_skip(text);
    while (*text != '\0') {
        const char *end = cell_end(text, ",");

        assert_true(count < FIELDS_MAX);
        SB_TRY_OUT(field_parse(&arena, text, (size_t)(end - text), &fields[count++]));
        text = *end == '\0' ? end : space_skip(end + 1);
    }
    SB_TRY_OUT(sb_schema_create(memory, fields, count, out, NULL));
out:
    sb_arena_deinit(&arena);
    return status;
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

// What is between the quotes, escapes resolved; returns its size.
static int64_t text_unquote(const char *text, size_t size, uint8_t *out)
{
    int64_t length = 0;

    if (size < 2 || text[0] != '\'' || text[size - 1] != '\'') {
        fail_msg("'%.*s' has no quotes", (int)size, text);
    }
    for (size_t i = 1; i < size - 1; i++) {
        uint8_t byte = (uint8_t)text[i];

        if (byte == '\\') {
            byte = (uint8_t)text[++i];
            if (byte == 'n') {
                byte = '\n';
            } else if (byte == 'x') {
                byte = (uint8_t)(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
                i += 2;
            }
        }
        assert_true(length < CELL_SIZE_MAX);
        out[length++] = byte;
    }
    return length;
}

__extension__ typedef __int128 test_int128;

static test_int128 decimal_unscaled(const char *text, int32_t scale)
{
    bool is_negative = *text == '-';
    bool is_fraction = false;
    test_int128 value = 0;

    for (text += is_negative; *text != '\0' && (!is_fraction || scale > 0); text++) {
        if (*text == '.') {
            is_fraction = true;
            continue;
        }
        assert_true(isdigit((unsigned char)*text));
        value = value * 10 + (*text - '0');
        scale -= is_fraction;
    }
    assert_true(*text == '\0');
    for (; scale > 0; scale--) {
        value *= 10;
    }
    for (; scale < 0; scale++) {
        assert_true(value % 10 == 0);
        value /= 10;
    }
    return is_negative ? -value : value;
}

// "2024-02-29" and "2024-02-29T12:30:15.5", as a value of a date or timestamp (little-endian).
static bool time_read(const struct sb_type *type, const char *cell, int64_t *out)
{
    static const int64_t per_second[] = {1, 1000, 1000000, 1000000000};
    int year;
    int month;
    int day;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int used = 0;
    int64_t nanos = 0;

    if (sscanf(cell, "%d-%2d-%2d%n", &year, &month, &day, &used) != 3 || used == 0) {
        return false;
    }
    cell += used;
    if (*cell == 'T' && sscanf(cell, "T%2d:%2d:%2d%n", &hour, &minute, &second, &used) == 3) {
        cell += used;
    }
    if (*cell == '.') {
        cell++;
        for (int64_t digit = 100000000; *cell >= '0' && *cell <= '9'; digit /= 10) {
            nanos += (*cell++ - '0') * digit;
        }
    }
    assert_true(*cell == 0 || strcmp(cell, "Z") == 0);
    *out = sb_days_from_civil(year, month, day);
    if (type->id == SB_TYPE_DATE64) {
        *out *= SB_MILLIS_PER_DAY;
    } else if (type->id == SB_TYPE_TIMESTAMP) {
        *out = (*out * SB_SECONDS_PER_DAY + (hour * 60 + minute) * 60 + second) *
                   per_second[type->unit] +
               nanos / (1000000000 / per_second[type->unit]);
    }
    return true;
}

static enum sb_status cell_append(struct sb_builder *builder, const char *text, size_t size)
{
    const struct sb_type *type = builder->type;
    char cell[64];
    char *end = cell;

    if (size == 4 && memcmp(text, "null", 4) == 0) {
        return sb_builder_append_null(builder, NULL);
    }
    if (sb_type_is_variable(type->id)) {
        static uint8_t bytes[CELL_SIZE_MAX];
        int64_t bytes_size = text_unquote(text, size, bytes);

        return sb_builder_append_bytes(builder, bytes, bytes_size, NULL);
    }
    assert_true(size > 0 && size < sizeof cell);
    memcpy(cell, text, size);
    cell[size] = '\0';
    if (type->id == SB_TYPE_BOOL) {
        uint8_t is_true = strcmp(cell, "true") == 0;

        assert_true(is_true || strcmp(cell, "false") == 0);
        return sb_builder_append_fixed(builder, &is_true, NULL);
    }
    if (type->id == SB_TYPE_FLOAT32) {
        float value = strtof(cell, &end);

        assert_true(*end == '\0');
        return sb_builder_append_fixed(builder, &value, NULL);
    }
    if (type->id == SB_TYPE_FLOAT64) {
        double value = strtod(cell, &end);

        assert_true(*end == '\0');
        return sb_builder_append_fixed(builder, &value, NULL);
    }
    if (type->id == SB_TYPE_DECIMAL128) {
        test_int128 value = decimal_unscaled(cell, type->scale);

        return sb_builder_append_fixed(builder, &value, NULL);
    }
    int64_t time;
    if (time_read(type, cell, &time)) {
        return sb_builder_append_fixed(builder, &time, NULL);
    }
    uint64_t value = cell[0] == '-' ? (uint64_t)strtoll(cell, &end, 10) : strtoull(cell, &end, 10);
    uint8_t little[8];

    if (*end != '\0') {
        fail_msg("'%s' is no integer", cell);
    }
    for (int i = 0; i < 8; i++) { // the low bytes, whatever the width
        little[i] = (uint8_t)(value >> (8 * i));
    }
    return sb_builder_append_fixed(builder, little, NULL);
}

static enum sb_status row_append(struct sb_builder *builders, int32_t count, const char **rows)
{
    const char *text = *rows;

    for (int32_t i = 0; i < count; i++) {
        const char *end;
        size_t size;

        text = space_skip(text);
        end = cell_end(text, ",;\n");
        size = (size_t)(end - text);
        while (size > 0 && isspace((unsigned char)text[size - 1])) {
            size--;
        }
        if ((*end == ',') != (i + 1 < count)) {
            fail_msg("expected %d cells in the row that ends before '%.20s'", count, end);
        }
        SB_TRY_RETURN(cell_append(&builders[i], text, size));
        text = *end == ',' ? end + 1 : end;
    }
    *rows = text;
    return SB_OK;
}

enum sb_status test_rows_parse(struct sb_memory *memory, struct sb_schema *schema, const char *rows,
                               struct sb_batch *out)
{
    struct sb_builder builders[FIELDS_MAX];
    int32_t count = schema->field_count;
    enum sb_status status = SB_OK;
    int64_t row_count = 0;

    *out = (struct sb_batch){0};
    assert_true(count <= FIELDS_MAX);
    for (int32_t i = 0; i < count; i++) {
        sb_builder_init(&builders[i], memory, &schema->fields[i].type);
    }
    for (;;) {
        while (*rows != '\0' && (isspace((unsigned char)*rows) || *rows == ';')) {
            rows++;
        }
        if (*rows == '\0') {
            break;
        }
        SB_TRY_OUT(row_append(builders, count, &rows));
        row_count++;
    }
    SB_TRY_OUT(sb_batch_init(out, memory, schema, row_count, NULL));
    for (int32_t i = 0; i < count; i++) {
        SB_TRY_OUT(sb_builder_finish(&builders[i], &out->columns[i], NULL));
    }
out:
    for (int32_t i = 0; i < count; i++) {
        sb_builder_deinit(&builders[i]);
    }
    if (status != SB_OK) {
        sb_batch_deinit(out);
    }
    return status;
}

enum sb_status test_batch_parse(struct sb_memory *memory, const char *schema, const char *rows,
                                struct sb_batch *out)
{
    struct sb_schema *parsed;
    enum sb_status status;

    *out = (struct sb_batch){0};
    SB_TRY_RETURN(test_schema_parse(memory, schema, &parsed));
    status = test_rows_parse(memory, parsed, rows, out);
    sb_schema_release(parsed);
    return status;
}

static void text_write(FILE *out, struct sb_bytes bytes)
{
    fputc('\'', out);
    for (int64_t i = 0; i < bytes.size; i++) {
        uint8_t byte = bytes.data[i];

        if (byte == '\'' || byte == '\\') {
            fprintf(out, "\\%c", byte);
        } else if (byte == '\n') {
            fputs("\\n", out);
        } else if (byte < 0x20 || byte == 0x7f) {
            fprintf(out, "\\x%02x", byte);
        } else {
            fputc(byte, out);
        }
    }
    fputc('\'', out);
}

// The fewest digits that read back as the same number.
static void float_write(FILE *out, double value, bool is_float32)
{
    char text[64];

    if (value != value) {
        fputs("nan", out);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (is_float32 ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value) {
            break;
        }
    }
    fputs(text, out);
    if (strpbrk(text, ".einf") == NULL) {
        fputs(".0", out);
    }
}

static void decimal_write(FILE *out, test_int128 value, int32_t scale)
{
    char digits[48];
    int length = 0;
    sb_uint128 left = value < 0 ? -(sb_uint128)value : (sb_uint128)value;

    for (; left > 0 || length <= (scale > 0 ? scale : 0); left /= 10) {
        digits[length++] = (char)('0' + (int)(left % 10));
    }
    if (value < 0) {
        fputc('-', out);
    }
    while (length > 0) {
        if (length == scale) {
            fputc('.', out);
        }
        fputc(digits[--length], out);
    }
    for (; scale < 0; scale++) {
        fputc('0', out);
    }
}

static void integer_write(FILE *out, enum sb_type_id id, const void *value)
{
    uint64_t bits = 0;
    int32_t width = sb_type_width(id);

    for (int32_t i = 0; i < width; i++) {
        bits |= (uint64_t)((const uint8_t *)value)[i] << (8 * i);
    }
    if (sb_type_is_integer(id) && !sb_type_is_signed(id)) {
        fprintf(out, "%" PRIu64, bits);
        return;
    }
    if (width < 8 && bits >> (8 * width - 1) != 0) {
        bits |= UINT64_MAX << (8 * width);
    }
    fprintf(out, "%" PRId64, (int64_t)bits);
}

static void cell_write(FILE *out, const struct sb_column *column, int64_t row)
{
    const struct sb_type *type = column->type;
    const uint8_t *value;

    if (sb_column_is_null(column, row)) {
        fputs("null", out);
        return;
    }
    if (sb_type_is_variable(type->id)) {
        text_write(out, sb_column_bytes(column, row));
        return;
    }
    if (type->id == SB_TYPE_BOOL) {
        fputs(sb_bitmap_get(column->values, column->offset + row) ? "true" : "false", out);
        return;
    }
    value = (const uint8_t *)sb_column_fixed(column, sb_type_width(type->id)) +
            row * sb_type_width(type->id);
    if (type->id == SB_TYPE_FLOAT32) {
        float number;

        memcpy(&number, value, sizeof number);
        float_write(out, (double)number, true);
    } else if (type->id == SB_TYPE_FLOAT64) {
        double number;

        memcpy(&number, value, sizeof number);
        float_write(out, number, false);
    } else if (type->id == SB_TYPE_DECIMAL128) {
        test_int128 number;

        memcpy(&number, value, sizeof number);
        decimal_write(out, number, type->scale);
    } else {
        integer_write(out, type->id, value);
    }
}

char *test_batch_text(const struct sb_batch *batch)
{
    const uint32_t *positions = sb_batch_rows(batch);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    for (int64_t i = 0; i < batch->row_count; i++) {
        for (int32_t j = 0; j < batch->schema->field_count; j++) {
            fputs(j == 0 ? "" : ", ", out);
            cell_write(out, &batch->columns[j], positions == NULL ? i : positions[i]);
        }
        fputc('\n', out);
    }
    fclose(out);
    return text;
}

static int line_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *lines_sort(char *text)
{
    size_t size = strlen(text);
    char **lines = malloc((size + 1) * sizeof *lines);
    char *sorted = malloc(size + 1);
    size_t count = 0;
    char *to = sorted;

    assert_non_null(lines);
    assert_non_null(sorted);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        lines[count++] = line;
    }
    qsort(lines, count, sizeof *lines, line_compare);
    for (size_t i = 0; i < count; i++) {
        to = stpcpy(to, lines[i]);
        *to++ = '\n';
    }
    *to = '\0';
    free(lines);
    free(text);
    return sorted;
}

static char *batches_text(const struct sb_batch *batches, int64_t count)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    for (int64_t i = 0; i < count; i++) {
        char *part = test_batch_text(&batches[i]);
        fputs(part, out);
        free(part);
    }
    fclose(out);
    return text;
}

void test_batch_expect(const struct sb_batch *batch, const char *rows, bool is_unordered,
                       const char *file, int line)
{
    test_batches_expect(batch, 1, rows, is_unordered, file, line);
}

void test_batches_expect(const struct sb_batch *batch, int64_t count, const char *rows,
                         bool is_unordered, const char *file, int line)
{
    struct sb_memory *memory = sb_memory_create(0);
    char *found = batches_text(batch, count);
    struct sb_batch parsed;
    char *expected;

    assert_non_null(memory);
    assert_int_equal(test_rows_parse(memory, batch->schema, rows, &parsed), SB_OK);
    expected = test_batch_text(&parsed);
    sb_batch_deinit(&parsed);
    sb_memory_release(memory);
    if (is_unordered) {
        expected = lines_sort(expected);
        found = lines_sort(found);
    }
    if (strcmp(expected, found) != 0) {
        print_error("%s:%d: expected\n%sfound\n%s", file, line, expected, found);
        fail();
    }
    free(expected);
    free(found);
}

enum sb_status test_batch_select(struct sb_batch *batch, const uint32_t *positions, int64_t count)
{
    struct sb_selection *selection;

    assert_null(batch->selection);
    SB_TRY_RETURN(sb_selection_create(batch->memory, count, &selection, NULL));
    if (count > 0) {
        memcpy(selection->rows, positions, (size_t)count * sizeof *positions);
    }
    batch->selection = selection;
    batch->selection_first = 0;
    batch->row_count = count;
    return SB_OK;
}
