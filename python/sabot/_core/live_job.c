// SPDX-License-Identifier: Apache-2.0
/*
 * live_job.c - see live_job.h.
 */
#include "live_job.h"

#include <stdio.h>

#include "failure.h"

static struct live_job *live_jobs;
static bool is_shut_down;
static _Thread_local int32_t function_depth;

/* The job is not there any more: whoever waits for it sees a canceled job. */
static void raise_canceled(const char *sentence)
{
    struct sb_error err = {.status = SB_CANCELED};

    snprintf(err.message, sizeof err.message, "%s", sentence);
    failure_raise(&err, true, NULL);
}

static void live_release(struct live_job *live)
{
    if (--live->reference_count == 0) {
        pthread_cond_destroy(&live->is_changed);
        pthread_mutex_destroy(&live->lock);
        PyMem_Free(live);
    }
}

static void list_add(struct live_job *live)
{
    live->next = live_jobs;
    if (live_jobs != NULL) {
        live_jobs->previous = live;
    }
    live_jobs = live;
    live->reference_count++;
}

static void list_remove(struct live_job *live)
{
    if (live->previous != NULL) {
        live->previous->next = live->next;
    } else {
        live_jobs = live->next;
    }
    if (live->next != NULL) {
        live->next->previous = live->previous;
    }
    live_release(live);
}

struct live_job *live_job_create(struct sb_job *handle, PyObject *graph)
{
    struct live_job *live = PyMem_Calloc(1, sizeof *live);
    PyObject *causes = PyList_New(0);

    if (live == NULL || causes == NULL) {
        PyMem_Free(live);
        Py_XDECREF(causes);
        sb_job_destroy(handle);
        PyErr_NoMemory();
        return NULL;
    }
    live->handle = handle;
    live->graph = Py_NewRef(graph);
    live->causes = causes;
    live->reference_count = 1;
    pthread_mutex_init(&live->lock, NULL);
    pthread_cond_init(&live->is_changed, NULL);
    list_add(live);
    return live;
}

static void functions_free(struct live_job *live)
{
    struct job_function *function = live->functions;

    live->functions = NULL;
    while (function != NULL) {
        struct job_function *next = function->next;
        Py_DECREF(function->callable);
        Py_DECREF(function->causes);
        PyMem_Free(function);
        function = next;
    }
}

/* Stops, waits for the pins, destroys. The engine calls nothing of ours afterwards. */
static void live_destroy(struct live_job *live)
{
    struct sb_job *handle = live->handle;

    Py_BEGIN_ALLOW_THREADS
    sb_job_stop(handle, SB_STOP_CANCEL);
    pthread_mutex_lock(&live->lock);
    while (live->pin_count > 0) {
        pthread_cond_wait(&live->is_changed, &live->lock);
    }
    pthread_mutex_unlock(&live->lock);
    sb_job_destroy(handle);
    Py_END_ALLOW_THREADS

    live->handle = NULL;
    functions_free(live);
    Py_CLEAR(live->graph);
    Py_CLEAR(live->causes);
    list_remove(live);
    pthread_mutex_lock(&live->lock);
    live->is_closed = true;
    pthread_cond_broadcast(&live->is_changed);
    pthread_mutex_unlock(&live->lock);
}

bool live_job_close(struct live_job *live)
{
    if (function_depth > 0) {
        PyErr_SetString(PyExc_RuntimeError, "a job cannot be closed inside one of its functions; "
                                            "stop() it there and close it elsewhere");
        return false;
    }
    live->reference_count++;
    if (!live->is_closing) {
        live->is_closing = true;
        live_destroy(live);
    } else {
        Py_BEGIN_ALLOW_THREADS
        pthread_mutex_lock(&live->lock);
        while (!live->is_closed) {
            pthread_cond_wait(&live->is_changed, &live->lock);
        }
        pthread_mutex_unlock(&live->lock);
        Py_END_ALLOW_THREADS
    }
    live_release(live);
    return true;
}

void live_job_abandon(struct live_job *live)
{
    if (function_depth == 0) {
        live_job_close(live);
    } else if (!live->is_closing) {
        live->is_orphan = true;
        Py_BEGIN_ALLOW_THREADS
        sb_job_stop(live->handle, SB_STOP_CANCEL);
        Py_END_ALLOW_THREADS
    }
    live_release(live);
}

struct sb_job *live_job_pin(struct live_job *live)
{
    if (live == NULL || live->is_closing) {
        raise_canceled("this job is closed");
        return NULL;
    }
    pthread_mutex_lock(&live->lock);
    live->pin_count++;
    pthread_mutex_unlock(&live->lock);
    return live->handle;
}

void live_job_unpin(struct live_job *live)
{
    pthread_mutex_lock(&live->lock);
    live->pin_count--;
    pthread_cond_broadcast(&live->is_changed);
    pthread_mutex_unlock(&live->lock);
}

void live_job_enter_function(void)
{
    function_depth++;
}

void live_job_leave_function(void)
{
    function_depth--;
}

bool live_jobs_check(void)
{
    if (is_shut_down) {
        raise_canceled("the interpreter is ending; no new job can start");
        return false;
    }
    if (function_depth > 0) {
        return true;
    }
    struct live_job *live = live_jobs;
    while (live != NULL) {
        if (live->is_orphan && !live->is_closing) {
            live_job_close(live);
            live = live_jobs; // the list may have changed meanwhile
        } else {
            live = live->next;
        }
    }
    return true;
}

PyObject *live_jobs_shutdown(PyObject *module, PyObject *unused)
{
    is_shut_down = true;
    while (live_jobs != NULL) {
        if (!live_job_close(live_jobs)) {
            return NULL;
        }
    }
    Py_RETURN_NONE;
}
