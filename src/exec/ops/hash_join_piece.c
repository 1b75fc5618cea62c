// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_piece.c - output rows of a join on their way to become a batch.
 */
#include "exec/ops/hash_join_probe_internal.h"

void sb_join_piece_close(struct sb_hash_join *join, struct sb_join_piece *piece)
{
    for (int32_t p = 0; p < join->payload_count; p++) {
        sb_column_writer_deinit(&piece->writers[p]);
    }
    if (piece->positions != NULL) {
        sb_memory_free(join->op.memory, piece->positions,
                       sizeof *piece->positions * (size_t)piece->capacity);
        piece->positions = NULL;
    }
}

enum sb_status sb_join_piece_open(struct sb_hash_join *join, struct sb_join_piece *piece,
                                  struct sb_error *err)
{
    const struct sb_field *fields = join->op.node->schema->fields + join->left_count;
    size_t size = sizeof *piece->positions * (size_t)piece->capacity;

    piece->row_count = 0;
    piece->pending_count = 0;
    piece->is_run = true;
    piece->positions = sb_memory_alloc(join->op.memory, size);
    if (piece->positions == NULL) {
        return sb_error_no_memory(err, "rows of a join", (int64_t)size);
    }
    for (int32_t p = 0; p < join->payload_count; p++) {
        SB_TRY_RETURN(sb_column_writer_init(&piece->writers[p], join->op.memory, &fields[p].type,
                                            piece->capacity, err));
    }
    return SB_OK;
}

/* Gathers a field, none of them null, into a column of words, without a stop between. */
static bool words_append(const struct sb_row_field *field, uint64_t *const *rows, int64_t count,
                         struct sb_column_writer *writer)
{
    uint64_t *restrict words = sb_column_writer_words(writer, count);
    int32_t word = field->word;

    for (int64_t i = 0; words != NULL && i < count; i++) {
        words[i] = rows[i][word];
    }
    return words != NULL;
}

enum sb_status sb_join_piece_append(const struct sb_hash_join *join, struct sb_join_probe *probe,
                                    struct sb_error *err)
{
    struct sb_join_piece *piece = &probe->piece;

    for (int32_t p = 0; p < join->payload_count; p++) {
        const struct sb_row_field *field = &join->row_layout->fields[join->key_count + p];
        struct sb_row_vector vector;

        if (!join->has_nulls &&
            words_append(field, probe->chunk->rows, piece->pending_count, &piece->writers[p])) {
            continue;
        }
        sb_row_field_load(field, probe->chunk->rows, piece->pending_count, NULL, probe->scratch,
                          &vector);
        SB_TRY_RETURN(
            sb_column_writer_append(&piece->writers[p], &vector, piece->pending_count, err));
    }
    piece->row_count += piece->pending_count;
    piece->pending_count = 0;
    return SB_OK;
}

/* A left key as its column comes out: in a type that holds the right keys, too. */
static enum sb_status column_cast(const struct sb_hash_join *join, struct sb_join_probe *probe,
                                  int32_t c, struct sb_column *column, struct sb_error *err)
{
    const struct sb_type *type = &join->op.node->schema->fields[c].type;
    struct sb_column_writer writer;
    struct sb_row_vector vector;
    struct sb_column cast;
    enum sb_status status;

    SB_TRY_RETURN(sb_column_writer_init(&writer, join->op.memory, type, column->length, err));
    for (int64_t first = 0; first < column->length; first += SB_ROW_CHUNK) {
        int64_t count = column->length - first;

        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        SB_TRY_OUT(sb_row_vector_load(column, NULL, first, count, SB_ROW_PLAIN, probe->scratch,
                                      &vector, err));
        SB_TRY_OUT(sb_key_cast_apply(&join->casts[c], count, probe->scratch, &vector, err));
        SB_TRY_OUT(sb_column_writer_append(&writer, &vector, count, err));
    }
    SB_TRY_OUT(sb_column_writer_finish(&writer, column->length, &cast, err));
    sb_column_deinit(column);
    *column = cast;

out:
    sb_column_writer_deinit(&writer);
    return status;
}

