// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_internal.h - what the files of HASH_JOIN share: its plan, the build side, its forms.
 *
 * Build rows come to their key group as blocks. When all have come, the first group to be linked
 * decides for all which form they take:
 *
 *   VALUES  one integer key, unique, values close together, narrow payload without nulls: arrays of
 *           payload by key. A probe is a subtraction and a load.
 *   SLOTS   one key of one word, unique: rows in the slots of an index per group. A probe is a hash
 *           and one cache miss.
 *   ROWS    everything else: rows in tables, equal keys chained; found by hash, or by key where
 *           values lie close together.
 *
 * Uniqueness shows only while linking: a key that comes twice turns all groups to ROWS.
 */
#ifndef SABOT_EXEC_OPS_HASH_JOIN_INTERNAL_H
#define SABOT_EXEC_OPS_HASH_JOIN_INTERNAL_H

#include <pthread.h>

#include "exec/ops/join_key.h"
#include "exec/row_scatter.h"
#include "state/row_table.h"
#include "state/word_slots.h"

enum {
    SB_JOIN_PROBE_PORT = 0,
    SB_JOIN_BUILD_PORT = 1,
    SB_JOIN_VALUES_MAX = 2,
};

enum sb_join_form {
    SB_JOIN_ROWS,
    SB_JOIN_SLOTS,
    SB_JOIN_VALUES,
};

/* Where a right key's value is in a build row, and how it goes into the left key column. */
struct sb_join_kept {
    int32_t field;
    struct sb_key_cast cast;
};

/* What the last field of a build row says, where right rows without a match come out, too. */
enum sb_join_mark {
    SB_JOIN_UNMATCHED,
    SB_JOIN_MATCHED,
    SB_JOIN_NEVER, // its key matches nothing; such rows lie apart
};

/* What is known of the build rows together. */
struct sb_join_facts {
    int64_t row_count;
    bool has_null_payload;
    uint64_t low; // of a single integer key, in unsigned order; row_count 0: undefined
    uint64_t high;
};

/* Rows by key without hashing, where keys lie close together: slot `key - low`. */
struct sb_join_direct {
    uint64_t low; // the smallest key
    uint64_t slot_count;
    uint64_t **rows;                      // ROWS: the first row of each key; NULL = not used
    uint8_t *present;                     // VALUES: whether there is a row
    uint64_t *values[SB_JOIN_VALUES_MAX]; // VALUES: its payload
    bool is_full;                         // once ready: every slot has a row
};

/* SLOTS: where a group's slots are, side by side for all groups. */
struct sb_join_head {
    uint64_t *rows;
    int64_t pair_count;
};

struct sb_hash_join {
    struct sb_op op; // first
    struct sb_arena arena;
    enum sb_join_kind kind;
    bool keeps_left;   // left rows without a match come out
    bool keeps_right;  // so do right rows
    bool is_existence; // only left columns come out, and no row twice
    int32_t key_count;
    struct sb_join_keys keys[2]; // by port
    int32_t left_count;          // columns of the left input
    int32_t payload_count;       // right columns that come out
    int32_t stored_count;        // those, and keys that are not their own value
    int32_t *stored;             // columns of the right input: fields key_count..
    int32_t mark_field;          // enum sb_join_mark; -1 = rows have none
    struct sb_join_kept *kept;   // keeps_right: [key_count]
    struct sb_key_cast *casts;   // keeps_right: [left_count], of left columns that come out wider
    struct sb_row_layout layout; // ROWS: hash, link, keys, nulls, stored columns, mark
    bool is_word;                // one key of one word: blocks have the two below instead
    struct sb_row_layout plain;  // key, stored columns, mark
    struct sb_row_layout full;   // key, nulls, stored columns, mark
    struct sb_schema *state_schema;

    pthread_mutex_t lock; // of the four that follow, until ready
    struct sb_join_facts facts;
    bool is_decided;
    enum sb_join_form form; // no more than a wish until ready
    struct sb_join_direct direct;
    _Atomic bool has_duplicates; // so that SLOTS and VALUES will not do

