// SPDX-License-Identifier: Apache-2.0
#include "plan/parameter.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plan/suggestion_internal.h"

enum { ALLOWED_SIZE = 512 };

// Where a message about one key begins.
struct place {
    const char *where;
    const char *noun;
    const char *key;
};

__attribute__((format(printf, 3, 4))) static enum sb_status place_error(const struct place *place,
                                                                        struct sb_error *err,
                                                                        const char *format, ...)
{
    char what[sizeof err->message];
    char key[SB_SHORT_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return sb_error_set(err, SB_INVALID, "%s: %s '%s': %s", place->where, place->noun,
                        sb_short(place->key, key), what);
}

static void add(char buffer[ALLOWED_SIZE], const char *separator, const char *words)
{
    size_t size = strlen(buffer);

    snprintf(buffer + size, ALLOWED_SIZE - size, "%s%s", size == 0 ? "" : separator, words);
}

static const char *table_names(const struct sb_parameter *table, char buffer[ALLOWED_SIZE])
{
    buffer[0] = '\0';
    for (; table->name != NULL; table++) {
        add(buffer, ", ", table->name);
        if (table->alias != NULL) {
            add(buffer, ", ", table->alias);
        }
    }
    return buffer[0] == '\0' ? "none" : buffer;
}

static const char *choice_names(const char *const *choices, char buffer[ALLOWED_SIZE])
{
    buffer[0] = '\0';
    for (; *choices != NULL; choices++) {
        add(buffer, ", ", *choices);
    }
    return buffer;
}

static const char *kind_names(const struct sb_parameter *parameter, char buffer[ALLOWED_SIZE])
{
    static const struct {
        unsigned kind;
        const char *name;
    } names[] = {
        {SB_PARAMETER_TEXT, "text"},        {SB_PARAMETER_TEXTS, "a list of text"},
        {SB_PARAMETER_NUMBER, "a number"},  {SB_PARAMETER_BOOL, "true or false"},
        {SB_PARAMETER_OBJECT, "an object"}, {SB_PARAMETER_LIST, "a list"},
        {SB_PARAMETER_ANY, "anything"},
    };
    char range[96];

    buffer[0] = '\0';
    if (parameter->choices != NULL) {
        return choice_names(parameter->choices, buffer);
    }
    if (parameter->kinds & SB_PARAMETER_INTEGER) {
        if (parameter->maximum != 0) {
            snprintf(range, sizeof range, "an integer from %" PRId64 " to %" PRId64,
                     parameter->minimum, parameter->maximum);
        } else if (parameter->minimum != INT64_MIN) {
            snprintf(range, sizeof range, "an integer from %" PRId64, parameter->minimum);
        } else {
            snprintf(range, sizeof range, "an integer");
        }
        add(buffer, " or ", range);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (parameter->kinds & names[i].kind) {
            add(buffer, " or ", names[i].name);
        }
    }
    return buffer;
}

static const char *value_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "text";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a number with a fraction";
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    default:
        return "null";
    }
}

static bool is_kind(const json_t *value, unsigned kinds)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return kinds & (SB_PARAMETER_OBJECT | SB_PARAMETER_ANY);
    case JSON_ARRAY:
        return kinds & (SB_PARAMETER_TEXTS | SB_PARAMETER_LIST | SB_PARAMETER_ANY);
    case JSON_STRING:
        return kinds & (SB_PARAMETER_TEXT | SB_PARAMETER_ANY);
    case JSON_INTEGER:
        return kinds & (SB_PARAMETER_INTEGER | SB_PARAMETER_NUMBER | SB_PARAMETER_ANY);
    case JSON_REAL:
        return kinds & (SB_PARAMETER_NUMBER | SB_PARAMETER_ANY);
    case JSON_TRUE:
    case JSON_FALSE:
        return kinds & (SB_PARAMETER_BOOL | SB_PARAMETER_ANY);
    default:
        return false;
    }
}

