// SPDX-License-Identifier: Apache-2.0
#include "expr/expressions.h"

#include <string.h>

#include "expr/kernels.h"
#include "support/allocation.h"
#include "support/batch_text.h"
#include "support/test.h"

const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \n");
}

/* The end of the atom at `text`: quotes and parentheses after a letter belong to it. */
static const char *atom_end(const char *text)
{
    int depth = 0;

    for (; *text != 0; text++) {
        if (*text == '\'') {
            text = strchr(text + 1, '\'');
            assert_non_null(text);
        } else if (*text == '(' || *text == '[') {
            depth++;
        } else if (*text == ')' || *text == ']') {
            if (depth-- == 0) {
                break;
            }
        } else if (*text == ' ' && depth == 0) {
            break;
        }
    }
    return text;
}

static json_t *atom_value(const char *text, size_t size)
{
    char buffer[512];
    json_t *value;

    assert_true(size < sizeof buffer);
    memcpy(buffer, text, size);
    buffer[size] = 0;
    if (buffer[0] == '\'') {
        buffer[0] = '"';
        buffer[size - 1] = '"';
    }
    value = json_loads(buffer, JSON_DECODE_ANY, NULL);
    if (value == NULL) {
        fail_msg("'%s' is no literal", buffer);
    }
    return value;
}

static json_t *atom_to_json(const char *text, size_t size)
{
    const char *bracket = memchr(text, ']', size);
    const char *start = bracket == NULL ? text : bracket; // a zone has colons of its own
    const char *colon = memchr(start, ':', size - (size_t)(start - text));
    const char *quote = memchr(text, '\'', size);

    if (colon != NULL && (quote == NULL || colon < quote)) {
        return json_pack("{s:o, s:s%}", "lit",
                         atom_value(colon + 1, size - (size_t)(colon + 1 - text)), "type", text,
                         (size_t)(colon - text));
    }
    if (strchr("'-0123456789", *text) != NULL || (size == 4 && memcmp(text, "true", 4) == 0) ||
        (size == 5 && memcmp(text, "false", 5) == 0) ||
        (size == 4 && memcmp(text, "null", 4) == 0)) {
        return json_pack("{s:o}", "lit", atom_value(text, size));
    }
    return json_pack("{s:s%}", "col", text, size);
}

json_t *expression_next(const char **text)
{
    const char *start = skip_blanks(*text);
    const char *end;
    json_t *arguments;
    json_t *call;
    bool is_cast;

    if (*start != '(') {
        end = atom_end(start);
        *text = end;
        return atom_to_json(start, (size_t)(end - start));
    }
    start++;
    end = start + strcspn(start, " )");
    is_cast = strncmp(start, "cast", 4) == 0 || strncmp(start, "try_cast", 8) == 0;
    arguments = json_array();
    call = json_pack("{s:s%, s:o}", "call", start, (size_t)(end - start), "args", arguments);
    if (is_cast) {
        json_object_set_new(call, "call", json_string("cast"));
        if (*start == 't') {
            json_object_set_new(call, "on_error", json_string("null"));
        }
    }
    for (*text = skip_blanks(end); **text != ')'; *text = skip_blanks(*text)) {
        if (**text == 0) {
            fail_msg("a parenthesis is not closed");
        }
        if (is_cast && json_array_size(arguments) == 1) {
            end = atom_end(*text);
            json_object_set_new(call, "type", json_stringn(*text, (size_t)(end - *text)));
            *text = end;
        } else {
            json_array_append_new(arguments, expression_next(text));
        }
    }
    (*text)++;
    return call;
}

json_t *expression(const char *text)
{
    json_t *json = expression_next(&text);

    text = skip_blanks(text);
    if (json == NULL || *text != 0) {
        fail_msg("'%s' is left over", text);
    }
    return json;
}

enum sb_status expression_bind_json(const json_t *json, const struct sb_schema *schema,
                                    struct sb_arena *arena, const struct sb_bound_expr **out,
                                    struct sb_error *err)
{
    const struct sb_expr *expr;

    SB_TRY_RETURN(sb_expr_parse(json, arena, &expr, err));
    return sb_expr_bind(expr, schema, arena, out, err);
}

enum sb_status expression_bind(const char *text, const struct sb_schema *schema,
                               struct sb_arena *arena, const struct sb_bound_expr **out,
                               struct sb_error *err)
{
    json_t *json = expression(text);
    const enum sb_status status = expression_bind_json(json, schema, arena, out, err);

    json_decref(json);
    return status;
}

enum sb_status expression_evaluate_json(const json_t *json, const struct sb_batch *batch,
                                        struct sb_memory *memory, struct sb_arena *arena,
                                        struct sb_batch *out, struct sb_error *err)
{
    enum sb_status status = SB_OK;
    const struct sb_bound_expr *bound;
    struct sb_expr_scratch *scratch = NULL;
    struct sb_schema *schema = NULL;
    struct sb_field field = {.name = "out", .is_nullable = true};

