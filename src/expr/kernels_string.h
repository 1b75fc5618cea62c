// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_string.h - kernels of functions of text, and what they want prepared.
 */
#ifndef SABOT_EXPR_KERNELS_STRING_H
#define SABOT_EXPR_KERNELS_STRING_H

#include "expr/bind.h"
#include "expr/kernel.h"

/* kernels_string_case.c: text -> text. */
extern const struct sb_kernel_set sb_kernels_upper;
extern const struct sb_kernel_set sb_kernels_lower;

/* kernels_string_part.c: counts, and parts of the text itself. */
extern const struct sb_kernel_set sb_kernels_length;      // characters, int64
extern const struct sb_kernel_set sb_kernels_byte_length; // int64
extern const struct sb_kernel_set sb_kernels_substring;   // text, first, length
extern const struct sb_kernel_set sb_kernels_left;        // text, count
extern const struct sb_kernel_set sb_kernels_right;
extern const struct sb_kernel_set sb_kernels_split_part; // text, delimiter, index
/* Prepared: struct sb_character_set. */
extern const struct sb_kernel_set sb_kernels_trim;
extern const struct sb_kernel_set sb_kernels_ltrim;
extern const struct sb_kernel_set sb_kernels_rtrim;

struct sb_character_set {
    bool ascii[128];
    const uint32_t *others;
    int32_t other_count;
};

/* kernels_string_build.c: new text. */
extern const struct sb_kernel_set sb_kernels_concat;    // texts
extern const struct sb_kernel_set sb_kernels_concat_ws; // separator, texts; reads validity
extern const struct sb_kernel_set sb_kernels_repeat;    // text, count
extern const struct sb_kernel_set sb_kernels_reverse;
extern const struct sb_kernel_set sb_kernels_replace;   // text, part, replacement
extern const struct sb_kernel_set sb_kernels_pad_left;  // text, width; prepared: struct sb_bytes
extern const struct sb_kernel_set sb_kernels_pad_right; // the same
extern const struct sb_kernel_set sb_kernels_to_hex;
extern const struct sb_kernel_set sb_kernels_from_hex;

/* kernels_string_search.c: text, part. */
extern const struct sb_kernel_set sb_kernels_contains;
extern const struct sb_kernel_set sb_kernels_starts_with;
extern const struct sb_kernel_set sb_kernels_ends_with;
extern const struct sb_kernel_set sb_kernels_position;

/* Where `part` begins in `text`, or -1. */
int64_t sb_string_find(struct sb_bytes text, struct sb_bytes part);

#endif
