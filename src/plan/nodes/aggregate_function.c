// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_function.c - the functions of an aggregate: their names, what they take, what they
 * give.
 */
#include <string.h>

#include "plan/nodes/aggregate_request_internal.h"
#include "plan/suggestion_internal.h"

static const struct {
    const char *name;
    enum sb_aggregate_function function;
    double quantile;
} functions[] = {
    {"sum", SB_AGGREGATE_SUM, 0},
    {"count", SB_AGGREGATE_COUNT, 0},
    {"mean", SB_AGGREGATE_MEAN, 0},
    {"avg", SB_AGGREGATE_MEAN, 0},
    {"min", SB_AGGREGATE_MIN, 0},
    {"max", SB_AGGREGATE_MAX, 0},
    {"first", SB_AGGREGATE_FIRST, 0},
    {"last", SB_AGGREGATE_LAST, 0},
    {"stddev", SB_AGGREGATE_STDDEV, 0},
    {"variance", SB_AGGREGATE_VARIANCE, 0},
    {"stddev_pop", SB_AGGREGATE_STDDEV_POP, 0},
    {"variance_pop", SB_AGGREGATE_VARIANCE_POP, 0},
    {"count_distinct", SB_AGGREGATE_COUNT_DISTINCT, 0},
    {"list", SB_AGGREGATE_LIST, 0},
    {"median", SB_AGGREGATE_QUANTILE, 0.5},
    {"approx_count_distinct", SB_AGGREGATE_APPROX_COUNT_DISTINCT, 0},
    {"approx_median", SB_AGGREGATE_APPROX_QUANTILE, 0.5},
};

enum { FUNCTION_COUNT = sizeof functions / sizeof functions[0] };

static const char allowed[] =
    "sum, count, mean, avg, min, max, first, last, stddev, variance, stddev_pop, variance_pop, "
    "count_distinct, list, median, p1 .. p99, approx_count_distinct, approx_median, "
    "approx_p1 .. approx_p99";

// p1 .. p99
static bool quantile_parse(const char *name, double *quantile)
{
    int percent = 0;

    if (name[0] != 'p' || name[1] < '1' || name[1] > '9') {
        return false;
    }
    for (name++; *name >= '0' && *name <= '9' && percent < 100; name++) {
        percent = 10 * percent + (*name - '0');
    }
    *quantile = percent / 100.0;
    return *name == '\0' && percent < 100;
}

enum sb_status sb_aggregate_function_find(const struct sb_node *node,
                                          const struct sb_aggregate_wish *wish,
                                          struct sb_aggregate_call *call, struct sb_error *err)
{
    static const char approx[] = "approx_";
    const char *parameter =
        strcmp(wish->parameter, "aggregations") == 0 ? wish->parameter : "aggregate";
    struct sb_suggestion suggestion;
    char meant[SB_SUGGESTION_SIZE];
    char shown[SB_SHORT_SIZE];

    sb_suggestion_init(&suggestion, wish->function);
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        if (strcmp(functions[i].name, wish->function) == 0) {
            call->function = functions[i].function;
            call->quantile = functions[i].quantile;
            return SB_OK;
        }
        sb_suggestion_offer(&suggestion, functions[i].name);
    }
    if (quantile_parse(wish->function, &call->quantile)) {
        call->function = SB_AGGREGATE_QUANTILE;
        return SB_OK;
    }
    if (strncmp(wish->function, approx, sizeof approx - 1) == 0 &&
        quantile_parse(wish->function + sizeof approx - 1, &call->quantile)) {
        call->function = SB_AGGREGATE_APPROX_QUANTILE;
        return SB_OK;
    }
    return sb_node_error(node, parameter, SB_INVALID, err, "'%s' is unknown%s; allowed: %s",
                         sb_short(wish->function, shown), sb_suggestion_text(&suggestion, meant),
                         allowed);
}

/* Integers keep their sign and get 64 bits, decimals all digits that their width's sum can have. */
static struct sb_type sum_type(const struct sb_type *value)
{
    if (value->id == SB_TYPE_DURATION) {
        return *value;
    }
    if (value->id == SB_TYPE_DECIMAL256) {
        return (struct sb_type){.id = value->id, .precision = 76, .scale = value->scale};
    }
    if (sb_type_is_decimal(value->id)) {
        return (struct sb_type){.id = SB_TYPE_DECIMAL128, .precision = 38, .scale = value->scale};
    }
    if (sb_type_is_integer(value->id)) {
        bool is_signed = sb_type_is_signed(value->id);
        return (struct sb_type){.id = is_signed ? SB_TYPE_INT64 : SB_TYPE_UINT64};
    }
    return (struct sb_type){.id = SB_TYPE_FLOAT64};
}

bool sb_aggregate_function_result(enum sb_aggregate_function function, const struct sb_type *input,
                                  struct sb_type *out)
{
    const struct sb_type *value = sb_type_value(input);
    bool is_duration = value->id == SB_TYPE_DURATION;
    bool is_number = sb_type_is_integer(value->id) || sb_type_is_float(value->id) ||
                     value->id == SB_TYPE_FLOAT16 || sb_type_is_decimal(value->id);

    switch (function) {
    case SB_AGGREGATE_COUNT_ROWS:
    case SB_AGGREGATE_COUNT:
    case SB_AGGREGATE_COUNT_DISTINCT:
    case SB_AGGREGATE_APPROX_COUNT_DISTINCT:
        *out = (struct sb_type){.id = SB_TYPE_INT64};
        return true;
    case SB_AGGREGATE_SUM:
        *out = sum_type(value);
        return is_number || is_duration;
    case SB_AGGREGATE_MEAN:
        *out = is_duration ? *value : (struct sb_type){.id = SB_TYPE_FLOAT64};
        return is_number || is_duration;
    case SB_AGGREGATE_STDDEV:
    case SB_AGGREGATE_STDDEV_POP:
    case SB_AGGREGATE_VARIANCE:
    case SB_AGGREGATE_VARIANCE_POP:
    case SB_AGGREGATE_QUANTILE:
    case SB_AGGREGATE_APPROX_QUANTILE:
        *out = (struct sb_type){.id = SB_TYPE_FLOAT64};
        return is_number;
    case SB_AGGREGATE_MIN:
    case SB_AGGREGATE_MAX:
        *out = *input;
        return sb_type_is_ordered(input);
    case SB_AGGREGATE_FIRST:
    case SB_AGGREGATE_LAST:
    case SB_AGGREGATE_FIRST_ROW:
    case SB_AGGREGATE_LIST: // of it
        *out = *input;
        return true;
    }
    return false;
}

const char *sb_aggregate_function_takes(enum sb_aggregate_function function)
{
    switch (function) {
    case SB_AGGREGATE_MIN:
    case SB_AGGREGATE_MAX:
        return "types that have an order";
    case SB_AGGREGATE_SUM:
    case SB_AGGREGATE_MEAN:
        return "integers, floats, decimals, durations";
    default:
        return "integers, floats, decimals";
    }
}

bool sb_aggregate_function_is_count(enum sb_aggregate_function function)
{
    return function == SB_AGGREGATE_COUNT_ROWS || function == SB_AGGREGATE_COUNT ||
           function == SB_AGGREGATE_COUNT_DISTINCT ||
           function == SB_AGGREGATE_APPROX_COUNT_DISTINCT;
}
