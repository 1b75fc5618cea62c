// SPDX-License-Identifier: Apache-2.0
/*
 * error.h - filling a struct sb_error, and passing a status up.
 */
#ifndef SABOT_BASE_ERROR_H
#define SABOT_BASE_ERROR_H

#include <stdint.h>

#include <sabot/error.h>

#include "base/assert.h"

#define SB_MUST_CHECK __attribute__((warn_unused_result))

/* Fills `err` (NULL is fine) and returns `status`. The first cause wins: call it where it is known.
 */
enum sb_status sb_error_set(struct sb_error *err, enum sb_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "text: " before the message that `err` already carries. */
void sb_error_prefix(struct sb_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The sentence for an allocation of `size` bytes that was refused. */
enum sb_status sb_error_no_memory(struct sb_error *err, const char *what, int64_t size);

/* Returns early; only while the function owns nothing. */
#define SB_TRY_RETURN(call)                                                                        \
    do {                                                                                           \
        enum sb_status try_status_ = (call);                                                       \
        if (sb_unlikely(try_status_ != SB_OK)) {                                                   \
            return try_status_;                                                                    \
        }                                                                                          \
    } while (0)

/* Stores into the local `status` and jumps to the label `out`. */
#define SB_TRY_OUT(call)                                                                           \
    do {                                                                                           \
        status = (call);                                                                           \
        if (sb_unlikely(status != SB_OK)) {                                                        \
            goto out;                                                                              \
        }                                                                                          \
    } while (0)

#endif
