// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate.c - one row per group: the grouping columns, then the result of each call.
 */
#include <inttypes.h>
#include <string.h>

#include "plan/nodes/aggregate_request_internal.h"
#include "plan/requirement.h"
#include "plan/suggestion_internal.h"

// Makes `type` a list of it.
static enum sb_status derive_list(const struct sb_node *node, struct sb_derivation *derivation,
                                  struct sb_type *type, struct sb_error *err)
{
    struct sb_field *item;

    SB_TRY_RETURN(sb_node_alloc(node, derivation, 1, sizeof *item, &item, err));
    *item = (struct sb_field){.name = "item", .type = *type, .is_nullable = true};
    *type = (struct sb_type){.id = SB_TYPE_LIST, .child_count = 1, .children = item};
    return SB_OK;
}

static enum sb_status derive_call(struct sb_node *node, struct sb_derivation *derivation,
                                  const struct sb_aggregate_wish *wish,
                                  struct sb_aggregate_call *call, struct sb_field *field,
                                  struct sb_error *err)
{
    const struct sb_schema *input = node->inputs[0]->schema;
    char shown[SB_SHORT_SIZE];
    char name[SB_TYPE_NAME_SIZE];

    call->name = wish->name;
    call->column = -1;
    SB_TRY_RETURN(sb_aggregate_function_find(node, wish, call, err));
    *field = (struct sb_field){.name = wish->name};
    if (strcmp(wish->column, "*") == 0) {
        if (call->function != SB_AGGREGATE_COUNT) {
            return sb_node_error(node, wish->parameter, SB_INVALID, err,
                                 "'*' is given to '%s'; allowed: '*' with count, a column with "
                                 "the others",
                                 wish->function);
        }
        call->function = SB_AGGREGATE_COUNT_ROWS;
        call->result = field->type = (struct sb_type){.id = SB_TYPE_INT64};
        return SB_OK;
    }
    SB_TRY_RETURN(sb_node_column(node, wish->parameter, input, wish->column, &call->column, err));
    if (!sb_aggregate_function_result(call->function, &input->fields[call->column].type,
                                      &call->result)) {
        return sb_node_error(node, wish->parameter, SB_INVALID, err,
                             "'%s' is %s; allowed with %s: %s", sb_short(wish->column, shown),
                             sb_type_name(&input->fields[call->column].type, name, sizeof name),
                             wish->function, sb_aggregate_function_takes(call->function));
    }
    if (call->function == SB_AGGREGATE_LIST) {
        SB_TRY_RETURN(derive_list(node, derivation, &call->result, err));
    }
    field->type = call->result;
    // Without keys there is a row even when no row came in; one value has no sample variance.
    field->is_nullable =
        !sb_aggregate_function_is_count(call->function) &&
        (input->fields[call->column].is_nullable || node->spec.aggregate.key_count == 0 ||
         call->function == SB_AGGREGATE_VARIANCE || call->function == SB_AGGREGATE_STDDEV);
    return SB_OK;
}

static enum sb_status derive_keys(struct sb_node *node, const struct sb_aggregate_request *request,
                                  struct sb_field *fields, struct sb_error *err)
{
    struct sb_aggregate_spec *spec = &node->spec.aggregate;
    const struct sb_schema *input = node->inputs[0]->schema;
    char shown[SB_SHORT_SIZE];

    spec->key_count = request->keys.count;
    for (int32_t i = 0; i < spec->key_count; i++) {
        SB_TRY_RETURN(sb_node_column(node, request->key_parameter, input, request->keys.names[i],
                                     &spec->keys[i], err));
        for (int32_t j = 0; j < i; j++) {
            if (spec->keys[j] == spec->keys[i]) {
                return sb_node_error(node, request->key_parameter, SB_INVALID, err,
                                     "names '%s' twice; name each column once",
                                     sb_short(request->keys.names[i], shown));
            }
        }
        fields[i] = input->fields[spec->keys[i]];
    }
    return SB_OK;
}

// Results at the end or as they change; input that does not end leaves no choice.
static enum sb_status derive_emit(struct sb_node *node, struct sb_error *err)
{
    const char *usual = node->endless_source != NULL ? "update" : "final";
    const char *emit = sb_argument_text(&node->arguments[SB_AGGREGATE_EMIT], usual);

