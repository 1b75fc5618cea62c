// SPDX-License-Identifier: Apache-2.0
/*
 * python.h - Python's limited API, once, with what must be defined before it.
 *
 * sabot._core runs in the main interpreter only, so its types are plain globals.
 */
#ifndef SABOT_CORE_PYTHON_H
#define SABOT_CORE_PYTHON_H

#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#endif
