// SPDX-License-Identifier: Apache-2.0
#include "state/row_table.h"

enum {
    SLOT_COUNT_MIN = 16,
    GROUP_BITS = 7,             // the low bits of the hash, equal within a key group
    PREFETCH_SLOTS = 16 * 1024, // an index of at most so many slots stays in L2
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

static inline uint64_t slot_home(uint64_t hash, uint64_t mask)
{
    return (hash >> GROUP_BITS) & mask;
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

static void slots_insert(uint64_t *slots, uint64_t mask, uint64_t hash, uint64_t slot)
{
    uint64_t at = slot_home(hash, mask);

    while (slots[at] != 0) {
        at = (at + 1) & mask;
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
            slots_insert(slots, (uint64_t)slot_count - 1, hash, table->slots[i]);
        }
    }
    slots_free(table);
    table->slots = slots;
    table->slot_count = slot_count;
    return SB_OK;
}

/* Room for one more key, at most half full. */
static inline enum sb_status table_reserve(struct sb_row_table *table, struct sb_error *err)
{
    if (sb_unlikely(2 * (table->key_count + 1) > table->slot_count)) {
        return table_resize(table, table->slot_count == 0 ? SLOT_COUNT_MIN : 2 * table->slot_count,
                            err);
    }
    return SB_OK;
}

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

static inline bool keys_equal(const struct sb_row_layout *layout, const uint64_t *row,
                              const struct sb_row_vector *keys, int64_t i)
{
    for (int32_t k = 0; k < layout->key_count; k++) {
        if (!field_equal(&layout->fields[k], row, &keys[k], i)) {
            return false;
        }
    }
    return true;
}

/* Brings the slots of a chunk, then the rows they name, into the cache. */
static void table_prefetch(const struct sb_row_table *table, const uint64_t *hashes, int64_t count)
{
    uint64_t mask = (uint64_t)table->slot_count - 1;

    if (table->slot_count <= PREFETCH_SLOTS) {
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        __builtin_prefetch(&table->slots[slot_home(hashes[i], mask)]);
    }
    for (int64_t i = 0; i < count; i++) {
        __builtin_prefetch(slot_row(table->slots[slot_home(hashes[i], mask)]));
    }
}

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

enum sb_status sb_row_table_upsert(struct sb_row_table *table, const struct sb_row_vector *keys,
                                   const uint64_t *hashes, int64_t count, uint64_t **rows,
                                   struct sb_error *err)
{
    const struct sb_row_layout *layout = table->layout;

