// SPDX-License-Identifier: Apache-2.0
#include "columnar/schema.h"

#include <stdio.h>
#include <string.h>

static enum sb_status field_copy(struct sb_arena *arena, struct sb_field *to,
                                 const struct sb_field *from, struct sb_error *err)
{
    *to = *from;
    to->name = sb_arena_copy_string(arena, from->name);
    if (to->name == NULL) {
        return sb_error_no_memory(err, "schema", (int64_t)strlen(from->name) + 1);
    }
    if (!sb_type_copy(arena, &to->type, &from->type)) {
        return sb_error_no_memory(err, "schema", (int64_t)sizeof *from);
    }
    return SB_OK;
}

enum sb_status sb_schema_create(struct sb_memory *memory, const struct sb_field *fields,
                                int32_t field_count, struct sb_schema **out, struct sb_error *err)
{
    enum sb_status status = SB_OK;
    size_t fields_size = (size_t)field_count * sizeof *fields;
    struct sb_schema *schema;

    sb_assert(field_count >= 0);
    *out = NULL;
    schema = sb_memory_alloc_zeroed(memory, sizeof *schema);
    if (schema == NULL) {
        return sb_error_no_memory(err, "schema", sizeof *schema);
    }
    atomic_init(&schema->reference_count, 1);
    sb_arena_init(&schema->arena, memory);
    schema->field_count = field_count;
    schema->fields = sb_arena_alloc(&schema->arena, fields_size);
    if (schema->fields == NULL) {
        status = sb_error_no_memory(err, "schema", (int64_t)fields_size);
        goto out;
    }
    for (int32_t i = 0; i < field_count; i++) {
        SB_TRY_OUT(field_copy(&schema->arena, &schema->fields[i], &fields[i], err));
    }
    *out = schema;
    schema = NULL;
out:
    sb_schema_release(schema);
    return status;
}

struct sb_schema *sb_schema_retain(struct sb_schema *schema)
{
    if (schema != NULL) {
        int32_t before =
            atomic_fetch_add_explicit(&schema->reference_count, 1, memory_order_relaxed);

        sb_assert(before > 0);
    }
    return schema;
}

void sb_schema_release(struct sb_schema *schema)
{
    struct sb_memory *memory;
    int32_t before;

    if (schema == NULL) {
        return;
    }
    before = atomic_fetch_sub_explicit(&schema->reference_count, 1, memory_order_acq_rel);
    sb_assert(before > 0);
    if (before > 1) {
        return;
    }
    memory = schema->arena.memory;
    sb_arena_deinit(&schema->arena);
    sb_memory_free(memory, schema, sizeof *schema);
}

int32_t sb_schema_index(const struct sb_schema *schema, const char *name)
{
    for (int32_t i = 0; i < schema->field_count; i++) {
        if (strcmp(schema->fields[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

bool sb_schema_equal(const struct sb_schema *a, const struct sb_schema *b)
{
    if (a == b) {
        return true;
    }
    if (a->field_count != b->field_count) {
        return false;
    }
    for (int32_t i = 0; i < a->field_count; i++) {
        if (strcmp(a->fields[i].name, b->fields[i].name) != 0 ||
            !sb_type_equal(&a->fields[i].type, &b->fields[i].type) ||
            a->fields[i].is_nullable != b->fields[i].is_nullable) {
            return false;
        }
    }
    return true;
}

const char *sb_schema_text(const struct sb_schema *schema, char *buffer, size_t size)
{
    static const char ellipsis[] = "…";
    size_t used = 0;

    sb_assert(size >= sizeof ellipsis);
    buffer[0] = '\0';
    for (int32_t i = 0; i < schema->field_count; i++) {
        char type[SB_TYPE_NAME_SIZE];
        const char *comma = i == 0 ? "" : ", ";
        int length = snprintf(buffer + used, size - used, "%s%s: %s", comma, schema->fields[i].name,
                              sb_type_name(&schema->fields[i].type, type, sizeof type));
        size_t room = i + 1 < schema->field_count ? size - sizeof ellipsis - 2 : size - 1;

        if (length < 0 || used + (size_t)length > room) {
            // Whole fields only: a cut name could be taken for a column.
            if (used + strlen(comma) + sizeof ellipsis > size) {
                comma = "";
            }
            snprintf(buffer + used, size - used, "%s%s", comma, ellipsis);
            break;
        }
        used += (size_t)length;
    }
    return buffer;
}
