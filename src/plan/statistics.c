// SPDX-License-Identifier: Apache-2.0
/*
 * statistics.c - reads {"row_count", "columns": {name: {"min", "max", ...}}} for a source.
 */
#include "plan/statistics.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "expr/type_rules.h"
#include "plan/json.h"
#include "plan/node_class.h"
#include "plan/text.h"

enum { ROW_COUNT, COLUMNS, KEY_COUNT };

static const struct sb_parameter keys[] = {
    [ROW_COUNT] = {.name = "row_count", .kinds = SB_PARAMETER_INTEGER},
    [COLUMNS] = {.name = "columns", .kinds = SB_PARAMETER_OBJECT},
    [KEY_COUNT] = {.name = NULL},
};

enum { LEAST, GREATEST, NULL_COUNT, DISTINCT_COUNT, AVERAGE_WIDTH, COLUMN_KEY_COUNT };

static const struct sb_parameter column_keys[] = {
    [LEAST] = {.name = "min", .kinds = SB_PARAMETER_ANY},
    [GREATEST] = {.name = "max", .kinds = SB_PARAMETER_ANY},
    [NULL_COUNT] = {.name = "null_count", .kinds = SB_PARAMETER_INTEGER},
    [DISTINCT_COUNT] = {.name = "distinct_count", .kinds = SB_PARAMETER_INTEGER},
    [AVERAGE_WIDTH] = {.name = "average_width", .kinds = SB_PARAMETER_NUMBER},
    [COLUMN_KEY_COUNT] = {.name = NULL},
};

struct sb_statistics *sb_statistics_retain(struct sb_statistics *statistics)
{
    if (statistics != NULL) {
        int32_t before =
            atomic_fetch_add_explicit(&statistics->reference_count, 1, memory_order_relaxed);

        sb_assert(before > 0);
    }
    return statistics;
}

void sb_statistics_release(struct sb_statistics *statistics)
{
    struct sb_memory *memory;
    int32_t before;

    if (statistics == NULL) {
        return;
    }
    before = atomic_fetch_sub_explicit(&statistics->reference_count, 1, memory_order_acq_rel);
    sb_assert(before > 0);
    if (before > 1) {
        return;
    }
    memory = statistics->arena.memory;
    sb_arena_deinit(&statistics->arena);
    sb_memory_free(memory, statistics, sizeof *statistics);
}

const struct sb_column_statistics *sb_statistics_column(const struct sb_statistics *statistics,
                                                        const struct sb_field *field, int32_t *hint)
{
    struct sb_type computed;

    if (statistics == NULL) {
        return NULL;
    }
    computed = sb_type_computed(&field->type);
    for (int32_t i = 0; i < statistics->column_count; i++) {
        int32_t at = (*hint + i) % statistics->column_count;
        const struct sb_column_statistics *column = &statistics->columns[at];

        if (strcmp(column->name, field->name) == 0) {
            *hint = at + 1;
            return sb_type_equal(&column->least.type, &computed) ? column : NULL;
        }
    }
    return NULL;
}

/* Of one type, and neither is NaN. */
static bool scalar_is_above(const struct sb_scalar *a, const struct sb_scalar *b)
{
    enum sb_physical physical = sb_physical_of(&a->type);

    switch (physical) {
    case SB_PHYSICAL_F32:
        return a->value.f32 > b->value.f32;
    case SB_PHYSICAL_F64:
        return a->value.f64 > b->value.f64;
    case SB_PHYSICAL_BYTES: {
        struct sb_bytes left = a->value.bytes;
        struct sb_bytes right = b->value.bytes;
        int64_t shared = left.size < right.size ? left.size : right.size;
        int order = shared == 0 ? 0 : memcmp(left.data, right.data, (size_t)shared);

        return order != 0 ? order > 0 : left.size > right.size;
    }
    default:
        return sb_value_integer(physical, &a->value) > sb_value_integer(physical, &b->value);
    }
}

