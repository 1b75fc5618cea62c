// SPDX-License-Identifier: Apache-2.0
/*
 * generator.c - reads {"rows", "seed", "columns", "splits"} and knows the schema that comes out.
 */
#include "plan/nodes/generator_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS, SEED, COLUMNS, SPLITS, GENERATOR_KEY_COUNT };

static const struct sb_parameter generator_keys[] = {
    [ROWS] = {.name = "rows", .kinds = SB_PARAMETER_INTEGER, .is_required = true},
    [SEED] = {.name = "seed", .kinds = SB_PARAMETER_INTEGER, .minimum = INT64_MIN},
    [COLUMNS] = {.name = "columns", .kinds = SB_PARAMETER_LIST, .is_required = true},
    [SPLITS] = {.name = "splits", .kinds = SB_PARAMETER_INTEGER, .minimum = 1, .maximum = 65536},
    [GENERATOR_KEY_COUNT] = {.name = NULL},
};

// Every kind's table begins with these two.
enum { NAME, KIND, FIRST, SECOND, THIRD, COLUMN_KEY_COUNT_MAX };

static const char *const kinds[] = {
    [SB_GENERATOR_SEQUENCE] = "sequence",           [SB_GENERATOR_UNIFORM_INT] = "uniform_int",
    [SB_GENERATOR_UNIFORM_FLOAT] = "uniform_float", [SB_GENERATOR_STRING] = "string",
    [SB_GENERATOR_TIMESTAMP] = "timestamp",         NULL,
};

#define NAME_KEY {.name = "name", .kinds = SB_PARAMETER_TEXT, .is_required = true}
#define KIND_KEY {.name = "kind", .kinds = SB_PARAMETER_TEXT, .is_required = true, .choices = kinds}
#define INTEGER_KEY(key) {.name = key, .kinds = SB_PARAMETER_INTEGER, .minimum = INT64_MIN}

static const struct sb_parameter sequence_keys[] = {
    NAME_KEY, KIND_KEY, INTEGER_KEY("start"), INTEGER_KEY("step"), {.name = NULL},
};
static const struct sb_parameter uniform_int_keys[] = {
    NAME_KEY,
    KIND_KEY,
    INTEGER_KEY("low"),
    {.name = "high", .kinds = SB_PARAMETER_INTEGER, .is_required = true, .minimum = INT64_MIN},
    {.name = NULL},
};
static const struct sb_parameter uniform_float_keys[] = {
    NAME_KEY,
    KIND_KEY,
    {.name = "low", .kinds = SB_PARAMETER_NUMBER, .minimum = INT64_MIN},
    {.name = "high", .kinds = SB_PARAMETER_NUMBER, .minimum = INT64_MIN},
    {.name = NULL},
};
static const struct sb_parameter string_keys[] = {
    NAME_KEY,
    KIND_KEY,
    INTEGER_KEY("low"),
    {.name = "high", .kinds = SB_PARAMETER_INTEGER, .is_required = true, .minimum = INT64_MIN},
    {.name = "prefix", .kinds = SB_PARAMETER_TEXT},
    {.name = NULL},
};
static const struct sb_parameter timestamp_keys[] = {
    NAME_KEY, KIND_KEY, INTEGER_KEY("start_ms"), INTEGER_KEY("step_ms"), {.name = NULL},
};

static const struct sb_parameter *const column_tables[] = {
    [SB_GENERATOR_SEQUENCE] = sequence_keys,
    [SB_GENERATOR_UNIFORM_INT] = uniform_int_keys,
    [SB_GENERATOR_UNIFORM_FLOAT] = uniform_float_keys,
    [SB_GENERATOR_STRING] = string_keys,
    [SB_GENERATOR_TIMESTAMP] = timestamp_keys,
};

// Only to find the kind, which says which keys there are.
static enum sb_status find_kind(const json_t *json, const char *where, enum sb_generator_kind *out,
                                struct sb_error *err)
{
    static const struct sb_parameter kind_only[] = {KIND_KEY, {.name = NULL}};
    const json_t *kind = json_object_get(json, "kind");
    struct sb_argument argument;
    json_t *alone = json_object();
    enum sb_status status;

