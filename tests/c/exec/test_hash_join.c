// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "plan/nodes/join_key.h"
#include "support/allocation.h"
#include "support/batch_text.h"
#include "support/domain.h"
#include "support/op_harness.h"
#include "support/seed.h"
#include "support/test.h"

enum {
    KEYS_MAX = 3,
    COLUMNS_MAX = 6,
    PROBE = 0,
    BUILD = 1,
};

/* A node over two schemas, as validation would leave it. */
struct plan {
    struct sb_schema *inputs[2];
    struct sb_schema *output;
    struct sb_node sources[2];
    struct sb_node *sources_list[2];
    struct sb_node node;
    int32_t keys[2][KEYS_MAX];
    struct sb_type key_types[KEYS_MAX];
    int32_t right_outputs[COLUMNS_MAX];
};

static void plan_output(struct plan *plan)
{
    struct sb_join_spec *spec = &plan->node.spec.join;
    struct sb_field fields[2 * COLUMNS_MAX];
    int32_t count = 0;

    for (int32_t c = 0; c < plan->inputs[PROBE]->field_count; c++) {
        fields[count] = plan->inputs[PROBE]->fields[c];
        if (sb_join_keeps_right(spec->kind) && c < spec->key_count) {
            sb_join_key_output(&fields[count].type, &plan->inputs[BUILD]->fields[c].type,
                               &fields[count].type);
        }
        fields[count++].is_nullable = true;
    }
    for (int32_t c = spec->key_count;
         c < plan->inputs[BUILD]->field_count && !sb_join_is_existence(spec->kind); c++) {
        plan->right_outputs[spec->right_output_count++] = c;
        fields[count] = plan->inputs[BUILD]->fields[c];
        fields[count++].is_nullable = true;
    }
    assert_int_equal(sb_schema_create(sb_memory_global(), fields, count, &plan->output, NULL),
                     SB_OK);
    plan->node.schema = plan->output;
}

/* Takes the schemas. Keys are the first columns of both; key k is compared as key_types[k]. */
static void plan_init(struct plan *plan, enum sb_join_kind kind, struct sb_schema *left,
                      struct sb_schema *right, int32_t key_count, const struct sb_type *key_types)
{
    *plan = (struct plan){.inputs = {left, right}};
    for (int32_t p = 0; p < 2; p++) {
        plan->sources[p] = (struct sb_node){.schema = plan->inputs[p]};
        plan->sources_list[p] = &plan->sources[p];
    }
    plan->node = (struct sb_node){
        .type = SB_NODE_HASH_JOIN,
        .input_count = 2,
        .inputs = plan->sources_list,
        .max_parallelism = 128,
        .spec.join = {.kind = kind,
                      .key_count = key_count,
                      .left_keys = plan->keys[PROBE],
                      .right_keys = plan->keys[BUILD],
                      .key_types = plan->key_types,
                      .right_outputs = plan->right_outputs},
    };
    for (int32_t k = 0; k < key_count; k++) {
        plan->keys[PROBE][k] = k;
        plan->keys[BUILD][k] = k;
        plan->key_types[k] = key_types[k];
    }
    plan_output(plan);
}

static void plan_deinit(struct plan *plan)
{
    sb_schema_release(plan->inputs[PROBE]);
    sb_schema_release(plan->inputs[BUILD]);
    sb_schema_release(plan->output);
}

static struct sb_schema *schema_parse(const char *text)
{
    struct sb_schema *schema;

    assert_int_equal(test_schema_parse(sb_memory_global(), text, &schema), SB_OK);
    return schema;
}

static void push_rows(struct op_harness *harness, const struct plan *plan, int32_t port,
                      const char *rows)
{
    struct sb_batch batch;

    if (rows[0] != '\0') {
        assert_int_equal(test_rows_parse(harness->memory, plan->inputs[port], rows, &batch), SB_OK);
        assert_int_equal(op_harness_push(harness, 0, port, &batch), SB_OK);
    }
}

static enum sb_join_kind kind_parse(const char *text)
{
    static const char *const kinds[] = {"inner", "left", "right", "outer", "semi", "anti"};
    int32_t kind = 0;

    while (strncmp(text, kinds[kind], strlen(kinds[kind])) != 0) {
        kind++;
    }
    return (enum sb_join_kind)kind;
}

static void assert_emitted(const struct op_harness *harness, const char *expected)
{
    if (harness->emitted.count == 0) {
        assert_string_equal(expected, "");
        return;
    }
    test_batches_expect(harness->emitted.batches, harness->emitted.count, expected, true, __FILE__,
                        __LINE__);
}

