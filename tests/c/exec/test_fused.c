// SPDX-License-Identifier: Apache-2.0
/*
 * test_fused.c - a fused operator against its steps one by one: the same rows in the same order,
 * the same columns, and errors that name the step; over shapes drawn here and at random, batches of
 * every size, selected and sliced, with nulls, NaN, -0.0 and long text.
 */
#include "exec/steps.h"

#include "columnar/builder.h"
#include "support/job_run.h"
#include "support/random_value.h"
#include "support/seed.h"

static const char columns[] = "i: int64, j: int32, f: float64, g: float32 not null, s: utf8, v: "
                              "utf8_view, b: bool, d: decimal128(12, 2), h: float16, n: "
                              "decimal64(9, 2), t: timestamp[us], e: dictionary<int32, utf8>, l: "
                              "list<item: int64>, w: date32";

static struct sb_batch batch_random(int64_t row_count, uint64_t *random)
{
    struct sb_memory *memory = sb_memory_global();
    struct sb_schema *schema;
    struct sb_batch batch;

    assert_int_equal(test_schema_parse(memory, columns, &schema), SB_OK);
    assert_int_equal(sb_batch_init(&batch, memory, schema, row_count, NULL), SB_OK);
    for (int32_t c = 0; c < schema->field_count; c++) {
        struct sb_builder builder;

        sb_builder_init(&builder, memory, &schema->fields[c].type);
        for (int64_t i = 0; i < row_count; i++) {
            test_value_append_random(&builder, schema->fields[c].is_nullable, random);
        }
        assert_int_equal(sb_builder_finish(&builder, &batch.columns[c], NULL), SB_OK);
        sb_builder_deinit(&builder);
    }
    sb_schema_release(schema);
    return batch;
}

/* Every row of `a`, then of `b`, as if each were one batch. */
static void expect_equal_rows(struct test_chain *a, struct test_chain *b)
{
    struct sb_column column[2] = {{0}};

    assert_int_equal(a->row_count, b->row_count);
    assert_int_equal(a->filtered_count, b->filtered_count);
    if (a->row_count == 0) {
        return;
    }
    for (int side = 0; side < 2; side++) {
        struct test_chain *chain = side == 0 ? a : b;
        for (int64_t i = 0; i < chain->batch_count; i++) {
            assert_int_equal(sb_batch_flatten(&chain->batches[i], NULL), SB_OK);
        }
    }
    // one batch in leaves at most one batch
    assert_int_equal(a->batch_count, b->batch_count);
    for (int64_t i = 0; i < a->batch_count; i++) {
        const struct sb_batch *one = &a->batches[i];
        const struct sb_batch *other = &b->batches[i];

        assert_true(sb_schema_equal(one->schema, other->schema));
        assert_int_equal(one->row_count, other->row_count);
        for (int32_t c = 0; c < one->schema->field_count; c++) {
            column[0] = one->columns[c];
            column[1] = other->columns[c];
            test_column_expect(&column[1], &column[0], NULL, one->row_count);
        }
    }
}

/* `rows` in batches of `size`, every third one selected at random. */
static void push_both(struct test_chain *chains, const struct sb_batch *rows, int64_t size,
                      bool is_selected, uint64_t *random)
{
    for (int64_t first = 0; first < rows->row_count; first += size) {
        const int64_t rest = rows->row_count - first;
        const uint64_t seed = test_random(random);
        enum sb_status statuses[2];

        for (int side = 0; side < 2; side++) {
            uint64_t state = seed;
            struct sb_batch batch;

            assert_int_equal(sb_batch_share(&batch, rows, NULL), SB_OK);
            sb_batch_slice(&batch, first, rest < size ? rest : size);
            if (is_selected && seed % 3 == 0) {
                uint32_t *positions = malloc(sizeof *positions * (size_t)batch.row_count);
                int64_t count = 0;
                for (int64_t i = 0; i < batch.row_count; i++) {
                    if (test_random(&state) % 4 != 0) {
                        positions[count++] = (uint32_t)i;
                    }
                }
                assert_int_equal(test_batch_select(&batch, positions, count), SB_OK);
                free(positions);
            }
            statuses[side] = test_chain_push(&chains[side], &batch);
        }
        // what fails one by one may do without the failing row; never the other way round
        if (statuses[1] != SB_OK) {
            assert_int_equal(statuses[0], statuses[1]);
            assert_memory_equal(chains[1].error.message, "operator 's", 11);
        }
        if (statuses[0] != SB_OK) {
            test_chain_clear(&chains[0]);
            test_chain_clear(&chains[1]);
        }
    }
}

