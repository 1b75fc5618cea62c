// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_link.c - how build rows get their index, in which form, and when it is ready.
 */
#include <string.h>

#include "exec/ops/hash_join_internal.h"

enum {
    SLOT_WORDS_MAX = 8, // wider rows are better off behind an index of their own
    SLOTS_ROOMY_BYTES = 64 * 1024 * 1024,
};

/* One row from a block in the form of the slots. */
static enum sb_status slot_row_make(const struct sb_row_layout *layout,
                                    const struct sb_row_layout *from, const uint64_t *row,
                                    const uint8_t *base, uint64_t *out, struct sb_row_heap *heap,
                                    struct sb_error *err)
{
    int32_t payload_word = 1 + layout->null_word_count;
    int32_t from_word = 1 + from->null_word_count;

    memset(out, 0, sizeof *out * (size_t)payload_word);
    memcpy(out, row, sizeof *out * (size_t)from_word); // key, nulls if it has them
    memcpy(out + payload_word, row + from_word,
           sizeof *out * (size_t)(layout->row_words - payload_word));
    return sb_join_texts_keep(layout, &out, 1, base, heap, err);
}

static enum sb_status slots_insert(struct sb_hash_join *join, struct sb_join_group *group,
                                   int32_t format, uint64_t *const *rows, int64_t count,
                                   const uint8_t *base, bool *is_unique, struct sb_error *err)
{
    const struct sb_row_layout *layout = sb_join_slots_layout(join);
    const struct sb_row_layout *from = sb_join_layout(join, format);
    const uint64_t *pairs[SB_WORD_SLOTS_CHUNK];
    uint64_t row[SLOT_WORDS_MAX];

    for (int64_t i = 0; i < count; i++) {
        uint64_t hash = sb_row_word_hash(layout->fields[0].kind, rows[i][0]);
        pairs[i] = sb_word_slots_pair(&group->slots, hash);
        __builtin_prefetch(pairs[i], 1);
    }
    for (int64_t i = 0; i < count && *is_unique; i++) {
        if (from == layout && !layout->has_text) {
            *is_unique = sb_word_slots_insert(&group->slots, pairs[i], rows[i]);
        } else {
            SB_TRY_RETURN(slot_row_make(layout, from, rows[i], base, row, &group->heap, err));
            *is_unique = sb_word_slots_insert(&group->slots, pairs[i], row);
        }
        *is_unique = *is_unique || join->is_existence; // one of them is enough
    }
    return SB_OK;
}

/*
 * With as many pairs as rows, one key in ten is not in its pair, and each of those costs as much as
 * several that are; with twice as many, one in thirty. Tables that no cache holds get less.
 */
static int64_t slots_capacity(const struct sb_hash_join *join, int64_t row_count)
{
    int64_t row_bytes = 8 * (int64_t)sb_join_slots_layout(join)->row_words;

    return 4 * row_bytes * join->facts.row_count <= SLOTS_ROOMY_BYTES ? 2 * row_count
                                                                      : row_count + row_count / 2;
}

static enum sb_status slots_link(struct sb_hash_join *join, struct sb_join_group *group,
                                 bool *is_unique, struct sb_error *err)
{
    struct sb_join_block_walk walk = {.block = group->blocks};
    uint64_t *rows[SB_WORD_SLOTS_CHUNK];
    const uint8_t *base;
    int64_t count;
    int32_t format;

    sb_word_slots_init(&group->slots, join->op.memory, sb_join_slots_layout(join)->row_words, NULL);
    SB_TRY_RETURN(
        sb_word_slots_resize(&group->slots, slots_capacity(join, group->block_row_count), err));
    while (*is_unique &&
           (count = sb_join_blocks_next(&walk, SB_WORD_SLOTS_CHUNK, rows, &format, &base)) > 0) {
        SB_TRY_RETURN(slots_insert(join, group, format, rows, count, base, is_unique, err));
    }
    if (*is_unique) {
        sb_join_blocks_free(join, group);
    } else {
        sb_word_slots_deinit(&group->slots);
        sb_row_heap_deinit(&group->heap);
    }
    return SB_OK;
}

static void values_link(struct sb_hash_join *join, struct sb_join_group *group, bool *is_unique)
{
    struct sb_join_block_walk walk = {.block = group->blocks};
    uint64_t *rows[SB_ROW_CHUNK];
    const uint8_t *base;
    int64_t count;
    int32_t format;

    while (*is_unique &&
           (count = sb_join_blocks_next(&walk, SB_ROW_CHUNK, rows, &format, &base)) > 0) {
        sb_debug_assert(format == SB_JOIN_FORMAT_PLAIN);
        *is_unique = sb_join_values_store(join, rows, count);
    }
}

/* ROWS: by key where keys lie close together, else by hash. */
static enum sb_status rows_link(struct sb_hash_join *join, struct sb_join_group *group,
                                struct sb_error *err)
{
    enum sb_status status = SB_OK;

    pthread_mutex_lock(&join->lock);
    if (sb_join_is_close(join) && join->direct.rows == NULL) {
        status = sb_join_rows_alloc(join, err);
    }
    pthread_mutex_unlock(&join->lock);
    SB_TRY_RETURN(status);
    SB_TRY_RETURN(sb_join_rows_gather(join, group, err));
    if (join->direct.rows != NULL) {
        sb_join_rows_link(join, group);
    } else {
        SB_TRY_RETURN(sb_row_table_link(&group->table, &group->has_chains, err));
    }
    group->is_linked = true;
    group->is_rows = true;
    return SB_OK;
}

