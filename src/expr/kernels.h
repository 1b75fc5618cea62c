// SPDX-License-Identifier: Apache-2.0
/*
 * kernels.h - which kernels there are; each group's file says what they do. NULL = no such form.
 */
#ifndef SABOT_EXPR_KERNELS_H
#define SABOT_EXPR_KERNELS_H

#include "expr/bind.h"
#include "expr/kernel.h"

/* greater is less with its arguments swapped. */
enum sb_comparison {
    SB_COMPARE_EQUAL,
    SB_COMPARE_NOT_EQUAL,
    SB_COMPARE_LESS,
    SB_COMPARE_LESS_EQUAL,
};
enum { SB_COMPARISON_COUNT = SB_COMPARE_LESS_EQUAL + 1 };

enum sb_operation {
    SB_ARITHMETIC_ADD,
    SB_ARITHMETIC_SUBTRACT,
    SB_ARITHMETIC_MULTIPLY,
    SB_ARITHMETIC_DIVIDE,
    SB_ARITHMETIC_MODULO,
    SB_ARITHMETIC_NEGATE,
};
enum { SB_OPERATION_COUNT = SB_ARITHMETIC_NEGATE + 1 };

/* All but NOT and the constants read and write validity themselves. */
enum sb_logic {
    SB_LOGIC_AND,
    SB_LOGIC_OR,
    SB_LOGIC_NOT,
    SB_LOGIC_IS_NULL,
    SB_LOGIC_IS_NOT_NULL,
    SB_LOGIC_TRUE, // for every row, whatever the argument
    SB_LOGIC_FALSE,
};
enum { SB_LOGIC_COUNT = SB_LOGIC_FALSE + 1 };

enum sb_rounding {
    SB_ROUNDING_FLOOR,
    SB_ROUNDING_CEIL,
    SB_ROUNDING_TRUNC,
    SB_ROUNDING_ROUND, // half away from zero
    SB_ROUNDING_ABS,
    SB_ROUNDING_SIGN,
    SB_ROUNDING_SQRT,
};
enum { SB_ROUNDING_COUNT = SB_ROUNDING_SQRT + 1 };

/* Rows past the last one that a compress may overwrite in its output. */
enum { SB_COMPRESS_SLACK = 8 };

/*
 * The kernels that gain from an instruction set, compiled for one (folder kernels/). Masks are
 * bytes of 0 or 1, at most SB_EXPR_CHUNK of them.
 */
struct sb_kernel_table {
    const char *name;

    /* Both arguments of one physical type. */
    const struct sb_kernel_set *(*compare)(enum sb_comparison comparison,
                                           enum sb_physical physical);
    /* int64, uint64 and float64 against each other, by value. */
    const struct sb_kernel_set *(*compare_mixed)(enum sb_comparison comparison,
                                                 enum sb_physical left, enum sb_physical right);
    /* Integers and floats; both arguments and the result of one type. */
    const struct sb_kernel_set *(*arithmetic)(enum sb_operation operation,
                                              enum sb_physical physical);
    /* Booleans, integers and floats. */
    const struct sb_kernel_set *(*cast_number)(enum sb_physical from, enum sb_physical to);
    const struct sb_kernel_set *(*coalesce)(enum sb_physical physical);
    const struct sb_kernel_set *(*logic)(enum sb_logic logic);

    /* The second argument where the first, a condition, is true, else the third. */
    const struct sb_kernel_set *(*select)(enum sb_physical physical);
    /* The lesser or greater of two, where only one is valid that one. */
    const struct sb_kernel_set *(*extreme)(bool is_greatest, enum sb_physical physical);

    /* Of one argument; the call has a struct sb_value_set prepared. */
    const struct sb_kernel_set *member;

    /* Of one float, same type. SQRT is of doubles only. */
    const struct sb_kernel_set *(*rounding)(enum sb_rounding rounding, bool is_double);

    /* Where `part` begins first in `bytes`, or NULL. */
    const uint8_t *(*find)(const uint8_t *bytes, int64_t size, const uint8_t *part,
                           int64_t part_size);

    /* Rows of the guard around for which an argument still matters, by rule but SELECT. */
    sb_kernel guards[SB_GUARD_KERNEL_COUNT];

    /* mask &= other */
    void (*mask_and)(uint8_t *mask, const uint8_t *other, int32_t count);
    int32_t (*mask_count)(const uint8_t *mask, int32_t count);
    /* out = first + i for every set mask[i]; returns how many. Bit i of `bits` = mask[i]; what is
     * left of its last byte becomes 0. */
    int32_t (*compress_range)(const uint8_t *mask, uint32_t first, int32_t count, uint32_t *out,
                              uint8_t *bits);
    /* out = rows[i] for every set mask[i]; `out` may be `rows`. */
    int32_t (*compress_rows)(const uint8_t *mask, const uint32_t *rows, int32_t count,
                             uint32_t *out);
};

/* The table that binding uses: the best this processor can run, unless a test chose another. */
const struct sb_kernel_table *sb_kernel_table(void);

/* The tables this processor can run, worst first; NULL past the last. */
const struct sb_kernel_table *sb_kernel_table_at(int32_t index);

/* For tests and benchmarks: what is bound from now on uses `table`. */
void sb_kernel_table_use(const struct sb_kernel_table *table);

/* kernels_decimal.c. A sum's arguments have its scale; divide takes its shift as parameter. */
const struct sb_kernel_set *sb_kernels_decimal(enum sb_operation operation);

/* kernels_cast_*.c: from one type to another; NULL = no such cast. `*hint` may say why. */
const struct sb_kernel_set *sb_kernels_cast(const struct sb_type *from, const struct sb_type *to,
                                            enum sb_cast_mode mode, const char **hint);
const struct sb_kernel_set *sb_kernels_cast_decimal(const struct sb_type *from,
                                                    const struct sb_type *to,
                                                    enum sb_cast_mode mode);
const struct sb_kernel_set *sb_kernels_cast_time(const struct sb_type *from,
                                                 const struct sb_type *to, const char **hint);
const struct sb_kernel_set *sb_kernels_cast_text(const struct sb_type *from,
                                                 const struct sb_type *to, const char **hint);

/* (x float32): the same values, which a float16 can round to. */
extern const struct sb_kernel_set sb_kernels_half;

#endif
