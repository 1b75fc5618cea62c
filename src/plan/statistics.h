// SPDX-License-Identifier: Apache-2.0
/*
 * statistics.h - what somebody outside has told about the rows of a source.
 *
 * Counted, never changed once built: a copy of a node holds the same ones (retain), so they outlive
 * the graph they were told to. Columns are found by name, because a source may be told fewer
 * columns later. They need not be exact, and nothing but the choice between plans that give the
 * same rows may depend on them.
 */
#ifndef SABOT_PLAN_STATISTICS_H
#define SABOT_PLAN_STATISTICS_H

#include <stdatomic.h>

#include "columnar/schema.h"
#include "expr/scalar.h"

struct sb_column_statistics {
    const char *name;
    struct sb_scalar least; // of the type that expressions see the column as; null = unknown
    struct sb_scalar greatest;
    int64_t null_count;     // -1 = unknown
    int64_t distinct_count; // null not counted; -1 = unknown
    double average_width;   // bytes of a value; negative = unknown
};

struct sb_statistics {
    _Atomic int32_t reference_count;
    int64_t row_count; // -1 = unknown
    int32_t column_count;
    struct sb_column_statistics *columns;
    struct sb_arena arena;
};

struct sb_statistics *sb_statistics_retain(struct sb_statistics *statistics); // NULL is fine
void sb_statistics_release(struct sb_statistics *statistics);                 // NULL is fine

/*
 * What is told of the column, if its type is still the one it was told for; NULL = nothing.
 * `*hint`, 0 at first, makes it quick to ask for columns in the order they were told in.
 */
const struct sb_column_statistics *sb_statistics_column(const struct sb_statistics *statistics,
                                                        const struct sb_field *field,
                                                        int32_t *hint);

#endif
