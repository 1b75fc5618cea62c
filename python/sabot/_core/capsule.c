// SPDX-License-Identifier: Apache-2.0
/*
 * capsule.c - see capsule.h. The schema copy lives in schema_copy.c.
 */
#include "capsule.h"

#include <string.h>

#include "schema_copy.h"

static const char schema_name[] = "arrow_schema";
static const char array_name[] = "arrow_array";
static const char stream_name[] = "arrow_array_stream";

void schema_release(struct ArrowSchema *schema)
{
    if (schema->release != NULL) {
        schema->release(schema);
        schema->release = NULL;
    }
}

void array_release(struct ArrowArray *array)
{
    if (array->release != NULL) {
        array->release(array);
        array->release = NULL;
    }
}

void stream_release(struct ArrowArrayStream *stream)
{
    if (stream->release != NULL) {
        Py_BEGIN_ALLOW_THREADS
        stream->release(stream);
        Py_END_ALLOW_THREADS
        stream->release = NULL;
    }
}

/* A new reference to the capsule that `object` is, or that its `method` returns. */
static PyObject *capsule_of(PyObject *object, const char *name, const char *method)
{
    if (PyCapsule_IsValid(object, name)) {
        return Py_NewRef(object);
    }
    PyObject *function = PyObject_GetAttrString(object, method);
    if (function == NULL) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError)) {
            PyErr_Format(PyExc_TypeError, "expected an Arrow object with %s(), found %R", method,
                         (PyObject *)Py_TYPE(object));
        }
        return NULL;
    }
    PyObject *result = PyObject_CallNoArgs(function);
    Py_DECREF(function);
    return result;
}

static void *capsule_pointer(PyObject *capsule, const char *name)
{
    if (!PyCapsule_IsValid(capsule, name)) {
        PyErr_Format(PyExc_TypeError, "expected a PyCapsule named '%s', found %R", name,
                     (PyObject *)Py_TYPE(capsule));
        return NULL;
    }
    return PyCapsule_GetPointer(capsule, name);
}

static bool fail_moved(const char *name)
{
    PyErr_Format(PyExc_ValueError, "this '%s' capsule was used before; take a new one", name);
    return false;
}

bool capsule_take_schema(PyObject *object, struct ArrowSchema *out)
{
    PyObject *capsule = capsule_of(object, schema_name, "__arrow_c_schema__");
    struct ArrowSchema *schema = capsule == NULL ? NULL : capsule_pointer(capsule, schema_name);
    bool is_taken = schema != NULL && (schema->release != NULL || fail_moved(schema_name));
    if (is_taken) {
        *out = *schema;
        schema->release = NULL;
    }
    Py_XDECREF(capsule);
    return is_taken;
}

bool capsule_take_stream(PyObject *object, struct ArrowArrayStream *out)
{
    PyObject *capsule = capsule_of(object, stream_name, "__arrow_c_stream__");
    struct ArrowArrayStream *stream =
        capsule == NULL ? NULL : capsule_pointer(capsule, stream_name);
    bool is_taken = stream != NULL && (stream->release != NULL || fail_moved(stream_name));
    if (is_taken) {
        *out = *stream;
        stream->release = NULL;
    }
    Py_XDECREF(capsule);
    return is_taken;
}

bool capsule_take_array(PyObject *object, struct ArrowSchema *schema, struct ArrowArray *array)
{
    PyObject *pair =
        PyTuple_Check(object) ? Py_NewRef(object) : capsule_of(object, "", "__arrow_c_array__");
    bool is_taken = false;
    if (pair == NULL) {
        return false;
    }
    if (!PyTuple_Check(pair) || PyTuple_Size(pair) != 2) {
        PyErr_SetString(PyExc_TypeError, "expected (schema capsule, array capsule)");
        goto out;
    }
    struct ArrowSchema *from_schema = capsule_pointer(PyTuple_GetItem(pair, 0), schema_name);
    if (from_schema == NULL) {
        goto out;
    }
    struct ArrowArray *from_array = capsule_pointer(PyTuple_GetItem(pair, 1), array_name);
    if (from_array == NULL) {
        goto out;
    }
    if (from_schema->release == NULL || from_array->release == NULL) {
        fail_moved(from_schema->release == NULL ? schema_name : array_name);
        goto out;
    }
    *schema = *from_schema;
    *array = *from_array;
    from_schema->release = NULL;
    from_array->release = NULL;
    is_taken = true;
out:
    Py_DECREF(pair);
    return is_taken;
}

static void schema_destroy(PyObject *capsule)
{
    struct ArrowSchema *schema = PyCapsule_GetPointer(capsule, schema_name);
    if (schema != NULL) {
        schema_release(schema);
        PyMem_Free(schema);
    }
}

static void array_destroy(PyObject *capsule)
{
    struct ArrowArray *array = PyCapsule_GetPointer(capsule, array_name);
    if (array != NULL) {
        array_release(array);
        PyMem_Free(array);
    }
}

static void stream_destroy(PyObject *capsule)
{
    struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, stream_name);
    if (stream != NULL) {
        stream_release(stream);
        PyMem_Free(stream);
    }
}

/* A capsule around `pointer`, which it owns; NULL leaves it with the caller. */
static PyObject *capsule_new(void *pointer, const char *name, PyCapsule_Destructor destroy)
{
    if (pointer == NULL) {
        return PyErr_NoMemory();
    }
    return PyCapsule_New(pointer, name, destroy);
}

PyObject *capsule_give_schema(struct ArrowSchema *source)
{
    struct ArrowSchema *moved = PyMem_Malloc(sizeof *moved);
    PyObject *capsule = capsule_new(moved, schema_name, schema_destroy);
    if (capsule == NULL) {
        PyMem_Free(moved);
        schema_release(source);
        return NULL;
    }
    *moved = *source;
    source->release = NULL;
    return capsule;
}

PyObject *capsule_give_array(struct ArrowArray *source)
{
    struct ArrowArray *moved = PyMem_Malloc(sizeof *moved);
    PyObject *capsule = capsule_new(moved, array_name, array_destroy);
    if (capsule == NULL) {
        PyMem_Free(moved);
        array_release(source);
        return NULL;
    }
    *moved = *source;
    source->release = NULL;
    return capsule;
}

PyObject *capsule_give_stream(struct ArrowArrayStream *source)
{
    struct ArrowArrayStream *moved = PyMem_Malloc(sizeof *moved);
    PyObject *capsule = capsule_new(moved, stream_name, stream_destroy);
    if (capsule == NULL) {
        PyMem_Free(moved);
        stream_release(source);
        return NULL;
    }
    *moved = *source;
    source->release = NULL;
    return capsule;
}

PyObject *capsule_copy_schema(const struct ArrowSchema *source)
{
    struct ArrowSchema copy;

    if (!schema_copy(source, &copy)) {
        return PyErr_NoMemory();
    }
    return capsule_give_schema(&copy);
}
