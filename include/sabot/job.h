// SPDX-License-Identifier: Apache-2.0
/*
 * job.h - one run of a graph in this process.
 *
 * create -> bind sources, functions and sinks -> (restore) -> start -> wait | stop -> collect ->
 * destroy. Calls on one job come from one thread at a time, except sb_job_push*, sb_job_stop, the
 * metrics and the streams that sinks hand out, which may be used from any thread.
 * Engine threads never call back into a destroyed job: sb_job_destroy stops and joins them.
 */
#ifndef SABOT_JOB_H
#define SABOT_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include <sabot/arrow_abi.h>
#include <sabot/error.h>
#include <sabot/export.h>
#include <sabot/graph.h>

struct sb_job;
struct sb_snapshot;

struct sb_job_options {
    int32_t worker_count;         // 0 = the processors this process may use
    int64_t memory_limit_bytes;   // 0 = 80 % of the machine's memory
    int64_t exchange_limit_bytes; // per local exchange, 0 = 64 MiB or an eighth of the limit above;
                                  // sources wait beyond it
    int64_t morsel_rows_max;      // 0 = chosen by row width; tests set 1, 7, ...
};

/* `graph` is validated, borrowed, and outlives the job. `options` may be NULL. */
SB_API enum sb_status sb_job_create(const struct sb_graph *graph,
                                    const struct sb_job_options *options, struct sb_job **out,
                                    struct sb_error *err);

/* Stops what still runs, joins every engine thread, frees everything. NULL is fine. */
SB_API void sb_job_destroy(struct sb_job *job);

/*
 * Adds one split to the source `operator_id`: a stream that engine threads pull, one at a time,
 * never holding a lock the producer could need. Takes `stream` (released once, in every outcome).
 * Splits of one source are read in parallel. Rows before `skip_rows` are dropped, and at most
 * `limit_rows` follow (-1 = to the end). Columns are matched by name to the source's schema; a
 * column the stream lacks reads as null.
 *
 * Batches are checked as they come. By default what memory safety depends on: children, lengths,
 * offsets, views, indices and run ends; sizes of buffers do not cross the border and are believed.
 * With the source's parameter `validate: "full"` contents, too: text is UTF-8, and children that
 * are declared not nullable have no nulls. The same holds of sb_job_push().
 */
SB_API enum sb_status sb_job_add_stream(struct sb_job *job, const char *operator_id,
                                        struct ArrowArrayStream *stream, int64_t skip_rows,
                                        int64_t limit_rows, struct sb_error *err);

/*
 * Adds a split that is fed by sb_job_push() from outside threads. `*split_index` names it among
 * the splits of its source.
 */
SB_API enum sb_status sb_job_add_push_split(struct sb_job *job, const char *operator_id,
                                            int32_t *split_index, struct sb_error *err);

/*
 * Feeds a push split; blocks while the job is over its memory budgets. Takes `array`. The schema
 * is the source's. SB_CANCELED after the job was stopped or the source's rows are no longer
 * wanted.
 */
SB_API enum sb_status sb_job_push(struct sb_job *job, const char *operator_id, int32_t split_index,
                                  struct ArrowArray *array, struct sb_error *err);

/* Ends a push split; with `failure` not NULL the job fails with that sentence. */
SB_API enum sb_status sb_job_push_end(struct sb_job *job, const char *operator_id,
                                      int32_t split_index, const char *failure,
                                      struct sb_error *err);

/*
 * A function the engine cannot see into: MAP and FLAT_MAP (rows -> rows), FILTER (rows -> one bool
 * column), REDUCE and CUSTOM. Called from engine threads, one batch each, several at once unless
 * the operator is REDUCE or CUSTOM. `input` is owned by the callee (release it); `output` is a
 * struct array of the schema that the resolver of sb_graph_validate() gave, filled by the callee.
 * Except for FILTER, `output` may be left unset (release == NULL): no rows. REDUCE and CUSTOM are
 * called once more at the end, with `input` NULL.
 */
typedef enum sb_status (*sb_batch_function)(void *context, struct ArrowArray *input,
                                            const struct ArrowSchema *schema,
                                            struct ArrowArray *output, struct sb_error *err);
SB_API enum sb_status sb_job_bind_function(struct sb_job *job, const char *operator_id,
                                           sb_batch_function function, void *context,
                                           struct sb_error *err);

/*
 * A function that does more than turn batches into batches. Every slot but on_batch may be NULL.
 * State leaves and comes back as a struct array of one large_binary column `state`, whose rows the
 * engine keeps in their order and never looks into.
 */
struct sb_function_hooks {
    // As sb_batch_function. `*failed_count` (0 before the call): how many rows of `input` were
    // given up because they failed; they are missing in `output`, or null in a FILTER's mask.
    enum sb_status (*on_batch)(void *context, struct ArrowArray *input,
                               const struct ArrowSchema *schema, struct ArrowArray *output,
                               int64_t *failed_count, struct sb_error *err);
    // No row with an event time below `watermark_us` follows. REDUCE and CUSTOM; `output` as above.
    enum sb_status (*on_watermark)(void *context, int64_t watermark_us, struct ArrowArray *output,
                                   struct sb_error *err);
    // At a barrier: fills `state`, or leaves it unset when there is none. NULL: the job's snapshot
    // fails and names the operator. REDUCE and CUSTOM; the others keep nothing.
    enum sb_status (*snapshot)(void *context, struct ArrowArray *state, struct sb_error *err);
    // Before the first batch, with rows of `state` in their order, which the callee releases.
    enum sb_status (*restore)(void *context, struct ArrowArray *state, struct sb_error *err);
};
/* Instead of sb_job_bind_function(). `hooks` is copied. */
SB_API enum sb_status sb_job_bind_hooks(struct sb_job *job, const char *operator_id,
                                        const struct sb_function_hooks *hooks, void *context,
                                        struct sb_error *err);

