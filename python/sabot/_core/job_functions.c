// SPDX-License-Identifier: Apache-2.0
/*
 * job_functions.c - user functions: called by engine threads, the GIL taken once per batch.
 */
#include "job.h"

#include "capsule.h"
#include "failure.h"

/* The rows a call returned, moved into `output`; nothing when it returned None. */
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

/*
 * Takes what a call returned (a new reference; NULL: an exception is set) as rows. A tuple is rows
 * and how many rows of the input failed.
 */
static enum sb_status finish_call(struct job_function *function, PyObject *result,
                                  struct ArrowArray *output, int64_t *failed_count,
                                  struct sb_error *err)
{
    enum sb_status status = SB_OK;
    PyObject *rows = result;

    if (result != NULL && PyTuple_Check(result) && PyTuple_Size(result) == 2 &&
        failed_count != NULL) {
        *failed_count = PyLong_AsLongLong(PyTuple_GetItem(result, 1));
        rows = PyErr_Occurred() ? NULL : PyTuple_GetItem(result, 0);
    }
    if (rows == NULL || !take_result(rows, output)) {
        status = failure_capture(err, function->causes);
    }
    Py_XDECREF(result);
    return status;
}

static enum sb_status on_batch(void *context, struct ArrowArray *input,
                               const struct ArrowSchema *schema, struct ArrowArray *output,
                               int64_t *failed_count, struct sb_error *err)
{
    struct job_function *function = context;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *schema_capsule, *array_capsule, *result = NULL;
    enum sb_status status;

    live_job_enter_function();
    output->release = NULL;
    // The capsule owns the rows from here on. No rows at all: REDUCE and CUSTOM hear of the end.
    array_capsule = input == NULL ? Py_NewRef(Py_None) : capsule_give_array(input);
    schema_capsule = array_capsule == NULL ? NULL : capsule_copy_schema(schema);
    if (schema_capsule != NULL) {
        result =
            PyObject_CallFunctionObjArgs(function->callable, schema_capsule, array_capsule, NULL);
    }
    status = finish_call(function, result, output, failed_count, err);
    Py_XDECREF(schema_capsule);
    Py_XDECREF(array_capsule);
    live_job_leave_function();
    PyGILState_Release(gil);
    return status;
}

static enum sb_status on_watermark(void *context, int64_t watermark_us, struct ArrowArray *output,
                                   struct sb_error *err)
{
    struct job_function *function = context;
    PyGILState_STATE gil = PyGILState_Ensure();
    enum sb_status status;

    live_job_enter_function();
    output->release = NULL;
    status = finish_call(
        function,
        PyObject_CallMethod(function->callable, "on_watermark", "L", (long long)watermark_us),
        output, NULL, err);
    live_job_leave_function();
    PyGILState_Release(gil);
    return status;
}

static enum sb_status snapshot(void *context, struct ArrowArray *state, struct sb_error *err)
{
    struct job_function *function = context;
    PyGILState_STATE gil = PyGILState_Ensure();
    enum sb_status status;

    live_job_enter_function();
    state->release = NULL;
    status = finish_call(function, PyObject_CallMethod(function->callable, "snapshot", NULL), state,
                         NULL, err);
    live_job_leave_function();
    PyGILState_Release(gil);
    return status;
}

static enum sb_status restore(void *context, struct ArrowArray *state, struct sb_error *err)
{
    struct job_function *function = context;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *capsule = capsule_give_array(state); // owns the rows from here on
    PyObject *result = NULL;
    enum sb_status status = SB_OK;

    live_job_enter_function();
    if (capsule != NULL) {
        result = PyObject_CallMethod(function->callable, "restore", "O", capsule);
    }
    if (result == NULL) {
        status = failure_capture(err, function->causes);
    }
    Py_XDECREF(result);
    Py_XDECREF(capsule);
    live_job_leave_function();
    PyGILState_Release(gil);
    return status;
}

struct job_function *job_function_keep(struct live_job *live, PyObject *callable)
{
    struct job_function *function = PyMem_Calloc(1, sizeof *function);

    if (function == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    function->callable = Py_NewRef(callable);
    function->causes = Py_NewRef(live->causes);
    function->next = live->functions;
    live->functions = function;
    return function;
}

/* The hooks that `callable` has methods for. */
static struct sb_function_hooks hooks_of(PyObject *callable)
{
    struct sb_function_hooks hooks = {.on_batch = on_batch};

    if (PyObject_HasAttrString(callable, "on_watermark")) {
        hooks.on_watermark = on_watermark;
    }
    if (PyObject_HasAttrString(callable, "snapshot")) {
        hooks.snapshot = snapshot;
    }
    if (PyObject_HasAttrString(callable, "restore")) {
        hooks.restore = restore;
    }
    return hooks;
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
    struct live_job *live = job_live(self);
    struct sb_job *handle = live_job_pin(live);
    if (handle == NULL) {
        return NULL;
    }
    struct job_function *function = job_function_keep(live, callable);
    if (function == NULL) {
        live_job_unpin(live);
        return NULL;
    }
    struct sb_function_hooks hooks = hooks_of(callable);
    Py_BEGIN_ALLOW_THREADS
    status = sb_job_bind_hooks(handle, operator_id, &hooks, function, &err);
    Py_END_ALLOW_THREADS
    live_job_unpin(live);
    return job_result(self, status, &err);
}
