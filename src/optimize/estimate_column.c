// SPDX-License-Identifier: Apache-2.0
/*
 * estimate_column.c - what is known of one column: how many values, from where to where.
 */
#include <math.h>
#include <string.h>

#include "expr/decimal.h"
#include "expr/time_text.h"
#include "expr/type_rules.h"
#include "optimize/estimate_internal.h"

enum {
    ALPHABET_MIN = 10,  // letters that a text's places are read with, at least
    PLACE_LETTERS = 12, // of a text; more make no difference to a double
};

double sb_distinct_kept(double distinct, double rows, double kept)
{
    if (kept >= rows || distinct <= 0) {
        return distinct;
    }
    if (kept <= 0) {
        return 0;
    }
    // A value with rows / distinct rows is gone when all of them are.
    return distinct * -expm1(rows / distinct * log1p(-kept / rows));
}

double sb_distinct_met(double cells, double rows)
{
    return cells <= 1 ? fmin(cells, rows) : cells * -expm1(rows * log1p(-1 / cells));
}

static double type_width(const struct sb_type *type)
{
    double width = sb_type_bytes(type);

    if (type->id == SB_TYPE_BOOL) {
        return 1;
    }
    if (type->id == SB_TYPE_STRUCT) {
        for (int32_t i = 0; i < type->child_count; i++) {
            width += type_width(&type->children[i].type);
        }
        return width;
    }
    if (type->id == SB_TYPE_FIXED_SIZE_LIST) {
        return type->size * type_width(&type->children[0].type);
    }
    if (sb_type_is_list(type->id)) {
        return SB_ESTIMATE_ELEMENTS * type_width(&type->children[0].type);
    }
    return width > 0 ? width : SB_ESTIMATE_VARIABLE_WIDTH;
}

/* Between neighbours on the line; 0 = dense, or no neighbours. */
static double type_step(const struct sb_type *type)
{
    switch (type->id) {
    case SB_TYPE_DATE32:
    case SB_TYPE_DATE64:
        return (double)SB_SECONDS_PER_DAY;
    case SB_TYPE_TIMESTAMP:
    case SB_TYPE_TIME32:
    case SB_TYPE_TIME64:
    case SB_TYPE_DURATION:
        return 1.0 / (double)sb_unit_per_second(type->unit);
    case SB_TYPE_DECIMAL128:
        return pow(10, -type->scale);
    default:
        return type->id == SB_TYPE_BOOL || sb_type_is_integer(type->id) ? 1 : 0;
    }
}

struct sb_column_estimate sb_column_estimate_of_type(const struct sb_field *field, double rows)
{
    struct sb_type type = sb_type_computed(&field->type);
    struct sb_column_estimate column = {
        .distinct = -1,
        .rows = rows,
        .null_share = field->is_nullable ? -1 : 0,
        .width = type_width(&field->type),
        .least = NAN,
        .greatest = NAN,
        .step = type_step(&type),
    };

    switch (type.id) {
    case SB_TYPE_BOOL:
        column.distinct = 2;
        break;
    case SB_TYPE_INT8:
    case SB_TYPE_UINT8:
        column.distinct = rows < 256 ? -1 : 256; // of fewer rows, the rows tell more
        break;
    case SB_TYPE_NULL:
        column.distinct = 0;
        column.null_share = 1;
        break;
    default:
        break;
    }
    return column;
}

/* Where a value that is not text lies; its type says the line. */
static double scalar_place(const struct sb_scalar *value)
{
    enum sb_physical physical = sb_physical_of(&value->type);
    const struct sb_type *type = &value->type;

    switch (type->id) {
    case SB_TYPE_FLOAT32:
        return (double)value->value.f32;
    case SB_TYPE_FLOAT64:
        return value->value.f64;
    case SB_TYPE_DECIMAL128:
        return sb_decimal_to_double(value->value.i128, type->scale);
    case SB_TYPE_DATE32:
        return (double)value->value.i32 * (double)SB_SECONDS_PER_DAY;
    case SB_TYPE_DATE64:
        return (double)value->value.i64 / 1000.0;
    case SB_TYPE_TIME32:
        return (double)value->value.i32 / (double)sb_unit_per_second(type->unit);
    case SB_TYPE_TIMESTAMP:
    case SB_TYPE_TIME64:
    case SB_TYPE_DURATION:
        return (double)value->value.i64 / (double)sb_unit_per_second(type->unit);
    default:
        break;
    }
    if (type->id != SB_TYPE_BOOL && !sb_type_is_integer(type->id)) {
        return NAN;
    }
    return (double)sb_value_integer(physical, &value->value);
}

