// SPDX-License-Identifier: Apache-2.0
/*
 * Random expressions over random batches against a reference that computes one row at a time, in
 * 128-bit integers instead of kernels. Every instruction set is tried, on batches that are whole,
 * sliced at any bit, and selected.
 */
#include "expressions.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "columnar/builder.h"
#include "expr/decimal.h"
#include "expr/kernels.h"
#include "support/seed.h"

__extension__ typedef __int128 test_int128;

enum {
    COLUMNS = 11, // one of each type below
    ROUNDS = 400,
    REFUSAL_TURN = 8,
    DEPTH_MAX = 4,
};

static const enum sb_type_id column_types[COLUMNS] = {
    SB_TYPE_BOOL,   SB_TYPE_INT8,   SB_TYPE_INT16,  SB_TYPE_INT32,   SB_TYPE_INT64,   SB_TYPE_UINT8,
    SB_TYPE_UINT16, SB_TYPE_UINT32, SB_TYPE_UINT64, SB_TYPE_FLOAT32, SB_TYPE_FLOAT64,
};

/* A value, or why there is none. */
struct cell {
    bool is_null;
    bool has_failed;
    bool is_float;
    test_int128 integer; // booleans as well
    double number;
};

struct tree {
    const char *function; // NULL: a column or literal
    enum sb_type_id type;
    int32_t column; // -1: literal
    struct cell literal;
    bool has_type;
    bool is_null_on_error;
    int32_t child_count;
    struct tree *children[3];
};

static uint64_t random_state;

static uint64_t below(uint64_t limit)
{
    return test_random(&random_state) % limit;
}

static bool is_integer(enum sb_type_id type)
{
    return sb_type_is_integer(type);
}

static void limits(enum sb_type_id type, test_int128 *least, test_int128 *most)
{
    const int bits = 8 * sb_type_width(type);

    *most =
        sb_type_is_signed(type) ? ((test_int128)1 << (bits - 1)) - 1 : ((test_int128)1 << bits) - 1;
    *least = sb_type_is_signed(type) ? -*most - 1 : 0;
}

/* Mostly small, sometimes at the ends. */
static struct cell random_cell(enum sb_type_id type, int extreme_percent)
{
    static const double odd[] = {
        0.5,     -0.0, 1e300, (double)NAN, (double)INFINITY,   -(double)INFINITY,
        2097153, 0.1,  -7.75, 1e-310,      9007199254740993.0, 1.8446744073709552e19};
    struct cell cell = {.is_float = sb_type_is_float(type)};
    const bool is_extreme = below(100) < (uint64_t)extreme_percent;

    if (type == SB_TYPE_BOOL) {
        cell.integer = below(2) == 1;
    } else if (cell.is_float) {
        cell.number = is_extreme ? odd[below(12)] : (double)((int64_t)below(21) - 10) / 2;
        if (type == SB_TYPE_FLOAT32) {
            cell.number = (double)(float)cell.number;
        }
    } else {
        test_int128 least;
        test_int128 most;
        limits(type, &least, &most);
        if (is_extreme) {
            cell.integer =
                below(2) == 1 ? most - (test_int128)below(2) : least + (test_int128)below(2);
        } else {
            cell.integer = (test_int128)below(sb_type_is_signed(type) ? 15 : 8);
            cell.integer -= sb_type_is_signed(type) ? 7 : 0;
        }
    }
    return cell;
}

static struct tree *tree_make(const char *function, enum sb_type_id type, int32_t count,
                              struct tree *a, struct tree *b, struct tree *c)
{
    struct tree *tree = calloc(1, sizeof *tree);

    *tree = (struct tree){
        .function = function,
        .type = type,
        .column = -1,
        .child_count = count,
        .children = {a, b, c},
    };
    return tree;
}

static void tree_free(struct tree *tree)
{
    for (int32_t i = 0; i < tree->child_count; i++) {
        tree_free(tree->children[i]);
    }
    free(tree);
}

static struct tree *column_leaf(bool is_bool)
{
    const int32_t column = is_bool ? 0 : 1 + (int32_t)below(COLUMNS - 1);
    struct tree *tree = tree_make(NULL, column_types[column], 0, NULL, NULL, NULL);

