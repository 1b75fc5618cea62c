// SPDX-License-Identifier: Apache-2.0
/*
 * join_chain.c - walks from the root of a chain to its relations and notes where columns come from.
 */
#include <string.h>

#include "expr/tree.h"
#include "optimize/join_chain.h"
#include "plan/node_class.h"
#include "plan/nodes/join_key.h"

/* A key column; columns that are equal to each other have one root. */
struct key {
    struct sb_chain_column column;
    int32_t equal; // an earlier one, or itself
};

struct walk {
    struct sb_join_chain *chain;
    bool *taken;
    struct sb_arena *arena;
    struct key *keys;
    int32_t key_count;
    struct sb_error *err;
};

static enum sb_status walk_alloc(struct walk *walk, int32_t count, size_t size, void *out)
{
    void *allocated = sb_arena_alloc_zeroed(walk->arena, (size_t)(count + 1) * size);

    memcpy(out, &allocated, sizeof allocated);
    return allocated == NULL ? sb_error_no_memory(walk->err, "a chain of joins", (int64_t)size)
                             : SB_OK;
}

// --- what belongs to a chain ---------------------------------------------------------------------

/*
 * An inner join of input that ends. A node's own `key_by` says something about where it runs, so
 * its keys are not changed.
 */
static bool join_is_plain(const struct sb_node *node)
{
    return node->type == SB_NODE_HASH_JOIN && node->spec.join.kind == SB_JOIN_INNER &&
           !node->spec.join.is_symmetric && node->endless_source == NULL && node->key_by == NULL &&
           !node->has_function;
}

/* Whether the join could change places with the root. */
static bool join_is_like(const struct sb_node *node, const struct sb_node *root)
{
    return join_is_plain(node) && node->output_count == 1 &&
           node->spec.join.nulls_equal == root->spec.join.nulls_equal &&
           node->parallelism == root->parallelism && node->max_parallelism == root->max_parallelism;
}

/* The column of `input` that a SELECT or a MAP gives on as its column `i`; -1 = it makes it. */
static int32_t step_column(const struct sb_node *node, const struct sb_schema *input, int32_t i)
{
    const struct sb_expr *expr;
    int32_t source;

    if (node->type == SB_NODE_SELECT) {
        return node->spec.select.columns[i];
    }
    source = node->spec.map.source_columns[i];
    if (source >= 0) {
        return source;
    }
    expr = node->spec.map.expressions[-1 - source];
    return expr->kind == SB_EXPR_COLUMN ? sb_schema_index(input, expr->column) : -1;
}

/* The same for several of them that are one operator. */
static int32_t select_column(const struct sb_node *node, int32_t i)
{
    const struct sb_schema *input = node->inputs[0]->schema;
    const struct sb_fused_spec *spec = &node->spec.fused;

    if (node->type != SB_NODE_FUSED) {
        return step_column(node, input, i);
    }
    for (int32_t s = spec->step_count - 1; s >= 0 && i >= 0; s--) {
        i = step_column(spec->steps[s], s == 0 ? input : spec->steps[s - 1]->schema, i);
    }
    return i;
}

static bool step_is_select(const struct sb_node *node, const struct sb_schema *input)
{
    bool is_select =
        node->type == SB_NODE_SELECT || (node->type == SB_NODE_MAP && !node->has_function);

    for (int32_t i = 0; is_select && i < node->schema->field_count; i++) {
        is_select = step_column(node, input, i) >= 0;
    }
    return is_select;
}

/*
 * Whether all a node does is to leave columns out, to order and to name them. Each of several steps
 * must: they are seen through fused as they were alone.
 */
static bool node_is_select(const struct sb_node *node)
{
    const struct sb_schema *input = node->input_count == 0 ? NULL : node->inputs[0]->schema;
    const struct sb_fused_spec *spec = &node->spec.fused;
    bool is_select = true;

    if (node->type != SB_NODE_FUSED) {
        return step_is_select(node, input);
    }
    for (int32_t s = 0; s < spec->step_count && is_select; s++) {
        is_select = step_is_select(spec->steps[s], input);
        input = spec->steps[s]->schema;
    }
    return is_select;
}

/* The join of the chain that `node` is or passes the columns of; NULL when it is a relation. */
static struct sb_node *join_behind(const struct walk *walk, struct sb_node *node)
{
    while (node->output_count == 1 && node_is_select(node)) {
        node = node->inputs[0];
    }
    return join_is_like(node, walk->chain->root) ? node : NULL;
}

// --- the walk ------------------------------------------------------------------------------------

/* The first of the keys that are equal to the one at `i`. */
static int32_t key_root(const struct walk *walk, int32_t i)
{
    while (walk->keys[i].equal != i) {
        i = walk->keys[i].equal;
    }
    return i;
}

static int32_t key_find(struct walk *walk, struct sb_chain_column column)
{
    int32_t i = 0;

    while (i < walk->key_count && (walk->keys[i].column.relation != column.relation ||
                                   walk->keys[i].column.column != column.column)) {
        i++;
    }
    if (i == walk->key_count) {
        walk->keys[walk->key_count++] = (struct key){.column = column, .equal = i};
    }
    return key_root(walk, i);
}

