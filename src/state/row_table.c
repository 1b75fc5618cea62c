// SPDX-License-Identifier: Apache-2.0
#include "state/row_table.h"

enum {
    SLOT_COUNT_MIN = 16,
    GROUP_BITS = 7, // the low bits of the hash, equal within a key group
    CHUNK = 128,    // rows to guess at a time: they stay in L1 until they are looked at
};

#define SLOT_ADDRESS ((UINT64_C(1) << 48) - 1)

static inline uint64_t slot_make(uint64_t hash, const uint64_t *row)
{
    uint64_t address = (uint64_t)(uintptr_t)row;

    sb_debug_assert((address & ~SLOT_ADDRESS) == 0);
    return (hash & ~SLOT_ADDRESS) | address;
}

static inline uint64_t *slot_row(uint64_t slot)
{
    return (uint64_t *)(uintptr_t)(slot & SLOT_ADDRESS);
}

static inline bool slot_has_tag(uint64_t slot, uint64_t hash)
{
    return ((slot ^ hash) & ~SLOT_ADDRESS) == 0;
}

/* The first of the two slots where a hash is at home. */
static inline uint64_t pair_home(uint64_t hash, int64_t slot_count)
{
    return (hash >> GROUP_BITS << 1) & ((uint64_t)slot_count - 2);
}

/*
 * The slot of a pair with the tag of a hash, else any slot, or 0; false when the pair is full of
 * other tags. Which of the two slots it is cannot be foreseen, so no branch asks. An empty slot
 * looks like one with tag 0, and must not hide the slot before it.
 */
static inline bool pair_guess(const uint64_t *pair, uint64_t hash, uint64_t *slot)
{
    uint64_t second = pair[1];
    uint64_t is_second = -(uint64_t)(slot_has_tag(second, hash) & (second != 0));

    *slot = (second & is_second) | (pair[0] & ~is_second);
    return slot_has_tag(*slot, hash) || second == 0;
}

/* The same in the pair of a hash or, where that is full, in those that follow. */
static inline uint64_t slot_guess(const uint64_t *slots, int64_t slot_count, uint64_t hash)
{
    uint64_t slot;

    for (uint64_t at = pair_home(hash, slot_count);; at = (at + 2) & ((uint64_t)slot_count - 2)) {
        if (sb_likely(pair_guess(&slots[at], hash, &slot))) {
            return slot;
        }
    }
}

void sb_row_table_init(struct sb_row_table *table, struct sb_memory *memory,
                       const struct sb_row_layout *layout, const uint64_t *initial)
{
    *table = (struct sb_row_table){.layout = layout, .initial = initial};
    sb_assert(layout->hash_word >= 0);
    sb_row_store_init(&table->store, memory, layout->row_words);
}

static void slots_free(struct sb_row_table *table)
{
    if (table->slots != NULL) {
        sb_memory_free(table->store.memory, table->slots,
                       sizeof *table->slots * (size_t)table->slot_count);
        table->slots = NULL;
        table->slot_count = 0;
    }
}

void sb_row_table_deinit(struct sb_row_table *table)
{
    if (table->layout != NULL) {
        slots_free(table);
        sb_row_store_deinit(&table->store);
    }
}

void sb_row_table_reset(struct sb_row_table *table)
{
    sb_row_store_reset(&table->store);
    table->key_count = 0;
    if (table->slots != NULL) {
        memset(table->slots, 0, sizeof *table->slots * (size_t)table->slot_count);
    }
}

static void slots_insert(uint64_t *slots, int64_t slot_count, uint64_t hash, uint64_t slot)
{
    uint64_t at = pair_home(hash, slot_count);

    while (slots[at] != 0) {
        at = (at + 1) & ((uint64_t)slot_count - 1);
    }
    slots[at] = slot;
}

static enum sb_status table_resize(struct sb_row_table *table, int64_t slot_count,
                                   struct sb_error *err)
{
    size_t size = sizeof *table->slots * (size_t)slot_count;
    uint64_t *slots = sb_memory_alloc_zeroed(table->store.memory, size);

