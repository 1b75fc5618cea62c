// SPDX-License-Identifier: Apache-2.0
/*
 * portable/kernel_choice.c - one set of kernels, as the compiler makes them by default.
 */
#include <stddef.h>

#include "expr/kernels.h"

extern const struct sb_kernel_table sb_kernel_table_base;

const struct sb_kernel_table *sb_kernel_table_at(int32_t index)
{
    return index == 0 ? &sb_kernel_table_base : NULL;
}

const struct sb_kernel_table *sb_kernel_table(void)
{
    return &sb_kernel_table_base;
}

void sb_kernel_table_use(const struct sb_kernel_table *table)
{
}
