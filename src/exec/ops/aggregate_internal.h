// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_internal.h - what the files of AGGREGATE share: its plan, its steps, its halves.
 *
 * Calls are made of steps: mean is a sum and a count, and equal steps are kept once. A step owns
 * some fields of a state row. Steps start out null (counts and moments: 0) and take values (update)
 * or what the same step has come to elsewhere (merge: a pre-aggregated row, a snapshot).
 *
 * Some steps need the values themselves: exact quantiles, distinct counts. Such a collecting step
 * has no part in pre-aggregation; its values travel beside the rows, in blocks of their own, and
 * the group keeps them beside its rows (aggregate_collect.c).
 *
 * State rows have two forms. The full form holds any keys, values and nulls (row_table). The plain
 * form is for what nearly every row is: a short key and values of one word, none of them null.
 * There a row is the key and a word per step (word_slots, word_table). A key of one word is word 0
 * itself; else that is the key's hash, and the key's own words follow (aggregate_key.c). Whatever
 * does not fit, be it one null or one sum beyond 64 bits, goes to the full form beside it, and the
 * two are merged at the end.
 */
#ifndef SABOT_EXEC_OPS_AGGREGATE_INTERNAL_H
#define SABOT_EXEC_OPS_AGGREGATE_INTERNAL_H

#include "base/int256.h"
#include "exec/ops/aggregate_distinct.h"
#include "exec/ops/aggregate_words.h"
#include "exec/row_recent.h"
#include "exec/row_scatter.h"
#include "state/column_writer.h"
#include "state/row_chunk.h"
#include "state/row_table.h"
#include "state/word_table.h"

enum {
    SB_PLAIN_STEPS_MAX = 32,    // nodes with more have no plain form
    SB_PLAIN_KEY_WORDS_MAX = 8, // behind the hash
    SB_PLAIN_TEXT_WORDS = 3,    // of a text in a key: its bytes, and its size in the last one
    SB_PLAIN_TEXT_MAX = 8 * SB_PLAIN_TEXT_WORDS - 1,
    SB_PLAIN_WORDS_MAX = 1 + SB_PLAIN_KEY_WORDS_MAX + 3 * SB_PLAIN_STEPS_MAX,
};

/* What the mark word of a new row reads; keys that have it there are not plain. */
#define SB_PLAIN_FRESH SB_WORD_EMPTY

enum sb_step_kind {
    SB_STEP_COUNT_ROWS,
    SB_STEP_COUNT, // of values that are not null
    SB_STEP_SUM,   // integers and decimals in 128 bits, so that only the total can overflow
    SB_STEP_MIN,
    SB_STEP_MAX,
    SB_STEP_MOMENTS, // count, mean, squared distances from it
    SB_STEP_FIRST,   // order, value
    SB_STEP_LAST,
    SB_STEP_FIRST_ROW, // the same, null values too
    SB_STEP_DISTINCT_SKETCH,
    SB_STEP_QUANTILE_SKETCH,
    SB_STEP_DISTINCT, // collecting: the number of values
    SB_STEP_VALUES,   // collecting: their number, and where they are
    SB_STEP_LIST,     // collecting: the same, of values with their order (aggregate_list.c)
};

enum { SB_STEP_FIELDS_MAX = 3 };

static inline bool sb_step_is_count(enum sb_step_kind kind)
{
    return kind <= SB_STEP_COUNT;
}

static inline bool sb_step_is_ordered(enum sb_step_kind kind)
{
    return kind >= SB_STEP_FIRST && kind <= SB_STEP_FIRST_ROW;
}

static inline bool sb_step_is_collecting(enum sb_step_kind kind)
{
    return kind >= SB_STEP_DISTINCT;
}

struct sb_aggregate_step {
    enum sb_step_kind kind;
    int32_t arg;               // index into args; -1 = none
    enum sb_row_kind arg_kind; // of the argument
    double unit;               // of the argument as a number: a decimal's last digit
    int32_t field;             // its first, behind the keys
    int32_t field_count;
    int32_t plain;     // its plain step
    int32_t collector; // of a collecting step
};

/* A column of the state in snapshots. */
struct sb_aggregate_column {
    const char *name;
    struct sb_type type;
    bool begins_null;
    int32_t step; // -1 = none
    int32_t part; // of the step's fields
};

