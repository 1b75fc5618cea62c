// SPDX-License-Identifier: Apache-2.0
/*
 * text_options.c - see text_options.h.
 */
#include "text_options.h"

#include <string.h>

#include "capsule.h"
#include "failure.h"

void text_options_deinit(struct text_options *options)
{
    Py_XDECREF(options->texts);
    PyMem_Free(options->columns);
    PyMem_Free(options->null_values);
    PyMem_Free(options->constant_columns);
    PyMem_Free(options->constant_values);
    *options = (struct text_options){0};
}

/* The UTF-8 of a str, alive as long as the options; NULL with an exception. */
static const char *keep_text(struct text_options *options, PyObject *text)
{
    PyObject *bytes = PyUnicode_AsUTF8String(text);
    const char *result = NULL;

    if (bytes != NULL && PyList_Append(options->texts, bytes) == 0) {
        result = PyBytes_AsString(bytes);
        if (strlen(result) != (size_t)PyBytes_Size(bytes)) {
            PyErr_SetString(PyExc_ValueError, "a text has a null character inside");
            result = NULL;
        }
    }
    Py_XDECREF(bytes);
    return result;
}

static bool get_text(struct text_options *options, PyObject *mapping, const char *key,
                     const char **out)
{
    PyObject *value = PyDict_GetItemString(mapping, key);

    *out = value == NULL || value == Py_None ? "" : keep_text(options, value);
    return *out != NULL;
}

static bool get_byte(struct text_options *options, PyObject *mapping, const char *key, char *out)
{
    const char *text;

    if (!get_text(options, mapping, key, &text)) {
        return false;
    }
    if (strlen(text) > 1) {
        PyErr_Format(PyExc_ValueError, "%s must be one ASCII character, found '%s'", key, text);
        return false;
    }
    *out = text[0];
    return true;
}

/* The texts of a sequence; an item None is NULL. */
static const char **keep_texts(struct text_options *options, PyObject *items, int32_t *count)
{
    const Py_ssize_t size = PySequence_Size(items);
    const char **texts = size < 0 ? NULL : PyMem_Calloc((size_t)size + 1, sizeof *texts);

    if (texts == NULL) {
        return size < 0 ? NULL : (const char **)(void *)PyErr_NoMemory();
    }
    for (Py_ssize_t i = 0; i < size; i++) {
        PyObject *item = PySequence_GetItem(items, i);
        if (item != NULL && item != Py_None) {
            texts[i] = keep_text(options, item);
        }
        Py_XDECREF(item);
        if (PyErr_Occurred() != NULL) {
            PyMem_Free(texts);
            return NULL;
        }
    }
    *count = (int32_t)size;
    return texts;
}

static bool get_texts(struct text_options *options, PyObject *mapping, const char *key,
                      const char ***out, int32_t *count)
{
    PyObject *items = PyDict_GetItemString(mapping, key);

    if (items == NULL || items == Py_None) {
        return true;
    }
    *out = keep_texts(options, items, count);
    return *out != NULL;
}

static bool get_constants(struct text_options *options, PyObject *mapping)
{
    PyObject *constants = PyDict_GetItemString(mapping, "constants");
    PyObject *names, *values;
    int32_t count;

    if (constants == NULL || constants == Py_None) {
        return true;
    }
    names = PyMapping_Keys(constants);
    values = PyMapping_Values(constants);
    if (names != NULL && values != NULL) {
        options->constant_columns = keep_texts(options, names, &options->engine.constant_count);
        options->constant_values =
            options->constant_columns == NULL ? NULL : keep_texts(options, values, &count);
    }
    Py_XDECREF(names);
    Py_XDECREF(values);
    options->engine.constant_columns = options->constant_columns;
    options->engine.constant_values = options->constant_values;
    return options->constant_values != NULL;
}

static bool get_format(struct text_options *options, PyObject *mapping)
{
    const char *format;

    if (!get_text(options, mapping, "format", &format)) {
        return false;
    }
    if (strcmp(format, "csv") != 0 && strcmp(format, "ndjson") != 0) {
        PyErr_Format(PyExc_ValueError, "format must be 'csv' or 'ndjson', found '%s'", format);
        return false;
    }
    options->engine.format = format[0] == 'c' ? SB_TEXT_CSV : SB_TEXT_NDJSON;
    return true;
}

