// SPDX-License-Identifier: Apache-2.0
/*
 * union.c - the rows of all inputs: with columns equal by name, order and type, or by name alone.
 *
 * By name, the columns of all inputs come out in the order of their first appearance, null where an
 * input lacks one, in a type that has the values of all.
 */
#include <inttypes.h>
#include <string.h>

#include "expr/type_rules.h"
#include "plan/node_class.h"
#include "plan/nodes/join_key.h"
#include "plan/text.h"

enum { RECONCILE, PARAMETER_COUNT };

static const char *const reconciliations[] = {"strict", "by_name", NULL};

static const struct sb_parameter parameters[] = {
    [RECONCILE] = {.name = "reconcile", .kinds = SB_PARAMETER_TEXT, .choices = reconciliations},
    [PARAMETER_COUNT] = {.name = NULL},
};

static enum sb_status check_field(const struct sb_node *node, int32_t port, int32_t i,
                                  struct sb_error *err)
{
    const struct sb_field *first = &node->inputs[0]->schema->fields[i];
    const struct sb_field *other = &node->inputs[port]->schema->fields[i];
    char first_type[SB_TYPE_NAME_SIZE];
    char other_type[SB_TYPE_NAME_SIZE];
    char first_name[SB_SHORT_SIZE];
    char other_name[SB_SHORT_SIZE];

    if (strcmp(first->name, other->name) == 0 && sb_type_equal(&first->type, &other->type)) {
        return SB_OK;
    }
    return sb_node_error(node, NULL, SB_INVALID, err,
                         "column %" PRId32 " is '%s: %s' in input 0 and '%s: %s' in input %" PRId32
                         "; columns must be equal by name, order and type (use select or map "
                         "before the union)",
                         i, sb_short(first->name, first_name),
                         sb_type_name(&first->type, first_type, sizeof first_type),
                         sb_short(other->name, other_name),
                         sb_type_name(&other->type, other_type, sizeof other_type), port);
}

static enum sb_status check_input(const struct sb_node *node, int32_t port, struct sb_error *err)
{
    const struct sb_schema *first = node->inputs[0]->schema;
    const struct sb_schema *other = node->inputs[port]->schema;
    char first_text[256];
    char other_text[256];

    for (int32_t i = 0; i < first->field_count && i < other->field_count; i++) {
        SB_TRY_RETURN(check_field(node, port, i, err));
    }
    if (first->field_count != other->field_count) {
        return sb_node_error(node, NULL, SB_INVALID, err,
                             "input 0 has the columns (%s) and input %" PRId32 " (%s); columns "
                             "must be equal by name, order and type (use select or map before "
                             "the union)",
                             sb_schema_text(first, first_text, sizeof first_text), port,
                             sb_schema_text(other, other_text, sizeof other_text));
    }
    return SB_OK;
}

static enum sb_status derive_strict(struct sb_node *node, struct sb_derivation *derivation,
                                    struct sb_error *err)
{
    const struct sb_schema *first = node->inputs[0]->schema;
    struct sb_field *fields;

    SB_TRY_RETURN(
        sb_node_alloc(node, derivation, first->field_count, sizeof *fields, &fields, err));
    for (int32_t i = 0; i < first->field_count; i++) {
        fields[i] = first->fields[i];
    }
    for (int32_t port = 1; port < node->input_count; port++) {
        SB_TRY_RETURN(check_input(node, port, err));
        for (int32_t i = 0; i < first->field_count; i++) {
            fields[i].is_nullable |= node->inputs[port]->schema->fields[i].is_nullable;
        }
    }
    return sb_node_set_fields(node, derivation, fields, first->field_count, "", err);
}

// --- by name -------------------------------------------------------------------------------------

static bool is_number(const struct sb_type *type)
{
    return sb_type_is_number(type) || sb_type_is_decimal(type->id);
}

static bool is_date(enum sb_type_id id)
{
    return id == SB_TYPE_DATE32 || id == SB_TYPE_DATE64;
}

/* The type that has the values of both; false when there is none. `out` may be one of them. */
static bool types_meet(const struct sb_type *first, const struct sb_type *other,
                       struct sb_type *out)
{
    struct sb_type a = sb_type_computed(first); // what encodings and narrow types stand for
    struct sb_type b = sb_type_computed(other);

