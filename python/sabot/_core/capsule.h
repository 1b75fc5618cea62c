// SPDX-License-Identifier: Apache-2.0
/*
 * capsule.h - Arrow structs that enter and leave Python inside PyCapsules.
 *
 * Protocol: https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html. A struct
 * moves, it is never shared: whoever takes it leaves a NULL `release` behind, and a capsule whose
 * struct nobody took releases it. Every function needs the GIL.
 */
#ifndef SABOT_CORE_CAPSULE_H
#define SABOT_CORE_CAPSULE_H

#include "python.h"

#include <stdbool.h>

#include <sabot/arrow_abi.h>

/*
 * Moves the struct out of `object`: a capsule, or a thing with the protocol's method. False with a
 * Python exception set when there is none. The two structs of capsule_take_array belong together.
 */
bool capsule_take_schema(PyObject *object, struct ArrowSchema *out);
bool capsule_take_array(PyObject *object, struct ArrowSchema *schema, struct ArrowArray *array);
bool capsule_take_stream(PyObject *object, struct ArrowArrayStream *out);

/* Puts the struct into a new capsule and marks `*source` as moved. NULL: released, exception set.
 */
PyObject *capsule_give_schema(struct ArrowSchema *source);
PyObject *capsule_give_array(struct ArrowArray *source);
PyObject *capsule_give_stream(struct ArrowArrayStream *source);

/* A capsule with a deep copy of a borrowed schema. */
PyObject *capsule_copy_schema(const struct ArrowSchema *source);

/* Releases what is not released yet. The one of streams lets go of the GIL meanwhile. */
void schema_release(struct ArrowSchema *schema);
void array_release(struct ArrowArray *array);
void stream_release(struct ArrowArrayStream *stream);

#endif
