// SPDX-License-Identifier: Apache-2.0
/*
 * graph.c - see graph.h. A Graph belongs to one thread until validate() has returned.
 */
#include "graph.h"

#include <string.h>

#include <sabot/graph.h>
#include <sabot/job.h>
#include <sabot/optimizer.h>

#include "capsule.h"
#include "failure.h"

struct graph {
    PyObject_HEAD
    struct sb_graph *handle;
};

static PyTypeObject *graph_type;

static struct sb_graph *handle_of(PyObject *self)
{
    return ((struct graph *)self)->handle;
}

const struct sb_graph *graph_handle(PyObject *object)
{
    if (!PyObject_TypeCheck(object, graph_type)) {
        PyErr_Format(PyExc_TypeError, "expected a Graph, found %R", (PyObject *)Py_TYPE(object));
        return NULL;
    }
    return handle_of(object);
}

/* A Graph that owns `handle`, which is destroyed on failure. */
static PyObject *graph_of(PyTypeObject *type, struct sb_graph *handle)
{
    struct graph *self = (struct graph *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);

    if (self == NULL) {
        sb_graph_destroy(handle);
        return NULL;
    }
    self->handle = handle;
    return (PyObject *)self;
}

static PyObject *graph_from_json(PyObject *cls, PyObject *args)
{
    const char *json;
    Py_ssize_t size;
    struct sb_error err = {0};
    struct sb_graph *handle = NULL;
    enum sb_status status;

    if (!PyArg_ParseTuple(args, "s#:from_json", &json, &size)) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    status = sb_graph_create_from_json(json, (size_t)size, &handle, &err);
    Py_END_ALLOW_THREADS
    if (status != SB_OK) {
        return failure_raise(&err, false, NULL);
    }
    return graph_of((PyTypeObject *)cls, handle);
}

static void graph_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);

    sb_graph_destroy(handle_of(self));
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyObject *graph_set_source_schema(PyObject *self, PyObject *args)
{
    const char *operator_id;
    PyObject *object;
    struct ArrowSchema schema;
    struct sb_error err = {0};

    if (!PyArg_ParseTuple(args, "sO:set_source_schema", &operator_id, &object) ||
        !capsule_take_schema(object, &schema)) {
        return NULL;
    }
    if (sb_graph_set_source_schema(handle_of(self), operator_id, &schema, &err) != SB_OK) {
        return failure_raise(&err, false, NULL);
    }
    Py_RETURN_NONE;
}

static PyObject *graph_set_source_statistics(PyObject *self, PyObject *args)
{
    const char *operator_id;
    const char *json;
    Py_ssize_t size;
    struct sb_error err = {0};

    if (!PyArg_ParseTuple(args, "ss#:set_source_statistics", &operator_id, &json, &size)) {
        return NULL;
    }
    if (sb_graph_set_source_statistics(handle_of(self), operator_id, json, (size_t)size, &err) !=
        SB_OK) {
        return failure_raise(&err, false, NULL);
    }
    Py_RETURN_NONE;
}

struct resolution {
    PyObject *resolver;
    PyObject *causes; // what the resolver raised
};

static enum sb_status graph_resolve(void *context, const char *operator_id,
                                    const struct ArrowSchema *input, struct ArrowSchema *output,
                                    struct sb_error *err)
{
    struct resolution *resolution = context;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *capsule = capsule_copy_schema(input);
    PyObject *result = NULL;
    enum sb_status status = SB_OK;

    if (capsule != NULL) {
        result = PyObject_CallFunction(resolution->resolver, "sO", operator_id, capsule);
    }
    if (result == NULL || !capsule_take_schema(result, output)) {
        status = failure_capture(err, resolution->causes);
    }
    Py_XDECREF(result);
    Py_XDECREF(capsule);
    PyGILState_Release(gil);
    return status;
}

static PyObject *graph_validate(PyObject *self, PyObject *args)
{
    struct resolution resolution = {.resolver = Py_None};
    struct sb_error err = {0};
    enum sb_status status;

    if (!PyArg_ParseTuple(args, "|O:validate", &resolution.resolver)) {
        return NULL;
    }
    resolution.causes = PyList_New(0);
    if (resolution.causes == NULL) {
        return NULL;
    }
    sb_schema_resolver resolver = resolution.resolver == Py_None ? NULL : graph_resolve;
    Py_BEGIN_ALLOW_THREADS
    status = sb_graph_validate(handle_of(self), resolver, &resolution, &err);
    Py_END_ALLOW_THREADS
    if (status == SB_OK) {
        Py_DECREF(resolution.causes);
        Py_RETURN_NONE;
    }
    if (PyList_Size(resolution.causes) > 0) { // the resolver's own sentence is the better one
        PyObject *cause = PyList_GetItem(resolution.causes, 0);
        PyErr_SetObject((PyObject *)Py_TYPE(cause), cause);
    } else {
        failure_raise(&err, false, NULL);
    }
    Py_DECREF(resolution.causes);
    return NULL;
}

