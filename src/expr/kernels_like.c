// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_like.c - like over chunks.
 *
 * Rows of a column lie next to each other, so a part is searched for in all of them at once; a
 * place that crosses the border of two rows is none.
 */
#include "expr/kernels.h"
#include "expr/like.h"
#include "expr/string_room.h"
#include "expr/tree.h"

/* Rows from `row` on whose bytes adjoin; rows without bytes may lie anywhere. */
static int32_t run_end(const struct sb_bytes *texts, int32_t row, int32_t count)
{
    const uint8_t *end = texts[row].data + texts[row].size;

    for (row++; row < count && (texts[row].size == 0 || texts[row].data == end); row++) {
        end += texts[row].size;
    }
    return row;
}

/* Searches rows first..end, which adjoin, for a part that is not empty. */
static void run_search(const struct sb_bytes *texts, int32_t row, int32_t end, struct sb_bytes part,
                       uint8_t *out)
{
    const struct sb_kernel_table *table = sb_kernel_table();
    const uint8_t *from = texts[row].data;
    const uint8_t *to = from;

    for (int32_t i = row; i < end; i++) {
        to += texts[i].size;
        out[i] = 0;
    }
    while (row < end) {
        const uint8_t *found = table->find(from, to - from, part.data, part.size);
        if (found == NULL) {
            return;
        }
        while (texts[row].size == 0 || texts[row].data + texts[row].size <= found) {
            row++;
        }
        if (found + part.size <= texts[row].data + texts[row].size) {
            out[row] = 1;
            from = texts[row].data + texts[row].size;
            row++;
        } else {
            from = found + 1;
        }
    }
}

static void contains_rows(const struct sb_bytes *texts, int32_t count, struct sb_bytes part,
                          uint8_t *out)
{
    int32_t row = 0;

    if (part.size == 0) {
        memset(out, 1, (size_t)count);
        return;
    }
    while (row < count) {
        int32_t end;
        if (texts[row].size == 0) {
            out[row++] = 0;
            continue;
        }
        end = run_end(texts, row, count);
        run_search(texts, row, end, part, out);
        row = end;
    }
}

static struct sb_bytes longest_part(const struct sb_like *like)
{
    struct sb_bytes longest = like->parts[0];

    for (int32_t i = 1; i < like->part_count; i++) {
        longest = like->parts[i].size > longest.size ? like->parts[i] : longest;
    }
    return longest;
}

static enum sb_status like_rows(struct sb_kernel_call *call)
{
    const struct sb_like *like = call->node->prepared;
    const struct sb_bytes *texts = sb_strings(call, 0);
    const struct sb_bytes part = like->part_count > 0 ? like->parts[0] : sb_string_empty;
    uint8_t *out = call->out;

    switch (like->form) {
    case SB_LIKE_CONTAINS:
        contains_rows(texts, call->count, part, out);
        break;
    case SB_LIKE_PREFIX:
        for (int32_t i = 0; i < call->count; i++) {
            out[i] = texts[i].size >= part.size &&
                     (part.size == 0 || (texts[i].data[0] == part.data[0] &&
                                         memcmp(texts[i].data, part.data, (size_t)part.size) == 0));
        }
        break;
    case SB_LIKE_PARTS: // few rows have the longest part
        contains_rows(texts, call->count, longest_part(like), out);
        for (int32_t i = 0; i < call->count; i++) {
            out[i] = out[i] && sb_like_matches(like, texts[i]);
        }
        break;
    default:
        for (int32_t i = 0; i < call->count; i++) {
            out[i] = sb_like_matches(like, texts[i]);
        }
        break;
    }
    return SB_OK;
}

/* The pattern of a row; a bad one is the row's failure. */
static enum sb_status row_compile(struct sb_kernel_call *call, struct sb_bytes pattern,
                                  const struct sb_like **out)
{
    const enum sb_status status = sb_like_compile(pattern, (int32_t)call->node->parameter,
                                                  call->node->name, call->text, out, call->err);

    if (status != SB_INVALID) {
        return status;
    }
    if (call->err != NULL) {
        call->err->status = SB_FAILED;
    }
    return SB_FAILED;
}

static enum sb_status like_each(struct sb_kernel_call *call)
{
    const struct sb_bytes *texts = sb_strings(call, 0);
    const struct sb_bytes *patterns = sb_strings(call, 1);
    const struct sb_like *like = NULL;
    struct sb_bytes compiled = {NULL, -1};
    uint8_t *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        out[i] = 0;
        if (!sb_kernel_counts(call, i)) {
            continue;
        }
        if (compiled.size != patterns[i].size || compiled.data != patterns[i].data) {
            SB_TRY_RETURN(row_compile(call, patterns[i], &like));
            compiled = patterns[i];
        }
        out[i] = sb_like_matches(like, texts[i]);
    }
    return SB_OK;
}

const struct sb_kernel_set sb_kernels_like = {.vectors = like_rows};
const struct sb_kernel_set sb_kernels_like_each = {.vectors = like_each, .may_fail = true};
