// SPDX-License-Identifier: Apache-2.0
/*
 * bind.c - from names to columns, types and kernels.
 *
 * A node is bound after its arguments; its function's resolve hook checks their types, inserts
 * casts and picks kernels. What shall run is compiled: as a whole, and a condition also by parts.
 */
#include "expr/bind.h"

#include "expr/intern.h"
#include "expr/program.h"
#include "expr/type_rules.h"

/* Room for "price: float64, side: utf8, ..." in a message. */
enum { SCHEMA_TEXT_SIZE = 640 };

/* Zones and children live in a schema or a parsed expression; bound trees keep their own. */
static enum sb_status type_copy(struct sb_binder *binder, const struct sb_type *type,
                                struct sb_type *out)
{
    return sb_type_copy(binder->arena, out, type) ? SB_OK : sb_bind_no_memory(binder);
}

static enum sb_status bind_column(struct sb_binder *binder, const struct sb_expr *expr,
                                  const struct sb_bound_node **out)
{
    const int32_t index = sb_schema_index(binder->schema, expr->column);
    struct sb_bound_node *node;
    struct sb_type type;
    char columns[SCHEMA_TEXT_SIZE];

    if (index < 0) {
        return sb_error_set(binder->err, SB_INVALID, "unknown column '%.80s'; the columns are %s",
                            expr->column, sb_schema_text(binder->schema, columns, sizeof columns));
    }
    node = sb_arena_alloc_zeroed(binder->arena, sizeof *node);
    if (node == NULL) {
        return sb_bind_no_memory(binder);
    }
    node->kind = SB_BOUND_COLUMN;
    node->column = index;
    node->is_nullable = binder->schema->fields[index].is_nullable;
    *out = node;
    type = sb_type_computed(&binder->schema->fields[index].type);
    return type_copy(binder, &type, &node->type);
}

static enum sb_status bind_literal(struct sb_binder *binder, const struct sb_expr *expr,
                                   const struct sb_bound_node **out)
{
    struct sb_scalar scalar = expr->literal;
    struct sb_bound_node *node;

    if (scalar.type.id != 0) {
        SB_TRY_RETURN(type_copy(binder, &expr->literal.type, &scalar.type));
        if (!scalar.is_null && sb_type_is_variable(scalar.type.id)) {
            scalar.value.bytes.data = sb_arena_copy(binder->arena, scalar.value.bytes.data,
                                                    (size_t)scalar.value.bytes.size);
            if (scalar.value.bytes.data == NULL) {
                return sb_bind_no_memory(binder);
            }
        }
    }
    node = sb_arena_alloc_zeroed(binder->arena, sizeof *node);
    if (node == NULL) {
        return sb_bind_no_memory(binder);
    }
    node->kind = SB_BOUND_CONSTANT;
    node->type = scalar.type;
    node->is_nullable = scalar.is_null;
    node->is_adaptable = !expr->has_type;
    node->constant = scalar;
    *out = node;
    return SB_OK;
}

static enum sb_status bind_node(struct sb_binder *binder, const struct sb_expr *expr,
                                const struct sb_bound_node **out)
{
    const struct sb_bound_node **arguments;

    switch (expr->kind) {
    case SB_EXPR_COLUMN:
        return bind_column(binder, expr, out);
    case SB_EXPR_LITERAL:
        return bind_literal(binder, expr, out);
    case SB_EXPR_CALL:
        break;
    }
    arguments =
        sb_arena_alloc(binder->arena, (size_t)(expr->argument_count + 1) * sizeof arguments[0]);
    if (arguments == NULL) {
        return sb_bind_no_memory(binder);
    }
    for (int32_t i = 0; i < expr->argument_count; i++) {
        SB_TRY_RETURN(bind_node(binder, expr->arguments[i], &arguments[i]));
        const struct sb_type computed = sb_type_computed(&arguments[i]->type);
        if (!sb_type_equal(&computed, &arguments[i]->type)) { // of a cast to a narrow type
            SB_TRY_RETURN(sb_bind_retype(binder, arguments[i], &computed, &arguments[i]));
        }
    }
    return expr->function->resolve(binder, expr, arguments, out);
}

static int32_t count_conjuncts(const struct sb_bound_node *node)
{
    if (node->kind == SB_BOUND_CALL && node->guard_rule == SB_GUARD_NOT_FALSE) {
        return count_conjuncts(node->arguments[0]) + count_conjuncts(node->arguments[1]);
    }
    return 1;
}

/* False when memory was refused. */
static bool compile_conjuncts(const struct sb_bound_node *node, struct sb_arena *arena,
                              struct sb_bound_expr *out)
{
    const struct sb_program *program;

