// SPDX-License-Identifier: Apache-2.0
/*
 * pipeline.c - puts the steps of a pipeline together and compiles them.
 *
 * The columns of each step are nodes over the columns of the batch: an expression is copied with
 * these in the place of the columns it reads. Copies are interned, so that what is equal is one
 * node, and one instruction. In the end the conditions and the columns of the last step are the
 * roots of a program.
 *
 * An expression of a step that several read is computed for all rows at hand, also where only a
 * guarded argument asks for it first: it was computed for all of them when the steps ran one by
 * one. That holds only for nodes which the step made: an equal one that an earlier condition guards
 * must not see more rows than there.
 *
 * Steps pile up, and compiling recurses. A column that got too deep becomes a boundary: a root of
 * its own, computed ahead of the first root that needs it.
 */
#include "expr/pipeline_internal.h"

#include <string.h>

#include "expr/bind.h"
#include "expr/intern.h"
#include "expr/kernels.h"

enum { DEPTH_MAX = 64 }; // of a column, in calls, before it becomes a boundary

/* A growing list in the arena. */
struct list {
    void *items;
    int32_t count;
    int32_t capacity;
};

struct builder {
    struct sb_arena *arena;
    struct sb_interner interner;
    /* The columns of the step at hand: a node, or NULL for one of the batch that just passes. */
    int32_t column_count;
    struct sb_interned **columns;
    int32_t *passing;
    struct list conditions;    // struct sb_interned *
    int32_t conditions_before; // the last expression that made a column
    struct list boundaries;    // struct sb_interned *
    struct list origins;       // struct sb_pipeline_place
    struct sb_error *err;
};

static enum sb_status no_memory(struct builder *builder)
{
    return sb_error_no_memory(builder->err, "expressions of several operators",
                              sizeof(struct sb_interned));
}

/* Room for one more item behind the last; NULL when memory was refused. */
static void *list_add(struct builder *builder, struct list *list, size_t width)
{
    if (list->count == list->capacity) {
        const int32_t capacity = list->capacity == 0 ? 16 : 2 * list->capacity;
        void *items = sb_arena_alloc(builder->arena, (size_t)capacity * width);
        if (items == NULL) {
            return NULL;
        }
        if (list->count > 0) {
            memcpy(items, list->items, (size_t)list->count * width);
        }
        list->items = items;
        list->capacity = capacity;
    }
    return (uint8_t *)list->items + (size_t)list->count++ * width;
}

static enum sb_status add_node(struct builder *builder, struct list *list, struct sb_interned *node)
{
    struct sb_interned **place = list_add(builder, list, sizeof node);

    if (place == NULL) {
        return no_memory(builder);
    }
    *place = node;
    return SB_OK;
}

static struct sb_interned *node_at(const struct list *list, int32_t index)
{
    return ((struct sb_interned *const *)list->items)[index];
}

/* The number of an expression, for the nodes it makes. */
static enum sb_status add_origin(struct builder *builder, int32_t step, int32_t expression,
                                 int32_t *out)
{
    struct sb_pipeline_place *place = list_add(builder, &builder->origins, sizeof *place);

    if (place == NULL) {
        return no_memory(builder);
    }
    *place = (struct sb_pipeline_place){step, expression};
    *out = builder->origins.count - 1;
    return SB_OK;
}

/* Room for `count` columns of a step. */
static enum sb_status alloc_columns(struct builder *builder, int32_t count,
                                    struct sb_interned ***columns, int32_t **passing)
{
    *columns = sb_arena_alloc(builder->arena, ((size_t)count + 1) * sizeof **columns);
    *passing = sb_arena_alloc(builder->arena, ((size_t)count + 1) * sizeof **passing);
    return *columns != NULL && *passing != NULL ? SB_OK : no_memory(builder);
}

static struct sb_interned *copy_node(struct builder *builder, const struct sb_bound_node *node,
                                     int32_t origin)
{
    const struct sb_intern_columns columns = {builder->columns, builder->passing};

    return sb_interner_copy(&builder->interner, node, &columns, origin);
}

