// SPDX-License-Identifier: Apache-2.0
/*
 * live_job.h - an engine job with what Python keeps for it, from create to destroy.
 *
 * - Every call into the engine lets go of the GIL and pins the job meanwhile. Closing stops the
 *   job, waits until nobody pins it, and only then destroys it.
 * - Destroying joins engine threads. A thread that is inside a user's function may be one of them,
 *   so it never closes a job: it leaves an orphan, which the next thread to come by closes.
 * - Jobs that still live when the interpreter ends are closed by an atexit hook; afterwards no
 *   engine thread is left that could want a GIL.
 *
 * The GIL guards the list of live jobs and every field but the pins.
 */
#ifndef SABOT_CORE_LIVE_JOB_H
#define SABOT_CORE_LIVE_JOB_H

#include "python.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <sabot/job.h>

struct job_function {
    struct job_function *next;
    PyObject *callable;
    PyObject *causes; // the job's list
};

struct live_job {
    struct sb_job *handle; // NULL once destroyed
    PyObject *graph;       // outlives the handle
    PyObject *causes;      // exceptions that functions raised, a few at most
    struct job_function *functions;

    struct live_job *next; // in the list of live jobs
    struct live_job *previous;
    int32_t reference_count; // the list and the Job object, and who is closing
    bool is_closing;
    bool is_orphan;

    pthread_mutex_t lock; // guards pin_count and is_closed
    pthread_cond_t is_changed;
    int32_t pin_count;
    bool is_closed;
};

/* Takes `handle`; a new job with one reference for the caller. NULL: destroyed, exception set. */
struct live_job *live_job_create(struct sb_job *handle, PyObject *graph);

/* The caller is done with it; a job nobody needs any more is closed, here or by somebody else. */
void live_job_abandon(struct live_job *live);

/* Stops and destroys the job unless that has happened. False with an exception in a function. */
bool live_job_close(struct live_job *live);

/* The engine's job, pinned until live_job_unpin(); NULL with an exception when it is closed. */
struct sb_job *live_job_pin(struct live_job *live);
void live_job_unpin(struct live_job *live);

/* Around a user's function, on the thread that runs it. */
void live_job_enter_function(void);
void live_job_leave_function(void);

/* False with an exception once the interpreter is ending. Closes orphans, too. */
bool live_jobs_check(void);

/* Closes every live job, for good. The atexit hook. */
PyObject *live_jobs_shutdown(PyObject *module, PyObject *unused);

#endif
