// SPDX-License-Identifier: Apache-2.0
/*
 * time_arithmetic.c - sums and differences of timestamps and durations.
 *
 * Both sides are brought to the finer of their units and computed as int64, whose overflow is an
 * error. A date beside a duration is its midnight.
 */
#include "expr/kernels.h"
#include "expr/time_arguments.h"
#include "expr/type_rules.h"

static bool is_duration(const struct sb_bound_node *node)
{
    return node->type.id == SB_TYPE_DURATION;
}

/* `node` in `unit` as a plain count. */
static enum sb_status count_of(struct sb_binder *binder, const char *name, enum sb_time_unit unit,
                               const struct sb_bound_node **node)
{
    const struct sb_type count = sb_type_of(SB_TYPE_INT64);
    struct sb_type type = (*node)->type;

    type.unit = unit;
    SB_TRY_RETURN(sb_bind_cast(binder, *node, &type, name, SB_CAST_STRICT, node));
    return sb_bind_cast(binder, *node, &count, name, SB_CAST_STRICT, node);
}

static enum sb_status compute(struct sb_binder *binder, const char *name,
                              enum sb_operation operation, const struct sb_bound_node **arguments,
                              const struct sb_type *type, const struct sb_bound_node **out)
{
    const struct sb_bound_node *result;

    SB_TRY_RETURN(
        sb_bind_call(binder,
                     &(struct sb_call_options){
                         .name = name,
                         .type = sb_type_of(SB_TYPE_INT64),
                         .kernels = sb_kernel_table()->arithmetic(operation, SB_PHYSICAL_I64),
                         .argument_count = 2,
                         .arguments = arguments,
                     },
                     &result));
    return sb_bind_retype(binder, result, type, out);
}

/* What the sum or difference is; false when there is none. */
static bool result_type(enum sb_operation operation, const struct sb_bound_node **arguments,
                        struct sb_type *out)
{
    const struct sb_type *a = &arguments[0]->type;
    const struct sb_type *b = &arguments[1]->type;
    const bool is_difference = operation == SB_ARITHMETIC_SUBTRACT;

    if (operation != SB_ARITHMETIC_ADD && !is_difference) {
        return false;
    }
    if (a->id == SB_TYPE_TIMESTAMP && b->id == SB_TYPE_TIMESTAMP) {
        *out = sb_type_of(SB_TYPE_DURATION);
        return is_difference && (a->zone == NULL) == (b->zone == NULL);
    }
    if (b->id == SB_TYPE_DURATION) {
        *out = *a;
        return a->id == SB_TYPE_TIMESTAMP || a->id == SB_TYPE_DURATION;
    }
    *out = *b;
    return !is_difference && a->id == SB_TYPE_DURATION && b->id == SB_TYPE_TIMESTAMP;
}

enum sb_status sb_bind_time_arithmetic(struct sb_binder *binder, const char *name,
                                       enum sb_operation operation,
                                       const struct sb_bound_node **arguments,
                                       const struct sb_bound_node **out)
{
    struct sb_type type;

    for (int32_t i = 0; i < 2; i++) { // a date beside a duration is midnight
        const struct sb_type *other = &arguments[1 - i]->type;
        if (sb_type_is_calendar(&arguments[i]->type) &&
            arguments[i]->type.id != SB_TYPE_TIMESTAMP && is_duration(arguments[1 - i])) {
            const struct sb_type midnight = {.id = SB_TYPE_TIMESTAMP, .unit = other->unit};
            SB_TRY_RETURN(
                sb_bind_cast(binder, arguments[i], &midnight, name, SB_CAST_STRICT, &arguments[i]));
        }
    }
    for (int32_t i = 0; i < 2 && operation == SB_ARITHMETIC_MULTIPLY; i++) {
        if (is_duration(arguments[i]) && sb_type_is_integer(arguments[1 - i]->type.id)) {
            const struct sb_type count = sb_type_of(SB_TYPE_INT64);
            type = arguments[i]->type;
            SB_TRY_RETURN(count_of(binder, name, type.unit, &arguments[i]));
            SB_TRY_RETURN(sb_bind_cast(binder, arguments[1 - i], &count, name, SB_CAST_STRICT,
                                       &arguments[1 - i]));
            return compute(binder, name, operation, arguments, &type, out);
        }
    }
    if (!result_type(operation, arguments, &type)) {
        return sb_bind_refuse(binder, name, arguments, 2,
                              "timestamps of one kind have a difference, durations are added to "
                              "them, to each other and multiplied by integers; for dates there "
                              "are date_add and date_diff");
    }
    type.unit = arguments[0]->type.unit > arguments[1]->type.unit ? arguments[0]->type.unit
                                                                  : arguments[1]->type.unit;
    SB_TRY_RETURN(count_of(binder, name, type.unit, &arguments[0]));
    SB_TRY_RETURN(count_of(binder, name, type.unit, &arguments[1]));
    return compute(binder, name, operation, arguments, &type, out);
}
