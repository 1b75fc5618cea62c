// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_probe.c - the left input meets the build rows.
 *
 * A batch is probed a chunk at a time and leaves in pieces of bounded size, however many rows a key
 * has. Where the output is the left rows themselves, each once and in order, their columns are
 * shared; else they are gathered. Right columns are gathered from the rows that matched.
 */
#include "exec/ops/hash_join_internal.h"
#include "state/column_writer.h"

enum {
    PIECE_ROWS_MIN = 1024,
    PIECE_ROWS_MAX = 64 * 1024,
};

/* Output rows under way: left positions beside build rows. */
struct join_piece {
    int64_t capacity;
    int64_t row_count;                // in the writers
    struct sb_column_writer *writers; // [payload_count]
    uint32_t *positions;              // [capacity]; in the left columns
    int64_t pending_count;            // in the chunk's rows, not yet in the writers
    bool is_run;                      // positions follow each other
};

/* What became of the rows of one batch. */
struct join_count {
    int64_t matched; // left rows with a match
    int64_t out;
};

struct join_probe {
    struct sb_row_chunk *chunk;
    struct sb_row_scratch *scratch; // for one right column
    const struct sb_row_table *tables[SB_ROW_CHUNK];
    uint64_t *found[SB_ROW_CHUNK];
    uint64_t slots[SB_ROW_CHUNK];
    struct join_piece piece;
};

