// SPDX-License-Identifier: Apache-2.0
/*
 * scalar.h - one typed value: a literal, or what is left of a folded expression.
 */
#ifndef SABOT_EXPR_SCALAR_H
#define SABOT_EXPR_SCALAR_H

#include <jansson.h>

#include "base/arena.h"
#include "expr/vector.h"

struct sb_scalar {
    struct sb_type type; // id 0: a null that takes the type it meets
    bool is_null;
    union sb_value value; // text and binary: bytes in the arena of whoever made the scalar
};

/*
 * `json` as the wire form writes a literal. `type` NULL means by JSON kind. The error says what the
 * type wants.
 */
SB_MUST_CHECK enum sb_status sb_scalar_from_json(const json_t *json, const struct sb_type *type,
                                                 struct sb_arena *arena, struct sb_scalar *out,
                                                 struct sb_error *err);

/* The inverse; a new reference, NULL when out of memory. */
json_t *sb_scalar_to_json(const struct sb_scalar *scalar);

/* As EXPLAIN and errors print it: 12.50, 'text', date '2024-02-29', null. In `arena`, or NULL. */
const char *sb_scalar_text(const struct sb_scalar *scalar, struct sb_arena *arena);

/* Where a number or a time lies among the values of a type. */
enum sb_relation {
    SB_RELATION_EXACT,   // it is one of them
    SB_RELATION_BETWEEN, // between two neighbours
    SB_RELATION_BELOW,   // below the smallest
    SB_RELATION_ABOVE,   // above the largest
};

/*
 * The greatest value of `type` that is not above `scalar` (EXACT and BETWEEN). `scalar` is a
 * number or decimal and `type` any number or decimal, or both are times of one kind; a float met
 * by a decimal counts as its shortest decimal form.
 */
enum sb_relation sb_scalar_floor(const struct sb_scalar *scalar, const struct sb_type *type,
                                 struct sb_scalar *out);

struct sb_time;

/* The same for a moment and a timestamp type; the zone is not looked at. */
enum sb_relation sb_scalar_floor_time(const struct sb_time *time, const struct sb_type *type,
                                      struct sb_scalar *out);

/* A value of `physical` in memory, widened. Floats and text are not integers. */
sb_int128 sb_value_integer(enum sb_physical physical, const void *value);

#endif