    tree->column = column;
    return tree;
}

static struct tree *literal_leaf(enum sb_type_id type)
{
    struct tree *tree = tree_make(NULL, type, 0, NULL, NULL, NULL);

    tree->literal = random_cell(type, 10);
    tree->has_type = !(type == SB_TYPE_INT64 || type == SB_TYPE_FLOAT64) || below(2) == 1;
    return tree;
}

/* 0 when the two have no common type. */
static enum sb_type_id common_type(enum sb_type_id a, enum sb_type_id b)
{
    if (!is_integer(a) || !is_integer(b)) {
        return a == SB_TYPE_FLOAT32 && b == SB_TYPE_FLOAT32 ? SB_TYPE_FLOAT32 : SB_TYPE_FLOAT64;
    }
    if (sb_type_is_signed(a) == sb_type_is_signed(b)) {
        return sb_type_width(a) > sb_type_width(b) ? a : b;
    }
    return a == SB_TYPE_UINT64 || b == SB_TYPE_UINT64 ? 0 : SB_TYPE_INT64;
}

static struct tree *random_number(int depth);

static struct tree *random_bool(int depth)
{
    static const char *const comparisons[] = {"equal",      "not_equal", "less",
                                              "less_equal", "greater",   "greater_equal"};
    struct tree *a;

    if (depth == 0) {
        return column_leaf(true);
    }
    switch (below(8)) {
    case 0:
        return column_leaf(true);
    case 1:
        return tree_make("not", SB_TYPE_BOOL, 1, random_bool(depth - 1), NULL, NULL);
    case 2:
        a = below(2) == 1 ? random_bool(depth - 1) : random_number(depth - 1);
        return tree_make(below(2) == 1 ? "is_null" : "is_not_null", SB_TYPE_BOOL, 1, a, NULL, NULL);
    case 3:
        return tree_make("and", SB_TYPE_BOOL, 3, random_bool(depth - 1), random_bool(depth - 1),
                         random_bool(depth - 1));
    case 4:
        return tree_make("or", SB_TYPE_BOOL, 2, random_bool(depth - 1), random_bool(depth - 1),
                         NULL);
    case 5:
        a = random_number(depth - 1);
        return below(2) == 1
                   ? tree_make(comparisons[below(6)], SB_TYPE_BOOL, 2, a,
                               literal_leaf(column_types[1 + below(COLUMNS - 1)]), NULL)
                   : tree_make(comparisons[below(6)], SB_TYPE_BOOL, 2,
                               literal_leaf(column_types[1 + below(COLUMNS - 1)]), a, NULL);
    default:
        return tree_make(comparisons[below(6)], SB_TYPE_BOOL, 2, random_number(depth - 1),
                         random_number(depth - 1), NULL);
    }
}

static struct tree *random_number(int depth)
{
    static const char *const operations[] = {"add", "subtract", "multiply", "modulo", "divide"};
    struct tree *a;
    struct tree *b;
    struct tree *out;
    enum sb_type_id type;
    uint64_t pick;

    if (depth == 0 || below(6) == 0) {
        return column_leaf(false);
    }
    a = random_number(depth - 1);
    pick = below(10);
    if (pick == 0 && (sb_type_is_signed(a->type) || sb_type_is_float(a->type))) {
        return tree_make("negate", a->type, 1, a, NULL, NULL);
    }
    if (pick <= 2) {
        out = tree_make("cast", column_types[below(COLUMNS)], 1, a, NULL, NULL);
        out->is_null_on_error = below(4) != 0;
        if (out->type == SB_TYPE_BOOL) { // numbers are wanted here
            out = tree_make("cast", SB_TYPE_INT16, 1, out, NULL, NULL);
        }
        return out;
    }
    b = pick <= 4 ? literal_leaf(column_types[1 + below(COLUMNS - 1)]) : random_number(depth - 1);
    b->has_type = true; // so that its type is what it says
    type = common_type(a->type, b->type);
    if (type == 0) {
        tree_free(b);
        return a;
    }
    if (pick == 9) {
        return tree_make("coalesce", type, 2, a, b, NULL);
    }
    pick = below(5);
    return tree_make(operations[pick], pick == 4 ? SB_TYPE_FLOAT64 : type, 2, a, b, NULL);
}

