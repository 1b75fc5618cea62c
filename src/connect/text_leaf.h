// SPDX-License-Identifier: Apache-2.0
/*
 * text_leaf.h - values of one type from their texts, into a builder.
 *
 * Columns of plain types are written without a builder (text_rows.c). Views, dictionaries and runs
 * come here, and so do values inside of JSON arrays and objects.
 */
#ifndef SABOT_CONNECT_TEXT_LEAF_H
#define SABOT_CONNECT_TEXT_LEAF_H

#include "base/time_zone.h"
#include "columnar/builder.h"

struct sb_text_leaf {
    const struct sb_type *type; // borrowed; of dictionaries and runs that of their values
    bool is_text;               // must be UTF-8
    bool is_binary;             // base64 in JSON
    struct sb_zone_cursor zone; // of a timestamp; without a zone there is none
};

/* `type` has a form as text. */
SB_MUST_CHECK enum sb_status sb_text_leaf_init(struct sb_text_leaf *leaf,
                                               const struct sb_type *type, struct sb_error *err);

/*
 * Appends a row to `builder`, whose type is what the leaf was made for. False: the text is no value
 * of the type; or, when `err` is set, the builder failed.
 */
SB_MUST_CHECK bool sb_text_leaf_append(struct sb_text_leaf *leaf, struct sb_builder *builder,
                                       const uint8_t *text, int64_t size, struct sb_error *err);

#endif
