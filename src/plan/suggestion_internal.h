// SPDX-License-Identifier: Apache-2.0
/*
 * suggestion_internal.h - "did you mean": the known word nearest to one that was mistyped.
 */
#ifndef SABOT_PLAN_SUGGESTION_INTERNAL_H
#define SABOT_PLAN_SUGGESTION_INTERNAL_H

#include <stddef.h>

#include "columnar/schema.h"
#include "plan/text.h"

struct sb_suggestion {
    const char *word;
    const char *best; // borrowed from who offered it; NULL = nothing is near
    size_t best_distance;
};

void sb_suggestion_init(struct sb_suggestion *suggestion, const char *word);
void sb_suggestion_offer(struct sb_suggestion *suggestion, const char *candidate);
void sb_suggestion_offer_columns(struct sb_suggestion *suggestion, const struct sb_schema *schema);

enum { SB_SUGGESTION_SIZE = SB_SHORT_SIZE + 32 };

/* " (did you mean 'price'?)", or "" when nothing is near. Returns `buffer`. */
const char *sb_suggestion_text(const struct sb_suggestion *suggestion,
                               char buffer[SB_SUGGESTION_SIZE]);

#endif
