// SPDX-License-Identifier: Apache-2.0
/*
 * functions_time.c - functions of dates, timestamps and times of day: parts, truncation, moving,
 * differences.
 *
 * Units and parts are constants, read when the expression is bound. A timestamp with a zone counts
 * by the zone's clock and calendar.
 */
#include <string.h>

#include "base/time_zone.h"
#include "expr/functions.h"
#include "expr/kernels_time.h"
#include "expr/time_arguments.h"
#include "expr/type_rules.h"

static const char wants_time[] = "it takes a date or a timestamp";
static const char wants_clock[] = "it takes a date, a timestamp or a time of day";

bool sb_type_is_calendar(const struct sb_type *type)
{
    return type->id == SB_TYPE_DATE32 || type->id == SB_TYPE_DATE64 ||
           type->id == SB_TYPE_TIMESTAMP;
}

enum sb_status sb_bind_constant_text(struct sb_binder *binder, const char *name,
                                     const struct sb_bound_node *argument, const char *what,
                                     struct sb_bytes *out)
{
    *out = (struct sb_bytes){0};
    if (argument->kind != SB_BOUND_CONSTANT || argument->constant.is_null ||
        !sb_type_is_text(argument->type.id)) {
        return sb_error_set(binder->err, SB_INVALID, "%s: %s is a constant text", name, what);
    }
    *out = argument->constant.value.bytes;
    return SB_OK;
}

enum sb_status sb_bind_zone_of(struct sb_binder *binder, const struct sb_type *type,
                               const struct sb_zone **out)
{
    *out = NULL;
    if (type->id != SB_TYPE_TIMESTAMP || type->zone == NULL) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_zone_find(type->zone, out, binder->err));
    if (sb_zone_is_utc(*out)) {
        *out = NULL; // the values are the clock
    }
    return SB_OK;
}

static enum sb_status unit_of(struct sb_binder *binder, const char *name,
                              const struct sb_bound_node *argument, enum sb_calendar_unit *out)
{
    struct sb_bytes text;

    SB_TRY_RETURN(sb_bind_constant_text(binder, name, argument, "the unit", &text));
    if (!sb_calendar_unit_parse((const char *)text.data, text.size, out)) {
        return sb_error_set(binder->err, SB_INVALID, "%s: there is no unit '%.*s'; there are %s",
                            name, text.size > 40 ? 40 : (int)text.size, (const char *)text.data,
                            sb_calendar_unit_names);
    }
    return SB_OK;
}

static enum sb_status bind_part(struct sb_binder *binder, const char *name, enum sb_time_part part,
                                const struct sb_bound_node *argument,
                                const struct sb_bound_node **out)
{
    const struct sb_type type = sb_type_of(part == SB_PART_EPOCH ? SB_TYPE_FLOAT64 : SB_TYPE_INT64);
    const bool is_of_clock = part >= SB_PART_HOUR && part <= SB_PART_NANOSECOND;
    const struct sb_zone *zone;

    if (sb_bound_is_null(argument)) {
        return sb_bind_null(binder, &type, out);
    }
    if (!sb_type_is_calendar(&argument->type) &&
        !(is_of_clock && sb_type_is_clock(argument->type.id))) {
        return sb_bind_refuse(binder, name, &argument, 1, is_of_clock ? wants_clock : wants_time);
    }
    SB_TRY_RETURN(sb_bind_zone_of(binder, &argument->type, &zone));
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = type,
                            .kernels = sb_kernels_time_part(part),
                            .parameter = part,
                            .prepared = zone,
                            .argument_count = 1,
                            .arguments = &argument,
                        },
                        out);
}

/* year(x), month(x), ...: the detail is the part. */
static enum sb_status resolve_part(struct sb_binder *binder, const struct sb_expr *expr,
                                   const struct sb_bound_node **arguments,
                                   const struct sb_bound_node **out)
{
    return bind_part(binder, expr->function->name, (enum sb_time_part)expr->function->detail,
                     arguments[0], out);
}