/* `kind` may end in "~": nulls are equal. */
static void run_text(const char *kind, const char *left, const char *right, const char *key_type,
                     const char *left_rows, const char *right_rows, const char *expected)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_schema *key_schema = schema_parse(key_type);
    struct sb_type types[KEYS_MAX];
    struct op_harness harness;
    struct plan plan;

    for (int32_t k = 0; k < key_schema->field_count; k++) {
        types[k] = key_schema->fields[k].type;
    }
    plan_init(&plan, kind_parse(kind), schema_parse(left), schema_parse(right),
              key_schema->field_count, types);
    plan.node.spec.join.nulls_equal = strchr(kind, '~') != NULL;
    assert_int_equal(op_harness_init(&harness, sb_hash_join_create, &plan.node, memory, 1), SB_OK);
    push_rows(&harness, &plan, BUILD, right_rows);
    assert_int_equal(op_harness_end(&harness), SB_OK);
    push_rows(&harness, &plan, PROBE, left_rows);
    assert_int_equal(op_harness_end_probe(&harness), SB_OK);
    assert_emitted(&harness, expected);
    assert_true(op_harness_is_balanced(&harness));
    op_harness_deinit(&harness);
    plan_deinit(&plan);
    sb_schema_release(key_schema);
    sb_memory_release(memory);
}

static void inner_joins_equal_keys(void **state)
{
    run_text("inner", "k: int64, a: int64", "k: int64, b: utf8", "k: int64",
             "1, 10; 2, 20; 3, 30; 1, 11", "3, 'c'; 1, 'a'; 4, 'd'",
             "1, 10, 'a'; 1, 11, 'a'; 3, 30, 'c'");
}

static void left_keeps_rows_without_a_match(void **state)
{
    run_text("left", "k: int64, a: int64", "k: int64, b: utf8, c: float64", "k: int64",
             "1, 10; 2, 20; null, 30", "1, 'a', 1.5",
             "1, 10, 'a', 1.5; 2, 20, null, null; null, "
             "30, null, null");
}

static void each_pair_of_duplicates_is_a_row(void **state)
{
    run_text("inner", "k: utf8, a: int64", "k: utf8, b: int64", "k: utf8", "'x', 1; 'x', 2; 'y', 3",
             "'x', 10; 'x', 20; 'y', 30; 'z', 40",
             "'x', 1, 10; 'x', 1, 20; 'x', 2, 10; 'x', 2, 20; 'y', 3, 30");
}

static void null_keys_match_nothing(void **state)
{
    run_text("inner", "k: int64, j: int64", "k: int64, j: int64, b: int64", "k: int64, j: int64",
             "null, 1; 1, null; null, null; 1, 1", "null, 1, 10; 1, null, 20; 1, 1, 30",
             "1, 1, 30");
}

static void nans_match_and_zeros_match(void **state)
{
    run_text("inner", "k: float64", "k: float64, b: int64", "k: float64", "nan; -0.0; 1.0",
             "nan, 1; 0.0, 2", "nan, 1; -0.0, 2");
}

static void an_empty_build_side_matches_nothing(void **state)
{
    run_text("inner", "k: int64", "k: int64, b: int64", "k: int64", "1; 2", "", "");
    run_text("left", "k: int64", "k: int64, b: int64", "k: int64", "1; 2", "", "1, null; 2, null");
}

static void integers_of_any_width_match(void **state)
{
    run_text("inner", "k: int8", "k: int64, b: int64", "k: int64", "-1; 5; 127",
             "-1, 1; 5, 2; 300, 3; 127, 4", "-1, 1; 5, 2; 127, 4");
    run_text("inner", "k: uint64", "k: uint8, b: int64", "k: uint64", "18446744073709551615; 255",
             "255, 1", "255, 1");
}

static void text_of_any_layout_matches(void **state)
{
    run_text("inner", "k: utf8_view", "k: large_utf8, b: utf8_view", "k: utf8_view",
             "'short'; 'rather a long text'; ''",
             "'rather a long text', 'another rather long text'; '', 'x'; 'short', ''",
             "'rather a long text', 'another rather long text'; '', 'x'; 'short', ''");
}

static void floats_of_both_widths_match(void **state)
{
    run_text("inner", "k: float32", "k: float64, b: int64", "k: float64", "1.5; 0.1; nan",
             "1.5, 1; 0.1, 2; nan, 3", "1.5, 1; nan, 3");
}

static void times_match_across_units(void **state)
{
    run_text("inner", "k: timestamp[s]", "k: timestamp[ns], b: int64", "k: timestamp[ns]",
             "1; 2; 9223372036854775807", "1000000000, 1; 2000000001, 2", "1, 1");
    run_text("inner", "k: date32", "k: date64, b: int64", "k: date64", "1; 2", "86400000, 1",
             "1, 1");
}

static void decimals_match_across_scales(void **state)
{
    run_text("inner", "k: decimal128(38, 2)", "k: decimal128(38, 10), b: int64",
             "k: decimal128(38, 10)", "1.50; -2.25; 999999999999999999999999999999999999.00",
             "1.5000000000, 1; -2.2500000000, 2; 3.0000000001, 3", "1.50, 1; -2.25, 2");
}

static void any_word_may_be_a_key(void **state)
{
    // The first is what tables mark empty slots with.
    run_text("left", "k: int64", "k: int64, b: int64", "k: int64",
             "6534857275711415761; 0; -1; 7000000000000000000",
             "6534857275711415761, 1; 0, 2; -1, 3",
             "6534857275711415761, 1; 0, 2; -1, 3; 7000000000000000000, null");
    run_text("inner", "k: int64", "k: int64, b: int64", "k: int64",
             "6534857275711415761; 0; 7000000000000000000", "0, 2; -7000000000000000000, 3",
             "0, 2");
}