static enum sb_status check_texts(const struct sb_parameter *parameter, const json_t *list,
                                  const struct place *place, struct sb_error *err)
{
    char allowed[ALLOWED_SIZE];

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);

        if (!json_is_string(item)) {
            return place_error(place, err, "item %zu of the list is %s; allowed: %s", i,
                               value_name(item), kind_names(parameter, allowed));
        }
    }
    return SB_OK;
}

static enum sb_status check_choice(const struct sb_parameter *parameter, const char *word,
                                   const struct place *place, struct sb_error *err)
{
    struct sb_suggestion suggestion;
    char shown[SB_SHORT_SIZE];
    char meant[SB_SUGGESTION_SIZE];
    char allowed[ALLOWED_SIZE];

    for (const char *const *choice = parameter->choices; *choice != NULL; choice++) {
        if (strcmp(*choice, word) == 0) {
            return SB_OK;
        }
    }
    sb_suggestion_init(&suggestion, word);
    for (const char *const *choice = parameter->choices; *choice != NULL; choice++) {
        sb_suggestion_offer(&suggestion, *choice);
    }
    return place_error(place, err, "'%s' is unknown%s; allowed: %s", sb_short(word, shown),
                       sb_suggestion_text(&suggestion, meant),
                       choice_names(parameter->choices, allowed));
}

static enum sb_status check_value(const struct sb_parameter *parameter, const json_t *value,
                                  const struct place *place, struct sb_error *err)
{
    char allowed[ALLOWED_SIZE];

    if (!is_kind(value, parameter->kinds)) {
        return place_error(place, err, "is %s; allowed: %s", value_name(value),
                           kind_names(parameter, allowed));
    }
    if (parameter->kinds & SB_PARAMETER_ANY) {
        return SB_OK;
    }
    if (json_is_array(value) && (parameter->kinds & SB_PARAMETER_TEXTS)) {
        return check_texts(parameter, value, place, err);
    }
    if (json_is_string(value) && parameter->choices != NULL) {
        return check_choice(parameter, json_string_value(value), place, err);
    }
    if (json_is_integer(value)) {
        int64_t number = json_integer_value(value);

        if (number < parameter->minimum ||
            (parameter->maximum != 0 && number > parameter->maximum)) {
            return place_error(place, err, "is %" PRId64 "; allowed: %s", number,
                               kind_names(parameter, allowed));
        }
    } else if (json_is_real(value) && parameter->minimum != INT64_MIN &&
               json_real_value(value) < (double)parameter->minimum) {
        return place_error(place, err, "is %g; allowed: a number from %" PRId64,
                           json_real_value(value), parameter->minimum);
    }
    return SB_OK;
}

/* What an object gives for one parameter; NULL when absent or null. */
struct given {
    const json_t *by_name;
    const json_t *by_alias;
};

static enum sb_status unknown_key(const struct sb_parameter *table, struct place *place,
                                  struct sb_error *err)
{
    struct sb_suggestion suggestion;
    char meant[SB_SUGGESTION_SIZE];
    char allowed[ALLOWED_SIZE];

    sb_suggestion_init(&suggestion, place->key);
    for (const struct sb_parameter *known = table; known->name != NULL; known++) {
        sb_suggestion_offer(&suggestion, known->name);
        if (known->alias != NULL) {
            sb_suggestion_offer(&suggestion, known->alias);
        }
    }
    return place_error(place, err, "is unknown%s; allowed: %s",
                       sb_suggestion_text(&suggestion, meant), table_names(table, allowed));
}

/* `given[i]` = what there is for parameter i of the table. */
static enum sb_status sort_keys(const struct sb_parameter *table, const json_t *object,
                                struct place *place, struct given *given, struct sb_error *err)
{
    json_t *value;

    json_object_foreach((json_t *)object, place->key, value)
    {
        const json_t *said = json_is_null(value) ? NULL : value;
        int32_t i = 0;

        for (; table[i].name != NULL; i++) {
            if (strcmp(table[i].name, place->key) == 0) {
                given[i].by_name = said;
                break;
            }
            if (table[i].alias != NULL && strcmp(table[i].alias, place->key) == 0) {
                given[i].by_alias = said;
                break;
            }
        }
        if (table[i].name == NULL) {
            return unknown_key(table, place, err);
        }
    }
    return SB_OK;
}

