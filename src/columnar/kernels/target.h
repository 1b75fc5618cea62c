// SPDX-License-Identifier: Apache-2.0
/*
 * target.h - the files of this folder are compiled once per instruction set.
 *
 * The build names the set in SB_KERNEL_TARGET (base, v3, v4), which ends the name of what a file
 * gives. x86/ and portable/ choose among them when the program runs.
 */
#ifndef SABOT_COLUMNAR_KERNELS_TARGET_H
#define SABOT_COLUMNAR_KERNELS_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instruction_set.h"
#include "columnar/column_total.h"

#ifndef SB_KERNEL_TARGET
#define SB_KERNEL_TARGET base
#endif

#define SB_TARGET_JOIN_(name, target) name##_##target
#define SB_TARGET_EXPAND_(name, target) SB_TARGET_JOIN_(name, target)
#define SB_TARGET(name) SB_TARGET_EXPAND_(name, SB_KERNEL_TARGET)

typedef void (*sb_column_hash_kernel)(const struct sb_column *column, const uint32_t *rows,
                                      int64_t count, bool is_first, uint64_t *hashes);

void sb_column_hash_base(const struct sb_column *column, const uint32_t *rows, int64_t count,
                         bool is_first, uint64_t *hashes);
void sb_column_hash_v3(const struct sb_column *column, const uint32_t *rows, int64_t count,
                       bool is_first, uint64_t *hashes);
void sb_column_hash_v4(const struct sb_column *column, const uint32_t *rows, int64_t count,
                       bool is_first, uint64_t *hashes);

typedef struct sb_column_total (*sb_column_total_kernel)(const struct sb_column *column,
                                                         const uint32_t *rows, int64_t count);

struct sb_column_total sb_column_total_base(const struct sb_column *column, const uint32_t *rows,
                                            int64_t count);
struct sb_column_total sb_column_total_v3(const struct sb_column *column, const uint32_t *rows,
                                          int64_t count);
struct sb_column_total sb_column_total_v4(const struct sb_column *column, const uint32_t *rows,
                                          int64_t count);

typedef struct sb_column_total (*sb_column_total_of_bits_kernel)(const struct sb_column *column,
                                                                 const uint8_t *bits,
                                                                 int64_t length);

struct sb_column_total sb_column_total_of_bits_base(const struct sb_column *column,
                                                    const uint8_t *bits, int64_t length);
struct sb_column_total sb_column_total_of_bits_v3(const struct sb_column *column,
                                                  const uint8_t *bits, int64_t length);
struct sb_column_total sb_column_total_of_bits_v4(const struct sb_column *column,
                                                  const uint8_t *bits, int64_t length);

/* The one compiled for `level`; NULL when there is none. The processor must support it. */
sb_column_hash_kernel sb_column_hash_at(enum sb_instruction_level level);

#endif