/* What a collecting step needs beside the rows. */
struct sb_aggregate_collector {
    int32_t step;
    int32_t arg;
    struct sb_type type;          // of its values
    struct sb_row_layout layout;  // keys, value: as it travels
    struct sb_row_layout entries; // DISTINCT: the same, and all of it is the key
    uint64_t *initial_entry;
    bool is_words;              // DISTINCT: see aggregate_distinct.h
    struct sb_row_layout words; // is_words: key, value; nothing else
};

struct sb_aggregate_call_plan {
    int32_t step;
    int32_t count_step; // mean: what the sum is divided by; else -1
    const struct sb_aggregate_call *call;
    const char *column_name; // for messages; NULL = '*'
};

struct sb_aggregate_arg {
    int32_t column; // in the input; -1: the row's order
    enum sb_row_reading reading;
    bool is_exact; // some step wants the values as they are
};

/* What happens to the words of a plain step. Without nulls both counts are one. */
struct sb_plain_step {
    enum sb_step_kind kind; // COUNT_ROWS, SUM, MIN, MAX or MOMENTS
    enum sb_row_kind arg_kind;
    int32_t word;     // its first of the state row, which has them in order
    int32_t raw_word; // of the argument in a raw row; -1 = none
};

struct sb_aggregate {
    struct sb_op op; // first
    struct sb_arena arena;
    const struct sb_schema *input;
    int32_t key_count;
    const int32_t *keys; // columns of the input
    int32_t arg_count;
    struct sb_aggregate_arg *args; // distinct
    int32_t order_arg;             // the one that is no column but the rows' order; -1 = none
    int32_t step_count;
    struct sb_aggregate_step *steps;
    int32_t column_count; // of steps: fields that a snapshot has
    struct sb_aggregate_column *columns;
    int32_t field_count; // of steps: columns, then what only the group has
    int32_t collector_count;
    struct sb_aggregate_collector *collectors;
    bool is_words; // so are all steps
    bool emits_updates;
    int32_t round_field; // emits_updates: the round a row was changed in last
    int32_t call_count;
    struct sb_aggregate_call_plan *calls;
    const int32_t *outputs;            // see struct sb_aggregate_spec
    struct sb_row_layout raw_layout;   // keys, args: rows on their way to their group
    struct sb_row_layout state_layout; // keys, fields of steps
    uint64_t *initial_row;             // of state_layout
    struct sb_schema *state_schema;

    bool is_plain;           // keys are short, steps of one word: what follows is there
    int32_t plain_key_words; // behind the hash; 0 = word 0 is the key itself
    int32_t plain_mark_word; // see SB_PLAIN_FRESH: the last word of the first key
    int32_t *plain_key_word; // [key_count]: the first of each key
    int32_t plain_step_count;
    struct sb_plain_step *plain_steps; // in the order of sb_fused_rank
    int32_t fused_pattern;             // 0 = none
    int32_t plain_arg_count;
    int32_t *plain_args;              // indices into args: those that steps read
    struct sb_row_layout plain_raw;   // key or hash and key words, plain args
    struct sb_row_layout plain_state; // the same, plain steps
    uint64_t *plain_initial_row;      // of plain_state
};

/* The form of the rows in a block. */
enum sb_aggregate_format {
    SB_AGGREGATE_RAW,   // raw_layout: update
    SB_AGGREGATE_STATE, // state_layout: merge
    SB_AGGREGATE_PLAIN_RAW,
    SB_AGGREGATE_PLAIN_STATE,
    SB_AGGREGATE_COLLECTED, // and up: values of that collector; then the words of each
};

struct sb_aggregate_group {
    int32_t index;
    struct sb_row_table full;
    struct sb_word_table plain;
    struct sb_block *pending; // blocks to be applied, oldest first
    struct sb_block **pending_last;
    int64_t pending_row_count;
    int64_t spilled_count;        // rows of `full` that no input row stands for in the ledger
    struct sb_row_table *entries; // [collector_count]: what DISTINCT steps have seen
    struct sb_distinct_group *distincts; // [collector_count]: words that they have seen
    struct sb_row_heap values;           // of VALUES steps
    int64_t round;                       // updates: the one that has begun
    struct sb_row_store changed;         // updates: addresses of the rows changed in it
};