    if (sb_type_equal(first, other) || other->id == SB_TYPE_NULL) {
        *out = *first;
        return true;
    }
    if (first->id == SB_TYPE_NULL) {
        *out = *other;
        return true;
    }
    if (sb_type_is_integer(a.id) && sb_type_is_integer(b.id)) {
        sb_join_key_output(&a, &b, out);
        return true;
    }
    if (is_number(&a) && is_number(&b) && (sb_type_is_float(a.id) || sb_type_is_float(b.id))) {
        bool is_narrow = a.id == SB_TYPE_FLOAT32 && b.id == SB_TYPE_FLOAT32;

        *out = sb_type_of(is_narrow ? SB_TYPE_FLOAT32 : SB_TYPE_FLOAT64);
        return true;
    }
    if (is_date(a.id) && b.id == SB_TYPE_TIMESTAMP && b.zone == NULL) {
        *out = b;
        return true;
    }
    if (is_date(b.id) && a.id == SB_TYPE_TIMESTAMP && a.zone == NULL) {
        *out = a;
        return true;
    }
    return sb_type_common(&a, &b, out);
}

static enum sb_status refuse_types(const struct sb_node *node, int32_t port,
                                   const struct sb_field *field, struct sb_error *err)
{
    int32_t earlier = 0;
    const struct sb_type *type = NULL;
    char name[SB_SHORT_SIZE];
    char earlier_type[SB_TYPE_NAME_SIZE];
    char other_type[SB_TYPE_NAME_SIZE];

    for (int32_t i = 0; i < port; i++) { // rather one with which the type alone does not meet
        const struct sb_schema *input = node->inputs[i]->schema;
        int32_t column = sb_schema_index(input, field->name);
        struct sb_type met;

        if (column >= 0 &&
            (type == NULL || !types_meet(&input->fields[column].type, &field->type, &met))) {
            type = &input->fields[column].type;
            earlier = i;
        }
    }
    sb_assert(type != NULL);
    return sb_node_error(node, "reconcile", SB_INVALID, err,
                         "column '%s' is %s in input %" PRId32 " and %s in input %" PRId32
                         ", which no type unites; cast one of them in a map before the union",
                         sb_short(field->name, name),
                         sb_type_name(type, earlier_type, sizeof earlier_type), earlier,
                         sb_type_name(&field->type, other_type, sizeof other_type), port);
}

