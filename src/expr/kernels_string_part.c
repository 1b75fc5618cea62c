// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_string_part.c - lengths, and functions whose result is a part of their argument: nothing
 * is copied.
 */
#include "expr/kernels_string.h"
#include "expr/string_room.h"
#include "expr/tree.h"
#include "expr/utf8.h"

static enum sb_status byte_length_rows(struct sb_kernel_call *call)
{
    const struct sb_bytes *texts = sb_strings(call, 0);
    int64_t *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        out[i] = texts[i].size;
    }
    return SB_OK;
}

static enum sb_status length_rows(struct sb_kernel_call *call)
{
    const struct sb_bytes *texts = sb_strings(call, 0);
    int64_t *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        out[i] = sb_utf8_count(texts[i].data, texts[i].size);
    }
    return SB_OK;
}

const struct sb_kernel_set sb_kernels_length = {.vectors = length_rows};
const struct sb_kernel_set sb_kernels_byte_length = {.vectors = byte_length_rows};

/* `count` characters after the first `skipped`; neither is negative. */
static struct sb_bytes characters(struct sb_bytes text, int64_t skipped, int64_t count)
{
    int64_t first;
    int64_t end;

    if (skipped >= text.size || count <= 0) {
        return sb_string_empty;
    }
    first = skipped == 0 ? 0 : sb_utf8_offset(text.data, text.size, skipped);
    end = count >= text.size - first
              ? text.size
              : first + sb_utf8_offset(text.data + first, text.size - first, count);
    return sb_string_part(text, first, end);
}

/*
 * Positions count from 1, from the end if negative. Those before the first character count as well:
 * they take from the length what they are away from it.
 */
static struct sb_bytes substring(struct sb_bytes text, int64_t position, int64_t count)
{
    int64_t skipped = position >= 0 ? position - 1 : position;

    if (position < 0) {
        skipped += sb_utf8_count(text.data, text.size);
    }
    if (skipped < 0) {
        count = count <= 0 || count == INT64_MAX ? count : count + skipped;
        skipped = 0;
    }
    return characters(text, skipped, count);
}

static enum sb_status substring_rows(struct sb_kernel_call *call)
{
    const struct sb_bytes *texts = sb_strings(call, 0);
    const int64_t *positions = sb_string_numbers(call, 1);
    const int64_t *counts = sb_string_numbers(call, 2);
    struct sb_bytes *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        out[i] = substring(texts[i], positions[i], counts[i]);
    }
    return SB_OK;
}

/* What a count below zero leaves out on the other side, it leaves in here. */
static inline int64_t characters_kept(struct sb_bytes text, int64_t count)
{
    const int64_t all = count < 0 ? sb_utf8_count(text.data, text.size) : 0;

    return count >= 0 ? count : count < -all ? 0 : all + count;
}

static enum sb_status left_rows(struct sb_kernel_call *call)
{
    const struct sb_bytes *texts = sb_strings(call, 0);
    const int64_t *counts = sb_string_numbers(call, 1);
    struct sb_bytes *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        out[i] = characters(texts[i], 0, characters_kept(texts[i], counts[i]));
    }
    return SB_OK;
}

static enum sb_status right_rows(struct sb_kernel_call *call)
{
    const struct sb_bytes *texts = sb_strings(call, 0);
    const int64_t *counts = sb_string_numbers(call, 1);
    struct sb_bytes *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        const int64_t all = sb_utf8_count(texts[i].data, texts[i].size);
        const int64_t kept = characters_kept(texts[i], counts[i]);
        out[i] = characters(texts[i], kept < all ? all - kept : 0, kept);
    }
    return SB_OK;
}

const struct sb_kernel_set sb_kernels_substring = {.vectors = substring_rows};
const struct sb_kernel_set sb_kernels_left = {.vectors = left_rows};
const struct sb_kernel_set sb_kernels_right = {.vectors = right_rows};

static bool set_has(const struct sb_character_set *set, const uint8_t *bytes, int64_t size)
{
    uint32_t code;

    if (bytes[0] < 0x80) {
        return set->ascii[bytes[0]];
    }
    code = sb_utf8_decode(bytes, size);
    for (int32_t i = 0; i < set->other_count; i++) {
        if (set->others[i] == code) {
            return true;
        }
    }
    return false;
}

static inline enum sb_status trim_rows(struct sb_kernel_call *call, bool is_left, bool is_right)
{
    const struct sb_character_set *set = call->node->prepared;
    const struct sb_bytes *texts = sb_strings(call, 0);
    struct sb_bytes *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        const uint8_t *data = texts[i].data;
        int64_t first = 0;
        int64_t end = texts[i].size;
        while (is_left && first < end) {
            const int64_t size = sb_utf8_size(data + first, end - first);
            if (!set_has(set, data + first, size)) {
                break;
            }
            first += size;
        }
        while (is_right && first < end) {
            int64_t start = end - 1;
            while (start > first && sb_utf8_continues(data[start])) {
                start--;
            }
            if (!set_has(set, data + start, end - start)) {
                break;
            }
            end = start;
        }
        out[i] = sb_string_part(texts[i], first, end);
    }
    return SB_OK;
}

static enum sb_status trim_both(struct sb_kernel_call *call)
{
    return trim_rows(call, true, true);
}

static enum sb_status trim_left(struct sb_kernel_call *call)
{
    return trim_rows(call, true, false);
}

static enum sb_status trim_right(struct sb_kernel_call *call)
{
    return trim_rows(call, false, true);
}

const struct sb_kernel_set sb_kernels_trim = {.vectors = trim_both};
const struct sb_kernel_set sb_kernels_ltrim = {.vectors = trim_left};
const struct sb_kernel_set sb_kernels_rtrim = {.vectors = trim_right};

/* Part `index` from 1, or from the end; the empty text if there is none. */
static struct sb_bytes split_part(struct sb_bytes text, struct sb_bytes delimiter, int64_t index)
{
    int64_t at;

    if (delimiter.size == 0) {
        return index == 1 || index == -1 ? text : sb_string_empty;
    }
    if (index < 0) { // as many parts as delimiters and one
        int64_t count = 1;
        struct sb_bytes rest = text;
        while ((at = sb_string_find(rest, delimiter)) >= 0) {
            rest = sb_string_part(rest, at + delimiter.size, rest.size);
            count++;
        }
        index = index < -count ? 0 : count + 1 + index;
    }
    if (index == 0) {
        return sb_string_empty;
    }
    while ((at = sb_string_find(text, delimiter)) >= 0 && --index > 0) {
        text = sb_string_part(text, at + delimiter.size, text.size);
    }
    if (at >= 0) {
        return sb_string_part(text, 0, at);
    }
    return index == 1 ? text : sb_string_empty;
}

static enum sb_status split_part_rows(struct sb_kernel_call *call)
{
    const struct sb_bytes *texts = sb_strings(call, 0);
    const struct sb_bytes *delimiters = sb_strings(call, 1);
    const int64_t *indices = sb_string_numbers(call, 2);
    struct sb_bytes *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        out[i] = split_part(texts[i], delimiters[i], indices[i]);
    }
    return SB_OK;
}

const struct sb_kernel_set sb_kernels_split_part = {.vectors = split_part_rows};