enum sb_sink_kind {
    SB_SINK_COLLECT = 0, // keep the rows; sb_job_collect() after the end
    SB_SINK_STREAM = 1,  // hand the rows to whoever pulls sb_job_sink_stream()
    SB_SINK_COUNT = 2,   // count the rows and drop them
};
SB_API enum sb_status sb_job_bind_sink(struct sb_job *job, const char *operator_id,
                                       enum sb_sink_kind kind, struct sb_error *err);

/*
 * The rows of a STREAM sink, in order per source split. Pull it from another thread while the job
 * runs: get_next blocks until rows come, the sink ends (released array), or the job fails (EIO).
 * Releasing it before the end fails the job: rows would be lost.
 */
SB_API enum sb_status sb_job_sink_stream(struct sb_job *job, const char *operator_id,
                                         struct ArrowArrayStream *out, struct sb_error *err);

/* The rows of a COLLECT sink of a job that has ended, as a stream the caller releases. */
SB_API enum sb_status sb_job_collect(struct sb_job *job, const char *operator_id,
                                     struct ArrowArrayStream *out, struct sb_error *err);

SB_API enum sb_status sb_job_start(struct sb_job *job, struct sb_error *err);

/*
 * Waits for the end, at most `timeout_ms` (-1 = for ever). `*is_done` tells which. Returns the
 * job's own failure: the first cause, with the operator's name.
 */
SB_API enum sb_status sb_job_wait(struct sb_job *job, int64_t timeout_ms, bool *is_done,
                                  struct sb_error *err);

enum sb_stop_mode {
    SB_STOP_DRAIN = 0,  // sources end here; what was read is finished and emitted
    SB_STOP_CANCEL = 1, // as soon as possible; the job ends with SB_CANCELED
};
SB_API void sb_job_stop(struct sb_job *job, enum sb_stop_mode mode);

/*
 * Barrier: sources pause, everything in flight is applied, the state of every operator and the
 * position of every split are written into `*out`, sources go on. Streams of STREAM sinks must be
 * pulled meanwhile.
 */
SB_API enum sb_status sb_job_snapshot(struct sb_job *job, struct sb_snapshot **out,
                                      struct sb_error *err);

/*
 * Before start, after binding: the job continues where the snapshot was taken. The graph must be
 * equal, and every stream must yield the same rows again (positions are counted in rows); worker
 * count and batch sizes may differ.
 */
SB_API enum sb_status sb_job_restore(struct sb_job *job, const struct sb_snapshot *snapshot,
                                     struct sb_error *err);

SB_API void sb_snapshot_destroy(struct sb_snapshot *snapshot);

/*
 * A snapshot is `part_count` tables, each with a unique name, and a JSON description. The parts
 * leave and come back as Arrow streams, so any store of Arrow data can keep them.
 */
SB_API const char *sb_snapshot_description(const struct sb_snapshot *snapshot);
SB_API int32_t sb_snapshot_part_count(const struct sb_snapshot *snapshot);
SB_API const char *sb_snapshot_part_name(const struct sb_snapshot *snapshot, int32_t index);
SB_API enum sb_status sb_snapshot_part_stream(const struct sb_snapshot *snapshot, int32_t index,
                                              struct ArrowArrayStream *out, struct sb_error *err);
SB_API enum sb_status sb_snapshot_create(const char *description, struct sb_snapshot **out,
                                         struct sb_error *err);
/* Takes `stream`. */
SB_API enum sb_status sb_snapshot_add_part(struct sb_snapshot *snapshot, const char *name,
                                           struct ArrowArrayStream *stream, struct sb_error *err);

/*
 * The ledger: what became of the rows of one operator. Always
 * rows_in + rows_added = rows_out + rows_held + rows_merged + rows_filtered + rows_late +
 * rows_failed. `added` counts rows a join makes beyond one per input row, `merged` rows folded into
 * a group that was there already; both are 0 for operators that work row by row.
 */
struct sb_operator_metrics {
    const char *operator_id; // borrowed from the graph
    const char *name;
    const char *type;
    int64_t rows_in;
    int64_t rows_in_right; // of rows_in, those of the second input of a join
    int64_t rows_out;
    int64_t rows_added;
    int64_t rows_held;
    int64_t rows_merged;
    int64_t rows_filtered;
    int64_t rows_late;
    int64_t rows_failed;
    int64_t batches_in;
    int64_t busy_ns; // summed over workers
};

struct sb_job_metrics {
    int64_t elapsed_ns; // since start, to the end
    int64_t memory_bytes;
    int64_t memory_peak_bytes;
    int64_t backpressure_count; // times a source split was held back
    int32_t worker_count;
    int32_t operator_count;
};

/* May be called at any time from any thread; counters only grow, except rows_held. */
SB_API void sb_job_metrics(const struct sb_job *job, struct sb_job_metrics *out);
SB_API void sb_job_operator_metrics(const struct sb_job *job, int32_t index,
                                    struct sb_operator_metrics *out);

#endif
