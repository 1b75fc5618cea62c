// SPDX-License-Identifier: Apache-2.0
/*
 * functions_string.c - lengths, cases, parts and compositions of text.
 *
 * The result has the layout of the first text. Positions count characters from 1, as in SQL, and
 * from the end if they are negative.
 */
#include "expr/functions_string.h"

#include "expr/functions.h"
#include "expr/kernels_string.h"
#include "expr/string_room.h"
#include "expr/type_rules.h"
#include "expr/utf8.h"

enum sb_status sb_string_check(struct sb_binder *binder, const char *name,
                               const struct sb_bound_node **argument)
{
    const struct sb_type text = sb_type_of(SB_TYPE_UTF8);

    if (sb_bound_is_untyped_null(*argument)) {
        return sb_bind_null(binder, &text, argument);
    }
    if (!sb_type_is_text((*argument)->type.id)) {
        return sb_bind_refuse(binder, name, argument, 1,
                              "the argument must be text; cast it to utf8");
    }
    return SB_OK;
}

enum sb_status sb_string_check_number(struct sb_binder *binder, const char *name,
                                      const struct sb_bound_node **argument)
{
    const struct sb_type type = sb_type_of(SB_TYPE_INT64);

    if (!sb_bound_is_null(*argument) && !sb_type_is_integer((*argument)->type.id)) {
        return sb_bind_refuse(binder, name, argument, 1, "the argument must be an integer");
    }
    return sb_bind_cast(binder, *argument, &type, name, SB_CAST_STRICT, argument);
}

enum sb_status sb_string_literal(struct sb_binder *binder, const char *name, const char *what,
                                 const struct sb_bound_node *argument, struct sb_bytes *out)
{
    if (argument->kind != SB_BOUND_CONSTANT || argument->constant.is_null ||
        !sb_type_is_text(argument->type.id)) {
        return sb_error_set(binder->err, SB_INVALID, "%s: the %s is a text literal, not %s", name,
                            what,
                            argument->kind != SB_BOUND_CONSTANT ? "an expression"
                            : argument->constant.is_null        ? "null"
                                                                : "of another type");
    }
    *out = argument->constant.value.bytes;
    return SB_OK;
}

/* What a function gives. */
enum result {
    RESULT_TEXT, // in the layout of the first argument
    RESULT_INT64,
    RESULT_BOOL,
    RESULT_BINARY,
    RESULT_UTF8,
};

/* A function whose hook is a table row: the letters are its arguments: t(ext), b(inary or text),
 * n(umber). */
struct plain_function {
    const struct sb_kernel_set *kernels;
    const char *arguments;
    enum result result;
};

enum plain {
    PLAIN_BYTE_LENGTH,
    PLAIN_UPPER,
    PLAIN_LOWER,
    PLAIN_LEFT,
    PLAIN_RIGHT,
    PLAIN_SPLIT_PART,
    PLAIN_REPEAT,
    PLAIN_REVERSE,
    PLAIN_REPLACE,
    PLAIN_POSITION,
    PLAIN_TO_HEX,
    PLAIN_FROM_HEX,
};

static const struct plain_function plain_functions[] = {
    [PLAIN_BYTE_LENGTH] = {&sb_kernels_byte_length, "b", RESULT_INT64},
    [PLAIN_UPPER] = {&sb_kernels_upper, "t", RESULT_TEXT},
    [PLAIN_LOWER] = {&sb_kernels_lower, "t", RESULT_TEXT},
    [PLAIN_LEFT] = {&sb_kernels_left, "tn", RESULT_TEXT},
    [PLAIN_RIGHT] = {&sb_kernels_right, "tn", RESULT_TEXT},
    [PLAIN_SPLIT_PART] = {&sb_kernels_split_part, "ttn", RESULT_TEXT},
    [PLAIN_REPEAT] = {&sb_kernels_repeat, "tn", RESULT_TEXT},
    [PLAIN_REVERSE] = {&sb_kernels_reverse, "t", RESULT_TEXT},
    [PLAIN_REPLACE] = {&sb_kernels_replace, "ttt", RESULT_TEXT},
    [PLAIN_POSITION] = {&sb_kernels_position, "tt", RESULT_INT64},
    [PLAIN_TO_HEX] = {&sb_kernels_to_hex, "b", RESULT_UTF8},
    [PLAIN_FROM_HEX] = {&sb_kernels_from_hex, "t", RESULT_BINARY},
};

