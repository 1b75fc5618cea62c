// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "optimize/estimates.h"
#include "optimize/shapes.h"

static const struct sb_optimizer_options joins = {.join_reordering = true};

#define MEMORY "'data': {'kind': 'bound'}"
#define END {NULL, NULL, NULL}
#define TELL(ROWS, COLUMNS) "{'row_count': " #ROWS ", 'columns': {" COLUMNS "}}"
#define VALUES(NAME, COUNT)                                                                        \
    "'" NAME "': {'min': 0, 'max': 1000000000, 'null_count': 0, 'distinct_count': " #COUNT "}"

/* Sales of products in shops: many rows, each with one product and one shop. */
#define SALES                                                                                      \
    {"sales", "source",                                                                            \
     MEMORY "|product: int64, shop: int64, amount: int64|" TELL(                                   \
         1000000, VALUES("product", 100000) "," VALUES("shop", 1000))}
#define PRODUCTS                                                                                   \
    {"products", "source",                                                                         \
     MEMORY "|product: int64, maker: int64, price: float64|" TELL(                                 \
         100000, VALUES("product", 100000) "," VALUES("maker", 5000))}
/* Five of a thousand, since a filter has taken the others. */
#define SHOPS                                                                                      \
    {"shops", "source",                                                                            \
     MEMORY ", 'filters': {'call': 'less', 'args': [{'col': 'area'}, {'lit': 5000000}]}"           \
            "|shop: int64, area: int64, city: utf8|" TELL(                                         \
                1000, VALUES("shop", 1000) "," VALUES("area", 1000))}
#define FEW "{|area < 5000000}"
#define JOIN(NAME, LEFT, RIGHT)                                                                    \
    {NAME, "hash_join", "'left_key': '" LEFT "', 'right_key': '" RIGHT "'"}
#define BY_PRODUCT JOIN("j", "product", "product")
#define BY_SHOP JOIN("k", "shop", "shop")
#define COUNT {"n", "aggregate", "'aggregations': {'n': ['*', 'count'], 's': ['price', 'sum']}"}
#define SINK {"o", "sink", ""}
#define EDGES "sales>j products>j.1 j>k shops>k.1 k>n n>o"

static void assert_order(const struct shape_node *nodes, const char *edges, const char *expected,
                         int32_t count)
{
    shapes_assert(nodes, edges, joins, expected,
                  (struct sb_optimizer_report){.joins_reordered = count});
}

static void the_join_that_leaves_few_rows_comes_first(void **state)
{
    assert_order(
        (const struct shape_node[]){SALES, PRODUCTS, SHOPS, BY_PRODUCT, BY_SHOP, COUNT, SINK, END},
        EDGES,
        "o(n(k.5{price}(k{product=product}(products.3{product,price}(products), "
        "j.4{product}(j{shop=shop}(sales.1{product,shop}(sales), shops.2{shop}(shops" FEW ")))))))",
        2);
}

static void without_statistics_nothing_changes(void **state)
{
    assert_order((const struct shape_node[]){{"sales", "source",
                                              MEMORY "|product: int64, shop: int64, n: int64"},
                                             PRODUCTS,
                                             SHOPS,
                                             BY_PRODUCT,
                                             BY_SHOP,
                                             COUNT,
                                             SINK,
                                             END},
                 EDGES, "o(n(k{shop=shop}(j{product=product}(sales, products), shops" FEW ")))", 0);
}

/* Columns by the names and in the order they had. */
static void rows_that_somebody_takes_in_order_keep_it(void **state)
{
    assert_order(
        (const struct shape_node[]){SALES, PRODUCTS, SHOPS, BY_PRODUCT, BY_SHOP, SINK, END},
        "sales>j products>j.1 j>k shops>k.1 k>o",
        "o(k.1{product,shop,amount,maker,price,area,city}(k{product=product}(j{shop=shop}(sales, "
        "shops" FEW "), products)))",
        2);
}

