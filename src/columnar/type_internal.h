// SPDX-License-Identifier: Apache-2.0
/*
 * type_internal.h - what there is to know about a type by its id alone.
 */
#ifndef SABOT_COLUMNAR_TYPE_INTERNAL_H
#define SABOT_COLUMNAR_TYPE_INTERNAL_H

#include "columnar/type.h"

enum { SB_TYPE_ID_END = SB_TYPE_MAP + 1 };

struct sb_type_facts {
    const char *name; // up to the first bracket
    int32_t width;
    int32_t decimal_digits; // 0 = no decimal
    int32_t child_count;    // -1 = any
    bool is_integer;
    bool is_signed;
    bool is_float;
    bool is_text;
    bool is_binary;
    bool is_temporal;
    bool is_list;
    bool has_no_order;
};

extern const struct sb_type_facts sb_type_facts[SB_TYPE_ID_END];

#endif