/* DISTINCT may be an aggregate, too. */
static inline const struct sb_aggregate_spec *sb_aggregate_spec(const struct sb_node *node)
{
    return node->type == SB_NODE_DISTINCT ? &node->spec.distinct.first_rows : &node->spec.aggregate;
}

static inline struct sb_aggregate *sb_aggregate_from(struct sb_op *op)
{
    return (struct sb_aggregate *)op;
}

/* The first field of a step. */
static inline const struct sb_row_field *sb_aggregate_field(const struct sb_aggregate *aggregate,
                                                            int32_t step)
{
    return &aggregate->state_layout.fields[aggregate->key_count + aggregate->steps[step].field];
}

/* The most vectors that one pass needs: of raw rows, state rows or rows of a snapshot. */
static inline int32_t sb_aggregate_vector_count(const struct sb_aggregate *aggregate)
{
    int32_t saved = aggregate->column_count + 1 + aggregate->collector_count;
    int32_t most = aggregate->arg_count > aggregate->field_count ? aggregate->arg_count
                                                                 : aggregate->field_count;

    return aggregate->key_count + (most > saved ? most : saved);
}

/* aggregate_plan.c (_step, _plain): what the node asks for, as steps and layouts. */
SB_MUST_CHECK enum sb_status sb_aggregate_plan(struct sb_aggregate *aggregate,
                                               const struct sb_op_options *options,
                                               struct sb_error *err);
void sb_aggregate_plan_deinit(struct sb_aggregate *aggregate);

/* aggregate_total.c. Whether the batch may be added to a row without keys as it is. */
bool sb_aggregate_is_total(const struct sb_aggregate *aggregate, const struct sb_batch *batch);
SB_MUST_CHECK enum sb_status sb_aggregate_total(const struct sb_aggregate *aggregate,
                                                const struct sb_batch *batch, uint64_t *row,
                                                struct sb_row_heap *heap, struct sb_error *err);

/* aggregate_step.c. `args` are the vectors of all arguments; text is copied to `heap`. */
SB_MUST_CHECK enum sb_status sb_aggregate_update(const struct sb_aggregate *aggregate, int32_t step,
                                                 uint64_t *const *rows,
                                                 const struct sb_row_vector *args, int64_t count,
                                                 struct sb_row_heap *heap, struct sb_error *err);

/* All values into one row. */
SB_MUST_CHECK enum sb_status sb_aggregate_reduce(const struct sb_aggregate *aggregate, int32_t step,
                                                 uint64_t *row, const struct sb_row_vector *args,
                                                 int64_t count, struct sb_row_heap *heap,
                                                 struct sb_error *err);

/* `others` are the vectors of the step's fields. */
SB_MUST_CHECK enum sb_status sb_aggregate_merge(const struct sb_aggregate *aggregate, int32_t step,
                                                uint64_t *const *rows,
                                                const struct sb_row_vector *others, int64_t count,
                                                struct sb_row_heap *heap, struct sb_error *err);

/* Puts a text into a field; long bytes replace those before where they fit. */
SB_MUST_CHECK enum sb_status sb_aggregate_text_put(uint64_t *field, const uint64_t *text,
                                                   struct sb_row_heap *heap, struct sb_error *err);

/* Room for `size` bytes, more than SB_TEXT_INLINE_MAX, in a field; what was there stays. */
SB_MUST_CHECK enum sb_status sb_aggregate_text_reserve(uint64_t *field, int64_t size,
                                                       struct sb_row_heap *heap, uint8_t **bytes,
                                                       struct sb_error *err);

/* aggregate_decimal.c: sums of decimal256, which state keeps as text of 32 ordered bytes. */

/* The value of two words; 0 where they are null. */
struct sb_int256 sb_decimal256_load(const uint64_t *text);
SB_MUST_CHECK enum sb_status sb_decimal256_sums_add(const struct sb_row_field *field,
                                                    uint64_t *const *rows,
                                                    const struct sb_row_vector *vector,
                                                    int64_t count, struct sb_row_heap *heap,
                                                    struct sb_error *err);
/* Whether all sums that are not null have at most 76 digits. */
bool sb_decimal256_sums_fit(const struct sb_row_vector *sums, int64_t count);

/* aggregate_moments.c */
double sb_aggregate_number(const struct sb_aggregate_step *step, const struct sb_row_vector *vector,
                           int64_t i);
void sb_aggregate_moments_update(const struct sb_aggregate_step *step,
                                 const struct sb_row_field *fields, uint64_t *const *rows,
                                 const struct sb_row_vector *arg, int64_t count);
