// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_plan.c - the layout of build rows, and how they and the left rows come out.
 */
#include "exec/ops/hash_join_internal.h"

static enum sb_status plan_no_memory(struct sb_error *err)
{
    return sb_error_no_memory(err, "the plan of a join", 0);
}

/* What is stored of right rows beside what they are compared by. */
static enum sb_status plan_stored(struct sb_hash_join *join, const struct sb_join_spec *spec,
                                  struct sb_error *err)
{
    size_t count = (size_t)spec->right_output_count + (size_t)spec->key_count;

    join->payload_count = spec->right_output_count;
    join->stored_count = spec->right_output_count;
    join->stored = sb_arena_alloc(&join->arena, sizeof *join->stored * count);
    join->kept = sb_arena_alloc(&join->arena, sizeof *join->kept * (size_t)spec->key_count);
    if (join->stored == NULL || join->kept == NULL) {
        return plan_no_memory(err);
    }
    for (int32_t p = 0; p < spec->right_output_count; p++) {
        join->stored[p] = spec->right_outputs[p];
    }
    for (int32_t k = 0; join->keeps_right && k < join->key_count; k++) {
        join->kept[k].field = k;
        if (!sb_join_key_is_value(&join->keys[SB_JOIN_BUILD_PORT].keys[k])) {
            join->kept[k].field = join->key_count + join->stored_count;
            join->stored[join->stored_count++] = spec->right_keys[k];
        }
    }
    return SB_OK;
}

/* How keys go into the left key columns of the output, which may be wider than the input's. */
static enum sb_status plan_casts(struct sb_hash_join *join, const struct sb_join_spec *spec,
                                 const struct sb_schema *left, const struct sb_schema *right,
                                 struct sb_error *err)
{
    const struct sb_field *out = join->op.node->schema->fields;
    struct sb_type none = {.id = SB_TYPE_INT64};

    join->casts = sb_arena_alloc(&join->arena, sizeof *join->casts * (size_t)join->left_count);
    if (join->casts == NULL) {
        return plan_no_memory(err);
    }
    for (int32_t c = 0; c < join->left_count; c++) {
        join->casts[c] = sb_key_cast_of(&none, &none);
    }
    for (int32_t k = 0; k < join->key_count; k++) {
        int32_t column = spec->left_keys[k];
        join->casts[column] = sb_key_cast_of(&left->fields[column].type, &out[column].type);
        join->kept[k].cast =
            sb_key_cast_of(&right->fields[spec->right_keys[k]].type, &out[column].type);
    }
    return SB_OK;
}

// --- layout --------------------------------------------------------------------------------------

static enum sb_status plan_layout(struct sb_hash_join *join, const struct sb_schema *right,
                                  const struct sb_type *key_types, struct sb_error *err)
{
    int32_t field_count = join->key_count + join->stored_count + (join->keeps_right ? 1 : 0);
    enum sb_row_kind *kinds = sb_arena_alloc(&join->arena, sizeof *kinds * (size_t)field_count);
    struct sb_field *fields = sb_arena_alloc(&join->arena, sizeof *fields * (size_t)field_count);
    struct sb_row_layout_options options = {
        .kinds = kinds,
        .field_count = field_count,
        .key_count = join->key_count,
        .has_hash = true,
        .has_link = true,
        .has_nulls = true,
    };

    if (kinds == NULL || fields == NULL) {
        return plan_no_memory(err);
    }
    join->mark_field = join->keeps_right ? field_count - 1 : -1;
    for (int32_t f = 0; f < field_count; f++) {
        int32_t column;

        if (f == join->mark_field) {
            fields[f] = (struct sb_field){.name = "mark", .type = {.id = SB_TYPE_UINT8}};
            kinds[f] = SB_ROW_UINT;
            continue;
        }
        column = f < join->key_count ? join->keys[SB_JOIN_BUILD_PORT].keys[f].column
                                     : join->stored[f - join->key_count];
        fields[f] = right->fields[column];
        if (f < join->key_count) {
            fields[f].type = key_types[f];
            fields[f].is_nullable = true;
        }
        kinds[f] = sb_row_kind(&fields[f].type);
    }
    SB_TRY_RETURN(sb_schema_create(join->op.memory, fields, field_count, &join->state_schema, err));
    SB_TRY_RETURN(sb_row_layout_init(&join->layout, join->op.memory, &options, err));
    join->is_word = join->key_count == 1 && sb_row_kind_words(kinds[0]) == 1 &&
                    !join->keys[SB_JOIN_BUILD_PORT].nulls_equal;
    options.has_hash = false;
    options.has_link = false;
    SB_TRY_RETURN(sb_row_layout_init(&join->full, join->op.memory, &options, err));
    options.has_nulls = false;
    return sb_row_layout_init(&join->plain, join->op.memory, &options, err);
}

enum sb_status sb_hash_join_plan(struct sb_hash_join *join, const struct sb_op_options *options,
                                 struct sb_error *err)
{
    const struct sb_join_spec *spec = &options->node->spec.join;
    const struct sb_schema *left = options->node->inputs[SB_JOIN_PROBE_PORT]->schema;
    const struct sb_schema *right = options->node->inputs[SB_JOIN_BUILD_PORT]->schema;

    sb_arena_init(&join->arena, join->op.memory);
    pthread_mutex_init(&join->lock, NULL);
    pthread_mutex_init(&join->ready_lock, NULL);
    join->has_locks = true;
    join->kind = spec->kind;
    join->keeps_left = sb_join_keeps_left(spec->kind);
    join->keeps_right = sb_join_keeps_right(spec->kind);
    join->is_existence = sb_join_is_existence(spec->kind);
    join->key_count = spec->key_count;
    join->left_count = left->field_count;
    SB_TRY_RETURN(sb_join_keys_plan(&join->keys[SB_JOIN_PROBE_PORT], &join->arena, spec, left,
                                    spec->left_keys, err));
    SB_TRY_RETURN(sb_join_keys_plan(&join->keys[SB_JOIN_BUILD_PORT], &join->arena, spec, right,
                                    spec->right_keys, err));
    SB_TRY_RETURN(plan_stored(join, spec, err));
    if (join->keeps_right) {
        SB_TRY_RETURN(plan_casts(join, spec, left, right, err));
    }
    return plan_layout(join, right, spec->key_types, err);
}

void sb_hash_join_plan_deinit(struct sb_hash_join *join)
{
    sb_row_layout_deinit(&join->layout);
    sb_row_layout_deinit(&join->plain);
    sb_row_layout_deinit(&join->full);
    if (join->nobody.memory != NULL) {
        sb_word_slots_deinit(&join->nobody);
    }
    if (join->heads != NULL) {
        sb_memory_free(join->op.memory, join->heads,
                       sizeof *join->heads * (size_t)join->op.group_count);
    }
    sb_schema_release(join->state_schema);
    sb_arena_deinit(&join->arena);
    if (join->has_locks) {
        pthread_mutex_destroy(&join->lock);
        pthread_mutex_destroy(&join->ready_lock);
    }
}