    if (slots == NULL) {
        return sb_error_no_memory(err, "an index of keyed state", (int64_t)size);
    }
    for (int64_t i = 0; i < table->slot_count; i++) {
        if (table->slots[i] != 0) {
            uint64_t hash = slot_row(table->slots[i])[table->layout->hash_word];
            slots_insert(slots, slot_count, hash, table->slots[i]);
        }
    }
    slots_free(table);
    table->slots = slots;
    table->slot_count = slot_count;
    return SB_OK;
}

/* A third full at most, so that one key in twenty is not in its pair. */
static inline bool is_roomy(int64_t slot_count, int64_t key_count)
{
    return 3 * key_count <= slot_count;
}

/* Room for one more key. */
static inline enum sb_status table_reserve(struct sb_row_table *table, struct sb_error *err)
{
    if (sb_likely(is_roomy(table->slot_count, table->key_count + 1))) {
        return SB_OK;
    }
    return table_resize(table, table->slot_count == 0 ? SLOT_COUNT_MIN : 2 * table->slot_count,
                        err);
}

// --- keys ----------------------------------------------------------------------------------------

static inline bool field_equal(const struct sb_row_field *field, const uint64_t *row,
                               const struct sb_row_vector *vector, int64_t i)
{
    const uint64_t *words = vector->words;

    if (sb_row_is_null(field, row) != (vector->nulls != NULL && vector->nulls[i])) {
        return false;
    }
    switch (field->kind) {
    case SB_ROW_TEXT:
        return sb_text_equal(row + field->word, words + 2 * i);
    case SB_ROW_WIDE:
        return row[field->word] == words[2 * i] && row[field->word + 1] == words[2 * i + 1];
    default:
        return row[field->word] == words[i];
    }
}

/* Hashes are compared first, so that what differs is hardly ever looked at. */
static inline bool row_has_key(const struct sb_row_layout *layout, const uint64_t *row,
                               const struct sb_row_vector *keys, uint64_t hash, int64_t i)
{
    if (row[layout->hash_word] != hash) {
        return false;
    }
    for (int32_t k = 0; k < layout->key_count; k++) {
        if (!field_equal(&layout->fields[k], row, &keys[k], i)) {
            return false;
        }
    }
    return true;
}

/* The row of a key, or NULL and the empty slot it would get. */
static uint64_t *key_seek(const struct sb_row_table *table, const struct sb_row_vector *keys,
                          uint64_t hash, int64_t i, uint64_t *empty)
{
    uint64_t at = pair_home(hash, table->slot_count);

    for (; table->slots[at] != 0; at = (at + 1) & ((uint64_t)table->slot_count - 1)) {
        uint64_t *row = slot_row(table->slots[at]);
        if (slot_has_tag(table->slots[at], hash) &&
            row_has_key(table->layout, row, keys, hash, i)) {
            return row;
        }
    }
    *empty = at;
    return NULL;
}

// --- upsert --------------------------------------------------------------------------------------

static enum sb_status row_make(struct sb_row_table *table, const struct sb_row_vector *keys,
                               uint64_t hash, int64_t i, uint64_t **out, struct sb_error *err)
{
    const struct sb_row_layout *layout = table->layout;
    uint64_t *row;

    SB_TRY_RETURN(sb_row_store_append(&table->store, &row, err));
    memcpy(row, table->initial, (size_t)layout->row_words * sizeof *row);
    row[layout->hash_word] = hash;
    *out = row;
    for (int32_t k = 0; k < layout->key_count; k++) {
        const struct sb_row_field *field = &layout->fields[k];
        const uint64_t *words = keys[k].words + sb_row_kind_words(field->kind) * i;

        if (keys[k].nulls != NULL && keys[k].nulls[i]) {
            row[field->null_word] |= field->null_bit;
        }
        row[field->word] = words[0];
        if (sb_row_kind_words(field->kind) == 2) {
            row[field->word + 1] = words[1];
        }
        if (field->kind == SB_ROW_TEXT) {
            SB_TRY_RETURN(sb_row_text_keep(row + field->word, &table->store.heap, err));
        }
    }
    return SB_OK;
}

