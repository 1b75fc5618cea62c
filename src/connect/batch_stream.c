// SPDX-License-Identifier: Apache-2.0
#include "connect/batch_stream.h"

#include "columnar/arrow.h"

struct batch_stream {
    struct sb_memory *memory; // retained
    int64_t batch_count;
    int64_t next_index;
    struct sb_batch batches[];
};

static size_t batch_stream_size(int64_t batch_count)
{
    return sizeof(struct batch_stream) + sizeof(struct sb_batch) * (size_t)batch_count;
}

static void batch_stream_destroy(void *context)
{
    struct batch_stream *stream = context;
    struct sb_memory *memory = stream->memory;

    for (int64_t i = 0; i < stream->batch_count; i++) {
        sb_batch_deinit(&stream->batches[i]);
    }
    sb_memory_free(memory, stream, batch_stream_size(stream->batch_count));
    sb_memory_release(memory);
}

static enum sb_status batch_stream_next(void *context, struct sb_batch *out, struct sb_error *err)
{
    struct batch_stream *stream = context;

    (void)err;
    *out = (struct sb_batch){0};
    if (stream->next_index < stream->batch_count) {
        sb_batch_move(out, &stream->batches[stream->next_index++]);
    }
    return SB_OK;
}

enum sb_status sb_batch_stream_export(
    struct sb_memory *memory, struct sb_schema *schema, int64_t batch_count,
    const struct sb_batch *(*batch_at)(const void *context, int64_t index), const void *context,
    struct ArrowArrayStream *out, struct sb_error *err)
{
    struct batch_stream *stream = sb_memory_alloc_zeroed(memory, batch_stream_size(batch_count));
    struct sb_batch_source source = {
        .next = batch_stream_next,
        .destroy = batch_stream_destroy,
        .context = stream,
    };

    if (stream == NULL) {
        return sb_error_no_memory(err, "a stream", (int64_t)batch_stream_size(batch_count));
    }
    stream->memory = sb_memory_retain(memory);
    stream->batch_count = batch_count;
    for (int64_t i = 0; i < batch_count; i++) {
        enum sb_status status = sb_batch_share(&stream->batches[i], batch_at(context, i), err);
        if (status != SB_OK) {
            batch_stream_destroy(stream);
            return status;
        }
    }
    source.schema = sb_schema_retain(schema);
    return sb_stream_export(&source, out, err);
}
