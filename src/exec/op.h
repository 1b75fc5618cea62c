// SPDX-License-Identifier: Apache-2.0
/*
 * op.h - the contract between one operator and the stage that runs it.
 *
 * An operator has a read-only plan (struct sb_op, embedded in the operator's own struct), *local*
 * state (one per worker: scratch, pre-aggregation, scatter buffers; a cache that on_flush empties)
 * and *group* state (one per key group; all that a snapshot holds). No hook ever runs twice at once
 * on the same local or the same group. Hooks return after bounded work: an operator never blocks,
 * sleeps or does I/O. A NULL slot means the default written beside it. On failure a hook fills
 * ctx->error (without the operator's name, which the stage puts in front) and returns the status.
 */
#ifndef SABOT_EXEC_OP_H
#define SABOT_EXEC_OP_H

#include <sabot/job.h>

#include "columnar/batch.h"
#include "exec/block.h"
#include "expr/expr.h"
#include "plan/graph.h"

struct sb_op;
struct sb_op_ctx;
struct sb_station;

enum sb_op_placement {
    SB_OP_INLINE, // runs wherever its input is; keeps nothing a snapshot needs
    SB_OP_KEYED,  // local half where the input is, group half by key group
    SB_OP_SINGLE, // group 0 only; its input comes batch by batch, in order per source split
};

enum { SB_NO_PORT = -1 };

struct sb_op_vtable {
    const char *name; // stable: EXPLAIN, metrics and logs print it
    enum sb_op_placement placement;
    /*
     * KEYED only: the input that is stored before the others are read (a join's build side).
     * Batches of this port reach on_batch where *that* input is and leave it as blocks; batches of
     * the other ports reach on_batch after every group has seen on_end, may read all groups with
     * sb_op_group(), and emit. SB_NO_PORT: all ports go to the groups, and the groups emit.
     */
    int32_t build_port;

    // Frees the plan. Required.
    void (*destroy)(struct sb_op *op);

    // Its errors begin with the name of an operator already. Default: the stage puts its own there.
    bool names_errors;

    // The job failed or was canceled: wakes whoever waits outside. From any thread, more than once.
    void (*on_cancel)(struct sb_op *op);

    // Local state for one worker and one port. Default: NULL state.
    enum sb_status (*local_create)(struct sb_op *op, int32_t port, struct sb_op_ctx *ctx,
                                   void **local);
    void (*local_destroy)(struct sb_op *op, int32_t port, void *local);

    // Takes `batch`. Required. `state` is local; for SINGLE it is the state of group 0.
    enum sb_status (*on_batch)(struct sb_op *op, void *state, int32_t port, struct sb_batch *batch,
                               struct sb_op_ctx *ctx);
    // Sends or emits everything `local` still holds. Default: nothing.
    enum sb_status (*on_flush)(struct sb_op *op, void *local, int32_t port, struct sb_op_ctx *ctx);

    // Group state, made when the first block, restore or end comes. Required for KEYED and SINGLE.
    enum sb_status (*group_create)(struct sb_op *op, int32_t group, struct sb_op_ctx *ctx,
                                   void **state);
    void (*group_destroy)(struct sb_op *op, void *state);

