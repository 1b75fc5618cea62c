// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join.c - rows of two inputs with equal keys, side by side.
 *
 * Output: every left column, then the right columns but the keys; of semi and anti joins, the left
 * columns. A right column whose name is taken gets the suffix, once; if that name is taken, too, it
 * is an error. With a right side that ends, that side is loaded first; with `within_ms`, or a right
 * side without end, both sides are stored and joined as they come.
 */
#include <inttypes.h>
#include <string.h>

#include "plan/event_time_internal.h"
#include "plan/node_class.h"
#include "plan/nodes/join_key.h"
#include "plan/text.h"

static const char *const kinds[] = {"inner", "left", "right", "outer", "semi", "anti", NULL};

enum {
    LEFT_KEYS,
    RIGHT_KEYS,
    JOIN_TYPE,
    SUFFIX,
    NULLS_EQUAL,
    WITHIN,
    STATE_TTL,
    LEFT_TIMESTAMP,
    RIGHT_TIMESTAMP,
    PARAMETER_COUNT,
};

enum { MS_MAX = 1000000000 }; // times a million stays within 64 bits

static const struct sb_parameter parameters[] = {
    [LEFT_KEYS] = {.name = "left_key",
                   .alias = "left_keys",
                   .kinds = SB_PARAMETER_TEXT | SB_PARAMETER_TEXTS,
                   .is_required = true},
    [RIGHT_KEYS] = {.name = "right_key",
                    .alias = "right_keys",
                    .kinds = SB_PARAMETER_TEXT | SB_PARAMETER_TEXTS,
                    .is_required = true},
    [JOIN_TYPE] = {.name = "join_type",
                   .alias = "how",
                   .kinds = SB_PARAMETER_TEXT,
                   .choices = kinds},
    [SUFFIX] = {.name = "suffix", .kinds = SB_PARAMETER_TEXT},
    [NULLS_EQUAL] = {.name = "nulls_equal", .kinds = SB_PARAMETER_BOOL},
    [WITHIN] = {.name = "within_ms",
                .kinds = SB_PARAMETER_INTEGER,
                .minimum = 0,
                .maximum = MS_MAX * INT64_C(1000)},
    [STATE_TTL] = {.name = "state_ttl_ms",
                   .kinds = SB_PARAMETER_INTEGER,
                   .minimum = 1,
                   .maximum = MS_MAX * INT64_C(1000)},
    [LEFT_TIMESTAMP] = {.name = "left_timestamp_column", .kinds = SB_PARAMETER_TEXT},
    [RIGHT_TIMESTAMP] = {.name = "right_timestamp_column", .kinds = SB_PARAMETER_TEXT},
    [PARAMETER_COUNT] = {.name = NULL},
};

static void derive_kind(struct sb_node *node)
{
    const char *kind = sb_argument_text(&node->arguments[JOIN_TYPE], kinds[SB_JOIN_INNER]);
    int32_t i = SB_JOIN_INNER;

    while (strcmp(kind, kinds[i]) != 0) { // one of them, by the parameter table
        i++;
    }
    node->spec.join.kind = (enum sb_join_kind)i;
}

// --- sides without end ---------------------------------------------------------------------------

static enum sb_status within_missing(const struct sb_node *node, int32_t port, struct sb_error *err)
{
    return sb_node_error(
        node, "within_ms", SB_INVALID, err,
        "is missing: the %s side of this '%s' join does not end, because of %s, so "
        "nothing else says when a row has no match; allowed: milliseconds from 0, "
        "or `bounded: true` at the source",
        port == 0 ? "left" : "right", kinds[node->spec.join.kind],
        node->inputs[port]->endless_source->label);
}

/* Which mechanism the join gets, and what bounds its state. */
static enum sb_status derive_bounds(struct sb_node *node, struct sb_error *err)
{
    struct sb_join_spec *spec = &node->spec.join;
    bool is_left_endless = node->inputs[0]->endless_source != NULL;
    bool is_right_endless = node->inputs[1]->endless_source != NULL;
    int64_t within_ms = sb_argument_integer(&node->arguments[WITHIN], -1);
    int64_t ttl_ms = sb_argument_integer(&node->arguments[STATE_TTL], -1);

