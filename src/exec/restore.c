// SPDX-License-Identifier: Apache-2.0
/*
 * restore.c - a job that has not started goes on where a snapshot was taken.
 */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "columnar/arrow.h"
#include "exec/barrier.h"
#include "exec/stage.h"
#include "plan/json.h"

static enum sb_status restore_broken(struct sb_error *err, const char *what)
{
    return sb_error_set(err, SB_CORRUPT, "the snapshot's description %s", what);
}

static int32_t edge_count(const struct sb_graph *graph)
{
    int32_t count = 0;

    for (int32_t i = 0; i < graph->node_count; i++) {
        count += graph->nodes[i]->input_count;
    }
    return count;
}

static bool has_edge(const struct sb_graph *graph, const json_t *edge)
{
    const char *from = json_string_value(json_array_get(edge, 0));
    const char *to = json_string_value(json_array_get(edge, 1));
    int64_t port = json_integer_value(json_array_get(edge, 2));
    const struct sb_node *node = to == NULL ? NULL : sb_graph_node(graph, to);

    return node != NULL && from != NULL && port >= 0 && port < node->input_count &&
           strcmp(node->inputs[port]->id, from) == 0;
}

/*
 * Rows of one join would be those of another one, were the two in another order: an optimizer may
 * decide otherwise once the data has changed.
 */
static enum sb_status check_edges(const struct sb_graph *graph, const json_t *edges,
                                  struct sb_error *err)
{
    bool is_same = (int32_t)json_array_size(edges) == edge_count(graph);

    for (size_t i = 0; is_same && i < json_array_size(edges); i++) {
        is_same = has_edge(graph, json_array_get(edges, i));
    }
    return is_same ? SB_OK
                   : sb_error_set(err, SB_INVALID,
                                  "the snapshot is of a job whose operators feed each other "
                                  "differently: run the graph that ran then; if the data has "
                                  "changed since, the optimizer may have drawn it otherwise, so "
                                  "take and restore snapshots with `optimize=False`");
}

static enum sb_status restore_split(struct sb_job *job, const json_t *entry, struct sb_error *err)
{
    const char *operator_id = json_string_value(json_object_get(entry, "operator_id"));
    const json_t *index_json = json_object_get(entry, "split");
    const json_t *rows_json = json_object_get(entry, "rows");
    const json_t *is_done = json_object_get(entry, "is_done");
    const json_t *watermark = json_object_get(entry, "watermark_us");
    int64_t index = json_integer_value(index_json);
    int64_t rows = json_integer_value(rows_json);
    int64_t watermark_us = watermark == NULL ? SB_WATERMARK_NONE : json_integer_value(watermark);

    if (operator_id == NULL || !json_is_integer(index_json) || !json_is_integer(rows_json) ||
        rows < 0 || !json_is_boolean(is_done) ||
        (watermark != NULL && !json_is_integer(watermark))) {
        return restore_broken(err, "has a split entry that cannot be read");
    }
    for (int32_t i = 0; i < job->split_run_count; i++) {
        struct sb_split_run *split = job->split_runs[i];
        if (strcmp(split->node->id, operator_id) != 0 || split->channel != index) {
            continue;
        }
        atomic_store(&split->row_count, rows);
        if (json_is_true(is_done)) {
            atomic_store(&split->is_done, true);
            atomic_fetch_sub(&split->stage->pending, 1);
            sb_stage_observe_watermark(split->stage, split->channel, SB_WATERMARK_END);
            return SB_OK;
        }
        sb_stage_observe_watermark(split->stage, split->channel, watermark_us);
        return split->split->vtable->skip(split->split, rows, err);
    }
    return sb_error_set(err, SB_INVALID,
                        "the snapshot has split %" PRId64
                        " of source '%s', this job does not: bind the same "
                        "splits",
                        index, operator_id);
}

static enum sb_status restore_splits(struct sb_job *job, const json_t *splits, struct sb_error *err)
{
    if ((int32_t)json_array_size(splits) != job->split_run_count) {
        return sb_error_set(
            err, SB_INVALID,
            "the snapshot has %d source splits, this job has %d: bind the same splits",
            (int)json_array_size(splits), job->split_run_count);
    }
    for (size_t i = 0; i < json_array_size(splits); i++) {
        SB_TRY_RETURN(restore_split(job, json_array_get(splits, i), err));
    }
    return SB_OK;
}

static void restore_counter(_Atomic int64_t *counter, const json_t *counters, const char *name)
{
    atomic_store_explicit(counter, json_integer_value(json_object_get(counters, name)),
                          memory_order_relaxed);
}

