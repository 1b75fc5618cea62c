// SPDX-License-Identifier: Apache-2.0
/*
 * job.h - sabot._core.Job: one run of a graph as a Python object.
 *
 * What a job does is spread by subject: job.c its life, job_inputs.c, job_batches.c and job_text.c
 * rows in, job_functions.c user functions, job_outputs.c rows and numbers out. live_job.h has the
 * rules of threads.
 */
#ifndef SABOT_CORE_JOB_H
#define SABOT_CORE_JOB_H

#include "live_job.h"

struct job {
    PyObject_HEAD
    struct live_job *live;
};

/* Adds the type to the module. */
bool job_type_add(PyObject *module);

static inline struct live_job *job_live(PyObject *self)
{
    return ((struct job *)self)->live;
}

/* Raises what `err` of a call on this job says; NULL. `has_run` as in failure.h. */
PyObject *job_raise(PyObject *self, const struct sb_error *err, bool has_run);

/* None, or what job_raise() raises unless `status` is SB_OK. */
PyObject *job_result(PyObject *self, enum sb_status status, const struct sb_error *err);

/* A function that lives as long as the job; NULL with an exception. In the list before the engine
 * knows it, and there until the engine is gone. */
struct job_function *job_function_keep(struct live_job *live, PyObject *callable);

PyObject *job_add_batches(PyObject *self, PyObject *args);
PyObject *job_add_stream(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *job_add_text(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *job_add_push_split(PyObject *self, PyObject *args);
PyObject *job_push(PyObject *self, PyObject *args);
PyObject *job_push_end(PyObject *self, PyObject *args);
PyObject *job_bind_function(PyObject *self, PyObject *args);
PyObject *job_bind_sink(PyObject *self, PyObject *args);
PyObject *job_sink_stream(PyObject *self, PyObject *args);
PyObject *job_collect(PyObject *self, PyObject *args);
PyObject *job_metrics(PyObject *self, PyObject *unused);
PyObject *job_snapshot(PyObject *self, PyObject *unused);
PyObject *job_restore(PyObject *self, PyObject *args);

#endif