/* Each argument of a conjunction is a condition of its own. */
static enum sb_status add_conditions(struct builder *builder, const struct sb_bound_node *node,
                                     int32_t origin)
{
    struct sb_interned *copy;

    if (node->kind == SB_BOUND_CALL && node->guard_rule == SB_GUARD_NOT_FALSE) {
        SB_TRY_RETURN(add_conditions(builder, node->arguments[0], origin));
        return add_conditions(builder, node->arguments[1], origin);
    }
    copy = copy_node(builder, node, origin);
    return copy == NULL ? no_memory(builder) : add_node(builder, &builder->conditions, copy);
}

/* A column that an expression made, and no earlier one. */
static enum sb_status mark_column(struct builder *builder, struct sb_interned *node)
{
    const int32_t origin = node->node.origin;
    const bool is_boundary = node->depth >= DEPTH_MAX;

    if (is_boundary) {
        SB_TRY_RETURN(add_node(builder, &builder->boundaries, node));
    }
    // under other types, the values are those of the call
    while (node != NULL && node->node.origin == origin) {
        node->node.is_whole = true;
        node->is_boundary = is_boundary;
        node->boundary = is_boundary ? builder->boundaries.count : node->boundary;
        node = node->node.kind == SB_BOUND_RETYPE ? (struct sb_interned *)node->node.arguments[0]
                                                  : NULL;
    }
    return SB_OK;
}

/* The node for an expression of a step. */
static enum sb_status copy_expression(struct builder *builder, const struct sb_bound_expr *bound,
                                      int32_t step, int32_t expression, struct sb_interned **out)
{
    int32_t origin = 0;

    builder->conditions_before = builder->conditions.count;
    SB_TRY_RETURN(add_origin(builder, step, expression, &origin));
    *out = copy_node(builder, bound->root, origin);
    if (*out == NULL) {
        return no_memory(builder);
    }
    return (*out)->node.origin == origin ? mark_column(builder, *out) : SB_OK; // or there was one
}

static enum sb_status add_columns(struct builder *builder, const struct sb_pipeline_step *step,
                                  int32_t number)
{
    struct sb_interned **expressions;
    struct sb_interned **columns;
    int32_t *passing;
    int32_t *unused;

    SB_TRY_RETURN(alloc_columns(builder, step->expression_count, &expressions, &unused));
    SB_TRY_RETURN(alloc_columns(builder, step->column_count, &columns, &passing));
    for (int32_t j = 0; j < step->expression_count; j++) {
        if (!step->expressions[j]->is_column) {
            SB_TRY_RETURN(
                copy_expression(builder, step->expressions[j], number, j, &expressions[j]));
        }
    }
    for (int32_t i = 0; i < step->column_count; i++) {
        int32_t source = step->source_columns[i];
        const struct sb_bound_expr *bound = source < 0 ? step->expressions[-1 - source] : NULL;

        if (bound != NULL && !bound->is_column) {
            columns[i] = expressions[-1 - source];
            passing[i] = -1;
            continue;
        }
        if (bound != NULL) {
            source = bound->root->column;
        }
        columns[i] = builder->columns[source];
        passing[i] = builder->passing[source];
    }
    builder->columns = columns;
    builder->passing = passing;
    builder->column_count = step->column_count;
    sb_interner_forget(&builder->interner);
    return SB_OK;
}

static enum sb_status add_input(struct builder *builder, int32_t count)
{
    SB_TRY_RETURN(alloc_columns(builder, count, &builder->columns, &builder->passing));
    for (int32_t i = 0; i < count; i++) {
        builder->columns[i] = NULL;
        builder->passing[i] = i;
    }
    builder->column_count = count;
    return SB_OK;
}

static enum sb_status add_step(struct builder *builder, const struct sb_pipeline_step *step,
                               int32_t number)
{
    int32_t origin = 0;

    if (step->predicate == NULL) {
        return add_columns(builder, step, number);
    }
    SB_TRY_RETURN(add_origin(builder, number, -1, &origin));
    return add_conditions(builder, step->predicate->root, origin);
}

/* What is compiled: conditions and computed columns, each behind the boundaries it needs. */
struct plan {
    struct sb_program_root *roots;
    int32_t count;
    int32_t boundary_count; // so far
    struct sb_pipeline_root *steps;
    struct sb_pipeline_output *outputs;
    int32_t *output_roots; // [output]
};

