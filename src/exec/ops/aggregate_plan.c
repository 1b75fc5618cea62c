// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_plan.c - from the calls a node asks for to steps, layouts and the columns of its state.
 */
#include <stdlib.h>

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

/* How a step wants its argument: -0.0 and NaN as they are, as one value, or either way. */
enum arg_need {
    ARG_ANY,
    ARG_CANONICAL,
    ARG_EXACT,
};

static enum arg_need step_need(enum sb_step_kind kind)
{
    switch (kind) {
    case SB_STEP_MIN:
    case SB_STEP_MAX:
    case SB_STEP_DISTINCT:
    case SB_STEP_DISTINCT_SKETCH:
        return ARG_CANONICAL;
    case SB_STEP_FIRST:
    case SB_STEP_LAST:
    case SB_STEP_FIRST_ROW:
        return ARG_EXACT;
    default:
        return ARG_ANY;
    }
}

/* Whether equal values may differ in their bits: floats, also within lists and structs. */
static bool has_spellings(const struct sb_aggregate *aggregate, int32_t column)
{
    const struct sb_type *type = sb_type_value(&aggregate->input->fields[column].type);

    return sb_row_kind(type) == SB_ROW_FLOAT || sb_type_is_nested(type->id);
}

/* The argument for a column: one that is there and can serve, or a new one. */
static int32_t plan_arg(struct sb_aggregate *aggregate, int32_t column, enum sb_step_kind kind)
{
    enum arg_need need =
        column >= 0 && has_spellings(aggregate, column) ? step_need(kind) : ARG_ANY;
    int32_t a = 0;

    if (column < 0) {
        return -1;
    }
    while (a < aggregate->arg_count &&
           (aggregate->args[a].column != column ||
            (need == ARG_CANONICAL && aggregate->args[a].is_exact) ||
            (need == ARG_EXACT && aggregate->args[a].reading == SB_ROW_CANONICAL))) {
        a++;
    }
    if (a == aggregate->arg_count) {
        aggregate->args[aggregate->arg_count++] = (struct sb_aggregate_arg){.column = column};
    }
    if (need == ARG_CANONICAL) {
        aggregate->args[a].reading = SB_ROW_CANONICAL;
    }
    aggregate->args[a].is_exact = aggregate->args[a].is_exact || need == ARG_EXACT;
    return a;
}

static void plan_order_arg(struct sb_aggregate *aggregate)
{
    if (aggregate->order_arg < 0) {
        aggregate->order_arg = aggregate->arg_count;
        aggregate->args[aggregate->arg_count++] = (struct sb_aggregate_arg){.column = -1};
    }
}

static enum sb_row_kind arg_kind(const struct sb_aggregate *aggregate, int32_t arg)
{
    int32_t column = aggregate->args[arg].column;

    return column < 0 ? SB_ROW_WIDE : sb_row_kind(&aggregate->input->fields[column].type);
}

// --- the columns of steps ------------------------------------------------------------------------

/* Adds a column of the state: "sum(price)". */
static enum sb_status plan_column(const struct planner *planner, int32_t step, const char *what,
                                  struct sb_type type, bool begins_null)
{
    struct sb_aggregate *aggregate = planner->aggregate;
    int32_t arg = aggregate->steps[step].arg;
    const char *of = arg < 0 ? "*" : aggregate->input->fields[aggregate->args[arg].column].name;
    const char *name = sb_arena_format(&aggregate->arena, "%s(%s)", what, of);

    aggregate->columns[aggregate->column_count++] = (struct sb_aggregate_column){
        .name = name,
        .type = type,
        .begins_null = begins_null,
        .step = step,
        .part = aggregate->steps[step].field_count++,
    };
    return name == NULL ? plan_no_memory(planner) : SB_OK;
}

