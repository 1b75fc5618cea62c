// SPDX-License-Identifier: Apache-2.0
/*
 * Functions of text over all three layouts: characters of one to four bytes, nulls, empty and long
 * texts, positions at and beyond both ends.
 */
#include "expressions.h"

#include "expr/letter_case.h"
#include "expr/utf8.h"

static void counts_characters(void **state)
{
    static const struct row_case cases[] = {
        {"a: utf8", "''; 'abc'; 'üß'; '日本語'; '😀'; 'e\\xcc\\x81'; null", "(length a)",
         "0; 3; 2; 3; 1; 2; null"},
        {"a: large_utf8", "'a text of more than eight bytes, ü'", "(length a)", "34"},
        {"a: utf8_view", "'日本語日本語日本語'; 'x'; null", "(length a)", "9; 1; null"},
        {"a: utf8", "'üß'; '😀'; null", "(byte_length a)", "4; 4; null"},
        {"a: binary", "'\\x00\\xff\\xfe'; ''", "(length a)", "3; 0"},
        {"a: binary", "'\\x00\\xff\\xfe'", "(byte_length a)", "3"},
        {"a: int64", "1", "(length a)", "error: length does not take int64: the argument must be"},
        {"a: int64", "1", "(length null)", "null"},
    };

    RUN_CASES(cases);
}

static void changes_case(void **state)
{
    static const struct row_case cases[] = {
        {"a: utf8", "'abc XYZ 1[`{@'; ''; null; 'a text of more than 16 bytes'", "(upper a)",
         "'ABC XYZ 1[`{@'; ''; null; 'A TEXT OF MORE THAN 16 BYTES'"},
        {"a: utf8", "'abc XYZ 1[`{@'; ''; null", "(lower a)", "'abc xyz 1[`{@'; ''; null"},
        {"a: utf8", "'straße'; 'ñ'; 'ÿ'; 'ǆ'; 'ωσς'; 'ж'; '𐐨'; 'ﬁ'; '日本'; 'ı'", "(upper a)",
         "'STRAßE'; 'Ñ'; 'Ÿ'; 'Ǆ'; 'ΩΣΣ'; 'Ж'; '𐐀'; 'ﬁ'; '日本'; 'I'"},
        {"a: utf8", "'STRAẞE'; 'Ñ'; 'Ǆ'; 'ΩΣ'; 'Ж'; '𐐀'; 'İ'; '\xe2\x84\xaa'", "(lower a)",
         "'straße'; 'ñ'; 'ǆ'; 'ωσ'; 'ж'; '𐐨'; 'i'; 'k'"},
        {"a: utf8", "'\xc9\x90'", "(upper a)", "'\xe2\xb1\xaf'"}, // two bytes become three
        {"a: large_utf8", "'aé'; 'b'", "(upper a)", "'AÉ'; 'B'"},
        {"a: utf8_view", "'aé'; null; 'a text of more than 12 bytes'", "(upper a)",
         "'AÉ'; null; 'A TEXT OF MORE THAN 12 BYTES'"},
        {"a: utf8, b: utf8", "'x','y'; null,'z'; 'v',null", "(upper (coalesce a b))",
         "'X'; 'Z'; 'V'"},
    };

    RUN_CASES(cases);
}

static void trims_and_pads(void **state)
{
    static const struct row_case cases[] = {
        {"a: utf8", "'  a b\\n'; ''; '   '; '\xc2\xa0x\xe3\x80\x80'; null", "(trim a)",
         "'a b'; ''; ''; 'x'; null"},
        {"a: utf8", "'  a  '", "(ltrim a)", "'a  '"},
        {"a: utf8", "'  a  '", "(rtrim a)", "'  a'"},
        {"a: utf8_view", "'xyaxy'; 'éaé'; 'x'", "(trim a 'xyé')", "'a'; 'a'; ''"},
        {"a: utf8", "' a '", "(trim a '')", "' a '"},
        {"a: utf8", "'7'; '1234'; ''; null; 'é'", "(pad_left a 3 '0')",
         "'007'; '1234'; '000'; null; '00é'"},
        {"a: utf8", "'7'; '1234'", "(pad_right a 3)", "'7  '; '1234'"},
        {"a: utf8", "'ab'", "(pad_left a 4 'é')", "'ééab'"},
        {"a: utf8, n: int32", "'a',3; 'b',null; 'c',-1; '',0", "(pad_right a n '-')",
         "'a--'; null; 'c'; ''"},
        {"a: utf8, n: int64", "'a',-9223372036854775808; 'b',2", "(pad_left a n '-')", "'a'; '-b'"},
        {"a: utf8", "'a'", "(pad_left a 3 'xy')",
         "error: pad_left: the filling is one character, not 'xy'"},
        {"a: utf8", "'a'", "(pad_left a 3 '')", "error: pad_left: the filling is one character"},
        {"a: utf8", "'a'", "(trim a a)",
         "error: trim: the set of characters is a text literal, not an expression"},
        {"a: utf8", "'a'", "(pad_left a 99999999999)",
         "error: pad_left: a text of 99999999999 bytes; at most 67108864"},
    };

    RUN_CASES(cases);
}

