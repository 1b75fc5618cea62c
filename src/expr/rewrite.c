// SPDX-License-Identifier: Apache-2.0
/*
 * rewrite.c - see rewrite.h. Trees are at most SB_EXPR_DEPTH_MAX deep, so recursion ends.
 */
#include "expr/rewrite.h"

#include <string.h>

#include "expr/tree.h"

static bool is_call(const struct sb_expr *expr, const char *name)
{
    return expr->kind == SB_EXPR_CALL && strcmp(expr->function->name, name) == 0;
}

static bool is_and(const struct sb_expr *expr)
{
    return is_call(expr, "and");
}

// --- conjunctions --------------------------------------------------------------------------------

static int32_t conjunct_count(const struct sb_expr *expr)
{
    int32_t count = 0;

    if (!is_and(expr)) {
        return 1;
    }
    for (int32_t i = 0; i < expr->argument_count; i++) {
        count += conjunct_count(expr->arguments[i]);
    }
    return count;
}

static void conjuncts_list(const struct sb_expr *expr, struct sb_conjunction *out)
{
    if (!is_and(expr)) {
        out->conjuncts[out->count++] = expr;
        return;
    }
    for (int32_t i = 0; i < expr->argument_count; i++) {
        conjuncts_list(expr->arguments[i], out);
    }
}

enum sb_status sb_expr_split(const struct sb_expr *expr, struct sb_arena *arena,
                             struct sb_conjunction *out, struct sb_error *err)
{
    size_t size = sizeof *out->conjuncts * (size_t)conjunct_count(expr);

    out->count = 0;
    out->conjuncts = sb_arena_alloc(arena, size);
    if (out->conjuncts == NULL) {
        return sb_error_no_memory(err, "an expression", (int64_t)size);
    }
    conjuncts_list(expr, out);
    return SB_OK;
}

const struct sb_expr *sb_expr_unite(const struct sb_conjunction *conjunction,
                                    struct sb_arena *arena)
{
    struct sb_expr *expr;

    if (conjunction->count == 1) {
        return conjunction->conjuncts[0];
    }
    expr = sb_arena_alloc_zeroed(arena, sizeof *expr);
    if (expr == NULL) {
        return NULL;
    }
    expr->kind = SB_EXPR_CALL;
    expr->function = sb_function_find("and");
    expr->argument_count = conjunction->count;
    expr->arguments = conjunction->conjuncts;
    return expr;
}

// --- negations -----------------------------------------------------------------------------------

/* Which call is true where another one is false, and null where it is null: NaN has its place in
 * the order of numbers. */
static const char *const opposites[][2] = {
    {"equal", "not_equal"},     {"less", "greater_equal"},  {"greater", "less_equal"},
    {"is_null", "is_not_null"}, {"not_equal", "equal"},     {"greater_equal", "less"},
    {"less_equal", "greater"},  {"is_not_null", "is_null"},
};

static const struct sb_function *opposite_function(const struct sb_expr *expr)
{
    for (size_t i = 0; i < sizeof opposites / sizeof *opposites; i++) {
        if (is_call(expr, opposites[i][0])) {
            return sb_function_find(opposites[i][1]);
        }
    }
    return NULL;
}

static const struct sb_expr *condition_rewrite(const struct sb_expr *expr, bool is_negated,
                                               struct sb_arena *arena);

/* `expr` as another function of arguments that are rewritten, too, when they are conditions. */
static const struct sb_expr *call_rewrite(const struct sb_expr *expr,
                                          const struct sb_function *function, bool is_logic,
                                          bool is_negated, struct sb_arena *arena)
{
    struct sb_expr *copy = sb_arena_copy(arena, expr, sizeof *expr);

    if (copy == NULL) {
        return NULL;
    }
    copy->function = function;
    if (!is_logic) {
        return copy;
    }
    copy->arguments = sb_arena_alloc(arena, sizeof *copy->arguments * (size_t)expr->argument_count);
    for (int32_t i = 0; copy->arguments != NULL && i < expr->argument_count; i++) {
        copy->arguments[i] = condition_rewrite(expr->arguments[i], is_negated, arena);
        if (copy->arguments[i] == NULL) {
            return NULL;
        }
    }
    return copy->arguments == NULL ? NULL : copy;
}

static const struct sb_expr *condition_rewrite(const struct sb_expr *expr, bool is_negated,
                                               struct sb_arena *arena)
{
    const struct sb_function *opposite;
    struct sb_expr *copy;

