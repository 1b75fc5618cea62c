// SPDX-License-Identifier: Apache-2.0
/*
 * column_total.c - sums of rows, eight at a time.
 *
 * 64-bit integers are added up in two halves of 32 bits, so that no sum of a batch (below 2^32
 * rows) overflows. Rows that are named by number are fetched one by one; where there are bits, all
 * values are read and those whose bit is not set count as 0, which no processor has to jump for.
 */
#include "columnar/column_total.h"

#include <string.h>

#include "columnar/kernels/target.h"

/* The loops that follow are simple so that they vectorise; those of floats name their lanes, since
 * only they may not be added up in another order by the compiler. */
enum { LANES = 8 };

#define HALVES(ctype)                                                                              \
    do {                                                                                           \
        const ctype *values = sb_column_fixed(column, (int32_t)sizeof(ctype));                     \
        if (rows == NULL) {                                                                        \
            for (int64_t i = 0; i < count; i++) {                                                  \
                low += (uint32_t)values[i];                                                        \
                high += (int64_t)(values[i] >> 32);                                                \
            }                                                                                      \
        } else {                                                                                   \
            for (int64_t i = 0; i < count; i++) {                                                  \
                const ctype value = values[rows[i]];                                               \
                low += (uint32_t)value;                                                            \
                high += (int64_t)(value >> 32);                                                    \
            }                                                                                      \
        }                                                                                          \
    } while (0)

#define WHOLE(ctype)                                                                               \
    do {                                                                                           \
        const ctype *values = sb_column_fixed(column, (int32_t)sizeof(ctype));                     \
        int64_t whole = 0;                                                                         \
        if (rows == NULL) {                                                                        \
            for (int64_t i = 0; i < count; i++) {                                                  \
                whole += values[i];                                                                \
            }                                                                                      \
        } else {                                                                                   \
            for (int64_t i = 0; i < count; i++) {                                                  \
                whole += values[rows[i]];                                                          \
            }                                                                                      \
        }                                                                                          \
        low = (uint32_t)whole;                                                                     \
        high = whole >> 32;                                                                        \
    } while (0)

