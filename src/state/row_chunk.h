// SPDX-License-Identifier: Apache-2.0
/*
 * row_chunk.h - the scratch of one pass over up to SB_ROW_CHUNK rows: a vector per field, hashes,
 * and the rows they belong to.
 */
#ifndef SABOT_STATE_ROW_CHUNK_H
#define SABOT_STATE_ROW_CHUNK_H

#include "state/row_layout.h"

struct sb_row_chunk {
    struct sb_memory *memory;
    int32_t vector_count;
    struct sb_row_vector *vectors; // [vector_count]
    _Alignas(64) uint64_t hashes[SB_ROW_CHUNK];
    uint64_t *rows[SB_ROW_CHUNK];
    struct sb_row_scratch scratches[]; // [vector_count]
};

SB_MUST_CHECK enum sb_status sb_row_chunk_create(struct sb_memory *memory, int32_t vector_count,
                                                 struct sb_row_chunk **out, struct sb_error *err);
void sb_row_chunk_destroy(struct sb_row_chunk *chunk); // NULL is fine

/* Points `rows` to `count` rows that follow each other. */
static inline void sb_row_chunk_point(struct sb_row_chunk *chunk, uint64_t *first,
                                      int32_t row_words, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        chunk->rows[i] = first + i * row_words;
    }
}

/* The values of a vector at `places`; ascending places may be gathered into their own scratch. */
void sb_row_vector_gather(const struct sb_row_vector *vector, const uint16_t *places, int64_t count,
                          struct sb_row_scratch *scratch, struct sb_row_vector *out);

/* Leaves the rows at `places`, which ascend, in the first vectors and in the hashes. */
void sb_row_chunk_pick(struct sb_row_chunk *chunk, int32_t vector_count, const uint16_t *places,
                       int64_t count);

/* Leaves the rows with bytes[i] == which in the vectors. Returns how many there are. */
int64_t sb_row_chunk_keep(struct sb_row_chunk *chunk, const uint8_t *bytes, uint8_t which,
                          int64_t count);

/* The hashes of keys: the first `key_count` vectors. No key hashes to 0. */
void sb_row_chunk_hash(struct sb_row_chunk *chunk, int32_t key_count, int64_t count);

#endif
