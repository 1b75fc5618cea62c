// SPDX-License-Identifier: Apache-2.0
/*
 * Expressions put together at random from the examples of all functions, and damaged text of them,
 * through the fuzz target: nothing crashes, whatever types and values meet.
 */
#include "expressions.h"

#include <stdlib.h>

#include "../../fuzz/fuzz_expression.h"
#include "expr/reference.h"
#include "support/seed.h"

enum { TREE_ROUNDS = 12000, TEXT_ROUNDS = 6000 };

static uint64_t seed;

static uint64_t below(uint64_t limit)
{
    return test_random(&seed) % limit;
}

static int32_t function_count(void)
{
    int32_t count = 0;

    while (sb_function_at(count) != NULL) {
        count++;
    }
    return count;
}

static json_t *random_leaf(void)
{
    static const char *const literals[] = {
        "{\"lit\": null}",
        "{\"lit\": 9223372036854775807}",
        "{\"lit\": -1}",
        "{\"lit\": 2.5}",
        "{\"lit\": \"%a_\"}",
        "{\"lit\": \"\"}",
        "{\"lit\": true}",
        "{\"lit\": \"NaN\", \"type\": \"float64\"}",
        "{\"lit\": -128, \"type\": \"int8\"}",
        "{\"lit\": \"9.99\", \"type\": \"decimal128(38, 2)\"}",
        "{\"lit\": 19782, \"type\": \"date32\"}",
    };

    if (below(3) > 0) {
        const char name[] = {(char)('a' + below(11)), 0};
        return json_pack("{s:s}", "col", name);
    }
    return json_loads(literals[below(sizeof literals / sizeof literals[0])], 0, NULL);
}

/* An example some of whose arguments are other trees, columns or literals. */
static json_t *random_tree(int32_t depth, int32_t count)
{
    json_t *tree = sb_function_example(sb_function_at((int32_t)below((uint64_t)count)));
    json_t *arguments = json_object_get(tree, "args");
    size_t index;
    json_t *argument;

    assert_non_null(tree);
    json_array_foreach(arguments, index, argument)
    {
        const uint64_t choice = below(8);
        if (choice == 0 && depth < 4) {
            json_array_set_new(arguments, index, random_tree(depth + 1, count));
        } else if (choice < 5) {
            json_array_set_new(arguments, index, random_leaf());
        }
    }
    if (below(30) == 0) {
        json_array_append_new(arguments, random_leaf());
    }
    return tree;
}

static void random_trees_of_all_functions_never_crash(void **state)
{
    const int32_t count = function_count();
    int32_t reached[4] = {0};

    seed = test_seed();
    for (int32_t round = 0; round < TREE_ROUNDS; round++) {
        json_t *tree = random_tree(0, count);
        char *text = json_dumps(tree, JSON_COMPACT);
        LLVMFuzzerTestOneInput((const uint8_t *)text, strlen(text));
        reached[fuzz_expression_depth()]++;
        free(text);
        json_decref(tree);
    }
    print_message("# refused %d, parsed %d, bound %d, run %d\n", reached[0], reached[1], reached[2],
                  reached[3]);
    assert_true(reached[3] > TREE_ROUNDS / 50); // enough of them get to the kernels
}

static void damaged_text_never_crashes(void **state)
{
    static const char signs[] = "{}[]\",:0123456789-.eE truefalsn\\u\x80\xff";
    const int32_t count = function_count();

    seed = test_seed();
    for (int32_t round = 0; round < TEXT_ROUNDS; round++) {
        json_t *tree = random_tree(2, count);
        char *text = json_dumps(tree, JSON_COMPACT);
        const size_t size = strlen(text);
        for (uint64_t i = 1 + below(3); i > 0; i--) {
            text[below(size)] = signs[below(sizeof signs - 1)];
        }
        LLVMFuzzerTestOneInput((const uint8_t *)text, size - (below(4) == 0));
        free(text);
        json_decref(tree);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_trees_of_all_functions_never_crash),
        cmocka_unit_test(damaged_text_never_crashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
