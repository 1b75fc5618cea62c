// SPDX-License-Identifier: Apache-2.0
/*
 * ledger.h - what became of every row, per operator and worker.
 *
 * Each worker writes its own page, readers add the pages up; so counting costs no shared line.
 */
#ifndef SABOT_EXEC_LEDGER_H
#define SABOT_EXEC_LEDGER_H

#include <sabot/job.h>

#include "exec/op.h"

/* Counters only their worker writes; anybody may read. */
struct sb_ledger_page {
    _Atomic int64_t entries[SB_LEDGER_COUNT];
    _Atomic int64_t rows_in;
    _Atomic int64_t rows_in_right;
    _Atomic int64_t rows_out;
    _Atomic int64_t batches_in;
    _Atomic int64_t busy_ns;
};

struct sb_ledger {
    struct sb_memory *memory;
    int32_t worker_count; // one page more than workers: the last is of outside threads
    int32_t op_count;
    size_t row_size; // bytes from one worker's pages to the next
    uint8_t *pages;
};

SB_MUST_CHECK enum sb_status sb_ledger_init(struct sb_ledger *ledger, struct sb_memory *memory,
                                            int32_t worker_count, int32_t op_count,
                                            struct sb_error *err);
void sb_ledger_deinit(struct sb_ledger *ledger);

static inline struct sb_ledger_page *sb_ledger_page(const struct sb_ledger *ledger,
                                                    int32_t worker_index, int32_t op_index)
{
    return (struct sb_ledger_page *)(ledger->pages + (size_t)worker_index * ledger->row_size) +
           op_index;
}

/* Only the worker that owns the page calls this. */
static inline void sb_ledger_add(_Atomic int64_t *counter, int64_t count)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + count,
                          memory_order_relaxed);
}

/* Adds up the pages of one operator; leaves the texts of `out` alone. */
void sb_ledger_read(const struct sb_ledger *ledger, int32_t op_index,
                    struct sb_operator_metrics *out);

#endif
