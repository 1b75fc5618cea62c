// SPDX-License-Identifier: Apache-2.0
#include "support/domain.h"

#include <math.h>
#include <stdio.h>

#include "support/seed.h"
#include "support/test.h"

enum { ZERO = TEST_DOMAIN_SIZE / 2, TEXT_SIZE_MAX = 200 };

int64_t test_domain_size(enum sb_type_id id)
{
    return id == SB_TYPE_BOOL ? 2 : TEST_DOMAIN_SIZE;
}

static int64_t step(enum sb_type_id id)
{
    switch (id) {
    case SB_TYPE_INT8:
    case SB_TYPE_UINT8:
        return 10;
    case SB_TYPE_INT16:
    case SB_TYPE_UINT16:
        return 2700;
    case SB_TYPE_INT64:
    case SB_TYPE_UINT64:
    case SB_TYPE_TIMESTAMP:
        return INT64_C(300000000007);
    case SB_TYPE_DATE64:
        return INT64_C(86400000) * 365;
    case SB_TYPE_BOOL:
        return 1;
    default:
        return 70000001;
    }
}

test_wide test_domain_amount(enum sb_type_id id, int64_t number)
{
    bool is_positive = id == SB_TYPE_BOOL || (sb_type_is_integer(id) && !sb_type_is_signed(id));

    if (sb_type_is_float(id)) {
        return number - ZERO;
    }
    if (id == SB_TYPE_DECIMAL128) {
        return (test_wide)(number - ZERO) * 1000000007 * INT64_C(1000000000000000003);
    }
    return (test_wide)(is_positive ? number : number - ZERO) * step(id);
}

/* Returns the size. Ascending by number. */
static int64_t text_spell(enum sb_type_id id, int64_t number, char *out)
{
    int64_t size;

    if (number == 0) {
        return 0;
    }
    size = sprintf(out, "k%02d", (int)number);
    if (!sb_type_is_text(id)) {
        out[size++] = '\0';
    }
    if (number % 4 == 1) {
        size += sprintf(out + size, " is too long for a view");
    } else if (number % 4 == 2) {
        size += sprintf(out + size, "%.*s", (int)(number * 6),
                        "nine and more times longer than a view can be, so that replacing it "
                        "by another text needs more room than there was before in that place");
    } else if (number % 4 == 3) {
        size += sprintf(out + size, "%.*s", (int)(12 - size), "abcdefghi"); // exactly inline
    }
    return size;
}

enum sb_status test_domain_append(struct sb_builder *builder, int64_t number, uint64_t *random)
{
    enum sb_type_id id = builder->type->id;
    test_wide amount = test_domain_amount(id, number);
    uint64_t spelling = test_random(random);
    char text[TEXT_SIZE_MAX];

    if (number < 0) {
        return sb_builder_append_null(builder, NULL);
    }
    if (sb_type_is_variable(id)) {
        int64_t size = text_spell(id, number, text);
        return sb_builder_append_bytes(builder, text, size, NULL);
    }
    if (id == SB_TYPE_FLOAT64 || id == SB_TYPE_FLOAT32) {
        double value = (double)(int64_t)amount / 2;
        float narrow;
        if (number == ZERO && spelling % 2 == 0) {
            value = -0.0;
        }
        if (number == TEST_DOMAIN_NAN) {
            value = spelling % 2 == 0 ? (double)NAN : -(double)NAN;
        }
        narrow = (float)value;
        return id == SB_TYPE_FLOAT64 ? sb_builder_append_fixed(builder, &value, NULL)
                                     : sb_builder_append_fixed(builder, &narrow, NULL);
    }
    return sb_builder_append_fixed(builder, &amount, NULL); // little-endian: its low bytes
}

static bool value_is(const struct sb_column *column, int64_t row, int64_t number)
{
    enum sb_type_id id = column->type->id;
    test_wide amount = test_domain_amount(id, number);
    int32_t width = sb_type_width(id);
    char text[TEXT_SIZE_MAX];

    if (sb_type_is_variable(id)) {
        struct sb_bytes bytes = sb_column_bytes(column, row);
        return bytes.size == text_spell(id, number, text) &&
               (bytes.size == 0 || memcmp(bytes.data, text, (size_t)bytes.size) == 0);
    }
    if (id == SB_TYPE_BOOL) {
        return sb_bitmap_get(column->values, column->offset + row) == (number == 1);
    }
    if (sb_type_is_float(id)) {
        double value = id == SB_TYPE_FLOAT64
                           ? ((const double *)sb_column_fixed(column, 8))[row]
                           : (double)((const float *)sb_column_fixed(column, 4))[row];
        return number == TEST_DOMAIN_NAN ? isnan(value) : value == (double)(int64_t)amount / 2;
    }
    return memcmp((const uint8_t *)sb_column_fixed(column, width) + row * width, &amount,
                  (size_t)width) == 0;
}

int64_t test_domain_number(const struct sb_column *column, int64_t row)
{
    if (sb_column_is_null(column, row)) {
        return -1;
    }
    for (int64_t number = 0; number < test_domain_size(column->type->id); number++) {
        if (value_is(column, row, number)) {
            return number;
        }
    }
    fail_msg("row %d of type %d has a value that never was", (int)row, column->type->id);
    return -1;
}

enum sb_status test_domain_batch(struct sb_memory *memory, struct sb_schema *schema,
                                 const int8_t *numbers, int64_t row_count, uint64_t *random,
                                 struct sb_batch *out)
{
    enum sb_status status;

    SB_TRY_RETURN(sb_batch_init(out, memory, schema, row_count, NULL));
    for (int32_t c = 0; c < schema->field_count; c++) {
        struct sb_builder builder;

        sb_builder_init(&builder, memory, &schema->fields[c].type);
        status = SB_OK;
        for (int64_t row = 0; row < row_count && status == SB_OK; row++) {
            status = test_domain_append(&builder, numbers[c * row_count + row], random);
        }
        if (status == SB_OK) {
            status = sb_builder_finish(&builder, &out->columns[c], NULL);
        }
        sb_builder_deinit(&builder);
        if (status != SB_OK) {
            sb_batch_deinit(out);
            return status;
        }
    }
    return SB_OK;
}