/* One that has no place in an order says nothing. */
static bool scalar_is_nan(const struct sb_scalar *scalar)
{
    return (scalar->type.id == SB_TYPE_FLOAT64 && isnan(scalar->value.f64)) ||
           (scalar->type.id == SB_TYPE_FLOAT32 && isnan(scalar->value.f32));
}

/* Where one column's statistics are read: for messages, and what the others allow. */
struct reading {
    const struct sb_node *node;
    const char *where;
    struct sb_statistics *statistics;
    struct sb_error *err;
};

static enum sb_status read_bound(const struct reading *reading, const struct sb_field *field,
                                 const struct sb_argument *argument, struct sb_scalar *out)
{
    struct sb_type type = sb_type_computed(&field->type);
    char name[SB_TYPE_NAME_SIZE];
    enum sb_status status;

    *out = (struct sb_scalar){.is_null = true};
    if (!sb_type_copy(&reading->statistics->arena, &out->type, &type)) {
        return sb_error_no_memory(reading->err, reading->where, (int64_t)sizeof type);
    }
    if (argument->value == NULL) {
        return SB_OK;
    }
    if (!sb_type_is_ordered(&type) || sb_physical_of(&type) == SB_PHYSICAL_ROW) {
        return sb_error_set(reading->err, SB_INVALID,
                            "%s: key '%s': values of %s have no least and no greatest here; leave "
                            "it out",
                            reading->where, argument->spelling,
                            sb_type_name(&field->type, name, sizeof name));
    }
    type = out->type;
    status =
        sb_scalar_from_json(argument->value, &type, &reading->statistics->arena, out, reading->err);
    if (status != SB_OK) {
        sb_error_prefix(reading->err, "%s: key '%s'", reading->where, argument->spelling);
        return status;
    }
    out->is_null = scalar_is_nan(out);
    return SB_OK;
}

static enum sb_status check_counts(const struct reading *reading,
                                   const struct sb_column_statistics *column)
{
    int64_t rows = reading->statistics->row_count;

    if (!column->least.is_null && !column->greatest.is_null &&
        scalar_is_above(&column->least, &column->greatest)) {
        return sb_error_set(reading->err, SB_INVALID, "%s: 'min' is above 'max'", reading->where);
    }
    if (rows >= 0 && column->null_count > rows) {
        return sb_error_set(reading->err, SB_INVALID,
                            "%s: key 'null_count': is %" PRId64 ", and there are %" PRId64 " rows",
                            reading->where, column->null_count, rows);
    }
    if (rows >= 0 && column->distinct_count > rows) {
        return sb_error_set(reading->err, SB_INVALID,
                            "%s: key 'distinct_count': is %" PRId64 ", and there are %" PRId64
                            " rows",
                            reading->where, column->distinct_count, rows);
    }
    return SB_OK;
}

static enum sb_status read_column(struct reading *reading, const char *name, const json_t *json,
                                  struct sb_column_statistics *out)
{
    const struct sb_schema *schema = reading->node->declared_schema;
    struct sb_argument arguments[COLUMN_KEY_COUNT];
    struct sb_error *err = reading->err;
    const struct sb_field *field;
    char shown[SB_SHORT_SIZE];
    char where[512];
    int32_t index;

    SB_TRY_RETURN(sb_node_column(reading->node, "statistics", schema, name, &index, err));
    field = &schema->fields[index];
    snprintf(where, sizeof where, "%s: statistics: column '%s'", reading->node->label,
             sb_short(name, shown));
    reading->where = where;
    if (!json_is_object(json)) {
        return sb_error_set(err, SB_INVALID,
                            "%s: is no object; allowed: an object with min, max, null_count, "
                            "distinct_count, average_width",
                            where);
    }
    SB_TRY_RETURN(sb_arguments_read(column_keys, json, where, "key", arguments, err));
    out->name = sb_arena_copy_string(&reading->statistics->arena, name);
    if (out->name == NULL) {
        return sb_error_no_memory(err, where, (int64_t)strlen(name) + 1);
    }
    SB_TRY_RETURN(read_bound(reading, field, &arguments[LEAST], &out->least));
    SB_TRY_RETURN(read_bound(reading, field, &arguments[GREATEST], &out->greatest));
    out->null_count = sb_argument_integer(&arguments[NULL_COUNT], -1);
    out->distinct_count = sb_argument_integer(&arguments[DISTINCT_COUNT], -1);
    out->average_width = sb_argument_number(&arguments[AVERAGE_WIDTH], -1);
    return check_counts(reading, out);
}

