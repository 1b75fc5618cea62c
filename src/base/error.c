// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// A message that was cut must stay valid UTF-8: bindings decode it.
static void message_trim(char *message)
{
    size_t size = strlen(message);
    size_t start = size;

    while (start > 0 && size - start < 4 && ((unsigned char)message[start - 1] & 0xc0) == 0x80) {
        start--;
    }
    if (start == 0) {
        return;
    }

    unsigned char lead = (unsigned char)message[start - 1];
    size_t needed = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    if (size - start < needed) {
        message[start - 1] = '\0';
    }
}

static void text_append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);
    size_t taken = strnlen(more, size - used - 1);

    memcpy(text + used, more, taken);
    text[used + taken] = '\0';
}

enum sb_status sb_error_set(struct sb_error *err, enum sb_status status, const char *format, ...)
{
    va_list args;

    sb_assert(status != SB_OK);
    if (err == NULL) {
        return status;
    }
    err->status = status;
    err->is_retryable = false;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    message_trim(err->message);
    return status;
}

void sb_error_prefix(struct sb_error *err, const char *format, ...)
{
    char cause[sizeof err->message];
    va_list args;
    int size;

    if (err == NULL) {
        return;
    }
    memcpy(cause, err->message, sizeof cause);
    va_start(args, format);
    size = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    if (size < 0) {
        memcpy(err->message, cause, sizeof cause);
    } else if ((size_t)size < sizeof err->message) {
        text_append(err->message, sizeof err->message, ": ");
        text_append(err->message, sizeof err->message, cause);
    }
    message_trim(err->message);
}

enum sb_status sb_error_no_memory(struct sb_error *err, const char *what, int64_t size)
{
    return sb_error_set(err, SB_NO_MEMORY,
                        "%s needs %" PRId64 " bytes more than the memory limit leaves; "
                        "raise the limit or send smaller batches",
                        what, size);
}