/* date_part("year", x) */
static enum sb_status resolve_date_part(struct sb_binder *binder, const struct sb_expr *expr,
                                        const struct sb_bound_node **arguments,
                                        const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    struct sb_bytes text;
    enum sb_time_part part;

    SB_TRY_RETURN(sb_bind_constant_text(binder, name, arguments[0], "the part", &text));
    if (!sb_time_part_parse((const char *)text.data, text.size, &part)) {
        return sb_error_set(binder->err, SB_INVALID, "%s: there is no part '%.*s'; there are %s",
                            name, text.size > 40 ? 40 : (int)text.size, (const char *)text.data,
                            sb_time_part_names);
    }
    return bind_part(binder, name, part, arguments[1], out);
}

/* date_trunc("month", x) */
static enum sb_status resolve_date_trunc(struct sb_binder *binder, const struct sb_expr *expr,
                                         const struct sb_bound_node **arguments,
                                         const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const struct sb_bound_node *x = arguments[1];
    enum sb_calendar_unit unit;
    const struct sb_zone *zone;

    SB_TRY_RETURN(unit_of(binder, name, arguments[0], &unit));
    if (sb_bound_is_null(x)) {
        return sb_bind_null(binder,
                            x->type.id == 0
                                ? &(struct sb_type){.id = SB_TYPE_TIMESTAMP, .unit = SB_UNIT_MICRO}
                                : &x->type,
                            out);
    }
    if (!sb_type_is_calendar(&x->type)) {
        return sb_bind_refuse(binder, name, &x, 1, wants_time);
    }
    if (x->type.id != SB_TYPE_TIMESTAMP && unit < SB_CALENDAR_DAY) {
        return sb_bind_refuse(binder, name, &x, 1,
                              "a date has no time of day; cast it to a timestamp");
    }
    SB_TRY_RETURN(sb_bind_zone_of(binder, &x->type, &zone));
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = x->type,
                            .kernels = &sb_kernels_time_trunc,
                            .parameter = unit,
                            .prepared = zone,
                            .argument_count = 1,
                            .arguments = &x,
                        },
                        out);
}

static enum sb_status resolve_last_day(struct sb_binder *binder, const struct sb_expr *expr,
                                       const struct sb_bound_node **arguments,
                                       const struct sb_bound_node **out)
{
    const struct sb_type date = sb_type_of(SB_TYPE_DATE32);
    const struct sb_zone *zone;

    if (sb_bound_is_null(arguments[0])) {
        return sb_bind_null(binder, &date, out);
    }
    if (!sb_type_is_calendar(&arguments[0]->type)) {
        return sb_bind_refuse(binder, expr->function->name, arguments, 1, wants_time);
    }
    SB_TRY_RETURN(sb_bind_zone_of(binder, &arguments[0]->type, &zone));
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = expr->function->name,
                            .type = date,
                            .kernels = &sb_kernels_last_day,
                            .prepared = zone,
                            .argument_count = 1,
                            .arguments = arguments,
                        },
                        out);
}

/* Whether a tick of the type is finer than the unit or equal to it. */
static bool unit_has_ticks(const struct sb_type *type, enum sb_calendar_unit unit)
{
    static const enum sb_calendar_unit finest[] = {
        [SB_UNIT_SECOND] = SB_CALENDAR_SECOND,
        [SB_UNIT_MILLI] = SB_CALENDAR_MILLISECOND,
        [SB_UNIT_MICRO] = SB_CALENDAR_MICROSECOND,
        [SB_UNIT_NANO] = SB_CALENDAR_NANOSECOND,
    };

    return unit >= (type->id == SB_TYPE_TIMESTAMP ? finest[type->unit] : SB_CALENDAR_DAY);
}

