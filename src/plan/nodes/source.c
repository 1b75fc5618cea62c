// SPDX-License-Identifier: Apache-2.0
/*
 * source.c - where rows come from. What its splits deliver is declared by whoever opens the topic
 * or file, but for a generator, which knows it; what it emits of that, scan.c says.
 */
#include <inttypes.h>
#include <string.h>

#include "plan/nodes/generator_internal.h"
#include "plan/nodes/source_internal.h"

static const char *const formats[] = {"arrow", "json", "ndjson", "parquet", "csv", NULL};
static const char *const bad_row_policies[] = {"fail", "drop", "dead_letter", NULL};
static const char *const validations[] = {"safe", "full", NULL};
static const char *const starts[] = {"earliest", "latest", "committed", NULL};

enum {
    TOPIC,
    PATH,
    DATA,
    GENERATOR,
    FORMAT,
    COLUMNS,
    TIMESTAMP_COLUMN,
    LATENESS,
    BOUNDED,
    START,
    BOOTSTRAP_SERVERS,
    GROUP_ID,
    DATA_DIR,
    SCHEMA,
    VALIDATE,
    // What follows is for whoever opens the files.
    COMPRESSION,
    FILTERS,
    HIVE,
    DELIMITER,
    QUOTE,
    ESCAPE,
    HEADER,
    COLUMN_NAMES,
    COLUMN_TYPES,
    NULL_VALUES,
    SKIP_ROWS,
    ON_ERROR,
    DEAD_LETTER,
    FILESYSTEM,
    STORAGE_OPTIONS,
    PARAMETER_COUNT,
};

static const struct sb_parameter parameters[] = {
    [TOPIC] = {.name = "topic", .alias = "kafka_topic", .kinds = SB_PARAMETER_TEXT},
    [PATH] = {.name = "path", .kinds = SB_PARAMETER_TEXT | SB_PARAMETER_TEXTS},
    [DATA] = {.name = "data", .alias = "table", .kinds = SB_PARAMETER_OBJECT},
    [GENERATOR] = {.name = "generator", .kinds = SB_PARAMETER_OBJECT},
    [FORMAT] = {.name = "format", .kinds = SB_PARAMETER_TEXT, .choices = formats},
    [COLUMNS] = {.name = "columns", .kinds = SB_PARAMETER_TEXTS},
    [TIMESTAMP_COLUMN] = {.name = "timestamp_column", .kinds = SB_PARAMETER_TEXT},
    [LATENESS] = {.name = "lateness_ms",
                  .kinds = SB_PARAMETER_INTEGER,
                  .maximum = INT64_MAX / 1000},
    [BOUNDED] = {.name = "bounded", .kinds = SB_PARAMETER_BOOL},
    [START] = {.name = "start", .kinds = SB_PARAMETER_TEXT, .choices = starts},
    [BOOTSTRAP_SERVERS] = {.name = "bootstrap_servers",
                           .kinds = SB_PARAMETER_TEXT | SB_PARAMETER_TEXTS},
    [GROUP_ID] = {.name = "group_id", .kinds = SB_PARAMETER_TEXT},
    [DATA_DIR] = {.name = "data_dir", .kinds = SB_PARAMETER_TEXT},
    [SCHEMA] = {.name = "schema", .kinds = SB_PARAMETER_OBJECT},
    [VALIDATE] = {.name = "validate", .kinds = SB_PARAMETER_TEXT, .choices = validations},
    [COMPRESSION] = {.name = "compression", .kinds = SB_PARAMETER_TEXT},
    [FILTERS] = {.name = "filters", .kinds = SB_PARAMETER_OBJECT | SB_PARAMETER_LIST},
    [HIVE] = {.name = "hive", .kinds = SB_PARAMETER_BOOL},
    [DELIMITER] = {.name = "delimiter", .kinds = SB_PARAMETER_TEXT},
    [QUOTE] = {.name = "quote", .kinds = SB_PARAMETER_TEXT},
    [ESCAPE] = {.name = "escape", .kinds = SB_PARAMETER_TEXT},
    [HEADER] = {.name = "header", .kinds = SB_PARAMETER_BOOL},
    [COLUMN_NAMES] = {.name = "column_names", .kinds = SB_PARAMETER_TEXTS},
    [COLUMN_TYPES] = {.name = "column_types", .kinds = SB_PARAMETER_OBJECT},
    [NULL_VALUES] = {.name = "null_values", .kinds = SB_PARAMETER_TEXT | SB_PARAMETER_TEXTS},
    [SKIP_ROWS] = {.name = "skip_rows", .kinds = SB_PARAMETER_INTEGER},
    [ON_ERROR] = {.name = "on_error", .kinds = SB_PARAMETER_TEXT, .choices = bad_row_policies},
    [DEAD_LETTER] = {.name = "dead_letter", .kinds = SB_PARAMETER_TEXT | SB_PARAMETER_OBJECT},
    [FILESYSTEM] = {.name = "filesystem", .kinds = SB_PARAMETER_OBJECT},
    [STORAGE_OPTIONS] = {.name = "storage_options", .kinds = SB_PARAMETER_OBJECT},
    [PARAMETER_COUNT] = {.name = NULL},
};

