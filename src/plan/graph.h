// SPDX-License-Identifier: Apache-2.0
/*
 * graph.h - the logical graph: nodes with typed parameters, edges with ports and schemas.
 *
 * The public handle `struct sb_graph` (include/sabot/graph.h) is this struct. Everything in it
 * lives in its arena. After validation the graph is read-only.
 */
#ifndef SABOT_PLAN_GRAPH_H
#define SABOT_PLAN_GRAPH_H

#include <jansson.h>

#include <sabot/graph.h>

#include "expr/expr.h"
#include "expr/pipeline.h"

enum sb_node_type {
    SB_NODE_SOURCE,
    SB_NODE_SINK,
    SB_NODE_FILTER,
    SB_NODE_MAP,
    SB_NODE_SELECT,
    SB_NODE_UNION,
    SB_NODE_HASH_JOIN,
    SB_NODE_AGGREGATE,
    SB_NODE_DISTINCT,
    SB_NODE_LIMIT,
    SB_NODE_CUSTOM,
    SB_NODE_REDUCE,
    SB_NODE_FLAT_MAP,
    SB_NODE_SORT,
    SB_NODE_TOP_N,
    SB_NODE_FUSED,
};

struct sb_node;
struct sb_node_class; // node_class.h: what a type takes and how its schema is derived
struct sb_argument;   // parameter.h: one parameter as it was given
struct sb_statistics; // statistics.h: what is known of a source's rows

enum sb_generator_kind {
    SB_GENERATOR_SEQUENCE,
    SB_GENERATOR_UNIFORM_INT,
    SB_GENERATOR_UNIFORM_FLOAT,
    SB_GENERATOR_STRING,
    SB_GENERATOR_TIMESTAMP,
};

struct sb_generator_column {
    const char *name;
    int32_t number; // among those of the generator: what its values are made of
    enum sb_generator_kind kind;
    int64_t start; // sequence start, uniform_int low, string low, timestamp start_ms
    int64_t step;  // sequence step, timestamp step_ms
    int64_t high;  // uniform_int and string: inclusive
    double low_float;
    double high_float;
    const char *prefix; // string
};

/* What a source makes of the rows that its splits deliver: `filters` first, then `columns`. */
struct sb_scan_spec {
    const struct sb_expr *predicate;   // NULL = every row leaves
    const struct sb_bound_expr *bound; // to the delivered columns
    int32_t column_count;
    int32_t *columns; // by output column: where it is delivered; NULL = all, as they come
};

static inline bool sb_scan_is_needed(const struct sb_scan_spec *scan)
{
    return scan->predicate != NULL || scan->columns != NULL;
}

struct sb_source_spec {
    const char *timestamp_column; // NULL = none
    int32_t timestamp_index;      // among the delivered columns; -1 = none
    int64_t lateness_us;
    bool is_endless; // from mode and `bounded`; an endless source announces watermarks
    bool is_generator;
    bool is_validated; // contents of foreign batches are looked at, too
    struct sb_scan_spec scan;
    int64_t generator_rows; // all splits together
    uint64_t generator_seed;
    int32_t generator_splits;
    struct sb_generator_column *generator_columns;
    int32_t generator_column_count;
    const char *target; // "topic 'x'", "path 'y'", "memory", "generator": for EXPLAIN
};

enum sb_sink_target {
    SB_TARGET_COLLECT,
    SB_TARGET_DISCARD,
    SB_TARGET_STREAM, // topic, path or callback: somebody outside pulls the rows
};

struct sb_sink_spec {
    enum sb_sink_target kind;
    const char *target; // for EXPLAIN
};

struct sb_filter_spec {
    const struct sb_expr *predicate; // NULL = an opaque function
    const struct sb_bound_expr *bound;
};

struct sb_map_spec {
    bool is_function; // else expressions
    int32_t expression_count;
    const char **names;
    const struct sb_expr **expressions;
    const struct sb_bound_expr **bound;
    bool is_keeping; // input columns stay beside the expressions
    /* Output column i is input column source_column[i], or -1 - j for expression j. */
    int32_t *source_columns;
    const struct sb_pipeline *pipeline; // of several expressions, in one pass; NULL = each alone
};

/* Filters, maps and selects without functions, one behind the other, as one operator. */
struct sb_fused_spec {
    int32_t step_count;
    struct sb_node **steps; // in no graph: derived as if each fed the next
    const struct sb_pipeline *pipeline;
};