static void a_limit_chooses_by_order_and_a_count_does_not(void **state)
{
    static const struct shape_node first = {"l", "limit", "'count': 10"};
    static const struct shape_node all = {"l", "select", "'columns': ['price']"};

    assert_order((const struct shape_node[]){SALES, PRODUCTS, SHOPS, BY_PRODUCT, BY_SHOP, first,
                                             COUNT, SINK, END},
                 "sales>j products>j.1 j>k shops>k.1 k>l l>n n>o",
                 "o(n(l(k.5{price}(k{product=product}(j.3{product}(j{shop=shop}("
                 "sales.1{product,shop}(sales), shops.2{shop}(shops" FEW
                 "))), products.4{product,price}(products))))))",
                 2);
    assert_order((const struct shape_node[]){SALES, PRODUCTS, SHOPS, BY_PRODUCT, BY_SHOP, all,
                                             COUNT, SINK, END},
                 "sales>j products>j.1 j>k shops>k.1 k>l l>n n>o",
                 "o(n(k.5{price}(k{product=product}(products.3{product,price}(products), "
                 "j.4{product}(j{shop=shop}(sales.1{product,shop}(sales), shops.2{shop}(shops" FEW
                 ")))))))",
                 2);
}

static void a_single_join_stores_the_smaller_side(void **state)
{
    static const struct shape_node swapped = JOIN("j", "shop", "shop");

    assert_order((const struct shape_node[]){SHOPS,
                                             SALES,
                                             swapped,
                                             {"n", "aggregate",
                                              "'aggregations': {'n': ['*', "
                                              "'count']}"},
                                             SINK,
                                             END},
                 "shops>j sales>j.1 j>n n>o",
                 "o(n(j{shop=shop}(sales.1{shop}(sales), shops.2{shop}(shops" FEW "))))", 1);
    assert_order((const struct shape_node[]){SHOPS, SALES, swapped, SINK, END},
                 "shops>j sales>j.1 j>o", "o(j{shop=shop}(shops" FEW ", sales))", 0);
}

static void what_several_read_is_a_border(void **state)
{
    assert_order(
        (const struct shape_node[]){
            SALES, PRODUCTS, SHOPS, BY_PRODUCT, BY_SHOP, COUNT, SINK, {"p", "sink", ""}, END},
        EDGES " j>p",
        "o(n(k{shop=shop}(j{product=product}(sales, products), shops" FEW "))); p(*j)", 0);
}

static void outer_joins_are_a_border(void **state)
{
    static const struct shape_node left = {
        "j", "hash_join", "'left_key': 'product', 'right_key': 'product', 'how': 'left'"};

    assert_order(
        (const struct shape_node[]){SALES, PRODUCTS, SHOPS, left, BY_SHOP, COUNT, SINK, END}, EDGES,
        "o(n(k{shop=shop}(j{product=product}(sales, products), shops" FEW ")))", 0);
}

/* `price` of both sides: the second one is called so from its relation on. */
static void names_that_clash_are_restored(void **state)
{
    static const struct shape_node sales = {
        "sales", "source",
        MEMORY "|product: int64, shop: int64, price: float64|" TELL(
            1000000, VALUES("product", 100000) "," VALUES("shop", 1000))};

    assert_order(
        (const struct shape_node[]){sales, PRODUCTS, SHOPS, BY_PRODUCT, BY_SHOP, SINK, END},
        "sales>j products>j.1 j>k shops>k.1 k>o",
        "o(k.2{product,shop,price,maker,price_right,area,city}(k{product=product}("
        "j{shop=shop}(sales, shops" FEW
        "), products.1{product=product,maker=maker,price_right=price}(products))))",
        2);
}

