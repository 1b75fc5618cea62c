// SPDX-License-Identifier: Apache-2.0
#include "plan/suggestion_internal.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    WORD_SIZE_MAX = 64,
    EDIT_COST = 2,
    SWAP_COST = 1, // "=>" is nearer to ">=" than to "=="
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

// Insertions, deletions, replacements and swaps of neighbours, capitals aside (optimal string
// alignment). Both words are at most WORD_SIZE_MAX bytes long.
static size_t edit_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][WORD_SIZE_MAX + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *row = rows[2];

    for (size_t j = 0; j <= b_size; j++) {
        last[j] = j * EDIT_COST;
    }
    for (size_t i = 1; i <= a_size; i++) {
        row[0] = i * EDIT_COST;
        for (size_t j = 1; j <= b_size; j++) {
            size_t cost = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : EDIT_COST;

            row[j] = least(least(last[j], row[j - 1]) + EDIT_COST, last[j - 1] + cost);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1])) {
                row[j] = least(row[j], before[j - 2] + SWAP_COST);
            }
        }
        size_t *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[b_size];
}

void sb_suggestion_init(struct sb_suggestion *suggestion, const char *word)
{
    *suggestion = (struct sb_suggestion){.word = word, .best_distance = SIZE_MAX};
}

void sb_suggestion_offer(struct sb_suggestion *suggestion, const char *candidate)
{
    size_t size = strnlen(suggestion->word, WORD_SIZE_MAX + 1);
    size_t candidate_size = strnlen(candidate, WORD_SIZE_MAX + 1);
    size_t distance;

    if (size > WORD_SIZE_MAX || candidate_size > WORD_SIZE_MAX) {
        return;
    }
    distance = edit_distance(suggestion->word, size, candidate, candidate_size);
    // A third of the letters may be wrong; of very short words one, but not all.
    if (distance > (size < 6 ? 1 : size / 3) * EDIT_COST ||
        (distance >= size * EDIT_COST && distance >= candidate_size * EDIT_COST)) {
        return;
    }
    if (distance < suggestion->best_distance) {
        suggestion->best = candidate;
        suggestion->best_distance = distance;
    }
}

void sb_suggestion_offer_columns(struct sb_suggestion *suggestion, const struct sb_schema *schema)
{
    for (int32_t i = 0; i < schema->field_count; i++) {
        sb_suggestion_offer(suggestion, schema->fields[i].name);
    }
}

const char *sb_suggestion_text(const struct sb_suggestion *suggestion,
                               char buffer[SB_SUGGESTION_SIZE])
{
    char shown[SB_SHORT_SIZE];

    buffer[0] = '\0';
    if (suggestion->best != NULL) {
        snprintf(buffer, SB_SUGGESTION_SIZE, " (did you mean '%s'?)",
                 sb_short(suggestion->best, shown));
    }
    return buffer;
}
