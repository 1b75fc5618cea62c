// SPDX-License-Identifier: Apache-2.0
#include "support/model.h"

#include <stdlib.h>

#include "columnar/builder.h"
#include "support/seed.h"
#include "support/test.h"

enum { HEAP_COUNT = 3 };

static const struct {
    const char *format;
    int32_t width; // -1 = bits, 0 = text
} layouts[] = {
    [SB_TYPE_BOOL] = {"b", -1},
    [SB_TYPE_INT8] = {"c", 1},
    [SB_TYPE_INT16] = {"s", 2},
    [SB_TYPE_INT32] = {"i", 4},
    [SB_TYPE_INT64] = {"l", 8},
    [SB_TYPE_UINT8] = {"C", 1},
    [SB_TYPE_UINT16] = {"S", 2},
    [SB_TYPE_UINT32] = {"I", 4},
    [SB_TYPE_UINT64] = {"L", 8},
    [SB_TYPE_FLOAT32] = {"f", 4},
    [SB_TYPE_FLOAT64] = {"g", 8},
    [SB_TYPE_DATE32] = {"tdD", 4},
    [SB_TYPE_DATE64] = {"tdm", 8},
    [SB_TYPE_TIMESTAMP] = {"tsn:Europe/Berlin", 8},
    [SB_TYPE_DECIMAL128] = {"d:38,4", 16},
    [SB_TYPE_UTF8] = {"u", 0},
    [SB_TYPE_LARGE_UTF8] = {"U", 0},
    [SB_TYPE_UTF8_VIEW] = {"vu", 0},
    [SB_TYPE_BINARY] = {"z", 0},
    [SB_TYPE_LARGE_BINARY] = {"Z", 0},
    [SB_TYPE_BINARY_VIEW] = {"vz", 0},
};

static void *allocate(int64_t size)
{
    void *block = malloc(size == 0 ? 1 : (size_t)size);

    assert_non_null(block);
    return block;
}

static int64_t random_below(uint64_t *random, int64_t end)
{
    return (int64_t)(test_random(random) % (uint64_t)end);
}

struct sb_type test_type(enum sb_type_id id)
{
    struct sb_type type = {.id = id};

    if (id == SB_TYPE_TIMESTAMP) {
        type.unit = SB_UNIT_NANO;
        type.zone = "Europe/Berlin";
    } else if (id == SB_TYPE_DECIMAL128) {
        type.precision = 38;
        type.scale = 4;
    }
    return type;
}

const char *test_type_format(enum sb_type_id id)
{
    return layouts[id].format;
}

static bool is_view(enum sb_type_id id)
{
    return id == SB_TYPE_UTF8_VIEW || id == SB_TYPE_BINARY_VIEW;
}

static int32_t offset_width(enum sb_type_id id)
{
    return id == SB_TYPE_LARGE_UTF8 || id == SB_TYPE_LARGE_BINARY ? 8 : 4;
}

static int64_t text_size_random(uint64_t *random)
{
    static const int64_t edges[] = {0, 1, 4, 5, 12, 13, 16, 17};

    return random_below(random, 2) == 0 ? edges[random_below(random, 8)]
                                        : random_below(random, TEST_CELL_SIZE + 1);
}

void test_model_random(struct test_model *out, enum sb_type_id id, int64_t length, bool has_nulls,
                       uint64_t *random)
{
    int32_t width = layouts[id].width;

    *out = (struct test_model){.type = test_type(id), .length = length};
    out->cells = allocate(length * (int64_t)sizeof *out->cells);
    for (int64_t i = 0; i < length; i++) {
        struct test_cell *cell = &out->cells[i];
        bool is_small = random_below(random, 4) == 0; // so that equal values occur

        memset(cell, 0, sizeof *cell);
        if (has_nulls && random_below(random, 3) == 0) {
            cell->is_null = true;
            continue;
        }
        cell->size = width == 0 ? text_size_random(random) : width < 0 ? 1 : width;
        for (int64_t j = 0; j < cell->size; j++) {
            cell->bytes[j] = width < 0           ? (uint8_t)random_below(random, 2)
                             : width == 0        ? (uint8_t)('a' + random_below(random, 26))
                             : is_small && j > 0 ? 0
                                                 : (uint8_t)test_random(random);
        }
    }
}

