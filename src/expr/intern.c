// SPDX-License-Identifier: Apache-2.0
/*
 * intern.c - finds the node that was made before for the same values.
 */
#include "expr/intern.h"

#include <string.h>

#include "base/hash.h"

enum { SLOTS_AT_FIRST = 32 };

static uint64_t fold(uint64_t hash, uint64_t value)
{
    return sb_hash_mix(hash ^ SB_HASH_TEXT_0, value ^ SB_HASH_TEXT_1);
}

static uint64_t fold_pointer(uint64_t hash, const void *pointer)
{
    return fold(hash, (uint64_t)(uintptr_t)pointer);
}

static uint64_t constant_hash(const struct sb_scalar *constant)
{
    const enum sb_physical physical = sb_physical_of(&constant->type);
    uint64_t bits[2] = {0, 0};

    if (constant->is_null) {
        return SB_HASH_NULL;
    }
    if (physical == SB_PHYSICAL_BYTES) {
        return sb_hash_bytes(constant->value.bytes.data, (size_t)constant->value.bytes.size);
    }
    memcpy(bits, &constant->value, (size_t)sb_physical_width(physical));
    return fold(bits[0], bits[1]);
}

static uint64_t node_hash(const struct sb_bound_node *node)
{
    uint64_t hash = fold((uint64_t)node->kind, (uint64_t)node->type.id);

    switch (node->kind) {
    case SB_BOUND_COLUMN:
        return fold(hash, (uint64_t)node->column);
    case SB_BOUND_CONSTANT:
        return fold(hash, constant_hash(&node->constant));
    case SB_BOUND_CALL:
    case SB_BOUND_RETYPE:
        break;
    }
    hash = fold_pointer(hash, node->kernels);
    hash = fold(hash, (uint64_t)node->parameter);
    hash = fold_pointer(hash, node->prepared);
    for (int32_t i = 0; i < node->argument_count; i++) {
        hash = fold_pointer(hash, node->arguments[i]);
    }
    return hash;
}

/* Bit for bit: 0.0 is not -0.0, and a NaN is itself. */
static bool constant_equal(const struct sb_scalar *a, const struct sb_scalar *b)
{
    const enum sb_physical physical = sb_physical_of(&a->type);

    if (a->is_null || b->is_null) {
        return a->is_null && b->is_null;
    }
    if (physical == SB_PHYSICAL_BYTES) {
        return a->value.bytes.size == b->value.bytes.size &&
               (a->value.bytes.size == 0 ||
                memcmp(a->value.bytes.data, b->value.bytes.data, (size_t)a->value.bytes.size) == 0);
    }
    return memcmp(&a->value, &b->value, (size_t)sb_physical_width(physical)) == 0;
}

static bool node_equal(const struct sb_bound_node *a, const struct sb_bound_node *b)
{
    if (a->kind != b->kind || !sb_type_equal(&a->type, &b->type)) {
        return false;
    }
    switch (a->kind) {
    case SB_BOUND_COLUMN:
        return a->column == b->column;
    case SB_BOUND_CONSTANT:
        return constant_equal(&a->constant, &b->constant);
    case SB_BOUND_CALL:
    case SB_BOUND_RETYPE:
        break;
    }
    return a->kernels == b->kernels && a->parameter == b->parameter && a->prepared == b->prepared &&
           a->null_rule == b->null_rule && a->guard_rule == b->guard_rule &&
           a->is_null_on_error == b->is_null_on_error && a->argument_count == b->argument_count &&
           memcmp(a->arguments, b->arguments, (size_t)a->argument_count * sizeof a->arguments[0]) ==
               0;
}

/* Where a node of `hash` that is equal is, or the free slot for it. */
static struct sb_interned **slot_of(const struct sb_interner *interner, uint64_t hash,
                                    const struct sb_bound_node *node)
{
    const uint64_t mask = (uint64_t)interner->capacity - 1;
    uint64_t at = hash & mask;

    while (interner->slots[at] != NULL &&
           (interner->slots[at]->hash != hash || !node_equal(&interner->slots[at]->node, node))) {
        at = (at + 1) & mask;
    }
    return &interner->slots[at];
}

