// SPDX-License-Identifier: Apache-2.0
/*
 * fused.c - filters, maps and selects one behind the other, as one operator.
 *
 * The optimizer draws it. Each step is an operator of the wire form without edges, read by its own
 * class; a copy is derived on what the step before it gives. So a step means what it meant alone.
 */
#include <inttypes.h>
#include <string.h>

#include "plan/graph_internal.h"
#include "plan/node_class.h"
#include "plan/requirement.h"
#include "plan/text.h"

enum { STEPS, PARAMETER_COUNT };

static const struct sb_parameter parameters[] = {
    [STEPS] = {.name = "steps", .kinds = SB_PARAMETER_LIST, .is_required = true},
    [PARAMETER_COUNT] = {.name = NULL},
};

enum { STEP_TYPE, STEP_ID, STEP_NAME, STEP_PARAMETERS, STEP_KEY_COUNT };

static const struct sb_parameter step_keys[] = {
    [STEP_TYPE] = {.name = "operator_type", .kinds = SB_PARAMETER_TEXT, .is_required = true},
    [STEP_ID] = {.name = "operator_id", .kinds = SB_PARAMETER_TEXT},
    [STEP_NAME] = {.name = "name", .kinds = SB_PARAMETER_TEXT},
    [STEP_PARAMETERS] = {.name = "parameters", .kinds = SB_PARAMETER_OBJECT},
    [STEP_KEY_COUNT] = {.name = NULL},
};

static enum sb_status step_arguments(struct sb_node *step, const json_t *given,
                                     struct sb_arena *arena, struct sb_error *err)
{
    const struct sb_parameter *table = step->class->parameters;
    const size_t size = (size_t)(sb_parameter_count(table) + 1) * sizeof(struct sb_argument);
    struct sb_argument *arguments = sb_arena_alloc_zeroed(arena, size);
    json_t *none = given == NULL ? json_object() : NULL;
    enum sb_status status;

    if (arguments == NULL || (given == NULL && none == NULL)) {
        json_decref(none);
        return sb_node_no_memory(step, err, size);
    }
    step->arguments = arguments;
    status = sb_arguments_read(table, given == NULL ? none : given, step->label, "parameter",
                               arguments, err);
    json_decref(none);
    return status;
}

/* A node in no graph, without inputs yet. `where` begins the message. */
static enum sb_status step_read(const struct sb_node *node, const json_t *json, const char *where,
                                struct sb_arena *arena, struct sb_node **out, struct sb_error *err)
{
    struct sb_node *step = sb_arena_alloc_zeroed(arena, sizeof *step);
    struct sb_argument keys[STEP_KEY_COUNT];
    char shown[SB_SHORT_SIZE];
    const char *type;

    if (step == NULL) {
        return sb_node_no_memory(node, err, sizeof *step);
    }
    if (!json_is_object(json)) {
        return sb_error_set(err, SB_INVALID,
                            "%s: is no object; allowed: {\"operator_type\": ..., \"operator_id\": "
                            "..., \"name\": ..., \"parameters\": ...}",
                            where);
    }
    SB_TRY_RETURN(sb_arguments_read(step_keys, json, where, "key", keys, err));
    type = sb_argument_text(&keys[STEP_TYPE], NULL);
    step->id = sb_argument_text(&keys[STEP_ID], type);
    step->name = sb_argument_text(&keys[STEP_NAME], step->id);
    SB_TRY_RETURN(sb_node_class_find(type, step->name, &step->class, err));
    if (step->class->step == NULL) {
        return sb_error_set(err, SB_INVALID,
                            "%s: an operator of type '%s' can be no step; allowed: filter, map and "
                            "select, without functions",
                            where, step->class->name);
    }
    step->index = -1;
    step->type = step->class->type;
    step->type_name = step->class->name;
    step->parameters = (json_t *)keys[STEP_PARAMETERS].value;
    step->label =
        sb_arena_format(arena, "operator '%s' (%s)", sb_short(step->name, shown), step->type_name);
    if (step->label == NULL) {
        return sb_node_no_memory(node, err, sizeof *step);
    }
    *out = step;
    return step_arguments(step, keys[STEP_PARAMETERS].value, arena, err);
}

static void schema_release(void *schema)
{
    sb_schema_release(schema);
}

/* A copy of a step, derived behind `input`; its schema lives as long as what is derived. */
static enum sb_status step_derive(const struct sb_node *read, struct sb_node *input,
                                  struct sb_derivation *derivation, struct sb_node **out,
                                  struct sb_error *err)
{
    struct sb_node *step;
    enum sb_status status;

    SB_TRY_RETURN(sb_node_alloc(read, derivation, 1, sizeof *step, &step, err));
    *step = (struct sb_node){
        .type = read->type,
        .index = -1,
        .id = read->id,
        .name = read->name,
        .type_name = read->type_name,
        .parameters = read->parameters,
        .label = read->label,
        .class = read->class,
        .arguments = read->arguments,
        .input_count = 1,
    };
    SB_TRY_RETURN(sb_node_alloc(step, derivation, 1, sizeof(struct sb_node *), &step->inputs, err));
    step->inputs[0] = input;
    *out = step;
    status = sb_node_derive(step, derivation, err);
    if (status == SB_OK && sb_arena_on_end(derivation->arena, schema_release, step->schema)) {
        return SB_OK;
    }
    sb_schema_release(step->schema);
    return status == SB_OK ? sb_node_no_memory(step, err, sizeof step->schema) : status;
}

