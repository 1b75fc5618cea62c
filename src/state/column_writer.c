// SPDX-License-Identifier: Apache-2.0
#include "state/column_writer.h"

#include "columnar/value_bytes.h"

enum sb_status sb_column_writer_init(struct sb_column_writer *writer, struct sb_memory *memory,
                                     const struct sb_type *type, int64_t capacity,
                                     struct sb_error *err)
{
    int64_t size =
        type->id == SB_TYPE_BOOL ? sb_bitmap_size(capacity) : capacity * sb_type_width(type->id);

    *writer = (struct sb_column_writer){.type = type, .memory = memory, .capacity = capacity};
    if (!sb_column_writer_can_put(type)) {
        sb_builder_init(&writer->text, memory, type);
        return SB_OK;
    }
    SB_TRY_RETURN(sb_buffer_create(memory, size, &writer->values, err));
    if (type->id == SB_TYPE_BOOL) {
        memset(writer->values->data, 0, (size_t)size);
    }
    return SB_OK;
}

void sb_column_writer_deinit(struct sb_column_writer *writer)
{
    sb_buffer_release(writer->values);
    sb_buffer_release(writer->validity);
    if (writer->text.type != NULL) {
        sb_builder_deinit(&writer->text);
    }
    *writer = (struct sb_column_writer){0};
}

bool sb_column_writer_can_put(const struct sb_type *type)
{
    return !sb_type_is_encoded(type->id) && sb_row_kind(type) != SB_ROW_TEXT;
}

static enum sb_status validity_make(struct sb_column_writer *writer, struct sb_error *err)
{
    int64_t size = sb_bitmap_size(writer->capacity);

    if (writer->validity != NULL) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_buffer_create(writer->memory, size, &writer->validity, err));
    memset(writer->validity->data, 0xff, (size_t)size);
    return SB_OK;
}

/* Where a value goes: row i after those before, or positions[i]. */
#define STORE_WORDS(ctype, expression)                                                             \
    do {                                                                                           \
        ctype *values = (ctype *)(void *)writer->values->data;                                     \
        if (positions == NULL) {                                                                   \
            values += writer->row_count;                                                           \
            for (int64_t i = 0; i < count; i++) {                                                  \
                uint64_t word = words[i];                                                          \
                values[i] = (expression);                                                          \
            }                                                                                      \
        } else {                                                                                   \
            for (int64_t i = 0; i < count; i++) {                                                  \
                uint64_t word = words[i];                                                          \
                values[positions[i]] = (expression);                                               \
            }                                                                                      \
        }                                                                                          \
    } while (0)

static inline float float_of(uint64_t word)
{
    double value;

    memcpy(&value, &word, sizeof value);
    return (float)value;
}

static inline uint16_t float16_of(uint64_t word)
{
    double value;

    memcpy(&value, &word, sizeof value);
    return sb_float16_write(value);
}

/* The low bytes of two-word values. */
static void narrow_store(struct sb_column_writer *writer, const uint64_t *words,
                         const uint32_t *positions, int64_t count, int32_t width)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t row = positions == NULL ? writer->row_count + i : positions[i];

        memcpy(writer->values->data + row * width, &words[2 * i], (size_t)width);
    }
}

