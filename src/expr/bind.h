// SPDX-License-Identifier: Apache-2.0
/*
 * bind.h - the tools of resolve hooks: make nodes, cast arguments, refuse types.
 */
#ifndef SABOT_EXPR_BIND_H
#define SABOT_EXPR_BIND_H

#include "expr/tree.h"

/* What a cast does with a value that does not fit. */
enum sb_cast_mode {
    SB_CAST_STRICT,   // an error that names the value
    SB_CAST_NULL,     // null
    SB_CAST_SATURATE, // decimals, for comparison: the nearest value an int128 holds
};

struct sb_call_options {
    const char *name;
    struct sb_type type;
    const struct sb_kernel_set *kernels;
    enum sb_null_rule null_rule;
    enum sb_guard_rule guard_rule;
    bool is_null_on_error;
    bool is_never_null;
    bool is_nullable; // also when no argument is
    int64_t parameter;
    const void *prepared;
    int32_t argument_count;
    const struct sb_bound_node **arguments; // copied
};

/* A call, or the constant it folds to. The type's zone must live in the arena or schema. */
SB_MUST_CHECK enum sb_status sb_bind_call(struct sb_binder *binder,
                                          const struct sb_call_options *options,
                                          const struct sb_bound_node **out);

SB_MUST_CHECK enum sb_status sb_bind_constant(struct sb_binder *binder,
                                              const struct sb_scalar *scalar,
                                              const struct sb_bound_node **out);
SB_MUST_CHECK enum sb_status sb_bind_boolean(struct sb_binder *binder, bool value,
                                             const struct sb_bound_node **out);
SB_MUST_CHECK enum sb_status sb_bind_null(struct sb_binder *binder, const struct sb_type *type,
                                          const struct sb_bound_node **out);

/* The bits of `argument` under another type of the same physical one. */
SB_MUST_CHECK enum sb_status sb_bind_retype(struct sb_binder *binder,
                                            const struct sb_bound_node *argument,
                                            const struct sb_type *type,
                                            const struct sb_bound_node **out);

/* `node` as `type`: itself, a constant, or a cast. `name` is what an error calls the culprit. */
SB_MUST_CHECK enum sb_status sb_bind_cast(struct sb_binder *binder,
                                          const struct sb_bound_node *node,
                                          const struct sb_type *type, const char *name,
                                          enum sb_cast_mode mode, const struct sb_bound_node **out);

/* The call of another function, as if the user had written it. `arguments` may be changed. */
SB_MUST_CHECK enum sb_status sb_bind_function(struct sb_binder *binder, const char *function,
                                              const struct sb_bound_node **arguments,
                                              int32_t argument_count,
                                              const struct sb_bound_node **out);

/* `node`, to be an argument of several calls: its value is computed once. */
SB_MUST_CHECK enum sb_status sb_bind_share(struct sb_binder *binder,
                                           const struct sb_bound_node **node);

/*
 * Casts `arguments` to the one type that holds all of them; literals without a type follow the
 * others where they can. The type has id 0 when all are nulls without a type.
 */
SB_MUST_CHECK enum sb_status sb_bind_unify(struct sb_binder *binder, const char *name,
                                           const struct sb_bound_node **arguments,
                                           int32_t argument_count, struct sb_type *type);

/* "add does not take float64 and utf8: `hint`". Returns SB_INVALID. */
enum sb_status sb_bind_refuse(struct sb_binder *binder, const char *name,
                              const struct sb_bound_node *const *arguments, int32_t argument_count,
                              const char *hint);

enum sb_status sb_bind_no_memory(struct sb_binder *binder);

/*
 * Where a constant lies among the values of another type of its kind (see sb_scalar_floor); text
 * is read as a date or timestamp. `*is_possible` is false when the two have nothing in common.
 * `out` is set for EXACT and BETWEEN.
 */
SB_MUST_CHECK enum sb_status sb_bind_place(struct sb_binder *binder,
                                           const struct sb_bound_node *constant,
                                           const struct sb_type *type, const char *name,
                                           bool *is_possible, enum sb_relation *relation,
                                           struct sb_scalar *out);

/* `constant` as an equal constant of `type`; `*out` stays as it is when there is none. */
SB_MUST_CHECK enum sb_status sb_bind_adapt(struct sb_binder *binder,
                                           const struct sb_bound_node *constant,
                                           const struct sb_type *type, const char *name,
                                           const struct sb_bound_node **out);

/* A null that was written without a type. */
static inline bool sb_bound_is_untyped_null(const struct sb_bound_node *node)
{
    return node->kind == SB_BOUND_CONSTANT && node->constant.is_null && node->type.id == 0;
}

static inline bool sb_bound_is_null(const struct sb_bound_node *node)
{
    return node->kind == SB_BOUND_CONSTANT && node->constant.is_null;
}

#endif
