// SPDX-License-Identifier: Apache-2.0
/*
 * push_split.c - rows that outside threads push in.
 *
 * A bounded queue: pushers wait while it is full, the engine's token waits (without a thread) while
 * it is empty. Whoever clears `is_waiting` wakes the token, so a wait is followed by one wake.
 */
#include <pthread.h>

#include "columnar/arrow.h"
#include "connect/splits.h"

enum {
    QUEUE_LIMIT_BYTES = 16 * 1024 * 1024,
    MEMORY_SHARE = 16, // never more than this part of the job's memory
};

struct pushed_batch {
    struct pushed_batch *next;
    struct sb_batch batch;
    int64_t bytes;
};

struct push_split {
    struct sb_split base;
    enum sb_import_depth depth;
    pthread_mutex_t lock; // of all that follows
    pthread_cond_t room;
    struct pushed_batch *first;
    struct pushed_batch *last;
    int64_t bytes;
    int64_t limit_bytes;
    int64_t rows_to_skip;
    bool is_waiting; // the engine owes itself a wake
    bool is_ended;   // by the pusher
    bool is_stopped; // by the engine
    bool has_failed;
    struct sb_error failure;
};

static void push_split_destroy(struct sb_split *split)
{
    struct push_split *self = (struct push_split *)split;
    struct sb_memory *memory = split->memory;

    while (self->first != NULL) {
        struct pushed_batch *next = self->first->next;
        sb_batch_deinit(&self->first->batch);
        sb_memory_free(memory, self->first, sizeof *self->first);
        self->first = next;
    }
    pthread_cond_destroy(&self->room);
    pthread_mutex_destroy(&self->lock);
    sb_schema_release(split->schema);
    sb_memory_free(memory, self, sizeof *self);
}

/* Under the lock; true when the caller must wake the token after unlocking. */
static bool push_split_claim_wake(struct push_split *self)
{
    bool is_owed = self->is_waiting;

    self->is_waiting = false;
    return is_owed;
}

/* Under the lock: drops rows that a snapshot was ahead of; some may have come before its restore.
 */
static void push_split_drop_skipped(struct push_split *self)
{
    while (self->first != NULL && self->rows_to_skip > 0) {
        struct pushed_batch *pushed = self->first;
        int64_t row_count = pushed->batch.row_count;
        int64_t skipped = self->rows_to_skip < row_count ? self->rows_to_skip : row_count;

        self->rows_to_skip -= skipped;
        sb_batch_slice(&pushed->batch, skipped, row_count - skipped);
        if (skipped == row_count) {
            self->first = pushed->next;
            self->bytes -= pushed->bytes;
            sb_batch_deinit(&pushed->batch);
            sb_memory_free(self->base.memory, pushed, sizeof *pushed);
            pthread_cond_broadcast(&self->room);
        }
    }
}

static enum sb_status push_split_next(struct sb_split *split, int64_t row_count_max,
                                      struct sb_batch *out, enum sb_split_state *state,
                                      struct sb_error *err)
{
    struct push_split *self = (struct push_split *)split;
    enum sb_status status = SB_OK;
    struct pushed_batch *emptied = NULL;

    pthread_mutex_lock(&self->lock);
    push_split_drop_skipped(self);
    if (self->first == NULL) {
        *state = self->is_ended || self->is_stopped ? SB_SPLIT_END : SB_SPLIT_WAIT;
        self->is_waiting = *state == SB_SPLIT_WAIT;
        if (self->has_failed) {
            *err = self->failure;
            status = self->failure.status;
        }
    } else if (self->first->batch.row_count > row_count_max) {
        struct sb_batch *batch = &self->first->batch;
        status = sb_batch_share(out, batch, err);
        if (status == SB_OK) {
            sb_batch_slice(out, 0, row_count_max);
            sb_batch_slice(batch, row_count_max, batch->row_count - row_count_max);
            *state = SB_SPLIT_BATCH;
        }
    } else {
        emptied = self->first;
        self->first = emptied->next;
        self->bytes -= emptied->bytes;
        sb_batch_move(out, &emptied->batch);
        *state = SB_SPLIT_BATCH;
        pthread_cond_broadcast(&self->room);
    }
    pthread_mutex_unlock(&self->lock);
    if (emptied != NULL) {
        sb_memory_free(split->memory, emptied, sizeof *emptied);
    }
    return status;
}

static enum sb_status push_split_skip(struct sb_split *split, int64_t row_count,
                                      struct sb_error *err)
{
    (void)err;
    ((struct push_split *)split)->rows_to_skip += row_count;
    return SB_OK;
}