void sb_aggregate_moments_reduce(const struct sb_aggregate_step *step,
                                 const struct sb_row_field *fields, uint64_t *row,
                                 const struct sb_row_vector *arg, int64_t count);
void sb_aggregate_moments_merge(const struct sb_row_field *fields, uint64_t *const *rows,
                                const struct sb_row_vector *others, int64_t count);
/* What VARIANCE and the like make of moments; false = null. */
bool sb_aggregate_moments_finish(enum sb_aggregate_function function,
                                 const struct sb_moments *moments, double *out);

/* aggregate_sketch.c */
SB_MUST_CHECK enum sb_status sb_aggregate_sketch_update(
    const struct sb_aggregate_step *step, const struct sb_row_field *field, uint64_t *const *rows,
    const struct sb_row_vector *arg, int64_t count, struct sb_row_heap *heap, struct sb_error *err);
SB_MUST_CHECK enum sb_status sb_aggregate_sketch_merge(const struct sb_aggregate_step *step,
                                                       const struct sb_row_field *field,
                                                       uint64_t *const *rows,
                                                       const struct sb_row_vector *other,
                                                       int64_t count, struct sb_row_heap *heap,
                                                       struct sb_error *err);
void sb_aggregate_sketch_finish(const struct sb_aggregate_step *step,
                                const struct sb_row_field *field,
                                const struct sb_aggregate_call *call, uint64_t *const *rows,
                                int64_t count, struct sb_row_scratch *scratch,
                                struct sb_row_vector *out);

/* aggregate_collect.c */

/* The rows of a block of collector `c`, or of a snapshot: keys, then values, with their hashes. */
SB_MUST_CHECK enum sb_status sb_aggregate_collect(const struct sb_aggregate *aggregate,
                                                  struct sb_aggregate_group *group, int32_t c,
                                                  struct sb_row_chunk *chunk, int64_t count,
                                                  struct sb_op_ctx *ctx);
/* Values of a VALUES step into a quantile. */
SB_MUST_CHECK enum sb_status sb_aggregate_quantiles(const struct sb_aggregate *aggregate,
                                                    const struct sb_aggregate_call_plan *call,
                                                    uint64_t *const *rows, int64_t count,
                                                    struct sb_row_scratch *scratch,
                                                    struct sb_row_vector *out,
                                                    struct sb_error *err);
/* All that was collected for a row of a VALUES or LIST step: `count` words. */
void sb_aggregate_values_gather(const struct sb_aggregate *aggregate, int32_t step,
                                const uint64_t *row, int64_t *words);

/* aggregate_list.c */

/* The values of a column with their order, as texts in `heap`. */
SB_MUST_CHECK enum sb_status sb_aggregate_list_load(
    const struct sb_column *column, const uint32_t *rows, const uint64_t order[2], int64_t first,
    int64_t count, struct sb_row_heap *heap, struct sb_row_scratch *scratch,
    struct sb_row_vector *out, struct sb_error *err);
/* Copies such a text into `heap`; the word names it. */
SB_MUST_CHECK enum sb_status sb_aggregate_list_keep(const uint64_t *text, struct sb_row_heap *heap,
                                                    int64_t *word, struct sb_error *err);
/* The text that a word names. */
struct sb_text sb_aggregate_list_text(int64_t word);
/* Appends the list of each row. */
SB_MUST_CHECK enum sb_status sb_aggregate_list_append(const struct sb_aggregate *aggregate,
                                                      const struct sb_aggregate_call_plan *call,
                                                      uint64_t *const *rows, int64_t count,
                                                      struct sb_builder *builder,
                                                      struct sb_error *err);

/* Adds values of collector `c` to a snapshot; their keys are in the chunk's vectors. */
struct sb_row_saver;
SB_MUST_CHECK enum sb_status sb_aggregate_value_save(const struct sb_aggregate *aggregate,
                                                     int32_t c, struct sb_row_saver *saver,
                                                     struct sb_row_chunk *chunk,
                                                     const struct sb_row_vector *values,
                                                     int64_t count, struct sb_op_ctx *ctx);

/* Forgets what was collected. */
void sb_aggregate_collected_drop(const struct sb_aggregate *aggregate,
                                 struct sb_aggregate_group *group);
