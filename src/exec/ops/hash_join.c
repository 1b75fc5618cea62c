// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join.c - rows of the left input beside the rows of the right with equal keys.
 *
 * The right input is the build side: its rows go to their key group by blocks (hash_join_build.c)
 * and stay there; when all have come, each group makes its index (hash_join_group.c). Then the left
 * input is probed where it is, on every worker, against all groups, which nobody changes any more
 * (hash_join_probe.c). Where right rows without a match come out, too, probes mark those that have
 * one, and when the last probe is over each group emits the others (hash_join_rest.c).
 */
#include "exec/ops/hash_join_internal.h"
#include "exec/ops/ops.h"

static void hash_join_destroy(struct sb_op *op)
{
    struct sb_hash_join plan;

    sb_join_direct_deinit(sb_hash_join_from(op));
    plan = *sb_hash_join_from(op);
    sb_op_free(op, sizeof plan); // first: groups use the layouts
    sb_hash_join_plan_deinit(&plan);
}

static enum sb_status hash_join_local_create(struct sb_op *op, int32_t port, struct sb_op_ctx *ctx,
                                             void **out)
{
    return port == SB_JOIN_BUILD_PORT ? sb_join_build_create(op, ctx, out)
                                      : sb_hash_join_probe_create(op, ctx, out);
}

static void hash_join_local_destroy(struct sb_op *op, int32_t port, void *local)
{
    if (port == SB_JOIN_BUILD_PORT) {
        sb_join_build_destroy(op, local);
    } else {
        sb_hash_join_probe_destroy(op, local);
    }
}

static enum sb_status hash_join_on_batch(struct sb_op *op, void *local, int32_t port,
                                         struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    enum sb_status status;

    if (port == SB_JOIN_PROBE_PORT) {
        return sb_hash_join_probe(op, local, batch, ctx);
    }
    status = sb_join_build_batch(sb_hash_join_from(op), local, batch, ctx);
    sb_batch_deinit(batch);
    return status;
}

static enum sb_status hash_join_on_flush(struct sb_op *op, void *local, int32_t port,
                                         struct sb_op_ctx *ctx)
{
    return port == SB_JOIN_BUILD_PORT ? sb_join_build_flush(sb_hash_join_from(op), local, ctx)
                                      : SB_OK;
}

static enum sb_status hash_join_on_end(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    return sb_join_link(sb_hash_join_from(op), state, ctx->error);
}

static enum sb_status hash_join_state_schema(struct sb_op *op, struct sb_memory *memory,
                                             struct sb_schema **out, struct sb_error *err)
{
    *out = sb_schema_retain(sb_hash_join_from(op)->state_schema);
    return SB_OK;
}

static bool hash_join_owes_probe_end(const struct sb_op *op)
{
    return ((const struct sb_hash_join *)op)->keeps_right;
}

static const struct sb_op_vtable hash_join_vtable = {
    .name = "hash_join",
    .placement = SB_OP_KEYED,
    .build_port = SB_JOIN_BUILD_PORT,
    .emits_only_at_end = true,
    .may_multiply = true,
    .destroy = hash_join_destroy,
    .local_create = hash_join_local_create,
    .local_destroy = hash_join_local_destroy,
    .on_batch = hash_join_on_batch,
    .on_flush = hash_join_on_flush,
    .group_create = sb_join_group_create,
    .group_destroy = sb_join_group_destroy,
    .on_block = sb_join_on_block,
    .on_end = hash_join_on_end,
    .on_probe_end = sb_join_emit_rest,
    .owes_probe_end = hash_join_owes_probe_end,
    .state_schema = hash_join_state_schema,
    .snapshot = sb_join_snapshot,
    .restore = sb_join_restore,
};

enum sb_status sb_hash_join_create(const struct sb_op_options *options, struct sb_op **out,
                                   struct sb_error *err)
{
    struct sb_hash_join *join;
    enum sb_status status;

    *out = NULL;
    SB_TRY_RETURN(sb_op_alloc(&hash_join_vtable, sizeof *join, options, &join, err));
    status = sb_hash_join_plan(join, options, err);
    if (status != SB_OK) {
        hash_join_destroy(&join->op);
        return status;
    }
    *out = &join->op;
    return SB_OK;
}
