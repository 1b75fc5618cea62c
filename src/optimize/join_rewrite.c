// SPDX-License-Identifier: Apache-2.0
/*
 * join_rewrite.c - the joins of a chain, connected in another order.
 *
 * Of a class, one column travels: each join drops the right one of the two that it compares. Where
 * a class has columns of different types (or of floats, where equal is not the same), a relation
 * whose own value somebody wants behind the chain gets a copy of the column, which no join
 * compares.
 *
 * Names differ throughout the chain, but for columns of one class, so no join renames anything. A
 * relation with a name that is taken gets a MAP that gives it another one; a SELECT or MAP behind
 * the root restores names and order. What nobody behind a join needs any more is left out there.
 */
#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "optimize/join_rewrite.h"

/* A column that is needed somewhere in the chain. */
struct column {
    const char *name; // in the chain
    int32_t class;    // -1 = none
    bool is_wanted;   // behind the chain, as this relation's own value
    const char
        *copy; // what the relation's own value is called, where the class has others; or NULL
};

/* A name that is taken. */
struct name {
    const char *name; // NULL = free
    int32_t class;
};

/* A relation or a step, as far as it is built. */
struct side {
    struct sb_node *node;
    uint64_t relations;
    int32_t *carriers; // by class: the relation whose column travels; -1 = none
};

struct rewrite {
    struct sb_graph_edit *edit;
    struct sb_join_chain *chain;
    const struct sb_join_tree *tree;
    struct sb_arena *arena;
    struct column *
        *columns;       // [relation][column of its schema]; class -1 and not wanted: not needed
    bool *is_served;    // by class: a column behind the chain is what travels
    int32_t *carriers;  // by class: the relation whose column comes out at the root
    struct name *names; // a hash table
    uint32_t name_mask;
    struct side *sides;       // relations, then steps
    struct sb_schema *schema; // of the exit, as it shall stay
    struct sb_error *err;
};

static enum sb_status rewrite_no_memory(const struct rewrite *rewrite)
{
    return sb_error_no_memory(rewrite->err, "a chain of joins", SB_MEMORY_ALIGNMENT);
}

static enum sb_status rewrite_alloc(struct rewrite *rewrite, int64_t count, size_t size, void *out)
{
    void *allocated = sb_arena_alloc_zeroed(rewrite->arena, (size_t)(count + 1) * size);

    memcpy(out, &allocated, sizeof allocated);
    return allocated == NULL ? rewrite_no_memory(rewrite) : SB_OK;
}

static const struct sb_schema *relation_schema(const struct rewrite *rewrite, int32_t relation)
{
    return rewrite->chain->relations[relation].node->schema;
}

static bool column_is_needed(const struct column *column)
{
    return column->class >= 0 || column->is_wanted;
}

// --- which column is what ------------------------------------------------------------------------

/* The relation whose column of `class` is leftmost in the side: no join drops it. */
static int32_t carrier_find(const struct rewrite *rewrite, int32_t side, int32_t class)
{
    int32_t count = rewrite->chain->relation_count;
    const struct sb_join_step *step;
    int32_t left;

    if (side < count) {
        return sb_chain_member(rewrite->chain, class, side) < 0 ? -1 : side;
    }
    step = &rewrite->tree->steps[side - count];
    left = carrier_find(rewrite, step->left, class);
    return left >= 0 ? left : carrier_find(rewrite, step->right, class);
}

static enum sb_status columns_make(struct rewrite *rewrite)
{
    const struct sb_join_chain *chain = rewrite->chain;
    int32_t root = chain->relation_count + rewrite->tree->step_count - 1;

