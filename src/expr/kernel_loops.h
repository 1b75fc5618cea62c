// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_loops.h - the three loops of a function of two arguments, written once.
 *
 * SB_LOOPS_2(name, A, B, OUT, ROW) defines the static kernels name_vectors, name_constant_right
 * and name_constant_left. ROW is a statement over `x` (an A), `y` (a B) and the result `out[i]`.
 * The loops hold nothing a compiler could not vectorise.
 */
#ifndef SABOT_EXPR_KERNEL_LOOPS_H
#define SABOT_EXPR_KERNEL_LOOPS_H

#include "expr/kernel.h"

#define SB_LOOP_(name, A, B, OUT, X, Y, ROW)                                                       \
    static enum sb_status name(struct sb_kernel_call *call)                                        \
    {                                                                                              \
        const A *restrict a = sb_kernel_argument(call, 0)->values;                                 \
        const B *restrict b = sb_kernel_argument(call, 1)->values;                                 \
        OUT *restrict out = call->out;                                                             \
        const int32_t count = call->count;                                                         \
        const A first = a[0];                                                                      \
        const B second = b[0];                                                                     \
        (void)first;                                                                               \
        (void)second;                                                                              \
        for (int32_t i = 0; i < count; i++) {                                                      \
            const A x = X;                                                                         \
            const B y = Y;                                                                         \
            ROW;                                                                                   \
        }                                                                                          \
        return SB_OK;                                                                              \
    }

#define SB_LOOPS_2(name, A, B, OUT, ROW)                                                           \
    SB_LOOP_(name##_vectors, A, B, OUT, a[i], b[i], ROW)                                           \
    SB_LOOP_(name##_constant_right, A, B, OUT, a[i], second, ROW)                                  \
    SB_LOOP_(name##_constant_left, A, B, OUT, first, b[i], ROW)

/* The slots of a struct sb_kernel_set for those three. */
#define SB_SLOTS_2(name)                                                                           \
    .vectors = name##_vectors, .constant_right = name##_constant_right,                            \
    .constant_left = name##_constant_left

/* The same for one argument: the kernel `name`. */
#define SB_LOOP_1(name, A, OUT, ROW)                                                               \
    static enum sb_status name(struct sb_kernel_call *call)                                        \
    {                                                                                              \
        const A *restrict a = sb_kernel_argument(call, 0)->values;                                 \
        OUT *restrict out = call->out;                                                             \
        const int32_t count = call->count;                                                         \
        for (int32_t i = 0; i < count; i++) {                                                      \
            const A x = a[i];                                                                      \
            ROW;                                                                                   \
        }                                                                                          \
        return SB_OK;                                                                              \
    }

#endif
