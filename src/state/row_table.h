// SPDX-License-Identifier: Apache-2.0
/*
 * row_table.h - rows of any layout, found by key: an index with tags over a row store.
 *
 * The index is open addressing over 8-byte slots: 16 tag bits of the hash above a 48-bit address.
 * A probe touches a row only when the tag fits, and compares keys only when the whole hash, which
 * the row keeps, is equal. Built for chunks: a large index is prefetched a chunk ahead. Key groups
 * are cut by the low bits of the hash, tags are its high bits, slots those between.
 *
 * Two ways to fill it: upsert makes rows for keys that are new (aggregates), link takes rows that
 * are there and chains equal keys (joins). Single-threaded while it changes; find may run on many
 * threads once it does not.
 */
#ifndef SABOT_STATE_ROW_TABLE_H
#define SABOT_STATE_ROW_TABLE_H

#include "state/row_store.h"

struct sb_row_table {
    const struct sb_row_layout *layout; // borrowed; keeps the hash
    const uint64_t *initial;            // borrowed: what a row made by upsert begins with
    struct sb_row_store store;
    uint64_t *slots;
    int64_t slot_count; // a power of two
    int64_t key_count;  // slots in use
};

void sb_row_table_init(struct sb_row_table *table, struct sb_memory *memory,
                       const struct sb_row_layout *layout, const uint64_t *initial);
void sb_row_table_deinit(struct sb_row_table *table);

/* Forgets all rows but keeps memory. */
void sb_row_table_reset(struct sb_row_table *table);

/*
 * The row of each of `count` (at most SB_ROW_CHUNK) keys, made where there is none; the nulls of
 * keys are equal to each other. Rows made before a failure stay.
 */
SB_MUST_CHECK enum sb_status sb_row_table_upsert(struct sb_row_table *table,
                                                 const struct sb_row_vector *keys,
                                                 const uint64_t *hashes, int64_t count,
                                                 uint64_t **rows, struct sb_error *err);

/* The same, and says which of them were made: `*fresh_count` numbers in `fresh`, ascending. */
SB_MUST_CHECK enum sb_status sb_row_table_insert(struct sb_row_table *table,
                                                 const struct sb_row_vector *keys,
                                                 const uint64_t *hashes, int64_t count,
                                                 uint64_t **rows, uint16_t *fresh,
                                                 int64_t *fresh_count, struct sb_error *err);

/*
 * Makes the index over all rows of the store, once. Rows of equal keys are chained through the
 * layout's link word; the nulls of keys are equal to each other. `*has_chains` says whether there
 * are any.
 */
SB_MUST_CHECK enum sb_status sb_row_table_link(struct sb_row_table *table, bool *has_chains,
                                               struct sb_error *err);

/*
 * The first row of each key in the table that is asked for it (tables[i]; NULL or one without rows
 * has none), or NULL. The tables share one layout.
 */
void sb_row_table_find(const struct sb_row_table *const *tables, const struct sb_row_vector *keys,
                       const uint64_t *hashes, int64_t count, uint64_t **rows);

/* The same where the key is one field of one word: `words` are the keys, none of them null. */
void sb_row_table_find_words(const struct sb_row_table *const *tables, const uint64_t *words,
                             const uint64_t *hashes, int64_t count, uint64_t **rows);

#endif