static enum sb_status check_target(const struct sb_node *node, struct sb_error *err)
{
    const struct sb_argument *first = NULL;

    for (int32_t i = TOPIC; i <= GENERATOR; i++) {
        const struct sb_argument *argument = &node->arguments[i];

        if (argument->value == NULL) {
            continue;
        }
        if (first != NULL) {
            return sb_node_error(node, argument->spelling, SB_INVALID, err,
                                 "'%s' is given, too; allowed: one of topic, path, data, generator",
                                 first->spelling);
        }
        first = argument;
    }
    return SB_OK;
}

// NULL when out of memory.
static const char *target_text(const struct sb_node *node, struct sb_arena *arena)
{
    const struct sb_argument *arguments = node->arguments;
    const json_t *path = arguments[PATH].value;

    if (arguments[TOPIC].value != NULL) {
        return sb_arena_format(arena, "topic '%s'", sb_argument_text(&arguments[TOPIC], NULL));
    }
    if (json_is_string(path)) {
        return sb_arena_format(arena, "path '%s'", json_string_value(path));
    }
    if (json_array_size(path) == 1) {
        return sb_arena_format(arena, "path '%s'", json_string_value(json_array_get(path, 0)));
    }
    if (path != NULL) {
        return sb_arena_format(arena, "%zu paths", json_array_size(path));
    }
    return arguments[GENERATOR].value != NULL ? "generator"
           : arguments[DATA].value != NULL    ? "memory"
                                              : "stream";
}

// Parameters of another target would be passed over in silence.
static enum sb_status check_companions(const struct sb_node *node, struct sb_error *err)
{
    const struct sb_argument *arguments = node->arguments;
    const struct sb_argument *format = &arguments[FORMAT];
    const char *name = sb_argument_text(format, formats[0]);

    for (int32_t i = FORMAT; i < PARAMETER_COUNT; i++) {
        const bool is_for_topic = i == START || i == BOOTSTRAP_SERVERS || i == GROUP_ID;
        const bool is_for_path = i >= COMPRESSION && i != FILTERS;

        if (arguments[i].value != NULL && ((is_for_topic && arguments[TOPIC].value == NULL) ||
                                           (is_for_path && arguments[PATH].value == NULL))) {
            return sb_node_error(node, arguments[i].spelling, SB_INVALID, err,
                                 "goes with '%s', but the rows come from: %s; leave it out",
                                 is_for_topic ? "topic" : "path", node->spec.source.target);
        }
    }
    if (arguments[PATH].value == NULL && strcmp(name, "arrow") != 0 && strcmp(name, "json") != 0) {
        return sb_node_error(node, format->spelling, SB_INVALID, err,
                             "'%s' goes with 'path', but the rows come from: %s; leave it out",
                             name, node->spec.source.target);
    }
    return SB_OK;
}

static bool is_endless(const struct sb_node *node, bool is_streaming)
{
    bool is_topic = node->arguments[TOPIC].value != NULL;

    return !sb_argument_bool(&node->arguments[BOUNDED], !(is_topic && is_streaming));
}

