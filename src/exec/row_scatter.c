// SPDX-License-Identifier: Apache-2.0
#include "exec/row_scatter.h"

enum {
    BLOCK_SIZE_SMALL = 4 * 1024 - (int)sizeof(struct sb_block),
    BLOCK_SIZE_LARGE = 64 * 1024 - (int)sizeof(struct sb_block),
};

void sb_row_scatter_init(struct sb_row_scatter *scatter, const struct sb_op *op,
                         const struct sb_row_layout *layout, int32_t format)
{
    *scatter = (struct sb_row_scatter){
        .memory = op->memory,
        .layout = layout,
        .format = format,
        .group_count = op->group_count,
    };
}

static size_t targets_size(const struct sb_row_scatter *scatter)
{
    return sizeof *scatter->targets * (size_t)scatter->group_count;
}

void sb_row_scatter_deinit(struct sb_row_scatter *scatter)
{
    while (scatter->full != NULL) {
        struct sb_block *block = scatter->full;
        scatter->full = block->next;
        sb_block_destroy(scatter->memory, block);
    }
    if (scatter->targets != NULL) {
        for (int32_t g = 0; g < scatter->group_count; g++) {
            sb_block_destroy(scatter->memory, scatter->targets[g].block);
        }
        sb_memory_free(scatter->memory, scatter->targets, targets_size(scatter));
        scatter->targets = NULL;
    }
}

static inline enum sb_status targets_make(struct sb_row_scatter *scatter, struct sb_op_ctx *ctx)
{
    if (sb_likely(scatter->targets != NULL)) {
        return SB_OK;
    }
    scatter->targets = sb_memory_alloc_zeroed(scatter->memory, targets_size(scatter));
    return scatter->targets != NULL
               ? SB_OK
               : sb_error_no_memory(ctx->error, "write buffers", (int64_t)targets_size(scatter));
}

/* Closes the block of a target and puts it on the list of those to send. */
static void target_close(struct sb_row_scatter *scatter, struct sb_scatter_target *target)
{
    struct sb_block *block = target->block;
    uint8_t *rows = (uint8_t *)sb_row_block(block)->rows;
    int64_t heap_bytes = block->data + block->capacity - target->end;

    block->row_count = (target->next - rows) / (8 * (int64_t)scatter->layout->row_words);
    block->bytes_used = heap_bytes > 0 ? block->capacity : target->next - block->data;
    block->next = scatter->full;
    scatter->full = block;
    target->block = NULL;
    target->next = NULL;
    target->end = NULL;
}

static enum sb_status target_open(struct sb_row_scatter *scatter, struct sb_scatter_target *target,
                                  int64_t needed, struct sb_op_ctx *ctx)
{
    int64_t capacity = target->is_large ? BLOCK_SIZE_LARGE : BLOCK_SIZE_SMALL;
    struct sb_row_block *header;
    struct sb_block *block;

    needed += (int64_t)sizeof *header;
    capacity = capacity < needed ? needed : capacity;
    block = sb_block_create(scatter->memory, capacity);
    if (block == NULL) {
        return sb_error_no_memory(ctx->error, "a block of rows", capacity);
    }
    header = (struct sb_row_block *)(void *)block->data;
    header->format = scatter->format;
    header->row_words = scatter->layout->row_words;
    block->group = (int32_t)(target - scatter->targets);
    target->block = block;
    target->next = (uint8_t *)header->rows;
    target->end = block->data + capacity;
    return SB_OK;
}

static enum sb_status target_turn(struct sb_row_scatter *scatter, struct sb_scatter_target *target,
                                  int64_t needed, struct sb_op_ctx *ctx)
{
    if (target->block != NULL) {
        target_close(scatter, target);
        target->is_large = true;
    }
    return target_open(scatter, target, needed, ctx);
}

static enum sb_status full_send(struct sb_row_scatter *scatter, struct sb_op_ctx *ctx)
{
    while (scatter->full != NULL) {
        struct sb_block *block = scatter->full;
        scatter->full = block->next;
        block->next = NULL;
        SB_TRY_RETURN(sb_op_send(ctx, block));
    }
    return SB_OK;
}

/* What a row's long texts still need of the heap of its block. */
struct row_heap_place {
    uint8_t *base; // of the block
    uint8_t *next;
};

static void texts_size(const struct sb_row_layout *layout, const struct sb_row_chunk *chunk,
                       int64_t count, int64_t *sizes)
{
    memset(sizes, 0, sizeof *sizes * (size_t)count);
    for (int32_t f = 0; f < layout->field_count; f++) {
        const uint64_t *words = chunk->vectors[f].words;
        if (layout->fields[f].kind == SB_ROW_TEXT) {
            for (int64_t i = 0; i < count; i++) {
                sizes[i] += sb_text_heap_size(words[2 * i]);
            }
        }
    }
}

