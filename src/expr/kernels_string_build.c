// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_string_build.c - functions that put new text together.
 *
 * Each goes twice over its rows: once to know the room, once to fill it.
 */
#include "expr/kernels_string.h"
#include "expr/string_room.h"
#include "expr/tree.h"
#include "expr/utf8.h"

static enum sb_status concat_rows(struct sb_kernel_call *call)
{
    const int32_t text_count = call->node->argument_count;
    struct sb_bytes *out = call->out;
    int64_t room = 0;
    uint8_t *to;

    for (int32_t i = 0; i < call->count; i++) {
        int64_t size = 0;
        for (int32_t j = 0; j < text_count && sb_kernel_counts(call, i); j++) {
            size += sb_strings(call, j)[i].size;
        }
        if (sb_unlikely(size > SB_STRING_SIZE_MAX)) {
            return sb_string_too_long(call, size);
        }
        out[i].size = size;
        room += size;
    }
    SB_TRY_RETURN(sb_string_room(call, room, &to));
    for (int32_t i = 0; i < call->count; i++) {
        out[i].data = to;
        for (int32_t j = 0; j < text_count && sb_kernel_counts(call, i); j++) {
            to = sb_string_put(to, sb_strings(call, j)[i]);
        }
    }
    return SB_OK;
}

static inline bool is_valid(const struct sb_kernel_call *call, int32_t argument, int32_t row)
{
    const uint8_t *valid = sb_kernel_argument(call, argument)->valid;

    return valid == NULL || valid[row];
}

/* Appends the texts of a row that are not null, or only counts their bytes (`to` NULL). */
static int64_t join_row(const struct sb_kernel_call *call, int32_t row, uint8_t *to)
{
    const struct sb_bytes separator = sb_strings(call, 0)[row];
    int64_t size = 0;
    bool is_first = true;

    for (int32_t j = 1; j < call->node->argument_count; j++) {
        const struct sb_bytes text = sb_strings(call, j)[row];
        if (!is_valid(call, j, row)) {
            continue;
        }
        size += text.size + (is_first ? 0 : separator.size);
        if (to != NULL) {
            to = is_first ? to : sb_string_put(to, separator);
            to = sb_string_put(to, text);
        }
        is_first = false;
    }
    return size;
}

static enum sb_status concat_ws_rows(struct sb_kernel_call *call)
{
    struct sb_bytes *out = call->out;
    int64_t room = 0;
    uint8_t *to;

    call->valid = sb_kernel_argument(call, 0)->valid;
    for (int32_t i = 0; i < call->count; i++) {
        out[i].size = sb_kernel_counts(call, i) ? join_row(call, i, NULL) : 0;
        if (sb_unlikely(out[i].size > SB_STRING_SIZE_MAX)) {
            return sb_string_too_long(call, out[i].size);
        }
        room += out[i].size;
    }
    SB_TRY_RETURN(sb_string_room(call, room, &to));
    for (int32_t i = 0; i < call->count; i++) {
        out[i].data = to;
        if (out[i].size > 0) {
            to += join_row(call, i, to);
        }
    }
    return SB_OK;
}

const struct sb_kernel_set sb_kernels_concat = {.vectors = concat_rows, .may_fail = true};
const struct sb_kernel_set sb_kernels_concat_ws = {.vectors = concat_ws_rows, .may_fail = true};

/* `a` times `b`, both at least 0, or more than any text. */
static inline int64_t product(int64_t a, int64_t b)
{
    return a > 0 && b > INT64_MAX / 2 / a ? INT64_MAX / 2 : a * b;
}

static enum sb_status repeat_rows(struct sb_kernel_call *call)
{
    const struct sb_bytes *texts = sb_strings(call, 0);
    const int64_t *counts = sb_string_numbers(call, 1);
    struct sb_bytes *out = call->out;
    int64_t room = 0;
    uint8_t *to;

