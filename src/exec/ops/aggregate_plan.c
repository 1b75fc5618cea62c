// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_plan.c - from the calls a node asks for to steps, layouts and the columns of its state.
 */
#include "exec/ops/aggregate_internal.h"

/* What planning collects; everything lies in the arena. */
struct planner {
    struct sb_aggregate *aggregate;
    const struct sb_aggregate_spec *spec;
    struct sb_error *err;
};

static enum sb_status plan_no_memory(const struct planner *planner)
{
    return sb_error_no_memory(planner->err, "the plan of an aggregate", 0);
}

static int32_t plan_arg(struct sb_aggregate *aggregate, int32_t column, enum sb_step_kind kind)
{
    int32_t a = 0;

    if (column < 0) {
        return -1;
    }
    while (a < aggregate->arg_count && aggregate->args[a].column != column) {
        a++;
    }
    if (a == aggregate->arg_count) {
        aggregate->args[aggregate->arg_count++] = (struct sb_aggregate_arg){.column = column};
    }
    if (kind == SB_STEP_MIN || kind == SB_STEP_MAX) {
        aggregate->args[a].reading = SB_ROW_CANONICAL;
    }
    return a;
}

static const char *step_name(struct sb_aggregate *aggregate, enum sb_step_kind kind, int32_t column)
{
    static const char *const names[] = {
        [SB_STEP_COUNT_ROWS] = "count", [SB_STEP_COUNT] = "count", [SB_STEP_SUM] = "sum",
        [SB_STEP_MIN] = "min",          [SB_STEP_MAX] = "max",
    };

    return sb_arena_format(&aggregate->arena, "%s(%s)", names[kind],
                           column < 0 ? "*" : aggregate->input->fields[column].name);
}

/* The type a step's values have in a snapshot; its kind is that of the step's field. */
static struct sb_type step_type(enum sb_step_kind kind, const struct sb_type *arg)
{
    switch (kind) {
    case SB_STEP_COUNT_ROWS:
    case SB_STEP_COUNT:
        return (struct sb_type){.id = SB_TYPE_INT64};
    case SB_STEP_SUM:
        if (sb_type_is_float(arg->id)) {
            return (struct sb_type){.id = SB_TYPE_FLOAT64};
        }
        return (struct sb_type){
            .id = SB_TYPE_DECIMAL128,
            .precision = 38,
            .scale = arg->id == SB_TYPE_DECIMAL128 ? arg->scale : 0,
        };
    default:
        return *arg;
    }
}

/* The step for a kind and a column: an equal one, or a new one. */
static enum sb_status plan_step(const struct planner *planner, enum sb_step_kind kind,
                                int32_t column, int32_t *out)
{
    struct sb_aggregate *aggregate = planner->aggregate;
    int32_t arg = plan_arg(aggregate, column, kind);
    const struct sb_type *type = column < 0 ? NULL : &aggregate->input->fields[column].type;
    struct sb_aggregate_step *step;

    for (int32_t s = 0; s < aggregate->step_count; s++) {
        if (aggregate->steps[s].kind == kind && aggregate->steps[s].arg == arg) {
            *out = s;
            return SB_OK;
        }
    }
    *out = aggregate->step_count++;
    step = &aggregate->steps[*out];
    *step = (struct sb_aggregate_step){
        .kind = kind,
        .arg = arg,
        .arg_kind = type == NULL ? SB_ROW_INT : sb_row_kind(type),
        .type = step_type(kind, type),
        .name = step_name(aggregate, kind, column),
    };
    return step->name == NULL ? plan_no_memory(planner) : SB_OK;
}