static void texts_move(const struct sb_row_field *field, uint64_t *const *rows, int64_t count,
                       struct row_heap_place *places)
{
    for (int64_t i = 0; i < count; i++) {
        uint64_t *text = rows[i] + field->word;
        int64_t size = sb_text_heap_size(text[0]);
        if (size > 0) {
            memcpy(places[i].next, (const void *)(uintptr_t)text[1], (size_t)size);
            text[1] = (uint64_t)(places[i].next - places[i].base);
            places[i].next += size;
        }
    }
}

/* Finds each row its place; with text also that of its bytes. */
static enum sb_status rows_reserve(struct sb_row_scatter *scatter, const uint64_t *hashes,
                                   const int64_t *text_sizes, int64_t count, uint64_t **rows,
                                   struct row_heap_place *places, struct sb_op_ctx *ctx)
{
    int64_t row_bytes = 8 * (int64_t)scatter->layout->row_words;

    for (int64_t i = 0; i < count; i++) {
        struct sb_scatter_target *target =
            &scatter->targets[sb_key_group(hashes[i], scatter->group_count)];
        int64_t needed = row_bytes + (text_sizes == NULL ? 0 : text_sizes[i]);

        if (sb_unlikely(target->end - target->next < needed)) {
            SB_TRY_RETURN(target_turn(scatter, target, needed, ctx));
        }
        rows[i] = (uint64_t *)(void *)target->next;
        target->next += row_bytes;
        __builtin_prefetch(target->next + 64, 1); // see WORDS_SCATTER
        if (text_sizes != NULL) {
            target->end -= text_sizes[i];
            places[i] = (struct row_heap_place){target->block->data, target->end};
        }
    }
    return SB_OK;
}

static void headers_store(const struct sb_row_layout *layout, const uint64_t *hashes, int64_t count,
                          uint64_t *const *rows)
{
    if (layout->hash_word >= 0) {
        for (int64_t i = 0; i < count; i++) {
            rows[i][layout->hash_word] = hashes[i];
        }
    }
    if (layout->link_word >= 0) {
        for (int64_t i = 0; i < count; i++) {
            rows[i][layout->link_word] = 0;
        }
    }
    for (int32_t w = 0; w < layout->null_word_count; w++) {
        for (int64_t i = 0; i < count; i++) {
            rows[i][layout->null_word + w] = 0;
        }
    }
}

/* Writes the chunk's vectors to chunk->rows. */
static void rows_store(const struct sb_row_layout *layout, struct sb_row_chunk *chunk,
                       int64_t count, struct row_heap_place *places)
{
    headers_store(layout, chunk->hashes, count, chunk->rows);
    for (int32_t f = 0; f < layout->field_count; f++) {
        sb_row_field_store(&layout->fields[f], chunk->rows, count, &chunk->vectors[f]);
        if (layout->fields[f].kind == SB_ROW_TEXT) {
            texts_move(&layout->fields[f], chunk->rows, count, places);
        }
    }
}

enum sb_status sb_row_scatter_append(struct sb_row_scatter *scatter, struct sb_row_chunk *chunk,
                                     int64_t count, struct sb_op_ctx *ctx)
{
    const struct sb_row_layout *layout = scatter->layout;
    struct row_heap_place places[SB_ROW_CHUNK];
    int64_t text_sizes[SB_ROW_CHUNK];

    SB_TRY_RETURN(targets_make(scatter, ctx));
    if (layout->has_text) {
        texts_size(layout, chunk, count, text_sizes);
    }
    SB_TRY_RETURN(rows_reserve(scatter, chunk->hashes, layout->has_text ? text_sizes : NULL, count,
                               chunk->rows, places, ctx));
    rows_store(layout, chunk, count, places);
    return full_send(scatter, ctx);
}

enum sb_status sb_row_block_make(struct sb_memory *memory, const struct sb_row_layout *layout,
                                 int32_t format, struct sb_row_chunk *chunk, int64_t count,
                                 struct sb_block **out, struct sb_error *err)
{
    struct row_heap_place places[SB_ROW_CHUNK];
    int64_t sizes[SB_ROW_CHUNK];
    int64_t row_bytes = 8 * (int64_t)layout->row_words;
    int64_t capacity = (int64_t)sizeof(struct sb_row_block) + count * row_bytes;
    struct sb_row_block *header;
    uint8_t *heap;

    texts_size(layout, chunk, count, sizes);
    for (int64_t i = 0; i < count; i++) {
        capacity += sizes[i];
    }
    *out = sb_block_create(memory, capacity);
    if (*out == NULL) {
        return sb_error_no_memory(err, "a block of rows", capacity);
    }
    (*out)->row_count = count;
    (*out)->bytes_used = capacity;
    header = sb_row_block(*out);
    header->format = format;
    header->row_words = layout->row_words;
    sb_row_chunk_point(chunk, header->rows, layout->row_words, count);
    heap = (uint8_t *)header->rows + count * row_bytes;
    for (int64_t i = 0; i < count; i++) {
        places[i] = (struct row_heap_place){(*out)->data, heap};
        heap += sizes[i];
    }
    rows_store(layout, chunk, count, places);
    return SB_OK;
}