static void values_store(struct sb_column_writer *writer, const uint64_t *words,
                         const uint32_t *positions, int64_t count)
{
    switch (writer->type->id) {
    case SB_TYPE_BOOL:
        for (int64_t i = 0; i < count; i++) {
            if (words[i] != 0) {
                sb_bitmap_set(writer->values->data,
                              positions == NULL ? writer->row_count + i : positions[i]);
            }
        }
        break;
    case SB_TYPE_INT8:
    case SB_TYPE_UINT8:
        STORE_WORDS(uint8_t, (uint8_t)word);
        break;
    case SB_TYPE_INT16:
    case SB_TYPE_UINT16:
        STORE_WORDS(uint16_t, (uint16_t)word);
        break;
    case SB_TYPE_INT32:
    case SB_TYPE_UINT32:
    case SB_TYPE_DATE32:
    case SB_TYPE_TIME32:
    case SB_TYPE_INTERVAL_MONTH:
        STORE_WORDS(uint32_t, (uint32_t)word);
        break;
    case SB_TYPE_FLOAT16:
        STORE_WORDS(uint16_t, float16_of(word));
        break;
    case SB_TYPE_FLOAT32:
        STORE_WORDS(float, float_of(word));
        break;
    case SB_TYPE_DECIMAL32:
        narrow_store(writer, words, positions, count, 4);
        break;
    case SB_TYPE_DECIMAL64:
        narrow_store(writer, words, positions, count, 8);
        break;
    case SB_TYPE_NULL:
        break;
    case SB_TYPE_DECIMAL128:
    case SB_TYPE_INTERVAL_MONTH_DAY_NANO: {
        uint64_t *values = (uint64_t *)(void *)writer->values->data;
        for (int64_t i = 0; i < count; i++) {
            int64_t row = positions == NULL ? writer->row_count + i : positions[i];
            values[2 * row] = words[2 * i];
            values[2 * row + 1] = words[2 * i + 1];
        }
        break;
    }
    default:
        STORE_WORDS(uint64_t, word);
        break;
    }
}

static enum sb_status nulls_store(struct sb_column_writer *writer, const uint8_t *nulls,
                                  const uint32_t *positions, int64_t count, struct sb_error *err)
{
    if (nulls == NULL) {
        return SB_OK;
    }
    SB_TRY_RETURN(validity_make(writer, err));
    for (int64_t i = 0; i < count; i++) {
        if (nulls[i]) {
            sb_bitmap_clear(writer->validity->data,
                            positions == NULL ? writer->row_count + i : positions[i]);
            writer->null_count++;
        }
    }
    return SB_OK;
}

static enum sb_status texts_append(struct sb_column_writer *writer,
                                   const struct sb_row_vector *vector, int64_t count,
                                   struct sb_error *err)
{
    const uint64_t *words = vector->words;
    bool is_view = writer->type->id == SB_TYPE_UTF8_VIEW || writer->type->id == SB_TYPE_BINARY_VIEW;
    int64_t size = 0;

    for (int64_t i = 0; i < count; i++) {
        size += is_view ? sb_text_heap_size(words[2 * i]) : sb_text_size(words[2 * i]);
    }
    SB_TRY_RETURN(sb_builder_reserve(&writer->text, count, size, err));
    for (int64_t i = 0; i < count; i++) {
        if (vector->nulls != NULL && vector->nulls[i]) {
            SB_TRY_RETURN(sb_builder_append_null(&writer->text, err));
        } else {
            SB_TRY_RETURN(sb_builder_append_bytes(&writer->text, sb_text_bytes(words + 2 * i),
                                                  sb_text_size(words[2 * i]), err));
        }
    }
    return SB_OK;
}

/* What rows keep as the bytes of values: fixed_size_binary, decimal256, lists, structs, maps. */
static enum sb_status values_append(struct sb_column_writer *writer,
                                    const struct sb_row_vector *vector, int64_t count,
                                    struct sb_error *err)
{
    const uint64_t *words = vector->words;

    for (int64_t i = 0; i < count; i++) {
        if (vector->nulls != NULL && vector->nulls[i]) {
            SB_TRY_RETURN(sb_builder_append_null(&writer->text, err));
        } else {
            SB_TRY_RETURN(sb_builder_append_value(&writer->text, sb_text_bytes(words + 2 * i),
                                                  sb_text_size(words[2 * i]), err));
        }
    }
    return SB_OK;
}