/* date_add(x, amount, "day"); the detail is true for date_sub. */
static enum sb_status resolve_date_add(struct sb_binder *binder, const struct sb_expr *expr,
                                       const struct sb_bound_node **arguments,
                                       const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const struct sb_type count = sb_type_of(SB_TYPE_INT64);
    const struct sb_bound_node *x = arguments[0];
    enum sb_calendar_unit unit;
    const struct sb_zone *zone;

    SB_TRY_RETURN(unit_of(binder, name, arguments[2], &unit));
    if (sb_bound_is_untyped_null(x) ||
        (!sb_bound_is_untyped_null(arguments[1]) && !sb_type_is_integer(arguments[1]->type.id)) ||
        !sb_type_is_calendar(&x->type)) {
        return sb_bind_refuse(binder, name, arguments, 2,
                              "it takes a date or a timestamp, and an integer");
    }
    if (!unit_has_ticks(&x->type, unit)) {
        return sb_bind_refuse(binder, name, &x, 1,
                              x->type.id == SB_TYPE_TIMESTAMP
                                  ? "the unit is finer than the timestamp's; cast it to a finer one"
                                  : "a date has no time of day; cast it to a timestamp");
    }
    SB_TRY_RETURN(sb_bind_zone_of(binder, &x->type, &zone));
    SB_TRY_RETURN(sb_bind_cast(binder, arguments[1], &count, name, SB_CAST_STRICT, &arguments[1]));
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = x->type,
                            .kernels = expr->function->detail != 0 ? &sb_kernels_time_subtract
                                                                   : &sb_kernels_time_add,
                            .parameter = unit,
                            .prepared = zone,
                            .argument_count = 2,
                            .arguments = arguments,
                        },
                        out);
}

/* The type in which both are read: their common one, a timestamp where the unit asks for it. */
static bool diff_type(const struct sb_type *a, const struct sb_type *b, enum sb_calendar_unit unit,
                      struct sb_type *out)
{
    *out = *a;
    if (a->id != b->id && (a->id == SB_TYPE_TIMESTAMP || b->id == SB_TYPE_TIMESTAMP)) {
        *out = a->id == SB_TYPE_TIMESTAMP ? *a : *b; // a date is midnight
    } else if (a->id == SB_TYPE_TIMESTAMP) {
        if ((a->zone == NULL) != (b->zone == NULL) ||
            (a->zone != NULL && strcmp(a->zone, b->zone) != 0)) {
            return false;
        }
        out->unit = a->unit > b->unit ? a->unit : b->unit;
    } else if (a->id != b->id) {
        *out = sb_type_of(SB_TYPE_DATE64);
    }
    if (unit < SB_CALENDAR_DAY && out->id != SB_TYPE_TIMESTAMP) {
        *out = (struct sb_type){.id = SB_TYPE_TIMESTAMP, .unit = SB_UNIT_SECOND};
    }
    if (!unit_has_ticks(out, unit)) {
        out->unit = unit == SB_CALENDAR_NANOSECOND    ? SB_UNIT_NANO
                    : unit == SB_CALENDAR_MICROSECOND ? SB_UNIT_MICRO
                                                      : SB_UNIT_MILLI;
    }
    return true;
}

/* date_diff("day", a, b) */
static enum sb_status resolve_date_diff(struct sb_binder *binder, const struct sb_expr *expr,
                                        const struct sb_bound_node **arguments,
                                        const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const struct sb_type count = sb_type_of(SB_TYPE_INT64);
    const struct sb_bound_node *sides[2] = {arguments[1], arguments[2]};
    enum sb_calendar_unit unit;
    const struct sb_zone *zone;
    struct sb_type type;

    SB_TRY_RETURN(unit_of(binder, name, arguments[0], &unit));
    if (sb_bound_is_null(sides[0]) || sb_bound_is_null(sides[1])) {
        return sb_bind_null(binder, &count, out);
    }
    for (int32_t i = 0; i < 2; i++) { // a text beside a time is one
        if (sides[i]->kind == SB_BOUND_CONSTANT && sb_type_is_text(sides[i]->type.id) &&
            sb_type_is_calendar(&sides[1 - i]->type)) {
            SB_TRY_RETURN(sb_bind_adapt(binder, sides[i], &sides[1 - i]->type, name, &sides[i]));
        }
    }
    if (!sb_type_is_calendar(&sides[0]->type) || !sb_type_is_calendar(&sides[1]->type)) {
        return sb_bind_refuse(binder, name, sides, 2, "it takes two dates or timestamps");
    }
    if (!diff_type(&sides[0]->type, &sides[1]->type, unit, &type)) {
        return sb_bind_refuse(binder, name, sides, 2,
                              "their zones differ; cast one of them, or convert_time_zone");
    }
    for (int32_t i = 0; i < 2; i++) {
        SB_TRY_RETURN(sb_bind_cast(binder, sides[i], &type, name, SB_CAST_STRICT, &sides[i]));
    }
    SB_TRY_RETURN(sb_bind_zone_of(binder, &type, &zone));
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = count,
                            .kernels = &sb_kernels_time_diff,
                            .parameter = unit,
                            .prepared = zone,
                            .argument_count = 2,
                            .arguments = sides,
                        },
                        out);
}

