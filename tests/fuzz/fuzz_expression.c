// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_expression.c - bytes as JSON, as an expression over a fixed batch.
 *
 * What parses must survive being written and read again, as JSON and as text; what binds is
 * evaluated over rows with nulls and, if it is a condition, filters them. Memory is limited, so
 * that an expression may fail but not take the machine.
 */
#include "fuzz_expression.h"

#include <string.h>

#include "base/assert.h"
#include "columnar/builder.h"
#include "expr/expr.h"

enum { ROW_COUNT = 5, MEMORY_LIMIT = 64 * 1024 * 1024 };

static int depth;

int fuzz_expression_depth(void)
{
    return depth;
}

static const struct sb_field fields[] = {
    {"a", {.id = SB_TYPE_INT64}, true},
    {"b", {.id = SB_TYPE_UTF8}, true},
    {"c", {.id = SB_TYPE_BOOL}, true},
    {"d", {.id = SB_TYPE_FLOAT64}, true},
    {"e", {.id = SB_TYPE_DECIMAL128, .precision = 9, .scale = 2}, true},
    {"f", {.id = SB_TYPE_DATE32}, true},
    {"g", {.id = SB_TYPE_TIMESTAMP, .unit = SB_UNIT_MICRO}, true},
    {"h", {.id = SB_TYPE_UTF8_VIEW}, true},
    {"i", {.id = SB_TYPE_INT8}, true},
    {"j", {.id = SB_TYPE_BINARY}, true},
    {"k", {.id = SB_TYPE_UINT64}, true},
};
enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

/* The value of row `row`: small ones, the ends of the range, and odd ones. */
static enum sb_status value_append(struct sb_builder *builder, const struct sb_type *type,
                                   int32_t row, struct sb_error *err)
{
    static const char *const texts[ROW_COUNT] = {"", "abc", "é日😀", "a text of more than 12 bytes",
                                                 NULL};
    static const int64_t integers[ROW_COUNT] = {0, 7, INT64_MIN, INT64_MAX, 0};
    static const double doubles[ROW_COUNT] = {-0.0, 2.5, -1e300, 0, 0};
    uint8_t fixed[16] = {0};

    if (row == ROW_COUNT - 1) {
        return sb_builder_append_null(builder, err);
    }
    if (sb_type_is_variable(type->id)) {
        return sb_builder_append_bytes(builder, texts[row], (int64_t)strlen(texts[row]), err);
    }
    memcpy(fixed, type->id == SB_TYPE_FLOAT64 ? (const void *)&doubles[row] : &integers[row], 8);
    if (type->id == SB_TYPE_DECIMAL128 || type->id == SB_TYPE_BOOL) {
        memset(fixed, 0, sizeof fixed);
        fixed[0] = row == 1;
    }
    return sb_builder_append_fixed(builder, fixed, err);
}

static enum sb_status batch_make(struct sb_memory *memory, struct sb_batch *out,
                                 struct sb_error *err)
{
    struct sb_schema *schema = NULL;
    enum sb_status status = SB_OK;

    SB_TRY_OUT(sb_schema_create(memory, fields, FIELD_COUNT, &schema, err));
    SB_TRY_OUT(sb_batch_init(out, memory, schema, ROW_COUNT, err));
    for (int32_t i = 0; i < FIELD_COUNT; i++) {
        const struct sb_type *type = &schema->fields[i].type;
        struct sb_builder builder;
        sb_builder_init(&builder, memory, type);
        for (int32_t row = 0; row < ROW_COUNT && status == SB_OK; row++) {
            status = value_append(&builder, type, row, err);
        }
        if (status == SB_OK) {
            status = sb_builder_finish(&builder, &out->columns[i], err);
        }
        sb_builder_deinit(&builder);
        SB_TRY_OUT(status);
    }
out:
    sb_schema_release(schema);
    return status;
}

/* An expression written and read again is the same. */
static void round_trip(const struct sb_expr *expr, struct sb_arena *arena)
{
    json_t *json = sb_expr_to_json(expr);
    struct sb_error err = {0};
    const struct sb_expr *again;
    const char *text = sb_expr_to_text(expr, arena);
    json_t *twice;

    if (json == NULL || text == NULL) {
        json_decref(json);
        return; // no memory
    }
    if (sb_expr_parse(json, arena, &again, &err) == SB_OK) {
        twice = sb_expr_to_json(again);
        sb_assert(twice == NULL || json_equal(json, twice));
        json_decref(twice);
    } else {
        sb_assert(err.status == SB_NO_MEMORY);
    }
    json_decref(json);
}

static void run(const struct sb_bound_expr *bound, struct sb_batch *batch, struct sb_memory *memory)
{
    struct sb_expr_scratch *scratch = NULL;
    struct sb_column column = {0};
    struct sb_error err = {0};

    if (sb_expr_scratch_create(memory, &scratch, &err) != SB_OK) {
        return;
    }
    if (sb_expr_evaluate(bound, batch, scratch, &column, &err) == SB_OK) {
        depth = 3;
        sb_assert(column.length == ROW_COUNT);
        sb_assert(sb_bound_expr_is_nullable(bound) || sb_column_null_count(&column) == 0);
    } else {
        sb_assert(err.status != SB_OK && err.message[0] != 0);
    }
    sb_column_deinit(&column);
    if (sb_bound_expr_type(bound)->id == SB_TYPE_BOOL) {
        (void)!sb_expr_filter(bound, batch, scratch, &err);
        sb_assert(batch->row_count <= ROW_COUNT);
    }
    sb_expr_scratch_destroy(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    json_t *json = json_loadb((const char *)bytes, size, JSON_DECODE_ANY, NULL);
    struct sb_memory *memory = sb_memory_create(MEMORY_LIMIT);
    struct sb_arena arena = {.memory = memory};
    struct sb_batch batch = {0};
    struct sb_error err = {0};
    const struct sb_expr *expr;
    const struct sb_bound_expr *bound;

    depth = 0;
    if (json != NULL && sb_expr_parse(json, &arena, &expr, &err) == SB_OK) {
        depth = 1;
        round_trip(expr, &arena);
        if (batch_make(memory, &batch, &err) == SB_OK &&
            sb_expr_bind(expr, batch.schema, &arena, &bound, &err) == SB_OK) {
            depth = 2;
            run(bound, &batch, memory);
        }
    }
    sb_batch_deinit(&batch);
    sb_arena_deinit(&arena);
    sb_memory_release(memory);
    json_decref(json);
    return 0;
}