/* What is left when the guess was wrong: new keys, and those that share a tag. */
static enum sb_status key_settle(struct sb_row_table *table, const struct sb_row_vector *keys,
                                 uint64_t hash, int64_t i, uint64_t **row, struct sb_error *err)
{
    uint64_t at = 0;

    *row = key_seek(table, keys, hash, i, &at);
    if (*row != NULL) {
        return SB_OK;
    }
    SB_TRY_RETURN(row_make(table, keys, hash, i, row, err));
    table->slots[at] = slot_make(hash, *row);
    table->key_count++;
    return table_reserve(table, err);
}

/* Numbers of rows that are made go to `fresh`, unless that is NULL. */
static inline __attribute__((always_inline)) enum sb_status keys_upsert(
    struct sb_row_table *table, const struct sb_row_vector *keys, const uint64_t *hashes,
    int64_t count, uint64_t **rows, uint16_t *fresh, int64_t *fresh_count, struct sb_error *err)
{
    SB_TRY_RETURN(table_reserve(table, err));
    for (int64_t first = 0; first < count; first += CHUNK) {
        int64_t end = first + CHUNK < count ? first + CHUNK : count;

        for (int64_t i = first; i < end; i++) {
            __builtin_prefetch(&table->slots[pair_home(hashes[i], table->slot_count)]);
        }
        for (int64_t i = first; i < end; i++) {
            rows[i] = slot_row(slot_guess(table->slots, table->slot_count, hashes[i]));
            __builtin_prefetch(rows[i], 1);
        }
        for (int64_t i = first; i < end; i++) {
            if (sb_unlikely(rows[i] == NULL ||
                            !row_has_key(table->layout, rows[i], keys, hashes[i], i))) {
                int64_t rows_before = table->store.row_count;
                SB_TRY_RETURN(key_settle(table, keys, hashes[i], i, &rows[i], err));
                if (fresh != NULL && table->store.row_count > rows_before) {
                    fresh[(*fresh_count)++] = (uint16_t)i;
                }
            }
        }
    }
    return SB_OK;
}

enum sb_status sb_row_table_upsert(struct sb_row_table *table, const struct sb_row_vector *keys,
                                   const uint64_t *hashes, int64_t count, uint64_t **rows,
                                   struct sb_error *err)
{
    return keys_upsert(table, keys, hashes, count, rows, NULL, NULL, err);
}

enum sb_status sb_row_table_insert(struct sb_row_table *table, const struct sb_row_vector *keys,
                                   const uint64_t *hashes, int64_t count, uint64_t **rows,
                                   uint16_t *fresh, int64_t *fresh_count, struct sb_error *err)
{
    *fresh_count = 0;
    return keys_upsert(table, keys, hashes, count, rows, fresh, fresh_count, err);
}

// --- link ----------------------------------------------------------------------------------------

static bool rows_equal(const struct sb_row_layout *layout, const uint64_t *a, const uint64_t *b)
{
    if (a[layout->hash_word] != b[layout->hash_word]) {
        return false;
    }
    for (int32_t k = 0; k < layout->key_count; k++) {
        const struct sb_row_field *field = &layout->fields[k];
        uint8_t is_null = sb_row_is_null(field, b);
        struct sb_row_vector vector = {field->kind, b + field->word, is_null ? &is_null : NULL};

        if (!field_equal(field, a, &vector, 0)) {
            return false;
        }
    }
    return true;
}

