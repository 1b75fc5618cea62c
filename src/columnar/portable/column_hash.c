// SPDX-License-Identifier: Apache-2.0
#include "columnar/column.h"

#include "columnar/kernels/target.h"

sb_column_hash_kernel sb_column_hash_at(enum sb_instruction_level level)
{
    return level == SB_LEVEL_BASE ? sb_column_hash_base : NULL;
}

void sb_column_hash(const struct sb_column *column, const uint32_t *rows, int64_t count,
                    bool is_first, uint64_t *hashes)
{
    sb_column_hash_base(column, rows, count, is_first, hashes);
}
