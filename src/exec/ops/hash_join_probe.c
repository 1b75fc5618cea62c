// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_probe.c - the left input meets the build rows.
 *
 * A batch is probed a chunk at a time and leaves in pieces of bounded size, however many rows a key
 * has. Where the output is the left rows themselves, each once and in order, their columns are
 * shared; else they are gathered. Right columns are gathered from the rows that matched.
 */
#include <string.h>

#include "exec/ops/hash_join_probe_internal.h"

enum {
    PIECE_ROWS_MIN = 1024,
    PIECE_ROWS_MAX = 64 * 1024,
};

void sb_hash_join_probe_destroy(struct sb_op *op, void *local)
{
    struct sb_hash_join *join = sb_hash_join_from(op);
    struct sb_join_probe *probe = local;

    sb_row_chunk_destroy(probe->chunk);
    if (probe->scratch != NULL) {
        sb_row_heap_deinit(&probe->scratch->heap);
    }
    sb_memory_free(op->memory, probe->scratch, sizeof *probe->scratch);
    sb_memory_free(op->memory, probe->piece.writers,
                   sizeof *probe->piece.writers * (size_t)join->payload_count);
    sb_memory_free(op->memory, probe, sizeof *probe);
}

enum sb_status sb_hash_join_probe_create(struct sb_op *op, struct sb_op_ctx *ctx, void **out)
{
    struct sb_hash_join *join = sb_hash_join_from(op);
    struct sb_join_probe *probe = sb_memory_alloc_zeroed(op->memory, sizeof *probe);
    enum sb_status status = SB_NO_MEMORY;

    if (probe == NULL) {
        return sb_error_no_memory(ctx->error, "local state", (int64_t)sizeof *probe);
    }
    probe->scratch = sb_memory_alloc(op->memory, sizeof *probe->scratch);
    probe->piece.writers = sb_memory_alloc_zeroed(op->memory, sizeof *probe->piece.writers *
                                                                  (size_t)join->payload_count);
    if (probe->scratch != NULL) {
        probe->scratch->heap = (struct sb_row_heap){.memory = op->memory};
    }
    if (probe->scratch == NULL || probe->piece.writers == NULL) {
        (void)sb_error_no_memory(ctx->error, "local state", (int64_t)sizeof *probe->scratch);
        goto out;
    }
    SB_TRY_OUT(sb_row_chunk_create(op->memory, join->key_count, &probe->chunk, ctx->error));
    *out = probe;
    return SB_OK;

out:
    sb_hash_join_probe_destroy(op, probe);
    return status;
}

/* Notes that a build row has a match. Other workers may do the same; who reads comes later. */
static inline void row_mark(uint64_t *row, int32_t mark_word)
{
    if (__atomic_load_n(&row[mark_word], __ATOMIC_RELAXED) == SB_JOIN_UNMATCHED) {
        __atomic_store_n(&row[mark_word], SB_JOIN_MATCHED, __ATOMIC_RELAXED);
    }
}

static void rows_mark(const struct sb_hash_join *join, uint64_t *const *rows, int64_t count)
{
    int32_t mark_word = join->row_layout->fields[join->mark_field].word;

    for (int64_t i = 0; i < count; i++) {
        if (rows[i] != NULL) {
            row_mark(rows[i], mark_word);
        }
    }
}

/* Output of a chunk whose keys may have several rows. */
static enum sb_status chunk_emit_chains(struct sb_hash_join *join, struct sb_join_probe *probe,
                                        const struct sb_batch *batch, int64_t first, int64_t count,
                                        struct sb_join_count *counted, struct sb_op_ctx *ctx)
{
    const uint32_t *selected = sb_batch_rows(batch);
    int32_t link = join->layout.link_word;
    int32_t mark = join->keeps_right ? join->layout.fields[join->mark_field].word : -1;