static void check_steps(const json_t *steps, const struct sb_batch *rows, uint64_t *random)
{
    static const int64_t sizes[] = {1, 7, 1000, 1024, 3000, 65536};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct test_chain chains[2];
        struct sb_batch some;

        for (int side = 0; side < 2; side++) {
            assert_int_equal(
                test_chain_init(&chains[side], steps, side == 1, rows->schema, sb_memory_global()),
                SB_OK);
        }
        assert_int_equal(sb_batch_share(&some, rows, NULL), SB_OK);
        if (sizes[i] < 1000) {
            sb_batch_slice(&some, 0, some.row_count < 300 ? some.row_count : 300);
        }
        push_both(chains, &some, sizes[i], i % 2 == 1, random);
        expect_equal_rows(&chains[0], &chains[1]);
        sb_batch_deinit(&some);
        test_chain_deinit(&chains[0]);
        test_chain_deinit(&chains[1]);
    }
}

static const char *const shapes[] = {
    "filter (greater i 0)",
    "select i s; select s",
    "filter (greater i 0); select s i f; filter (less f 1.5)",
    "map x = (add f 1.0); filter (greater x 1.0); map y = (multiply x 2.0); filter (less y 100.0); "
    "select y i",
    "only x = (add f 1.0) y = i; only z = (multiply x x) y = y w = x; filter (is_not_null z)",
    // a column of which more than one thing is made, before and behind conditions
    "map x = (multiply f f); filter (greater x 0.5); filter (or (less x 3.0) (is_null j)); map y = "
    "(add x x) f = x; select f y x s",
    // places of its own for every type
    "map s = (upper s) v = (lower s) b = (not b) d = (subtract d d); filter b; select s v b d l e",
    "map h = (cast (add h 1.0) float16) n = (cast (add n n) decimal64(9,2)); filter (greater h "
    "0.0); map k = (add h 1.0) m = (add n n); select h n k m e",
    "map y = (year t) z = (cast t date32); filter (greater y 1900); select z y t w",
    // columns that are handed on under other names, and encoded ones
    "map a = e c = l u = i; filter (equal a 'a'); select c a u; map a = (upper a)",
    "map e = (cast e utf8); filter (greater_equal e ''); map e = (concat e e)",
    // the nulls of one column are those of another, which moves
    "map y = (add f j); map x = (add y 1.0); filter (or (is_null x) (greater x 1.2)); only x = x y = y z = (add "
    "x y)",
    // constants, and calls over them that nobody folds
    "map one = 1 no = bool:null t = 'text'; map two = (add one one) u = (concat t s); filter "
    "(greater two 1); select two u one no",
    "map no = bool:null; filter (or no (greater i 0)); select i no",
    "filter (greater 1 2); map x = (add i 1)",
    // guards: what fails is computed only where it was
    "filter (not_equal i 0); map q = (modulo 100 i); filter (greater q 1); select q i",
    "map k = (case (not_equal i 0) (modulo 100 i) i); filter (greater k 3); map m = (add k k)",
    "filter (or (equal i 0) (greater (modulo 100 i) 1)); filter (not_equal i 0); map q = (modulo "
    "100 i); select q",
    "filter (and (not_equal i 0) (greater (modulo 100 i) 1)); map q = (coalesce j (modulo 100 j))",
    // retyped values
    "map k = (cast t int64) x = (cast w int32); filter (greater k 0); map k = (add k 1) y = "
    "(cast x date32); select k y x",
    // the same twice
    "map x = (sqrt (add (multiply f f) 1.0)) y = (divide (sqrt (add (multiply f f) 1.0)) 2.0) z "
    "= (in s 'a' 'b') u = (in s 'a' 'b'); filter (greater (sqrt (add (multiply f f) 1.0)) 1.2)",
};

