// SPDX-License-Identifier: Apache-2.0
#include "state/row_chunk.h"

static size_t chunk_vectors_offset(int32_t vector_count)
{
    return sizeof(struct sb_row_chunk) + sizeof(struct sb_row_scratch) * (size_t)vector_count;
}

static size_t chunk_size(int32_t vector_count)
{
    return chunk_vectors_offset(vector_count) + sizeof(struct sb_row_vector) * (size_t)vector_count;
}

enum sb_status sb_row_chunk_create(struct sb_memory *memory, int32_t vector_count,
                                   struct sb_row_chunk **out, struct sb_error *err)
{
    struct sb_row_chunk *chunk = sb_memory_alloc(memory, chunk_size(vector_count));

    *out = chunk;
    if (chunk == NULL) {
        return sb_error_no_memory(err, "scratch of a keyed operator",
                                  (int64_t)chunk_size(vector_count));
    }
    chunk->memory = memory;
    chunk->vector_count = vector_count;
    chunk->vectors = (void *)((uint8_t *)chunk + chunk_vectors_offset(vector_count));
    for (int32_t i = 0; i < vector_count; i++) {
        chunk->scratches[i].heap = (struct sb_row_heap){.memory = memory};
    }
    return SB_OK;
}

void sb_row_chunk_destroy(struct sb_row_chunk *chunk)
{
    if (chunk != NULL) {
        for (int32_t i = 0; i < chunk->vector_count; i++) {
            sb_row_heap_deinit(&chunk->scratches[i].heap);
        }
        sb_memory_free(chunk->memory, chunk, chunk_size(chunk->vector_count));
    }
}

int64_t sb_row_chunk_keep(struct sb_row_chunk *chunk, const uint8_t *bytes, uint8_t which,
                          int64_t count)
{
    int64_t kept = 0;

    for (int32_t v = 0; v < chunk->vector_count; v++) {
        struct sb_row_vector *vector = &chunk->vectors[v];
        struct sb_row_scratch *scratch = &chunk->scratches[v];
        int32_t width = sb_row_kind_words(vector->kind);

        kept = 0;
        for (int64_t i = 0; i < count; i++) {
            if (bytes[i] == which) {
                memmove(scratch->words + width * kept, vector->words + width * i,
                        sizeof *scratch->words * (size_t)width);
                if (vector->nulls != NULL) {
                    scratch->nulls[kept] = vector->nulls[i];
                }
                kept++;
            }
        }
        vector->words = scratch->words;
        vector->nulls = vector->nulls == NULL ? NULL : scratch->nulls;
    }
    return kept;
}

void sb_row_chunk_hash(struct sb_row_chunk *chunk, int32_t key_count, int64_t count)
{
    if (key_count == 0) {
        memset(chunk->hashes, 0, sizeof *chunk->hashes * (size_t)count);
    }
    for (int32_t k = 0; k < key_count; k++) {
        sb_row_vector_hash(&chunk->vectors[k], count, k == 0, chunk->hashes);
    }
}

void sb_row_vector_gather(const struct sb_row_vector *vector, const uint16_t *places, int64_t count,
                          struct sb_row_scratch *scratch, struct sb_row_vector *out)
{
    const uint64_t *words = vector->words;
    const uint8_t *nulls = vector->nulls;

    if (sb_row_kind_words(vector->kind) == 1) {
        for (int64_t i = 0; i < count; i++) {
            scratch->words[i] = words[places[i]];
        }
    } else {
        for (int64_t i = 0; i < count; i++) {
            scratch->words[2 * i] = words[2 * places[i]];
            scratch->words[2 * i + 1] = words[2 * places[i] + 1];
        }
    }
    for (int64_t i = 0; nulls != NULL && i < count; i++) {
        scratch->nulls[i] = nulls[places[i]];
    }
    *out =
        (struct sb_row_vector){vector->kind, scratch->words, nulls == NULL ? NULL : scratch->nulls};
}

void sb_row_chunk_pick(struct sb_row_chunk *chunk, int32_t vector_count, const uint16_t *places,
                       int64_t count)
{
    for (int32_t v = 0; v < vector_count; v++) {
        sb_row_vector_gather(&chunk->vectors[v], places, count, &chunk->scratches[v],
                             &chunk->vectors[v]);
    }
    for (int64_t i = 0; i < count; i++) {
        chunk->hashes[i] = chunk->hashes[places[i]];
    }
}
