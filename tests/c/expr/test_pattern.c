// SPDX-License-Identifier: Apache-2.0
/*
 * like, ilike and regular expressions: tables, and random patterns and texts against a matcher
 * that tries everything.
 */
#include "expressions.h"

#include <stdio.h>

#include "expr/kernels.h"
#include "expr/like.h"
#include "support/seed.h"

static void matches_like_patterns(void **state)
{
    static const struct row_case cases[] = {
        {"a: utf8", "'abc'; 'ab'; ''; null; 'xabcx'", "(like a 'abc')",
         "true; false; false; null; false"},
        {"a: utf8", "'abc'; 'xabcx'; 'abx'; ''", "(like a '%abc%')", "true; true; false; false"},
        {"a: utf8", "'abc'; 'xabcx'", "(like a 'abc%')", "true; false"},
        {"a: utf8", "'abc'; 'xabc'; 'abcx'", "(like a '%abc')", "true; true; false"},
        {"a: utf8", "''; 'x'; null", "(like a '%')", "true; true; null"},
        {"a: utf8", "''; 'x'", "(like a '')", "true; false"},
        {"a: utf8", "'ab'; 'aXXb'; 'a'; 'aba'", "(like a 'a%b')", "true; true; false; false"},
        {"a: utf8", "'aa'; 'a'; 'aba'", "(like a 'a%a')", "true; false; true"},
        {"a: utf8", "'xaybz'; 'xbya'; 'ab'; 'aab'; 'ba'", "(like a '%a%b%')",
         "true; false; true; true; false"},
        {"a: utf8", "'abcabd'; 'abd'; 'abdx'", "(like a '%ab%bd')", "true; false; false"},
        {"a: utf8", "'é'; '日'; '😀'; ''; 'ab'", "(like a '_')", "true; true; true; false; false"},
        {"a: utf8", "'aé日b'; 'ab'; 'aéb'", "(like a 'a__b')", "true; false; false"},
        {"a: utf8", "'a1b2c'; 'ab'", "(like a '%_b_%')", "true; false"},
        {"a: utf8", "'50%'; '50x'; '50'", "(like a '50!%' '!')", "true; false; false"},
        {"a: utf8", "'a_b'; 'axb'; 'a!b'", "(like a 'a!_b' '!')", "true; false; false"},
        {"a: utf8", "'a!b'; 'ab'", "(like a 'a!!b' '!')", "true; false"},
        {"a: utf8", "'a'", "(like a 'a!' '!')", "error: like: the pattern 'a!' ends in its escape"},
        {"a: utf8", "'a'", "(like a 'a' 'x')", "error: like: the escape is one ASCII character"},
        {"a: utf8", "'a'", "(like a 'a' '!!')", "error: like: the escape is one ASCII character"},
        {"a: utf8, p: utf8", "'abc','a%'; 'abc','_'; 'abc',null; null,'a'; 'é','_'", "(like a p)",
         "true; false; null; null; true"},
        {"a: utf8, p: utf8", "'x',null; 'y','!'", "(like a p '!')",
         "error: like: the pattern '!' ends in its escape"},
        {"a: bool, p: utf8", "true,'!'; false,'x'", "(or a (like 'x' p '!'))", "true; true"},
        {"a: utf8", "'BaNaNa'; 'ÉTÉ'; 'x'", "(ilike a '%NA')", "true; false; false"},
        {"a: utf8_view", "'ÉTÉ'; 'été'; 'ete'", "(ilike a 'éT_')", "true; true; false"},
        {"a: large_utf8", "'a text of more than 12 bytes'", "(like a '%more%12%')", "true"},
        {"a: utf8", "'x'", "(like a 1)", "error: like does not take int64"},
    };

    RUN_CASES(cases);
}

static void matches_regular_expressions(void **state)
{
    static const struct row_case cases[] = {
        {"a: utf8", "'order 66'; 'order'; ''; null", "(regexp_matches a '[0-9]+$')",
         "true; false; false; null"},
        {"a: utf8", "'日本'; '日'; 'ab'", "(regexp_matches a '^..$')", "true; false; true"},
        {"a: utf8", "'ÉTÉ'; 'x'", "(regexp_matches a '(?i)été')", "true; false"},
        {"a: utf8", "'a.b'; 'axb'", "(regexp_matches a 'a\\\\.b')", "true; false"},
        {"a: utf8", "'xplainx'; 'p'", "(regexp_matches a 'plain')", "true; false"},
        {"a: utf8", "''; 'x'", "(regexp_matches a '')", "true; true"},
        {"a: utf8_view", "'a text of more than 12 bytes'; 'no'; null",
         "(regexp_extract a '[0-9]+')", "'12'; null; null"},
        {"a: utf8", "'k=v'; 'k='; '='", "(regexp_extract a '([a-z]+)=([a-z]+)?' 2)",
         "'v'; null; null"},
        {"a: utf8", "'aé日'; 'b'", "(regexp_extract a 'a(.*)' 1)", "'é日'; null"},
        {"a: utf8", "'a1b22'; ''; null; 'x'", "(regexp_replace a '[0-9]+' '<\\\\0>')",
         "'a<1>b<22>'; ''; null; 'x'"},
        {"a: utf8", "'abc'; ''; 'é'", "(regexp_replace a 'x*' '-')", "'-a-b-c-'; '-'; '-é-'"},
        {"a: utf8", "'baac'", "(regexp_replace a 'a*' '-')", "'-b--c-'"}, // as Perl and Python do
        {"a: utf8", "'john smith'", "(regexp_replace a '(\\\\w+) (\\\\w+)' '\\\\2, \\\\1')",
         "'smith, john'"},
        {"a: utf8", "'a-b'", "(regexp_replace a '-' '\\\\\\\\')", "'a\\\\b'"},
        {"a: utf8", "'aaa'", "(regexp_replace a 'a' '')", "''"},
        {"a: utf8", "'x'", "(regexp_matches a '(a')",
         "error: regexp_matches: the pattern '(a' is wrong at byte 2: missing closing parenthesis"},
        {"a: utf8", "'x'", "(regexp_matches a a)",
         "error: regexp_matches: the pattern is a text literal, not an expression"},
        {"a: utf8", "'x'", "(regexp_extract a '(x)' 2)",
         "error: regexp_extract: the group is an integer literal from 0 to 1"},
        {"a: utf8", "'x'", "(regexp_replace a '(x)' '\\\\2')",
         "error: regexp_replace: the replacement '\\2' has a backslash"},
        {"a: utf8", "'x'", "(regexp_matches a 'x\\\\C')", "error: regexp_matches: the pattern"},
        {"a: bool, b: utf8", "true,'x'", "(regexp_matches b null)",
         "error: regexp_matches: the pattern is a text literal, not null"},
    };

    RUN_CASES(cases);
}

