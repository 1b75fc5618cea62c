// SPDX-License-Identifier: Apache-2.0
/*
 * scan.c - `filters` and `columns` of a source. Its splits deliver columns to read; it emits the
 * rows that pass, and of these the columns that are asked for.
 */
#include <string.h>

#include "plan/nodes/source_internal.h"

/* Appends `part`; of a conjunction, what it is made of. False when out of memory. */
static bool append_conjuncts(json_t *list, const json_t *part)
{
    const json_t *call = json_object_get(part, "call");
    const json_t *args = json_object_get(part, "args");
    bool is_and = json_is_string(call) && strcmp(json_string_value(call), "and") == 0 &&
                  json_array_size(args) > 0 && json_object_size(part) == 2;

    for (size_t i = 0; is_and && i < json_array_size(args); i++) {
        if (!append_conjuncts(list, json_array_get(args, i))) {
            return false;
        }
    }
    return is_and || json_array_append(list, (json_t *)part) == 0;
}

/* Takes `list`. NULL when out of memory. */
static json_t *conjunction_of(json_t *list)
{
    json_t *result;

    if (json_array_size(list) == 1) {
        result = json_incref(json_array_get(list, 0));
        json_decref(list);
        return result;
    }
    return json_pack("{s:s, s:o}", "call", "and", "args", list);
}

enum sb_status sb_scan_conjunction(const struct sb_node *node, const struct sb_argument *filters,
                                   json_t **out, struct sb_error *err)
{
    const json_t *value = filters->value;
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    json_t *list;

    *out = NULL;
    if (value == NULL || count == 0) {
        return SB_OK;
    }
    list = json_array();
    for (size_t i = 0; list != NULL && i < count; i++) {
        if (!append_conjuncts(list, json_is_array(value) ? json_array_get(value, i) : value)) {
            json_decref(list);
            list = NULL;
        }
    }
    *out = list == NULL ? NULL : conjunction_of(list);
    return *out != NULL ? SB_OK : sb_node_no_memory(node, err, sizeof *list);
}

static enum sb_status bind_predicate(struct sb_node *node, const json_t *json,
                                     const char *parameter, struct sb_derivation *derivation,
                                     struct sb_error *err)
{
    struct sb_scan_spec *scan = &node->spec.source.scan;
    char name[SB_TYPE_NAME_SIZE];
    enum sb_status status = sb_expr_parse(json, derivation->arena, &scan->predicate, err);

    if (status == SB_OK) {
        status = sb_derivation_bind(derivation, derivation->scratch, scan->predicate,
                                    node->delivered, &scan->bound, err);
    }
    if (status != SB_OK) {
        sb_error_prefix(err, "%s: parameter '%s'", node->label, parameter);
        return status;
    }
    if (sb_bound_expr_type(scan->bound)->id != SB_TYPE_BOOL) {
        return sb_node_error(node, parameter, SB_INVALID, err,
                             "gives %s; allowed: an expression that gives bool",
                             sb_type_name(sb_bound_expr_type(scan->bound), name, sizeof name));
    }
    return SB_OK;
}

enum sb_status sb_scan_bind(struct sb_node *node, const struct sb_argument *filters,
                            struct sb_derivation *derivation, struct sb_error *err)
{
    json_t *conjunction;
    enum sb_status status;
    size_t count = json_is_array(filters->value) ? json_array_size(filters->value) : 0;

    SB_TRY_RETURN(sb_scan_conjunction(node, filters, &conjunction, err));
    if (conjunction == NULL) {
        return SB_OK;
    }
    status = bind_predicate(node, conjunction, filters->spelling, derivation, err);
    json_decref(conjunction);
    for (size_t i = 0; i < count && status != SB_OK && status != SB_NO_MEMORY; i++) {
        char part[64]; // the first one that is wrong by itself is to blame

        snprintf(part, sizeof part, "%s[%zu]", filters->spelling, i);
        SB_TRY_RETURN(
            bind_predicate(node, json_array_get(filters->value, i), part, derivation, err));
    }
    return status;
}

/* Whether `columns` are the delivered ones as they come. */
static bool is_whole(const struct sb_scan_spec *scan, int32_t delivered_count)
{
    for (int32_t i = 0; i < scan->column_count; i++) {
        if (scan->columns[i] != i) {
            return false;
        }
    }
    return scan->column_count == delivered_count;
}

