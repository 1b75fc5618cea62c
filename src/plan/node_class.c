// SPDX-License-Identifier: Apache-2.0
/*
 * node_class.c - the node types there are, and what all of them need.
 */
#include "plan/node_class.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columnar/arrow.h"
#include "plan/suggestion_internal.h"

static const struct sb_node_class *const classes[] = {
    &sb_node_source, &sb_node_sink,      &sb_node_filter,    &sb_node_map,      &sb_node_select,
    &sb_node_union,  &sb_node_hash_join, &sb_node_aggregate, &sb_node_group_by, &sb_node_distinct,
    &sb_node_limit,  &sb_node_custom,    &sb_node_reduce,    &sb_node_flat_map, &sb_node_sort,
    &sb_node_top_n,  &sb_node_fused,
};

// Types that a later version runs.
static const char *const later_types[] = {
    "tumbling_window", "sliding_window", "session_window", "interval_join", "asof_join",
};

const char *const sb_function_jit_choices[] = {"auto", "off", "scalar", "array", NULL};
const char *const sb_function_on_error_choices[] = {"fail", "skip", "dead_letter", NULL};

enum { CLASS_COUNT = sizeof classes / sizeof classes[0] };
enum { LATER_COUNT = sizeof later_types / sizeof later_types[0] };

enum sb_status sb_node_class_find(const char *type_name, const char *name,
                                  const struct sb_node_class **out, struct sb_error *err)
{
    struct sb_suggestion suggestion;
    char meant[SB_SUGGESTION_SIZE];
    char shown_type[SB_SHORT_SIZE];
    char shown_name[SB_SHORT_SIZE];
    char known[512] = "";

    for (size_t i = 0; i < CLASS_COUNT; i++) {
        if (strcmp(classes[i]->name, type_name) == 0) {
            *out = classes[i];
            return SB_OK;
        }
    }
    sb_suggestion_init(&suggestion, type_name);
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        size_t size = strlen(known);

        sb_suggestion_offer(&suggestion, classes[i]->name);
        snprintf(known + size, sizeof known - size, "%s%s", i == 0 ? "" : ", ", classes[i]->name);
    }
    for (size_t i = 0; i < LATER_COUNT; i++) {
        if (strcmp(later_types[i], type_name) == 0) {
            return sb_error_set(err, SB_UNSUPPORTED,
                                "operator '%s' (%s): this version does not run operators of type "
                                "'%s' yet; those it runs: %s",
                                sb_short(name, shown_name), type_name, type_name, known);
        }
        sb_suggestion_offer(&suggestion, later_types[i]);
    }
    return sb_error_set(err, SB_INVALID,
                        "operator '%s': key 'operator_type': '%s' is unknown%s; allowed: %s",
                        sb_short(name, shown_name), sb_short(type_name, shown_type),
                        sb_suggestion_text(&suggestion, meant), known);
}

enum sb_status sb_node_error(const struct sb_node *node, const char *parameter,
                             enum sb_status status, struct sb_error *err, const char *format, ...)
{
    char what[sizeof err->message];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (parameter == NULL) {
        return sb_error_set(err, status, "%s: %s", node->label, what);
    }
    return sb_error_set(err, status, "%s: parameter '%s': %s", node->label, parameter, what);
}

enum sb_status sb_node_no_memory(const struct sb_node *node, struct sb_error *err, size_t size)
{
    return sb_error_no_memory(err, node->label, (int64_t)size);
}

enum sb_status sb_node_alloc(const struct sb_node *node, struct sb_derivation *derivation,
                             int64_t count, size_t size, void *out, struct sb_error *err)
{
    // An empty list still has an address.
    size_t bytes = (count == 0 ? 1 : (size_t)count) * size;
    void *allocated = sb_arena_alloc_zeroed(derivation->arena, bytes);

    if (allocated == NULL) {
        return sb_node_no_memory(node, err, bytes);
    }
    memcpy(out, &allocated, sizeof allocated);
    return SB_OK;
}

enum sb_status sb_derivation_bind(const struct sb_derivation *derivation, struct sb_arena *arena,
                                  const struct sb_expr *expr, const struct sb_schema *schema,
                                  const struct sb_bound_expr **out, struct sb_error *err)
{
    return derivation->is_draft ? sb_expr_resolve(expr, schema, arena, out, err)
                                : sb_expr_bind(expr, schema, arena, out, err);
}

enum sb_status sb_node_names(const struct sb_node *node, const struct sb_argument *argument,
                             struct sb_arena *arena, struct sb_names *out, struct sb_error *err)
{
    enum sb_status status = sb_names_read(argument->value, arena, out, err);

    if (status != SB_OK) {
        sb_error_prefix(err, "%s: parameter '%s'", node->label, argument->spelling);
    }
    return status;
}