/* When all rows have come. Under the lock. */
static enum sb_status form_decide(struct sb_hash_join *join, struct sb_error *err)
{
    enum sb_status status = SB_OK;

    if (join->is_decided) {
        return SB_OK;
    }
    join->is_decided = true;
    join->form = SB_JOIN_ROWS;
    if (sb_join_is_close(join)) {
        sb_join_direct_init(join);
        if (sb_join_has_values(join)) {
            join->form = SB_JOIN_VALUES;
            status = sb_join_values_alloc(join, err);
        }
    } else if (join->is_word && sb_join_slots_layout(join)->row_words <= SLOT_WORDS_MAX) {
        join->form = SB_JOIN_SLOTS;
    }
    if (status != SB_OK) { // another group may be at its end on another worker: it must fail, too
        sb_join_values_free(join);
        join->is_decided = false;
    }
    return status;
}

enum sb_status sb_join_link(struct sb_hash_join *join, struct sb_join_group *group,
                            struct sb_error *err)
{
    bool is_unique = true;
    enum sb_status status;

    if (group->is_linked) {
        return SB_OK;
    }
    pthread_mutex_lock(&join->lock);
    status = form_decide(join, err);
    pthread_mutex_unlock(&join->lock);
    SB_TRY_RETURN(status);
    if (join->form != SB_JOIN_ROWS && !atomic_load(&join->has_duplicates)) {
        if (join->form == SB_JOIN_SLOTS) {
            SB_TRY_RETURN(slots_link(join, group, &is_unique, err));
        } else {
            values_link(join, group, &is_unique);
        }
        if (is_unique) {
            group->is_linked = true;
            return SB_OK;
        }
        atomic_store(&join->has_duplicates, true);
    }
    return rows_link(join, group, err);
}

/* SLOTS: the heads that probes read. */
static enum sb_status heads_make(struct sb_hash_join *join, struct sb_error *err)
{
    size_t size = sizeof *join->heads * (size_t)join->op.group_count;

    sb_word_slots_init(&join->nobody, join->op.memory, join->row_layout->row_words, NULL);
    SB_TRY_RETURN(sb_word_slots_resize(&join->nobody, 1, err));
    join->heads = sb_memory_alloc(join->op.memory, size);
    if (join->heads == NULL) {
        return sb_error_no_memory(err, "heads of key groups", (int64_t)size);
    }
    for (int32_t g = 0; g < join->op.group_count; g++) {
        const struct sb_join_group *group = sb_op_group(&join->op, g);
        const struct sb_word_slots *slots = group == NULL ? &join->nobody : &group->slots;
        join->heads[g] = (struct sb_join_head){slots->rows, slots->pair_count};
    }
    return SB_OK;
}

static enum sb_status missing_row_make(struct sb_hash_join *join, struct sb_error *err)
{
    const struct sb_row_layout *layout = join->row_layout;
    size_t size = sizeof *join->missing_row * (size_t)layout->row_words;

    join->missing_row = sb_arena_alloc_zeroed(&join->arena, size);
    if (join->missing_row == NULL) {
        return sb_error_no_memory(err, "a row of nulls", (int64_t)size);
    }
    for (int32_t f = join->key_count; f < layout->field_count; f++) {
        if (layout->fields[f].null_word >= 0) {
            join->missing_row[layout->fields[f].null_word] |= layout->fields[f].null_bit;
        }
    }
    return SB_OK;
}

static enum sb_status get_ready(struct sb_hash_join *join, struct sb_error *err)
{
    for (int32_t g = 0; g < join->op.group_count; g++) {
        struct sb_join_group *group = sb_op_group(&join->op, g);
        if (group != NULL) {
            SB_TRY_RETURN(sb_join_link(join, group, err));
        }
    }
    if (atomic_load(&join->has_duplicates)) {
        join->form = SB_JOIN_ROWS;
        sb_join_values_free(join);
    }
    for (int32_t g = 0; g < join->op.group_count; g++) {
        struct sb_join_group *group = sb_op_group(&join->op, g);
        if (group != NULL && join->form == SB_JOIN_ROWS) {
            if (!group->is_rows) { // linked before another group met a duplicate
                SB_TRY_RETURN(rows_link(join, group, err));
            }
            join->has_chains = join->has_chains || (group->has_chains && !join->is_existence);
        }
    }
    join->direct.is_full =
        !join->is_existence && (uint64_t)join->facts.row_count == join->direct.slot_count;
    join->has_nulls = sb_join_may_be_null(join);
    join->row_layout = join->form == SB_JOIN_ROWS ? &join->layout : sb_join_slots_layout(join);
    SB_TRY_RETURN(missing_row_make(join, err));
    return join->form == SB_JOIN_SLOTS ? heads_make(join, err) : SB_OK;
}

enum sb_status sb_join_get_ready(struct sb_hash_join *join, struct sb_error *err)
{
    enum sb_status status = SB_OK;

    if (sb_likely(atomic_load_explicit(&join->is_ready, memory_order_acquire))) {
        return SB_OK;
    }
    pthread_mutex_lock(&join->ready_lock);
    if (!atomic_load_explicit(&join->is_ready, memory_order_relaxed)) {
        status = get_ready(join, err);
        atomic_store_explicit(&join->is_ready, status == SB_OK, memory_order_release);
    }
    pthread_mutex_unlock(&join->ready_lock);
    return status;
}
