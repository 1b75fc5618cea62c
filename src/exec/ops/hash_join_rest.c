// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_rest.c - right rows without a match, once nothing can match them any more.
 *
 * Left columns are null but for the keys, which carry the right row's.
 */
#include "exec/ops/hash_join_internal.h"

enum { REST_ROWS_MAX = 16 * 1024 };

/* Output rows under way. */
struct join_rest {
    struct sb_hash_join *join;
    struct sb_row_chunk *chunk;       // one vector
    const int32_t *keys_of;           // [left_count]: the key a left column carries; -1 = none
    struct sb_column_writer *writers; // [output columns], of keys and payload, open with rows
    int64_t row_count;
};

static int32_t output_count(const struct sb_hash_join *join)
{
    return join->op.node->schema->field_count;
}

static void rest_close(struct join_rest *rest)
{
    for (int32_t c = 0; c < output_count(rest->join); c++) {
        sb_column_writer_deinit(&rest->writers[c]);
    }
    rest->row_count = 0;
}

/* A left column that is no key. */
static bool is_null_column(const struct join_rest *rest, int32_t c)
{
    return c < rest->join->left_count && rest->keys_of[c] < 0;
}

static enum sb_status rest_open(struct join_rest *rest, struct sb_error *err)
{
    const struct sb_schema *schema = rest->join->op.node->schema;

    for (int32_t c = 0; c < schema->field_count; c++) {
        if (!is_null_column(rest, c)) {
            SB_TRY_RETURN(sb_column_writer_init(&rest->writers[c], rest->join->op.memory,
                                                &schema->fields[c].type, REST_ROWS_MAX, err));
        }
    }
    return SB_OK;
}

static enum sb_status rest_emit(struct join_rest *rest, struct sb_op_ctx *ctx)
{
    struct sb_schema *schema = rest->join->op.node->schema;
    int64_t row_count = rest->row_count;
    struct sb_batch out = {0};
    enum sb_status status;

    if (row_count == 0) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_batch_init(&out, rest->join->op.memory, schema, row_count, ctx->error));
    for (int32_t c = 0; c < schema->field_count; c++) {
        const struct sb_type *type = &out.schema->fields[c].type;
        SB_TRY_OUT(is_null_column(rest, c) ? sb_column_nulls(type, row_count, rest->join->op.memory,
                                                             &out.columns[c], ctx->error)
                                           : sb_column_writer_finish(&rest->writers[c], row_count,
                                                                     &out.columns[c], ctx->error));
        out.columns[c].type = type;
    }
    rest_close(rest);
    sb_op_count(ctx, SB_LEDGER_HELD, -row_count);
    return sb_op_emit(ctx, &out);

out:
    sb_batch_deinit(&out);
    return status;
}

/* The column of a left key: what the right row has there. */
static enum sb_status append_key(struct join_rest *rest, const struct sb_join_kept *kept,
                                 const struct sb_row_layout *layout, int64_t count,
                                 const uint8_t *base, struct sb_column_writer *writer,
                                 struct sb_error *err)
{
    struct sb_row_chunk *chunk = rest->chunk;

    sb_row_heap_reset(&chunk->scratches->heap);
    sb_row_field_load(&layout->fields[kept->field], chunk->rows, count, base, chunk->scratches,
                      chunk->vectors);
    SB_TRY_RETURN(sb_key_cast_apply(&kept->cast, count, chunk->scratches, chunk->vectors, err));
    return sb_column_writer_append(writer, chunk->vectors, count, err);
}

