// SPDX-License-Identifier: Apache-2.0
#include "state/row_vector.h"

#include <inttypes.h>

#include "base/assert.h"
#include "columnar/value_bytes.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "views keep their size in the low half");

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

struct sb_text sb_text_make(const uint8_t *data, int64_t size)
{
    struct sb_text text = {.head = (uint64_t)size};
    uint64_t first = 0;

    if (size > SB_TEXT_INLINE_MAX) {
        uint32_t prefix;
        memcpy(&prefix, data, sizeof prefix);
        text.head |= (uint64_t)prefix << 32;
        text.tail = (uint64_t)(uintptr_t)data;
        return text;
    }
    // Loads may overlap: bytes that are read twice are equal.
    if (size >= 8) {
        uint64_t last;
        memcpy(&first, data, 8);
        memcpy(&last, data + size - 8, 8);
        text.tail = last >> (8 * (15 - size)) >> 8 << 32; // the bytes from the ninth on
    } else if (size >= 4) {
        uint32_t low;
        uint32_t high;
        memcpy(&low, data, 4);
        memcpy(&high, data + size - 4, 4);
        first = low | (uint64_t)high << (8 * (size - 4));
    } else if (size > 0) {
        first = (uint64_t)data[0] | (uint64_t)data[size >> 1] << (8 * (size >> 1)) |
                (uint64_t)data[size - 1] << (8 * (size - 1));
    }
    text.head |= first << 32;
    text.tail |= first >> 32;
    return text;
}

static inline uint64_t bytes_difference(const uint8_t *a, const uint8_t *b)
{
    uint64_t left;
    uint64_t right;

    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    return left ^ right;
}

bool sb_text_bytes_equal(const uint64_t *a, const uint64_t *b)
{
    const uint8_t *x = (const uint8_t *)(uintptr_t)a[1];
    const uint8_t *y = (const uint8_t *)(uintptr_t)b[1];
    int64_t size = sb_text_size(a[0]);
    uint64_t difference;

    if (size > 64) {
        return memcmp(x, y, (size_t)size) == 0;
    }
    // At least 13 bytes: the last eight may overlap those before.
    difference = bytes_difference(x + size - 8, y + size - 8);
    for (int64_t at = 0; at < size - 8; at += 8) {
        difference |= bytes_difference(x + at, y + at);
    }
    return difference == 0;
}

int sb_text_compare(const uint64_t *a, const uint64_t *b)
{
    int64_t a_size = sb_text_size(a[0]);
    int64_t b_size = sb_text_size(b[0]);
    int order =
        memcmp(sb_text_bytes(a), sb_text_bytes(b), (size_t)(a_size < b_size ? a_size : b_size));

    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
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

static enum sb_status texts_load(const struct sb_column *column, const uint32_t *rows,
                                 int64_t first, int64_t count, const uint8_t *nulls,
                                 uint64_t *words, struct sb_error *err)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows == NULL ? first + i : rows[first + i];
        struct sb_text text = {0};

        if (nulls == NULL || !nulls[i]) {
            struct sb_bytes bytes = sb_column_bytes(column, row);
            if (sb_unlikely(bytes.size > UINT32_MAX)) {
                return sb_error_set(err, SB_UNSUPPORTED,
                                    "a text of %" PRId64 " bytes; keyed operators take less than "
                                    "4 GiB in one value",
                                    bytes.size);
            }
            text = sb_text_make(bytes.data, bytes.size);
        }
        words[2 * i] = text.head;
        words[2 * i + 1] = text.tail;
    }
    return SB_OK;
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

static void fixed_texts_load(const struct sb_column *column, const uint32_t *rows, int64_t first,
                             int64_t count, const uint8_t *nulls, uint64_t *words)
{
    int32_t width = sb_type_bytes(column->type);
    const uint8_t *values = sb_column_fixed(column, width);

    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows == NULL ? first + i : rows[first + i];
        struct sb_text text = {0};

        if (nulls == NULL || !nulls[i]) {
            text = sb_text_make(values + row * width, width);
        }
        words[2 * i] = text.head;
        words[2 * i + 1] = text.tail;
    }
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
        return texts_load(column, rows, first, count, out->nulls, words, err);
    case SB_TYPE_FIXED_SIZE_BINARY:
        fixed_texts_load(column, rows, first, count, out->nulls, words);
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
        if (sb_text_is_inline(words[0])) {
            return sb_hash_words(words[0] >> 32 | words[1] << 32, words[1] >> 32,
                                 sb_hash_seed((size_t)sb_text_size(words[0])));
        }
        return sb_hash_bytes(sb_text_bytes(words), (size_t)sb_text_size(words[0]));
    }
}

static inline void values_hash(const struct sb_row_vector *vector, enum sb_row_kind kind,
                               int64_t count, bool is_first, uint64_t *hashes)
{
    int32_t width = sb_row_kind_words(kind);

    for (int64_t i = 0; i < count; i++) {
        uint64_t hash = value_hash(kind, vector->words + width * i);

        if (vector->nulls != NULL && vector->nulls[i]) {
            hash = SB_HASH_NULL;
        }
        hashes[i] = is_first ? hash : sb_hash_combine(hashes[i], hash);
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