    for (int32_t i = 0; i < call->count; i++) {
        out[i].size =
            counts[i] > 0 && sb_kernel_counts(call, i) ? product(texts[i].size, counts[i]) : 0;
        if (sb_unlikely(out[i].size > SB_STRING_SIZE_MAX)) {
            return sb_string_too_long(call, out[i].size);
        }
        room += out[i].size;
    }
    SB_TRY_RETURN(sb_string_room(call, room, &to));
    for (int32_t i = 0; i < call->count; i++) {
        const uint8_t *end = to + out[i].size;
        out[i].data = to;
        while (to < end) {
            to = sb_string_put(to, texts[i]);
        }
    }
    return SB_OK;
}

static enum sb_status reverse_rows(struct sb_kernel_call *call)
{
    const struct sb_bytes *texts = sb_strings(call, 0);
    struct sb_bytes *out = call->out;
    int64_t room = 0;
    uint8_t *to;

    for (int32_t i = 0; i < call->count; i++) {
        out[i].size = sb_kernel_counts(call, i) ? texts[i].size : 0;
        room += out[i].size;
    }
    SB_TRY_RETURN(sb_string_room(call, room, &to));
    for (int32_t i = 0; i < call->count; i++) {
        const uint8_t *from = texts[i].data;
        out[i].data = to;
        to += out[i].size;
        for (int64_t at = 0; at < out[i].size;) {
            const int64_t size = sb_utf8_size(from + at, out[i].size - at);
            memcpy(to - at - size, from + at, (size_t)size);
            at += size;
        }
    }
    return SB_OK;
}

const struct sb_kernel_set sb_kernels_repeat = {.vectors = repeat_rows, .may_fail = true};
const struct sb_kernel_set sb_kernels_reverse = {.vectors = reverse_rows};

/* Writes `text` with each `part` replaced, or only counts its bytes (`to` NULL). */
static int64_t replace_row(struct sb_bytes text, struct sb_bytes part, struct sb_bytes by,
                           uint8_t *to)
{
    int64_t size = 0;
    int64_t at;

    while (part.size > 0 && (at = sb_string_find(text, part)) >= 0) {
        if (to != NULL) {
            to = sb_string_put(to, sb_string_part(text, 0, at));
            to = sb_string_put(to, by);
        }
        size += at + by.size;
        text = sb_string_part(text, at + part.size, text.size);
    }
    if (to != NULL) {
        sb_string_put(to, text);
    }
    return size + text.size;
}

static enum sb_status replace_rows(struct sb_kernel_call *call)
{
    const struct sb_bytes *texts = sb_strings(call, 0);
    const struct sb_bytes *parts = sb_strings(call, 1);
    const struct sb_bytes *replacements = sb_strings(call, 2);
    struct sb_bytes *out = call->out;
    int64_t room = 0;
    uint8_t *to;

    for (int32_t i = 0; i < call->count; i++) {
        out[i].size =
            sb_kernel_counts(call, i) ? replace_row(texts[i], parts[i], replacements[i], NULL) : 0;
        if (sb_unlikely(out[i].size > SB_STRING_SIZE_MAX)) {
            return sb_string_too_long(call, out[i].size);
        }
        room += out[i].size;
    }
    SB_TRY_RETURN(sb_string_room(call, room, &to));
    for (int32_t i = 0; i < call->count; i++) {
        out[i].data = to;
        if (out[i].size > 0) {
            to += replace_row(texts[i], parts[i], replacements[i], to);
        }
    }
    return SB_OK;
}

const struct sb_kernel_set sb_kernels_replace = {.vectors = replace_rows, .may_fail = true};

