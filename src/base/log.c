// SPDX-License-Identifier: Apache-2.0
/*
 * log.c - one callback for the process.
 *
 * Callers hold the lock for reading while the callback runs, so that after sb_log_set() returned
 * the old function is not running any more and its context may go.
 */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_rwlock_t log_lock = PTHREAD_RWLOCK_INITIALIZER; // guards the two below
static sb_log_function log_function;
static void *log_context;

void sb_log_set(sb_log_function function, void *context)
{
    pthread_rwlock_wrlock(&log_lock);
    log_function = function;
    log_context = context;
    pthread_rwlock_unlock(&log_lock);
}

// `text` when it is large enough, else memory to free; NULL when there is none.
static char *fields_format(char *text, size_t size, const char *fields, va_list args)
{
    va_list again;
    char *larger = text;
    int length;

    va_copy(again, args);
    length = vsnprintf(text, size, fields, args);
    if (length < 0) {
        larger = NULL;
    } else if ((size_t)length >= size) { // half an object is not JSON
        larger = malloc((size_t)length + 1);
        if (larger != NULL) {
            vsnprintf(larger, (size_t)length + 1, fields, again);
        }
    }
    va_end(again);
    return larger;
}

void sb_log(enum sb_log_level level, const char *event, const char *fields, ...)
{
    pthread_rwlock_rdlock(&log_lock);
    if (log_function != NULL) {
        char text[1024];
        char *formatted;
        va_list args;

        va_start(args, fields);
        formatted = fields_format(text, sizeof text, fields, args);
        va_end(args);
        log_function(log_context, level, event, formatted == NULL ? "{}" : formatted);
        if (formatted != text) {
            free(formatted);
        }
    }
    pthread_rwlock_unlock(&log_lock);
}