static void add_root(struct plan *plan, struct sb_interned *node, bool is_kept)
{
    node->use_count++;
    plan->roots[plan->count++] = (struct sb_program_root){.node = &node->node, .is_kept = is_kept};
}

static void add_boundaries(struct builder *builder, struct plan *plan,
                           const struct sb_interned *node)
{
    while (plan->boundary_count < node->boundary) {
        add_root(plan, node_at(&builder->boundaries, plan->boundary_count++), true);
    }
}

static enum sb_status plan_roots(struct builder *builder, struct plan *plan,
                                 struct sb_pipeline *pipeline)
{
    const int32_t room = builder->conditions.count + builder->boundaries.count;
    const size_t output_count = (size_t)builder->column_count + 1;
    bool is_fixed = true;

    *plan = (struct plan){
        .roots = sb_arena_alloc_zeroed(builder->arena,
                                       ((size_t)room + output_count) * sizeof plan->roots[0]),
        .steps = sb_arena_alloc_zeroed(builder->arena, ((size_t)room + 1) * sizeof plan->steps[0]),
        .outputs = sb_arena_alloc_zeroed(builder->arena, output_count * sizeof plan->outputs[0]),
        .output_roots =
            sb_arena_alloc_zeroed(builder->arena, output_count * sizeof plan->output_roots[0]),
    };
    if (plan->roots == NULL || plan->steps == NULL || plan->outputs == NULL ||
        plan->output_roots == NULL) {
        return no_memory(builder);
    }
    for (int32_t i = 0; i < builder->conditions.count; i++) {
        struct sb_interned *condition = node_at(&builder->conditions, i);
        add_boundaries(builder, plan, condition);
        plan->steps[plan->count].is_condition = true;
        add_root(plan, condition, false);
    }
    pipeline->root_count = plan->count;
    pipeline->has_conditions = builder->conditions.count > 0;
    for (int32_t i = 0; i < builder->column_count; i++) {
        struct sb_interned *column = builder->columns[i];
        plan->outputs[i].input_column = column == NULL ? builder->passing[i] : -1;
        if (column != NULL) {
            add_boundaries(builder, plan, column);
            plan->output_roots[i] = plan->count;
            pipeline->computed_count++;
            is_fixed &= sb_physical_of(&column->node.type) < SB_PHYSICAL_BYTES;
            add_root(plan, column, true);
        }
    }
    pipeline->may_keep_places =
        is_fixed && pipeline->has_conditions && pipeline->computed_count < builder->column_count;
    sb_interner_mark_shared(&builder->interner);
    pipeline->roots = plan->steps;
    pipeline->outputs = plan->outputs;
    pipeline->output_count = builder->column_count;
    return SB_OK;
}

/* Whether the root's value is an earlier one's, or a part of it. */
static bool is_made_before(const struct sb_program *program, const struct plan *plan, int32_t root)
{
    for (int32_t i = root == 0 ? 0 : plan->roots[root - 1].end; i < plan->roots[root].end; i++) {
        if (program->instructions[i].out == plan->roots[root].result) {
            return false;
        }
    }
    return true;
}

/* last[r]: the last instruction that reads register r; after the end of them: an output. */
static void find_uses(const struct sb_program *program, const struct plan *plan, int32_t *last)
{
    for (int32_t r = 0; r < program->register_count; r++) {
        last[r] = -1;
    }
    for (int32_t i = 0; i < program->instruction_count; i++) {
        const struct sb_instruction *instruction = &program->instructions[i];
        for (int32_t a = 0; a < instruction->argument_count; a++) {
            last[instruction->arguments[a]] = i;
        }
        if (instruction->guard >= 0) {
            last[instruction->guard] = i;
        }
    }
    for (int32_t i = 0; i < plan->count; i++) {
        const struct sb_program_root *root = &plan->roots[i];

        if (root->is_kept) {
            last[root->result] = INT32_MAX;
        } else if (is_made_before(program, plan, i) && last[root->result] < root->end) {
            last[root->result] = root->end;
        }
    }
}