static bool interner_grow(struct sb_interner *interner)
{
    struct sb_interned **old = interner->slots;
    const int32_t old_capacity = interner->capacity;
    const int32_t capacity = old_capacity == 0 ? SLOTS_AT_FIRST : 2 * old_capacity;
    struct sb_interned **slots =
        sb_arena_alloc_zeroed(interner->arena, (size_t)capacity * sizeof(struct sb_interned *));

    if (slots == NULL) {
        interner->is_full = true;
        return false;
    }
    interner->slots = slots;
    interner->capacity = capacity;
    for (int32_t i = 0; i < old_capacity; i++) {
        if (old[i] != NULL) {
            *slot_of(interner, old[i]->hash, &old[i]->node) = old[i];
        }
    }
    return true;
}

/* An argument is the head of a struct sb_interned. */
static const struct sb_interned *argument_of(const struct sb_interned *interned, int32_t index)
{
    return (const struct sb_interned *)interned->node.arguments[index];
}

static struct sb_interned *interned_create(struct sb_interner *interner,
                                           const struct sb_bound_node *node, uint64_t hash,
                                           int32_t origin)
{
    struct sb_interned *made = sb_arena_alloc_zeroed(interner->arena, sizeof *made);

    if (made == NULL) {
        interner->is_full = true;
        return NULL;
    }
    made->node = *node;
    made->node.is_shared = false;
    made->node.origin = origin;
    made->hash = hash;
    made->before = interner->last;
    interner->last = made;
    for (int32_t i = 0; i < node->argument_count; i++) {
        const struct sb_interned *argument = argument_of(made, i);
        const int32_t depth = argument->is_boundary ? 1 : argument->depth + 1;

        made->depth = depth > made->depth ? depth : made->depth;
        made->boundary = argument->boundary > made->boundary ? argument->boundary : made->boundary;
        made->node.may_fail |= argument->node.may_fail;
    }
    return made;
}

struct sb_interned *sb_interner_node(struct sb_interner *interner, const struct sb_bound_node *node,
                                     int32_t origin)
{
    const uint64_t hash = node_hash(node);
    struct sb_interned **slot;

    if (2 * interner->count >= interner->capacity && !interner_grow(interner)) {
        return NULL;
    }
    slot = slot_of(interner, hash, node);
    if (*slot != NULL) {
        return *slot;
    }
    *slot = interned_create(interner, node, hash, origin);
    interner->count += *slot != NULL;
    return *slot;
}

/* Where the memo of `from` is, or the free place for it. */
static struct sb_intern_memo *memo_of(const struct sb_interner *interner,
                                      const struct sb_bound_node *from)
{
    const uint64_t mask = (uint64_t)interner->memo_capacity - 1;
    uint64_t at = fold_pointer(0, from) & mask;

    while (interner->memo[at].from != NULL && interner->memo[at].from != from) {
        at = (at + 1) & mask;
    }
    return &interner->memo[at];
}

/* Room for one more. */
static bool memo_reserve(struct sb_interner *interner)
{
    struct sb_intern_memo *old = interner->memo;
    const int32_t old_capacity = interner->memo_capacity;
    const int32_t capacity = old_capacity == 0 ? SLOTS_AT_FIRST : 2 * old_capacity;
    struct sb_intern_memo *memo;

    if (2 * interner->memo_count < old_capacity) {
        return true;
    }
    memo = sb_arena_alloc_zeroed(interner->arena, (size_t)capacity * sizeof *memo);
    if (memo == NULL) {
        interner->is_full = true;
        return false;
    }
    interner->memo = memo;
    interner->memo_capacity = capacity;
    for (int32_t i = 0; i < old_capacity; i++) {
        if (old[i].from != NULL) {
            *memo_of(interner, old[i].from) = old[i];
        }
    }
    return true;
}

void sb_interner_forget(struct sb_interner *interner)
{
    if (interner->memo_count > 0) {
        memset(interner->memo, 0, (size_t)interner->memo_capacity * sizeof interner->memo[0]);
    }
    interner->memo_count = 0;
}

