// SPDX-License-Identifier: Apache-2.0
/*
 * program.c - compiles a bound tree: registers, frame space, one instruction per call.
 *
 * Compilation walks the tree once to count and once to emit. Frame space is handed out by width of
 * value; a slot goes back to the list of its width when the call that read it has been emitted.
 * Columns stay where they are (or, gathered, in a slot of their own) for the whole program and are
 * loaded once.
 */
#include "expr/program.h"

#include <string.h>

#include "expr/bind.h"
#include "expr/kernels.h"

enum {
    WIDTH_CLASS_COUNT = 5, // 1, 2, 4, 8, 16 bytes
    FREE_SLOTS_MAX = 64,   // more are forgotten: space, not correctness
};

struct slots {
    int32_t offsets[FREE_SLOTS_MAX];
    int32_t count;
};

struct compiler {
    struct sb_arena *arena;
    struct sb_program *program;
    struct slots free_slots[WIDTH_CLASS_COUNT];
    bool is_full; // memory was refused
};

static int32_t width_class(int32_t width)
{
    return __builtin_ctz((unsigned)width);
}

static int32_t slot_take(struct compiler *compiler, int32_t width)
{
    struct slots *slots = &compiler->free_slots[width_class(width)];
    int32_t offset;

    if (slots->count > 0) {
        return slots->offsets[--slots->count];
    }
    offset = compiler->program->frame_size;
    compiler->program->frame_size += width * SB_EXPR_CHUNK;
    return offset;
}

static void slot_give(struct compiler *compiler, int32_t position)
{
    const struct sb_register *reg = &compiler->program->registers[position];
    struct slots *slots = &compiler->free_slots[width_class(reg->width)];

    if (reg->is_computed && slots->count < FREE_SLOTS_MAX) {
        slots->offsets[slots->count++] = reg->offset;
    }
}

/* Registers and instructions that a tree takes at most. */
static int32_t count_nodes(const struct sb_bound_node *node)
{
    int32_t count = 1 + (node->guard_rule != SB_GUARD_NONE);

    for (int32_t i = 0; i < node->argument_count; i++) {
        count += count_nodes(node->arguments[i]);
    }
    return count;
}

static int32_t add_register(struct compiler *compiler, int32_t width)
{
    struct sb_program *program = compiler->program;

    program->registers[program->register_count] = (struct sb_register){.width = width};
    return program->register_count++;
}

static struct sb_instruction *add_instruction(struct compiler *compiler,
                                              const struct sb_bound_node *node, int32_t width)
{
    struct sb_program *program = compiler->program;
    struct sb_instruction *instruction = &program->instructions[program->instruction_count++];
    const int32_t out = add_register(compiler, width);

    program->registers[out].offset = slot_take(compiler, width);
    *instruction = (struct sb_instruction){
        .node = node,
        .out = out,
        .guard = -1,
        .valid_offset = program->frame_size,
    };
    program->frame_size += SB_EXPR_CHUNK;
    return instruction;
}

static int32_t compile_column(struct compiler *compiler, const struct sb_bound_node *node)
{
    struct sb_program *program = compiler->program;

    for (int32_t i = 0; i < program->instruction_count; i++) {
        const struct sb_instruction *instruction = &program->instructions[i];
        if (instruction->kernel == NULL && instruction->node->column == node->column) {
            return instruction->out;
        }
    }
    return add_instruction(compiler, node, sb_physical_width(sb_physical_of(&node->type)))->out;
}

/* A constant for a kernel that reads one value, or one value per row. */
static int32_t compile_constant(struct compiler *compiler, const struct sb_bound_node *node,
                                bool is_single)
{
    static const uint8_t invalid[SB_EXPR_CHUNK];
    const int32_t width = sb_physical_width(sb_physical_of(&node->type));
    const int32_t position = add_register(compiler, width);
    struct sb_register *reg = &compiler->program->registers[position];
    uint8_t *values;

    if (is_single) {
        reg->constant = &node->constant.value;
        return position;
    }
    values = sb_arena_alloc_zeroed(compiler->arena, (size_t)width * SB_EXPR_CHUNK);
    if (values == NULL) {
        compiler->is_full = true;
        return position;
    }
    for (int32_t i = 0; i < SB_EXPR_CHUNK && !node->constant.is_null; i++) {
        memcpy(values + i * width, &node->constant.value, (size_t)width);
    }
    reg->constant = values;
    reg->constant_valid = node->constant.is_null ? invalid : NULL;
    return position;
}

