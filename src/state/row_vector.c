// SPDX-License-Identifier: Apache-2.0
#include "state/row_vector.h"

#include <inttypes.h>

#include "base/assert.h"
#include "columnar/value_bytes.h"

enum sb_row_kind sb_row_kind(const struct sb_type *type)
{
    switch (sb_type_value(type)->id) {
    case SB_TYPE_NULL:
    case SB_TYPE_BOOL:
    case SB_TYPE_UINT8:
    case SB_TYPE_UINT16:
    case SB_TYPE_UINT32:
    case SB_TYPE_UINT64:
    case SB_TYPE_INTERVAL_DAY_TIME:
        return SB_ROW_UINT;
    case SB_TYPE_FLOAT16:
    case SB_TYPE_FLOAT32:
    case SB_TYPE_FLOAT64:
        return SB_ROW_FLOAT;
    case SB_TYPE_DECIMAL32:
    case SB_TYPE_DECIMAL64:
    case SB_TYPE_DECIMAL128:
    case SB_TYPE_INTERVAL_MONTH_DAY_NANO:
        return SB_ROW_WIDE;
    case SB_TYPE_INT8:
    case SB_TYPE_INT16:
    case SB_TYPE_INT32:
    case SB_TYPE_INT64:
    case SB_TYPE_DATE32:
    case SB_TYPE_DATE64:
    case SB_TYPE_TIMESTAMP:
    case SB_TYPE_TIME32:
    case SB_TYPE_TIME64:
    case SB_TYPE_DURATION:
    case SB_TYPE_INTERVAL_MONTH:
        return SB_ROW_INT;
    default: // text, binary, fixed_size_binary, decimal256, lists, structs, maps
        return SB_ROW_TEXT;
    }
}

// --- loading -------------------------------------------------------------------------------------

/* One loop with a selection and one without, so that the latter vectorises. */
#define LOAD_WORDS(ctype, expression)                                                              \
    do {                                                                                           \
        const ctype *values = sb_column_fixed(column, (int32_t)sizeof(ctype));                     \
        if (rows == NULL) {                                                                        \
            values += first;                                                                       \
            for (int64_t i = 0; i < count; i++) {                                                  \
                ctype value = values[i];                                                           \
                words[i] = (expression);                                                           \
            }                                                                                      \
        } else {                                                                                   \
            for (int64_t i = 0; i < count; i++) {                                                  \
                ctype value = values[rows[first + i]];                                             \
                words[i] = (expression);                                                           \
            }                                                                                      \
        }                                                                                          \
    } while (0)

static inline uint64_t double_bits(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline uint64_t canonical_bits(double value)
{
    return value != value ? SB_HASH_NAN : double_bits(value + 0.0);
}

static void bools_load(const struct sb_column *column, const uint32_t *rows, int64_t first,
                       int64_t count, uint64_t *words)
{
    const uint8_t *bits = column->values;

    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows == NULL ? first + i : rows[first + i];
        words[i] = sb_bitmap_get(bits, column->offset + row);
    }
}

static void wides_load(const struct sb_column *column, const uint32_t *rows, int64_t first,
                       int64_t count, uint64_t *words)
{
    const uint64_t *values = sb_column_fixed(column, 16);

    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows == NULL ? first + i : rows[first + i];
        words[2 * i] = values[2 * row];
        words[2 * i + 1] = values[2 * row + 1];
    }
}

/* Values that fill two words, but come in fewer. */
#define LOAD_WIDE(ctype)                                                                           \
    do {                                                                                           \
        const ctype *values = sb_column_fixed(column, (int32_t)sizeof(ctype));                     \
        for (int64_t i = 0; i < count; i++) {                                                      \
            int64_t value = values[rows == NULL ? first + i : rows[first + i]];                    \
            words[2 * i] = (uint64_t)value;                                                        \
            words[2 * i + 1] = value < 0 ? UINT64_MAX : 0;                                         \
        }                                                                                          \
    } while (0)