static void restore_ledger(struct sb_job *job, const json_t *ledger)
{
    for (int32_t i = 0; i < job->graph->node_count; i++) {
        const json_t *counters = json_object_get(ledger, job->graph->nodes[i]->id);
        struct sb_ledger_page *page = sb_ledger_page(&job->ledger, job->options.worker_count, i);

        restore_counter(&page->entries[SB_LEDGER_HELD], counters, "held");
        restore_counter(&page->entries[SB_LEDGER_MERGED], counters, "merged");
        restore_counter(&page->entries[SB_LEDGER_ADDED], counters, "added");
        restore_counter(&page->entries[SB_LEDGER_FILTERED], counters, "filtered");
        restore_counter(&page->entries[SB_LEDGER_LATE], counters, "late");
        restore_counter(&page->entries[SB_LEDGER_FAILED], counters, "failed");
        restore_counter(&page->entries[SB_LEDGER_OUT], counters, "handed_out");
        restore_counter(&page->rows_in, counters, "in");
        restore_counter(&page->rows_in_right, counters, "in_right");
        restore_counter(&page->rows_out, counters, "out");
    }
}

/* Rows [first, first + count) of a part, without the key_group column. */
static enum sb_status restore_slice(const struct sb_batch *batch, struct sb_schema *state_schema,
                                    int64_t first, int64_t count, struct sb_batch *out,
                                    struct sb_error *err)
{
    SB_TRY_RETURN(sb_batch_init(out, batch->memory, state_schema, count, err));
    for (int32_t c = 0; c < state_schema->field_count; c++) {
        struct sb_column column;
        sb_column_share(&column, &batch->columns[c + 1]);
        sb_column_slice(&column, first, count);
        sb_batch_adopt_column(out, c, &column);
    }
    return SB_OK;
}

static enum sb_status restore_batch(struct sb_exchange *exchange, struct sb_schema *state_schema,
                                    const struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    const int32_t *groups = sb_column_fixed(&batch->columns[0], 4);
    int64_t first = 0;

    while (first < batch->row_count) {
        int64_t end = first + 1;
        struct sb_batch slice;
        void *state = NULL;

        while (end < batch->row_count && groups[end] == groups[first]) {
            end++;
        }
        if (groups[first] < 0 || groups[first] >= exchange->group_count) {
            return sb_error_set(ctx->error, SB_CORRUPT, "the snapshot has key group %d of %d",
                                groups[first], exchange->group_count);
        }
        ctx->watermark_us = exchange->inboxes[groups[first]].watermark_us;
        SB_TRY_RETURN(sb_inbox_group(&exchange->inboxes[groups[first]], ctx, &state));
        SB_TRY_RETURN(restore_slice(batch, state_schema, first, end - first, &slice, ctx->error));
        SB_TRY_RETURN(exchange->op->vtable->restore(exchange->op, state, &slice, ctx));
        first = end;
    }
    return SB_OK;
}

/*
 * The batch again, but over this job's memory: what a snapshot holds belongs to the job that took
 * it, which may be gone long before this one. Crossing the Arrow border settles who frees what.
 */
static enum sb_status restore_import(struct sb_job *job, struct sb_schema *schema,
                                     const struct sb_batch *batch, struct sb_batch *out,
                                     struct sb_error *err)
{
    struct ArrowArray array;
    struct sb_batch shared;

    SB_TRY_RETURN(sb_batch_share(&shared, batch, err));
    SB_TRY_RETURN(sb_batch_export(&shared, &array, err));
    return sb_batch_import(job->memory, schema, &array, out, err);
}