static json_t *literal_json(const struct tree *tree)
{
    const struct cell *cell = &tree->literal;
    char name[SB_TYPE_NAME_SIZE];
    char digits[48];
    json_t *json;

    if (!cell->is_float) {
        const bool is_negative = cell->integer < 0;
        const uint64_t magnitude = (uint64_t)(is_negative ? -cell->integer : cell->integer);
        snprintf(digits, sizeof digits, "%s%" PRIu64, is_negative ? "-" : "", magnitude);
        json = json_pack("{s:o}", "lit",
                         tree->has_type ? json_string(digits)
                                        : json_integer((json_int_t)cell->integer));
    } else if (isfinite(cell->number)) {
        json = json_pack("{s:o}", "lit", json_real(cell->number));
    } else {
        json = json_pack("{s:s}", "lit",
                         isnan(cell->number) ? "NaN"
                         : cell->number > 0  ? "inf"
                                             : "-inf");
    }
    if (tree->has_type || (cell->is_float && !isfinite(cell->number))) {
        json_object_set_new(
            json, "type",
            json_string(sb_type_name(&(struct sb_type){.id = tree->type}, name, sizeof name)));
    }
    return json;
}

static json_t *tree_json(const struct tree *tree)
{
    char name[SB_TYPE_NAME_SIZE];
    json_t *arguments;
    json_t *json;

    if (tree->function == NULL) {
        if (tree->column < 0) {
            return literal_json(tree);
        }
        snprintf(name, sizeof name, "c%d", tree->column);
        return json_pack("{s:s}", "col", name);
    }
    arguments = json_array();
    json = json_pack("{s:s, s:o}", "call", tree->function, "args", arguments);
    for (int32_t i = 0; i < tree->child_count; i++) {
        json_array_append_new(arguments, tree_json(tree->children[i]));
    }
    if (strcmp(tree->function, "cast") == 0) {
        json_object_set_new(
            json, "type",
            json_string(sb_type_name(&(struct sb_type){.id = tree->type}, name, sizeof name)));
        if (tree->is_null_on_error) {
            json_object_set_new(json, "on_error", json_string("null"));
        }
    }
    return json;
}

/* --- the reference ---------------------------------------------------------------------------- */

static struct cell failed(void)
{
    return (struct cell){.has_failed = true};
}

static struct cell null_cell(void)
{
    return (struct cell){.is_null = true};
}

static struct cell truth(bool value)
{
    return (struct cell){.integer = value};
}

static struct cell integer_cell(enum sb_type_id type, test_int128 value)
{
    test_int128 least;
    test_int128 most;

    limits(type, &least, &most);
    return value < least || value > most ? failed() : (struct cell){.integer = value};
}

static struct cell float_cell(enum sb_type_id type, double value)
{
    return (struct cell){
        .is_float = true,
        .number = type == SB_TYPE_FLOAT32 ? (double)(float)value : value,
    };
}

static struct cell reference_cast(struct cell cell, enum sb_type_id type)
{
    if (type == SB_TYPE_BOOL) {
        return cell.is_float && isnan(cell.number)
                   ? failed()
                   : truth(cell.is_float ? cell.number != 0 : cell.integer != 0);
    }
    if (sb_type_is_float(type)) {
        struct cell out;
        if (!cell.is_float) {
            return type == SB_TYPE_FLOAT32 ? float_cell(type, (double)(float)cell.integer)
                                           : float_cell(type, (double)cell.integer);
        }
        out = float_cell(type, cell.number);
        return isfinite(cell.number) && !isfinite(out.number) ? failed() : out;
    }
    if (!cell.is_float) {
        return integer_cell(type, cell.integer);
    }
    if (!(fabs(cell.number) < 1e30)) {
        return failed();
    }
    return integer_cell(type, (test_int128)cell.number);
}

