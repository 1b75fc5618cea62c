// SPDX-License-Identifier: Apache-2.0
/*
 * boolean.c - and, or, not with three values (Kleene), null tests, coalesce.
 *
 * Except for `not` these read validity themselves. The value byte of a null row is whatever a
 * kernel left there, so nothing here trusts it.
 */
#include "expr/kernels/target.h"
#include "expr/kernels/validity.h"

#include <string.h>

static enum sb_status and_vectors(struct sb_kernel_call *call)
{
    const struct sb_vector *left = sb_kernel_argument(call, 0);
    const struct sb_vector *right = sb_kernel_argument(call, 1);
    const uint8_t *restrict a = left->values;
    const uint8_t *restrict b = right->values;
    uint8_t *restrict out = call->out;
    const int32_t count = call->count;

    if (left->valid == NULL && right->valid == NULL) {
        for (int32_t i = 0; i < count; i++) {
            out[i] = a[i] & b[i];
        }
        call->valid = NULL;
        return SB_OK;
    }
    const uint8_t *restrict a_valid = sb_valid_or_ones(left);
    const uint8_t *restrict b_valid = sb_valid_or_ones(right);
    uint8_t *restrict valid = call->valid_room;
    for (int32_t i = 0; i < count; i++) {
        const uint8_t is_false = (uint8_t)((a_valid[i] & !a[i]) | (b_valid[i] & !b[i]));
        out[i] = a[i] & b[i] & !is_false;
        valid[i] = is_false | (a_valid[i] & b_valid[i]);
    }
    call->valid = valid;
    return SB_OK;
}

static enum sb_status or_vectors(struct sb_kernel_call *call)
{
    const struct sb_vector *left = sb_kernel_argument(call, 0);
    const struct sb_vector *right = sb_kernel_argument(call, 1);
    const uint8_t *restrict a = left->values;
    const uint8_t *restrict b = right->values;
    uint8_t *restrict out = call->out;
    const int32_t count = call->count;

    if (left->valid == NULL && right->valid == NULL) {
        for (int32_t i = 0; i < count; i++) {
            out[i] = a[i] | b[i];
        }
        call->valid = NULL;
        return SB_OK;
    }
    const uint8_t *restrict a_valid = sb_valid_or_ones(left);
    const uint8_t *restrict b_valid = sb_valid_or_ones(right);
    uint8_t *restrict valid = call->valid_room;
    for (int32_t i = 0; i < count; i++) {
        const uint8_t is_true = (a_valid[i] & a[i]) | (b_valid[i] & b[i]);
        out[i] = is_true;
        valid[i] = is_true | (a_valid[i] & b_valid[i]);
    }
    call->valid = valid;
    return SB_OK;
}

static enum sb_status not_vectors(struct sb_kernel_call *call)
{
    const uint8_t *restrict a = sb_kernel_argument(call, 0)->values;
    uint8_t *restrict out = call->out;
    const int32_t count = call->count;

    for (int32_t i = 0; i < count; i++) {
        out[i] = a[i] ^ 1;
    }
    return SB_OK;
}

static enum sb_status is_null_vectors(struct sb_kernel_call *call)
{
    const uint8_t *restrict valid = sb_kernel_argument(call, 0)->valid;
    uint8_t *restrict out = call->out;
    const int32_t count = call->count;

    call->valid = NULL;
    if (valid == NULL) {
        memset(out, 0, (size_t)count);
        return SB_OK;
    }
    for (int32_t i = 0; i < count; i++) {
        out[i] = valid[i] ^ 1;
    }
    return SB_OK;
}

static enum sb_status is_not_null_vectors(struct sb_kernel_call *call)
{
    const uint8_t *valid = sb_kernel_argument(call, 0)->valid;

    call->valid = NULL;
    if (valid == NULL) {
        memset(call->out, 1, (size_t)call->count);
    } else {
        memcpy(call->out, valid, (size_t)call->count);
    }
    return SB_OK;
}

static enum sb_status true_vectors(struct sb_kernel_call *call)
{
    memset(call->out, 1, (size_t)call->count);
    return SB_OK;
}

static enum sb_status false_vectors(struct sb_kernel_call *call)
{
    memset(call->out, 0, (size_t)call->count);
    return SB_OK;
}

const struct sb_kernel_set *kernels_logic(enum sb_logic logic)
{
    static const struct sb_kernel_set kernels[SB_LOGIC_COUNT] = {
        [SB_LOGIC_AND] = {.vectors = and_vectors},
        [SB_LOGIC_OR] = {.vectors = or_vectors},
        [SB_LOGIC_NOT] = {.vectors = not_vectors},
        [SB_LOGIC_IS_NULL] = {.vectors = is_null_vectors},
        [SB_LOGIC_IS_NOT_NULL] = {.vectors = is_not_null_vectors},
        [SB_LOGIC_TRUE] = {.vectors = true_vectors},
        [SB_LOGIC_FALSE] = {.vectors = false_vectors},
    };

    return &kernels[logic];
}

/* The first argument where it is valid, else the second. */
#define COALESCE_TYPE(suffix, T)                                                                   \
    static enum sb_status coalesce_##suffix(struct sb_kernel_call *call)                           \
    {                                                                                              \
        const struct sb_vector *left = sb_kernel_argument(call, 0);                                \
        const struct sb_vector *right = sb_kernel_argument(call, 1);                               \
        const T *restrict a = left->values;                                                        \
        const T *restrict b = right->values;                                                       \
        const uint8_t *restrict a_valid = left->valid;                                             \
        T *restrict out = call->out;                                                               \
        const int32_t count = call->count;                                                         \
        if (a_valid == NULL) {                                                                     \
            memcpy(out, a, (size_t)count * sizeof(T));                                             \
        } else {                                                                                   \
            for (int32_t i = 0; i < count; i++) {                                                  \
                out[i] = a_valid[i] ? a[i] : b[i];                                                 \
            }                                                                                      \
        }                                                                                          \
        coalesce_valid(call, a_valid, right->valid);                                               \
        return SB_OK;                                                                              \
    }

static void coalesce_valid(struct sb_kernel_call *call, const uint8_t *restrict a,
                           const uint8_t *restrict b)
{
    uint8_t *restrict valid = call->valid_room;

    call->valid = NULL;
    if (a == NULL || b == NULL) {
        return;
    }
    for (int32_t i = 0; i < call->count; i++) {
        valid[i] = a[i] | b[i];
    }
    call->valid = valid;
}

COALESCE_TYPE(1, uint8_t)
COALESCE_TYPE(2, uint16_t)
COALESCE_TYPE(4, uint32_t)
COALESCE_TYPE(8, uint64_t)
COALESCE_TYPE(i128, sb_int128)
COALESCE_TYPE(bytes, struct sb_bytes)

const struct sb_kernel_set *kernels_coalesce(enum sb_physical physical)
{
    static const struct sb_kernel_set by_width[] = {
        [1] = {.vectors = coalesce_1},
        [2] = {.vectors = coalesce_2},
        [4] = {.vectors = coalesce_4},
        [8] = {.vectors = coalesce_8},
    };
    static const struct sb_kernel_set decimal = {.vectors = coalesce_i128};
    static const struct sb_kernel_set bytes = {.vectors = coalesce_bytes};

    if (physical == SB_PHYSICAL_I128) {
        return &decimal;
    }
    return physical >= SB_PHYSICAL_BYTES ? &bytes : &by_width[sb_physical_width(physical)];
}