/* What a join drops and somebody wants comes from the key that was equal to it. */
static void keys_are_restored_from_their_equals(void **state)
{
    static const struct shape_node products = {
        "products", "source",
        MEMORY "|id: int64, price: float64|" TELL(100000, VALUES("id", 100000))};
    static const struct shape_node keys = {"s", "select", "'columns': ['product', 'price']"};
    static const struct shape_node sort = {"t", "distinct", ""};

    assert_order((const struct shape_node[]){SALES, products, SHOPS, JOIN("j", "product", "id"),
                                             BY_SHOP, keys, sort, SINK, END},
                 "sales>j products>j.1 j>k shops>k.1 k>s s>t t>o",
                 "o(t(k.4{product=id,price=price}(k{id=product}(products, j.3{product}("
                 "j{shop=shop}(sales.1{product,shop}(sales), shops.2{shop}(shops" FEW ")))))))",
                 2);
}

/* Keys of two types are equal, but not the same: the value that is wanted goes along as a copy. */
static void keys_of_other_types_are_copied(void **state)
{
    static const struct shape_node sales = {
        "sales", "source",
        MEMORY "|product: int32, shop: int64, amount: int64|" TELL(
            1000000, VALUES("product", 100000) "," VALUES("shop", 1000))};
    static const struct shape_node keys = {"s", "select", "'columns': ['product', 'price']"};
    static const struct shape_node rows = {"t", "distinct", ""};

    assert_order(
        (const struct shape_node[]){sales, PRODUCTS, SHOPS, BY_PRODUCT, BY_SHOP, keys, rows, SINK,
                                    END},
        "sales>j products>j.1 j>k shops>k.1 k>s s>t t>o",
        "o(t(k.5{product=product_2,price=price}(k{product=product}("
        "products.3{product,price}(products), j.4{product,product_2}(j{shop=shop}("
        "sales.1{product=product,product_2=product,shop=shop}(sales), shops.2{shop}(shops" FEW
        ")))))))",
        2);
}

/* a = b and b = c, so a = c. */
static void equal_keys_join_without_what_was_between(void **state)
{
#define ROWS(NAME, COUNT, DISTINCT)                                                                \
    {NAME, "source", MEMORY "|k: int64, " NAME ": int64|" TELL(COUNT, VALUES("k", DISTINCT))}
    assert_order(
        (const struct shape_node[]){ROWS("a", 100000, 1000),
                                    ROWS("b", 1000000, 1000),
                                    ROWS("c", 10, 10),
                                    JOIN("j", "k", "k"),
                                    JOIN("i", "k", "k"),
                                    {"n", "aggregate", "'aggregations': {'n': ['*', 'count']}"},
                                    SINK,
                                    END},
        "a>j b>j.1 j>i c>i.1 i>n n>o", "o(n(i{k=k}(b.3{k}(b), j{k=k}(a.1{k}(a), c.2{k}(c)))))", 2);
#undef ROWS
}

#define TEN(P)                                                                                     \
    P "0: utf8, " P "1: utf8, " P "2: utf8, " P "3: utf8, " P "4: utf8, " P "5: utf8, " P          \
      "6: utf8, " P "7: utf8, " P "8: utf8, " P "9: utf8"

/* A second optimization sees the SELECT as a step of the fused operator, and chooses alike. */
static void a_fused_select_says_what_is_wanted(void **state)
{
    shapes_assert(
        (const struct shape_node[]){
            {"a", "source",
             MEMORY "|k: int64, x: int64, " TEN("a") "|" TELL(45000, VALUES("k", 40000))},
            {"b", "source", MEMORY "|k: int64, " TEN("b") "|" TELL(100000, VALUES("k", 100000))},
            JOIN("j", "k", "k"),
            {"c", "select",
             "'columns': ['x', 'a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8', 'a9']"},
            {"m", "map",
             "'expressions': {'price': {'call': 'add', 'args': [{'col': 'x'}, {'lit': 1}]}}"},
            COUNT,
            SINK,
            END},
        "a>j b>j.1 j>c c>m m>n n>o",
        (struct sb_optimizer_options){.join_reordering = true, .operator_fusion = true},
        "o(n(m{c m}(j{k=k}(a, b))))", (struct sb_optimizer_report){.operators_fused = 1});
}

