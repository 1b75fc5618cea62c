// SPDX-License-Identifier: Apache-2.0
/*
 * random_value.h - values of any type at random, and columns compared by their values.
 */
#ifndef SABOT_SUPPORT_RANDOM_VALUE_H
#define SABOT_SUPPORT_RANDOM_VALUE_H

#include "columnar/builder.h"

/* Appends one of few values of the builder's type, of lists up to 3 elements; sometimes null. */
void test_value_append_random(struct sb_builder *builder, bool is_nullable, uint64_t *random);

/*
 * Fails unless row `i` of `found` is row rows[i] of `expected`: UINT32_MAX = null, NULL = the first
 * `count`.
 */
void test_column_expect(const struct sb_column *found, const struct sb_column *expected,
                        const uint32_t *rows, int64_t count);

#endif
