// SPDX-License-Identifier: Apache-2.0
/*
 * stream.c - see stream.h. The struct leaves once, through __arrow_c_stream__().
 */
#include "stream.h"

#include "capsule.h"

struct stream {
    PyObject_HEAD
    struct ArrowArrayStream arrow;
};

static PyTypeObject *stream_type;

PyObject *stream_new(struct ArrowArrayStream *source)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(stream_type, Py_tp_alloc);
    struct stream *stream = (struct stream *)allocate(stream_type, 0);
    if (stream == NULL) {
        stream_release(source);
        return NULL;
    }
    stream->arrow = *source;
    source->release = NULL;
    return (PyObject *)stream;
}

static void stream_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);

    stream_release(&((struct stream *)self)->arrow);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyObject *stream_arrow_c_stream(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"requested_schema", NULL};
    struct stream *stream = (struct stream *)self;
    PyObject *requested = Py_None; // the protocol lets a producer ignore it

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:__arrow_c_stream__", names, &requested)) {
        return NULL;
    }
    if (stream->arrow.release == NULL) {
        PyErr_SetString(PyExc_ValueError, "these rows were read before; a stream is read once");
        return NULL;
    }
    return capsule_give_stream(&stream->arrow);
}

static PyMethodDef stream_methods[] = {
    {"__arrow_c_stream__", (PyCFunction)(void (*)(void))stream_arrow_c_stream,
     METH_VARARGS | METH_KEYWORDS, "Hand the rows to an Arrow consumer; works once."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot stream_slots[] = {
    {Py_tp_dealloc, stream_dealloc},
    {Py_tp_methods, stream_methods},
    {Py_tp_doc, "Rows that leave the engine; any Arrow consumer reads them, once."},
    {0, NULL},
};

static PyType_Spec stream_spec = {
    .name = "sabot._core.Stream",
    .basicsize = sizeof(struct stream),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = stream_slots,
};

bool stream_type_add(PyObject *module)
{
    stream_type = (PyTypeObject *)PyType_FromSpec(&stream_spec);
    return stream_type != NULL && PyModule_AddType(module, stream_type) == 0;
}