/* FLAT_MAP without a function. The elements stand where their list stood. */
struct sb_unnest_spec {
    int32_t column;   // of lists, in the input and in the output
    bool keeps_empty; // a row without elements leaves with null; else it does not leave
};

/* UNION by name; of a strict one, nothing is set. */
struct sb_union_spec {
    bool is_by_name;
    /* [port * columns + i]: where output column i comes from in the input; -1 = null there. */
    int32_t *source_columns;
    const struct sb_bound_expr **casts; // likewise; NULL = the column as it is
    bool *has_casts;                    // [port]
};

struct sb_select_spec {
    int32_t column_count;
    int32_t *columns; // positions in the input
};

enum sb_join_kind {
    SB_JOIN_INNER,
    SB_JOIN_LEFT,
    SB_JOIN_RIGHT,
    SB_JOIN_OUTER,
    SB_JOIN_SEMI, // left rows that have a match, once each
    SB_JOIN_ANTI, // left rows that have none
};

/* Whether left rows without a match come out, too. */
static inline bool sb_join_keeps_left(enum sb_join_kind kind)
{
    return kind == SB_JOIN_LEFT || kind == SB_JOIN_OUTER;
}

static inline bool sb_join_keeps_right(enum sb_join_kind kind)
{
    return kind == SB_JOIN_RIGHT || kind == SB_JOIN_OUTER;
}

/* Whether only left columns come out. */
static inline bool sb_join_is_existence(enum sb_join_kind kind)
{
    return kind == SB_JOIN_SEMI || kind == SB_JOIN_ANTI;
}

struct sb_join_spec {
    enum sb_join_kind kind;
    int32_t key_count;
    int32_t *left_keys;  // positions in the left input
    int32_t *right_keys; // positions in the right input
    /*
     * What to compare the two key columns as: the left type itself when both are stored alike,
     * else a common type (int64/uint64 for integers; text layouts compare by bytes). As uint64,
     * a negative key of the other side matches nothing.
     */
    struct sb_type *key_types;
    bool nulls_equal; // null keys match each other
    /*
     * Both sides are stored by key and joined as their rows come: one of them ends never, or rows
     * must be near each other in time. Otherwise the right side is loaded first.
     */
    bool is_symmetric;
    int64_t within_us; // of each other; -1 = at any time
    int64_t ttl_us;    // how far behind the watermark rows may be forgotten; -1 = never
    int32_t times[2];  // by port: the column of event times; -1 = none
    /* Output = every left column, then these right columns (the right keys are left out). */
    int32_t right_output_count;
    int32_t *right_outputs;
};

enum sb_aggregate_function {
    SB_AGGREGATE_COUNT_ROWS, // count of '*'
    SB_AGGREGATE_COUNT,
    SB_AGGREGATE_SUM,
    SB_AGGREGATE_MEAN,
    SB_AGGREGATE_MIN,
    SB_AGGREGATE_MAX,
    SB_AGGREGATE_FIRST, // by row order, see sb_op_order
    SB_AGGREGATE_LAST,
    SB_AGGREGATE_FIRST_ROW, // the value in the first row, also when it is null
    SB_AGGREGATE_VARIANCE,  // of a sample
    SB_AGGREGATE_VARIANCE_POP,
    SB_AGGREGATE_STDDEV,
    SB_AGGREGATE_STDDEV_POP,
    SB_AGGREGATE_COUNT_DISTINCT,
    SB_AGGREGATE_LIST,     // in row order, null values too
    SB_AGGREGATE_QUANTILE, // exact, linear between neighbours
    SB_AGGREGATE_APPROX_COUNT_DISTINCT,
    SB_AGGREGATE_APPROX_QUANTILE,
};

struct sb_aggregate_call {
    enum sb_aggregate_function function;
    int32_t column;  // in the input; -1 for COUNT_ROWS
    double quantile; // of the QUANTILE functions: above 0, below 1
    struct sb_type result;
    const char *name;
};

struct sb_aggregate_spec {
    int32_t key_count;
    int32_t *keys; // positions in the input
    int32_t call_count;
    struct sb_aggregate_call *calls;
    int32_t *outputs; // what output columns are: a key or key_count + a call; NULL = in that order
    bool emits_updates; // changed rows as they change; else all rows at the end
};

