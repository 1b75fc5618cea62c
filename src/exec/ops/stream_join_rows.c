// SPDX-License-Identifier: Apache-2.0
/*
 * stream_join_rows.c - the stored rows of one side of a key group.
 *
 * Rows lie in segments in the order they came; a segment goes, with its texts, when all its rows
 * are gone. Rows of a slot are chained in both directions, so that any of them is taken out at
 * once, however many rows share its key.
 */
#include "exec/ops/stream_join_internal.h"

enum {
    SEGMENT_SIZE_MIN = 2 * 1024,
    SEGMENT_SIZE_MAX = 64 * 1024,
    SLOT_COUNT_MIN = 16,
};

struct sb_stream_segment {
    struct sb_stream_segment *next;
    struct sb_stream_segment *previous;
    struct sb_row_heap heap; // long texts of its rows
    int64_t row_capacity;
    int64_t row_count;  // with those that are gone
    int64_t live_count; // without
    _Alignas(16) uint8_t rows[];
};

static size_t row_size(const struct sb_stream_rows *rows)
{
    return sizeof(struct sb_stream_row) + sizeof(uint64_t) * (size_t)rows->row_words;
}

static size_t segment_size(const struct sb_stream_rows *rows, int64_t row_capacity)
{
    return sizeof(struct sb_stream_segment) + row_size(rows) * (size_t)row_capacity;
}

static struct sb_stream_row *segment_row(const struct sb_stream_rows *rows,
                                         struct sb_stream_segment *segment, int64_t index)
{
    return (struct sb_stream_row *)(void *)(segment->rows + row_size(rows) * (size_t)index);
}

void sb_stream_rows_init(struct sb_stream_rows *rows, struct sb_memory *memory, int32_t row_words)
{
    *rows = (struct sb_stream_rows){.memory = memory, .row_words = row_words};
}

static void segment_free(struct sb_stream_rows *rows, struct sb_stream_segment *segment)
{
    *(segment->previous != NULL ? &segment->previous->next : &rows->first) = segment->next;
    *(segment->next != NULL ? &segment->next->previous : &rows->last) = segment->previous;
    sb_row_heap_deinit(&segment->heap);
    sb_memory_free(rows->memory, segment, segment_size(rows, segment->row_capacity));
}

void sb_stream_rows_deinit(struct sb_stream_rows *rows)
{
    while (rows->first != NULL) {
        segment_free(rows, rows->first);
    }
    sb_memory_free(rows->memory, rows->slots, sizeof *rows->slots * (size_t)rows->slot_count);
    sb_memory_free(rows->memory, rows->expiries,
                   sizeof *rows->expiries * (size_t)rows->expiry_capacity);
}

// --- the index -----------------------------------------------------------------------------------

static void row_chain(struct sb_stream_rows *rows, struct sb_stream_row *row)
{
    struct sb_stream_row **slot = sb_stream_rows_slot(rows, row->hash);

    row->next = *slot;
    row->link = slot;
    if (row->next != NULL) {
        row->next->link = &row->next;
    }
    *slot = row;
}

enum sb_status sb_stream_rows_reserve(struct sb_stream_rows *rows, int64_t count,
                                      struct sb_error *err)
{
    int64_t slot_count = rows->slot_count == 0 ? SLOT_COUNT_MIN : rows->slot_count;
    struct sb_stream_walk walk = {0};
    struct sb_stream_row *row;
    struct sb_stream_row **slots;

    while (slot_count < rows->row_count + count) {
        slot_count *= 2;
    }
    if (slot_count == rows->slot_count) {
        return SB_OK;
    }
    slots = sb_memory_alloc_zeroed(rows->memory, sizeof *slots * (size_t)slot_count);
    if (slots == NULL) {
        return sb_error_no_memory(err, "an index of a join", (int64_t)sizeof *slots * slot_count);
    }
    sb_memory_free(rows->memory, rows->slots, sizeof *slots * (size_t)rows->slot_count);
    rows->slots = slots;
    rows->slot_count = slot_count;
    while (sb_stream_rows_next(rows, &walk, 1, &row) > 0) {
        row_chain(rows, row);
    }
    return SB_OK;
}

// --- the heap by time ----------------------------------------------------------------------------

static enum sb_status expiry_push(struct sb_stream_rows *rows, int64_t time,
                                  struct sb_stream_row *row, struct sb_error *err)
{
    struct sb_stream_expiry *heap = rows->expiries;
    int64_t at = rows->expiry_count;

    if (at == rows->expiry_capacity) {
        int64_t capacity = at == 0 ? 64 : 2 * at;
        heap = sb_memory_realloc(rows->memory, heap, sizeof *heap * (size_t)at,
                                 sizeof *heap * (size_t)capacity);
        if (heap == NULL) {
            return sb_error_no_memory(err, "the order of rows by time",
                                      (int64_t)sizeof *heap * capacity);
        }
        rows->expiries = heap;
        rows->expiry_capacity = capacity;
    }
    rows->expiry_count++;
    for (; at > 0 && heap[(at - 1) / 2].time > time; at = (at - 1) / 2) {
        heap[at] = heap[(at - 1) / 2];
    }
    heap[at] = (struct sb_stream_expiry){time, row};
    return SB_OK;
}

