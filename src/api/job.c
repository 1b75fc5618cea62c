// SPDX-License-Identifier: Apache-2.0
/*
 * job.c - the public calls of a job that bring its parts together: operators, splits, streams.
 *
 * Calls that need one module alone are implemented there (exec/job.c).
 */
#include "api/job.h"

#include "connect/batch_stream.h"
#include "connect/splits.h"
#include "exec/barrier.h"
#include "exec/ops/collect.h"
#include "exec/ops/ops.h"
#include "exec/ops/stream_sink.h"

static enum sb_status job_add_generators(struct sb_job *job, struct sb_error *err)
{
    for (int32_t i = 0; i < job->graph->node_count; i++) {
        const struct sb_node *node = job->graph->nodes[i];

        if (node->type != SB_NODE_SOURCE || !node->spec.source.is_generator) {
            continue;
        }
        for (int32_t s = 0; s < node->spec.source.generator_splits; s++) {
            struct sb_split *split;
            SB_TRY_RETURN(sb_generator_split_create(job->memory, node, s, &split, err));
            SB_TRY_RETURN(sb_job_bind_split(job, node, split, NULL, err));
        }
    }
    return SB_OK;
}

enum sb_status sb_job_create_in(const struct sb_graph *graph, const struct sb_job_options *options,
                                struct sb_memory *memory, sb_op_factory factory,
                                struct sb_job **out, struct sb_error *err)
{
    struct sb_job *job;
    enum sb_status status;

    *out = NULL;
    SB_TRY_RETURN(sb_job_alloc(graph, options, memory, factory, &job, err));
    status = job_add_generators(job, err);
    if (status != SB_OK) {
        sb_job_destroy(job);
        return status;
    }
    *out = job;
    return SB_OK;
}

enum sb_status sb_job_create(const struct sb_graph *graph, const struct sb_job_options *options,
                             struct sb_job **out, struct sb_error *err)
{
    return sb_job_create_in(graph, options, NULL, sb_op_create, out, err);
}

static enum sb_import_depth import_depth(const struct sb_node *source)
{
    return source->spec.source.is_validated ? SB_IMPORT_FULL : SB_IMPORT_SAFE;
}

enum sb_status sb_job_add_stream(struct sb_job *job, const char *operator_id,
                                 struct ArrowArrayStream *stream, int64_t skip_rows,
                                 int64_t limit_rows, struct sb_error *err)
{
    struct sb_node *node = NULL;
    struct sb_split *split = NULL;
    struct sb_stream_options options;
    enum sb_status status = sb_job_bindable(job, operator_id, SB_NODE_SOURCE, &node, err);

    if (status != SB_OK) {
        if (stream->release != NULL) {
            stream->release(stream);
        }
        return status;
    }
    options = (struct sb_stream_options){skip_rows, limit_rows, import_depth(node)};
    status = sb_stream_split_create(job->memory, node->delivered, stream, &options, &split, err);
    if (status != SB_OK) {
        sb_error_prefix(err, "operator '%s' (source)", node->name);
        return status;
    }
    return sb_job_bind_split(job, node, split, NULL, err);
}

enum sb_status sb_job_add_push_split(struct sb_job *job, const char *operator_id,
                                     int32_t *split_index, struct sb_error *err)
{
    struct sb_node *node = NULL;
    struct sb_split *split = NULL;

    SB_TRY_RETURN(sb_job_bindable(job, operator_id, SB_NODE_SOURCE, &node, err));
    SB_TRY_RETURN(
        sb_push_split_create(job->memory, node->delivered, import_depth(node), &split, err));
    return sb_job_bind_split(job, node, split, split_index, err);
}

static enum sb_status job_push_split(const struct sb_job *job, const char *operator_id,
                                     int32_t split_index, struct sb_split **out,
                                     struct sb_error *err)
{
    const struct sb_node *node = sb_graph_node(job->graph, operator_id);
    const struct sb_node_binding *binding;

