// SPDX-License-Identifier: Apache-2.0
/*
 * functions_cast.c - cast, and which file converts what.
 */
#include "expr/functions.h"
#include "expr/kernels.h"
#include "expr/type_rules.h"

const struct sb_kernel_set *sb_kernels_cast(const struct sb_type *from, const struct sb_type *to,
                                            enum sb_cast_mode mode, const char **hint)
{
    const bool is_plain = sb_type_is_number(to) || to->id == SB_TYPE_BOOL;

    if (sb_physical_of(from) == SB_PHYSICAL_ROW || sb_physical_of(to) == SB_PHYSICAL_ROW) {
        *hint = "lists, structs, maps, intervals and decimal256 have no casts";
        return NULL;
    }
    if (sb_type_is_variable(from->id) || sb_type_is_variable(to->id)) {
        return sb_kernels_cast_text(from, to, hint);
    }
    if (sb_type_is_counted(from->id) || sb_type_is_counted(to->id)) {
        return sb_kernels_cast_time(from, to, hint);
    }
    if (from->id == SB_TYPE_DECIMAL128 || to->id == SB_TYPE_DECIMAL128) {
        return sb_kernels_cast_decimal(from, to, mode);
    }
    sb_assert(is_plain);
    return sb_kernel_table()->cast_number(sb_physical_of(from), sb_physical_of(to));
}

static enum sb_status resolve_cast(struct sb_binder *binder, const struct sb_expr *expr,
                                   const struct sb_bound_node **arguments,
                                   const struct sb_bound_node **out)
{
    struct sb_type type = expr->cast_type;

    if (type.zone != NULL) {
        type.zone = sb_arena_copy_string(binder->arena, type.zone);
        if (type.zone == NULL) {
            return sb_bind_no_memory(binder);
        }
    }
    return sb_bind_cast(binder, arguments[0], &type, "cast",
                        expr->is_null_on_error ? SB_CAST_NULL : SB_CAST_STRICT, out);
}

static const struct sb_function functions[] = {
    {
        .name = "cast",
        .argument_min = 1,
        .argument_max = 1,
        .signature = "any",
        .summary = "The value as another type. What does not fit is an error, or null with "
                   "\"on_error\": \"null\".",
        .example = "['12'], 'type': 'int32'",
        .result = "12",
        .resolve = resolve_cast,
    },
};

const struct sb_function_list sb_functions_cast = SB_FUNCTION_LIST("Casts", functions);
