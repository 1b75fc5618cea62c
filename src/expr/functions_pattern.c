// SPDX-License-Identifier: Apache-2.0
/*
 * functions_pattern.c - contains, starts_with, ends_with, like, ilike and regular expressions.
 *
 * A literal is compiled here, once. What a regular expression without special signs can say is said
 * by `contains`.
 */
#include <ctype.h>

#include "expr/functions.h"
#include "expr/functions_string.h"
#include "expr/kernels_string.h"
#include "expr/like.h"
#include "expr/regexp.h"
#include "expr/type_rules.h"

static enum sb_status bind_prepared(struct sb_binder *binder, const char *name,
                                    const struct sb_kernel_set *kernels, const struct sb_type *type,
                                    const void *prepared, const struct sb_bound_node *text,
                                    const struct sb_bound_node **out)
{
    if (prepared == NULL) {
        return sb_bind_no_memory(binder);
    }
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = *type,
                            .kernels = kernels,
                            .prepared = prepared,
                            .is_nullable = kernels == &sb_kernels_regexp_extract,
                            .argument_count = 1,
                            .arguments = &text,
                        },
                        out);
}

static enum sb_status bind_like(struct sb_binder *binder, const char *name, enum sb_like_form form,
                                struct sb_bytes part, const struct sb_bound_node *text,
                                const struct sb_bound_node **out)
{
    const struct sb_type boolean = sb_type_of(SB_TYPE_BOOL);

    return bind_prepared(binder, name, &sb_kernels_like, &boolean,
                         sb_like_make(form, part, binder->arena), text, out);
}

static enum sb_status resolve_part(struct sb_binder *binder, const struct sb_expr *expr,
                                   const struct sb_bound_node **arguments,
                                   const struct sb_bound_node **out)
{
    const enum sb_like_form form = (enum sb_like_form)expr->function->detail;
    const char *name = expr->function->name;

    SB_TRY_RETURN(sb_string_check(binder, name, &arguments[0]));
    SB_TRY_RETURN(sb_string_check(binder, name, &arguments[1]));
    if (arguments[1]->kind == SB_BOUND_CONSTANT && !arguments[1]->constant.is_null) {
        return bind_like(binder, name, form, arguments[1]->constant.value.bytes, arguments[0], out);
    }
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = sb_type_of(SB_TYPE_BOOL),
                            .kernels = form == SB_LIKE_CONTAINS ? &sb_kernels_contains
                                       : form == SB_LIKE_PREFIX ? &sb_kernels_starts_with
                                                                : &sb_kernels_ends_with,
                            .argument_count = 2,
                            .arguments = arguments,
                        },
                        out);
}

static enum sb_status read_escape(struct sb_binder *binder, const char *name,
                                  const struct sb_bound_node *argument, int32_t *escape)
{
    struct sb_bytes text;

    SB_TRY_RETURN(sb_string_literal(binder, name, "escape", argument, &text));
    if (text.size != 1 || text.data[0] >= 128 || text.data[0] == '%' || text.data[0] == '_' ||
        isalpha(text.data[0])) {
        return sb_error_set(binder->err, SB_INVALID,
                            "%s: the escape is one ASCII character that is no letter, %% or _, "
                            "not '%.*s'",
                            name, (int)(text.size < 20 ? text.size : 20), (const char *)text.data);
    }
    *escape = text.data[0];
    return SB_OK;
}

/* ilike compares lower case with lower case. */
static enum sb_status resolve_like(struct sb_binder *binder, const struct sb_expr *expr,
                                   const struct sb_bound_node **arguments,
                                   const struct sb_bound_node **out)
{
    const bool is_caseless = expr->function->detail != 0;
    const struct sb_type boolean = sb_type_of(SB_TYPE_BOOL);
    const char *name = expr->function->name;
    int32_t escape = SB_LIKE_NO_ESCAPE;
    const struct sb_like *like;

    if (expr->argument_count == 3) {
        SB_TRY_RETURN(read_escape(binder, name, arguments[2], &escape));
    }
    for (int32_t i = 0; i < 2; i++) {
        SB_TRY_RETURN(sb_string_check(binder, name, &arguments[i]));
        if (is_caseless) {
            SB_TRY_RETURN(sb_bind_function(binder, "lower", &arguments[i], 1, &arguments[i]));
        }
    }
    if (arguments[1]->kind == SB_BOUND_CONSTANT && !arguments[1]->constant.is_null) {
        SB_TRY_RETURN(sb_like_compile(arguments[1]->constant.value.bytes, escape, name,
                                      binder->arena, &like, binder->err));
        return bind_prepared(binder, name, &sb_kernels_like, &boolean, like, arguments[0], out);
    }
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = boolean,
                            .kernels = &sb_kernels_like_each,
                            .parameter = escape,
                            .argument_count = 2,
                            .arguments = arguments,
                        },
                        out);
}

/* Compiles the second argument, a pattern. */
static enum sb_status prepare(struct sb_binder *binder, const char *name,
                              const struct sb_bound_node **arguments, struct sb_regexp_plan **out)
{
    struct sb_regexp_plan *plan = sb_arena_alloc_zeroed(binder->arena, sizeof *plan);
    struct sb_regexp *regexp = NULL;
    struct sb_bytes pattern;

    if (plan == NULL) {
        return sb_bind_no_memory(binder);
    }
    SB_TRY_RETURN(sb_string_check(binder, name, &arguments[0]));
    SB_TRY_RETURN(sb_string_literal(binder, name, "pattern", arguments[1], &pattern));
    SB_TRY_RETURN(sb_regexp_compile(pattern, name, binder->arena, &regexp, binder->err));
    plan->regexp = regexp;
    *out = plan;
    return SB_OK;
}

