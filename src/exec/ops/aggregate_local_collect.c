// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_local_collect.c - the values of collecting steps on their way to where their keys are.
 */
#include "exec/ops/aggregate_local_internal.h"

static size_t collectors_size(const struct sb_aggregate *aggregate)
{
    return sizeof(struct sb_local_collector) * (size_t)aggregate->collector_count;
}

void sb_aggregate_local_collect_deinit(const struct sb_aggregate *aggregate,
                                       struct sb_aggregate_local *local)
{
    sb_row_chunk_destroy(local->collected);
    sb_row_heap_deinit(&local->listed);
    if (local->collectors == NULL) {
        return;
    }
    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        sb_row_recent_deinit(&local->collectors[c].recent);
        sb_row_scatter_deinit(&local->collectors[c].values);
        if (aggregate->collectors[c].is_words) {
            sb_distinct_local_deinit(&local->collectors[c].distinct);
        }
    }
    sb_memory_free(aggregate->op.memory, local->collectors, collectors_size(aggregate));
}

enum sb_status sb_aggregate_local_collect_init(struct sb_aggregate *aggregate,
                                               struct sb_aggregate_local *local,
                                               struct sb_error *err)
{
    struct sb_memory *memory = aggregate->op.memory;

    if (aggregate->collector_count == 0) {
        return SB_OK;
    }
    local->listed.memory = memory;
    local->collectors = sb_memory_alloc_zeroed(memory, collectors_size(aggregate));
    if (local->collectors == NULL) {
        return sb_error_no_memory(err, "local state", (int64_t)collectors_size(aggregate));
    }
    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        const struct sb_aggregate_collector *collector = &aggregate->collectors[c];
        sb_row_recent_init(&local->collectors[c].recent, memory, &collector->entries,
                           collector->initial_entry);
        sb_row_scatter_init(&local->collectors[c].values, &aggregate->op, &collector->layout,
                            SB_AGGREGATE_COLLECTED + c);
        if (collector->is_words) {
            sb_distinct_local_init(&local->collectors[c].distinct, aggregate, c);
        }
    }
    return sb_row_chunk_create(memory, aggregate->key_count + 1, &local->collected, err);
}

/* The values of a collector that are not null, with their keys. */
static int64_t collected_load(const struct sb_aggregate *aggregate,
                              const struct sb_aggregate_collector *collector,
                              const struct sb_row_chunk *from, int64_t count,
                              struct sb_row_chunk *out)
{
    const struct sb_aggregate_step *step = &aggregate->steps[collector->step];
    const struct sb_row_vector *arg = &from->vectors[aggregate->key_count + collector->arg];
    struct sb_row_scratch *scratch = &out->scratches[aggregate->key_count];
    struct sb_row_vector *values = &out->vectors[aggregate->key_count];
    uint16_t places[SB_ROW_CHUNK];
    int64_t found = 0;

    if (arg->nulls == NULL && step->kind != SB_STEP_VALUES) {
        memcpy(out->vectors, from->vectors, sizeof *out->vectors * (size_t)aggregate->key_count);
        *values = *arg;
        return count;
    }
    for (int64_t i = 0; i < count; i++) {
        places[found] = (uint16_t)i;
        found += arg->nulls == NULL || !arg->nulls[i];
    }
    for (int32_t k = 0; k < aggregate->key_count; k++) {
        out->vectors[k] = from->vectors[k];
        if (found < count) {
            sb_row_vector_gather(&from->vectors[k], places, found, &out->scratches[k],
                                 &out->vectors[k]);
        }
    }
    if (step->kind == SB_STEP_VALUES) {
        for (int64_t i = 0; i < found; i++) {
            scratch->words[i] = sb_float_word(sb_aggregate_number(step, arg, places[i]));
        }
        *values = (struct sb_row_vector){SB_ROW_FLOAT, scratch->words, NULL};
        return found;
    }
    *values = *arg;
    if (found < count) {
        sb_row_vector_gather(arg, places, found, scratch, values);
        values->nulls = NULL;
    }
    return found;
}

enum sb_status sb_aggregate_local_collect_apply(struct sb_aggregate *aggregate,
                                                struct sb_aggregate_local *local,
                                                const struct sb_batch *batch,
                                                const uint64_t order[2], int64_t first,
                                                int64_t count, struct sb_op_ctx *ctx)
{
    struct sb_row_chunk *chunk = local->collected;
    uint64_t pair_hashes[SB_ROW_CHUNK];
    struct sb_distinct_words words;

    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        const struct sb_aggregate_collector *collector = &aggregate->collectors[c];
        bool is_list = aggregate->steps[collector->step].kind == SB_STEP_LIST;
        int64_t found =
            is_list ? count : collected_load(aggregate, collector, local->chunk, count, chunk);

        if (is_list) {
            memcpy(chunk->vectors, local->chunk->vectors,
                   sizeof *chunk->vectors * (size_t)aggregate->key_count);
            sb_row_heap_reset(&local->listed);
            SB_TRY_RETURN(sb_aggregate_list_load(
                &batch->columns[aggregate->args[collector->arg].column], sb_batch_rows(batch),
                order, first, count, &local->listed, &chunk->scratches[aggregate->key_count],
                &chunk->vectors[aggregate->key_count], ctx->error));
        }
        if (collector->is_words) {
            int64_t taken = sb_distinct_split(aggregate, chunk, &found, &words);
            SB_TRY_RETURN(sb_distinct_send(&local->collectors[c].distinct, &words, taken, ctx));
            if (found == 0) {
                continue;
            }
        }
        sb_row_chunk_hash(chunk, aggregate->key_count, found);
        if (aggregate->steps[collector->step].kind == SB_STEP_DISTINCT) {
            memcpy(pair_hashes, chunk->hashes, sizeof *pair_hashes * (size_t)found);
            sb_row_vector_hash(&chunk->vectors[aggregate->key_count], found,
                               aggregate->key_count == 0, pair_hashes);
            if (aggregate->key_count == 0 && !aggregate->emits_updates) {
                // Without keys any group will do: values are spread and counts added up at the end.
                memcpy(chunk->hashes, pair_hashes, sizeof *pair_hashes * (size_t)found);
            }
            SB_TRY_RETURN(sb_row_recent_pick(&local->collectors[c].recent, pair_hashes,
                                             aggregate->key_count + 1, chunk, &found, ctx->error));
        }
        SB_TRY_RETURN(sb_row_scatter_append(&local->collectors[c].values, chunk, found, ctx));
    }
    return SB_OK;
}

enum sb_status sb_aggregate_local_collect_flush(const struct sb_aggregate *aggregate,
                                                struct sb_aggregate_local *local,
                                                struct sb_op_ctx *ctx)
{
    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        SB_TRY_RETURN(sb_row_scatter_flush(&local->collectors[c].values, ctx));
        if (aggregate->collectors[c].is_words) {
            SB_TRY_RETURN(sb_row_scatter_flush(&local->collectors[c].distinct.words, ctx));
        }
    }
    return SB_OK;
}