    spec->within_us = within_ms < 0 ? -1 : within_ms * 1000;
    spec->is_symmetric = within_ms >= 0 || is_right_endless;
    spec->ttl_us = ttl_ms < 0 || !spec->is_symmetric ? -1 : ttl_ms * 1000;
    if (ttl_ms >= 0 && within_ms >= 0) {
        return sb_node_error(node, "state_ttl_ms", SB_INVALID, err,
                             "'within_ms' is given, too, and bounds the state already; give one");
    }
    if (ttl_ms >= 0 && spec->kind != SB_JOIN_INNER) {
        return sb_node_error(node, "state_ttl_ms", SB_INVALID, err,
                             "goes with inner joins alone, since a '%s' join must know when a row "
                             "has no match; give 'within_ms' instead",
                             kinds[spec->kind]);
    }
    if (within_ms < 0 && spec->kind != SB_JOIN_INNER && is_right_endless) {
        return within_missing(node, 1, err);
    }
    if (within_ms < 0 && sb_join_keeps_right(spec->kind) && is_left_endless) {
        return within_missing(node, 0, err);
    }
    return SB_OK;
}

static enum sb_status derive_time(struct sb_node *node, int32_t port, bool is_needed,
                                  struct sb_error *err)
{
    const struct sb_argument *argument = &node->arguments[LEFT_TIMESTAMP + port];
    const struct sb_schema *schema = node->inputs[port]->schema;
    const char *column = sb_argument_text(argument, NULL);
    int32_t *time = &node->spec.join.times[port];
    const struct sb_node *silent;
    const struct sb_type *type;
    char name[SB_TYPE_NAME_SIZE];

    *time = -1;
    if (column != NULL) {
        SB_TRY_RETURN(sb_node_column(node, argument->spelling, schema, column, time, err));
    } else if (is_needed) {
        *time = sb_node_event_time(node->inputs[port]);
    }
    if (!is_needed) {
        return SB_OK;
    }
    if (*time < 0) {
        return sb_node_error(node, argument->spelling, SB_INVALID, err,
                             "is missing: no declared `timestamp_column` comes this far, and there "
                             "is not exactly one column of a timestamp type; name one");
    }
    type = &schema->fields[*time].type;
    if (!sb_type_is_event_time(type)) {
        return sb_node_error(node, argument->spelling, SB_INVALID, err,
                             "column '%.100s' is %s; allowed: a timestamp, a date or int64 "
                             "(milliseconds)",
                             schema->fields[*time].name, sb_type_name(type, name, sizeof name));
    }
    silent = sb_node_silent_source(node->inputs[port]);
    if (silent != NULL) {
        return sb_node_error(node, NULL, SB_INVALID, err,
                             "%s does not end and declares no `timestamp_column`, so nothing says "
                             "which rows can go; declare one there",
                             silent->label);
    }
    return SB_OK;
}

static enum sb_status derive_times(struct sb_node *node, struct sb_error *err)
{
    const struct sb_join_spec *spec = &node->spec.join;
    bool is_needed = spec->within_us >= 0 || spec->ttl_us >= 0;

    SB_TRY_RETURN(derive_time(node, 0, is_needed, err));
    return derive_time(node, 1, is_needed, err);
}

// --- keys ----------------------------------------------------------------------------------------

static enum sb_status derive_key(struct sb_node *node, int32_t i, struct sb_error *err)
{
    struct sb_join_spec *spec = &node->spec.join;
    const struct sb_field *left = &node->inputs[0]->schema->fields[spec->left_keys[i]];
    const struct sb_field *right = &node->inputs[1]->schema->fields[spec->right_keys[i]];
    char left_name[SB_SHORT_SIZE];
    char right_name[SB_SHORT_SIZE];
    char left_type[SB_TYPE_NAME_SIZE];
    char right_type[SB_TYPE_NAME_SIZE];

