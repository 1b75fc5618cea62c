// SPDX-License-Identifier: Apache-2.0
/*
 * arrow_stream.c - a source of batches as an ArrowArrayStream.
 */
#include "columnar/arrow.h"

#include <errno.h>

struct exported_stream {
    struct sb_batch_source source;
    struct sb_memory *memory; // retained
    struct sb_error error;    // of the last call
};

static int errno_of(enum sb_status status)
{
    switch (status) {
    case SB_OK:
        return 0;
    case SB_INVALID:
        return EINVAL;
    case SB_NO_MEMORY:
        return ENOMEM;
    case SB_UNSUPPORTED:
        return ENOTSUP;
    case SB_CANCELED:
        return ECANCELED;
    case SB_BUSY:
        return EBUSY;
    case SB_IO:
    case SB_CORRUPT:
    case SB_FAILED:
        break;
    }
    return EIO;
}

static struct exported_stream *stream_from(struct ArrowArrayStream *stream)
{
    struct exported_stream *exported = stream->private_data;

    exported->error.status = SB_OK;
    exported->error.message[0] = '\0';
    return exported;
}

static int stream_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct exported_stream *exported = stream_from(stream);

    return errno_of(sb_schema_export(exported->source.schema, out, &exported->error));
}

static int stream_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct exported_stream *exported = stream_from(stream);
    struct sb_batch batch = {0};
    enum sb_status status;

    *out = (struct ArrowArray){0};
    status = exported->source.next(exported->source.context, &batch, &exported->error);
    if (status != SB_OK) {
        sb_batch_deinit(&batch);
        return errno_of(status);
    }
    if (batch.schema == NULL) { // the end: `out` is released
        return 0;
    }
    return errno_of(sb_batch_export(&batch, out, &exported->error));
}

static const char *stream_get_last_error(struct ArrowArrayStream *stream)
{
    struct exported_stream *exported = stream->private_data;

    return exported->error.message[0] == '\0' ? NULL : exported->error.message;
}

static void source_deinit(struct sb_batch_source *source)
{
    if (source->destroy != NULL) {
        source->destroy(source->context);
    }
    sb_schema_release(source->schema);
    *source = (struct sb_batch_source){0};
}

static void stream_release(struct ArrowArrayStream *stream)
{
    struct exported_stream *exported = stream->private_data;
    struct sb_memory *memory = exported->memory;

    stream->release = NULL;
    source_deinit(&exported->source);
    sb_memory_free(memory, exported, sizeof *exported);
    sb_memory_release(memory);
}

enum sb_status sb_stream_export(struct sb_batch_source *source, struct ArrowArrayStream *out,
                                struct sb_error *err)
{
    struct sb_memory *memory = source->schema->arena.memory;
    struct exported_stream *exported;

    *out = (struct ArrowArrayStream){0};
    exported = sb_memory_alloc_zeroed(memory, sizeof *exported);
    if (exported == NULL) {
        source_deinit(source);
        return sb_error_no_memory(err, "exported stream", sizeof *exported);
    }
    exported->memory = sb_memory_retain(memory);
    exported->source = *source;
    *source = (struct sb_batch_source){0};
    *out = (struct ArrowArrayStream){
        .get_schema = stream_get_schema,
        .get_next = stream_get_next,
        .get_last_error = stream_get_last_error,
        .release = stream_release,
        .private_data = exported,
    };
    return SB_OK;
}
