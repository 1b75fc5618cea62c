// SPDX-License-Identifier: Apache-2.0
/*
 * stream_join_output.c - output rows of a group's hook, gathered a column at a time.
 *
 * Rows wait as pointers until there is a chunk of them; they are all of one shape: pairs, left rows
 * alone or right rows alone. Each worker has one output, so that hooks find their scratch ready.
 */
#include "exec/ops/stream_join_internal.h"

enum { ROWS_MAX = 8 * SB_ROW_CHUNK };

struct sb_stream_output {
    struct sb_stream_join *join;
    struct sb_row_scratch scratch;
    const uint64_t *pending[2][SB_ROW_CHUNK]; // by side
    int64_t pending_count;
    bool has[2];                       // sides of the pending rows
    const uint8_t *base;               // of their long texts
    int64_t capacity;                  // of the writers; 0 = they are closed
    int64_t row_count;                 // in the writers
    struct sb_column_writer writers[]; // [output columns]
};

static int32_t column_count(const struct sb_stream_join *join)
{
    return join->op.node->schema->field_count;
}

static size_t output_size(const struct sb_stream_join *join)
{
    return sizeof(struct sb_stream_output) +
           sizeof(struct sb_column_writer) * (size_t)column_count(join);
}

enum sb_status sb_stream_output_get(struct sb_stream_join *join, struct sb_op_ctx *ctx,
                                    struct sb_stream_output **out)
{
    struct sb_stream_output **place = &join->outputs[ctx->worker_index];

    if (*place == NULL) {
        *place = sb_memory_alloc(join->op.memory, output_size(join));
        if (*place == NULL) {
            return sb_error_no_memory(ctx->error, "rows of a join", (int64_t)output_size(join));
        }
        (*place)->join = join;
        (*place)->has[SB_LEFT] = false;
        (*place)->has[SB_RIGHT] = false;
        (*place)->base = NULL;
        (*place)->scratch.heap = (struct sb_row_heap){.memory = join->op.memory};
        (*place)->pending_count = 0;
        (*place)->capacity = 0;
        (*place)->row_count = 0;
        memset((*place)->writers, 0, sizeof *(*place)->writers * (size_t)column_count(join));
    }
    *out = *place;
    return SB_OK;
}

static void writers_close(struct sb_stream_output *output)
{
    for (int32_t c = 0; c < column_count(output->join); c++) {
        sb_column_writer_deinit(&output->writers[c]);
    }
    output->capacity = 0;
    output->row_count = 0;
}

void sb_stream_output_reset(struct sb_stream_output *output)
{
    writers_close(output);
    output->pending_count = 0;
}

void sb_stream_output_destroy(struct sb_stream_join *join, struct sb_stream_output *output)
{
    if (output != NULL) {
        writers_close(output);
        sb_row_heap_deinit(&output->scratch.heap);
        sb_memory_free(join->op.memory, output, output_size(join));
    }
}

static enum sb_status writers_open(struct sb_stream_output *output, int64_t capacity,
                                   struct sb_error *err)
{
    const struct sb_schema *schema = output->join->op.node->schema;

    output->capacity = capacity;
    for (int32_t c = 0; c < schema->field_count; c++) {
        SB_TRY_RETURN(sb_column_writer_init(&output->writers[c], output->join->op.memory,
                                            &schema->fields[c].type, capacity, err));
    }
    return SB_OK;
}

/* The values of an output column in the pending rows. */
static enum sb_status column_load(struct sb_stream_output *output, int32_t c,
                                  struct sb_row_vector *vector, struct sb_error *err)
{
    const struct sb_stream_column *column = &output->join->columns[c];
    struct sb_row_scratch *scratch = &output->scratch;
    int32_t side = output->has[SB_LEFT] && column->fields[SB_LEFT] >= 0 ? SB_LEFT : SB_RIGHT;
    const struct sb_row_layout *layout = &output->join->sides[side].layout;

