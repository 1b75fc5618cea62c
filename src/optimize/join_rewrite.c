// SPDX-License-Identifier: Apache-2.0
/*
 * join_rewrite.c - the joins of a chain, connected in another order.
 *
 * Three steps: join_rewrite_columns.c settles which columns travel and by which names; the joins
 * are connected anew here; join_rewrite_select.c puts a SELECT or MAP wherever columns must change.
 */
#include <string.h>

#include "optimize/join_rewrite_internal.h"

enum sb_status sb_rewrite_no_memory(const struct sb_rewrite *rewrite)
{
    return sb_error_no_memory(rewrite->err, "a chain of joins", SB_MEMORY_ALIGNMENT);
}

enum sb_status sb_rewrite_alloc(struct sb_rewrite *rewrite, int64_t count, size_t size, void *out)
{
    void *allocated = sb_arena_alloc_zeroed(rewrite->arena, (size_t)(count + 1) * size);

    memcpy(out, &allocated, sizeof allocated);
    return allocated == NULL ? sb_rewrite_no_memory(rewrite) : SB_OK;
}

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
static json_t *join_parameters(const struct sb_rewrite *rewrite, const struct sb_rewrite_side *left,
                               const struct sb_rewrite_side *right)
{
    json_t *left_names = json_array();
    json_t *right_names = json_array();
    bool is_failed = false;

    for (int32_t c = 0; c < rewrite->chain->class_count; c++) {
        int32_t a = left->carriers[c];
        int32_t b = right->carriers[c];

        if (a >= 0 && b >= 0) {
            const struct sb_rewrite_column *x =
                &rewrite->columns[a][sb_chain_member(rewrite->chain, c, a)];
            const struct sb_rewrite_column *y =
                &rewrite->columns[b][sb_chain_member(rewrite->chain, c, b)];

            is_failed = is_failed || json_array_append_new(left_names, json_string(x->name)) != 0 ||
                        json_array_append_new(right_names, json_string(y->name)) != 0;
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

static enum sb_status port_build(struct sb_rewrite *rewrite, int32_t side, struct sb_node *join,
                                 int32_t port)
{
    struct sb_rewrite_side *input = &rewrite->sides[side];

    SB_TRY_RETURN(sb_edit_connect(rewrite->edit, join, port, input->node, rewrite->err));
    return side < rewrite->chain->relation_count
               ? sb_rewrite_adapt_relation(rewrite, side, join, port)
               : sb_rewrite_adapt_step(rewrite, input, join, port);
}

static enum sb_status step_build(struct sb_rewrite *rewrite, int32_t step, struct sb_node *join)
{
    const struct sb_join_step *sides = &rewrite->tree->steps[step];
    const struct sb_rewrite_side *left = &rewrite->sides[sides->left];
    const struct sb_rewrite_side *right = &rewrite->sides[sides->right];
    struct sb_rewrite_side *joined = &rewrite->sides[rewrite->chain->relation_count + step];
    json_t *parameters = join_parameters(rewrite, left, right);

    if (parameters == NULL) {
        return sb_rewrite_no_memory(rewrite);
    }
    joined->node = join;
    joined->relations = left->relations | right->relations;
    for (int32_t c = 0; c < rewrite->chain->class_count; c++) {
        joined->carriers[c] = left->carriers[c] >= 0 ? left->carriers[c] : right->carriers[c];
    }
    return sb_edit_set_parameters(rewrite->edit, join, parameters, rewrite->err);
}

/* Gives each step the join of the same relations, else one that is left. */
static enum sb_status joins_assign(struct sb_rewrite *rewrite, struct sb_node ***out)
{
    const struct sb_join_chain *chain = rewrite->chain;
    int32_t count = rewrite->tree->step_count;
    struct sb_node **joins;
    bool *is_used;

    SB_TRY_RETURN(sb_rewrite_alloc(rewrite, count, sizeof(struct sb_node *), &joins));
    SB_TRY_RETURN(sb_rewrite_alloc(rewrite, count, sizeof *is_used, &is_used));
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

static enum sb_status sides_make(struct sb_rewrite *rewrite)
{
    const struct sb_join_chain *chain = rewrite->chain;
    int32_t side_count = chain->relation_count + rewrite->tree->step_count;
    int32_t *carriers;

    SB_TRY_RETURN(sb_rewrite_alloc(rewrite, side_count, sizeof *rewrite->sides, &rewrite->sides));
    SB_TRY_RETURN(sb_rewrite_alloc(rewrite, (int64_t)side_count * chain->class_count,
                                   sizeof *carriers, &carriers));
    for (int32_t i = 0; i < side_count; i++) {
        rewrite->sides[i].carriers = carriers + (int64_t)i * chain->class_count;
    }
    for (int32_t i = 0; i < chain->relation_count; i++) {
        struct sb_rewrite_side *side = &rewrite->sides[i];

        side->node = chain->relations[i].node;
        side->relations = UINT64_C(1) << i;
        for (int32_t c = 0; c < chain->class_count; c++) {
            side->carriers[c] = sb_chain_member(chain, c, i) >= 0 ? i : -1;
        }
    }
    return SB_OK;
}

/* Edges first, since a join that is not built yet has no columns to look at. */
static enum sb_status joins_build(struct sb_rewrite *rewrite)
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

/* The SELECTs of the chain feed nobody any more; the root does what they did. */
static enum sb_status selects_drop(struct sb_rewrite *rewrite)
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
    struct sb_rewrite rewrite = {
        .edit = edit,
        .chain = chain,
        .tree = tree,
        .arena = arena,
        .schema = sb_schema_retain(chain->exit->schema),
        .err = err,
    };
    enum sb_status status;

    SB_TRY_OUT(sb_rewrite_settle_columns(&rewrite));
    SB_TRY_OUT(joins_build(&rewrite));
    SB_TRY_OUT(sb_rewrite_restore_outputs(&rewrite));
    SB_TRY_OUT(selects_drop(&rewrite));

out:
    sb_schema_release(rewrite.schema);
    return status;
}