    if (alone == NULL || (kind != NULL && json_object_set(alone, "kind", (json_t *)kind) != 0)) {
        json_decref(alone);
        return sb_error_no_memory(err, where, SB_MEMORY_ALIGNMENT);
    }
    status = sb_arguments_read(kind_only, alone, where, "key", &argument, err);
    json_decref(alone);
    if (status != SB_OK) {
        return status;
    }
    *out = SB_GENERATOR_SEQUENCE;
    while (strcmp(kinds[*out], json_string_value(kind)) != 0) {
        *out += 1;
    }
    return SB_OK;
}

// start + step * (rows - 1) must be an int64.
static bool is_sequence_in_range(const struct sb_generator_column *column, int64_t rows)
{
    int64_t last;

    return rows == 0 || (!__builtin_mul_overflow(column->step, rows - 1, &last) &&
                         !__builtin_add_overflow(column->start, last, &last));
}

static enum sb_status check_range(const struct sb_generator_column *column, int64_t rows,
                                  const char *where, struct sb_error *err)
{
    switch (column->kind) {
    case SB_GENERATOR_SEQUENCE:
    case SB_GENERATOR_TIMESTAMP:
        if (!is_sequence_in_range(column, rows)) {
            return sb_error_set(err, SB_INVALID,
                                "%s: its values leave int64 before row %" PRId64
                                "; make start, step or rows smaller",
                                where, rows);
        }
        return SB_OK;
    case SB_GENERATOR_UNIFORM_FLOAT:
        if (!(column->low_float <= column->high_float)) {
            return sb_error_set(err, SB_INVALID,
                                "%s: key 'high': is %g; allowed: a number from low, which is %g",
                                where, column->high_float, column->low_float);
        }
        if (!isfinite(column->high_float - column->low_float)) {
            return sb_error_set(err, SB_INVALID,
                                "%s: low and high are further apart than a float64 holds", where);
        }
        return SB_OK;
    default:
        if (column->high < column->start) {
            return sb_error_set(err, SB_INVALID,
                                "%s: key 'high': is %" PRId64
                                "; allowed: an integer from low, which is %" PRId64,
                                where, column->high, column->start);
        }
        if ((uint64_t)column->high - (uint64_t)column->start > INT64_MAX) {
            return sb_error_set(err, SB_INVALID, "%s: low and high are further apart than 2^63 - 1",
                                where);
        }
        return SB_OK;
    }
}

static enum sb_status read_column(const json_t *json, int64_t rows, const char *where,
                                  struct sb_generator_column *column, struct sb_error *err)
{
    struct sb_argument keys[COLUMN_KEY_COUNT_MAX];

    if (!json_is_object(json)) {
        return sb_error_set(err, SB_INVALID, "%s: is not an object", where);
    }
    SB_TRY_RETURN(find_kind(json, where, &column->kind, err));
    SB_TRY_RETURN(sb_arguments_read(column_tables[column->kind], json, where, "key", keys, err));
    column->name = sb_argument_text(&keys[NAME], NULL);
    switch (column->kind) {
    case SB_GENERATOR_SEQUENCE:
    case SB_GENERATOR_TIMESTAMP:
        column->start = sb_argument_integer(&keys[FIRST], 0);
        column->step = sb_argument_integer(&keys[SECOND], 1);
        break;
    case SB_GENERATOR_UNIFORM_FLOAT:
        column->low_float = sb_argument_number(&keys[FIRST], 0.0);
        column->high_float = sb_argument_number(&keys[SECOND], 1.0);
        break;
    case SB_GENERATOR_STRING:
        column->prefix = sb_argument_text(&keys[THIRD], "");
        // fall through
    case SB_GENERATOR_UNIFORM_INT:
        column->start = sb_argument_integer(&keys[FIRST], 0);
        column->high = sb_argument_integer(&keys[SECOND], 0);
        break;
    }
    return check_range(column, rows, where, err);
}

