// SPDX-License-Identifier: Apache-2.0
#include "connect/text_rows.h"

#include <string.h>

#include "connect/text_value.h"
#include "connect/value_text.h"

enum {
    BYTES_FIRST = 4096,
    BYTES_FULL = 32 * 1024 * 1024, // a batch with so much text in a column ends
};

static enum sb_text_kind kind_of(const struct sb_type *type)
{
    if (sb_type_is_nested(type->id) || sb_type_is_view(type->id)) {
        return SB_TEXT_KIND_BUILT;
    }
    if (type->id == SB_TYPE_INT64) {
        return SB_TEXT_KIND_INT64;
    }
    if (type->id == SB_TYPE_FLOAT64) {
        return SB_TEXT_KIND_FLOAT64;
    }
    if (sb_type_is_integer(type->id)) {
        return SB_TEXT_KIND_INTEGER;
    }
    if (type->id == SB_TYPE_BOOL) {
        return SB_TEXT_KIND_BOOL;
    }
    if (type->id == SB_TYPE_FIXED_SIZE_BINARY) {
        return SB_TEXT_KIND_FIXED;
    }
    return sb_type_is_variable(type->id) ? SB_TEXT_KIND_BYTES : SB_TEXT_KIND_OTHER;
}

static bool flat_type_is_read(const struct sb_type *type)
{
    switch (type->id) {
    case SB_TYPE_BOOL:
    case SB_TYPE_FLOAT32:
    case SB_TYPE_FLOAT64:
    case SB_TYPE_DATE32:
    case SB_TYPE_DATE64:
    case SB_TYPE_TIMESTAMP:
    case SB_TYPE_DECIMAL128:
    case SB_TYPE_FIXED_SIZE_BINARY:
        return true;
    default:
        return sb_type_is_integer(type->id) || sb_type_is_variable(type->id) ||
               sb_value_text_has(type->id);
    }
}

bool sb_text_type_is_read(enum sb_text_format format, const struct sb_type *type)
{
    if (!sb_type_is_nested(type->id) || sb_type_is_encoded(type->id)) {
        return flat_type_is_read(sb_type_value(type));
    }
    for (int32_t i = 0; i < type->child_count; i++) {
        if (!sb_text_type_is_read(format, &type->children[i].type)) {
            return false;
        }
    }
    return format == SB_TEXT_NDJSON;
}

enum sb_status sb_text_rows_init(struct sb_text_rows *rows, struct sb_memory *memory,
                                 struct sb_schema *schema, struct sb_error *err)
{
    *rows = (struct sb_text_rows){.memory = memory, .schema = schema};
    rows->columns =
        sb_memory_alloc_zeroed(memory, sizeof *rows->columns * (size_t)(schema->field_count + 1));
    rows->growing =
        sb_memory_alloc_zeroed(memory, sizeof *rows->growing * (size_t)(schema->field_count + 1));
    if (rows->columns == NULL || rows->growing == NULL) {
        return sb_error_no_memory(err, "columns", schema->field_count);
    }
    for (int32_t i = 0; i < schema->field_count; i++) {
        const struct sb_field *field = &schema->fields[i];

        rows->columns[i] = (struct sb_text_column){
            .field = field,
            .kind = kind_of(&field->type),
            .width = sb_type_bytes(&field->type),
            .is_large = sb_type_is_large(field->type.id),
            .seen_row = -1,
        };
        SB_TRY_RETURN(sb_text_leaf_init(&rows->columns[i].leaf, &field->type, err));
    }
    return SB_OK;
}

static void column_release(struct sb_text_column *column)
{
    sb_buffer_release(column->values_buffer);
    sb_buffer_release(column->valid_buffer);
    sb_buffer_release(column->bytes_buffer);
    column->values_buffer = column->valid_buffer = column->bytes_buffer = NULL;
    column->values = column->valid = column->bytes = NULL;
    column->bytes_size = column->row_bytes = column->bytes_capacity = 0;
    sb_builder_deinit(&column->builder);
}