/* epoch_ms(x): the detail is the unit. */
static enum sb_status resolve_epoch(struct sb_binder *binder, const struct sb_expr *expr,
                                    const struct sb_bound_node **arguments,
                                    const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const struct sb_type count = sb_type_of(SB_TYPE_INT64);
    struct sb_type time = {
        .id = SB_TYPE_TIMESTAMP,
        .unit = (enum sb_time_unit)expr->function->detail,
        .zone = arguments[0]->type.zone,
    };

    if (sb_bound_is_null(arguments[0])) {
        return sb_bind_null(binder, &count, out);
    }
    if (!sb_type_is_calendar(&arguments[0]->type)) {
        return sb_bind_refuse(binder, name, arguments, 1, wants_time);
    }
    SB_TRY_RETURN(sb_bind_cast(binder, arguments[0], &time, name, SB_CAST_STRICT, &arguments[0]));
    return sb_bind_cast(binder, arguments[0], &count, name, SB_CAST_STRICT, out);
}

#define TIME(text) "{'lit': '" text "', 'type': 'timestamp[us]'}"
#define DATE(text) "{'lit': '" text "', 'type': 'date32'}"

#define PART(part_name, part, sentence, value, answer)                                             \
    {                                                                                              \
        .name = part_name,                                                                         \
        .argument_min = 1,                                                                         \
        .argument_max = 1,                                                                         \
        .signature = (part) >= SB_PART_HOUR && (part) <= SB_PART_NANOSECOND                        \
                         ? "date, timestamp or time of day"                                        \
                         : "date or timestamp",                                                    \
        .summary = sentence,                                                                       \
        .example = "[" value "]",                                                                  \
        .result = answer,                                                                          \
        .resolve = resolve_part,                                                                   \
        .detail = part,                                                                            \
    }

#define EPOCH(epoch_name, unit, sentence, answer)                                                  \
    {                                                                                              \
        .name = epoch_name,                                                                        \
        .argument_min = 1,                                                                         \
        .argument_max = 1,                                                                         \
        .signature = "date or timestamp",                                                          \
        .summary = sentence,                                                                       \
        .example = "[" TIME("1970-01-01T00:00:01.5") "]",                                          \
        .result = answer,                                                                          \
        .resolve = resolve_epoch,                                                                  \
        .detail = unit,                                                                            \
    }

