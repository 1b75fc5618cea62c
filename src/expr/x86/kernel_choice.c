// SPDX-License-Identifier: Apache-2.0
/*
 * x86/kernel_choice.c - the kernels of the best level this processor has.
 */
#include <stdatomic.h>
#include <stddef.h>

#include "base/instruction_set.h"
#include "expr/kernels.h"

extern const struct sb_kernel_table sb_kernel_table_base;
extern const struct sb_kernel_table sb_kernel_table_v3;
extern const struct sb_kernel_table sb_kernel_table_v4;

const struct sb_kernel_table *sb_kernel_table_at(int32_t index)
{
    static const struct sb_kernel_table *const levels[SB_LEVEL_COUNT] = {
        [SB_LEVEL_BASE] = &sb_kernel_table_base,
        [SB_LEVEL_V3] = &sb_kernel_table_v3,
        [SB_LEVEL_V4] = &sb_kernel_table_v4,
    };

    return index <= (int32_t)sb_instruction_level() ? levels[index] : NULL;
}

/* What a test chose; NULL = nothing. */
static _Atomic(const struct sb_kernel_table *) chosen;

const struct sb_kernel_table *sb_kernel_table(void)
{
    const struct sb_kernel_table *table = atomic_load_explicit(&chosen, memory_order_relaxed);

    return table != NULL ? table : sb_kernel_table_at((int32_t)sb_instruction_level());
}

void sb_kernel_table_use(const struct sb_kernel_table *table)
{
    atomic_store_explicit(&chosen, table, memory_order_relaxed);
}
