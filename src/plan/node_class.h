// SPDX-License-Identifier: Apache-2.0
/*
 * node_class.h - the contract between one node type (nodes/) and the plan that checks it.
 *
 * A node type is one file that ends in a `const struct sb_node_class`; node_class.c lists them.
 * What can be said in the class is checked by the plan: the count of inputs, the names and kinds
 * of parameters. `derive` does the rest, once the schemas of all inputs are known.
 */
#ifndef SABOT_PLAN_NODE_CLASS_H
#define SABOT_PLAN_NODE_CLASS_H

#include "plan/graph.h"
#include "plan/parameter.h"

/* What a derivation may use. Everything it makes, but schemas, lives in one of the arenas. */
struct sb_derivation {
    struct sb_arena *arena;
    struct sb_arena *scratch; // for what is not needed once the node is derived, or only to run it
    bool is_streaming;
    bool is_draft;               // nobody runs what is derived: expressions are resolved, not bound
    sb_schema_resolver resolver; // may be NULL
    void *context;
};

enum { SB_INPUTS_ANY = INT32_MAX };

struct sb_node_class {
    const char *name; // stable: the wire form's `operator_type`
    enum sb_node_type type;
    int32_t inputs_min;
    int32_t inputs_max;
    const char *const *input_names; // for messages, inputs_max of them; NULL = none
    bool takes_function;
    bool takes_updates; // rows may replace earlier ones of their key; see node->update_source
    const struct sb_parameter *parameters; // NULL = not looked into

    /*
     * Reads what its parameters say beyond the table, into the arena, which lives as long as the
     * node. Errors come from sb_error_set. NULL: nothing.
     */
    enum sb_status (*read)(struct sb_node *node, struct sb_arena *arena, struct sb_error *err);
    /*
     * Fills node->spec and sets node->schema (one reference). All inputs are derived already. May
     * run again on the same node. Errors come from sb_node_error. Required.
     */
    enum sb_status (*derive)(struct sb_node *node, struct sb_derivation *derivation,
                             struct sb_error *err);
    /*
     * Marks the columns of input `port` without which the node cannot give the columns of its own
     * that are wanted (`wanted[i]`: column i of node->schema). Marks only, never clears; of a node
     * whose parameters name a column it must mark that, too. NULL: it needs all of them.
     */
    void (*require)(const struct sb_node *node, const bool *wanted, int32_t port, bool *required);
    /*
     * Sets `*narrowed`, a new reference, to parameters with which the node leaves out columns
     * that are not wanted, as many as it can; to NULL when it can leave out none. False when out of
     * memory. NULL: it can leave out none.
     */
    bool (*narrow)(const struct sb_node *node, const bool *wanted, json_t **narrowed);
    /*
     * The column of input `port` on which a condition on output column `column` may be tested
     * before the node instead of behind it; -1 = none. It has the type of the output column, and
     * its value in every row of the port that an output row comes from, of which there is one. So a
     * condition all of whose columns have one at some ports is tested at all of these, and not
     * behind the node any more; and one that holds for all rows of the port holds for all output.
     * NULL: nothing can be tested before.
     */
    int32_t (*tested_column)(const struct sb_node *node, int32_t port, int32_t column);
    bool tests_every_input; // the exception: a condition must be tested, or hold, at all ports
    /* Of a class with tested_column: whether a row of `port` may lead to no output row. NULL: no.
     */
    bool (*drops_rows)(const struct sb_node *node, int32_t port);
    /*
     * What the node does as one of several steps over a batch, once it is derived; false when it
     * runs a function. For nodes that look at each row alone. NULL: it can be no step.
     */
    bool (*step)(const struct sb_node *node, struct sb_pipeline_step *out);
    /*
     * What EXPLAIN shows beside the name: an object, keys in order of importance. Needs no schema
     * and no spec: it reads arguments only. NULL when out of memory. Required.
     */
    json_t *(*details)(const struct sb_node *node, bool is_streaming, struct sb_arena *scratch);
};

extern const struct sb_node_class sb_node_source;
extern const struct sb_node_class sb_node_sink;
extern const struct sb_node_class sb_node_filter;
extern const struct sb_node_class sb_node_map;
extern const struct sb_node_class sb_node_select;
extern const struct sb_node_class sb_node_union;
extern const struct sb_node_class sb_node_hash_join;
extern const struct sb_node_class sb_node_aggregate;
extern const struct sb_node_class sb_node_group_by;
extern const struct sb_node_class sb_node_distinct;
extern const struct sb_node_class sb_node_limit;
extern const struct sb_node_class sb_node_custom;
extern const struct sb_node_class sb_node_reduce;
extern const struct sb_node_class sb_node_flat_map;
extern const struct sb_node_class sb_node_sort;
extern const struct sb_node_class sb_node_top_n;
extern const struct sb_node_class sb_node_fused;

