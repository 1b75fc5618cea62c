// SPDX-License-Identifier: Apache-2.0
/*
 * steps.h - steps of a fused operator written short, for tables in tests.
 *
 *     filter (greater price 10); map total = (multiply price qty) price = 1; only x = qty; select x
 *
 * `only` is a map without the columns that were there. Ids and names are "s0", "s1", ...
 */
#ifndef SABOT_TESTS_EXEC_STEPS_H
#define SABOT_TESTS_EXEC_STEPS_H

#include "expr/expressions.h"
#include "support/chain.h"

static inline json_t *steps_columns(const char *text)
{
    json_t *columns = json_array();

    for (text = skip_blanks(text); *text != 0; text = skip_blanks(text)) {
        size_t size = strcspn(text, " ");
        json_array_append_new(columns, json_stringn(text, size));
        text += size;
    }
    return json_pack("{s:o}", "columns", columns);
}

static inline json_t *steps_expressions(const char *text, bool is_keeping)
{
    json_t *expressions = json_object();

    for (text = skip_blanks(text); *text != 0; text = skip_blanks(text)) {
        size_t size = strcspn(text, " =");
        char name[32] = "";

        assert_true(size < sizeof name);
        memcpy(name, text, size);
        text = skip_blanks(text + size);
        assert_int_equal(*text, '=');
        text++;
        json_object_set_new(expressions, name, expression_next(&text));
    }
    return json_pack("{s:o, s:b}", "expressions", expressions, "keep", is_keeping);
}

/* Free it with json_decref(). */
static inline json_t *steps_make(const char *text)
{
    json_t *steps = json_array();
    char *copy = strdup(text);
    char *rest = copy;

    for (char *step = strsep(&rest, ";"); step != NULL; step = strsep(&rest, ";")) {
        const char *word = skip_blanks(step);
        size_t size = strcspn(word, " ");
        const char *tail = word + size;
        bool is_filter = strncmp(word, "filter", size) == 0;
        bool is_select = strncmp(word, "select", size) == 0;
        bool is_map = strncmp(word, "map", size) == 0;
        json_t *parameters = is_filter   ? json_pack("{s:o}", "predicate", expression(tail))
                             : is_select ? steps_columns(tail)
                                         : steps_expressions(tail, is_map);
        char id[16];

        snprintf(id, sizeof id, "s%zu", json_array_size(steps));
        json_array_append_new(steps,
                              json_pack("{s:s, s:s, s:s, s:o}", "operator_type",
                                        is_filter   ? "filter"
                                        : is_select ? "select"
                                                    : "map",
                                        "operator_id", id, "name", id, "parameters", parameters));
    }
    free(copy);
    return steps;
}

#endif
