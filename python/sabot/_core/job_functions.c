// SPDX-License-Identifier: Apache-2.0
/*
 * job_functions.c - user functions: called by engine threads, the GIL taken once per batch.
 */
#include "job.h"

#include "capsule.h"
#include "failure.h"

/* The function's rows, moved into `output`; nothing when it returned None. */
static bool take_result(PyObject *result, struct ArrowArray *output)
{
    struct ArrowSchema schema;

    if (result == Py_None) {
        return true;
    }
    if (!capsule_take_array(result, &schema, output)) {
        return false;
    }
    schema_release(&schema); // the caller checked it against the one declared
    return true;
}

static enum sb_status function_call(void *context, struct ArrowArray *input,
                                    const struct ArrowSchema *schema, struct ArrowArray *output,
                                    struct sb_error *err)
{
    struct job_function *function = context;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *schema_capsule, *array_capsule, *result = NULL;
    enum sb_status status = SB_OK;

    live_job_enter_function();
    output->release = NULL;
    // The capsule owns the rows from here on. No rows at all: CUSTOM hears of the end.
    array_capsule = input == NULL ? Py_NewRef(Py_None) : capsule_give_array(input);
    schema_capsule = array_capsule == NULL ? NULL : capsule_copy_schema(schema);
    if (schema_capsule != NULL) {
        result =
            PyObject_CallFunctionObjArgs(function->callable, schema_capsule, array_capsule, NULL);
    }
    if (result == NULL || !take_result(result, output)) {
        status = failure_capture(err, function->causes);
    }
    Py_XDECREF(result);
    Py_XDECREF(schema_capsule);
    Py_XDECREF(array_capsule);
    live_job_leave_function();
    PyGILState_Release(gil);
    return status;
}

PyObject *job_bind_function(PyObject *self, PyObject *args)
{
    const char *operator_id;
    PyObject *callable;
    struct sb_error err = {0};
    enum sb_status status;

    if (!PyArg_ParseTuple(args, "sO:bind_function", &operator_id, &callable)) {
        return NULL;
    }
    struct job_function *function = PyMem_Calloc(1, sizeof *function);
    if (function == NULL) {
        return PyErr_NoMemory();
    }
    struct live_job *live = job_live(self);
    struct sb_job *handle = live_job_pin(live);
    if (handle == NULL) {
        PyMem_Free(function);
        return NULL;
    }
    // In the list before the engine knows it, and there until the engine is gone.
    function->callable = Py_NewRef(callable);
    function->causes = Py_NewRef(live->causes);
    function->next = live->functions;
    live->functions = function;
    Py_BEGIN_ALLOW_THREADS
    status = sb_job_bind_function(handle, operator_id, function_call, function, &err);
    Py_END_ALLOW_THREADS
    live_job_unpin(live);
    return job_result(self, status, &err);
}