/*
 * The class of an `operator_type`. SB_UNSUPPORTED for types that come later, SB_INVALID for others;
 * `name` is the operator's, for the message.
 */
SB_MUST_CHECK enum sb_status sb_node_class_find(const char *type_name, const char *name,
                                                const struct sb_node_class **out,
                                                struct sb_error *err);

/* Fills `err` with "operator 'NAME' (TYPE): parameter 'P': ..."; no parameter when it is NULL. */
enum sb_status sb_node_error(const struct sb_node *node, const char *parameter,
                             enum sb_status status, struct sb_error *err, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

enum sb_status sb_node_no_memory(const struct sb_node *node, struct sb_error *err, size_t size);

/* Room for `count` elements of `size` bytes, zeroed; never NULL when it returns SB_OK. */
SB_MUST_CHECK enum sb_status sb_node_alloc(const struct sb_node *node,
                                           struct sb_derivation *derivation, int64_t count,
                                           size_t size, void *out, struct sb_error *err);

/* The names in `argument`, none when it was not given. */
SB_MUST_CHECK enum sb_status sb_node_names(const struct sb_node *node,
                                           const struct sb_argument *argument,
                                           struct sb_arena *arena, struct sb_names *out,
                                           struct sb_error *err);

/* Where `column` is in `schema`; the error names the columns there are. */
SB_MUST_CHECK enum sb_status sb_node_column(const struct sb_node *node, const char *parameter,
                                            const struct sb_schema *schema, const char *column,
                                            int32_t *index, struct sb_error *err);

/* Makes node->schema of `fields`; equal names are an error that says `how_to_fix`. */
SB_MUST_CHECK enum sb_status sb_node_set_fields(struct sb_node *node,
                                                struct sb_derivation *derivation,
                                                const struct sb_field *fields, int32_t count,
                                                const char *how_to_fix, struct sb_error *err);

/* node->schema = `schema`, retained; equal names are an error. */
SB_MUST_CHECK enum sb_status sb_node_set_schema(struct sb_node *node,
                                                struct sb_derivation *derivation,
                                                struct sb_schema *schema, const char *how_to_fix,
                                                struct sb_error *err);

/* Asks the resolver what the node's function makes of its input; the caller owns `*out`. */
SB_MUST_CHECK enum sb_status sb_node_resolve(const struct sb_node *node,
                                             struct sb_derivation *derivation,
                                             struct sb_schema **out, struct sb_error *err);

/* The given arguments as they are: details of a node whose parameters are wrong. */
json_t *sb_node_arguments_json(const struct sb_node *node);

/* For nodes that pass their columns on: what is wanted is required. */
static inline void sb_required_pass(const bool *wanted, int32_t count, bool *required)
{
    for (int32_t i = 0; i < count; i++) {
        required[i] |= wanted[i];
    }
}

/* tested_column() of nodes that pass their columns on. */
int32_t sb_tested_column_same(const struct sb_node *node, int32_t port, int32_t column);

/* Whether equal values of the type are the same to every function: of floats, -0.0 and 0.0 are not.
 */
bool sb_type_equal_is_same(const struct sb_type *type);

/* Binds an expression as far as the derivation needs, in one of its arenas. */
SB_MUST_CHECK enum sb_status sb_derivation_bind(const struct sb_derivation *derivation,
                                                struct sb_arena *arena, const struct sb_expr *expr,
                                                const struct sb_schema *schema,
                                                const struct sb_bound_expr **out,
                                                struct sb_error *err);

/* What the parameters `jit` and `on_error` of an operator with a function may say. */
extern const char *const sb_function_jit_choices[];
extern const char *const sb_function_on_error_choices[];

/* Sets `key`, a literal; true on failure, so that many calls can be or-ed. Takes `value`. */
static inline bool sb_details_add(json_t *details, const char *key, json_t *value)
{
    return json_object_set_new_nocheck(details, key, value) != 0;
}

/* `details`, or NULL after freeing them when anything failed. */
static inline json_t *sb_details_end(json_t *details, bool is_failed)
{
    if (is_failed) {
        json_decref(details);
        return NULL;
    }
    return details;
}

#endif