static int reference_compare(struct cell a, struct cell b)
{
    test_int128 whole;

    if (!a.is_float && !b.is_float) {
        return (a.integer > b.integer) - (a.integer < b.integer);
    }
    if (!a.is_float) {
        return -reference_compare(b, a);
    }
    if (b.is_float) {
        return isnan(a.number) || isnan(b.number) ? (isnan(a.number) != 0) - (isnan(b.number) != 0)
                                                  : (a.number > b.number) - (a.number < b.number);
    }
    if (isnan(a.number) || fabs(a.number) > 1e30) { // beyond every integer
        return isnan(a.number) || a.number > 0 ? 1 : -1;
    }
    whole = (test_int128)floor(a.number);
    return whole != b.integer ? (whole > b.integer) - (whole < b.integer)
                              : floor(a.number) < a.number;
}

static double reference_modulo(double x, double y)
{
    double rest;

    if (isnan(x) || isnan(y) || isinf(x) || y == 0) {
        return (double)NAN;
    }
    if (isinf(y)) {
        return x == 0 ? copysign(0, y) : (x < 0) == (y < 0) ? x : y;
    }
    rest = fmod(x, y);
    return rest == 0 ? copysign(0, y) : (rest < 0) != (y < 0) ? rest + y : rest;
}

static struct cell reference_arithmetic(const char *function, enum sb_type_id type, struct cell a,
                                        struct cell b)
{
    test_int128 rest;

    if (strcmp(function, "divide") == 0) {
        return float_cell(type, reference_cast(a, type).number / reference_cast(b, type).number);
    }
    a = reference_cast(a, type);
    b = reference_cast(b, type);
    if (sb_type_is_float(type)) {
        const double x = a.number;
        const double y = b.number;
        const double result = *function == 'a'     ? x + y
                              : *function == 's'   ? x - y
                              : function[1] == 'u' ? x * y
                                                   : reference_modulo(x, y);
        return float_cell(type, result); // rounding a double result once more is exact for floats
    }
    switch (*function) {
    case 'a':
        return integer_cell(type, a.integer + b.integer);
    case 's':
        return integer_cell(type, a.integer - b.integer);
    default:
        break;
    }
    if (function[1] == 'u') {
        const double product = (double)a.integer * (double)b.integer;
        return fabs(product) > 1e30 ? failed() : integer_cell(type, a.integer * b.integer);
    }
    if (b.integer == 0) {
        return failed();
    }
    rest = a.integer % b.integer;
    return integer_cell(type, rest != 0 && (rest < 0) != (b.integer < 0) ? rest + b.integer : rest);
}

static struct cell reference(const struct tree *tree, const struct cell *row);

static struct cell reference_logic(const struct tree *tree, const struct cell *row, bool decisive)
{
    bool has_null = false;

    for (int32_t i = 0; i < tree->child_count; i++) {
        const struct cell cell = reference(tree->children[i], row);
        if (cell.has_failed) {
            return cell;
        }
        if (!cell.is_null && (cell.integer != 0) == decisive) {
            return truth(decisive);
        }
        has_null |= cell.is_null;
    }
    return has_null ? null_cell() : truth(!decisive);
}

static struct cell reference_two(const struct tree *tree, struct cell a, struct cell b)
{
    static const char *const comparisons[] = {"equal",      "not_equal", "less",
                                              "less_equal", "greater",   "greater_equal"};
    int order;

    if (a.has_failed || b.has_failed) {
        return failed();
    }
    if (a.is_null || b.is_null) {
        return null_cell();
    }
    if (tree->type != SB_TYPE_BOOL) {
        return reference_arithmetic(tree->function, tree->type, a, b);
    }
    order = reference_compare(a, b);
    for (int i = 0; i < 6; i++) {
        if (strcmp(tree->function, comparisons[i]) == 0) {
            const bool answers[] = {order == 0, order != 0, order < 0,
                                    order <= 0, order > 0,  order >= 0};
            return truth(answers[i]);
        }
    }
    fail();
    return failed();
}

static struct cell reference(const struct tree *tree, const struct cell *row)
{
    struct cell a;

