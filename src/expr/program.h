// SPDX-License-Identifier: Apache-2.0
/*
 * program.h - a bound tree as a flat list of kernel calls over registers.
 *
 * A register is one value per row of the chunk. Its values lie in the frame (a scratch of
 * `frame_size` bytes that belongs to one worker), in a column of the batch, or in the plan
 * (constants). Frame space is reused as soon as its reader has run, so a deep tree stays in L1.
 * Space for validity is not: results often share the validity of an argument.
 */
#ifndef SABOT_EXPR_PROGRAM_H
#define SABOT_EXPR_PROGRAM_H

#include "expr/tree.h"

struct sb_instruction {
    const struct sb_bound_node *node;
    sb_kernel kernel;         // NULL: load the column of `node`
    int32_t out;              // register
    int32_t guard;            // register, or -1: the guard of the whole program
    const int32_t *arguments; // registers
    int32_t argument_count;
    int32_t valid_offset; // in the frame: room for validity
    bool is_propagating;  // SB_NULLS_PROPAGATE
};

struct sb_register {
    const void *constant;          // values in the plan, or NULL: in the frame
    const uint8_t *constant_valid; // of a constant: NULL = not null
    int32_t offset;                // values in the frame
    int32_t width;                 // bytes of a value
    int32_t around;                // of a guard: the guard it narrows, or -1
    bool is_computed;              // written by a kernel: may be pointed elsewhere
    bool is_kept;                  // read again later: its space is not reused
};

/*
 * One of several results of a program. Its instructions stand behind those of the roots before it,
 * so that the rows may become fewer between two of them.
 */
struct sb_program_root {
    const struct sb_bound_node *node;
    bool is_kept;   // the result is read after later roots, too
    int32_t result; // register
    int32_t end;    // the instructions below it, and not of roots before, are up to here
};

struct sb_program {
    const struct sb_kernel_table *table; // for masks; the instructions have theirs
    int32_t register_count;
    struct sb_register *registers;
    int32_t instruction_count;
    struct sb_instruction *instructions;
    int32_t frame_size; // bytes
    int32_t result;     // register
    bool may_fail;
};

/* NULL when out of memory. */
const struct sb_program *sb_program_compile(const struct sb_bound_node *root,
                                            struct sb_arena *arena);

/*
 * A program of several roots, in this order; fills what they become. `result` is that of the last
 * one. What several of them share (`is_shared`) is computed for the first that needs it. NULL when
 * out of memory.
 */
const struct sb_program *sb_program_compile_roots(struct sb_program_root *roots, int32_t count,
                                                  struct sb_arena *arena);

struct sb_expr_scratch {
    struct sb_memory *memory;
    uint8_t *frame;
    int32_t frame_size;
    struct sb_vector *registers;
    int32_t register_capacity;
    struct sb_arena text; // new text of the current chunk
    uint8_t mask[SB_EXPR_CHUNK] __attribute__((aligned(64)));
    uint8_t next_mask[SB_EXPR_CHUNK] __attribute__((aligned(64)));
};

/* The rows one run works on. */
struct sb_window {
    const struct sb_batch *batch;
    const uint32_t *rows; // positions in the columns, or NULL: first, first + 1, ...
    int64_t first;        // when `rows` is NULL
    int32_t count;        // 1..SB_EXPR_CHUNK
    bool goes_on;         // the rows behind these are next, and worth fetching from memory
};

/* Makes room for `program` in `scratch` and points its registers there: before a loop of runs. */
SB_MUST_CHECK enum sb_status sb_program_prepare(const struct sb_program *program,
                                                struct sb_expr_scratch *scratch,
                                                struct sb_error *err);

/*
 * Instructions [first, end) over one chunk, whose text stays until the next sb_program_begin().
 * `*failed` is the one that failed. `guard`: rows whose errors count, NULL = all.
 */
SB_MUST_CHECK enum sb_status sb_program_run_part(const struct sb_program *program, int32_t first,
                                                 int32_t end, const struct sb_window *window,
                                                 const uint8_t *guard,
                                                 struct sb_expr_scratch *scratch, int32_t *failed,
                                                 struct sb_error *err);

/* Before the first part of a chunk. */
static inline void sb_program_begin(struct sb_expr_scratch *scratch)
{
    sb_arena_reset(&scratch->text);
}

/*
 * One chunk. The result is scratch->registers[program->result] until the next run. `guard`: rows
 * whose errors count, NULL = all.
 */
SB_MUST_CHECK enum sb_status sb_program_run(const struct sb_program *program,
                                            const struct sb_window *window, const uint8_t *guard,
                                            struct sb_expr_scratch *scratch, struct sb_error *err);

#endif