    SB_TRY_RETURN(
        rewrite_alloc(rewrite, chain->relation_count, sizeof *rewrite->columns, &rewrite->columns));
    SB_TRY_RETURN(rewrite_alloc(rewrite, chain->class_count, sizeof *rewrite->is_served,
                                &rewrite->is_served));
    SB_TRY_RETURN(
        rewrite_alloc(rewrite, chain->class_count, sizeof *rewrite->carriers, &rewrite->carriers));
    for (int32_t r = 0; r < chain->relation_count; r++) {
        int32_t count = relation_schema(rewrite, r)->field_count;

        SB_TRY_RETURN(
            rewrite_alloc(rewrite, count, sizeof **rewrite->columns, &rewrite->columns[r]));
        for (int32_t i = 0; i < count; i++) {
            rewrite->columns[r][i].class = -1;
        }
        for (int32_t c = 0; c < chain->class_count; c++) {
            int32_t member = sb_chain_member(chain, c, r);

            if (member >= 0) {
                rewrite->columns[r][member].class = c;
            }
        }
    }
    for (int32_t c = 0; c < chain->class_count; c++) {
        rewrite->carriers[c] = carrier_find(rewrite, root, c);
    }
    return SB_OK;
}

/* Which columns come out, and which of those only as copies. */
static void outputs_mark(struct rewrite *rewrite)
{
    const struct sb_join_chain *chain = rewrite->chain;

    for (int32_t i = 0; i < rewrite->schema->field_count; i++) {
        const struct sb_chain_column *output = &chain->outputs[i];
        struct column *column = &rewrite->columns[output->relation][output->column];
        int32_t class = column->class;

        if (!chain->wanted[i]) {
            continue;
        }
        column->is_wanted = true;
        if (class < 0) {
            continue;
        }
        if (rewrite->carriers[class] == output->relation || sb_chain_class_is_same(chain, class)) {
            rewrite->is_served[class] = true;
        } else {
            column->copy = ""; // until it has a name
        }
    }
}

// --- names ---------------------------------------------------------------------------------------

/* Takes the name for a column of `class`; false when a column that may meet it has it. */
static bool name_take(struct rewrite *rewrite, const char *name, int32_t class)
{
    uint32_t i = (uint32_t)sb_hash_bytes(name, strlen(name));

    for (;; i++) {
        struct name *slot = &rewrite->names[i & rewrite->name_mask];

        if (slot->name == NULL) {
            *slot = (struct name){.name = name, .class = class};
            return true;
        }
        if (strcmp(slot->name, name) == 0) {
            return class >= 0 && slot->class == class;
        }
    }
}

/* A name like `wanted`: itself, what the column is called behind the chain, or with a number. */
static enum sb_status name_choose(struct rewrite *rewrite, const char *wanted, const char *behind,
                                  int32_t class, const char **out)
{
    *out = wanted;
    if (name_take(rewrite, wanted, class)) {
        return SB_OK;
    }
    *out = behind;
    if (behind != NULL && name_take(rewrite, behind, class)) {
        return SB_OK;
    }
    for (int32_t i = 2;; i++) {
        *out = sb_arena_format(rewrite->arena, "%s_%" PRId32, wanted, i);
        if (*out == NULL) {
            return rewrite_no_memory(rewrite);
        }
        if (name_take(rewrite, *out, class)) {
            return SB_OK;
        }
    }
}

/* What a column of a relation is called behind the chain; NULL = it does not come out. */
static const char *name_behind(const struct rewrite *rewrite, int32_t relation, int32_t column)
{
    for (int32_t i = 0; i < rewrite->schema->field_count; i++) {
        const struct sb_chain_column *output = &rewrite->chain->outputs[i];

        if (rewrite->chain->wanted[i] && output->relation == relation && output->column == column) {
            return rewrite->schema->fields[i].name;
        }
    }
    return NULL;
}

static enum sb_status column_name(struct rewrite *rewrite, int32_t relation, int32_t i)
{
    const char *wanted = relation_schema(rewrite, relation)->fields[i].name;
    struct column *column = &rewrite->columns[relation][i];
    const char *behind = NULL;

    if (!column_is_needed(column)) {
        return SB_OK;
    }
    if (name_take(rewrite, wanted, column->class)) {
        column->name = wanted;
    } else {
        behind = name_behind(rewrite, relation, i);
        SB_TRY_RETURN(name_choose(rewrite, wanted, behind, column->class, &column->name));
    }
    if (column->copy != NULL) {
        SB_TRY_RETURN(
            name_choose(rewrite, name_behind(rewrite, relation, i), NULL, -1, &column->copy));
    }
    return SB_OK;
}

static enum sb_status columns_name(struct rewrite *rewrite)
{
    int32_t count = 0;
    uint32_t slots = 16;

