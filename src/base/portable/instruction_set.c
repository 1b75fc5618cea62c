// SPDX-License-Identifier: Apache-2.0
/*
 * portable/instruction_set.c - processors that have nothing to choose from.
 */
#include "base/instruction_set.h"

enum sb_instruction_level sb_instruction_level(void)
{
    return SB_LEVEL_BASE;
}
