// SPDX-License-Identifier: Apache-2.0
/*
 * arrow.h - the border: Arrow C Data and C Stream in and out, without copying.
 *
 * Import takes the struct (its release is called exactly once, when the last column over it is
 * gone, or at once on an error) and checks what a wrong producer could break: children, lengths,
 * offsets, buffers that are missing, offsets that go backwards or past the heap or the child, views
 * and indices out of bounds, run ends that do not ascend or end too early, null counts. Sizes of
 * buffers do not cross this border and are believed. Metadata is dropped: an extension type arrives
 * as its storage type. Export gives a struct whose release frees our reference. Unions are refused
 * by name.
 */
#ifndef SABOT_COLUMNAR_ARROW_H
#define SABOT_COLUMNAR_ARROW_H

#include <sabot/arrow_abi.h>

#include "columnar/batch.h"

/* Borrows `schema` (a struct of columns). Refused types and names are in the message. */
SB_MUST_CHECK enum sb_status sb_schema_import(struct sb_memory *memory,
                                              const struct ArrowSchema *schema,
                                              struct sb_schema **out, struct sb_error *err);
SB_MUST_CHECK enum sb_status sb_schema_export(const struct sb_schema *schema,
                                              struct ArrowSchema *out, struct sb_error *err);

/* How much of a foreign array is looked at. */
enum sb_import_depth {
    SB_IMPORT_SAFE, // whatever memory safety depends on
    SB_IMPORT_FULL, // text is UTF-8, and children that are not nullable have no nulls, too
};
SB_MUST_CHECK enum sb_status sb_batch_import_checked(struct sb_memory *memory,
                                                     struct sb_schema *schema,
                                                     struct ArrowArray *array,
                                                     enum sb_import_depth depth,
                                                     struct sb_batch *out, struct sb_error *err);

/* Takes `array`, a struct array of `schema`. Rows of the struct must not be null themselves. */
SB_MUST_CHECK enum sb_status sb_batch_import(struct sb_memory *memory, struct sb_schema *schema,
                                             struct ArrowArray *array, struct sb_batch *out,
                                             struct sb_error *err);

/* Takes `batch`; it is flattened first. The exported array may outlive every other Sabot object. */
SB_MUST_CHECK enum sb_status sb_batch_export(struct sb_batch *batch, struct ArrowArray *out,
                                             struct sb_error *err);

/*
 * What sb_stream_export pulls: fills `out` (row_count 0 and schema NULL = the end). Returns a
 * status; the stream turns it into errno and the message.
 */
struct sb_batch_source {
    struct sb_schema *schema; // owned by the stream from now on
    enum sb_status (*next)(void *context, struct sb_batch *out, struct sb_error *err);
    void (*destroy)(void *context);
    void *context;
};

/* Takes `source`. */
SB_MUST_CHECK enum sb_status sb_stream_export(struct sb_batch_source *source,
                                              struct ArrowArrayStream *out, struct sb_error *err);

#endif
