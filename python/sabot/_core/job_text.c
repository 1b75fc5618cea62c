// SPDX-License-Identifier: Apache-2.0
/*
 * job_text.c - text files into a job. Bytes come from a local file, which the engine reads by
 * itself, or from a Python callable, which costs the GIL once per window.
 */
#include "job.h"

#include <string.h>

#include "failure.h"
#include "text_options.h"

/* Calls read(size) -> an object of bytes, at most `capacity` of them. */
static enum sb_status read_call(void *context, char *buffer, int64_t capacity, int64_t *size,
                                struct sb_error *err)
{
    struct job_function *function = context;
    PyGILState_STATE gil = PyGILState_Ensure();
    enum sb_status status = SB_OK;
    PyObject *bytes;

    live_job_enter_function();
    *size = 0;
    bytes = PyObject_CallFunction(function->callable, "L", (long long)capacity);
    if (bytes != NULL && (!PyBytes_Check(bytes) || PyBytes_Size(bytes) > capacity)) {
        PyErr_SetString(PyExc_TypeError, "read() must return at most as many bytes as asked for");
        Py_CLEAR(bytes);
    }
    if (bytes == NULL) {
        status = failure_capture(err, function->causes);
    } else {
        *size = PyBytes_Size(bytes);
        memcpy(buffer, PyBytes_AsString(bytes), (size_t)*size);
        Py_DECREF(bytes);
    }
    live_job_leave_function();
    PyGILState_Release(gil);
    return status;
}

/* Calls on_bad_row(file, position, bytes, reason). */
static enum sb_status bad_row_call(void *context, const struct sb_bad_row *row,
                                   struct sb_error *err)
{
    struct job_function *function = context;
    PyGILState_STATE gil = PyGILState_Ensure();
    enum sb_status status = SB_OK;
    PyObject *reason, *result = NULL;

    live_job_enter_function();
    reason = PyUnicode_DecodeUTF8(row->reason, (Py_ssize_t)strlen(row->reason), "replace");
    if (reason != NULL) {
        result =
            PyObject_CallFunction(function->callable, "sLy#O", row->file, (long long)row->position,
                                  row->bytes, (Py_ssize_t)row->size, reason);
    }
    if (result == NULL) {
        status = failure_capture(err, function->causes);
    }
    Py_XDECREF(reason);
    Py_XDECREF(result);
    live_job_leave_function();
    PyGILState_Release(gil);
    return status;
}

PyObject *job_add_text(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"operator_id", "options", "path",       "begin",
                            "end",         "read",    "on_bad_row", NULL};
    const char *operator_id;
    PyObject *mapping, *read = Py_None, *on_bad_row = Py_None;
    long long begin = 0, end = -1;
    struct text_options options = {0};
    struct sb_text_input input = {0};
    struct sb_error err = {0};
    enum sb_status status;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "sO|$zLLOO:add_text", names, &operator_id,
                                     &mapping, &input.path, &begin, &end, &read, &on_bad_row)) {
        return NULL;
    }
    if ((input.path == NULL) == (read == Py_None)) {
        PyErr_SetString(PyExc_TypeError, "add_text() takes path or read");
        return NULL;
    }
    struct live_job *live = job_live(self);
    struct sb_job *handle = live_job_pin(live);
    if (handle == NULL) {
        return NULL;
    }
    if (!text_options_init(&options, mapping)) {
        live_job_unpin(live);
        return NULL;
    }
    input.begin = begin;
    input.end = end;
    if (read != Py_None) {
        input.read = read_call;
        input.context = job_function_keep(live, read);
    }
    if (on_bad_row != Py_None) {
        options.engine.on_bad_row = bad_row_call;
        options.engine.bad_row_context = job_function_keep(live, on_bad_row);
    }
    if (PyErr_Occurred() != NULL) {
        live_job_unpin(live);
        text_options_deinit(&options);
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    status = sb_job_add_text(handle, operator_id, &options.engine, &input, &err);
    Py_END_ALLOW_THREADS
    live_job_unpin(live);
    text_options_deinit(&options);
    return job_result(self, status, &err);
}
