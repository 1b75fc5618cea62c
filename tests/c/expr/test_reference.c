// SPDX-License-Identifier: Apache-2.0
/*
 * Every function says what it is, with an example that gives the result beside it: as a constant,
 * and again computed row by row.
 */
#include "expressions.h"

#include "expr/reference.h"

static void every_function_is_described(void **state)
{
    const struct sb_function *function;

    for (int32_t i = 0; (function = sb_function_at(i)) != NULL; i++) {
        print_message("# %s\n", function->name);
        assert_non_null(function->signature);
        assert_non_null(function->summary);
        assert_non_null(function->example);
        assert_non_null(function->result);
        assert_non_null(sb_function_category(i));
        assert_ptr_equal(sb_function_find(function->name), function); // no two of one name
        assert_int_equal(function->summary[strlen(function->summary) - 1], '.');
    }
    assert_null(sb_function_category(1 << 20));
}

/* A day or moment stands in the reference as ISO 8601, so it is compared with that. */
static json_t *compared_if_temporal(json_t *call, const char *result, struct sb_arena *arena,
                                    const struct sb_schema *schema, bool *is_compared)
{
    const struct sb_bound_expr *bound;
    struct sb_error err = {0};

    if (expression_bind_json(call, schema, arena, &bound, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    *is_compared =
        sb_type_is_temporal(sb_bound_expr_type(bound)->id) && strcmp(result, "null") != 0;
    return *is_compared
               ? json_pack("{s:s, s:[o, {s:s}]}", "call", "equal", "args", call, "lit", result)
               : call;
}

/* The example of `function` over two rows without a look at them. */
static void example_run(const struct sb_function *function)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_arena arena = {.memory = memory};
    struct sb_batch batch;
    struct sb_batch out;
    struct sb_error err = {0};
    json_t *call = sb_function_example(function);
    const char *result = function->result;
    bool is_compared = false;
    char expected[512];
    enum sb_status status;

    print_message("# %s: %s\n", function->name, function->example);
    if (call == NULL) {
        fail_msg("%s is no list of arguments", function->example);
    }
    assert_int_equal(test_batch_parse(memory, "row: int64", "1; 2", &batch), SB_OK);
    call = compared_if_temporal(call, result, &arena, batch.schema, &is_compared);
    result = is_compared ? "true" : result;
    snprintf(expected, sizeof expected, "%s; %s", result, result);
    status = expression_evaluate_json(call, &batch, memory, &arena, &out, &err);
    if (status != SB_OK) {
        fail_msg("status %d: %s", status, err.message);
    }
    assert_batch_rows(&out, expected);
    test_allocations(case_attempt, &(struct case_attempt){call, &batch});
    sb_batch_deinit(&out);
    sb_batch_deinit(&batch);
    sb_arena_deinit(&arena);
    sb_memory_release(memory);
    json_decref(call);
}

static void every_example_gives_its_result(void **state)
{
    const struct sb_function *function;

    for (int32_t i = 0; (function = sb_function_at(i)) != NULL; i++) {
        example_run(function);
    }
}

static enum sb_status describe_attempt(struct sb_memory *memory, void *context)
{
    json_t *list = sb_functions_describe(memory);

    (void)context;
    json_decref(list);
    return list == NULL ? SB_NO_MEMORY : SB_OK;
}

static void the_description_is_one_object_per_function(void **state)
{
    json_t *list = sb_functions_describe(sb_memory_global());
    int32_t count = 0;

    assert_non_null(list);
    while (sb_function_at(count) != NULL) {
        const json_t *one = json_array_get(list, (size_t)count);
        assert_string_equal(json_string_value(json_object_get(one, "name")),
                            sb_function_at(count)->name);
        assert_non_null(json_object_get(json_object_get(one, "example"), "text"));
        count++;
    }
    assert_int_equal(json_array_size(list), count);
    json_decref(list);
    test_allocations(describe_attempt, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_is_described),
        cmocka_unit_test(every_example_gives_its_result),
        cmocka_unit_test(the_description_is_one_object_per_function),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
