// SPDX-License-Identifier: Apache-2.0
/*
 * row_recent.h - keys that were seen lately, so that a local half need not send them again.
 *
 * A table that stays in L2 and forgets everything when it is full. Where hardly any key comes twice
 * it is not looked at for a while. It may forget, so it only saves work: whoever gets the rows must
 * still tell which keys are new.
 */
#ifndef SABOT_EXEC_ROW_RECENT_H
#define SABOT_EXEC_ROW_RECENT_H

#include "state/row_chunk.h"
#include "state/row_table.h"

struct sb_row_recent {
    struct sb_row_table table;
    int64_t rows_max;
    int64_t tried_count;  // keys since it was empty
    int64_t bypass_count; // keys still to be passed on without a look
};

/* `layout` and `initial` as sb_row_table_init takes them. */
void sb_row_recent_init(struct sb_row_recent *recent, struct sb_memory *memory,
                        const struct sb_row_layout *layout, const uint64_t *initial);
void sb_row_recent_deinit(struct sb_row_recent *recent);

/*
 * Leaves in the chunk (its first `vector_count` vectors and its hashes) the rows whose keys were
 * not seen lately, and their number in `*count`. `hashes` are those of the layout's keys. Uses
 * chunk->rows.
 */
SB_MUST_CHECK enum sb_status sb_row_recent_pick(struct sb_row_recent *recent,
                                                const uint64_t *hashes, int32_t vector_count,
                                                struct sb_row_chunk *chunk, int64_t *count,
                                                struct sb_error *err);

#endif