bool text_options_init(struct text_options *options, PyObject *mapping)
{
    struct sb_text_options *engine = &options->engine;
    PyObject *skips;

    *options = (struct text_options){.texts = PyList_New(0)};
    if (options->texts == NULL || !PyDict_Check(mapping)) {
        Py_CLEAR(options->texts);
        PyErr_SetString(PyExc_TypeError, "options must be a dict");
        return false;
    }
    skips = PyDict_GetItemString(mapping, "skips_bad_rows");
    engine->skips_bad_rows = skips != NULL && PyObject_IsTrue(skips) == 1;
    if (!get_format(options, mapping) || !get_text(options, mapping, "file", &engine->file) ||
        !get_byte(options, mapping, "delimiter", &engine->delimiter) ||
        !get_byte(options, mapping, "quote", &engine->quote) ||
        !get_byte(options, mapping, "escape", &engine->escape) ||
        !get_texts(options, mapping, "columns", &options->columns, &engine->file_column_count) ||
        !get_texts(options, mapping, "null_values", &options->null_values,
                   &engine->null_value_count) ||
        !get_constants(options, mapping)) {
        text_options_deinit(options);
        return false;
    }
    engine->file_columns = options->columns;
    engine->null_values = options->null_values;
    return true;
}

PyObject *text_row_starts(PyObject *module, PyObject *args)
{
    const char *path;
    PyObject *mapping, *list, *result = NULL;
    long long begin;
    struct text_options options;
    struct sb_error err = {0};
    enum sb_status status;

    if (!PyArg_ParseTuple(args, "sOLO!:text_row_starts", &path, &mapping, &begin, &PyList_Type,
                          &list) ||
        !text_options_init(&options, mapping)) {
        return NULL;
    }
    const Py_ssize_t count = PyList_Size(list);
    int64_t *positions = PyMem_Calloc(2 * (size_t)count + 1, sizeof *positions);
    int64_t *starts = positions == NULL ? NULL : positions + count;
    if (positions == NULL) {
        PyErr_NoMemory();
        goto out;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        positions[i] = PyLong_AsLongLong(PyList_GetItem(list, i));
    }
    if (PyErr_Occurred() != NULL) {
        goto out;
    }
    Py_BEGIN_ALLOW_THREADS
    status =
        sb_text_row_starts(path, &options.engine, begin, positions, (int32_t)count, starts, &err);
    Py_END_ALLOW_THREADS
    if (status != SB_OK) {
        failure_raise(&err, false, NULL);
        goto out;
    }
    result = PyList_New(count);
    for (Py_ssize_t i = 0; result != NULL && i < count; i++) {
        PyObject *start = PyLong_FromLongLong(starts[i]);
        if (start == NULL || PyList_SetItem(result, i, start) != 0) {
            Py_CLEAR(result);
        }
    }

out:
    PyMem_Free(positions);
    text_options_deinit(&options);
    return result;
}

PyObject *text_from_rows(PyObject *module, PyObject *args)
{
    PyObject *object, *mapping, *result = NULL;
    struct text_options options;
    struct ArrowSchema schema;
    struct ArrowArray array;
    struct sb_error err = {0};
    enum sb_status status;
    char *text = NULL;
    int64_t size = 0;

    if (!PyArg_ParseTuple(args, "OO:text_from_rows", &object, &mapping) ||
        !text_options_init(&options, mapping)) {
        return NULL;
    }
    if (capsule_take_array(object, &schema, &array)) {
        Py_BEGIN_ALLOW_THREADS
        status = sb_text_from_rows(&array, &schema, &options.engine, &text, &size, &err);
        Py_END_ALLOW_THREADS
        array_release(&array);
        schema_release(&schema);
        if (status == SB_OK) {
            result = PyBytes_FromStringAndSize(text, (Py_ssize_t)size);
            sb_text_free(text, size);
        } else {
            failure_raise(&err, true, NULL);
        }
    }
    text_options_deinit(&options);
    return result;
}
