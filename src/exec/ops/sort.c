// SPDX-License-Identifier: Apache-2.0
/*
 * sort.c - all rows, in the order of some columns.
 *
 * Workers collect batches as they come and note what the keys have in common. At the end all
 * groups work at once, in two passes and the end:
 *
 *   plan       group 0 brings the batches into the order of the input, chooses the bits of the key
 *              and, from a sample, the borders of as many ranges as there is work for
 *   partition  each group makes the entries of its share of the batches and puts them by range
 *   end        group r takes range r of all shares, sorts it, gathers its rows and emits them; the
 *              groups' rows reach consumers in the order of the groups
 *
 * State: the rows as they came, with where they stood. It belongs to group 0; local halves hand
 * their batches over under `lock`, and send an empty block to say so. Rows wait in memory.
 */
#include <pthread.h>
#include <string.h>

#include "base/hash.h"
#include "exec/ops/ops.h"
#include "exec/ops/sort_internal.h"

enum {
    PASS_PLAN,
    PASS_PARTITION,
    PASS_COUNT,
};

enum {
    RANGE_ROWS = 32768, // ranges are not made smaller than this
    RANGE_COUNT_MAX = 1024,
    SAMPLES_PER_RANGE = 64,
};

static_assert(SAMPLES_PER_RANGE * 2 <= RANGE_ROWS, "there are rows to sample");

/* The entries of some batches, range by range. */
struct share {
    int64_t first_batch;
    int64_t end_batch;
    int64_t row_count;
    uint64_t *entries;
    uint32_t *range_starts; // [range_count + 1]
};

/* What a group knows of itself; what it works on is the operator's. */
struct sort_group {
    int32_t index;
};

struct sort {
    struct sb_op base;
    const struct sb_order_spec *order;
    pthread_mutex_t lock; // of `list` until the end
    struct sb_sort_list list;
    struct sort_group *groups; // [group_count]
    // Made by the plan pass.
    struct sb_sort_layout layout;
    struct sb_sort_field *fields;
    int32_t range_count;
    int32_t search_count; // a power of two, at least range_count
    uint64_t *borders;    // [search_count] entries: range r begins at border r - 1
    struct share *shares; // [group_count]
    _Atomic int32_t ends_left;
};

struct sort_local {
    struct sb_sort_list list;
};

// --- collecting ----------------------------------------------------------------------------------

static enum sb_status sort_local_create(struct sb_op *op, int32_t port, struct sb_op_ctx *ctx,
                                        void **local)
{
    struct sort_local *made = sb_memory_alloc_zeroed(op->memory, sizeof *made);

    (void)port;
    if (made == NULL) {
        return sb_error_no_memory(ctx->error, "rows that wait to be sorted", (int64_t)sizeof *made);
    }
    *local = made;
    return SB_OK;
}

static void sort_local_destroy(struct sb_op *op, int32_t port, void *local)
{
    struct sort_local *old = local;

    (void)port;
    sb_sort_list_deinit(&old->list, op, ((struct sort *)op)->order);
    sb_memory_free(op->memory, old, sizeof *old);
}

static enum sb_status sort_on_batch(struct sb_op *op, void *state, int32_t port,
                                    struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct sort_local *local = state;
    struct sb_sort_batch kept = {0};
    uint64_t first[2];

    (void)port;
    if (batch->row_count == 0) {
        sb_batch_deinit(batch);
        return SB_OK;
    }
    sb_op_order(ctx, batch->row_count, first);
    sb_op_count(ctx, SB_LEDGER_HELD, batch->row_count);
    sb_batch_move(&kept.batch, batch);
    kept.first = (sb_uint128)first[1] << 64 | first[0];
    return sb_sort_list_add(&local->list, op, ((struct sort *)op)->order, &kept, ctx->error);
}

static enum sb_status sort_on_flush(struct sb_op *op, void *state, int32_t port,
                                    struct sb_op_ctx *ctx)
{
    struct sort *sort = (struct sort *)op;
    struct sort_local *local = state;
    struct sb_block *block;
    enum sb_status status;

    (void)port;
    if (local->list.count == 0) {
        return SB_OK;
    }
    block = sb_block_create(ctx->memory, 0);
    if (block == NULL) {
        return sb_error_no_memory(ctx->error, "a block", (int64_t)sizeof *block);
    }
    pthread_mutex_lock(&sort->lock);
    status = sb_sort_list_append(&sort->list, &local->list, op, sort->order, ctx->error);
    pthread_mutex_unlock(&sort->lock);
    if (status != SB_OK) {
        sb_block_destroy(ctx->memory, block);
        return status;
    }
    return sb_op_send(ctx, block);
}

