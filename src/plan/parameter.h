// SPDX-License-Identifier: Apache-2.0
/*
 * parameter.h - what keys a JSON object may have, as a table, and the check against it.
 *
 * One table describes the parameters of a node type; the same machinery reads the graph object,
 * its operators and edges, and objects inside parameters. JSON null is the same as not given.
 */
#ifndef SABOT_PLAN_PARAMETER_H
#define SABOT_PLAN_PARAMETER_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"

/* What a value may be; a parameter may allow several. */
enum sb_parameter_kind {
    SB_PARAMETER_TEXT = 1,
    SB_PARAMETER_TEXTS = 2, // a list of text
    SB_PARAMETER_INTEGER = 4,
    SB_PARAMETER_NUMBER = 8, // integer or not
    SB_PARAMETER_BOOL = 16,
    SB_PARAMETER_OBJECT = 32,
    SB_PARAMETER_LIST = 64, // of anything
    SB_PARAMETER_ANY = 128, // null excepted, as everywhere
};

/* A table of these ends with one without a name. */
struct sb_parameter {
    const char *name;
    const char *alias; // a second spelling for ever; NULL = none
    unsigned kinds;
    bool is_required;
    const char *const *choices; // text only: the words allowed, ends with NULL; NULL = any
    int64_t minimum;            // integers and numbers; INT64_MIN = no bound
    int64_t maximum;            // integers; 0 = no bound
};

enum { SB_PARAMETER_COUNT_MAX = 40 };

/* One parameter as it was given. */
struct sb_argument {
    const char *spelling; // the name or the alias, whichever was used; the name when not given
    const json_t *value;  // borrowed; NULL = not given
};

/*
 * Checks `object` against `table` and fills `arguments` in the table's order. `where` begins the
 * message, `noun` ("parameter", "key") says what the keys are called.
 */
SB_MUST_CHECK enum sb_status sb_arguments_read(const struct sb_parameter *table,
                                               const json_t *object, const char *where,
                                               const char *noun, struct sb_argument *arguments,
                                               struct sb_error *err);

int32_t sb_parameter_count(const struct sb_parameter *table);

/* Equal, or the same single text once alone and once in a list. */
bool sb_argument_values_agree(const json_t *a, const json_t *b);

/* The value, or what stands in for it when it was not given. */
const char *sb_argument_text(const struct sb_argument *argument, const char *otherwise);
int64_t sb_argument_integer(const struct sb_argument *argument, int64_t otherwise);
double sb_argument_number(const struct sb_argument *argument, double otherwise);
bool sb_argument_bool(const struct sb_argument *argument, bool otherwise);

struct sb_names {
    int32_t count;
    const char **names; // borrowed from the JSON
};

/* A text or a list of text, which `value` is known to be; NULL gives no names. */
SB_MUST_CHECK enum sb_status sb_names_read(const json_t *value, struct sb_arena *arena,
                                           struct sb_names *out, struct sb_error *err);

#endif
