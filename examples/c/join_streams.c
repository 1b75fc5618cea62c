// SPDX-License-Identifier: Apache-2.0
/*
 * join_streams.c - quotes from one Arrow stream, enriched with names from another.
 *
 *     cc join_streams.c $(pkg-config --cflags --libs sabot) -o join_streams && ./join_streams
 *
 * A real program gets its ArrowArrayStreams from a library that reads files or databases; the
 * lower half of this file makes two by hand.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sabot/sabot.h>

static const char graph_json[] =
    "{\"version\": 1, \"job_name\": \"enrich\","
    " \"operators\": ["
    "  {\"operator_id\": \"quotes\", \"operator_type\": \"source\"},"
    "  {\"operator_id\": \"names\", \"operator_type\": \"source\"},"
    "  {\"operator_id\": \"enrich\", \"operator_type\": \"hash_join\","
    "   \"parameters\": {\"left_key\": \"instrument\", \"right_key\": \"id\"}},"
    "  {\"operator_id\": \"rows\", \"operator_type\": \"sink\"}],"
    " \"edges\": ["
    "  {\"from\": \"quotes\", \"to\": \"enrich\", \"port\": 0},"
    "  {\"from\": \"names\", \"to\": \"enrich\", \"port\": 1},"
    "  {\"from\": \"enrich\", \"to\": \"rows\"}]}";

static void open_quotes(struct ArrowArrayStream *out);
static void open_names(struct ArrowArrayStream *out);
static void print_rows(const struct ArrowArray *rows);

/* Leaves `main` through its one exit when a call failed; `err` says why. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        if ((call) != SB_OK) {                                                                     \
            goto out;                                                                              \
        }                                                                                          \
    } while (0)

// Tells the graph the columns of a stream; the stream itself goes to the job later.
static enum sb_status declare(struct sb_graph *graph, const char *source,
                              struct ArrowArrayStream *stream, struct sb_error *err)
{
    struct ArrowSchema schema;

    if (stream->get_schema(stream, &schema) != 0) {
        snprintf(err->message, sizeof err->message, "%s", stream->get_last_error(stream));
        return SB_IO;
    }
    return sb_graph_set_source_schema(graph, source, &schema, err);
}

int main(void)
{
    struct ArrowArrayStream quotes;
    struct ArrowArrayStream names;
    struct ArrowArrayStream result = {0};
    struct sb_graph *graph = NULL;
    struct sb_job *job = NULL;
    struct sb_error err = {0};
    bool is_done = false;
    int code = EXIT_FAILURE;

    open_quotes(&quotes);
    open_names(&names);

    TRY(sb_graph_create_from_json(graph_json, strlen(graph_json), &graph, &err));
    TRY(declare(graph, "quotes", &quotes, &err));
    TRY(declare(graph, "names", &names, &err));
    TRY(sb_graph_validate(graph, NULL, NULL, &err));

    TRY(sb_job_create(graph, NULL, &job, &err));
    TRY(sb_job_add_stream(job, "quotes", &quotes, 0, -1, &err)); // takes the stream
    TRY(sb_job_add_stream(job, "names", &names, 0, -1, &err));
    TRY(sb_job_bind_sink(job, "rows", SB_SINK_COLLECT, &err));
    TRY(sb_job_start(job, &err));
    TRY(sb_job_wait(job, -1, &is_done, &err));
    TRY(sb_job_collect(job, "rows", &result, &err));

    for (;;) {
        struct ArrowArray rows;

        if (result.get_next(&result, &rows) != 0) {
            snprintf(err.message, sizeof err.message, "%s", result.get_last_error(&result));
            goto out;
        }
        if (rows.release == NULL) {
            break; // the end
        }
        print_rows(&rows);
        rows.release(&rows);
    }
    code = EXIT_SUCCESS;

out:
    if (code != EXIT_SUCCESS) {
        fprintf(stderr, "join_streams: %s\n", err.message);
    }
    if (result.release != NULL) {
        result.release(&result);
    }
    if (quotes.release != NULL) {
        quotes.release(&quotes);
    }
    if (names.release != NULL) {
        names.release(&names);
    }
    sb_job_destroy(job);
    sb_graph_destroy(graph);
    return code;
}

/* The result has the columns instrument: int64, price: float64, name: utf8. */
static void print_rows(const struct ArrowArray *rows)
{
    const struct ArrowArray *instrument = rows->children[0];
    const struct ArrowArray *price = rows->children[1];
    const struct ArrowArray *name = rows->children[2];
    const int64_t *instruments = (const int64_t *)instrument->buffers[1] + instrument->offset;
    const double *prices = (const double *)price->buffers[1] + price->offset;
    const int32_t *offsets = (const int32_t *)name->buffers[1] + name->offset;
    const char *text = name->buffers[2];

    for (int64_t i = rows->offset; i < rows->offset + rows->length; i++) {
        printf("%" PRId64 " %.2f %.*s\n", instruments[i], prices[i],
               (int)(offsets[i + 1] - offsets[i]), text + offsets[i]);
    }
}