static enum sb_status read_columns(struct reading *reading, const json_t *json)
{
    struct sb_statistics *statistics = reading->statistics;
    size_t count = json_object_size(json);
    const char *name;
    json_t *column;

    if (count == 0) {
        return SB_OK;
    }
    statistics->columns =
        sb_arena_alloc_zeroed(&statistics->arena, count * sizeof *statistics->columns);
    if (statistics->columns == NULL) {
        return sb_node_no_memory(reading->node, reading->err, count * sizeof *statistics->columns);
    }
    json_object_foreach((json_t *)json, name, column)
    {
        SB_TRY_RETURN(
            read_column(reading, name, column, &statistics->columns[statistics->column_count]));
        statistics->column_count++;
    }
    return SB_OK;
}

static enum sb_status read_statistics(const struct sb_node *node, const json_t *json,
                                      struct sb_statistics **out, struct sb_error *err)
{
    struct sb_statistics *statistics;
    struct sb_argument arguments[KEY_COUNT];
    struct reading reading = {.node = node, .err = err};
    char where[256];
    enum sb_status status;

    snprintf(where, sizeof where, "%s: statistics", node->label);
    if (!json_is_object(json)) {
        return sb_error_set(err, SB_INVALID,
                            "%s: are no object; allowed: {\"row_count\": ..., \"columns\": {...}}",
                            where);
    }
    SB_TRY_RETURN(sb_arguments_read(keys, json, where, "key", arguments, err));
    statistics = sb_memory_alloc_zeroed(sb_memory_global(), sizeof *statistics);
    if (statistics == NULL) {
        return sb_node_no_memory(node, err, sizeof *statistics);
    }
    atomic_init(&statistics->reference_count, 1);
    sb_arena_init(&statistics->arena, sb_memory_global());
    statistics->row_count = sb_argument_integer(&arguments[ROW_COUNT], -1);
    reading.statistics = statistics;
    SB_TRY_OUT(read_columns(&reading, arguments[COLUMNS].value));
    *out = statistics;
    return SB_OK;

out:
    sb_statistics_release(statistics);
    return status;
}

enum sb_status sb_graph_set_source_statistics(struct sb_graph *graph, const char *operator_id,
                                              const char *json, size_t size, struct sb_error *err)
{
    struct sb_node *node = sb_graph_node(graph, operator_id);
    struct sb_statistics *statistics = NULL;
    char shown[SB_SHORT_SIZE];
    json_t *parsed;
    enum sb_status status;

    if (node == NULL) {
        return sb_error_set(err, SB_INVALID, "graph: no operator has the operator_id '%s'",
                            sb_short(operator_id, shown));
    }
    if (node->type != SB_NODE_SOURCE) {
        return sb_node_error(node, NULL, SB_INVALID, err,
                             "its rows follow from its input; only a source has statistics");
    }
    if (node->declared_schema == NULL) {
        return sb_node_error(node, NULL, SB_INVALID, err,
                             "statistics are read by its columns' types; declare its schema first "
                             "(a generator needs neither)");
    }
    status = sb_json_read(json, size, &parsed, err);
    if (status != SB_OK) {
        sb_error_prefix(err, "%s: statistics", node->label);
        return status;
    }
    status = read_statistics(node, parsed, &statistics, err);
    json_decref(parsed);
    if (status == SB_OK) {
        sb_statistics_release(node->statistics);
        node->statistics = statistics;
    }
    return status;
}
