// SPDX-License-Identifier: Apache-2.0
/*
 * model.h - a column as plain cells: what every layout of it must agree with.
 *
 * A random model is encoded as a foreign Arrow array by code that knows the specification and
 * nothing of the engine, with each buffer as large as the specification asks and not a byte more,
 * and with nonsense where values do not count (null rows, rows before the offset).
 */
#ifndef SABOT_SUPPORT_MODEL_H
#define SABOT_SUPPORT_MODEL_H

#include "columnar/column.h"
#include "support/arrow_array.h"

enum {
    TEST_CELL_SIZE = 64,
    TEST_TYPE_COUNT = SB_TYPE_BINARY_VIEW,
};

struct test_cell {
    bool is_null;
    int64_t size;
    uint8_t bytes[TEST_CELL_SIZE]; // the value, little-endian; bool is one byte; text is itself
};

struct test_model {
    struct sb_type type;
    int64_t length;
    struct test_cell *cells;
};

/* A model encoded as an array of `model->length` rows after `offset` others. */
struct test_encoded {
    struct test_array_column column;
    void *owned[TEST_BUFFERS_MAX];
};

/* The type with this id; timestamps and decimals get a unit, zone, precision and scale. */
struct sb_type test_type(enum sb_type_id id);
const char *test_type_format(enum sb_type_id id);

void test_model_random(struct test_model *out, enum sb_type_id id, int64_t length, bool has_nulls,
                       uint64_t *random);
void test_model_deinit(struct test_model *model);

/* The model as a column of our own, by struct sb_builder. */
SB_MUST_CHECK enum sb_status test_model_build(const struct test_model *model,
                                              struct sb_memory *memory, struct sb_column *out);

void test_model_encode(const struct test_model *model, int64_t offset, uint64_t *random,
                       struct test_encoded *out);
void test_encoded_deinit(struct test_encoded *encoded);

/*
 * Fails unless the column's rows are the model's rows at `positions` (NULL = from the first on),
 * `count` of them; UINT32_MAX stands for null.
 */
void test_model_check_column(const struct test_model *model, const uint32_t *positions,
                             int64_t count, const struct sb_column *column);

/* The same for an array as the specification lays it out. */
void test_model_check_array(const struct test_model *model, const uint32_t *positions,
                            int64_t count, const struct ArrowArray *array);

#endif