static void gives_the_rows_of_its_steps(void **state)
{
    uint64_t random = test_seed();
    struct sb_batch rows = batch_random(10000, &random);

    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        json_t *steps = steps_make(shapes[i]);

        check_steps(steps, &rows, &random);
        json_decref(steps);
    }
    sb_batch_deinit(&rows);
}

// --- random steps --------------------------------------------------------------------------------

enum { NAME_SIZE = 8, NAMES_MAX = 64, TEXT_SIZE = 4096 };

struct drawing {
    char numbers[NAMES_MAX][NAME_SIZE]; // columns of int64 or float64 there are
    int number_count;
    int made;
    uint64_t *random;
    char text[TEXT_SIZE];
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void draw(struct drawing *drawing, const char *format,
                                                       ...)
{
    va_list arguments;

    va_start(arguments, format);
    drawing->size += (size_t)vsnprintf(drawing->text + drawing->size, TEXT_SIZE - drawing->size,
                                       format, arguments);
    va_end(arguments);
    assert_true(drawing->size < TEXT_SIZE);
}

static int pick(struct drawing *drawing, int count)
{
    return (int)(test_random(drawing->random) % (uint64_t)count);
}

static void draw_number(struct drawing *drawing, int depth)
{
    static const char *const calls[] = {"add", "subtract", "multiply", "divide"};

    switch (pick(drawing, depth > 2 ? 2 : 6)) {
    case 0:
        draw(drawing, "%d.5", pick(drawing, 4));
        break;
    case 1:
    case 2:
        draw(drawing, "%s", drawing->numbers[pick(drawing, drawing->number_count)]);
        break;
    case 3:
        draw(drawing, "(coalesce ");
        draw_number(drawing, depth + 1);
        draw(drawing, " ");
        draw_number(drawing, depth + 1);
        draw(drawing, ")");
        break;
    default:
        draw(drawing, "(%s ", calls[pick(drawing, 4)]);
        draw_number(drawing, depth + 1);
        draw(drawing, " ");
        draw_number(drawing, depth + 1);
        draw(drawing, ")");
        break;
    }
}

static void draw_condition(struct drawing *drawing, int depth)
{
    static const char *const calls[] = {"less", "greater", "equal", "not_equal", "less_equal"};

    switch (pick(drawing, depth > 1 ? 2 : 6)) {
    case 0:
        draw(drawing, "(%s ", pick(drawing, 2) ? "is_null" : "is_not_null");
        draw_number(drawing, 1);
        draw(drawing, ")");
        break;
    case 4:
        draw(drawing, "(%s ", pick(drawing, 2) ? "and" : "or");
        draw_condition(drawing, depth + 1);
        draw(drawing, " ");
        draw_condition(drawing, depth + 1);
        draw(drawing, ")");
        break;
    case 5: // fails where the rest is less
        draw(drawing, "(greater_equal (cast (add 200.0 ");
        draw_number(drawing, 2);
        draw(drawing, ") uint8) 3)");
        break;
    default:
        draw(drawing, "(%s ", calls[pick(drawing, 5)]);
        draw_number(drawing, depth);
        draw(drawing, " ");
        draw_number(drawing, depth + 1);
        draw(drawing, ")");
        break;
    }
}

static void draw_step(struct drawing *drawing)
{
    const int count = 1 + pick(drawing, 3);

    switch (pick(drawing, 5)) {
    case 0:
    case 1:
        draw(drawing, "filter ");
        draw_condition(drawing, 0);
        break;
    case 2: { // some of the columns, in another order
        const int first = pick(drawing, drawing->number_count);
        const int kept = 1 + pick(drawing, drawing->number_count);
        char names[NAMES_MAX][NAME_SIZE];

        draw(drawing, "select");
        for (int i = 0; i < kept; i++) {
            memcpy(names[i], drawing->numbers[(first + i) % drawing->number_count], NAME_SIZE);
            draw(drawing, " %s", names[i]);
        }
        memcpy(drawing->numbers, names, sizeof names[0] * (size_t)kept);
        drawing->number_count = kept;
        break;
    }
    default: {
        const int known = drawing->number_count;

        draw(drawing, "map ");
        for (int i = 0; i < count; i++) {
            char name[NAME_SIZE];
            snprintf(name, sizeof name, "x%d", drawing->made++);
            draw(drawing, "%s%s = ", i == 0 ? "" : " ", name);
            drawing->number_count = known; // expressions do not read each other
            draw_number(drawing, 0);
            memcpy(drawing->numbers[known + i], name, NAME_SIZE);
        }
        drawing->number_count = known + count;
        break;
    }
    }
}

static void random_steps_give_the_rows_of_the_steps(void **state)
{
    uint64_t random = test_seed();
    struct sb_batch rows = batch_random(5000, &random);

    for (int round = 0; round < 30; round++) {
        struct drawing drawing = {.numbers = {"f", "i", "g", "j"}, .number_count = 4};
        const int step_count = 1 + (int)(test_random(&random) % 7);
        json_t *steps;

        drawing.random = &random;
        for (int i = 0; i < step_count; i++) {
            draw(&drawing, "%s", i == 0 ? "" : "; ");
            draw_step(&drawing);
        }
        steps = steps_make(drawing.text);
        check_steps(steps, &rows, &random);
        json_decref(steps);
    }
    sb_batch_deinit(&rows);
}

// --- single matters ------------------------------------------------------------------------------

/* Rows of "i: int64" 0 .. count - 1. */
static struct sb_batch batch_counting(int64_t count)
{
    struct sb_memory *memory = sb_memory_global();
    struct sb_builder builder;
    struct sb_schema *schema;
    struct sb_batch batch;