static enum sb_status fused_read(struct sb_node *node, struct sb_arena *arena, struct sb_error *err)
{
    const json_t *list = node->arguments[STEPS].value;
    const int32_t count = (int32_t)json_array_size(list);
    char where[2 * SB_SHORT_SIZE];

    if (count == 0) {
        return sb_node_error(node, "steps", SB_INVALID, err, "is empty; name at least one");
    }
    node->steps = sb_arena_alloc_zeroed(arena, (size_t)count * sizeof *node->steps);
    if (node->steps == NULL) {
        return sb_node_no_memory(node, err, (size_t)count * sizeof *node->steps);
    }
    node->step_count = count;
    for (int32_t i = 0; i < count; i++) {
        snprintf(where, sizeof where, "%s: parameter 'steps': item %" PRId32, node->label, i);
        SB_TRY_RETURN(
            step_read(node, json_array_get(list, (size_t)i), where, arena, &node->steps[i], err));
    }
    return SB_OK;
}

static enum sb_status fused_derive(struct sb_node *node, struct sb_derivation *derivation,
                                   struct sb_error *err)
{
    struct sb_fused_spec *spec = &node->spec.fused;
    const int32_t count = node->step_count;
    struct sb_pipeline_step *steps;
    struct sb_node *input = node->inputs[0];

    SB_TRY_RETURN(sb_node_alloc(node, derivation, count, sizeof *steps, &steps, err));
    SB_TRY_RETURN(sb_node_alloc(node, derivation, count, sizeof *spec->steps, &spec->steps, err));
    spec->step_count = count;
    for (int32_t i = 0; i < count; i++) {
        SB_TRY_RETURN(step_derive(node->steps[i], input, derivation, &spec->steps[i], err));
        input = spec->steps[i];
        (void)input->class->step(input, &steps[i]); // without functions
    }
    if (!derivation->is_draft) {
        SB_TRY_RETURN(sb_pipeline_compile(steps, count, node->inputs[0]->schema->field_count,
                                          derivation->arena, &spec->pipeline, err));
    }
    node->schema = sb_schema_retain(input->schema);
    return SB_OK;
}

/* A SELECT among the steps names its columns, wanted or not: it is not narrowed as one alone is. */
static void step_require(const struct sb_node *step, bool *wanted, bool *required)
{
    if (step->type == SB_NODE_SELECT) {
        memset(wanted, true, (size_t)step->schema->field_count);
    }
    step->class->require(step, wanted, 0, required);
}

static void fused_require(const struct sb_node *node, const bool *wanted, int32_t port,
                          bool *required)
{
    sb_steps_require(node, step_require, wanted, required);
}

/* The texts of a detail, one behind the other. */
static void value_text(struct sb_text *text, const json_t *value)
{
    if (json_is_string(value)) {
        sb_text_append(text, json_string_value(value), json_string_length(value));
        return;
    }
    if (!json_is_array(value)) {
        sb_text_append_json(text, value, JSON_ENCODE_ANY | JSON_COMPACT);
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (i > 0) {
            sb_text_format(text, ", ");
        }
        value_text(text, json_array_get(value, i));
    }
}

/* "filter price > 10", "map total = price * quantity; keep: false". NULL when out of memory. */
static json_t *step_text(const struct sb_node *step, struct sb_arena *scratch)
{
    json_t *details = step->class->details(step, false, scratch);
    struct sb_text text = {.memory = scratch->memory};
    const char *separator = " ";
    json_t *out = NULL;
    const char *key;
    json_t *value;
    char *words;

    if (details == NULL) {
        return NULL;
    }
    sb_text_format(&text, "%s", step->type_name);
    json_object_foreach(details, key, value)
    {
        sb_text_format(&text, "%s", separator);
        if (separator[0] == ';') {
            sb_text_format(&text, "%s: ", key);
        }
        separator = "; ";
        value_text(&text, value);
    }
    json_decref(details);
    if (sb_text_finish(&text, &words, NULL) == SB_OK) {
        out = json_string(words);
        sb_string_free(words);
    }
    return out;
}

static json_t *fused_details(const struct sb_node *node, bool is_streaming,
                             struct sb_arena *scratch)
{
    json_t *details = json_object();
    json_t *texts = json_array();
    bool is_failed = details == NULL || texts == NULL;

    for (int32_t i = 0; i < node->step_count && !is_failed; i++) {
        is_failed = json_array_append_new(texts, step_text(node->steps[i], scratch)) != 0;
    }
    if (is_failed) {
        json_decref(texts);
        return sb_details_end(details, true);
    }
    return sb_details_end(details, sb_details_add(details, "steps", texts));
}

const struct sb_node_class sb_node_fused = {
    .name = "fused",
    .type = SB_NODE_FUSED,
    .inputs_min = 1,
    .inputs_max = 1,
    .parameters = parameters,
    .takes_updates = true, // its steps say whether they do
    .read = fused_read,
    .derive = fused_derive,
    .require = fused_require,
    .details = fused_details,
};
