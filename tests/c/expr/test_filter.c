// SPDX-License-Identifier: Apache-2.0
/*
 * Filters: which rows stay, in batches of every size, selected and sliced, and what a filter does
 * not do: make a selection for a batch that passes whole, or raise errors for rows already out.
 */
#include "expressions.h"

#include "columnar/builder.h"
#include "expr/kernels.h"
#include "expr/tree.h"
#include "support/allocation.h"
#include "support/seed.h"

/* "a" counts from 0, null in every seventh row; "b" counts down; "c" is whether a is even. */
static enum sb_status make_batch(struct sb_memory *memory, int64_t row_count, struct sb_batch *out)
{
    enum sb_status status = SB_OK;
    struct sb_schema *schema = NULL;
    struct sb_builder builders[3];

    *out = (struct sb_batch){0};
    SB_TRY_RETURN(test_schema_parse(memory, "a: int64, b: int32 not null, c: bool", &schema));
    for (int i = 0; i < 3; i++) {
        sb_builder_init(&builders[i], memory, &schema->fields[i].type);
    }
    for (int64_t i = 0; i < row_count; i++) {
        const int32_t down = (int32_t)(row_count - i);
        const uint8_t even = i % 2 == 0;
        SB_TRY_OUT(i % 7 == 6 ? sb_builder_append_null(&builders[0], NULL)
                              : sb_builder_append_fixed(&builders[0], &i, NULL));
        SB_TRY_OUT(sb_builder_append_fixed(&builders[1], &down, NULL));
        SB_TRY_OUT(sb_builder_append_fixed(&builders[2], &even, NULL));
    }
    SB_TRY_OUT(sb_batch_init(out, memory, schema, row_count, NULL));
    for (int i = 0; i < 3; i++) {
        SB_TRY_OUT(sb_builder_finish(&builders[i], &out->columns[i], NULL));
    }
out:
    for (int i = 0; i < 3; i++) {
        sb_builder_deinit(&builders[i]);
    }
    if (status != SB_OK) {
        sb_batch_deinit(out);
    }
    sb_schema_release(schema);
    return status;
}

/* What the expressions below mean, for the row that holds position `i` of `row_count`. */
struct predicate {
    const char *text;
    bool (*holds)(int64_t i, int64_t row_count);
};

static bool is_null_row(int64_t i)
{
    return i % 7 == 6;
}

static bool all_rows(int64_t i, int64_t n)
{
    return true;
}

static bool no_rows(int64_t i, int64_t n)
{
    return false;
}

static bool a_above_100(int64_t i, int64_t n)
{
    return !is_null_row(i) && i > 100;
}

static bool a_third(int64_t i, int64_t n)
{
    return !is_null_row(i) && i % 3 == 0;
}

static bool rare_and_even(int64_t i, int64_t n)
{
    return !is_null_row(i) && i % 50 == 0 && i % 4 == 0;
}

static bool many_and_even(int64_t i, int64_t n)
{
    return !is_null_row(i) && i % 3 != 0 && i % 2 == 0 && n - i > 5;
}

static bool a_is_null(int64_t i, int64_t n)
{
    return is_null_row(i);
}

static bool even_rows(int64_t i, int64_t n)
{
    return i % 2 == 0;
}

static bool known_rows(int64_t i, int64_t n)
{
    return !is_null_row(i);
}

static const struct predicate predicates[] = {
    {"true", all_rows},
    {"false", no_rows},
    {"bool:null", no_rows},
    {"(greater b 0)", all_rows},
    {"(less b 0)", no_rows},
    {"(greater a 100)", a_above_100},
    {"(greater_equal a 0)", known_rows},
    {"(equal (modulo a 3) 0)", a_third},
    {"(and (equal (modulo a 50) 0) (equal (modulo a 4) 0))", rare_and_even},
    {"(and (not_equal (modulo a 3) 0) c (greater b 5))", many_and_even},
    {"(is_null a)", a_is_null},
    {"c", even_rows},
    {"(and c (or c (is_null a)))", even_rows},
};
enum { PREDICATE_COUNT = sizeof predicates / sizeof predicates[0] };

/* Bits, where there are any, name the rows that the numbers name. */
static void check_bits(const struct sb_batch *batch)
{
    const uint8_t *bits = sb_batch_bits(batch);
    const uint32_t *rows = sb_batch_rows(batch);
    int64_t named = 0;

    for (int64_t i = 0; bits != NULL && i < batch->column_length; i++) {
        if ((bits[i / 8] >> (i % 8) & 1) != 0) {
            assert_true(named < batch->row_count && rows[named] == i);
            named++;
        }
    }
    assert_true(bits == NULL || named == batch->row_count);
}