static PyObject *graph_output_schema(PyObject *self, PyObject *args)
{
    const char *operator_id;
    struct ArrowSchema schema = {0};
    struct sb_error err = {0};

    if (!PyArg_ParseTuple(args, "s:output_schema", &operator_id)) {
        return NULL;
    }
    if (sb_graph_output_schema(handle_of(self), operator_id, &schema, &err) != SB_OK) {
        return failure_raise(&err, false, NULL);
    }
    return capsule_give_schema(&schema);
}

/* The engine's string as a str; frees it. */
static PyObject *text_of(char *string)
{
    PyObject *text = PyUnicode_FromString(string);
    sb_string_free(string);
    return text;
}

static PyObject *graph_source_request(PyObject *self, PyObject *args)
{
    const char *operator_id;
    struct sb_error err = {0};
    char *string = NULL;

    if (!PyArg_ParseTuple(args, "s:source_request", &operator_id)) {
        return NULL;
    }
    if (sb_graph_source_request(handle_of(self), operator_id, &string, &err) != SB_OK) {
        return failure_raise(&err, false, NULL);
    }
    return text_of(string);
}

typedef enum sb_status (*source_columns)(const struct sb_graph *graph, const char *operator_id,
                                         bool *out, int32_t count, struct sb_error *err);

/* Positions of the columns of a source that `find` marks. */
static PyObject *marked_columns(PyObject *self, PyObject *args, source_columns find)
{
    const char *operator_id;
    Py_ssize_t count;
    struct sb_error err = {0};
    PyObject *list = NULL;
    bool *required;

    if (!PyArg_ParseTuple(args, "sn", &operator_id, &count)) {
        return NULL;
    }
    required = PyMem_Calloc((size_t)count + 1, sizeof *required);
    if (required == NULL) {
        return PyErr_NoMemory();
    }
    if (find(handle_of(self), operator_id, required, (int32_t)count, &err) != SB_OK) {
        PyMem_Free(required);
        return failure_raise(&err, false, NULL);
    }
    list = PyList_New(0);
    for (Py_ssize_t i = 0; i < count && list != NULL; i++) {
        PyObject *index = required[i] ? PyLong_FromSsize_t(i) : NULL;
        if (required[i] && (index == NULL || PyList_Append(list, index) != 0)) {
            Py_CLEAR(list);
        }
        Py_XDECREF(index);
    }
    PyMem_Free(required);
    return list;
}

static PyObject *graph_deciding_columns(PyObject *self, PyObject *args)
{
    return marked_columns(self, args, sb_graph_deciding_columns);
}

static PyObject *graph_to_json(PyObject *self, PyObject *unused)
{
    struct sb_error err = {0};
    char *string = NULL;

    if (sb_graph_to_json(handle_of(self), &string, &err) != SB_OK) {
        return failure_raise(&err, false, NULL);
    }
    return text_of(string);
}

/* An integer of a dict; false with an exception set. */
static bool counter_read(PyObject *dict, const char *key, int64_t *out)
{
    PyObject *value = PyDict_GetItemString(dict, key);

    if (value == NULL) {
        PyErr_Format(PyExc_KeyError, "explain: an operator's metrics have no '%s'", key);
        return false;
    }
    *out = PyLong_AsLongLong(value);
    return *out != -1 || PyErr_Occurred() == NULL;
}

/* Dicts of Job.metrics()["operators"]; the texts are borrowed from them. False: an exception is
 * set. */
static bool metrics_read(PyObject *list, struct sb_operator_metrics *out)
{
    for (Py_ssize_t i = 0; i < PyList_Size(list); i++) {
        PyObject *dict = PyList_GetItem(list, i);
        PyObject *id;

        if (!PyDict_Check(dict)) {
            PyErr_SetString(PyExc_TypeError, "explain: metrics are a list of dicts");
            return false;
        }
        id = PyDict_GetItemString(dict, "operator_id");
        out[i].operator_id = id == NULL ? NULL : PyUnicode_AsUTF8AndSize(id, NULL);
        if (out[i].operator_id == NULL) {
            if (PyErr_Occurred() == NULL) {
                PyErr_SetString(PyExc_KeyError, "explain: metrics without 'operator_id'");
            }
            return false;
        }
        if (!counter_read(dict, "rows_in", &out[i].rows_in) ||
            !counter_read(dict, "rows_out", &out[i].rows_out) ||
            !counter_read(dict, "busy_ns", &out[i].busy_ns)) {
            return false;
        }
    }
    return true;
}