/* A MAP between joins ends a chain, also as a step whose result the next one leaves out. */
static void a_fused_map_that_computes_is_a_border(void **state)
{
#define NUMBERS(NAME, COUNT, DISTINCT)                                                             \
    {NAME, "source", MEMORY "|k: int64, " NAME ": int64|" TELL(COUNT, VALUES("k", DISTINCT))}
    shapes_assert(
        (const struct shape_node[]){
            NUMBERS("a", 100000, 1000),
            NUMBERS("b", 1000000, 1000),
            NUMBERS("c", 10, 10),
            JOIN("j", "k", "k"),
            {"m", "map",
             "'expressions': {'more': {'call': 'add', 'args': [{'col': 'a'}, {'lit': 1}]}}"},
            {"s", "select", "'columns': ['k', 'b']"},
            JOIN("i", "k", "k"),
            {"n", "aggregate", "'aggregations': {'n': ['*', 'count']}"},
            SINK,
            END},
        "a>j b>j.1 j>m m>s s>i c>i.1 i>n n>o",
        (struct sb_optimizer_options){.join_reordering = true, .operator_fusion = true},
        "o(n(i{k=k}(s{j.1 m s}(j{k=k}(b, a)), c)))",
        (struct sb_optimizer_report){.joins_reordered = 1, .operators_fused = 2});
#undef NUMBERS
}

/* The best of many tries, since others may have the processor. */
static void six_joins_take_microseconds(void **state)
{
    struct shape_node nodes[16] = {
        {"f", "source",
         MEMORY "|a: int64, b: int64, c: int64, d: int64, e: int64, v: int64|" TELL(
             10000000, VALUES("a", 100000) "," VALUES("b", 1000) "," VALUES("c", 50000) "," VALUES(
                           "d", 100) "," VALUES("e", 1000000))},
#define DIMENSION(KEY, ROWS)                                                                       \
    {"r" KEY, "source", MEMORY "|" KEY ": int64, v" KEY ": int64|" TELL(ROWS, VALUES(KEY, ROWS))}, \
        JOIN("j" KEY, KEY, KEY)
        DIMENSION("a", 100000),
        DIMENSION("b", 10),
        DIMENSION("c", 5000),
        DIMENSION("d", 100),
        DIMENSION("e", 300),
        {"n", "aggregate", "'aggregations': {'n': ['vb', 'sum'], 'm': ['ve', 'max']}"},
        SINK,
    };
    struct sb_graph *graph = shapes_graph(
        nodes, "f>ja ra>ja.1 ja>jb rb>jb.1 jb>jc rc>jc.1 jc>jd rd>jd.1 jd>je re>je.1 je>n n>o",
        NULL);
    int64_t best = INT64_MAX;

    for (int32_t i = 0; i < 200; i++) {
        struct sb_optimizer_report report;
        struct sb_graph *optimized;
        int64_t begin = sb_clock_now_ns();

        assert_int_equal(sb_graph_optimize(graph, &joins, &optimized, &report, NULL), SB_OK);
        begin = sb_clock_now_ns() - begin;
        best = begin < best ? begin : best;
        assert_true(report.joins_reordered > 0);
        if (i == 0) {
            print_message("    %s\n", report.trace);
        }
        sb_string_free(report.trace);
        sb_graph_destroy(optimized);
    }
    print_message("    %.1f us\n", (double)best / 1000);
    assert_true(TEST_IS_SANITIZED || best < 400000);
    sb_graph_destroy(graph);
}

/*
 * A source and a join with all before it, `join_count` times, and what all tell of their rows. Few
 * columns: with one more for each join, half a million would be derived.
 */
