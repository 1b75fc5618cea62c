// SPDX-License-Identifier: Apache-2.0
/*
 * functions_time_make.c - times from numbers and text, times as text, and changes of zone.
 */
#include <string.h>

#include "base/time_zone.h"
#include "expr/functions.h"
#include "expr/kernels_time.h"
#include "expr/time_arguments.h"
#include "expr/time_pattern.h"
#include "expr/time_text.h"
#include "expr/type_rules.h"

/* Integers become int64; anything else is refused. */
static enum sb_status integers_cast(struct sb_binder *binder, const char *name,
                                    const struct sb_bound_node **arguments, int32_t count)
{
    const struct sb_type integer = sb_type_of(SB_TYPE_INT64);

    for (int32_t i = 0; i < count; i++) {
        if (!sb_bound_is_untyped_null(arguments[i]) && !sb_type_is_integer(arguments[i]->type.id)) {
            return sb_bind_refuse(binder, name, &arguments[i], 1, "it takes integers");
        }
        SB_TRY_RETURN(
            sb_bind_cast(binder, arguments[i], &integer, name, SB_CAST_STRICT, &arguments[i]));
    }
    return SB_OK;
}

static enum sb_status resolve_make_date(struct sb_binder *binder, const struct sb_expr *expr,
                                        const struct sb_bound_node **arguments,
                                        const struct sb_bound_node **out)
{
    SB_TRY_RETURN(integers_cast(binder, expr->function->name, arguments, 3));
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = expr->function->name,
                            .type = sb_type_of(SB_TYPE_DATE32),
                            .kernels = &sb_kernels_make_date,
                            .argument_count = 3,
                            .arguments = arguments,
                        },
                        out);
}

/* The zone that an argument names; its name lives in the arena. */
static enum sb_status zone_argument(struct sb_binder *binder, const char *name,
                                    const struct sb_bound_node *argument, const char **zone_name,
                                    const struct sb_zone **out)
{
    struct sb_bytes text;
    char *copy;

    SB_TRY_RETURN(sb_bind_constant_text(binder, name, argument, "the zone", &text));
    copy = sb_arena_alloc(binder->arena, (size_t)text.size + 1);
    if (copy == NULL) {
        return sb_bind_no_memory(binder);
    }
    memcpy(copy, text.data, (size_t)text.size);
    copy[text.size] = 0;
    *zone_name = copy;
    if (text.size > 48) { // longer than any there is, and than a type's name has room for
        return sb_error_set(binder->err, SB_INVALID, "%s: unknown time zone '%.48s...'", name,
                            copy);
    }
    return sb_zone_find(copy, out, binder->err);
}

static enum sb_status resolve_make_timestamp(struct sb_binder *binder, const struct sb_expr *expr,
                                             const struct sb_bound_node **arguments,
                                             const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const struct sb_type real = sb_type_of(SB_TYPE_FLOAT64);
    struct sb_type type = {.id = SB_TYPE_TIMESTAMP, .unit = SB_UNIT_MICRO};
    const struct sb_zone *zone = NULL;

    SB_TRY_RETURN(integers_cast(binder, name, arguments, 5));
    if (!sb_bound_is_untyped_null(arguments[5]) && !sb_type_is_numeric(&arguments[5]->type)) {
        return sb_bind_refuse(binder, name, &arguments[5], 1, "a second is a number");
    }
    SB_TRY_RETURN(sb_bind_cast(binder, arguments[5], &real, name, SB_CAST_STRICT, &arguments[5]));
    if (expr->argument_count == 7) {
        SB_TRY_RETURN(zone_argument(binder, name, arguments[6], &type.zone, &zone));
    }
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = type,
                            .kernels = &sb_kernels_make_timestamp,
                            .prepared = zone,
                            .argument_count = 6,
                            .arguments = arguments,
                        },
                        out);
}