static enum sb_status read_one(const struct sb_parameter *parameter, const struct given *given,
                               struct place *place, struct sb_argument *argument,
                               struct sb_error *err)
{
    const json_t *by_name = given->by_name;
    const json_t *by_alias = given->by_alias;
    char allowed[ALLOWED_SIZE];

    *argument = (struct sb_argument){.spelling = parameter->name, .value = by_name};
    place->key = parameter->name;
    if (by_name != NULL) {
        SB_TRY_RETURN(check_value(parameter, by_name, place, err));
    }
    if (by_alias != NULL) {
        place->key = parameter->alias;
        SB_TRY_RETURN(check_value(parameter, by_alias, place, err));
        if (by_name == NULL) {
            *argument = (struct sb_argument){.spelling = parameter->alias, .value = by_alias};
        } else if (!sb_argument_values_agree(by_name, by_alias)) {
            return place_error(place, err, "means the same as '%s', and the two differ; give one",
                               parameter->name);
        }
    }
    if (argument->value == NULL && parameter->is_required) {
        return place_error(place, err, "is missing; allowed: %s", kind_names(parameter, allowed));
    }
    return SB_OK;
}

enum sb_status sb_arguments_read(const struct sb_parameter *table, const json_t *object,
                                 const char *where, const char *noun, struct sb_argument *arguments,
                                 struct sb_error *err)
{
    struct place place = {.where = where, .noun = noun};
    struct given given[SB_PARAMETER_COUNT_MAX];
    const int32_t count = sb_parameter_count(table);

    memset(given, 0, (size_t)count * sizeof *given);
    SB_TRY_RETURN(sort_keys(table, object, &place, given, err));
    for (int32_t i = 0; i < count; i++) {
        SB_TRY_RETURN(read_one(&table[i], &given[i], &place, &arguments[i], err));
    }
    return SB_OK;
}

int32_t sb_parameter_count(const struct sb_parameter *table)
{
    int32_t count = 0;

    while (table[count].name != NULL) {
        count++;
    }
    sb_assert(count <= SB_PARAMETER_COUNT_MAX);
    return count;
}

bool sb_argument_values_agree(const json_t *a, const json_t *b)
{
    if (json_is_array(a) && json_array_size(a) == 1 && json_is_string(b)) {
        a = json_array_get(a, 0);
    } else if (json_is_array(b) && json_array_size(b) == 1 && json_is_string(a)) {
        b = json_array_get(b, 0);
    }
    return json_equal(a, b);
}

const char *sb_argument_text(const struct sb_argument *argument, const char *otherwise)
{
    return argument->value == NULL ? otherwise : json_string_value(argument->value);
}

int64_t sb_argument_integer(const struct sb_argument *argument, int64_t otherwise)
{
    return argument->value == NULL ? otherwise : json_integer_value(argument->value);
}

double sb_argument_number(const struct sb_argument *argument, double otherwise)
{
    return argument->value == NULL ? otherwise : json_number_value(argument->value);
}

bool sb_argument_bool(const struct sb_argument *argument, bool otherwise)
{
    return argument->value == NULL ? otherwise : json_is_true(argument->value);
}

enum sb_status sb_names_read(const json_t *value, struct sb_arena *arena, struct sb_names *out,
                             struct sb_error *err)
{
    size_t count = value == NULL ? 0 : json_is_array(value) ? json_array_size(value) : 1;

    *out = (struct sb_names){0};
    if (count == 0) {
        return SB_OK;
    }
    if (count > INT32_MAX) {
        return sb_error_set(err, SB_INVALID, "a list has more than %d items", INT32_MAX);
    }
    out->names = sb_arena_alloc(arena, count * sizeof *out->names);
    if (out->names == NULL) {
        return sb_error_no_memory(err, "a list of names", (int64_t)(count * sizeof *out->names));
    }
    out->count = (int32_t)count;
    for (size_t i = 0; i < count; i++) {
        out->names[i] = json_string_value(json_is_array(value) ? json_array_get(value, i) : value);
    }
    return SB_OK;
}