static void keys_that_lie_close_together_match(void **state)
{
    run_text("left", "k: int16", "k: int64, b: int64, c: float64", "k: int64",
             "-5; -4; 0; 3; null; -6; 32767", "3, 30, 0.5; -5, 50, 1.5; 0, 1, nan",
             "-5, 50, 1.5; -4, null, null; 0, 1, nan; 3, 30, 0.5; null, null, null; -6, null, "
             "null; 32767, null, null");
    run_text("inner", "k: uint8", "k: uint64, b: int64", "k: uint64", "255; 0; 1", "255, 1; 0, 2",
             "255, 1; 0, 2");
    run_text("inner", "k: int64", "k: int64, b: utf8", "k: int64", "1; 2; 3; 4",
             "1, 'one'; 3, 'a text that is longer than a view'; 4, null",
             "1, 'one'; 3, 'a text that is longer than a view'; 4, null");
}

static void right_keeps_right_rows_and_their_keys(void **state)
{
    run_text("right", "k: int64, a: int64", "k: int64, b: utf8", "k: int64", "1, 10; 2, 20; 1, 11",
             "1, 'a'; 3, 'c'; null, 'n'; 3, 'd'",
             "1, 10, 'a'; 1, 11, 'a'; 3, null, 'c'; 3, null, 'd'; null, null, 'n'");
    run_text("right", "a: int64", "a: int64", "k: int64", "1; 2", "2; 3", "2; 3");
}

static void outer_keeps_rows_of_both_sides(void **state)
{
    run_text("outer", "k: utf8, j: int64, a: int64", "k: utf8, j: int64, b: int64",
             "k: utf8, j: int64", "'x', 1, 10; 'x', 2, 20; null, 1, 30; 'y', 1, 40",
             "'x', 1, 100; 'x', 1, 101; 'a text that is longer', 7, 102; null, 1, 103",
             "'x', 1, 10, 100; 'x', 1, 10, 101; 'x', 2, 20, null; null, 1, 30, null; 'y', 1, 40, "
             "null; 'a text that is longer', 7, null, 102; null, 1, null, 103");
}

static void an_outer_join_with_an_empty_side_gives_the_other(void **state)
{
    run_text("outer", "k: int64, a: int64", "k: int64, b: int64", "k: int64", "", "1, 10; 2, 20",
             "1, null, 10; 2, null, 20");
    run_text("outer", "k: int64, a: int64", "k: int64, b: int64", "k: int64", "1, 10; 2, 20", "",
             "1, 10, null; 2, 20, null");
    run_text("outer", "k: int64, a: int64", "k: int64, b: int64", "k: int64", "", "", "");
}

static void semi_and_anti_keep_each_left_row_once(void **state)
{
    // One key far from the others, so that rows lie in slots; then close together; then text.
    run_text("semi", "k: int64, a: int64", "k: int64, b: int64", "k: int64",
             "1, 1; 2, 2; 2, 3; null, 4; 9, 5", "2, 1; 2, 2; 70000000000, 3; null, 1",
             "2, 2; 2, 3");
    run_text("anti", "k: int64, a: int64", "k: int64, b: int64", "k: int64",
             "1, 1; 2, 2; 2, 3; null, 4; 9, 5", "2, 1; 2, 2; 3, 3; null, 1", "1, 1; null, 4; 9, 5");
    run_text("semi", "k: utf8", "k: utf8", "k: utf8", "'a'; 'b'; 'a'", "'a'; 'a'", "'a'; 'a'");
    run_text("anti", "k: utf8", "k: utf8", "k: utf8", "'a'; 'b'; 'a'", "", "'a'; 'b'; 'a'");
    run_text("semi", "k: utf8", "k: utf8", "k: utf8", "'a'; 'b'; 'a'", "", "");
}

static void nulls_match_nulls_when_asked(void **state)
{
    run_text("inner~", "k: int64, a: int64", "k: int64, b: int64", "k: int64",
             "null, 1; 0, 2; 5, 3", "null, 10; null, 20; 5, 30; 7, 40",
             "null, 1, 10; null, 1, 20; 5, 3, 30");
    run_text("outer~", "k: int64, j: utf8, a: int64", "k: int64, j: utf8, b: int64",
             "k: int64, j: utf8", "null, 'x', 1; null, null, 2; 1, null, 3",
             "null, null, 10; 1, 'x', 20; null, 'x', 30",
             "null, 'x', 1, 30; null, null, 2, 10; 1, null, 3, null; 1, 'x', null, 20");
    run_text("anti~", "k: int64", "k: int64", "k: int64", "null; 1", "null", "1");
    run_text("semi~", "k: int64", "k: int64", "k: int64", "null; 1", "null", "null");
}