void sb_text_rows_deinit(struct sb_text_rows *rows)
{
    const size_t count = rows->schema == NULL ? 0 : (size_t)rows->schema->field_count + 1;

    if (rows->memory == NULL) {
        return;
    }
    for (size_t i = 0; rows->columns != NULL && i + 1 < count; i++) {
        column_release(&rows->columns[i]);
    }
    sb_memory_free(rows->memory, rows->columns, sizeof *rows->columns * count);
    sb_memory_free(rows->memory, rows->growing, sizeof *rows->growing * count);
    *rows = (struct sb_text_rows){0};
}

static int64_t values_size(const struct sb_text_column *column, int64_t capacity)
{
    switch (column->kind) {
    case SB_TEXT_KIND_BOOL:
        return sb_bitmap_size(capacity);
    case SB_TEXT_KIND_BYTES:
        return (capacity + 1) * (column->is_large ? 8 : 4);
    default:
        return capacity * column->width;
    }
}

static enum sb_status column_begin(struct sb_text_column *column, struct sb_memory *memory,
                                   int64_t capacity, struct sb_error *err)
{
    if (column->kind == SB_TEXT_KIND_BUILT) {
        sb_builder_init(&column->builder, memory, &column->field->type);
        return SB_OK;
    }
    SB_TRY_RETURN(
        sb_buffer_create(memory, values_size(column, capacity), &column->values_buffer, err));
    column->values = column->values_buffer->data;
    if (column->kind == SB_TEXT_KIND_BYTES) {
        memset(column->values, 0, column->is_large ? 8 : 4);
        SB_TRY_RETURN(sb_buffer_create(memory, BYTES_FIRST, &column->bytes_buffer, err));
        column->bytes = column->bytes_buffer->data;
        column->bytes_capacity = BYTES_FIRST;
    } else if (column->kind == SB_TEXT_KIND_BOOL) {
        memset(column->values, 0, (size_t)column->values_buffer->size);
    }
    return SB_OK;
}

enum sb_status sb_text_rows_begin(struct sb_text_rows *rows, int64_t capacity, struct sb_error *err)
{
    rows->count = 0;
    rows->capacity = capacity;
    rows->built = 0;
    rows->is_full = false;
    rows->growing_count = 0;
    for (int32_t i = 0; i < rows->schema->field_count; i++) {
        struct sb_text_column *column = &rows->columns[i];

        if (!column->is_wanted) {
            continue;
        }
        SB_TRY_RETURN(column_begin(column, rows->memory, capacity, err));
        if (column->kind == SB_TEXT_KIND_BYTES) {
            rows->growing[rows->growing_count++] = column;
        }
    }
    return SB_OK;
}

static bool bytes_grow(struct sb_text_rows *rows, struct sb_text_column *column, int64_t size)
{
    const int64_t needed = column->bytes_size + size;
    const int64_t capacity = needed > column->bytes_capacity * 2 ? needed : needed * 2;
    struct sb_buffer *buffer;

    if (sb_buffer_create(rows->memory, capacity, &buffer, &rows->failure) != SB_OK) {
        return false;
    }
    memcpy(buffer->data, column->bytes, (size_t)column->bytes_size);
    sb_buffer_release(column->bytes_buffer);
    column->bytes_buffer = buffer;
    column->bytes = buffer->data;
    column->bytes_capacity = capacity;
    rows->is_full |= needed >= BYTES_FULL;
    return true;
}

static void bytes_end_row(struct sb_text_rows *rows, struct sb_text_column *column, int64_t size)
{
    const int64_t end = column->bytes_size + size;

    column->row_bytes = size;
    if (column->is_large) {
        ((int64_t *)(void *)column->values)[rows->count + 1] = end;
    } else {
        ((int32_t *)(void *)column->values)[rows->count + 1] = (int32_t)end;
    }
}