#define FLOATS(ctype)                                                                              \
    do {                                                                                           \
        const ctype *values = sb_column_fixed(column, (int32_t)sizeof(ctype));                     \
        int64_t i = 0;                                                                             \
        if (rows == NULL) {                                                                        \
            for (; i + LANES <= count; i += LANES) {                                               \
                for (int lane = 0; lane < LANES; lane++) {                                         \
                    sums[lane] += (double)values[i + lane];                                        \
                }                                                                                  \
            }                                                                                      \
        } else {                                                                                   \
            for (; i + LANES <= count; i += LANES) {                                               \
                for (int lane = 0; lane < LANES; lane++) {                                         \
                    sums[lane] += (double)values[rows[i + lane]];                                  \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        for (; i < count; i++) {                                                                   \
            sums[0] += (double)values[rows == NULL ? i : (int64_t)rows[i]];                        \
        }                                                                                          \
    } while (0)

/* In pairs, as if they had been added up side by side all the way. */
static double lanes_sum(const double *sums)
{
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) +
           ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

struct sb_column_total SB_TARGET(sb_column_total)(const struct sb_column *column,
                                                  const uint32_t *rows, int64_t count)
{
    double sums[LANES] = {0};
    uint64_t low = 0;
    int64_t high = 0;

    switch (column->type->id) {
    case SB_TYPE_INT8:
        WHOLE(int8_t);
        break;
    case SB_TYPE_INT16:
        WHOLE(int16_t);
        break;
    case SB_TYPE_INT32:
        WHOLE(int32_t);
        break;
    case SB_TYPE_UINT8:
        WHOLE(uint8_t);
        break;
    case SB_TYPE_UINT16:
        WHOLE(uint16_t);
        break;
    case SB_TYPE_UINT32:
        WHOLE(uint32_t);
        break;
    case SB_TYPE_INT64:
        HALVES(int64_t);
        break;
    case SB_TYPE_UINT64:
        HALVES(uint64_t);
        break;
    case SB_TYPE_FLOAT32:
        FLOATS(float);
        break;
    default:
        FLOATS(double);
        break;
    }
    return (struct sb_column_total){
        .high = high,
        .low = low,
        .sum = lanes_sum(sums),
    };
}

/* Eight rows at a time: loops over bits do not vectorise by themselves. */
typedef uint64_t words8 __attribute__((vector_size(LANES * 8)));
typedef int64_t integers8 __attribute__((vector_size(LANES * 8)));
typedef double floats8 __attribute__((vector_size(LANES * 8)));

/* All ones for the rows whose bit is set, else 0. */
#define KEEP(eight)                                                                                \
    ((words8)(((words8){(eight), (eight), (eight), (eight), (eight), (eight), (eight), (eight)} &  \
               (words8){1, 2, 4, 8, 16, 32, 64, 128}) != 0))

/*
 * Reads all rows as vectors of `wide` and runs ADD(value), after those whose bit is not set have
 * become 0. The last rows are read from a copy that is filled up with 0.
 */
#define EVERY_ROW(ctype, wide, ADD)                                                                \
    do {                                                                                           \
        typedef ctype narrow8 __attribute__((vector_size(LANES * sizeof(ctype))));                 \
        const ctype *values = sb_column_fixed(column, (int32_t)sizeof(ctype));                     \
        int64_t i = 0;                                                                             \
        narrow8 narrow;                                                                            \
        for (; i + LANES <= length; i += LANES) {                                                  \
            memcpy(&narrow, values + i, sizeof narrow);                                            \
            ADD((wide)((words8) __builtin_convertvector(narrow, wide) & KEEP(bits[i / LANES])));   \
        }                                                                                          \
        if (i < length) {                                                                          \
            memset(&narrow, 0, sizeof narrow);                                                     \
            memcpy(&narrow, values + i, (size_t)(length - i) * sizeof(ctype));                     \
            ADD((wide)((words8) __builtin_convertvector(narrow, wide) & KEEP(bits[i / LANES])));   \
        }                                                                                          \
    } while (0)

#define ADD_SIGNED(value)                                                                          \
    do {                                                                                           \
        const integers8 added = (value);                                                           \
        lows += (words8)added & UINT32_MAX;                                                        \
        highs += added >> 32;                                                                      \
    } while (0)

#define ADD_UNSIGNED(value)                                                                        \
    do {                                                                                           \
        const words8 added = (value);                                                              \
        lows += added & UINT32_MAX;                                                                \
        highs += (integers8)(added >> 32);                                                         \
    } while (0)

#define ADD_FLOATS(value) sums += (value)

struct sb_column_total SB_TARGET(sb_column_total_of_bits)(const struct sb_column *column,
                                                          const uint8_t *bits, int64_t length)
{
    struct sb_column_total total = {0};
    words8 lows = {0};
    integers8 highs = {0};
    floats8 sums = {0};
    double lanes[LANES];

    switch (column->type->id) {
    case SB_TYPE_INT8:
        EVERY_ROW(int8_t, integers8, ADD_SIGNED);
        break;
    case SB_TYPE_INT16:
        EVERY_ROW(int16_t, integers8, ADD_SIGNED);
        break;
    case SB_TYPE_INT32:
        EVERY_ROW(int32_t, integers8, ADD_SIGNED);
        break;
    case SB_TYPE_INT64:
        EVERY_ROW(int64_t, integers8, ADD_SIGNED);
        break;
    case SB_TYPE_UINT8:
        EVERY_ROW(uint8_t, words8, ADD_UNSIGNED);
        break;
    case SB_TYPE_UINT16:
        EVERY_ROW(uint16_t, words8, ADD_UNSIGNED);
        break;
    case SB_TYPE_UINT32:
        EVERY_ROW(uint32_t, words8, ADD_UNSIGNED);
        break;
    case SB_TYPE_UINT64:
        EVERY_ROW(uint64_t, words8, ADD_UNSIGNED);
        break;
    case SB_TYPE_FLOAT32:
        EVERY_ROW(float, floats8, ADD_FLOATS);
        break;
    default:
        EVERY_ROW(double, floats8, ADD_FLOATS);
        break;
    }
    for (int lane = 0; lane < LANES; lane++) {
        total.low += lows[lane];
        total.high += highs[lane];
        lanes[lane] = sums[lane];
    }
    total.sum = lanes_sum(lanes);
    return total;
}