static inline enum sb_status pad_rows(struct sb_kernel_call *call, bool is_left)
{
    const struct sb_bytes *fill = call->node->prepared;
    const struct sb_bytes *texts = sb_strings(call, 0);
    const int64_t *widths = sb_string_numbers(call, 1);
    struct sb_bytes *out = call->out;
    int64_t room = 0;
    uint8_t *to;

    for (int32_t i = 0; i < call->count; i++) {
        const bool counts = sb_kernel_counts(call, i);
        const int64_t length = counts ? sb_utf8_count(texts[i].data, texts[i].size) : INT64_MAX;
        out[i].size = counts ? texts[i].size : 0;
        out[i].size += widths[i] > length ? product(fill->size, widths[i] - length) : 0;
        if (sb_unlikely(out[i].size > SB_STRING_SIZE_MAX)) {
            return sb_string_too_long(call, out[i].size);
        }
        room += out[i].size;
    }
    SB_TRY_RETURN(sb_string_room(call, room, &to));
    for (int32_t i = 0; i < call->count; i++) {
        const uint8_t *end = to + out[i].size;
        out[i].data = to;
        if (out[i].size == 0) {
            continue;
        }
        to = is_left ? to : sb_string_put(to, texts[i]);
        while (end - to >= (is_left ? texts[i].size : 0) + fill->size) {
            to = sb_string_put(to, *fill);
        }
        to = is_left ? sb_string_put(to, texts[i]) : to;
    }
    return SB_OK;
}

static enum sb_status pad_left_rows(struct sb_kernel_call *call)
{
    return pad_rows(call, true);
}

static enum sb_status pad_right_rows(struct sb_kernel_call *call)
{
    return pad_rows(call, false);
}

const struct sb_kernel_set sb_kernels_pad_left = {.vectors = pad_left_rows, .may_fail = true};
const struct sb_kernel_set sb_kernels_pad_right = {.vectors = pad_right_rows, .may_fail = true};

static enum sb_status to_hex_rows(struct sb_kernel_call *call)
{
    static const char digits[] = "0123456789abcdef";
    const struct sb_bytes *texts = sb_strings(call, 0);
    struct sb_bytes *out = call->out;
    int64_t room = 0;
    uint8_t *to;

    for (int32_t i = 0; i < call->count; i++) {
        room += sb_kernel_counts(call, i) ? 2 * texts[i].size : 0;
    }
    SB_TRY_RETURN(sb_string_room(call, room, &to));
    for (int32_t i = 0; i < call->count; i++) {
        out[i] = (struct sb_bytes){to, sb_kernel_counts(call, i) ? 2 * texts[i].size : 0};
        for (int64_t j = 0; j < out[i].size / 2; j++) {
            *to++ = (uint8_t)digits[texts[i].data[j] >> 4];
            *to++ = (uint8_t)digits[texts[i].data[j] & 15];
        }
    }
    return SB_OK;
}

/* -1: no hexadecimal digit. */
static inline int32_t hex_value(uint8_t digit)
{
    const uint8_t letter = digit | 0x20;

    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

static bool hex_read(struct sb_bytes text, uint8_t *to)
{
    int32_t all = text.size % 2 == 0 ? 0 : -1;

    for (int64_t i = 0; i + 1 < text.size; i += 2) {
        const int32_t high = hex_value(text.data[i]);
        const int32_t low = hex_value(text.data[i + 1]);
        all |= high | low;
        to[i / 2] = (uint8_t)((uint32_t)high << 4 | (uint32_t)low);
    }
    return all >= 0;
}

static enum sb_status from_hex_rows(struct sb_kernel_call *call)
{
    const struct sb_bytes *texts = sb_strings(call, 0);
    struct sb_bytes *out = call->out;
    int64_t room = 0;
    uint8_t *to;

    for (int32_t i = 0; i < call->count; i++) {
        room += sb_kernel_counts(call, i) ? texts[i].size / 2 : 0;
    }
    SB_TRY_RETURN(sb_string_room(call, room, &to));
    for (int32_t i = 0; i < call->count; i++) {
        out[i] = (struct sb_bytes){to, 0};
        if (!sb_kernel_counts(call, i)) {
            continue;
        }
        if (!hex_read(texts[i], to)) {
            return sb_error_set(call->err, SB_FAILED,
                                "%s: '%.*s' is not pairs of hexadecimal digits", call->node->name,
                                (int)(texts[i].size < 60 ? texts[i].size : 60),
                                (const char *)texts[i].data);
        }
        out[i].size = texts[i].size / 2;
        to += out[i].size;
    }
    return SB_OK;
}

const struct sb_kernel_set sb_kernels_to_hex = {.vectors = to_hex_rows};
const struct sb_kernel_set sb_kernels_from_hex = {.vectors = from_hex_rows, .may_fail = true};
