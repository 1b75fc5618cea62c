// SPDX-License-Identifier: Apache-2.0
/*
 * stream_split.c - rows of an Arrow C stream.
 *
 * The stream is pulled by one engine thread at a time, with no engine lock held. Batches are cut
 * into morsels by slicing; nothing is copied.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "columnar/arrow.h"
#include "connect/splits.h"

struct stream_split {
    struct sb_split base;
    struct ArrowArrayStream stream;
    struct sb_schema *stream_schema;
    int32_t *places; // by source column: the stream's column, or -1
    struct sb_batch current;
    int64_t rows_to_skip;
    int64_t rows_left; // -1 = no limit
    enum sb_import_depth depth;
    bool is_ended;
};

static void stream_split_destroy(struct sb_split *split)
{
    struct stream_split *self = (struct stream_split *)split;
    struct sb_memory *memory = split->memory;

    sb_batch_deinit(&self->current);
    if (self->stream.release != NULL) {
        self->stream.release(&self->stream);
    }
    sb_memory_free(memory, self->places,
                   sizeof *self->places * (size_t)(split->schema->field_count + 1));
    sb_schema_release(self->stream_schema);
    sb_schema_release(split->schema);
    sb_memory_free(memory, self, sizeof *self);
}

static enum sb_status stream_error(struct stream_split *self, int code, const char *what,
                                   struct sb_error *err)
{
    const char *text =
        self->stream.get_last_error != NULL ? self->stream.get_last_error(&self->stream) : NULL;
    enum sb_status status = code == ENOMEM ? SB_NO_MEMORY : code == EINVAL ? SB_CORRUPT : SB_IO;

    return sb_error_set(err, status, "%s the Arrow stream failed: %s", what,
                        text != NULL && text[0] != '\0' ? text : strerror(code));
}

static enum sb_status stream_open(struct stream_split *self, struct sb_error *err)
{
    struct ArrowSchema schema = {0};
    enum sb_status status;
    int code = self->stream.get_schema(&self->stream, &schema);

    if (code != 0) {
        return stream_error(self, code, "reading the schema of", err);
    }
    status = sb_schema_import(self->base.memory, &schema, &self->stream_schema, err);
    schema.release(&schema);
    return status;
}

/* Finds each column of the source in the stream. */
static enum sb_status stream_match(struct stream_split *self, struct sb_error *err)
{
    const struct sb_schema *wanted = self->base.schema;

    for (int32_t i = 0; i < wanted->field_count; i++) {
        const struct sb_field *field = &wanted->fields[i];
        int32_t place = i < self->stream_schema->field_count &&
                                strcmp(self->stream_schema->fields[i].name, field->name) == 0
                            ? i
                            : sb_schema_index(self->stream_schema, field->name);

        self->places[i] = place;
        if (place >= 0 && !sb_type_equal(&self->stream_schema->fields[place].type, &field->type)) {
            char found[SB_TYPE_NAME_SIZE];
            char expected[SB_TYPE_NAME_SIZE];
            return sb_error_set(
                err, SB_INVALID, "column '%s' is %s in this stream, but the source declares %s",
                field->name,
                sb_type_name(&self->stream_schema->fields[place].type, found, sizeof found),
                sb_type_name(&field->type, expected, sizeof expected));
        }
    }
    return SB_OK;
}

/* Reads one batch of the stream into `current`, in the source's columns; empty at the end. */
static enum sb_status stream_pull(struct stream_split *self, struct sb_error *err)
{
    struct ArrowArray array = {0};
    struct sb_batch raw = {0};
    enum sb_status status = SB_OK;
    int code = self->stream.get_next(&self->stream, &array);

    if (code != 0) {
        return stream_error(self, code, "reading", err);
    }
    if (array.release == NULL) {
        self->is_ended = true;
        return SB_OK;
    }
    SB_TRY_RETURN(sb_batch_import_checked(self->base.memory, self->stream_schema, &array,
                                          self->depth, &raw, err));
    SB_TRY_OUT(
        sb_batch_init(&self->current, self->base.memory, self->base.schema, raw.row_count, err));
    for (int32_t i = 0; i < self->base.schema->field_count; i++) {
        struct sb_column column = {0};
        if (self->places[i] >= 0) {
            sb_column_share(&column, &raw.columns[self->places[i]]);
        } else {
            SB_TRY_OUT(sb_column_nulls(&self->base.schema->fields[i].type, raw.row_count,
                                       self->base.memory, &column, err));
        }
        sb_batch_adopt_column(&self->current, i, &column);
    }

out:
    sb_batch_deinit(&raw);
    if (status != SB_OK) {
        sb_batch_deinit(&self->current);
    }
    return status;
}

