// SPDX-License-Identifier: Apache-2.0
#include "plan/nodes/order_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "plan/text.h"

/* One column as it was asked for. */
struct wish {
    const char *column;
    bool is_descending;
    bool nulls_first;
};

struct wishes {
    int32_t count;
    struct wish *wishes;
};

enum { COLUMN, DESCENDING, NULLS, KEY_COUNT };

static const char *const places_of_nulls[] = {"first", "last", NULL};

/* What an item of `by` may say when it is an object. */
static const struct sb_parameter keys[] = {
    [COLUMN] = {.name = "column", .kinds = SB_PARAMETER_TEXT, .is_required = true},
    [DESCENDING] = {.name = "descending", .kinds = SB_PARAMETER_BOOL},
    [NULLS] = {.name = "nulls", .kinds = SB_PARAMETER_TEXT, .choices = places_of_nulls},
    [KEY_COUNT] = {.name = NULL},
};

/* Item `index` of a parameter that is one value for all columns or a list with one for each. */
static enum sb_status argument_item(const struct sb_node *node, int32_t parameter, int32_t index,
                                    int32_t count, const json_t **out, struct sb_error *err)
{
    const struct sb_argument *argument = &node->arguments[parameter];

    *out = argument->value;
    if (!json_is_array(argument->value)) {
        return SB_OK;
    }
    if (json_array_size(argument->value) != (size_t)count) {
        return sb_node_error(node, argument->spelling, SB_INVALID, err,
                             "has %zu items, and 'by' names %" PRId32
                             " columns; give one item for each column, or one value for all",
                             json_array_size(argument->value), count);
    }
    *out = json_array_get(argument->value, (size_t)index);
    return SB_OK;
}

static enum sb_status read_directions(const struct sb_node *node, int32_t index, int32_t count,
                                      struct wish *wish, struct sb_error *err)
{
    const json_t *descending;
    const json_t *nulls;
    char shown[SB_SHORT_SIZE];

    SB_TRY_RETURN(argument_item(node, SB_ORDER_DESCENDING, index, count, &descending, err));
    SB_TRY_RETURN(argument_item(node, SB_ORDER_NULLS, index, count, &nulls, err));
    if (descending != NULL && !json_is_boolean(descending)) {
        return sb_node_error(node, "descending", SB_INVALID, err,
                             "item %" PRId32 " of the list is not true or false", index);
    }
    if (nulls != NULL && (!json_is_string(nulls) || (strcmp(json_string_value(nulls), "first") &&
                                                     strcmp(json_string_value(nulls), "last")))) {
        return sb_node_error(node, "nulls", SB_INVALID, err, "is '%s'; allowed: first, last",
                             json_is_string(nulls) ? sb_short(json_string_value(nulls), shown)
                                                   : "not text");
    }
    wish->is_descending = json_is_true(descending);
    wish->nulls_first = nulls != NULL && strcmp(json_string_value(nulls), "first") == 0;
    return SB_OK;
}

static enum sb_status read_object(const struct sb_node *node, const json_t *item, int32_t index,
                                  struct wish *wish, struct sb_error *err)
{
    struct sb_argument arguments[KEY_COUNT];
    char where[SB_SHORT_SIZE * 2];

    snprintf(where, sizeof where, "%s: parameter 'by': item %" PRId32, node->label, index);
    SB_TRY_RETURN(sb_arguments_read(keys, item, where, "key", arguments, err));
    wish->column = sb_argument_text(&arguments[COLUMN], NULL);
    wish->is_descending = sb_argument_bool(&arguments[DESCENDING], wish->is_descending);
    if (arguments[NULLS].value != NULL) {
        wish->nulls_first = strcmp(sb_argument_text(&arguments[NULLS], "last"), "first") == 0;
    }
    return SB_OK;
}

static enum sb_status read_wishes(const struct sb_node *node, struct sb_arena *arena,
                                  struct wishes *out, struct sb_error *err)
{
    const json_t *by = node->arguments[SB_ORDER_BY].value;
    size_t count = json_is_array(by) ? json_array_size(by) : 1;

    if (count == 0 || count > INT32_MAX) {
        return sb_node_error(node, "by", SB_INVALID, err, "is empty; name at least one column");
    }
    out->count = (int32_t)count;
    out->wishes = sb_arena_alloc_zeroed(arena, count * sizeof *out->wishes);
    if (out->wishes == NULL) {
        return sb_node_no_memory(node, err, count * sizeof *out->wishes);
    }
    for (int32_t i = 0; i < out->count; i++) {
        const json_t *item = json_is_array(by) ? json_array_get(by, (size_t)i) : by;

        SB_TRY_RETURN(read_directions(node, i, out->count, &out->wishes[i], err));
        if (json_is_object(item)) {
            SB_TRY_RETURN(read_object(node, item, i, &out->wishes[i], err));
        } else if (json_is_string(item)) {
            out->wishes[i].column = json_string_value(item);
        } else {
            return sb_node_error(node, "by", SB_INVALID, err,
                                 "item %" PRId32 " of the list is neither text nor an object; "
                                 "allowed: the name of a column, or {\"column\", \"descending\", "
                                 "\"nulls\"}",
                                 i);
        }
    }
    return SB_OK;
}