static void push_split_stop(struct sb_split *split)
{
    struct push_split *self = (struct push_split *)split;
    bool is_owed;

    pthread_mutex_lock(&self->lock);
    self->is_stopped = true;
    is_owed = push_split_claim_wake(self);
    pthread_cond_broadcast(&self->room);
    pthread_mutex_unlock(&self->lock);
    if (is_owed) {
        split->wake(split);
    }
}

static const struct sb_split_vtable push_split_vtable = {
    .name = "push",
    .next = push_split_next,
    .skip = push_split_skip,
    .stop = push_split_stop,
    .destroy = push_split_destroy,
};

enum sb_status sb_push_split_create(struct sb_memory *memory, struct sb_schema *schema,
                                    enum sb_import_depth depth, struct sb_split **out,
                                    struct sb_error *err)
{
    struct push_split *self = sb_memory_alloc_zeroed(memory, sizeof *self);

    *out = NULL;
    if (self == NULL) {
        return sb_error_no_memory(err, "a split", (int64_t)sizeof *self);
    }
    self->base.vtable = &push_split_vtable;
    self->base.memory = memory;
    self->base.schema = sb_schema_retain(schema);
    self->depth = depth;
    self->limit_bytes = QUEUE_LIMIT_BYTES;
    if (memory->limit_bytes > 0 && memory->limit_bytes / MEMORY_SHARE < self->limit_bytes) {
        self->limit_bytes = memory->limit_bytes / MEMORY_SHARE;
    }
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->room, NULL);
    *out = &self->base;
    return SB_OK;
}

bool sb_push_split_is(const struct sb_split *split)
{
    return split->vtable == &push_split_vtable;
}

/* Appends, waiting for room; takes `pushed` on success. */
static enum sb_status push_split_append(struct push_split *self, struct pushed_batch *pushed,
                                        struct sb_error *err)
{
    enum sb_status status = SB_OK;
    bool is_owed = false;

    pthread_mutex_lock(&self->lock);
    while (self->bytes > self->limit_bytes && !self->is_stopped && !self->is_ended) {
        pthread_cond_wait(&self->room, &self->lock);
    }
    if (self->is_stopped) {
        status = sb_error_set(err, SB_CANCELED, "no more rows are wanted from this source");
    } else if (self->is_ended) {
        status = sb_error_set(err, SB_INVALID, "this split of the source has been ended already");
    } else {
        if (self->first == NULL) {
            self->first = pushed;
        } else {
            self->last->next = pushed;
        }
        self->last = pushed;
        self->bytes += pushed->bytes;
        is_owed = push_split_claim_wake(self);
    }
    pthread_mutex_unlock(&self->lock);
    if (is_owed) {
        self->base.wake(&self->base);
    }
    return status;
}

enum sb_status sb_push_split_push(struct sb_split *split, struct ArrowArray *array,
                                  struct sb_error *err)
{
    struct push_split *self = (struct push_split *)split;
    struct pushed_batch *pushed;
    struct sb_batch batch;
    enum sb_status status;

    SB_TRY_RETURN(
        sb_batch_import_checked(split->memory, split->schema, array, self->depth, &batch, err));
    if (batch.row_count == 0) {
        sb_batch_deinit(&batch);
        return SB_OK;
    }
    pushed = sb_memory_alloc(split->memory, sizeof *pushed);
    if (pushed == NULL) {
        sb_batch_deinit(&batch);
        return sb_error_no_memory(err, "a pushed batch", (int64_t)sizeof *pushed);
    }
    pushed->next = NULL;
    pushed->bytes = sb_batch_bytes(&batch);
    sb_batch_move(&pushed->batch, &batch);
    status = push_split_append(self, pushed, err);
    if (status != SB_OK) {
        sb_batch_deinit(&pushed->batch);
        sb_memory_free(split->memory, pushed, sizeof *pushed);
    }
    return status;
}

enum sb_status sb_push_split_end(struct sb_split *split, const char *failure, struct sb_error *err)
{
    struct push_split *self = (struct push_split *)split;
    bool is_owed;

    (void)err;
    pthread_mutex_lock(&self->lock);
    if (failure != NULL && !self->is_ended) {
        self->has_failed = true;
        (void)sb_error_set(&self->failure, SB_FAILED, "%s", failure);
    }
    self->is_ended = true;
    is_owed = push_split_claim_wake(self);
    pthread_cond_broadcast(&self->room);
    pthread_mutex_unlock(&self->lock);
    if (is_owed) {
        split->wake(split);
    }
    return SB_OK;
}