static enum sb_status resolve_regexp_matches(struct sb_binder *binder, const struct sb_expr *expr,
                                             const struct sb_bound_node **arguments,
                                             const struct sb_bound_node **out)
{
    const struct sb_type boolean = sb_type_of(SB_TYPE_BOOL);
    const char *name = expr->function->name;
    struct sb_regexp_plan *plan = NULL;
    struct sb_bytes pattern;

    SB_TRY_RETURN(sb_string_check(binder, name, &arguments[0]));
    SB_TRY_RETURN(sb_string_literal(binder, name, "pattern", arguments[1], &pattern));
    if (sb_regexp_is_plain(pattern)) {
        return bind_like(binder, name, SB_LIKE_CONTAINS, pattern, arguments[0], out);
    }
    SB_TRY_RETURN(prepare(binder, name, arguments, &plan));
    return bind_prepared(binder, name, &sb_kernels_regexp_matches, &boolean, plan, arguments[0],
                         out);
}

static enum sb_status resolve_regexp_extract(struct sb_binder *binder, const struct sb_expr *expr,
                                             const struct sb_bound_node **arguments,
                                             const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    struct sb_regexp_plan *plan = NULL;

    SB_TRY_RETURN(prepare(binder, name, arguments, &plan));
    if (expr->argument_count == 3) {
        const int32_t groups = sb_regexp_group_count(plan->regexp);
        SB_TRY_RETURN(sb_string_check_number(binder, name, &arguments[2]));
        if (arguments[2]->kind != SB_BOUND_CONSTANT || arguments[2]->constant.is_null ||
            arguments[2]->constant.value.i64 < 0 || arguments[2]->constant.value.i64 > groups) {
            return sb_error_set(binder->err, SB_INVALID,
                                "%s: the group is an integer literal from 0 to %d, the groups of "
                                "the pattern",
                                name, (int)groups);
        }
        plan->group = (int32_t)arguments[2]->constant.value.i64;
    }
    return bind_prepared(binder, name, &sb_kernels_regexp_extract, &arguments[0]->type, plan,
                         arguments[0], out);
}

static enum sb_status resolve_regexp_replace(struct sb_binder *binder, const struct sb_expr *expr,
                                             const struct sb_bound_node **arguments,
                                             const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    struct sb_regexp_plan *plan = NULL;
    struct sb_bytes replacement;

    SB_TRY_RETURN(prepare(binder, name, arguments, &plan));
    SB_TRY_RETURN(sb_string_literal(binder, name, "replacement", arguments[2], &replacement));
    SB_TRY_RETURN(sb_regexp_replacement_parse(replacement, name, binder->arena, plan, binder->err));
    return bind_prepared(binder, name, &sb_kernels_regexp_replace, &arguments[0]->type, plan,
                         arguments[0], out);
}

static const struct sb_function functions[] = {
    {
        .name = "contains",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "text, part",
        .summary = "Whether the part occurs in the text.",
        .example = "['banana', 'nan']",
        .result = "true",
        .resolve = resolve_part,
        .detail = SB_LIKE_CONTAINS,
    },
    {
        .name = "starts_with",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "text, part",
        .summary = "Whether the text begins with the part.",
        .example = "['banana', 'ban']",
        .result = "true",
        .resolve = resolve_part,
        .detail = SB_LIKE_PREFIX,
    },
    {
        .name = "ends_with",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "text, part",
        .summary = "Whether the text ends with the part.",
        .example = "['banana', 'ban']",
        .result = "false",
        .resolve = resolve_part,
        .detail = SB_LIKE_SUFFIX,
    },
    {
        .name = "like",
        .argument_min = 2,
        .argument_max = 3,
        .signature = "text, pattern, escape (a literal)",
        .summary = "Whether the pattern describes the whole text: % is any text, _ one character, "
                   "what follows the escape is itself. There is no escape unless it is given.",
        .example = "['banana', '_an%']",
        .result = "true",
        .resolve = resolve_like,
    },
    {
        .name = "ilike",
        .argument_min = 2,
        .argument_max = 3,
        .signature = "text, pattern, escape (a literal)",
        .summary = "As like, with both in lower case.",
        .example = "['Banana', 'b%A']",
        .result = "true",
        .resolve = resolve_like,
        .detail = 1,
    },
    {
        .name = "regexp_matches",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "text, pattern (a literal)",
        .summary = "Whether the regular expression matches somewhere in the text.",
        .example = "['order 66', '[0-9]+$']",
        .result = "true",
        .resolve = resolve_regexp_matches,
    },
    {
        .name = "regexp_extract",
        .argument_min = 2,
        .argument_max = 3,
        .signature = "text, pattern, group (literals)",
        .summary = "What the first match, or a group in it, is. Null if nothing matches or the "
                   "group takes no part.",
        .example = "['order 66', '([a-z]+) ([0-9]+)', 2]",
        .result = "'66'",
        .resolve = resolve_regexp_extract,
    },
    {
        .name = "regexp_replace",
        .argument_min = 3,
        .argument_max = 3,
        .signature = "text, pattern, replacement (literals)",
        .summary = "With every match replaced. In the replacement a backslash and 0 is the match, "
                   "with 1 to 9 a group, two backslashes are one.",
        .example = "['2024-02', '([0-9]+)-([0-9]+)', '\\\\2/\\\\1']",
        .result = "'02/2024'",
        .resolve = resolve_regexp_replace,
    },
};

const struct sb_function_list sb_functions_pattern = SB_FUNCTION_LIST("Patterns", functions);
