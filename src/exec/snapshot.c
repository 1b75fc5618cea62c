// SPDX-License-Identifier: Apache-2.0
#include "exec/snapshot.h"

#include <string.h>

static char *text_copy(struct sb_memory *memory, const char *text)
{
    char *copy = sb_memory_alloc(memory, strlen(text) + 1);

    if (copy != NULL) {
        memcpy(copy, text, strlen(text) + 1);
    }
    return copy;
}

static void text_free(struct sb_memory *memory, char *text)
{
    if (text != NULL) {
        sb_memory_free(memory, text, strlen(text) + 1);
    }
}

enum sb_status sb_snapshot_alloc(struct sb_memory *memory, struct sb_snapshot **out,
                                 struct sb_error *err)
{
    struct sb_snapshot *snapshot = sb_memory_alloc_zeroed(memory, sizeof *snapshot);

    *out = NULL;
    if (snapshot == NULL) {
        return sb_error_no_memory(err, "a snapshot", (int64_t)sizeof *snapshot);
    }
    snapshot->memory = sb_memory_retain(memory);
    *out = snapshot;
    return SB_OK;
}

void sb_snapshot_destroy(struct sb_snapshot *snapshot)
{
    struct sb_memory *memory;

    if (snapshot == NULL) {
        return;
    }
    memory = snapshot->memory;
    for (int32_t i = 0; i < snapshot->part_count; i++) {
        struct sb_state_part *part = &snapshot->parts[i];
        for (int64_t b = 0; b < part->batch_count; b++) {
            sb_batch_deinit(&part->batches[b]);
        }
        sb_memory_free(memory, part->batches, sizeof *part->batches * (size_t)part->batch_count);
        sb_schema_release(part->schema);
        text_free(memory, part->name);
    }
    sb_memory_free(memory, snapshot->parts, sizeof *snapshot->parts * (size_t)snapshot->part_count);
    text_free(memory, snapshot->description);
    sb_memory_free(memory, snapshot, sizeof *snapshot);
    sb_memory_release(memory);
}

enum sb_status sb_snapshot_describe(struct sb_snapshot *snapshot, const char *text,
                                    struct sb_error *err)
{
    text_free(snapshot->memory, snapshot->description);
    snapshot->description = text_copy(snapshot->memory, text);
    return snapshot->description != NULL
               ? SB_OK
               : sb_error_no_memory(err, "a snapshot", (int64_t)strlen(text));
}

enum sb_status sb_snapshot_begin_part(struct sb_snapshot *snapshot, const char *name,
                                      struct sb_schema *schema, struct sb_state_part **out,
                                      struct sb_error *err)
{
    size_t size = sizeof *snapshot->parts;
    char *copy = text_copy(snapshot->memory, name);
    struct sb_state_part *grown =
        copy == NULL ? NULL
                     : sb_memory_realloc(snapshot->memory, snapshot->parts,
                                         size * (size_t)snapshot->part_count,
                                         size * (size_t)(snapshot->part_count + 1));

    if (grown == NULL) {
        text_free(snapshot->memory, copy);
        return sb_error_no_memory(err, "a snapshot", (int64_t)size);
    }
    snapshot->parts = grown;
    *out = &grown[snapshot->part_count++];
    **out = (struct sb_state_part){.name = copy, .schema = sb_schema_retain(schema)};
    return SB_OK;
}

enum sb_status sb_state_part_add(struct sb_state_part *part, struct sb_memory *memory,
                                 struct sb_batch *batch, struct sb_error *err)
{
    size_t size = sizeof *part->batches;
    struct sb_batch *grown =
        sb_memory_realloc(memory, part->batches, size * (size_t)part->batch_count,
                          size * (size_t)(part->batch_count + 1));

    if (grown == NULL) {
        sb_batch_deinit(batch);
        return sb_error_no_memory(err, "a snapshot", (int64_t)size * (part->batch_count + 1));
    }
    part->batches = grown;
    sb_batch_move(&part->batches[part->batch_count++], batch);
    return SB_OK;
}

const struct sb_state_part *sb_snapshot_find(const struct sb_snapshot *snapshot, const char *name)
{
    for (int32_t i = 0; i < snapshot->part_count; i++) {
        if (strcmp(snapshot->parts[i].name, name) == 0) {
            return &snapshot->parts[i];
        }
    }
    return NULL;
}

enum sb_status sb_state_part_schema(struct sb_memory *memory, const struct sb_schema *state_schema,
                                    struct sb_schema **out, struct sb_error *err)
{
    size_t size = sizeof(struct sb_field) * (size_t)(state_schema->field_count + 1);
    struct sb_field *fields = sb_memory_alloc_zeroed(memory, size);
    enum sb_status status;

    if (fields == NULL) {
        return sb_error_no_memory(err, "a snapshot", (int64_t)size);
    }
    fields[0] = (struct sb_field){.name = "key_group", .type = {.id = SB_TYPE_INT32}};
    memcpy(fields + 1, state_schema->fields, sizeof *fields * (size_t)state_schema->field_count);
    status = sb_schema_create(memory, fields, state_schema->field_count + 1, out, err);
    sb_memory_free(memory, fields, size);
    return status;
}
