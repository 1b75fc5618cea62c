// SPDX-License-Identifier: Apache-2.0
/*
 * split.h - the contract of one split of a source: where morsels come from.
 *
 * A split yields its rows in order, to one worker at a time. Its position is a row count, so that a
 * snapshot can name it and a restored split can skip to it. Implementations live in connect/.
 */
#ifndef SABOT_EXEC_SPLIT_H
#define SABOT_EXEC_SPLIT_H

#include <stdbool.h>

#include "columnar/batch.h"

struct sb_split;

enum sb_split_state {
    SB_SPLIT_BATCH, // `out` has rows
    SB_SPLIT_WAIT,  // nothing now; the split calls `wake` when there is
    SB_SPLIT_END,   // nothing more, ever
};

struct sb_split_vtable {
    const char *name;
    /*
     * At most `row_count_max` rows (> 0) of the split's schema into `out`. May take long (decoding
     * a file), holds no lock of the engine. After SB_SPLIT_WAIT exactly one wake follows once there
     * is something to fetch, or the end.
     */
    enum sb_status (*next)(struct sb_split *split, int64_t row_count_max, struct sb_batch *out,
                           enum sb_split_state *state, struct sb_error *err);
    // Called before the first next: the first `row_count` rows are not wanted.
    enum sb_status (*skip)(struct sb_split *split, int64_t row_count, struct sb_error *err);
    // No more rows are wanted; wakes producers that block in a push. Default: nothing.
    void (*stop)(struct sb_split *split);
    void (*destroy)(struct sb_split *split);
};

/* The part every split begins with. */
struct sb_split {
    const struct sb_split_vtable *vtable;
    struct sb_memory *memory;
    struct sb_schema *schema;             // node->delivered; retained by the implementation
    void (*wake)(struct sb_split *split); // set by the engine
    struct sb_split_run *run;             // the engine's
    // Rows that could not be read and were passed over since the engine last looked.
    int64_t failed_count;
};

#endif
