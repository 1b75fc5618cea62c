// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_string_case.c - upper and lower.
 *
 * Text in ASCII is converted in place of its copy, a chunk at once if its rows lie next to each
 * other. A letter's other case has at most twice its bytes.
 */
#include "expr/kernels_string.h"
#include "expr/letter_case.h"
#include "expr/string_room.h"
#include "expr/utf8.h"

/* A row's bytes are behind those of the row before. */
static bool rows_adjoin(const struct sb_bytes *texts, int32_t count)
{
    for (int32_t i = 1; i < count; i++) {
        if (texts[i - 1].data == NULL || texts[i].data != texts[i - 1].data + texts[i - 1].size) {
            return false;
        }
    }
    return texts[0].data != NULL;
}

static void convert_ascii(const uint8_t *restrict from, int64_t size, uint8_t *restrict to,
                          bool to_upper)
{
    const uint8_t first = to_upper ? 'a' : 'A';

    for (int64_t i = 0; i < size; i++) {
        const uint8_t is_letter = (uint8_t)(from[i] - first) < 26;
        to[i] = from[i] ^ (uint8_t)(is_letter << 5);
    }
}

static uint8_t *convert(struct sb_bytes text, uint8_t *to, bool to_upper)
{
    if (sb_utf8_is_ascii(text.data, text.size)) {
        convert_ascii(text.data, text.size, to, to_upper);
        return to + text.size;
    }
    for (int64_t at = 0; at < text.size;) {
        const int64_t size = sb_utf8_size(text.data + at, text.size - at);
        const uint32_t code = sb_utf8_decode(text.data + at, size);
        if (code < 0x80) {
            convert_ascii(text.data + at, 1, to++, to_upper);
        } else if (code == UINT32_MAX) {
            to = sb_string_put(to, (struct sb_bytes){text.data + at, size});
        } else {
            to += sb_utf8_encode(sb_letter_convert(code, to_upper), to);
        }
        at += size;
    }
    return to;
}

static inline enum sb_status convert_rows(struct sb_kernel_call *call, bool to_upper)
{
    const struct sb_bytes *texts = sb_strings(call, 0);
    struct sb_bytes *out = call->out;
    const int32_t count = call->count;
    const struct sb_bytes *last = &texts[count - 1];
    int64_t size = 0;
    uint8_t *to;

    if (rows_adjoin(texts, count) &&
        sb_utf8_is_ascii(texts[0].data, last->data + last->size - texts[0].data)) {
        size = last->data + last->size - texts[0].data;
        SB_TRY_RETURN(sb_string_room(call, size, &to));
        convert_ascii(texts[0].data, size, to, to_upper);
        for (int32_t i = 0; i < count; i++) {
            out[i] = (struct sb_bytes){to + (texts[i].data - texts[0].data), texts[i].size};
        }
        return SB_OK;
    }
    for (int32_t i = 0; i < count; i++) {
        size += sb_kernel_counts(call, i) ? texts[i].size : 0;
    }
    SB_TRY_RETURN(sb_string_room(call, 2 * size, &to));
    for (int32_t i = 0; i < count; i++) {
        out[i] = (struct sb_bytes){to, 0};
        if (sb_kernel_counts(call, i)) {
            to = convert(texts[i], to, to_upper);
            out[i].size = to - out[i].data;
        }
    }
    return SB_OK;
}

static enum sb_status upper_rows(struct sb_kernel_call *call)
{
    return convert_rows(call, true);
}

static enum sb_status lower_rows(struct sb_kernel_call *call)
{
    return convert_rows(call, false);
}

const struct sb_kernel_set sb_kernels_upper = {.vectors = upper_rows};
const struct sb_kernel_set sb_kernels_lower = {.vectors = lower_rows};
