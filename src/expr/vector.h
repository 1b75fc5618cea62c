// SPDX-License-Identifier: Apache-2.0
/*
 * vector.h - the values of one chunk, as kernels see them.
 *
 * A column type says what values mean; a physical type says how they lie in memory. Many column
 * types share one: a timestamp is an int64 to a kernel. Booleans and validity are one byte a row
 * here (0 or 1), so that loops over them vectorise; text and binary of every layout is struct
 * sb_bytes.
 */
#ifndef SABOT_EXPR_VECTOR_H
#define SABOT_EXPR_VECTOR_H

#include <stdint.h>

#include "columnar/column.h"

/* Arrow aligns decimals to 8 bytes at least, C wants 16 of an __int128. */
__extension__ typedef __int128 sb_int128 __attribute__((aligned(8)));
__extension__ typedef unsigned __int128 sb_uint128 __attribute__((aligned(8)));

enum sb_physical {
    SB_PHYSICAL_BOOL,
    SB_PHYSICAL_I8,
    SB_PHYSICAL_I16,
    SB_PHYSICAL_I32,
    SB_PHYSICAL_I64,
    SB_PHYSICAL_U8,
    SB_PHYSICAL_U16,
    SB_PHYSICAL_U32,
    SB_PHYSICAL_U64,
    SB_PHYSICAL_F32,
    SB_PHYSICAL_F64,
    SB_PHYSICAL_I128,
    SB_PHYSICAL_BYTES,
    SB_PHYSICAL_ROW, // a row of a column: lists, structs, maps, and what no kernel computes with
};
enum { SB_PHYSICAL_COUNT = SB_PHYSICAL_ROW + 1 };

/* Row `row` of a column, of any type. */
struct sb_row {
    const struct sb_column *column;
    int64_t row;
};

struct sb_vector {
    const void *values;   // one of the physical type per row, or a single one (constants)
    const uint8_t *valid; // NULL = no row is null
};

/* One value of any physical type. */
union sb_value {
    uint8_t boolean;
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    float f32;
    double f64;
    sb_int128 i128;
    struct sb_bytes bytes;
    struct sb_row row;
};

enum sb_physical sb_physical_of(const struct sb_type *type);

/* Bytes of one value in a chunk: 1 for booleans, 16 for text and rows. */
int32_t sb_physical_width(enum sb_physical physical);

#endif
