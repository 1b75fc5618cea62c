// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_plan.c - from the node to what workers share: steps, layouts, the columns of the state.
 *
 * The steps come first (aggregate_plan_step.c), then the layouts of the rows that they work on, the
 * plain form's last (aggregate_plan_plain.c).
 */
#include "exec/ops/aggregate_plan_internal.h"

// --- layouts -------------------------------------------------------------------------------------

static enum sb_row_kind arg_kind(const struct sb_aggregate *aggregate, int32_t arg)
{
    int32_t column = aggregate->args[arg].column;

    return column < 0 ? SB_ROW_WIDE : sb_row_kind(&aggregate->input->fields[column].type);
}

static enum sb_row_kind key_kind(const struct sb_aggregate *aggregate, int32_t k)
{
    return sb_row_kind(&aggregate->input->fields[aggregate->keys[k]].type);
}

/* Fields behind the columns that only the group's rows use; in others they stay 0. */
static void plan_hidden(struct sb_aggregate *aggregate)
{
    aggregate->field_count = aggregate->column_count;
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        struct sb_aggregate_step *step = &aggregate->steps[s];
        if (sb_step_is_collecting(step->kind)) {
            step->field = aggregate->field_count;
            step->field_count = step->kind == SB_STEP_DISTINCT ? 1 : 2;
            aggregate->field_count += step->field_count;
        }
    }
    aggregate->round_field = aggregate->emits_updates ? aggregate->field_count++ : -1;
}

static enum sb_status plan_layouts(struct sb_aggregate *aggregate, struct sb_error *err)
{
    int32_t raw_count = aggregate->key_count + aggregate->arg_count;
    int32_t state_count = aggregate->key_count + aggregate->field_count;
    enum sb_row_kind *kinds =
        sb_arena_alloc(&aggregate->arena, sizeof *kinds * (size_t)(raw_count + state_count + 1));
    enum sb_row_kind *state_kinds = kinds + raw_count;
    struct sb_row_layout_options options = {
        .kinds = kinds,
        .field_count = raw_count,
        .key_count = aggregate->key_count,
        .has_hash = true,
        .has_nulls = true,
    };

    if (kinds == NULL) {
        return sb_aggregate_plan_no_memory(err);
    }
    for (int32_t k = 0; k < aggregate->key_count; k++) {
        kinds[k] = state_kinds[k] = key_kind(aggregate, k);
    }
    for (int32_t a = 0; a < aggregate->arg_count; a++) {
        kinds[aggregate->key_count + a] = arg_kind(aggregate, a);
    }
    for (int32_t f = 0; f < aggregate->field_count; f++) {
        state_kinds[aggregate->key_count + f] =
            f < aggregate->column_count ? sb_row_kind(&aggregate->columns[f].type) : SB_ROW_INT;
    }
    SB_TRY_RETURN(sb_row_layout_init(&aggregate->raw_layout, aggregate->op.memory, &options, err));
    options.kinds = state_kinds;
    options.field_count = state_count;
    return sb_row_layout_init(&aggregate->state_layout, aggregate->op.memory, &options, err);
}

/* Counts and moments begin at 0, everything else at null. */
static enum sb_status plan_initial_row(struct sb_aggregate *aggregate, struct sb_error *err)
{
    aggregate->initial_row =
        sb_arena_alloc_zeroed(&aggregate->arena, sizeof *aggregate->initial_row *
                                                     (size_t)aggregate->state_layout.row_words);
    if (aggregate->initial_row == NULL) {
        return sb_aggregate_plan_no_memory(err);
    }
    for (int32_t c = 0; c < aggregate->column_count; c++) {
        const struct sb_row_field *field =
            &aggregate->state_layout.fields[aggregate->key_count + c];
        if (aggregate->columns[c].begins_null) {
            aggregate->initial_row[field->null_word] |= field->null_bit;
        }
    }
    return SB_OK;
}

// --- collecting steps ----------------------------------------------------------------------------