/* Lists, structs and maps are ordered by what is in them; only intervals have no order. */
static bool is_sortable(const struct sb_type *type)
{
    type = sb_type_value(type);
    if (!sb_type_is_nested(type->id)) {
        return sb_type_is_ordered(type);
    }
    for (int32_t i = 0; i < type->child_count; i++) {
        if (!is_sortable(&type->children[i].type)) {
            return false;
        }
    }
    return true;
}

static enum sb_status derive_key(const struct sb_node *node, const struct wishes *wishes,
                                 int32_t index, struct sb_order_spec *spec, struct sb_error *err)
{
    const struct wish *wish = &wishes->wishes[index];
    const struct sb_schema *input = node->inputs[0]->schema;
    struct sb_order_key *key = &spec->keys[index];
    char shown[SB_SHORT_SIZE];
    char type[SB_TYPE_NAME_SIZE];

    *key = (struct sb_order_key){
        .is_descending = wish->is_descending,
        .nulls_first = wish->nulls_first,
    };
    SB_TRY_RETURN(sb_node_column(node, "by", input, wish->column, &key->column, err));
    for (int32_t i = 0; i < index; i++) {
        if (spec->keys[i].column == key->column) {
            return sb_node_error(node, "by", SB_INVALID, err,
                                 "names '%s' twice; name each column once",
                                 sb_short(wish->column, shown));
        }
    }
    if (!is_sortable(&input->fields[key->column].type)) {
        return sb_node_error(
            node, "by", SB_INVALID, err,
            "'%s' is %s, which rows cannot be ordered by: intervals have no order, for a month is "
            "no number of days; allowed: every other type, and lists and structs of them",
            sb_short(wish->column, shown),
            sb_type_name(&input->fields[key->column].type, type, sizeof type));
    }
    return SB_OK;
}

enum sb_status sb_order_derive(struct sb_node *node, struct sb_derivation *derivation,
                               struct sb_order_spec *spec, struct sb_error *err)
{
    struct wishes wishes;

    if (node->endless_source != NULL) {
        return sb_node_error(node, NULL, SB_INVALID, err,
                             "its first row may be the last one that comes, and %s never ends; "
                             "allowed: sources that end (bounded: true, or mode batch)",
                             node->endless_source->label);
    }
    SB_TRY_RETURN(read_wishes(node, derivation->arena, &wishes, err));
    spec->key_count = wishes.count;
    SB_TRY_RETURN(
        sb_node_alloc(node, derivation, wishes.count, sizeof *spec->keys, &spec->keys, err));
    for (int32_t i = 0; i < wishes.count; i++) {
        SB_TRY_RETURN(derive_key(node, &wishes, i, spec, err));
    }
    return SB_OK;
}

void sb_order_require(const struct sb_node *node, const struct sb_order_spec *spec,
                      const bool *wanted, bool *required)
{
    for (int32_t i = 0; i < node->schema->field_count; i++) {
        required[i] = required[i] || wanted[i];
    }
    for (int32_t i = 0; i < spec->key_count; i++) {
        required[spec->keys[i].column] = true;
    }
}

bool sb_order_details(const struct sb_node *node, json_t *details, struct sb_arena *scratch)
{
    struct wishes wishes;
    json_t *by;
    bool is_failed;

    if (node->arguments[SB_ORDER_BY].value == NULL ||
        read_wishes(node, scratch, &wishes, NULL) != SB_OK) {
        json_t *given = sb_node_arguments_json(node);
        is_failed = given == NULL || json_object_update(details, given) != 0;
        json_decref(given);
        return is_failed;
    }
    by = json_array();
    is_failed = by == NULL;
    for (int32_t i = 0; i < wishes.count && !is_failed; i++) {
        const struct wish *wish = &wishes.wishes[i];
        const char *text = sb_arena_format(scratch, "%s%s%s", wish->column,
                                           wish->is_descending ? " descending" : "",
                                           wish->nulls_first ? " nulls first" : "");
        is_failed = text == NULL || json_array_append_new(by, json_string(text)) != 0;
    }
    return sb_details_add(details, "by", by) || is_failed;
}
