// SPDX-License-Identifier: Apache-2.0
/*
 * failure.c - see failure.h.
 */
#include "failure.h"

#include <stdio.h>

enum {
    CAUSE_COUNT_MAX = 16, // every worker may fail once before the job stops; one is the first
};

PyObject *failure_raise(const struct sb_error *err, bool has_run, PyObject *causes)
{
    PyObject *module = PyImport_ImportModule("sabot.errors");
    PyObject *exception = NULL;

    if (module != NULL) {
        exception =
            PyObject_CallMethod(module, "_from_engine", "isOOO", (int)err->status, err->message,
                                err->is_retryable ? Py_True : Py_False,
                                has_run ? Py_True : Py_False, causes == NULL ? Py_None : causes);
        Py_DECREF(module);
    }
    if (exception != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
        Py_DECREF(exception);
    }
    return NULL;
}

/* "ValueError: text" of an exception, cut to fit. */
static void describe(PyObject *exception, char *out, size_t size)
{
    PyObject *name = PyObject_GetAttrString((PyObject *)Py_TYPE(exception), "__name__");
    PyObject *text = PyObject_Str(exception);
    const char *name_utf8 = name == NULL ? NULL : PyUnicode_AsUTF8AndSize(name, NULL);
    const char *text_utf8 = text == NULL ? NULL : PyUnicode_AsUTF8AndSize(text, NULL);

    PyErr_Clear(); // an exception that cannot be printed is still one
    if (name_utf8 == NULL) {
        name_utf8 = "exception";
    }
    if (text_utf8 == NULL || text_utf8[0] == '\0') {
        snprintf(out, size, "%s", name_utf8);
    } else {
        snprintf(out, size, "%s: %s", name_utf8, text_utf8);
    }
    Py_XDECREF(name);
    Py_XDECREF(text);
}

enum sb_status failure_capture(struct sb_error *err, PyObject *causes)
{
    PyObject *type, *value, *traceback;

    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (value != NULL) {
        if (traceback != NULL) {
            PyException_SetTraceback(value, traceback);
        }
        if (err != NULL) {
            describe(value, err->message, sizeof err->message);
        }
        if (causes != NULL && PyList_Size(causes) < CAUSE_COUNT_MAX) {
            PyList_Append(causes, value);
        }
        PyErr_Clear();
    }
    if (err != NULL) {
        err->status = SB_FAILED;
        err->is_retryable = false;
    }
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return SB_FAILED;
}
