// SPDX-License-Identifier: Apache-2.0
/*
 * generator_split.c - seeded rows made in C.
 *
 * The value of row r in column c is a pure function of (seed, c, r): the same rows come out for
 * every batch size, split count and worker count, and skipping is free.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "columnar/builder.h"
#include "connect/splits.h"

struct generator_split {
    struct sb_split base;
    const struct sb_source_spec *spec;
    int64_t next_row;
    int64_t end_row;
};

static uint64_t generator_random(const struct sb_source_spec *spec, int32_t column, int64_t row)
{
    return sb_hash_combine(sb_hash64(spec->generator_seed + (uint64_t)column * 0x10001u),
                           sb_hash64((uint64_t)row));
}

/* Uniform in [low, high]. */
static int64_t generator_uniform(uint64_t random, int64_t low, int64_t high)
{
    uint64_t range = (uint64_t)high - (uint64_t)low + 1;

    if (range == 0) {
        return (int64_t)random;
    }
    return (int64_t)((uint64_t)low + (uint64_t)(((sb_uint128)random * range) >> 64));
}

static void generator_fill(const struct sb_source_spec *spec, int32_t index, int64_t first,
                           int64_t count, void *values)
{
    const struct sb_generator_column *column = &spec->generator_columns[index];

    switch (column->kind) {
    case SB_GENERATOR_SEQUENCE:
    case SB_GENERATOR_TIMESTAMP:
        for (int64_t i = 0; i < count; i++) {
            ((int64_t *)values)[i] = column->start + (first + i) * column->step;
        }
        break;
    case SB_GENERATOR_UNIFORM_INT:
        for (int64_t i = 0; i < count; i++) {
            ((int64_t *)values)[i] = generator_uniform(
                generator_random(spec, column->number, first + i), column->start, column->high);
        }
        break;
    case SB_GENERATOR_UNIFORM_FLOAT:
        for (int64_t i = 0; i < count; i++) {
            double unit =
                (double)(generator_random(spec, column->number, first + i) >> 11) * 0x1.0p-53;
            ((double *)values)[i] =
                column->low_float + unit * (column->high_float - column->low_float);
        }
        break;
    case SB_GENERATOR_STRING:
        break; // not of fixed width
    }
}

static enum sb_status generator_fixed(struct generator_split *self, int32_t index, int64_t count,
                                      struct sb_column *out, struct sb_error *err)
{
    struct sb_buffer *buffer;

    SB_TRY_RETURN(sb_buffer_create(self->base.memory, count * 8, &buffer, err));
    generator_fill(self->spec, index, self->next_row, count, buffer->data);
    *out = (struct sb_column){
        .length = count,
        .values = buffer->data,
        .owner = buffer,
    };
    return SB_OK;
}

static enum sb_status generator_text(struct generator_split *self, int32_t index, int64_t count,
                                     struct sb_column *out, struct sb_error *err)
{
    const struct sb_generator_column *column = &self->spec->generator_columns[index];
    struct sb_builder builder;
    enum sb_status status = SB_OK;
    char text[256];

    sb_builder_init(&builder, self->base.memory, &self->base.schema->fields[index].type);
    for (int64_t i = 0; i < count && status == SB_OK; i++) {
        uint64_t random = generator_random(self->spec, column->number, self->next_row + i);
        int size = snprintf(text, sizeof text, "%.200s%" PRId64, column->prefix,
                            generator_uniform(random, column->start, column->high));
        status = sb_builder_append_bytes(&builder, text, size, err);
    }
    if (status == SB_OK) {
        status = sb_builder_finish(&builder, out, err);
    }
    sb_builder_deinit(&builder);
    return status;
}

static enum sb_status generator_split_next(struct sb_split *split, int64_t row_count_max,
                                           struct sb_batch *out, enum sb_split_state *state,
                                           struct sb_error *err)
{
    struct generator_split *self = (struct generator_split *)split;
    int64_t left = self->end_row - self->next_row;
    int64_t count = left < row_count_max ? left : row_count_max;
    enum sb_status status;

    *state = SB_SPLIT_END;
    if (left == 0) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_batch_init(out, split->memory, split->schema, count, err));
    for (int32_t i = 0; i < self->spec->generator_column_count; i++) {
        struct sb_column column = {0};
        if (self->spec->generator_columns[i].kind == SB_GENERATOR_STRING) {
            SB_TRY_OUT(generator_text(self, i, count, &column, err));
        } else {
            SB_TRY_OUT(generator_fixed(self, i, count, &column, err));
        }
        sb_batch_adopt_column(out, i, &column);
    }
    self->next_row += count;
    *state = SB_SPLIT_BATCH;
    return SB_OK;

out:
    sb_batch_deinit(out);
    return status;
}

static enum sb_status generator_split_skip(struct sb_split *split, int64_t row_count,
                                           struct sb_error *err)
{
    struct generator_split *self = (struct generator_split *)split;

    if (row_count > self->end_row - self->next_row) {
        return sb_error_set(err, SB_CORRUPT,
                            "the snapshot is %" PRId64 " rows into a generator of %" PRId64,
                            row_count, self->end_row - self->next_row);
    }
    self->next_row += row_count;
    return SB_OK;
}

static void generator_split_destroy(struct sb_split *split)
{
    struct sb_memory *memory = split->memory;

    sb_schema_release(split->schema);
    sb_memory_free(memory, split, sizeof(struct generator_split));
}

static const struct sb_split_vtable generator_split_vtable = {
    .name = "generator",
    .next = generator_split_next,
    .skip = generator_split_skip,
    .destroy = generator_split_destroy,
};

enum sb_status sb_generator_split_create(struct sb_memory *memory, const struct sb_node *node,
                                         int32_t index, struct sb_split **out, struct sb_error *err)
{
    const struct sb_source_spec *spec = &node->spec.source;
    struct generator_split *self = sb_memory_alloc_zeroed(memory, sizeof *self);
    int64_t share = spec->generator_rows / spec->generator_splits;
    int64_t extra = spec->generator_rows % spec->generator_splits;

    *out = NULL;
    if (self == NULL) {
        return sb_error_no_memory(err, "a split", (int64_t)sizeof *self);
    }
    self->base.vtable = &generator_split_vtable;
    self->base.memory = memory;
    self->base.schema = sb_schema_retain(node->delivered);
    self->spec = spec;
    self->next_row = share * index + (index < extra ? index : extra);
    self->end_row = self->next_row + share + (index < extra ? 1 : 0);
    *out = &self->base;
    return SB_OK;
}