    node->spec.aggregate.emits_updates = strcmp(emit, "update") == 0;
    if (node->spec.aggregate.emits_updates) {
        node->update_source = node;
    } else if (node->endless_source != NULL) {
        return sb_node_error(node, "emit", SB_INVALID, err,
                             "is 'final', and its input does not end, because of %s; allowed: "
                             "update, or `bounded: true` there",
                             node->endless_source->label);
    }
    return SB_OK;
}

static enum sb_status aggregate_derive(struct sb_node *node, struct sb_derivation *derivation,
                                       struct sb_error *err)
{
    struct sb_aggregate_spec *spec = &node->spec.aggregate;
    struct sb_aggregate_request request;
    struct sb_field *fields;
    int64_t count;

    SB_TRY_RETURN(sb_aggregate_request_read(node, derivation->arena, &request, err));
    count = (int64_t)request.keys.count + request.wish_count;
    SB_TRY_RETURN(sb_node_alloc(node, derivation, count, sizeof *fields, &fields, err));
    SB_TRY_RETURN(
        sb_node_alloc(node, derivation, request.keys.count, sizeof *spec->keys, &spec->keys, err));
    SB_TRY_RETURN(sb_node_alloc(node, derivation, request.wish_count, sizeof *spec->calls,
                                &spec->calls, err));
    SB_TRY_RETURN(derive_keys(node, &request, fields, err));
    spec->call_count = request.wish_count;
    for (int32_t i = 0; i < spec->call_count; i++) {
        SB_TRY_RETURN(derive_call(node, derivation, &request.wishes[i], &spec->calls[i],
                                  &fields[spec->key_count + i], err));
    }
    SB_TRY_RETURN(derive_emit(node, err));
    return sb_node_set_fields(node, derivation, fields, (int32_t)count,
                              "name the outputs with 'aggregations'", err);
}

/* Groups of a key come from rows of that key; a row of no group is not missed. */
static int32_t aggregate_tested_column(const struct sb_node *node, int32_t port, int32_t column)
{
    const struct sb_aggregate_spec *spec = &node->spec.aggregate;

    column = spec->outputs == NULL ? column : spec->outputs[column];
    return column < spec->key_count && sb_type_equal_is_same(&node->schema->fields[column].type)
               ? spec->keys[column]
               : -1;
}

static void aggregate_require(const struct sb_node *node, const bool *wanted, int32_t port,
                              bool *required)
{
    const struct sb_aggregate_spec *spec = &node->spec.aggregate;

    for (int32_t i = 0; i < spec->key_count; i++) {
        required[spec->keys[i]] = true;
    }
    for (int32_t i = 0; i < spec->call_count; i++) {
        if (spec->calls[i].column >= 0) {
            required[spec->calls[i].column] = true;
        }
    }
}

/* {out: [column, function]} of the wanted calls; one stays. NULL when out of memory. */
static json_t *calls_json(const struct sb_aggregate_request *request, const bool *wanted)
{
    json_t *calls = json_object();
    bool is_failed = calls == NULL;

    for (int32_t i = 0; i < request->wish_count && !is_failed; i++) {
        const struct sb_aggregate_wish *wish = &request->wishes[i];
        bool is_last = i + 1 == request->wish_count;

        if (wanted[request->keys.count + i] || (is_last && json_object_size(calls) == 0)) {
            is_failed =
                sb_details_add(calls, wish->name, json_pack("[s,s]", wish->column, wish->function));
        }
    }
    return sb_details_end(calls, is_failed);
}

/* The calls by name, and what else was given; NULL when out of memory. */
static json_t *parameters_of(const struct sb_node *node, json_t *calls)
{
    json_t *parameters = json_object();
    bool is_failed = parameters == NULL;
    const int32_t kept[] = {SB_AGGREGATE_KEY_BY, SB_AGGREGATE_EMIT};

    for (size_t i = 0; i < sizeof kept / sizeof *kept && !is_failed; i++) {
        const json_t *value = node->arguments[kept[i]].value;

        is_failed =
            value != NULL && json_object_set(parameters, sb_aggregate_parameters[kept[i]].name,
                                             (json_t *)(uintptr_t)value) != 0;
    }
    if (is_failed) {
        json_decref(calls);
        return sb_details_end(parameters, true);
    }
    return sb_details_end(parameters, sb_details_add(parameters, "aggregations", calls));
}

