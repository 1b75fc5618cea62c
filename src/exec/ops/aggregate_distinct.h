// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_distinct.h - distinct values of one word, under keys of at most one word.
 *
 * The form that nearly all distinct counts have. A value travels as itself, behind its key if there
 * is one: no hash, no null bits. The group keeps such rows in a set and counts, for each key, those
 * that were new. A value whose key is null takes the general way (aggregate_collect.c), a value
 * that is null none; so a value never stands in both places.
 *
 * Such a row says that its key is there. Where all steps are of this form, rows without a null
 * leave nothing else behind, and the row of a key is made at the end.
 */
#ifndef SABOT_EXEC_OPS_AGGREGATE_DISTINCT_H
#define SABOT_EXEC_OPS_AGGREGATE_DISTINCT_H

#include "exec/row_scatter.h"
#include "state/pair_set.h"
#include "state/word_set.h"

struct sb_aggregate;
struct sb_aggregate_group;
struct sb_row_saver;

/* One collector's words on their way through a worker. */
struct sb_distinct_local {
    struct sb_word_set recent; // what was sent lately; stays in L2
    int64_t tried_count;       // rows since it was empty
    int64_t bypass_count;      // rows still to be sent without a look
    int32_t vain_count;        // times it was not worth it in a row
    struct sb_row_scatter words;
};

/* One collector's words in a key group. */
struct sb_distinct_group {
    struct sb_word_set values; // without keys
    struct sb_pair_set pairs;
};

/* A chunk of words: the key, the value; without keys only the value. */
struct sb_distinct_words {
    const uint64_t *columns[SB_WORD_SET_WIDTH_MAX];
    uint64_t scratch[SB_WORD_SET_WIDTH_MAX][SB_ROW_CHUNK];
};

void sb_distinct_local_init(struct sb_distinct_local *local, struct sb_aggregate *aggregate,
                            int32_t c);
void sb_distinct_local_deinit(struct sb_distinct_local *local);

void sb_distinct_group_init(struct sb_distinct_group *group, const struct sb_aggregate *aggregate,
                            int32_t c);
void sb_distinct_group_deinit(struct sb_distinct_group *group);

/* What one pass over its memory costs, in rows. */
static inline int64_t sb_distinct_group_weight(const struct sb_distinct_group *group)
{
    return group->values.row_count + sb_pair_set_weight(&group->pairs);
}

/*
 * Takes the values with a key out of the chunk: vectors of keys and values, of which none is null.
 * Returns how many; `*count` are left.
 */
int64_t sb_distinct_split(const struct sb_aggregate *aggregate, struct sb_row_chunk *chunk,
                          int64_t *count, struct sb_distinct_words *words);

/* Sends words to their groups, but for those that were sent lately. */
SB_MUST_CHECK enum sb_status sb_distinct_send(struct sb_distinct_local *local,
                                              const struct sb_distinct_words *words, int64_t count,
                                              struct sb_op_ctx *ctx);

/* Puts `count` rows of words, word w of row i at columns[w][i * stride], into the group's set. */
SB_MUST_CHECK enum sb_status sb_distinct_apply(const struct sb_aggregate *aggregate,
                                               struct sb_distinct_group *group,
                                               const uint64_t *const *columns, int64_t stride,
                                               int64_t count, struct sb_error *err);

/* Adds all counts to the rows of their keys, which are made where there are none. Once. */
SB_MUST_CHECK enum sb_status sb_distinct_unite(const struct sb_aggregate *aggregate,
                                               struct sb_aggregate_group *group,
                                               struct sb_op_ctx *ctx);

/* Adds the words of collector `c` to a snapshot. */
SB_MUST_CHECK enum sb_status sb_distinct_save(const struct sb_aggregate *aggregate,
                                              const struct sb_aggregate_group *group, int32_t c,
                                              struct sb_row_saver *saver,
                                              struct sb_row_chunk *chunk, struct sb_op_ctx *ctx);

#endif
