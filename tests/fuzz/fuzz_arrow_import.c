// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_arrow_import.c - a tree of Arrow arrays from any bytes, through everything a column does.
 *
 * The input is a program for building one column: formats, children, lengths, offsets, null counts
 * and which buffers are missing all come from it, so that they lie as they like. Sizes of buffers
 * cannot lie, since they do not cross the C Data interface: every buffer is as long as its array
 * says, or the array is refused for its length before anything is read. What is imported is
 * gathered, hashed, written as bytes, loaded into row vectors and exported; a sanitizer watches.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columnar/arrow.h"
#include "columnar/value_bytes.h"
#include "state/column_writer.h"

enum {
    NODES_MAX = 64,
    BUFFERS_MAX = 6,
    CHILDREN_MAX = 4,
    LENGTH_MAX = 300,
    BUFFER_SIZE = (LENGTH_MAX + 80) * 64, // of any buffer: rows, offset and the widest value
    FORMAT_SIZE = 16,
};

struct input {
    const uint8_t *data;
    size_t size;
};

static uint8_t byte_next(struct input *input)
{
    if (input->size == 0) {
        return 0;
    }
    input->size--;
    return *input->data++;
}

// Both interfaces' view of one array; freed by the release of its root.
struct node {
    struct ArrowSchema schema;
    struct ArrowArray array;
    char format[FORMAT_SIZE];
    const void *buffers[BUFFERS_MAX];
    struct ArrowSchema *schema_children[CHILDREN_MAX];
    struct ArrowArray *array_children[CHILDREN_MAX];
};

static struct node nodes[NODES_MAX];
static int node_count;
static int64_t heap_sizes[NODES_MAX][BUFFERS_MAX];

