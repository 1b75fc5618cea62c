// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_cast_half.c - float32 values that are to be stored as float16.
 *
 * They are rounded here, so that what is computed from them does not depend on being stored.
 */
#include <math.h>

#include "expr/cast_failure.h"
#include "expr/half.h"
#include "expr/kernels.h"

static enum sb_status half_vectors(struct sb_kernel_call *call)
{
    const float *values = sb_kernel_argument(call, 0)->values;
    float *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        out[i] = sb_float_of_half(sb_half_of_float(values[i]));
        if (sb_unlikely(fabsf(values[i]) >= 65520.0F && !isinf(values[i]))) {
            SB_TRY_RETURN(sb_cast_row_failed(call, i, "does not fit"));
        }
    }
    return SB_OK;
}

const struct sb_kernel_set sb_kernels_half = {.vectors = half_vectors, .may_fail = true};