static bool row_link(struct sb_row_table *table, uint64_t *row)
{
    const struct sb_row_layout *layout = table->layout;
    uint64_t hash = row[layout->hash_word];
    uint64_t at = pair_home(hash, table->slot_count);

    row[layout->link_word] = 0;
    for (; table->slots[at] != 0; at = (at + 1) & ((uint64_t)table->slot_count - 1)) {
        uint64_t *first = slot_row(table->slots[at]);
        if (slot_has_tag(table->slots[at], hash) && rows_equal(layout, first, row)) {
            row[layout->link_word] = first[layout->link_word];
            first[layout->link_word] = (uint64_t)(uintptr_t)row;
            return true;
        }
    }
    table->slots[at] = slot_make(hash, row);
    table->key_count++;
    return false;
}

enum sb_status sb_row_table_link(struct sb_row_table *table, bool *has_chains, struct sb_error *err)
{
    struct sb_row_cursor cursor = {0};
    uint64_t *rows[CHUNK];
    int64_t slot_count = SLOT_COUNT_MIN;
    int64_t count;

    sb_assert(table->slots == NULL);
    *has_chains = false;
    while (!is_roomy(slot_count, table->store.row_count)) {
        slot_count *= 2;
    }
    SB_TRY_RETURN(table_resize(table, slot_count, err));
    while ((count = sb_row_cursor_next(&cursor, &table->store, CHUNK, rows)) > 0) {
        for (int64_t i = 0; i < count; i++) {
            uint64_t hash = rows[i][table->layout->hash_word];
            __builtin_prefetch(&table->slots[pair_home(hash, slot_count)], 1);
        }
        for (int64_t i = 0; i < count; i++) {
            *has_chains |= row_link(table, rows[i]);
        }
    }
    return SB_OK;
}

// --- find ----------------------------------------------------------------------------------------

/* A table without keys, for keys that have no table. */
static uint64_t nothing_slots[2];
static const struct sb_row_table nothing = {.slots = nothing_slots, .slot_count = 2};

static inline const struct sb_row_table *table_or_nothing(const struct sb_row_table *table)
{
    return table != NULL && table->slots != NULL ? table : &nothing;
}

/* The slots of a pair, on their way to the cache; `rows` holds their addresses for a while. */
static void pairs_find(const struct sb_row_table *const *tables, const uint64_t *hashes,
                       int64_t count, uint64_t **rows)
{
    for (int64_t i = 0; i < count; i++) {
        const struct sb_row_table *table = table_or_nothing(tables[i]);
        rows[i] = &table->slots[pair_home(hashes[i], table->slot_count)];
        __builtin_prefetch(rows[i]);
    }
}

/* The row each key may have, or NULL, on its way to the cache. */
static void rows_guess(const struct sb_row_table *const *tables, const uint64_t *hashes,
                       int64_t count, uint64_t **rows)
{
    pairs_find(tables, hashes, count, rows);
    for (int64_t i = 0; i < count; i++) {
        uint64_t slot;

        if (sb_unlikely(!pair_guess(rows[i], hashes[i], &slot))) {
            slot = slot_guess(tables[i]->slots, tables[i]->slot_count, hashes[i]);
        }
        rows[i] = slot_row(slot);
        __builtin_prefetch(rows[i]);
    }
}

/* Starts to read the long texts of a field. */
static void texts_prefetch(const struct sb_row_field *field, const uint64_t *const *rows,
                           int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const uint64_t *text = rows[i] + field->word;
        __builtin_prefetch(sb_text_is_inline(text[0]) ? text : (const void *)(uintptr_t)text[1]);
    }
}

/* Whether a field of the rows is another value than the keys from `first` on; nulls aside. */
static void field_compare(const struct sb_row_field *field, const struct sb_row_vector *keys,
                          int64_t first, int64_t count, const uint64_t *const *rows,
                          uint8_t *differs)
{
    const uint64_t *words = keys->words + sb_row_kind_words(field->kind) * first;
    int32_t word = field->word;

    switch (field->kind) {
    case SB_ROW_TEXT:
        for (int64_t i = 0; i < count; i++) {
            differs[i] |= !sb_text_equal(rows[i] + word, words + 2 * i);
        }
        break;
    case SB_ROW_WIDE:
        for (int64_t i = 0; i < count; i++) {
            differs[i] |=
                ((rows[i][word] ^ words[2 * i]) | (rows[i][word + 1] ^ words[2 * i + 1])) != 0;
        }
        break;
    default:
        for (int64_t i = 0; i < count; i++) {
            differs[i] |= rows[i][word] != words[i];
        }
        break;
    }
}