    // Takes `block`: applies it to its group, or keeps it as part of the state. Required for KEYED.
    enum sb_status (*on_block)(struct sb_op *op, void *state, struct sb_block *block,
                               struct sb_op_ctx *ctx);
    // The blocks that were waiting for the group have been applied, some at least; what they have
    // changed may be emitted now. Default: nothing.
    enum sb_status (*on_blocks_end)(struct sb_op *op, void *state, struct sb_op_ctx *ctx);
    // Every row with event time below `watermark_us` has been applied. Default: nothing.
    enum sb_status (*on_watermark)(struct sb_op *op, void *state, int64_t watermark_us,
                                   struct sb_op_ctx *ctx);
    // How far rows emitted from now on are complete, when the input is up to `watermark_us`;
    // INT64_MIN = nothing can be said. Default: as far.
    int64_t (*output_watermark)(const struct sb_op *op, int64_t watermark_us);
    // Whether on_block never emits, so that blocks may be applied before what the operator feeds
    // is ready. Default: no.
    bool emits_only_at_end;
    /*
     * Work for all groups at once before the end: every group sees pass p before any group sees
     * pass p + 1, and the last pass before any on_end. What one pass wrote, the next ones may read
     * whichever group they are. Passes emit nothing. Default: none.
     */
    int32_t end_pass_count;
    enum sb_status (*on_end_pass)(struct sb_op *op, void *state, int32_t pass,
                                  struct sb_op_ctx *ctx);
    // All input has been applied; emits what is left. Default: nothing.
    enum sb_status (*on_end)(struct sb_op *op, void *state, struct sb_op_ctx *ctx);
    /*
     * KEYED with a build_port, and only where owes_probe_end() says so (default: nowhere): no batch
     * of the other ports can come any more; emits what a group still owes to where those batches
     * went. Groups may be at it at once on several workers.
     */
    enum sb_status (*on_probe_end)(struct sb_op *op, void *state, struct sb_op_ctx *ctx);
    bool (*owes_probe_end)(const struct sb_op *op);
    // Every group has seen on_end; runs once, and may read all groups and emit. Groups are then
    // kept until it has run. Default: nothing.
    enum sb_status (*on_finish)(struct sb_op *op, struct sb_op_ctx *ctx);
    /*
     * What it emits of a batch may be larger by any factor, so sources begin with few rows.
     * Default: no.
     */
    bool may_multiply;
    /*
     * KEYED: once group 0 has state, every group sees the passes and on_end, and consumers get what
     * the groups emit there in the order of the groups, like the rows of one split. Groups still
     * work at the same time. Nothing may be emitted before. Default: no.
     */
    bool ends_in_order;
    // Whether group 0 sees on_end even when nothing ever came to it (a global aggregate has one
    // row over no input). Default: no.
    bool (*ends_without_input)(const struct sb_op *op);

    // A snapshot is about to be taken: applies what was put off. When it fails, so does the job.
    // Default: nothing.
    enum sb_status (*on_barrier)(struct sb_op *op, void *state, struct sb_op_ctx *ctx);
    /*
     * The columns of a state row (retained reference for the caller), and the state as any number
     * of batches handed to sb_op_save(); after restoring those rows, in any chunks, into an empty
     * group the operator goes on as if nothing had happened. A snapshot that fails has changed
     * nothing: the job goes on without it. Required for KEYED and SINGLE.
     */
    enum sb_status (*state_schema)(struct sb_op *op, struct sb_memory *memory,
                                   struct sb_schema **out, struct sb_error *err);
    enum sb_status (*snapshot)(struct sb_op *op, void *state, struct sb_op_ctx *ctx);
    // Takes `batch`.
    enum sb_status (*restore)(struct sb_op *op, void *state, struct sb_batch *batch,
                              struct sb_op_ctx *ctx);
};

/* The part every operator's plan begins with. */
struct sb_op {
    const struct sb_op_vtable *vtable;
    const struct sb_node *node;
    struct sb_memory *memory; // the job's budget
    int32_t group_count;      // key groups; 1 for SINGLE
    int32_t worker_count;
    void **groups; // [group_count], NULL until made; see sb_op_group()
    /*
     * Local state is flushed at the end of each run, so that no row waits in it for more rows to
     * come. Set by constructors whose groups emit before the end.
     */
    bool flushes_each_run;
};

/* What became of rows; the stage counts in and out itself. */
enum sb_ledger_entry {
    SB_LEDGER_HELD, // may go down
    SB_LEDGER_MERGED,
    SB_LEDGER_ADDED,
    SB_LEDGER_FILTERED,
    SB_LEDGER_LATE,
    SB_LEDGER_FAILED,
    SB_LEDGER_OUT, // handed to the outside; what goes to consumers inside the stage counts
    SB_LEDGER_COUNT,
};

/* What the surroundings do for an operator: a stage, or a test that drives one operator alone. */
struct sb_op_host {
    enum sb_status (*emit)(struct sb_op_ctx *ctx, struct sb_batch *batch);
    enum sb_status (*send)(struct sb_op_ctx *ctx, struct sb_block *block);
    enum sb_status (*save)(struct sb_op_ctx *ctx, struct sb_batch *batch);
    void (*stop_upstream)(struct sb_op_ctx *ctx);
    void (*count)(struct sb_op_ctx *ctx, enum sb_ledger_entry entry, int64_t rows);
    void (*order)(struct sb_op_ctx *ctx, int64_t row_count, uint64_t first[2]);
};