    SB_TRY_RETURN(table_reserve(table, err));
    table_prefetch(table, hashes, count);
    for (int64_t i = 0; i < count; i++) {
        uint64_t hash = hashes[i];
        uint64_t mask = (uint64_t)table->slot_count - 1;
        uint64_t at = slot_home(hash, mask);
        uint64_t *row = NULL;

        for (;;) {
            uint64_t slot = table->slots[at];
            if (slot == 0) {
                break;
            }
            if (slot_has_tag(slot, hash)) {
                row = slot_row(slot);
                if (row[layout->hash_word] == hash && keys_equal(layout, row, keys, i)) {
                    break;
                }
                row = NULL;
            }
            at = (at + 1) & mask;
        }
        if (row == NULL) {
            SB_TRY_RETURN(row_make(table, keys, hash, i, &row, err));
            table->slots[at] = slot_make(hash, row);
            table->key_count++;
            SB_TRY_RETURN(table_reserve(table, err));
        }
        rows[i] = row;
    }
    return SB_OK;
}

static bool rows_equal(const struct sb_row_layout *layout, const uint64_t *a, const uint64_t *b)
{
    for (int32_t k = 0; k < layout->key_count; k++) {
        const struct sb_row_field *field = &layout->fields[k];
        struct sb_row_vector vector = {field->kind, b + field->word, NULL};

        // Linked rows have no null keys: nulls do not match.
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
    uint64_t mask = (uint64_t)table->slot_count - 1;
    uint64_t at = slot_home(hash, mask);

    row[layout->link_word] = 0;
    for (; table->slots[at] != 0; at = (at + 1) & mask) {
        uint64_t *first = slot_row(table->slots[at]);
        if (slot_has_tag(table->slots[at], hash) && first[layout->hash_word] == hash &&
            rows_equal(layout, first, row)) {
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
    uint64_t *rows[SB_ROW_CHUNK];
    uint64_t hashes[SB_ROW_CHUNK];
    int64_t slot_count = SLOT_COUNT_MIN;
    int64_t count;

    sb_assert(table->slots == NULL);
    *has_chains = false;
    while (slot_count < 2 * table->store.row_count) {
        slot_count *= 2;
    }
    SB_TRY_RETURN(table_resize(table, slot_count, err));
    while ((count = sb_row_cursor_next(&cursor, &table->store, SB_ROW_CHUNK, rows)) > 0) {
        for (int64_t i = 0; i < count; i++) {
            hashes[i] = rows[i][table->layout->hash_word];
        }
        table_prefetch(table, hashes, count);
        for (int64_t i = 0; i < count; i++) {
            *has_chains |= row_link(table, rows[i]);
        }
    }
    return SB_OK;
}

static inline uint64_t *table_find(const struct sb_row_table *table,
                                   const struct sb_row_vector *keys, uint64_t hash, int64_t i)
{
    const struct sb_row_layout *layout = table->layout;
    uint64_t mask = (uint64_t)table->slot_count - 1;
    uint64_t at = slot_home(hash, mask);

    for (uint64_t slot; (slot = table->slots[at]) != 0; at = (at + 1) & mask) {
        uint64_t *row = slot_row(slot);
        if (slot_has_tag(slot, hash) && row[layout->hash_word] == hash &&
            keys_equal(layout, row, keys, i)) {
            return row;
        }
    }
    return NULL;
}

void sb_row_table_find(const struct sb_row_table *const *tables, const struct sb_row_vector *keys,
                       const uint64_t *hashes, int64_t count, uint64_t **rows)
{
    for (int64_t i = 0; i < count; i++) {
        if (tables[i] != NULL && tables[i]->slots != NULL) {
            const struct sb_row_table *table = tables[i];
            __builtin_prefetch(
                &table->slots[slot_home(hashes[i], (uint64_t)table->slot_count - 1)]);
        }
    }
    for (int64_t i = 0; i < count; i++) {
        if (tables[i] != NULL && tables[i]->slots != NULL) {
            const struct sb_row_table *table = tables[i];
            uint64_t slot = table->slots[slot_home(hashes[i], (uint64_t)table->slot_count - 1)];
            __builtin_prefetch(slot_row(slot));
        }
    }
    for (int64_t i = 0; i < count; i++) {
        rows[i] = tables[i] != NULL && tables[i]->slots != NULL
                      ? table_find(tables[i], keys, hashes[i], i)
                      : NULL;
    }
}

/* Walks on from a slot that is not the key's; rarely needed in an index that is half empty. */
static uint64_t *table_walk_words(const struct sb_row_table *table, uint64_t word, uint64_t hash)
{
    int32_t key_word = table->layout->fields[0].word;
    uint64_t mask = (uint64_t)table->slot_count - 1;
    uint64_t at = slot_home(hash, mask);

    for (uint64_t slot; (slot = table->slots[at]) != 0; at = (at + 1) & mask) {
        if (slot_has_tag(slot, hash) && slot_row(slot)[key_word] == word) {
            return slot_row(slot);
        }
    }
    return NULL;
}

void sb_row_table_find_words(const struct sb_row_table *const *tables, const uint64_t *words,
                             const uint64_t *hashes, int64_t count, uint64_t **rows)
{
    static const uint64_t nothing = 0; // what a key without a table finds
    const uint64_t *places[SB_ROW_CHUNK];
    int32_t key_word = 0;

    sb_assert(count <= SB_ROW_CHUNK);
    for (int64_t i = 0; i < count; i++) {
        const struct sb_row_table *table = tables[i];

        places[i] = &nothing;
        if (sb_likely(table != NULL && table->slots != NULL)) {
            places[i] = &table->slots[slot_home(hashes[i], (uint64_t)table->slot_count - 1)];
            key_word = table->layout->fields[0].word;
        }
        __builtin_prefetch(places[i]);
    }
    for (int64_t i = 0; i < count; i++) {
        uint64_t slot = *places[i];

        // A first slot with another tag is settled below; its row is not worth fetching.
        rows[i] = slot != 0 && slot_has_tag(slot, hashes[i]) ? slot_row(slot) : NULL;
        __builtin_prefetch(rows[i]);
    }
    for (int64_t i = 0; i < count; i++) {
        bool is_settled = rows[i] != NULL ? rows[i][key_word] == words[i] : *places[i] == 0;

        if (sb_unlikely(!is_settled)) {
            rows[i] = table_walk_words(tables[i], words[i], hashes[i]);
        }
    }
}