    if (sb_join_key_type(&left->type, &right->type, &spec->key_types[i])) {
        return SB_OK;
    }
    return sb_node_error(node, node->arguments[LEFT_KEYS].spelling, SB_INVALID, err,
                         "left '%s' is %s and right '%s' is %s, which have no values in common; "
                         "cast one in a map before the join",
                         sb_short(left->name, left_name),
                         sb_type_name(&left->type, left_type, sizeof left_type),
                         sb_short(right->name, right_name),
                         sb_type_name(&right->type, right_type, sizeof right_type));
}

/* A right row without a match puts its keys into the left key columns: one each. */
static enum sb_status check_left_keys(const struct sb_node *node, struct sb_error *err)
{
    const struct sb_join_spec *spec = &node->spec.join;

    for (int32_t i = 0; sb_join_keeps_right(spec->kind) && i < spec->key_count; i++) {
        for (int32_t j = 0; j < i; j++) {
            if (spec->left_keys[i] == spec->left_keys[j]) {
                char name[SB_SHORT_SIZE];
                return sb_node_error(
                    node, node->arguments[LEFT_KEYS].spelling, SB_INVALID, err,
                    "'%s' stands there twice, and a right row without a match has two values for "
                    "it; copy the column in a map before the '%s' join",
                    sb_short(node->inputs[0]->schema->fields[spec->left_keys[i]].name, name),
                    kinds[spec->kind]);
            }
        }
    }
    return SB_OK;
}

static enum sb_status derive_keys(struct sb_node *node, struct sb_derivation *derivation,
                                  struct sb_error *err)
{
    const struct sb_argument *left = &node->arguments[LEFT_KEYS];
    const struct sb_argument *right = &node->arguments[RIGHT_KEYS];
    struct sb_join_spec *spec = &node->spec.join;
    struct sb_names left_names;
    struct sb_names right_names;

    SB_TRY_RETURN(sb_node_names(node, left, derivation->arena, &left_names, err));
    SB_TRY_RETURN(sb_node_names(node, right, derivation->arena, &right_names, err));
    if (left_names.count == 0) {
        return sb_node_error(node, left->spelling, SB_INVALID, err,
                             "is empty; name at least one column");
    }
    if (left_names.count != right_names.count) {
        return sb_node_error(node, right->spelling, SB_INVALID, err,
                             "has %" PRId32 " columns and '%s' has %" PRId32
                             "; allowed: as many on both sides",
                             right_names.count, left->spelling, left_names.count);
    }
    spec->key_count = left_names.count;
    SB_TRY_RETURN(sb_node_alloc(node, derivation, spec->key_count, sizeof *spec->left_keys,
                                &spec->left_keys, err));
    SB_TRY_RETURN(sb_node_alloc(node, derivation, spec->key_count, sizeof *spec->right_keys,
                                &spec->right_keys, err));
    SB_TRY_RETURN(sb_node_alloc(node, derivation, spec->key_count, sizeof *spec->key_types,
                                &spec->key_types, err));
    for (int32_t i = 0; i < spec->key_count; i++) {
        SB_TRY_RETURN(sb_node_column(node, left->spelling, node->inputs[0]->schema,
                                     left_names.names[i], &spec->left_keys[i], err));
        SB_TRY_RETURN(sb_node_column(node, right->spelling, node->inputs[1]->schema,
                                     right_names.names[i], &spec->right_keys[i], err));
        SB_TRY_RETURN(derive_key(node, i, err));
    }
    return check_left_keys(node, err);
}

// --- output --------------------------------------------------------------------------------------

static bool is_right_key(const struct sb_join_spec *spec, int32_t column)
{
    for (int32_t i = 0; i < spec->key_count; i++) {
        if (spec->right_keys[i] == column) {
            return true;
        }
    }
    return false;
}

/* Left columns; right rows without a match have nulls there, and their keys in the keys. */
static void left_outputs(const struct sb_node *node, struct sb_field *fields)
{
    const struct sb_join_spec *spec = &node->spec.join;
    const struct sb_schema *left = node->inputs[0]->schema;
    const struct sb_schema *right = node->inputs[1]->schema;
    bool keeps_right = sb_join_keeps_right(spec->kind);

    for (int32_t i = 0; i < left->field_count; i++) {
        fields[i] = left->fields[i];
        fields[i].is_nullable |= keeps_right;
    }
    for (int32_t i = 0; keeps_right && i < spec->key_count; i++) {
        const struct sb_field *from = &left->fields[spec->left_keys[i]];
        const struct sb_field *other = &right->fields[spec->right_keys[i]];
        struct sb_field *field = &fields[spec->left_keys[i]];

        field->is_nullable = from->is_nullable || other->is_nullable;
        sb_join_key_output(&from->type, &other->type, &field->type);
    }
}