/* Without the calls that nobody wants. Of updates, every one is a row that somebody counts. */
static bool aggregate_narrow(const struct sb_node *node, const bool *wanted, json_t **narrowed)
{
    const struct sb_aggregate_spec *spec = &node->spec.aggregate;
    struct sb_aggregate_request request;
    struct sb_arena scratch;
    json_t *calls = NULL;
    bool is_failed;

    *narrowed = NULL;
    if (spec->emits_updates ||
        sb_columns_count(node->schema, wanted) == node->schema->field_count) {
        return true;
    }
    sb_arena_init(&scratch, sb_memory_global());
    is_failed = sb_aggregate_request_read(node, &scratch, &request, NULL) != SB_OK;
    if (!is_failed) {
        calls = calls_json(&request, wanted);
        is_failed = calls == NULL;
    }
    if (!is_failed && (int32_t)json_object_size(calls) < spec->call_count) {
        *narrowed = parameters_of(node, json_incref(calls));
        is_failed = *narrowed == NULL;
    }
    json_decref(calls);
    sb_arena_deinit(&scratch);
    return !is_failed;
}

// "price_sum = sum(price)" for each call.
static json_t *call_texts(const struct sb_aggregate_request *request)
{
    json_t *list = json_array();
    bool is_failed = list == NULL;

    for (int32_t i = 0; i < request->wish_count && !is_failed; i++) {
        const struct sb_aggregate_wish *wish = &request->wishes[i];

        is_failed = json_array_append_new(list, json_sprintf("%s = %s(%s)", wish->name,
                                                             wish->function, wish->column)) != 0;
    }
    return sb_details_end(list, is_failed);
}

static json_t *key_texts(const struct sb_aggregate_request *request)
{
    json_t *list = json_array();
    bool is_failed = list == NULL;

    for (int32_t i = 0; i < request->keys.count && !is_failed; i++) {
        is_failed = json_array_append_new(list, json_string(request->keys.names[i])) != 0;
    }
    return sb_details_end(list, is_failed);
}

static json_t *aggregate_details(const struct sb_node *node, bool is_streaming,
                                 struct sb_arena *scratch)
{
    struct sb_aggregate_request request;
    json_t *details;
    bool is_failed;

    if (sb_aggregate_request_read(node, scratch, &request, NULL) != SB_OK) {
        return sb_node_arguments_json(node);
    }
    details = json_object();
    is_failed = details == NULL || sb_details_add(details, "key_by", key_texts(&request)) ||
                sb_details_add(details, "calls", call_texts(&request));
    if (node->arguments[SB_AGGREGATE_EMIT].value != NULL) {
        is_failed =
            is_failed ||
            json_object_set(details, "emit",
                            (json_t *)(uintptr_t)node->arguments[SB_AGGREGATE_EMIT].value) != 0;
    }
    return sb_details_end(details, is_failed);
}

const struct sb_node_class sb_node_aggregate = {
    .name = "aggregate",
    .type = SB_NODE_AGGREGATE,
    .inputs_min = 1,
    .inputs_max = 1,
    .parameters = sb_aggregate_parameters,
    .derive = aggregate_derive,
    .require = aggregate_require,
    .narrow = aggregate_narrow,
    .tested_column = aggregate_tested_column,
    .details = aggregate_details,
};

/* Another name for the same. */
const struct sb_node_class sb_node_group_by = {
    .name = "group_by",
    .type = SB_NODE_AGGREGATE,
    .inputs_min = 1,
    .inputs_max = 1,
    .parameters = sb_aggregate_parameters,
    .derive = aggregate_derive,
    .require = aggregate_require,
    .narrow = aggregate_narrow,
    .tested_column = aggregate_tested_column,
    .details = aggregate_details,
};