static struct sb_type result_type(enum result result, const struct sb_type *first)
{
    switch (result) {
    case RESULT_TEXT:
        return *first;
    case RESULT_INT64:
        return sb_type_of(SB_TYPE_INT64);
    case RESULT_BOOL:
        return sb_type_of(SB_TYPE_BOOL);
    case RESULT_BINARY:
        return sb_type_of(SB_TYPE_BINARY);
    default:
        return sb_type_of(SB_TYPE_UTF8);
    }
}

static enum sb_status bind_string(struct sb_binder *binder, const char *name,
                                  const struct sb_kernel_set *kernels, const struct sb_type *type,
                                  const void *prepared, const struct sb_bound_node **arguments,
                                  int32_t argument_count, const struct sb_bound_node **out)
{
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = *type,
                            .kernels = kernels,
                            .prepared = prepared,
                            .argument_count = argument_count,
                            .arguments = arguments,
                        },
                        out);
}

static bool is_binary(const struct sb_bound_node *argument)
{
    return argument->type.id != 0 && sb_type_is_binary(argument->type.id);
}

/* Checks them by their letters. */
static enum sb_status check_arguments(struct sb_binder *binder, const char *name, const char *kinds,
                                      const struct sb_bound_node **arguments)
{
    for (int32_t i = 0; kinds[i] != 0; i++) {
        if (kinds[i] == 'n') {
            SB_TRY_RETURN(sb_string_check_number(binder, name, &arguments[i]));
        } else if (kinds[i] != 'b' || !is_binary(arguments[i])) {
            SB_TRY_RETURN(sb_string_check(binder, name, &arguments[i]));
        }
    }
    return SB_OK;
}

static enum sb_status resolve_plain(struct sb_binder *binder, const struct sb_expr *expr,
                                    const struct sb_bound_node **arguments,
                                    const struct sb_bound_node **out)
{
    const struct plain_function *plain = &plain_functions[expr->function->detail];
    const char *name = expr->function->name;
    struct sb_type type;

    SB_TRY_RETURN(check_arguments(binder, name, plain->arguments, arguments));
    type = result_type(plain->result, &arguments[0]->type);
    return bind_string(binder, name, plain->kernels, &type, NULL, arguments, expr->argument_count,
                       out);
}

/* Characters of text, bytes of binary. */
static enum sb_status resolve_length(struct sb_binder *binder, const struct sb_expr *expr,
                                     const struct sb_bound_node **arguments,
                                     const struct sb_bound_node **out)
{
    const struct sb_type type = sb_type_of(SB_TYPE_INT64);
    const struct sb_kernel_set *kernels =
        is_binary(arguments[0]) ? &sb_kernels_byte_length : &sb_kernels_length;

    SB_TRY_RETURN(check_arguments(binder, expr->function->name, "b", arguments));
    return bind_string(binder, expr->function->name, kernels, &type, NULL, arguments, 1, out);
}

/* Without a length: all that follows. */
static enum sb_status resolve_substring(struct sb_binder *binder, const struct sb_expr *expr,
                                        const struct sb_bound_node **arguments,
                                        const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const struct sb_scalar all = {.type = sb_type_of(SB_TYPE_INT64), .value.i64 = INT64_MAX};
    const struct sb_bound_node *three[3] = {arguments[0], arguments[1]};

    if (expr->argument_count == 3) {
        three[2] = arguments[2];
    } else {
        SB_TRY_RETURN(sb_bind_constant(binder, &all, &three[2]));
    }
    SB_TRY_RETURN(check_arguments(binder, name, "tnn", three));
    return bind_string(binder, name, &sb_kernels_substring, &three[0]->type, NULL, three, 3, out);
}

/* NULL when out of memory. */
static const struct sb_character_set *character_set_create(struct sb_arena *arena,
                                                           struct sb_bytes text)
{
    struct sb_character_set *set = sb_arena_alloc_zeroed(arena, sizeof *set);
    uint32_t *others = sb_arena_alloc(arena, ((size_t)text.size + 1) * sizeof *others);