void sb_hash_join_probe_destroy(struct sb_op *op, void *local)
{
    struct sb_hash_join *join = sb_hash_join_from(op);
    struct join_probe *probe = local;

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
    struct join_probe *probe = sb_memory_alloc_zeroed(op->memory, sizeof *probe);
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

// --- pieces --------------------------------------------------------------------------------------

static void piece_close(struct sb_hash_join *join, struct join_piece *piece)
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

static enum sb_status piece_open(struct sb_hash_join *join, struct join_piece *piece,
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

/* Gathers the right columns of the pending rows. */
static enum sb_status piece_append(const struct sb_hash_join *join, struct join_probe *probe,
                                   struct sb_error *err)
{
    struct join_piece *piece = &probe->piece;

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
static enum sb_status column_cast(const struct sb_hash_join *join, struct join_probe *probe,
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
static enum sb_status piece_left(const struct sb_hash_join *join, struct join_probe *probe,
                                 const struct sb_batch *batch, struct sb_batch *out,
                                 struct sb_error *err)
{
    const struct sb_field *fields = join->op.node->schema->fields;
    const struct join_piece *piece = &probe->piece;

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

/* Emits the piece and leaves it closed. */
static enum sb_status piece_emit(struct sb_hash_join *join, struct join_probe *probe,
                                 const struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct join_piece *piece = &probe->piece;
    struct sb_batch out = {0};
    enum sb_status status;

    SB_TRY_OUT(piece_append(join, probe, ctx->error));
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
    piece_close(join, piece);
    return sb_op_emit(ctx, &out);

out:
    sb_batch_deinit(&out);
    piece_close(join, piece);
    return status;
}

/* One output row. */
static inline enum sb_status piece_add(struct sb_hash_join *join, struct join_probe *probe,
                                       const struct sb_batch *batch, uint32_t position,
                                       uint64_t *row, struct sb_op_ctx *ctx)
{
    struct join_piece *piece = &probe->piece;
    int64_t count = piece->row_count + piece->pending_count;

    if (sb_unlikely(count == piece->capacity)) {
        SB_TRY_RETURN(piece_emit(join, probe, batch, ctx));
        SB_TRY_RETURN(piece_open(join, piece, ctx->error));
        count = 0;
    } else if (sb_unlikely(piece->pending_count == SB_ROW_CHUNK)) {
        SB_TRY_RETURN(piece_append(join, probe, ctx->error));
    }
    piece->is_run = piece->is_run && (count == 0 || piece->positions[count - 1] + 1 == position);
    piece->positions[count] = position;
    probe->chunk->rows[piece->pending_count++] = row;
    return SB_OK;
}

// --- probing -------------------------------------------------------------------------------------

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
static void chunk_find_hashed(struct sb_hash_join *join, struct join_probe *probe,
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

/* The first build row of each row of the chunk, or NULL. */
static void chunk_find(struct sb_hash_join *join, struct join_probe *probe, const uint8_t *nevers,
                       int64_t count, uint64_t **found)
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
static enum sb_status chunk_emit_chains(struct sb_hash_join *join, struct join_probe *probe,
                                        const struct sb_batch *batch, int64_t first, int64_t count,
                                        struct join_count *counted, struct sb_op_ctx *ctx)
{
    const uint32_t *selected = sb_batch_rows(batch);
    int32_t link = join->layout.link_word;
    int32_t mark = join->keeps_right ? join->layout.fields[join->mark_field].word : -1;

    for (int64_t i = 0; i < count; i++) {
        uint32_t position = selected == NULL ? (uint32_t)(first + i) : selected[first + i];
        uint64_t *row = probe->found[i];

        counted->matched += row != NULL;
        if (row == NULL && join->keeps_left) {
            SB_TRY_RETURN(piece_add(join, probe, batch, position, join->missing_row, ctx));
            counted->out++;
        }
        while (row != NULL) {
            if (mark >= 0) {
                row_mark(row, mark);
            }
            SB_TRY_RETURN(piece_add(join, probe, batch, position, row, ctx));
            counted->out++;
            row = (uint64_t *)(uintptr_t)row[link];
        }
    }
    return SB_OK;
}

/* Whether the piece is still a run with the `count` positions behind its rows, which rise. */
static void piece_note_run(struct join_piece *piece, int64_t count)
{
    const uint32_t *positions = piece->positions + piece->row_count;

    if (count > 0) {
        piece->is_run = piece->is_run &&
                        positions[count - 1] - positions[0] == (uint32_t)(count - 1) &&
                        (piece->row_count == 0 || positions[-1] + 1 == positions[0]);
    }
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
static enum sb_status chunk_emit_single(struct sb_hash_join *join, struct join_probe *probe,
                                        const struct sb_batch *batch, int64_t first, int64_t count,
                                        struct join_count *counted, struct sb_op_ctx *ctx)
{
    const uint32_t *selected = sb_batch_rows(batch);
    struct join_piece *piece = &probe->piece;
    uint64_t **rows = probe->chunk->rows;
    uint32_t *positions;
    int64_t matched = 0;
    int64_t out = 0;

    if (piece->row_count + count > piece->capacity) {
        SB_TRY_RETURN(piece_emit(join, probe, batch, ctx));
        SB_TRY_RETURN(piece_open(join, piece, ctx->error));
    }
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
    piece_note_run(piece, out);
    counted->matched += matched;
    counted->out += out;
    piece->pending_count = out;
    return piece_append(join, probe, ctx->error);
}

/* VALUES: the slots of a chunk's keys; slot_count where there is no row. Returns how many have. */
static int64_t chunk_find_values(const struct sb_hash_join *join, const struct sb_row_chunk *chunk,
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

/* The payload of `count` output rows by slot; slot_count reads as null. */
static enum sb_status piece_append_values(const struct sb_hash_join *join, struct join_probe *probe,
                                          const uint64_t *slots, int64_t count, bool has_missing,
                                          struct sb_error *err)
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

/* Output of a chunk from values by slot. */
static enum sb_status chunk_emit_values(struct sb_hash_join *join, struct join_probe *probe,
                                        const struct sb_batch *batch, const uint8_t *nevers,
                                        int64_t first, int64_t count, struct join_count *counted,
                                        struct sb_op_ctx *ctx)
{
    const uint32_t *selected = sb_batch_rows(batch);
    struct join_piece *piece = &probe->piece;
    uint64_t slot_count = join->direct.slot_count;
    uint64_t *slots = probe->slots;
    uint32_t *positions;
    int64_t matched;
    int64_t out = 0;

    if (piece->row_count + count > piece->capacity) {
        SB_TRY_RETURN(piece_emit(join, probe, batch, ctx));
        SB_TRY_RETURN(piece_open(join, piece, ctx->error));
    }
    positions = piece->positions + piece->row_count;
    matched = chunk_find_values(join, probe->chunk, nevers, count, slots);
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
    piece_note_run(piece, out);
    counted->matched += matched;
    counted->out += out;
    return piece_append_values(join, probe, slots, out, join->keeps_left && matched < count,
                               ctx->error);
}

/* Semi and anti joins: the left rows of a chunk that have a match, or those that have none. */
static enum sb_status chunk_emit_existence(struct sb_hash_join *join, struct join_probe *probe,
                                           const struct sb_batch *batch, const uint8_t *nevers,
                                           int64_t first, int64_t count, struct join_count *counted,
                                           struct sb_op_ctx *ctx)
{
    const uint32_t *selected = sb_batch_rows(batch);
    struct join_piece *piece = &probe->piece;
    bool wants_match = join->kind == SB_JOIN_SEMI;
    uint32_t *positions;
    int64_t out = 0;

    if (piece->row_count + count > piece->capacity) {
        SB_TRY_RETURN(piece_emit(join, probe, batch, ctx));
        SB_TRY_RETURN(piece_open(join, piece, ctx->error));
    }
    positions = piece->positions + piece->row_count;
    if (join->form == SB_JOIN_VALUES) {
        (void)chunk_find_values(join, probe->chunk, nevers, count, probe->slots);
        for (int64_t i = 0; i < count; i++) {
            positions[out] = selected == NULL ? (uint32_t)(first + i) : selected[first + i];
            out += (probe->slots[i] < join->direct.slot_count) == wants_match;
        }
    } else {
        chunk_find(join, probe, nevers, count, probe->found);
        for (int64_t i = 0; i < count; i++) {
            positions[out] = selected == NULL ? (uint32_t)(first + i) : selected[first + i];
            out += (probe->found[i] != NULL) == wants_match;
        }
    }
    piece_note_run(piece, out);
    piece->row_count += out;
    counted->matched += out;
    counted->out += out;
    return SB_OK;
}

static enum sb_status batch_probe(struct sb_hash_join *join, struct join_probe *probe,
                                  const struct sb_batch *batch, struct join_count *counted,
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
        chunk_find(join, probe, nevers, count,
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
    struct join_probe *probe = local;
    struct join_piece *piece = &probe->piece;
    struct join_count counted = {0};
    enum sb_status status;

    SB_TRY_OUT(sb_join_get_ready(join, ctx->error));
    piece->capacity = batch->row_count < PIECE_ROWS_MIN   ? PIECE_ROWS_MIN
                      : batch->row_count > PIECE_ROWS_MAX ? PIECE_ROWS_MAX
                                                          : batch->row_count;
    SB_TRY_OUT(piece_open(join, piece, ctx->error));
    SB_TRY_OUT(batch_probe(join, probe, batch, &counted, ctx));
    SB_TRY_OUT(piece_emit(join, probe, batch, ctx));
    if (join->keeps_left) {
        sb_op_count(ctx, SB_LEDGER_ADDED, counted.out - batch->row_count);
    } else {
        sb_op_count(ctx, SB_LEDGER_FILTERED, batch->row_count - counted.matched);
        sb_op_count(ctx, SB_LEDGER_ADDED, counted.out - counted.matched);
    }

out:
    piece_close(join, piece);
    sb_batch_deinit(batch);
    return status;
}
