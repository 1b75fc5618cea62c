// SPDX-License-Identifier: Apache-2.0
/*
 * functions_nested.c - lengths, elements and fields of lists, structs and maps.
 */
#include <string.h>

#include "expr/functions.h"
#include "expr/kernels_nested.h"
#include "expr/time_arguments.h"
#include "expr/type_rules.h"

/* Room for the names of fields in a message. */
enum { NAMES_SIZE = 320 };

static bool is_list(const struct sb_type *type)
{
    return sb_type_is_list(type->id) && type->id != SB_TYPE_MAP;
}

static enum sb_status resolve_list_length(struct sb_binder *binder, const struct sb_expr *expr,
                                          const struct sb_bound_node **arguments,
                                          const struct sb_bound_node **out)
{
    const struct sb_type count = sb_type_of(SB_TYPE_INT64);

    if (sb_bound_is_null(arguments[0])) {
        return sb_bind_null(binder, &count, out);
    }
    if (!sb_type_is_list(arguments[0]->type.id)) {
        return sb_bind_refuse(binder, expr->function->name, arguments, 1,
                              "it takes a list or a map");
    }
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = expr->function->name,
                            .type = count,
                            .kernels = &sb_kernels_list_length,
                            .argument_count = 1,
                            .arguments = arguments,
                        },
                        out);
}

/* A call whose result may be null although no argument is. */
static enum sb_status bind_choice(struct sb_binder *binder, const char *name,
                                  const struct sb_kernel_set *kernels, const struct sb_type *type,
                                  const struct sb_bound_node **arguments, int32_t count,
                                  int64_t parameter, const struct sb_bound_node **out)
{
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = sb_type_computed(type),
                            .kernels = kernels,
                            .is_null_on_error = true,
                            .parameter = parameter,
                            .argument_count = count,
                            .arguments = arguments,
                        },
                        out);
}

static enum sb_status resolve_list_element(struct sb_binder *binder, const struct sb_expr *expr,
                                           const struct sb_bound_node **arguments,
                                           const struct sb_bound_node **out)
{
    const struct sb_type position = sb_type_of(SB_TYPE_INT64);
    const char *name = expr->function->name;

    if (!is_list(&arguments[0]->type) || !sb_type_is_integer(arguments[1]->type.id)) {
        return sb_bind_refuse(binder, name, arguments, 2, "it takes a list and an integer");
    }
    SB_TRY_RETURN(
        sb_bind_cast(binder, arguments[1], &position, name, SB_CAST_STRICT, &arguments[1]));
    return bind_choice(binder, name, &sb_kernels_list_element, &arguments[0]->type.children[0].type,
                       arguments, 2, 0, out);
}

static const char *field_names(const struct sb_type *type, char buffer[NAMES_SIZE])
{
    size_t used = 0;

    buffer[0] = 0;
    for (int32_t i = 0; i < type->child_count; i++) {
        const size_t size = strlen(type->children[i].name);
        if (used + size + 8 > NAMES_SIZE) {
            memcpy(buffer + used, ", ...", 6);
            break;
        }
        if (used > 0) {
            memcpy(buffer + used, ", ", 2);
            used += 2;
        }
        memcpy(buffer + used, type->children[i].name, size + 1);
        used += size;
    }
    return buffer;
}

static enum sb_status resolve_struct_field(struct sb_binder *binder, const struct sb_expr *expr,
                                           const struct sb_bound_node **arguments,
                                           const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const struct sb_type *type = &arguments[0]->type;
    char names[NAMES_SIZE];
    struct sb_bytes text;

    if (type->id != SB_TYPE_STRUCT) {
        return sb_bind_refuse(binder, name, arguments, 1, "it takes a struct");
    }
    SB_TRY_RETURN(
        sb_bind_constant_text(binder, name, arguments[1], "the name of the field", &text));
    for (int32_t i = 0; i < type->child_count; i++) {
        const char *field = type->children[i].name;
        if ((int64_t)strlen(field) == text.size &&
            memcmp(field, text.data, (size_t)text.size) == 0) {
            return bind_choice(binder, name, &sb_kernels_struct_field, &type->children[i].type,
                               arguments, 1, i, out);
        }
    }
    return sb_error_set(binder->err, SB_INVALID, "%s: there is no field '%.*s'; the fields are %s",
                        name, text.size > 60 ? 60 : (int)text.size, (const char *)text.data,
                        field_names(type, names));
}

