// SPDX-License-Identifier: Apache-2.0
#include "support/random_value.h"

#include <string.h>

#include "columnar/value_bytes.h"
#include "support/seed.h"
#include "support/test.h"

static void fill_row(struct sb_builder *builder, uint64_t *random)
{
    const struct sb_type *type = builder->type;
    int64_t elements = type->id == SB_TYPE_STRUCT            ? 1
                       : type->id == SB_TYPE_FIXED_SIZE_LIST ? type->size
                                                             : (int64_t)(test_random(random) % 4);

    for (int32_t i = 0; i < type->child_count; i++) {
        struct sb_builder *child;

        assert_int_equal(sb_builder_child(builder, i, &child, NULL), SB_OK);
        for (int64_t e = 0; e < elements; e++) {
            test_value_append_random(child, type->children[i].is_nullable, random);
        }
    }
    assert_int_equal(sb_builder_append_nested(builder, NULL), SB_OK);
}

// One of few values, so that equal ones occur; no NaN, so that bytes tell values apart.
static void value_random(const struct sb_type *type, uint8_t *bytes, int64_t *size,
                         uint64_t *random)
{
    *size = sb_type_is_variable(type->id) ? (int64_t)(test_random(random) % 20)
            : type->id == SB_TYPE_BOOL    ? 1
                                          : sb_type_bytes(type);
    memset(bytes, 0, 64);
    if (*size > 0) {
        memset(bytes, 'a' + (int)(test_random(random) % 3), (size_t)*size);
    }
    if (type->id == SB_TYPE_BOOL) {
        bytes[0] &= 1;
    }
}

static void fill_encoded(struct sb_builder *builder, uint64_t *random)
{
    const struct sb_type *type = sb_type_value(builder->type);
    uint8_t bytes[64];
    int64_t size;

    if (sb_type_is_nested(type->id)) { // a list of int8: a count doubled, then elements
        bytes[0] = (uint8_t)(2 * (test_random(random) % 3));
        memset(bytes + 1, 'x', 3);
        size = 1 + bytes[0] / 2;
    } else {
        value_random(type, bytes, &size, random);
    }
    assert_int_equal(sb_builder_append_encoded(builder, bytes, size, NULL), SB_OK);
}

void test_value_append_random(struct sb_builder *builder, bool is_nullable, uint64_t *random)
{
    const struct sb_type *type = builder->type;
    uint8_t bytes[64];
    int64_t size;

    if (type->id == SB_TYPE_NULL || (is_nullable && test_random(random) % 5 == 0)) {
        assert_int_equal(sb_builder_append_null(builder, NULL), SB_OK);
    } else if (sb_type_is_encoded(type->id)) {
        fill_encoded(builder, random);
    } else if (sb_type_is_nested(type->id)) {
        fill_row(builder, random);
    } else {
        value_random(type, bytes, &size, random);
        assert_int_equal(sb_type_is_variable(type->id)
                             ? sb_builder_append_bytes(builder, bytes, size, NULL)
                             : sb_builder_append_fixed(builder, bytes, NULL),
                         SB_OK);
    }
}

void test_column_expect(const struct sb_column *found, const struct sb_column *expected,
                        const uint32_t *rows, int64_t count)
{
    static uint8_t a[1 << 14];
    static uint8_t b[1 << 14];

    assert_int_equal(found->length, count);
    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows == NULL ? i : rows[i];
        bool is_null = row == UINT32_MAX || sb_column_is_null(expected, row);
        int64_t size;

        assert_int_equal(sb_column_is_null(found, i), is_null);
        if (is_null) {
            continue;
        }
        size = sb_value_size(expected, row);
        assert_true(size <= (int64_t)sizeof a);
        assert_int_equal(sb_value_size(found, i), size);
        sb_value_write(found, i, false, a);
        sb_value_write(expected, row, false, b);
        assert_memory_equal(a, b, (size_t)size);
    }
}
