// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_key.c - keys of more than one word in plain rows.
 *
 * Tables of plain rows find a row by word 0. Where the key is one word, that is the key. Else it is
 * the key's hash, and the words behind it are the key: a value's one or two words, or the bytes of
 * a short text with zeros behind and the size in the last byte. Equal keys have equal words, so
 * they are compared without asking what they are. The second of two keys with one hash is not
 * plain, nor is one with a longer text.
 */
#include "exec/ops/aggregate_internal.h"

int32_t sb_plain_key_width(enum sb_row_kind kind)
{
    return kind == SB_ROW_TEXT ? (int32_t)SB_PLAIN_TEXT_WORDS : sb_row_kind_words(kind);
}

/* Whether text of a vector is too long. */
static bool texts_misfit(const struct sb_row_vector *texts, int64_t count)
{
    bool any = false;

    for (int64_t i = 0; i < count; i++) {
        any |= sb_text_size(texts->words[2 * i]) > SB_PLAIN_TEXT_MAX;
    }
    return any;
}

/* Whether the last word of a value, `width` words wide, is the mark. */
static bool words_misfit(const uint64_t *last, int32_t width, int64_t count)
{
    bool any = false;

    for (int64_t i = 0; i < count; i++) {
        any |= last[width * i] == SB_PLAIN_FRESH;
    }
    return any;
}

bool sb_plain_keys_misfit(const struct sb_aggregate *aggregate, const struct sb_row_chunk *chunk,
                          int64_t count, uint8_t *misfits)
{
    bool any = false;

    for (int32_t k = 0; aggregate->plain_key_words > 0 && k < aggregate->key_count; k++) {
        const struct sb_row_vector *vector = &chunk->vectors[k];
        int32_t width = sb_row_kind_words(vector->kind);
        const uint64_t *last = vector->words + width - 1;

        // Hardly ever: which ones is asked when there are some.
        if (vector->kind == SB_ROW_TEXT && texts_misfit(vector, count)) {
            for (int64_t i = 0; i < count; i++) {
                misfits[i] |= sb_text_size(vector->words[2 * i]) > SB_PLAIN_TEXT_MAX;
            }
            any = true;
        } else if (vector->kind != SB_ROW_TEXT && k == 0 && words_misfit(last, width, count)) {
            for (int64_t i = 0; i < count; i++) {
                misfits[i] |= last[width * i] == SB_PLAIN_FRESH;
            }
            any = true;
        }
    }
    return any;
}

// --- packing -------------------------------------------------------------------------------------

static inline uint64_t bytes_load(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

/* The words of a text of at most SB_PLAIN_TEXT_MAX bytes: `count` apart. */
static void texts_pack(const struct sb_row_vector *texts, int64_t count, uint64_t *first,
                       uint64_t *second, uint64_t *third)
{
    static_assert((int)SB_PLAIN_TEXT_WORDS == 3 && (int)SB_TEXT_INLINE_MAX >= 8, "three words");

    for (int64_t i = 0; i < count; i++) {
        uint64_t head = texts->words[2 * i];
        uint64_t tail = texts->words[2 * i + 1];
        uint64_t size = (uint64_t)sb_text_size(head);

        third[i] = size << 56;
        if (sb_text_is_inline(head)) {
            first[i] = head >> 32 | tail << 32;
            second[i] = tail >> 32;
        } else {
            const uint8_t *bytes = (const uint8_t *)(uintptr_t)tail;
            uint64_t end = bytes_load(bytes + size - 8);

            first[i] = bytes_load(bytes);
            if (size > 16) {
                second[i] = bytes_load(bytes + 8);
                third[i] |= end >> (8 * (24 - size));
            } else {
                second[i] = end >> (8 * (16 - size));
            }
        }
    }
}

static void wides_split(const struct sb_row_vector *wides, int64_t count, uint64_t *low,
                        uint64_t *high)
{
    for (int64_t i = 0; i < count; i++) {
        low[i] = wides->words[2 * i];
        high[i] = wides->words[2 * i + 1];
    }
}

void sb_plain_keys_pack(const struct sb_aggregate *aggregate, struct sb_row_chunk *chunk,
                        int64_t count, uint64_t *words, const uint64_t **columns)
{
    if (aggregate->plain_key_words == 0) {
        columns[0] = chunk->vectors[0].words;
        return;
    }
    sb_row_chunk_hash(chunk, aggregate->key_count, count);
    columns[0] = chunk->hashes;
    for (int32_t k = 0; k < aggregate->key_count; k++) {
        const struct sb_row_vector *vector = &chunk->vectors[k];
        int32_t word = aggregate->plain_key_word[k];
        int32_t width = sb_plain_key_width(vector->kind);

        if (width == 1) {
            columns[word] = vector->words;
            continue;
        }
        for (int32_t w = 0; w < width; w++) {
            columns[word + w] = words + w * SB_ROW_CHUNK;
        }
        if (vector->kind == SB_ROW_TEXT) {
            texts_pack(vector, count, words, words + SB_ROW_CHUNK, words + 2 * SB_ROW_CHUNK);
        } else {
            wides_split(vector, count, words, words + SB_ROW_CHUNK);
        }
        words += width * SB_ROW_CHUNK;
    }
}

// --- loading -------------------------------------------------------------------------------------

void sb_plain_key_load(const struct sb_aggregate *aggregate, int32_t key, const uint64_t *rows,
                       int64_t count, struct sb_row_scratch *scratch, struct sb_row_vector *out)
{
    enum sb_row_kind kind = aggregate->state_layout.fields[key].kind;
    int32_t row_words = aggregate->plain_state.row_words;
    const uint64_t *from = rows + aggregate->plain_key_word[key];
    uint64_t *words = scratch->words;

    *out = (struct sb_row_vector){kind, words, NULL};
    for (int64_t i = 0; i < count; i++, from += row_words) {
        if (kind == SB_ROW_TEXT) {
            struct sb_text text = sb_text_make((const uint8_t *)from, (int64_t)(from[2] >> 56));
            words[2 * i] = text.head;
            words[2 * i + 1] = text.tail;
        } else if (kind == SB_ROW_WIDE) {
            words[2 * i] = from[0];
            words[2 * i + 1] = from[1];
        } else {
            words[i] = from[0];
        }
    }
}