/* 2^n ways to match n letters: the row fails, and only if it counts. */
static void gives_up_on_catastrophic_patterns(void **state)
{
    static const char letters[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
    char rows[256];
    char guarded[256];

    snprintf(rows, sizeof rows, "'%s'", letters);
    snprintf(guarded, sizeof guarded, "true,'%s'; false,'a'", letters);
    case_run(&(struct row_case){"a: utf8", rows, "(regexp_matches a '^(a|a)*(b|c)$')",
                                "error: regexp_matches: the pattern '^(a|a)*(b|c)$' takes too "
                                "many steps over a text of 41 bytes"});
    case_run(&(struct row_case){"g: bool, a: utf8", guarded,
                                "(or g (regexp_matches a '^(a|a)*(b|c)$'))", "true; false"});
}

/* Tries every split: exponential, and obviously right. Bytes are characters here. */
static bool reference_like(const char *pattern, const char *text)
{
    if (*pattern == 0) {
        return *text == 0;
    }
    if (*pattern == '%') {
        return reference_like(pattern + 1, text) ||
               (*text != 0 && reference_like(pattern, text + 1));
    }
    return *text != 0 && (*pattern == '_' || *pattern == *text) &&
           reference_like(pattern + 1, text + 1);
}

static void random_string(uint64_t *seed, const char *letters, uint64_t size_max, char *out)
{
    const uint64_t size = test_random(seed) % (size_max + 1);

    for (uint64_t i = 0; i < size; i++) {
        out[i] = letters[test_random(seed) % strlen(letters)];
    }
    out[size] = 0;
}

/* Rows of one chunk lie next to each other, so that a match across a border would show. */
static void random_patterns_match_as_the_reference(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    uint64_t seed = test_seed();

    for (int32_t round = 0; round < 600; round++) {
        struct sb_arena arena = {.memory = memory};
        struct sb_error err = {0};
        struct sb_batch batch;
        struct sb_batch out;
        char texts[40][12];
        char rows[40 * 16] = "";
        char pattern[8];
        char call[64];
        size_t used = 0;

        random_string(&seed, round % 3 == 0 ? "aab%" : "aab%%_", 6, pattern);
        for (int32_t i = 0; i < 40; i++) {
            random_string(&seed, "aab", 9, texts[i]);
            used += (size_t)snprintf(rows + used, sizeof rows - used, "%s'%s'", i > 0 ? ";" : "",
                                     texts[i]);
        }
        snprintf(call, sizeof call, "(like a '%s')", pattern);
        assert_int_equal(
            test_batch_parse(memory, round % 2 == 0 ? "a: utf8" : "a: utf8_view", rows, &batch),
            SB_OK);
        assert_int_equal(expression_evaluate(call, &batch, memory, &arena, &out, &err), SB_OK);
        for (int32_t i = 0; i < 40; i++) {
            const bool found = sb_bitmap_get(out.columns[0].values, i);
            if (found != reference_like(pattern, texts[i])) {
                fail_msg("'%s' like '%s' gives %d", texts[i], pattern, found);
            }
        }
        sb_batch_deinit(&out);
        sb_batch_deinit(&batch);
        sb_arena_deinit(&arena);
    }
    sb_memory_release(memory);
}

/* Blocks of 64 places, their ends, and the places behind the last block. */
static void finds_bytes_at_every_place(void **state)
{
    enum { SIZE = 200 };
    uint8_t bytes[SIZE];

    for (int32_t level = 0; sb_kernel_table_at(level) != NULL; level++) {
        const struct sb_kernel_table *table = sb_kernel_table_at(level);
        for (int64_t part_size = 1; part_size <= 70; part_size += part_size < 5 ? 1 : 13) {
            uint8_t part[70];
            memset(part, 'a', sizeof part);
            part[part_size - 1] = 'b';
            for (int64_t size = part_size; size <= SIZE; size += 7) {
                memset(bytes, 'a', sizeof bytes);
                assert_null(table->find(bytes, size, part, part_size));
                for (int64_t at = 0; at + part_size <= size; at++) {
                    memset(bytes, 'a', sizeof bytes);
                    bytes[at + part_size - 1] = 'b';
                    assert_ptr_equal(table->find(bytes, size, part, part_size), bytes + at);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_like_patterns),
        cmocka_unit_test(matches_regular_expressions),
        cmocka_unit_test(gives_up_on_catastrophic_patterns),
        cmocka_unit_test(random_patterns_match_as_the_reference),
        cmocka_unit_test(finds_bytes_at_every_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