static void integers_of_different_sign_match_by_value(void **state)
{
    run_text("inner", "k: int64", "k: uint64, b: int64", "k: uint64", "-1; 5; 0",
             "18446744073709551615, 1; 5, 2", "5, 2");
    run_text("outer", "k: int64", "k: uint64, b: int64", "k: uint64", "-1; 5; null",
             "18446744073709551615, 1; 5, 2; null, 3",
             "-1, null; 5, 2; null, null; 18446744073709551615, 1; null, 3");
    run_text("outer~", "k: uint64", "k: int8, b: int64", "k: uint64",
             "18446744073709551615; 5; null", "-1, 1; 5, 2; null, 3",
             "18446744073709551615, null; 5, 2; null, 3; -1, 1");
}

static void keys_of_right_rows_keep_their_value(void **state)
{
    run_text("right", "k: int8", "k: int64, b: int64", "k: int64", "5; 6", "300, 1; 5, 2",
             "5, 2; 300, 1");
    run_text("right", "k: float64", "k: float64, b: int64", "k: float64", "1.5", "-0.0, 1; nan, 2",
             "-0.0, 1; nan, 2");
    run_text("right", "k: decimal128(5, 2)", "k: decimal128(7, 3), b: int64",
             "k: decimal128(38, 3)", "1.25; 2.00", "1.250, 1; 9999.001, 2",
             "1.250, 1; 9999.001, 2");
    run_text("right", "k: date32", "k: date64, b: int64", "k: date64", "1; 2",
             "86400000, 1; 86400001, 2", "86400000, 1; 86400001, 2");
}

static void a_right_key_the_left_column_cannot_hold_is_an_error(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct op_harness harness;
    struct plan plan;

    plan_init(&plan, SB_JOIN_RIGHT, schema_parse("k: timestamp[ns]"),
              schema_parse("k: timestamp[s]"), 1,
              &(struct sb_type){.id = SB_TYPE_TIMESTAMP, .unit = SB_UNIT_NANO});
    assert_int_equal(op_harness_init(&harness, sb_hash_join_create, &plan.node, memory, 1), SB_OK);
    push_rows(&harness, &plan, BUILD, "9223372036854775807");
    assert_int_equal(op_harness_end(&harness), SB_OK);
    assert_int_equal(op_harness_end_probe(&harness), SB_INVALID);
    op_harness_deinit(&harness);
    plan_deinit(&plan);
    sb_memory_release(memory);
}

static void one_duplicate_among_many_keys_is_found(void **state)
{
    enum { ROWS = 5000, DUPLICATE = 4321 };
    static const int64_t factors[] = {1, 1000003 * 1000003LL}; // close together, and far apart

    for (int f = 0; f < 2; f++) {
        struct sb_memory *memory = sb_memory_create(0);
        struct op_harness harness;
        struct plan plan;

        plan_init(&plan, SB_JOIN_INNER, schema_parse("k: int64"),
                  schema_parse("k: int64, b: int64"), 1, &(struct sb_type){.id = SB_TYPE_INT64});
        assert_int_equal(op_harness_init(&harness, sb_hash_join_create, &plan.node, memory, 1),
                         SB_OK);
        for (int32_t port = BUILD; port >= PROBE; port--) {
            struct sb_batch batch;
            int64_t count = port == BUILD ? ROWS + 1 : ROWS;
            assert_int_equal(sb_batch_init(&batch, memory, plan.inputs[port], count, NULL), SB_OK);
            for (int32_t c = 0; c < plan.inputs[port]->field_count; c++) {
                struct sb_builder builder;
                sb_builder_init(&builder, memory, &plan.inputs[port]->fields[c].type);
                for (int64_t i = 0; i < count; i++) {
                    int64_t key = (i == ROWS ? DUPLICATE : i) * factors[f];
                    assert_int_equal(sb_builder_append_fixed(&builder, c == 0 ? &key : &i, NULL),
                                     SB_OK);
                }
                assert_int_equal(sb_builder_finish(&builder, &batch.columns[c], NULL), SB_OK);
            }
            assert_int_equal(op_harness_push(&harness, 0, port, &batch), SB_OK);
            if (port == BUILD) {
                assert_int_equal(op_harness_end(&harness), SB_OK);
            }
        }
        assert_int_equal(harness.rows_out, ROWS + 1);
        assert_true(op_harness_is_balanced(&harness));
        op_harness_deinit(&harness);
        plan_deinit(&plan);
        sb_memory_release(memory);
    }
}

static void no_right_column_may_be_left(void **state)
{
    run_text("inner", "k: int64, a: int64", "k: int64", "k: int64", "1, 10; 2, 20; 1, 30", "1; 1",
             "1, 10; 1, 10; 1, 30; 1, 30");
}

