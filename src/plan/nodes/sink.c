// SPDX-License-Identifier: Apache-2.0
/*
 * sink.c - where rows go: collected, counted, or pulled by whoever writes the topic or file.
 */
#include <inttypes.h>
#include <string.h>

#include "plan/node_class.h"

static const char *const formats[] = {"arrow", "json", "ndjson", "parquet", "csv", NULL};
static const char *const modes[] = {"overwrite", "append", "error", NULL};
static const char *const deliveries[] = {"exactly_once", "at_least_once", NULL};

enum {
    TOPIC,
    PATH,
    CALLBACK,
    DISCARD,
    FORMAT,
    KEY_COLUMN,
    DELIVERY,
    PARTITIONS,
    DATA_DIR,
    // What follows is for whoever writes the files.
    MODE,
    COMPRESSION,
    PARTITION_BY,
    ROW_GROUP_SIZE,
    MAX_ROWS_PER_FILE,
    MAX_FILE_SIZE_MB,
    MAX_OPEN_FILES,
    DELIMITER,
    QUOTE,
    HEADER,
    NULL_VALUE,
    FILESYSTEM,
    STORAGE_OPTIONS,
    PARAMETER_COUNT,
};

static const struct sb_parameter parameters[] = {
    [TOPIC] = {.name = "topic", .alias = "kafka_topic", .kinds = SB_PARAMETER_TEXT},
    [PATH] = {.name = "path", .kinds = SB_PARAMETER_TEXT},
    [CALLBACK] = {.name = "callback", .kinds = SB_PARAMETER_OBJECT},
    [DISCARD] = {.name = "discard", .kinds = SB_PARAMETER_BOOL},
    [FORMAT] = {.name = "format", .kinds = SB_PARAMETER_TEXT, .choices = formats},
    [KEY_COLUMN] = {.name = "key_column", .kinds = SB_PARAMETER_TEXT},
    [DELIVERY] = {.name = "delivery", .kinds = SB_PARAMETER_TEXT, .choices = deliveries},
    [PARTITIONS] = {.name = "partitions",
                    .kinds = SB_PARAMETER_INTEGER,
                    .minimum = 1,
                    .maximum = 32768},
    [DATA_DIR] = {.name = "data_dir", .kinds = SB_PARAMETER_TEXT},
    [MODE] = {.name = "mode", .kinds = SB_PARAMETER_TEXT, .choices = modes},
    [COMPRESSION] = {.name = "compression", .kinds = SB_PARAMETER_TEXT},
    [PARTITION_BY] = {.name = "partition_by", .kinds = SB_PARAMETER_TEXT | SB_PARAMETER_TEXTS},
    [ROW_GROUP_SIZE] = {.name = "row_group_size", .kinds = SB_PARAMETER_INTEGER, .minimum = 1},
    [MAX_ROWS_PER_FILE] = {.name = "max_rows_per_file",
                           .kinds = SB_PARAMETER_INTEGER,
                           .minimum = 1},
    [MAX_FILE_SIZE_MB] = {.name = "max_file_size_mb",
                          .kinds = SB_PARAMETER_INTEGER | SB_PARAMETER_NUMBER,
                          .minimum = 0},
    [MAX_OPEN_FILES] = {.name = "max_open_files",
                        .kinds = SB_PARAMETER_INTEGER,
                        .minimum = 1,
                        .maximum = 10000},
    [DELIMITER] = {.name = "delimiter", .kinds = SB_PARAMETER_TEXT},
    [QUOTE] = {.name = "quote", .kinds = SB_PARAMETER_TEXT},
    [HEADER] = {.name = "header", .kinds = SB_PARAMETER_BOOL},
    [NULL_VALUE] = {.name = "null_value", .kinds = SB_PARAMETER_TEXT},
    [FILESYSTEM] = {.name = "filesystem", .kinds = SB_PARAMETER_OBJECT},
    [STORAGE_OPTIONS] = {.name = "storage_options", .kinds = SB_PARAMETER_OBJECT},
    [PARAMETER_COUNT] = {.name = NULL},
};

// `discard` counts as given only when it is true.
static bool is_given(const struct sb_node *node, int32_t index)
{
    const struct sb_argument *argument = &node->arguments[index];

    return index == DISCARD ? sb_argument_bool(argument, false) : argument->value != NULL;
}

static enum sb_status check_target(const struct sb_node *node, struct sb_error *err)
{
    const struct sb_argument *first = NULL;

    for (int32_t i = TOPIC; i <= DISCARD; i++) {
        if (!is_given(node, i)) {
            continue;
        }
        if (first != NULL) {
            return sb_node_error(node, node->arguments[i].spelling, SB_INVALID, err,
                                 "'%s' is given, too; allowed: at most one of topic, path, "
                                 "callback, discard",
                                 first->spelling);
        }
        first = &node->arguments[i];
    }
    return SB_OK;
}

