// SPDX-License-Identifier: Apache-2.0
/*
 * cast_failure.c - null or an error, for casts.
 */
#include "expr/cast_failure.h"

#include <string.h>

#include "expr/tree.h"

/* Validity that this kernel may change. */
static uint8_t *own_validity(struct sb_kernel_call *call)
{
    if (call->valid != call->valid_room) {
        if (call->valid == NULL) {
            memset(call->valid_room, 1, (size_t)call->count);
        } else {
            memcpy(call->valid_room, call->valid, (size_t)call->count);
        }
        call->valid = call->valid_room;
    }
    return call->valid_room;
}

static enum sb_status row_report(struct sb_kernel_call *call, int32_t row, const char *why)
{
    const struct sb_bound_node *argument = call->node->arguments[0];
    const int32_t width = sb_physical_width(sb_physical_of(&argument->type));
    const uint8_t *values = sb_kernel_argument(call, 0)->values;
    struct sb_scalar scalar = {.type = argument->type};
    char type[SB_TYPE_NAME_SIZE];
    const char *text;
    bool is_written;

    memcpy(&scalar.value, values + (int64_t)row * width, (size_t)width);
    if (sb_type_is_variable(scalar.type.id) && scalar.value.bytes.size > 64) {
        scalar.value.bytes.size = 64; // enough to find it by
    }
    text = sb_scalar_text(&scalar, call->text);
    is_written = strcmp(call->node->name, "cast") == 0; // not one that a function needs
    return sb_error_set(call->err, SB_FAILED, "%s: %s %s %s%s", call->node->name,
                        text == NULL ? "a value" : text, why,
                        sb_type_name(&call->node->type, type, sizeof type),
                        is_written ? "; on_error = 'null' gives null instead" : "");
}

enum sb_status sb_cast_row_failed(struct sb_kernel_call *call, int32_t row, const char *why)
{
    if (call->valid != NULL && !call->valid[row]) {
        return SB_OK;
    }
    if (call->node->is_null_on_error) {
        own_validity(call)[row] = 0;
        return SB_OK;
    }
    return call->guard == NULL || call->guard[row] ? row_report(call, row, why) : SB_OK;
}

enum sb_status sb_cast_rows_failed(struct sb_kernel_call *call,
                                   bool (*fits)(const struct sb_kernel_call *call,
                                                const void *value),
                                   const char *why)
{
    const struct sb_type *type = &call->node->arguments[0]->type;
    const int32_t width = sb_physical_width(sb_physical_of(type));
    const uint8_t *values = sb_kernel_argument(call, 0)->values;

    for (int32_t i = 0; i < call->count; i++) {
        if (!fits(call, values + (int64_t)i * width)) {
            SB_TRY_RETURN(sb_cast_row_failed(call, i, why));
        }
    }
    return SB_OK;
}