static bool bytes_set(struct sb_text_rows *rows, struct sb_text_column *column, const uint8_t *text,
                      int64_t size)
{
    if (column->leaf.is_text && !sb_text_is_utf8(text, size)) {
        return false;
    }
    if (column->bytes_size + size > column->bytes_capacity && !bytes_grow(rows, column, size)) {
        return false;
    }
    memcpy(column->bytes + column->bytes_size, text, (size_t)size);
    bytes_end_row(rows, column, size);
    return true;
}

static bool bool_set(struct sb_text_rows *rows, struct sb_text_column *column, const uint8_t *text,
                     int64_t size)
{
    bool value;

    if (!sb_text_to_bool(text, size, &value)) {
        return false;
    }
    if (value) {
        sb_bitmap_set(column->values, rows->count);
    } else {
        sb_bitmap_clear(column->values, rows->count);
    }
    return true;
}

struct sb_builder *sb_text_rows_builder(struct sb_text_rows *rows, struct sb_text_column *column)
{
    if (column->builder.length != rows->count) { // of a row that was given up, or is read again
        sb_builder_truncate(&column->builder, rows->count);
    }
    return &column->builder;
}

void sb_text_rows_built(struct sb_text_rows *rows, struct sb_text_column *column, int64_t size)
{
    column->seen_row = rows->number;
    rows->built += size;
    rows->is_full |= rows->built >= BYTES_FULL;
}

void sb_text_rows_unbuild(struct sb_text_rows *rows, struct sb_text_column *column)
{
    sb_builder_truncate(&column->builder, rows->count);
}

static bool built_set(struct sb_text_rows *rows, struct sb_text_column *column, const uint8_t *text,
                      int64_t size)
{
    struct sb_builder *builder = sb_text_rows_builder(rows, column);

    if (!sb_text_leaf_append(&column->leaf, builder, text, size, &rows->failure)) {
        return false;
    }
    sb_text_rows_built(rows, column, size);
    return true;
}

static bool value_set(struct sb_text_rows *rows, struct sb_text_column *column, const uint8_t *text,
                      int64_t size)
{
    uint8_t *place;

    if (column->kind == SB_TEXT_KIND_BUILT) {
        return built_set(rows, column, text, size);
    }
    place = column->values + rows->count * column->width;
    switch (column->kind) {
    case SB_TEXT_KIND_INT64:
        return sb_text_to_int64(text, size, (int64_t *)(void *)place);
    case SB_TEXT_KIND_FLOAT64:
        return sb_text_to_double(text, size, (double *)(void *)place);
    case SB_TEXT_KIND_INTEGER:
        return sb_text_to_integer(&column->field->type, text, size, place);
    case SB_TEXT_KIND_BOOL:
        return bool_set(rows, column, text, size);
    case SB_TEXT_KIND_BYTES:
        return bytes_set(rows, column, text, size);
    case SB_TEXT_KIND_FIXED:
        if (size != column->width) {
            return false;
        }
        memcpy(place, text, (size_t)size);
        return true;
    case SB_TEXT_KIND_BUILT:
    case SB_TEXT_KIND_OTHER:
        break;
    }
    return sb_text_to_value(column->leaf.type,
                            column->leaf.zone.zone == NULL ? NULL : &column->leaf.zone, text, size,
                            place);
}

bool sb_text_rows_set(struct sb_text_rows *rows, struct sb_text_column *column, const uint8_t *text,
                      int64_t size)
{
    if (!value_set(rows, column, text, size)) {
        return false;
    }
    if (column->valid != NULL) {
        sb_bitmap_set(column->valid, rows->count);
    }
    column->seen_row = rows->number;
    return true;
}