static void shares_left_columns_when_each_row_matches_once(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct op_harness harness;
    struct sb_batch batch;
    const void *values;
    struct plan plan;

    plan_init(&plan, SB_JOIN_INNER, schema_parse("k: int64"), schema_parse("k: int64, b: int64"), 1,
              &(struct sb_type){.id = SB_TYPE_INT64});
    assert_int_equal(op_harness_init(&harness, sb_hash_join_create, &plan.node, memory, 1), SB_OK);
    push_rows(&harness, &plan, BUILD, "1, 10; 2, 20");
    assert_int_equal(op_harness_end(&harness), SB_OK);
    assert_int_equal(test_rows_parse(memory, plan.inputs[PROBE], "2; 1; 2", &batch), SB_OK);
    values = batch.columns[0].values;
    assert_int_equal(op_harness_push(&harness, 0, PROBE, &batch), SB_OK);
    assert_ptr_equal(harness.emitted.batches[0].columns[0].values, values);
    op_harness_deinit(&harness);
    plan_deinit(&plan);
    sb_memory_release(memory);
}

static void one_huge_key_leaves_in_bounded_batches(void **state)
{
    enum { BUILD_ROWS = 30000, PROBE_ROWS = 30 };
    struct sb_memory *memory = sb_memory_create(0);
    int8_t *numbers = calloc(2, BUILD_ROWS);
    uint64_t random = 1;
    struct op_harness harness;
    struct sb_batch batch;
    struct plan plan;

    plan_init(&plan, SB_JOIN_INNER, schema_parse("k: int64"), schema_parse("k: int64, b: int8"), 1,
              &(struct sb_type){.id = SB_TYPE_INT64});
    assert_int_equal(op_harness_init(&harness, sb_hash_join_create, &plan.node, memory, 1), SB_OK);
    assert_int_equal(
        test_domain_batch(memory, plan.inputs[BUILD], numbers, BUILD_ROWS, &random, &batch), SB_OK);
    assert_int_equal(op_harness_push(&harness, 0, BUILD, &batch), SB_OK);
    assert_int_equal(op_harness_end(&harness), SB_OK);
    assert_int_equal(
        test_domain_batch(memory, plan.inputs[PROBE], numbers, PROBE_ROWS, &random, &batch), SB_OK);
    assert_int_equal(op_harness_push(&harness, 0, PROBE, &batch), SB_OK);
    assert_int_equal(harness.rows_out, (int64_t)BUILD_ROWS * PROBE_ROWS);
    for (int64_t i = 0; i < harness.emitted.count; i++) {
        assert_true(harness.emitted.batches[i].row_count <= 64 * 1024);
    }
    assert_true(op_harness_is_balanced(&harness));
    op_harness_deinit(&harness);
    plan_deinit(&plan);
    free(numbers);
    sb_memory_release(memory);
}

// --- random tables against nested loops ----------------------------------------------------------

struct side {
    int32_t column_count;
    int64_t row_count;
    int8_t *numbers; // [column][row]
};

struct tables {
    struct plan plan;
    struct side sides[2];
    uint64_t random;
};

static int64_t below(uint64_t *random, int64_t end)
{
    return (int64_t)(test_random(random) % (uint64_t)end);
}

static enum sb_type_id random_type(uint64_t *random)
{
    static const enum sb_type_id usual[] = {SB_TYPE_INT64, SB_TYPE_UTF8, SB_TYPE_FLOAT64};

    return below(random, 2) == 0 ? usual[below(random, 3)]
                                 : (enum sb_type_id)(1 + below(random, SB_TYPE_BINARY_VIEW));
}

/* A type whose values can equal those of `id`, number by number. */
static enum sb_type_id related_type(enum sb_type_id id, uint64_t *random)
{
    static const enum sb_type_id families[][3] = {
        {SB_TYPE_UTF8, SB_TYPE_LARGE_UTF8, SB_TYPE_UTF8_VIEW},
        {SB_TYPE_BINARY, SB_TYPE_LARGE_BINARY, SB_TYPE_BINARY_VIEW},
        {SB_TYPE_FLOAT32, SB_TYPE_FLOAT64, SB_TYPE_FLOAT64},
    };

    for (size_t f = 0; f < 3; f++) {
        for (size_t i = 0; i < 3; i++) {
            if (families[f][i] == id) {
                return families[f][below(random, 3)];
            }
        }
    }
    return id;
}

static struct sb_schema *random_schema(const enum sb_type_id *types, int32_t count)
{
    struct sb_field fields[COLUMNS_MAX];
    char names[COLUMNS_MAX][16];
    struct sb_schema *schema;

    for (int32_t c = 0; c < count; c++) {
        snprintf(names[c], sizeof names[c], "c%d", c);
        fields[c] =
            (struct sb_field){.name = names[c], .type = {.id = types[c]}, .is_nullable = true};
        if (types[c] == SB_TYPE_DECIMAL128) {
            fields[c].type.precision = 38;
        }
    }
    assert_int_equal(sb_schema_create(sb_memory_global(), fields, count, &schema, NULL), SB_OK);
    return schema;
}