/* A column has the type that expressions see; what stands in for it may be stored as another. */
static struct sb_interned *column_copy(struct sb_interner *interner,
                                       const struct sb_bound_node *column,
                                       const struct sb_intern_columns *columns, int32_t origin)
{
    const struct sb_bound_node **arguments;
    const struct sb_interned *other;

    if (columns == NULL) {
        return sb_interner_node(interner, column, origin);
    }
    other = columns->nodes[column->column];
    if (other == NULL) {
        struct sb_bound_node copy = *column;
        copy.column = columns->passing[column->column];
        return sb_interner_node(interner, &copy, origin);
    }
    if (sb_type_equal(&other->node.type, &column->type) && other->node.kind != SB_BOUND_CONSTANT) {
        return columns->nodes[column->column];
    }
    // a constant, too: the kernel of the call was not chosen for one
    arguments = sb_arena_alloc(interner->arena, sizeof arguments[0]);
    if (arguments == NULL) {
        interner->is_full = true;
        return NULL;
    }
    arguments[0] = &other->node;
    return sb_interner_node(interner,
                            &(struct sb_bound_node){
                                .kind = SB_BOUND_RETYPE,
                                .type = column->type,
                                .is_nullable = column->is_nullable,
                                .argument_count = 1,
                                .arguments = arguments,
                            },
                            origin);
}

static struct sb_interned *call_copy(struct sb_interner *interner, const struct sb_bound_node *node,
                                     const struct sb_intern_columns *columns, int32_t origin)
{
    struct sb_bound_node copy = *node;

    if (node->argument_count > 0) {
        copy.arguments = sb_arena_alloc(interner->arena,
                                        (size_t)node->argument_count * sizeof node->arguments[0]);
        if (copy.arguments == NULL) {
            interner->is_full = true;
            return NULL;
        }
    }
    for (int32_t i = 0; i < node->argument_count; i++) {
        struct sb_interned *argument =
            sb_interner_copy(interner, node->arguments[i], columns, origin);

        if (argument == NULL) {
            return NULL;
        }
        copy.arguments[i] = &argument->node;
    }
    return sb_interner_node(interner, &copy, origin);
}

struct sb_interned *sb_interner_copy(struct sb_interner *interner, const struct sb_bound_node *root,
                                     const struct sb_intern_columns *columns, int32_t origin)
{
    struct sb_interned *copy;

    if (root->kind == SB_BOUND_COLUMN) {
        return column_copy(interner, root, columns, origin);
    }
    if (!root->is_shared) {
        return call_copy(interner, root, columns, origin);
    }
    // without the memo, what is shared at each of n levels would be copied 2^n times
    if (!memo_reserve(interner)) {
        return NULL;
    }
    copy = memo_of(interner, root)->to;
    if (copy == NULL) {
        copy = call_copy(interner, root, columns, origin);
        if (copy == NULL || !memo_reserve(interner)) { // copies below may have filled it
            return NULL;
        }
        *memo_of(interner, root) = (struct sb_intern_memo){root, copy};
        interner->memo_count++;
    }
    return copy;
}

void sb_interner_mark_shared(struct sb_interner *interner)
{
    // whoever reads a node was made after it
    for (struct sb_interned *node = interner->last; node != NULL; node = node->before) {
        // a retyped value is its argument's, read by whoever reads it
        const int32_t times =
            node->node.kind == SB_BOUND_RETYPE ? node->use_count : node->use_count > 0;

        for (int32_t i = 0; i < node->node.argument_count; i++) {
            ((struct sb_interned *)node->node.arguments[i])->use_count += times;
        }
        node->node.is_shared = node->use_count > 1 || node->is_boundary;
    }
}

/* Calls in the tree, as far as it takes to know whether two could be equal. */
static int32_t count_calls(const struct sb_bound_node *node, int32_t limit)
{
    int32_t count = node->kind == SB_BOUND_CALL;

    for (int32_t i = 0; i < node->argument_count && count < limit; i++) {
        count += count_calls(node->arguments[i], limit - count);
    }
    return count;
}

const struct sb_bound_node *sb_bound_share_equal(const struct sb_bound_node *root,
                                                 struct sb_arena *arena)
{
    enum { CALLS_MIN = 3 }; // two equal ones, and one that reads both
    struct sb_interner interner;
    struct sb_interned *shared;

    if (count_calls(root, CALLS_MIN) < CALLS_MIN) {
        return root;
    }
    sb_interner_init(&interner, arena);
    shared = sb_interner_copy(&interner, root, NULL, 0);
    if (shared == NULL) {
        return NULL;
    }
    shared->use_count = 1;
    sb_interner_mark_shared(&interner);
    return &shared->node;
}
