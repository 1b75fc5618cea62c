// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_build.c - the local half of the build side: rows go to their key group.
 *
 * Rows whose key matches nothing are dropped on the spot, or go to lie apart where right rows
 * without a match come out, too.
 */
#include "exec/ops/hash_join_internal.h"

struct join_build {
    struct sb_row_scatter scatters[SB_JOIN_FORMAT_COUNT];
    struct sb_row_chunk *chunk;
    const uint64_t **columns;   // [plain.row_words], when all fields are one word
    struct sb_join_facts facts; // not yet added to the operator's
};

/* Whether plain rows are words, one a field. */
static bool has_word_fields(const struct sb_hash_join *join)
{
    return join->is_word && join->plain.row_words == join->plain.field_count;
}

static size_t columns_size(const struct sb_hash_join *join)
{
    return sizeof(uint64_t *) * (size_t)join->plain.field_count;
}

void sb_join_build_destroy(struct sb_op *op, void *local)
{
    struct join_build *build = local;

    for (int32_t f = 0; f < SB_JOIN_FORMAT_COUNT; f++) {
        sb_row_scatter_deinit(&build->scatters[f]);
    }
    sb_row_chunk_destroy(build->chunk);
    if (build->columns != NULL) {
        sb_memory_free(op->memory, build->columns, columns_size(sb_hash_join_from(op)));
    }
    sb_memory_free(op->memory, build, sizeof *build);
}

enum sb_status sb_join_build_create(struct sb_op *op, struct sb_op_ctx *ctx, void **out)
{
    struct sb_hash_join *join = sb_hash_join_from(op);
    struct join_build *build = sb_memory_alloc_zeroed(op->memory, sizeof *build);
    enum sb_status status;

    if (build == NULL) {
        return sb_error_no_memory(ctx->error, "local state", (int64_t)sizeof *build);
    }
    for (int32_t f = 0; f < SB_JOIN_FORMAT_COUNT; f++) {
        sb_row_scatter_init(&build->scatters[f], op, sb_join_layout(join, f), f);
    }
    SB_TRY_OUT(
        sb_row_chunk_create(op->memory, join->layout.field_count, &build->chunk, ctx->error));
    if (has_word_fields(join)) {
        build->columns = sb_memory_alloc(op->memory, columns_size(join));
        if (build->columns == NULL) {
            status = sb_error_no_memory(ctx->error, "local state", (int64_t)columns_size(join));
            goto out;
        }
    }
    *out = build;
    return SB_OK;

out:
    sb_join_build_destroy(op, build);
    return status;
}

// --- facts ---------------------------------------------------------------------------------------

void sb_join_facts_note(const struct sb_hash_join *join, struct sb_join_facts *facts,
                        const struct sb_row_chunk *chunk, int64_t count)
{
    const struct sb_row_vector *key = &chunk->vectors[0];
    uint64_t flip = key->kind == SB_ROW_INT ? UINT64_C(1) << 63 : 0; // signed as unsigned order
    uint64_t low = facts->row_count == 0 ? UINT64_MAX : facts->low;
    uint64_t high = facts->row_count == 0 ? 0 : facts->high;

    for (int32_t f = join->key_count; f < join->layout.field_count; f++) {
        facts->has_null_payload = facts->has_null_payload || chunk->vectors[f].nulls != NULL;
    }
    for (int64_t i = 0; join->is_word && i < count; i++) {
        uint64_t order = key->words[i] ^ flip;
        low = order < low ? order : low;
        high = order > high ? order : high;
    }
    facts->low = low;
    facts->high = high;
    facts->row_count += count;
}

void sb_join_facts_add(struct sb_hash_join *join, const struct sb_join_facts *facts)
{
    struct sb_join_facts *total = &join->facts;

    if (facts->row_count == 0) {
        return;
    }
    pthread_mutex_lock(&join->lock);
    total->low = total->row_count == 0 || facts->low < total->low ? facts->low : total->low;
    total->high = total->row_count == 0 || facts->high > total->high ? facts->high : total->high;
    total->row_count += facts->row_count;
    total->has_null_payload = total->has_null_payload || facts->has_null_payload;
    pthread_mutex_unlock(&join->lock);
}

// --- rows ----------------------------------------------------------------------------------------

static enum sb_status stored_load(const struct sb_hash_join *join, const struct sb_batch *batch,
                                  int64_t first, int64_t count, struct sb_row_chunk *chunk,
                                  struct sb_error *err)
{
    for (int32_t p = 0; p < join->stored_count; p++) {
        int32_t f = join->key_count + p;
        SB_TRY_RETURN(sb_row_vector_load(&batch->columns[join->stored[p]], sb_batch_rows(batch),
                                         first, count, SB_ROW_PLAIN, &chunk->scratches[f],
                                         &chunk->vectors[f], err));
    }
    return SB_OK;
}

static void marks_set(const struct sb_hash_join *join, struct sb_row_chunk *chunk, int64_t count,
                      enum sb_join_mark mark)
{
    struct sb_row_scratch *scratch = &chunk->scratches[join->mark_field];

