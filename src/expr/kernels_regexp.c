// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_regexp.c - regexp_matches, regexp_extract, regexp_replace over chunks.
 *
 * Rows that do not count are not matched. What is extracted is a part of the text; what is replaced
 * is new text, unless nothing matched.
 */
#include "expr/regexp.h"
#include "expr/string_room.h"
#include "expr/tree.h"
#include "expr/utf8.h"

static enum sb_status matches_rows(struct sb_kernel_call *call)
{
    const struct sb_regexp_plan *plan = call->node->prepared;
    const struct sb_bytes *texts = sb_strings(call, 0);
    uint8_t *out = call->out;
    struct sb_regexp_run run;

    SB_TRY_RETURN(sb_regexp_run_init(&run, plan->regexp, call));
    for (int32_t i = 0; i < call->count; i++) {
        bool is_found = false;
        if (sb_kernel_counts(call, i)) {
            SB_TRY_RETURN(sb_regexp_match(&run, texts[i], 0, false, &is_found));
        }
        out[i] = is_found;
    }
    return SB_OK;
}

static enum sb_status extract_rows(struct sb_kernel_call *call)
{
    const struct sb_regexp_plan *plan = call->node->prepared;
    const struct sb_bytes *texts = sb_strings(call, 0);
    struct sb_bytes *out = call->out;
    uint8_t *valid = call->valid_room;
    struct sb_regexp_run run;

    SB_TRY_RETURN(sb_regexp_run_init(&run, plan->regexp, call));
    for (int32_t i = 0; i < call->count; i++) {
        bool is_found = false;
        out[i] = sb_string_empty;
        if (sb_kernel_counts(call, i)) {
            SB_TRY_RETURN(sb_regexp_match(&run, texts[i], 0, false, &is_found));
            is_found = is_found && sb_regexp_group(&run, texts[i], plan->group, &out[i]);
        }
        valid[i] = is_found;
    }
    call->valid = valid;
    return SB_OK;
}

const struct sb_kernel_set sb_kernels_regexp_matches = {.vectors = matches_rows, .may_fail = true};
const struct sb_kernel_set sb_kernels_regexp_extract = {.vectors = extract_rows, .may_fail = true};

/* Text that grows in the arena, row behind row. */
struct growing {
    struct sb_kernel_call *call;
    uint8_t *row; // begin of the row at work
    uint8_t *next;
    uint8_t *end;
};

static enum sb_status growing_put(struct growing *growing, struct sb_bytes text)
{
    const int64_t used = growing->next - growing->row;

    if (text.size > growing->end - growing->next) {
        const int64_t room = 2 * (used + text.size) + 4096;
        uint8_t *larger;
        if (used + text.size > SB_STRING_SIZE_MAX) {
            return sb_string_too_long(growing->call, used + text.size);
        }
        SB_TRY_RETURN(sb_string_room(growing->call, room, &larger));
        growing->next = sb_string_put(larger, (struct sb_bytes){growing->row, used});
        growing->row = larger;
        growing->end = larger + room;
    }
    growing->next = sb_string_put(growing->next, text);
    return SB_OK;
}

static enum sb_status put_replacement(const struct sb_regexp_plan *plan,
                                      const struct sb_regexp_run *run, struct sb_bytes text,
                                      struct growing *growing)
{
    for (int32_t i = 0; i < plan->piece_count; i++) {
        struct sb_bytes piece = plan->pieces[i].text;
        if (plan->pieces[i].group >= 0) {
            (void)sb_regexp_group(run, text, plan->pieces[i].group, &piece);
        }
        SB_TRY_RETURN(growing_put(growing, piece));
    }
    return SB_OK;
}

/* A match was found from `at` on. As in Perl, an empty match may follow one that is not. */
static enum sb_status replace_matches(const struct sb_regexp_plan *plan, struct sb_regexp_run *run,
                                      struct sb_bytes text, struct growing *growing)
{
    int64_t at = 0;
    bool is_found = true;
    bool is_empty = false;

    while (is_found || (is_empty && at < text.size)) {
        if (is_found) {
            const int64_t first = (int64_t)run->offsets[0];
            const int64_t end = (int64_t)run->offsets[1];
            SB_TRY_RETURN(growing_put(growing, sb_string_part(text, at, first > at ? first : at)));
            SB_TRY_RETURN(put_replacement(plan, run, text, growing));
            is_empty = end <= first;
            at = end > at ? end : at;
        } else { // nothing but the empty match here: go on behind the next character
            const int64_t size = sb_utf8_size(text.data + at, text.size - at);
            SB_TRY_RETURN(growing_put(growing, sb_string_part(text, at, at + size)));
            at += size;
            is_empty = false;
        }
        SB_TRY_RETURN(sb_regexp_match(run, text, at, is_empty, &is_found));
    }
    return growing_put(growing, sb_string_part(text, at, text.size));
}

static enum sb_status replace_rows(struct sb_kernel_call *call)
{
    const struct sb_regexp_plan *plan = call->node->prepared;
    const struct sb_bytes *texts = sb_strings(call, 0);
    struct sb_bytes *out = call->out;
    struct growing growing = {.call = call};
    struct sb_regexp_run run;

    SB_TRY_RETURN(sb_regexp_run_init(&run, plan->regexp, call));
    for (int32_t i = 0; i < call->count; i++) {
        bool is_found = false;
        out[i] = texts[i];
        if (sb_kernel_counts(call, i)) {
            SB_TRY_RETURN(sb_regexp_match(&run, texts[i], 0, false, &is_found));
        }
        if (is_found) {
            growing.row = growing.next;
            SB_TRY_RETURN(replace_matches(plan, &run, texts[i], &growing));
            out[i] = growing.next == NULL
                         ? sb_string_empty
                         : (struct sb_bytes){growing.row, growing.next - growing.row};
        }
    }
    return SB_OK;
}

const struct sb_kernel_set sb_kernels_regexp_replace = {.vectors = replace_rows, .may_fail = true};
