// SPDX-License-Identifier: Apache-2.0
/*
 * layout.h - stages, stations and exchanges of a job that is being compiled: made, connected, and
 * destroyed.
 *
 * What is made is on a list of the job or the stage at once; whoever fails halfway decompiles.
 */
#ifndef SABOT_EXEC_LAYOUT_H
#define SABOT_EXEC_LAYOUT_H

#include "exec/stage.h"

/* Zeroed bytes of the job's; `out` points to a pointer. */
SB_MUST_CHECK enum sb_status sb_layout_alloc(struct sb_job *job, size_t size, void *out,
                                             struct sb_error *err);

/* Appends `value` to an array of pointers that grows by one. */
SB_MUST_CHECK enum sb_status sb_layout_append(struct sb_job *job, void *array, int32_t *count,
                                              void *value, struct sb_error *err);

SB_MUST_CHECK enum sb_status sb_stage_create(struct sb_job *job, struct sb_stage **out,
                                             struct sb_error *err);
void sb_stage_destroy(struct sb_stage *stage);

/* `stage` waits until the side that `build` stores is complete. */
SB_MUST_CHECK enum sb_status sb_stage_add_gate(struct sb_stage *stage, struct sb_stage *build,
                                               struct sb_error *err);

/* Adds the exchanges behind `from`, directly or not, to those that `stage` reaches. */
SB_MUST_CHECK enum sb_status sb_stage_add_reach(struct sb_stage *stage, const struct sb_stage *from,
                                                struct sb_error *err);

/* The place of `op` in the stage; NULL when it has none. */
struct sb_station *sb_stage_find(struct sb_stage *stage, const struct sb_op *op, int32_t port);

SB_MUST_CHECK enum sb_status sb_station_create(struct sb_stage *stage, struct sb_op *op,
                                               int32_t op_index, int32_t port,
                                               struct sb_station **out, struct sb_error *err);
SB_MUST_CHECK enum sb_status sb_station_add_target(struct sb_station *station,
                                                   struct sb_target target, struct sb_error *err);

/* What the station emits goes to the exchange, too, of which its stage becomes a writer. */
SB_MUST_CHECK enum sb_status sb_station_add_outlet(struct sb_station *station,
                                                   struct sb_exchange *exchange,
                                                   struct sb_error *err);

/* The probe of a join that owes something at its end, in one of the stages that probe it. */
SB_MUST_CHECK enum sb_status sb_station_owe_probe_end(struct sb_station *station,
                                                      struct sb_exchange *build,
                                                      struct sb_error *err);

/* With a stage behind it. */
SB_MUST_CHECK enum sb_status sb_exchange_create(struct sb_job *job, enum sb_exchange_kind kind,
                                                struct sb_op *op, int32_t group_count,
                                                struct sb_exchange **out, struct sb_error *err);
void sb_exchange_destroy(struct sb_exchange *exchange, struct sb_memory *memory);

/* The stage writes to the exchange; `*writer` is its number there. */
SB_MUST_CHECK enum sb_status sb_exchange_add_writer(struct sb_exchange *exchange,
                                                    struct sb_stage *stage, int32_t *writer,
                                                    struct sb_error *err);

/* Once writers and their channels are known: sequencers, watermark channels, spool channels. */
SB_MUST_CHECK enum sb_status sb_exchange_add_channels(struct sb_exchange *exchange,
                                                      struct sb_error *err);

#endif
