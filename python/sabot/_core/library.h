// SPDX-License-Identifier: Apache-2.0
/*
 * library.h - functions of sabot._core that belong to no object: hash, log, facts.
 */
#ifndef SABOT_CORE_LIBRARY_H
#define SABOT_CORE_LIBRARY_H

#include "python.h"

PyObject *library_version(PyObject *module, PyObject *unused);
PyObject *library_processor_count(PyObject *module, PyObject *unused);
PyObject *library_memory_trim(PyObject *module, PyObject *unused);
PyObject *library_functions_json(PyObject *module, PyObject *unused);
PyObject *library_hash_rows(PyObject *module, PyObject *object);
PyObject *library_set_time_zone_folder(PyObject *module, PyObject *path);
PyObject *library_set_log(PyObject *module, PyObject *callable);

#endif