static void tables_plan(struct tables *tables)
{
    int32_t key_count = 1 + (int32_t)below(&tables->random, KEYS_MAX);
    enum sb_type_id types[2][COLUMNS_MAX];
    struct sb_type key_types[KEYS_MAX] = {0};

    for (int32_t p = 0; p < 2; p++) {
        int32_t others = (int32_t)below(&tables->random, COLUMNS_MAX - KEYS_MAX + 1);
        tables->sides[p].column_count = key_count + others;
        for (int32_t c = 0; c < key_count + others; c++) {
            types[p][c] = random_type(&tables->random);
        }
    }
    for (int32_t k = 0; k < key_count; k++) {
        types[BUILD][k] = related_type(types[PROBE][k], &tables->random);
        key_types[k].id = sb_type_is_float(types[PROBE][k]) ? SB_TYPE_FLOAT64 : types[PROBE][k];
        key_types[k].precision = types[PROBE][k] == SB_TYPE_DECIMAL128 ? 38 : 0;
    }
    plan_init(&tables->plan, (enum sb_join_kind)below(&tables->random, SB_JOIN_ANTI + 1),
              random_schema(types[PROBE], tables->sides[PROBE].column_count),
              random_schema(types[BUILD], tables->sides[BUILD].column_count), key_count, key_types);
    tables->plan.node.spec.join.nulls_equal = below(&tables->random, 4) == 0;
}

static void side_rows(struct tables *tables, int32_t port, int64_t rows_max)
{
    struct side *side = &tables->sides[port];

    side->row_count = below(&tables->random, rows_max);
    side->numbers = malloc((size_t)(side->row_count * side->column_count + 1));
    for (int32_t c = 0; c < side->column_count; c++) {
        int64_t size = test_domain_size(tables->plan.inputs[port]->fields[c].type.id);
        int64_t null_of = below(&tables->random, 2) == 0 ? 0 : 2 + below(&tables->random, 30);
        for (int64_t row = 0; row < side->row_count; row++) {
            bool is_null = null_of > 0 && below(&tables->random, null_of) == 0;
            side->numbers[c * side->row_count + row] =
                (int8_t)(is_null ? -1 : below(&tables->random, size));
        }
    }
}

/* Leaves at most one build row per key, so that probing takes the way without chains. */
static void side_make_unique(struct tables *tables)
{
    struct side *side = &tables->sides[BUILD];
    int64_t kept = 0;

    for (int64_t row = 0; row < side->row_count; row++) {
        bool is_new = true;
        for (int64_t other = 0; other < kept && is_new; other++) {
            is_new = false;
            for (int32_t k = 0; k < tables->plan.node.spec.join.key_count; k++) {
                is_new = is_new || side->numbers[k * side->row_count + row] !=
                                       side->numbers[k * side->row_count + other];
            }
        }
        for (int32_t c = 0; is_new && c < side->column_count; c++) {
            side->numbers[c * side->row_count + kept] = side->numbers[c * side->row_count + row];
        }
        kept += is_new;
    }
    for (int32_t c = 1; c < side->column_count; c++) {
        memmove(side->numbers + c * kept, side->numbers + c * side->row_count, (size_t)kept);
    }
    side->row_count = kept;
}

static void tables_init(struct tables *tables, uint64_t seed, int64_t rows_max)
{
    *tables = (struct tables){.random = seed};
    tables_plan(tables);
    side_rows(tables, PROBE, rows_max);
    side_rows(tables, BUILD, rows_max);
    if (below(&tables->random, 2) == 0) {
        side_make_unique(tables);
    }
}

static void tables_deinit(struct tables *tables)
{
    plan_deinit(&tables->plan);
    free(tables->sides[PROBE].numbers);
    free(tables->sides[BUILD].numbers);
}

/* Rows of numbers, for sorting. */
struct rows {
    int32_t width;
    int64_t count;
    int64_t capacity;
    int8_t *numbers;
};

static int8_t *rows_add(struct rows *rows)
{
    if (rows->count == rows->capacity) {
        rows->capacity = 2 * rows->capacity + 64;
        rows->numbers = realloc(rows->numbers, (size_t)(rows->capacity * rows->width));
    }
    return rows->numbers + rows->count++ * rows->width;
}

static int32_t compared_width;

static int row_compare(const void *a, const void *b)
{
    return memcmp(a, b, (size_t)compared_width);
}

static void rows_sort(struct rows *rows)
{
    compared_width = rows->width;
    if (rows->count > 0) {
        qsort(rows->numbers, (size_t)rows->count, (size_t)rows->width, row_compare);
    }
}

static bool keys_match(const struct tables *tables, int64_t left, int64_t right)
{
    for (int32_t k = 0; k < tables->plan.node.spec.join.key_count; k++) {
        const struct side *sides = tables->sides;
        int8_t a = sides[PROBE].numbers[k * sides[PROBE].row_count + left];
        int8_t b = sides[BUILD].numbers[k * sides[BUILD].row_count + right];
        bool is_null = a < 0 && !tables->plan.node.spec.join.nulls_equal;
        if (is_null || a != b) {
            return false;
        }
    }
    return true;
}

