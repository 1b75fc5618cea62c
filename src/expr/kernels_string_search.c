// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_string_search.c - a text in a text, where both are columns. A part that is a literal goes
 * by way of like.h.
 */
#include "expr/kernels.h"
#include "expr/kernels_string.h"
#include "expr/string_room.h"
#include "expr/utf8.h"

int64_t sb_string_find(struct sb_bytes text, struct sb_bytes part)
{
    const uint8_t *found;

    if (part.size == 0) {
        return 0;
    }
    if (part.size > text.size) {
        return -1;
    }
    found = memmem(text.data, (size_t)text.size, part.data, (size_t)part.size);
    return found == NULL ? -1 : found - text.data;
}

static inline bool starts_with(struct sb_bytes text, struct sb_bytes part)
{
    return part.size == 0 ||
           (part.size <= text.size && memcmp(text.data, part.data, (size_t)part.size) == 0);
}

static inline bool ends_with(struct sb_bytes text, struct sb_bytes part)
{
    return part.size == 0 || (part.size <= text.size && memcmp(text.data + text.size - part.size,
                                                               part.data, (size_t)part.size) == 0);
}

/* Characters up to and with the first of the part; 0 when it is not there. */
static inline int64_t position(struct sb_bytes text, struct sb_bytes part)
{
    const int64_t at = sb_string_find(text, part);

    return at < 0 ? 0 : 1 + (at == 0 ? 0 : sb_utf8_count(text.data, at));
}

#define SEARCH(name, T, ROW)                                                                       \
    static enum sb_status name(struct sb_kernel_call *call)                                        \
    {                                                                                              \
        const struct sb_bytes *texts = sb_strings(call, 0);                                        \
        const struct sb_bytes *parts = sb_strings(call, 1);                                        \
        T *out = call->out;                                                                        \
        for (int32_t i = 0; i < call->count; i++) {                                                \
            out[i] = ROW;                                                                          \
        }                                                                                          \
        return SB_OK;                                                                              \
    }

SEARCH(contains_rows, uint8_t, sb_string_find(texts[i], parts[i]) >= 0)
SEARCH(starts_with_rows, uint8_t, starts_with(texts[i], parts[i]))
SEARCH(ends_with_rows, uint8_t, ends_with(texts[i], parts[i]))
SEARCH(position_rows, int64_t, position(texts[i], parts[i]))

const struct sb_kernel_set sb_kernels_contains = {.vectors = contains_rows};
const struct sb_kernel_set sb_kernels_starts_with = {.vectors = starts_with_rows};
const struct sb_kernel_set sb_kernels_ends_with = {.vectors = ends_with_rows};
const struct sb_kernel_set sb_kernels_position = {.vectors = position_rows};