static enum sb_status check_columns(const struct sb_node *node, struct sb_derivation *derivation,
                                    struct sb_error *err)
{
    const struct sb_argument *argument = &node->arguments[COLUMNS];
    struct sb_names columns;
    int32_t index;

    if (argument->value != NULL && json_array_size(argument->value) == 0) {
        return sb_node_error(node, argument->spelling, SB_INVALID, err,
                             "is empty; name at least one");
    }
    SB_TRY_RETURN(sb_node_names(node, argument, derivation->arena, &columns, err));
    for (int32_t i = 0; i < columns.count; i++) {
        SB_TRY_RETURN(sb_node_column(node, argument->spelling, node->delivered, columns.names[i],
                                     &index, err));
    }
    return SB_OK;
}

static enum sb_status derive_timestamp(struct sb_node *node, struct sb_error *err)
{
    const struct sb_argument *argument = &node->arguments[TIMESTAMP_COLUMN];
    struct sb_source_spec *spec = &node->spec.source;
    const struct sb_type *type;
    char name[SB_TYPE_NAME_SIZE];

    spec->timestamp_index = -1;
    spec->timestamp_column = sb_argument_text(argument, NULL);
    if (spec->timestamp_column == NULL) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_node_column(node, argument->spelling, node->delivered, spec->timestamp_column,
                                 &spec->timestamp_index, err));
    type = &node->delivered->fields[spec->timestamp_index].type;
    if (type->id != SB_TYPE_TIMESTAMP && type->id != SB_TYPE_INT64 && type->id != SB_TYPE_DATE32 &&
        type->id != SB_TYPE_DATE64) {
        return sb_node_error(node, argument->spelling, SB_INVALID, err,
                             "column '%.100s' is %s; allowed: a timestamp, a date or int64 "
                             "(milliseconds)",
                             spec->timestamp_column, sb_type_name(type, name, sizeof name));
    }
    return SB_OK;
}

/* What its splits deliver: node->delivered. */
static enum sb_status derive_delivered(struct sb_node *node, struct sb_derivation *derivation,
                                       struct sb_error *err)
{
    const json_t *generator = node->arguments[GENERATOR].value;

    if (generator != NULL && node->declared_schema != NULL) {
        return sb_node_error(node, NULL, SB_INVALID, err,
                             "a generator knows its columns; do not declare a schema for it");
    }
    if (generator != NULL) {
        return sb_generator_derive(node, generator, derivation, err);
    }
    if (node->declared_schema == NULL) {
        return sb_node_error(node, NULL, SB_INVALID, err,
                             "its columns are not known; declare them with "
                             "sb_graph_set_source_schema()");
    }
    SB_TRY_RETURN(sb_node_set_schema(node, derivation, node->declared_schema,
                                     "rename one where the rows come from", err));
    node->delivered = node->schema;
    node->schema = NULL;
    return SB_OK;
}

/* A generator makes no columns that nobody reads. */
static enum sb_status narrow_generator(struct sb_node *node, struct sb_derivation *derivation,
                                       struct sb_error *err)
{
    struct sb_source_spec *spec = &node->spec.source;
    struct sb_names columns;
    bool *needed;

    SB_TRY_RETURN(sb_node_names(node, &node->arguments[COLUMNS], derivation->arena, &columns, err));
    SB_TRY_RETURN(sb_node_alloc(node, derivation, node->delivered->field_count, sizeof *needed,
                                &needed, err));
    for (int32_t i = 0; i < columns.count; i++) {
        needed[sb_schema_index(node->delivered, columns.names[i])] = true;
    }
    if (spec->scan.predicate != NULL) {
        sb_expr_columns(spec->scan.predicate, node->delivered, needed);
    }
    if (spec->timestamp_index >= 0) {
        needed[spec->timestamp_index] = true;
    }
    SB_TRY_RETURN(sb_generator_narrow(node, needed, derivation, err));
    SB_TRY_RETURN(derive_timestamp(node, err)); // the positions are others now
    return sb_scan_bind(node, &node->arguments[FILTERS], derivation, err);
}

