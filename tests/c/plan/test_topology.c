// SPDX-License-Identifier: Apache-2.0
#include "plan/graphs.h"
#include "support/seed.h"

#define GRAPH(operators, edges) "{'version': 1, 'operators': [" operators "], 'edges': [" edges "]}"
#define OP(id, type) "{'operator_id': '" id "', 'operator_type': '" type "', 'name': '" id "'}"
#define LIMIT(id)                                                                                  \
    "{'operator_id': '" id "', 'operator_type': 'limit', 'name': '" id                             \
    "', 'parameters': {'count': 1}}"
#define JOIN(id)                                                                                   \
    "{'operator_id': '" id "', 'operator_type': 'hash_join', 'name': '" id                         \
    "', 'parameters': {'left_key': 'k', 'right_key': 'k'}}"
#define EDGE(from, to, port) "{'from': '" from "', 'to': '" to "', 'port': " #port "}"

static void wants_a_source_and_a_sink(void **state)
{
    graphs_assert_refused(GRAPH(OP("o", "sink"), ""), SB_INVALID,
                          "graph: has no source; add an operator of type 'source'");
    graphs_assert_refused(GRAPH(OP("s", "source") "," LIMIT("l"), EDGE("s", "l", 0)), SB_INVALID,
                          "graph: has no sink; add an operator of type 'sink'");
}

static void refuses_edges_into_sources_and_out_of_sinks(void **state)
{
    graphs_assert_refused(
        GRAPH(OP("s", "source") "," OP("t", "source") "," OP("o", "sink"),
              EDGE("s", "o", 0) "," EDGE("t", "s", 0)),
        SB_INVALID,
        "operator 's' (source): has no input, and an edge leads to it from operator 't' (source)");
    graphs_assert_refused(
        GRAPH(OP("s", "source") "," OP("o", "sink") "," OP("p", "sink"),
              EDGE("s", "o", 0) "," EDGE("o", "p", 0)),
        SB_INVALID,
        "operator 'o' (sink): has no output, and an edge leads from it to operator 'p' (sink)");
}

static void wants_every_input_connected_once(void **state)
{
    graphs_assert_refused(GRAPH(OP("s", "source") "," OP("o", "sink"), ""), SB_INVALID,
                          "operator 'o' (sink): input 0 is not connected; allowed: 1 input");
    graphs_assert_refused(
        GRAPH(OP("s", "source") "," JOIN("j") "," OP("o", "sink"),
              EDGE("s", "j", 0) "," EDGE("j", "o", 0)),
        SB_INVALID,
        "operator 'j' (hash_join): input 1 (right) is not connected; allowed: 2 inputs");
    graphs_assert_refused(
        GRAPH(OP("s", "source") "," JOIN("j") "," OP("o", "sink"),
              EDGE("s", "j", 1) "," EDGE("j", "o", 0)),
        SB_INVALID, "operator 'j' (hash_join): input 0 (left) is not connected; allowed: 2 inputs");
    graphs_assert_refused(
        GRAPH(OP("s", "source") "," OP("t", "source") "," JOIN("j") "," OP("o", "sink"),
              EDGE("s", "j", 1) "," EDGE("t", "j", 1) "," EDGE("j", "o", 0)),
        SB_INVALID,
        "operator 'j' (hash_join): two edges lead to input 1 (right), from operator 's' (source) "
        "and from operator 't' (source); give each input one edge");
    graphs_assert_refused(
        GRAPH(OP("s", "source") "," OP("t", "source") "," OP("o", "sink"),
              EDGE("s", "o", 0) "," EDGE("t", "o", 1)),
        SB_INVALID,
        "operator 'o' (sink): 2 edges lead to it; allowed: 1 input (a union joins several)");
    graphs_assert_refused(
        GRAPH(OP("s", "source") "," JOIN("j") "," OP("o", "sink"),
              EDGE("s", "j", 0) "," EDGE("s", "j", 1) "," EDGE("s", "j", 2) "," EDGE("j", "o", 0)),
        SB_INVALID, "operator 'j' (hash_join): 3 edges lead to it; allowed: 2 inputs");
    graphs_assert_refused(
        GRAPH(OP("s", "source") "," OP("u", "union") "," OP("o", "sink"),
              EDGE("s", "u", 0) "," EDGE("s", "u", 2) "," EDGE("u", "o", 0)),
        SB_INVALID,
        "operator 'u' (union): input 1 is not connected; allowed: inputs 0, 1, 2, ... without a "
        "gap");
    graphs_assert_refused(
        GRAPH(OP("s", "source") "," OP("u", "union") "," OP("o", "sink"), EDGE("s", "o", 0)),
        SB_INVALID,
        "operator 'u' (union): input 0 is not connected; allowed: inputs 0, 1, "
        "2, ... without a gap");
}