static enum sb_status plan_sum(const struct planner *planner, int32_t step,
                               const struct sb_type *arg)
{
    const struct sb_type *value = sb_type_value(arg);
    struct sb_type type = {.id = SB_TYPE_FLOAT64};

    if (value->id == SB_TYPE_DECIMAL256) {
        type = (struct sb_type){.id = value->id, .precision = 76, .scale = value->scale};
    } else if (sb_row_kind(value) != SB_ROW_FLOAT) {
        type = (struct sb_type){
            .id = SB_TYPE_DECIMAL128,
            .precision = 38,
            .scale = sb_type_is_decimal(value->id) ? value->scale : 0,
        };
    }
    return plan_column(planner, step, "sum", type, true);
}

/* The columns of a new step over values of type `arg`. */
static enum sb_status plan_columns(const struct planner *planner, int32_t s,
                                   const struct sb_type *arg)
{
    static const struct sb_type int64 = {.id = SB_TYPE_INT64};
    static const struct sb_type float64 = {.id = SB_TYPE_FLOAT64};
    static const struct sb_type binary = {.id = SB_TYPE_BINARY};
    static const struct sb_type order = {.id = SB_TYPE_DECIMAL128, .precision = 38};
    bool is_first = false;

    switch (planner->aggregate->steps[s].kind) {
    case SB_STEP_COUNT_ROWS:
    case SB_STEP_COUNT:
        return plan_column(planner, s, "count", int64, false);
    case SB_STEP_SUM:
        return plan_sum(planner, s, arg);
    case SB_STEP_MIN:
        return plan_column(planner, s, "min", *arg, true);
    case SB_STEP_MAX:
        return plan_column(planner, s, "max", *arg, true);
    case SB_STEP_MOMENTS:
        SB_TRY_RETURN(plan_column(planner, s, "moments.count", int64, false));
        SB_TRY_RETURN(plan_column(planner, s, "moments.mean", float64, false));
        return plan_column(planner, s, "moments.squares", float64, false);
    case SB_STEP_FIRST:
    case SB_STEP_FIRST_ROW:
        is_first = true;
        __attribute__((fallthrough));
    case SB_STEP_LAST:
        SB_TRY_RETURN(
            plan_column(planner, s, is_first ? "first.order" : "last.order", order, true));
        return plan_column(planner, s, is_first ? "first" : "last", *arg, true);
    case SB_STEP_DISTINCT_SKETCH:
        return plan_column(planner, s, "distinct_sketch", binary, true);
    case SB_STEP_QUANTILE_SKETCH:
        return plan_column(planner, s, "quantile_sketch", binary, true);
    case SB_STEP_DISTINCT:
    case SB_STEP_VALUES:
    case SB_STEP_LIST:
        return SB_OK; // fields that only the group has: plan_hidden
    }
    return SB_OK;
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
    if (sb_step_is_ordered(kind) || kind == SB_STEP_LIST) {
        plan_order_arg(aggregate);
    }
    *out = aggregate->step_count++;
    step = &aggregate->steps[*out];
    *step = (struct sb_aggregate_step){
        .kind = kind,
        .arg = arg,
        .arg_kind = type == NULL ? SB_ROW_INT : sb_row_kind(type),
        .unit = 1.0,
        .field = aggregate->column_count,
        .collector = -1,
    };
    type = type == NULL ? NULL : sb_type_value(type);
    if (type != NULL && sb_type_is_decimal(type->id)) {
        for (int32_t i = 0; i < abs(type->scale); i++) {
            step->unit *= 10.0;
        }
        step->unit = type->scale < 0 ? 1.0 / step->unit : step->unit;
    }
    return plan_columns(planner, *out, column < 0 ? NULL : &aggregate->input->fields[column].type);
}