/* For each condition, whose values are read behind it, too. */
static enum sb_status plan_carried(struct builder *builder, struct plan *plan,
                                   const struct sb_pipeline *pipeline, const int32_t *last)
{
    const struct sb_program *program = pipeline->program;
    int32_t *live =
        sb_arena_alloc(builder->arena, ((size_t)program->instruction_count + 1) * sizeof live[0]);
    int32_t live_count = 0;
    int32_t next = 0;

    if (live == NULL) {
        return no_memory(builder);
    }
    for (int32_t i = 0; i < pipeline->root_count; i++) {
        struct sb_pipeline_root *step = &plan->steps[i];
        int32_t kept = 0;

        step->end = plan->roots[i].end;
        step->result = plan->roots[i].result;
        while (next < step->end) {
            live[live_count++] = next++;
        }
        for (int32_t k = 0; k < live_count; k++) {
            if (last[program->instructions[live[k]].out] >= step->end) {
                live[kept++] = live[k];
            }
        }
        live_count = kept;
        if (!step->is_condition) {
            continue;
        }
        step->carried_count = live_count;
        for (int32_t k = 0; k < live_count; k++) {
            step->moves_values |= program->instructions[live[k]].kernel != NULL;
        }
        step->carried =
            sb_arena_copy(builder->arena, live, ((size_t)live_count + 1) * sizeof live[0]);
        if (step->carried == NULL) {
            return no_memory(builder);
        }
    }
    return SB_OK;
}

/* An output of the last instructions is computed where it belongs, unless two are the same. */
static void plan_outputs(const struct builder *builder, struct plan *plan,
                         struct sb_pipeline *pipeline, int32_t *maker)
{
    const struct sb_program *program = pipeline->program;
    const int32_t first = pipeline->root_count == 0 ? 0 : plan->steps[pipeline->root_count - 1].end;

    for (int32_t r = 0; r < program->register_count; r++) {
        maker[r] = -1;
    }
    pipeline->keeps_places = pipeline->may_keep_places && builder->conditions_before == 0;
    for (int32_t i = first; i < program->instruction_count; i++) {
        maker[program->instructions[i].out] = i;
        pipeline->keeps_places &= program->instructions[i].kernel == NULL;
    }
    for (int32_t i = 0; i < pipeline->output_count; i++) {
        struct sb_pipeline_output *output = &plan->outputs[i];
        if (output->input_column < 0) {
            output->result = plan->roots[plan->output_roots[i]].result;
            output->is_placed =
                program->registers[output->result].is_computed && maker[output->result] >= 0;
            maker[output->result] = -1;
        }
    }
}

static enum sb_status plan_program(struct builder *builder, struct plan *plan,
                                   struct sb_pipeline *pipeline)
{
    int32_t *registers;

    if (plan->count == 0) {
        return SB_OK;
    }
    pipeline->program = sb_program_compile_roots(plan->roots, plan->count, builder->arena);
    if (pipeline->program == NULL) {
        return no_memory(builder);
    }
    registers = sb_arena_alloc(builder->arena, ((size_t)pipeline->program->register_count + 1) *
                                                   sizeof registers[0]);
    if (registers == NULL) {
        return no_memory(builder);
    }
    find_uses(pipeline->program, plan, registers);
    SB_TRY_RETURN(plan_carried(builder, plan, pipeline, registers));
    plan_outputs(builder, plan, pipeline, registers);
    return SB_OK;
}

enum sb_status sb_pipeline_compile(const struct sb_pipeline_step *steps, int32_t step_count,
                                   int32_t input_column_count, struct sb_arena *arena,
                                   const struct sb_pipeline **out, struct sb_error *err)
{
    struct builder builder = {.arena = arena, .err = err};
    struct sb_pipeline *pipeline = sb_arena_alloc_zeroed(arena, sizeof *pipeline);
    struct plan plan;

    *out = NULL;
    if (pipeline == NULL) {
        return no_memory(&builder);
    }
    sb_interner_init(&builder.interner, arena);
    SB_TRY_RETURN(add_input(&builder, input_column_count));
    for (int32_t i = 0; i < step_count; i++) {
        SB_TRY_RETURN(add_step(&builder, &steps[i], i));
    }
    SB_TRY_RETURN(plan_roots(&builder, &plan, pipeline));
    SB_TRY_RETURN(plan_program(&builder, &plan, pipeline));
    pipeline->table = sb_kernel_table();
    pipeline->origins = builder.origins.items;
    *out = pipeline;
    return SB_OK;
}
