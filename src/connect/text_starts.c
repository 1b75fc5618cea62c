// SPDX-License-Identifier: Apache-2.0
/*
 * text_starts.c - where rows begin in a text file, without reading its values.
 *
 * A line feed ends a row unless it is inside quotes, and which bytes are depends on every quote
 * before. So CSV is searched for quotes from its begin; the rules are those of csv_reader.c, also
 * for quotes where none should be. Without quotes only the places asked for are looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "connect/text_window.h"

enum { CHUNK_BYTES = 256 * 1024 };

struct row_search {
    const struct sb_text_options *options;
    const int64_t *positions;
    int64_t *starts;
    int32_t count;
    int32_t found;
    int64_t begin;
    bool is_quoted;
    int64_t last_close; // where the latest quoted field ended, or -2
    uint8_t last_byte;  // of the chunk before
};

/* Line feeds in [first, end) of a chunk end rows. */
static void search_lines(struct row_search *search, const uint8_t *chunk, int64_t at, int64_t first,
                         int64_t end)
{
    while (search->found < search->count) {
        const int64_t wanted = search->positions[search->found] - 1 - at;
        const int64_t from = wanted > first ? wanted : first;
        const uint8_t *line = from < end ? memchr(chunk + from, '\n', (size_t)(end - from)) : NULL;

        if (line == NULL) {
            return;
        }
        search->starts[search->found++] = at + (line - chunk) + 1;
    }
}

static void search_quote(struct row_search *search, const uint8_t *chunk, int64_t at, int64_t quote)
{
    const int64_t position = at + quote;
    const uint8_t before = quote > 0 ? chunk[quote - 1] : search->last_byte;

    if (search->is_quoted) {
        search->is_quoted = false;
        search->last_close = position;
    } else {
        search->is_quoted = position == search->last_close + 1 || position == search->begin ||
                            before == (uint8_t)search->options->delimiter || before == '\n';
    }
}

static void search_chunk(struct row_search *search, const uint8_t *chunk, int64_t at, int64_t size)
{
    const bool has_quotes =
        search->options->format == SB_TEXT_CSV && search->options->quote != '\0';
    int64_t first = 0;

    while (first < size && search->found < search->count) {
        const uint8_t *quote = has_quotes ? memchr(chunk + first, (uint8_t)search->options->quote,
                                                   (size_t)(size - first))
                                          : NULL;
        const int64_t end = quote == NULL ? size : quote - chunk;

        if (!search->is_quoted) {
            search_lines(search, chunk, at, first, end);
        }
        if (quote != NULL) {
            search_quote(search, chunk, at, end);
        }
        first = end + 1;
    }
    search->last_byte = chunk[size - 1];
}

static enum sb_status search_file(struct row_search *search, int fd, const char *path,
                                  uint8_t *chunk, struct sb_error *err)
{
    const bool has_quotes =
        search->options->format == SB_TEXT_CSV && search->options->quote != '\0';
    int64_t at = search->begin;

    while (search->found < search->count) {
        const int64_t wanted = search->positions[search->found] - 1;
        ssize_t size;

        if (!has_quotes && at < wanted) {
            at = wanted;
        }
        size = pread(fd, chunk, CHUNK_BYTES, (off_t)at);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            return sb_error_set(err, SB_IO, "%s cannot be read: %s", path, strerror(errno));
        }
        if (size == 0) {
            break;
        }
        search_chunk(search, chunk, at, size);
        at += size;
    }
    while (search->found < search->count) {
        search->starts[search->found++] = at;
    }
    return SB_OK;
}

enum sb_status sb_text_row_starts(const char *path, const struct sb_text_options *options,
                                  int64_t begin, const int64_t *positions, int32_t count,
                                  int64_t *starts, struct sb_error *err)
{
    struct row_search search = {
        .options = options,
        .positions = positions,
        .starts = starts,
        .count = count,
        .begin = begin,
        .last_close = -2,
        .last_byte = '\n',
    };
    uint8_t *chunk;
    enum sb_status status;
    int fd;

    if (options->format == SB_TEXT_CSV && options->escape != '\0') {
        return sb_error_set(err, SB_INVALID, "with an escape byte rows are found by reading them");
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return sb_error_set(err, SB_IO, "%s cannot be opened: %s", path, strerror(errno));
    }
    chunk = sb_memory_alloc(sb_memory_global(), CHUNK_BYTES);
    status = chunk == NULL ? sb_error_no_memory(err, "a chunk", CHUNK_BYTES)
                           : search_file(&search, fd, path, chunk, err);
    sb_memory_free(sb_memory_global(), chunk, CHUNK_BYTES);
    close(fd);
    return status;
}