    for (int64_t i = 0; i < count; i++) {
        scratch->words[i] = mark;
    }
    chunk->vectors[join->mark_field] =
        (struct sb_row_vector){.kind = SB_ROW_UINT, .words = scratch->words};
}

static bool has_null_payload(const struct sb_hash_join *join, const struct sb_row_chunk *chunk)
{
    for (int32_t f = join->key_count; f < join->layout.field_count; f++) {
        if (chunk->vectors[f].nulls != NULL) {
            return true;
        }
    }
    return false;
}

static enum sb_status chunk_scatter(struct sb_hash_join *join, struct join_build *build,
                                    int64_t count, struct sb_op_ctx *ctx)
{
    struct sb_row_chunk *chunk = build->chunk;
    int32_t format = !join->is_word                  ? SB_JOIN_FORMAT_ROWS
                     : has_null_payload(join, chunk) ? SB_JOIN_FORMAT_FULL
                                                     : SB_JOIN_FORMAT_PLAIN;

    if (format == SB_JOIN_FORMAT_PLAIN && build->columns != NULL) {
        for (int32_t f = 0; f < join->plain.field_count; f++) {
            build->columns[f] = chunk->vectors[f].words;
        }
        return sb_row_scatter_columns(&build->scatters[format], build->columns, count, ctx);
    }
    sb_row_chunk_hash(chunk, join->key_count, count);
    return sb_row_scatter_append(&build->scatters[format], chunk, count, ctx);
}

/* Keys and stored columns of some rows; see sb_join_keys_load. */
static enum sb_status chunk_load(struct sb_hash_join *join, struct join_build *build,
                                 const struct sb_batch *batch, int64_t first, int64_t count,
                                 uint8_t *bytes, const uint8_t **nevers, struct sb_error *err)
{
    SB_TRY_RETURN(sb_join_keys_load(&join->keys[SB_JOIN_BUILD_PORT], batch, first, count,
                                    build->chunk, bytes, nevers, err));
    SB_TRY_RETURN(stored_load(join, batch, first, count, build->chunk, err));
    if (join->keeps_right) {
        marks_set(join, build->chunk, count, SB_JOIN_UNMATCHED);
    }
    return SB_OK;
}

/* The rows of the chunk that match nothing go to lie apart. Returns how many there are. */
static enum sb_status chunk_put_apart(struct sb_hash_join *join, struct join_build *build,
                                      const uint8_t *nevers, int64_t count, struct sb_op_ctx *ctx)
{
    struct sb_row_chunk *chunk = build->chunk;
    int64_t kept = sb_row_chunk_keep(chunk, nevers, 1, count);

    marks_set(join, chunk, kept, SB_JOIN_NEVER);
    sb_row_chunk_hash(chunk, join->key_count, kept);
    sb_op_count(ctx, SB_LEDGER_HELD, kept);
    return sb_row_scatter_append(&build->scatters[SB_JOIN_FORMAT_APART], chunk, kept, ctx);
}

static enum sb_status chunk_store(struct sb_hash_join *join, struct join_build *build,
                                  const uint8_t *nevers, int64_t count, struct sb_op_ctx *ctx)
{
    int64_t kept = nevers == NULL ? count : sb_row_chunk_keep(build->chunk, nevers, 0, count);

    for (int32_t k = 0; !join->keys[SB_JOIN_BUILD_PORT].nulls_equal && k < join->key_count; k++) {
        build->chunk->vectors[k].nulls = NULL;
    }
    sb_op_count(ctx, SB_LEDGER_HELD, kept);
    sb_op_count(ctx, SB_LEDGER_FILTERED, join->keeps_right ? 0 : count - kept);
    if (kept == 0) {
        return SB_OK;
    }
    sb_join_facts_note(join, &build->facts, build->chunk, kept);
    return chunk_scatter(join, build, kept, ctx);
}

enum sb_status sb_join_build_batch(struct sb_hash_join *join, void *local,
                                   const struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct join_build *build = local;
    uint8_t bytes[SB_ROW_CHUNK];

    for (int64_t first = 0; first < batch->row_count; first += SB_ROW_CHUNK) {
        int64_t count = batch->row_count - first;
        const uint8_t *nevers;

        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        SB_TRY_RETURN(chunk_load(join, build, batch, first, count, bytes, &nevers, ctx->error));
        if (nevers != NULL && join->keeps_right) {
            SB_TRY_RETURN(chunk_put_apart(join, build, nevers, count, ctx));
            SB_TRY_RETURN( // once more: the others were thrown out
                chunk_load(join, build, batch, first, count, bytes, &nevers, ctx->error));
        }
        SB_TRY_RETURN(chunk_store(join, build, nevers, count, ctx));
    }
    return SB_OK;
}

enum sb_status sb_join_build_flush(struct sb_hash_join *join, void *local, struct sb_op_ctx *ctx)
{
    struct join_build *build = local;

    sb_join_facts_add(join, &build->facts);
    build->facts = (struct sb_join_facts){0};
    for (int32_t f = 0; f < SB_JOIN_FORMAT_COUNT; f++) {
        SB_TRY_RETURN(sb_row_scatter_flush(&build->scatters[f], ctx));
    }
    return SB_OK;
}
