// SPDX-License-Identifier: Apache-2.0
#include "plan/json.h"

#include <stdlib.h>
#include <string.h>

static json_t *load(const char *text, size_t size, json_error_t *error)
{
    *error = (json_error_t){0};
    return json_loadb(text, size, JSON_REJECT_DUPLICATES, error);
}

// jansson reports a refused allocation as no error, or as a wrong token where it happened. Wrong
// text is wrong again, and in the same place.
static bool is_text_wrong(const char *text, size_t size, const json_error_t *error)
{
    json_error_t again;
    json_t *loaded;

    if (error->text[0] == '\0' || json_error_code(error) == json_error_out_of_memory) {
        return false;
    }
    loaded = load(text, size, &again);
    json_decref(loaded);
    return loaded == NULL && again.position == error->position &&
           strcmp(again.text, error->text) == 0;
}

enum sb_status sb_json_read(const char *text, size_t size, json_t **out, struct sb_error *err)
{
    json_error_t error;

    *out = load(text, size, &error);
    if (*out != NULL) {
        return SB_OK;
    }
    if (!is_text_wrong(text, size, &error)) {
        return sb_error_no_memory(err, "JSON", (int64_t)size);
    }
    return sb_error_set(err, SB_INVALID, "the JSON is wrong at line %d, column %d: %s", error.line,
                        error.column, error.text);
}

// jansson 2.14 leaves out a key that it finds no memory for, so the text is read again.
static enum sb_status check_text(const char *text, const json_t *json, struct sb_error *err)
{
    json_t *again = NULL;
    enum sb_status status = sb_json_read(text, strlen(text), &again, err);

    if (status != SB_OK || !json_equal(json, again)) {
        status = sb_error_no_memory(err, "JSON", (int64_t)strlen(text));
    }
    json_decref(again);
    return status;
}

enum sb_status sb_json_write(const json_t *json, char **out, struct sb_error *err)
{
    char *text = json_dumps(json, JSON_COMPACT);
    enum sb_status status =
        text == NULL ? sb_error_no_memory(err, "JSON", 0) : check_text(text, json, err);

    if (status != SB_OK) {
        free(text);
        text = NULL;
    }
    *out = text;
    return status;
}