    if (is_call(expr, "not")) {
        return condition_rewrite(expr->arguments[0], !is_negated, arena);
    }
    if (is_call(expr, "and") || is_call(expr, "or")) {
        bool is_or = is_call(expr, "or") != is_negated;

        return call_rewrite(expr, sb_function_find(is_or ? "or" : "and"), true, is_negated, arena);
    }
    if (!is_negated) {
        return expr;
    }
    opposite = opposite_function(expr);
    if (opposite != NULL) {
        return call_rewrite(expr, opposite, false, false, arena);
    }
    copy = sb_arena_alloc_zeroed(arena, sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    copy->kind = SB_EXPR_CALL;
    copy->function = sb_function_find("not");
    copy->argument_count = 1;
    copy->arguments = sb_arena_copy(arena, &expr, sizeof expr);
    return copy->arguments == NULL ? NULL : copy;
}

static bool has_not(const struct sb_expr *expr)
{
    if (is_call(expr, "not")) {
        return true;
    }
    for (int32_t i = 0; (is_call(expr, "and") || is_call(expr, "or")) && i < expr->argument_count;
         i++) {
        if (has_not(expr->arguments[i])) {
            return true;
        }
    }
    return false;
}

const struct sb_expr *sb_expr_simplify(const struct sb_expr *expr, struct sb_arena *arena)
{
    return has_not(expr) ? condition_rewrite(expr, false, arena) : expr;
}

// --- names ---------------------------------------------------------------------------------------

static const char *new_name(const char *name, const struct sb_renaming *renamings, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        if (strcmp(renamings[i].from, name) == 0) {
            return renamings[i].to;
        }
    }
    return name;
}

const struct sb_expr *sb_expr_rename(const struct sb_expr *expr,
                                     const struct sb_renaming *renamings, int32_t count,
                                     struct sb_arena *arena)
{
    struct sb_expr *copy = NULL;

    if (expr->kind == SB_EXPR_COLUMN) {
        const char *name = new_name(expr->column, renamings, count);

        if (strcmp(name, expr->column) == 0) {
            return expr;
        }
        copy = sb_arena_copy(arena, expr, sizeof *expr);
        if (copy != NULL) {
            copy->column = name;
        }
        return copy;
    }
    for (int32_t i = 0; i < expr->argument_count; i++) {
        const struct sb_expr *argument =
            sb_expr_rename(expr->arguments[i], renamings, count, arena);

        if (argument == NULL) {
            return NULL;
        }
        if (argument == expr->arguments[i]) {
            continue;
        }
        if (copy == NULL) {
            copy = sb_arena_copy(arena, expr, sizeof *expr);
            if (copy == NULL) {
                return NULL;
            }
            copy->arguments = sb_arena_copy(arena, expr->arguments,
                                            sizeof *copy->arguments * (size_t)expr->argument_count);
            if (copy->arguments == NULL) {
                return NULL;
            }
        }
        copy->arguments[i] = argument;
    }
    return copy != NULL ? copy : expr;
}

/* Of types without a short way: what they are written as. */
static bool written_equal(const struct sb_scalar *a, const struct sb_scalar *b)
{
    json_t *a_json = sb_scalar_to_json(a);
    json_t *b_json = sb_scalar_to_json(b);
    bool is_equal = a_json != NULL && json_equal(a_json, b_json);

    json_decref(a_json);
    json_decref(b_json);
    return is_equal;
}

static bool literal_equal(const struct sb_expr *a, const struct sb_expr *b)
{
    const union sb_value *left = &a->literal.value;
    const union sb_value *right = &b->literal.value;

    if (a->has_type != b->has_type || a->literal.is_null != b->literal.is_null ||
        !sb_type_equal(&a->literal.type, &b->literal.type)) {
        return false;
    }
    if (a->literal.is_null) {
        return true;
    }
    switch (a->literal.type.id) {
    case SB_TYPE_INT64:
        return left->i64 == right->i64;
    case SB_TYPE_FLOAT64:
        return memcmp(&left->f64, &right->f64, sizeof left->f64) == 0;
    case SB_TYPE_UTF8:
        return left->bytes.size == right->bytes.size &&
               memcmp(left->bytes.data, right->bytes.data, (size_t)left->bytes.size) == 0;
    default:
        return written_equal(&a->literal, &b->literal);
    }
}

bool sb_expr_equal(const struct sb_expr *a, const struct sb_expr *b)
{
    if (a == b) {
        return true;
    }
    if (a->kind != b->kind) {
        return false;
    }
    if (a->kind == SB_EXPR_COLUMN) {
        return strcmp(a->column, b->column) == 0;
    }
    if (a->kind == SB_EXPR_LITERAL) {
        return literal_equal(a, b);
    }
    if (a->function != b->function || a->argument_count != b->argument_count ||
        !sb_type_equal(&a->cast_type, &b->cast_type) ||
        a->is_null_on_error != b->is_null_on_error) {
        return false;
    }
    for (int32_t i = 0; i < a->argument_count; i++) {
        if (!sb_expr_equal(a->arguments[i], b->arguments[i])) {
            return false;
        }
    }
    return true;
}

bool sb_expr_reads_only(const struct sb_expr *expr, const struct sb_schema *schema)
{
    if (expr->kind == SB_EXPR_COLUMN) {
        return sb_schema_index(schema, expr->column) >= 0;
    }
    for (int32_t i = 0; i < expr->argument_count; i++) {
        if (!sb_expr_reads_only(expr->arguments[i], schema)) {
            return false;
        }
    }
    return true;
}

bool sb_bound_expr_may_fail(const struct sb_bound_expr *bound)
{
    return bound->root->may_fail;
}

bool sb_bound_expr_is_true(const struct sb_bound_expr *bound)
{
    const struct sb_bound_node *root = bound->root;

    return root->kind == SB_BOUND_CONSTANT && root->type.id == SB_TYPE_BOOL &&
           !root->constant.is_null && root->constant.value.boolean;
}
