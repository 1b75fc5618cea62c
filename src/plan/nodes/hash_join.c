// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join.c - rows of two inputs with equal keys, side by side.
 *
 * Output: every left column, then the right columns but the keys. A right column whose name is
 * taken gets the suffix, once; if that name is taken, too, it is an error.
 */
#include <inttypes.h>
#include <string.h>

#include "plan/node_internal.h"
#include "plan/nodes/join_key_internal.h"
#include "plan/text_internal.h"

static const char *const kinds[] = {"inner", "left", "right", "outer", NULL};

enum { LEFT_KEYS, RIGHT_KEYS, JOIN_TYPE, SUFFIX, PARAMETER_COUNT };

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
    [PARAMETER_COUNT] = {.name = NULL},
};

static enum sb_status derive_kind(struct sb_node *node, struct sb_error *err)
{
    const struct sb_argument *argument = &node->arguments[JOIN_TYPE];
    const char *kind = sb_argument_text(argument, kinds[SB_JOIN_INNER]);

    for (int32_t i = SB_JOIN_INNER; i <= SB_JOIN_LEFT; i++) {
        if (strcmp(kind, kinds[i]) == 0) {
            node->spec.join.kind = (enum sb_join_kind)i;
            return SB_OK;
        }
    }
    return sb_node_error(node, argument->spelling, SB_UNSUPPORTED, err,
                         "this version does not run '%s' joins yet; allowed: inner, left", kind);
}

static enum sb_status check_bounded(const struct sb_node *node, struct sb_error *err)
{
    const struct sb_node *endless = node->inputs[1]->endless_source;

    if (endless != NULL) {
        return sb_node_error(node, NULL, SB_UNSUPPORTED, err,
                             "its right side does not end, because of %s; this version loads the "
                             "right side first: set `bounded: true` there, or swap the sides",
                             endless->label);
    }
    return SB_OK;
}

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
    return SB_OK;
}

static bool is_right_key(const struct sb_join_spec *spec, int32_t column)
{
    for (int32_t i = 0; i < spec->key_count; i++) {
        if (spec->right_keys[i] == column) {
            return true;
        }
    }
    return false;
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
    for (int32_t i = 0; i < count; i++) {
        fields[i] = left->fields[i];
    }
    for (int32_t i = 0; i < right->field_count; i++) {
        struct sb_field *field = &fields[count];

        if (is_right_key(spec, i)) {
            continue;
        }
        *field = right->fields[i];
        field->is_nullable |= spec->kind == SB_JOIN_LEFT;
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
    SB_TRY_RETURN(derive_kind(node, err));
    SB_TRY_RETURN(derive_keys(node, derivation, err));
    SB_TRY_RETURN(check_bounded(node, err));
    return derive_outputs(node, derivation, err);
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
    if (!is_failed && arguments[SUFFIX].value != NULL) {
        is_failed =
            sb_details_add(details, "suffix", json_incref((json_t *)arguments[SUFFIX].value));
    }
    return sb_details_end(details, is_failed);
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
    .details = hash_join_details,
};