static void row_join(const struct tables *tables, int64_t left, int64_t right, int8_t *out)
{
    const struct sb_join_spec *spec = &tables->plan.node.spec.join;
    const struct side *sides = tables->sides;

    for (int32_t c = 0; c < sides[PROBE].column_count; c++) {
        *out++ = left >= 0             ? sides[PROBE].numbers[c * sides[PROBE].row_count + left]
                 : c < spec->key_count ? sides[BUILD].numbers[c * sides[BUILD].row_count + right]
                                       : (int8_t)-1;
    }
    for (int32_t c = spec->key_count;
         c < sides[BUILD].column_count && !sb_join_is_existence(spec->kind); c++) {
        *out++ = right < 0 ? -1 : sides[BUILD].numbers[c * sides[BUILD].row_count + right];
    }
}

static void expected_rows(const struct tables *tables, struct rows *rows)
{
    enum sb_join_kind kind = tables->plan.node.spec.join.kind;
    bool *is_right_matched = calloc((size_t)tables->sides[BUILD].row_count + 1, 1);

    for (int64_t left = 0; left < tables->sides[PROBE].row_count; left++) {
        bool is_matched = false;
        for (int64_t right = 0; right < tables->sides[BUILD].row_count; right++) {
            if (keys_match(tables, left, right)) {
                is_matched = true;
                is_right_matched[right] = true;
                if (!sb_join_is_existence(kind)) {
                    row_join(tables, left, right, rows_add(rows));
                }
            }
        }
        if (is_matched ? kind == SB_JOIN_SEMI : sb_join_keeps_left(kind) || kind == SB_JOIN_ANTI) {
            row_join(tables, left, -1, rows_add(rows));
        }
    }
    for (int64_t right = 0; right < tables->sides[BUILD].row_count; right++) {
        if (!is_right_matched[right] && sb_join_keeps_right(kind)) {
            row_join(tables, -1, right, rows_add(rows));
        }
    }
    free(is_right_matched);
}

static void actual_rows(const struct op_harness *harness, struct rows *rows)
{
    for (int64_t b = 0; b < harness->emitted.count; b++) {
        const struct sb_batch *batch = &harness->emitted.batches[b];
        const uint32_t *selected = sb_batch_rows(batch);
        for (int64_t i = 0; i < batch->row_count; i++) {
            int8_t *out = rows_add(rows);
            for (int32_t c = 0; c < rows->width; c++) {
                assert_int_equal(batch->columns[c].length, batch->column_length);
                out[c] = (int8_t)test_domain_number(&batch->columns[c],
                                                    selected == NULL ? i : selected[i]);
            }
        }
    }
}

static void tables_check(const struct tables *tables, const struct op_harness *harness)
{
    struct rows expected = {.width = tables->plan.output->field_count};
    struct rows actual = {.width = expected.width};

    expected_rows(tables, &expected);
    actual_rows(harness, &actual);
    rows_sort(&expected);
    rows_sort(&actual);
    assert_int_equal(actual.count, expected.count);
    if (expected.count > 0) {
        assert_memory_equal(actual.numbers, expected.numbers,
                            (size_t)(expected.count * expected.width));
    }
    free(expected.numbers);
    free(actual.numbers);
}

/* Rows [first, first + count) of a side, under a selection of more rows every other time. */
static enum sb_status push_part(struct tables *tables, struct op_harness *harness, int32_t port,
                                int64_t first, int64_t count)
{
    const struct side *side = &tables->sides[port];
    int64_t spread = below(&tables->random, 2) == 0 ? 1 : 2 + below(&tables->random, 8);
    int64_t length = spread * count;
    int8_t *numbers = malloc((size_t)(length * side->column_count + 1));
    uint32_t *positions = malloc(sizeof *positions * (size_t)(count + 1));
    struct sb_batch batch;
    enum sb_status status;

    for (int64_t i = 0; i < count; i++) {
        positions[i] = (uint32_t)(spread * i + below(&tables->random, spread));
    }
    memset(numbers, 1, (size_t)(length * side->column_count + 1));
    for (int32_t c = 0; c < side->column_count; c++) {
        for (int64_t i = 0; i < count; i++) {
            numbers[c * length + positions[i]] = side->numbers[c * side->row_count + first + i];
        }
    }
    status = test_domain_batch(harness->memory, tables->plan.inputs[port], numbers, length,
                               &tables->random, &batch);
    if (status == SB_OK && spread > 1) {
        status = test_batch_select(&batch, positions, count);
        if (status != SB_OK) {
            sb_batch_deinit(&batch);
        }
    }
    free(numbers);
    free(positions);
    return status == SB_OK
               ? op_harness_push(harness, (int32_t)below(&tables->random, harness->worker_count),
                                 port, &batch)
               : status;
}

/* Goes on in a new operator from a snapshot of this one; what was emitted moves, too. */
static enum sb_status harness_move(struct tables *tables, struct op_harness *harness)
{
    struct sb_memory *memory = harness->memory;
    struct test_batches snapshot = {0};
    struct op_harness next = {0};
    enum sb_status status = op_harness_snapshot(harness, &snapshot);

