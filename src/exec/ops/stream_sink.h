// SPDX-License-Identifier: Apache-2.0
/*
 * stream_sink.h - the outside end of a sink that hands its rows out as an Arrow stream.
 */
#ifndef SABOT_EXEC_OPS_STREAM_SINK_H
#define SABOT_EXEC_OPS_STREAM_SINK_H

#include <sabot/arrow_abi.h>

#include "exec/op.h"

bool sb_stream_sink_is(const struct sb_op *op);

/* Once per sink. The stream may outlive the job. */
SB_MUST_CHECK enum sb_status sb_stream_sink_open(struct sb_op *op, struct ArrowArrayStream *out,
                                                 struct sb_error *err);

#endif