static enum sb_status sort_group_create(struct sb_op *op, int32_t group, struct sb_op_ctx *ctx,
                                        void **state)
{
    (void)ctx;
    *state = &((struct sort *)op)->groups[group];
    return SB_OK;
}

static void sort_group_destroy(struct sb_op *op, void *state)
{
    (void)op;
    (void)state; // the operator's own
}

static enum sb_status sort_on_block(struct sb_op *op, void *state, struct sb_block *block,
                                    struct sb_op_ctx *ctx)
{
    (void)op;
    (void)state;
    sb_block_destroy(ctx->memory, block); // the rows are in the list already
    return SB_OK;
}

// --- planning ------------------------------------------------------------------------------------

/* `count` entries of rows at random places, in order. `spare` has room for as many. */
static void sample_take(const struct sort *sort, uint64_t *entries, uint64_t *spare, int64_t count)
{
    const struct sb_sort_list *list = &sort->list;
    int32_t words = sort->layout.words;
    int64_t batch = 0;
    int64_t batch_start = 0;

    for (int64_t i = 0; i < count; i++) { // one of each run of equal length, so places ascend
        int64_t low = (int64_t)((sb_uint128)list->row_count * (sb_uint128)i / (sb_uint128)count);
        int64_t high =
            (int64_t)((sb_uint128)list->row_count * (sb_uint128)(i + 1) / (sb_uint128)count);
        int64_t row = low + (int64_t)(sb_hash64((uint64_t)i) % (uint64_t)(high - low));

        while (row >= batch_start + list->batches[batch].batch.row_count) {
            batch_start += list->batches[batch].batch.row_count;
            batch++;
        }
        sb_sort_entries_make(&sort->layout, list, batch, row - batch_start, 1, entries + i * words);
    }
    sb_sort_entries(&sort->layout, entries, spare, count);
}

/* Rows with one key belong to one range when the key in the entry is not the whole key. */
static void border_set(const struct sort *sort, uint64_t *border, const uint64_t *entry)
{
    const struct sb_sort_layout *layout = &sort->layout;

    memcpy(border, entry, sizeof *entry * (size_t)layout->words);
    if (layout->first_inexact < layout->key_count) {
        border[layout->words - 1] =
            layout->words == 1 ? entry[0] >> layout->place_bits << layout->place_bits : 0;
    }
}

static enum sb_status borders_choose(struct sort *sort, struct sb_error *err)
{
    int32_t words = sort->layout.words;
    int64_t count = (int64_t)sort->range_count * SAMPLES_PER_RANGE;
    size_t sample_size = sizeof(uint64_t) * (size_t)(2 * count * words);
    size_t borders_size;
    uint64_t *sample;

    if (sort->range_count == 1) {
        return SB_OK;
    }
    sort->search_count = 1;
    while (sort->search_count < sort->range_count) {
        sort->search_count *= 2;
    }
    borders_size = sizeof *sort->borders * (size_t)(sort->search_count * words);
    sort->borders = sb_memory_alloc(sort->base.memory, borders_size);
    sample = sb_memory_alloc(sort->base.memory, sample_size);
    if (sort->borders == NULL || sample == NULL) {
        sb_memory_free(sort->base.memory, sample, sample_size);
        return sb_error_no_memory(err, "a sample of keys", (int64_t)(sample_size + borders_size));
    }
    memset(sort->borders, 0xff, borders_size);
    sample_take(sort, sample, sample + count * words, count);
    for (int32_t r = 1; r < sort->range_count; r++) {
        border_set(sort, sort->borders + (r - 1) * words,
                   sample + (int64_t)r * SAMPLES_PER_RANGE * words);
    }
    sb_memory_free(sort->base.memory, sample, sample_size);
    return SB_OK;
}

/* Whole batches, about as many rows for each group. */
static void shares_cut(struct sort *sort)
{
    const struct sb_sort_list *list = &sort->list;
    int32_t count = sort->base.group_count;
    int64_t batch = 0;
    int64_t rows = 0;

    for (int32_t g = 0; g < count; g++) {
        struct share *share = &sort->shares[g];
        int64_t end =
            (int64_t)((sb_uint128)list->row_count * (sb_uint128)(g + 1) / (sb_uint128)count);

        share->first_batch = batch;
        while (batch < list->count && rows < end) {
            rows += list->batches[batch].batch.row_count;
            share->row_count += list->batches[batch].batch.row_count;
            batch++;
        }
        share->end_batch = batch;
    }
    sb_assert(batch == list->count);
}