static enum sb_status plan_call(const struct planner *planner, const struct sb_aggregate_call *call)
{
    static const enum sb_step_kind kinds[] = {
        [SB_AGGREGATE_COUNT_ROWS] = SB_STEP_COUNT_ROWS,
        [SB_AGGREGATE_COUNT] = SB_STEP_COUNT,
        [SB_AGGREGATE_SUM] = SB_STEP_SUM,
        [SB_AGGREGATE_MEAN] = SB_STEP_SUM,
        [SB_AGGREGATE_MIN] = SB_STEP_MIN,
        [SB_AGGREGATE_MAX] = SB_STEP_MAX,
    };
    struct sb_aggregate *aggregate = planner->aggregate;
    struct sb_aggregate_call_plan *plan = &aggregate->calls[aggregate->call_count++];
    int32_t column = call->function == SB_AGGREGATE_COUNT_ROWS ? -1 : call->column;

    *plan = (struct sb_aggregate_call_plan){.call = call, .count_step = -1};
    if (column >= 0) {
        const struct sb_field *field = &aggregate->input->fields[column];
        plan->column_name = field->name;
        plan->decimal_scale = field->type.id == SB_TYPE_DECIMAL128 ? field->type.scale : 0;
    }
    SB_TRY_RETURN(plan_step(planner, kinds[call->function], column, &plan->step));
    if (call->function == SB_AGGREGATE_MEAN) {
        SB_TRY_RETURN(plan_step(planner, SB_STEP_COUNT, column, &plan->count_step));
    }
    return SB_OK;
}

static enum sb_status plan_layouts(const struct planner *planner)
{
    struct sb_aggregate *aggregate = planner->aggregate;
    int32_t raw_count = aggregate->key_count + aggregate->arg_count;
    int32_t state_count = aggregate->key_count + aggregate->step_count;
    enum sb_row_kind *kinds =
        sb_arena_alloc(&aggregate->arena, sizeof *kinds * (size_t)(raw_count + state_count));
    enum sb_row_kind *state_kinds = kinds + raw_count;
    struct sb_row_layout_options options = {
        .kinds = kinds,
        .field_count = raw_count,
        .key_count = aggregate->key_count,
        .has_hash = true,
        .has_nulls = true,
    };

    if (kinds == NULL) {
        return plan_no_memory(planner);
    }
    for (int32_t k = 0; k < aggregate->key_count; k++) {
        kinds[k] = sb_row_kind(&aggregate->input->fields[aggregate->keys[k]].type);
        state_kinds[k] = kinds[k];
    }
    for (int32_t a = 0; a < aggregate->arg_count; a++) {
        kinds[aggregate->key_count + a] =
            sb_row_kind(&aggregate->input->fields[aggregate->args[a].column].type);
    }
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        state_kinds[aggregate->key_count + s] = sb_row_kind(&aggregate->steps[s].type);
    }
    SB_TRY_RETURN(
        sb_row_layout_init(&aggregate->raw_layout, aggregate->op.memory, &options, planner->err));
    options.kinds = state_kinds;
    options.field_count = state_count;
    return sb_row_layout_init(&aggregate->state_layout, aggregate->op.memory, &options,
                              planner->err);
}

/* Counts begin at 0, everything else at null. */
static enum sb_status plan_initial_row(const struct planner *planner)
{
    struct sb_aggregate *aggregate = planner->aggregate;

    aggregate->initial_row =
        sb_arena_alloc_zeroed(&aggregate->arena, sizeof *aggregate->initial_row *
                                                     (size_t)aggregate->state_layout.row_words);
    if (aggregate->initial_row == NULL) {
        return plan_no_memory(planner);
    }
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        const struct sb_row_field *field = sb_aggregate_field(aggregate, s);
        if (aggregate->steps[s].kind > SB_STEP_COUNT) {
            aggregate->initial_row[field->null_word] |= field->null_bit;
        }
    }
    return SB_OK;
}

static enum sb_status plan_state_schema(const struct planner *planner)
{
    struct sb_aggregate *aggregate = planner->aggregate;
    int32_t field_count = aggregate->key_count + aggregate->step_count;
    struct sb_field *fields =
        sb_arena_alloc(&aggregate->arena, sizeof *fields * (size_t)field_count);

