// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_group.c - the group half: a key group's build rows, and how they get their index.
 */
#include "exec/ops/hash_join_internal.h"
#include "exec/row_snapshot.h"

enum {
    SLOT_WORDS_MAX = 8, // wider rows are better off behind an index of their own
    SLOTS_ROOMY_BYTES = 64 * 1024 * 1024,
};

enum sb_status sb_join_group_create(struct sb_op *op, int32_t group_index, struct sb_op_ctx *ctx,
                                    void **out)
{
    struct sb_hash_join *join = sb_hash_join_from(op);
    struct sb_join_group *group = sb_memory_alloc_zeroed(op->memory, sizeof *group);

    if (group == NULL) {
        return sb_error_no_memory(ctx->error, "a key group", (int64_t)sizeof *group);
    }
    sb_row_table_init(&group->table, op->memory, &join->layout, NULL);
    sb_word_slots_init(&group->slots, op->memory, 1, NULL);
    group->heap.memory = op->memory;
    *out = group;
    return SB_OK;
}

static void block_list_free(struct sb_hash_join *join, struct sb_block **list)
{
    while (*list != NULL) {
        struct sb_block *block = *list;
        *list = block->next;
        sb_block_destroy(join->op.memory, block);
    }
}

static void blocks_free(struct sb_hash_join *join, struct sb_join_group *group)
{
    block_list_free(join, &group->blocks);
    group->block_row_count = 0;
}

void sb_join_group_destroy(struct sb_op *op, void *state)
{
    struct sb_join_group *group = state;

    blocks_free(sb_hash_join_from(op), group);
    block_list_free(sb_hash_join_from(op), &group->apart);
    sb_row_table_deinit(&group->table);
    sb_word_slots_deinit(&group->slots);
    sb_row_heap_deinit(&group->heap);
    sb_memory_free(op->memory, group, sizeof *group);
}

static void block_keep(struct sb_join_group *group, struct sb_block *block)
{
    bool is_apart = sb_row_block(block)->format == SB_JOIN_FORMAT_APART;
    struct sb_block **list = is_apart ? &group->apart : &group->blocks;

    block->next = *list;
    *list = block;
    *(is_apart ? &group->apart_row_count : &group->block_row_count) += block->row_count;
}

enum sb_status sb_join_on_block(struct sb_op *op, void *state, struct sb_block *block,
                                struct sb_op_ctx *ctx)
{
    block_keep(state, block);
    return SB_OK;
}

// --- rows ----------------------------------------------------------------------------------------

/* A walk over the rows of blocks. */
struct block_walk {
    struct sb_block *block;
    int64_t row;
};

/* Up to `max` rows of one block; 0 at the end. */
static int64_t walk_next(struct block_walk *walk, int64_t max, uint64_t **rows, int32_t *format,
                         const uint8_t **base)
{
    struct sb_row_block *header;
    int64_t count;

    while (walk->block != NULL && walk->row == walk->block->row_count) {
        walk->block = walk->block->next;
        walk->row = 0;
    }
    if (walk->block == NULL) {
        return 0;
    }
    header = sb_row_block(walk->block);
    count = walk->block->row_count - walk->row;
    count = count < max ? count : max;
    for (int64_t i = 0; i < count; i++) {
        rows[i] = header->rows + (walk->row + i) * header->row_words;
    }
    walk->row += count;
    *format = header->format;
    *base = walk->block->data;
    return count;
}

static int64_t walk_blocks(const struct sb_hash_join *join, struct sb_block *first,
                           struct sb_join_walk *walk, uint64_t **rows,
                           const struct sb_row_layout **layout, const uint8_t **base)
{
    struct block_walk blocks = {walk->is_begun ? walk->block : first, walk->row};
    int32_t format;
    int64_t count = walk_next(&blocks, SB_ROW_CHUNK, rows, &format, base);

    walk->is_begun = true;
    walk->block = blocks.block;
    walk->row = blocks.row;
    if (count > 0) {
        *layout = sb_join_layout(join, format);
    }
    return count;
}

int64_t sb_join_walk_next(const struct sb_hash_join *join, const struct sb_join_group *group,
                          struct sb_join_walk *walk, uint64_t **rows,
                          const struct sb_row_layout **layout, const uint8_t **base)
{
    int64_t count = walk_blocks(join, group->blocks, walk, rows, layout, base);

    if (count > 0) {
        return count;
    }
    *base = NULL;
    *layout = sb_join_slots_layout(join);
    count = sb_word_slots_next(&group->slots, &walk->position, SB_ROW_CHUNK, rows);
    if (count > 0) {
        return count;
    }
    *layout = &join->layout;
    return sb_row_cursor_next(&walk->cursor, &group->table.store, SB_ROW_CHUNK, rows);
}