    if (tree->function == NULL) {
        return tree->column < 0 ? tree->literal : row[tree->column];
    }
    if (strcmp(tree->function, "and") == 0 || strcmp(tree->function, "or") == 0) {
        return reference_logic(tree, row, *tree->function == 'o');
    }
    a = reference(tree->children[0], row);
    if (strcmp(tree->function, "coalesce") == 0) {
        if (a.has_failed) {
            return a;
        }
        a = a.is_null ? reference(tree->children[1], row) : a;
        return a.is_null || a.has_failed ? a : reference_cast(a, tree->type);
    }
    if (tree->child_count == 2) {
        return reference_two(tree, a, reference(tree->children[1], row));
    }
    if (a.has_failed) {
        return a;
    }
    if (strcmp(tree->function, "is_null") == 0 || strcmp(tree->function, "is_not_null") == 0) {
        return truth(a.is_null == (tree->function[3] == 'n' && tree->function[4] == 'u'));
    }
    if (a.is_null) {
        return a;
    }
    if (strcmp(tree->function, "not") == 0) {
        return truth(a.integer == 0);
    }
    if (strcmp(tree->function, "negate") == 0) {
        return a.is_float ? float_cell(tree->type, -a.number)
                          : integer_cell(tree->type, -a.integer);
    }
    a = reference_cast(a, tree->type);
    return a.has_failed && tree->is_null_on_error ? null_cell() : a;
}

/* --- batches ---------------------------------------------------------------------------------- */

static void cell_append(struct sb_builder *builder, const struct cell *cell)
{
    union sb_value value = {0};

    if (cell->is_null) {
        assert_int_equal(sb_builder_append_null(builder, NULL), SB_OK);
        return;
    }
    if (builder->type->id == SB_TYPE_FLOAT64) {
        value.f64 = cell->number;
    } else if (builder->type->id == SB_TYPE_FLOAT32) {
        value.f32 = (float)cell->number;
    } else {
        value.i64 = (int64_t)cell->integer;
    }
    assert_int_equal(sb_builder_append_fixed(builder, &value, NULL), SB_OK);
}

static struct cell cell_read(const struct sb_column *column, int64_t row)
{
    struct cell cell = {.is_null = sb_column_is_null(column, row)};
    const int32_t width = sb_type_width(column->type->id);
    const uint8_t *value = (const uint8_t *)column->values + (column->offset + row) * width;

    if (cell.is_null) {
        return cell;
    }
    if (column->type->id == SB_TYPE_BOOL) {
        cell.integer = sb_bitmap_get(column->values, column->offset + row);
    } else if (sb_type_is_float(column->type->id)) {
        cell.is_float = true;
        cell.number = width == 4 ? (double)*(const float *)(const void *)value
                                 : *(const double *)(const void *)value;
    } else {
        cell.integer = sb_value_integer(sb_physical_of(column->type), value);
    }
    return cell;
}

static bool cell_equal(struct cell a, struct cell b)
{
    if (a.is_null || b.is_null) {
        return a.is_null == b.is_null;
    }
    if (!a.is_float) {
        return a.integer == b.integer;
    }
    return (isnan(a.number) && isnan(b.number)) ||
           (a.number == b.number && !signbit(a.number) == !signbit(b.number));
}

static const char *cell_text(struct cell cell, char *buffer, size_t size)
{
    if (cell.has_failed) {
        return "failure";
    }
    if (cell.is_null) {
        return "null";
    }
    if (cell.is_float) {
        snprintf(buffer, size, "%.17g", cell.number);
    } else {
        sb_decimal_format(cell.integer, 0, buffer);
    }
    return buffer;
}

/* `rows` is filled with the cells, row by row. */
static void batch_make(struct sb_memory *memory, int64_t row_count, struct sb_batch *out,
                       struct cell **rows)
{
    const int extreme_percent = below(3) == 0 ? 15 : 0;
    const int null_percent = (int)below(3) * 20;
    struct sb_field fields[COLUMNS];
    char names[COLUMNS][4];
    struct sb_schema *schema;