static enum sb_status sort_plan(struct sort *sort, struct sb_error *err)
{
    struct sb_op *op = &sort->base;
    size_t fields_size = sizeof *sort->fields * (size_t)sort->order->key_count;
    size_t shares_size = sizeof *sort->shares * (size_t)op->group_count;
    int64_t ranges = sort->list.row_count / RANGE_ROWS + 1;

    sb_sort_list_arrange(&sort->list);
    sort->fields = sb_memory_alloc_zeroed(op->memory, fields_size);
    sort->shares = sb_memory_alloc_zeroed(op->memory, shares_size);
    if (sort->fields == NULL || sort->shares == NULL) {
        return sb_error_no_memory(err, "the plan of the sort",
                                  (int64_t)(fields_size + shares_size));
    }
    sb_sort_layout_init(&sort->layout, sort->fields, sort->order, &sort->list);
    ranges = ranges < op->group_count ? ranges : op->group_count;
    sort->range_count = (int32_t)(ranges < RANGE_COUNT_MAX ? ranges : RANGE_COUNT_MAX);
    atomic_store(&sort->ends_left, op->group_count);
    shares_cut(sort);
    return borders_choose(sort, err);
}

// --- partitioning --------------------------------------------------------------------------------

static inline __attribute__((always_inline)) void ranges_find_words(const struct sort *sort,
                                                                    const uint64_t *entries,
                                                                    int64_t count, int32_t words,
                                                                    uint16_t *ranges)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t range = 0;

        for (uint32_t step = (uint32_t)sort->search_count / 2; step > 0; step /= 2) {
            const uint64_t *border = sort->borders + (int64_t)(range + step - 1) * words;
            range += sb_sort_entry_is_up_to(border, entries + i * words, words) ? step : 0;
        }
        // An entry of nothing but ones is not below the borders that fill the table up.
        range = range < (uint32_t)sort->range_count ? range : (uint32_t)sort->range_count - 1;
        ranges[i] = (uint16_t)range;
    }
}

static void ranges_find(const struct sort *sort, const uint64_t *entries, int64_t count,
                        uint16_t *ranges)
{
    switch (sort->layout.words) {
    case 1:
        ranges_find_words(sort, entries, count, 1, ranges);
        break;
    case 2:
        ranges_find_words(sort, entries, count, 2, ranges);
        break;
    default:
        ranges_find_words(sort, entries, count, 3, ranges);
        break;
    }
}

static void entries_scatter(const uint64_t *from, const uint16_t *ranges, int64_t count,
                            int32_t words, uint32_t *places, uint64_t *to)
{
    for (int64_t i = 0; i < count; i++) {
        uint64_t *place = to + (int64_t)places[ranges[i]]++ * words;

        for (int32_t w = 0; w < words; w++) {
            place[w] = from[i * words + w];
        }
    }
}

/* Puts `made` in order of ranges into the share. `places` is room for range_count numbers. */
static void share_partition(const struct sort *sort, struct share *share, const uint64_t *made,
                            uint16_t *ranges, uint32_t *places)
{
    uint32_t start = 0;

    ranges_find(sort, made, share->row_count, ranges);
    memset(places, 0, sizeof *places * (size_t)sort->range_count);
    for (int64_t i = 0; i < share->row_count; i++) {
        places[ranges[i]]++;
    }
    for (int32_t r = 0; r < sort->range_count; r++) {
        uint32_t rows = places[r];
        share->range_starts[r] = start;
        places[r] = start;
        start += rows;
    }
    share->range_starts[sort->range_count] = start;
    entries_scatter(made, ranges, share->row_count, sort->layout.words, places, share->entries);
}

static void share_make(const struct sort *sort, const struct share *share, uint64_t *entries)
{
    for (int64_t b = share->first_batch; b < share->end_batch; b++) {
        int64_t rows = sort->list.batches[b].batch.row_count;

        sb_sort_entries_make(&sort->layout, &sort->list, b, 0, rows, entries);
        entries += rows * sort->layout.words;
    }
}

static enum sb_status sort_partition(struct sort *sort, struct share *share, struct sb_error *err)
{
    struct sb_memory *memory = sort->base.memory;
    size_t entries_size = sizeof(uint64_t) * (size_t)(share->row_count * sort->layout.words);
    size_t ranges_size = sizeof(uint16_t) * (size_t)share->row_count;
    size_t places_size = sizeof(uint32_t) * (size_t)(sort->range_count + 1);
    uint64_t *made = NULL;
    uint16_t *ranges = NULL;
    uint32_t *places = NULL;
    enum sb_status status = SB_OK;