void test_model_deinit(struct test_model *model)
{
    free(model->cells);
    *model = (struct test_model){0};
}

enum sb_status test_model_build(const struct test_model *model, struct sb_memory *memory,
                                struct sb_column *out)
{
    struct sb_builder builder;
    enum sb_status status = SB_OK;

    *out = (struct sb_column){0};
    sb_builder_init(&builder, memory, &model->type);
    for (int64_t i = 0; i < model->length; i++) {
        const struct test_cell *cell = &model->cells[i];

        if (cell->is_null) {
            SB_TRY_OUT(sb_builder_append_null(&builder, NULL));
        } else if (sb_type_is_variable(model->type.id)) {
            SB_TRY_OUT(sb_builder_append_bytes(&builder, cell->bytes, cell->size, NULL));
        } else {
            SB_TRY_OUT(sb_builder_append_fixed(&builder, cell->bytes, NULL));
        }
    }
    SB_TRY_OUT(sb_builder_finish(&builder, out, NULL));
out:
    sb_builder_deinit(&builder);
    return status;
}

static void bit_put(uint8_t *bitmap, int64_t index, bool is_set)
{
    bitmap[index / 8] =
        (uint8_t)((bitmap[index / 8] & ~(1 << (index % 8))) | ((int)is_set << (index % 8)));
}

static void garbage_fill(uint8_t *bytes, int64_t size, uint64_t *random)
{
    for (int64_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)test_random(random);
    }
}

static uint8_t *validity_encode(const struct test_model *model, int64_t offset, uint64_t *random,
                                int64_t *null_count)
{
    int64_t size = (offset + model->length + 7) / 8;
    uint8_t *validity = allocate(size);

    garbage_fill(validity, size, random);
    *null_count = 0;
    for (int64_t i = 0; i < model->length; i++) {
        bit_put(validity, offset + i, !model->cells[i].is_null);
        *null_count += model->cells[i].is_null;
    }
    return validity;
}

static uint8_t *bits_encode(const struct test_model *model, int64_t offset, uint64_t *random)
{
    int64_t size = (offset + model->length + 7) / 8;
    uint8_t *bits = allocate(size);

    garbage_fill(bits, size, random);
    for (int64_t i = 0; i < model->length; i++) {
        if (!model->cells[i].is_null) {
            bit_put(bits, offset + i, model->cells[i].bytes[0]);
        }
    }
    return bits;
}

static uint8_t *fixed_encode(const struct test_model *model, int64_t offset, uint64_t *random)
{
    int32_t width = layouts[model->type.id].width;
    int64_t size = (offset + model->length) * width;
    uint8_t *values = allocate(size);

    garbage_fill(values, size, random);
    for (int64_t i = 0; i < model->length; i++) {
        if (!model->cells[i].is_null) {
            memcpy(values + (offset + i) * width, model->cells[i].bytes, (size_t)width);
        }
    }
    return values;
}

static void offset_put(uint8_t *offsets, int64_t index, int64_t value, int32_t width)
{
    int32_t narrow = (int32_t)value;

    if (width == 8) {
        memcpy(offsets + index * 8, &value, 8);
    } else {
        memcpy(offsets + index * 4, &narrow, 4);
    }
}

// Rows before the offset and null rows have text, too, sometimes.
static void text_encode(const struct test_model *model, int64_t offset, uint64_t *random,
                        uint8_t **offsets_out, uint8_t **bytes_out)
{
    int64_t rows = offset + model->length;
    int32_t width = offset_width(model->type.id);
    uint8_t *offsets = allocate((rows + 1) * width);
    uint8_t *bytes = allocate(rows * TEST_CELL_SIZE);
    int64_t used = 0;

    offset_put(offsets, 0, 0, width);
    for (int64_t i = 0; i < rows; i++) {
        const struct test_cell *cell = i < offset ? NULL : &model->cells[i - offset];

        if (cell == NULL || cell->is_null) {
            int64_t size = random_below(random, 5);

            garbage_fill(bytes + used, size, random);
            used += size;
        } else {
            memcpy(bytes + used, cell->bytes, (size_t)cell->size);
            used += cell->size;
        }
        offset_put(offsets, i + 1, used, width);
    }
    *offsets_out = offsets;
    *bytes_out = allocate(used); // to the byte
    memcpy(*bytes_out, bytes, (size_t)used);
    free(bytes);
}