    if (status == SB_OK) {
        status = op_harness_init(&next, sb_hash_join_create, &tables->plan.node, memory,
                                 1 + (int32_t)below(&tables->random, 3));
        memcpy(next.ledger, harness->ledger, sizeof next.ledger);
        if (status == SB_OK) {
            status = op_harness_restore(&next, &snapshot, 1 + below(&tables->random, 2000));
        }
        next.rows_in = harness->rows_in;
        next.rows_out = harness->rows_out;
        next.emitted = harness->emitted;
        harness->emitted = (struct test_batches){0};
        op_harness_deinit(harness);
        *harness = next;
    }
    test_batches_deinit(&snapshot, memory);
    return status;
}

static enum sb_status push_side(struct tables *tables, struct op_harness *harness, int32_t port)
{
    int64_t row_count = tables->sides[port].row_count;
    int64_t rows_max = 1 + below(&tables->random, below(&tables->random, 2) == 0 ? 40 : 5000);
    bool has_snapshots = below(&tables->random, 2) == 0;

    for (int64_t first = 0; first < row_count;) {
        int64_t count = 1 + below(&tables->random, rows_max);
        count = count < row_count - first ? count : row_count - first;
        SB_TRY_RETURN(push_part(tables, harness, port, first, count));
        first += count;
        if (has_snapshots && below(&tables->random, 10) == 0) {
            SB_TRY_RETURN(harness_move(tables, harness));
        }
    }
    return SB_OK;
}

static enum sb_status tables_run(struct tables *tables, struct op_harness *harness)
{
    SB_TRY_RETURN(push_side(tables, harness, BUILD));
    SB_TRY_RETURN(op_harness_end(harness));
    SB_TRY_RETURN(push_side(tables, harness, PROBE));
    return op_harness_end_probe(harness);
}

static void equals_nested_loops_over_random_tables(void **state)
{
    uint64_t random = test_seed();

    for (int i = 0; i < 400; i++) {
        struct sb_memory *memory = sb_memory_create(0);
        struct op_harness harness;
        struct tables tables;

        tables_init(&tables, test_random(&random), below(&random, 4) == 0 ? 1500 : 60);
        assert_int_equal(op_harness_init(&harness, sb_hash_join_create, &tables.plan.node, memory,
                                         1 + (int32_t)below(&random, 3)),
                         SB_OK);
        if (tables_run(&tables, &harness) != SB_OK) {
            fail_msg("%s", harness.error.message);
        }
        tables_check(&tables, &harness);
        assert_true(op_harness_is_balanced(&harness));
        op_harness_deinit(&harness);
        tables_deinit(&tables);
        sb_memory_release(memory);
    }
}

static enum sb_status attempt_tables(struct sb_memory *memory, void *context)
{
    struct tables *tables = context;
    struct op_harness harness;
    uint64_t random = tables->random; // the same run each time
    enum sb_status status =
        op_harness_init(&harness, sb_hash_join_create, &tables->plan.node, memory, 2);

    if (status == SB_OK) {
        status = tables_run(tables, &harness);
    }
    tables->random = random;
    op_harness_deinit(&harness);
    return status;
}

static void survives_each_refused_allocation(void **state)
{
    uint64_t random = test_seed();

    for (int i = 0; i < 12; i++) {
        struct tables tables;

        tables_init(&tables, test_random(&random), 80);
        test_allocations(attempt_tables, &tables);
        tables_deinit(&tables);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inner_joins_equal_keys),
        cmocka_unit_test(left_keeps_rows_without_a_match),
        cmocka_unit_test(each_pair_of_duplicates_is_a_row),
        cmocka_unit_test(null_keys_match_nothing),
        cmocka_unit_test(nans_match_and_zeros_match),
        cmocka_unit_test(an_empty_build_side_matches_nothing),
        cmocka_unit_test(integers_of_any_width_match),
        cmocka_unit_test(text_of_any_layout_matches),
        cmocka_unit_test(floats_of_both_widths_match),
        cmocka_unit_test(times_match_across_units),
        cmocka_unit_test(decimals_match_across_scales),
        cmocka_unit_test(any_word_may_be_a_key),
        cmocka_unit_test(keys_that_lie_close_together_match),
        cmocka_unit_test(right_keeps_right_rows_and_their_keys),
        cmocka_unit_test(outer_keeps_rows_of_both_sides),
        cmocka_unit_test(an_outer_join_with_an_empty_side_gives_the_other),
        cmocka_unit_test(semi_and_anti_keep_each_left_row_once),
        cmocka_unit_test(nulls_match_nulls_when_asked),
        cmocka_unit_test(integers_of_different_sign_match_by_value),
        cmocka_unit_test(keys_of_right_rows_keep_their_value),
        cmocka_unit_test(a_right_key_the_left_column_cannot_hold_is_an_error),
        cmocka_unit_test(one_duplicate_among_many_keys_is_found),
        cmocka_unit_test(no_right_column_may_be_left),
        cmocka_unit_test(shares_left_columns_when_each_row_matches_once),
        cmocka_unit_test(one_huge_key_leaves_in_bounded_batches),
        cmocka_unit_test(equals_nested_loops_over_random_tables),
        cmocka_unit_test(survives_each_refused_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