static enum sb_step_kind call_step_kind(enum sb_aggregate_function function)
{
    static const enum sb_step_kind kinds[] = {
        [SB_AGGREGATE_COUNT_ROWS] = SB_STEP_COUNT_ROWS,
        [SB_AGGREGATE_COUNT] = SB_STEP_COUNT,
        [SB_AGGREGATE_SUM] = SB_STEP_SUM,
        [SB_AGGREGATE_MEAN] = SB_STEP_SUM,
        [SB_AGGREGATE_MIN] = SB_STEP_MIN,
        [SB_AGGREGATE_MAX] = SB_STEP_MAX,
        [SB_AGGREGATE_FIRST] = SB_STEP_FIRST,
        [SB_AGGREGATE_LAST] = SB_STEP_LAST,
        [SB_AGGREGATE_FIRST_ROW] = SB_STEP_FIRST_ROW,
        [SB_AGGREGATE_VARIANCE] = SB_STEP_MOMENTS,
        [SB_AGGREGATE_VARIANCE_POP] = SB_STEP_MOMENTS,
        [SB_AGGREGATE_STDDEV] = SB_STEP_MOMENTS,
        [SB_AGGREGATE_STDDEV_POP] = SB_STEP_MOMENTS,
        [SB_AGGREGATE_COUNT_DISTINCT] = SB_STEP_DISTINCT,
        [SB_AGGREGATE_LIST] = SB_STEP_LIST,
        [SB_AGGREGATE_QUANTILE] = SB_STEP_VALUES,
        [SB_AGGREGATE_APPROX_COUNT_DISTINCT] = SB_STEP_DISTINCT_SKETCH,
        [SB_AGGREGATE_APPROX_QUANTILE] = SB_STEP_QUANTILE_SKETCH,
    };

    return kinds[function];
}

static enum sb_status plan_call(const struct planner *planner, const struct sb_aggregate_call *call)
{
    struct sb_aggregate *aggregate = planner->aggregate;
    struct sb_aggregate_call_plan *plan = &aggregate->calls[aggregate->call_count++];
    int32_t column = call->function == SB_AGGREGATE_COUNT_ROWS ? -1 : call->column;

    *plan = (struct sb_aggregate_call_plan){.call = call, .count_step = -1};
    if (column >= 0) {
        plan->column_name = aggregate->input->fields[column].name;
    }
    SB_TRY_RETURN(plan_step(planner, call_step_kind(call->function), column, &plan->step));
    if (call->function == SB_AGGREGATE_MEAN) {
        SB_TRY_RETURN(plan_step(planner, SB_STEP_COUNT, column, &plan->count_step));
    }
    return SB_OK;
}

// --- layouts -------------------------------------------------------------------------------------

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

static enum sb_status plan_layouts(const struct planner *planner)
{
    struct sb_aggregate *aggregate = planner->aggregate;
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
        return plan_no_memory(planner);
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
    SB_TRY_RETURN(
        sb_row_layout_init(&aggregate->raw_layout, aggregate->op.memory, &options, planner->err));
    options.kinds = state_kinds;
    options.field_count = state_count;
    return sb_row_layout_init(&aggregate->state_layout, aggregate->op.memory, &options,
                              planner->err);
}

/* Counts and moments begin at 0, everything else at null. */
static enum sb_status plan_initial_row(const struct planner *planner)
{
    struct sb_aggregate *aggregate = planner->aggregate;

    aggregate->initial_row =
        sb_arena_alloc_zeroed(&aggregate->arena, sizeof *aggregate->initial_row *
                                                     (size_t)aggregate->state_layout.row_words);
    if (aggregate->initial_row == NULL) {
        return plan_no_memory(planner);
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

static enum sb_status plan_collector(const struct planner *planner, int32_t s)
{
    struct sb_aggregate *aggregate = planner->aggregate;
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
        return plan_no_memory(planner);
    }
    for (int32_t k = 0; k < aggregate->key_count; k++) {
        kinds[k] = key_kind(aggregate, k);
    }
    kinds[aggregate->key_count] = sb_row_kind(&collector->type);
    SB_TRY_RETURN(
        sb_row_layout_init(&collector->layout, aggregate->op.memory, &options, planner->err));
    options.key_count = field_count;
    SB_TRY_RETURN(
        sb_row_layout_init(&collector->entries, aggregate->op.memory, &options, planner->err));
    collector->initial_entry = sb_arena_alloc_zeroed(
        &aggregate->arena, sizeof *collector->initial_entry * (size_t)collector->entries.row_words);
    return collector->initial_entry == NULL ? plan_no_memory(planner) : SB_OK;
}

/* Values of one word under keys of at most one word need no more than those words. */
static enum sb_status plan_words(const struct planner *planner,
                                 struct sb_aggregate_collector *collector)
{
    struct sb_aggregate *aggregate = planner->aggregate;
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
    return sb_row_layout_init(&collector->words, aggregate->op.memory, &options, planner->err);
}

static enum sb_status plan_collectors(const struct planner *planner)
{
    struct sb_aggregate *aggregate = planner->aggregate;

