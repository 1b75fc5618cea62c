// SPDX-License-Identifier: Apache-2.0
#include "connect/text_window.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum {
    WINDOW_BYTES = 512 * 1024,
    WINDOW_BYTES_MAX = 512 * 1024 * 1024, // the longest row
};

enum sb_status sb_text_window_init(struct sb_text_window *window, struct sb_memory *memory,
                                   const struct sb_text_input *input, struct sb_error *err)
{
    *window = (struct sb_text_window){
        .memory = memory,
        .input = *input,
        .fd = -1,
        .position = input->read == NULL ? input->begin : 0,
        .rest = input->read == NULL && input->end >= 0 ? input->end - input->begin : -1,
    };
    window->data = sb_memory_alloc_zeroed(memory, WINDOW_BYTES + SB_TEXT_PADDING);
    if (window->data == NULL) {
        return sb_error_no_memory(err, "a text window", WINDOW_BYTES);
    }
    window->capacity = WINDOW_BYTES;
    return SB_OK;
}

void sb_text_window_deinit(struct sb_text_window *window)
{
    if (window->memory == NULL) {
        return;
    }
    if (window->fd >= 0) {
        close(window->fd);
    }
    if (window->input.release != NULL) {
        window->input.release(window->input.context);
    }
    sb_memory_free(window->memory, window->data, (size_t)(window->capacity + SB_TEXT_PADDING));
    *window = (struct sb_text_window){0};
}

static enum sb_status read_file(struct sb_text_window *window, int64_t capacity, int64_t *size,
                                struct sb_error *err)
{
    uint8_t *to = window->data + window->size;
    ssize_t count;

    *size = 0;
    capacity = window->rest >= 0 && window->rest < capacity ? window->rest : capacity;
    if (capacity == 0) {
        return SB_OK;
    }
    if (window->fd < 0) { // opened late: a job may have thousands of splits
        window->fd = open(window->input.path, O_RDONLY | O_CLOEXEC);
    }
    do {
        count = window->fd < 0 ? -1
                               : pread(window->fd, to, (size_t)capacity,
                                       (off_t)(window->position + window->size));
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return sb_error_set(err, SB_IO, "%s cannot be read: %s", window->input.path,
                            strerror(errno));
    }
    if (count == 0 && window->rest > 0) {
        return sb_error_set(err, SB_IO,
                            "%s was cut off while it was read: %" PRId64 " bytes are missing",
                            window->input.path, window->rest);
    }
    window->rest -= window->rest >= 0 ? count : 0;
    *size = count;
    return SB_OK;
}

static enum sb_status window_grow(struct sb_text_window *window, struct sb_error *err)
{
    const int64_t capacity = window->capacity * 2;
    uint8_t *data;

    if (capacity > WINDOW_BYTES_MAX) {
        return sb_error_set(err, SB_CORRUPT,
                            "the row at byte %" PRId64 " is longer than %d MiB: the file has no "
                            "line ends, or a quote is never closed",
                            window->position, WINDOW_BYTES_MAX / 1024 / 1024);
    }
    data = sb_memory_realloc(window->memory, window->data,
                             (size_t)(window->capacity + SB_TEXT_PADDING),
                             (size_t)(capacity + SB_TEXT_PADDING));
    if (data == NULL) {
        return sb_error_no_memory(err, "a text window", capacity);
    }
    window->data = data;
    window->capacity = capacity;
    return SB_OK;
}

enum sb_status sb_text_window_fill(struct sb_text_window *window, struct sb_error *err)
{
    const int64_t left = window->size - window->at;
    int64_t size;

    if (left > 0 && window->at > 0) {
        memmove(window->data, window->data + window->at, (size_t)left);
    }
    window->position += window->at;
    window->at = 0;
    window->size = left;
    if (left == window->capacity) {
        SB_TRY_RETURN(window_grow(window, err));
    }
    do { // half empty windows would be scanned more than once
        const int64_t room = window->capacity - window->size;
        SB_TRY_RETURN(window->input.read == NULL
                          ? read_file(window, room, &size, err)
                          : window->input.read(window->input.context,
                                               (char *)window->data + window->size, room, &size,
                                               err));
        sb_assert(size >= 0 && size <= room);
        window->size += size;
        window->is_last = size == 0 || window->rest == 0;
    } while (!window->is_last && window->size < window->capacity / 2);
    memset(window->data + window->size, 0, SB_TEXT_PADDING);
    return SB_OK;
}

int64_t sb_text_window_line(const struct sb_text_window *window, int64_t position)
{
    char buffer[16384];
    int64_t line = 1;
    int64_t at = 0;

    if (window->fd < 0) {
        return 0;
    }
    while (at < position) {
        const int64_t wanted =
            position - at < (int64_t)sizeof buffer ? position - at : (int64_t)sizeof buffer;
        const ssize_t count = pread(window->fd, buffer, (size_t)wanted, (off_t)at);
        if (count <= 0) {
            return 0;
        }
        for (ssize_t i = 0; i < count; i++) {
            line += buffer[i] == '\n';
        }
        at += count;
    }
    return line;
}
