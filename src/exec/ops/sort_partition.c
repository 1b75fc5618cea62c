// SPDX-License-Identifier: Apache-2.0
#include "exec/ops/sort_partition.h"

#include <string.h>

#include "base/hash.h"

enum {
    RANGE_ROWS = 32768, // ranges are not made smaller than this
    RANGE_COUNT_MAX = 1024,
    SAMPLES_PER_RANGE = 64,
};

static_assert(SAMPLES_PER_RANGE * 2 <= RANGE_ROWS, "there are rows to sample");

// --- planning ------------------------------------------------------------------------------------

/* `count` entries of rows at random places, in order. `spare` has room for as many. */
static void sample_take(const struct sb_sort *sort, uint64_t *entries, uint64_t *spare,
                        int64_t count)
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
static void border_set(const struct sb_sort *sort, uint64_t *border, const uint64_t *entry)
{
    const struct sb_sort_layout *layout = &sort->layout;

    memcpy(border, entry, sizeof *entry * (size_t)layout->words);
    if (layout->first_inexact < layout->key_count) {
        border[layout->words - 1] =
            layout->words == 1 ? entry[0] >> layout->place_bits << layout->place_bits : 0;
    }
}

static enum sb_status borders_choose(struct sb_sort *sort, struct sb_error *err)
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
static void shares_cut(struct sb_sort *sort)
{
    const struct sb_sort_list *list = &sort->list;
    int32_t count = sort->base.group_count;
    int64_t batch = 0;
    int64_t rows = 0;

    for (int32_t g = 0; g < count; g++) {
        struct sb_sort_share *share = &sort->shares[g];
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

enum sb_status sb_sort_plan(struct sb_sort *sort, struct sb_error *err)
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

static inline __attribute__((always_inline)) void ranges_find_words(const struct sb_sort *sort,
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

static void ranges_find(const struct sb_sort *sort, const uint64_t *entries, int64_t count,
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
static void share_partition(const struct sb_sort *sort, struct sb_sort_share *share,
                            const uint64_t *made, uint16_t *ranges, uint32_t *places)
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

static void share_make(const struct sb_sort *sort, const struct sb_sort_share *share,
                       uint64_t *entries)
{
    for (int64_t b = share->first_batch; b < share->end_batch; b++) {
        int64_t rows = sort->list.batches[b].batch.row_count;

        sb_sort_entries_make(&sort->layout, &sort->list, b, 0, rows, entries);
        entries += rows * sort->layout.words;
    }
}

enum sb_status sb_sort_partition(struct sb_sort *sort, struct sb_sort_share *share,
                                 struct sb_error *err)
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