    for (int64_t i = 0; i < count; i++) {
        uint32_t position = selected == NULL ? (uint32_t)(first + i) : selected[first + i];
        uint64_t *row = probe->found[i];

        counted->matched += row != NULL;
        if (row == NULL && join->keeps_left) {
            SB_TRY_RETURN(sb_join_piece_add(join, probe, batch, position, join->missing_row, ctx));
            counted->out++;
        }
        while (row != NULL) {
            if (mark >= 0) {
                row_mark(row, mark);
            }
            SB_TRY_RETURN(sb_join_piece_add(join, probe, batch, position, row, ctx));
            counted->out++;
            row = (uint64_t *)(uintptr_t)row[link];
        }
    }
    return SB_OK;
}

/* The positions of rows [first, first + count) of a batch in its columns. */
static void positions_fill(uint32_t *restrict positions, const uint32_t *selected, int64_t first,
                           int64_t count)
{
    if (selected != NULL) {
        memcpy(positions, selected + first, sizeof *positions * (size_t)count);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        positions[i] = (uint32_t)(first + i);
    }
}

/* Output of a chunk whose keys have one row at most, found in chunk->rows. */
static enum sb_status chunk_emit_single(struct sb_hash_join *join, struct sb_join_probe *probe,
                                        const struct sb_batch *batch, int64_t first, int64_t count,
                                        struct sb_join_count *counted, struct sb_op_ctx *ctx)
{
    const uint32_t *selected = sb_batch_rows(batch);
    struct sb_join_piece *piece = &probe->piece;
    uint64_t **rows = probe->chunk->rows;
    uint32_t *positions;
    int64_t matched = 0;
    int64_t out = 0;

    SB_TRY_RETURN(sb_join_piece_reserve(join, probe, batch, count, ctx));
    positions = piece->positions + piece->row_count;
    if (join->keeps_right) {
        rows_mark(join, rows, count);
    }
    for (int64_t i = 0; i < count; i++) {
        matched += rows[i] != NULL;
    }
    if (matched == count || join->keeps_left) {
        positions_fill(positions, selected, first, count);
        for (int64_t i = 0; matched < count && i < count; i++) {
            rows[i] = rows[i] == NULL ? join->missing_row : rows[i];
        }
        out = count;
    } else { // no branch depends on which rows match
        for (int64_t i = 0; i < count; i++) {
            uint64_t *row = rows[i];
            positions[out] = selected == NULL ? (uint32_t)(first + i) : selected[first + i];
            rows[out] = row;
            out += row != NULL;
        }
    }
    sb_join_piece_note_run(piece, out);
    counted->matched += matched;
    counted->out += out;
    piece->pending_count = out;
    return sb_join_piece_append(join, probe, ctx->error);
}

/* Output of a chunk from values by slot. */
static enum sb_status chunk_emit_values(struct sb_hash_join *join, struct sb_join_probe *probe,
                                        const struct sb_batch *batch, const uint8_t *nevers,
                                        int64_t first, int64_t count, struct sb_join_count *counted,
                                        struct sb_op_ctx *ctx)
{
    const uint32_t *selected = sb_batch_rows(batch);
    struct sb_join_piece *piece = &probe->piece;
    uint64_t slot_count = join->direct.slot_count;
    uint64_t *slots = probe->slots;
    uint32_t *positions;
    int64_t matched;
    int64_t out = 0;

    SB_TRY_RETURN(sb_join_piece_reserve(join, probe, batch, count, ctx));
    positions = piece->positions + piece->row_count;
    matched = sb_join_find_slots(join, probe->chunk, nevers, count, slots);
    if (matched == count || join->keeps_left) {
        positions_fill(positions, selected, first, count);
        out = count;
    } else {
        for (int64_t i = 0; i < count; i++) {
            positions[out] = selected == NULL ? (uint32_t)(first + i) : selected[first + i];
            slots[out] = slots[i];
            out += slots[i] < slot_count;
        }
    }
    sb_join_piece_note_run(piece, out);
    counted->matched += matched;
    counted->out += out;
    return sb_join_piece_append_values(join, probe, slots, out, join->keeps_left && matched < count,
                                       ctx->error);
}

