// SPDX-License-Identifier: Apache-2.0
/*
 * batch_stream.h - batches that are there already, as an Arrow stream.
 */
#ifndef SABOT_CONNECT_BATCH_STREAM_H
#define SABOT_CONNECT_BATCH_STREAM_H

#include <sabot/arrow_abi.h>

#include "columnar/batch.h"

/*
 * Shares `batch_count` batches, got one by one from `batch_at`; the stream may outlive everything
 * else. Nothing is copied but column headers.
 */
SB_MUST_CHECK enum sb_status sb_batch_stream_export(
    struct sb_memory *memory, struct sb_schema *schema, int64_t batch_count,
    const struct sb_batch *(*batch_at)(const void *context, int64_t index), const void *context,
    struct ArrowArrayStream *out, struct sb_error *err);

#endif