static struct sb_field column_field(const struct sb_generator_column *column)
{
    static const enum sb_type_id types[] = {
        [SB_GENERATOR_SEQUENCE] = SB_TYPE_INT64,        [SB_GENERATOR_UNIFORM_INT] = SB_TYPE_INT64,
        [SB_GENERATOR_UNIFORM_FLOAT] = SB_TYPE_FLOAT64, [SB_GENERATOR_STRING] = SB_TYPE_UTF8,
        [SB_GENERATOR_TIMESTAMP] = SB_TYPE_TIMESTAMP,
    };

    return (struct sb_field){
        .name = column->name,
        .type = {.id = types[column->kind],
                 .unit = column->kind == SB_GENERATOR_TIMESTAMP ? SB_UNIT_MILLI : SB_UNIT_SECOND},
    };
}

enum sb_status sb_generator_derive(struct sb_node *node, const json_t *json,
                                   struct sb_derivation *derivation, struct sb_error *err)
{
    struct sb_source_spec *spec = &node->spec.source;
    struct sb_argument keys[GENERATOR_KEY_COUNT];
    struct sb_field *fields;
    char where[256];
    size_t count;

    snprintf(where, sizeof where, "%s: parameter 'generator'", node->label);
    SB_TRY_RETURN(sb_arguments_read(generator_keys, json, where, "key", keys, err));
    spec->is_generator = true;
    spec->generator_rows = sb_argument_integer(&keys[ROWS], 0);
    spec->generator_seed = (uint64_t)sb_argument_integer(&keys[SEED], 0);
    spec->generator_splits = (int32_t)sb_argument_integer(&keys[SPLITS], 1);

    count = json_array_size(keys[COLUMNS].value);
    if (count == 0) {
        return sb_error_set(err, SB_INVALID, "%s: key 'columns': is empty; name at least one",
                            where);
    }
    SB_TRY_RETURN(sb_node_alloc(node, derivation, (int64_t)count, sizeof *fields, &fields, err));
    SB_TRY_RETURN(sb_node_alloc(node, derivation, (int64_t)count, sizeof *spec->generator_columns,
                                &spec->generator_columns, err));
    spec->generator_column_count = (int32_t)count;
    for (size_t i = 0; i < count; i++) {
        char column_where[320];

        snprintf(column_where, sizeof column_where, "%s: columns[%zu]", where, i);
        SB_TRY_RETURN(read_column(json_array_get(keys[COLUMNS].value, i), spec->generator_rows,
                                  column_where, &spec->generator_columns[i], err));
        spec->generator_columns[i].number = (int32_t)i;
        fields[i] = column_field(&spec->generator_columns[i]);
    }
    SB_TRY_RETURN(sb_node_set_fields(node, derivation, fields, (int32_t)count,
                                     "give the generator's columns different names", err));
    node->delivered = node->schema;
    node->schema = NULL;
    return SB_OK;
}

enum sb_status sb_generator_narrow(struct sb_node *node, const bool *needed,
                                   struct sb_derivation *derivation, struct sb_error *err)
{
    struct sb_source_spec *spec = &node->spec.source;
    struct sb_schema *narrowed;
    struct sb_field *fields;
    int32_t count = 0;

    SB_TRY_RETURN(sb_node_alloc(node, derivation, spec->generator_column_count, sizeof *fields,
                                &fields, err));
    for (int32_t i = 0; i < spec->generator_column_count; i++) {
        if (needed[i]) {
            spec->generator_columns[count] = spec->generator_columns[i];
            fields[count++] = node->delivered->fields[i];
        }
    }
    SB_TRY_RETURN(sb_schema_create(sb_memory_global(), fields, count, &narrowed, err));
    spec->generator_column_count = count;
    sb_schema_release(node->delivered);
    node->delivered = narrowed;
    return SB_OK;
}
