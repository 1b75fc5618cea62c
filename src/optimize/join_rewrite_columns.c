// SPDX-License-Identifier: Apache-2.0
/*
 * join_rewrite_columns.c - which columns travel through the joins of a chain, and by which names.
 *
 * Of a class, one column travels: each join drops the right one of the two that it compares. Where
 * a class has columns of different types (or of floats, where equal is not the same), a relation
 * whose own value somebody wants behind the chain gets a copy of the column, which no join
 * compares.
 *
 * Names differ throughout the chain, but for columns of one class, so no join renames anything.
 */
#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "optimize/join_rewrite_internal.h"

/* A name that is taken. */
struct sb_rewrite_name {
    const char *name; // NULL = free
    int32_t class;
};

/* The relation whose column of `class` is leftmost in the side: no join drops it. */
static int32_t carrier_find(const struct sb_rewrite *rewrite, int32_t side, int32_t class)
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

static enum sb_status columns_make(struct sb_rewrite *rewrite)
{
    const struct sb_join_chain *chain = rewrite->chain;
    int32_t root = chain->relation_count + rewrite->tree->step_count - 1;

    SB_TRY_RETURN(sb_rewrite_alloc(rewrite, chain->relation_count, sizeof *rewrite->columns,
                                   &rewrite->columns));
    SB_TRY_RETURN(sb_rewrite_alloc(rewrite, chain->class_count, sizeof *rewrite->is_served,
                                   &rewrite->is_served));
    SB_TRY_RETURN(sb_rewrite_alloc(rewrite, chain->class_count, sizeof *rewrite->carriers,
                                   &rewrite->carriers));
    for (int32_t r = 0; r < chain->relation_count; r++) {
        int32_t count = sb_rewrite_schema(rewrite, r)->field_count;

        SB_TRY_RETURN(
            sb_rewrite_alloc(rewrite, count, sizeof **rewrite->columns, &rewrite->columns[r]));
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
static void outputs_mark(struct sb_rewrite *rewrite)
{
    const struct sb_join_chain *chain = rewrite->chain;

    for (int32_t i = 0; i < rewrite->schema->field_count; i++) {
        const struct sb_chain_column *output = &chain->outputs[i];
        struct sb_rewrite_column *column = &rewrite->columns[output->relation][output->column];
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

/* Takes the name for a column of `class`; false when a column that may meet it has it. */
static bool name_take(struct sb_rewrite *rewrite, const char *name, int32_t class)
{
    uint32_t i = (uint32_t)sb_hash_bytes(name, strlen(name));

    for (;; i++) {
        struct sb_rewrite_name *slot = &rewrite->names[i & rewrite->name_mask];

        if (slot->name == NULL) {
            *slot = (struct sb_rewrite_name){.name = name, .class = class};
            return true;
        }
        if (strcmp(slot->name, name) == 0) {
            return class >= 0 && slot->class == class;
        }
    }
}

/* A name like `wanted`: itself, what the column is called behind the chain, or with a number. */
static enum sb_status name_choose(struct sb_rewrite *rewrite, const char *wanted,
                                  const char *behind, int32_t class, const char **out)
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
            return sb_rewrite_no_memory(rewrite);
        }
        if (name_take(rewrite, *out, class)) {
            return SB_OK;
        }
    }
}

/* What a column of a relation is called behind the chain; NULL = it does not come out. */
static const char *name_behind(const struct sb_rewrite *rewrite, int32_t relation, int32_t column)
{
    for (int32_t i = 0; i < rewrite->schema->field_count; i++) {
        const struct sb_chain_column *output = &rewrite->chain->outputs[i];

        if (rewrite->chain->wanted[i] && output->relation == relation && output->column == column) {
            return rewrite->schema->fields[i].name;
        }
    }
    return NULL;
}

static enum sb_status column_name(struct sb_rewrite *rewrite, int32_t relation, int32_t i)
{
    const char *wanted = sb_rewrite_schema(rewrite, relation)->fields[i].name;
    struct sb_rewrite_column *column = &rewrite->columns[relation][i];
    const char *behind = NULL;

    if (!sb_rewrite_column_is_needed(column)) {
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

static enum sb_status columns_name(struct sb_rewrite *rewrite)
{
    int32_t count = 0;
    uint32_t slots = 16;

    for (int32_t r = 0; r < rewrite->chain->relation_count; r++) {
        count += sb_rewrite_schema(rewrite, r)->field_count;
    }
    while (slots < (uint32_t)count * 4) { // columns and copies, half empty
        slots *= 2;
    }
    SB_TRY_RETURN(sb_rewrite_alloc(rewrite, slots, sizeof *rewrite->names, &rewrite->names));
    rewrite->name_mask = slots - 1;
    for (int32_t r = 0; r < rewrite->chain->relation_count; r++) {
        for (int32_t i = 0; i < sb_rewrite_schema(rewrite, r)->field_count; i++) {
            SB_TRY_RETURN(column_name(rewrite, r, i));
        }
    }
    return SB_OK;
}

enum sb_status sb_rewrite_settle_columns(struct sb_rewrite *rewrite)
{
    SB_TRY_RETURN(columns_make(rewrite));
    outputs_mark(rewrite);
    return columns_name(rewrite);
}