static void check_filter_once(const struct predicate *predicate, struct sb_batch *batch,
                              const uint32_t *original, int64_t row_count)
{
    struct sb_memory *memory = batch->memory;
    struct sb_arena arena = {.memory = memory};
    const struct sb_bound_expr *bound;
    struct sb_expr_scratch *scratch;
    struct sb_selection *before = batch->selection;
    const int64_t count_before = batch->row_count;
    const int64_t first = original[0];
    int64_t passed = 0;
    struct sb_error err;

    assert_int_equal(expression_bind(predicate->text, batch->schema, &arena, &bound, &err), SB_OK);
    assert_int_equal(sb_expr_scratch_create(memory, &scratch, &err), SB_OK);
    assert_int_equal(sb_expr_filter(bound, batch, scratch, &err), SB_OK);
    for (int64_t j = 0; j < count_before; j++) {
        if (predicate->holds(original[j], row_count)) {
            const uint32_t *rows = sb_batch_rows(batch);
            const int64_t row = rows == NULL ? passed : rows[passed];
            assert_true(passed < batch->row_count);
            // rows of a slice count from its first
            assert_int_equal(before == NULL ? first + row : row, original[j]);
            passed++;
        }
    }
    assert_int_equal(batch->row_count, passed);
    check_bits(batch);
    if (before == NULL && passed > 0 && passed < count_before && bound->conjunct_count == 1) {
        assert_non_null(sb_batch_bits(batch));
    }
    if (passed == count_before) {
        assert_ptr_equal(batch->selection, before);
    }
    sb_expr_scratch_destroy(scratch);
    sb_arena_deinit(&arena);
}

/* Filters `batch` (taken), whose row j is row original[j] of make_batch(..., row_count). */
static void check_filter(const struct predicate *predicate, struct sb_batch *batch,
                         const uint32_t *original, int64_t row_count)
{
    const struct sb_kernel_table *best = sb_kernel_table();

    for (int32_t i = 0; sb_kernel_table_at(i) != NULL; i++) {
        struct sb_batch shared;
        sb_kernel_table_use(sb_kernel_table_at(i));
        assert_int_equal(sb_batch_share(&shared, batch, NULL), SB_OK);
        check_filter_once(predicate, &shared, original, row_count);
        sb_batch_deinit(&shared);
    }
    sb_kernel_table_use(best);
    sb_batch_deinit(batch);
}

static const int64_t sizes[] = {0, 1, 7, 63, 64, 1023, 1024, 1025, 2048, 5000};
enum { SIZE_COUNT = sizeof sizes / sizeof sizes[0] };

static void keeps_the_rows_that_are_true(void **state)
{
    for (int s = 0; s < SIZE_COUNT; s++) {
        struct sb_memory *memory = sb_memory_create(0);
        uint32_t *rows = calloc((size_t)sizes[s] + 1, sizeof rows[0]);
        for (int64_t i = 0; i < sizes[s]; i++) {
            rows[i] = (uint32_t)i;
        }
        for (int p = 0; p < PREDICATE_COUNT; p++) {
            struct sb_batch batch;
            assert_int_equal(make_batch(memory, sizes[s], &batch), SB_OK);
            check_filter(&predicates[p], &batch, rows, sizes[s]);
        }
        free(rows);
        sb_memory_release(memory);
    }
}

static void keeps_them_in_slices_that_start_anywhere(void **state)
{
    static const int64_t firsts[] = {1, 3, 8, 1021};
    struct sb_memory *memory = sb_memory_create(0);
    uint32_t rows[3000];

    for (int f = 0; f < 4; f++) {
        for (int p = 0; p < PREDICATE_COUNT; p++) {
            struct sb_batch batch;
            assert_int_equal(make_batch(memory, 4100, &batch), SB_OK);
            sb_batch_slice(&batch, firsts[f], 3000);
            for (int64_t i = 0; i < 3000; i++) {
                rows[i] = (uint32_t)(firsts[f] + i);
            }
            check_filter(&predicates[p], &batch, rows, 4100);
        }
    }
    sb_memory_release(memory);
}