/*
 * The first row of each key. Over a bounded input with columns beside the key, it is an aggregate
 * of first values, which is in `first_rows`.
 */
struct sb_distinct_spec {
    int32_t key_count;
    int32_t *keys;      // positions in the input
    bool is_whole;      // all columns are keys
    bool emits_at_once; // for input without end: a row leaves when its key is first seen
    struct sb_aggregate_spec first_rows;
};

/* One column to order by: nulls come last unless told, whatever the direction. */
struct sb_order_key {
    int32_t column; // in the input
    bool is_descending;
    bool nulls_first;
};

/* SORT and TOP_N. */
struct sb_order_spec {
    int32_t key_count;
    struct sb_order_key *keys;
};

struct sb_top_n_spec {
    struct sb_order_spec order;
    int64_t count;
    int64_t offset;
};

struct sb_limit_spec {
    int64_t count; // INT64_MAX = all
    int64_t offset;
};

/* An operator as the user drew it, whose work a node of an optimized graph does. */
struct sb_part {
    const char *id;
    const char *type_name;
    const char *name;
};

struct sb_node {
    enum sb_node_type type;
    int32_t index; // position in graph->nodes
    const char *id;
    const char *name;
    const char *type_name; // lower case, as the wire form writes it
    json_t *json;          // the node as it came: function, placement hints
    json_t *parameters;    // those of `json`, or what an edit has set; NULL = none
    int32_t part_count;    // 0 = it does its own work
    const struct sb_part *parts;
    int32_t step_count;     // of a fused operator; else 0
    struct sb_node **steps; // read, in no graph and not derived; each lives as long as the node
    bool has_function;
    int32_t parallelism; // 0 = the graph's default
    int32_t max_parallelism;
    const char *label;    // "operator 'NAME' (TYPE)", cut: how messages begin
    const json_t *key_by; // the node's own; NULL = none
    const struct sb_node_class *class;
    const struct sb_argument *arguments; // by the class's parameter table

    int32_t input_count;
    struct sb_node **inputs; // by port
    int32_t output_count;
    struct sb_node **outputs; // once per edge, in edge order
    int32_t *output_ports;    // the port at outputs[i]

    struct sb_schema *declared_schema; // source: from sb_graph_set_source_schema; else NULL
    struct sb_statistics *statistics;  // source: from sb_graph_set_source_statistics; counted
    struct sb_schema *schema;          // what it emits (a sink: what it takes); set by validation
    struct sb_schema *delivered;       // source: what its splits give; set by validation
    /* A source without end that feeds it; NULL = every row comes from sources that end. */
    const struct sb_node *endless_source;
    /*
     * The operator whose rows replace earlier rows of the same key, when such rows come from here;
     * NULL = every row stands for itself.
     */
    const struct sb_node *update_source;
    /* The expressions in its arguments, once they were parsed; those of the last validation. */
    const struct sb_expr **parsed;
    bool is_stale; // in an edit: its derivation is older than what it came from

    union { // by type; set by validation
        struct sb_source_spec source;
        struct sb_sink_spec sink;
        struct sb_filter_spec filter;
        struct sb_map_spec map;
        struct sb_unnest_spec unnest;
        struct sb_union_spec unite;
        struct sb_select_spec select;
        struct sb_join_spec join;
        struct sb_aggregate_spec aggregate;
        struct sb_distinct_spec distinct;
        struct sb_limit_spec limit;
        struct sb_order_spec sort;
        struct sb_top_n_spec top_n;
        struct sb_fused_spec fused;
    } spec;
};

struct sb_graph {
    struct sb_arena arena;
    struct sb_arena derived; // specs and bound expressions: what the last validation made
    json_t *json;            // the whole wire form, as it came; see sb_graph_json()
    json_t *made;            // an array: what edits have set nodes to; NULL = nothing
    bool is_edited;          // nodes and edges are others than in `json`
    const char *job_id;
    const char *job_name;
    bool is_streaming;
    int32_t default_parallelism;
    int32_t node_count;
    struct sb_node **nodes;  // as the wire form lists them
    struct sb_node **sorted; // topological: inputs before outputs, stable
    struct sb_node **by_id;  // sorted by id, for sb_graph_node
    bool is_validated;
};

/* NULL when there is none. */
struct sb_node *sb_graph_node(const struct sb_graph *graph, const char *operator_id);

#endif