static uint64_t float16_bits(uint16_t value, enum sb_row_reading reading)
{
    double number = sb_float16_read(value);

    return reading == SB_ROW_CANONICAL ? canonical_bits(number) : double_bits(number);
}

/* Values without a layout of their own in rows: as bytes, which the scratch keeps. */
static enum sb_status values_load(const struct sb_column *column, const uint32_t *rows,
                                  int64_t first, int64_t count, const uint8_t *nulls,
                                  enum sb_row_reading reading, struct sb_row_scratch *scratch,
                                  struct sb_error *err)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows == NULL ? first + i : rows[first + i];
        struct sb_text text = {0};

        if (nulls == NULL || !nulls[i]) {
            int64_t size = sb_value_size(column, row);
            uint8_t *bytes = NULL;

            if (sb_unlikely(size > UINT32_MAX)) {
                return sb_error_set(err, SB_UNSUPPORTED,
                                    "a value of %" PRId64 " bytes; keyed operators take less than "
                                    "4 GiB in one value",
                                    size);
            }
            if (size > 0) { // a struct without fields has none
                SB_TRY_RETURN(sb_row_heap_alloc(&scratch->heap, size, &bytes, err));
            }
            sb_value_write(column, row, reading == SB_ROW_CANONICAL, bytes);
            text = sb_text_make(bytes, size);
        }
        scratch->words[2 * i] = text.head;
        scratch->words[2 * i + 1] = text.tail;
    }
    return SB_OK;
}

/* NULL when none of the rows is null. */
static const uint8_t *nulls_load(const struct sb_column *column, const uint32_t *rows,
                                 int64_t first, int64_t count, uint8_t *nulls)
{
    uint8_t any = 0;

    if (column->validity == NULL || column->null_count == 0) {
        return NULL;
    }
    if (rows == NULL) {
        sb_bitmap_unpack(nulls, column->validity, column->offset + first, count);
        for (int64_t i = 0; i < count; i++) {
            nulls[i] ^= 1;
            any |= nulls[i];
        }
    } else {
        for (int64_t i = 0; i < count; i++) {
            nulls[i] = !sb_bitmap_get(column->validity, column->offset + rows[first + i]);
            any |= nulls[i];
        }
    }
    return any ? nulls : NULL;
}

/* Words of null rows are whatever lies there; tables compare words, so they become 0. */
static void nulls_clear(const uint8_t *nulls, int64_t count, const uint64_t *from, uint64_t *words)
{
    for (int64_t i = 0; i < count; i++) {
        words[i] = nulls[i] ? 0 : from[i];
    }
}

static enum sb_status encoded_load(const struct sb_column *column, const uint32_t *rows,
                                   int64_t first, int64_t count, enum sb_row_reading reading,
                                   struct sb_row_scratch *scratch, struct sb_row_vector *out,
                                   struct sb_error *err);

enum sb_status sb_row_vector_load(const struct sb_column *column, const uint32_t *rows,
                                  int64_t first, int64_t count, enum sb_row_reading reading,
                                  struct sb_row_scratch *scratch, struct sb_row_vector *out,
                                  struct sb_error *err)
{
    uint64_t *words = scratch->words;
    enum sb_type_id id = column->type->id;