int64_t sb_join_walk_apart(const struct sb_hash_join *join, const struct sb_join_group *group,
                           struct sb_join_walk *walk, uint64_t **rows,
                           const struct sb_row_layout **layout, const uint8_t **base)
{
    return walk_blocks(join, group->apart, walk, rows, layout, base);
}

/* Moves the long texts of rows to a heap; until then their addresses count from `base`. */
static enum sb_status texts_keep(const struct sb_row_layout *layout, uint64_t *const *rows,
                                 int64_t count, const uint8_t *base, struct sb_row_heap *heap,
                                 struct sb_error *err)
{
    for (int32_t f = 0; f < layout->field_count; f++) {
        if (layout->fields[f].kind != SB_ROW_TEXT) {
            continue;
        }
        for (int64_t i = 0; i < count; i++) {
            uint64_t *text = rows[i] + layout->fields[f].word;
            if (!sb_text_is_inline(text[0])) {
                text[1] += (uint64_t)(uintptr_t)base;
                SB_TRY_RETURN(sb_row_text_keep(text, heap, err));
            }
        }
    }
    return SB_OK;
}

/* Appends rows in another layout to the table's. */
static enum sb_status rows_add(struct sb_hash_join *join, struct sb_join_group *group,
                               const struct sb_row_layout *from, uint64_t *const *rows,
                               int64_t count, const uint8_t *base, struct sb_row_chunk *chunk,
                               struct sb_error *err)
{
    const struct sb_row_layout *layout = &join->layout;
    struct sb_row_store *store = &group->table.store;

    for (int32_t f = 0; f < from->field_count; f++) {
        sb_row_field_load(&from->fields[f], rows, count, base, &chunk->scratches[f],
                          &chunk->vectors[f]);
    }
    if (from->hash_word < 0) {
        sb_row_chunk_hash(chunk, join->key_count, count);
    }
    for (int64_t i = 0; i < count; i++) {
        uint64_t hash = from->hash_word < 0 ? chunk->hashes[i] : rows[i][from->hash_word];
        SB_TRY_RETURN(sb_row_store_append(store, &chunk->rows[i], err));
        memset(chunk->rows[i], 0, sizeof *chunk->rows[i] * (size_t)layout->row_words);
        chunk->rows[i][layout->hash_word] = hash;
    }
    for (int32_t f = 0; f < layout->field_count; f++) {
        sb_row_field_store(&layout->fields[f], chunk->rows, count, &chunk->vectors[f]);
    }
    return texts_keep(layout, chunk->rows, count, NULL, &store->heap, err);
}

/* Moves all rows, wherever they are, into the table. */
static enum sb_status rows_gather(struct sb_hash_join *join, struct sb_join_group *group,
                                  struct sb_error *err)
{
    struct block_walk walk = {.block = group->blocks};
    struct sb_row_chunk *chunk;
    uint64_t *rows[SB_ROW_CHUNK];
    const uint8_t *base;
    int64_t position = 0;
    int64_t count;
    int32_t format;
    enum sb_status status = SB_OK;

    SB_TRY_RETURN(sb_row_chunk_create(join->op.memory, join->layout.field_count, &chunk, err));
    while ((count = walk_next(&walk, SB_ROW_CHUNK, rows, &format, &base)) > 0) {
        SB_TRY_OUT(
            rows_add(join, group, sb_join_layout(join, format), rows, count, base, chunk, err));
    }
    blocks_free(join, group);
    while ((count = sb_word_slots_next(&group->slots, &position, SB_ROW_CHUNK, rows)) > 0) {
        SB_TRY_OUT(
            rows_add(join, group, sb_join_slots_layout(join), rows, count, NULL, chunk, err));
    }
    sb_word_slots_deinit(&group->slots);
    sb_row_heap_deinit(&group->heap);

out:
    sb_row_chunk_destroy(chunk);
    return status;
}

// --- links ---------------------------------------------------------------------------------------

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
    return texts_keep(layout, &out, 1, base, heap, err);
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
    struct block_walk walk = {.block = group->blocks};
    uint64_t *rows[SB_WORD_SLOTS_CHUNK];
    const uint8_t *base;
    int64_t count;
    int32_t format;

    sb_word_slots_init(&group->slots, join->op.memory, sb_join_slots_layout(join)->row_words, NULL);
    SB_TRY_RETURN(
        sb_word_slots_resize(&group->slots, slots_capacity(join, group->block_row_count), err));
    while (*is_unique &&
           (count = walk_next(&walk, SB_WORD_SLOTS_CHUNK, rows, &format, &base)) > 0) {
        SB_TRY_RETURN(slots_insert(join, group, format, rows, count, base, is_unique, err));
    }
    if (*is_unique) {
        blocks_free(join, group);
    } else {
        sb_word_slots_deinit(&group->slots);
        sb_row_heap_deinit(&group->heap);
    }
    return SB_OK;
}

