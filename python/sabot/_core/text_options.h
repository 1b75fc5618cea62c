// SPDX-License-Identifier: Apache-2.0
/*
 * text_options.h - struct sb_text_options from a dict, and text without a job.
 */
#ifndef SABOT_CORE_TEXT_OPTIONS_H
#define SABOT_CORE_TEXT_OPTIONS_H

#include "python.h"

#include <stdbool.h>

#include <sabot/text.h>

struct text_options {
    struct sb_text_options engine;
    PyObject *texts; // a list of what its pointers point into
    const char **columns;
    const char **null_values;
    const char **constant_columns;
    const char **constant_values;
};

/*
 * Keys: format ('csv' or 'ndjson'), file, delimiter, quote, escape, columns, null_values, constants
 * (a dict of text or None), skips_bad_rows. False with an exception; then there is nothing to
 * deinit.
 */
bool text_options_init(struct text_options *options, PyObject *mapping);
void text_options_deinit(struct text_options *options);

PyObject *text_row_starts(PyObject *module, PyObject *args);
PyObject *text_from_rows(PyObject *module, PyObject *args);

#endif
