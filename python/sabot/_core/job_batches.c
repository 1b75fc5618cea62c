// SPDX-License-Identifier: Apache-2.0
/*
 * job_batches.c - a Python callable as an Arrow stream that engine threads pull.
 *
 * For readers that decode without the GIL but are reached through Python alone: it is taken once
 * per batch, which therefore should have thousands of rows.
 */
#include "job.h"

#include <errno.h>
#include <stdlib.h>

#include "capsule.h"
#include "failure.h"
#include "schema_copy.h"

struct batch_reader {
    struct job_function *next; // of the job, which outlives its streams
    struct ArrowSchema schema;
    struct sb_error err; // what get_last_error says
    bool is_ended;
};

/* As arrow's own streams map them: the engine tells memory, bad bytes and bad disks apart. */
static int exception_code(void)
{
    if (PyErr_ExceptionMatches(PyExc_MemoryError)) {
        return ENOMEM;
    }
    return PyErr_ExceptionMatches(PyExc_ValueError) ? EINVAL : EIO;
}

static int reader_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct batch_reader *reader = stream->private_data;

    return schema_copy(&reader->schema, out) ? 0 : ENOMEM;
}

static int reader_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct batch_reader *reader = stream->private_data;
    struct ArrowSchema schema;
    int code = 0;

    out->release = NULL;
    if (reader->is_ended) {
        return 0;
    }
    PyGILState_STATE gil = PyGILState_Ensure();
    live_job_enter_function();
    PyObject *batch = PyObject_CallNoArgs(reader->next->callable);
    if (batch == Py_None) {
        reader->is_ended = true;
    } else if (batch != NULL && capsule_take_array(batch, &schema, out)) {
        schema_release(&schema); // the reader has declared it
    } else {
        code = exception_code();
        failure_capture(&reader->err, reader->next->causes);
    }
    Py_XDECREF(batch);
    live_job_leave_function();
    PyGILState_Release(gil);
    return code;
}

static const char *reader_get_last_error(struct ArrowArrayStream *stream)
{
    return ((struct batch_reader *)stream->private_data)->err.message;
}

static void reader_release(struct ArrowArrayStream *stream)
{
    struct batch_reader *reader = stream->private_data;

    schema_release(&reader->schema);
    free(reader); // the engine releases without the GIL
    stream->release = NULL;
}

/* Moves `schema` into a new stream; false: it is released, and an exception is set. */
static bool reader_open(struct job_function *next, struct ArrowSchema *schema,
                        struct ArrowArrayStream *out)
{
    struct batch_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL) {
        schema_release(schema);
        PyErr_NoMemory();
        return false;
    }
    reader->next = next;
    reader->schema = *schema;
    schema->release = NULL;
    *out = (struct ArrowArrayStream){
        .get_schema = reader_get_schema,
        .get_next = reader_get_next,
        .get_last_error = reader_get_last_error,
        .release = reader_release,
        .private_data = reader,
    };
    return true;
}

PyObject *job_add_batches(PyObject *self, PyObject *args)
{
    const char *operator_id;
    PyObject *schema_object, *callable;
    struct ArrowSchema schema;
    struct ArrowArrayStream stream;
    struct sb_error err = {0};
    enum sb_status status;

    if (!PyArg_ParseTuple(args, "sOO:add_batches", &operator_id, &schema_object, &callable)) {
        return NULL;
    }
    struct live_job *live = job_live(self);
    struct sb_job *handle = live_job_pin(live);
    if (handle == NULL) {
        return NULL;
    }
    struct job_function *function = job_function_keep(live, callable);
    if (function == NULL || !capsule_take_schema(schema_object, &schema) ||
        !reader_open(function, &schema, &stream)) {
        live_job_unpin(live);
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    status = sb_job_add_stream(handle, operator_id, &stream, 0, -1, &err);
    Py_END_ALLOW_THREADS
    live_job_unpin(live);
    return job_result(self, status, &err);
}