static void keys_unite(struct walk *walk, struct sb_chain_column a, struct sb_chain_column b)
{
    int32_t x = key_find(walk, a);
    int32_t y = key_find(walk, b);

    walk->keys[x > y ? x : y].equal = x > y ? y : x;
}

static enum sb_status join_walk(struct walk *walk, struct sb_node *join, int32_t *side,
                                struct sb_chain_column **columns);

static enum sb_status relation_add(struct walk *walk, struct sb_node *join, int32_t port,
                                   int32_t *side, struct sb_chain_column **columns)
{
    struct sb_join_chain *chain = walk->chain;
    struct sb_node *node = join->inputs[port];
    int32_t relation = chain->relation_count++;

    chain->relations[relation] = (struct sb_chain_relation){
        .node = node,
        .join = join,
        .port = port,
    };
    *side = relation;
    SB_TRY_RETURN(walk_alloc(walk, node->schema->field_count, sizeof **columns, columns));
    for (int32_t i = 0; i < node->schema->field_count; i++) {
        (*columns)[i] = (struct sb_chain_column){.relation = relation, .column = i};
    }
    return SB_OK;
}

/* What a SELECT, or such a MAP, behind a join of the chain passes on. */
static enum sb_status select_walk(struct walk *walk, struct sb_node *select,
                                  struct sb_chain_column **columns)
{
    struct sb_join_chain *chain = walk->chain;
    const struct sb_chain_column *input = *columns;

    chain->selects[chain->select_count++] = select;
    SB_TRY_RETURN(walk_alloc(walk, select->schema->field_count, sizeof **columns, columns));
    for (int32_t i = 0; i < select->schema->field_count; i++) {
        (*columns)[i] = input[select_column(select, i)];
    }
    return SB_OK;
}

static enum sb_status input_walk(struct walk *walk, struct sb_node *join, int32_t port,
                                 int32_t *side, struct sb_chain_column **columns)
{
    struct sb_node *below = join_behind(walk, join->inputs[port]);

    if (below == NULL) {
        return relation_add(walk, join, port, side, columns);
    }
    SB_TRY_RETURN(join_walk(walk, below, side, columns));
    for (struct sb_node *node = below->outputs[0]; node != join; node = node->outputs[0]) {
        SB_TRY_RETURN(select_walk(walk, node, columns));
    }
    return SB_OK;
}

/* Notes a join with all below it. Steps are numbered from 0 until all relations are known. */
static enum sb_status join_walk(struct walk *walk, struct sb_node *join, int32_t *side,
                                struct sb_chain_column **columns)
{
    const struct sb_join_spec *spec = &join->spec.join;
    struct sb_join_chain *chain = walk->chain;
    int32_t left_count = join->inputs[0]->schema->field_count;
    struct sb_chain_column *left;
    struct sb_chain_column *right;
    struct sb_join_step step = {0};

    walk->taken[join->index] = true;
    SB_TRY_RETURN(input_walk(walk, join, 0, &step.left, &left));
    SB_TRY_RETURN(input_walk(walk, join, 1, &step.right, &right));
    for (int32_t i = 0; i < spec->key_count; i++) {
        keys_unite(walk, left[spec->left_keys[i]], right[spec->right_keys[i]]);
    }
    SB_TRY_RETURN(walk_alloc(walk, join->schema->field_count, sizeof **columns, columns));
    memcpy(*columns, left, sizeof **columns * (size_t)left_count);
    for (int32_t i = 0; i < spec->right_output_count; i++) {
        (*columns)[left_count + i] = right[spec->right_outputs[i]];
    }
    *side = -1 - chain->written.step_count;
    chain->joins[chain->written.step_count] = join;
    chain->written.steps[chain->written.step_count++] = step;
    return SB_OK;
}

// --- sizes and classes ---------------------------------------------------------------------------

/* The last SELECT of those that follow the root, each of them all that the one before feeds. */
static struct sb_node *exit_find(struct sb_node *root, int32_t *selects)
{
    struct sb_node *node = root;

    while (node->output_count == 1 && node_is_select(node->outputs[0])) {
        node = node->outputs[0];
        *selects += 1;
    }
    return node;
}

/* Adds up joins, keys and SELECTs from `node` on, until there are too many joins. */
static void nodes_count(const struct walk *walk, struct sb_node *node, int32_t *joins,
                        int32_t *keys, int32_t *selects)
{
    while (node->type != SB_NODE_HASH_JOIN) {
        node = node->inputs[0];
        *selects += 1;
    }
    *joins += 1;
    *keys += 2 * node->spec.join.key_count;
    for (int32_t port = 0; port < 2 && *joins < SB_JOIN_RELATIONS_MAX; port++) {
        if (join_behind(walk, node->inputs[port]) != NULL) {
            nodes_count(walk, node->inputs[port], joins, keys, selects);
        }
    }
}

/* Numbers the classes; false when a relation would have two columns in one, which is a filter. */
static enum sb_status classes_make(struct walk *walk, bool *is_fine)
{
    struct sb_join_chain *chain = walk->chain;
    int32_t *numbers;

