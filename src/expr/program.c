// SPDX-License-Identifier: Apache-2.0
/*
 * program.c - compiles a bound tree: registers, frame space, one instruction per call.
 *
 * Frame space is handed out by width of value; a slot goes back to the list of its width when the
 * call that read it has been emitted. Columns stay where they are (or, gathered, in a slot of their
 * own) for the whole program and are loaded once; a call that several others read is made once for
 * all that look at no other rows, and keeps its slot.
 */
#include "expr/program.h"

#include <string.h>

#include "expr/bind.h"
#include "expr/kernels.h"

enum {
    WIDTH_CLASS_COUNT = 5, // 1, 2, 4, 8, 16 bytes
    FREE_SLOTS_MAX = 64,   // more are forgotten: space, not correctness
    NO_GUARD = -1,
    ROOM_AT_FIRST = 16, // registers, instructions
};

struct slots {
    int32_t offsets[FREE_SLOTS_MAX];
    int32_t count;
};

/* What was computed for several readers, and for which rows. */
struct shared {
    const struct sb_bound_node *node;
    int32_t guard;
    int32_t out;
};

struct compiler {
    struct sb_arena *arena;
    struct sb_program *program;
    int32_t register_capacity;
    int32_t instruction_capacity;
    struct shared *shared;
    int32_t shared_count;
    int32_t shared_capacity;
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

    if (reg->is_computed && !reg->is_kept && slots->count < FREE_SLOTS_MAX) {
        slots->offsets[slots->count++] = reg->offset;
    }
}

/* Makes room for one more element behind `count`; the first element is spare when refused. */
static void *grown(struct compiler *compiler, void *elements, int32_t count, int32_t *capacity,
                   size_t width)
{
    void *larger;

    if (count < *capacity) {
        return elements;
    }
    larger = sb_arena_alloc(compiler->arena, 2 * (size_t)*capacity * width);
    if (larger == NULL) {
        compiler->is_full = true;
        return elements;
    }
    memcpy(larger, elements, (size_t)count * width);
    *capacity *= 2;
    return larger;
}

static int32_t add_register(struct compiler *compiler, int32_t width)
{
    struct sb_program *program = compiler->program;

    program->registers = grown(compiler, program->registers, program->register_count,
                               &compiler->register_capacity, sizeof program->registers[0]);
    if (compiler->is_full) {
        return 0;
    }
    program->registers[program->register_count] =
        (struct sb_register){.width = width, .around = NO_GUARD};
    return program->register_count++;
}