bool sb_text_rows_set_null(struct sb_text_rows *rows, struct sb_text_column *column)
{
    if (column->kind == SB_TEXT_KIND_BUILT) {
        column->seen_row = rows->number;
        return sb_builder_append_null(sb_text_rows_builder(rows, column), &rows->failure) == SB_OK;
    }
    if (column->valid == NULL) {
        const int64_t size = sb_bitmap_size(rows->capacity);

        if (sb_buffer_create(rows->memory, size, &column->valid_buffer, &rows->failure) != SB_OK) {
            return false;
        }
        column->valid = column->valid_buffer->data;
        memset(column->valid, 0xff, (size_t)size); // the rows so far
    }
    sb_bitmap_clear(column->valid, rows->count);
    if (column->kind == SB_TEXT_KIND_BYTES) {
        bytes_end_row(rows, column, 0);
    } else if (column->kind != SB_TEXT_KIND_BOOL) {
        memset(column->values + rows->count * column->width, 0, (size_t)column->width);
    }
    column->seen_row = rows->number;
    return true;
}

void sb_text_rows_commit(struct sb_text_rows *rows)
{
    for (int32_t i = 0; i < rows->growing_count; i++) {
        rows->growing[i]->bytes_size += rows->growing[i]->row_bytes;
        rows->growing[i]->row_bytes = 0;
    }
    rows->count++;
    rows->number++;
}

static enum sb_status column_hand_over(struct sb_text_column *column, int64_t count,
                                       struct sb_column *out, struct sb_error *err)
{
    if (column->kind == SB_TEXT_KIND_BUILT) {
        sb_builder_truncate(&column->builder, count);
        return sb_builder_finish(&column->builder, out, err);
    }
    *out = (struct sb_column){
        .length = count,
        .null_count = column->valid == NULL ? 0 : -1,
        .validity = column->valid,
        .values = column->values,
        .bytes = column->bytes,
        .owner = column->values_buffer,
    };
    sb_buffer_keep(column->values_buffer, column->valid_buffer);
    sb_buffer_keep(column->values_buffer, column->bytes_buffer);
    column->values_buffer = column->valid_buffer = column->bytes_buffer = NULL;
    column_release(column);
    return SB_OK;
}

/* A column that is the same in every row. */
static enum sb_status column_fill(struct sb_text_rows *rows, struct sb_text_column *column,
                                  struct sb_column *out, struct sb_error *err)
{
    const int64_t count = rows->count;
    const uint8_t *text = (const uint8_t *)column->constant;
    const int64_t size = (int64_t)strlen(column->constant);
    enum sb_status status;

    SB_TRY_OUT(column_begin(column, rows->memory, count, err));
    for (rows->count = 0; rows->count < count; rows->count++) {
        if (!sb_text_rows_set(rows, column, text, size)) {
            char type[SB_TYPE_NAME_SIZE];
            status = sb_text_rows_is_failed(rows)
                         ? sb_error_set(err, rows->failure.status, "%s", rows->failure.message)
                         : sb_error_set(err, SB_CORRUPT, "column '%s': '%s' is no %s",
                                        column->field->name, column->constant,
                                        sb_type_name(&column->field->type, type, sizeof type));
            goto out;
        }
        column->bytes_size += column->row_bytes;
        column->row_bytes = 0;
    }
    SB_TRY_OUT(column_hand_over(column, count, out, err));
    return SB_OK;

out:
    rows->count = count;
    column_release(column);
    return status;
}

enum sb_status sb_text_rows_finish(struct sb_text_rows *rows, struct sb_batch *out,
                                   struct sb_error *err)
{
    enum sb_status status = SB_OK;

    SB_TRY_RETURN(sb_batch_init(out, rows->memory, rows->schema, rows->count, err));
    for (int32_t i = 0; i < rows->schema->field_count; i++) {
        struct sb_text_column *column = &rows->columns[i];
        struct sb_column made = {0};

        if (column->is_wanted) {
            SB_TRY_OUT(column_hand_over(column, rows->count, &made, err));
        } else if (column->constant != NULL) {
            SB_TRY_OUT(column_fill(rows, column, &made, err));
        } else {
            SB_TRY_OUT(
                sb_column_nulls(&column->field->type, rows->count, rows->memory, &made, err));
        }
        sb_batch_adopt_column(out, i, &made);
    }
    rows->capacity = 0;
    return SB_OK;

out:
    sb_batch_deinit(out);
    return status;
}
