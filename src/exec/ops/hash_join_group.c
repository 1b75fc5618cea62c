// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_group.c - the group half: a key group's build rows, wherever they are.
 */
#include "exec/ops/hash_join_internal.h"

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

void sb_join_blocks_free(struct sb_hash_join *join, struct sb_join_group *group)
{
    block_list_free(join, &group->blocks);
    group->block_row_count = 0;
}

void sb_join_group_destroy(struct sb_op *op, void *state)
{
    struct sb_join_group *group = state;

    sb_join_blocks_free(sb_hash_join_from(op), group);
    block_list_free(sb_hash_join_from(op), &group->apart);
    sb_row_table_deinit(&group->table);
    sb_word_slots_deinit(&group->slots);
    sb_row_heap_deinit(&group->heap);
    sb_memory_free(op->memory, group, sizeof *group);
}

void sb_join_block_keep(struct sb_join_group *group, struct sb_block *block)
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
    sb_join_block_keep(state, block);
    return SB_OK;
}

// --- rows ----------------------------------------------------------------------------------------

int64_t sb_join_blocks_next(struct sb_join_block_walk *walk, int64_t max, uint64_t **rows,
                            int32_t *format, const uint8_t **base)
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
    struct sb_join_block_walk blocks = {walk->is_begun ? walk->block : first, walk->row};
    int32_t format;
    int64_t count = sb_join_blocks_next(&blocks, SB_ROW_CHUNK, rows, &format, base);

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

enum sb_status sb_join_texts_keep(const struct sb_row_layout *layout, uint64_t *const *rows,
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
    return sb_join_texts_keep(layout, chunk->rows, count, NULL, &store->heap, err);
}

enum sb_status sb_join_rows_gather(struct sb_hash_join *join, struct sb_join_group *group,
                                   struct sb_error *err)
{
    struct sb_join_block_walk walk = {.block = group->blocks};
    struct sb_row_chunk *chunk;
    uint64_t *rows[SB_ROW_CHUNK];
    const uint8_t *base;
    int64_t position = 0;
    int64_t count;
    int32_t format;
    enum sb_status status = SB_OK;

    SB_TRY_RETURN(sb_row_chunk_create(join->op.memory, join->layout.field_count, &chunk, err));
    while ((count = sb_join_blocks_next(&walk, SB_ROW_CHUNK, rows, &format, &base)) > 0) {
        SB_TRY_OUT(
            rows_add(join, group, sb_join_layout(join, format), rows, count, base, chunk, err));
    }
    sb_join_blocks_free(join, group);
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
