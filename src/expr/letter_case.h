// SPDX-License-Identifier: Apache-2.0
/*
 * letter_case.h - upper and lower case of a character, one for one (Unicode's simple mappings).
 *
 * What would become several characters (the German sharp s) stays as it is. No locale is looked at.
 */
#ifndef SABOT_EXPR_LETTER_CASE_H
#define SABOT_EXPR_LETTER_CASE_H

#include <stdbool.h>
#include <stdint.h>

/* `first`, first + stride, ... `last` are mapped to themselves plus `delta`. */
struct sb_case_range {
    uint32_t first;
    uint32_t last;
    uint32_t stride;
    int32_t delta;
};

extern const struct sb_case_range sb_upper_ranges[];
extern const int32_t sb_upper_ranges_count;
extern const struct sb_case_range sb_lower_ranges[];
extern const int32_t sb_lower_ranges_count;

/* Of a character that is not ASCII. */
uint32_t sb_letter_convert(uint32_t code, bool to_upper);

#endif