    SB_TRY_RETURN(walk_alloc(walk, walk->key_count, sizeof *numbers, &numbers));
    SB_TRY_RETURN(walk_alloc(walk, walk->key_count * chain->relation_count, sizeof *chain->members,
                             &chain->members));
    memset(chain->members, 0xff,
           sizeof *chain->members * (size_t)(walk->key_count * chain->relation_count));
    for (int32_t i = 0; i < walk->key_count; i++) {
        int32_t root = key_root(walk, i);
        int32_t *member;

        if (root == i) {
            numbers[i] = chain->class_count++;
        }
        member =
            &chain->members[numbers[root] * chain->relation_count + walk->keys[i].column.relation];
        *is_fine = *is_fine && *member < 0;
        *member = walk->keys[i].column.column;
    }
    return SB_OK;
}

static const struct sb_field *member_field(const struct sb_join_chain *chain, int32_t class,
                                           int32_t relation)
{
    int32_t column = sb_chain_member(chain, class, relation);

    return column < 0 ? NULL : &chain->relations[relation].node->schema->fields[column];
}

/* Whether any two columns of a class can be keys of each other. */
static bool classes_join(const struct sb_join_chain *chain)
{
    for (int32_t c = 0; c < chain->class_count; c++) {
        for (int32_t i = 0; i < chain->relation_count; i++) {
            const struct sb_field *a = member_field(chain, c, i);

            for (int32_t j = 0; a != NULL && j < i; j++) {
                const struct sb_field *b = member_field(chain, c, j);
                struct sb_type type;

                if (b != NULL && !sb_type_equal(&a->type, &b->type) &&
                    !sb_join_key_type(&a->type, &b->type, &type)) {
                    return false;
                }
            }
        }
    }
    return true;
}

int32_t sb_chain_class(const struct sb_join_chain *chain, struct sb_chain_column column)
{
    for (int32_t c = 0; c < chain->class_count; c++) {
        if (sb_chain_member(chain, c, column.relation) == column.column) {
            return c;
        }
    }
    return -1;
}

bool sb_chain_class_is_same(const struct sb_join_chain *chain, int32_t class)
{
    const struct sb_field *first = NULL;

    for (int32_t i = 0; i < chain->relation_count; i++) {
        const struct sb_field *field = member_field(chain, class, i);

        if (field == NULL) {
            continue;
        }
        if (first == NULL) {
            first = field;
        }
        if (!sb_type_equal_is_same(&field->type) || !sb_type_equal(&field->type, &first->type) ||
            field->is_nullable != first->is_nullable) {
            return false;
        }
    }
    return true;
}

// --- finding -------------------------------------------------------------------------------------

/* `walk->chain` has no root when it would be too long: the end of it is a chain, then. */
static enum sb_status chain_alloc(struct walk *walk, struct sb_node *root)
{
    int32_t joins = 0;
    int32_t keys = 0;
    int32_t selects = 0;
    struct sb_join_chain *chain;

    SB_TRY_RETURN(walk_alloc(walk, 1, sizeof *chain, &chain));
    chain->root = root;
    walk->chain = chain;
    chain->exit = exit_find(root, &selects);
    nodes_count(walk, root, &joins, &keys, &selects);
    if (joins >= SB_JOIN_RELATIONS_MAX) {
        chain->root = NULL;
        return SB_OK;
    }
    SB_TRY_RETURN(walk_alloc(walk, joins + 1, sizeof *chain->relations, &chain->relations));
    SB_TRY_RETURN(walk_alloc(walk, joins, sizeof *chain->joins, &chain->joins));
    SB_TRY_RETURN(walk_alloc(walk, selects, sizeof *chain->selects, &chain->selects));
    return walk_alloc(walk, keys, sizeof *walk->keys, &walk->keys);
}

enum sb_status sb_join_chain_find(struct sb_node *root, bool *taken, struct sb_arena *arena,
                                  struct sb_join_chain **out, struct sb_error *err)
{
    struct walk walk = {.taken = taken, .arena = arena, .err = err};
    struct sb_join_chain *chain;
    bool is_fine = true;
    int32_t side;

    *out = NULL;
    if (!join_is_plain(root) || taken[root->index]) {
        return SB_OK;
    }
    SB_TRY_RETURN(chain_alloc(&walk, root));
    chain = walk.chain;
    if (chain->root == NULL) {
        return SB_OK;
    }
    SB_TRY_RETURN(join_walk(&walk, root, &side, &chain->outputs));
    for (struct sb_node *node = root; node != chain->exit;) {
        node = node->outputs[0];
        SB_TRY_RETURN(select_walk(&walk, node, &chain->outputs));
    }
    for (int32_t i = 0; i < chain->written.step_count; i++) {
        struct sb_join_step *step = &chain->written.steps[i];

        step->left = step->left < 0 ? chain->relation_count - 1 - step->left : step->left;
        step->right = step->right < 0 ? chain->relation_count - 1 - step->right : step->right;
    }
    SB_TRY_RETURN(classes_make(&walk, &is_fine));
    if (is_fine && classes_join(chain)) {
        *out = chain;
    }
    return SB_OK;
}