    for (int32_t r = 0; r < rewrite->chain->relation_count; r++) {
        count += relation_schema(rewrite, r)->field_count;
    }
    while (slots < (uint32_t)count * 4) { // columns and copies, half empty
        slots *= 2;
    }
    SB_TRY_RETURN(rewrite_alloc(rewrite, slots, sizeof *rewrite->names, &rewrite->names));
    rewrite->name_mask = slots - 1;
    for (int32_t r = 0; r < rewrite->chain->relation_count; r++) {
        for (int32_t i = 0; i < relation_schema(rewrite, r)->field_count; i++) {
            SB_TRY_RETURN(column_name(rewrite, r, i));
        }
    }
    return SB_OK;
}

// --- SELECT and MAP ------------------------------------------------------------------------------

/* {"columns": list}, or {"expressions": object, "keep": false}; takes `what`. */
static json_t *select_parameters(json_t *what)
{
    return json_is_array(what) ? json_pack("{s:o}", "columns", what)
                               : json_pack("{s:o,s:b}", "expressions", what, "keep", 0);
}

/* Adds a column to the list of a SELECT, or to the object of a MAP as `name`. */
static bool select_add(json_t *what, const char *name, const char *column)
{
    return (json_is_array(what)
                ? json_array_append_new(what, json_string(column))
                : json_object_set_new(what, name, json_pack("{s:s}", "col", column))) == 0;
}

/* Puts the SELECT or MAP between `join` and what feeds its `port`; takes `what`. */
static enum sb_status select_insert(struct rewrite *rewrite, json_t *what, bool is_complete,
                                    struct sb_node *join, int32_t port)
{
    const char *type = json_is_array(what) ? "select" : "map";
    struct sb_node *node;

    if (!is_complete) {
        json_decref(what);
        return rewrite_no_memory(rewrite);
    }
    SB_TRY_RETURN(sb_edit_insert(rewrite->edit, type, select_parameters(what), join->inputs[port],
                                 join, port, &node, rewrite->err));
    return sb_edit_add_part(rewrite->edit, node, rewrite->chain->root, SB_PART_ALONE, rewrite->err);
}

/* Between a relation and its join: what is needed, by the names it has in the chain. */
static enum sb_status relation_adapt(struct rewrite *rewrite, int32_t relation,
                                     struct sb_node *join, int32_t port)
{
    const struct sb_schema *schema = relation_schema(rewrite, relation);
    const struct column *columns = rewrite->columns[relation];
    bool is_select = true;
    bool is_whole = true;
    bool is_complete = true;
    json_t *what;

    for (int32_t i = 0; i < schema->field_count; i++) {
        if (!column_is_needed(&columns[i])) {
            is_whole = false;
        } else if (columns[i].copy != NULL || columns[i].name != schema->fields[i].name) {
            is_select = false;
        }
    }
    if (is_select && is_whole) {
        return SB_OK;
    }
    what = is_select ? json_array() : json_object();
    for (int32_t i = 0; i < schema->field_count; i++) {
        const char *name = schema->fields[i].name;

        if (column_is_needed(&columns[i])) {
            is_complete = is_complete && select_add(what, columns[i].name, name) &&
                          (columns[i].copy == NULL || select_add(what, columns[i].copy, name));
        }
    }
    return select_insert(rewrite, what, is_complete, join, port);
}

/* Whether a column of the class is compared outside of the relations, or comes out at the root. */
static bool class_is_needed(const struct rewrite *rewrite, int32_t class, uint64_t relations)
{
    for (int32_t r = 0; r < rewrite->chain->relation_count; r++) {
        if ((relations >> r & 1) == 0 && sb_chain_member(rewrite->chain, class, r) >= 0) {
            return true;
        }
    }
    return rewrite->is_served[class];
}

/* Between two joins: without the keys that are not needed any more. */
static enum sb_status step_adapt(struct rewrite *rewrite, const struct side *side,
                                 struct sb_node *join, int32_t port)
{
    bool is_whole = true;
    bool is_complete = true;
    json_t *what;