/* to_timestamp(count[, "s" | "ms" | "us" | "ns"]) */
static enum sb_status resolve_to_timestamp(struct sb_binder *binder, const struct sb_expr *expr,
                                           const struct sb_bound_node **arguments,
                                           const struct sb_bound_node **out)
{
    static const char *const units[] = {"s", "ms", "us", "ns"};
    const char *name = expr->function->name;
    const bool is_float = sb_type_is_float(arguments[0]->type.id);
    const struct sb_type count = sb_type_of(is_float ? SB_TYPE_FLOAT64 : SB_TYPE_INT64);
    struct sb_bytes text = {(const uint8_t *)"s", 1};
    int32_t unit = 0;

    if (expr->argument_count == 2) {
        SB_TRY_RETURN(sb_bind_constant_text(binder, name, arguments[1], "the unit", &text));
    }
    while (unit < 4 && ((int64_t)strlen(units[unit]) != text.size ||
                        memcmp(units[unit], text.data, (size_t)text.size) != 0)) {
        unit++;
    }
    if (unit == 4) {
        return sb_error_set(binder->err, SB_INVALID,
                            "%s: there is no unit '%.*s'; there are s, ms, us and ns", name,
                            text.size > 40 ? 40 : (int)text.size, (const char *)text.data);
    }
    if (!sb_bound_is_untyped_null(arguments[0]) && !sb_type_is_number(&arguments[0]->type)) {
        return sb_bind_refuse(binder, name, arguments, 1, "it takes an integer or a float");
    }
    SB_TRY_RETURN(sb_bind_cast(binder, arguments[0], &count, name, SB_CAST_STRICT, &arguments[0]));
    return sb_bind_call(
        binder,
        &(struct sb_call_options){
            .name = name,
            .type = {.id = SB_TYPE_TIMESTAMP,
                     .unit = unit == SB_UNIT_NANO ? SB_UNIT_NANO : SB_UNIT_MICRO,
                     .zone = "UTC"},
            .kernels = is_float ? &sb_kernels_to_timestamp_float : &sb_kernels_to_timestamp_integer,
            .parameter = sb_unit_per_second((enum sb_time_unit)unit),
            .argument_count = 1,
            .arguments = arguments,
        },
        out);
}

static enum sb_status resolve_strftime(struct sb_binder *binder, const struct sb_expr *expr,
                                       const struct sb_bound_node **arguments,
                                       const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const struct sb_type utf8 = sb_type_of(SB_TYPE_UTF8);
    struct sb_time_pattern *pattern;
    struct sb_bytes text;

    SB_TRY_RETURN(sb_bind_constant_text(binder, name, arguments[1], "the pattern", &text));
    SB_TRY_RETURN(sb_time_pattern_compile(text, false, name, binder->arena, &pattern, binder->err));
    if (sb_bound_is_null(arguments[0])) {
        return sb_bind_null(binder, &utf8, out);
    }
    if (!sb_type_is_calendar(&arguments[0]->type)) {
        return sb_bind_refuse(binder, name, arguments, 1, "it takes a date or a timestamp");
    }
    SB_TRY_RETURN(sb_bind_zone_of(binder, &arguments[0]->type, &pattern->zone));
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = utf8,
                            .kernels = &sb_kernels_strftime,
                            .prepared = pattern,
                            .argument_count = 1,
                            .arguments = arguments,
                        },
                        out);
}

/* The detail is true for try_strptime. */
static enum sb_status resolve_strptime(struct sb_binder *binder, const struct sb_expr *expr,
                                       const struct sb_bound_node **arguments,
                                       const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    struct sb_type type = {.id = SB_TYPE_TIMESTAMP};
    struct sb_time_pattern *pattern;
    struct sb_bytes text;

    SB_TRY_RETURN(sb_bind_constant_text(binder, name, arguments[1], "the pattern", &text));
    SB_TRY_RETURN(sb_time_pattern_compile(text, true, name, binder->arena, &pattern, binder->err));
    type.unit = pattern->has_nanos ? SB_UNIT_NANO : SB_UNIT_MICRO;
    type.zone = pattern->has_offset ? "UTC" : NULL;
    if (sb_bound_is_null(arguments[0])) {
        return sb_bind_null(binder, &type, out);
    }
    if (!sb_type_is_text(arguments[0]->type.id)) {
        return sb_bind_refuse(binder, name, arguments, 1, "it takes text");
    }
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = type,
                            .kernels = &sb_kernels_strptime,
                            .is_null_on_error = expr->function->detail != 0,
                            .prepared = pattern,
                            .argument_count = 1,
                            .arguments = arguments,
                        },
                        out);
}