/*
 * Widens the alphabet [*first, *last] by the class of `letter`: digits, small or large letters,
 * what ASCII can print, all of UTF-8, all bytes.
 */
static void alphabet_add(uint8_t letter, int32_t *first, int32_t *last)
{
    static const uint8_t classes[][2] = {
        {'0', '9'}, {'a', 'z'}, {'A', 'Z'}, {' ', '~'}, {' ', 0xf4}};
    int32_t from = 0;
    int32_t to = UINT8_MAX;

    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (letter >= classes[i][0] && letter <= classes[i][1]) {
            from = classes[i][0];
            to = classes[i][1];
            break;
        }
    }
    *first = from < *first ? from : *first;
    *last = to > *last ? to : *last;
}

/* The line of a text column goes through the letters in which its least and greatest differ. */
static void text_line(struct sb_column_estimate *column, struct sb_bytes least,
                      struct sb_bytes greatest)
{
    int64_t shared = 0;
    int32_t first = UINT8_MAX;
    int32_t last = 0;

    while (shared < least.size && shared < greatest.size &&
           least.data[shared] == greatest.data[shared]) {
        shared++;
    }
    for (int64_t i = shared; i < shared + PLACE_LETTERS; i++) {
        if (i < least.size) {
            alphabet_add(least.data[i], &first, &last);
        }
        if (i < greatest.size) {
            alphabet_add(greatest.data[i], &first, &last);
        }
    }
    column->prefix = (const char *)least.data;
    column->prefix_size = (int32_t)shared;
    column->first_letter = (uint8_t)(first <= last ? first : 0);
    column->letter_count = first <= last ? last - first + 1 : ALPHABET_MIN;
    if (column->letter_count < ALPHABET_MIN) {
        column->letter_count = ALPHABET_MIN;
    }
}

/* A fraction: the letters behind the prefix are its digits. */
static double text_place(const struct sb_column_estimate *column, struct sb_bytes text)
{
    int64_t shared = text.size < column->prefix_size ? text.size : column->prefix_size;
    int order = shared == 0 ? 0 : memcmp(text.data, column->prefix, (size_t)shared);
    double place = 0;
    double unit = 1;

    if (column->prefix == NULL) {
        return NAN;
    }
    if (order != 0 || shared < column->prefix_size) {
        return order > 0 ? INFINITY : -INFINITY;
    }
    for (int64_t i = shared; i < text.size && i < shared + PLACE_LETTERS; i++) {
        int32_t letter = text.data[i] - column->first_letter;

        unit /= column->letter_count;
        letter = letter < 0 ? 0 : letter;
        place += unit * (letter >= column->letter_count ? column->letter_count - 1 : letter);
    }
    return place;
}

double sb_column_place(const struct sb_column_estimate *column, const struct sb_scalar *value)
{
    if (value->is_null) {
        return NAN;
    }
    if (sb_physical_of(&value->type) == SB_PHYSICAL_BYTES) {
        return text_place(column, value->value.bytes);
    }
    return scalar_place(value);
}

/* How many values there are from least to greatest, if that can be said. */
static double range_count(const struct sb_column_estimate *column)
{
    double range = column->greatest - column->least;

    if (!sb_column_has_range(column)) {
        return INFINITY;
    }
    return column->step > 0 ? floor(range / column->step + 0.5) + 1 : range > 0 ? INFINITY : 1;
}