static enum sb_status derive_outputs(struct sb_node *node, struct sb_derivation *derivation,
                                     struct sb_error *err)
{
    const char *suffix = sb_argument_text(&node->arguments[SUFFIX], "_right");
    const struct sb_schema *left = node->inputs[0]->schema;
    const struct sb_schema *right = node->inputs[1]->schema;
    struct sb_join_spec *spec = &node->spec.join;
    int32_t count = left->field_count;
    struct sb_field *fields;

    SB_TRY_RETURN(sb_node_alloc(node, derivation, (int64_t)count + right->field_count,
                                sizeof *fields, &fields, err));
    SB_TRY_RETURN(sb_node_alloc(node, derivation, right->field_count, sizeof *spec->right_outputs,
                                &spec->right_outputs, err));
    left_outputs(node, fields);
    for (int32_t i = 0; i < right->field_count; i++) {
        struct sb_field *field = &fields[count];

        if (is_right_key(spec, i) || sb_join_is_existence(spec->kind)) {
            continue;
        }
        *field = right->fields[i];
        field->is_nullable |= sb_join_keeps_left(spec->kind);
        if (sb_schema_index(left, field->name) >= 0) {
            field->name = sb_arena_format(derivation->arena, "%s%s", field->name, suffix);
            if (field->name == NULL) {
                return sb_node_no_memory(node, err, SB_MEMORY_ALIGNMENT);
            }
        }
        spec->right_outputs[spec->right_output_count++] = i;
        count++;
    }
    return sb_node_set_fields(node, derivation, fields, count,
                              "rename one before the join, or choose another 'suffix'", err);
}

static enum sb_status hash_join_derive(struct sb_node *node, struct sb_derivation *derivation,
                                       struct sb_error *err)
{
    derive_kind(node);
    node->spec.join.nulls_equal = sb_argument_bool(&node->arguments[NULLS_EQUAL], false);
    SB_TRY_RETURN(derive_keys(node, derivation, err));
    SB_TRY_RETURN(derive_bounds(node, err));
    SB_TRY_RETURN(derive_times(node, err));
    return derive_outputs(node, derivation, err);
}

/* A left column that a wanted right one was renamed for stays, else the name would change. */
static void hash_join_require(const struct sb_node *node, const bool *wanted, int32_t port,
                              bool *required)
{
    const struct sb_join_spec *spec = &node->spec.join;
    const struct sb_schema *left = node->inputs[0]->schema;
    const struct sb_schema *right = node->inputs[1]->schema;

    for (int32_t i = 0; i < spec->key_count; i++) {
        required[port == 0 ? spec->left_keys[i] : spec->right_keys[i]] = true;
    }
    if (spec->times[port] >= 0) {
        required[spec->times[port]] = true;
    }
    if (port == 0) {
        sb_required_pass(wanted, left->field_count, required);
    }
    for (int32_t i = 0; i < spec->right_output_count; i++) {
        int32_t column = spec->right_outputs[i];
        int32_t clash = sb_schema_index(left, right->fields[column].name);

        if (wanted[left->field_count + i]) {
            required[port == 0 ? (clash >= 0 ? clash : spec->left_keys[0]) : column] = true;
        }
    }
}

/* Which key has the left column, if its two columns are the same to every function; else -1. */
static int32_t same_key(const struct sb_node *node, int32_t column)
{
    const struct sb_join_spec *spec = &node->spec.join;

    for (int32_t i = 0; i < spec->key_count; i++) {
        const struct sb_type *type = &node->inputs[0]->schema->fields[column].type;

        if (spec->left_keys[i] == column && sb_type_equal_is_same(type) &&
            sb_type_equal(type, &node->inputs[1]->schema->fields[spec->right_keys[i]].type)) {
            return i;
        }
    }
    return -1;
}

