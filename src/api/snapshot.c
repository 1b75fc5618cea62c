// SPDX-License-Identifier: Apache-2.0
/*
 * snapshot.c - snapshots leave and come back as Arrow streams.
 */
#include "exec/snapshot.h"

#include "columnar/arrow.h"
#include "connect/batch_stream.h"
#include "connect/splits.h"

const char *sb_snapshot_description(const struct sb_snapshot *snapshot)
{
    return snapshot->description;
}

int32_t sb_snapshot_part_count(const struct sb_snapshot *snapshot)
{
    return snapshot->part_count;
}

const char *sb_snapshot_part_name(const struct sb_snapshot *snapshot, int32_t index)
{
    return index >= 0 && index < snapshot->part_count ? snapshot->parts[index].name : NULL;
}

static const struct sb_batch *part_batch(const void *context, int64_t index)
{
    return &((const struct sb_state_part *)context)->batches[index];
}

enum sb_status sb_snapshot_part_stream(const struct sb_snapshot *snapshot, int32_t index,
                                       struct ArrowArrayStream *out, struct sb_error *err)
{
    const struct sb_state_part *part;

    if (index < 0 || index >= snapshot->part_count) {
        return sb_error_set(err, SB_INVALID, "the snapshot has %d parts, not part %d",
                            snapshot->part_count, index);
    }
    part = &snapshot->parts[index];
    return sb_batch_stream_export(snapshot->memory, part->schema, part->batch_count, part_batch,
                                  part, out, err);
}

enum sb_status sb_snapshot_create(const char *description, struct sb_snapshot **out,
                                  struct sb_error *err)
{
    enum sb_status status;

    SB_TRY_RETURN(sb_snapshot_alloc(sb_memory_global(), out, err));
    status = sb_snapshot_describe(*out, description, err);
    if (status != SB_OK) {
        sb_snapshot_destroy(*out);
        *out = NULL;
    }
    return status;
}

/* Reads every batch of the stream into the part. */
static enum sb_status part_fill(struct sb_snapshot *snapshot, struct sb_state_part *part,
                                struct sb_split *split, struct sb_error *err)
{
    enum sb_split_state state = SB_SPLIT_BATCH;

    while (true) {
        struct sb_batch batch;
        SB_TRY_RETURN(split->vtable->next(split, INT32_MAX, &batch, &state, err));
        if (state != SB_SPLIT_BATCH) {
            return SB_OK;
        }
        SB_TRY_RETURN(sb_state_part_add(part, snapshot->memory, &batch, err));
    }
}

enum sb_status sb_snapshot_add_part(struct sb_snapshot *snapshot, const char *name,
                                    struct ArrowArrayStream *stream, struct sb_error *err)
{
    const struct sb_stream_options whole = {.limit_rows = -1, .depth = SB_IMPORT_SAFE};
    struct ArrowSchema arrow_schema = {0};
    struct sb_schema *schema = NULL;
    struct sb_split *split = NULL;
    struct sb_state_part *part;
    enum sb_status status;

    if (stream->release == NULL || stream->get_schema(stream, &arrow_schema) != 0) {
        status = sb_error_set(err, SB_IO, "the state of '%s' cannot be read", name);
        goto out;
    }
    SB_TRY_OUT(sb_schema_import(snapshot->memory, &arrow_schema, &schema, err));
    SB_TRY_OUT(sb_stream_split_create(snapshot->memory, schema, stream, &whole, &split, err));
    SB_TRY_OUT(sb_snapshot_begin_part(snapshot, name, schema, &part, err));
    status = part_fill(snapshot, part, split, err);

out:
    if (split != NULL) {
        split->vtable->destroy(split);
    }
    if (stream->release != NULL) {
        stream->release(stream);
    }
    if (arrow_schema.release != NULL) {
        arrow_schema.release(&arrow_schema);
    }
    sb_schema_release(schema);
    return status;
}