struct sb_column_estimate sb_column_estimate_of_statistics(
    const struct sb_field *field, const struct sb_column_statistics *statistics, double rows)
{
    struct sb_column_estimate column = sb_column_estimate_of_type(field, rows);
    double present;

    if (statistics == NULL) {
        return column;
    }
    if (statistics->null_count >= 0) {
        column.null_share = rows > 0 ? sb_share_clamp((double)statistics->null_count / rows) : 0;
    }
    if (statistics->average_width >= 0) {
        column.width = statistics->average_width;
    }
    if (!statistics->least.is_null && !statistics->greatest.is_null) {
        if (sb_physical_of(&statistics->least.type) == SB_PHYSICAL_BYTES) {
            text_line(&column, statistics->least.value.bytes, statistics->greatest.value.bytes);
        }
        column.least = sb_column_place(&column, &statistics->least);
        column.greatest = sb_column_place(&column, &statistics->greatest);
        if (!isfinite(column.least) || !isfinite(column.greatest)) {
            column.least = column.greatest = NAN;
        }
    }
    present = rows * (1 - sb_share_or_zero(column.null_share));
    if (statistics->distinct_count >= 0) {
        column.distinct = (double)statistics->distinct_count;
    } else if (range_count(&column) < INFINITY) {
        column.distinct = present;
    }
    if (column.distinct > range_count(&column)) { // no more than fit between
        column.distinct = range_count(&column);
    }
    return column;
}

double sb_column_share_below(const struct sb_column_estimate *column, double place,
                             bool is_inclusive)
{
    double range = column->greatest - column->least;
    double at = place - column->least;

    if (!sb_column_has_range(column) || isnan(place)) {
        return -1;
    }
    if (column->step > 0) {
        double steps = at / column->step;

        steps = is_inclusive ? floor(steps + 1e-6) + 1 : ceil(steps - 1e-6);
        return sb_share_clamp(steps / range_count(column));
    }
    if (range <= 0) {
        return at > 0 || (is_inclusive && at == 0) ? 1 : 0;
    }
    return sb_share_clamp(at / range);
}

bool sb_column_may_have(const struct sb_column_estimate *column, double place)
{
    return !sb_column_has_range(column) || isnan(place) ||
           (place >= column->least && place <= column->greatest);
}

void sb_column_narrow(struct sb_column_estimate *column, double share, double distinct)
{
    column->rows *= share * (1 - sb_share_or_zero(column->null_share));
    column->null_share = 0;
    if (distinct >= 0) {
        column->distinct = distinct;
    } else if (column->distinct > 0) {
        column->distinct = fmax(column->distinct * share, 1);
    }
}

void sb_column_clip(struct sb_column_estimate *column, double least, double greatest)
{
    if (!isnan(least) && !(column->least >= least)) {
        column->least = least;
    }
    if (!isnan(greatest) && !(column->greatest <= greatest)) {
        column->greatest = greatest;
    }
}

bool sb_columns_compare(const struct sb_column_estimate *a, const struct sb_column_estimate *b)
{
    if (!sb_column_has_range(a) || !sb_column_has_range(b) ||
        (a->prefix == NULL) != (b->prefix == NULL)) {
        return false;
    }
    return a->prefix == NULL ||
           (a->prefix_size == b->prefix_size && a->first_letter == b->first_letter &&
            a->letter_count == b->letter_count &&
            memcmp(a->prefix, b->prefix, (size_t)a->prefix_size) == 0);
}

bool sb_estimate_has_distinct(const struct sb_estimate *estimate, int32_t column)
{
    return estimate->columns[column].distinct >= 0;
}

double sb_estimate_domain(const struct sb_estimate *estimate, int32_t column)
{
    const struct sb_column_estimate *it = &estimate->columns[column];

    return fmax(it->distinct >= 0 ? it->distinct : it->rows, 1);
}

double sb_estimate_distinct(const struct sb_estimate *estimate, int32_t column)
{
    const struct sb_column_estimate *it = &estimate->columns[column];
    double present = estimate->rows * (1 - sb_share_or_zero(it->null_share));
    double distinct = it->distinct < 0 ? estimate->rows
                                       : sb_distinct_kept(it->distinct, it->rows, estimate->rows);

    return fmax(fmin(distinct, present), 1);
}

double sb_estimate_width(const struct sb_estimate *estimate, const bool *columns)
{
    double width = 0;

    for (int32_t i = 0; i < estimate->column_count; i++) {
        width += columns == NULL || columns[i] ? estimate->columns[i].width : 0;
    }
    return width;
}