static void takes_parts(void **state)
{
    static const struct row_case cases[] = {
        {"a: utf8", "'Sabot'; 'aé日😀z'; ''; null", "(substring a 2 3)",
         "'abo'; 'é日😀'; ''; null"},
        {"a: utf8", "'Sabot'; 'aé日😀z'", "(substring a -2)", "'ot'; '😀z'"},
        {"a: utf8", "'Sabot'", "(substring a -3 2)", "'bo'"},
        {"a: utf8", "'Sabot'", "(substring a -6 2)", "'S'"},
        {"a: utf8", "'Sabot'", "(substring a 0 2)", "'S'"},
        {"a: utf8", "'Sabot'", "(substring a 0)", "'Sabot'"},
        {"a: utf8", "'Sabot'", "(substring a 9 2)", "''"},
        {"a: utf8", "'Sabot'", "(substring a 2 -1)", "''"},
        {"a: utf8", "'Sabot'", "(substring a -9223372036854775808 9223372036854775807)", "'Sabot'"},
        {"a: utf8_view, n: int64, m: int8",
         "'a text of more than 12 bytes',3,4; 'x',null,1; "
         "'yz',2,1",
         "(substring a n m)", "'text'; null; 'z'"},
        {"a: utf8", "'Sabot'; 'é日'; ''", "(left a 2)", "'Sa'; 'é日'; ''"},
        {"a: utf8", "'Sabot'; 'é日'; ''", "(left a -1)", "'Sabo'; 'é'; ''"},
        {"a: utf8", "'Sabot'; 'é日'; ''", "(right a 2)", "'ot'; 'é日'; ''"},
        {"a: utf8", "'Sabot'; 'é日'; ''", "(right a -1)", "'abot'; '日'; ''"},
        {"a: utf8", "'Sabot'", "(right a -9)", "''"},
        {"a: utf8", "'Sabot'", "(left a -9223372036854775808)", "''"},
        {"a: utf8, n: int64",
         "'a,b,,c',1; 'a,b,,c',3; 'a,b,,c',4; 'a,b,,c',5; 'a,b,,c',-1; "
         "'a,b,,c',-4; 'a,b,,c',-5; 'a,b,,c',0; '',1; 'x',2; null,1",
         "(split_part a ',' n)", "'a'; ''; 'c'; ''; 'c'; 'a'; ''; ''; ''; ''; null"},
        {"a: utf8", "'a--b-c'", "(split_part a '--' 2)", "'b-c'"},
        {"a: utf8", "'abc'", "(split_part a '' 1)", "'abc'"},
        {"a: utf8", "'abc'", "(substring a 1.5)", "error: substring does not take float64"},
    };

    RUN_CASES(cases);
}

static void puts_together(void **state)
{
    static const struct row_case cases[] = {
        {"a: utf8, b: utf8", "'a','b'; null,'b'; 'é',''; '',''", "(concat a '-' b)",
         "'a-b'; null; 'é-'; '-'"},
        {"a: utf8_view, b: large_utf8", "'a','b'; 'c',null", "(concat a b)", "'ab'; null"},
        {"a: utf8, b: utf8", "'a','b'; null,'b'; 'é',''; null,null", "(concat_ws ', ' a b 'z')",
         "'a, b, z'; 'b, z'; 'é, , z'; 'z'"},
        {"a: utf8, b: utf8", "'a','b'; null,'b'; '-',null", "(concat_ws a b 'z')",
         "'baz'; null; 'z'"},
        {"a: utf8", "'a'; null", "(concat_ws '-' a)", "'a'; ''"},
        {"a: utf8, n: int64", "'ab',3; 'é',1; 'x',0; 'y',-5; null,2; 'z',null", "(repeat a n)",
         "'ababab'; 'é'; ''; ''; null; null"},
        {"a: utf8", "'ab'", "(repeat a 9223372036854775807)", "error: repeat: a text of "},
        {"a: utf8, n: int64", "'',9223372036854775807; null,9223372036854775807", "(repeat a n)",
         "''; null"},
        {"a: utf8", "'aé日😀'; ''; null; 'x'", "(reverse a)", "'😀日éa'; ''; null; 'x'"},
        {"a: utf8", "'banana'; ''; 'an'; null", "(replace a 'an' 'o')", "'booa'; ''; 'o'; null"},
        {"a: utf8", "'aaa'", "(replace a 'aa' 'b')", "'ba'"},
        {"a: utf8", "'abc'", "(replace a '' 'x')", "'abc'"},
        {"a: utf8, b: utf8, c: utf8", "'a.b.c','.','::'; 'x','x',''; 'q','w',null",
         "(replace a b c)", "'a::b::c'; ''; null"},
        {"a: binary", "'\\x00\\xff'; ''; null", "(to_hex a)", "'00ff'; ''; null"},
        {"a: utf8", "'00fF'; ''; null", "(from_hex a)", "'\\x00\\xff'; ''; null"},
        {"a: utf8", "'0'", "(from_hex a)",
         "error: from_hex: '0' is not pairs of hexadecimal digits"},
        {"a: utf8", "'0g'", "(from_hex a)", "error: from_hex: '0g' is not pairs"},
        {"a: bool, b: utf8", "true,'zz'; false,'61'", "(if_else a binary:'' (from_hex b))",
         "''; 'a'"},
        {"a: int64", "1", "(concat 'a' a)", "error: concat does not take int64: the argument must"},
    };

    RUN_CASES(cases);
}