static void values_link(struct sb_hash_join *join, struct sb_join_group *group, bool *is_unique)
{
    struct block_walk walk = {.block = group->blocks};
    uint64_t *rows[SB_ROW_CHUNK];
    const uint8_t *base;
    int64_t count;
    int32_t format;

    while (*is_unique && (count = walk_next(&walk, SB_ROW_CHUNK, rows, &format, &base)) > 0) {
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
    SB_TRY_RETURN(rows_gather(join, group, err));
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

// --- snapshots -----------------------------------------------------------------------------------

enum sb_status sb_join_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct sb_hash_join *join = sb_hash_join_from(op);
    struct sb_join_group *group = state;
    int64_t row_count = group->block_row_count + group->apart_row_count + group->slots.row_count +
                        group->table.store.row_count;
    const struct sb_row_layout *layout;
    struct sb_row_saver saver = {0};
    struct sb_join_walk apart = {0};
    struct sb_join_walk walk = {0};
    struct sb_row_chunk *chunk;
    const uint8_t *base;
    int64_t count;
    enum sb_status status;

    SB_TRY_RETURN(sb_row_chunk_create(op->memory, join->layout.field_count, &chunk, ctx->error));
    SB_TRY_OUT(sb_row_saver_init(&saver, op->memory, join->state_schema, row_count, ctx->error));
    while ((count = sb_join_walk_next(join, group, &walk, chunk->rows, &layout, &base)) > 0) {
        SB_TRY_OUT(sb_row_saver_add_rows(&saver, layout, chunk->rows, count, base, chunk, ctx));
    }
    while ((count = sb_join_walk_apart(join, group, &apart, chunk->rows, &layout, &base)) > 0) {
        SB_TRY_OUT(sb_row_saver_add_rows(&saver, layout, chunk->rows, count, base, chunk, ctx));
    }
    SB_TRY_OUT(sb_row_saver_finish(&saver, ctx));

out:
    sb_row_saver_deinit(&saver);
    sb_row_chunk_destroy(chunk);
    return status;
}

/* How many rows from `first` on are marked as the first is: apart, or not. */
static int64_t marks_run(const struct sb_hash_join *join, const struct sb_batch *batch,
                         int64_t first, bool *is_apart)
{
    int64_t count = batch->row_count - first;
    const uint8_t *marks;
    int64_t run = 1;

    count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
    *is_apart = false;
    if (!join->keeps_right) {
        return count;
    }
    marks = sb_column_fixed(&batch->columns[join->mark_field], 1);
    *is_apart = marks[first] == SB_JOIN_NEVER;
    while (run < count && (marks[first + run] == SB_JOIN_NEVER) == *is_apart) {
        run++;
    }
    return run;
}

/* Keeps `count` rows of the chunk, as the block they might have come in. */
static enum sb_status chunk_restore(struct sb_hash_join *join, struct sb_join_group *group,
                                    struct sb_row_chunk *chunk, int64_t count, bool is_apart,
                                    struct sb_join_facts *facts, struct sb_error *err)
{
    bool had_null_payload = facts->has_null_payload;
    int32_t format = SB_JOIN_FORMAT_APART;
    struct sb_block *block;

    if (!is_apart) {
        facts->has_null_payload = false;
        sb_join_facts_note(join, facts, chunk, count);
        format = !join->is_word            ? SB_JOIN_FORMAT_ROWS
                 : facts->has_null_payload ? SB_JOIN_FORMAT_FULL
                                           : SB_JOIN_FORMAT_PLAIN;
        facts->has_null_payload = facts->has_null_payload || had_null_payload;
    }
    SB_TRY_RETURN(sb_row_block_make(join->op.memory, sb_join_layout(join, format), format, chunk,
                                    count, &block, err));
    block_keep(group, block);
    return SB_OK;
}

enum sb_status sb_join_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                               struct sb_op_ctx *ctx)
{
    struct sb_hash_join *join = sb_hash_join_from(op);
    struct sb_join_facts facts = {0};
    struct sb_row_chunk *chunk = NULL;
    int64_t count;
    enum sb_status status;

    SB_TRY_OUT(sb_batch_flatten(batch, ctx->error));
    SB_TRY_OUT(sb_row_chunk_create(op->memory, join->layout.field_count, &chunk, ctx->error));
    for (int64_t first = 0; first < batch->row_count; first += count) {
        bool is_apart;

        count = marks_run(join, batch, first, &is_apart);
        SB_TRY_OUT(sb_row_snapshot_load(batch, first, count, join->key_count, chunk, ctx->error));
        SB_TRY_OUT(chunk_restore(join, state, chunk, count, is_apart, &facts, ctx->error));
    }
    sb_join_facts_add(join, &facts);

out:
    sb_row_chunk_destroy(chunk);
    sb_batch_deinit(batch);
    return status;
}