static int32_t compile_node(struct compiler *compiler, const struct sb_bound_node *node,
                            int32_t guard);

/* Which kernel of the set the constants among the arguments allow. */
static sb_kernel choose_kernel(const struct sb_bound_node *node, bool *is_single)
{
    const struct sb_kernel_set *kernels = node->kernels;

    if (node->argument_count == 2 && !sb_bound_is_null(node->arguments[0]) &&
        !sb_bound_is_null(node->arguments[1])) {
        if (kernels->constant_right != NULL && node->arguments[1]->kind == SB_BOUND_CONSTANT) {
            is_single[1] = true;
            return kernels->constant_right;
        }
        if (kernels->constant_left != NULL && node->arguments[0]->kind == SB_BOUND_CONSTANT) {
            is_single[0] = true;
            return kernels->constant_left;
        }
    }
    return kernels->vectors;
}

static int32_t compile_guard(struct compiler *compiler, const struct sb_bound_node *node,
                             const int32_t *arguments, int32_t around)
{
    struct sb_instruction *instruction = add_instruction(compiler, node, 1);

    instruction->kernel = compiler->program->table->guard;
    instruction->guard = around;
    instruction->arguments = arguments;
    instruction->argument_count = 1;
    compiler->program->registers[instruction->out].is_computed = true;
    return instruction->out;
}

static int32_t compile_call(struct compiler *compiler, const struct sb_bound_node *node,
                            int32_t guard)
{
    bool is_single[2] = {false, false};
    const sb_kernel kernel = choose_kernel(node, is_single);
    const int32_t count = node->argument_count;
    int32_t inner_guard = -1;
    int32_t *arguments = sb_arena_alloc(compiler->arena, (size_t)(count + 1) * sizeof arguments[0]);
    struct sb_instruction *instruction;

    if (arguments == NULL) {
        compiler->is_full = true;
        return 0;
    }
    for (int32_t i = 0; i < count; i++) {
        const struct sb_bound_node *argument = node->arguments[i];
        if (i == 1 && node->guard_rule != SB_GUARD_NONE && argument->may_fail) {
            inner_guard = compile_guard(compiler, node, arguments, guard);
        }
        arguments[i] =
            argument->kind == SB_BOUND_CONSTANT
                ? compile_constant(compiler, argument, i < 2 && is_single[i])
                : compile_node(compiler, argument, inner_guard >= 0 ? inner_guard : guard);
        if (compiler->is_full) {
            return 0;
        }
    }
    instruction = add_instruction(compiler, node, sb_physical_width(sb_physical_of(&node->type)));
    instruction->kernel = kernel;
    instruction->guard = guard;
    instruction->arguments = arguments;
    instruction->argument_count = count;
    instruction->is_propagating = node->null_rule == SB_NULLS_PROPAGATE;
    compiler->program->registers[instruction->out].is_computed = true;
    for (int32_t i = 0; i < count; i++) {
        slot_give(compiler, arguments[i]);
    }
    if (inner_guard >= 0) {
        slot_give(compiler, inner_guard);
    }
    return instruction->out;
}

/* The register that holds the node's values. */
static int32_t compile_node(struct compiler *compiler, const struct sb_bound_node *node,
                            int32_t guard)
{
    switch (node->kind) {
    case SB_BOUND_COLUMN:
        return compile_column(compiler, node);
    case SB_BOUND_CONSTANT:
        return compile_constant(compiler, node, false);
    case SB_BOUND_RETYPE:
        return compile_node(compiler, node->arguments[0], guard);
    case SB_BOUND_CALL:
        break;
    }
    return compile_call(compiler, node, guard);
}

const struct sb_program *sb_program_compile(const struct sb_bound_node *root,
                                            struct sb_arena *arena)
{
    const size_t count = (size_t)count_nodes(root);
    struct sb_program *program = sb_arena_alloc_zeroed(arena, sizeof *program);
    struct compiler compiler = {.arena = arena, .program = program};

    if (program == NULL) {
        return NULL;
    }
    program->registers = sb_arena_alloc_zeroed(arena, count * sizeof program->registers[0]);
    program->instructions = sb_arena_alloc_zeroed(arena, count * sizeof program->instructions[0]);
    if (program->registers == NULL || program->instructions == NULL) {
        return NULL;
    }
    program->table = sb_kernel_table();
    program->may_fail = root->may_fail;
    program->result = compile_node(&compiler, root, -1);
    return compiler.is_full ? NULL : program;
}
