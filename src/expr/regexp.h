// SPDX-License-Identifier: Apache-2.0
/*
 * regexp.h - regular expressions (PCRE2), compiled once per plan.
 *
 * Characters are code points; \d, \w and \s are ASCII. A match that takes too many steps is an
 * error, so no pattern hangs a job. A compiled pattern is read-only: what a match needs, each run
 * of a kernel takes from its own arena.
 */
#ifndef SABOT_EXPR_REGEXP_H
#define SABOT_EXPR_REGEXP_H

#include "base/arena.h"
#include "base/error.h"
#include "expr/kernel.h"

struct sb_regexp;

/*
 * Lives as long as `arena`. `name` is what errors begin with; they say where the pattern is wrong
 * (SB_INVALID).
 */
SB_MUST_CHECK enum sb_status sb_regexp_compile(struct sb_bytes pattern, const char *name,
                                               struct sb_arena *arena, struct sb_regexp **out,
                                               struct sb_error *err);

/* Groups in parentheses. */
int32_t sb_regexp_group_count(const struct sb_regexp *regexp);

/* Whether the pattern is text without a sign that means something else. */
bool sb_regexp_is_plain(struct sb_bytes pattern);

/* One run over rows: what matching writes to. */
struct sb_regexp_run {
    const struct sb_regexp *regexp;
    void *match_data;
    const size_t *offsets; // of the last match: begin and end, of the whole and of each group
    struct sb_kernel_call *call;
};

SB_MUST_CHECK enum sb_status sb_regexp_run_init(struct sb_regexp_run *run,
                                                const struct sb_regexp *regexp,
                                                struct sb_kernel_call *call);

/*
 * The first match in `text` from byte `from` on. `is_not_empty`: one that begins right there and
 * is not empty. The error is that of a row.
 */
SB_MUST_CHECK enum sb_status sb_regexp_match(struct sb_regexp_run *run, struct sb_bytes text,
                                             int64_t from, bool is_not_empty, bool *is_found);

/* Group `group` of the last match; false when it took no part. */
bool sb_regexp_group(const struct sb_regexp_run *run, struct sb_bytes text, int32_t group,
                     struct sb_bytes *out);

/* A replacement: texts and groups (\0 to \9; \\ is a backslash), one after the other. */
struct sb_regexp_piece {
    struct sb_bytes text;
    int32_t group; // -1: the text
};

/* What regexp kernels have prepared. */
struct sb_regexp_plan {
    const struct sb_regexp *regexp;
    int32_t group;                        // extract
    const struct sb_regexp_piece *pieces; // replace
    int32_t piece_count;
};

SB_MUST_CHECK enum sb_status sb_regexp_replacement_parse(struct sb_bytes text, const char *name,
                                                         struct sb_arena *arena,
                                                         struct sb_regexp_plan *plan,
                                                         struct sb_error *err);

/* kernels_regexp.c: text -> bool, text, text. */
extern const struct sb_kernel_set sb_kernels_regexp_matches;
extern const struct sb_kernel_set sb_kernels_regexp_extract;
extern const struct sb_kernel_set sb_kernels_regexp_replace;

#endif
