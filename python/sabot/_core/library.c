// SPDX-License-Identifier: Apache-2.0
/*
 * library.c - see library.h.
 */
#include "library.h"

#include <sabot/graph.h>
#include <sabot/library.h>

#include "capsule.h"
#include "failure.h"

PyObject *library_version(PyObject *module, PyObject *unused)
{
    return PyUnicode_FromString(sb_version());
}

PyObject *library_processor_count(PyObject *module, PyObject *unused)
{
    return PyLong_FromLong(sb_processor_count());
}

PyObject *library_memory_trim(PyObject *module, PyObject *unused)
{
    Py_BEGIN_ALLOW_THREADS
    sb_memory_trim();
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

PyObject *library_set_time_zone_folder(PyObject *module, PyObject *path)
{
    const char *text = PyUnicode_AsUTF8AndSize(path, NULL);

    if (text == NULL) {
        return NULL;
    }
    sb_time_zone_folder_set(text);
    Py_RETURN_NONE;
}

PyObject *library_hash_rows(PyObject *module, PyObject *object)
{
    struct ArrowSchema schema;
    struct ArrowArray array;
    struct sb_error err = {0};
    enum sb_status status = SB_OK;

    if (!capsule_take_array(object, &schema, &array)) {
        return NULL;
    }
    PyObject *result = PyBytes_FromStringAndSize(NULL, array.length * (Py_ssize_t)sizeof(uint64_t));
    if (result != NULL) {
        uint64_t *hashes = (uint64_t *)PyBytes_AsString(result);
        Py_BEGIN_ALLOW_THREADS
        status = sb_hash_rows(&array, &schema, hashes, &err);
        Py_END_ALLOW_THREADS
    }
    array_release(&array);
    schema_release(&schema);
    if (status != SB_OK) {
        Py_CLEAR(result);
        failure_raise(&err, false, NULL);
    }
    return result;
}

PyObject *library_functions_json(PyObject *module, PyObject *unused)
{
    char *json = NULL;
    struct sb_error err = {0};

    if (sb_functions_to_json(&json, &err) != SB_OK) {
        failure_raise(&err, false, NULL);
        return NULL;
    }
    PyObject *result = PyUnicode_FromString(json);
    sb_string_free(json);
    return result;
}

static PyObject *log_callable; // the GIL guards it

static void log_call(void *context, enum sb_log_level level, const char *event, const char *fields)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *callable = log_callable;

    if (callable != NULL) {
        Py_INCREF(callable);
        PyObject *result = PyObject_CallFunction(callable, "iss", (int)level, event, fields);
        if (result == NULL) {
            PyErr_WriteUnraisable(callable);
        }
        Py_XDECREF(result);
        Py_DECREF(callable);
    }
    PyGILState_Release(gil);
}

PyObject *library_set_log(PyObject *module, PyObject *callable)
{
    PyObject *previous = log_callable;

    log_callable = callable == Py_None ? NULL : Py_NewRef(callable);
    Py_XDECREF(previous);
    Py_BEGIN_ALLOW_THREADS
    sb_log_set(callable == Py_None ? NULL : log_call, NULL);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}
