// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_find.c - the build rows of a chunk of left keys, in each form in which rows are stored.
 */
#include "exec/ops/hash_join_probe_internal.h"

/* ROWS by key: the first row of each key of the chunk, or NULL. */
static void chunk_find_direct(const struct sb_join_direct *direct, const uint64_t *words,
                              const uint8_t *nevers, int64_t count, uint64_t **restrict found)
{
    uint64_t *const *restrict rows = direct->rows;
    uint64_t slot_count = direct->slot_count;
    uint64_t low = direct->low;

    for (int64_t i = 0; i < count; i++) {
        uint64_t at = words[i] - low;
        found[i] = at < slot_count ? rows[at] : NULL;
    }
    for (int64_t i = 0; nevers != NULL && i < count; i++) {
        found[i] = nevers[i] ? NULL : found[i];
    }
}

/* ROWS by hash: the first row of each key of the chunk, or NULL. */
static void chunk_find_hashed(struct sb_hash_join *join, struct sb_join_probe *probe,
                              const uint8_t *nevers, int64_t count, uint64_t **found)
{
    struct sb_row_chunk *chunk = probe->chunk;

    sb_row_chunk_hash(chunk, join->key_count, count);
    for (int64_t i = 0; i < count; i++) {
        const struct sb_join_group *group =
            sb_op_group(&join->op, sb_key_group(chunk->hashes[i], join->op.group_count));
        bool has_key = nevers == NULL || !nevers[i];
        probe->tables[i] = has_key && group != NULL ? &group->table : NULL;
    }
    if (join->is_word) {
        sb_row_table_find_words(probe->tables, chunk->vectors[0].words, chunk->hashes, count,
                                found);
    } else {
        sb_row_table_find(probe->tables, chunk->vectors, chunk->hashes, count, found);
    }
}

/* The pair of slots each key would be in, on its way to the cache. */
static void pairs_find(const struct sb_hash_join *join, const uint64_t *restrict hashes,
                       int64_t count, uint64_t **restrict pairs)
{
    const struct sb_join_head *restrict heads = join->heads;
    uint64_t pair_words = 2 * (uint64_t)join->row_layout->row_words;
    int32_t group_count = join->op.group_count;

    for (int64_t i = 0; i < count; i++) {
        const struct sb_join_head *head = &heads[sb_key_group(hashes[i], group_count)];
        pairs[i] = head->rows + sb_word_slots_home(hashes[i], head->pair_count) * pair_words;
        __builtin_prefetch(pairs[i]);
    }
}

/* A row that is not in the key's pair: in those that follow, or nowhere. */
static uint64_t *pair_search(const struct sb_hash_join *join, uint64_t hash, const uint64_t *pair,
                             uint64_t key)
{
    const struct sb_join_group *group =
        sb_op_group(&join->op, sb_key_group(hash, join->op.group_count));

    return group == NULL ? NULL : sb_word_slots_find_further(&group->slots, pair, key);
}

/* SLOTS: the row of each key of the chunk, or NULL. */
static void chunk_find_slots(const struct sb_hash_join *join, struct sb_row_chunk *chunk,
                             const uint8_t *nevers, int64_t count, uint64_t **restrict found)
{
    const uint64_t *restrict words = chunk->vectors[0].words;
    int32_t row_words = join->row_layout->row_words;

    sb_row_chunk_hash(chunk, 1, count);
    pairs_find(join, chunk->hashes, count, found);
    for (int64_t i = 0; i < count; i++) {
        uint64_t *pair = found[i];
        uint64_t *row = sb_word_slots_guess(pair, row_words, words[i]);
        if (sb_unlikely(row[0] != words[i] || words[i] == SB_WORD_EMPTY)) {
            row = pair_search(join, chunk->hashes[i], pair, words[i]);
        }
        found[i] = row;
    }
    for (int64_t i = 0; nevers != NULL && i < count; i++) {
        found[i] = nevers[i] ? NULL : found[i];
    }
}

void sb_join_find_rows(struct sb_hash_join *join, struct sb_join_probe *probe,
                       const uint8_t *nevers, int64_t count, uint64_t **found)
{
    const uint64_t *words = probe->chunk->vectors[0].words;

    if (join->form == SB_JOIN_SLOTS) {
        chunk_find_slots(join, probe->chunk, nevers, count, found);
    } else if (join->direct.rows != NULL) {
        chunk_find_direct(&join->direct, words, nevers, count, found);
    } else {
        chunk_find_hashed(join, probe, nevers, count, found);
    }
}

int64_t sb_join_find_slots(const struct sb_hash_join *join, const struct sb_row_chunk *chunk,
                           const uint8_t *nevers, int64_t count, uint64_t *restrict slots)
{
    const uint64_t *restrict words = chunk->vectors[0].words;
    const uint8_t *present = join->direct.present;
    uint64_t low = join->direct.low;
    uint64_t slot_count = join->direct.slot_count;
    int64_t matched = 0;

    for (int64_t i = 0; i < count; i++) {
        uint64_t at = words[i] - low;
        bool is_inside = at < slot_count;

        slots[i] = is_inside ? at : slot_count;
        matched += is_inside;
    }
    if (nevers == NULL && join->direct.is_full) {
        return matched;
    }
    matched = 0;
    for (int64_t i = 0; nevers != NULL && i < count; i++) {
        slots[i] = nevers[i] ? slot_count : slots[i];
    }
    for (int64_t i = 0; !join->direct.is_full && i < count; i++) {
        bool has_row = slots[i] < slot_count && present[slots[i]];
        slots[i] = has_row ? slots[i] : slot_count;
    }
    for (int64_t i = 0; i < count; i++) {
        matched += slots[i] < slot_count;
    }
    return matched;
}