    if (set == NULL || others == NULL) {
        return NULL;
    }
    for (int64_t at = 0; at < text.size;) {
        const int64_t size = sb_utf8_size(text.data + at, text.size - at);
        const uint32_t code = sb_utf8_decode(text.data + at, size);
        if (code < 128) {
            set->ascii[code] = true;
        } else {
            others[set->other_count++] = code;
        }
        at += size;
    }
    set->others = others;
    return set;
}

/* Unicode's White_Space. */
static const char white_space[] =
    "\t\n\v\f\r \xc2\x85"
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000";

static enum sb_status resolve_trim(struct sb_binder *binder, const struct sb_expr *expr,
                                   const struct sb_bound_node **arguments,
                                   const struct sb_bound_node **out)
{
    static const struct sb_kernel_set *const kernels[] = {&sb_kernels_trim, &sb_kernels_ltrim,
                                                          &sb_kernels_rtrim};
    const char *name = expr->function->name;
    struct sb_bytes characters = {(const uint8_t *)white_space, sizeof white_space - 1};
    const struct sb_character_set *set;

    SB_TRY_RETURN(sb_string_check(binder, name, &arguments[0]));
    if (expr->argument_count == 2) {
        SB_TRY_RETURN(
            sb_string_literal(binder, name, "set of characters", arguments[1], &characters));
    }
    set = character_set_create(binder->arena, characters);
    if (set == NULL) {
        return sb_bind_no_memory(binder);
    }
    return bind_string(binder, name, kernels[expr->function->detail], &arguments[0]->type, set,
                       arguments, 1, out);
}

static enum sb_status resolve_pad(struct sb_binder *binder, const struct sb_expr *expr,
                                  const struct sb_bound_node **arguments,
                                  const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    struct sb_bytes fill = {(const uint8_t *)" ", 1};
    const struct sb_bytes *prepared;

    SB_TRY_RETURN(check_arguments(binder, name, "tn", arguments));
    if (expr->argument_count == 3) {
        SB_TRY_RETURN(sb_string_literal(binder, name, "filling", arguments[2], &fill));
    }
    if (sb_utf8_count(fill.data, fill.size) != 1) {
        return sb_error_set(binder->err, SB_INVALID, "%s: the filling is one character, not '%.*s'",
                            name, (int)(fill.size < 40 ? fill.size : 40), (const char *)fill.data);
    }
    prepared = sb_arena_copy(binder->arena, &fill, sizeof fill);
    if (prepared == NULL) {
        return sb_bind_no_memory(binder);
    }
    return bind_string(binder, name,
                       expr->function->detail == 0 ? &sb_kernels_pad_left : &sb_kernels_pad_right,
                       &arguments[0]->type, prepared, arguments, 2, out);
}

static enum sb_status resolve_concat(struct sb_binder *binder, const struct sb_expr *expr,
                                     const struct sb_bound_node **arguments,
                                     const struct sb_bound_node **out)
{
    const bool has_separator = expr->function->detail != 0;
    const char *name = expr->function->name;
    struct sb_type type;

    for (int32_t i = 0; i < expr->argument_count; i++) {
        SB_TRY_RETURN(sb_string_check(binder, name, &arguments[i]));
    }
    SB_TRY_RETURN(sb_bind_unify(binder, name, arguments, expr->argument_count, &type));
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = type,
                            .kernels = has_separator ? &sb_kernels_concat_ws : &sb_kernels_concat,
                            .null_rule = has_separator ? SB_NULLS_HANDLED : SB_NULLS_PROPAGATE,
                            .is_never_null = has_separator && !arguments[0]->is_nullable,
                            .argument_count = expr->argument_count,
                            .arguments = arguments,
                        },
                        out);
}

#define FUNCTION(function_name, least, most, takes, hook, kind, sentence, arguments, outcome)      \
    {                                                                                              \
        .name = function_name,                                                                     \
        .argument_min = least,                                                                     \
        .argument_max = most,                                                                      \
        .signature = takes,                                                                        \
        .summary = sentence,                                                                       \
        .example = arguments,                                                                      \
        .result = outcome,                                                                         \
        .resolve = hook,                                                                           \
        .detail = kind,                                                                            \
    }

