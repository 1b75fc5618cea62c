// SPDX-License-Identifier: Apache-2.0
#include "plan/nodes/aggregate_request_internal.h"

#include <inttypes.h>
#include <string.h>

enum { CALL_COUNT_MAX = 100000 };

static const char *const emits[] = {"final", "update", NULL};

const struct sb_parameter sb_aggregate_parameters[] = {
    [SB_AGGREGATE_KEY_BY] = {.name = "key_by",
                             .alias = "group_by",
                             .kinds = SB_PARAMETER_TEXT | SB_PARAMETER_TEXTS},
    [SB_AGGREGATE_AGGREGATE] = {.name = "aggregate",
                                .kinds = SB_PARAMETER_TEXT | SB_PARAMETER_TEXTS},
    [SB_AGGREGATE_COLUMN] = {.name = "column",
                             .alias = "aggregate_column",
                             .kinds = SB_PARAMETER_TEXT | SB_PARAMETER_TEXTS},
    [SB_AGGREGATE_AGGREGATIONS] = {.name = "aggregations", .kinds = SB_PARAMETER_OBJECT},
    [SB_AGGREGATE_EMIT] = {.name = "emit", .kinds = SB_PARAMETER_TEXT, .choices = emits},
    [SB_AGGREGATE_PARAMETER_COUNT] = {.name = NULL},
};

static enum sb_status read_keys(const struct sb_node *node, struct sb_arena *arena,
                                struct sb_aggregate_request *out, struct sb_error *err)
{
    const struct sb_argument *argument = &node->arguments[SB_AGGREGATE_KEY_BY];
    struct sb_argument keys = *argument;

    if (keys.value == NULL) {
        keys = (struct sb_argument){.spelling = "key_by", .value = node->key_by};
    } else if (node->key_by != NULL && !sb_argument_values_agree(node->key_by, keys.value)) {
        return sb_node_error(node, keys.spelling, SB_INVALID, err,
                             "means the same as the operator's own key_by, and the two differ; "
                             "give one");
    }
    out->key_parameter = keys.spelling;
    return sb_node_names(node, &keys, arena, &out->keys, err);
}

static enum sb_status alloc_wishes(const struct sb_node *node, struct sb_arena *arena, size_t count,
                                   struct sb_aggregate_request *out, struct sb_error *err)
{
    size_t size = (count + 1) * sizeof *out->wishes;

    out->wishes = sb_arena_alloc_zeroed(arena, size);
    return out->wishes == NULL ? sb_node_no_memory(node, err, size) : SB_OK;
}

// {out: [column, function]}
static enum sb_status read_aggregations(const struct sb_node *node, struct sb_arena *arena,
                                        struct sb_aggregate_request *out, struct sb_error *err)
{
    json_t *aggregations = (json_t *)node->arguments[SB_AGGREGATE_AGGREGATIONS].value;
    const char *name;
    json_t *pair;

    SB_TRY_RETURN(alloc_wishes(node, arena, json_object_size(aggregations), out, err));
    json_object_foreach(aggregations, name, pair)
    {
        const char *column = json_string_value(json_array_get(pair, 0));
        const char *function = json_string_value(json_array_get(pair, 1));

        if (json_array_size(pair) != 2 || column == NULL || function == NULL) {
            return sb_node_error(node, "aggregations", SB_INVALID, err,
                                 "'%.100s' is not a pair; allowed: [column, function]", name);
        }
        out->wishes[out->wish_count++] = (struct sb_aggregate_wish){
            .name = name,
            .function = function,
            .column = column,
            .parameter = "aggregations",
        };
    }
    return SB_OK;
}

// "price_sum"; "count" for rows. NULL when out of memory.
static const char *default_name(const char *column, const char *function, struct sb_arena *arena)
{
    if (strcmp(column, "*") == 0) {
        return function;
    }
    return sb_arena_format(arena, "%s_%s", column, function);
}

// Functions over columns, every combination.
static enum sb_status read_product(const struct sb_node *node, struct sb_arena *arena,
                                   struct sb_aggregate_request *out, struct sb_error *err)
{
    const struct sb_argument *functions = &node->arguments[SB_AGGREGATE_AGGREGATE];
    const struct sb_argument *columns = &node->arguments[SB_AGGREGATE_COLUMN];
    struct sb_names function_names;
    struct sb_names column_names;
    static const char *rows[] = {"*"};
    int64_t count;

    SB_TRY_RETURN(sb_node_names(node, functions, arena, &function_names, err));
    SB_TRY_RETURN(sb_node_names(node, columns, arena, &column_names, err));
    if (columns->value == NULL && function_names.count == 1 &&
        strcmp(function_names.names[0], "count") == 0) {
        column_names = (struct sb_names){.count = 1, .names = rows};
    }
    if (function_names.count > 0 && column_names.count == 0) {
        return sb_node_error(node, columns->spelling, SB_INVALID, err,
                             "is missing or empty; name the columns to aggregate, or '*' to count "
                             "rows");
    }
    count = (int64_t)function_names.count * column_names.count;
    if (count > CALL_COUNT_MAX) {
        return sb_node_error(node, functions->spelling, SB_INVALID, err,
                             "asks for %" PRId64 " results; allowed: at most %d", count,
                             CALL_COUNT_MAX);
    }
    SB_TRY_RETURN(alloc_wishes(node, arena, (size_t)count, out, err));
    for (int32_t c = 0; c < column_names.count; c++) {
        for (int32_t f = 0; f < function_names.count; f++) {
            struct sb_aggregate_wish *wish = &out->wishes[out->wish_count++];

            wish->function = function_names.names[f];
            wish->column = column_names.names[c];
            wish->parameter = columns->spelling;
            wish->name = default_name(wish->column, wish->function, arena);
            if (wish->name == NULL) {
                return sb_node_no_memory(node, err, SB_MEMORY_ALIGNMENT);
            }
        }
    }
    return SB_OK;
}

enum sb_status sb_aggregate_request_read(const struct sb_node *node, struct sb_arena *arena,
                                         struct sb_aggregate_request *out, struct sb_error *err)
{
    const struct sb_argument *aggregate = &node->arguments[SB_AGGREGATE_AGGREGATE];
    const struct sb_argument *column = &node->arguments[SB_AGGREGATE_COLUMN];
    bool is_named = node->arguments[SB_AGGREGATE_AGGREGATIONS].value != NULL;

    *out = (struct sb_aggregate_request){0};
    SB_TRY_RETURN(read_keys(node, arena, out, err));
    if (is_named && (aggregate->value != NULL || column->value != NULL)) {
        return sb_node_error(node, "aggregations", SB_INVALID, err,
                             "does not go with '%s'; allowed: aggregations, or aggregate with "
                             "column",
                             aggregate->value != NULL ? aggregate->spelling : column->spelling);
    }
    if (!is_named && aggregate->value == NULL) {
        return sb_node_error(node, "aggregate", SB_INVALID, err,
                             "is missing; allowed: a function or a list of functions, or "
                             "aggregations");
    }
    SB_TRY_RETURN(is_named ? read_aggregations(node, arena, out, err)
                           : read_product(node, arena, out, err));
    if (out->wish_count == 0) {
        return sb_node_error(node, is_named ? "aggregations" : "aggregate", SB_INVALID, err,
                             "is empty; ask for at least one function");
    }
    return SB_OK;
}
