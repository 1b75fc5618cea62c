// SPDX-License-Identifier: Apache-2.0
/*
 * evaluate.c - runs a program over a batch, chunk by chunk, into one new column.
 *
 * The last kernel writes fixed-width values straight into the column. Booleans are packed to bits
 * and text is copied, both while the chunk is in cache.
 */
#include <inttypes.h>
#include <string.h>

#include "columnar/builder.h"
#include "expr/half.h"
#include "expr/program.h"

/* The column being written. */
struct output {
    const struct sb_type *type;
    struct sb_memory *memory;
    int64_t row_count;
    int64_t null_count;
    struct sb_buffer *values;   // offsets of text; not used for views
    struct sb_buffer *validity; // created at the first chunk with a null
    struct sb_buffer *bytes;    // of text
    int64_t bytes_size;
    bool is_large;             // offsets of 64 bits
    bool is_built;             // row by row: views, lists, structs, ...
    bool is_narrow;            // stored in fewer bytes than computed
    struct sb_builder builder; // views
};

static enum sb_status output_init(struct output *output, const struct sb_type *type,
                                  struct sb_memory *memory, int64_t row_count, struct sb_error *err)
{
    int64_t size = row_count * sb_type_bytes(type);

    *output = (struct output){
        .type = type,
        .memory = memory,
        .row_count = row_count,
        .is_large = type->id == SB_TYPE_LARGE_UTF8 || type->id == SB_TYPE_LARGE_BINARY,
        .is_built = sb_type_is_view(type->id) || sb_physical_of(type) == SB_PHYSICAL_ROW,
        .is_narrow = type->id == SB_TYPE_FLOAT16 || type->id == SB_TYPE_DECIMAL32 ||
                     type->id == SB_TYPE_DECIMAL64,
    };
    sb_builder_init(&output->builder, memory, type);
    if (output->is_built) {
        return sb_builder_reserve(&output->builder, row_count, 0, err);
    }
    if (type->id == SB_TYPE_BOOL) {
        size = sb_bitmap_size(row_count);
    } else if (sb_type_is_variable(type->id)) {
        size = (row_count + 1) * (output->is_large ? 8 : 4);
    }
    SB_TRY_RETURN(sb_buffer_create(memory, size, &output->values, err));
    if (sb_type_is_variable(type->id)) {
        memset(output->values->data, 0, 8); // the first offset
    }
    return SB_OK;
}

static void output_deinit(struct output *output)
{
    sb_buffer_release(output->values);
    sb_buffer_release(output->validity);
    sb_buffer_release(output->bytes);
    sb_builder_deinit(&output->builder);
}

static enum sb_status output_rows(struct output *output, const struct sb_vector *vector,
                                  int32_t count, struct sb_error *err)
{
    const bool is_view = sb_type_is_view(output->type->id);
    const struct sb_bytes *values = vector->values;
    const struct sb_row *rows = vector->values;

    for (int32_t i = 0; i < count; i++) {
        if (vector->valid != NULL && !vector->valid[i]) {
            SB_TRY_RETURN(sb_builder_append_null(&output->builder, err));
        } else if (!is_view) {
            SB_TRY_RETURN(
                sb_builder_append_row(&output->builder, rows[i].column, rows[i].row, err));
        } else {
            SB_TRY_RETURN(
                sb_builder_append_bytes(&output->builder, values[i].data, values[i].size, err));
        }
    }
    return SB_OK;
}

/* Room for `size` more bytes of text; `done` of the rows are written. */
static enum sb_status output_reserve_bytes(struct output *output, int64_t size, int64_t done,
                                           struct sb_error *err)
{
    const int64_t needed = output->bytes_size + size;
    struct sb_buffer *larger;
    int64_t capacity;

