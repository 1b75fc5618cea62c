// SPDX-License-Identifier: Apache-2.0
/*
 * snapshot.h - what a barrier leaves behind: the state of every operator as ordinary columns.
 *
 * One part per stateful operator, named by its id. Its first column is `key_group`; the others are
 * the operator's own (state_schema). Any Arrow reader can open it. The description says where every
 * split stands and what the ledger counted.
 */
#ifndef SABOT_EXEC_SNAPSHOT_H
#define SABOT_EXEC_SNAPSHOT_H

#include <sabot/job.h>

#include "columnar/batch.h"

struct sb_state_part {
    char *name;
    struct sb_schema *schema; // with key_group
    int64_t batch_count;
    struct sb_batch *batches;
};

struct sb_snapshot {
    struct sb_memory *memory; // retained: the job's, or the global one
    char *description;
    int32_t part_count;
    struct sb_state_part *parts;
};

SB_MUST_CHECK enum sb_status sb_snapshot_alloc(struct sb_memory *memory, struct sb_snapshot **out,
                                               struct sb_error *err);
SB_MUST_CHECK enum sb_status sb_snapshot_describe(struct sb_snapshot *snapshot, const char *text,
                                                  struct sb_error *err);

/* A new, empty part; the pointer is good until the next part is added. Retains `schema`. */
SB_MUST_CHECK enum sb_status sb_snapshot_begin_part(struct sb_snapshot *snapshot, const char *name,
                                                    struct sb_schema *schema,
                                                    struct sb_state_part **out,
                                                    struct sb_error *err);
/* Takes `batch`, of the part's schema. */
SB_MUST_CHECK enum sb_status sb_state_part_add(struct sb_state_part *part, struct sb_memory *memory,
                                               struct sb_batch *batch, struct sb_error *err);
const struct sb_state_part *sb_snapshot_find(const struct sb_snapshot *snapshot, const char *name);

/* `state_schema` with the key_group column in front. */
SB_MUST_CHECK enum sb_status sb_state_part_schema(struct sb_memory *memory,
                                                  const struct sb_schema *state_schema,
                                                  struct sb_schema **out, struct sb_error *err);

#endif