static enum sb_status project(struct sb_node *node, const struct sb_names *names,
                              struct sb_derivation *derivation, struct sb_error *err)
{
    struct sb_scan_spec *scan = &node->spec.source.scan;
    struct sb_field *fields;

    SB_TRY_RETURN(sb_node_alloc(node, derivation, names->count, sizeof *fields, &fields, err));
    SB_TRY_RETURN(
        sb_node_alloc(node, derivation, names->count, sizeof *scan->columns, &scan->columns, err));
    scan->column_count = 0;
    for (int32_t i = 0; i < names->count; i++) {
        int32_t column = sb_schema_index(node->delivered, names->names[i]);

        if (column >= 0) {
            fields[scan->column_count] = node->delivered->fields[column];
            scan->columns[scan->column_count++] = column;
        }
    }
    if (is_whole(scan, node->delivered->field_count)) {
        scan->columns = NULL;
        node->schema = sb_schema_retain(node->delivered);
        return SB_OK;
    }
    return sb_node_set_fields(node, derivation, fields, scan->column_count,
                              "name each once in 'columns'", err);
}

enum sb_status sb_scan_project(struct sb_node *node, const struct sb_argument *columns,
                               struct sb_derivation *derivation, struct sb_error *err)
{
    struct sb_names names;

    if (columns->value == NULL) {
        node->schema = sb_schema_retain(node->delivered);
        return SB_OK;
    }
    SB_TRY_RETURN(sb_node_names(node, columns, derivation->arena, &names, err));
    return project(node, &names, derivation, err);
}

struct column_list {
    json_t *names;
    bool is_failed;
};

static void column_list_add(void *context, const char *name)
{
    struct column_list *list = context;

    for (size_t i = 0; i < json_array_size(list->names); i++) {
        if (strcmp(json_string_value(json_array_get(list->names, i)), name) == 0) {
            return;
        }
    }
    list->is_failed |= json_array_append_new(list->names, json_string(name)) != 0;
}

/* `columns`, then what else must be read: for the filters, and to know how far time has come. */
static enum sb_status read_columns(const struct sb_node *node,
                                   const struct sb_scan_request *request, const json_t *conjunction,
                                   json_t **out, struct sb_error *err)
{
    struct column_list list = {json_copy((json_t *)request->columns->value), false};
    struct sb_arena scratch;
    const struct sb_expr *predicate = NULL;
    enum sb_status status = SB_OK;

    sb_arena_init(&scratch, sb_memory_global());
    list.is_failed = list.names == NULL;
    if (conjunction != NULL) {
        status = sb_expr_parse(conjunction, &scratch, &predicate, err);
    }
    if (status != SB_OK) {
        sb_error_prefix(err, "%s: parameter '%s'", node->label, request->filters->spelling);
    }
    if (status == SB_OK && predicate != NULL && !list.is_failed) {
        sb_expr_visit_columns(predicate, column_list_add, &list);
    }
    if (request->timestamp_column != NULL && !list.is_failed) {
        column_list_add(&list, request->timestamp_column);
    }
    sb_arena_deinit(&scratch);
    if (status == SB_OK && list.is_failed) {
        status = sb_node_no_memory(node, err, SB_MEMORY_ALIGNMENT);
    }
    if (status != SB_OK) {
        json_decref(list.names);
        return status;
    }
    *out = list.names;
    return SB_OK;
}

enum sb_status sb_scan_request_json(const struct sb_node *node,
                                    const struct sb_scan_request *request, json_t **out,
                                    struct sb_error *err)
{
    json_t *columns = NULL;
    json_t *conjunction;
    enum sb_status status;

    *out = NULL;
    SB_TRY_RETURN(sb_scan_conjunction(node, request->filters, &conjunction, err));
    if (request->columns->value != NULL) {
        SB_TRY_OUT(read_columns(node, request, conjunction, &columns, err));
    }
    *out = json_pack("{s:O?, s:O?}", "columns", columns, "filters",
                     request->needs_all_rows ? NULL : conjunction);
    status = *out != NULL ? SB_OK : sb_node_no_memory(node, err, SB_MEMORY_ALIGNMENT);

out:
    json_decref(columns);
    json_decref(conjunction);
    return status;
}