    if (needed > INT32_MAX && !output->is_large) {
        return sb_error_set(err, SB_UNSUPPORTED,
                            "an expression gives %" PRId64
                            " bytes of text in one batch, more than 32-bit offsets reach; cast it "
                            "to large_utf8 or large_binary",
                            needed);
    }
    if (output->bytes != NULL && needed <= output->bytes->size) {
        return SB_OK;
    }
    // as if the rest were like what has been seen
    capacity = needed * output->row_count / (done > 0 ? done : 1);
    if (capacity > 2 * needed) {
        capacity = 2 * needed;
    }
    SB_TRY_RETURN(
        sb_buffer_create(output->memory, capacity > needed ? capacity : needed, &larger, err));
    if (output->bytes != NULL) {
        memcpy(larger->data, output->bytes->data, (size_t)output->bytes_size);
        sb_buffer_release(output->bytes);
    }
    output->bytes = larger;
    return SB_OK;
}

static enum sb_status output_text(struct output *output, const struct sb_vector *vector,
                                  int64_t first, int32_t count, struct sb_error *err)
{
    const struct sb_bytes *values = vector->values;
    int64_t size = 0;
    uint8_t *to;

    for (int32_t i = 0; i < count; i++) {
        size += vector->valid == NULL || vector->valid[i] ? values[i].size : 0;
    }
    SB_TRY_RETURN(output_reserve_bytes(output, size, first + count, err));
    to = output->bytes->data + output->bytes_size;
    for (int32_t i = 0; i < count; i++) {
        if ((vector->valid == NULL || vector->valid[i]) && values[i].size > 0) {
            memcpy(to, values[i].data, (size_t)values[i].size);
            to += values[i].size;
        }
        if (output->is_large) {
            ((int64_t *)(void *)output->values->data)[first + i + 1] = to - output->bytes->data;
        } else {
            ((int32_t *)(void *)output->values->data)[first + i + 1] =
                (int32_t)(to - output->bytes->data);
        }
    }
    output->bytes_size += size;
    return SB_OK;
}

static enum sb_status output_validity(struct output *output, const uint8_t *valid, int64_t first,
                                      int32_t count, struct sb_error *err)
{
    int32_t valid_count = 0;

    if (valid == NULL && output->validity == NULL) {
        return SB_OK;
    }
    if (output->validity == NULL) {
        SB_TRY_RETURN(sb_buffer_create(output->memory, sb_bitmap_size(output->row_count),
                                       &output->validity, err));
        memset(output->validity->data, 0xff, (size_t)sb_bitmap_size(first));
    }
    if (valid == NULL) {
        memset(output->validity->data + first / 8, 0xff, (size_t)sb_bitmap_size(count));
        return SB_OK;
    }
    sb_bitmap_pack(output->validity->data + first / 8, valid, count);
    for (int32_t i = 0; i < count; i++) {
        valid_count += valid[i];
    }
    output->null_count += count - valid_count;
    return SB_OK;
}

/* Values that are computed wider than they are stored; casts have checked their range. */
static void output_narrow(const struct sb_type *type, const void *values, int32_t count, void *to)
{
    for (int32_t i = 0; i < count; i++) {
        if (type->id == SB_TYPE_FLOAT16) {
            ((uint16_t *)to)[i] = sb_half_of_float(((const float *)values)[i]);
        } else if (type->id == SB_TYPE_DECIMAL32) {
            ((int32_t *)to)[i] = (int32_t)((const sb_int128 *)values)[i];
        } else {
            ((int64_t *)to)[i] = (int64_t)((const sb_int128 *)values)[i];
        }
    }
}

static_assert(SB_EXPR_CHUNK % 8 == 0, "chunks begin at whole bytes of a bitmap");

