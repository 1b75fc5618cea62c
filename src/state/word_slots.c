// SPDX-License-Identifier: Apache-2.0
#include "state/word_slots.h"

#include <string.h>

void sb_word_slots_init(struct sb_word_slots *slots, struct sb_memory *memory, int32_t row_words,
                        const uint64_t *initial)
{
    *slots = (struct sb_word_slots){
        .memory = memory,
        .initial = initial,
        .row_words = row_words,
    };
}

static size_t rows_size(const struct sb_word_slots *slots, int64_t pair_count)
{
    return sizeof *slots->rows * (size_t)slots->row_words * (size_t)(2 * pair_count + 1);
}

void sb_word_slots_deinit(struct sb_word_slots *slots)
{
    if (slots->rows != NULL) {
        sb_memory_free(slots->memory, slots->rows, rows_size(slots, slots->pair_count));
    }
    sb_word_slots_init(slots, slots->memory, slots->row_words, slots->initial);
}

static uint64_t *empty_key_row(const struct sb_word_slots *slots)
{
    return slots->rows + 2 * slots->pair_count * slots->row_words;
}

/* The row of a key or, when there is none, the empty slot it would get; `pair` is the key's. */
static uint64_t *slot_seek(const struct sb_word_slots *slots, const uint64_t *pair, uint64_t key)
{
    uint64_t *end = empty_key_row(slots);
    uint64_t *row = slots->rows + (pair - slots->rows);

    if (key == SB_WORD_EMPTY) {
        return end;
    }
    while (row[0] != key && row[0] != SB_WORD_EMPTY) { // pairs follow each other
        row += slots->row_words;
        row = row == end ? slots->rows : row;
    }
    return row;
}

static bool slot_is_used(const struct sb_word_slots *slots, const uint64_t *row, uint64_t key)
{
    return key == SB_WORD_EMPTY ? slots->has_empty_key : row[0] == key;
}

void sb_word_slots_reset(struct sb_word_slots *slots)
{
    uint64_t *end = slots->rows == NULL ? NULL : empty_key_row(slots);

    for (uint64_t *row = slots->rows; row != end; row += slots->row_words) {
        row[0] = SB_WORD_EMPTY;
    }
    slots->row_count = 0;
    slots->has_empty_key = false;
}

enum sb_status sb_word_slots_resize(struct sb_word_slots *slots, int64_t row_count,
                                    struct sb_error *err)
{
    struct sb_word_slots old = *slots;
    int64_t position = 0;
    uint64_t *row;

    sb_assert(row_count >= slots->row_count);
    slots->pair_count = row_count < 8 ? 8 : row_count;
    slots->rows = sb_memory_alloc(slots->memory, rows_size(slots, slots->pair_count));
    if (slots->rows == NULL) {
        *slots = old;
        return sb_error_no_memory(err, "slots of keyed state",
                                  (int64_t)rows_size(slots, row_count));
    }
    sb_word_slots_reset(slots);
    slots->row_count = old.row_count;
    slots->has_empty_key = old.has_empty_key;
    while (old.rows != NULL && sb_word_slots_next(&old, &position, 1, &row) > 0) {
        memcpy(slot_seek(slots, sb_word_slots_pair(slots, sb_word_slots_hash(row[0])), row[0]), row,
               sizeof *row * (size_t)slots->row_words);
    }
    sb_word_slots_deinit(&old);
    return SB_OK;
}

uint64_t *sb_word_slots_find_further(const struct sb_word_slots *slots, const uint64_t *pair,
                                     uint64_t key)
{
    uint64_t *row = slot_seek(slots, pair, key);

    return slot_is_used(slots, row, key) ? row : NULL;
}

uint64_t *sb_word_slots_upsert_further(struct sb_word_slots *slots, const uint64_t *pair,
                                       uint64_t key)
{
    uint64_t *row = slot_seek(slots, pair, key);

    if (slot_is_used(slots, row, key)) {
        return row;
    }
    if (slots->row_count >= slots->pair_count) {
        return NULL;
    }
    slots->has_empty_key = slots->has_empty_key || key == SB_WORD_EMPTY;
    slots->row_count++;
    row[0] = key;
    for (int32_t w = 1; w < slots->row_words; w++) {
        row[w] = slots->initial[w];
    }
    return row;
}

int64_t sb_word_slots_upsert(struct sb_word_slots *slots, const uint64_t *keys, int64_t count,
                             uint64_t **rows)
{
    const struct sb_word_slots fixed = *slots; // in registers: no store can change it

    for (int64_t i = 0; i < count; i++) {
        uint64_t key = keys[i];
        uint64_t *pair = sb_word_slots_pair(&fixed, sb_word_slots_hash(key));
        uint64_t *row = sb_word_slots_guess(pair, fixed.row_words, key);

        if (sb_unlikely(row[0] != key || key == SB_WORD_EMPTY)) {
            row = sb_word_slots_upsert_further(slots, pair, key);
            if (row == NULL) {
                return i;
            }
        }
        rows[i] = row;
    }
    return count;
}

bool sb_word_slots_insert(struct sb_word_slots *slots, const uint64_t *pair, const uint64_t *row)
{
    uint64_t *slot = slot_seek(slots, pair, row[0]);

    if (slot_is_used(slots, slot, row[0])) {
        return false;
    }
    slots->has_empty_key = slots->has_empty_key || row[0] == SB_WORD_EMPTY;
    slots->row_count++;
    memcpy(slot, row, sizeof *row * (size_t)slots->row_words);
    return true;
}

int64_t sb_word_slots_next(const struct sb_word_slots *slots, int64_t *position, int64_t count,
                           uint64_t **rows)
{
    int64_t slot_count = 2 * slots->pair_count;
    int64_t at = *position;
    int64_t found = 0;

    for (; at < slot_count && found < count; at++) {
        uint64_t *row = slots->rows + at * slots->row_words;
        rows[found] = row;
        found += row[0] != SB_WORD_EMPTY;
    }
    if (at == slot_count && found < count) {
        if (slots->has_empty_key) {
            rows[found++] = empty_key_row(slots);
        }
        at++;
    }
    *position = at;
    return found;
}