struct sb_stream_row *sb_stream_rows_expire(struct sb_stream_rows *rows, int64_t time)
{
    struct sb_stream_expiry *heap = rows->expiries;
    struct sb_stream_expiry last;
    struct sb_stream_row *row;
    int64_t at = 0;

    if (rows->expiry_count == 0 || heap[0].time >= time) {
        return NULL;
    }
    row = heap[0].row;
    last = heap[--rows->expiry_count];
    for (int64_t child = 1; child < rows->expiry_count; child = 2 * at + 1) {
        child += child + 1 < rows->expiry_count && heap[child + 1].time < heap[child].time;
        if (heap[child].time >= last.time) {
            break;
        }
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return row;
}

// --- rows ----------------------------------------------------------------------------------------

static enum sb_status segment_add(struct sb_stream_rows *rows, struct sb_error *err)
{
    int64_t bytes = rows->last == NULL ? SEGMENT_SIZE_MIN : SEGMENT_SIZE_MAX;
    int64_t row_capacity = bytes / (int64_t)row_size(rows);
    struct sb_stream_segment *segment;

    row_capacity = row_capacity < 1 ? 1 : row_capacity;
    segment = sb_memory_alloc(rows->memory, segment_size(rows, row_capacity));
    if (segment == NULL) {
        return sb_error_no_memory(err, "rows of a join", (int64_t)segment_size(rows, row_capacity));
    }
    *segment = (struct sb_stream_segment){
        .previous = rows->last,
        .heap = {.memory = rows->memory},
        .row_capacity = row_capacity,
    };
    *(rows->last != NULL ? &rows->last->next : &rows->first) = segment;
    rows->last = segment;
    return SB_OK;
}

static enum sb_status texts_keep(const struct sb_row_layout *layout, uint64_t *words,
                                 const uint8_t *base, struct sb_row_heap *heap,
                                 struct sb_error *err)
{
    for (int32_t f = 0; f < layout->field_count; f++) {
        uint64_t *text = words + layout->fields[f].word;

        if (layout->fields[f].kind == SB_ROW_TEXT && !sb_text_is_inline(text[0])) {
            text[1] += (uint64_t)(uintptr_t)base;
            SB_TRY_RETURN(sb_row_text_keep(text, heap, err));
        }
    }
    return SB_OK;
}

enum sb_status sb_stream_rows_add(struct sb_stream_rows *rows, const struct sb_row_layout *layout,
                                  const uint64_t *words, const uint8_t *base, uint64_t hash,
                                  int64_t time, bool has_expiry, struct sb_stream_row **out,
                                  struct sb_error *err)
{
    struct sb_stream_segment *segment = rows->last;
    struct sb_stream_row *row;

    if (segment == NULL || segment->row_count == segment->row_capacity) {
        SB_TRY_RETURN(segment_add(rows, err));
        segment = rows->last;
    }
    row = segment_row(rows, segment, segment->row_count);
    *row = (struct sb_stream_row){.hash = hash, .time = time, .segment = segment};
    memcpy(row->words, words, sizeof *words * (size_t)rows->row_words);
    if (layout->has_text) {
        SB_TRY_RETURN(texts_keep(layout, row->words, base, &segment->heap, err));
    }
    if (has_expiry) {
        SB_TRY_RETURN(expiry_push(rows, time, row, err));
    }
    segment->row_count++; // from here on it is there
    segment->live_count++;
    rows->row_count++;
    row_chain(rows, row);
    *out = row;
    return SB_OK;
}

void sb_stream_rows_remove(struct sb_stream_rows *rows, struct sb_stream_row *row)
{
    struct sb_stream_segment *segment = row->segment;

    *row->link = row->next;
    if (row->next != NULL) {
        row->next->link = row->link;
    }
    row->link = NULL;
    rows->row_count--;
    if (--segment->live_count == 0 && segment->row_count == segment->row_capacity) {
        segment_free(rows, segment);
    }
}

int64_t sb_stream_rows_next(const struct sb_stream_rows *rows, struct sb_stream_walk *walk,
                            int64_t count, struct sb_stream_row **out)
{
    int64_t found = 0;

    if (!walk->is_begun) {
        walk->segment = rows->first;
        walk->is_begun = true;
    }
    while (walk->segment != NULL && found < count) {
        struct sb_stream_row *row;

        if (walk->row == walk->segment->row_count) {
            walk->segment = walk->segment->next;
            walk->row = 0;
            continue;
        }
        row = segment_row(rows, walk->segment, walk->row++);
        if (row->link != NULL) {
            out[found++] = row;
        }
    }
    return found;
}