    for (int i = 0; i < COLUMNS; i++) {
        snprintf(names[i], sizeof names[i], "c%d", i);
        fields[i] = (struct sb_field){
            .name = names[i],
            .type.id = column_types[i],
            .is_nullable = true,
        };
    }
    assert_int_equal(sb_schema_create(memory, fields, COLUMNS, &schema, NULL), SB_OK);
    assert_int_equal(sb_batch_init(out, memory, schema, row_count, NULL), SB_OK);
    *rows = calloc((size_t)(row_count * COLUMNS + 1), sizeof **rows);
    for (int i = 0; i < COLUMNS; i++) {
        struct sb_builder builder;
        sb_builder_init(&builder, memory, &schema->fields[i].type);
        for (int64_t row = 0; row < row_count; row++) {
            struct cell *cell = &(*rows)[row * COLUMNS + i];
            *cell = random_cell(column_types[i], extreme_percent);
            cell->is_null = below(100) < (uint64_t)null_percent;
            cell_append(&builder, cell);
        }
        assert_int_equal(sb_builder_finish(&builder, &out->columns[i], NULL), SB_OK);
    }
    sb_schema_release(schema);
}

/* --- the comparison --------------------------------------------------------------------------- */

struct attempt {
    const struct tree *tree;
    const char *text;
    const struct sb_expr *expr;
    const struct sb_batch *batch;
    const struct cell *rows;   // of the whole data
    const uint32_t *positions; // data row of each row of the batch
    struct sb_memory *memory;
};

static void check_evaluate(const struct attempt *attempt, const struct sb_bound_expr *bound,
                           struct sb_expr_scratch *scratch)
{
    struct sb_column column;
    struct sb_error err = {0};
    const enum sb_status status = sb_expr_evaluate(bound, attempt->batch, scratch, &column, &err);
    bool must_fail = false;

    for (int64_t i = 0; i < attempt->batch->row_count; i++) {
        const struct cell expected =
            reference(attempt->tree, attempt->rows + (int64_t)attempt->positions[i] * COLUMNS);
        char want[SB_DECIMAL_TEXT_SIZE];
        char got[SB_DECIMAL_TEXT_SIZE];
        must_fail |= expected.has_failed;
        if (status == SB_OK && !must_fail && !cell_equal(expected, cell_read(&column, i))) {
            fail_msg("%s row %" PRId64 ": expected %s, got %s", attempt->text, i,
                     cell_text(expected, want, sizeof want),
                     cell_text(cell_read(&column, i), got, sizeof got));
        }
    }
    if (status != (must_fail ? SB_FAILED : SB_OK)) {
        fail_msg("%s: status %d: %s", attempt->text, status, err.message);
    }
    if (status == SB_OK) {
        assert_int_equal(column.length, attempt->batch->row_count);
        assert_int_equal(column.type->id, attempt->tree->type);
        sb_column_deinit(&column);
    }
}

/* A filter may stop earlier than an evaluation, so only a batch without failures is compared. */
static void check_filter(const struct attempt *attempt, const struct sb_bound_expr *bound,
                         struct sb_expr_scratch *scratch)
{
    struct sb_batch batch;
    int64_t passed = 0;

    for (int64_t i = 0; i < attempt->batch->row_count; i++) {
        if (reference(attempt->tree, attempt->rows + (int64_t)attempt->positions[i] * COLUMNS)
                .has_failed) {
            return;
        }
    }
    assert_int_equal(sb_batch_share(&batch, attempt->batch, NULL), SB_OK);
    assert_int_equal(sb_expr_filter(bound, &batch, scratch, NULL), SB_OK);
    for (int64_t i = 0; i < attempt->batch->row_count; i++) {
        const struct cell cell =
            reference(attempt->tree, attempt->rows + (int64_t)attempt->positions[i] * COLUMNS);
        if (!cell.is_null && cell.integer != 0) {
            const uint32_t *before = sb_batch_rows(attempt->batch);
            const uint32_t *after = sb_batch_rows(&batch);
            assert_true(passed < batch.row_count);
            assert_int_equal(after == NULL ? passed : after[passed],
                             before == NULL ? i : before[i]);
            passed++;
        }
    }
    assert_int_equal(batch.row_count, passed);
    sb_batch_deinit(&batch);
}

