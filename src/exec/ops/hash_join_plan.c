// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_plan.c - the layout of build rows, and keys of both sides in one form.
 */
#include "exec/ops/hash_join_internal.h"

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

static enum sb_status plan_no_memory(struct sb_error *err)
{
    return sb_error_no_memory(err, "the plan of a join", 0);
}

// --- keys ----------------------------------------------------------------------------------------

/* How many units of `to` one unit of `from` is. */
static int128 key_factor(const struct sb_type *from, const struct sb_type *to)
{
    static const int64_t thousands[] = {1, 1000, 1000000, 1000000000};
    int128 factor = 1;

    if (from->id == SB_TYPE_TIMESTAMP && to->id == SB_TYPE_TIMESTAMP) {
        return thousands[to->unit - from->unit];
    }
    if (from->id == SB_TYPE_DATE32 && to->id == SB_TYPE_DATE64) {
        return 86400 * 1000;
    }
    for (int32_t i = from->scale; from->id == SB_TYPE_DECIMAL128 && i < to->scale; i++) {
        factor *= 10; // scales differ by 38 at most
    }
    return factor;
}

static enum sb_status plan_keys(struct sb_hash_join *join, int32_t port,
                                const struct sb_schema *input, const int32_t *columns,
                                const struct sb_type *types, struct sb_error *err)
{
    struct sb_join_key *keys = sb_arena_alloc(&join->arena, sizeof *keys * (size_t)join->key_count);

    if (keys == NULL) {
        return plan_no_memory(err);
    }
    for (int32_t k = 0; k < join->key_count; k++) {
        int128 factor = key_factor(&input->fields[columns[k]].type, &types[k]);
        keys[k] = (struct sb_join_key){
            .column = columns[k],
            .factor_low = (uint64_t)factor,
            .factor_high = (uint64_t)((uint128)factor >> 64),
        };
    }
    join->keys[port] = keys;
    return SB_OK;
}

/* Multiplies values; those that leave their type's range become null. */
static void key_scale(const struct sb_join_key *key, int64_t count, struct sb_row_scratch *scratch,
                      struct sb_row_vector *vector)
{
    uint64_t *words = scratch->words;
    bool is_wide = vector->kind == SB_ROW_WIDE;
    bool has_nulls = vector->nulls != NULL;

    if (!has_nulls) {
        memset(scratch->nulls, 0, (size_t)count);
    }
    for (int64_t i = 0; i < count; i++) {
        bool overflows;
        if (is_wide) {
            int128 value = (int128)((uint128)vector->words[2 * i + 1] << 64 | vector->words[2 * i]);
            int128 factor = (int128)((uint128)key->factor_high << 64 | key->factor_low);
            overflows = __builtin_mul_overflow(value, factor, &value);
            words[2 * i] = overflows ? 0 : (uint64_t)value;
            words[2 * i + 1] = overflows ? 0 : (uint64_t)((uint128)value >> 64);
        } else {
            int64_t value;
            overflows =
                __builtin_mul_overflow((int64_t)vector->words[i], (int64_t)key->factor_low, &value);
            words[i] = overflows ? 0 : (uint64_t)value;
        }
        scratch->nulls[i] |= overflows;
        has_nulls = has_nulls || overflows;
    }
    vector->words = words;
    vector->nulls = has_nulls ? scratch->nulls : NULL;
}

enum sb_status sb_hash_join_load_keys(const struct sb_hash_join *join, int32_t port,
                                      const struct sb_batch *batch, int64_t first, int64_t count,
                                      struct sb_row_chunk *chunk, struct sb_error *err)
{
    for (int32_t k = 0; k < join->key_count; k++) {
        const struct sb_join_key *key = &join->keys[port][k];

        SB_TRY_RETURN(sb_row_vector_load(&batch->columns[key->column], sb_batch_rows(batch), first,
                                         count, SB_ROW_CANONICAL, &chunk->scratches[k],
                                         &chunk->vectors[k], err));
        if (key->factor_low != 1 || key->factor_high != 0) {
            key_scale(key, count, &chunk->scratches[k], &chunk->vectors[k]);
        }
        chunk->vectors[k].kind = join->layout.fields[k].kind;
    }
    return SB_OK;
}

const uint8_t *sb_hash_join_null_keys(const struct sb_hash_join *join,
                                      const struct sb_row_chunk *chunk, int64_t count,
                                      uint8_t *nulls)
{
    const uint8_t *found = NULL;

    for (int32_t k = 0; k < join->key_count; k++) {
        const uint8_t *more = chunk->vectors[k].nulls;
        if (more == NULL) {
            continue;
        }
        for (int64_t i = 0; i < count; i++) {
            nulls[i] = more[i] | (found == NULL ? 0 : found[i]);
        }
        found = nulls;
    }
    return found;
}

// --- layout --------------------------------------------------------------------------------------

static enum sb_status plan_layout(struct sb_hash_join *join, const struct sb_schema *right,
                                  const struct sb_type *key_types, struct sb_error *err)
{
    int32_t field_count = join->key_count + join->payload_count;
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
    for (int32_t f = 0; f < field_count; f++) {
        int32_t column = f < join->key_count ? join->keys[SB_JOIN_BUILD_PORT][f].column
                                             : join->payload[f - join->key_count];
        fields[f] = right->fields[column];
        if (f < join->key_count) {
            fields[f].type = key_types[f];
        }
        kinds[f] = sb_row_kind(&fields[f].type);
    }
    SB_TRY_RETURN(sb_schema_create(join->op.memory, fields, field_count, &join->state_schema, err));
    SB_TRY_RETURN(sb_row_layout_init(&join->layout, join->op.memory, &options, err));
    join->is_word = join->key_count == 1 && sb_row_kind_words(kinds[0]) == 1;
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
    join->is_left = spec->kind == SB_JOIN_LEFT;
    join->key_count = spec->key_count;
    join->left_count = left->field_count;
    join->payload_count = spec->right_output_count;
    join->payload = spec->right_outputs;
    SB_TRY_RETURN(plan_keys(join, SB_JOIN_PROBE_PORT, left, spec->left_keys, spec->key_types, err));
    SB_TRY_RETURN(
        plan_keys(join, SB_JOIN_BUILD_PORT, right, spec->right_keys, spec->key_types, err));
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
