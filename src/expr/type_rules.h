// SPDX-License-Identifier: Apache-2.0
/*
 * type_rules.h - which type two types meet in. docs/reference/expressions.md states the rules.
 */
#ifndef SABOT_EXPR_TYPE_RULES_H
#define SABOT_EXPR_TYPE_RULES_H

#include "columnar/type.h"

static inline struct sb_type sb_type_of(enum sb_type_id id)
{
    return (struct sb_type){.id = id};
}

static inline struct sb_type sb_type_decimal(int32_t precision, int32_t scale)
{
    return (struct sb_type){.id = SB_TYPE_DECIMAL128, .precision = precision, .scale = scale};
}

/*
 * What expressions see a column of `type` as: the values of an encoded one, float32 for float16,
 * decimal128 for the narrow decimals, binary for fixed_size_binary; any other type itself.
 */
struct sb_type sb_type_computed(const struct sb_type *type);

/* Integers, floats. */
bool sb_type_is_number(const struct sb_type *type);
/* Integers, floats, decimals. */
bool sb_type_is_numeric(const struct sb_type *type);

/* Decimal digits that hold every value of an integer type. */
int32_t sb_type_digits(enum sb_type_id integer);

/* The decimal that an integer or decimal is taken for among decimals. */
struct sb_type sb_type_as_decimal(const struct sb_type *type);

/*
 * Integers and floats: the type that both turn into. False: there is none without loss (uint64
 * with a signed type).
 */
bool sb_type_common_number(const struct sb_type *a, const struct sb_type *b, struct sb_type *out);

/* Any two types of one kind, for coalesce. False: they have no common type. */
bool sb_type_common(const struct sb_type *a, const struct sb_type *b, struct sb_type *out);

bool sb_type_is_clock(enum sb_type_id id);   // time32, time64
bool sb_type_is_counted(enum sb_type_id id); // dates, timestamps, times of day, durations

/* The time of day that counts in `unit`. */
struct sb_type sb_type_clock(enum sb_time_unit unit);

/* The integer type that a counted type counts its days or units in. */
struct sb_type sb_type_count(const struct sb_type *time);

/* Whether values of the two types are the same bits in a chunk, so that a cast costs nothing. */
bool sb_type_is_retypable(const struct sb_type *from, const struct sb_type *to);

#endif