/* Semi and anti joins: the left rows of a chunk that have a match, or those that have none. */
static enum sb_status chunk_emit_existence(struct sb_hash_join *join, struct sb_join_probe *probe,
                                           const struct sb_batch *batch, const uint8_t *nevers,
                                           int64_t first, int64_t count,
                                           struct sb_join_count *counted, struct sb_op_ctx *ctx)
{
    const uint32_t *selected = sb_batch_rows(batch);
    struct sb_join_piece *piece = &probe->piece;
    bool wants_match = join->kind == SB_JOIN_SEMI;
    uint32_t *positions;
    int64_t out = 0;

    SB_TRY_RETURN(sb_join_piece_reserve(join, probe, batch, count, ctx));
    positions = piece->positions + piece->row_count;
    if (join->form == SB_JOIN_VALUES) {
        (void)sb_join_find_slots(join, probe->chunk, nevers, count, probe->slots);
        for (int64_t i = 0; i < count; i++) {
            positions[out] = selected == NULL ? (uint32_t)(first + i) : selected[first + i];
            out += (probe->slots[i] < join->direct.slot_count) == wants_match;
        }
    } else {
        sb_join_find_rows(join, probe, nevers, count, probe->found);
        for (int64_t i = 0; i < count; i++) {
            positions[out] = selected == NULL ? (uint32_t)(first + i) : selected[first + i];
            out += (probe->found[i] != NULL) == wants_match;
        }
    }
    sb_join_piece_note_run(piece, out);
    piece->row_count += out;
    counted->matched += out;
    counted->out += out;
    return SB_OK;
}

static enum sb_status batch_probe(struct sb_hash_join *join, struct sb_join_probe *probe,
                                  const struct sb_batch *batch, struct sb_join_count *counted,
                                  struct sb_op_ctx *ctx)
{
    uint8_t bytes[SB_ROW_CHUNK];

    for (int64_t first = 0; first < batch->row_count; first += SB_ROW_CHUNK) {
        int64_t count = batch->row_count - first;
        const uint8_t *nevers;

        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        SB_TRY_RETURN(sb_join_keys_load(&join->keys[SB_JOIN_PROBE_PORT], batch, first, count,
                                        probe->chunk, bytes, &nevers, ctx->error));
        if (join->is_existence) {
            SB_TRY_RETURN(
                chunk_emit_existence(join, probe, batch, nevers, first, count, counted, ctx));
            continue;
        }
        if (join->form == SB_JOIN_VALUES) {
            SB_TRY_RETURN(
                chunk_emit_values(join, probe, batch, nevers, first, count, counted, ctx));
            continue;
        }
        sb_join_find_rows(join, probe, nevers, count,
                          join->has_chains ? probe->found : probe->chunk->rows);
        SB_TRY_RETURN(join->has_chains
                          ? chunk_emit_chains(join, probe, batch, first, count, counted, ctx)
                          : chunk_emit_single(join, probe, batch, first, count, counted, ctx));
    }
    return SB_OK;
}

enum sb_status sb_hash_join_probe(struct sb_op *op, void *local, struct sb_batch *batch,
                                  struct sb_op_ctx *ctx)
{
    struct sb_hash_join *join = sb_hash_join_from(op);
    struct sb_join_probe *probe = local;
    struct sb_join_piece *piece = &probe->piece;
    struct sb_join_count counted = {0};
    enum sb_status status;

    SB_TRY_OUT(sb_join_get_ready(join, ctx->error));
    piece->capacity = batch->row_count < PIECE_ROWS_MIN   ? PIECE_ROWS_MIN
                      : batch->row_count > PIECE_ROWS_MAX ? PIECE_ROWS_MAX
                                                          : batch->row_count;
    SB_TRY_OUT(sb_join_piece_open(join, piece, ctx->error));
    SB_TRY_OUT(batch_probe(join, probe, batch, &counted, ctx));
    SB_TRY_OUT(sb_join_piece_emit(join, probe, batch, ctx));
    if (join->keeps_left) {
        sb_op_count(ctx, SB_LEDGER_ADDED, counted.out - batch->row_count);
    } else {
        sb_op_count(ctx, SB_LEDGER_FILTERED, batch->row_count - counted.matched);
        sb_op_count(ctx, SB_LEDGER_ADDED, counted.out - counted.matched);
    }

out:
    sb_join_piece_close(join, piece);
    sb_batch_deinit(batch);
    return status;
}