/* The piece's left columns: shared when they are a run of dense rows, else gathered. */
static enum sb_status piece_left(const struct sb_hash_join *join, struct sb_join_probe *probe,
                                 const struct sb_batch *batch, struct sb_batch *out,
                                 struct sb_error *err)
{
    const struct sb_field *fields = join->op.node->schema->fields;
    const struct sb_join_piece *piece = &probe->piece;

    for (int32_t c = 0; c < join->left_count; c++) {
        if (piece->is_run) {
            sb_column_share(&out->columns[c], &batch->columns[c]);
            sb_column_slice(&out->columns[c], piece->positions[0], piece->row_count);
        } else {
            SB_TRY_RETURN(sb_column_gather(&batch->columns[c], piece->positions, piece->row_count,
                                           join->op.memory, &out->columns[c], err));
        }
        if (join->casts != NULL && !sb_type_equal(batch->columns[c].type, &fields[c].type)) {
            SB_TRY_RETURN(column_cast(join, probe, c, &out->columns[c], err));
        }
        out->columns[c].type = &out->schema->fields[c].type; // lives with the batch
    }
    return SB_OK;
}

enum sb_status sb_join_piece_emit(struct sb_hash_join *join, struct sb_join_probe *probe,
                                  const struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct sb_join_piece *piece = &probe->piece;
    struct sb_batch out = {0};
    enum sb_status status;

    SB_TRY_OUT(sb_join_piece_append(join, probe, ctx->error));
    if (piece->row_count == 0) {
        goto out;
    }
    SB_TRY_OUT(
        sb_batch_init(&out, join->op.memory, join->op.node->schema, piece->row_count, ctx->error));
    SB_TRY_OUT(piece_left(join, probe, batch, &out, ctx->error));
    for (int32_t p = 0; p < join->payload_count; p++) {
        SB_TRY_OUT(sb_column_writer_finish(&piece->writers[p], piece->row_count,
                                           &out.columns[join->left_count + p], ctx->error));
    }
    sb_join_piece_close(join, piece);
    return sb_op_emit(ctx, &out);

out:
    sb_batch_deinit(&out);
    sb_join_piece_close(join, piece);
    return status;
}

void sb_join_piece_note_run(struct sb_join_piece *piece, int64_t count)
{
    const uint32_t *positions = piece->positions + piece->row_count;

    if (count > 0) {
        piece->is_run = piece->is_run &&
                        positions[count - 1] - positions[0] == (uint32_t)(count - 1) &&
                        (piece->row_count == 0 || positions[-1] + 1 == positions[0]);
    }
}

enum sb_status sb_join_piece_append_values(const struct sb_hash_join *join,
                                           struct sb_join_probe *probe, const uint64_t *slots,
                                           int64_t count, bool has_missing, struct sb_error *err)
{
    const struct sb_join_direct *direct = &join->direct;
    struct sb_row_scratch *scratch = probe->scratch;

    for (int32_t p = 0; p < join->payload_count; p++) {
        struct sb_row_vector vector = {
            .kind = join->layout.fields[join->key_count + p].kind,
            .words = scratch->words,
            .nulls = has_missing ? scratch->nulls : NULL,
        };
        const uint64_t *restrict values = direct->values[p];
        uint64_t *restrict words =
            has_missing ? NULL : sb_column_writer_words(&probe->piece.writers[p], count);

        if (words != NULL) {
            for (int64_t i = 0; i < count; i++) {
                words[i] = values[slots[i]];
            }
            continue;
        }
        for (int64_t i = 0; !has_missing && i < count; i++) {
            scratch->words[i] = values[slots[i]];
        }
        for (int64_t i = 0; has_missing && i < count; i++) {
            scratch->nulls[i] = slots[i] == direct->slot_count;
            scratch->words[i] = scratch->nulls[i] ? 0 : values[slots[i]];
        }
        SB_TRY_RETURN(sb_column_writer_append(&probe->piece.writers[p], &vector, count, err));
    }
    probe->piece.row_count += count;
    return SB_OK;
}

enum sb_status sb_join_piece_reserve(struct sb_hash_join *join, struct sb_join_probe *probe,
                                     const struct sb_batch *batch, int64_t count,
                                     struct sb_op_ctx *ctx)
{
    if (probe->piece.row_count + count <= probe->piece.capacity) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_join_piece_emit(join, probe, batch, ctx));
    return sb_join_piece_open(join, &probe->piece, ctx->error);
}