    assert_int_equal(test_schema_parse(memory, "i: int64, k: int64", &schema), SB_OK);
    assert_int_equal(sb_batch_init(&batch, memory, schema, count, NULL), SB_OK);
    for (int c = 0; c < 2; c++) {
        sb_builder_init(&builder, memory, &schema->fields[c].type);
        for (int64_t i = 0; i < count; i++) {
            assert_int_equal(sb_builder_append_fixed(&builder, &i, NULL), SB_OK);
        }
        assert_int_equal(sb_builder_finish(&builder, &batch.columns[c], NULL), SB_OK);
        sb_builder_deinit(&builder);
    }
    sb_schema_release(schema);
    return batch;
}

static enum sb_status run_counting(struct test_chain *chain, const char *text, int64_t count)
{
    struct sb_batch batch = batch_counting(count);
    json_t *steps = steps_make(text);
    enum sb_status status;

    assert_int_equal(test_chain_init(chain, steps, true, batch.schema, sb_memory_global()), SB_OK);
    json_decref(steps);
    status = test_chain_push(chain, &batch);
    return status;
}

static void errors_name_the_step(void **state)
{
    static const struct {
        const char *steps;
        const char *message;
    } cases[] = {
        {"filter (greater i 3); map q = (modulo 10 (subtract i 5)); select q",
         "operator 's1' (map): column 'q': "},
        {"map a = (add i 1) q = (modulo 10 (subtract i 5)); filter (greater q 1); select a",
         "operator 's0' (map): column 'q': "},
        {"map a = (add i 1); filter (greater (modulo 10 (subtract i 5)) 1); select a",
         "operator 's1' (filter): "},
        {"map a = i; map a = (modulo a 0)", "operator 's1' (map): column 'a': "},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_chain chain;

        assert_int_equal(run_counting(&chain, cases[i].steps, 3000), SB_FAILED);
        if (strncmp(chain.error.message, cases[i].message, strlen(cases[i].message)) != 0) {
            fail_msg("%s", chain.error.message);
        }
        test_chain_deinit(&chain);
    }
}

/* Row 5 would fail in each of these, and is out or unread before it could. */
static void raises_no_error_for_rows_that_are_out(void **state)
{
    static const char *const cases[] = {
        "filter (not_equal i 5); map q = (modulo 10 (subtract i 5)); select q",
        "filter (not_equal i 5); filter (greater (modulo 10 (subtract i 5)) -1000); select i",
        "map d = (subtract i 5); filter (not_equal d 0); map q = (modulo 10 d); filter (less q 100)",
        // the guard of the first must not become everybody's, nor the other way round
        "filter (or (equal i 5) (greater (modulo 10 (subtract i 5)) -1000)); filter (not_equal i "
        "5); map q = (modulo 10 (subtract i 5)) r = (modulo 10 (subtract i 5))",
        "map q = (case (equal i 5) 0 (modulo 10 (subtract i 5))); filter (greater q -1000); filter "
        "(not_equal i 5); map r = (modulo 10 (subtract i 5)); select q r",
        "filter (greater i 2990); map q = (modulo 10 (subtract i 5)); filter (greater q -1000)",
        "map q = (modulo 10 (subtract i 5)); select i", // nobody reads it
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_chain chain;

        if (run_counting(&chain, cases[i], 3000) != SB_OK) {
            fail_msg("%s: %s", cases[i], chain.error.message);
        }
        assert_true(chain.row_count > 0);
        test_chain_deinit(&chain);
    }
}

static void shares_columns_that_pass(void **state)
{
    struct sb_batch batch = batch_counting(5000);
    const void *values = batch.columns[0].values;
    json_t *steps = steps_make("filter (less i 100); select k i; filter (greater i 5)");
    struct test_chain chain;

    assert_int_equal(test_chain_init(&chain, steps, true, batch.schema, sb_memory_global()), SB_OK);
    assert_int_equal(test_chain_push(&chain, &batch), SB_OK);
    assert_int_equal(chain.batch_count, 1);
    assert_ptr_equal(chain.batches[0].columns[1].values, values);
    assert_int_equal(chain.batches[0].row_count, 94);
    assert_int_equal(sb_batch_rows(&chain.batches[0])[0], 6);
    json_decref(steps);
    test_chain_deinit(&chain);
}

/* Where most rows pass, rows that are out keep a place: a whole chunk, and one that would fail. */
static void rows_that_are_out_keep_their_places(void **state)
{
    struct sb_batch batch = batch_counting(20000);
    json_t *steps =
        steps_make("filter (or (less i 1024) (greater_equal i 2048)); filter (not_equal "
                   "i 5000); map q = (modulo 10 (subtract i 5000)); select q k");
    struct test_chain chain;

    assert_int_equal(test_chain_init(&chain, steps, true, batch.schema, sb_memory_global()), SB_OK);
    for (int round = 0; round < 2; round++) {
        struct sb_batch shared;

        assert_int_equal(sb_batch_share(&shared, &batch, NULL), SB_OK);
        assert_int_equal(test_chain_push(&chain, &shared), SB_OK);
    }
    assert_int_equal(chain.batch_count, 2);
    assert_null(chain.batches[0].selection); // nothing was known about the rows yet
    assert_non_null(chain.batches[1].selection);
    assert_non_null(sb_batch_bits(&chain.batches[1]));
    assert_ptr_equal(chain.batches[1].columns[1].values, batch.columns[1].values);
    assert_int_equal(chain.batches[1].row_count, 20000 - 1024 - 1);
    assert_int_equal(sb_batch_flatten(&chain.batches[1], NULL), SB_OK);
    for (int32_t c = 0; c < 2; c++) {
        test_column_expect(&chain.batches[1].columns[c], &chain.batches[0].columns[c], NULL,
                           chain.batches[0].row_count);
    }
    sb_batch_deinit(&batch);
    json_decref(steps);
    test_chain_deinit(&chain);
}

/* Few rows that stay do not hold the memory of many. */
static void holds_no_room_for_rows_that_are_out(void **state)
{
    struct test_chain chain;

    assert_int_equal(run_counting(&chain, "filter (less i 10); only x = (add i 1)", 50000), SB_OK);
    assert_int_equal(chain.batches[0].row_count, 10);
    assert_in_range(chain.batches[0].columns[0].owner->size, 80, 160);
    test_chain_deinit(&chain);
}

/* Steps pile up: neither the stack nor the time may grow out of hand. */
static void a_thousand_steps_are_one(void **state)
{
    json_t *steps = json_array();
    struct sb_batch batch = batch_counting(2000);
    struct test_chain chain;
    const int64_t *found;

    for (int i = 0; i <= 1000; i++) {
        json_t *one = steps_make(i < 1000 ? "map i = (add i 1)" : "filter (greater i 2000)");
        char id[16];

        snprintf(id, sizeof id, "m%d", i);
        json_object_set_new(json_array_get(one, 0), "operator_id", json_string(id));
        json_array_extend(steps, one);
        json_decref(one);
    }
    assert_int_equal(test_chain_init(&chain, steps, true, batch.schema, sb_memory_global()), SB_OK);
    assert_int_equal(test_chain_push(&chain, &batch), SB_OK);
    assert_int_equal(chain.row_count, 999);
    assert_int_equal(sb_batch_flatten(&chain.batches[0], NULL), SB_OK);
    found = sb_column_fixed(&chain.batches[0].columns[0], 8);
    assert_int_equal(found[0], 2001);
    assert_int_equal(found[998], 2999);
    json_decref(steps);
    test_chain_deinit(&chain);
}

/* A whole job: what a worker remembers of its batches is its own. */
static void workers_share_the_work(void **state)
{
    static const struct {
        int32_t workers;
        int64_t rows;
    } cuts[] = {{1, 65536}, {2, 7}, {8, 1000}, {8, 65536}};
    json_t *steps = steps_make("filter (greater k 3); map x = (add i k) y = (multiply i 2); filter "
                               "(not_equal (modulo x 3) 0); select x i y");
    char *texts[2];

    for (int side = 0; side < 2; side++) {
        json_t *graph;
        json_t *source;

        texts[side] = test_chain_json(steps, side == 1);
        graph = json_loads(texts[side], 0, NULL);
        source = json_array_get(json_object_get(graph, "operators"), 0);
        json_object_set_new(source, "parameters",
                            json_pack("{s:{s:i, s:i, s:i, s:[{s:s, s:s}, {s:s, s:s, s:i, s:i}]}}",
                                      "generator", "rows", 100000, "seed", 7, "splits", 4,
                                      "columns", "name", "i", "kind", "sequence", "name", "k",
                                      "kind", "uniform_int", "low", 0, "high", 30));
        free(texts[side]);
        texts[side] = json_dumps(graph, 0);
        json_decref(graph);
    }
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct test_rows rows[2];

        for (int side = 0; side < 2; side++) {
            struct sb_graph *graph = test_graph(texts[side]);
            const struct sb_job_options options = {.worker_count = cuts[i].workers,
                                                   .morsel_rows_max = cuts[i].rows};

            test_job_run(graph, &options, "sink", &rows[side]);
            sb_graph_destroy(graph);
        }
        test_rows_sort(&rows[0]);
        test_rows_sort(&rows[1]);
        assert_in_range(rows[0].row_count, 10000, 90000);
        test_rows_expect_equal(&rows[0], &rows[1]);
        test_rows_deinit(&rows[0]);
        test_rows_deinit(&rows[1]);
    }
    free(texts[0]);
    free(texts[1]);
    json_decref(steps);
}

