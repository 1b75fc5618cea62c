// SPDX-License-Identifier: Apache-2.0
/*
 * join_rewrite_select.c - the SELECTs and MAPs of a chain in another order.
 *
 * A relation with a name that is taken gets a MAP that gives it another one; a SELECT or MAP behind
 * the root restores names and order. What nobody behind a join needs any more is left out there.
 */
#include <string.h>

#include "optimize/join_rewrite_internal.h"

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
static enum sb_status select_insert(struct sb_rewrite *rewrite, json_t *what, bool is_complete,
                                    struct sb_node *join, int32_t port)
{
    const char *type = json_is_array(what) ? "select" : "map";
    struct sb_node *node;

    if (!is_complete) {
        json_decref(what);
        return sb_rewrite_no_memory(rewrite);
    }
    SB_TRY_RETURN(sb_edit_insert(rewrite->edit, type, select_parameters(what), join->inputs[port],
                                 join, port, &node, rewrite->err));
    return sb_edit_add_part(rewrite->edit, node, rewrite->chain->root, SB_PART_ALONE, rewrite->err);
}

enum sb_status sb_rewrite_adapt_relation(struct sb_rewrite *rewrite, int32_t relation,
                                         struct sb_node *join, int32_t port)
{
    const struct sb_schema *schema = sb_rewrite_schema(rewrite, relation);
    const struct sb_rewrite_column *columns = rewrite->columns[relation];
    bool is_select = true;
    bool is_whole = true;
    bool is_complete = true;
    json_t *what;

    for (int32_t i = 0; i < schema->field_count; i++) {
        if (!sb_rewrite_column_is_needed(&columns[i])) {
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

        if (sb_rewrite_column_is_needed(&columns[i])) {
            is_complete = is_complete && select_add(what, columns[i].name, name) &&
                          (columns[i].copy == NULL || select_add(what, columns[i].copy, name));
        }
    }
    return select_insert(rewrite, what, is_complete, join, port);
}

/* Whether a column of the class is compared outside of the relations, or comes out at the root. */
static bool class_is_needed(const struct sb_rewrite *rewrite, int32_t class, uint64_t relations)
{
    for (int32_t r = 0; r < rewrite->chain->relation_count; r++) {
        if ((relations >> r & 1) == 0 && sb_chain_member(rewrite->chain, class, r) >= 0) {
            return true;
        }
    }
    return rewrite->is_served[class];
}

enum sb_status sb_rewrite_adapt_step(struct sb_rewrite *rewrite, const struct sb_rewrite_side *side,
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
        const struct sb_rewrite_column *columns = rewrite->columns[r];

        for (int32_t i = 0;
             (side->relations >> r & 1) != 0 && i < sb_rewrite_schema(rewrite, r)->field_count;
             i++) {
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

/* What the root calls the column that comes out as `i`. */
static const char *output_name(const struct sb_rewrite *rewrite, int32_t i)
{
    const struct sb_chain_column *output = &rewrite->chain->outputs[i];
    const struct sb_rewrite_column *column = &rewrite->columns[output->relation][output->column];
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
static void outputs_compare(const struct sb_rewrite *rewrite, bool *has_names, bool *is_same)
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
static bool outputs_are_right(const struct sb_rewrite *rewrite, const struct sb_schema *found)
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
static enum sb_status consumers_connect(struct sb_rewrite *rewrite, struct sb_node *exit,
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

enum sb_status sb_rewrite_restore_outputs(struct sb_rewrite *rewrite)
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
