// SPDX-License-Identifier: Apache-2.0
#include "plan/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/node_class.h"
#include "plan/text.h"

enum { PART_ID, PART_TYPE, PART_NAME, PART_KEY_COUNT };

static const struct sb_parameter part_keys[] = {
    [PART_ID] = {.name = "operator_id", .kinds = SB_PARAMETER_TEXT, .is_required = true},
    [PART_TYPE] = {.name = "operator_type", .kinds = SB_PARAMETER_TEXT, .is_required = true},
    [PART_NAME] = {.name = "name", .kinds = SB_PARAMETER_TEXT},
    [PART_KEY_COUNT] = {.name = NULL},
};

enum sb_status sb_parts_read(const json_t *list, struct sb_graph *graph, struct sb_node *node,
                             struct sb_error *err)
{
    const size_t count = json_array_size(list); // 0 for NULL
    struct sb_part *parts;

    if (count == 0) {
        return SB_OK;
    }
    parts = sb_arena_alloc_zeroed(&graph->arena, count * sizeof *parts);
    if (parts == NULL) {
        return sb_node_no_memory(node, err, count * sizeof *parts);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *json = json_array_get(list, i);
        struct sb_argument keys[PART_KEY_COUNT];
        char where[2 * SB_SHORT_SIZE];

        snprintf(where, sizeof where, "%s: key 'parts': item %zu", node->label, i);
        if (!json_is_object(json)) {
            return sb_error_set(err, SB_INVALID,
                                "%s is not an object; allowed: {\"operator_id\": ..., "
                                "\"operator_type\": ..., \"name\": ...}",
                                where);
        }
        SB_TRY_RETURN(sb_arguments_read(part_keys, json, where, "key", keys, err));
        parts[i].id = sb_argument_text(&keys[PART_ID], NULL);
        parts[i].type_name = sb_argument_text(&keys[PART_TYPE], NULL);
        parts[i].name = sb_argument_text(&keys[PART_NAME], parts[i].id);
    }
    node->parts = parts;
    node->part_count = (int32_t)count;
    return SB_OK;
}

bool sb_parts_keep(struct sb_node *node, struct sb_arena *arena)
{
    const size_t size = (size_t)node->part_count * sizeof *node->parts;
    struct sb_part *parts = node->part_count == 0 ? NULL : sb_arena_copy(arena, node->parts, size);

    if (node->part_count == 0) {
        return true;
    }
    for (int32_t i = 0; parts != NULL && i < node->part_count; i++) {
        parts[i].name = sb_arena_copy_string(arena, parts[i].name); // ids are the JSON's
        if (parts[i].name == NULL) {
            return false;
        }
    }
    node->parts = parts;
    return parts != NULL;
}

/* By id, then as they stand in their array. */
static int compare_parts(const void *a, const void *b)
{
    const struct sb_part *one = *(const struct sb_part *const *)a;
    const struct sb_part *other = *(const struct sb_part *const *)b;
    const int order = strcmp(one->id, other->id);

    return order != 0 ? order : (one > other) - (one < other);
}

/* Leaves the first of those with one id; returns how many stay, or -1 when out of memory. */
static int32_t parts_thin(struct sb_part *parts, int32_t count, struct sb_arena *arena)
{
    struct sb_part **sorted = sb_arena_alloc(arena, (size_t)count * sizeof *sorted);
    int32_t kept = 0;

    if (sorted == NULL) {
        return -1;
    }
    for (int32_t i = 0; i < count; i++) {
        sorted[i] = &parts[i];
    }
    qsort(sorted, (size_t)count, sizeof *sorted, compare_parts);
    for (int32_t i = count - 1; i > 0; i--) {
        if (strcmp(sorted[i - 1]->id, sorted[i]->id) == 0) {
            sorted[i]->id = NULL;
        }
    }
    for (int32_t i = 0; i < count; i++) {
        if (parts[i].id != NULL) {
            parts[kept++] = parts[i];
        }
    }
    return kept;
}

bool sb_parts_unite(struct sb_node *node, struct sb_node *const *nodes, int32_t count,
                    struct sb_arena *arena)
{
    struct sb_part *parts;
    int32_t room = 0;
    int32_t filled = 0;
    bool may_repeat = false;

    for (int32_t i = 0; i < count; i++) {
        room += nodes[i]->part_count == 0 ? 1 : nodes[i]->part_count;
        may_repeat = may_repeat || nodes[i]->part_count > 0;
    }
    parts = sb_arena_alloc(arena, (size_t)room * sizeof *parts);
    if (parts == NULL) {
        return false;
    }
    for (int32_t i = 0; i < count; i++) {
        const struct sb_node *of = nodes[i];

        if (of->part_count == 0) {
            parts[filled++] = (struct sb_part){of->id, of->type_name, of->name};
        }
        for (int32_t p = 0; p < of->part_count; p++) {
            parts[filled++] = of->parts[p];
        }
    }
    filled = may_repeat ? parts_thin(parts, filled, arena) : filled;
    node->parts = parts;
    node->part_count = filled;
    return filled > 0;
}