static void finds(void **state)
{
    static const struct row_case cases[] = {
        {"a: utf8, b: utf8", "'banana','nan'; 'é日x','x'; 'a','b'; 'a',''; '','a'; null,'a'",
         "(position a b)", "3; 3; 0; 1; 0; null"},
        {"a: utf8, b: utf8", "'banana','nan'; 'a','b'; 'a',''; '','a'; 'a',null", "(contains a b)",
         "true; false; true; false; null"},
        {"a: utf8, b: utf8", "'banana','ban'; 'a','b'; 'a',''; '','a'", "(starts_with a b)",
         "true; false; true; false"},
        {"a: utf8, b: utf8", "'banana','ana'; 'a','b'; 'a',''; '','a'", "(ends_with a b)",
         "true; false; true; false"},
        {"a: utf8", "'banana'; 'ban'; ''; null; 'bana'", "(starts_with a 'bana')",
         "true; false; false; null; true"},
        {"a: utf8_view", "'banana'; 'ana'; 'na'; null", "(ends_with a 'ana')",
         "true; true; false; null"},
        {"a: utf8", "'ab'; 'ca'; 'bc'; ''; 'xab'; null; 'abc'", "(contains a 'abc')",
         "false; false; false; false; false; null; true"}, // not across the rows
        {"a: utf8", "'x'; ''; null", "(contains a '')", "true; true; null"},
        {"a: utf8", "'x'; 'ax'; ''", "(contains a 'x')", "true; true; false"},
        {"a: utf8", "'x'", "(contains a 1)", "error: contains does not take int64"},
    };

    RUN_CASES(cases);
}

/* Every character there and back by the table, against what is known of a few scripts. */
static void maps_letters_one_to_one(void **state)
{
    int32_t pairs = 0;

    for (uint32_t code = 0x80; code < 0x110000; code++) {
        const uint32_t upper = sb_letter_convert(code, true);
        const uint32_t lower = sb_letter_convert(code, false);
        uint8_t bytes[4];
        assert_true(upper == code || lower == code || (code >= 0x1c4 && code <= 0x1f3));
        assert_true(upper < 0x110000 && lower < 0x110000);
        pairs += upper != code && sb_letter_convert(upper, false) == code;
        if (code < 0xd800 || code > 0xdfff) {
            const int32_t size = sb_utf8_encode(code, bytes);
            assert_int_equal(sb_utf8_decode(bytes, size), code);
            assert_true(sb_utf8_encode(upper, bytes) <= 2 * size);
            assert_true(sb_utf8_encode(lower, bytes) <= 2 * size);
        }
    }
    assert_in_range(pairs, 1300, 1500);
    for (uint32_t code = 0x3b1; code <= 0x3c9; code++) { // Greek
        assert_int_equal(sb_letter_convert(code, true), code == 0x3c2 ? 0x3a3 : code - 32);
    }
    for (uint32_t code = 0x430; code <= 0x44f; code++) { // Cyrillic
        assert_int_equal(sb_letter_convert(code, true), code - 32);
    }
}

static void survives_refused_allocations(void **state)
{
    static const char *const expressions[] = {
        "(concat (upper a) (trim b 'xé') (repeat a 3) (pad_left b 7 'é'))",
        "(concat_ws ',' a (reverse b) (replace a ',' 'zz') (split_part a ',' 1) (to_hex b))",
        "(like a 'a%b')",
        "(ilike b a)",
        "(regexp_replace (regexp_extract a '.(.)' 1) '.' '\\\\0\\\\0')",
        "(regexp_matches a '^[a-z]+')",
    };

    RUN_REFUSED("a: utf8, b: utf8_view", "'aé,b','x'; null,null", expressions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_characters),       cmocka_unit_test(changes_case),
        cmocka_unit_test(trims_and_pads),          cmocka_unit_test(takes_parts),
        cmocka_unit_test(puts_together),           cmocka_unit_test(finds),
        cmocka_unit_test(maps_letters_one_to_one), cmocka_unit_test(survives_refused_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
