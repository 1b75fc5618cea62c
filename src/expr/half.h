// SPDX-License-Identifier: Apache-2.0
/*
 * half.h - half-precision numbers, which are stored and not computed with.
 */
#ifndef SABOT_EXPR_HALF_H
#define SABOT_EXPR_HALF_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* A half-precision number, exactly. */
static inline float sb_float_of_half(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t exponent = half >> 10 & 31;
    const uint32_t fraction = half & 0x3ff;
    uint32_t bits = sign | (exponent + 112) << 23 | fraction << 13;
    float out;

    if (exponent == 0) { // zero or subnormal: a multiple of 2^-24
        out = (float)fraction * 0x1p-24f;
        return sign != 0 ? -out : out;
    }
    if (exponent == 31) {
        bits = sign | 0x7f800000 | fraction << 13;
    }
    memcpy(&out, &bits, sizeof out);
    return out;
}

/* To the nearest half-precision number, ties to even. */
static inline uint16_t sb_half_of_float(float value)
{
    uint32_t bits;
    uint32_t sign;
    uint32_t rest;

    memcpy(&bits, &value, sizeof bits);
    sign = bits >> 16 & 0x8000;
    rest = bits & 0x7fffffff;
    if (rest > 0x7f800000) {
        return (uint16_t)(sign | 0x7e00); // NaN
    }
    if (rest >= 0x477ff000) { // rounds above 65504
        return (uint16_t)(sign | 0x7c00);
    }
    if (rest < 0x38800000) { // subnormal: a multiple of 2^-24
        float size;
        memcpy(&size, &rest, sizeof size);
        return (uint16_t)(sign | (uint32_t)rintf(size * 0x1p24f));
    }
    rest += 0xfff + (rest >> 13 & 1);
    return (uint16_t)(sign | ((rest >> 13) - (112 << 10)));
}

#endif