    aggregate->collectors = sb_arena_alloc_zeroed(
        &aggregate->arena, sizeof *aggregate->collectors * (size_t)(aggregate->step_count + 1));
    if (aggregate->collectors == NULL) {
        return plan_no_memory(planner);
    }
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        if (sb_step_is_collecting(aggregate->steps[s].kind)) {
            SB_TRY_RETURN(plan_collector(planner, s));
        }
    }
    aggregate->is_words = aggregate->key_count > 0 && aggregate->step_count > 0 &&
                          aggregate->collector_count == aggregate->step_count;
    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        SB_TRY_RETURN(plan_words(planner, &aggregate->collectors[c]));
        aggregate->is_words = aggregate->is_words && aggregate->collectors[c].is_words;
    }
    return SB_OK;
}

/*
 * Keys, then the columns of steps. With collectors a row is either one of the state or a value:
 * column "collector" says of which (null: state), and each has a column for its values.
 */
static enum sb_status plan_state_schema(const struct planner *planner)
{
    struct sb_aggregate *aggregate = planner->aggregate;
    int32_t count = 0;
    struct sb_field *fields =
        sb_arena_alloc(&aggregate->arena,
                       sizeof *fields * (size_t)(aggregate->key_count + aggregate->column_count +
                                                 1 + aggregate->collector_count));

    if (fields == NULL) {
        return plan_no_memory(planner);
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
            return plan_no_memory(planner);
        }
    }
    return sb_schema_create(aggregate->op.memory, fields, count, &aggregate->state_schema,
                            planner->err);
}

// --- the plain form ------------------------------------------------------------------------------

static int32_t plan_plain_key_words(const struct sb_aggregate *aggregate)
{
    int32_t words = 0;

    for (int32_t k = 0; k < aggregate->key_count; k++) {
        words += sb_plain_key_width(aggregate->state_layout.fields[k].kind);
    }
    return aggregate->key_count == 1 && words == 1 ? 0 : words;
}

