// SPDX-License-Identifier: Apache-2.0
/*
 * stream_join.c - HASH_JOIN of sides that may never end, and of rows near each other in time.
 *
 * Both sides are stored by key (stream_join_local.c, stream_join_group.c). A pair matches when its
 * keys are equal and, with `within`, its times are no farther apart than that; this holds whether
 * rows come as a stream or as a whole, in any order. The watermark decides only when a row may be
 * forgotten, and when a row without a match comes out: once it has passed time + within. A row
 * older than the watermark is late: it is dropped and counted, since what it might match may be
 * gone.
 */
#include "exec/ops/ops.h"
#include "exec/ops/stream_join_internal.h"
#include "time/watermark.h"

static void stream_join_destroy(struct sb_op *op)
{
    struct sb_stream_join *join = sb_stream_join_from(op);
    struct sb_stream_join plan;

    for (int32_t w = 0; join->outputs != NULL && w <= op->worker_count; w++) {
        sb_stream_output_destroy(join, join->outputs[w]);
    }
    plan = *join;
    sb_op_free(op, sizeof plan); // first: groups use the layouts
    sb_stream_join_plan_deinit(&plan);
}

static enum sb_status stream_join_state_schema(struct sb_op *op, struct sb_memory *memory,
                                               struct sb_schema **out, struct sb_error *err)
{
    *out = sb_schema_retain(sb_stream_join_from(op)->state_schema);
    return SB_OK;
}

/*
 * What comes out after a watermark may carry stored rows, which are older by up to what is kept.
 * Where nothing is ever forgotten, any age may come, so nothing can be promised.
 */
static int64_t stream_join_output_watermark(const struct sb_op *op, int64_t watermark_us)
{
    const struct sb_stream_join *join = (const struct sb_stream_join *)op;
    int64_t keep_us = join->keep / join->time_unit_us;

    if (join->keep < 0 || watermark_us < INT64_MIN + 1 + keep_us) {
        return SB_WATERMARK_NONE;
    }
    return watermark_us - keep_us;
}

static const struct sb_op_vtable stream_join_vtable = {
    .name = "stream_join",
    .placement = SB_OP_KEYED,
    .build_port = SB_NO_PORT,
    .destroy = stream_join_destroy,
    .local_create = sb_stream_local_create,
    .local_destroy = sb_stream_local_destroy,
    .on_batch = sb_stream_local_batch,
    .on_flush = sb_stream_local_flush,
    .group_create = sb_stream_group_create,
    .group_destroy = sb_stream_group_destroy,
    .on_block = sb_stream_on_block,
    .on_watermark = sb_stream_on_watermark,
    .output_watermark = stream_join_output_watermark,
    .on_end = sb_stream_on_end,
    .state_schema = stream_join_state_schema,
    .snapshot = sb_stream_snapshot,
    .restore = sb_stream_restore,
};

enum sb_status sb_stream_join_create(const struct sb_op_options *options, struct sb_op **out,
                                     struct sb_error *err)
{
    struct sb_stream_join *join;
    enum sb_status status;

    *out = NULL;
    SB_TRY_RETURN(sb_op_alloc(&stream_join_vtable, sizeof *join, options, &join, err));
    status = sb_stream_join_plan(join, options, err);
    if (status != SB_OK) {
        stream_join_destroy(&join->op);
        return status;
    }
    *out = &join->op;
    return SB_OK;
}