    if (node == NULL) {
        return sb_error_set(err, SB_INVALID, "the graph has no operator with id '%s'", operator_id);
    }
    binding = &job->bindings[node->index];
    if (split_index < 0 || split_index >= binding->split_count ||
        !sb_push_split_is(binding->splits[split_index])) {
        return sb_error_set(err, SB_INVALID, "operator '%s' (%s) has no push split %d", node->name,
                            node->type_name, split_index);
    }
    *out = binding->splits[split_index];
    return SB_OK;
}

enum sb_status sb_job_push(struct sb_job *job, const char *operator_id, int32_t split_index,
                           struct ArrowArray *array, struct sb_error *err)
{
    struct sb_split *split = NULL;
    enum sb_status status = job_push_split(job, operator_id, split_index, &split, err);

    if (status != SB_OK) {
        if (array->release != NULL) {
            array->release(array);
        }
        return status;
    }
    return sb_push_split_push(split, array, err);
}

enum sb_status sb_job_push_end(struct sb_job *job, const char *operator_id, int32_t split_index,
                               const char *failure, struct sb_error *err)
{
    struct sb_split *split = NULL;

    SB_TRY_RETURN(job_push_split(job, operator_id, split_index, &split, err));
    return sb_push_split_end(split, failure, err);
}

/* The sink's operator, when it is of the kind asked for. */
static enum sb_status job_sink(struct sb_job *job, const char *operator_id,
                               bool (*is_kind)(const struct sb_op *op), const char *kind,
                               struct sb_op **out, struct sb_error *err)
{
    const struct sb_node *node = sb_graph_node(job->graph, operator_id);

    if (node == NULL || node->type != SB_NODE_SINK) {
        return sb_error_set(err, SB_INVALID, "the graph has no sink with id '%s'", operator_id);
    }
    SB_TRY_RETURN(sb_job_compile(job, err));
    if (!is_kind(job->ops[node->index])) {
        return sb_error_set(err, SB_INVALID, "operator '%s' (sink) is not a %s sink", node->name,
                            kind);
    }
    *out = job->ops[node->index];
    return SB_OK;
}

enum sb_status sb_job_sink_stream(struct sb_job *job, const char *operator_id,
                                  struct ArrowArrayStream *out, struct sb_error *err)
{
    struct sb_op *op = NULL;

    SB_TRY_RETURN(job_sink(job, operator_id, sb_stream_sink_is, "streaming", &op, err));
    return sb_stream_sink_open(op, out, err);
}

static const struct sb_batch *collected_batch(const void *context, int64_t index)
{
    return sb_collect_batch(context, index);
}

enum sb_status sb_job_collect(struct sb_job *job, const char *operator_id,
                              struct ArrowArrayStream *out, struct sb_error *err)
{
    struct sb_op *op = NULL;

    SB_TRY_RETURN(job_sink(job, operator_id, sb_collect_is, "collecting", &op, err));
    if (!job->is_started || !sb_job_is_over(job)) {
        return sb_error_set(err, SB_BUSY, "the job has not ended: call sb_job_wait() first");
    }
    return sb_batch_stream_export(job->memory, op->node->schema, sb_collect_batch_count(op),
                                  collected_batch, op, out, err);
}

enum sb_status sb_job_snapshot(struct sb_job *job, struct sb_snapshot **out, struct sb_error *err)
{
    *out = NULL;
    if (!job->is_started) {
        return sb_error_set(err, SB_BUSY, "the job has not been started");
    }
    return sb_barrier_take(job, out, err);
}

enum sb_status sb_job_restore(struct sb_job *job, const struct sb_snapshot *snapshot,
                              struct sb_error *err)
{
    struct sb_error failure = {0};

    if (job->is_started) {
        return sb_error_set(err, SB_BUSY, "restore before the job starts");
    }
    SB_TRY_RETURN(sb_job_failure(job, err));
    SB_TRY_RETURN(sb_job_compile(job, err));
    if (sb_barrier_restore(job, snapshot, &failure) != SB_OK) {
        sb_job_fail(job, &failure); // half of the state is there: it must not run
    }
    return sb_job_failure(job, err);
}
