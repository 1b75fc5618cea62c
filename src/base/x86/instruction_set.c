// SPDX-License-Identifier: Apache-2.0
/*
 * x86/instruction_set.c - the levels that compilers call x86-64-v3 and x86-64-v4.
 */
#include "base/instruction_set.h"

// The builtin also asks whether the operating system saves the wide registers, and asks once.
enum sb_instruction_level sb_instruction_level(void)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") ||
        !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("popcnt")) {
        return SB_LEVEL_BASE;
    }
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512cd") || !__builtin_cpu_supports("avx512dq") ||
        !__builtin_cpu_supports("avx512vl")) {
        return SB_LEVEL_V3;
    }
    return SB_LEVEL_V4;
}
