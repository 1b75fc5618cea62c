// SPDX-License-Identifier: Apache-2.0
/*
 * test_column_total.c - sums of rows against sums one by one, on every instruction set there is.
 */
#include "columnar/column_total.h"

#include <math.h>
#include <string.h>

#include "base/instruction_set.h"
#include "columnar/kernels/target.h"
#include "support/seed.h"
#include "support/test.h"

enum { ROWS = 1000, OFFSET = 3 };

__extension__ typedef __int128 int128;

static const enum sb_type_id types[] = {
    SB_TYPE_INT8,   SB_TYPE_INT16,  SB_TYPE_INT32,  SB_TYPE_INT64,   SB_TYPE_UINT8,
    SB_TYPE_UINT16, SB_TYPE_UINT32, SB_TYPE_UINT64, SB_TYPE_FLOAT32, SB_TYPE_FLOAT64,
};

static int128 integer_at(enum sb_type_id id, const uint8_t *value)
{
    int64_t bits = 0;
    int32_t width = sb_type_width(id);
    int32_t shift = 64 - 8 * width;

    memcpy(&bits, value, (size_t)width);
    bits = (int64_t)((uint64_t)bits << shift);
    return sb_type_is_signed(id) ? (int128)(bits >> shift) : (int128)((uint64_t)bits >> shift);
}

static double float_at(enum sb_type_id id, const uint8_t *value)
{
    double wide;
    float narrow;

    if (id == SB_TYPE_FLOAT32) {
        memcpy(&narrow, value, sizeof narrow);
        return (double)narrow;
    }
    memcpy(&wide, value, sizeof wide);
    return wide;
}

/* The sum of rows, one by one. */
struct expectation {
    enum sb_type_id id;
    int128 whole;
    double sum;
};

static void expect_row(struct expectation *expectation, const struct sb_column *column, int64_t row)
{
    enum sb_type_id id = expectation->id;
    const uint8_t *values = sb_column_fixed(column, sb_type_width(id));
    const uint8_t *value = values + sb_type_width(id) * row;

    if (sb_type_is_float(id)) {
        expectation->sum += float_at(id, value);
    } else {
        expectation->whole += integer_at(id, value);
    }
}

static void total_is(struct sb_column_total total, const struct expectation *expectation)
{
    if (sb_type_is_float(expectation->id)) {
        assert_true(fabs(total.sum - expectation->sum) <= 1e-9 * ROWS);
    } else {
        assert_true((int128)total.high * ((int128)1 << 32) + (int128)total.low ==
                    expectation->whole);
    }
}

static void total_matches(const struct sb_column *column, const uint32_t *rows, int64_t count)
{
    static const sb_column_total_kernel kernels[SB_LEVEL_COUNT] = {
        sb_column_total_base,
#ifdef __x86_64__
        sb_column_total_v3,
        sb_column_total_v4,
#endif
    };
    struct expectation expectation = {.id = column->type->id};

    for (int64_t i = 0; i < count; i++) {
        expect_row(&expectation, column, rows == NULL ? i : (int64_t)rows[i]);
    }
    for (int level = 0; level <= (int)sb_instruction_level(); level++) {
        total_is(kernels[level](column, rows, count), &expectation);
    }
}

static void total_of_bits_matches(const struct sb_column *column, const uint8_t *bits,
                                  int64_t length)
{
    static const sb_column_total_of_bits_kernel kernels[SB_LEVEL_COUNT] = {
        sb_column_total_of_bits_base,
#ifdef __x86_64__
        sb_column_total_of_bits_v3,
        sb_column_total_of_bits_v4,
#endif
    };
    struct expectation expectation = {.id = column->type->id};

    for (int64_t i = 0; i < length; i++) {
        if ((bits[i / 8] >> (i % 8) & 1) != 0) {
            expect_row(&expectation, column, i);
        }
    }
    for (int level = 0; level <= (int)sb_instruction_level(); level++) {
        total_is(kernels[level](column, bits, length), &expectation);
    }
}

static void adds_up_rows_of_every_type(void **state)
{
    uint64_t seed = test_seed();
    _Alignas(16) uint8_t values[(OFFSET + ROWS) * 8];
    uint32_t rows[ROWS];
    uint8_t bits[ROWS / 8];

    (void)state;
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        struct sb_type type = {.id = types[t]};
        struct sb_column column = {
            .type = &type, .length = ROWS, .offset = OFFSET, .values = values};

        for (int32_t i = 0; i < OFFSET + ROWS; i++) {
            double wide = (double)(int64_t)test_random(&seed) / 1e18;
            float narrow = (float)wide;
            uint64_t word = i % 7 == 0 ? UINT64_MAX >> 1 : test_random(&seed);
            const void *from = types[t] == SB_TYPE_FLOAT64   ? (const void *)&wide
                               : types[t] == SB_TYPE_FLOAT32 ? (const void *)&narrow
                                                             : (const void *)&word;
            memcpy(values + i * sb_type_width(type.id), from, (size_t)sb_type_width(type.id));
        }
        for (int32_t i = 0; i < ROWS; i++) {
            rows[i] = (uint32_t)(test_random(&seed) % ROWS);
        }
        for (int32_t i = 0; i < ROWS / 8; i++) {
            bits[i] = (uint8_t)test_random(&seed);
        }
        assert_true(sb_column_has_total(type.id));
        for (int64_t count = 0; count <= ROWS; count += count < 40 ? 1 : 137) {
            total_matches(&column, NULL, count);
            total_matches(&column, rows, count);
            total_of_bits_matches(&column, bits, count);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_up_rows_of_every_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