static enum sb_status plan_collector(struct sb_aggregate *aggregate, int32_t s,
                                     struct sb_error *err)
{
    struct sb_aggregate_step *step = &aggregate->steps[s];
    struct sb_aggregate_collector *collector = &aggregate->collectors[aggregate->collector_count];
    int32_t field_count = aggregate->key_count + 1;
    enum sb_row_kind *kinds =
        sb_arena_alloc(&aggregate->arena, sizeof *kinds * (size_t)field_count);
    struct sb_row_layout_options options = {
        .kinds = kinds,
        .field_count = field_count,
        .key_count = aggregate->key_count,
        .has_hash = true,
        .has_nulls = true,
    };

    step->collector = aggregate->collector_count++;
    *collector = (struct sb_aggregate_collector){
        .step = s,
        .arg = step->arg,
        .type = aggregate->input->fields[aggregate->args[step->arg].column].type,
    };
    if (step->kind == SB_STEP_VALUES) {
        collector->type = (struct sb_type){.id = SB_TYPE_FLOAT64};
    }
    if (step->kind == SB_STEP_LIST) {
        collector->type = (struct sb_type){.id = SB_TYPE_BINARY};
    }
    if (kinds == NULL) {
        return sb_aggregate_plan_no_memory(err);
    }
    for (int32_t k = 0; k < aggregate->key_count; k++) {
        kinds[k] = key_kind(aggregate, k);
    }
    kinds[aggregate->key_count] = sb_row_kind(&collector->type);
    SB_TRY_RETURN(sb_row_layout_init(&collector->layout, aggregate->op.memory, &options, err));
    options.key_count = field_count;
    SB_TRY_RETURN(sb_row_layout_init(&collector->entries, aggregate->op.memory, &options, err));
    collector->initial_entry = sb_arena_alloc_zeroed(
        &aggregate->arena, sizeof *collector->initial_entry * (size_t)collector->entries.row_words);
    return collector->initial_entry == NULL ? sb_aggregate_plan_no_memory(err) : SB_OK;
}

/* Values of one word under keys of at most one word need no more than those words. */
static enum sb_status plan_words(struct sb_aggregate *aggregate,
                                 struct sb_aggregate_collector *collector, struct sb_error *err)
{
    int32_t key_count = aggregate->key_count;
    enum sb_row_kind kinds[SB_WORD_SET_WIDTH_MAX];
    struct sb_row_layout_options options = {.kinds = kinds, .field_count = key_count + 1};

    if (aggregate->steps[collector->step].kind != SB_STEP_DISTINCT || aggregate->emits_updates ||
        key_count + 1 > SB_WORD_SET_WIDTH_MAX) {
        return SB_OK;
    }
    for (int32_t f = 0; f <= key_count; f++) {
        kinds[f] = f < key_count ? key_kind(aggregate, f) : sb_row_kind(&collector->type);
        if (sb_row_kind_words(kinds[f]) != 1) {
            return SB_OK;
        }
    }
    options.key_count = key_count;
    collector->is_words = true;
    return sb_row_layout_init(&collector->words, aggregate->op.memory, &options, err);
}

static enum sb_status plan_collectors(struct sb_aggregate *aggregate, struct sb_error *err)
{
    aggregate->collectors = sb_arena_alloc_zeroed(
        &aggregate->arena, sizeof *aggregate->collectors * (size_t)(aggregate->step_count + 1));
    if (aggregate->collectors == NULL) {
        return sb_aggregate_plan_no_memory(err);
    }
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        if (sb_step_is_collecting(aggregate->steps[s].kind)) {
            SB_TRY_RETURN(plan_collector(aggregate, s, err));
        }
    }
    aggregate->is_words = aggregate->key_count > 0 && aggregate->step_count > 0 &&
                          aggregate->collector_count == aggregate->step_count;
    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        SB_TRY_RETURN(plan_words(aggregate, &aggregate->collectors[c], err));
        aggregate->is_words = aggregate->is_words && aggregate->collectors[c].is_words;
    }
    return SB_OK;
}

// --- the state and the plan ----------------------------------------------------------------------

/*
 * Keys, then the columns of steps. With collectors a row is either one of the state or a value:
 * column "collector" says of which (null: state), and each has a column for its values.
 */
static enum sb_status plan_state_schema(struct sb_aggregate *aggregate, struct sb_error *err)
{
    int32_t count = 0;
    struct sb_field *fields =
        sb_arena_alloc(&aggregate->arena,
                       sizeof *fields * (size_t)(aggregate->key_count + aggregate->column_count +
                                                 1 + aggregate->collector_count));

