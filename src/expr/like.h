// SPDX-License-Identifier: Apache-2.0
/*
 * like.h - patterns of `like`: % is any text, _ any character, everything else itself.
 *
 * A pattern is compiled once, when it is a literal. Most are one of the simple forms, which look
 * for bytes; the others are matched character by character.
 */
#ifndef SABOT_EXPR_LIKE_H
#define SABOT_EXPR_LIKE_H

#include "base/arena.h"
#include "base/error.h"
#include "expr/kernel.h"

enum sb_like_form {
    SB_LIKE_EQUAL,    // abc
    SB_LIKE_PREFIX,   // abc%
    SB_LIKE_SUFFIX,   // %abc
    SB_LIKE_CONTAINS, // %abc%
    SB_LIKE_PARTS,    // several texts with % between, before or behind them
    SB_LIKE_GENERAL,  // has a _
};

struct sb_like {
    enum sb_like_form form;
    bool is_open_left; // PARTS: begins with %
    bool is_open_right;
    int32_t part_count;
    const struct sb_bytes *parts; // all but GENERAL; the simple forms have one
    const uint32_t *tokens;       // GENERAL: code points and the two below
    int32_t token_count;
};

enum {
    SB_LIKE_ANY = 0x7ffffffe,  // one character
    SB_LIKE_MANY = 0x7fffffff, // any text
    SB_LIKE_NO_ESCAPE = -1,
};

/*
 * Compiles `pattern` (UTF-8) into `arena`. A character behind `escape` (ASCII, or
 * SB_LIKE_NO_ESCAPE) is itself. `name` is what errors begin with; a bad pattern is SB_INVALID.
 */
SB_MUST_CHECK enum sb_status sb_like_compile(struct sb_bytes pattern, int32_t escape,
                                             const char *name, struct sb_arena *arena,
                                             const struct sb_like **out, struct sb_error *err);

/* A pattern of one of the simple forms around `text`, which is borrowed. NULL: no memory. */
const struct sb_like *sb_like_make(enum sb_like_form form, struct sb_bytes text,
                                   struct sb_arena *arena);

bool sb_like_matches(const struct sb_like *like, struct sb_bytes text);

/* Text -> bool; prepared: struct sb_like. */
extern const struct sb_kernel_set sb_kernels_like;

/* Text and pattern -> bool; the parameter is the escape. */
extern const struct sb_kernel_set sb_kernels_like_each;

#endif
