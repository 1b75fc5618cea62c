// SPDX-License-Identifier: Apache-2.0
#include "optimize/shapes.h"

static const struct sb_optimizer_options fusion = {.operator_fusion = true};

#define COLUMNS "|k: int64, price: float64"
#define PATH(ID, NAME) {ID, "source", "'path': '" NAME "'" COLUMNS}
#define GENERATOR(ID, SEED)                                                                        \
    {ID, "source",                                                                                 \
     "'generator': {'rows': 10, 'seed': " SEED ", 'columns': [{'name': 'k', 'kind': "              \
     "'sequence'}]}"}
#define SINK {"o", "sink", ""}
#define OTHER_SINK {"p", "sink", ""}
#define END {NULL, NULL, NULL}

static void assert_read(const struct shape_node *nodes, const char *edges, const char *expected,
                        int32_t count)
{
    shapes_assert(nodes, edges, fusion, expected,
                  (struct sb_optimizer_report){.operators_fused = count});
}

static void what_is_equal_is_read_once(void **state)
{
    assert_read((const struct shape_node[]){PATH("a", "x.parquet"), PATH("b", "x.parquet"), SINK,
                                            OTHER_SINK, END},
                "a>o b>p", "o(a); p(*a)", 1);
    assert_read((const struct shape_node[]){GENERATOR("a", "1"),
                                            GENERATOR("b", "1"),
                                            GENERATOR("c", "1"),
                                            {"u", "union", ""},
                                            SINK,
                                            END},
                "a>u b>u.1 c>u.2 u>o", "o(u(a, *a, *a))", 2);
}

static void what_differs_is_not(void **state)
{
    assert_read((const struct shape_node[]){PATH("a", "x.parquet"), PATH("b", "y.parquet"), SINK,
                                            OTHER_SINK, END},
                "a>o b>p", "o(a); p(b)", 0);
    assert_read((const struct shape_node[]){GENERATOR("a", "1"), GENERATOR("b", "2"), SINK,
                                            OTHER_SINK, END},
                "a>o b>p", "o(a); p(b)", 0);
    assert_read(
        (const struct shape_node[]){{"a", "source", "'path': 'x', 'columns': ['k']" COLUMNS},
                                    PATH("b", "x"),
                                    SINK,
                                    OTHER_SINK,
                                    END},
        "a>o b>p", "o(a{k}); p(b)", 0);
    // the same text, but nobody knows what is behind it
    assert_read((const struct shape_node[]){{"a", "source", "'data': {'kind': 'bound'}" COLUMNS},
                                            {"b", "source", "'data': {'kind': 'bound'}" COLUMNS},
                                            SINK,
                                            OTHER_SINK,
                                            END},
                "a>o b>p", "o(a); p(b)", 0);
    // a place in a stream
    assert_read(
        (const struct shape_node[]){{"a", "source", "'topic': 't', 'bounded': true" COLUMNS},
                                    {"b", "source", "'topic': 't', 'bounded': true" COLUMNS},
                                    SINK,
                                    OTHER_SINK,
                                    END},
        "a>o b>p", "o(a); p(b)", 0);
}

static void the_sides_of_a_join_are_read_apart(void **state)
{
    assert_read((const struct shape_node[]){PATH("a", "x"),
                                            PATH("b", "x"),
                                            {"f", "filter", "'column': 'k', 'value': 1"},
                                            {"j", "hash_join", "'left_key': 'k', 'right_key': 'k'"},
                                            SINK,
                                            END},
                "a>j b>f f>j.1 j>o", "o(j{k=k}(a, f{k > 1}(b)))", 0);
    // but what comes to one of them together may be one
    assert_read((const struct shape_node[]){PATH("a", "x"),
                                            PATH("b", "x"),
                                            PATH("c", "y"),
                                            {"u", "union", ""},
                                            {"j", "hash_join", "'left_key': 'k', 'right_key': 'k'"},
                                            SINK,
                                            END},
                "a>u b>u.1 u>j c>j.1 j>o", "o(j{k=k}(u(a, b), c))", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_equal_is_read_once),
        cmocka_unit_test(what_differs_is_not),
        cmocka_unit_test(the_sides_of_a_join_are_read_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