    pthread_mutex_t ready_lock; // of becoming ready
    bool has_locks;
    _Atomic bool is_ready;                  // every group is linked, in `form`; what follows is set
    bool has_chains;                        // some key has several rows
    bool has_nulls;                         // payload may be null, of rows or of missing ones
    const struct sb_row_layout *row_layout; // of the rows that probes find
    uint64_t *missing_row;       // of nulls: what a left row without a match is joined to
    struct sb_join_head *heads;  // SLOTS: [group_count]
    struct sb_word_slots nobody; // SLOTS: the head of groups without rows
};

struct sb_join_group {
    struct sb_row_table table; // ROWS
    struct sb_block *blocks;   // rows that wait to be linked, and those of VALUES
    struct sb_block *apart;    // rows that match nothing and come out in the end
    int64_t apart_row_count;
    int64_t block_row_count;
    struct sb_word_slots slots; // SLOTS
    struct sb_row_heap heap;    // their long texts
    bool is_linked;
    bool is_rows; // linked as ROWS
    bool has_chains;
};

static inline struct sb_hash_join *sb_hash_join_from(struct sb_op *op)
{
    return (struct sb_hash_join *)op;
}

/* Blocks have the number of their rows' layout as format. */
enum {
    SB_JOIN_FORMAT_ROWS,
    SB_JOIN_FORMAT_PLAIN,
    SB_JOIN_FORMAT_FULL,
    SB_JOIN_FORMAT_APART, // as ROWS, of rows that match nothing
    SB_JOIN_FORMAT_COUNT,
};

static inline const struct sb_row_layout *sb_join_layout(const struct sb_hash_join *join,
                                                         int32_t format)
{
    return format == SB_JOIN_FORMAT_PLAIN  ? &join->plain
           : format == SB_JOIN_FORMAT_FULL ? &join->full
                                           : &join->layout;
}

/* When all rows have come: whether any payload is null, or rows without a match need nulls. */
static inline bool sb_join_may_be_null(const struct sb_hash_join *join)
{
    return join->keeps_left || join->facts.has_null_payload;
}

/* Rows in slots have nulls only when there may be some. */
static inline const struct sb_row_layout *sb_join_slots_layout(const struct sb_hash_join *join)
{
    return sb_join_may_be_null(join) ? &join->full : &join->plain;
}

/* hash_join_plan.c */
SB_MUST_CHECK enum sb_status sb_hash_join_plan(struct sb_hash_join *join,
                                               const struct sb_op_options *options,
                                               struct sb_error *err);
void sb_hash_join_plan_deinit(struct sb_hash_join *join);

/* hash_join_build.c: the local half of the build side */
SB_MUST_CHECK enum sb_status sb_join_build_create(struct sb_op *op, struct sb_op_ctx *ctx,
                                                  void **local);
void sb_join_build_destroy(struct sb_op *op, void *local);
SB_MUST_CHECK enum sb_status sb_join_build_batch(struct sb_hash_join *join, void *local,
                                                 const struct sb_batch *batch,
                                                 struct sb_op_ctx *ctx);
SB_MUST_CHECK enum sb_status sb_join_build_flush(struct sb_hash_join *join, void *local,
                                                 struct sb_op_ctx *ctx);

/* Adds rows in the chunk's vectors to what is known, and facts to facts. */
void sb_join_facts_note(const struct sb_hash_join *join, struct sb_join_facts *facts,
                        const struct sb_row_chunk *chunk, int64_t count);
void sb_join_facts_add(struct sb_hash_join *join, const struct sb_join_facts *facts);

/* hash_join_group.c: a key group's rows */
SB_MUST_CHECK enum sb_status sb_join_group_create(struct sb_op *op, int32_t group_index,
                                                  struct sb_op_ctx *ctx, void **out);
void sb_join_group_destroy(struct sb_op *op, void *group);
SB_MUST_CHECK enum sb_status sb_join_on_block(struct sb_op *op, void *group, struct sb_block *block,
                                              struct sb_op_ctx *ctx);

/* Adds a block to the group's rows. */
void sb_join_block_keep(struct sb_join_group *group, struct sb_block *block);
void sb_join_blocks_free(struct sb_hash_join *join, struct sb_join_group *group);

/* A walk over the rows of blocks. */
struct sb_join_block_walk {
    struct sb_block *block;
    int64_t row;
};

/* Up to `max` rows of one block; 0 at the end. */
int64_t sb_join_blocks_next(struct sb_join_block_walk *walk, int64_t max, uint64_t **rows,
                            int32_t *format, const uint8_t **base);