// --- rows of words -------------------------------------------------------------------------------

/* What word 0 of a row says of its hash. */
enum word_meaning {
    WORD_IS_HASH,
    WORD_IS_INT,
    WORD_IS_FLOAT,
};

static enum word_meaning layout_meaning(const struct sb_row_layout *layout)
{
    return layout->hash_word == 0                   ? WORD_IS_HASH
           : layout->fields[0].kind == SB_ROW_FLOAT ? WORD_IS_FLOAT
                                                    : WORD_IS_INT;
}

static inline uint64_t word_hash(enum word_meaning meaning, uint64_t word)
{
    return meaning == WORD_IS_HASH
               ? word
               : sb_row_word_hash(meaning == WORD_IS_FLOAT ? SB_ROW_FLOAT : SB_ROW_INT, word);
}

/*
 * Writes rows where they belong, one after the other. Each write buffer is asked for its next cache
 * line a line ahead: by the time the line is written it has come, and the many buffers cost
 * hardly more than one. `from` gives word w of row i.
 */
#define WORDS_SCATTER(width, meaning, from)                                                        \
    do {                                                                                           \
        for (int64_t i = 0; i < count; i++) {                                                      \
            uint64_t hash = word_hash(meaning, from(0));                                           \
            struct sb_scatter_target *target =                                                     \
                &scatter->targets[sb_key_group(hash, scatter->group_count)];                       \
            uint64_t *row;                                                                         \
            if (sb_unlikely(target->end - target->next < 8 * (int64_t)(width))) {                  \
                SB_TRY_RETURN(target_turn(scatter, target, 8 * (int64_t)(width), ctx));            \
            }                                                                                      \
            row = (uint64_t *)(void *)target->next;                                                \
            for (int32_t w = 0; w < (width); w++) {                                                \
                row[w] = from(w);                                                                  \
            }                                                                                      \
            __builtin_prefetch(row + (width) + 8, 1);                                              \
            target->next = (uint8_t *)(row + (width));                                             \
        }                                                                                          \
    } while (0)

#define WORDS_SCATTER_WIDTHS(meaning, from)                                                        \
    do {                                                                                           \
        switch (row_words) {                                                                       \
        case 1:                                                                                    \
            WORDS_SCATTER(1, meaning, from);                                                       \
            break;                                                                                 \
        case 2:                                                                                    \
            WORDS_SCATTER(2, meaning, from);                                                       \
            break;                                                                                 \
        case 3:                                                                                    \
            WORDS_SCATTER(3, meaning, from);                                                       \
            break;                                                                                 \
        case 4:                                                                                    \
            WORDS_SCATTER(4, meaning, from);                                                       \
            break;                                                                                 \
        default:                                                                                   \
            WORDS_SCATTER(row_words, meaning, from);                                               \
            break;                                                                                 \
        }                                                                                          \
    } while (0)

#define FROM_COLUMN(w) columns[w][i]
#define FROM_ROW(w) rows[i][w]

enum sb_status sb_row_scatter_columns(struct sb_row_scatter *scatter,
                                      const uint64_t *const *columns, int64_t count,
                                      struct sb_op_ctx *ctx)
{
    int32_t row_words = scatter->layout->row_words;

    SB_TRY_RETURN(targets_make(scatter, ctx));
    switch (layout_meaning(scatter->layout)) {
    case WORD_IS_HASH:
        WORDS_SCATTER_WIDTHS(WORD_IS_HASH, FROM_COLUMN);
        break;
    case WORD_IS_FLOAT:
        WORDS_SCATTER_WIDTHS(WORD_IS_FLOAT, FROM_COLUMN);
        break;
    default:
        WORDS_SCATTER_WIDTHS(WORD_IS_INT, FROM_COLUMN);
        break;
    }
    return full_send(scatter, ctx);
}

enum sb_status sb_row_scatter_rows(struct sb_row_scatter *scatter, uint64_t *const *rows,
                                   int64_t count, struct sb_op_ctx *ctx)
{
    int32_t row_words = scatter->layout->row_words;

    SB_TRY_RETURN(targets_make(scatter, ctx));
    switch (layout_meaning(scatter->layout)) {
    case WORD_IS_HASH:
        WORDS_SCATTER_WIDTHS(WORD_IS_HASH, FROM_ROW);
        break;
    case WORD_IS_FLOAT:
        WORDS_SCATTER_WIDTHS(WORD_IS_FLOAT, FROM_ROW);
        break;
    default:
        WORDS_SCATTER_WIDTHS(WORD_IS_INT, FROM_ROW);
        break;
    }
    return full_send(scatter, ctx);
}

enum sb_status sb_row_scatter_flush(struct sb_row_scatter *scatter, struct sb_op_ctx *ctx)
{
    for (int32_t g = 0; scatter->targets != NULL && g < scatter->group_count; g++) {
        if (scatter->targets[g].block != NULL) {
            target_close(scatter, &scatter->targets[g]);
        }
    }
    return full_send(scatter, ctx);
}