// NULL when out of memory.
static const char *target_text(const struct sb_node *node, struct sb_arena *arena)
{
    if (is_given(node, TOPIC)) {
        return sb_arena_format(arena, "topic '%s'",
                               sb_argument_text(&node->arguments[TOPIC], NULL));
    }
    if (is_given(node, PATH)) {
        return sb_arena_format(arena, "path '%s'", sb_argument_text(&node->arguments[PATH], NULL));
    }
    return is_given(node, CALLBACK) ? "callback" : is_given(node, DISCARD) ? "discard" : "collect";
}

static enum sb_sink_target target_kind(const struct sb_node *node)
{
    if (is_given(node, TOPIC) || is_given(node, PATH) || is_given(node, CALLBACK)) {
        return SB_TARGET_STREAM;
    }
    return is_given(node, DISCARD) ? SB_TARGET_DISCARD : SB_TARGET_COLLECT;
}

// Parameters of another target would be passed over in silence.
static enum sb_status check_companions(const struct sb_node *node, struct sb_error *err)
{
    const bool is_topic = is_given(node, TOPIC);
    const bool is_path = is_given(node, PATH);

    for (int32_t i = FORMAT; i < PARAMETER_COUNT; i++) {
        const struct sb_argument *argument = &node->arguments[i];
        const bool is_for_topic = i == KEY_COLUMN || i == PARTITIONS || i == DATA_DIR;
        const bool is_for_path = i >= MODE;

        if (argument->value != NULL && ((is_for_topic && !is_topic) || (is_for_path && !is_path))) {
            return sb_node_error(node, argument->spelling, SB_INVALID, err,
                                 "goes with '%s', but the rows go to: %s; leave it out",
                                 is_for_topic ? "topic" : "path", node->spec.sink.target);
        }
    }
    return SB_OK;
}

static enum sb_status check_format(const struct sb_node *node, struct sb_error *err)
{
    const struct sb_argument *format = &node->arguments[FORMAT];
    const char *name = sb_argument_text(format, formats[0]);

    if (is_given(node, PATH) || strcmp(name, "arrow") == 0 || strcmp(name, "json") == 0) {
        return SB_OK;
    }
    return sb_node_error(node, format->spelling, SB_INVALID, err,
                         "'%s' goes with 'path', but the rows go to: %s; leave it out", name,
                         node->spec.sink.target);
}

static enum sb_status check_partition_by(const struct sb_node *node,
                                         struct sb_derivation *derivation, struct sb_error *err)
{
    const struct sb_argument *argument = &node->arguments[PARTITION_BY];
    struct sb_names columns;
    int32_t index;

    SB_TRY_RETURN(sb_node_names(node, argument, derivation->arena, &columns, err));
    for (int32_t i = 0; i < columns.count; i++) {
        SB_TRY_RETURN(
            sb_node_column(node, argument->spelling, node->schema, columns.names[i], &index, err));
    }
    return SB_OK;
}

static enum sb_status sink_derive(struct sb_node *node, struct sb_derivation *derivation,
                                  struct sb_error *err)
{
    const struct sb_argument *key = &node->arguments[KEY_COLUMN];
    struct sb_sink_spec *spec = &node->spec.sink;
    int32_t index;

    SB_TRY_RETURN(check_target(node, err));
    spec->kind = target_kind(node);
    spec->target = target_text(node, derivation->arena);
    if (spec->target == NULL) {
        return sb_node_no_memory(node, err, SB_MEMORY_ALIGNMENT);
    }
    SB_TRY_RETURN(check_companions(node, err));
    SB_TRY_RETURN(check_format(node, err));
    node->schema = sb_schema_retain(node->inputs[0]->schema);
    if (key->value != NULL) {
        SB_TRY_RETURN(sb_node_column(node, key->spelling, node->schema, sb_argument_text(key, NULL),
                                     &index, err));
    }
    return check_partition_by(node, derivation, err);
}

static json_t *sink_details(const struct sb_node *node, bool is_streaming, struct sb_arena *scratch)
{
    const struct sb_argument *arguments = node->arguments;
    const char *target = target_text(node, scratch);
    json_t *details = json_object();
    bool is_failed = details == NULL || target == NULL;

    is_failed = is_failed || sb_details_add(details, "target", json_string(target));
    for (int32_t i = FORMAT; i <= PARTITIONS && !is_failed; i++) {
        if (arguments[i].value != NULL) {
            is_failed |= sb_details_add(details, parameters[i].name,
                                        json_incref((json_t *)arguments[i].value));
        }
    }
    return sb_details_end(details, is_failed);
}

const struct sb_node_class sb_node_sink = {
    .name = "sink",
    .type = SB_NODE_SINK,
    .inputs_min = 1,
    .inputs_max = 1,
    .parameters = parameters,
    .takes_updates = true,
    .derive = sink_derive,
    .details = sink_details,
};