    sb_debug_assert(count <= SB_ROW_CHUNK);
    out->kind = sb_row_kind(column->type);
    out->words = words;
    out->nulls = nulls_load(column, rows, first, count, scratch->nulls);
    switch (id) {
    case SB_TYPE_BOOL:
        bools_load(column, rows, first, count, words);
        break;
    case SB_TYPE_INT8:
        LOAD_WORDS(int8_t, (uint64_t)(int64_t)value);
        break;
    case SB_TYPE_INT16:
        LOAD_WORDS(int16_t, (uint64_t)(int64_t)value);
        break;
    case SB_TYPE_INT32:
    case SB_TYPE_DATE32:
    case SB_TYPE_TIME32:
    case SB_TYPE_INTERVAL_MONTH:
        LOAD_WORDS(int32_t, (uint64_t)(int64_t)value);
        break;
    case SB_TYPE_UINT8:
        LOAD_WORDS(uint8_t, value);
        break;
    case SB_TYPE_UINT16:
        LOAD_WORDS(uint16_t, value);
        break;
    case SB_TYPE_UINT32:
        LOAD_WORDS(uint32_t, value);
        break;
    case SB_TYPE_FLOAT16:
        LOAD_WORDS(uint16_t, float16_bits(value, reading));
        break;
    case SB_TYPE_FLOAT32:
        if (reading == SB_ROW_CANONICAL) {
            LOAD_WORDS(float, canonical_bits((double)value));
        } else {
            LOAD_WORDS(float, double_bits((double)value));
        }
        break;
    case SB_TYPE_FLOAT64:
        if (reading == SB_ROW_CANONICAL) {
            LOAD_WORDS(double, canonical_bits(value));
            break;
        }
        __attribute__((fallthrough)); // plain doubles are words as they lie
    case SB_TYPE_INT64:
    case SB_TYPE_UINT64:
    case SB_TYPE_DATE64:
    case SB_TYPE_TIMESTAMP:
    case SB_TYPE_TIME64:
    case SB_TYPE_DURATION:
    case SB_TYPE_INTERVAL_DAY_TIME:
        if (rows == NULL) {
            out->words = (const uint64_t *)sb_column_fixed(column, 8) + first;
        } else {
            LOAD_WORDS(uint64_t, value);
        }
        break;
    case SB_TYPE_DECIMAL32:
        LOAD_WIDE(int32_t);
        break;
    case SB_TYPE_DECIMAL64:
        LOAD_WIDE(int64_t);
        break;
    case SB_TYPE_DECIMAL128:
    case SB_TYPE_INTERVAL_MONTH_DAY_NANO:
        wides_load(column, rows, first, count, words);
        break;
    case SB_TYPE_NULL:
        memset(words, 0, (size_t)count * sizeof *words);
        return SB_OK;
    case SB_TYPE_UTF8:
    case SB_TYPE_LARGE_UTF8:
    case SB_TYPE_UTF8_VIEW:
    case SB_TYPE_BINARY:
    case SB_TYPE_LARGE_BINARY:
    case SB_TYPE_BINARY_VIEW:
        return sb_texts_load(column, rows, first, count, out->nulls, words, err);
    case SB_TYPE_FIXED_SIZE_BINARY:
        sb_texts_load_fixed(column, rows, first, count, out->nulls, words);
        return SB_OK;
    case SB_TYPE_DICTIONARY:
    case SB_TYPE_RUN_END_ENCODED:
        return encoded_load(column, rows, first, count, reading, scratch, out, err);
    case SB_TYPE_DECIMAL256:
    case SB_TYPE_LIST:
    case SB_TYPE_LARGE_LIST:
    case SB_TYPE_LIST_VIEW:
    case SB_TYPE_LARGE_LIST_VIEW:
    case SB_TYPE_FIXED_SIZE_LIST:
    case SB_TYPE_STRUCT:
    case SB_TYPE_MAP:
        sb_row_heap_reset(&scratch->heap);
        return values_load(column, rows, first, count, out->nulls, reading, scratch, err);
    }
    if (out->nulls != NULL && out->kind == SB_ROW_WIDE) {
        for (int64_t i = 0; i < count; i++) {
            words[2 * i] = out->nulls[i] ? 0 : words[2 * i];
            words[2 * i + 1] = out->nulls[i] ? 0 : words[2 * i + 1];
        }
    } else if (out->nulls != NULL) {
        nulls_clear(out->nulls, count, out->words, words);
        out->words = words;
    }
    return SB_OK;
}