    if (share->row_count == 0) {
        return SB_OK;
    }
    share->entries = sb_memory_alloc(memory, entries_size);
    share->range_starts = sb_memory_alloc_zeroed(memory, places_size);
    made = sort->range_count > 1 ? sb_memory_alloc(memory, entries_size) : NULL;
    ranges = sb_memory_alloc(memory, ranges_size);
    places = sb_memory_alloc(memory, places_size);
    if (share->entries == NULL || share->range_starts == NULL || ranges == NULL || places == NULL ||
        (made == NULL && sort->range_count > 1)) {
        status = sb_error_no_memory(err, "the entries of rows", (int64_t)entries_size);
        goto out;
    }
    if (sort->range_count == 1) {
        share_make(sort, share, share->entries);
        share->range_starts[1] = (uint32_t)share->row_count;
    } else {
        share_make(sort, share, made);
        share_partition(sort, share, made, ranges, places);
    }

out:
    sb_memory_free(memory, made, entries_size);
    sb_memory_free(memory, ranges, ranges_size);
    sb_memory_free(memory, places, places_size);
    return status;
}

static enum sb_status sort_on_end_pass(struct sb_op *op, void *state, int32_t pass,
                                       struct sb_op_ctx *ctx)
{
    struct sort *sort = (struct sort *)op;
    const struct sort_group *group = state;

    if (pass == PASS_PLAN) {
        return group->index == 0 ? sort_plan(sort, ctx->error) : SB_OK;
    }
    return sort_partition(sort, &sort->shares[group->index], ctx->error);
}

// --- the end -------------------------------------------------------------------------------------

static int64_t range_row_count(const struct sort *sort, int32_t range)
{
    int64_t count = 0;

    for (int32_t g = 0; g < sort->base.group_count; g++) {
        const struct share *share = &sort->shares[g];
        if (share->row_count > 0) {
            count += share->range_starts[range + 1] - share->range_starts[range];
        }
    }
    return count;
}

/* The entries of a range, in the order of their places. */
static void range_copy(const struct sort *sort, int32_t range, uint64_t *entries)
{
    int32_t words = sort->layout.words;

    for (int32_t g = 0; g < sort->base.group_count; g++) {
        const struct share *share = &sort->shares[g];
        int64_t count;

        if (share->row_count == 0) {
            continue;
        }
        count = share->range_starts[range + 1] - share->range_starts[range];
        memcpy(entries, share->entries + (int64_t)share->range_starts[range] * words,
               sizeof *entries * (size_t)(count * words));
        entries += count * words;
    }
}

static enum sb_status range_sort(const struct sort *sort, int32_t range, int64_t count,
                                 uint64_t *entries, struct sb_error *err)
{
    struct sb_memory *memory = sort->base.memory;
    size_t size = sizeof *entries * (size_t)(count * sort->layout.words);
    uint64_t *spare = sb_memory_alloc(memory, size);

    if (spare == NULL) {
        return sb_error_no_memory(err, "the entries of rows", (int64_t)size);
    }
    range_copy(sort, range, entries);
    sb_sort_entries(&sort->layout, entries, spare, count);
    sb_sort_ties(&sort->layout, sort->order, &sort->list, entries, spare, count);
    sb_memory_free(memory, spare, size);
    return SB_OK;
}

/* In pieces of about equal size. */
static enum sb_status range_emit(const struct sort *sort, const uint64_t *entries, int64_t count,
                                 struct sb_op_ctx *ctx)
{
    int64_t pieces = (count + SB_SORT_PIECE_ROWS - 1) / SB_SORT_PIECE_ROWS;

    for (int64_t i = 0; i < pieces; i++) {
        int64_t first = count * i / pieces;
        int64_t end = count * (i + 1) / pieces;
        struct sb_batch batch;

        SB_TRY_RETURN(sb_sort_gather(&sort->layout, &sort->list, sort->base.node->schema,
                                     entries + first * sort->layout.words, end - first, ctx->memory,
                                     &batch, ctx->error));
        sb_op_count(ctx, SB_LEDGER_HELD, first - end);
        SB_TRY_RETURN(sb_op_emit(ctx, &batch));
    }
    return SB_OK;
}

static enum sb_status sort_range(struct sort *sort, int32_t range, struct sb_op_ctx *ctx)
{
    int64_t count = range_row_count(sort, range);
    size_t size = sizeof(uint64_t) * (size_t)(count * sort->layout.words);
    uint64_t *entries;
    enum sb_status status;