static struct sb_graph *line_create(int32_t join_count)
{
    const size_t size = (size_t)join_count * 1000 + 4096;
    char *json = malloc(size);
    struct sb_graph *graph;
    char id[16];
    char statistics[256];
    size_t used = (size_t)snprintf(json, size,
                                   "{'version': 1, 'operators': ["
                                   "{'operator_id': 'o', 'operator_type': 'sink', "
                                   "'name': 'o', 'parameters': {'discard': true}}");

    for (int32_t i = 0; i <= join_count; i++) {
        used += (size_t)snprintf(json + used, size - used,
                                 ", {'operator_id': 's%d', 'operator_type': 'source', 'name': "
                                 "'s%d', 'parameters': {" MEMORY "}}",
                                 i, i);
        if (i > 0) {
            used += (size_t)snprintf(json + used, size - used,
                                     ", {'operator_id': 'j%d', 'operator_type': 'hash_join', "
                                     "'name': 'j%d', 'parameters': {'left_key': 'k', "
                                     "'right_key': 'k'}}",
                                     i, i);
        }
    }
    used += (size_t)snprintf(json + used, size - used, "], 'edges': [{'from': 'j%d', 'to': 'o'}",
                             join_count);
    for (int32_t i = 1; i <= join_count; i++) {
        used += (size_t)snprintf(json + used, size - used,
                                 ", {'from': '%c%d', 'to': 'j%d', 'port': 0}, "
                                 "{'from': 's%d', 'to': 'j%d', 'port': 1}",
                                 i == 1 ? 's' : 'j', i - 1, i, i, i);
    }
    snprintf(json + used, size - used, "]}");
    graph = graphs_create(json);
    for (int32_t i = 0; i <= join_count; i++) {
        char schema[64];

        snprintf(id, sizeof id, "s%d", i);
        snprintf(schema, sizeof schema, i % 100 == 0 ? "k: int64, v%d: int64" : "k: int64", i);
        snprintf(statistics, sizeof statistics, TELL(% d, VALUES("k", 1000)),
                 1000 + 7919 * i % 1000);
        graphs_declare(graph, id, schema);
        estimates_tell(graph, id, statistics);
    }
    graphs_validate(graph, NULL);
    free(json);
    return graph;
}

/* Of a line that is longer than a chain may be, the first part is ordered. */
static void a_thousand_operators_take_milliseconds(void **state)
{
    struct sb_graph *graph = line_create(499);
    struct sb_optimizer_report report;
    int64_t best = INT64_MAX;

    for (int32_t i = 0; i < 5; i++) {
        struct sb_graph *optimized;
        int64_t begin = sb_clock_now_ns();

        assert_int_equal(sb_graph_optimize(graph, &joins, &optimized, &report, NULL), SB_OK);
        begin = sb_clock_now_ns() - begin;
        best = begin < best ? begin : best;
        sb_string_free(report.trace);
        sb_graph_destroy(optimized);
    }
    print_message("    %.2f ms, %d joins changed\n", (double)best / 1e6, report.joins_reordered);
    assert_true(TEST_IS_SANITIZED || best < 30000000);
    sb_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_join_that_leaves_few_rows_comes_first),
        cmocka_unit_test(without_statistics_nothing_changes),
        cmocka_unit_test(rows_that_somebody_takes_in_order_keep_it),
        cmocka_unit_test(a_limit_chooses_by_order_and_a_count_does_not),
        cmocka_unit_test(a_single_join_stores_the_smaller_side),
        cmocka_unit_test(what_several_read_is_a_border),
        cmocka_unit_test(outer_joins_are_a_border),
        cmocka_unit_test(names_that_clash_are_restored),
        cmocka_unit_test(keys_are_restored_from_their_equals),
        cmocka_unit_test(keys_of_other_types_are_copied),
        cmocka_unit_test(equal_keys_join_without_what_was_between),
        cmocka_unit_test(a_fused_select_says_what_is_wanted),
        cmocka_unit_test(a_fused_map_that_computes_is_a_border),
        cmocka_unit_test(six_joins_take_microseconds),
        cmocka_unit_test(a_thousand_operators_take_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
