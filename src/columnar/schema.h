// SPDX-License-Identifier: Apache-2.0
/*
 * schema.h - the names and types of a batch's columns. Counted, never changed once built.
 */
#ifndef SABOT_COLUMNAR_SCHEMA_H
#define SABOT_COLUMNAR_SCHEMA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "columnar/type.h"

struct sb_schema {
    _Atomic int32_t reference_count;
    int32_t field_count;
    struct sb_field *fields;
    struct sb_arena arena; // names, zones, fields and their children
};

/* Copies `fields` deeply. One reference, the caller's. */
SB_MUST_CHECK enum sb_status sb_schema_create(struct sb_memory *memory,
                                              const struct sb_field *fields, int32_t field_count,
                                              struct sb_schema **out, struct sb_error *err);
struct sb_schema *sb_schema_retain(struct sb_schema *schema);
void sb_schema_release(struct sb_schema *schema); // NULL is fine

/* -1 when there is no such column. The first of several equal names. */
int32_t sb_schema_index(const struct sb_schema *schema, const char *name);
bool sb_schema_equal(const struct sb_schema *a, const struct sb_schema *b);

/* "price: float64, side: utf8" cut to `size` with "…": for error messages. Returns `buffer`. */
const char *sb_schema_text(const struct sb_schema *schema, char *buffer, size_t size);

#endif