    if (fields == NULL) {
        return plan_no_memory(planner);
    }
    for (int32_t k = 0; k < aggregate->key_count; k++) {
        fields[k] = aggregate->input->fields[aggregate->keys[k]];
        fields[k].is_nullable = true;
    }
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        fields[aggregate->key_count + s] = (struct sb_field){
            .name = aggregate->steps[s].name,
            .type = aggregate->steps[s].type,
            .is_nullable = aggregate->steps[s].kind > SB_STEP_COUNT,
        };
    }
    return sb_schema_create(aggregate->op.memory, fields, field_count, &aggregate->state_schema,
                            planner->err);
}

// --- the plain form ------------------------------------------------------------------------------

static bool plan_is_plain(const struct sb_aggregate *aggregate)
{
    if (aggregate->key_count != 1 || aggregate->step_count > SB_PLAIN_STEPS_MAX ||
        sb_row_kind_words(aggregate->state_layout.fields[0].kind) != 1) {
        return false;
    }
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        const struct sb_aggregate_step *step = &aggregate->steps[s];
        if (step->kind > SB_STEP_COUNT && sb_row_kind_words(step->arg_kind) != 1) {
            return false;
        }
    }
    return true;
}

static int32_t plan_plain_arg(struct sb_aggregate *aggregate, int32_t arg)
{
    int32_t a = 0;

    while (a < aggregate->plain_arg_count && aggregate->plain_args[a] != arg) {
        a++;
    }
    if (a == aggregate->plain_arg_count) {
        aggregate->plain_args[aggregate->plain_arg_count++] = arg;
    }
    return a;
}

/* The plain step of a step: of all counts the same one. */
static int32_t plan_plain_step(struct sb_aggregate *aggregate, const struct sb_aggregate_step *step)
{
    bool is_count = step->kind <= SB_STEP_COUNT;
    int32_t raw_word = is_count ? -1 : 1 + plan_plain_arg(aggregate, step->arg);
    enum sb_step_kind kind = is_count ? SB_STEP_COUNT_ROWS : step->kind;
    int32_t p = 0;

    while (p < aggregate->plain_step_count && (aggregate->plain_steps[p].kind != kind ||
                                               aggregate->plain_steps[p].raw_word != raw_word)) {
        p++;
    }
    if (p == aggregate->plain_step_count) {
        aggregate->plain_steps[aggregate->plain_step_count++] = (struct sb_plain_step){
            .kind = kind,
            .arg_kind = is_count ? SB_ROW_INT : step->arg_kind,
            .raw_word = raw_word,
        };
    }
    return p;
}

/* Brings plain steps into the order of sb_fused_rank, which gives each its word. */
static void plan_plain_order(struct sb_aggregate *aggregate)
{
    struct sb_plain_step sorted[SB_PLAIN_STEPS_MAX];
    int32_t place[SB_PLAIN_STEPS_MAX];
    int32_t count = 0;

    for (int32_t rank = 0; rank < SB_FUSED_RANK_COUNT; rank++) {
        for (int32_t p = 0; p < aggregate->plain_step_count; p++) {
            if (sb_fused_rank(&aggregate->plain_steps[p]) == rank) {
                place[p] = count;
                sorted[count] = aggregate->plain_steps[p];
                sorted[count].word = 1 + count;
                count++;
            }
        }
    }
    sb_assert(count == aggregate->plain_step_count);
    memcpy(aggregate->plain_steps, sorted, sizeof *sorted * (size_t)count);
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        aggregate->steps[s].plain = place[aggregate->steps[s].plain];
    }
    aggregate->fused_pattern = sb_fused_pattern(sorted, count);
}

static enum sb_status plan_plain_layouts(const struct planner *planner)
{
    struct sb_aggregate *aggregate = planner->aggregate;
    int32_t field_count_max = 1 + aggregate->step_count;
    enum sb_row_kind *kinds =
        sb_arena_alloc(&aggregate->arena, sizeof *kinds * (size_t)field_count_max);
    struct sb_row_layout_options options = {.kinds = kinds, .key_count = 1};