static void keeps_them_among_selected_rows(void **state)
{
    static const int steps[] = {1, 2, 9, 200};
    struct sb_memory *memory = sb_memory_create(0);
    uint64_t random = test_seed();
    uint32_t rows[4100];

    for (int k = 0; k < 4; k++) {
        for (int p = 0; p < PREDICATE_COUNT; p++) {
            struct sb_batch batch;
            int64_t count = 0;
            uint32_t row = (uint32_t)(test_random(&random) % 5);
            for (; row < 4100; row += 1 + (uint32_t)(test_random(&random) % (uint64_t)steps[k])) {
                rows[count++] = row;
            }
            assert_int_equal(make_batch(memory, 4100, &batch), SB_OK);
            assert_int_equal(test_batch_select(&batch, rows, count), SB_OK);
            check_filter(&predicates[p], &batch, rows, 4100);
        }
    }
    sb_memory_release(memory);
}

static enum sb_status filter_rows(const char *text, const char *schema, const char *rows,
                                  struct sb_memory *memory, struct sb_batch *out,
                                  struct sb_error *err)
{
    enum sb_status status = SB_OK;
    struct sb_arena arena = {.memory = memory};
    const struct sb_bound_expr *bound;
    struct sb_expr_scratch *scratch = NULL;

    *out = (struct sb_batch){0};
    SB_TRY_OUT(test_batch_parse(memory, schema, rows, out));
    SB_TRY_OUT(expression_bind(text, out->schema, &arena, &bound, err));
    SB_TRY_OUT(sb_expr_scratch_create(memory, &scratch, err));
    SB_TRY_OUT(sb_expr_filter(bound, out, scratch, err));
out:
    sb_expr_scratch_destroy(scratch);
    sb_arena_deinit(&arena);
    return status;
}

static void stops_at_the_first_conjunct_that_is_not_true(void **state)
{
    static const char *const tests[][3] = {
        {"0,1; 3,1; 5,1", "(and (not_equal a 0) (equal (modulo 12 a) 0))", "3,1"},
        // a null leaves a filter too, so what comes behind it is not asked
        {"0,null; 4,1; 0,null", "(and (equal b 1) (equal (modulo 12 a) 0))", "4,1"},
        {"0,0; 0,0; 0,0; 0,0; 0,0; 0,0; 3,1", "(and (equal b 1) (equal (modulo 12 a) 0))", "3,1"},
    };

    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        struct sb_memory *memory = sb_memory_create(0);
        struct sb_batch batch;
        struct sb_error err;
        assert_int_equal(
            filter_rows(tests[i][1], "a: int64, b: int64", tests[i][0], memory, &batch, &err),
            SB_OK);
        assert_batch_rows(&batch, tests[i][2]);
        sb_batch_deinit(&batch);
        sb_memory_release(memory);
    }
}

static void reports_a_row_that_fails(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_batch batch;
    struct sb_error err;

    assert_int_equal(
        filter_rows("(greater (modulo 5 a) 1)", "a: int64", "1; 2; 0", memory, &batch, &err),
        SB_FAILED);
    assert_string_equal(err.message, "modulo: division by zero: 5 % 0");
    assert_int_equal(batch.row_count, 3); // as it was
    sb_batch_deinit(&batch);
    assert_int_equal(filter_rows("(add a 1)", "a: int64", "1", memory, &batch, &err), SB_INVALID);
    assert_string_equal(err.message, "a filter needs a boolean expression; this one is int64");
    sb_batch_deinit(&batch);
    sb_memory_release(memory);
}

static enum sb_status filter_attempt(struct sb_memory *memory, void *context)
{
    struct sb_batch batch;
    const enum sb_status status = filter_rows(
        context, "a: int64, b: utf8", "1,'x'; 2,'y'; 3,'x'; null,'x'", memory, &batch, NULL);

    sb_batch_deinit(&batch);
    return status;
}

static void survives_refused_allocations(void **state)
{
    test_allocations(filter_attempt, "(greater a 1)");
    test_allocations(filter_attempt, "(and (greater a 1) (equal b 'x'))");
    test_allocations(filter_attempt, "(equal (cast a utf8) '2')");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_rows_that_are_true),
        cmocka_unit_test(keeps_them_in_slices_that_start_anywhere),
        cmocka_unit_test(keeps_them_among_selected_rows),
        cmocka_unit_test(stops_at_the_first_conjunct_that_is_not_true),
        cmocka_unit_test(reports_a_row_that_fails),
        cmocka_unit_test(survives_refused_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