/* What a hook may use and do. Borrowed for the length of the call. */
struct sb_op_ctx {
    const struct sb_op_host *host;
    struct sb_error *error;
    struct sb_memory *memory;
    struct sb_expr_scratch *scratch;
    int32_t worker_index;
    int64_t watermark_us;       // hooks of a key group: what it has passed; INT64_MIN = nothing yet
    struct sb_station *station; // where in the stage the operator stands; private to exec
    struct sb_run *run;         // the task at work; private to exec
};

/* Hands rows to every consumer. Takes `batch`; empty batches go nowhere. */
SB_MUST_CHECK static inline enum sb_status sb_op_emit(struct sb_op_ctx *ctx, struct sb_batch *batch)
{
    return ctx->host->emit(ctx, batch);
}

/* Hands a block to the group half of the same operator. Takes `block`. */
SB_MUST_CHECK static inline enum sb_status sb_op_send(struct sb_op_ctx *ctx, struct sb_block *block)
{
    return ctx->host->send(ctx, block);
}

/* From snapshot(): adds rows of state_schema for the group at hand. Takes `batch`. */
SB_MUST_CHECK static inline enum sb_status sb_op_save(struct sb_op_ctx *ctx, struct sb_batch *batch)
{
    return ctx->host->save(ctx, batch);
}

/* SINGLE only: no row after this one is wanted; sources that feed nobody else stop. */
static inline void sb_op_stop_upstream(struct sb_op_ctx *ctx)
{
    ctx->host->stop_upstream(ctx);
}

static inline void sb_op_count(struct sb_op_ctx *ctx, enum sb_ledger_entry entry, int64_t rows)
{
    ctx->host->count(ctx, entry, rows);
}

/*
 * Numbers `row_count` rows of the batch at hand: 128-bit numbers below 10^38, low word first, from
 * `first` on, which goes up by one a row. They order the rows that one operator sees by input (of a
 * union: as connected), then split, then place in the split, whatever worker has them and however
 * they are cut into batches. Behind a key group or a single operator, that counts as a split, and
 * what it emitted first comes first. Numbers of a restored job go on above those before.
 */
static inline void sb_op_order(struct sb_op_ctx *ctx, int64_t row_count, uint64_t first[2])
{
    ctx->host->order(ctx, row_count, first);
}

/* SINGLE only: where the batch at hand comes from, as a number that orders splits. */
int64_t sb_op_origin(const struct sb_op_ctx *ctx);

/*
 * SINGLE only: bytes that somebody outside has yet to take count against the exchange's budget,
 * from when the operator adds them until it takes them away again (from any thread).
 */
struct sb_exchange;
struct sb_exchange *sb_op_exchange(const struct sb_op_ctx *ctx);
void sb_exchange_charge(struct sb_exchange *exchange, int64_t bytes);
void sb_exchange_discharge(struct sb_exchange *exchange, int64_t bytes);

/* The state of a key group, or NULL when nothing ever came to it. */
static inline void *sb_op_group(const struct sb_op *op, int32_t group)
{
    return op->groups[group];
}

/* The key group of a hash (CONTRACT 16.3). */
static inline int32_t sb_key_group(uint64_t hash, int32_t group_count)
{
    return (group_count & (group_count - 1)) == 0 ? (int32_t)(hash & (uint64_t)(group_count - 1))
                                                  : (int32_t)(hash % (uint64_t)group_count);
}

/*
 * Makes the operator of one node: `size` zeroed bytes of its own struct, which begins with the
 * struct sb_op. Constructors in exec/ops/ call sb_op_alloc() first, destroy() calls sb_op_free()
 * last; `groups` belongs to the stage.
 */
struct sb_op_binding {
    sb_batch_function function;     // of an operator with a function; or
    struct sb_function_hooks hooks; // the same with hooks; on_batch NULL = not bound
    void *context;                  // of either
    enum sb_sink_kind sink_kind;    // SINK
};

struct sb_op_options {
    const struct sb_node *node;
    struct sb_memory *memory; // the job's budget
    int32_t worker_count;
    struct sb_op_binding binding;
};

/* Makes the operator a node asks for; the job is given one (exec/ops/registry.c). */
typedef enum sb_status (*sb_op_factory)(const struct sb_op_options *options, struct sb_op **out,
                                        struct sb_error *err);
SB_MUST_CHECK enum sb_status sb_op_alloc(const struct sb_op_vtable *vtable, size_t size,
                                         const struct sb_op_options *options, void *out,
                                         struct sb_error *err);
void sb_op_free(struct sb_op *op, size_t size);

#endif