static void views_encode(const struct test_model *model, int64_t offset, uint64_t *random,
                         struct test_encoded *out)
{
    int64_t rows = offset + model->length;
    uint8_t *views = allocate(rows * 16);
    int64_t *sizes = allocate(HEAP_COUNT * (int64_t)sizeof *sizes);
    uint8_t *heaps[HEAP_COUNT];

    for (int i = 0; i < HEAP_COUNT; i++) {
        heaps[i] = allocate(rows * TEST_CELL_SIZE);
        sizes[i] = 0;
    }
    garbage_fill(views, rows * 16, random);
    for (int64_t i = 0; i < model->length; i++) {
        const struct test_cell *cell = &model->cells[i];
        uint8_t *view = views + (offset + i) * 16;
        int32_t heap = (int32_t)random_below(random, HEAP_COUNT);
        int32_t words[4] = {(int32_t)cell->size, 0, heap, (int32_t)sizes[heap]};

        if (cell->is_null) {
            continue;
        }
        if (cell->size <= 12) {
            memset(view, 0, 16);
            memcpy(view, words, 4);
            memcpy(view + 4, cell->bytes, (size_t)cell->size);
        } else {
            memcpy(&words[1], cell->bytes, 4);
            memcpy(view, words, 16);
            memcpy(heaps[heap] + sizes[heap], cell->bytes, (size_t)cell->size);
            sizes[heap] += cell->size;
        }
    }
    out->owned[1] = views;
    for (int i = 0; i < HEAP_COUNT; i++) {
        out->owned[2 + i] = allocate(sizes[i]); // to the byte
        memcpy(out->owned[2 + i], heaps[i], (size_t)sizes[i]);
        free(heaps[i]);
    }
    out->owned[2 + HEAP_COUNT] = sizes;
    out->column.n_buffers = 3 + HEAP_COUNT;
}

void test_model_encode(const struct test_model *model, int64_t offset, uint64_t *random,
                       struct test_encoded *out)
{
    enum sb_type_id id = model->type.id;
    int64_t null_count = 0;

    *out = (struct test_encoded){
        .column =
            {
                .format = layouts[id].format,
                .name = "c",
                .flags = ARROW_FLAG_NULLABLE,
                .length = model->length,
                .offset = offset,
                .n_buffers = 2,
            },
    };
    out->owned[0] = validity_encode(model, offset, random, &null_count);
    if (null_count == 0 && random_below(random, 2) == 0) { // a producer may leave it out, or not
        free(out->owned[0]);
        out->owned[0] = NULL;
    }
    out->column.null_count = random_below(random, 2) == 0 ? -1 : null_count;
    if (layouts[id].width < 0) {
        out->owned[1] = bits_encode(model, offset, random);
    } else if (layouts[id].width > 0) {
        out->owned[1] = fixed_encode(model, offset, random);
    } else if (is_view(id)) {
        views_encode(model, offset, random, out);
    } else {
        uint8_t *offsets;
        uint8_t *bytes;

        text_encode(model, offset, random, &offsets, &bytes);
        out->owned[1] = offsets;
        out->owned[2] = bytes;
        out->column.n_buffers = 3;
    }
    for (int64_t i = 0; i < out->column.n_buffers; i++) {
        out->column.buffers[i] = out->owned[i];
    }
}

void test_encoded_deinit(struct test_encoded *encoded)
{
    for (int i = 0; i < TEST_BUFFERS_MAX; i++) {
        free(encoded->owned[i]);
    }
    *encoded = (struct test_encoded){0};
}

static void cell_check(const struct test_cell *cell, bool is_null, const void *bytes, int64_t size,
                       int64_t row)
{
    if (cell == NULL || cell->is_null) {
        if (!is_null) {
            fail_msg("row %lld is not null", (long long)row);
        }
        return;
    }
    if (is_null) {
        fail_msg("row %lld is null", (long long)row);
    }
    if (size != cell->size || memcmp(bytes, cell->bytes, (size_t)size) != 0) {
        fail_msg("row %lld differs", (long long)row);
    }
}