static enum sb_status attempt(struct sb_memory *memory, void *context)
{
    const char *text = context;
    json_t *steps = steps_make(text);
    struct sb_batch batch = batch_counting(3000);
    struct test_chain chain;
    enum sb_status status;

    status = test_chain_init(&chain, steps, true, batch.schema, memory);
    if (status == SB_OK) {
        status = test_chain_push(&chain, &batch);
    } else {
        sb_batch_deinit(&batch);
    }
    json_decref(steps);
    test_chain_deinit(&chain);
    return status;
}

static void survives_refused_memory(void **state)
{
    test_allocations(attempt, "filter (greater i 10); map x = (add i k) s = (cast i utf8); filter "
                              "(less x 3000); select x s k");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_rows_of_its_steps),
        cmocka_unit_test(random_steps_give_the_rows_of_the_steps),
        cmocka_unit_test(errors_name_the_step),
        cmocka_unit_test(raises_no_error_for_rows_that_are_out),
        cmocka_unit_test(shares_columns_that_pass),
        cmocka_unit_test(rows_that_are_out_keep_their_places),
        cmocka_unit_test(holds_no_room_for_rows_that_are_out),
        cmocka_unit_test(a_thousand_steps_are_one),
        cmocka_unit_test(workers_share_the_work),
        cmocka_unit_test(survives_refused_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