static void schema_release(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void array_release(struct ArrowArray *array)
{
    array->release = NULL;
}

// A length that is mostly right for `wanted` rows, and sometimes anything.
static int64_t length_next(struct input *input, int64_t wanted)
{
    static const int64_t odd[] = {-1, 0, 1, INT64_MAX, INT64_MIN, INT32_MAX, UINT32_MAX, 1 << 20};
    uint8_t byte = byte_next(input);

    return byte >= 248 ? odd[byte - 248] : byte >= 200 ? byte - 200 : wanted;
}

static const char *const formats[] = {
    "n",        "b",         "c",          "C",     "s",   "S",   "i",   "I",   "l",    "L",
    "e",        "f",         "g",          "z",     "Z",   "u",   "U",   "vu",  "vz",   "d:9,2",
    "d:5,1,32", "d:18,2,64", "d:70,2,256", "w:3",   "w:0", "tdD", "tdm", "tts", "ttn",  "tsu:UTC",
    "tDm",      "tiM",       "tiD",        "tin",   "+l",  "+L",  "+vl", "+vL", "+w:2", "+w:0",
    "+s",       "+m",        "+r",         "+ud:0", "x",   "",
};
enum { FORMAT_COUNT = sizeof formats / sizeof formats[0] };

static int64_t children_wanted(const char *format, uint8_t byte)
{
    if (format[0] != '+') {
        return byte >= 250;
    }
    if (byte >= 250) {
        return (byte - 250) % (CHILDREN_MAX + 1);
    }
    return format[1] == 's' ? byte % CHILDREN_MAX : format[1] == 'r' ? 2 : 1;
}

static int64_t buffers_wanted(const char *format, uint8_t byte)
{
    if (byte >= 250) {
        return byte - 250;
    }
    if (format[0] == 'v') {
        return 3 + byte % 3;
    }
    if (strcmp(format, "n") == 0 || strcmp(format, "+r") == 0) {
        return 0;
    }
    if (strcmp(format, "+s") == 0 || strncmp(format, "+w", 2) == 0) {
        return 1;
    }
    return strchr("zZuU", format[0]) != NULL || strncmp(format, "+v", 2) == 0 ? 3 : 2;
}

// Small steps more often than noise, so that offsets and run ends are right sometimes.
static void buffer_fill(struct input *input, uint8_t *bytes)
{
    uint8_t kind = byte_next(input);
    int32_t width = 1 << (kind & 3);
    uint64_t value = 0;

    if (kind >= 224) { // noise
        for (int64_t i = 0; i < BUFFER_SIZE; i++) {
            bytes[i] = (uint8_t)(i * kind + byte_next(input));
        }
        return;
    }
    for (int64_t i = 0; i + width <= BUFFER_SIZE; i += width) {
        value += kind >= 128 ? byte_next(input) & 3 : 1;
        memcpy(bytes + i, &value, (size_t)width);
    }
}

static struct node *node_build(struct input *input, int64_t rows, int depth)
{
    struct node *node;
    uint8_t kind = byte_next(input);
    int index = node_count;

    if (node_count == NODES_MAX) {
        return NULL;
    }
    node = &nodes[node_count++];
    memset(node, 0, sizeof *node);
    snprintf(node->format, sizeof node->format, "%s",
             formats[depth > 5 ? kind % 12 : kind % FORMAT_COUNT]);
    node->schema = (struct ArrowSchema){
        .format = node->format,
        .name = "c",
        .flags = byte_next(input) & 7,
        .release = schema_release,
        .n_children = children_wanted(node->format, byte_next(input)),
        .children = node->schema_children,
    };
    node->array = (struct ArrowArray){
        .length = length_next(input, rows),
        .offset = length_next(input, 0),
        .null_count = length_next(input, -1),
        .n_buffers = buffers_wanted(node->format, byte_next(input)),
        .n_children = node->schema.n_children,
        .buffers = node->buffers,
        .children = node->array_children,
        .release = array_release,
    };
    for (int64_t i = 0; i < node->array.n_buffers && i < BUFFERS_MAX; i++) {
        uint8_t *bytes = NULL;

        if (byte_next(input) % 8 != 0) { // a buffer that is there
            bytes = malloc(BUFFER_SIZE);
            buffer_fill(input, bytes);
        }
        node->buffers[i] = bytes;
        heap_sizes[index][i] = BUFFER_SIZE;
    }
    if (node->format[0] == 'v' && node->array.n_buffers > 2) { // sizes that are true
        int64_t last = node->array.n_buffers - 1;

        free((void *)node->buffers[last]);
        node->buffers[last] = malloc(sizeof heap_sizes[index]);
        for (int64_t i = 0; i < last - 2; i++) {
            heap_sizes[index][i] = node->buffers[2 + i] == NULL ? 0 : BUFFER_SIZE;
        }
        memcpy((void *)node->buffers[last], heap_sizes[index], sizeof heap_sizes[index]);
    }
    for (int64_t i = 0; i < node->array.n_children && i < CHILDREN_MAX; i++) {
        struct node *child =
            node_build(input, strcmp(node->format, "+s") == 0 ? rows : 2 * rows, depth + 1);

        node->schema_children[i] = child == NULL ? NULL : &child->schema;
        node->array_children[i] = child == NULL ? NULL : &child->array;
    }
    if (byte_next(input) % 8 == 7) {
        struct node *dictionary = node_build(input, 8, depth + 1);

        node->schema.dictionary = dictionary == NULL ? NULL : &dictionary->schema;
        node->array.dictionary = dictionary == NULL ? NULL : &dictionary->array;
    }
    return node;
}

// Lengths that pass as sane but that no buffer here has: the one lie a consumer must believe.
static bool is_honest(const struct node *node)
{
    // One that is too long is refused, or its first rows alone are read.
    bool is_small = node->array.length < 0 || node->array.offset < 0 ||
                    node->array.offset > INT64_MAX / 32 ||
                    (node->array.offset <= 64 &&
                     (node->array.length <= LENGTH_MAX || node->array.length >= UINT32_MAX));
    bool has_text = node->format[0] != '\0' && strchr("zZuU", node->format[0]) != NULL;

    // Nor do offsets of text say where their bytes end: they must stay within.
    if (has_text && node->array.n_buffers == 3 && node->array.length > 0 && is_small &&
        node->buffers[1] != NULL && node->buffers[2] != NULL) {
        bool is_large = node->format[0] == 'Z' || node->format[0] == 'U';
        int64_t count = (int64_t)(BUFFER_SIZE / (is_large ? 8 : 4));

        for (int64_t i = 0; i < count; i++) {
            int64_t offset = is_large ? ((const int64_t *)node->buffers[1])[i]
                                      : ((const int32_t *)node->buffers[1])[i];

            if (offset > BUFFER_SIZE) {
                return false;
            }
        }
    }
    return is_small;
}

static void column_use(struct sb_memory *memory, const struct sb_column *column)
{
    uint32_t rows[64];
    uint64_t hashes[64];
    struct sb_row_scratch *scratch = calloc(1, sizeof *scratch);
    struct sb_row_vector vector;
    struct sb_column_writer writer;
    struct sb_column out;
    int64_t count = column->length < 64 ? column->length : 64;

    for (int64_t i = 0; i < 64; i++) {
        rows[i] = count == 0 || i % 5 == 0 ? UINT32_MAX : (uint32_t)((i * 7) % count);
    }
    if (sb_column_gather(column, rows, 64, memory, &out, NULL) == SB_OK) {
        sb_column_hash(&out, NULL, 64, true, hashes);
        (void)sb_column_size_estimate(&out);
        sb_column_deinit(&out);
    }
    sb_column_hash(column, NULL, count, true, hashes);
    (void)sb_column_size_estimate(column);
    scratch->heap.memory = memory;
    if (sb_row_vector_load(column, NULL, 0, count, SB_ROW_CANONICAL, scratch, &vector, NULL) ==
            SB_OK &&
        sb_column_writer_init(&writer, memory, column->type, 64, NULL) == SB_OK) {
        if (sb_column_writer_append(&writer, &vector, count, NULL) == SB_OK &&
            sb_column_writer_finish(&writer, count, &out, NULL) == SB_OK) {
            sb_column_deinit(&out);
        }
        sb_column_writer_deinit(&writer);
    }
    sb_row_heap_deinit(&scratch->heap);
    free(scratch);
}

static void tree_run(struct sb_memory *memory, struct node *root, int64_t rows)
{
    struct ArrowSchema *schema_children[] = {&root->schema};
    struct ArrowArray *array_children[] = {&root->array};
    const void *no_validity[] = {NULL};
    struct ArrowSchema table = {
        .format = "+s",
        .n_children = 1,
        .children = schema_children,
        .release = schema_release,
    };
    struct ArrowArray array = {
        .length = rows,
        .n_buffers = 1,
        .n_children = 1,
        .buffers = no_validity,
        .children = array_children,
        .release = array_release,
    };
    struct sb_schema *schema;
    struct sb_batch batch;

    if (sb_schema_import(memory, &table, &schema, NULL) != SB_OK) {
        return;
    }
    for (int i = 0; i < node_count; i++) {
        if (!is_honest(&nodes[i])) {
            sb_schema_release(schema);
            return;
        }
    }
    if (sb_batch_import_checked(memory, schema, &array, SB_IMPORT_FULL, &batch, NULL) == SB_OK) {
        column_use(memory, &batch.columns[0]);
        if (rows > 1) {
            sb_batch_slice(&batch, 1, rows - 1);
            column_use(memory, &batch.columns[0]);
        }
        if (sb_batch_export(&batch, &array, NULL) == SB_OK) {
            array.release(&array);
        }
    }
    sb_schema_release(schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    int64_t rows = byte_next(&input) % 100;
    struct sb_memory *memory = sb_memory_create(64 << 20);
    struct node *root;

    node_count = 0;
    root = node_build(&input, rows, 0);
    tree_run(memory, root, rows);
    for (int i = 0; i < node_count; i++) {
        for (int j = 0; j < BUFFERS_MAX; j++) {
            free((void *)nodes[i].buffers[j]);
        }
    }
    sb_memory_release(memory);
    return 0;
}