static const struct sb_function functions[] = {
    {
        .name = "date_trunc",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "unit, date or timestamp",
        .summary = "The beginning of the nanosecond, microsecond, millisecond, second, minute, "
                   "hour, day, week (Monday), month, quarter or year that a time is in.",
        .example = "['month', " DATE("2024-02-29") "]",
        .result = "2024-02-01",
        .resolve = resolve_date_trunc,
    },
    {
        .name = "date_part",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "part, date, timestamp or time of day",
        .summary = "A part of a time: year, iso_year, quarter, month, week (ISO), day, day_of_week "
                   "(Sunday is 0), iso_day_of_week (Monday is 1), day_of_year, hour, minute, "
                   "second, millisecond, microsecond, nanosecond (these three of the minute), or "
                   "epoch (seconds since 1970, float64). A time of day has hours and what is "
                   "below.",
        .example = "['quarter', " DATE("2024-02-29") "]",
        .result = "1",
        .resolve = resolve_date_part,
    },
    {
        .name = "date_add",
        .argument_min = 3,
        .argument_max = 3,
        .signature = "date or timestamp, integer, unit",
        .summary = "A time moved by an amount of a unit; a day that the month lacks is its last.",
        .example = "[" DATE("2024-01-31") ", 1, 'month']",
        .result = "2024-02-29",
        .resolve = resolve_date_add,
    },
    {
        .name = "date_sub",
        .argument_min = 3,
        .argument_max = 3,
        .signature = "date or timestamp, integer, unit",
        .summary = "A time moved back by an amount of a unit.",
        .example = "[" DATE("2024-03-31") ", 1, 'month']",
        .result = "2024-02-29",
        .resolve = resolve_date_add,
        .detail = 1,
    },
    {
        .name = "date_diff",
        .argument_min = 3,
        .argument_max = 3,
        .signature = "unit, from, to",
        .summary = "How many beginnings of a unit lie between two times; negative backwards.",
        .example = "['year', " DATE("2023-12-31") ", " DATE("2024-01-01") "]",
        .result = "1",
        .resolve = resolve_date_diff,
    },
    {
        .name = "last_day",
        .argument_min = 1,
        .argument_max = 1,
        .signature = "date or timestamp",
        .summary = "The last day of the month, a date32.",
        .example = "[" DATE("2024-02-03") "]",
        .result = "2024-02-29",
        .resolve = resolve_last_day,
    },
    PART("year", SB_PART_YEAR, "The year.", DATE("2024-02-29"), "2024"),
    PART("quarter", SB_PART_QUARTER, "The quarter, 1 to 4.", DATE("2024-02-29"), "1"),
    PART("month", SB_PART_MONTH, "The month, 1 to 12.", DATE("2024-02-29"), "2"),
    PART("week", SB_PART_WEEK, "The week of ISO 8601, 1 to 53.", DATE("2024-12-30"), "1"),
    PART("iso_year", SB_PART_ISO_YEAR, "The year that the week of ISO 8601 belongs to.",
         DATE("2024-12-30"), "2025"),
    PART("day", SB_PART_DAY, "The day of the month, 1 to 31.", DATE("2024-02-29"), "29"),
    PART("day_of_week", SB_PART_DAY_OF_WEEK, "The day of the week, 0 (Sunday) to 6.",
         DATE("2024-02-29"), "4"),
    PART("iso_day_of_week", SB_PART_ISO_DAY_OF_WEEK, "The day of the week, 1 (Monday) to 7.",
         DATE("2024-02-29"), "4"),
    PART("day_of_year", SB_PART_DAY_OF_YEAR, "The day of the year, 1 to 366.", DATE("2024-02-29"),
         "60"),
    PART("hour", SB_PART_HOUR, "The hour, 0 to 23.", TIME("2024-02-29T12:30:15.5"), "12"),
    PART("minute", SB_PART_MINUTE, "The minute, 0 to 59.", TIME("2024-02-29T12:30:15.5"), "30"),
    PART("second", SB_PART_SECOND, "The second, 0 to 59.", TIME("2024-02-29T12:30:15.5"), "15"),
    PART("millisecond", SB_PART_MILLISECOND, "Milliseconds of the minute, seconds included.",
         TIME("2024-02-29T12:30:15.5"), "15500"),
    PART("microsecond", SB_PART_MICROSECOND, "Microseconds of the minute, seconds included.",
         TIME("2024-02-29T12:30:15.5"), "15500000"),
    PART("nanosecond", SB_PART_NANOSECOND, "Nanoseconds of the minute, seconds included.",
         TIME("2024-02-29T12:30:15.5"), "15500000000"),
    PART("epoch", SB_PART_EPOCH, "Seconds since 1970-01-01, a float64.",
         TIME("1970-01-01T00:00:01.5"), "1.5"),
    EPOCH("epoch_s", SB_UNIT_SECOND, "Whole seconds since 1970-01-01.", "1"),
    EPOCH("epoch_ms", SB_UNIT_MILLI, "Whole milliseconds since 1970-01-01.", "1500"),
    EPOCH("epoch_us", SB_UNIT_MICRO, "Whole microseconds since 1970-01-01.", "1500000"),
    EPOCH("epoch_ns", SB_UNIT_NANO, "Nanoseconds since 1970-01-01.", "1500000000"),
};

const struct sb_function_list sb_functions_time = SB_FUNCTION_LIST("Dates and times", functions);