/* Adds what was collected to a snapshot. */
SB_MUST_CHECK enum sb_status sb_aggregate_collected_save(struct sb_aggregate *aggregate,
                                                         struct sb_aggregate_group *group,
                                                         struct sb_row_saver *saver,
                                                         struct sb_row_chunk *chunk,
                                                         struct sb_op_ctx *ctx);

/* aggregate_finish.c. The results of a call for `count` rows of state. */
SB_MUST_CHECK enum sb_status sb_aggregate_finish(const struct sb_aggregate *aggregate,
                                                 const struct sb_aggregate_call_plan *call,
                                                 uint64_t *const *rows, int64_t count,
                                                 struct sb_row_scratch *scratch,
                                                 struct sb_row_vector *out, struct sb_error *err);

/* aggregate_table.c: chunks of vectors (keys, then args or steps) into a full table. */
SB_MUST_CHECK enum sb_status sb_aggregate_table_update(const struct sb_aggregate *aggregate,
                                                       struct sb_row_table *table,
                                                       struct sb_row_chunk *chunk, int64_t count,
                                                       struct sb_error *err);
SB_MUST_CHECK enum sb_status sb_aggregate_table_merge(const struct sb_aggregate *aggregate,
                                                      struct sb_row_table *table,
                                                      struct sb_row_chunk *chunk, int64_t count,
                                                      struct sb_error *err);

/* aggregate_plain.c */

/*
 * Folds values[i * stride] into the words of a step, or counts when `values` is NULL; values of
 * states are the step's words of another state row. Returns `count`, or the first row whose sum
 * would not fit 64 bits; nothing is done from that row on.
 */
int64_t sb_plain_fold(const struct sb_plain_step *step, bool is_state, uint64_t *const *rows,
                      const uint64_t *values, int64_t stride, int64_t count);

/* How many words a step has. */
static inline int32_t sb_plain_width(const struct sb_plain_step *step)
{
    return step->kind == SB_STEP_MOMENTS ? 3 : 1;
}

/* The words a new plain state row begins with; the result of folding nothing. */
uint64_t sb_plain_initial(const struct sb_plain_step *step);

/* `count` plain state rows, one after another, as vectors of key and steps in full form. */
void sb_plain_rows_load(const struct sb_aggregate *aggregate, const uint64_t *rows, int64_t count,
                        struct sb_row_chunk *chunk);

/* The reverse, into `rows`; false when the vectors have something that does not fit. */
bool sb_plain_rows_store(const struct sb_aggregate *aggregate, struct sb_row_chunk *chunk,
                         int64_t count, uint64_t *rows);

/* aggregate_key.c: keys in plain rows */

/* The words of a value in the key of a plain row. */
int32_t sb_plain_key_width(enum sb_row_kind kind);

/* Sets misfits[i] for keys of the chunk that are not plain; returns whether there are any. */
bool sb_plain_keys_misfit(const struct sb_aggregate *aggregate, const struct sb_row_chunk *chunk,
                          int64_t count, uint8_t *misfits);

/*
 * Points columns[0], [1].. to word 0, 1.. of the plain rows of the chunk's keys. `words` has room
 * for SB_ROW_CHUNK of each that cannot be borrowed; hashes are the chunk's.
 */
void sb_plain_keys_pack(const struct sb_aggregate *aggregate, struct sb_row_chunk *chunk,
                        int64_t count, uint64_t *words, const uint64_t **columns);

/* A key out of plain rows. Longer texts point into the rows. */
void sb_plain_key_load(const struct sb_aggregate *aggregate, int32_t key, const uint64_t *rows,
                       int64_t count, struct sb_row_scratch *scratch, struct sb_row_vector *out);

/*
 * Whether the row found for a hash is that of the key at columns[1..][at]; a new row takes the key.
 * If not, two keys have one hash.
 */
static inline bool sb_plain_key_claim(uint64_t *row, int32_t key_words, int32_t mark_word,
                                      const uint64_t *const *columns, int64_t at)
{
    uint64_t difference = 0;

    for (int32_t w = 1; w <= key_words; w++) {
        difference |= row[w] ^ columns[w][at];
    }
    if (sb_likely(difference == 0)) {
        return true;
    }
    if (row[mark_word] != SB_PLAIN_FRESH) {
        return false;
    }
    for (int32_t w = 1; w <= key_words; w++) {
        row[w] = columns[w][at];
    }
    return true;
}