enum sb_status sb_node_column(const struct sb_node *node, const char *parameter,
                              const struct sb_schema *schema, const char *column, int32_t *index,
                              struct sb_error *err)
{
    struct sb_suggestion suggestion;
    char meant[SB_SUGGESTION_SIZE];
    char shown[SB_SHORT_SIZE];
    char columns[512];

    *index = sb_schema_index(schema, column);
    if (*index >= 0) {
        return SB_OK;
    }
    sb_suggestion_init(&suggestion, column);
    sb_suggestion_offer_columns(&suggestion, schema);
    return sb_node_error(node, parameter, SB_INVALID, err, "there is no column '%s'%s; columns: %s",
                         sb_short(column, shown), sb_suggestion_text(&suggestion, meant),
                         sb_schema_text(schema, columns, sizeof columns));
}

int32_t sb_tested_column_same(const struct sb_node *node, int32_t port, int32_t column)
{
    return column;
}

bool sb_type_equal_is_same(const struct sb_type *type)
{
    if (sb_type_is_float(type->id) || type->id == SB_TYPE_FLOAT16) {
        return false;
    }
    for (int32_t i = 0; i < type->child_count; i++) {
        if (!sb_type_equal_is_same(&type->children[i].type)) {
            return false;
        }
    }
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum sb_status check_names(const struct sb_node *node, struct sb_derivation *derivation,
                                  const struct sb_field *fields, int32_t count,
                                  const char *how_to_fix, struct sb_error *err)
{
    char shown[SB_SHORT_SIZE];
    const char **names = NULL;

    SB_TRY_RETURN(sb_node_alloc(node, derivation, count, sizeof *names, &names, err));
    for (int32_t i = 0; i < count; i++) {
        names[i] = fields[i].name;
    }
    qsort(names, (size_t)count, sizeof *names, compare_names);
    for (int32_t i = 1; i < count; i++) {
        if (strcmp(names[i - 1], names[i]) == 0) {
            return sb_node_error(node, NULL, SB_INVALID, err,
                                 "its rows would have two columns named '%s'; %s",
                                 sb_short(names[i], shown), how_to_fix);
        }
    }
    return SB_OK;
}

enum sb_status sb_node_set_fields(struct sb_node *node, struct sb_derivation *derivation,
                                  const struct sb_field *fields, int32_t count,
                                  const char *how_to_fix, struct sb_error *err)
{
    sb_assert(node->schema == NULL);
    SB_TRY_RETURN(check_names(node, derivation, fields, count, how_to_fix, err));
    return sb_schema_create(sb_memory_global(), fields, count, &node->schema, err);
}

enum sb_status sb_node_set_schema(struct sb_node *node, struct sb_derivation *derivation,
                                  struct sb_schema *schema, const char *how_to_fix,
                                  struct sb_error *err)
{
    sb_assert(node->schema == NULL);
    SB_TRY_RETURN(
        check_names(node, derivation, schema->fields, schema->field_count, how_to_fix, err));
    node->schema = sb_schema_retain(schema);
    return SB_OK;
}

enum sb_status sb_node_resolve(const struct sb_node *node, struct sb_derivation *derivation,
                               struct sb_schema **out, struct sb_error *err)
{
    struct ArrowSchema input = {0};
    struct ArrowSchema output = {0};
    struct sb_error own = {0};
    enum sb_status status;

    if (derivation->resolver == NULL) {
        return sb_node_error(node, NULL, SB_INVALID, err,
                             "runs a function, and nobody tells its output columns; pass a schema "
                             "resolver to sb_graph_validate()");
    }
    SB_TRY_RETURN(sb_schema_export(node->inputs[0]->schema, &input, err));
    status = derivation->resolver(derivation->context, node->id, &input, &output, &own);
    if (status != SB_OK) {
        sb_node_error(node, NULL, status, err, "%s",
                      own.message[0] == '\0' ? "the schema of its function is not known"
                                             : own.message);
        goto out;
    }
    if (output.release == NULL) {
        status = sb_node_error(node, NULL, SB_INVALID, err,
                               "the schema resolver gave no schema for its function");
        goto out;
    }
    status = sb_schema_import(sb_memory_global(), &output, out, err);
    if (status != SB_OK) {
        sb_error_prefix(err, "%s", node->label);
    }
out:
    if (output.release != NULL) {
        output.release(&output);
    }
    if (input.release != NULL) {
        input.release(&input);
    }
    return status;
}

json_t *sb_node_arguments_json(const struct sb_node *node)
{
    const struct sb_parameter *table = node->class->parameters;
    json_t *details = json_object();
    bool is_failed = details == NULL;

    for (int32_t i = 0; table != NULL && table[i].name != NULL; i++) {
        if (node->arguments[i].value != NULL) {
            is_failed |=
                json_object_set(details, table[i].name, (json_t *)node->arguments[i].value) != 0;
        }
    }
    return sb_details_end(details, is_failed);
}
