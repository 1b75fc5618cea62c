// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_decimal.c - arithmetic of decimals whose scales binding has made to fit.
 *
 * Sums and differences cannot leave 128 bits when both arguments keep their 38 digits; products
 * and quotients can, and every result must have no more digits than its type.
 */
#include <string.h>

#include "expr/decimal.h"
#include "expr/kernel_loops.h"
#include "expr/kernels.h"
#include "expr/tree.h"

static const char *const decimal_signs[SB_OPERATION_COUNT] = {
    [SB_ARITHMETIC_ADD] = "+",    [SB_ARITHMETIC_SUBTRACT] = "-", [SB_ARITHMETIC_MULTIPLY] = "*",
    [SB_ARITHMETIC_DIVIDE] = "/", [SB_ARITHMETIC_MODULO] = "%",
};

/* One result, or false: too many digits, or a divisor of zero. */
static inline bool decimal_compute(enum sb_operation operation, int32_t shift, sb_int128 limit,
                                   sb_int128 x, sb_int128 y, sb_int128 *out)
{
    bool is_ok = true;

    *out = 0;
    switch (operation) {
    case SB_ARITHMETIC_ADD:
        is_ok = !__builtin_add_overflow(x, y, out);
        break;
    case SB_ARITHMETIC_SUBTRACT:
        is_ok = !__builtin_sub_overflow(x, y, out);
        break;
    case SB_ARITHMETIC_MULTIPLY:
        is_ok = sb_int128_multiply(x, y, out);
        break;
    case SB_ARITHMETIC_DIVIDE:
        is_ok = y != 0 && sb_decimal_divide(x, y, shift, out);
        break;
    default:
        if (y == 0) {
            return false;
        }
        if (y != -1) { // of the least value it would trap
            *out = x % y;
            *out += *out != 0 && (*out < 0) != (y < 0) ? y : 0;
        }
        break;
    }
    return is_ok && sb_decimal_fits(*out, limit);
}

static enum sb_status decimal_report(struct sb_kernel_call *call, enum sb_operation operation,
                                     sb_int128 x, sb_int128 y)
{
    const struct sb_bound_node *node = call->node;
    const bool is_zero =
        y == 0 && (operation == SB_ARITHMETIC_DIVIDE || operation == SB_ARITHMETIC_MODULO);
    char left[SB_DECIMAL_TEXT_SIZE];
    char right[SB_DECIMAL_TEXT_SIZE];
    char type[SB_TYPE_NAME_SIZE];

    sb_decimal_format(x, node->arguments[0]->type.scale, left);
    sb_decimal_format(y, node->arguments[1]->type.scale, right);
    if (is_zero) {
        return sb_error_set(call->err, SB_FAILED, "%s: division by zero: %s %s %s", node->name,
                            left, decimal_signs[operation], right);
    }
    return sb_error_set(call->err, SB_FAILED, "%s: overflow: %s %s %s in %s", node->name, left,
                        decimal_signs[operation], right,
                        sb_type_name(&node->type, type, sizeof type));
}

/* Loops are scalar here, so a row is judged where it fails: null rows often hold zeros. */
#define DECIMAL_LOOP(name, OPERATION, X, Y)                                                        \
    static enum sb_status name(struct sb_kernel_call *call)                                        \
    {                                                                                              \
        const sb_int128 *restrict a = sb_kernel_argument(call, 0)->values;                         \
        const sb_int128 *restrict b = sb_kernel_argument(call, 1)->values;                         \
        sb_int128 *restrict out = call->out;                                                       \
        const sb_int128 limit = sb_decimal_power(call->node->type.precision);                      \
        const int32_t shift = (int32_t)call->node->parameter;                                      \
        const int32_t count = call->count;                                                         \
        for (int32_t i = 0; i < count; i++) {                                                      \
            if (sb_unlikely(!decimal_compute(OPERATION, shift, limit, X, Y, &out[i])) &&           \
                sb_kernel_counts(call, i)) {                                                       \
                return decimal_report(call, OPERATION, X, Y);                                      \
            }                                                                                      \
        }                                                                                          \
        return SB_OK;                                                                              \
    }

#define DECIMAL_LOOPS(name, OPERATION)                                                             \
    DECIMAL_LOOP(name##_vectors, OPERATION, a[i], b[i])                                            \
    DECIMAL_LOOP(name##_constant_right, OPERATION, a[i], b[0])                                     \
    DECIMAL_LOOP(name##_constant_left, OPERATION, a[0], b[i])

DECIMAL_LOOPS(add, SB_ARITHMETIC_ADD)
DECIMAL_LOOPS(subtract, SB_ARITHMETIC_SUBTRACT)
DECIMAL_LOOPS(multiply, SB_ARITHMETIC_MULTIPLY)
DECIMAL_LOOPS(divide, SB_ARITHMETIC_DIVIDE)
DECIMAL_LOOPS(modulo, SB_ARITHMETIC_MODULO)

SB_LOOP_1(negate, sb_int128, sb_int128, out[i] = (sb_int128)(0 - (sb_uint128)x))

const struct sb_kernel_set *sb_kernels_decimal(enum sb_operation operation)
{
    static const struct sb_kernel_set kernels[SB_OPERATION_COUNT] = {
        [SB_ARITHMETIC_ADD] = {SB_SLOTS_2(add), .may_fail = true},
        [SB_ARITHMETIC_SUBTRACT] = {SB_SLOTS_2(subtract), .may_fail = true},
        [SB_ARITHMETIC_MULTIPLY] = {SB_SLOTS_2(multiply), .may_fail = true},
        [SB_ARITHMETIC_DIVIDE] = {SB_SLOTS_2(divide), .may_fail = true},
        [SB_ARITHMETIC_MODULO] = {SB_SLOTS_2(modulo), .may_fail = true},
        [SB_ARITHMETIC_NEGATE] = {.vectors = negate},
    };

    return &kernels[operation];
}
