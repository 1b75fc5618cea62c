// SPDX-License-Identifier: Apache-2.0
/*
 * stage.h - the parts a running job is made of.
 *
 * A stage is a tree of stations (operators at work) with one input: the splits of a source, or an
 * exchange. A worker takes one morsel (or the waiting messages of one key group) and carries it
 * through the whole tree; that is a *run*. Exchanges are where runs end: they hold messages per key
 * group until some worker takes the group.
 *
 *   source splits --run--> station -> station -+-> exchange (hash: blocks to 128 key groups)
 *                                              +-> exchange (single: batches in order to group 0)
 *
 * A stage counts what it still has to do in `pending`: open inputs, messages and runs. At zero it
 * ends: group states see on_end, locals are flushed, and its exchanges lose a writer.
 */
#ifndef SABOT_EXEC_STAGE_H
#define SABOT_EXEC_STAGE_H

#include <pthread.h>
#include <stdatomic.h>

#include "exec/ledger.h"
#include "exec/op.h"
#include "exec/scheduler.h"
#include "exec/split.h"
#include "time/watermark.h"

struct sb_exchange;
struct sb_job;
struct sb_stage;

/* Where the rows a station emits go. */
struct sb_target {
    struct sb_station *station;   // in the same stage, or NULL:
    struct sb_exchange *exchange; // batches, at the end of the run
    int32_t outlet;               // of `exchange` among the stage's, see sb_stage.outlets
};

/* An operator's place in a stage. */
struct sb_station {
    struct sb_op *op; // NULL: the head of a spool's or a plain source's stage, passes rows on
    int32_t op_index; // in the job and its ledger
    int32_t port;     // the operator's input here; SB_NO_PORT for the group half
    struct sb_stage *stage;
    void **locals;   // [slot_count]; made at the worker's first batch
    bool *has_local; // [slot_count]
    int32_t target_count;
    struct sb_target *targets;
    struct sb_exchange *blocks; // where sb_op_send goes; NULL when the station sends none
    struct sb_exchange *build;  // of a probe that owes something at its end; else NULL
    bool is_terminal;           // the local half of a keyed operator: emits nothing here
};

enum sb_message_kind {
    SB_MESSAGE_BLOCK,
    SB_MESSAGE_BATCHES,   // all that one run sent here, also when that is nothing
    SB_MESSAGE_WATERMARK, // in band: behind the rows it speaks of
};

/* What waits at an exchange. */
struct sb_message {
    struct sb_message *next;
    enum sb_message_kind kind;
    struct sb_block *block;
    int64_t watermark_us;
    // BATCHES: where they came from, to bring them in order
    int32_t writer;
    int32_t channel;
    int64_t sequence;
    int64_t base;
    int64_t bytes;
    int32_t batch_count;
    int32_t batch_capacity;
    struct sb_batch *batches;
};

/* One key group's inbox; group 0 is the only one of a single exchange. */
struct sb_inbox {
    struct sb_task task;
    struct sb_exchange *exchange;
    int32_t group;
    bool is_scheduled; // queued or at work; under `lock`
    bool is_ending;    // a pass of the end, or on_end, is owed; under `lock`
    pthread_mutex_t lock;
    struct sb_message *first;
    struct sb_message *last;
    int64_t run_count;    // runs so far: the sequence of what they emit; owner only
    int64_t row_count;    // that the head of the stage has emitted for this group; owner only
    int64_t watermark_us; // passed; owner only
};

/* Brings the runs of one channel of one writer into order. */
struct sb_sequencer_channel {
    int64_t next_sequence;
    struct sb_message *early; // ascending, all above next_sequence
};

struct sb_sequencer {
    pthread_mutex_t lock;
    int32_t writer_count;
    int32_t *channel_counts; // [writer_count]
    struct sb_sequencer_channel **channels;
};

enum sb_exchange_kind {
    SB_EXCHANGE_HASH,   // blocks by key group
    SB_EXCHANGE_SINGLE, // batches to group 0, in order per channel
    SB_EXCHANGE_SPOOL,  // batches in no order, to any worker, without a byte budget
};

/* One key group's on_probe_end. */
struct sb_probe_end {
    struct sb_task task;
    struct sb_station *station; // the probe's
    int32_t group;
    int64_t sequence; // of its run among the stage's flushes
};