    for (int32_t c = 0; c < rewrite->chain->class_count; c++) {
        is_whole =
            is_whole && (side->carriers[c] < 0 || class_is_needed(rewrite, c, side->relations));
    }
    if (is_whole) {
        return SB_OK;
    }
    what = json_array();
    for (int32_t r = 0; r < rewrite->chain->relation_count; r++) {
        const struct column *columns = rewrite->columns[r];

        for (int32_t i = 0;
             (side->relations >> r & 1) != 0 && i < relation_schema(rewrite, r)->field_count; i++) {
            int32_t class = columns[i].class;
            bool is_carried = class >= 0 ? side->carriers[class] == r &&
                                               class_is_needed(rewrite, class, side->relations)
                                         : columns[i].is_wanted;

            is_complete = is_complete && (!is_carried || select_add(what, NULL, columns[i].name)) &&
                          (columns[i].copy == NULL || select_add(what, NULL, columns[i].copy));
        }
    }
    return select_insert(rewrite, what, is_complete, join, port);
}

// --- joins ---------------------------------------------------------------------------------------

/* The one name, or a list of them; takes `list`. */
static json_t *key_names(json_t *list)
{
    json_t *only = json_array_size(list) == 1 ? json_incref(json_array_get(list, 0)) : NULL;

    if (only != NULL) {
        json_decref(list);
        return only;
    }
    return list;
}

/* Compares one column of each class that both sides have. NULL when out of memory. */
static json_t *join_parameters(const struct rewrite *rewrite, const struct side *left,
                               const struct side *right)
{
    json_t *left_names = json_array();
    json_t *right_names = json_array();
    bool is_failed = false;

    for (int32_t c = 0; c < rewrite->chain->class_count; c++) {
        int32_t a = left->carriers[c];
        int32_t b = right->carriers[c];

        if (a >= 0 && b >= 0) {
            const struct column *x = &rewrite->columns[a][sb_chain_member(rewrite->chain, c, a)];
            const struct column *y = &rewrite->columns[b][sb_chain_member(rewrite->chain, c, b)];

            is_failed = is_failed || !select_add(left_names, NULL, x->name) ||
                        !select_add(right_names, NULL, y->name);
        }
    }
    if (is_failed || left_names == NULL || right_names == NULL) {
        json_decref(left_names);
        json_decref(right_names);
        return NULL;
    }
    left_names = key_names(left_names);
    right_names = key_names(right_names);
    return rewrite->chain->root->spec.join.nulls_equal
               ? json_pack("{s:o,s:o,s:b}", "left_key", left_names, "right_key", right_names,
                           "nulls_equal", 1)
               : json_pack("{s:o,s:o}", "left_key", left_names, "right_key", right_names);
}

static enum sb_status port_build(struct rewrite *rewrite, int32_t side, struct sb_node *join,
                                 int32_t port)
{
    struct side *input = &rewrite->sides[side];

    SB_TRY_RETURN(sb_edit_connect(rewrite->edit, join, port, input->node, rewrite->err));
    return side < rewrite->chain->relation_count ? relation_adapt(rewrite, side, join, port)
                                                 : step_adapt(rewrite, input, join, port);
}

static enum sb_status step_build(struct rewrite *rewrite, int32_t step, struct sb_node *join)
{
    const struct sb_join_step *sides = &rewrite->tree->steps[step];
    const struct side *left = &rewrite->sides[sides->left];
    const struct side *right = &rewrite->sides[sides->right];
    struct side *joined = &rewrite->sides[rewrite->chain->relation_count + step];
    json_t *parameters = join_parameters(rewrite, left, right);

    if (parameters == NULL) {
        return rewrite_no_memory(rewrite);
    }
    joined->node = join;
    joined->relations = left->relations | right->relations;
    for (int32_t c = 0; c < rewrite->chain->class_count; c++) {
        joined->carriers[c] = left->carriers[c] >= 0 ? left->carriers[c] : right->carriers[c];
    }
    return sb_edit_set_parameters(rewrite->edit, join, parameters, rewrite->err);
}

/* Gives each step the join of the same relations, else one that is left. */
static enum sb_status joins_assign(struct rewrite *rewrite, struct sb_node ***out)
{
    const struct sb_join_chain *chain = rewrite->chain;
    int32_t count = rewrite->tree->step_count;
    struct sb_node **joins;
    bool *is_used;

