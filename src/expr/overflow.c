// SPDX-License-Identifier: Apache-2.0
/*
 * overflow.c - finds the row whose integer result does not fit, with arithmetic wide enough.
 */
#include "expr/overflow.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/assert.h"
#include "expr/decimal.h"

static const char *operation_sign(enum sb_operation operation)
{
    switch (operation) {
    case SB_ARITHMETIC_ADD:
        return "+";
    case SB_ARITHMETIC_SUBTRACT:
        return "-";
    default:
        sb_assert(operation == SB_ARITHMETIC_MULTIPLY);
        return "*";
    }
}

/* 128 bits hold every result but a product of two uint64, whose size the quotient tells. */
static bool operation_fits(enum sb_operation operation, sb_int128 x, sb_int128 y, sb_int128 least,
                           sb_int128 greatest)
{
    sb_int128 result;

    switch (operation) {
    case SB_ARITHMETIC_ADD:
        result = x + y;
        break;
    case SB_ARITHMETIC_SUBTRACT:
        result = x - y;
        break;
    case SB_ARITHMETIC_NEGATE:
        result = -x;
        break;
    default:
        sb_assert(operation == SB_ARITHMETIC_MULTIPLY);
        if (least == 0) {
            return y == 0 || x <= greatest / y;
        }
        result = x * y;
        break;
    }
    return result >= least && result <= greatest;
}

static enum sb_status overflow_report(struct sb_kernel_call *call, enum sb_operation operation,
                                      sb_int128 x, sb_int128 y)
{
    char left[SB_DECIMAL_TEXT_SIZE];
    char right[SB_DECIMAL_TEXT_SIZE];
    char type[SB_TYPE_NAME_SIZE];

    sb_decimal_format(x, 0, left);
    sb_decimal_format(y, 0, right);
    sb_type_name(&call->node->type, type, sizeof type);
    if (operation == SB_ARITHMETIC_NEGATE) {
        return sb_error_set(call->err, SB_FAILED,
                            "%s: overflow: -(%s) in %s; cast the argument to a wider type",
                            call->node->name, left, type);
    }
    return sb_error_set(call->err, SB_FAILED,
                        "%s: overflow: %s %s %s in %s; cast an argument to a wider type",
                        call->node->name, left, operation_sign(operation), right, type);
}

enum sb_status sb_overflow_find(struct sb_kernel_call *call, enum sb_operation operation,
                                int32_t left_step, int32_t right_step)
{
    const enum sb_physical physical = sb_physical_of(&call->node->type);
    const int32_t width = sb_physical_width(physical);
    const uint8_t *a = sb_kernel_argument(call, 0)->values;
    const uint8_t *b = operation == SB_ARITHMETIC_NEGATE ? a : sb_kernel_argument(call, 1)->values;
    sb_int128 least;
    sb_int128 greatest;

    sb_integer_limits(call->node->type.id, &least, &greatest);
    for (int32_t i = 0; i < call->count; i++) {
        sb_int128 x;
        sb_int128 y;
        if (!sb_kernel_counts(call, i)) {
            continue;
        }
        x = sb_value_integer(physical, a + (int64_t)i * left_step * width);
        y = sb_value_integer(physical, b + (int64_t)i * right_step * width);
        if (!operation_fits(operation, x, y, least, greatest)) {
            return overflow_report(call, operation, x, y);
        }
    }
    return SB_OK;
}
