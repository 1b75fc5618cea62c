// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_direct.c - direct addressing: the key itself says where the row is.
 *
 * For one integer key whose values lie close together, as keys of dimension tables do. The arrays
 * are shared by all groups; a key belongs to one group, so groups fill them without a lock.
 */
#include "exec/ops/hash_join_internal.h"

enum {
    SLOTS_PER_ROW = 4,
    SLOTS_ALWAYS = 4096, // so few are worth it for any number of rows
    PREFETCH_ROWS = 16,  // ahead
};

bool sb_join_is_close(const struct sb_hash_join *join)
{
    const struct sb_join_facts *facts = &join->facts;
    enum sb_row_kind kind = join->layout.fields[0].kind;

    return join->is_word && kind != SB_ROW_FLOAT && facts->row_count > 0 &&
           (facts->high - facts->low < SLOTS_ALWAYS ||
            facts->high - facts->low < SLOTS_PER_ROW * (uint64_t)facts->row_count);
}

void sb_join_direct_init(struct sb_hash_join *join)
{
    enum sb_row_kind kind = join->layout.fields[0].kind;

    join->direct.low = join->facts.low ^ (kind == SB_ROW_INT ? UINT64_C(1) << 63 : 0);
    join->direct.slot_count = join->facts.high - join->facts.low + 1;
}

void sb_join_values_free(struct sb_hash_join *join)
{
    struct sb_join_direct *direct = &join->direct;

    if (direct->present != NULL) {
        sb_memory_free(join->op.memory, direct->present, direct->slot_count);
        direct->present = NULL;
    }
    for (int32_t p = 0; p < SB_JOIN_VALUES_MAX; p++) {
        if (direct->values[p] != NULL) {
            sb_memory_free(join->op.memory, direct->values[p],
                           sizeof *direct->values[p] * direct->slot_count);
            direct->values[p] = NULL;
        }
    }
}

bool sb_join_has_values(const struct sb_hash_join *join)
{
    return !join->keeps_right && join->stored_count <= SB_JOIN_VALUES_MAX &&
           !join->facts.has_null_payload && join->plain.row_words == join->plain.field_count;
}

static enum sb_status direct_no_memory(const struct sb_hash_join *join, struct sb_error *err)
{
    return sb_error_no_memory(err, "a build side by key",
                              (int64_t)(sizeof(uint64_t) * join->direct.slot_count));
}

enum sb_status sb_join_values_alloc(struct sb_hash_join *join, struct sb_error *err)
{
    struct sb_join_direct *direct = &join->direct;

    direct->present = sb_memory_alloc_zeroed(join->op.memory, direct->slot_count);
    if (direct->present == NULL) {
        return direct_no_memory(join, err);
    }
    for (int32_t p = 0; p < join->payload_count; p++) {
        direct->values[p] =
            sb_memory_alloc(join->op.memory, sizeof *direct->values[p] * direct->slot_count);
        if (direct->values[p] == NULL) {
            return direct_no_memory(join, err);
        }
    }
    return SB_OK;
}

enum sb_status sb_join_rows_alloc(struct sb_hash_join *join, struct sb_error *err)
{
    struct sb_join_direct *direct = &join->direct;

    direct->rows =
        sb_memory_alloc_zeroed(join->op.memory, sizeof *direct->rows * direct->slot_count);
    return direct->rows != NULL ? SB_OK : direct_no_memory(join, err);
}

void sb_join_direct_deinit(struct sb_hash_join *join)
{
    if (join->direct.rows != NULL) {
        sb_memory_free(join->op.memory, join->direct.rows,
                       sizeof *join->direct.rows * join->direct.slot_count);
        join->direct.rows = NULL;
    }
    sb_join_values_free(join);
}

bool sb_join_values_store(struct sb_hash_join *join, uint64_t *const *rows, int64_t count)
{
    uint8_t *present = join->direct.present;
    uint64_t low = join->direct.low;
    uint8_t is_taken = 0;

    for (int64_t i = 0; i < count; i++) {
        uint64_t slot = rows[i][0] - low;
        is_taken |= present[slot];
        present[slot] = 1;
        for (int32_t p = 0; p < join->payload_count; p++) {
            join->direct.values[p][slot] = rows[i][1 + p];
        }
        if (i + PREFETCH_ROWS < count) {
            uint64_t ahead = rows[i + PREFETCH_ROWS][0] - low;
            __builtin_prefetch(&present[ahead], 1);
            for (int32_t p = 0; p < join->payload_count; p++) {
                __builtin_prefetch(&join->direct.values[p][ahead], 1);
            }
        }
    }
    return is_taken == 0 || join->is_existence;
}

void sb_join_rows_link(struct sb_hash_join *join, struct sb_join_group *group)
{
    const struct sb_join_direct *direct = &join->direct;
    int32_t key_word = join->layout.fields[0].word;
    int32_t link_word = join->layout.link_word;
    struct sb_row_cursor cursor = {0};
    uint64_t *rows[SB_ROW_CHUNK];
    int64_t count;

    while ((count = sb_row_cursor_next(&cursor, &group->table.store, SB_ROW_CHUNK, rows)) > 0) {
        for (int64_t i = 0; i < count; i++) {
            uint64_t **first = &direct->rows[rows[i][key_word] - direct->low];
            group->has_chains = group->has_chains || *first != NULL;
            rows[i][link_word] = (uint64_t)(uintptr_t)*first;
            *first = rows[i];
        }
    }
}