    SB_TRY_RETURN(rewrite_alloc(rewrite, count, sizeof(struct sb_node *), &joins));
    SB_TRY_RETURN(rewrite_alloc(rewrite, count, sizeof *is_used, &is_used));
    for (int32_t i = 0; i < count; i++) {
        for (int32_t j = 0; j < count; j++) {
            if (chain->written.steps[j].relations == rewrite->tree->steps[i].relations) {
                joins[i] = chain->joins[j];
                is_used[j] = true;
            }
        }
    }
    for (int32_t i = 0, j = 0; i < count; i++) {
        while (joins[i] == NULL && is_used[j]) {
            j++;
        }
        if (joins[i] == NULL) {
            joins[i] = chain->joins[j];
            is_used[j] = true;
        }
    }
    *out = joins;
    return SB_OK;
}

static enum sb_status sides_make(struct rewrite *rewrite)
{
    const struct sb_join_chain *chain = rewrite->chain;
    int32_t side_count = chain->relation_count + rewrite->tree->step_count;
    int32_t *carriers;

    SB_TRY_RETURN(rewrite_alloc(rewrite, side_count, sizeof *rewrite->sides, &rewrite->sides));
    SB_TRY_RETURN(rewrite_alloc(rewrite, (int64_t)side_count * chain->class_count, sizeof *carriers,
                                &carriers));
    for (int32_t i = 0; i < side_count; i++) {
        rewrite->sides[i].carriers = carriers + (int64_t)i * chain->class_count;
    }
    for (int32_t i = 0; i < chain->relation_count; i++) {
        struct side *side = &rewrite->sides[i];

        side->node = chain->relations[i].node;
        side->relations = UINT64_C(1) << i;
        for (int32_t c = 0; c < chain->class_count; c++) {
            side->carriers[c] = sb_chain_member(chain, c, i) >= 0 ? i : -1;
        }
    }
    return SB_OK;
}

/* Edges first, since a join that is not built yet has no columns to look at. */
static enum sb_status joins_build(struct rewrite *rewrite)
{
    int32_t count = rewrite->tree->step_count;
    struct sb_node **joins;

    SB_TRY_RETURN(joins_assign(rewrite, &joins));
    SB_TRY_RETURN(sides_make(rewrite));
    for (int32_t i = 0; i < count; i++) {
        const struct sb_join_step *step = &rewrite->tree->steps[i];

        SB_TRY_RETURN(port_build(rewrite, step->left, joins[i], 0));
        SB_TRY_RETURN(port_build(rewrite, step->right, joins[i], 1));
        SB_TRY_RETURN(step_build(rewrite, i, joins[i]));
    }
    return SB_OK;
}

// --- behind the root -----------------------------------------------------------------------------

/* What the root calls the column that comes out as `i`. */
static const char *output_name(const struct rewrite *rewrite, int32_t i)
{
    const struct sb_chain_column *output = &rewrite->chain->outputs[i];
    const struct column *column = &rewrite->columns[output->relation][output->column];
    int32_t carrier = column->class < 0 ? -1 : rewrite->carriers[column->class];

    if (column->copy != NULL) {
        return column->copy;
    }
    return carrier < 0
               ? column->name
               : rewrite->columns[carrier][sb_chain_member(rewrite->chain, column->class, carrier)]
                     .name;
}

/* Whether all who read the chain ask for columns by name, and give none of them on. */
static bool order_is_unseen(const struct sb_node *exit)
{
    for (int32_t i = 0; i < exit->output_count; i++) {
        if (exit->outputs[i]->type != SB_NODE_AGGREGATE) {
            return false;
        }
    }
    return true;
}

/* Which columns the root gives: those that are wanted, by their names, and in their order? */
static void outputs_compare(const struct rewrite *rewrite, bool *has_names, bool *is_same)
{
    const struct sb_schema *schema = rewrite->schema;
    const struct sb_schema *found = rewrite->chain->root->schema;
    bool is_in_order = true;
    int32_t count = 0;

    *has_names = true;
    for (int32_t i = 0; i < schema->field_count && *has_names; i++) {
        if (rewrite->chain->wanted[i]) {
            const char *name = output_name(rewrite, i);

            *has_names = strcmp(name, schema->fields[i].name) == 0;
            is_in_order = is_in_order && count < found->field_count &&
                          strcmp(name, found->fields[count].name) == 0;
            count++;
        }
    }
    *is_same = *has_names && count == found->field_count &&
               (is_in_order || order_is_unseen(rewrite->chain->exit));
}

