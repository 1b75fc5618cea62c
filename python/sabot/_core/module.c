// SPDX-License-Identifier: Apache-2.0
/*
 * module.c - sabot._core: the engine's C API as Python objects.
 *
 * One object per noun of include/sabot/: Graph, Job, Snapshot, and Stream for rows that leave. Rows
 * cross in PyCapsules, without a copy. Errors are the exceptions of sabot.errors.
 */
#include "python.h"

#include "graph.h"
#include "job.h"
#include "library.h"
#include "snapshot.h"
#include "stream.h"
#include "text_options.h"

/* Runs at exit, before the interpreter goes: no engine thread and no log line outlives it. */
static PyObject *shutdown(PyObject *module, PyObject *unused)
{
    PyObject *result = live_jobs_shutdown(module, NULL);
    if (result != NULL) {
        Py_DECREF(result);
        result = library_set_log(module, Py_None);
    }
    return result;
}

static PyMethodDef core_functions[] = {
    {"version", library_version, METH_NOARGS, "The version of the engine."},
    {"processor_count", library_processor_count, METH_NOARGS,
     "Processors this process may use: affinity and cgroup limits respected."},
    {"memory_trim", library_memory_trim, METH_NOARGS,
     "Give memory that no job uses back to the operating system."},
    {"set_time_zone_folder", library_set_time_zone_folder, METH_O,
     "Name a folder of TZif files for systems that have none."},
    {"hash_rows", library_hash_rows, METH_O,
     "The stable hash of each row of an Arrow array, as the bytes of uint64 values."},
    {"functions_json", library_functions_json, METH_NOARGS,
     "What expressions may call, as a JSON list."},
    {"text_row_starts", text_row_starts, METH_VARARGS,
     "Where the rows at or behind some positions of a text file begin."},
    {"text_from_rows", text_from_rows, METH_VARARGS, "The rows of an array as CSV or JSON text."},
    {"set_log", library_set_log, METH_O,
     "Send the engine's log to callable(level, event, fields), or to nobody with None."},
    {"_shutdown", shutdown, METH_NOARGS, "Close every job, for good; the exit hook."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef core_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "sabot._core",
    .m_doc = "The engine: graphs, jobs and their rows. Use the public classes of sabot instead.",
    .m_size = -1,
    .m_methods = core_functions,
};

static bool exit_hook_add(PyObject *module)
{
    PyObject *hook = PyObject_GetAttrString(module, "_shutdown");
    PyObject *atexit = PyImport_ImportModule("atexit");
    PyObject *result = NULL;

    if (hook != NULL && atexit != NULL) {
        result = PyObject_CallMethod(atexit, "register", "O", hook);
    }
    Py_XDECREF(hook);
    Py_XDECREF(atexit);
    Py_XDECREF(result);
    return result != NULL;
}

PyMODINIT_FUNC PyInit__core(void); // Python looks it up by name

PyMODINIT_FUNC PyInit__core(void)
{
    PyObject *module = PyModule_Create(&core_module);

    if (module != NULL &&
        !(graph_type_add(module) && job_type_add(module) && snapshot_type_add(module) &&
          stream_type_add(module) && exit_hook_add(module))) {
        Py_CLEAR(module);
    }
    return module;
}
