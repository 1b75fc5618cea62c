// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_nested.h - kernels over rows of lists, maps and structs.
 */
#ifndef SABOT_EXPR_KERNELS_NESTED_H
#define SABOT_EXPR_KERNELS_NESTED_H

#include "expr/kernel.h"

/* (list or map): int64. */
extern const struct sb_kernel_set sb_kernels_list_length;

/* (list, position int64): the element; positions from 0, negative ones from the end. */
extern const struct sb_kernel_set sb_kernels_list_element;

/* (struct); parameter: which field. */
extern const struct sb_kernel_set sb_kernels_struct_field;

/* (list, value of the computed type of its elements): bool. */
extern const struct sb_kernel_set sb_kernels_list_contains;

/* (map, key of the computed type of its keys): the value of the last such key. */
extern const struct sb_kernel_set sb_kernels_map_value;

#endif