/* Moves the long texts of rows to a heap; until then their addresses count from `base`. */
SB_MUST_CHECK enum sb_status sb_join_texts_keep(const struct sb_row_layout *layout,
                                                uint64_t *const *rows, int64_t count,
                                                const uint8_t *base, struct sb_row_heap *heap,
                                                struct sb_error *err);

/* Moves all rows, wherever they are, into the table. */
SB_MUST_CHECK enum sb_status sb_join_rows_gather(struct sb_hash_join *join,
                                                 struct sb_join_group *group, struct sb_error *err);

/* Rows of a group, wherever they are. A zeroed walk begins with the first. */
struct sb_join_walk {
    struct sb_block *block;
    bool is_begun;
    int64_t row;                 // of the block
    int64_t position;            // in the slots
    struct sb_row_cursor cursor; // in the table
};

/*
 * Up to SB_ROW_CHUNK further rows that may match, all of one layout; 0 at the end. Offsets of long
 * texts count from `*base`.
 */
int64_t sb_join_walk_next(const struct sb_hash_join *join, const struct sb_join_group *group,
                          struct sb_join_walk *walk, uint64_t **rows,
                          const struct sb_row_layout **layout, const uint8_t **base);

/* The same for the rows that lie apart. */
int64_t sb_join_walk_apart(const struct sb_hash_join *join, const struct sb_join_group *group,
                           struct sb_join_walk *walk, uint64_t **rows,
                           const struct sb_row_layout **layout, const uint8_t **base);

/* hash_join_link.c: the index */

/* Makes the group's index. Groups may be linked at once on several threads. */
SB_MUST_CHECK enum sb_status sb_join_link(struct sb_hash_join *join, struct sb_join_group *group,
                                          struct sb_error *err);

/*
 * Makes sure that every group is linked, in one form, before the first probe. on_end linked them,
 * except those that were restored from a snapshot taken after the end of the build side.
 */
SB_MUST_CHECK enum sb_status sb_join_get_ready(struct sb_hash_join *join, struct sb_error *err);

/* hash_join_snapshot.c */
SB_MUST_CHECK enum sb_status sb_join_snapshot(struct sb_op *op, void *group, struct sb_op_ctx *ctx);
SB_MUST_CHECK enum sb_status sb_join_restore(struct sb_op *op, void *group, struct sb_batch *batch,
                                             struct sb_op_ctx *ctx);

/* hash_join_direct.c: rows and payload by key */

/* Whether keys lie close enough together. */
bool sb_join_is_close(const struct sb_hash_join *join);

/* Whether there may be values: few, of one word, none of them null. */
bool sb_join_has_values(const struct sb_hash_join *join);

/* Takes the range of the keys, which lie close together. Under the lock. */
void sb_join_direct_init(struct sb_hash_join *join);

/* Makes the arrays for values or for rows. Under the lock. */
SB_MUST_CHECK enum sb_status sb_join_values_alloc(struct sb_hash_join *join, struct sb_error *err);
SB_MUST_CHECK enum sb_status sb_join_rows_alloc(struct sb_hash_join *join, struct sb_error *err);
void sb_join_values_free(struct sb_hash_join *join);
void sb_join_direct_deinit(struct sb_hash_join *join);

/* Stores rows of `plain`; false when a key is there already. */
bool sb_join_values_store(struct sb_hash_join *join, uint64_t *const *rows, int64_t count);

/* Chains the rows of the group's table by key. */
void sb_join_rows_link(struct sb_hash_join *join, struct sb_join_group *group);

/* hash_join_rest.c: right rows without a match */
SB_MUST_CHECK enum sb_status sb_join_emit_rest(struct sb_op *op, void *group,
                                               struct sb_op_ctx *ctx);

/* hash_join_probe.c */
SB_MUST_CHECK enum sb_status sb_hash_join_probe_create(struct sb_op *op, struct sb_op_ctx *ctx,
                                                       void **local);
void sb_hash_join_probe_destroy(struct sb_op *op, void *local);
SB_MUST_CHECK enum sb_status sb_hash_join_probe(struct sb_op *op, void *local,
                                                struct sb_batch *batch, struct sb_op_ctx *ctx);

#endif
