// SPDX-License-Identifier: Apache-2.0
/*
 * batch_text.h - batches written and read as text, so that tests show rows.
 *
 * A schema is "id: int64, at: timestamp[us, UTC] not null". Rows are one per line (or after each
 * `;`), cells between commas: `null`, `true`, `12`, `-0.0`, `nan`, `inf`, decimals as "12.50",
 * dates and timestamps as their integer or as 2024-02-29T12:30:15.5 (in UTC), text and binary as
 * 'it\'s \x00' (escapes \\ \' \n \xNN). White space around cells does not count. Wrong text fails
 * the test.
 */
#ifndef SABOT_SUPPORT_BATCH_TEXT_H
#define SABOT_SUPPORT_BATCH_TEXT_H

#include "columnar/batch.h"

/* `*out` has one reference, the caller's. */
SB_MUST_CHECK enum sb_status test_schema_parse(struct sb_memory *memory, const char *text,
                                               struct sb_schema **out);

/* Rows of `schema`. Statuses are those of allocations. */
SB_MUST_CHECK enum sb_status test_rows_parse(struct sb_memory *memory, struct sb_schema *schema,
                                             const char *rows, struct sb_batch *out);

/* Both in one. */
SB_MUST_CHECK enum sb_status test_batch_parse(struct sb_memory *memory, const char *schema,
                                              const char *rows, struct sb_batch *out);

/* The rows that exist, one per line in the form above, numbers in their shortest exact form. */
char *test_batch_text(const struct sb_batch *batch); // free() it

/* Fails with both texts unless the rows are those; `rows` is parsed with the batch's schema first.
 */
#define assert_batch_rows(batch, rows) test_batch_expect(batch, rows, false, __FILE__, __LINE__)

/* The same in any order. */
#define assert_batch_rows_unordered(batch, rows)                                                   \
    test_batch_expect(batch, rows, true, __FILE__, __LINE__)

void test_batch_expect(const struct sb_batch *batch, const char *rows, bool is_unordered,
                       const char *file, int line);

/* The same for the rows of several batches of one schema, one at least. */
void test_batches_expect(const struct sb_batch *batches, int64_t count, const char *rows,
                         bool is_unordered, const char *file, int line);

/* Restricts the batch to positions, as a filter does; `count` of them, ascending. */
SB_MUST_CHECK enum sb_status test_batch_select(struct sb_batch *batch, const uint32_t *positions,
                                               int64_t count);

#endif
