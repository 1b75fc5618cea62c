// SPDX-License-Identifier: Apache-2.0
/*
 * error.h - what went wrong and what to do about it.
 *
 * A status says what a caller can do; struct sb_error carries the sentence for a person. The error
 * is filled once, where the cause is known. Callers may pass NULL where an error is taken.
 */
#ifndef SABOT_ERROR_H
#define SABOT_ERROR_H

#include <stdbool.h>

enum sb_status {
    SB_OK = 0,
    SB_INVALID = 1,     // a graph, parameter or expression is wrong; nothing has run
    SB_NO_MEMORY = 2,   // the job's memory budget, or the machine's memory, is used up
    SB_IO = 3,          // a file, stream or peer failed
    SB_CORRUPT = 4,     // data does not keep the promises of its format
    SB_UNSUPPORTED = 5, // right, but not something this version does
    SB_FAILED = 6,      // user code or an evaluated row failed (overflow, division by zero, ...)
    SB_CANCELED = 7,    // somebody asked to stop
    SB_BUSY = 8,        // not now: the object is running, or is owned by somebody else
};

struct sb_error {
    enum sb_status status;
    bool is_retryable;
    char message[1024];
};

#endif