static enum sb_status restore_op(struct sb_job *job, struct sb_exchange *exchange,
                                 const struct sb_snapshot *snapshot, struct sb_error *err)
{
    struct sb_op *op = exchange->op;
    const struct sb_state_part *part = sb_snapshot_find(snapshot, op->node->id);
    struct sb_schema *state_schema = NULL;
    struct sb_schema *schema = NULL;
    struct sb_op_ctx ctx;
    struct sb_run run;
    enum sb_status status;

    if (part == NULL) {
        return sb_error_set(err, SB_INVALID, "the snapshot has no state of operator '%s' (%s)",
                            op->node->name, op->node->type_name);
    }
    SB_TRY_RETURN(sb_run_begin(&run, exchange->stage, job->options.worker_count, 0, 0, err));
    run.may_be_silent = true;
    sb_op_ctx_init(&ctx, exchange->stage->head, &run, err);
    SB_TRY_OUT(op->vtable->state_schema(op, job->memory, &state_schema, err));
    SB_TRY_OUT(sb_state_part_schema(job->memory, state_schema, &schema, err));
    if (!sb_schema_equal(schema, part->schema)) {
        char found[256];
        char expected[256];
        status = sb_error_set(err, SB_INVALID, "the snapshot's state is (%s), expected (%s)",
                              sb_schema_text(part->schema, found, sizeof found),
                              sb_schema_text(schema, expected, sizeof expected));
        goto out;
    }
    for (int64_t i = 0; i < part->batch_count; i++) {
        struct sb_batch batch;
        SB_TRY_OUT(restore_import(job, schema, &part->batches[i], &batch, err));
        status = restore_batch(exchange, state_schema, &batch, &ctx);
        sb_batch_deinit(&batch);
        if (status != SB_OK) {
            goto out;
        }
    }

out:
    (void)sb_run_end(&run);
    sb_schema_release(state_schema);
    sb_schema_release(schema);
    return sb_station_fail(exchange->stage->head, &run, status, err);
}

/* What each exchange had passed: rows older than that stay late. */
static void restore_watermarks(struct sb_job *job, const json_t *watermarks)
{
    for (int32_t e = 0; e < job->exchange_count; e++) {
        struct sb_exchange *exchange = job->exchanges[e];
        const json_t *watermark =
            exchange->op == NULL ? NULL : json_object_get(watermarks, exchange->op->node->id);

        if (!json_is_integer(watermark)) {
            continue;
        }
        exchange->watermark_sent_us = json_integer_value(watermark);
        for (int32_t g = 0; g < exchange->group_count; g++) {
            exchange->inboxes[g].watermark_us = exchange->watermark_sent_us;
        }
    }
}

static bool names_operator(const json_t *ids, const struct sb_op *op)
{
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        if (id != NULL && strcmp(id, op->node->id) == 0) {
            return true;
        }
    }
    return false;
}

/* An operator that had emitted its last rows before the snapshot does not emit them again. */
static void restore_ended(struct sb_job *job, const json_t *ended, const json_t *probed)
{
    for (int32_t e = 0; e < job->exchange_count; e++) {
        struct sb_exchange *exchange = job->exchanges[e];
        const struct sb_op *op = exchange->op;

        if (op == NULL) {
            continue;
        }
        exchange->is_probe_ended = names_operator(probed, op);
        exchange->stage->is_restored = names_operator(ended, op) &&
                                       op->vtable->build_port == SB_NO_PORT &&
                                       op->node->output_count > 0;
    }
}

/* What key groups emit from now on comes behind what they emitted before; see sb_op_order. */
static void restore_order(struct sb_job *job)
{
    for (int32_t e = 0; e < job->exchange_count; e++) {
        struct sb_exchange *exchange = job->exchanges[e];

        for (int32_t g = 0; exchange->op != NULL && g < exchange->group_count; g++) {
            struct sb_ledger_page *page =
                sb_ledger_page(&job->ledger, job->options.worker_count, exchange->op->node->index);
            exchange->inboxes[g].row_count =
                atomic_load_explicit(&page->rows_out, memory_order_relaxed);
        }
    }
}

enum sb_status sb_barrier_restore(struct sb_job *job, const struct sb_snapshot *snapshot,
                                  struct sb_error *err)
{
    const char *text = snapshot->description == NULL ? "" : snapshot->description;
    json_t *root = NULL;
    enum sb_status status = sb_json_read(text, strlen(text), &root, err);

    if (status == SB_NO_MEMORY) {
        return status;
    }
    if (!json_is_object(root) || json_integer_value(json_object_get(root, "version")) != 1) {
        status = restore_broken(err, "is not one of version 1");
        goto out;
    }
    SB_TRY_OUT(restore_splits(job, json_object_get(root, "splits"), err));
    SB_TRY_OUT(check_edges(job->graph, json_object_get(root, "edges"), err));
    restore_watermarks(job, json_object_get(root, "watermarks"));
    for (int32_t e = 0; e < job->exchange_count; e++) {
        if (job->exchanges[e]->op != NULL) {
            SB_TRY_OUT(restore_op(job, job->exchanges[e], snapshot, err));
        }
    }
    restore_ended(job, json_object_get(root, "ended"), json_object_get(root, "probed"));
    restore_ledger(job, json_object_get(root, "ledger"));
    restore_order(job);

out:
    json_decref(root);
    return status;
}