    if (fields == NULL) {
        return sb_aggregate_plan_no_memory(err);
    }
    for (int32_t k = 0; k < aggregate->key_count; k++) {
        fields[count] = aggregate->input->fields[aggregate->keys[k]];
        fields[count++].is_nullable = true;
    }
    for (int32_t c = 0; c < aggregate->column_count; c++) {
        fields[count++] = (struct sb_field){
            .name = aggregate->columns[c].name,
            .type = aggregate->columns[c].type,
            .is_nullable = aggregate->columns[c].begins_null || aggregate->collector_count > 0,
        };
    }
    if (aggregate->collector_count > 0) {
        fields[count++] = (struct sb_field){
            .name = "collector", .type = {.id = SB_TYPE_INT32}, .is_nullable = true};
    }
    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        const struct sb_aggregate_collector *collector = &aggregate->collectors[c];
        const char *of = aggregate->input->fields[aggregate->args[collector->arg].column].name;
        enum sb_step_kind kind = aggregate->steps[collector->step].kind;
        const char *name = sb_arena_format(&aggregate->arena, "%s(%s)",
                                           kind == SB_STEP_VALUES ? "values"
                                           : kind == SB_STEP_LIST ? "list"
                                                                  : "distinct",
                                           of);
        fields[count++] =
            (struct sb_field){.name = name, .type = collector->type, .is_nullable = true};
        if (name == NULL) {
            return sb_aggregate_plan_no_memory(err);
        }
    }
    return sb_schema_create(aggregate->op.memory, fields, count, &aggregate->state_schema, err);
}

enum sb_status sb_aggregate_plan(struct sb_aggregate *aggregate,
                                 const struct sb_op_options *options, struct sb_error *err)
{
    const struct sb_aggregate_spec *spec = sb_aggregate_spec(options->node);
    size_t call_count = (size_t)spec->call_count + 1; // never nothing

    sb_arena_init(&aggregate->arena, aggregate->op.memory);
    aggregate->input = options->node->inputs[0]->schema;
    aggregate->key_count = spec->key_count;
    aggregate->keys = spec->keys;
    aggregate->outputs = spec->outputs;
    aggregate->order_arg = -1;
    aggregate->emits_updates = spec->emits_updates;
    aggregate->op.flushes_each_run = spec->emits_updates;
    aggregate->args = sb_arena_alloc(&aggregate->arena, sizeof *aggregate->args * 2 * call_count);
    aggregate->steps = sb_arena_alloc(&aggregate->arena, sizeof *aggregate->steps * 2 * call_count);
    aggregate->calls = sb_arena_alloc(&aggregate->arena, sizeof *aggregate->calls * call_count);
    aggregate->columns = sb_arena_alloc(&aggregate->arena, sizeof *aggregate->columns * 2 *
                                                               SB_STEP_FIELDS_MAX * call_count);
    if (aggregate->args == NULL || aggregate->steps == NULL || aggregate->calls == NULL ||
        aggregate->columns == NULL) {
        return sb_aggregate_plan_no_memory(err);
    }
    for (int32_t c = 0; c < spec->call_count; c++) {
        SB_TRY_RETURN(sb_aggregate_plan_call(aggregate, &spec->calls[c], err));
    }
    plan_hidden(aggregate);
    SB_TRY_RETURN(plan_layouts(aggregate, err));
    SB_TRY_RETURN(plan_initial_row(aggregate, err));
    SB_TRY_RETURN(plan_collectors(aggregate, err));
    SB_TRY_RETURN(plan_state_schema(aggregate, err));
    return sb_aggregate_plan_plain(aggregate, err);
}

void sb_aggregate_plan_deinit(struct sb_aggregate *aggregate)
{
    sb_row_layout_deinit(&aggregate->raw_layout);
    sb_row_layout_deinit(&aggregate->state_layout);
    sb_row_layout_deinit(&aggregate->plain_raw);
    sb_row_layout_deinit(&aggregate->plain_state);
    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        sb_row_layout_deinit(&aggregate->collectors[c].layout);
        sb_row_layout_deinit(&aggregate->collectors[c].entries);
        sb_row_layout_deinit(&aggregate->collectors[c].words);
    }
    sb_schema_release(aggregate->state_schema);
    sb_arena_deinit(&aggregate->arena);
}