struct sb_exchange {
    enum sb_exchange_kind kind;
    struct sb_stage *stage; // downstream
    struct sb_op *op;       // whose groups it feeds; NULL for a spool
    int32_t group_count;
    struct sb_inbox *inboxes; // [group_count]
    _Atomic int64_t bytes;    // waiting, and handed to outsiders but not yet taken
    int64_t limit_bytes;
    _Atomic bool is_closed; // nobody wants more rows: messages are dropped
    int32_t writer_count;
    struct sb_stage **writers;       // upstream stages
    struct sb_sequencer sequencer;   // SINGLE
    _Atomic int32_t probes_left;     // stages that owe on_probe_end together; the last one does it
    bool is_probe_ended;             // and did so before the snapshot
    struct sb_probe_end *probe_ends; // [group_count]; NULL when on_probe_end is not owed
    pthread_mutex_t fence_lock;      // of what follows
    struct sb_watermark_tracker watermarks; // one channel per writer
    int64_t watermark_sent_us;              // the newest marker in the inboxes
    int32_t marker_count;                   // inboxes that have not passed it yet
};

enum sb_stage_phase {
    SB_PHASE_RUNNING,
    SB_PHASE_ENDING, // groups see on_end
    SB_PHASE_FLUSHING,
    SB_PHASE_DONE,
    SB_PHASE_PASS, // before ENDING: this and what follows are the passes of on_end_pass
    /*
     * Between FLUSHING and DONE, for each join that is probed here and owes something: a phase in
     * which groups see on_probe_end, and one of flushing again. They count down from this number,
     * so that no number comes twice, and who has seen a phase cannot take a later one for it.
     */
    SB_PHASE_PROBING = -1,
};

enum { SB_GENERATION_COUNT = 4 };

enum { SB_MORSEL_ROWS_FIRST = 64 }; // of a stage that may multiply its rows

/* Runs between two watermark fences of a source stage. */
struct sb_generation {
    int64_t run_count; // at work
    bool is_closed;
    int64_t watermark_us; // announced when all runs up to here are done
};

/* One worker's place in a stage. */
struct sb_slot {
    _Alignas(64) pthread_mutex_t lock; // held for a run, and by a fence that flushes
};

struct sb_stage {
    struct sb_job *job;
    int32_t index;
    int32_t rank;
    struct sb_station *head;
    int32_t station_count;
    struct sb_station **stations; // every station, inputs before outputs
    int32_t outlet_count;
    struct sb_exchange **outlets; // exchanges its runs send batches to
    int32_t *outlet_writers;      // this stage's writer number there
    int32_t exchange_count;
    struct sb_exchange **exchanges; // every exchange it writes to, hash ones too
    int32_t *exchange_writers;
    int32_t reach_count;
    struct sb_exchange **reach; // every exchange downstream of here, for back-pressure

    struct sb_exchange *input; // or
    struct sb_split_run **splits;
    int32_t split_count;
    int32_t
        channel_count; // splits, key groups, or a spool's writers' channels; flushes use one more
    int32_t *channel_bases; // spools: first channel of each writer

    int32_t slot_count;    // workers, and the last for whoever flushes
    struct sb_slot *slots; // [slot_count]
    _Atomic int64_t pending;
    _Atomic int32_t gate_count; // joins probed here whose build side is not complete
    int32_t probe_count;
    struct sb_stage **probed;        // the build stages behind the gates
    _Atomic int32_t phase;           // enum sb_stage_phase
    _Atomic int32_t probe_end_index; // stations before this one have had their on_probe_end
    struct sb_task end_task;

    pthread_mutex_t fence_lock;             // of what follows
    struct sb_watermark_tracker watermarks; // per split
    struct sb_generation generations[SB_GENERATION_COUNT];
    int32_t generation_open; // the one new runs join
    int32_t generation_oldest;
    int64_t watermark_closed_us; // newest that a generation was closed with
    int64_t watermark_due_ns;    // no new fence before this time
    bool is_passing;             // some worker is telling the next stages
    int64_t flush_count;         // sequence of the flush channel; one flusher at a time
    int32_t depth;               // exchanges between here and the farthest source
    bool is_restored;            // it had ended before the snapshot: on_end is not owed again
    /*
     * Rows of a morsel at most; 0 = as many as ever. Of stages of a source whose operators may make
     * very many rows of one: begins small and follows what the runs have sent, see source.c.
     */
    _Atomic int64_t morsel_rows;
};

/* One split at work. */
struct sb_split_run {
    struct sb_task task;
    struct sb_stage *stage;
    struct sb_split *split;
    struct sb_node *node;
    int32_t channel;           // among the splits of the stage
    int64_t sequence;          // of the next run; only the token's holder touches it
    _Atomic int64_t row_count; // delivered
    _Atomic bool is_done;
    _Atomic bool is_stopped;          // no more rows are wanted
    struct sb_split_run *parked_next; // under job->park_lock
};

