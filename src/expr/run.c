// SPDX-License-Identifier: Apache-2.0
/*
 * run.c - executes a program over one chunk, and the scratch it works in.
 */
#include <string.h>

#include "expr/kernels.h"
#include "expr/load.h"
#include "expr/program.h"

enum sb_status sb_expr_scratch_create(struct sb_memory *memory, struct sb_expr_scratch **out,
                                      struct sb_error *err)
{
    struct sb_expr_scratch *scratch = sb_memory_alloc(memory, sizeof *scratch);

    *out = NULL;
    if (scratch == NULL) {
        return sb_error_no_memory(err, "expression scratch", sizeof *scratch);
    }
    memset(scratch, 0, sizeof *scratch);
    scratch->memory = memory;
    sb_arena_init(&scratch->text, memory);
    *out = scratch;
    return SB_OK;
}

void sb_expr_scratch_destroy(struct sb_expr_scratch *scratch)
{
    if (scratch == NULL) {
        return;
    }
    sb_arena_deinit(&scratch->text);
    sb_memory_free(scratch->memory, scratch->frame, (size_t)scratch->frame_size);
    sb_memory_free(scratch->memory, scratch->registers,
                   (size_t)scratch->register_capacity * sizeof scratch->registers[0]);
    sb_memory_free(scratch->memory, scratch, sizeof *scratch);
}

static enum sb_status scratch_reserve(struct sb_expr_scratch *scratch, int32_t frame_size,
                                      int32_t register_count, struct sb_error *err)
{
    if (frame_size > scratch->frame_size) {
        uint8_t *frame = sb_memory_alloc(scratch->memory, (size_t)frame_size);
        if (frame == NULL) {
            return sb_error_no_memory(err, "expression scratch", frame_size);
        }
        sb_memory_free(scratch->memory, scratch->frame, (size_t)scratch->frame_size);
        scratch->frame = frame;
        scratch->frame_size = frame_size;
    }
    if (register_count > scratch->register_capacity) {
        const size_t size = (size_t)register_count * sizeof scratch->registers[0];
        struct sb_vector *registers = sb_memory_alloc(scratch->memory, size);
        if (registers == NULL) {
            return sb_error_no_memory(err, "expression scratch", (int64_t)size);
        }
        sb_memory_free(scratch->memory, scratch->registers,
                       (size_t)scratch->register_capacity * sizeof scratch->registers[0]);
        scratch->registers = registers;
        scratch->register_capacity = register_count;
    }
    return SB_OK;
}

enum sb_status sb_program_prepare(const struct sb_program *program, struct sb_expr_scratch *scratch,
                                  struct sb_error *err)
{
    SB_TRY_RETURN(scratch_reserve(scratch, program->frame_size, program->register_count, err));
    for (int32_t i = 0; i < program->register_count; i++) {
        const struct sb_register *reg = &program->registers[i];
        scratch->registers[i].values =
            reg->constant != NULL ? reg->constant : scratch->frame + reg->offset;
        scratch->registers[i].valid = reg->constant_valid;
    }
    return SB_OK;
}

/* Where every argument is valid: no array, that of one argument, or theirs and-ed in `room`. */
static const uint8_t *valid_everywhere(const struct sb_kernel_table *table,
                                       const struct sb_vector *registers,
                                       const struct sb_instruction *instruction, int32_t count,
                                       uint8_t *room)
{
    const uint8_t *valid = NULL;

    for (int32_t i = 0; i < instruction->argument_count; i++) {
        const uint8_t *other = registers[instruction->arguments[i]].valid;
        if (other == NULL || other == valid) {
            continue;
        }
        if (valid == NULL) {
            valid = other;
            continue;
        }
        if (valid != room) {
            memcpy(room, valid, (size_t)count);
            valid = room;
        }
        table->mask_and(room, other, count);
    }
    return valid;
}

/*
 * Asks for the rows behind `window`. A program that reads several columns in turns gives the
 * processor no stream long enough to be ahead of it.
 */
static void column_prefetch(const struct sb_column *column, const struct sb_window *window)
{
    enum { LINE_SIZE = 64 };
    const int64_t width = sb_type_width(column->type->id);
    const int64_t first = window->first + window->count;
    const int64_t rest = column->length - first;
    const int64_t size = (rest < SB_EXPR_CHUNK ? rest : SB_EXPR_CHUNK) * width;
    const uint8_t *values = (const uint8_t *)column->values + (column->offset + first) * width;

    for (int64_t at = 0; at < size; at += LINE_SIZE) {
        __builtin_prefetch(values + at, 0, 2);
    }
}

static enum sb_status instruction_run(const struct sb_program *program,
                                      const struct sb_instruction *instruction,
                                      const struct sb_window *window, const uint8_t *guard,
                                      struct sb_expr_scratch *scratch, struct sb_error *err)
{
    struct sb_vector *registers = scratch->registers;
    struct sb_vector *out = &registers[instruction->out];
    uint8_t *valid_room = scratch->frame + instruction->valid_offset;

    if (instruction->kernel == NULL) {
        const struct sb_column *column = &window->batch->columns[instruction->node->column];

        if (window->goes_on && window->rows == NULL) {
            column_prefetch(column, window);
        }
        return sb_column_load(column, window,
                              scratch->frame + program->registers[instruction->out].offset,
                              valid_room, &scratch->text, out, err);
    }
    struct sb_kernel_call call = {
        .node = instruction->node,
        .registers = registers,
        .arguments = instruction->arguments,
        .count = window->count,
        .out = (void *)out->values, // frame or output, never a column
        .valid_room = valid_room,
        .valid = instruction->is_propagating
                     ? valid_everywhere(program->table, registers, instruction, window->count,
                                        valid_room)
                     : NULL,
        .guard = instruction->guard < 0 ? guard : registers[instruction->guard].values,
        .text = &scratch->text,
        .err = err,
    };
    SB_TRY_RETURN(instruction->kernel(&call));
    out->valid = call.valid;
    return SB_OK;
}

enum sb_status sb_program_run_part(const struct sb_program *program, int32_t first, int32_t end,
                                   const struct sb_window *window, const uint8_t *guard,
                                   struct sb_expr_scratch *scratch, int32_t *failed,
                                   struct sb_error *err)
{
    sb_debug_assert(window->count > 0 && window->count <= SB_EXPR_CHUNK);
    for (int32_t i = first; i < end; i++) {
        *failed = i;
        SB_TRY_RETURN(
            instruction_run(program, &program->instructions[i], window, guard, scratch, err));
    }
    return SB_OK;
}

enum sb_status sb_program_run(const struct sb_program *program, const struct sb_window *window,
                              const uint8_t *guard, struct sb_expr_scratch *scratch,
                              struct sb_error *err)
{
    int32_t failed;

    sb_program_begin(scratch);
    return sb_program_run_part(program, 0, program->instruction_count, window, guard, scratch,
                               &failed, err);
}