    if (!output->has[side] || column->fields[side] < 0) {
        const struct sb_type *type = &output->join->op.node->schema->fields[c].type;
        memset(scratch->words, 0, sizeof scratch->words);
        memset(scratch->nulls, 1, sizeof scratch->nulls);
        *vector = (struct sb_row_vector){sb_row_kind(type), scratch->words, scratch->nulls};
        return SB_OK;
    }
    sb_row_heap_reset(&scratch->heap);
    sb_row_field_load(&layout->fields[column->fields[side]],
                      (uint64_t *const *)(void *)output->pending[side], output->pending_count,
                      output->base, scratch, vector);
    return sb_key_cast_apply(&column->casts[side], output->pending_count, scratch, vector, err);
}

/* `is_last`: no more rows come before the next emit. */
static enum sb_status output_settle(struct sb_stream_output *output, bool is_last,
                                    struct sb_op_ctx *ctx)
{
    int64_t count = output->pending_count;

    if (count == 0) {
        return SB_OK;
    }
    if (output->capacity == 0) {
        SB_TRY_RETURN(writers_open(output, is_last ? count : ROWS_MAX, ctx->error));
    }
    for (int32_t c = 0; c < column_count(output->join); c++) {
        struct sb_row_vector vector;
        SB_TRY_RETURN(column_load(output, c, &vector, ctx->error));
        SB_TRY_RETURN(sb_column_writer_append(&output->writers[c], &vector, count, ctx->error));
    }
    output->pending_count = 0;
    output->row_count += count;
    return SB_OK;
}

static enum sb_status writers_emit(struct sb_stream_output *output, struct sb_op_ctx *ctx)
{
    struct sb_schema *schema = output->join->op.node->schema;
    struct sb_batch out = {0};
    enum sb_status status;

    if (output->row_count == 0) {
        return SB_OK;
    }
    SB_TRY_RETURN(
        sb_batch_init(&out, output->join->op.memory, schema, output->row_count, ctx->error));
    for (int32_t c = 0; c < schema->field_count; c++) {
        SB_TRY_OUT(sb_column_writer_finish(&output->writers[c], output->row_count, &out.columns[c],
                                           ctx->error));
    }
    writers_close(output);
    return sb_op_emit(ctx, &out);

out:
    sb_batch_deinit(&out);
    return status;
}

enum sb_status sb_stream_output_settle(struct sb_stream_output *output, struct sb_op_ctx *ctx)
{
    SB_TRY_RETURN(output_settle(output, false, ctx));
    return output->row_count + SB_ROW_CHUNK > ROWS_MAX ? writers_emit(output, ctx) : SB_OK;
}

enum sb_status sb_stream_output_emit(struct sb_stream_output *output, struct sb_op_ctx *ctx)
{
    if (output->capacity > 0 && output->row_count + output->pending_count > output->capacity) {
        SB_TRY_RETURN(writers_emit(output, ctx));
    }
    SB_TRY_RETURN(output_settle(output, true, ctx));
    return writers_emit(output, ctx);
}

enum sb_status sb_stream_output_add(struct sb_stream_output *output, const uint64_t *left,
                                    const uint64_t *right, const uint8_t *base,
                                    struct sb_op_ctx *ctx)
{
    bool is_other = output->has[SB_LEFT] != (left != NULL) ||
                    output->has[SB_RIGHT] != (right != NULL) || output->base != base;

    if (output->pending_count == SB_ROW_CHUNK || (output->pending_count > 0 && is_other)) {
        SB_TRY_RETURN(sb_stream_output_settle(output, ctx));
    }
    output->has[SB_LEFT] = left != NULL;
    output->has[SB_RIGHT] = right != NULL;
    output->base = base;
    output->pending[SB_LEFT][output->pending_count] = left;
    output->pending[SB_RIGHT][output->pending_count] = right;
    output->pending_count++;
    return SB_OK;
}