/* The bytes of a value (columnar/value_bytes.h) from the words of its row. */
static const uint8_t *word_bytes(const struct sb_type *type, const uint64_t *words, uint8_t *room,
                                 int64_t *size)
{
    *size = type->id == SB_TYPE_BOOL ? 1 : sb_type_width(type->id);
    if (type->id == SB_TYPE_FLOAT16) {
        uint16_t half = float16_of(words[0]);

        memcpy(room, &half, sizeof half);
    } else if (type->id == SB_TYPE_FLOAT32) {
        float single = float_of(words[0]);

        memcpy(room, &single, sizeof single);
    } else {
        return (const uint8_t *)words; // little-endian: the low bytes come first
    }
    return room;
}

/* Values of dictionaries and runs, which are encoded anew. */
static enum sb_status encoded_append(struct sb_column_writer *writer,
                                     const struct sb_row_vector *vector, int64_t count,
                                     struct sb_error *err)
{
    const struct sb_type *type = sb_type_value(writer->type);
    int32_t width = sb_row_kind_words(vector->kind);

    for (int64_t i = 0; i < count; i++) {
        const uint64_t *words = vector->words + width * i;
        uint8_t room[8];
        int64_t size = sb_text_size(words[0]);
        const uint8_t *bytes;

        if (vector->nulls != NULL && vector->nulls[i]) {
            SB_TRY_RETURN(sb_builder_append_null(&writer->text, err));
            continue;
        }
        bytes = vector->kind == SB_ROW_TEXT ? sb_text_bytes(words)
                                            : word_bytes(type, words, room, &size);
        SB_TRY_RETURN(sb_builder_append_encoded(&writer->text, bytes, size, err));
    }
    return SB_OK;
}

enum sb_status sb_column_writer_append(struct sb_column_writer *writer,
                                       const struct sb_row_vector *vector, int64_t count,
                                       struct sb_error *err)
{
    sb_debug_assert(writer->row_count + count <= writer->capacity);
    sb_debug_assert(vector->kind == sb_row_kind(writer->type));
    if (sb_type_is_encoded(writer->type->id)) {
        SB_TRY_RETURN(encoded_append(writer, vector, count, err));
    } else if (vector->kind == SB_ROW_TEXT) {
        SB_TRY_RETURN(sb_type_is_variable(writer->type->id)
                          ? texts_append(writer, vector, count, err)
                          : values_append(writer, vector, count, err));
    } else {
        values_store(writer, vector->words, NULL, count);
        SB_TRY_RETURN(nulls_store(writer, vector->nulls, NULL, count, err));
    }
    writer->row_count += count;
    return SB_OK;
}

uint64_t *sb_column_writer_words(struct sb_column_writer *writer, int64_t count)
{
    uint64_t *words;

    if (sb_type_width(writer->type->id) != 8 || writer->type->id == SB_TYPE_DECIMAL64) {
        return NULL;
    }
    sb_debug_assert(writer->row_count + count <= writer->capacity);
    words = (uint64_t *)(void *)writer->values->data + writer->row_count;
    writer->row_count += count;
    return words;
}

enum sb_status sb_column_writer_put(struct sb_column_writer *writer,
                                    const struct sb_row_vector *vector, const uint32_t *positions,
                                    int64_t count, struct sb_error *err)
{
    sb_debug_assert(sb_column_writer_can_put(writer->type));
    values_store(writer, vector->words, positions, count);
    return nulls_store(writer, vector->nulls, positions, count, err);
}

enum sb_status sb_column_writer_finish(struct sb_column_writer *writer, int64_t length,
                                       struct sb_column *out, struct sb_error *err)
{
    if (writer->values == NULL) {
        SB_TRY_RETURN(sb_builder_finish(&writer->text, out, err));
        sb_assert(out->length == length);
    } else {
        *out = (struct sb_column){
            .type = writer->type,
            .length = length,
            .null_count = writer->null_count,
            .validity = writer->validity == NULL ? NULL : writer->validity->data,
            .values = writer->values->data,
            .owner = writer->values,
        };
        sb_buffer_keep(writer->values, writer->validity);
    }
    *writer = (struct sb_column_writer){0};
    return SB_OK;
}