static enum sb_status source_derive(struct sb_node *node, struct sb_derivation *derivation,
                                    struct sb_error *err)
{
    struct sb_source_spec *spec = &node->spec.source;
    const struct sb_argument *arguments = node->arguments;

    SB_TRY_RETURN(check_target(node, err));
    spec->target = target_text(node, derivation->arena);
    if (spec->target == NULL) {
        return sb_node_no_memory(node, err, SB_MEMORY_ALIGNMENT);
    }
    SB_TRY_RETURN(check_companions(node, err));
    spec->lateness_us = sb_argument_integer(&arguments[LATENESS], 0) * 1000;
    spec->is_validated =
        strcmp(sb_argument_text(&arguments[VALIDATE], validations[0]), validations[1]) == 0;
    spec->is_endless = is_endless(node, derivation->is_streaming);
    node->endless_source = spec->is_endless ? node : NULL;
    SB_TRY_RETURN(derive_delivered(node, derivation, err));
    SB_TRY_RETURN(check_columns(node, derivation, err));
    SB_TRY_RETURN(derive_timestamp(node, err));
    SB_TRY_RETURN(sb_scan_bind(node, &arguments[FILTERS], derivation, err));
    if (spec->is_generator && arguments[COLUMNS].value != NULL) {
        SB_TRY_RETURN(narrow_generator(node, derivation, err));
    }
    return sb_scan_project(node, &arguments[COLUMNS], derivation, err);
}

enum sb_status sb_source_request_json(const struct sb_node *node, bool is_streaming, json_t **out,
                                      struct sb_error *err)
{
    const struct sb_argument *arguments = node->arguments;
    bool has_timestamps = arguments[TIMESTAMP_COLUMN].value != NULL;
    struct sb_scan_request request = {
        .columns = &arguments[COLUMNS],
        .filters = &arguments[FILTERS],
        .timestamp_column = sb_argument_text(&arguments[TIMESTAMP_COLUMN], NULL),
        // its watermarks must not depend on what was left out
        .needs_all_rows = has_timestamps && is_endless(node, is_streaming),
    };

    return sb_scan_request_json(node, &request, out, err);
}

/* The filters as one text; what cannot be read is shown as it came. */
static json_t *filters_details(const struct sb_node *node, struct sb_arena *scratch)
{
    const struct sb_argument *filters = &node->arguments[FILTERS];
    const struct sb_expr *predicate;
    const char *text = NULL;
    json_t *conjunction;

    if (sb_scan_conjunction(node, filters, &conjunction, NULL) != SB_OK) {
        return NULL;
    }
    if (conjunction == NULL || sb_expr_parse(conjunction, scratch, &predicate, NULL) != SB_OK) {
        json_decref(conjunction);
        return json_incref((json_t *)filters->value);
    }
    text = sb_expr_to_text(predicate, scratch);
    json_decref(conjunction);
    return text == NULL ? NULL : json_string(text);
}

static json_t *source_details(const struct sb_node *node, bool is_streaming,
                              struct sb_arena *scratch)
{
    const struct sb_argument *arguments = node->arguments;
    const char *target = target_text(node, scratch);
    json_t *details = json_object();
    bool is_failed = details == NULL || target == NULL;

    is_failed = is_failed || sb_details_add(details, "target", json_string(target));
    for (int32_t i = FORMAT; i <= TIMESTAMP_COLUMN && !is_failed; i++) {
        if (arguments[i].value != NULL) {
            is_failed |= sb_details_add(details, parameters[i].name,
                                        json_incref((json_t *)arguments[i].value));
        }
    }
    if (!is_failed && arguments[FILTERS].value != NULL) {
        is_failed |= sb_details_add(details, "filters", filters_details(node, scratch));
    }
    if (!is_failed && is_endless(node, is_streaming)) {
        is_failed |= sb_details_add(details, "endless", json_true());
    }
    return sb_details_end(details, is_failed);
}

const struct sb_node_class sb_node_source = {
    .name = "source",
    .type = SB_NODE_SOURCE,
    .parameters = parameters,
    .derive = source_derive,
    .details = source_details,
};