/* `value` as one of the values that a child stores; the child must store what it computes with. */
static enum sb_status member_cast(struct sb_binder *binder, const char *name,
                                  const struct sb_type *type,
                                  const struct sb_bound_node **arguments)
{
    const struct sb_type computed = sb_type_computed(type);

    if (!sb_type_equal(&computed, type) || sb_physical_of(type) == SB_PHYSICAL_ROW) {
        return sb_bind_refuse(binder, name, arguments, 2,
                              "members that are encoded, narrow or nested are not searched");
    }
    return sb_bind_cast(binder, arguments[1], type, name, SB_CAST_STRICT, &arguments[1]);
}

static enum sb_status resolve_list_contains(struct sb_binder *binder, const struct sb_expr *expr,
                                            const struct sb_bound_node **arguments,
                                            const struct sb_bound_node **out)
{
    const char *name = expr->function->name;

    if (!is_list(&arguments[0]->type)) {
        return sb_bind_refuse(binder, name, arguments, 2, "it takes a list and a value");
    }
    SB_TRY_RETURN(member_cast(binder, name, &arguments[0]->type.children[0].type, arguments));
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = sb_type_of(SB_TYPE_BOOL),
                            .kernels = &sb_kernels_list_contains,
                            .argument_count = 2,
                            .arguments = arguments,
                        },
                        out);
}

static enum sb_status resolve_map_value(struct sb_binder *binder, const struct sb_expr *expr,
                                        const struct sb_bound_node **arguments,
                                        const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const struct sb_type *type = &arguments[0]->type;

    if (type->id != SB_TYPE_MAP) {
        return sb_bind_refuse(binder, name, arguments, 2, "it takes a map and a key");
    }
    SB_TRY_RETURN(member_cast(binder, name, &type->children[0].type.children[0].type, arguments));
    return bind_choice(binder, name, &sb_kernels_map_value,
                       &type->children[0].type.children[1].type, arguments, 2, 0, out);
}

static const struct sb_function functions[] = {
    {
        .name = "list_length",
        .argument_min = 1,
        .argument_max = 1,
        .signature = "list or map",
        .summary = "How many elements the list has, nulls among them.",
        .example = "[{'lit': null, 'type': 'list<item: int64>'}]",
        .result = "null",
        .resolve = resolve_list_length,
    },
    {
        .name = "list_element",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "list, position",
        .summary = "The element at a position from 0, or from the end with negative ones; null "
                   "outside of the list.",
        .example = "[{'lit': null, 'type': 'list<item: int64>'}, 0]",
        .result = "null",
        .resolve = resolve_list_element,
    },
    {
        .name = "list_contains",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "list, value",
        .summary = "Whether an element of the list is the value; null elements are not.",
        .example = "[{'lit': null, 'type': 'list<item: int64>'}, 1]",
        .result = "null",
        .resolve = resolve_list_contains,
    },
    {
        .name = "struct_field",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "struct, name",
        .summary = "A field of the struct.",
        .example = "[{'lit': null, 'type': 'struct<x: int64>'}, 'x']",
        .result = "null",
        .resolve = resolve_struct_field,
    },
    {
        .name = "map_value",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "map, key",
        .summary = "The value of a key, of the last if there are several; null without the key.",
        .example = "[{'lit': null, 'type': 'map<utf8, int64>'}, 'a']",
        .result = "null",
        .resolve = resolve_map_value,
    },
};

const struct sb_function_list sb_functions_nested =
    SB_FUNCTION_LIST("Lists, structs and maps", functions);