static void stream_skip_current(struct stream_split *self)
{
    int64_t skipped =
        self->rows_to_skip < self->current.row_count ? self->rows_to_skip : self->current.row_count;

    sb_batch_slice(&self->current, skipped, self->current.row_count - skipped);
    self->rows_to_skip -= skipped;
}

static enum sb_status stream_split_next(struct sb_split *split, int64_t row_count_max,
                                        struct sb_batch *out, enum sb_split_state *state,
                                        struct sb_error *err)
{
    struct stream_split *self = (struct stream_split *)split;
    int64_t count;

    *state = SB_SPLIT_END;
    while (self->current.row_count == 0 && !self->is_ended && self->rows_left != 0) {
        sb_batch_deinit(&self->current);
        SB_TRY_RETURN(stream_pull(self, err));
        if (self->rows_to_skip > 0) {
            stream_skip_current(self);
        }
    }
    if (self->current.row_count == 0 || self->rows_left == 0) {
        return SB_OK;
    }
    count = self->current.row_count < row_count_max ? self->current.row_count : row_count_max;
    count = self->rows_left >= 0 && self->rows_left < count ? self->rows_left : count;
    if (count == self->current.row_count) {
        sb_batch_move(out, &self->current);
    } else {
        SB_TRY_RETURN(sb_batch_share(out, &self->current, err));
        sb_batch_slice(out, 0, count);
        sb_batch_slice(&self->current, count, self->current.row_count - count);
    }
    self->rows_left -= self->rows_left >= 0 ? count : 0;
    *state = SB_SPLIT_BATCH;
    return SB_OK;
}

static enum sb_status stream_split_skip(struct sb_split *split, int64_t row_count,
                                        struct sb_error *err)
{
    struct stream_split *self = (struct stream_split *)split;

    if (self->rows_left >= 0 && row_count > self->rows_left) {
        return sb_error_set(err, SB_CORRUPT,
                            "the snapshot is %" PRId64 " rows into a split of at most %" PRId64,
                            row_count, self->rows_left);
    }
    self->rows_to_skip += row_count;
    self->rows_left -= self->rows_left >= 0 ? row_count : 0;
    return SB_OK;
}

static const struct sb_split_vtable stream_split_vtable = {
    .name = "stream",
    .next = stream_split_next,
    .skip = stream_split_skip,
    .destroy = stream_split_destroy,
};

enum sb_status sb_stream_split_create(struct sb_memory *memory, struct sb_schema *schema,
                                      struct ArrowArrayStream *stream,
                                      const struct sb_stream_options *options,
                                      struct sb_split **out, struct sb_error *err)
{
    struct stream_split *self;
    enum sb_status status;

    *out = NULL;
    if (stream->release == NULL) {
        return sb_error_set(err, SB_INVALID,
                            "the Arrow stream was released already: a stream can be read once");
    }
    self = sb_memory_alloc_zeroed(memory, sizeof *self);
    if (self == NULL) {
        stream->release(stream);
        return sb_error_no_memory(err, "a split", (int64_t)sizeof *self);
    }
    self->base.vtable = &stream_split_vtable;
    self->base.memory = memory;
    self->base.schema = sb_schema_retain(schema);
    self->stream = *stream;
    stream->release = NULL;
    self->rows_to_skip = options->skip_rows;
    self->rows_left = options->limit_rows;
    self->depth = options->depth;
    self->places =
        sb_memory_alloc_zeroed(memory, sizeof *self->places * (size_t)(schema->field_count + 1));
    if (self->places == NULL) {
        status = sb_error_no_memory(err, "a split", schema->field_count);
        goto out;
    }
    if (options->skip_rows < 0 || options->limit_rows < -1) {
        status =
            sb_error_set(err, SB_INVALID, "skip_rows must be 0 or more and limit_rows -1 or more");
        goto out;
    }
    SB_TRY_OUT(stream_open(self, err));
    SB_TRY_OUT(stream_match(self, err));
    *out = &self->base;
    return SB_OK;

out:
    stream_split_destroy(&self->base);
    return status;
}