static enum sb_status check_timestamp(struct sb_binder *binder, const char *name,
                                      const struct sb_bound_node **argument)
{
    const struct sb_type micros = {.id = SB_TYPE_TIMESTAMP, .unit = SB_UNIT_MICRO};

    if (sb_type_is_calendar(&(*argument)->type) && (*argument)->type.id != SB_TYPE_TIMESTAMP) {
        return sb_bind_cast(binder, *argument, &micros, name, SB_CAST_STRICT, argument);
    }
    if ((*argument)->type.id != SB_TYPE_TIMESTAMP) {
        return sb_bind_refuse(binder, name, argument, 1, "it takes a timestamp");
    }
    return SB_OK;
}

/* convert_time_zone(x, zone): the instant stays. */
static enum sb_status resolve_convert(struct sb_binder *binder, const struct sb_expr *expr,
                                      const struct sb_bound_node **arguments,
                                      const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const struct sb_zone *zone;
    struct sb_type type;

    SB_TRY_RETURN(check_timestamp(binder, name, &arguments[0]));
    type = arguments[0]->type;
    if (type.zone == NULL) {
        return sb_bind_refuse(binder, name, arguments, 1,
                              "it has no zone; replace_time_zone says which one its clock is of");
    }
    SB_TRY_RETURN(zone_argument(binder, name, arguments[1], &type.zone, &zone));
    return sb_bind_cast(binder, arguments[0], &type, name, SB_CAST_STRICT, out);
}

static enum sb_status local_rule(struct sb_binder *binder, const char *name,
                                 const struct sb_bound_node *argument, enum sb_local_rule *out)
{
    static const char *const rules[] = {"earliest", "latest", "raise", "null"};
    struct sb_bytes text;

    SB_TRY_RETURN(sb_bind_constant_text(binder, name, argument,
                                        "what becomes of a clock shown twice or never", &text));
    for (int32_t i = 0; i < 4; i++) {
        if ((int64_t)strlen(rules[i]) == text.size &&
            memcmp(rules[i], text.data, (size_t)text.size) == 0) {
            *out = (enum sb_local_rule)i;
            return SB_OK;
        }
    }
    return sb_error_set(binder->err, SB_INVALID,
                        "%s: there is no rule '%.*s' for a clock shown twice or never; there are "
                        "earliest, latest, raise and null",
                        name, text.size > 40 ? 40 : (int)text.size, (const char *)text.data);
}

/* The clock stays: from a zone to none, or from none to the zone of `type`. */
static enum sb_status bind_clock(struct sb_binder *binder, const char *name,
                                 const struct sb_bound_node *x, const struct sb_type *type,
                                 const struct sb_zone *zone, enum sb_local_rule rule,
                                 const struct sb_bound_node **out)
{
    const struct sb_type local = {.id = SB_TYPE_TIMESTAMP, .unit = x->type.unit};

    SB_TRY_RETURN(sb_bind_cast(binder, x, &local, name, SB_CAST_STRICT, &x));
    if (type->zone == NULL || sb_bound_is_null(x)) {
        return sb_bind_cast(binder, x, type, name, SB_CAST_STRICT, out);
    }
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = *type,
                            .kernels = &sb_kernels_local_to_instant,
                            .parameter = rule,
                            .is_null_on_error = rule == SB_LOCAL_RULE_NULL,
                            .prepared = zone,
                            .argument_count = 1,
                            .arguments = &x,
                        },
                        out);
}

/*
 * replace_time_zone(x, zone or null[, rule]): the clock stays, the zone is another.
 * at_time_zone(x, zone[, rule]): the same without a zone; with one, the clock of `zone` then.
 * The detail is true for the second.
 */
static enum sb_status resolve_zone(struct sb_binder *binder, const struct sb_expr *expr,
                                   const struct sb_bound_node **arguments,
                                   const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const bool is_at = expr->function->detail != 0;
    const struct sb_zone *zone = NULL;
    enum sb_local_rule rule = SB_LOCAL_RULE_EARLIEST;
    struct sb_type type;

    SB_TRY_RETURN(check_timestamp(binder, name, &arguments[0]));
    type = arguments[0]->type;
    if (!is_at && sb_bound_is_null(arguments[1])) {
        type.zone = NULL;
    } else {
        SB_TRY_RETURN(zone_argument(binder, name, arguments[1], &type.zone, &zone));
    }
    if (expr->argument_count == 3) {
        SB_TRY_RETURN(local_rule(binder, name, arguments[2], &rule));
    }
    if (is_at && arguments[0]->type.zone != NULL) {
        const struct sb_type local = {.id = SB_TYPE_TIMESTAMP, .unit = type.unit};
        SB_TRY_RETURN(
            sb_bind_cast(binder, arguments[0], &type, name, SB_CAST_STRICT, &arguments[0]));
        return sb_bind_cast(binder, arguments[0], &local, name, SB_CAST_STRICT, out);
    }
    return bind_clock(binder, name, arguments[0], &type, zone, rule, out);
}

