// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_direct.c - which index the build side gets, and direct addressing.
 *
 * Groups note the least and greatest of their keys as rows come. When all rows are there, the first
 * group to be linked decides for all: direct slots, where the keys of all groups lie in a range of
 * at most SLOTS_PER_ROW slots a row, else an index over hashes in every group. The slots are shared
 * by all groups; a key belongs to one group, so groups fill them without a lock.
 */
#include "exec/ops/hash_join_internal.h"

enum {
    SLOTS_PER_ROW = 4,
    SLOTS_ALWAYS = 4096, // so few are worth it for any number of rows
};

/* Keys in an unsigned order. */
static inline uint64_t key_order(enum sb_row_kind kind, uint64_t word)
{
    return kind == SB_ROW_INT ? word ^ (UINT64_C(1) << 63) : word;
}

static bool join_has_direct_key(const struct sb_hash_join *join)
{
    enum sb_row_kind kind = join->layout.fields[0].kind;

    return join->key_count == 1 && (kind == SB_ROW_INT || kind == SB_ROW_UINT);
}

void sb_join_direct_observe(const struct sb_hash_join *join, struct sb_join_group *group,
                            const uint64_t *keys, int64_t stride, int64_t count)
{
    enum sb_row_kind kind = join->layout.fields[0].kind;

    if (!join_has_direct_key(join)) {
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        uint64_t key = key_order(kind, keys[i * stride]);
        group->low = key < group->low ? key : group->low;
        group->high = key > group->high ? key : group->high;
    }
}

static void values_free(struct sb_hash_join *join);

/* Room for the payload by slot, if it is narrow and there is memory. */
static void values_alloc(struct sb_hash_join *join)
{
    struct sb_join_direct *direct = &join->direct;
    bool has_room;

    if (join->payload_count > SB_JOIN_VALUES_MAX) {
        return;
    }
    for (int32_t p = 0; p < join->payload_count; p++) {
        if (sb_row_kind_words(join->layout.fields[join->key_count + p].kind) > 1) {
            return;
        }
    }
    direct->present = sb_memory_alloc_zeroed(join->op.memory, direct->slot_count);
    has_room = direct->present != NULL;
    for (int32_t p = 0; p < join->payload_count && has_room; p++) {
        direct->values[p] =
            sb_memory_alloc(join->op.memory, sizeof *direct->values[p] * direct->slot_count);
        has_room = direct->values[p] != NULL;
    }
    if (!has_room) {
        values_free(join);
    }
    direct->has_values = has_room;
}

/* Chooses direct slots when they are worth it. Under the lock. */
static void direct_decide(struct sb_hash_join *join)
{
    uint64_t low = UINT64_MAX;
    uint64_t high = 0;
    uint64_t row_count = 0;

    join->direct.is_decided = true;
    for (int32_t g = 0; g < join->op.group_count; g++) {
        const struct sb_join_group *group = sb_op_group(&join->op, g);
        if (group != NULL && group->low <= group->high) {
            low = group->low < low ? group->low : low;
            high = group->high > high ? group->high : high;
            row_count += (uint64_t)group->table.store.row_count;
        }
    }
    if (row_count == 0 || (high - low >= SLOTS_ALWAYS && high - low >= SLOTS_PER_ROW * row_count)) {
        return;
    }
    join->direct.slots =
        sb_memory_alloc_zeroed(join->op.memory, sizeof *join->direct.slots * (high - low + 1));
    if (join->direct.slots != NULL) { // else hashes do: they take memory piece by piece
        join->direct.low = key_order(join->layout.fields[0].kind, low); // its own inverse
        join->direct.slot_count = high - low + 1;
        values_alloc(join);
    }
}

/* Writes the payload of rows to their slots. */
static void values_store(struct sb_hash_join *join, struct sb_join_group *group,
                         uint64_t *const *rows, int64_t count)
{
    const struct sb_join_direct *direct = &join->direct;
    int32_t key_word = join->layout.fields[0].word;

    for (int64_t i = 0; i < count; i++) {
        direct->present[rows[i][key_word] - direct->low] = 1;
    }
    for (int32_t p = 0; p < join->payload_count; p++) {
        const struct sb_row_field *field = &join->layout.fields[join->key_count + p];
        for (int64_t i = 0; i < count; i++) {
            group->has_null_values = group->has_null_values || sb_row_is_null(field, rows[i]);
            direct->values[p][rows[i][key_word] - direct->low] = rows[i][field->word];
        }
    }
}

static void direct_link(struct sb_hash_join *join, struct sb_join_group *group)
{
    const struct sb_join_direct *direct = &join->direct;
    const struct sb_row_store *store = &group->table.store;
    int32_t key_word = join->layout.fields[0].word;
    int32_t link_word = join->layout.link_word;
    struct sb_row_cursor cursor = {0};
    uint64_t *rows[SB_ROW_CHUNK];
    int64_t count;

    while ((count = sb_row_cursor_next(&cursor, store, SB_ROW_CHUNK, rows)) > 0) {
        for (int64_t i = 0; i < count; i++) {
            uint64_t **slot = &direct->slots[rows[i][key_word] - direct->low];
            group->has_chains = group->has_chains || *slot != NULL;
            rows[i][link_word] = (uint64_t)(uintptr_t)*slot;
            *slot = rows[i];
        }
        if (direct->has_values) {
            values_store(join, group, rows, count);
        }
    }
}

enum sb_status sb_hash_join_link(struct sb_hash_join *join, struct sb_join_group *group,
                                 struct sb_error *err)
{
    if (group->is_linked) {
        return SB_OK;
    }
    if (join_has_direct_key(join)) {
        pthread_mutex_lock(&join->lock);
        if (!join->direct.is_decided) {
            direct_decide(join);
        }
        pthread_mutex_unlock(&join->lock);
    }
    if (join->direct.slot_count > 0) {
        direct_link(join, group);
    } else {
        SB_TRY_RETURN(sb_row_table_link(&group->table, &group->has_chains, err));
    }
    group->is_linked = true;
    return SB_OK;
}

void sb_join_direct_settle(struct sb_hash_join *join)
{
    struct sb_join_direct *direct = &join->direct;
    bool has_nulls = false;
    uint64_t row_count = 0;

    for (int32_t g = 0; g < join->op.group_count; g++) {
        const struct sb_join_group *group = sb_op_group(&join->op, g);
        if (group != NULL) {
            has_nulls = has_nulls || group->has_null_values;
            join->has_chains = join->has_chains || group->has_chains;
            row_count += (uint64_t)group->table.store.row_count;
        }
    }
    direct->is_by_value = direct->has_values && !has_nulls && !join->has_chains;
    direct->is_full = direct->is_by_value && row_count == direct->slot_count;
}

static void values_free(struct sb_hash_join *join)
{
    struct sb_join_direct *direct = &join->direct;

    sb_memory_free(join->op.memory, direct->present, direct->slot_count);
    for (int32_t p = 0; p < SB_JOIN_VALUES_MAX; p++) {
        sb_memory_free(join->op.memory, direct->values[p],
                       sizeof *direct->values[p] * direct->slot_count);
        direct->values[p] = NULL;
    }
    direct->present = NULL;
}

void sb_join_direct_deinit(struct sb_hash_join *join)
{
    sb_memory_free(join->op.memory, join->direct.slots,
                   sizeof *join->direct.slots * join->direct.slot_count);
    values_free(join);
}
