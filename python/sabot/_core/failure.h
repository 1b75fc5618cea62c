// SPDX-License-Identifier: Apache-2.0
/*
 * failure.h - errors that cross between the engine and Python, both ways.
 *
 * The engine's struct sb_error becomes an exception of sabot.errors. An exception of a user's
 * function becomes an sb_error for the engine, and is kept as the cause of what the engine says
 * later. Every function needs the GIL.
 */
#ifndef SABOT_CORE_FAILURE_H
#define SABOT_CORE_FAILURE_H

#include "python.h"

#include <stdbool.h>

#include <sabot/error.h>

/*
 * Raises the exception for `err`. `has_run` says that rows were at work, so that a bad value is the
 * job's failure and not a badly described job. `causes` (a list of exceptions, or NULL) may hold
 * the exception behind it. Returns NULL for `return failure_raise(...)`.
 */
PyObject *failure_raise(const struct sb_error *err, bool has_run, PyObject *causes);

/*
 * Clears the current exception, writes "ValueError: text" into `err` as SB_FAILED and appends the
 * exception to the list `causes`. The status is returned for `return failure_capture(...)`.
 */
enum sb_status failure_capture(struct sb_error *err, PyObject *causes);

#endif
