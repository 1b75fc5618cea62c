// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_plan_step.c - from the calls a node asks for to steps, their arguments and columns.
 *
 * Equal steps are kept once, and so are arguments that steps can share.
 */
#include <stdlib.h>

#include "exec/ops/aggregate_plan_internal.h"

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

// --- the columns of steps ------------------------------------------------------------------------

/* Adds a column of the state: "sum(price)". */
static enum sb_status plan_column(struct sb_aggregate *aggregate, int32_t step, const char *what,
                                  struct sb_type type, bool begins_null, struct sb_error *err)
{
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
    return name == NULL ? sb_aggregate_plan_no_memory(err) : SB_OK;
}

static enum sb_status plan_sum(struct sb_aggregate *aggregate, int32_t step,
                               const struct sb_type *arg, struct sb_error *err)
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
    return plan_column(aggregate, step, "sum", type, true, err);
}

/* The columns of a new step over values of type `arg`. */
static enum sb_status plan_columns(struct sb_aggregate *aggregate, int32_t s,
                                   const struct sb_type *arg, struct sb_error *err)
{
    static const struct sb_type int64 = {.id = SB_TYPE_INT64};
    static const struct sb_type float64 = {.id = SB_TYPE_FLOAT64};
    static const struct sb_type binary = {.id = SB_TYPE_BINARY};
    static const struct sb_type order = {.id = SB_TYPE_DECIMAL128, .precision = 38};
    bool is_first = false;

    switch (aggregate->steps[s].kind) {
    case SB_STEP_COUNT_ROWS:
    case SB_STEP_COUNT:
        return plan_column(aggregate, s, "count", int64, false, err);
    case SB_STEP_SUM:
        return plan_sum(aggregate, s, arg, err);
    case SB_STEP_MIN:
        return plan_column(aggregate, s, "min", *arg, true, err);
    case SB_STEP_MAX:
        return plan_column(aggregate, s, "max", *arg, true, err);
    case SB_STEP_MOMENTS:
        SB_TRY_RETURN(plan_column(aggregate, s, "moments.count", int64, false, err));
        SB_TRY_RETURN(plan_column(aggregate, s, "moments.mean", float64, false, err));
        return plan_column(aggregate, s, "moments.squares", float64, false, err);
    case SB_STEP_FIRST:
    case SB_STEP_FIRST_ROW:
        is_first = true;
        __attribute__((fallthrough));
    case SB_STEP_LAST:
        SB_TRY_RETURN(
            plan_column(aggregate, s, is_first ? "first.order" : "last.order", order, true, err));
        return plan_column(aggregate, s, is_first ? "first" : "last", *arg, true, err);
    case SB_STEP_DISTINCT_SKETCH:
        return plan_column(aggregate, s, "distinct_sketch", binary, true, err);
    case SB_STEP_QUANTILE_SKETCH:
        return plan_column(aggregate, s, "quantile_sketch", binary, true, err);
    case SB_STEP_DISTINCT:
    case SB_STEP_VALUES:
    case SB_STEP_LIST:
        return SB_OK; // fields that only the group has: plan_hidden
    }
    return SB_OK;
}

/* The step for a kind and a column: an equal one, or a new one. */
static enum sb_status plan_step(struct sb_aggregate *aggregate, enum sb_step_kind kind,
                                int32_t column, int32_t *out, struct sb_error *err)
{
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
    return plan_columns(aggregate, *out, column < 0 ? NULL : &aggregate->input->fields[column].type,
                        err);
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

enum sb_status sb_aggregate_plan_call(struct sb_aggregate *aggregate,
                                      const struct sb_aggregate_call *call, struct sb_error *err)
{
    struct sb_aggregate_call_plan *plan = &aggregate->calls[aggregate->call_count++];
    int32_t column = call->function == SB_AGGREGATE_COUNT_ROWS ? -1 : call->column;

    *plan = (struct sb_aggregate_call_plan){.call = call, .count_step = -1};
    if (column >= 0) {
        plan->column_name = aggregate->input->fields[column].name;
    }
    SB_TRY_RETURN(plan_step(aggregate, call_step_kind(call->function), column, &plan->step, err));
    if (call->function == SB_AGGREGATE_MEAN) {
        SB_TRY_RETURN(plan_step(aggregate, SB_STEP_COUNT, column, &plan->count_step, err));
    }
    return SB_OK;
}