static const struct sb_function functions[] = {
    FUNCTION("length", 1, 1, "text or binary", resolve_length, 0,
             "Characters (code points) of text, bytes of binary.", "['\u00fcber']", "4"),
    FUNCTION("byte_length", 1, 1, "text or binary", resolve_plain, PLAIN_BYTE_LENGTH,
             "Bytes, of text in UTF-8.", "['\u00fcber']", "5"),
    FUNCTION("upper", 1, 1, "text", resolve_plain, PLAIN_UPPER,
             "In upper case, character for character: what would become several (\u00df) stays.",
             "['\u00fcber']", "'\u00dcBER'"),
    FUNCTION("lower", 1, 1, "text", resolve_plain, PLAIN_LOWER,
             "In lower case, character for character.", "['\u00c4RA']", "'\u00e4ra'"),
    FUNCTION("trim", 1, 2, "text, characters (a literal)", resolve_trim, 0,
             "Without the characters at both ends that are in the set; without one, white space.",
             "['  a b ']", "'a b'"),
    FUNCTION("ltrim", 1, 2, "text, characters (a literal)", resolve_trim, 1,
             "Without those at the beginning.", "['xxaxx', 'x']", "'axx'"),
    FUNCTION("rtrim", 1, 2, "text, characters (a literal)", resolve_trim, 2,
             "Without those at the end.", "['xxaxx', 'x']", "'xxa'"),
    FUNCTION("pad_left", 2, 3, "text, width, filling (a literal)", resolve_pad, 0,
             "With as many fillings (one character, by default a blank) before it as make it that "
             "many characters wide. A wider text stays.",
             "['7', 3, '0']", "'007'"),
    FUNCTION("pad_right", 2, 3, "text, width, filling (a literal)", resolve_pad, 1,
             "The same behind it.", "['7', 3, '.']", "'7..'"),
    FUNCTION(
        "substring", 2, 3, "text, position, length", resolve_substring, 0,
        "That many characters, or all, from the position on. Positions count from 1, from the "
        "end if negative; those before the first character count as well. A length below zero is "
        "zero.",
        "['Sabot', 2, 3]", "'abo'"),
    FUNCTION("left", 2, 2, "text, count", resolve_plain, PLAIN_LEFT,
             "The first characters; all but the last -count if the count is negative.",
             "['Sabot', 2]", "'Sa'"),
    FUNCTION("right", 2, 2, "text, count", resolve_plain, PLAIN_RIGHT,
             "The last characters; all but the first -count if the count is negative.",
             "['Sabot', -2]", "'bot'"),
    FUNCTION("concat", 1, -1, "text, ...", resolve_concat, 0,
             "The texts one behind the other. Null if one is null.", "['a', 'b', 'c']", "'abc'"),
    FUNCTION("concat_ws", 2, -1, "separator, text, ...", resolve_concat, 1,
             "The texts that are not null, with the separator between them. Null only if the "
             "separator is null.",
             "['-', 'a', null, 'c']", "'a-c'"),
    FUNCTION("repeat", 2, 2, "text, count", resolve_plain, PLAIN_REPEAT,
             "The text that many times; empty for a count below 1.", "['ab', 3]", "'ababab'"),
    FUNCTION("reverse", 1, 1, "text", resolve_plain, PLAIN_REVERSE,
             "The characters (code points) from the last to the first.", "['Sabot']", "'tobaS'"),
    FUNCTION("replace", 3, 3, "text, part, replacement", resolve_plain, PLAIN_REPLACE,
             "With every occurrence of the part replaced; an empty part occurs nowhere.",
             "['banana', 'an', 'o']", "'booa'"),
    FUNCTION("split_part", 3, 3, "text, delimiter, index", resolve_plain, PLAIN_SPLIT_PART,
             "What stands between two delimiters: part 1 is before the first of them, part -1 "
             "behind the last. Empty if there is no such part.",
             "['a,b,c', ',', 2]", "'b'"),
    FUNCTION("position", 2, 2, "text, part", resolve_plain, PLAIN_POSITION,
             "At which character the part begins first, from 1; 0 if it does not occur.",
             "['banana', 'nan']", "3"),
    FUNCTION("to_hex", 1, 1, "text or binary", resolve_plain, PLAIN_TO_HEX,
             "The bytes as pairs of hexadecimal digits, in utf8.", "['az']", "'617a'"),
    FUNCTION("from_hex", 1, 1, "text", resolve_plain, PLAIN_FROM_HEX,
             "Pairs of hexadecimal digits as binary; an error for other text.", "['617A']", "'az'"),
};

const struct sb_function_list sb_functions_string = SB_FUNCTION_LIST("Text", functions);