    *out = (struct sb_batch){0};
    SB_TRY_OUT(expression_bind_json(json, batch->schema, arena, &bound, err));
    field.type = *sb_bound_expr_type(bound);
    SB_TRY_OUT(sb_schema_create(memory, &field, 1, &schema, err));
    SB_TRY_OUT(sb_expr_scratch_create(memory, &scratch, err));
    SB_TRY_OUT(sb_batch_init(out, memory, schema, batch->row_count, err));
    SB_TRY_OUT(sb_expr_evaluate(bound, batch, scratch, &out->columns[0], err));
out:
    if (status != SB_OK) {
        sb_batch_deinit(out);
    }
    sb_expr_scratch_destroy(scratch);
    sb_schema_release(schema);
    return status;
}

enum sb_status expression_evaluate(const char *text, const struct sb_batch *batch,
                                   struct sb_memory *memory, struct sb_arena *arena,
                                   struct sb_batch *out, struct sb_error *err)
{
    json_t *json = expression(text);
    const enum sb_status status = expression_evaluate_json(json, batch, memory, arena, out, err);

    json_decref(json);
    return status;
}

static void case_run_once(const struct row_case *test)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_arena arena = {.memory = memory};
    struct sb_batch batch;
    struct sb_batch out;
    struct sb_error err = {0};
    enum sb_status status;

    assert_int_equal(test_batch_parse(memory, test->schema, test->rows, &batch), SB_OK);
    status = expression_evaluate(test->expression, &batch, memory, &arena, &out, &err);
    if (strncmp(test->expected, "error: ", 7) == 0) {
        if (status == SB_OK) {
            fail_msg("succeeded:\n%s", test_batch_text(&out));
        }
        assert_int_equal(status, err.status);
        if (strstr(err.message, test->expected + 7) == NULL) {
            fail_msg("message is: %s", err.message);
        }
    } else {
        if (status != SB_OK) {
            fail_msg("status %d: %s", status, err.message);
        }
        assert_batch_rows(&out, test->expected);
    }
    sb_batch_deinit(&out);
    sb_batch_deinit(&batch);
    sb_arena_deinit(&arena);
    sb_memory_release(memory);
}

enum sb_status case_attempt(struct sb_memory *memory, void *context)
{
    const struct case_attempt *attempt = context;
    struct sb_arena arena = {.memory = memory};
    struct sb_batch out;
    struct sb_error err = {0};
    const enum sb_status status =
        expression_evaluate_json(attempt->json, attempt->batch, memory, &arena, &out, &err);

    sb_batch_deinit(&out);
    sb_arena_deinit(&arena);
    return status;
}

/* Once for each of its allocations, which is refused. */
static void case_run_refused(const struct row_case *test)
{
    struct sb_memory *memory = sb_memory_create(0);
    json_t *json = expression(test->expression);
    struct sb_batch batch;

    assert_int_equal(test_batch_parse(memory, test->schema, test->rows, &batch), SB_OK);
    test_allocations(case_attempt, &(struct case_attempt){json, &batch});
    sb_batch_deinit(&batch);
    json_decref(json);
    sb_memory_release(memory);
}

static enum sb_status case_whole_attempt(struct sb_memory *memory, void *context)
{
    const struct row_case *test = context;
    enum sb_status status = SB_OK;
    struct sb_arena arena = {.memory = memory};
    struct sb_batch batch = {0};
    struct sb_batch out = {0};

    SB_TRY_OUT(test_batch_parse(memory, test->schema, test->rows, &batch));
    SB_TRY_OUT(expression_evaluate(test->expression, &batch, memory, &arena, &out, NULL));
out:
    sb_batch_deinit(&out);
    sb_batch_deinit(&batch);
    sb_arena_deinit(&arena);
    return status;
}

void case_run(const struct row_case *test)
{
    const struct sb_kernel_table *best = sb_kernel_table();

    for (int32_t i = 0; sb_kernel_table_at(i) != NULL; i++) {
        sb_kernel_table_use(sb_kernel_table_at(i));
        print_message("# %s over %s (%s)\n", test->expression, test->schema,
                      sb_kernel_table()->name);
        case_run_once(test);
    }
    sb_kernel_table_use(best);
    if (strncmp(test->expected, "error: ", 7) != 0) {
        case_run_refused(test);
    }
}

void case_run_whole_refused(const struct row_case *test)
{
    print_message("# %s over %s\n", test->expression, test->schema);
    test_allocations(case_whole_attempt, (void *)(uintptr_t)test);
}