static int32_t field_find(const struct sb_field *fields, int32_t count, const char *name)
{
    for (int32_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

/* All columns there are, with the types in which they meet. `fields` has room for all of all. */
static enum sb_status fields_unite(const struct sb_node *node, struct sb_field *fields,
                                   int32_t *count, struct sb_error *err)
{
    for (int32_t port = 0; port < node->input_count; port++) {
        const struct sb_schema *input = node->inputs[port]->schema;

        for (int32_t i = 0; i < input->field_count; i++) {
            int32_t at = field_find(fields, *count, input->fields[i].name);

            if (at < 0) {
                fields[(*count)++] = input->fields[i];
            } else if (!types_meet(&fields[at].type, &input->fields[i].type, &fields[at].type)) {
                return refuse_types(node, port, &input->fields[i], err);
            }
        }
    }
    return SB_OK;
}

static enum sb_status bind_cast(const struct sb_node *node, struct sb_derivation *derivation,
                                int32_t port, const struct sb_field *field,
                                const struct sb_bound_expr **out, struct sb_error *err)
{
    const char *type = sb_type_text(&field->type, derivation->arena);
    const struct sb_expr *expr;
    enum sb_status status;
    json_t *json;

    if (type == NULL) {
        return sb_node_no_memory(node, err, SB_TYPE_NAME_SIZE);
    }
    json = json_pack("{s:s, s:[{s:s}], s:s}", "call", "cast", "args", "col", field->name, "type",
                     type);
    if (json == NULL) {
        return sb_node_no_memory(node, err, SB_TYPE_NAME_SIZE);
    }
    status = sb_expr_parse(json, derivation->arena, &expr, err);
    json_decref(json);
    if (status == SB_OK) {
        status = sb_derivation_bind(derivation, derivation->scratch, expr,
                                    node->inputs[port]->schema, out, err);
    }
    if (status != SB_OK) {
        sb_error_prefix(err, "%s: parameter 'reconcile': column '%.100s' of input %" PRId32,
                        node->label, field->name, port);
    }
    return status;
}

/* Where the columns of one input go; those it lacks can be null. */
static enum sb_status input_map(struct sb_node *node, struct sb_derivation *derivation,
                                int32_t port, struct sb_field *fields, int32_t count,
                                struct sb_error *err)
{
    const struct sb_schema *input = node->inputs[port]->schema;
    struct sb_union_spec *spec = &node->spec.unite;

    for (int32_t i = 0; i < count; i++) {
        int32_t column = sb_schema_index(input, fields[i].name);
        int64_t at = (int64_t)port * count + i;
        bool is_typed = column >= 0 && (input->fields[column].type.id != SB_TYPE_NULL ||
                                        fields[i].type.id == SB_TYPE_NULL);

        spec->source_columns[at] = is_typed ? column : -1;
        fields[i].is_nullable |= !is_typed || input->fields[column].is_nullable;
        if (is_typed && !sb_type_equal(&input->fields[column].type, &fields[i].type)) {
            SB_TRY_RETURN(bind_cast(node, derivation, port, &fields[i], &spec->casts[at], err));
            spec->has_casts[port] = true;
        }
    }
    return SB_OK;
}

static enum sb_status derive_by_name(struct sb_node *node, struct sb_derivation *derivation,
                                     struct sb_error *err)
{
    struct sb_union_spec *spec = &node->spec.unite;
    struct sb_field *fields;
    int64_t room = 0;
    int32_t count = 0;

    *spec = (struct sb_union_spec){.is_by_name = true};
    for (int32_t port = 0; port < node->input_count; port++) {
        room += node->inputs[port]->schema->field_count;
    }
    SB_TRY_RETURN(sb_node_alloc(node, derivation, room, sizeof *fields, &fields, err));
    SB_TRY_RETURN(fields_unite(node, fields, &count, err));
    room = (int64_t)count * node->input_count;
    SB_TRY_RETURN(sb_node_alloc(node, derivation, room, sizeof *spec->source_columns,
                                &spec->source_columns, err));
    SB_TRY_RETURN(sb_node_alloc(node, derivation, room, sizeof *spec->casts, &spec->casts, err));
    SB_TRY_RETURN(sb_node_alloc(node, derivation, node->input_count, sizeof *spec->has_casts,
                                &spec->has_casts, err));
    for (int32_t port = 0; port < node->input_count; port++) {
        SB_TRY_RETURN(input_map(node, derivation, port, fields, count, err));
    }
    return sb_node_set_fields(node, derivation, fields, count, "", err);
}

static enum sb_status union_derive(struct sb_node *node, struct sb_derivation *derivation,
                                   struct sb_error *err)
{
    if (strcmp(sb_argument_text(&node->arguments[RECONCILE], "strict"), "by_name") == 0) {
        return derive_by_name(node, derivation, err);
    }
    node->spec.unite = (struct sb_union_spec){0};
    return derive_strict(node, derivation, err);
}

/* Inputs of a strict union are equal only as long as they are whole. */
static void union_require(const struct sb_node *node, const bool *wanted, int32_t port,
                          bool *required)
{
    const struct sb_union_spec *spec = &node->spec.unite;
    int32_t count = node->schema->field_count;

    if (!spec->is_by_name) {
        memset(required, true, (size_t)node->inputs[port]->schema->field_count);
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        int32_t column = sb_schema_index(node->inputs[port]->schema, node->schema->fields[i].name);

        if (wanted[i] && column >= 0) {
            required[column] = true;
        }
    }
}

static int32_t union_tested_column(const struct sb_node *node, int32_t port, int32_t column)
{
    const struct sb_union_spec *spec = &node->spec.unite;
    int64_t at = (int64_t)port * node->schema->field_count + column;

    if (!spec->is_by_name) {
        return column;
    }
    return spec->casts[at] == NULL ? spec->source_columns[at] : -1;
}

static json_t *union_details(const struct sb_node *node, bool is_streaming,
                             struct sb_arena *scratch)
{
    return sb_node_arguments_json(node);
}

const struct sb_node_class sb_node_union = {
    .name = "union",
    .type = SB_NODE_UNION,
    .inputs_min = 1,
    .inputs_max = SB_INPUTS_ANY,
    .parameters = parameters,
    .takes_updates = true,
    .derive = union_derive,
    .require = union_require,
    .tested_column = union_tested_column,
    .tests_every_input = true,
    .details = union_details,
};