static bool plan_is_plain(const struct sb_aggregate *aggregate)
{
    if (aggregate->key_count == 0 || aggregate->step_count > SB_PLAIN_STEPS_MAX ||
        aggregate->emits_updates || plan_plain_key_words(aggregate) > SB_PLAIN_KEY_WORDS_MAX) {
        return false;
    }
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        const struct sb_aggregate_step *step = &aggregate->steps[s];
        if (step->kind > SB_STEP_MOMENTS ||
            (!sb_step_is_count(step->kind) && sb_row_kind_words(step->arg_kind) != 1)) {
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
    bool is_count = sb_step_is_count(step->kind);
    int32_t first_word = 1 + aggregate->plain_key_words;
    int32_t raw_word = is_count ? -1 : first_word + plan_plain_arg(aggregate, step->arg);
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
    int32_t word = 1 + aggregate->plain_key_words;

    for (int32_t rank = 0; rank < SB_FUSED_RANK_COUNT; rank++) {
        for (int32_t p = 0; p < aggregate->plain_step_count; p++) {
            if (sb_fused_rank(&aggregate->plain_steps[p]) == rank) {
                place[p] = count;
                sorted[count] = aggregate->plain_steps[p];
                sorted[count].word = word;
                word += sb_plain_width(&sorted[count]);
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
    bool has_hash = aggregate->plain_key_words > 0;
    int32_t key_fields = has_hash ? aggregate->plain_key_words : 1;
    size_t words_max = 1 + (size_t)key_fields + 3 * (size_t)aggregate->step_count;
    enum sb_row_kind *kinds = sb_arena_alloc(&aggregate->arena, sizeof *kinds * words_max);
    struct sb_row_layout_options options = {
        .kinds = kinds, .key_count = key_fields, .has_hash = has_hash};

    aggregate->plain_initial_row =
        sb_arena_alloc_zeroed(&aggregate->arena, sizeof *aggregate->plain_initial_row * words_max);
    if (kinds == NULL || aggregate->plain_initial_row == NULL) {
        return plan_no_memory(planner);
    }
    for (size_t w = 0; w < words_max; w++) {
        kinds[w] = SB_ROW_INT; // a word is a word
    }
    if (has_hash) {
        aggregate->plain_initial_row[aggregate->plain_mark_word] = SB_PLAIN_FRESH;
    } else {
        kinds[0] = aggregate->state_layout.fields[0].kind;
    }
    options.field_count = key_fields;
    for (int32_t p = 0; p < aggregate->plain_step_count; p++) {
        const struct sb_plain_step *step = &aggregate->plain_steps[p];
        sb_assert(step->word == options.field_count + has_hash);
        aggregate->plain_initial_row[step->word] = sb_plain_initial(step);
        options.field_count += sb_plain_width(step);
    }
    SB_TRY_RETURN(
        sb_row_layout_init(&aggregate->plain_state, aggregate->op.memory, &options, planner->err));
    options.field_count = key_fields + aggregate->plain_arg_count;
    return sb_row_layout_init(&aggregate->plain_raw, aggregate->op.memory, &options, planner->err);
}

static void plan_plain_keys(struct sb_aggregate *aggregate)
{
    int32_t word = 1;

    aggregate->plain_key_words = plan_plain_key_words(aggregate);
    aggregate->plain_mark_word = sb_plain_key_width(aggregate->state_layout.fields[0].kind);
    for (int32_t k = 0; k < aggregate->key_count; k++) {
        aggregate->plain_key_word[k] = aggregate->plain_key_words == 0 ? 0 : word;
        word += sb_plain_key_width(aggregate->state_layout.fields[k].kind);
    }
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
    aggregate->plain_key_word = sb_arena_alloc(
        &aggregate->arena, sizeof *aggregate->plain_key_word * (size_t)aggregate->key_count);
    if (aggregate->plain_args == NULL || aggregate->plain_steps == NULL ||
        aggregate->plain_key_word == NULL) {
        return plan_no_memory(planner);
    }
    plan_plain_keys(aggregate);
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        aggregate->steps[s].plain = plan_plain_step(aggregate, &aggregate->steps[s]);
    }
    plan_plain_order(aggregate);
    return plan_plain_layouts(planner);
}

enum sb_status sb_aggregate_plan(struct sb_aggregate *aggregate,
                                 const struct sb_op_options *options, struct sb_error *err)
{
    const struct sb_aggregate_spec *spec = sb_aggregate_spec(options->node);
    struct planner planner = {.aggregate = aggregate, .spec = spec, .err = err};
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
        return plan_no_memory(&planner);
    }
    for (int32_t c = 0; c < spec->call_count; c++) {
        SB_TRY_RETURN(plan_call(&planner, &spec->calls[c]));
    }
    plan_hidden(aggregate);
    SB_TRY_RETURN(plan_layouts(&planner));
    SB_TRY_RETURN(plan_initial_row(&planner));
    SB_TRY_RETURN(plan_collectors(&planner));
    SB_TRY_RETURN(plan_state_schema(&planner));
    return plan_plain(&planner);
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
