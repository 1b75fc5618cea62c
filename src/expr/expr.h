// SPDX-License-Identifier: Apache-2.0
/*
 * expr.h - typed, vectorised expressions over the columns of a batch.
 *
 * parse (JSON wire form, docs/design/0001) -> bind (names to columns, types checked, casts made
 * explicit, constants folded) -> evaluate. Parsed and bound trees live in the plan's arena and are
 * read-only: all workers share them. Evaluation runs in chunks of SB_EXPR_CHUNK rows whose
 * temporaries stay in L1; they live in a scratch that belongs to one worker.
 */
#ifndef SABOT_EXPR_EXPR_H
#define SABOT_EXPR_EXPR_H

#include <jansson.h>

#include "columnar/batch.h"

enum { SB_EXPR_CHUNK = 1024 };

struct sb_expr;         // parsed: names, not yet types
struct sb_bound_expr;   // bound to one schema
struct sb_expr_scratch; // one worker's temporaries

/* `json` is borrowed; nodes, names and constants are copied into `arena`. */
SB_MUST_CHECK enum sb_status sb_expr_parse(const json_t *json, struct sb_arena *arena,
                                           const struct sb_expr **out, struct sb_error *err);

/* `column` `operator` `value`, the short form of a FILTER; `operator` is ">", ">=", ... */
SB_MUST_CHECK enum sb_status sb_expr_make_comparison(const char *column, const char *operator,
                                                     const json_t *value, struct sb_arena *arena,
                                                     const struct sb_expr **out,
                                                     struct sb_error *err);

/* The wire form again; the caller owns the reference. NULL when out of memory. */
json_t *sb_expr_to_json(const struct sb_expr *expr);

/* "price * 2 > 100": for EXPLAIN. In `arena`; NULL when out of memory. */
const char *sb_expr_to_text(const struct sb_expr *expr, struct sb_arena *arena);

/* Marks `used[i]` for every column of `schema` that the expression reads. */
void sb_expr_columns(const struct sb_expr *expr, const struct sb_schema *schema, bool *used);

/* Calls `visit` with the name of every column the expression reads; one may come again. */
void sb_expr_visit_columns(const struct sb_expr *expr,
                           void (*visit)(void *context, const char *column), void *context);

/*
 * Finds columns, types and functions. Cheaper than sb_expr_bind(), and enough to know an expression
 * by; but not to run it. The error names the unknown column and those there are, or the function
 * and the types it met.
 */
SB_MUST_CHECK enum sb_status sb_expr_resolve(const struct sb_expr *expr,
                                             const struct sb_schema *schema, struct sb_arena *arena,
                                             const struct sb_bound_expr **out,
                                             struct sb_error *err);

/* The same, ready to run. */
SB_MUST_CHECK enum sb_status sb_expr_bind(const struct sb_expr *expr,
                                          const struct sb_schema *schema, struct sb_arena *arena,
                                          const struct sb_bound_expr **out, struct sb_error *err);

const struct sb_type *sb_bound_expr_type(const struct sb_bound_expr *bound);

/* Whether a null can come out, given which inputs are nullable. */
bool sb_bound_expr_is_nullable(const struct sb_bound_expr *bound);

SB_MUST_CHECK enum sb_status sb_expr_scratch_create(struct sb_memory *memory,
                                                    struct sb_expr_scratch **out,
                                                    struct sb_error *err);
void sb_expr_scratch_destroy(struct sb_expr_scratch *scratch); // NULL is fine

/*
 * One dense column with a value for each row of the batch that exists (selection applied). A plain
 * column of an unselected batch is shared, not copied. `out->type` is the bound type.
 */
SB_MUST_CHECK enum sb_status sb_expr_evaluate(const struct sb_bound_expr *bound,
                                              const struct sb_batch *batch,
                                              struct sb_expr_scratch *scratch,
                                              struct sb_column *out, struct sb_error *err);

/*
 * Narrows `batch` to the rows for which the boolean expression is true (null is not). A batch that
 * passes whole is left as it is; one of which nothing passes has row_count 0 afterwards.
 */
SB_MUST_CHECK enum sb_status sb_expr_filter(const struct sb_bound_expr *bound,
                                            struct sb_batch *batch, struct sb_expr_scratch *scratch,
                                            struct sb_error *err);

#endif