/* The values that the rows stand for. Where there is none, row 0 is loaded and cleared again. */
static enum sb_status encoded_load(const struct sb_column *column, const uint32_t *rows,
                                   int64_t first, int64_t count, enum sb_row_reading reading,
                                   struct sb_row_scratch *scratch, struct sb_row_vector *out,
                                   struct sb_error *err)
{
    struct sb_column values = sb_column_child(column, 1);
    int32_t width = sb_row_kind_words(out->kind);
    uint32_t at[SB_ROW_CHUNK];
    uint8_t missing[SB_ROW_CHUNK];
    uint8_t any = 0;

    sb_column_decode_rows(column, rows == NULL ? NULL : rows + first, first, count, at);
    for (int64_t i = 0; i < count; i++) {
        missing[i] = at[i] == UINT32_MAX;
        at[i] = missing[i] ? 0 : at[i];
        any |= missing[i];
    }
    if (!any) {
        return sb_row_vector_load(&values, at, 0, count, reading, scratch, out, err);
    }
    if (values.length > 0) {
        SB_TRY_RETURN(sb_row_vector_load(&values, at, 0, count, reading, scratch, out, err));
    }
    for (int64_t i = 0; i < count; i++) { // with `rows`, words are always the scratch's own
        for (int32_t w = 0; w < width; w++) {
            scratch->words[width * i + w] = missing[i] ? 0 : scratch->words[width * i + w];
        }
    }
    memcpy(scratch->nulls, missing, (size_t)count);
    out->nulls = scratch->nulls;
    return SB_OK;
}

// --- hashing -------------------------------------------------------------------------------------

static inline uint64_t value_hash(enum sb_row_kind kind, const uint64_t *words)
{
    switch (kind) {
    case SB_ROW_INT:
    case SB_ROW_UINT:
    case SB_ROW_FLOAT:
        return sb_row_word_hash(kind, words[0]);
    case SB_ROW_WIDE:
        return sb_hash_wide(words[0], words[1]);
    default:
        return sb_text_hash(words);
    }
}

static inline void values_hash(const struct sb_row_vector *vector, enum sb_row_kind kind,
                               int64_t count, bool is_first, uint64_t *hashes)
{
    int32_t width = sb_row_kind_words(kind);

    uint64_t folded[SB_ROW_CHUNK];
    uint64_t *restrict out = is_first ? hashes : folded;

    // Passes of their own for what is not usual: registers are few in the first one.
    for (int64_t i = 0; i < count; i++) {
        out[i] = value_hash(kind, vector->words + width * i);
    }
    for (int64_t i = 0; vector->nulls != NULL && i < count; i++) {
        out[i] = vector->nulls[i] ? SB_HASH_NULL : out[i];
    }
    for (int64_t i = 0; !is_first && i < count; i++) {
        hashes[i] = sb_hash_combine(hashes[i], folded[i]);
    }
}

/* Words as a column, for the kernels that hash many at once. */
static void words_hash(const uint64_t *words, enum sb_type_id id, int64_t count, bool is_first,
                       uint64_t *hashes)
{
    struct sb_type type = {.id = id};
    struct sb_column column = {.type = &type, .length = count, .values = words};

    sb_column_hash(&column, NULL, count, is_first, hashes);
}

void sb_row_vector_hash(const struct sb_row_vector *vector, int64_t count, bool is_first,
                        uint64_t *hashes)
{
    if (vector->nulls == NULL && sb_row_kind_words(vector->kind) == 1) {
        words_hash(vector->words, vector->kind == SB_ROW_FLOAT ? SB_TYPE_FLOAT64 : SB_TYPE_INT64,
                   count, is_first, hashes);
        return;
    }
    switch (vector->kind) {
    case SB_ROW_INT:
    case SB_ROW_UINT:
        values_hash(vector, SB_ROW_INT, count, is_first, hashes);
        break;
    case SB_ROW_FLOAT:
        values_hash(vector, SB_ROW_FLOAT, count, is_first, hashes);
        break;
    case SB_ROW_WIDE:
        values_hash(vector, SB_ROW_WIDE, count, is_first, hashes);
        break;
    case SB_ROW_TEXT:
        values_hash(vector, SB_ROW_TEXT, count, is_first, hashes);
        break;
    }
}