static void names_the_operators_of_a_cycle(void **state)
{
    graphs_assert_refused(
        GRAPH(OP("s", "source") "," OP("u", "union") "," LIMIT("a") "," LIMIT("b") "," OP("o",
                                                                                          "sink"),
              EDGE("s", "u", 0) "," EDGE("b", "u", 1) "," EDGE("u", "a", 0) "," EDGE(
                  "a", "b", 0) "," EDGE("b", "o", 0)),
        SB_INVALID,
        "graph: the edges form a cycle: 'u' -> 'a' -> 'b' -> 'u'; rows must flow from sources to "
        "sinks");
    graphs_assert_refused(
        GRAPH(OP("s", "source") "," LIMIT("a") "," OP("o", "sink"),
              EDGE("s", "o", 0) "," EDGE("a", "a", 0)),
        SB_INVALID,
        "graph: the edges form a cycle: 'a' -> 'a'; rows must flow from sources to sinks");
}

static void cuts_a_long_cycle(void **state)
{
    char text[16384];
    size_t size;
    struct sb_error err = {0};
    struct sb_graph *graph;

    snprintf(text, sizeof text,
             "{'version': 1, 'operators': [" OP("s", "source") "," OP("o", "sink"));
    for (int i = 0; i < 90; i++) {
        size = strlen(text);
        snprintf(text + size, sizeof text - size,
                 ",{'operator_id': '%d', 'operator_type': 'union', 'name': 'operator_%d'}", i, i);
    }
    strcat(text, "], 'edges': [" EDGE("s", "o", 0));
    for (int i = 0; i < 90; i++) {
        size = strlen(text);
        snprintf(text + size, sizeof text - size, ",{'from': '%d', 'to': '%d'}", i, (i + 1) % 90);
    }
    strcat(text, "]}");
    assert_int_equal(graphs_try_create(text, &graph, &err), SB_INVALID);
    assert_non_null(strstr(err.message, "cycle: 'operator_0' -> 'operator_1' -> "));
    assert_non_null(strstr(err.message, " more -> 'operator_0'; rows must flow"));
}

static void keeps_ports_and_the_order_of_edges(void **state)
{
    struct sb_graph *graph = graphs_create(
        GRAPH(OP("s", "source") "," JOIN("j") "," OP("o", "sink") "," OP("t", "source"),
              EDGE("t", "j", 1) "," EDGE("j", "o", 0) "," EDGE("s", "j", 0)));
    const struct sb_node *join = sb_graph_node(graph, "j");

    assert_string_equal(join->inputs[0]->id, "s");
    assert_string_equal(join->inputs[1]->id, "t");
    assert_int_equal(join->inputs[1]->output_ports[0], 1);
    assert_string_equal(graph->sorted[0]->id, "s");
    assert_string_equal(graph->sorted[1]->id, "t");
    assert_string_equal(graph->sorted[2]->id, "j");
    assert_string_equal(graph->sorted[3]->id, "o");
    sb_graph_destroy(graph);
}

static void lets_an_operator_feed_both_sides_and_several_sinks(void **state)
{
    struct sb_graph *graph = graphs_create(
        GRAPH(OP("s", "source") "," JOIN("j") "," OP("o", "sink") "," OP("p", "sink"),
              EDGE("s", "p", 0) "," EDGE("s", "j", 1) "," EDGE("s", "j", 0) "," EDGE("j", "o", 0)));
    const struct sb_node *source = sb_graph_node(graph, "s");

    assert_int_equal(source->output_count, 3);
    assert_string_equal(source->outputs[0]->id, "p");
    assert_string_equal(source->outputs[1]->id, "j");
    assert_int_equal(source->output_ports[1], 1);
    assert_string_equal(source->outputs[2]->id, "j");
    assert_int_equal(source->output_ports[2], 0);
    sb_graph_destroy(graph);
}

// Random graphs: sources first, then unions over any earlier operators, listed in random order.
enum { RANDOM_OPERATOR_COUNT_MAX = 24 };

