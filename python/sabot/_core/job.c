// SPDX-License-Identifier: Apache-2.0
/*
 * job.c - see job.h: create, start, wait, stop, close.
 */
#include "job.h"

#include <string.h>

#include "failure.h"
#include "graph.h"

static PyTypeObject *job_type;

PyObject *job_raise(PyObject *self, const struct sb_error *err, bool has_run)
{
    struct live_job *live = job_live(self);
    PyObject *causes = live == NULL ? NULL : live->causes;

    Py_XINCREF(causes); // closing on another thread drops the job's own reference
    failure_raise(err, has_run, causes);
    Py_XDECREF(causes);
    return NULL;
}

PyObject *job_result(PyObject *self, enum sb_status status, const struct sb_error *err)
{
    if (status != SB_OK) {
        return job_raise(self, err, false);
    }
    Py_RETURN_NONE;
}

static PyObject *job_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {
        "graph", "worker_count", "memory_limit_bytes", "exchange_limit_bytes", "morsel_rows_max",
        NULL};
    struct sb_job_options options = {0};
    long long memory = 0, exchange = 0, morsel = 0;
    PyObject *graph;
    struct sb_job *handle = NULL;
    struct sb_error err = {0};
    enum sb_status status;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$iLLL:Job", names, &graph,
                                     &options.worker_count, &memory, &exchange, &morsel)) {
        return NULL;
    }
    const struct sb_graph *engine_graph = graph_handle(graph);
    if (engine_graph == NULL || !live_jobs_check()) {
        return NULL;
    }
    options.memory_limit_bytes = memory;
    options.exchange_limit_bytes = exchange;
    options.morsel_rows_max = morsel;
    Py_BEGIN_ALLOW_THREADS
    status = sb_job_create(engine_graph, &options, &handle, &err);
    Py_END_ALLOW_THREADS
    if (status != SB_OK) {
        return failure_raise(&err, false, NULL);
    }
    struct live_job *live = live_job_create(handle, graph);
    if (live == NULL) {
        return NULL;
    }
    struct job *self = (struct job *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
    if (self == NULL) {
        live_job_abandon(live);
        return NULL;
    }
    self->live = live;
    return (PyObject *)self;
}

static int job_traverse(PyObject *self, visitproc visit, void *arg)
{
    struct live_job *live = job_live(self);

    Py_VISIT(Py_TYPE(self));
    if (live != NULL) {
        Py_VISIT(live->graph);
        Py_VISIT(live->causes);
        for (struct job_function *function = live->functions; function != NULL;
             function = function->next) {
            Py_VISIT(function->callable);
            Py_VISIT(function->causes);
        }
    }
    return 0;
}

static int job_clear(PyObject *self)
{
    struct live_job *live = job_live(self);

    if (live != NULL) {
        ((struct job *)self)->live = NULL;
        live_job_abandon(live);
    }
    return 0;
}

static void job_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject *exc_type, *exc_value, *exc_traceback;

    PyObject_GC_UnTrack(self);
    PyErr_Fetch(&exc_type, &exc_value, &exc_traceback);
    job_clear(self);
    PyErr_Restore(exc_type, exc_value, exc_traceback);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyObject *job_start(PyObject *self, PyObject *unused)
{
    struct sb_job *handle = live_job_pin(job_live(self));
    struct sb_error err = {0};
    enum sb_status status;

    if (handle == NULL) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    status = sb_job_start(handle, &err);
    Py_END_ALLOW_THREADS
    live_job_unpin(job_live(self));
    return job_result(self, status, &err);
}

static PyObject *job_wait(PyObject *self, PyObject *args)
{
    struct sb_job *handle;
    struct sb_error err = {0};
    enum sb_status status;
    long long timeout_ms = -1;
    bool is_done = false;

    if (!PyArg_ParseTuple(args, "|L:wait", &timeout_ms)) {
        return NULL;
    }
    handle = live_job_pin(job_live(self));
    if (handle == NULL) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    status = sb_job_wait(handle, timeout_ms, &is_done, &err);
    Py_END_ALLOW_THREADS
    live_job_unpin(job_live(self));
    if (status != SB_OK) {
        return job_raise(self, &err, true);
    }
    return PyBool_FromLong(is_done);
}

