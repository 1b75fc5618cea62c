// SPDX-License-Identifier: Apache-2.0
#include "exec/ledger.h"

enum sb_status sb_ledger_init(struct sb_ledger *ledger, struct sb_memory *memory,
                              int32_t worker_count, int32_t op_count, struct sb_error *err)
{
    size_t row_size = (sizeof(struct sb_ledger_page) * (size_t)op_count + 127) / 128 * 128;

    ledger->memory = memory;
    ledger->worker_count = worker_count;
    ledger->op_count = op_count;
    ledger->row_size = row_size;
    ledger->pages = sb_memory_alloc_zeroed(memory, row_size * (size_t)(worker_count + 1));
    if (ledger->pages == NULL) {
        return sb_error_no_memory(err, "the ledger", (int64_t)row_size * (worker_count + 1));
    }
    return SB_OK;
}

void sb_ledger_deinit(struct sb_ledger *ledger)
{
    if (ledger->pages != NULL) {
        sb_memory_free(ledger->memory, ledger->pages,
                       ledger->row_size * (size_t)(ledger->worker_count + 1));
    }
    ledger->pages = NULL;
}

void sb_ledger_read(const struct sb_ledger *ledger, int32_t op_index,
                    struct sb_operator_metrics *out)
{
    int64_t entries[SB_LEDGER_COUNT] = {0};

    out->rows_in = out->rows_in_right = out->rows_out = out->batches_in = out->busy_ns = 0;
    for (int32_t w = 0; w <= ledger->worker_count; w++) {
        struct sb_ledger_page *page = sb_ledger_page(ledger, w, op_index);
        for (int e = 0; e < SB_LEDGER_COUNT; e++) {
            entries[e] += atomic_load_explicit(&page->entries[e], memory_order_relaxed);
        }
        out->rows_in += atomic_load_explicit(&page->rows_in, memory_order_relaxed);
        out->rows_in_right += atomic_load_explicit(&page->rows_in_right, memory_order_relaxed);
        out->rows_out += atomic_load_explicit(&page->rows_out, memory_order_relaxed);
        out->batches_in += atomic_load_explicit(&page->batches_in, memory_order_relaxed);
        out->busy_ns += atomic_load_explicit(&page->busy_ns, memory_order_relaxed);
    }
    out->rows_out += entries[SB_LEDGER_OUT];
    out->rows_held = entries[SB_LEDGER_HELD];
    out->rows_merged = entries[SB_LEDGER_MERGED];
    out->rows_added = entries[SB_LEDGER_ADDED];
    out->rows_filtered = entries[SB_LEDGER_FILTERED];
    out->rows_late = entries[SB_LEDGER_LATE];
    out->rows_failed = entries[SB_LEDGER_FAILED];
}
