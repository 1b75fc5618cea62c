// SPDX-License-Identifier: Apache-2.0
/*
 * graph.h - sabot._core.Graph: struct sb_graph as a Python object.
 */
#ifndef SABOT_CORE_GRAPH_H
#define SABOT_CORE_GRAPH_H

#include "python.h"

#include <stdbool.h>

struct sb_graph;

/* Adds the type to the module. */
bool graph_type_add(PyObject *module);

/* The engine's graph inside `object`, borrowed; NULL with TypeError when it is no Graph. */
const struct sb_graph *graph_handle(PyObject *object);

#endif
