// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_internal.h - what the files of HASH_JOIN share: its plan and the state of a key group.
 */
#ifndef SABOT_EXEC_OPS_HASH_JOIN_INTERNAL_H
#define SABOT_EXEC_OPS_HASH_JOIN_INTERNAL_H

#include <pthread.h>

#include "exec/row_scatter.h"
#include "state/row_table.h"

enum {
    SB_JOIN_PROBE_PORT = 0,
    SB_JOIN_BUILD_PORT = 1,
    SB_JOIN_VALUES_MAX = 2,
};

/* How a side's key column becomes a word that equals the other side's. */
struct sb_join_key {
    int32_t column;
    uint64_t factor_low;  // values are multiplied by this: coarser units, smaller scales
    uint64_t factor_high; // of decimals
};

/*
 * Rows by key without hashing: slot `key - low` holds the first row of the key. Chosen when the
 * build side has one integer key whose values lie close together, as keys of dimension tables do.
 */
struct sb_join_direct {
    bool is_decided;
    uint64_t low;        // the smallest key
    uint64_t slot_count; // 0: not chosen
    uint64_t **slots;
    /*
     * Few narrow payload columns lie by slot as well: where keys are unique and no value is null,
     * a probe reads them here and never touches a row.
     */
    bool has_values;
    bool is_by_value;                     // once ready: they are what is probed
    bool is_full;                         // once ready: every slot has a row
    uint8_t *present;                     // [slot_count]
    uint64_t *values[SB_JOIN_VALUES_MAX]; // [slot_count]
};

struct sb_hash_join {
    struct sb_op op; // first
    struct sb_arena arena;
    bool is_left;
    int32_t key_count;
    struct sb_join_key *keys[2]; // [port][key_count]
    int32_t left_count;          // columns of the left input
    int32_t payload_count;
    const int32_t *payload;      // columns of the right input
    struct sb_row_layout layout; // keys, payload
    uint64_t *missing_row;       // of nulls: what a left row without a match is joined to
    struct sb_schema *state_schema;

    _Atomic bool is_ready;      // every group has its index
    pthread_mutex_t ready_lock; // of becoming ready
    pthread_mutex_t lock;       // of the decision below
    struct sb_join_direct direct;
    bool has_lock;
    bool has_chains; // some key has several rows; once ready
};

struct sb_join_group {
    struct sb_row_table table;
    uint64_t low; // of its keys, in the order of direct addressing; low > high: none yet
    uint64_t high;
    bool is_linked;
    bool has_chains;
    bool has_null_values;
};

static inline struct sb_hash_join *sb_hash_join_from(struct sb_op *op)
{
    return (struct sb_hash_join *)op;
}

/* hash_join_plan.c */
SB_MUST_CHECK enum sb_status sb_hash_join_plan(struct sb_hash_join *join,
                                               const struct sb_op_options *options,
                                               struct sb_error *err);
void sb_hash_join_plan_deinit(struct sb_hash_join *join);

/*
 * The keys of rows [first, first + count) of a side's batch, comparable with the other side's. A
 * value that the other side's type cannot hold becomes null: it matches nothing either.
 */
SB_MUST_CHECK enum sb_status sb_hash_join_load_keys(const struct sb_hash_join *join, int32_t port,
                                                    const struct sb_batch *batch, int64_t first,
                                                    int64_t count, struct sb_row_chunk *chunk,
                                                    struct sb_error *err);

/* Whether any of the keys in the chunk's vectors is null, one byte a row; NULL when none is. */
const uint8_t *sb_hash_join_null_keys(const struct sb_hash_join *join,
                                      const struct sb_row_chunk *chunk, int64_t count,
                                      uint8_t *nulls);

/* hash_join_direct.c */

/* Takes note of the first key word of `count` rows that lie `stride` words apart. */
void sb_join_direct_observe(const struct sb_hash_join *join, struct sb_join_group *group,
                            const uint64_t *keys, int64_t stride, int64_t count);

/*
 * Makes the group's index, once all groups have all their rows: over direct slots where those are
 * chosen, else over hashes. Groups may link at once on several threads.
 */
SB_MUST_CHECK enum sb_status sb_hash_join_link(struct sb_hash_join *join,
                                               struct sb_join_group *group, struct sb_error *err);
/* After the last group was linked. */
void sb_join_direct_settle(struct sb_hash_join *join);
void sb_join_direct_deinit(struct sb_hash_join *join);

/* hash_join_probe.c */
SB_MUST_CHECK enum sb_status sb_hash_join_probe_create(struct sb_op *op, struct sb_op_ctx *ctx,
                                                       void **local);
void sb_hash_join_probe_destroy(struct sb_op *op, void *local);
SB_MUST_CHECK enum sb_status sb_hash_join_probe(struct sb_op *op, void *local,
                                                struct sb_batch *batch, struct sb_op_ctx *ctx);

#endif
