// SPDX-License-Identifier: Apache-2.0
/*
 * json_nested.h - arrays and objects of JSON as rows of list, struct and map builders.
 *
 * A list is an array. A struct is an object; a field that is missing is null, a key that is no
 * field is passed over. A map is an object, whose keys are read as the type of the map's keys, or
 * an array of pairs; its entries stay in their order, also when a key comes twice.
 */
#ifndef SABOT_CONNECT_JSON_NESTED_H
#define SABOT_CONNECT_JSON_NESTED_H

#include "columnar/builder.h"
#include "connect/json_text.h"

struct sb_json_nested;
struct sb_text_bad;

/* Why a value is not read, and where inside of it. */
struct sb_json_trouble {
    struct sb_error *err; // set when the text is not to blame
    const char *why;      // or, when NULL: the text that is no value of the type
    const uint8_t *text;
    int64_t size;
    const struct sb_type *type;
    int64_t element_count; // of an array that should have had as many as `type` has
    char path[160];        // ".field[3]"
};

/* `type` is read from JSON, and outlives what is created. */
SB_MUST_CHECK enum sb_status sb_json_nested_create(struct sb_memory *memory,
                                                   const struct sb_type *type,
                                                   struct sb_json_nested **out,
                                                   struct sb_error *err);
void sb_json_nested_destroy(struct sb_json_nested *nested); // NULL is fine

/*
 * Appends the value at `at` to `builder`; returns what is behind it. NULL: `trouble`, and the
 * builder or its children have rows that must be truncated.
 */
SB_MUST_CHECK const uint8_t *sb_json_nested_read(struct sb_json_nested *nested,
                                                 struct sb_json_unescaper *unescaper,
                                                 struct sb_builder *builder, const uint8_t *at,
                                                 const uint8_t *end,
                                                 struct sb_json_trouble *trouble);

/* "column 'a.b[3]': ..." as the row's reason. */
void sb_json_trouble_tell(const struct sb_json_trouble *trouble, const char *column,
                          struct sb_text_bad *bad);

#endif
