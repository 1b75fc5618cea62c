// SPDX-License-Identifier: Apache-2.0
/*
 * arrow_contents.c - what a full check looks at beyond what memory safety needs.
 *
 * Each column by itself: the import calls it for children, too.
 */
#include <inttypes.h>

#include "columnar/arrow_internal.h"

static enum sb_status refuse(const struct sb_arrow_path *path, int64_t row, const char *what,
                             struct sb_error *err)
{
    char text[SB_ARROW_PATH_SIZE];

    return sb_error_set(err, SB_CORRUPT, "column '%s': row %" PRId64 " %s",
                        sb_arrow_path_text(path, text, sizeof text), row, what);
}

// The bytes of one character, or 0 where there is none: too long a form, a surrogate, above
// U+10FFFF, or bytes that do not belong together.
static int64_t character_size(const uint8_t *text, int64_t size)
{
    uint8_t first = text[0];
    int64_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    if (length == 0 || length > size || first > 0xf4) {
        return 0;
    }
    for (int64_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] > 0x9f) ||
        (first == 0xf0 && text[1] < 0x90) || (first == 0xf4 && text[1] > 0x8f)) {
        return 0;
    }
    return length;
}

static bool is_utf8(struct sb_bytes text)
{
    for (int64_t i = 0; i < text.size;) {
        int64_t size = character_size(text.data + i, text.size - i);

        if (size == 0) {
            return false;
        }
        i += size;
    }
    return true;
}

static enum sb_status text_check(const struct sb_column *column, const struct sb_arrow_path *path,
                                 struct sb_error *err)
{
    for (int64_t row = 0; row < column->length; row++) {
        if (!sb_column_is_null(column, row) && !is_utf8(sb_column_bytes(column, row))) {
            return refuse(path, row, "is not UTF-8; binary columns hold any bytes", err);
        }
    }
    return SB_OK;
}

// A child that says it has no nulls may have them only under rows that are null themselves.
static enum sb_status child_nulls_check(const struct sb_column *column, int32_t index,
                                        const struct sb_arrow_path *path, struct sb_error *err)
{
    struct sb_column child = sb_column_child(column, index);
    bool is_struct = column->type->id == SB_TYPE_STRUCT;

    if (column->type->children[index].is_nullable || child.validity == NULL) {
        return SB_OK;
    }
    for (int64_t row = 0; row < column->length; row++) {
        struct sb_range range = {column->offset + row, 1};

        if (sb_column_is_null(column, row)) {
            continue;
        }
        if (!is_struct) {
            range = sb_column_range(column, row);
        }
        if (range.count > 0 && sb_bitmap_count(child.validity, child.offset + range.first,
                                               range.count) < range.count) {
            return refuse(path, row, "has a null in a child that is not nullable", err);
        }
    }
    return SB_OK;
}

enum sb_status sb_arrow_check_contents(const struct sb_column *column,
                                       const struct sb_arrow_path *path, struct sb_error *err)
{
    if (sb_type_is_text(column->type->id)) {
        return text_check(column, path, err);
    }
    if (sb_type_is_encoded(column->type->id)) {
        return SB_OK; // run ends and indices are checked always
    }
    for (int32_t i = 0; i < column->type->child_count; i++) {
        SB_TRY_RETURN(child_nulls_check(column, i, path, err));
    }
    return SB_OK;
}
