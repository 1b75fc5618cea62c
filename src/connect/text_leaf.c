// SPDX-License-Identifier: Apache-2.0
#include "connect/text_leaf.h"

#include "columnar/value_bytes.h"
#include "connect/text_value.h"

enum { VALUE_BYTES_MAX = 32 }; // decimal256

enum sb_status sb_text_leaf_init(struct sb_text_leaf *leaf, const struct sb_type *type,
                                 struct sb_error *err)
{
    const struct sb_type *value = sb_type_value(type);

    *leaf = (struct sb_text_leaf){
        .type = value,
        .is_text = sb_type_is_text(value->id),
        .is_binary = sb_type_is_binary(value->id) || value->id == SB_TYPE_FIXED_SIZE_BINARY,
    };
    if (value->id == SB_TYPE_TIMESTAMP && value->zone != NULL) {
        return sb_zone_find(value->zone, &leaf->zone.zone, err);
    }
    return SB_OK;
}

static bool value_read(struct sb_text_leaf *leaf, const uint8_t *text, int64_t size, uint8_t *out)
{
    switch (leaf->type->id) {
    case SB_TYPE_BOOL:
        return sb_text_to_bool(text, size, (bool *)out);
    case SB_TYPE_INT64:
        return sb_text_to_int64(text, size, (int64_t *)(void *)out);
    case SB_TYPE_FLOAT64:
        return sb_text_to_double(text, size, (double *)(void *)out);
    default:
        return sb_text_to_value(leaf->type, leaf->zone.zone == NULL ? NULL : &leaf->zone, text,
                                size, out);
    }
}

bool sb_text_leaf_append(struct sb_text_leaf *leaf, struct sb_builder *builder, const uint8_t *text,
                         int64_t size, struct sb_error *err)
{
    const enum sb_type_id id = leaf->type->id;
    const bool is_encoded = sb_type_is_encoded(builder->type->id);
    _Alignas(16) uint8_t value[VALUE_BYTES_MAX];
    uint8_t ordered[VALUE_BYTES_MAX];

    if (sb_type_is_variable(id) || id == SB_TYPE_FIXED_SIZE_BINARY) {
        if (leaf->is_text ? !sb_text_is_utf8(text, size)
                          : id == SB_TYPE_FIXED_SIZE_BINARY && size != leaf->type->size) {
            return false;
        }
        return (is_encoded ? sb_builder_append_encoded(builder, text, size, err)
                : id == SB_TYPE_FIXED_SIZE_BINARY
                    ? sb_builder_append_fixed(builder, text, err)
                    : sb_builder_append_bytes(builder, text, size, err)) == SB_OK;
    }
    if (!value_read(leaf, text, size, value)) {
        return false;
    }
    if (!is_encoded) {
        return sb_builder_append_fixed(builder, value, err) == SB_OK;
    }
    if (id == SB_TYPE_DECIMAL256) {
        sb_decimal256_write(value, ordered);
        return sb_builder_append_encoded(builder, ordered, sizeof ordered, err) == SB_OK;
    }
    return sb_builder_append_encoded(
               builder, value, id == SB_TYPE_BOOL ? 1 : sb_type_bytes(leaf->type), err) == SB_OK;
}
