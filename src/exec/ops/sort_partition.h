// SPDX-License-Identifier: Apache-2.0
/*
 * sort_partition.h - the two passes before the end of a SORT: ranges of keys, and entries by range.
 */
#ifndef SABOT_EXEC_OPS_SORT_PARTITION_H
#define SABOT_EXEC_OPS_SORT_PARTITION_H

#include <pthread.h>

#include "exec/ops/sort_internal.h"

/* The entries of some batches, range by range. */
struct sb_sort_share {
    int64_t first_batch;
    int64_t end_batch;
    int64_t row_count;
    uint64_t *entries;
    uint32_t *range_starts; // [range_count + 1]
};

/* What a group knows of itself; what it works on is the operator's. */
struct sb_sort_group {
    int32_t index;
};

struct sb_sort {
    struct sb_op base;
    const struct sb_order_spec *order;
    pthread_mutex_t lock; // of `list` until the end
    struct sb_sort_list list;
    struct sb_sort_group *groups; // [group_count]
    // Made by the plan pass.
    struct sb_sort_layout layout;
    struct sb_sort_field *fields;
    int32_t range_count;
    int32_t search_count;         // a power of two, at least range_count
    uint64_t *borders;            // [search_count] entries: range r begins at border r - 1
    struct sb_sort_share *shares; // [group_count]
    _Atomic int32_t ends_left;
};

/* Arranges the list, and chooses the bits of the key, ranges and shares. */
SB_MUST_CHECK enum sb_status sb_sort_plan(struct sb_sort *sort, struct sb_error *err);

/* Makes the entries of a share's batches and puts them by range. */
SB_MUST_CHECK enum sb_status sb_sort_partition(struct sb_sort *sort, struct sb_sort_share *share,
                                               struct sb_error *err);

#endif