static PyObject *graph_explain(PyObject *self, PyObject *args)
{
    const char *name = "text";
    PyObject *list = Py_None;
    struct sb_operator_metrics *metrics = NULL;
    Py_ssize_t count = 0;
    enum sb_explain_format format;
    struct sb_error err = {0};
    char *string = NULL;
    enum sb_status status;

    if (!PyArg_ParseTuple(args, "|sO:explain", &name, &list)) {
        return NULL;
    }
    if (strcmp(name, "text") == 0) {
        format = SB_EXPLAIN_TEXT;
    } else if (strcmp(name, "json") == 0) {
        format = SB_EXPLAIN_JSON;
    } else {
        PyErr_Format(PyExc_ValueError, "explain: format is '%s'; allowed: 'text', 'json'", name);
        return NULL;
    }
    if (list != Py_None) {
        if (!PyList_Check(list)) {
            PyErr_SetString(PyExc_TypeError, "explain: metrics are a list of dicts");
            return NULL;
        }
        count = PyList_Size(list);
        metrics = PyMem_Calloc((size_t)count + 1, sizeof *metrics);
        if (metrics == NULL) {
            return PyErr_NoMemory();
        }
        if (!metrics_read(list, metrics)) {
            PyMem_Free(metrics);
            return NULL;
        }
    }
    status = sb_graph_explain_run(handle_of(self), format, metrics, (int32_t)count, &string, &err);
    PyMem_Free(metrics);
    if (status != SB_OK) {
        return failure_raise(&err, false, NULL);
    }
    return text_of(string);
}

static PyObject *graph_optimize(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"filter_pushdown", "projection_pushdown",   "join_reordering",
                            "operator_fusion", "dead_code_elimination", NULL};
    int wanted[] = {1, 1, 1, 1, 1};
    struct sb_optimizer_report report = {0};
    struct sb_graph *optimized = NULL;
    struct sb_error err = {0};
    enum sb_status status;
    PyObject *graph;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$ppppp:optimize", names, &wanted[0],
                                     &wanted[1], &wanted[2], &wanted[3], &wanted[4])) {
        return NULL;
    }
    struct sb_optimizer_options options = {
        .filter_pushdown = wanted[0] != 0,
        .projection_pushdown = wanted[1] != 0,
        .join_reordering = wanted[2] != 0,
        .operator_fusion = wanted[3] != 0,
        .dead_code_elimination = wanted[4] != 0,
    };
    Py_BEGIN_ALLOW_THREADS
    status = sb_graph_optimize(handle_of(self), &options, &optimized, &report, &err);
    Py_END_ALLOW_THREADS
    if (status != SB_OK) {
        return failure_raise(&err, false, NULL);
    }
    PyObject *trace = text_of(report.trace);
    graph = graph_of(Py_TYPE(self), optimized);
    if (trace == NULL || graph == NULL) {
        Py_XDECREF(trace);
        Py_XDECREF(graph);
        return NULL;
    }
    return Py_BuildValue("N{s:i,s:i,s:i,s:i,s:i}N", graph, "filters_pushed", report.filters_pushed,
                         "projections_pushed", report.projections_pushed, "joins_reordered",
                         report.joins_reordered, "operators_fused", report.operators_fused,
                         "dead_code_eliminated", report.dead_code_eliminated, trace);
}

static PyMethodDef graph_methods[] = {
    {"from_json", graph_from_json, METH_VARARGS | METH_CLASS, "Parse the wire form."},
    {"set_source_schema", graph_set_source_schema, METH_VARARGS,
     "Declare what rows a source yields."},
    {"set_source_statistics", graph_set_source_statistics, METH_VARARGS,
     "Tell what is known of the rows of a source, as JSON."},
    {"validate", graph_validate, METH_VARARGS,
     "Derive every schema and check every parameter; the resolver answers for functions."},
    {"output_schema", graph_output_schema, METH_VARARGS, "What an operator emits, as a capsule."},
    {"source_request", graph_source_request, METH_VARARGS,
     "What a source is to be given, as JSON: columns to read, and filters, or null."},
    {"deciding_columns", graph_deciding_columns, METH_VARARGS,
     "Positions of those that conditions, join keys and group keys are made of."},
    {"optimize", (PyCFunction)(void (*)(void))graph_optimize, METH_VARARGS | METH_KEYWORDS,
     "An optimized copy that is not validated, what was changed, and the trace as JSON."},
    {"to_json", graph_to_json, METH_NOARGS, "The wire form."},
    {"explain", graph_explain, METH_VARARGS,
     "The plan as 'text' or 'json'; after a run, with the operators of its metrics."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot graph_slots[] = {
    {Py_tp_dealloc, graph_dealloc},
    {Py_tp_methods, graph_methods},
    {Py_tp_doc, "A logical graph in the engine; made by Graph.from_json()."},
    {0, NULL},
};

static PyType_Spec graph_spec = {
    .name = "sabot._core.Graph",
    .basicsize = sizeof(struct graph),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = graph_slots,
};

bool graph_type_add(PyObject *module)
{
    graph_type = (PyTypeObject *)PyType_FromSpec(&graph_spec);
    return graph_type != NULL && PyModule_AddType(module, graph_type) == 0;
}