/* `count` rows of the chunk come out. */
static enum sb_status rest_append(struct join_rest *rest, const struct sb_row_layout *layout,
                                  int64_t count, const uint8_t *base, struct sb_op_ctx *ctx)
{
    const struct sb_hash_join *join = rest->join;
    struct sb_row_chunk *chunk = rest->chunk;

    if (rest->row_count + count > REST_ROWS_MAX) {
        SB_TRY_RETURN(rest_emit(rest, ctx));
    }
    if (rest->row_count == 0) {
        SB_TRY_RETURN(rest_open(rest, ctx->error));
    }
    rest->row_count += count;
    for (int32_t c = 0; c < join->left_count; c++) {
        if (!is_null_column(rest, c)) {
            SB_TRY_RETURN(append_key(rest, &join->kept[rest->keys_of[c]], layout, count, base,
                                     &rest->writers[c], ctx->error));
        }
    }
    for (int32_t p = 0; p < join->payload_count; p++) {
        sb_row_field_load(&layout->fields[join->key_count + p], chunk->rows, count, base,
                          chunk->scratches, chunk->vectors);
        SB_TRY_RETURN(sb_column_writer_append(&rest->writers[join->left_count + p], chunk->vectors,
                                              count, ctx->error));
    }
    return SB_OK;
}

/* Leaves the rows without a match in the chunk. */
static int64_t rows_unmatched(uint64_t **rows, int64_t count, int32_t mark_word)
{
    int64_t kept = 0;

    for (int64_t i = 0; i < count; i++) {
        uint64_t *row = rows[i];
        rows[kept] = row;
        kept += row[mark_word] != SB_JOIN_MATCHED;
    }
    return kept;
}

static enum sb_status rest_walk(struct join_rest *rest, const struct sb_join_group *group,
                                struct sb_op_ctx *ctx)
{
    const struct sb_hash_join *join = rest->join;
    uint64_t **rows = rest->chunk->rows;
    const struct sb_row_layout *layout;
    struct sb_join_walk apart = {0};
    struct sb_join_walk walk = {0};
    const uint8_t *base;
    int64_t count;

    while ((count = sb_join_walk_next(join, group, &walk, rows, &layout, &base)) > 0) {
        count = rows_unmatched(rows, count, layout->fields[join->mark_field].word);
        if (count > 0) {
            SB_TRY_RETURN(rest_append(rest, layout, count, base, ctx));
        }
    }
    while ((count = sb_join_walk_apart(join, group, &apart, rows, &layout, &base)) > 0) {
        SB_TRY_RETURN(rest_append(rest, layout, count, base, ctx));
    }
    return rest_emit(rest, ctx);
}

static void keys_of_fill(const struct sb_hash_join *join, int32_t *keys_of)
{
    for (int32_t c = 0; c < join->left_count; c++) {
        keys_of[c] = -1;
    }
    for (int32_t k = 0; k < join->key_count; k++) {
        keys_of[join->keys[SB_JOIN_PROBE_PORT].keys[k].column] = k;
    }
}

enum sb_status sb_join_emit_rest(struct sb_op *op, void *group, struct sb_op_ctx *ctx)
{
    struct sb_hash_join *join = sb_hash_join_from(op);
    struct join_rest rest = {.join = join};
    size_t writers_size = sizeof *rest.writers * (size_t)output_count(join);
    size_t keys_size = sizeof(int32_t) * (size_t)join->left_count;
    int32_t *keys_of = NULL;
    enum sb_status status;

    SB_TRY_OUT(sb_join_get_ready(join, ctx->error));
    SB_TRY_OUT(sb_row_chunk_create(op->memory, 1, &rest.chunk, ctx->error));
    keys_of = sb_memory_alloc(op->memory, keys_size);
    rest.writers = sb_memory_alloc_zeroed(op->memory, writers_size);
    if (keys_of == NULL || rest.writers == NULL) {
        status = sb_error_no_memory(ctx->error, "rows of a join", (int64_t)writers_size);
        goto out;
    }
    keys_of_fill(join, keys_of);
    rest.keys_of = keys_of;
    status = rest_walk(&rest, group, ctx);

out:
    if (rest.writers != NULL) {
        rest_close(&rest);
    }
    sb_memory_free(op->memory, rest.writers, writers_size);
    sb_memory_free(op->memory, keys_of, keys_size);
    sb_row_chunk_destroy(rest.chunk);
    return status;
}
