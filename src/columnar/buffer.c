// SPDX-License-Identifier: Apache-2.0
/*
 * buffer.c - a buffer and its bytes are one block: the struct in the first 64 bytes, then the data.
 */
#include "columnar/buffer.h"

#include <string.h>

enum {
    BUFFER_HEADER_SIZE = 64,
    BUFFER_PADDING_SIZE = 64,
};

static_assert(sizeof(struct sb_buffer) <= BUFFER_HEADER_SIZE, "the data start aligned");

static size_t block_size(int64_t size)
{
    return BUFFER_HEADER_SIZE + (size_t)size + BUFFER_PADDING_SIZE;
}

enum sb_status sb_buffer_create(struct sb_memory *memory, int64_t size, struct sb_buffer **out,
                                struct sb_error *err)
{
    struct sb_buffer *buffer;

    sb_assert(size >= 0);
    *out = NULL;
    buffer = sb_memory_alloc(memory, block_size(size));
    if (buffer == NULL) {
        return sb_error_no_memory(err, "buffer", size);
    }
    *buffer = (struct sb_buffer){
        .reference_count = 1,
        .data = (uint8_t *)buffer + BUFFER_HEADER_SIZE,
        .size = size,
        .memory = memory,
    };
    memset(buffer->data + size, 0, BUFFER_PADDING_SIZE);
    *out = buffer;
    return SB_OK;
}

enum sb_status sb_buffer_create_foreign(struct sb_memory *memory, void *foreign,
                                        void (*release)(struct sb_buffer *self),
                                        struct sb_buffer **out, struct sb_error *err)
{
    SB_TRY_RETURN(sb_buffer_create(memory, 0, out, err));
    (*out)->data = NULL;
    (*out)->foreign = foreign;
    (*out)->release = release;
    return SB_OK;
}

struct sb_buffer *sb_buffer_retain(struct sb_buffer *buffer)
{
    if (buffer != NULL) {
        int32_t before =
            atomic_fetch_add_explicit(&buffer->reference_count, 1, memory_order_relaxed);

        sb_assert(before > 0);
    }
    return buffer;
}

static bool is_exclusive(struct sb_buffer *buffer)
{
    return atomic_load_explicit(&buffer->reference_count, memory_order_acquire) == 1;
}

void sb_buffer_release(struct sb_buffer *buffer)
{
    while (buffer != NULL) { // a loop, because chains may be long
        struct sb_buffer *next = buffer->next;
        int32_t before;

        // Whoever is alone with a buffer needs no locked instruction to let it go.
        if (!is_exclusive(buffer)) {
            before = atomic_fetch_sub_explicit(&buffer->reference_count, 1, memory_order_acq_rel);
            sb_assert(before > 0);
            if (before > 1) {
                return;
            }
        }
        if (buffer->release != NULL) {
            buffer->release(buffer);
        }
        sb_memory_free(buffer->memory, buffer, block_size(buffer->size));
        buffer = next;
    }
}

void sb_buffer_keep(struct sb_buffer *buffer, struct sb_buffer *other)
{
    if (other == NULL) {
        return;
    }
    sb_assert(is_exclusive(buffer));
    if (buffer->next != NULL && other->next == NULL && is_exclusive(other)) {
        other->next = buffer->next;
        buffer->next = other;
        return;
    }
    while (buffer->next != NULL) {
        buffer = buffer->next;
        sb_assert(is_exclusive(buffer)); // what others hold too cannot be changed
    }
    buffer->next = other;
}
