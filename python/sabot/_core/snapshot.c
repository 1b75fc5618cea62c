// SPDX-License-Identifier: Apache-2.0
/*
 * snapshot.c - see snapshot.h. A description and named parts, which are Arrow tables.
 */
#include "snapshot.h"

#include <sabot/job.h>

#include "capsule.h"
#include "failure.h"
#include "stream.h"

struct snapshot {
    PyObject_HEAD
    struct sb_snapshot *handle;
};

static PyTypeObject *snapshot_type;

static struct sb_snapshot *handle_of(PyObject *self)
{
    return ((struct snapshot *)self)->handle;
}

const struct sb_snapshot *snapshot_handle(PyObject *object)
{
    if (!PyObject_TypeCheck(object, snapshot_type)) {
        PyErr_Format(PyExc_TypeError, "expected a Snapshot, found %R", (PyObject *)Py_TYPE(object));
        return NULL;
    }
    return handle_of(object);
}

PyObject *snapshot_new(struct sb_snapshot *handle)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(snapshot_type, Py_tp_alloc);
    struct snapshot *self = (struct snapshot *)allocate(snapshot_type, 0);
    if (self == NULL) {
        sb_snapshot_destroy(handle);
        return NULL;
    }
    self->handle = handle;
    return (PyObject *)self;
}

static void snapshot_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);

    sb_snapshot_destroy(handle_of(self));
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static bool add_part(struct sb_snapshot *handle, PyObject *name, PyObject *object)
{
    const char *name_utf8 = PyUnicode_AsUTF8AndSize(name, NULL);
    struct ArrowArrayStream stream;
    struct sb_error err = {0};
    enum sb_status status;

    if (name_utf8 == NULL || !capsule_take_stream(object, &stream)) {
        return false;
    }
    Py_BEGIN_ALLOW_THREADS
    status = sb_snapshot_add_part(handle, name_utf8, &stream, &err);
    Py_END_ALLOW_THREADS
    if (status != SB_OK) {
        failure_raise(&err, true, NULL);
    }
    return status == SB_OK;
}

static PyObject *snapshot_from_parts(PyObject *cls, PyObject *args)
{
    const char *description;
    PyObject *parts;
    struct sb_snapshot *handle = NULL;
    struct sb_error err = {0};

    if (!PyArg_ParseTuple(args, "sO!:from_parts", &description, &PyDict_Type, &parts)) {
        return NULL;
    }
    if (sb_snapshot_create(description, &handle, &err) != SB_OK) {
        return failure_raise(&err, true, NULL);
    }
    PyObject *items = PyDict_Items(parts); // a list of its own: streams may run Python code
    Py_ssize_t count = items == NULL ? -1 : PyList_Size(items);
    Py_ssize_t done = 0;
    while (done < count) {
        PyObject *item = PyList_GetItem(items, done);
        if (!add_part(handle, PyTuple_GetItem(item, 0), PyTuple_GetItem(item, 1))) {
            break;
        }
        done++;
    }
    Py_XDECREF(items);
    if (done != count) {
        sb_snapshot_destroy(handle);
        return NULL;
    }
    return snapshot_new(handle);
}

static PyObject *snapshot_description(PyObject *self, PyObject *unused)
{
    return PyUnicode_FromString(sb_snapshot_description(handle_of(self)));
}

static PyObject *snapshot_part_names(PyObject *self, PyObject *unused)
{
    int32_t count = sb_snapshot_part_count(handle_of(self));
    PyObject *names = PyList_New(count);

    for (int32_t i = 0; names != NULL && i < count; i++) {
        PyObject *name = PyUnicode_FromString(sb_snapshot_part_name(handle_of(self), i));
        if (name == NULL) {
            Py_CLEAR(names);
        } else {
            PyList_SetItem(names, i, name);
        }
    }
    return names;
}

static PyObject *snapshot_part_stream(PyObject *self, PyObject *args)
{
    int index;
    struct ArrowArrayStream stream = {0};
    struct sb_error err = {0};
    enum sb_status status;

    if (!PyArg_ParseTuple(args, "i:part_stream", &index)) {
        return NULL;
    }
    if (index < 0 || index >= sb_snapshot_part_count(handle_of(self))) {
        PyErr_Format(PyExc_IndexError, "part %d of %d", index,
                     (int)sb_snapshot_part_count(handle_of(self)));
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    status = sb_snapshot_part_stream(handle_of(self), index, &stream, &err);
    Py_END_ALLOW_THREADS
    if (status != SB_OK) {
        return failure_raise(&err, true, NULL);
    }
    return stream_new(&stream);
}

static PyMethodDef snapshot_methods[] = {
    {"from_parts", snapshot_from_parts, METH_VARARGS | METH_CLASS,
     "A snapshot from its description and a dict of named Arrow streams."},
    {"description", snapshot_description, METH_NOARGS, "The JSON description."},
    {"part_names", snapshot_part_names, METH_NOARGS, "The names of the parts, in order."},
    {"part_stream", snapshot_part_stream, METH_VARARGS, "The rows of one part, by position."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot snapshot_slots[] = {
    {Py_tp_dealloc, snapshot_dealloc},
    {Py_tp_methods, snapshot_methods},
    {Py_tp_doc, "State and positions of a job at one barrier."},
    {0, NULL},
};

static PyType_Spec snapshot_spec = {
    .name = "sabot._core.Snapshot",
    .basicsize = sizeof(struct snapshot),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = snapshot_slots,
};

bool snapshot_type_add(PyObject *module)
{
    snapshot_type = (PyTypeObject *)PyType_FromSpec(&snapshot_spec);
    return snapshot_type != NULL && PyModule_AddType(module, snapshot_type) == 0;
}
