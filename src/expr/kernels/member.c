// SPDX-License-Identifier: Apache-2.0
/*
 * member.c - whether a value is one of a set of constants (value_set.h, what the call has
 * prepared).
 *
 * A row that is no member is null when the set holds a null: nobody knows.
 */
#include <string.h>

#include "expr/kernels/target.h"
#include "expr/kernels/validity.h"
#include "expr/tree.h"
#include "expr/value_set.h"

#define SAME_NUMBER(x, y) ((x) == (y))
#define SAME_FLOAT(x, y) (((x) == (y)) | (((x) != (x)) & ((y) != (y))))

/* One pass per member: comparisons of a chunk that is in L1. */
#define FEW(suffix, T, field, SAME)                                                                \
    static void few_##suffix(const struct sb_value_set *set, const void *values, int32_t count,    \
                             uint8_t *restrict out)                                                \
    {                                                                                              \
        const T *restrict a = values;                                                              \
        memset(out, 0, (size_t)count);                                                             \
        for (int32_t j = 0; j < set->count; j++) {                                                 \
            const T member = set->values[j].field;                                                 \
            for (int32_t i = 0; i < count; i++) {                                                  \
                out[i] |= SAME(a[i], member);                                                      \
            }                                                                                      \
        }                                                                                          \
    }

/* The hash is that of value_hash() in value_set.c. */
#define HASHED(suffix, T, field, HASH, SAME)                                                       \
    static void hashed_##suffix(const struct sb_value_set *set, const void *values, int32_t count, \
                                uint8_t *restrict out)                                             \
    {                                                                                              \
        const T *restrict a = values;                                                              \
        const uint32_t *slots = set->slots;                                                        \
        for (int32_t i = 0; i < count; i++) {                                                      \
            const T x = a[i];                                                                      \
            uint64_t at = (HASH) & set->slot_mask;                                                 \
            while (slots[at] != 0 && !(SAME(x, set->values[slots[at] - 1].field))) {               \
                at = (at + 1) & set->slot_mask;                                                    \
            }                                                                                      \
            out[i] = slots[at] != 0;                                                               \
        }                                                                                          \
    }

/* Below the least the difference is larger than any table. */
#define TABLE(suffix, T)                                                                           \
    static void table_##suffix(const struct sb_value_set *set, const void *values, int32_t count,  \
                               uint8_t *restrict out)                                              \
    {                                                                                              \
        const T *restrict a = values;                                                              \
        const uint8_t *table = set->table;                                                         \
        const uint64_t least = set->least;                                                         \
        const uint64_t size = set->table_size;                                                     \
        for (int32_t i = 0; i < count; i++) {                                                      \
            const uint64_t at = (uint64_t)a[i] - least;                                            \
            out[i] = at < size ? table[at] : 0;                                                    \
        }                                                                                          \
    }

#define INTEGER(suffix, T)                                                                         \
    FEW(suffix, T, suffix, SAME_NUMBER)                                                            \
    HASHED(suffix, T, suffix, sb_hash64((uint64_t)x), SAME_NUMBER)                                 \
    TABLE(suffix, T)

INTEGER(i8, int8_t)
INTEGER(i16, int16_t)
INTEGER(i32, int32_t)
INTEGER(i64, int64_t)
INTEGER(u8, uint8_t)
INTEGER(u16, uint16_t)
INTEGER(u32, uint32_t)
INTEGER(u64, uint64_t)
FEW(f32, float, f32, SAME_FLOAT)
FEW(f64, double, f64, SAME_FLOAT)
FEW(i128, sb_int128, i128, SAME_NUMBER)
FEW(bytes, struct sb_bytes, bytes, sb_bytes_equal)
HASHED(f32, float, f32, sb_hash64(sb_double_word((double)x)), SAME_FLOAT)
HASHED(f64, double, f64, sb_hash64(sb_double_word(x)), SAME_FLOAT)
HASHED(i128, sb_int128, i128, sb_hash_wide((uint64_t)x, (uint64_t)(x >> 64)), SAME_NUMBER)
HASHED(bytes, struct sb_bytes, bytes, sb_hash_bytes(x.data, (size_t)x.size), sb_bytes_equal)

typedef void (*member_loop)(const struct sb_value_set *set, const void *values, int32_t count,
                            uint8_t *restrict out);

static const member_loop loops[SB_PHYSICAL_COUNT][3] = {
    [SB_PHYSICAL_BOOL] = {few_u8, table_u8, hashed_u8},
    [SB_PHYSICAL_I8] = {few_i8, table_i8, hashed_i8},
    [SB_PHYSICAL_I16] = {few_i16, table_i16, hashed_i16},
    [SB_PHYSICAL_I32] = {few_i32, table_i32, hashed_i32},
    [SB_PHYSICAL_I64] = {few_i64, table_i64, hashed_i64},
    [SB_PHYSICAL_U8] = {few_u8, table_u8, hashed_u8},
    [SB_PHYSICAL_U16] = {few_u16, table_u16, hashed_u16},
    [SB_PHYSICAL_U32] = {few_u32, table_u32, hashed_u32},
    [SB_PHYSICAL_U64] = {few_u64, table_u64, hashed_u64},
    [SB_PHYSICAL_F32] = {few_f32, NULL, hashed_f32},
    [SB_PHYSICAL_F64] = {few_f64, NULL, hashed_f64},
    [SB_PHYSICAL_I128] = {few_i128, NULL, hashed_i128},
    [SB_PHYSICAL_BYTES] = {few_bytes, NULL, hashed_bytes},
};

static_assert(SB_SET_FEW == 0 && SB_SET_TABLE == 1 && SB_SET_HASHED == 2, "the order above");

static enum sb_status member_vectors(struct sb_kernel_call *call)
{
    const struct sb_value_set *set = call->node->prepared;
    uint8_t *restrict out = call->out;

    loops[set->physical][set->form](set, sb_kernel_argument(call, 0)->values, call->count, out);
    if (set->has_null) {
        const struct sb_vector whole = {.valid = call->valid};
        const uint8_t *valid = sb_valid_or_ones(&whole); // may be the room itself
        for (int32_t i = 0; i < call->count; i++) {
            call->valid_room[i] = valid[i] & out[i];
        }
        call->valid = call->valid_room;
    }
    return SB_OK;
}

const struct sb_kernel_set kernels_member = {.vectors = member_vectors};
