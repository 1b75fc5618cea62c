// SPDX-License-Identifier: Apache-2.0
/*
 * graph.h - a logical dataflow graph: what the user drew, before anything runs.
 *
 * A graph comes from its JSON wire form, learns the schemas of its sources and of its opaque
 * functions, and is then validated: every edge gets a schema, every parameter is checked. A
 * validated graph does not change any more and may be shared between jobs.
 */
#ifndef SABOT_GRAPH_H
#define SABOT_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include <sabot/arrow_abi.h>
#include <sabot/error.h>
#include <sabot/export.h>

struct sb_graph;

/*
 * Parses the wire form (`json`, `size` bytes) and checks all that needs no schema: keys, names and
 * kinds of parameters, ports, missing inputs, cycles. `*out` is owned by the caller:
 * sb_graph_destroy().
 */
SB_API enum sb_status sb_graph_create_from_json(const char *json, size_t size,
                                                struct sb_graph **out, struct sb_error *err);
SB_API void sb_graph_destroy(struct sb_graph *graph);

/*
 * Declares what rows the source `operator_id` is given, before its `filters` and `columns`. Takes
 * `schema` (released in every outcome). A source of a kind that knows its own schema (`generator`)
 * needs no call.
 */
SB_API enum sb_status sb_graph_set_source_schema(struct sb_graph *graph, const char *operator_id,
                                                 struct ArrowSchema *schema, struct sb_error *err);

/*
 * Tells what is known of the rows of the source `operator_id`, whose schema is declared, from JSON
 * text of `size` bytes; replaces what was told before:
 *
 *     {"row_count": 1000, "columns": {"price": {"min": 1.5, "max": 20, "null_count": 0,
 *                                               "distinct_count": 75, "average_width": 8.0}}}
 *
 * Every key may be missing: unknown. `min` and `max` are written like literals of the wire form and
 * read as the column's type (NaN = unknown); `distinct_count` does not count null; `average_width`
 * is in bytes. The numbers may be estimates: plans depend on them, rows never do. A generator knows
 * its own. They survive validation and being told a schema with fewer columns. To be called by who
 * has the graph alone.
 */
SB_API enum sb_status sb_graph_set_source_statistics(struct sb_graph *graph,
                                                     const char *operator_id, const char *json,
                                                     size_t size, struct sb_error *err);

/*
 * Asks for the output schema of an operator that runs a function the engine cannot see into (MAP
 * or FILTER with `function`, CUSTOM). `input` is borrowed; `output` is filled by the callee.
 * Returns SB_OK or the status for `err`, which the callee fills.
 */
typedef enum sb_status (*sb_schema_resolver)(void *context, const char *operator_id,
                                             const struct ArrowSchema *input,
                                             struct ArrowSchema *output, struct sb_error *err);

/*
 * Derives the schema of every edge and checks every parameter. The error names the operator, the
 * parameter and the columns or values there are. On a validated graph it does nothing. `resolver`
 * may be NULL for graphs without opaque functions.
 */
SB_API enum sb_status sb_graph_validate(struct sb_graph *graph, sb_schema_resolver resolver,
                                        void *context, struct sb_error *err);

/* The schema an operator emits, of a validated graph. The caller releases `out`. */
SB_API enum sb_status sb_graph_output_schema(const struct sb_graph *graph, const char *operator_id,
                                             struct ArrowSchema *out, struct sb_error *err);

/*
 * What to give the source `operator_id`, as JSON: {"columns": names to read, or null for all;
 * "filters": an expression, or null; rows for which it is not true may be left out}. The columns
 * are those it emits, then what else its filters and its timestamps need. Giving more does no harm:
 * the engine filters and projects. Known before the graph is validated; what an optimizer moved
 * into a source is in it. Free with sb_string_free().
 */
SB_API enum sb_status sb_graph_source_request(const struct sb_graph *graph, const char *operator_id,
                                              char **out, struct sb_error *err);

/*
 * Which columns of the source `operator_id` decide how many rows operators give: those that
 * conditions, join keys and group keys are made of. Of the others, statistics are of little use.
 * `out[i]` is about column i of what it is given, which has `count`.
 */
SB_API enum sb_status sb_graph_deciding_columns(const struct sb_graph *graph,
                                                const char *operator_id, bool *out, int32_t count,
                                                struct sb_error *err);

/* The wire form, exact: parsing it gives an equal graph. Free with sb_string_free(). */
SB_API enum sb_status sb_graph_to_json(const struct sb_graph *graph, char **out,
                                       struct sb_error *err);

enum sb_explain_format {
    SB_EXPLAIN_TEXT = 0,
    SB_EXPLAIN_JSON = 1,
};

/*
 * The plan as deterministic text or JSON. Behind an operator stands how many rows it is thought to
 * give, "~1,000 rows", where all sources behind it have told theirs (JSON: `estimated_rows`, else
 * null). Free with sb_string_free().
 */
SB_API enum sb_status sb_graph_explain(const struct sb_graph *graph, enum sb_explain_format format,
                                       char **out, struct sb_error *err);

struct sb_operator_metrics; // job.h

/*
 * The same after a run, with the rows that came: "990 rows (~1,000 estimated)" (JSON: `rows` and
 * `busy_ms`, too). `metrics` are those of a job of this graph, or of a form of it: operators are
 * found by their ids.
 */
SB_API enum sb_status sb_graph_explain_run(const struct sb_graph *graph,
                                           enum sb_explain_format format,
                                           const struct sb_operator_metrics *metrics, int32_t count,
                                           char **out, struct sb_error *err);

/*
 * The functions that expressions may call, as a JSON list of objects: name, category, signature,
 * summary, argument_min, argument_max (-1: any number), and example with call (wire form), text and
 * result. Free with sb_string_free().
 */
SB_API enum sb_status sb_functions_to_json(char **out, struct sb_error *err);

/* Frees a string that this library returned; NULL is fine. */
SB_API void sb_string_free(char *string);

#endif
