// SPDX-License-Identifier: Apache-2.0
/*
 * splits.h - the kinds of source splits there are.
 */
#ifndef SABOT_CONNECT_SPLITS_H
#define SABOT_CONNECT_SPLITS_H

#include <sabot/arrow_abi.h>
#include <sabot/text.h>

#include "columnar/arrow.h"
#include "exec/split.h"
#include "plan/graph.h"

/* What a split does with the Arrow batches of others. */
struct sb_stream_options {
    int64_t skip_rows;
    int64_t limit_rows; // -1 = all
    enum sb_import_depth depth;
};

/*
 * Pulls an Arrow stream. Takes `stream` in every outcome. Columns are matched by name to `schema`;
 * one that the stream lacks reads as null, one of another type is an error.
 */
SB_MUST_CHECK enum sb_status sb_stream_split_create(struct sb_memory *memory,
                                                    struct sb_schema *schema,
                                                    struct ArrowArrayStream *stream,
                                                    const struct sb_stream_options *options,
                                                    struct sb_split **out, struct sb_error *err);

/* Is fed from outside threads, which wait while too much is queued. */
SB_MUST_CHECK enum sb_status sb_push_split_create(struct sb_memory *memory,
                                                  struct sb_schema *schema,
                                                  enum sb_import_depth depth, struct sb_split **out,
                                                  struct sb_error *err);
bool sb_push_split_is(const struct sb_split *split);

/* Takes `array`; SB_CANCELED when no more rows are wanted. */
SB_MUST_CHECK enum sb_status sb_push_split_push(struct sb_split *split, struct ArrowArray *array,
                                                struct sb_error *err);
SB_MUST_CHECK enum sb_status sb_push_split_end(struct sb_split *split, const char *failure,
                                               struct sb_error *err);

/* Reads CSV or JSON. Copies the options, takes `input` in every outcome. */
SB_MUST_CHECK enum sb_status sb_text_split_create(struct sb_memory *memory,
                                                  struct sb_schema *schema,
                                                  const struct sb_text_options *options,
                                                  const struct sb_text_input *input,
                                                  struct sb_split **out, struct sb_error *err);

/* Makes rows [index, index + 1) / split_count of a generator source. */
SB_MUST_CHECK enum sb_status sb_generator_split_create(struct sb_memory *memory,
                                                       const struct sb_node *node, int32_t index,
                                                       struct sb_split **out, struct sb_error *err);

#endif
