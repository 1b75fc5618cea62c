// SPDX-License-Identifier: Apache-2.0
/*
 * stream.h - sabot._core.Stream: rows that leave the engine, for any Arrow consumer.
 */
#ifndef SABOT_CORE_STREAM_H
#define SABOT_CORE_STREAM_H

#include "python.h"

#include <stdbool.h>

#include <sabot/arrow_abi.h>

/* Adds the type to the module. */
bool stream_type_add(PyObject *module);

/* A Stream with the struct moved in; NULL: released, exception set. */
PyObject *stream_new(struct ArrowArrayStream *source);

#endif