static enum sb_status output_append(struct output *output, const struct sb_vector *vector,
                                    int64_t first, int32_t count, struct sb_error *err)
{
    if (output->is_built) {
        return output_rows(output, vector, count, err);
    }
    if (sb_type_is_variable(output->type->id)) {
        SB_TRY_RETURN(output_text(output, vector, first, count, err));
    } else if (output->type->id == SB_TYPE_BOOL) {
        sb_bitmap_pack(output->values->data + first / 8, vector->values, count);
    } else {
        const int32_t width = sb_type_bytes(output->type);
        uint8_t *to = output->values->data + first * width;
        if (output->is_narrow) {
            output_narrow(output->type, vector->values, count, to);
        } else if (to != vector->values) {
            memcpy(to, vector->values, (size_t)count * (size_t)width);
        }
    }
    return output_validity(output, vector->valid, first, count, err);
}

static enum sb_status output_finish(struct output *output, struct sb_column *out,
                                    struct sb_error *err)
{
    if (output->is_built) {
        return sb_builder_finish(&output->builder, out, err);
    }
    if (sb_type_is_variable(output->type->id) && output->bytes == NULL) { // no rows
        SB_TRY_RETURN(output_reserve_bytes(output, 0, 0, err));
    }
    *out = (struct sb_column){
        .type = output->type,
        .length = output->row_count,
        .null_count = output->null_count,
        .values = output->values->data,
        .owner = output->values,
    };
    if (output->bytes != NULL) {
        out->bytes = output->bytes->data;
        sb_buffer_keep(output->values, output->bytes);
        output->bytes = NULL;
    }
    if (output->null_count > 0) {
        out->validity = output->validity->data;
        sb_buffer_keep(output->values, output->validity);
        output->validity = NULL;
    }
    output->values = NULL;
    return SB_OK;
}

static enum sb_status evaluate_column(const struct sb_bound_expr *bound,
                                      const struct sb_batch *batch, struct sb_expr_scratch *scratch,
                                      struct sb_column *out, struct sb_error *err)
{
    const struct sb_column *column = &batch->columns[bound->root->column];

    if (batch->selection != NULL) {
        SB_TRY_RETURN(sb_column_gather(column, sb_batch_rows(batch), batch->row_count,
                                       scratch->memory, out, err));
    } else {
        sb_column_share(out, column);
        if (out->length != batch->row_count) {
            sb_column_slice(out, 0, batch->row_count);
        }
    }
    out->type = &bound->root->type;
    return SB_OK;
}

enum sb_status sb_expr_evaluate(const struct sb_bound_expr *bound, const struct sb_batch *batch,
                                struct sb_expr_scratch *scratch, struct sb_column *out,
                                struct sb_error *err)
{
    const struct sb_program *program = bound->program;
    const struct sb_type *type = &bound->root->type;
    const uint32_t *rows = sb_batch_rows(batch);
    const bool is_direct = program->registers[program->result].is_computed &&
                           type->id != SB_TYPE_BOOL && sb_physical_of(type) < SB_PHYSICAL_BYTES;
    struct output output = {0};
    enum sb_status status = SB_OK;

    *out = (struct sb_column){0};
    if (bound->is_column) {
        return evaluate_column(bound, batch, scratch, out, err);
    }
    SB_TRY_RETURN(sb_program_prepare(program, scratch, err));
    SB_TRY_OUT(output_init(&output, type, scratch->memory, batch->row_count, err));
    for (int64_t first = 0; first < batch->row_count; first += SB_EXPR_CHUNK) {
        const int64_t rest = batch->row_count - first;
        const struct sb_window window = {
            .batch = batch,
            .rows = rows == NULL ? NULL : rows + first,
            .first = first,
            .count = rest < SB_EXPR_CHUNK ? (int32_t)rest : SB_EXPR_CHUNK,
        };
        if (is_direct && !output.is_narrow) {
            scratch->registers[program->result].values =
                output.values->data + first * sb_type_width(type->id);
        }
        SB_TRY_OUT(sb_program_run(program, &window, NULL, scratch, err));
        SB_TRY_OUT(
            output_append(&output, &scratch->registers[program->result], first, window.count, err));
    }
    status = output_finish(&output, out, err);
out:
    output_deinit(&output);
    return status;
}