/* The results of a call for plain state rows. */
void sb_plain_finish(const struct sb_aggregate *aggregate,
                     const struct sb_aggregate_call_plan *call, const uint64_t *rows, int64_t count,
                     struct sb_row_scratch *scratch, struct sb_row_vector *out);

/* aggregate_fused.c */

/* Where steps belong that one pass shall take: integer sums, float sums, count, the others. */
enum { SB_FUSED_RANK_COUNT = 4 };
int32_t sb_fused_rank(const struct sb_plain_step *step);

/* The kernel for these steps, in that order, or 0. */
int32_t sb_fused_pattern(const struct sb_plain_step *steps, int32_t count);

/*
 * Finds or makes the rows of columns[0][first..] and folds their values. Returns how many: all, or
 * those before a new key for which there is no room, a key with the hash of another one, or a row
 * whose sum would overflow.
 */
int64_t sb_fused_absorb_columns(const struct sb_aggregate *aggregate, struct sb_word_slots *slots,
                                const uint64_t *const *columns, int64_t first, int64_t count);

/* The same for rows of a block that sb_word_table_guess() has guessed. */
int64_t sb_fused_absorb_rows(const struct sb_aggregate *aggregate, struct sb_word_table *table,
                             const uint64_t *words, int64_t stride, bool is_state,
                             uint64_t *const *rows, int64_t count);

/* aggregate_local.c and aggregate_group.c (_snapshot): hooks, see op.h */
SB_MUST_CHECK enum sb_status sb_aggregate_local_create(struct sb_op *op, int32_t port,
                                                       struct sb_op_ctx *ctx, void **out);
void sb_aggregate_local_destroy(struct sb_op *op, int32_t port, void *local);
SB_MUST_CHECK enum sb_status sb_aggregate_on_batch(struct sb_op *op, void *local, int32_t port,
                                                   struct sb_batch *batch, struct sb_op_ctx *ctx);
SB_MUST_CHECK enum sb_status sb_aggregate_on_flush(struct sb_op *op, void *local, int32_t port,
                                                   struct sb_op_ctx *ctx);
SB_MUST_CHECK enum sb_status sb_aggregate_group_create(struct sb_op *op, int32_t group,
                                                       struct sb_op_ctx *ctx, void **out);
void sb_aggregate_group_destroy(struct sb_op *op, void *group);
SB_MUST_CHECK enum sb_status sb_aggregate_on_block(struct sb_op *op, void *group,
                                                   struct sb_block *block, struct sb_op_ctx *ctx);
SB_MUST_CHECK enum sb_status sb_aggregate_on_barrier(struct sb_op *op, void *group,
                                                     struct sb_op_ctx *ctx);
SB_MUST_CHECK enum sb_status sb_aggregate_snapshot(struct sb_op *op, void *group,
                                                   struct sb_op_ctx *ctx);
SB_MUST_CHECK enum sb_status sb_aggregate_restore(struct sb_op *op, void *group,
                                                  struct sb_batch *batch, struct sb_op_ctx *ctx);

/* Of `row_count` rows, those that made `new_count` rows of state are still held. */
static inline void sb_aggregate_count_merged(struct sb_op_ctx *ctx, int64_t row_count,
                                             int64_t new_count)
{
    sb_op_count(ctx, SB_LEDGER_MERGED, row_count - new_count);
    sb_op_count(ctx, SB_LEDGER_HELD, new_count - row_count);
}

/* Notes that rows of `full` have changed, when updates are wanted. */
SB_MUST_CHECK enum sb_status sb_aggregate_rows_changed(const struct sb_aggregate *aggregate,
                                                       struct sb_aggregate_group *group,
                                                       uint64_t *const *rows, int64_t count,
                                                       struct sb_error *err);

/* Applies what is pending. */
SB_MUST_CHECK enum sb_status sb_aggregate_group_settle(struct sb_aggregate *aggregate,
                                                       struct sb_aggregate_group *group,
                                                       struct sb_op_ctx *ctx);

/* The same, and leaves all rows in one form: in `plain` when `full` has none, else in `full`. */
SB_MUST_CHECK enum sb_status sb_aggregate_group_unite(struct sb_aggregate *aggregate,
                                                      struct sb_aggregate_group *group,
                                                      struct sb_op_ctx *ctx);

#endif
