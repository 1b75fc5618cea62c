// SPDX-License-Identifier: Apache-2.0
/*
 * domain.h - a few values of every type, by number, in ascending order.
 *
 * Tests of keyed operators work on the numbers and compare them with what came out: equal numbers
 * are equal values, a greater number is a greater value. One number may have several spellings
 * (-0.0 and 0.0, NaNs of any payload). Texts are empty, short, or too long for a view.
 */
#ifndef SABOT_SUPPORT_DOMAIN_H
#define SABOT_SUPPORT_DOMAIN_H

#include "columnar/batch.h"
#include "columnar/builder.h"

enum {
    TEST_DOMAIN_SIZE = 24,
    TEST_DOMAIN_NAN = TEST_DOMAIN_SIZE - 1, // of the float types
};

__extension__ typedef __int128 test_wide;

/* How many numbers the type has: TEST_DOMAIN_SIZE, or 2. */
int64_t test_domain_size(enum sb_type_id id);

/* Appends value `number`, or null for -1. `random` picks the spelling. */
SB_MUST_CHECK enum sb_status test_domain_append(struct sb_builder *builder, int64_t number,
                                                uint64_t *random);

/* The number of a row's value, -1 for null; fails the test when it is none of them. */
int64_t test_domain_number(const struct sb_column *column, int64_t row);

/* What a number counts in sums; of floats twice the value, so that it is whole. */
test_wide test_domain_amount(enum sb_type_id id, int64_t number);

/* A batch of `row_count` rows: column c has number numbers[c * row_count + row]. */
SB_MUST_CHECK enum sb_status test_domain_batch(struct sb_memory *memory, struct sb_schema *schema,
                                               const int8_t *numbers, int64_t row_count,
                                               uint64_t *random, struct sb_batch *out);

#endif
