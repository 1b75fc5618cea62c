// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_build.c - the local half of the build side: rows go to their key group.
 *
 * A null key matches nothing: rows with one are dropped on the spot.
 */
#include "exec/ops/hash_join_internal.h"

struct join_build {
    struct sb_row_scatter scatters[3]; // by format
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

    for (int32_t f = 0; f < 3; f++) {
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
    for (int32_t f = 0; f < 3; f++) {
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

static enum sb_status payload_load(const struct sb_hash_join *join, const struct sb_batch *batch,
                                   int64_t first, int64_t count, struct sb_row_chunk *chunk,
                                   struct sb_error *err)
{
    for (int32_t p = 0; p < join->payload_count; p++) {
        int32_t f = join->key_count + p;
        SB_TRY_RETURN(sb_row_vector_load(&batch->columns[join->payload[p]], sb_batch_rows(batch),
                                         first, count, SB_ROW_PLAIN, &chunk->scratches[f],
                                         &chunk->vectors[f], err));
    }
    return SB_OK;
}

/* Removes rows from the chunk's vectors. Returns how many are left. */
static int64_t chunk_drop(struct sb_row_chunk *chunk, const uint8_t *dropped, int64_t count)
{
    int64_t kept = 0;

    for (int32_t f = 0; f < chunk->vector_count; f++) {
        struct sb_row_vector *vector = &chunk->vectors[f];
        struct sb_row_scratch *scratch = &chunk->scratches[f];
        int32_t width = sb_row_kind_words(vector->kind);

        kept = 0;
        for (int64_t i = 0; i < count; i++) {
            if (!dropped[i]) {
                memmove(scratch->words + width * kept, vector->words + width * i,
                        sizeof *scratch->words * (size_t)width);
                if (vector->nulls != NULL) {
                    scratch->nulls[kept] = vector->nulls[i];
                }
                kept++;
            }
        }
        vector->words = scratch->words;
    }
    return kept;
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

enum sb_status sb_join_build_batch(struct sb_hash_join *join, void *local,
                                   const struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct join_build *build = local;
    struct sb_row_chunk *chunk = build->chunk;
    uint8_t nulls[SB_ROW_CHUNK];

    for (int64_t first = 0; first < batch->row_count; first += SB_ROW_CHUNK) {
        int64_t count = batch->row_count - first;
        const uint8_t *dropped;
        int64_t kept;

        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        SB_TRY_RETURN(sb_hash_join_load_keys(join, SB_JOIN_BUILD_PORT, batch, first, count, chunk,
                                             ctx->error));
        SB_TRY_RETURN(payload_load(join, batch, first, count, chunk, ctx->error));
        dropped = sb_hash_join_null_keys(join, chunk, count, nulls);
        kept = dropped == NULL ? count : chunk_drop(chunk, dropped, count);
        for (int32_t k = 0; k < join->key_count; k++) {
            chunk->vectors[k].nulls = NULL;
        }
        if (kept > 0) {
            sb_join_facts_note(join, &build->facts, chunk, kept);
            SB_TRY_RETURN(chunk_scatter(join, build, kept, ctx));
        }
        sb_op_count(ctx, SB_LEDGER_HELD, kept);
        sb_op_count(ctx, SB_LEDGER_FILTERED, count - kept);
    }
    return SB_OK;
}

enum sb_status sb_join_build_flush(struct sb_hash_join *join, void *local, struct sb_op_ctx *ctx)
{
    struct join_build *build = local;

    sb_join_facts_add(join, &build->facts);
    build->facts = (struct sb_join_facts){0};
    for (int32_t f = 0; f < 3; f++) {
        SB_TRY_RETURN(sb_row_scatter_flush(&build->scatters[f], ctx));
    }
    return SB_OK;
}
