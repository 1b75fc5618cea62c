// SPDX-License-Identifier: Apache-2.0
/*
 * seen_keys.c - the keys that DISTINCT has seen, with -0.0 and NaN as one value.
 */
#include "exec/ops/seen_keys.h"

#include "exec/row_snapshot.h"

enum sb_status sb_seen_keys_init(struct sb_seen_keys *keys, struct sb_memory *memory,
                                 const struct sb_schema *schema, const int32_t *columns,
                                 int32_t count, struct sb_error *err)
{
    enum sb_row_kind *kinds;
    struct sb_field *fields;
    struct sb_row_layout_options options = {
        .field_count = count,
        .key_count = count,
        .has_hash = true,
        .has_nulls = true,
    };

    sb_arena_init(&keys->arena, memory);
    kinds = sb_arena_alloc(&keys->arena, sizeof *kinds * (size_t)count);
    fields = sb_arena_alloc(&keys->arena, sizeof *fields * (size_t)count);
    if (kinds == NULL || fields == NULL) {
        return sb_error_no_memory(err, "the plan of a distinct", 0);
    }
    for (int32_t k = 0; k < count; k++) {
        fields[k] = schema->fields[columns == NULL ? k : columns[k]];
        fields[k].is_nullable = true;
        kinds[k] = sb_row_kind(&fields[k].type);
    }
    options.kinds = kinds;
    SB_TRY_RETURN(sb_row_layout_init(&keys->layout, memory, &options, err));
    keys->initial_row = sb_arena_alloc_zeroed(&keys->arena, sizeof *keys->initial_row *
                                                                (size_t)keys->layout.row_words);
    if (keys->initial_row == NULL) {
        return sb_error_no_memory(err, "the plan of a distinct", 0);
    }
    return sb_schema_create(memory, fields, count, &keys->state_schema, err);
}

void sb_seen_keys_deinit(struct sb_seen_keys *keys)
{
    sb_row_layout_deinit(&keys->layout);
    sb_schema_release(keys->state_schema);
    sb_arena_deinit(&keys->arena);
}

enum sb_status sb_seen_keys_save(const struct sb_seen_keys *keys, const struct sb_row_table *seen,
                                 struct sb_row_chunk *chunk, struct sb_op_ctx *ctx)
{
    struct sb_row_saver saver = {0};
    enum sb_status status;

    SB_TRY_OUT(sb_row_saver_init(&saver, seen->store.memory, keys->state_schema,
                                 seen->store.row_count, ctx->error));
    SB_TRY_OUT(sb_row_saver_add_store(&saver, &keys->layout, &seen->store, chunk, ctx));
    SB_TRY_OUT(sb_row_saver_finish(&saver, ctx));

out:
    sb_row_saver_deinit(&saver);
    return status;
}

enum sb_status sb_seen_keys_restore(const struct sb_seen_keys *keys, struct sb_row_table *seen,
                                    const struct sb_batch *batch, struct sb_row_chunk *chunk,
                                    struct sb_error *err)
{
    for (int64_t first = 0; first < batch->row_count; first += SB_ROW_CHUNK) {
        int64_t count = batch->row_count - first;

        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        SB_TRY_RETURN(
            sb_row_snapshot_load(batch, first, count, keys->layout.key_count, chunk, err));
        SB_TRY_RETURN(
            sb_row_table_upsert(seen, chunk->vectors, chunk->hashes, count, chunk->rows, err));
    }
    return SB_OK;
}
