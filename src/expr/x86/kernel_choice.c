// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_choice.c (x86-64) - the levels of the x86-64 psABI that the kernels are compiled for.
 */
#include <stdatomic.h>
#include <stddef.h>

#include "expr/kernels.h"

extern const struct sb_kernel_table sb_kernel_table_base;
extern const struct sb_kernel_table sb_kernel_table_v3;
extern const struct sb_kernel_table sb_kernel_table_v4;

enum { LEVEL_COUNT = 3 };

/* Also asks whether the operating system saves the wide registers. */
static int32_t levels_supported(void)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") ||
        !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("popcnt")) {
        return 1;
    }
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512cd") || !__builtin_cpu_supports("avx512dq") ||
        !__builtin_cpu_supports("avx512vl")) {
        return 2;
    }
    return LEVEL_COUNT;
}

const struct sb_kernel_table *sb_kernel_table_at(int32_t index)
{
    static const struct sb_kernel_table *const levels[LEVEL_COUNT] = {
        &sb_kernel_table_base,
        &sb_kernel_table_v3,
        &sb_kernel_table_v4,
    };

    return index < levels_supported() ? levels[index] : NULL;
}

static _Atomic(const struct sb_kernel_table *) chosen;

const struct sb_kernel_table *sb_kernel_table(void)
{
    const struct sb_kernel_table *table = atomic_load_explicit(&chosen, memory_order_relaxed);

    if (table == NULL) {
        table = sb_kernel_table_at(levels_supported() - 1);
        atomic_store_explicit(&chosen, table, memory_order_relaxed);
    }
    return table;
}

void sb_kernel_table_use(const struct sb_kernel_table *table)
{
    atomic_store_explicit(&chosen, table, memory_order_relaxed);
}
