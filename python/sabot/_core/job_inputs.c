// SPDX-License-Identifier: Apache-2.0
/*
 * job_inputs.c - rows into a job: streams that the engine pulls, batches that Python pushes.
 */
#include "job.h"

#include "capsule.h"

PyObject *job_add_stream(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"operator_id", "stream", "skip_rows", "limit_rows", NULL};
    const char *operator_id;
    PyObject *object;
    long long skip_rows = 0, limit_rows = -1;
    struct ArrowArrayStream stream;
    struct sb_error err = {0};
    enum sb_status status;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "sO|LL:add_stream", names, &operator_id, &object,
                                     &skip_rows, &limit_rows) ||
        !capsule_take_stream(object, &stream)) {
        return NULL;
    }
    struct sb_job *handle = live_job_pin(job_live(self));
    if (handle == NULL) {
        stream_release(&stream);
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    status = sb_job_add_stream(handle, operator_id, &stream, skip_rows, limit_rows, &err);
    Py_END_ALLOW_THREADS
    live_job_unpin(job_live(self));
    return job_result(self, status, &err);
}

PyObject *job_add_push_split(PyObject *self, PyObject *args)
{
    const char *operator_id;
    int32_t split_index = 0;
    struct sb_error err = {0};
    enum sb_status status;

    if (!PyArg_ParseTuple(args, "s:add_push_split", &operator_id)) {
        return NULL;
    }
    struct sb_job *handle = live_job_pin(job_live(self));
    if (handle == NULL) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    status = sb_job_add_push_split(handle, operator_id, &split_index, &err);
    Py_END_ALLOW_THREADS
    live_job_unpin(job_live(self));
    if (status != SB_OK) {
        return job_raise(self, &err, false);
    }
    return PyLong_FromLong(split_index);
}

PyObject *job_push(PyObject *self, PyObject *args)
{
    const char *operator_id;
    int split_index;
    PyObject *object;
    struct ArrowSchema schema;
    struct ArrowArray array;
    struct sb_error err = {0};
    enum sb_status status;

    if (!PyArg_ParseTuple(args, "siO:push", &operator_id, &split_index, &object) ||
        !capsule_take_array(object, &schema, &array)) {
        return NULL;
    }
    schema_release(&schema);
    struct sb_job *handle = live_job_pin(job_live(self));
    if (handle == NULL) {
        array_release(&array);
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    status = sb_job_push(handle, operator_id, split_index, &array, &err);
    Py_END_ALLOW_THREADS
    live_job_unpin(job_live(self));
    return status == SB_OK ? Py_NewRef(Py_None) : job_raise(self, &err, true);
}

PyObject *job_push_end(PyObject *self, PyObject *args)
{
    const char *operator_id, *failure = NULL;
    int split_index;
    struct sb_error err = {0};
    enum sb_status status;

    if (!PyArg_ParseTuple(args, "si|z:push_end", &operator_id, &split_index, &failure)) {
        return NULL;
    }
    struct sb_job *handle = live_job_pin(job_live(self));
    if (handle == NULL) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    status = sb_job_push_end(handle, operator_id, split_index, failure, &err);
    Py_END_ALLOW_THREADS
    live_job_unpin(job_live(self));
    return status == SB_OK ? Py_NewRef(Py_None) : job_raise(self, &err, true);
}
