// SPDX-License-Identifier: Apache-2.0
/*
 * instruction_set.h - which instructions this processor has, beyond those the build relies on.
 *
 * Files that gain from wide registers are compiled once per level; at run time the best one is
 * taken. One file per processor family implements it.
 */
#ifndef SABOT_BASE_INSTRUCTION_SET_H
#define SABOT_BASE_INSTRUCTION_SET_H

#include <stdint.h>

/* Levels of the x86-64 psABI; other processors have only the first. */
enum sb_instruction_level {
    SB_LEVEL_BASE = 0,
    SB_LEVEL_V3 = 1, // AVX2
    SB_LEVEL_V4 = 2, // AVX-512
};
enum { SB_LEVEL_COUNT = SB_LEVEL_V4 + 1 };

/* The highest that processor and operating system support. Cheap enough to ask per call. */
enum sb_instruction_level sb_instruction_level(void);

#endif
