// SPDX-License-Identifier: Apache-2.0
/*
 * value_set.h - the constants of an `in`, prepared for membership tests.
 *
 * A few values are compared one by one, over whole chunks. Integers that lie close together are a
 * table of bytes. All others are a hash table. NaN is one value and -0.0 is 0.0.
 */
#ifndef SABOT_EXPR_VALUE_SET_H
#define SABOT_EXPR_VALUE_SET_H

#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "expr/scalar.h"

enum sb_value_set_form {
    SB_SET_FEW,
    SB_SET_TABLE,
    SB_SET_HASHED,
};

enum {
    SB_SET_FEW_MAX = 8,
    SB_SET_FEW_TEXTS_MAX = 3,
    SB_SET_TABLE_MAX = 1 << 16,
};

struct sb_value_set {
    enum sb_physical physical;
    enum sb_value_set_form form;
    bool has_null;
    int32_t count;
    const union sb_value *values;
    // TABLE: whether least + i is a member
    const uint8_t *table;
    uint64_t least;
    uint64_t table_size;
    // HASHED: positions in `values` plus 1, 0 where there is none
    const uint32_t *slots;
    uint64_t slot_mask;
};

/* `values` of one physical type, none null; copied. NULL when out of memory. */
const struct sb_value_set *sb_value_set_create(struct sb_arena *arena, enum sb_physical physical,
                                               const union sb_value *values, int32_t count,
                                               bool has_null);

static inline uint64_t sb_double_word(double value)
{
    uint64_t word;

    if (value != value) {
        return SB_HASH_NAN;
    }
    value += 0.0;
    memcpy(&word, &value, sizeof word);
    return word;
}

static inline bool sb_bytes_equal(struct sb_bytes a, struct sb_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, (size_t)a.size) == 0);
}

#endif
