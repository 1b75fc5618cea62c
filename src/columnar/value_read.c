// SPDX-License-Identifier: Apache-2.0
/*
 * value_read.c - the bytes of values (value_bytes.h) back into columns.
 */
#include "columnar/column_internal.h"
#include "columnar/value_bytes.h"

struct value_reader {
    const uint8_t *at;
    const uint8_t *end;
};

static const uint8_t *take(struct value_reader *reader, int64_t size)
{
    const uint8_t *bytes = reader->at;

    sb_assert(size >= 0 && size <= reader->end - reader->at);
    reader->at += size;
    return bytes;
}

static uint64_t take_varint(struct value_reader *reader)
{
    uint64_t value = 0;

    for (int shift = 0;; shift += 7) {
        uint8_t byte = *take(reader, 1);

        sb_assert(shift < 64);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
}

static enum sb_status read_value(struct sb_builder *builder, struct value_reader *reader,
                                 bool is_inside, struct sb_error *err);

static enum sb_status read_list(struct sb_builder *builder, struct value_reader *reader,
                                struct sb_error *err)
{
    bool is_fixed = builder->type->id == SB_TYPE_FIXED_SIZE_LIST;
    uint64_t head = is_fixed ? *take(reader, 1) : take_varint(reader);
    int64_t count = is_fixed ? builder->type->size : (int64_t)(head >> 1);
    const uint8_t *valid = (head & 1) == 0 ? NULL : take(reader, sb_bitmap_size(count));
    struct sb_builder *elements;

    SB_TRY_RETURN(sb_builder_child(builder, 0, &elements, err));
    for (int64_t i = 0; i < count; i++) {
        if (valid != NULL && !sb_bitmap_get(valid, i)) {
            SB_TRY_RETURN(sb_builder_append_null(elements, err));
        } else {
            SB_TRY_RETURN(read_value(elements, reader, true, err));
        }
    }
    return sb_builder_append_nested(builder, err);
}

static enum sb_status read_struct(struct sb_builder *builder, struct value_reader *reader,
                                  struct sb_error *err)
{
    int32_t count = builder->type->child_count;
    const uint8_t *valid = take(reader, sb_bitmap_size(count));

    for (int32_t i = 0; i < count; i++) {
        struct sb_builder *field;

        SB_TRY_RETURN(sb_builder_child(builder, i, &field, err));
        if (!sb_bitmap_get(valid, i)) {
            SB_TRY_RETURN(sb_builder_append_null(field, err));
        } else {
            SB_TRY_RETURN(read_value(field, reader, true, err));
        }
    }
    return sb_builder_append_nested(builder, err);
}

// The end of a value inside of another: what a dictionary or run looks its value up by.
static void skip_value(const struct sb_type *type, struct value_reader *reader)
{
    if (sb_type_is_encoded(type->id)) {
        skip_value(&type->children[1].type, reader);
    } else if (type->id == SB_TYPE_STRUCT) {
        const uint8_t *valid = take(reader, sb_bitmap_size(type->child_count));

        for (int32_t i = 0; i < type->child_count; i++) {
            if (sb_bitmap_get(valid, i)) {
                skip_value(&type->children[i].type, reader);
            }
        }
    } else if (sb_type_is_list(type->id)) {
        bool is_fixed = type->id == SB_TYPE_FIXED_SIZE_LIST;
        uint64_t head = is_fixed ? *take(reader, 1) : take_varint(reader);
        int64_t count = is_fixed ? type->size : (int64_t)(head >> 1);
        const uint8_t *valid = (head & 1) == 0 ? NULL : take(reader, sb_bitmap_size(count));

        for (int64_t i = 0; i < count; i++) {
            if (valid == NULL || sb_bitmap_get(valid, i)) {
                skip_value(&type->children[0].type, reader);
            }
        }
    } else if (sb_type_is_variable(type->id)) {
        take(reader, (int64_t)take_varint(reader));
    } else {
        take(reader, type->id == SB_TYPE_BOOL ? 1 : sb_type_bytes(type));
    }
}

static enum sb_status read_encoded(struct sb_builder *builder, struct value_reader *reader,
                                   bool is_inside, struct sb_error *err)
{
    struct value_reader value = *reader;
    const struct sb_type *type = sb_type_value(builder->type);

    if (!is_inside) {
        reader->at = reader->end;
    } else if (sb_type_is_variable(type->id)) { // alone, text has no size in front
        int64_t size = (int64_t)take_varint(reader);

        value.at = take(reader, size);
    } else {
        skip_value(type, reader);
    }
    return sb_builder_append_encoded(builder, value.at, reader->at - value.at, err);
}

static enum sb_status read_value(struct sb_builder *builder, struct value_reader *reader,
                                 bool is_inside, struct sb_error *err)
{
    const struct sb_type *type = builder->type;
    uint8_t wide[32];

    if (sb_type_is_encoded(type->id)) {
        return read_encoded(builder, reader, is_inside, err);
    }
    if (type->id == SB_TYPE_STRUCT) {
        return read_struct(builder, reader, err);
    }
    if (sb_type_is_list(type->id)) {
        return read_list(builder, reader, err);
    }
    if (sb_type_is_variable(type->id)) {
        int64_t size = is_inside ? (int64_t)take_varint(reader) : reader->end - reader->at;

        return sb_builder_append_bytes(builder, take(reader, size), size, err);
    }
    if (type->id == SB_TYPE_DECIMAL256) {
        sb_decimal256_read(take(reader, sizeof wide), wide);
        return sb_builder_append_fixed(builder, wide, err);
    }
    sb_assert(type->id != SB_TYPE_NULL);
    return sb_builder_append_fixed(
        builder, take(reader, type->id == SB_TYPE_BOOL ? 1 : sb_type_bytes(type)), err);
}

enum sb_status sb_builder_append_value(struct sb_builder *builder, const uint8_t *bytes,
                                       int64_t size, struct sb_error *err)
{
    struct value_reader reader = {.at = bytes, .end = bytes + size};

    SB_TRY_RETURN(read_value(builder, &reader, false, err));
    sb_assert(reader.at == reader.end);
    return SB_OK;
}