#define TIME(text) "{'lit': '" text "', 'type': 'timestamp[us]'}"
#define BERLIN(text) "{'lit': '" text "', 'type': 'timestamp[us, Europe/Berlin]'}"

static const struct sb_function functions[] = {
    {
        .name = "make_date",
        .argument_min = 3,
        .argument_max = 3,
        .signature = "year, month, day",
        .summary = "A date32; a day that does not exist is an error.",
        .example = "[2024, 2, 29]",
        .result = "2024-02-29",
        .resolve = resolve_make_date,
    },
    {
        .name = "make_timestamp",
        .argument_min = 6,
        .argument_max = 7,
        .signature = "year, month, day, hour, minute, second[, zone]",
        .summary = "A timestamp[us]; seconds may have a fraction, and the clock may be a zone's.",
        .example = "[2024, 2, 29, 12, 30, 15.5]",
        .result = "2024-02-29T12:30:15.5",
        .resolve = resolve_make_timestamp,
    },
    {
        .name = "to_timestamp",
        .argument_min = 1,
        .argument_max = 2,
        .signature = "number[, 's' or 'ms' or 'us' or 'ns']",
        .summary = "The instant so many seconds (or parts of them) after 1970-01-01: "
                   "timestamp[us, UTC], of 'ns' timestamp[ns, UTC].",
        .example = "[1.5]",
        .result = "1970-01-01T00:00:01.5Z",
        .resolve = resolve_to_timestamp,
    },
    {
        .name = "strftime",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "date or timestamp, pattern",
        .summary = "A time as text in a pattern such as '%Y-%m-%d'.",
        .example = "[" TIME("2024-02-29T12:30:15.5") ", '%d.%m.%Y %H:%M']",
        .result = "'29.02.2024 12:30'",
        .resolve = resolve_strftime,
    },
    {
        .name = "strptime",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "text, pattern",
        .summary = "A timestamp[us] from text in a pattern; with %z or %s in UTC, with %9f in "
                   "nanoseconds. Other text is an error.",
        .example = "['29.02.2024', '%d.%m.%Y']",
        .result = "2024-02-29",
        .resolve = resolve_strptime,
    },
    {
        .name = "try_strptime",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "text, pattern",
        .summary = "The same; other text is null.",
        .example = "['30.02.2024', '%d.%m.%Y']",
        .result = "null",
        .resolve = resolve_strptime,
        .detail = 1,
    },
    {
        .name = "convert_time_zone",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "timestamp with zone, zone",
        .summary = "The same instant in another zone.",
        .example = "[" BERLIN("2024-02-29T12:30") ", 'UTC']",
        .result = "2024-02-29T11:30:00Z",
        .resolve = resolve_convert,
    },
    {
        .name = "replace_time_zone",
        .argument_min = 2,
        .argument_max = 3,
        .signature = "timestamp, zone or null[, 'earliest' or 'latest' or 'raise' or 'null']",
        .summary = "The same clock in another zone, or in none. A clock that the zone showed twice "
                   "is the earliest instant or as the third argument says.",
        .example = "[" TIME("2024-02-29T12:30") ", 'Europe/Berlin']",
        .result = "2024-02-29T11:30:00Z",
        .resolve = resolve_zone,
    },
    {
        .name = "at_time_zone",
        .argument_min = 2,
        .argument_max = 3,
        .signature = "timestamp, zone[, 'earliest' or 'latest' or 'raise' or 'null']",
        .summary = "As in SQL: a timestamp without zone becomes the instant at which the zone "
                   "showed it, one with a zone becomes what the zone showed then.",
        .example = "[{'lit': '2024-02-29T11:30', 'type': 'timestamp[us, UTC]'}, 'Europe/Berlin']",
        .result = "2024-02-29T12:30:00",
        .resolve = resolve_zone,
        .detail = 1,
    },
};

const struct sb_function_list sb_functions_time_make =
    SB_FUNCTION_LIST("Making, reading and moving times between zones", functions);
