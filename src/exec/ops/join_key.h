// SPDX-License-Identifier: Apache-2.0
/*
 * join_key.h - the keys of a join's two sides as words that are equal where the values are.
 *
 * Both sides' key columns become vectors of one kind: coarser units and smaller scales are
 * multiplied. A value that the common type cannot hold equals none of the other side's: its row
 * matches nothing, and neither does one with a null key unless nulls are equal.
 */
#ifndef SABOT_EXEC_OPS_JOIN_KEY_H
#define SABOT_EXEC_OPS_JOIN_KEY_H

#include "base/arena.h"
#include "exec/ops/key_cast.h"
#include "plan/graph.h"
#include "state/column_writer.h"
#include "state/row_chunk.h"

struct sb_join_key {
    int32_t column;
    enum sb_row_kind kind;
    bool is_mixed;      // signed, met as unsigned: negative ones match nothing
    bool has_spellings; // of a value, of which the word is one: floats, also within lists
    struct sb_key_cast cast;
};

struct sb_join_keys {
    int32_t count;
    bool nulls_equal;
    struct sb_join_key *keys;
};

/* Whether a key's word is its value as it came: not cast, not one of several spellings. */
static inline bool sb_join_key_is_value(const struct sb_join_key *key)
{
    return sb_key_cast_is_none(&key->cast) && !key->is_mixed && !key->has_spellings;
}

/* The keys of one side, `columns` of `input`, to be met as `types`. */
SB_MUST_CHECK enum sb_status sb_join_keys_plan(struct sb_join_keys *keys, struct sb_arena *arena,
                                               const struct sb_join_spec *spec,
                                               const struct sb_schema *input,
                                               const int32_t *columns, struct sb_error *err);

/*
 * The keys of rows [first, first + count) of a batch into the chunk's first vectors. `*nevers` says
 * of each row whether it matches nothing, in `bytes` (SB_ROW_CHUNK of them); NULL when each may.
 */
SB_MUST_CHECK enum sb_status sb_join_keys_load(const struct sb_join_keys *keys,
                                               const struct sb_batch *batch, int64_t first,
                                               int64_t count, struct sb_row_chunk *chunk,
                                               uint8_t *bytes, const uint8_t **nevers,
                                               struct sb_error *err);

#endif
