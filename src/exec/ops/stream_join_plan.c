// SPDX-License-Identifier: Apache-2.0
/*
 * stream_join_plan.c - the layouts of both sides' rows, and how output columns are made of them.
 */
#include "exec/ops/stream_join_internal.h"

enum {
    BUCKET_WIDTHS = 4, // of `within`: every other row looks into one bucket only
    NS_PER_US = 1000,
};

static enum sb_status plan_no_memory(struct sb_error *err)
{
    return sb_error_no_memory(err, "the plan of a join", 0);
}

// --- times ---------------------------------------------------------------------------------------

static bool is_nanoseconds(const struct sb_type *type)
{
    return type->id == SB_TYPE_TIMESTAMP && type->unit == SB_UNIT_NANO;
}

/* Microseconds in a unit of the column; nanoseconds count as 1. */
static int64_t unit_us(const struct sb_type *type)
{
    static const int64_t units[] = {
        [SB_UNIT_SECOND] = 1000000,
        [SB_UNIT_MILLI] = 1000,
        [SB_UNIT_MICRO] = 1,
        [SB_UNIT_NANO] = 1,
    };

    switch (type->id) {
    case SB_TYPE_TIMESTAMP:
        return units[type->unit];
    case SB_TYPE_DATE32:
        return INT64_C(86400000000);
    default: // date64, and int64 as milliseconds
        return 1000;
    }
}

static void plan_times(struct sb_stream_join *join, const struct sb_join_spec *spec,
                       const struct sb_schema *const *inputs)
{
    join->time_unit_us = 1;
    for (int32_t s = 0; s < 2; s++) {
        int32_t column = spec->times[s];
        join->sides[s].time_column = spec->within_us < 0 && spec->ttl_us < 0 ? -1 : column;
        if (join->sides[s].time_column >= 0 && is_nanoseconds(&inputs[s]->fields[column].type)) {
            join->time_unit_us = NS_PER_US;
        }
    }
    for (int32_t s = 0; s < 2; s++) {
        struct sb_stream_side *side = &join->sides[s];
        const struct sb_type *type;

        if (side->time_column < 0) {
            continue;
        }
        type = &inputs[s]->fields[side->time_column].type;
        side->time_factor = is_nanoseconds(type) ? 1 : unit_us(type) * join->time_unit_us;
    }
    join->within = spec->within_us < 0 ? -1 : spec->within_us * join->time_unit_us;
    join->keep = join->within >= 0  ? join->within
                 : spec->ttl_us < 0 ? -1
                                    : spec->ttl_us * join->time_unit_us;
    join->bucket = join->within <= 0 ? 1 : BUCKET_WIDTHS * join->within;
}

int64_t sb_stream_join_watermark(const struct sb_stream_join *join, int64_t watermark_us)
{
    int64_t watermark;

    if (__builtin_mul_overflow(watermark_us, join->time_unit_us, &watermark)) {
        return watermark_us < 0 ? INT64_MIN : INT64_MAX;
    }
    return watermark;
}

// --- fields --------------------------------------------------------------------------------------

/* The field of an input column among the keys whose words are their values; -1 = none. */
static int32_t key_field(const struct sb_stream_side *side, int32_t column)
{
    for (int32_t k = 0; k < side->keys.count; k++) {
        if (side->keys.keys[k].column == column && sb_join_key_is_value(&side->keys.keys[k])) {
            return k;
        }
    }
    return -1;
}

/* The field of an input column, made when no key serves. */
static int32_t field_of(struct sb_stream_side *side, int32_t column)
{
    int32_t field = key_field(side, column);
    int32_t first = side->keys.count + 1;

    for (int32_t i = 0; field < 0 && i < side->stored_count; i++) {
        field = side->stored[i] == column ? first + i : -1;
    }
    if (field < 0) {
        field = first + side->stored_count;
        side->stored[side->stored_count++] = column;
    }
    return field;
}

static enum sb_status plan_columns(struct sb_stream_join *join, const struct sb_join_spec *spec,
                                   const struct sb_schema *const *inputs, struct sb_error *err)
{
    const struct sb_schema *output = join->op.node->schema;
    const struct sb_type none = {.id = SB_TYPE_INT64};
    int32_t left_count = inputs[SB_LEFT]->field_count;

    join->columns =
        sb_arena_alloc_zeroed(&join->arena, sizeof *join->columns * (size_t)output->field_count);
    for (int32_t s = 0; s < 2; s++) {
        join->sides[s].stored = sb_arena_alloc(&join->arena, sizeof *join->sides[s].stored *
                                                                 (size_t)inputs[s]->field_count);
        if (join->columns == NULL || join->sides[s].stored == NULL) {
            return plan_no_memory(err);
        }
    }
    for (int32_t c = 0; c < output->field_count; c++) {
        int32_t side = c < left_count ? SB_LEFT : SB_RIGHT;
        int32_t column = side == SB_LEFT ? c : spec->right_outputs[c - left_count];
        join->columns[c].fields[side] = field_of(&join->sides[side], column);
        join->columns[c].fields[!side] = -1;
        join->columns[c].casts[SB_LEFT] = sb_key_cast_of(&none, &none);
        join->columns[c].casts[SB_RIGHT] = sb_key_cast_of(&none, &none);
    }
    for (int32_t k = 0; join->sides[SB_RIGHT].is_kept && k < spec->key_count; k++) {
        int32_t c = spec->left_keys[k];
        struct sb_stream_column *column = &join->columns[c];
        int32_t right = spec->right_keys[k];

        column->fields[SB_RIGHT] = field_of(&join->sides[SB_RIGHT], right);
        column->casts[SB_LEFT] =
            sb_key_cast_of(&inputs[SB_LEFT]->fields[c].type, &output->fields[c].type);
        column->casts[SB_RIGHT] =
            sb_key_cast_of(&inputs[SB_RIGHT]->fields[right].type, &output->fields[c].type);
    }
    return SB_OK;
}

