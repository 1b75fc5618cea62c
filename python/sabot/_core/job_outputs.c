// SPDX-License-Identifier: Apache-2.0
/*
 * job_outputs.c - what leaves a job: rows of sinks, counters, snapshots.
 */
#include "job.h"

#include <string.h>

#include "snapshot.h"
#include "stream.h"

static bool sink_kind_of(const char *name, enum sb_sink_kind *out)
{
    static const struct {
        const char *name;
        enum sb_sink_kind kind;
    } kinds[] = {
        {"collect", SB_SINK_COLLECT},
        {"stream", SB_SINK_STREAM},
        {"count", SB_SINK_COUNT},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(name, kinds[i].name) == 0) {
            *out = kinds[i].kind;
            return true;
        }
    }
    PyErr_Format(PyExc_ValueError, "bind_sink: kind is '%s'; allowed: 'collect', 'stream', 'count'",
                 name);
    return false;
}

PyObject *job_bind_sink(PyObject *self, PyObject *args)
{
    const char *operator_id, *name;
    enum sb_sink_kind kind;
    struct sb_error err = {0};
    enum sb_status status;

    if (!PyArg_ParseTuple(args, "ss:bind_sink", &operator_id, &name) ||
        !sink_kind_of(name, &kind)) {
        return NULL;
    }
    struct sb_job *handle = live_job_pin(job_live(self));
    if (handle == NULL) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    status = sb_job_bind_sink(handle, operator_id, kind, &err);
    Py_END_ALLOW_THREADS
    live_job_unpin(job_live(self));
    return job_result(self, status, &err);
}

typedef enum sb_status (*open_stream)(struct sb_job *job, const char *operator_id,
                                      struct ArrowArrayStream *out, struct sb_error *err);

static PyObject *stream_of(PyObject *self, PyObject *args, const char *format, open_stream open)
{
    const char *operator_id;
    struct ArrowArrayStream stream = {0};
    struct sb_error err = {0};
    enum sb_status status;

    if (!PyArg_ParseTuple(args, format, &operator_id)) {
        return NULL;
    }
    struct sb_job *handle = live_job_pin(job_live(self));
    if (handle == NULL) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    status = open(handle, operator_id, &stream, &err);
    Py_END_ALLOW_THREADS
    live_job_unpin(job_live(self));
    if (status != SB_OK) {
        return job_raise(self, &err, false);
    }
    return stream_new(&stream);
}

PyObject *job_sink_stream(PyObject *self, PyObject *args)
{
    return stream_of(self, args, "s:sink_stream", sb_job_sink_stream);
}

PyObject *job_collect(PyObject *self, PyObject *args)
{
    return stream_of(self, args, "s:collect", sb_job_collect);
}

static PyObject *operator_dict(const struct sb_operator_metrics *metrics)
{
    return Py_BuildValue(
        "{s:s,s:s,s:s,s:L,s:L,s:L,s:L,s:L,s:L,s:L,s:L,s:L,s:L,s:L}", //
        "operator_id", metrics->operator_id, "name", metrics->name, "type", metrics->type,
        "rows_in", (long long)metrics->rows_in, "rows_in_right", (long long)metrics->rows_in_right,
        "rows_out", (long long)metrics->rows_out, "rows_added", (long long)metrics->rows_added,
        "rows_held", (long long)metrics->rows_held, "rows_merged", (long long)metrics->rows_merged,
        "rows_filtered", (long long)metrics->rows_filtered, "rows_late",
        (long long)metrics->rows_late, "rows_failed", (long long)metrics->rows_failed, "batches_in",
        (long long)metrics->batches_in, "busy_ns", (long long)metrics->busy_ns);
}

static PyObject *operator_dicts(const struct sb_operator_metrics *operators, int32_t count)
{
    PyObject *list = PyList_New(count);

    for (int32_t i = 0; list != NULL && i < count; i++) {
        PyObject *dict = operator_dict(&operators[i]);
        if (dict == NULL) {
            Py_CLEAR(list);
        } else {
            PyList_SetItem(list, i, dict);
        }
    }
    return list;
}

PyObject *job_metrics(PyObject *self, PyObject *unused)
{
    struct sb_job_metrics metrics = {0};
    struct sb_operator_metrics *operators;
    struct sb_job *handle = live_job_pin(job_live(self));
    PyObject *list = NULL;

    if (handle == NULL) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    sb_job_metrics(handle, &metrics);
    Py_END_ALLOW_THREADS
    operators = PyMem_Calloc((size_t)metrics.operator_count + 1, sizeof *operators);
    if (operators == NULL) {
        PyErr_NoMemory();
    } else {
        Py_BEGIN_ALLOW_THREADS
        for (int32_t i = 0; i < metrics.operator_count; i++) {
            sb_job_operator_metrics(handle, i, &operators[i]);
        }
        Py_END_ALLOW_THREADS
        list = operator_dicts(operators, metrics.operator_count);
        PyMem_Free(operators);
    }
    live_job_unpin(job_live(self));
    if (list == NULL) {
        return NULL;
    }
    return Py_BuildValue("{s:L,s:L,s:L,s:L,s:i,s:N}", //
                         "elapsed_ns", (long long)metrics.elapsed_ns, "memory_bytes",
                         (long long)metrics.memory_bytes, "memory_peak_bytes",
                         (long long)metrics.memory_peak_bytes, "backpressure_count",
                         (long long)metrics.backpressure_count, "worker_count",
                         (int)metrics.worker_count, "operators", list);
}

PyObject *job_snapshot(PyObject *self, PyObject *unused)
{
    struct sb_snapshot *snapshot = NULL;
    struct sb_error err = {0};
    enum sb_status status;
    struct sb_job *handle = live_job_pin(job_live(self));

    if (handle == NULL) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    status = sb_job_snapshot(handle, &snapshot, &err);
    Py_END_ALLOW_THREADS
    live_job_unpin(job_live(self));
    return status == SB_OK ? snapshot_new(snapshot) : job_raise(self, &err, true);
}

PyObject *job_restore(PyObject *self, PyObject *args)
{
    PyObject *object;
    struct sb_error err = {0};
    enum sb_status status;

    if (!PyArg_ParseTuple(args, "O:restore", &object)) {
        return NULL;
    }
    const struct sb_snapshot *snapshot = snapshot_handle(object);
    struct sb_job *handle = snapshot == NULL ? NULL : live_job_pin(job_live(self));
    if (handle == NULL) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    status = sb_job_restore(handle, snapshot, &err);
    Py_END_ALLOW_THREADS
    live_job_unpin(job_live(self));
    return job_result(self, status, &err);
}