static struct sb_instruction *add_instruction(struct compiler *compiler,
                                              const struct sb_bound_node *node, int32_t width)
{
    struct sb_program *program = compiler->program;
    const int32_t out = add_register(compiler, width);
    struct sb_instruction *instruction;

    program->instructions = grown(compiler, program->instructions, program->instruction_count,
                                  &compiler->instruction_capacity, sizeof program->instructions[0]);
    if (compiler->is_full) {
        program->instruction_count = 0; // nobody runs it any more
    }
    instruction = &program->instructions[program->instruction_count++];
    program->registers[out].offset = slot_take(compiler, width);
    *instruction = (struct sb_instruction){
        .node = node,
        .out = out,
        .guard = NO_GUARD,
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

/* What decides for which rows argument `index` is looked at. */
static enum sb_guard_rule guard_rule_of(const struct sb_bound_node *node, int32_t index)
{
    if (node->guard_rule == SB_GUARD_SELECT) {
        return index == 0 ? SB_GUARD_NONE : index == 1 ? SB_GUARD_TRUE : SB_GUARD_NOT_TRUE;
    }
    return index == 1 ? node->guard_rule : SB_GUARD_NONE;
}

/* The register of the guard for argument `index`, whose condition is the first of `arguments`. */
static int32_t compile_guard(struct compiler *compiler, const struct sb_bound_node *node,
                             int32_t index, const int32_t *arguments, int32_t around)
{
    const enum sb_guard_rule rule = guard_rule_of(node, index);
    struct sb_instruction *instruction;

    if (rule == SB_GUARD_NONE || !node->arguments[index]->may_fail) {
        return around;
    }
    instruction = add_instruction(compiler, node, 1);
    instruction->kernel = compiler->program->table->guards[rule];
    instruction->guard = around;
    instruction->arguments = arguments;
    instruction->argument_count = 1;
    compiler->program->registers[instruction->out].is_computed = true;
    compiler->program->registers[instruction->out].around = around;
    return instruction->out;
}

static int32_t compile_call(struct compiler *compiler, const struct sb_bound_node *node,
                            int32_t guard)
{
    bool is_single[2] = {false, false};
    const sb_kernel kernel = choose_kernel(node, is_single);
    const int32_t count = node->argument_count;
    int32_t *arguments = sb_arena_alloc(compiler->arena, (size_t)(count + 1) * sizeof arguments[0]);
    struct sb_instruction *instruction;

    if (arguments == NULL) {
        compiler->is_full = true;
        return 0;
    }
    for (int32_t i = 0; i < count; i++) {
        const struct sb_bound_node *argument = node->arguments[i];
        const int32_t inner = compile_guard(compiler, node, i, arguments, guard);
        arguments[i] = argument->kind == SB_BOUND_CONSTANT
                           ? compile_constant(compiler, argument, i < 2 && is_single[i])
                           : compile_node(compiler, argument, inner);
        if (compiler->is_full) {
            return 0;
        }
        if (inner != guard) { // all that reads it is in the argument
            slot_give(compiler, inner);
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
    return instruction->out;
}

/* Whether every row of `inner` is one of `outer`. */
static bool guard_holds(const struct compiler *compiler, int32_t outer, int32_t inner)
{
    while (inner != outer && inner != NO_GUARD) {
        inner = compiler->program->registers[inner].around;
    }
    return inner == outer;
}

static int32_t compile_shared(struct compiler *compiler, const struct sb_bound_node *node,
                              int32_t guard)
{
    struct shared *shared;
    int32_t out;

    if (node->is_whole) {
        guard = NO_GUARD; // so that it serves whoever asks later, too
    }
    for (int32_t i = 0; i < compiler->shared_count; i++) {
        shared = &compiler->shared[i];
        if (shared->node == node && guard_holds(compiler, shared->guard, guard)) {
            return shared->out;
        }
    }
    out = compile_call(compiler, node, guard);
    compiler->shared = grown(compiler, compiler->shared, compiler->shared_count,
                             &compiler->shared_capacity, sizeof compiler->shared[0]);
    if (!compiler->is_full) {
        compiler->program->registers[out].is_kept = true;
        compiler->shared[compiler->shared_count++] =
            (struct shared){.node = node, .guard = guard, .out = out};
    }
    return out;
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
    return node->is_shared ? compile_shared(compiler, node, guard)
                           : compile_call(compiler, node, guard);
}

const struct sb_program *sb_program_compile_roots(struct sb_program_root *roots, int32_t count,
                                                  struct sb_arena *arena)
{
    struct sb_program *program = sb_arena_alloc_zeroed(arena, sizeof *program);
    struct compiler compiler = {
        .arena = arena,
        .program = program,
        .register_capacity = ROOM_AT_FIRST,
        .instruction_capacity = ROOM_AT_FIRST,
        .shared_capacity = ROOM_AT_FIRST,
    };

    if (program == NULL) {
        return NULL;
    }
    program->registers = sb_arena_alloc(arena, ROOM_AT_FIRST * sizeof program->registers[0]);
    program->instructions = sb_arena_alloc(arena, ROOM_AT_FIRST * sizeof program->instructions[0]);
    compiler.shared = sb_arena_alloc(arena, ROOM_AT_FIRST * sizeof compiler.shared[0]);
    if (program->registers == NULL || program->instructions == NULL || compiler.shared == NULL) {
        return NULL;
    }
    program->table = sb_kernel_table();
    for (int32_t i = 0; i < count && !compiler.is_full; i++) {
        roots[i].result = compile_node(&compiler, roots[i].node, NO_GUARD);
        roots[i].end = program->instruction_count;
        if (!roots[i].is_kept && !compiler.is_full) {
            slot_give(&compiler, roots[i].result);
        }
        program->may_fail |= roots[i].node->may_fail;
        program->result = roots[i].result;
    }
    return compiler.is_full ? NULL : program;
}

const struct sb_program *sb_program_compile(const struct sb_bound_node *root,
                                            struct sb_arena *arena)
{
    struct sb_program_root roots[1] = {{.node = root, .is_kept = true}};

    return sb_program_compile_roots(roots, 1, arena);
}
