// SPDX-License-Identifier: Apache-2.0
/*
 * column_total.c - sums of rows, eight at a time.
 *
 * 64-bit integers are added up in two halves of 32 bits, so that no sum of a batch (below 2^32
 * rows) overflows. Rows that are named are fetched by the processor's gather where it has one:
 * then a selection costs about as much as the values do.
 */
#include "columnar/column_total.h"

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
        // In pairs, as if they had been added up side by side all the way.
        .sum = ((sums[0] + sums[4]) + (sums[1] + sums[5])) +
               ((sums[2] + sums[6]) + (sums[3] + sums[7])),
    };
}