    if (node->kind == SB_BOUND_CALL && node->guard_rule == SB_GUARD_NOT_FALSE) {
        return compile_conjuncts(node->arguments[0], arena, out) &&
               compile_conjuncts(node->arguments[1], arena, out);
    }
    program = sb_program_compile(node, arena);
    out->conjuncts[out->conjunct_count++] = program;
    return program != NULL;
}

/* A column alone keeps its type, encoded or not; behind a cast it is what expressions see. */
static enum sb_status share_column(struct sb_binder *binder, const struct sb_expr *expr,
                                   const struct sb_bound_node **root, struct sb_bound_expr *bound)
{
    const struct sb_type *type = &binder->schema->fields[(*root)->column].type;
    struct sb_bound_node *node = sb_arena_copy(binder->arena, *root, sizeof *node);

    if (node == NULL) {
        return sb_bind_no_memory(binder);
    }
    bound->is_column = expr->kind == SB_EXPR_COLUMN || sb_type_equal(type, &node->type);
    *root = node;
    return bound->is_column ? type_copy(binder, type, &node->type) : SB_OK;
}

static enum sb_status bind_tree(struct sb_binder *binder, const struct sb_expr *expr,
                                struct sb_bound_expr **out)
{
    const struct sb_bound_node *root;
    struct sb_bound_expr *bound;

    SB_TRY_RETURN(bind_node(binder, expr, &root));
    if (root->type.id == 0) {
        return sb_error_set(binder->err, SB_INVALID,
                            "a null alone has no type; write {\"lit\": null, \"type\": \"int64\"}");
    }
    bound = sb_arena_alloc_zeroed(binder->arena, sizeof *bound);
    if (bound == NULL) {
        return sb_bind_no_memory(binder);
    }
    if (root->kind == SB_BOUND_COLUMN) {
        SB_TRY_RETURN(share_column(binder, expr, &root, bound));
    } else {
        root = sb_bound_share_equal(root, binder->arena);
        if (root == NULL) {
            return sb_bind_no_memory(binder);
        }
    }
    bound->root = root;
    *out = bound;
    return SB_OK;
}

enum sb_status sb_expr_resolve(const struct sb_expr *expr, const struct sb_schema *schema,
                               struct sb_arena *arena, const struct sb_bound_expr **out,
                               struct sb_error *err)
{
    struct sb_binder binder = {.schema = schema, .arena = arena, .err = err};
    struct sb_bound_expr *bound = NULL;
    enum sb_status status = bind_tree(&binder, expr, &bound);

    *out = bound;
    return status;
}

/* False when memory was refused. */
static bool compile(struct sb_bound_expr *bound, struct sb_arena *arena)
{
    const struct sb_bound_node *root = bound->root;

    bound->program = sb_program_compile(root, arena);
    if (bound->program == NULL || root->type.id != SB_TYPE_BOOL) {
        return bound->program != NULL;
    }
    bound->conjuncts =
        sb_arena_alloc(arena, (size_t)count_conjuncts(root) * sizeof bound->conjuncts[0]);
    return bound->conjuncts != NULL && compile_conjuncts(root, arena, bound);
}

enum sb_status sb_expr_bind(const struct sb_expr *expr, const struct sb_schema *schema,
                            struct sb_arena *arena, const struct sb_bound_expr **out,
                            struct sb_error *err)
{
    struct sb_binder binder = {.schema = schema, .arena = arena, .err = err};
    struct sb_bound_expr *bound = NULL;

    *out = NULL;
    SB_TRY_RETURN(bind_tree(&binder, expr, &bound));
    if (!compile(bound, arena)) {
        return sb_bind_no_memory(&binder);
    }
    *out = bound;
    return SB_OK;
}

const struct sb_type *sb_bound_expr_type(const struct sb_bound_expr *bound)
{
    return &bound->root->type;
}

bool sb_bound_expr_is_nullable(const struct sb_bound_expr *bound)
{
    return bound->root->is_nullable;
}

void sb_expr_visit_columns(const struct sb_expr *expr,
                           void (*visit)(void *context, const char *column), void *context)
{
    if (expr->kind == SB_EXPR_COLUMN) {
        visit(context, expr->column);
    }
    for (int32_t i = 0; i < expr->argument_count; i++) {
        sb_expr_visit_columns(expr->arguments[i], visit, context);
    }
}

void sb_expr_columns(const struct sb_expr *expr, const struct sb_schema *schema, bool *used)
{
    if (expr->kind == SB_EXPR_COLUMN) {
        const int32_t index = sb_schema_index(schema, expr->column);
        if (index >= 0) {
            used[index] = true;
        }
    }
    for (int32_t i = 0; i < expr->argument_count; i++) {
        sb_expr_columns(expr->arguments[i], schema, used);
    }
}