/* Whether the columns that are wanted have not changed. */
static bool outputs_are_right(const struct rewrite *rewrite, const struct sb_schema *found)
{
    for (int32_t i = 0; i < rewrite->schema->field_count; i++) {
        const struct sb_field *field = &rewrite->schema->fields[i];

        if (rewrite->chain->wanted[i]) {
            int32_t at = sb_schema_index(found, field->name);

            if (at < 0 || !sb_type_equal(&found->fields[at].type, &field->type) ||
                found->fields[at].is_nullable != field->is_nullable) {
                return false;
            }
        }
    }
    return true;
}

/* Lets `node` feed all that the exit feeds. */
static enum sb_status consumers_connect(struct rewrite *rewrite, struct sb_node *exit,
                                        struct sb_node *node)
{
    for (int32_t i = exit->output_count - 1; i >= 0; i--) {
        if (exit->outputs[i] != node) {
            SB_TRY_RETURN(sb_edit_connect(rewrite->edit, exit->outputs[i], exit->output_ports[i],
                                          node, rewrite->err));
        }
    }
    return SB_OK;
}

/* The columns as they were: a SELECT where names are the same, a MAP where not, or nothing. */
static enum sb_status outputs_restore(struct rewrite *rewrite)
{
    const struct sb_schema *schema = rewrite->schema;
    struct sb_node *root = rewrite->chain->root;
    struct sb_node *exit = rewrite->chain->exit;
    struct sb_node *consumer = exit->outputs[0];
    int32_t port = exit->output_ports[0];
    bool is_complete = true;
    bool has_names;
    bool is_same;
    json_t *what;

    outputs_compare(rewrite, &has_names, &is_same);
    if (exit != root) {
        SB_TRY_RETURN(consumers_connect(rewrite, exit, root));
    }
    if (is_same) {
        sb_assert(outputs_are_right(rewrite, root->schema));
        return SB_OK;
    }
    what = has_names ? json_array() : json_object();
    for (int32_t i = 0; i < schema->field_count; i++) {
        is_complete =
            is_complete && (!rewrite->chain->wanted[i] ||
                            select_add(what, schema->fields[i].name, output_name(rewrite, i)));
    }
    SB_TRY_RETURN(select_insert(rewrite, what, is_complete, consumer, port));
    sb_assert(outputs_are_right(rewrite, consumer->inputs[port]->schema));
    return consumers_connect(rewrite, root, consumer->inputs[port]);
}

/* The SELECTs of the chain feed nobody any more; the root does what they did. */
static enum sb_status selects_drop(struct rewrite *rewrite)
{
    struct sb_join_chain *chain = rewrite->chain;

    for (int32_t i = chain->select_count - 1; i >= 0; i--) {
        SB_TRY_RETURN(sb_edit_add_part(rewrite->edit, chain->root, chain->selects[i],
                                       SB_PART_BEFORE, rewrite->err));
        sb_edit_drop(rewrite->edit, chain->selects[i]);
    }
    return SB_OK;
}

enum sb_status sb_join_chain_rewrite(struct sb_graph_edit *edit, struct sb_join_chain *chain,
                                     const struct sb_join_tree *tree, struct sb_arena *arena,
                                     struct sb_error *err)
{
    struct rewrite rewrite = {
        .edit = edit,
        .chain = chain,
        .tree = tree,
        .arena = arena,
        .schema = sb_schema_retain(chain->exit->schema),
        .err = err,
    };
    enum sb_status status;

    SB_TRY_OUT(columns_make(&rewrite));
    outputs_mark(&rewrite);
    SB_TRY_OUT(columns_name(&rewrite));
    SB_TRY_OUT(joins_build(&rewrite));
    SB_TRY_OUT(outputs_restore(&rewrite));
    SB_TRY_OUT(selects_drop(&rewrite));

out:
    sb_schema_release(rewrite.schema);
    return status;
}
