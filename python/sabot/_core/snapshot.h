// SPDX-License-Identifier: Apache-2.0
/*
 * snapshot.h - sabot._core.Snapshot: state and positions of a job at one barrier.
 */
#ifndef SABOT_CORE_SNAPSHOT_H
#define SABOT_CORE_SNAPSHOT_H

#include "python.h"

#include <stdbool.h>

struct sb_snapshot;

/* Adds the type to the module. */
bool snapshot_type_add(PyObject *module);

/* Takes `handle`; NULL: destroyed, exception set. */
PyObject *snapshot_new(struct sb_snapshot *handle);

/* The engine's snapshot inside `object`, borrowed; NULL with TypeError when it is none. */
const struct sb_snapshot *snapshot_handle(PyObject *object);

#endif