static PyObject *job_stop(PyObject *self, PyObject *args)
{
    const char *name = "drain";
    enum sb_stop_mode mode;
    struct sb_job *handle;

    if (!PyArg_ParseTuple(args, "|s:stop", &name)) {
        return NULL;
    }
    if (strcmp(name, "drain") == 0) {
        mode = SB_STOP_DRAIN;
    } else if (strcmp(name, "cancel") == 0) {
        mode = SB_STOP_CANCEL;
    } else {
        PyErr_Format(PyExc_ValueError, "stop: mode is '%s'; allowed: 'drain', 'cancel'", name);
        return NULL;
    }
    handle = live_job_pin(job_live(self));
    if (handle == NULL) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    sb_job_stop(handle, mode);
    Py_END_ALLOW_THREADS
    live_job_unpin(job_live(self));
    Py_RETURN_NONE;
}

static PyObject *job_close(PyObject *self, PyObject *unused)
{
    if (job_live(self) != NULL && !live_job_close(job_live(self))) {
        return NULL;
    }
    Py_RETURN_NONE;
}

#define KEYWORDS(function) (PyCFunction)(void (*)(void))(function), METH_VARARGS | METH_KEYWORDS

static PyMethodDef job_methods[] = {
    {"add_stream", KEYWORDS(job_add_stream), "Add a split that engine threads pull."},
    {"add_batches", job_add_batches, METH_VARARGS, "Add a split that calls for its batches."},
    {"add_text", KEYWORDS(job_add_text), "Add a split that reads CSV or JSON."},
    {"add_push_split", job_add_push_split, METH_VARARGS, "Add a split that push() feeds."},
    {"push", job_push, METH_VARARGS, "Feed a batch; waits while the job is over its budgets."},
    {"push_end", job_push_end, METH_VARARGS, "End a push split, maybe with a failure."},
    {"bind_function", job_bind_function, METH_VARARGS, "Give an operator its function."},
    {"bind_sink", job_bind_sink, METH_VARARGS, "Say what a sink does with its rows."},
    {"sink_stream", job_sink_stream, METH_VARARGS, "The rows of a 'stream' sink."},
    {"start", job_start, METH_NOARGS, "Start the engine's threads."},
    {"wait", job_wait, METH_VARARGS, "Wait for the end; whether it has come. Raises failures."},
    {"stop", job_stop, METH_VARARGS, "Ask for the end: 'drain' or 'cancel'."},
    {"collect", job_collect, METH_VARARGS, "The rows of a 'collect' sink, after the end."},
    {"snapshot", job_snapshot, METH_NOARGS, "State and positions at a barrier."},
    {"restore", job_restore, METH_VARARGS, "Go on where a snapshot was taken; before start()."},
    {"metrics", job_metrics, METH_NOARGS, "Counters of the job and of each operator."},
    {"close", job_close, METH_NOARGS, "Stop the job, join its threads, free it."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot job_slots[] = {
    {Py_tp_new, job_new},
    {Py_tp_dealloc, job_dealloc},
    {Py_tp_traverse, job_traverse},
    {Py_tp_clear, job_clear},
    {Py_tp_methods, job_methods},
    {Py_tp_doc, "One run of a validated Graph in this process."},
    {0, NULL},
};

static PyType_Spec job_spec = {
    .name = "sabot._core.Job",
    .basicsize = sizeof(struct job),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = job_slots,
};

bool job_type_add(PyObject *module)
{
    job_type = (PyTypeObject *)PyType_FromSpec(&job_spec);
    return job_type != NULL && PyModule_AddType(module, job_type) == 0;
}