    if (count == 0) {
        return SB_OK;
    }
    entries = sb_memory_alloc(sort->base.memory, size);
    if (entries == NULL) {
        return sb_error_no_memory(ctx->error, "the entries of rows", (int64_t)size);
    }
    SB_TRY_OUT(range_sort(sort, range, count, entries, ctx->error));
    status = range_emit(sort, entries, count, ctx);

out:
    sb_memory_free(sort->base.memory, entries, size);
    return status;
}

/* What the end needs and nobody after it. */
static void sort_clear(struct sort *sort)
{
    struct sb_memory *memory = sort->base.memory;
    size_t words = (size_t)sort->layout.words;

    for (int32_t g = 0; sort->shares != NULL && g < sort->base.group_count; g++) {
        struct share *share = &sort->shares[g];
        sb_memory_free(memory, share->entries, sizeof(uint64_t) * (size_t)share->row_count * words);
        sb_memory_free(memory, share->range_starts,
                       sizeof(uint32_t) * (size_t)(sort->range_count + 1));
    }
    if (sort->shares != NULL) {
        sb_memory_free(memory, sort->shares, sizeof *sort->shares * (size_t)sort->base.group_count);
    }
    if (sort->borders != NULL) {
        sb_memory_free(memory, sort->borders,
                       sizeof *sort->borders * (size_t)sort->search_count * words);
    }
    if (sort->fields != NULL) {
        sb_memory_free(memory, sort->fields, sizeof *sort->fields * (size_t)sort->order->key_count);
    }
    sort->shares = NULL;
    sort->borders = NULL;
    sort->fields = NULL;
    sb_sort_list_deinit(&sort->list, &sort->base, sort->order);
}

static enum sb_status sort_on_end(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct sort *sort = (struct sort *)op;
    const struct sort_group *group = state;
    enum sb_status status = SB_OK;

    if (group->index < sort->range_count) {
        status = sort_range(sort, group->index, ctx);
    }
    if (atomic_fetch_sub(&sort->ends_left, 1) == 1) {
        sort_clear(sort);
    }
    return status;
}

// --- snapshots -----------------------------------------------------------------------------------

static enum sb_status sort_state_schema(struct sb_op *op, struct sb_memory *memory,
                                        struct sb_schema **out, struct sb_error *err)
{
    return sb_sort_list_schema(op, memory, out, err);
}

static enum sb_status sort_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    const struct sort_group *group = state;

    return group->index == 0 ? sb_sort_list_save(&((struct sort *)op)->list, op, ctx) : SB_OK;
}

static enum sb_status sort_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                                   struct sb_op_ctx *ctx)
{
    struct sort *sort = (struct sort *)op;

    (void)state;
    return sb_sort_list_restore(&sort->list, op, sort->order, batch, ctx);
}

static void sort_destroy(struct sb_op *op)
{
    struct sort *sort = (struct sort *)op;

    sort_clear(sort);
    sb_memory_free(op->memory, sort->groups, sizeof *sort->groups * (size_t)op->group_count);
    pthread_mutex_destroy(&sort->lock);
    sb_op_free(op, sizeof *sort);
}

static const struct sb_op_vtable sort_vtable = {
    .name = "sort",
    .placement = SB_OP_KEYED,
    .build_port = SB_NO_PORT,
    .destroy = sort_destroy,
    .local_create = sort_local_create,
    .local_destroy = sort_local_destroy,
    .on_batch = sort_on_batch,
    .on_flush = sort_on_flush,
    .group_create = sort_group_create,
    .group_destroy = sort_group_destroy,
    .on_block = sort_on_block,
    .emits_only_at_end = true,
    .end_pass_count = PASS_COUNT,
    .on_end_pass = sort_on_end_pass,
    .on_end = sort_on_end,
    .ends_in_order = true,
    .state_schema = sort_state_schema,
    .snapshot = sort_snapshot,
    .restore = sort_restore,
};

enum sb_status sb_sort_create(const struct sb_op_options *options, struct sb_op **out,
                              struct sb_error *err)
{
    struct sort *sort;
    size_t groups_size;

    SB_TRY_RETURN(sb_op_alloc(&sort_vtable, sizeof *sort, options, &sort, err));
    pthread_mutex_init(&sort->lock, NULL);
    sort->order = &options->node->spec.sort;
    groups_size = sizeof *sort->groups * (size_t)sort->base.group_count;
    sort->groups = sb_memory_alloc(options->memory, groups_size);
    if (sort->groups == NULL) {
        sort_destroy(&sort->base);
        return sb_error_no_memory(err, "key groups", (int64_t)groups_size);
    }
    for (int32_t g = 0; g < sort->base.group_count; g++) {
        sort->groups[g].index = g;
    }
    *out = &sort->base;
    return SB_OK;
}