static enum sb_status evaluate_attempt(struct sb_memory *memory, void *context)
{
    const struct attempt *attempt = context;
    struct sb_arena arena = {.memory = memory};
    struct sb_expr_scratch *scratch = NULL;
    const struct sb_bound_expr *bound;
    struct sb_column column = {0};
    enum sb_status status;

    SB_TRY_OUT(sb_expr_bind(attempt->expr, attempt->batch->schema, &arena, &bound, NULL));
    SB_TRY_OUT(sb_expr_scratch_create(memory, &scratch, NULL));
    SB_TRY_OUT(sb_expr_evaluate(bound, attempt->batch, scratch, &column, NULL));

out:
    sb_column_deinit(&column);
    sb_expr_scratch_destroy(scratch);
    sb_arena_deinit(&arena);
    return status;
}

/* One round in REFUSAL_TURN, where no row fails. */
static void check_refusals(struct attempt *attempt)
{
    for (int64_t i = 0; i < attempt->batch->row_count; i++) {
        if (reference(attempt->tree, attempt->rows + (int64_t)attempt->positions[i] * COLUMNS)
                .has_failed) {
            return;
        }
    }
    if (below(REFUSAL_TURN) == 0) {
        test_allocations(evaluate_attempt, attempt);
    }
}

static void round_run(struct sb_memory *memory)
{
    static const int64_t sizes[] = {0, 1, 2, 63, 64, 65, 1023, 1024, 1025, 2500};
    const int64_t size = sizes[below(10)];
    const int64_t first = below(2) == 1 ? (int64_t)below(20) : 0;
    struct tree *tree = below(2) == 1 ? random_bool(DEPTH_MAX) : random_number(DEPTH_MAX);
    json_t *json = tree_json(tree);
    struct sb_arena arena = {.memory = memory};
    uint32_t *positions = calloc((size_t)size + 1, sizeof positions[0]);
    struct attempt attempt = {.tree = tree, .memory = memory, .positions = positions};
    const struct sb_expr *expr;
    struct sb_batch batch;
    struct sb_error err = {0};
    struct cell *rows;
    int64_t count = 0;

    batch_make(memory, size + first, &batch, &rows);
    sb_batch_slice(&batch, first, size);
    for (int64_t i = 0; i < size; i++) {
        positions[i] = (uint32_t)(first + i);
    }
    if (below(2) == 1) {
        const uint64_t step = 1 + below(4);
        uint32_t *selected = calloc((size_t)size + 1, sizeof selected[0]);
        for (int64_t i = 0; i < size; i += 1 + (int64_t)below(step)) {
            positions[count] = (uint32_t)(first + i);
            selected[count++] = (uint32_t)i;
        }
        assert_int_equal(test_batch_select(&batch, selected, count), SB_OK);
        free(selected);
    }
    if (sb_expr_parse(json, &arena, &expr, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    attempt.expr = expr;
    attempt.batch = &batch;
    attempt.rows = rows;
    attempt.text = sb_expr_to_text(expr, &arena);
    for (int32_t level = 0; sb_kernel_table_at(level) != NULL; level++) {
        const struct sb_bound_expr *bound;
        struct sb_expr_scratch *scratch;
        sb_kernel_table_use(sb_kernel_table_at(level));
        if (sb_expr_bind(expr, batch.schema, &arena, &bound, &err) != SB_OK) {
            fail_msg("%s: %s", attempt.text, err.message);
        }
        assert_int_equal(sb_expr_scratch_create(memory, &scratch, &err), SB_OK);
        check_evaluate(&attempt, bound, scratch);
        if (tree->type == SB_TYPE_BOOL) {
            check_filter(&attempt, bound, scratch);
        }
        sb_expr_scratch_destroy(scratch);
    }
    check_refusals(&attempt);
    json_decref(json);
    free(rows);
    free(positions);
    tree_free(tree);
    sb_batch_deinit(&batch);
    sb_arena_deinit(&arena);
}

static void agrees_with_the_reference(void **state)
{
    random_state = test_seed();
    for (int i = 0; i < ROUNDS; i++) {
        struct sb_memory *memory = sb_memory_create(0);
        round_run(memory);
        sb_memory_release(memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_reference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