/* Whether a field of the rows is null where the keys are not, or not null where they are. */
static void nulls_compare(const struct sb_row_field *field, const struct sb_row_vector *keys,
                          int64_t first, int64_t count, const uint64_t *const *rows,
                          uint8_t *differs)
{
    if (field->null_word < 0) {
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        bool is_null = keys->nulls != NULL && keys->nulls[first + i];
        differs[i] |= ((rows[i][field->null_word] & field->null_bit) != 0) != is_null;
    }
}

/* Whether rows have other keys than those from `first` on: a field at a time, without branches. */
static void rows_compare(const struct sb_row_layout *layout, const struct sb_row_vector *keys,
                         const uint64_t *hashes, int64_t first, int64_t count,
                         const uint64_t *const *rows, uint8_t *differs)
{
    for (int64_t i = 0; i < count; i++) {
        differs[i] = rows[i][layout->hash_word] != hashes[first + i];
    }
    for (int32_t k = 0; k < layout->key_count; k++) {
        if (layout->fields[k].kind == SB_ROW_TEXT) {
            texts_prefetch(&layout->fields[k], rows, count);
        }
    }
    for (int32_t k = 0; k < layout->key_count; k++) {
        field_compare(&layout->fields[k], &keys[k], first, count, rows, differs);
        nulls_compare(&layout->fields[k], &keys[k], first, count, rows, differs);
    }
}

/* The same for at most CHUNK keys, those from `first` on. */
static void keys_find(const struct sb_row_table *const *tables, const struct sb_row_vector *keys,
                      const uint64_t *hashes, int64_t first, int64_t count, uint64_t **rows)
{
    const uint64_t *compared[CHUNK];
    uint8_t differs[CHUNK];
    int64_t some = 0;

    rows_guess(tables + first, hashes + first, count, rows + first);
    while (some < count && rows[first + some] == NULL) {
        some++;
    }
    if (some == count) {
        return;
    }
    for (int64_t i = 0; i < count; i++) { // where there is none, any row will do
        compared[i] = rows[first + (rows[first + i] == NULL ? some : i)];
    }
    rows_compare(tables[first + some]->layout, keys, hashes, first, count, compared, differs);
    for (int64_t i = 0; i < count; i++) {
        int64_t at = first + i;
        uint64_t empty;

        if (sb_unlikely(differs[i]) && rows[at] != NULL) {
            rows[at] = key_seek(tables[at], keys, hashes[at], at, &empty);
        }
    }
}

void sb_row_table_find(const struct sb_row_table *const *tables, const struct sb_row_vector *keys,
                       const uint64_t *hashes, int64_t count, uint64_t **rows)
{
    for (int64_t first = 0; first < count; first += CHUNK) {
        keys_find(tables, keys, hashes, first, count - first < CHUNK ? count - first : CHUNK, rows);
    }
}

void sb_row_table_find_words(const struct sb_row_table *const *tables, const uint64_t *words,
                             const uint64_t *hashes, int64_t count, uint64_t **rows)
{
    rows_guess(tables, hashes, count, rows);
    for (int64_t i = 0; i < count; i++) {
        uint64_t *row = rows[i];
        uint64_t at;
        if (row != NULL && row[tables[i]->layout->fields[0].word] != words[i]) {
            struct sb_row_vector key = {tables[i]->layout->fields[0].kind, words, NULL};
            rows[i] = key_seek(tables[i], &key, hashes[i], i, &at);
        }
    }
}
