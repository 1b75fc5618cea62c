// SPDX-License-Identifier: Apache-2.0
/*
 * pipeline_internal.h - a pipeline as pipeline_run.c runs it.
 *
 * One program; its roots in order: the conditions (with what has to stand ahead of them), then the
 * columns that are computed.
 */
#ifndef SABOT_EXPR_PIPELINE_INTERNAL_H
#define SABOT_EXPR_PIPELINE_INTERNAL_H

#include "expr/pipeline.h"
#include "expr/program.h"

struct sb_pipeline_root {
    bool is_condition;
    int32_t end;    // of its instructions
    int32_t result; // register
    /*
     * Of a condition: the instructions up to here whose results are read later, too. When rows
     * drop out, columns are loaded anew and values are moved together.
     */
    int32_t carried_count;
    const int32_t *carried;
    bool moves_values; // not all of them are columns
};

struct sb_pipeline_output {
    int32_t input_column; // that passes; -1 = computed
    int32_t result;       // register of what is computed
    bool is_placed;       // may be computed right where it belongs
};

struct sb_pipeline {
    const struct sb_program *program; // NULL: columns pass, and nothing else happens
    const struct sb_kernel_table *table;
    int32_t root_count; // of conditions and what is ahead of them
    const struct sb_pipeline_root *roots;
    bool has_conditions;
    int32_t output_count;
    const struct sb_pipeline_output *outputs;
    int32_t computed_count; // outputs that do not pass
    /*
     * Rows that are out may have a place in computed columns, too: there are columns that pass, and
     * all others are of fixed width.
     */
    bool may_keep_places;
    bool keeps_places; // whatever passes: all is computed before the first row drops out anyway
    const struct sb_pipeline_place *origins;
};

#endif