static const struct test_cell *cell_at(const struct test_model *model, const uint32_t *positions,
                                       int64_t i)
{
    if (positions != NULL && positions[i] == UINT32_MAX) {
        return NULL;
    }
    return &model->cells[positions == NULL ? i : positions[i]];
}

void test_model_check_column(const struct test_model *model, const uint32_t *positions,
                             int64_t count, const struct sb_column *column)
{
    enum sb_type_id id = model->type.id;
    int32_t width = layouts[id].width;
    int64_t null_count = 0;

    assert_true(sb_type_equal(column->type, &model->type));
    assert_int_equal(column->length, count);
    for (int64_t i = 0; i < count; i++) {
        bool is_null = sb_column_is_null(column, i);
        uint8_t bit;

        null_count += is_null;
        if (is_null) {
            cell_check(cell_at(model, positions, i), true, NULL, 0, i);
        } else if (width < 0) {
            bit = sb_bitmap_get(column->values, column->offset + i);
            cell_check(cell_at(model, positions, i), false, &bit, 1, i);
        } else if (width > 0) {
            cell_check(cell_at(model, positions, i), false,
                       (const uint8_t *)sb_column_fixed(column, width) + i * width, width, i);
        } else {
            struct sb_bytes bytes = sb_column_bytes(column, i);

            cell_check(cell_at(model, positions, i), false, bytes.data, bytes.size, i);
        }
    }
    assert_true(column->null_count == -1 || column->null_count == null_count);
    assert_int_equal(sb_column_null_count(column), null_count);
}

static int64_t offset_get(const void *offsets, int64_t index, int32_t width)
{
    int64_t wide;
    int32_t narrow;

    if (width == 8) {
        memcpy(&wide, (const uint8_t *)offsets + index * 8, 8);
        return wide;
    }
    memcpy(&narrow, (const uint8_t *)offsets + index * 4, 4);
    return narrow;
}

// The bytes of element `i` of the buffers.
static const uint8_t *text_at(const struct ArrowArray *array, enum sb_type_id id, int64_t i,
                              int64_t *size)
{
    if (is_view(id)) {
        const uint8_t *view = (const uint8_t *)array->buffers[1] + i * 16;
        int32_t words[4];

        memcpy(words, view, 16);
        *size = words[0];
        if (words[0] <= 12) {
            return view + 4;
        }
        assert_in_range(words[2], 0, array->n_buffers - 4);
        assert_in_range(words[3] + words[0], 0,
                        ((const int64_t *)array->buffers[array->n_buffers - 1])[words[2]]);
        return (const uint8_t *)array->buffers[2 + words[2]] + words[3];
    }
    *size = offset_get(array->buffers[1], i + 1, offset_width(id)) -
            offset_get(array->buffers[1], i, offset_width(id));
    return (const uint8_t *)array->buffers[2] + offset_get(array->buffers[1], i, offset_width(id));
}

void test_model_check_array(const struct test_model *model, const uint32_t *positions,
                            int64_t count, const struct ArrowArray *array)
{
    enum sb_type_id id = model->type.id;
    int32_t width = layouts[id].width;
    int64_t null_count = 0;

    assert_int_equal(array->length, count);
    assert_int_equal(array->n_children, 0);
    assert_null(array->dictionary);
    assert_true(is_view(id) ? array->n_buffers >= 3 : array->n_buffers == (width == 0 ? 3 : 2));
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *validity = array->buffers[0];
        const uint8_t *values = array->buffers[1];
        int64_t element = array->offset + i;
        bool is_null = validity != NULL && !((validity[element / 8] >> (element % 8)) & 1);
        const struct test_cell *cell = cell_at(model, positions, i);
        int64_t size = width;
        uint8_t bit;

        null_count += is_null;
        if (is_null) {
            cell_check(cell, true, NULL, 0, i);
        } else if (width < 0) {
            bit = (values[element / 8] >> (element % 8)) & 1;
            cell_check(cell, false, &bit, 1, i);
        } else if (width > 0) {
            cell_check(cell, false, values + element * width, width, i);
        } else {
            const uint8_t *bytes = text_at(array, id, element, &size);

            cell_check(cell, false, bytes, size, i);
        }
    }
    assert_true(array->null_count == -1 || array->null_count == null_count);
}