/* A worker carrying one morsel, block list or end through its stage. */
struct sb_run {
    struct sb_job *job;
    struct sb_stage *stage;
    int32_t worker_index; // whose scratch and ledger page it uses
    int32_t slot_index;   // whose local state it uses: the worker's, or the flusher's
    int32_t channel;
    int64_t sequence;
    int64_t base;           // rows the channel gave before this run
    int64_t ordered_count;  // rows numbered by sb_op_order
    int64_t head_row_count; // rows that the head of the stage emitted
    int64_t child_ns;       // spent in consumers of the operator at work
    int64_t sent_bytes;     // of batches to outlets
    bool may_be_silent; // runs of the channel are serial: one that sends nothing takes no number
    bool has_failed;    // the operator's name is in the error already
    struct sb_message **outlets; // [outlet_count], NULL until something is sent
    struct sb_message *outlets_inline[4];
    int64_t origin;              // SINGLE: writer and channel of the message at work
    struct sb_state_part *saved; // snapshots: where sb_op_save puts rows
    int32_t saved_group;
};

/* run.c */
SB_MUST_CHECK enum sb_status sb_run_begin(struct sb_run *run, struct sb_stage *stage,
                                          int32_t worker_index, int32_t channel, int64_t sequence,
                                          struct sb_error *err);
/* Posts the messages, also empty ones; false when nothing was sent and that was allowed. */
bool sb_run_end(struct sb_run *run);
SB_MUST_CHECK enum sb_status sb_station_push(struct sb_station *station, struct sb_batch *batch,
                                             struct sb_run *run, struct sb_error *err); // takes
SB_MUST_CHECK enum sb_status sb_station_fail(struct sb_station *station, struct sb_run *run,
                                             enum sb_status status, struct sb_error *err);
/* Empties the local state of operators that keep none beyond a run. The caller holds the slot. */
SB_MUST_CHECK enum sb_status sb_run_flush(struct sb_run *run, struct sb_error *err);
/* Calls on_finish of the stage's own operator; once, after every group has ended. */
SB_MUST_CHECK enum sb_status sb_stage_finish(struct sb_stage *stage, int32_t worker_index,
                                             struct sb_error *err);
SB_MUST_CHECK enum sb_status sb_stage_flush(struct sb_stage *stage, int32_t worker_index,
                                            struct sb_error *err);
SB_MUST_CHECK enum sb_status sb_stage_emit(struct sb_op_ctx *ctx, struct sb_batch *batch);
void sb_op_ctx_init(struct sb_op_ctx *ctx, struct sb_station *station, struct sb_run *run,
                    struct sb_error *err);

/* exchange.c */
struct sb_message *sb_message_create(struct sb_memory *memory, enum sb_message_kind kind);
void sb_message_destroy(struct sb_memory *memory, struct sb_message *message);
SB_MUST_CHECK enum sb_status sb_message_add_batch(struct sb_memory *memory,
                                                  struct sb_message *message,
                                                  struct sb_batch *batch,
                                                  struct sb_error *err); // takes
void sb_exchange_post(struct sb_exchange *exchange, int32_t group, struct sb_message *message,
                      int32_t worker_index); // takes
void sb_exchange_post_batches(struct sb_exchange *exchange, struct sb_message *message,
                              int32_t worker_index); // takes
void sb_exchange_post_watermark(struct sb_exchange *exchange, int32_t writer, int64_t watermark_us,
                                int32_t worker_index);
void sb_exchange_pass_watermark(struct sb_exchange *exchange, int32_t worker_index);
void sb_exchange_wake(struct sb_exchange *exchange); // its stage's gates have opened
void sb_exchange_end(struct sb_exchange *exchange, int32_t worker_index);

/* inbox.c */
void sb_inbox_append(struct sb_inbox *inbox, struct sb_message *message, bool is_end,
                     int32_t worker_index); // takes
void sb_inbox_wake(struct sb_inbox *inbox, int32_t worker_index);
void sb_inbox_run(struct sb_task *task, int32_t worker_index);
SB_MUST_CHECK enum sb_status sb_inbox_group(struct sb_inbox *inbox, struct sb_op_ctx *ctx,
                                            void **state);

/* barrier.c */
SB_MUST_CHECK enum sb_status sb_stage_save(struct sb_op_ctx *ctx, struct sb_batch *batch);

/* source.c */
void sb_split_run_task(struct sb_task *task, int32_t worker_index);
void sb_split_run_wake(struct sb_split *split);

/* fence.c */
void sb_stage_settle(struct sb_stage *stage, int64_t count, int32_t worker_index);
void sb_stage_check(struct sb_stage *stage, int32_t worker_index);
void sb_stage_end_task(struct sb_task *task, int32_t worker_index);
void sb_probe_end_run(struct sb_task *task, int32_t worker_index);
void sb_stage_start(struct sb_stage *stage);
void sb_stage_pass_watermark(struct sb_stage *stage, int64_t watermark_us, int32_t worker_index);
struct sb_generation *sb_stage_join_generation(struct sb_stage *stage);
void sb_stage_leave_generation(struct sb_stage *stage, struct sb_generation *generation,
                               int32_t worker_index);
void sb_stage_observe_watermark(struct sb_stage *stage, int32_t channel, int64_t watermark_us);

#endif