static void shuffle(int *numbers, int count, uint64_t *random)
{
    for (int i = count - 1; i > 0; i--) {
        int j = (int)(test_random(random) % (uint64_t)(i + 1));
        int other = numbers[j];

        numbers[j] = numbers[i];
        numbers[i] = other;
    }
}

static void random_graph(char *text, size_t room, uint64_t *random)
{
    int count = 3 + (int)(test_random(random) % (RANDOM_OPERATOR_COUNT_MAX - 2));
    int order[RANDOM_OPERATOR_COUNT_MAX];
    size_t size;

    for (int i = 0; i < count; i++) {
        order[i] = i;
    }
    shuffle(order, count, random);
    size = (size_t)snprintf(text, room, "{'version': 1, 'operators': [");
    for (int i = 0; i < count; i++) {
        int id = order[i];

        size += (size_t)snprintf(text + size, room - size,
                                 "%s{'operator_id': '%d', 'operator_type': '%s'}", i ? "," : "", id,
                                 id == 0           ? "source"
                                 : id == count - 1 ? "sink"
                                                   : "union");
    }
    size += (size_t)snprintf(text + size, room - size, "], 'edges': [");
    for (int to = 1; to < count; to++) {
        int inputs = to == count - 1 ? 1 : 1 + (int)(test_random(random) % 3);

        for (int port = inputs - 1; port >= 0; port--) {
            size += (size_t)snprintf(text + size, room - size,
                                     "%s{'from': '%d', 'to': '%d', 'port': %d}",
                                     to == 1 && port == inputs - 1 ? "" : ",",
                                     (int)(test_random(random) % (uint64_t)to), to, port);
        }
    }
    size += (size_t)snprintf(text + size, room - size, "]}");
    assert_true(size < room);
}

static void assert_sorted(const struct sb_graph *graph)
{
    int32_t position[RANDOM_OPERATOR_COUNT_MAX];

    for (int32_t i = 0; i < graph->node_count; i++) {
        position[graph->sorted[i]->index] = i;
    }
    for (int32_t i = 0; i < graph->node_count; i++) {
        const struct sb_node *node = graph->nodes[i];

        assert_int_equal(node->index, i);
        for (int32_t port = 0; port < node->input_count; port++) {
            assert_true(position[node->inputs[port]->index] < position[i]);
        }
    }
}

static void random_graphs_are_sorted_and_travel_unchanged(void **state)
{
    uint64_t random = test_seed();
    static char text[64 * 1024];

    for (int round = 0; round < 500; round++) {
        struct sb_error err = {0};
        struct sb_graph *graph;
        struct sb_graph *again;
        char *first;
        char *second;
        char *explained;
        char *explained_again;

        random_graph(text, sizeof text, &random);
        graph = graphs_create(text);
        assert_sorted(graph);
        graphs_declare(graph, "0", "a: int64, b: utf8");
        graphs_validate(graph, NULL);
        assert_int_equal(sb_graph_to_json(graph, &first, &err), SB_OK);
        assert_int_equal(sb_graph_create_from_json(first, strlen(first), &again, &err), SB_OK);
        assert_int_equal(sb_graph_to_json(again, &second, &err), SB_OK);
        assert_string_equal(first, second);
        assert_true(json_equal(graph->json, again->json));
        graphs_declare(again, "0", "a: int64, b: utf8");
        graphs_validate(again, NULL);
        assert_int_equal(sb_graph_explain(graph, SB_EXPLAIN_TEXT, &explained, &err), SB_OK);
        assert_int_equal(sb_graph_explain(again, SB_EXPLAIN_TEXT, &explained_again, &err), SB_OK);
        assert_string_equal(explained, explained_again);
        sb_string_free(first);
        sb_string_free(second);
        sb_string_free(explained);
        sb_string_free(explained_again);
        sb_graph_destroy(graph);
        sb_graph_destroy(again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wants_a_source_and_a_sink),
        cmocka_unit_test(refuses_edges_into_sources_and_out_of_sinks),
        cmocka_unit_test(wants_every_input_connected_once),
        cmocka_unit_test(names_the_operators_of_a_cycle),
        cmocka_unit_test(cuts_a_long_cycle),
        cmocka_unit_test(keeps_ports_and_the_order_of_edges),
        cmocka_unit_test(lets_an_operator_feed_both_sides_and_several_sinks),
        cmocka_unit_test(random_graphs_are_sorted_and_travel_unchanged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