    aggregate->plain_initial_row = sb_arena_alloc_zeroed(
        &aggregate->arena, sizeof *aggregate->plain_initial_row * (size_t)field_count_max);
    if (kinds == NULL || aggregate->plain_initial_row == NULL) {
        return plan_no_memory(planner);
    }
    kinds[0] = aggregate->state_layout.fields[0].kind;
    for (int32_t p = 0; p < aggregate->plain_step_count; p++) {
        kinds[1 + p] = aggregate->plain_steps[p].arg_kind;
        aggregate->plain_initial_row[1 + p] = sb_plain_initial(&aggregate->plain_steps[p]);
    }
    options.field_count = 1 + aggregate->plain_step_count;
    SB_TRY_RETURN(
        sb_row_layout_init(&aggregate->plain_state, aggregate->op.memory, &options, planner->err));
    for (int32_t a = 0; a < aggregate->plain_arg_count; a++) {
        kinds[1 + a] = SB_ROW_INT; // a word is a word
    }
    options.field_count = 1 + aggregate->plain_arg_count;
    return sb_row_layout_init(&aggregate->plain_raw, aggregate->op.memory, &options, planner->err);
}

static enum sb_status plan_plain(const struct planner *planner)
{
    struct sb_aggregate *aggregate = planner->aggregate;
    size_t step_count = (size_t)aggregate->step_count;

    aggregate->is_plain = plan_is_plain(aggregate);
    if (!aggregate->is_plain) {
        return SB_OK;
    }
    aggregate->plain_args =
        sb_arena_alloc(&aggregate->arena, sizeof *aggregate->plain_args * step_count);
    aggregate->plain_steps =
        sb_arena_alloc(&aggregate->arena, sizeof *aggregate->plain_steps * step_count);
    if (aggregate->plain_args == NULL || aggregate->plain_steps == NULL) {
        return plan_no_memory(planner);
    }
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        aggregate->steps[s].plain = plan_plain_step(aggregate, &aggregate->steps[s]);
    }
    plan_plain_order(aggregate);
    return plan_plain_layouts(planner);
}

enum sb_status sb_aggregate_plan(struct sb_aggregate *aggregate,
                                 const struct sb_op_options *options, struct sb_error *err)
{
    const struct sb_aggregate_spec *spec = &options->node->spec.aggregate;
    struct planner planner = {.aggregate = aggregate, .spec = spec, .err = err};
    size_t call_count = (size_t)spec->call_count + 1; // never nothing

    sb_arena_init(&aggregate->arena, aggregate->op.memory);
    aggregate->input = options->node->inputs[0]->schema;
    aggregate->key_count = spec->key_count;
    aggregate->keys = spec->keys;
    aggregate->args = sb_arena_alloc(&aggregate->arena, sizeof *aggregate->args * call_count);
    aggregate->steps = sb_arena_alloc(&aggregate->arena, sizeof *aggregate->steps * 2 * call_count);
    aggregate->calls = sb_arena_alloc(&aggregate->arena, sizeof *aggregate->calls * call_count);
    if (aggregate->args == NULL || aggregate->steps == NULL || aggregate->calls == NULL) {
        return plan_no_memory(&planner);
    }
    for (int32_t c = 0; c < spec->call_count; c++) {
        SB_TRY_RETURN(plan_call(&planner, &spec->calls[c]));
    }
    SB_TRY_RETURN(plan_layouts(&planner));
    SB_TRY_RETURN(plan_initial_row(&planner));
    SB_TRY_RETURN(plan_state_schema(&planner));
    return plan_plain(&planner);
}

void sb_aggregate_plan_deinit(struct sb_aggregate *aggregate)
{
    sb_row_layout_deinit(&aggregate->raw_layout);
    sb_row_layout_deinit(&aggregate->state_layout);
    sb_row_layout_deinit(&aggregate->plain_raw);
    sb_row_layout_deinit(&aggregate->plain_state);
    sb_schema_release(aggregate->state_schema);
    sb_arena_deinit(&aggregate->arena);
}