static int32_t field_count(const struct sb_stream_side *side)
{
    return side->keys.count + 1 + side->stored_count;
}

/* The fields of one side, as columns of the state. */
static enum sb_status plan_side(struct sb_stream_join *join, struct sb_stream_side *side,
                                const struct sb_schema *input, const struct sb_join_spec *spec,
                                const char *prefix, struct sb_field *fields, struct sb_error *err)
{
    int32_t count = field_count(side);
    enum sb_row_kind *kinds = sb_arena_alloc(&join->arena, sizeof *kinds * (size_t)count);
    struct sb_row_layout_options options = {
        .kinds = kinds,
        .field_count = count,
        .key_count = side->keys.count,
        .has_hash = true,
        .has_nulls = true,
    };

    if (kinds == NULL) {
        return plan_no_memory(err);
    }
    for (int32_t f = 0; f < count; f++) {
        int32_t stored = f - side->keys.count - 1;
        const char *name = stored >= 0 ? input->fields[side->stored[stored]].name : NULL;

        fields[f].type = f < side->keys.count ? spec->key_types[f]
                         : stored >= 0        ? input->fields[side->stored[stored]].type
                                              : (struct sb_type){.id = SB_TYPE_INT64};
        fields[f].is_nullable = true;
        fields[f].name = name != NULL ? sb_arena_format(&join->arena, "%s.%s", prefix, name)
                                      : sb_arena_format(&join->arena, "%s %s %d", prefix,
                                                        stored < -1 ? "key" : "time", (int)f);
        if (fields[f].name == NULL) {
            return plan_no_memory(err);
        }
        kinds[f] = sb_row_kind(&fields[f].type);
    }
    return sb_row_layout_init(&side->layout, join->op.memory, &options, err);
}

static enum sb_status plan_layouts(struct sb_stream_join *join, const struct sb_join_spec *spec,
                                   const struct sb_schema *const *inputs, struct sb_error *err)
{
    int32_t left_count = field_count(&join->sides[SB_LEFT]);
    int32_t count = 2 + left_count + field_count(&join->sides[SB_RIGHT]);
    struct sb_field *fields = sb_arena_alloc_zeroed(&join->arena, sizeof *fields * (size_t)count);

    if (fields == NULL) {
        return plan_no_memory(err);
    }
    fields[0] = (struct sb_field){.name = "side", .type = {.id = SB_TYPE_UINT8}};
    fields[1] = (struct sb_field){.name = "is_matched", .type = {.id = SB_TYPE_UINT8}};
    SB_TRY_RETURN(
        plan_side(join, &join->sides[SB_LEFT], inputs[SB_LEFT], spec, "left", fields + 2, err));
    SB_TRY_RETURN(plan_side(join, &join->sides[SB_RIGHT], inputs[SB_RIGHT], spec, "right",
                            fields + 2 + left_count, err));
    for (int32_t k = 0; k < join->key_count; k++) {
        enum sb_row_kind kind = join->sides[SB_LEFT].layout.fields[k].kind;
        join->key_words += sb_row_kind_words(kind);
        join->has_text_keys = join->has_text_keys || kind == SB_ROW_TEXT;
    }
    return sb_schema_create(join->op.memory, fields, count, &join->state_schema, err);
}

enum sb_status sb_stream_join_plan(struct sb_stream_join *join, const struct sb_op_options *options,
                                   struct sb_error *err)
{
    const struct sb_node *node = options->node;
    const struct sb_join_spec *spec = &node->spec.join;
    const struct sb_schema *inputs[2] = {node->inputs[SB_LEFT]->schema,
                                         node->inputs[SB_RIGHT]->schema};
    size_t outputs_size = sizeof(void *) * (size_t)(join->op.worker_count + 1);

    sb_arena_init(&join->arena, join->op.memory);
    join->kind = spec->kind;
    join->nulls_equal = spec->nulls_equal;
    join->key_count = spec->key_count;
    join->is_endless = node->inputs[SB_LEFT]->endless_source != NULL ||
                       node->inputs[SB_RIGHT]->endless_source != NULL;
    join->op.flushes_each_run = join->is_endless; // no match waits for more rows to come
    join->sides[SB_LEFT].is_kept = sb_join_keeps_left(spec->kind) || spec->kind == SB_JOIN_ANTI;
    join->sides[SB_RIGHT].is_kept = sb_join_keeps_right(spec->kind);
    join->outputs = sb_arena_alloc_zeroed(&join->arena, outputs_size);
    if (join->outputs == NULL) {
        return plan_no_memory(err);
    }
    for (int32_t s = 0; s < 2; s++) {
        SB_TRY_RETURN(sb_join_keys_plan(&join->sides[s].keys, &join->arena, spec, inputs[s],
                                        s == SB_LEFT ? spec->left_keys : spec->right_keys, err));
    }
    plan_times(join, spec, inputs);
    SB_TRY_RETURN(plan_columns(join, spec, inputs, err));
    return plan_layouts(join, spec, inputs, err);
}

void sb_stream_join_plan_deinit(struct sb_stream_join *join)
{
    sb_row_layout_deinit(&join->sides[SB_LEFT].layout);
    sb_row_layout_deinit(&join->sides[SB_RIGHT].layout);
    sb_schema_release(join->state_schema);
    sb_arena_deinit(&join->arena);
}