/*
 * The sides whose rows all come out, and both of an inner join. A key that right rows without a
 * match bring is the right one; of inner joins the two are equal.
 */
static int32_t hash_join_tested_column(const struct sb_node *node, int32_t port, int32_t column)
{
    const struct sb_join_spec *spec = &node->spec.join;
    int32_t left_count = node->inputs[0]->schema->field_count;

    if (column >= left_count) {
        bool is_tested = port == 1 && !sb_join_keeps_left(spec->kind);

        return is_tested ? spec->right_outputs[column - left_count] : -1;
    }
    if (port == 0) {
        return sb_join_keeps_right(spec->kind) ? -1 : column;
    }
    if (spec->kind == SB_JOIN_INNER || spec->kind == SB_JOIN_RIGHT) {
        int32_t key = same_key(node, column);

        return key < 0 ? -1 : spec->right_keys[key];
    }
    return -1;
}

static bool hash_join_drops_rows(const struct sb_node *node, int32_t port)
{
    enum sb_join_kind kind = node->spec.join.kind;

    return port == 0 ? !sb_join_keeps_left(kind) : !sb_join_keeps_right(kind);
}

// "instrumentId = ID" for each pair of keys.
static json_t *key_texts(const struct sb_names *left, const struct sb_names *right)
{
    json_t *list = json_array();
    bool is_failed = list == NULL;

    for (int32_t i = 0; i < left->count && !is_failed; i++) {
        is_failed = json_array_append_new(
                        list, json_sprintf("%s = %s", left->names[i], right->names[i])) != 0;
    }
    return sb_details_end(list, is_failed);
}

/* What is stored, and whether anything bounds it. */
static bool details_state(const struct sb_node *node, json_t *details)
{
    const struct sb_argument *arguments = node->arguments;
    bool is_endless = node->input_count == 2 && node->inputs[1]->endless_source != NULL;
    bool has_within = arguments[WITHIN].value != NULL;
    bool is_failed = sb_details_add(
        details, "stores", json_string(is_endless || has_within ? "both sides" : "right side"));

    if (is_endless && !has_within && arguments[STATE_TTL].value == NULL) {
        is_failed |= sb_details_add(
            details, "warning",
            json_string("state grows without end; 'within_ms' or 'state_ttl_ms' bounds it"));
    }
    return is_failed;
}

static json_t *hash_join_details(const struct sb_node *node, bool is_streaming,
                                 struct sb_arena *scratch)
{
    const struct sb_argument *arguments = node->arguments;
    struct sb_names left;
    struct sb_names right;
    json_t *details;
    bool is_failed;

    if (sb_names_read(arguments[LEFT_KEYS].value, scratch, &left, NULL) != SB_OK ||
        sb_names_read(arguments[RIGHT_KEYS].value, scratch, &right, NULL) != SB_OK) {
        return NULL;
    }
    if (left.count != right.count) {
        return sb_node_arguments_json(node);
    }
    details = json_object();
    is_failed = details == NULL ||
                sb_details_add(details, "join_type",
                               json_string(sb_argument_text(&arguments[JOIN_TYPE], kinds[0]))) ||
                sb_details_add(details, "on", key_texts(&left, &right));
    for (int32_t i = SUFFIX; i < PARAMETER_COUNT && !is_failed; i++) {
        if (arguments[i].value != NULL) {
            is_failed = sb_details_add(details, parameters[i].name,
                                       json_incref((json_t *)arguments[i].value));
        }
    }
    return sb_details_end(details, is_failed || details_state(node, details));
}

static const char *const input_names[] = {"left", "right"};

const struct sb_node_class sb_node_hash_join = {
    .name = "hash_join",
    .type = SB_NODE_HASH_JOIN,
    .inputs_min = 2,
    .inputs_max = 2,
    .input_names = input_names,
    .parameters = parameters,
    .derive = hash_join_derive,
    .require = hash_join_require,
    .tested_column = hash_join_tested_column,
    .drops_rows = hash_join_drops_rows,
    .details = hash_join_details,
};