/* --- Two streams of one batch each, made by hand ---------------------------------------------- */

static const int64_t quote_instruments[] = {3, 1, 2, 3, 9, 1};
static const double quote_prices[] = {10.5, 99.25, 20.0, 11.75, 7.0, 98.5};

static const int64_t name_ids[] = {1, 2, 3, 4};
static const int32_t name_offsets[] = {0, 4, 9, 13, 18};
static const char name_text[] = "AcmeBoltsCogsDrums";

enum { COLUMN_COUNT = 2 };

// A column as the Arrow C data interface describes it: format, name, buffers.
struct column {
    const char *format;
    const char *name;
    int64_t buffer_count;
    const void *buffers[3];
};

struct table {
    int64_t row_count;
    struct column columns[COLUMN_COUNT];
};

static const struct table quotes_table = {
    .row_count = 6,
    .columns = {{"l", "instrument", 2, {NULL, quote_instruments}},
                {"g", "price", 2, {NULL, quote_prices}}},
};

static const struct table names_table = {
    .row_count = 4,
    .columns = {{"l", "id", 2, {NULL, name_ids}},
                {"u", "name", 3, {NULL, name_offsets, name_text}}},
};

// What a stream knows; schema and array get a block of their own, freed by their release.
struct cursor {
    const struct table *table;
    bool is_done;
};

struct schema_block {
    struct ArrowSchema columns[COLUMN_COUNT];
    struct ArrowSchema *children[COLUMN_COUNT];
};

struct array_block {
    struct ArrowArray columns[COLUMN_COUNT];
    struct ArrowArray *children[COLUMN_COUNT];
    const void *no_validity;
};

// A consumer may move a child out and release it on its own; the values are static, so there is
// nothing to free.
static void release_child_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void release_child_array(struct ArrowArray *array)
{
    array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i]->release != NULL) {
            schema->children[i]->release(schema->children[i]);
        }
    }
    free(schema->private_data);
    schema->release = NULL;
}

static void release_array(struct ArrowArray *array)
{
    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i]->release != NULL) {
            array->children[i]->release(array->children[i]);
        }
    }
    free(array->private_data);
    array->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    const struct cursor *cursor = stream->private_data;
    struct schema_block *block = calloc(1, sizeof *block);

    if (block == NULL) {
        return ENOMEM;
    }
    for (int i = 0; i < COLUMN_COUNT; i++) {
        block->columns[i].format = cursor->table->columns[i].format;
        block->columns[i].name = cursor->table->columns[i].name;
        block->columns[i].release = release_child_schema;
        block->children[i] = &block->columns[i];
    }
    *out = (struct ArrowSchema){
        .format = "+s", // a struct: a table's columns
        .name = "",
        .n_children = COLUMN_COUNT,
        .children = block->children,
        .release = release_schema,
        .private_data = block,
    };
    return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct cursor *cursor = stream->private_data;
    struct array_block *block;

    if (cursor->is_done) {
        *out = (struct ArrowArray){.release = NULL};
        return 0;
    }
    block = calloc(1, sizeof *block);
    if (block == NULL) {
        return ENOMEM;
    }
    for (int i = 0; i < COLUMN_COUNT; i++) {
        const struct column *column = &cursor->table->columns[i];

        block->columns[i] = (struct ArrowArray){
            .length = cursor->table->row_count,
            .n_buffers = column->buffer_count,
            .buffers = (const void **)column->buffers,
            .release = release_child_array,
        };
        block->children[i] = &block->columns[i];
    }
    *out = (struct ArrowArray){
        .length = cursor->table->row_count,
        .n_buffers = 1,
        .n_children = COLUMN_COUNT,
        .buffers = &block->no_validity,
        .children = block->children,
        .release = release_array,
        .private_data = block,
    };
    cursor->is_done = true;
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return "out of memory"; // the only way this stream fails
}

static void release_stream(struct ArrowArrayStream *stream)
{
    free(stream->private_data);
    stream->release = NULL;
}

static void open_table(const struct table *table, struct ArrowArrayStream *out)
{
    struct cursor *cursor = calloc(1, sizeof *cursor);

    if (cursor == NULL) {
        abort();
    }
    cursor->table = table;
    *out = (struct ArrowArrayStream){
        .get_schema = get_schema,
        .get_next = get_next,
        .get_last_error = get_last_error,
        .release = release_stream,
        .private_data = cursor,
    };
}

static void open_quotes(struct ArrowArrayStream *out)
{
    open_table(&quotes_table, out);
}

static void open_names(struct ArrowArrayStream *out)
{
    open_table(&names_table, out);
}
