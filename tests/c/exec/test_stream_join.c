// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/ops/stream_join_internal.h"
#include "support/allocation.h"
#include "support/batch_text.h"
#include "support/op_harness.h"
#include "support/seed.h"
#include "support/test.h"

enum { COLUMNS_MAX = 8 };

/* A node over two schemas "k: ..., t: ..., ...", joined by k and t, as validation would leave it.
 */
struct plan {
    struct sb_schema *inputs[2];
    struct sb_schema *output;
    struct sb_node sources[2];
    struct sb_node *sources_list[2];
    struct sb_node node;
    int32_t key;
    struct sb_type key_type;
    int32_t right_outputs[COLUMNS_MAX];
};

static void plan_init(struct plan *plan, enum sb_join_kind kind, const char *left,
                      const char *right, int64_t within_ms)
{
    struct sb_join_spec *spec = &plan->node.spec.join;
    struct sb_field fields[2 * COLUMNS_MAX];
    int32_t count = 0;

    *plan = (struct plan){0};
    assert_int_equal(test_schema_parse(sb_memory_global(), left, &plan->inputs[0]), SB_OK);
    assert_int_equal(test_schema_parse(sb_memory_global(), right, &plan->inputs[1]), SB_OK);
    plan->key_type = plan->inputs[0]->fields[0].type;
    for (int32_t p = 0; p < 2; p++) {
        plan->sources[p] = (struct sb_node){.schema = plan->inputs[p]};
        plan->sources[p].endless_source = &plan->sources[p];
        plan->sources_list[p] = &plan->sources[p];
    }
    plan->node = (struct sb_node){
        .type = SB_NODE_HASH_JOIN,
        .input_count = 2,
        .inputs = plan->sources_list,
        .max_parallelism = 128,
    };
    *spec = (struct sb_join_spec){
        .kind = kind,
        .key_count = 1,
        .left_keys = &plan->key,
        .right_keys = &plan->key,
        .key_types = &plan->key_type,
        .is_symmetric = true,
        .within_us = within_ms < 0 ? -1 : 1000 * within_ms,
        .ttl_us = -1,
        .times = {1, 1},
        .right_outputs = plan->right_outputs,
    };
    for (int32_t c = 0; c < plan->inputs[0]->field_count; c++) {
        fields[count] = plan->inputs[0]->fields[c];
        fields[count++].is_nullable = true;
    }
    for (int32_t c = 1; c < plan->inputs[1]->field_count && !sb_join_is_existence(kind); c++) {
        plan->right_outputs[spec->right_output_count++] = c;
        fields[count] = plan->inputs[1]->fields[c];
        fields[count++].is_nullable = true;
    }
    assert_int_equal(sb_schema_create(sb_memory_global(), fields, count, &plan->output, NULL),
                     SB_OK);
    plan->node.schema = plan->output;
}

static void plan_deinit(struct plan *plan)
{
    sb_schema_release(plan->inputs[0]);
    sb_schema_release(plan->inputs[1]);
    sb_schema_release(plan->output);
}

struct fixture {
    struct sb_memory *memory;
    struct plan plan;
    struct op_harness harness;
};

static void fixture_init(struct fixture *fixture, enum sb_join_kind kind, const char *left,
                         const char *right, int64_t within_ms)
{
    fixture->memory = sb_memory_create(0);
    plan_init(&fixture->plan, kind, left, right, within_ms);
    assert_int_equal(op_harness_init(&fixture->harness, sb_stream_join_create, &fixture->plan.node,
                                     fixture->memory, 1),
                     SB_OK);
}

static void push(struct fixture *fixture, int32_t port, const char *rows)
{
    struct sb_batch batch;

    assert_int_equal(test_rows_parse(fixture->memory, fixture->plan.inputs[port], rows, &batch),
                     SB_OK);
    assert_int_equal(op_harness_push(&fixture->harness, 0, port, &batch), SB_OK);
    assert_int_equal(op_harness_flush(&fixture->harness), SB_OK);
}

/* What has come out since the last time. */
static void expect(struct fixture *fixture, const char *rows)
{
    struct test_batches *emitted = &fixture->harness.emitted;

    if (emitted->count == 0) {
        assert_string_equal("", rows);
    } else {
        test_batches_expect(emitted->batches, emitted->count, rows, true, __FILE__, __LINE__);
    }
    test_batches_deinit(emitted, fixture->memory);
}

static int64_t stored_rows(const struct op_harness *harness)
{
    int64_t count = 0;

    for (int32_t g = 0; g < harness->op->group_count; g++) {
        const struct sb_stream_group *group = sb_op_group(harness->op, g);
        count += group == NULL ? 0 : group->sides[0].row_count + group->sides[1].row_count;
    }
    return count;
}

static void fixture_deinit(struct fixture *fixture)
{
    assert_int_equal(op_harness_end(&fixture->harness), SB_OK);
    test_batches_deinit(&fixture->harness.emitted, fixture->memory);
    assert_true(op_harness_is_balanced(&fixture->harness));
    assert_int_equal(fixture->harness.ledger[SB_LEDGER_HELD], 0);
    op_harness_deinit(&fixture->harness);
    plan_deinit(&fixture->plan);
    sb_memory_release(fixture->memory);
}

#define LEFT "k: int64, t: timestamp[ms], a: int64"
#define RIGHT "k: int64, t: timestamp[ms], b: utf8"

static void a_pair_comes_with_the_later_of_its_rows(void **state)
{
    struct fixture fixture;

    fixture_init(&fixture, SB_JOIN_INNER, LEFT, RIGHT, 10);
    push(&fixture, 0, "1, 100, 7; 2, 100, 8; null, 100, 9; 3, null, 9");
    expect(&fixture, "");
    push(&fixture, 1,
         "1, 110, 'at the border, and a long text'; 1, 111, 'too late'; 2, 90, 'y'; "
         "2, 89, 'too early'; null, 100, 'n'; 3, null, 'm'");
    expect(&fixture, "1, 100, 7, 110, 'at the border, and a long text'; 2, 100, 8, 90, 'y'");
    push(&fixture, 0, "1, 121, 1; 1, 101, 2");
    expect(&fixture, "1, 121, 1, 111, 'too late'; 1, 101, 2, 110, 'at the border, and a long "
                     "text'; 1, 101, 2, 111, 'too late'");
    fixture_deinit(&fixture);
}

static void within_zero_means_the_same_time(void **state)
{
    struct fixture fixture;

    fixture_init(&fixture, SB_JOIN_INNER, LEFT, RIGHT, 0);
    push(&fixture, 0, "1, 100, 7; 1, 101, 8; 1, -5, 9");
    push(&fixture, 1, "1, 100, 'a'; 1, -5, 'b'; 1, 102, 'c'");
    expect(&fixture, "1, 100, 7, 100, 'a'; 1, -5, 9, -5, 'b'");
    fixture_deinit(&fixture);
}

static void times_of_different_units_are_compared_exactly(void **state)
{
    struct fixture fixture;

    fixture_init(&fixture, SB_JOIN_INNER, "k: int64, t: timestamp[s]",
                 "k: int64, t: timestamp[ns], b: int64", 1);
    push(&fixture, 0, "1, 2");
    push(&fixture, 1, "1, 2001000000, 1; 1, 2001000001, 2; 1, 1999000000, 3; 1, 1998999999, 4");
    expect(&fixture, "1, 2, 2001000000, 1; 1, 2, 1999000000, 3");
    fixture_deinit(&fixture);
}

static void the_watermark_brings_out_rows_without_a_match(void **state)
{
    struct fixture fixture;

    fixture_init(&fixture, SB_JOIN_OUTER, LEFT, RIGHT, 10);
    push(&fixture, 0, "1, 100, 7; 2, 105, 8; null, 100, 9");
    push(&fixture, 1, "1, 110, 'x'; 5, 107, 'y'");
    expect(&fixture, "null, 100, 9, null, null; 1, 100, 7, 110, 'x'");
    assert_int_equal(op_harness_watermark(&fixture.harness, 115000), SB_OK);
    expect(&fixture, ""); // at 105 + 10, a row of 115 may still come
    assert_int_equal(op_harness_watermark(&fixture.harness, 115001), SB_OK);
    expect(&fixture, "2, 105, 8, null, null");
    assert_int_equal(op_harness_watermark(&fixture.harness, 200000), SB_OK);
    expect(&fixture, "5, null, null, 107, 'y'");
    assert_int_equal(stored_rows(&fixture.harness), 0);
    push(&fixture, 0, "6, 210, 1");
    assert_int_equal(op_harness_end(&fixture.harness), SB_OK);
    expect(&fixture, "6, 210, 1, null, null");
    op_harness_deinit(&fixture.harness);
    plan_deinit(&fixture.plan);
    sb_memory_release(fixture.memory);
}

static void semi_and_anti_emit_each_left_row_once(void **state)
{
    struct fixture fixture;

    fixture_init(&fixture, SB_JOIN_SEMI, LEFT, RIGHT, 10);
    push(&fixture, 0, "1, 100, 7; 2, 100, 8");
    push(&fixture, 1, "1, 100, 'x'; 1, 101, 'y'");
    expect(&fixture, "1, 100, 7");
    push(&fixture, 0, "1, 111, 9");
    expect(&fixture, "1, 111, 9");
    assert_int_equal(op_harness_watermark(&fixture.harness, 500000), SB_OK);
    expect(&fixture, "");
    fixture_deinit(&fixture);

    fixture_init(&fixture, SB_JOIN_ANTI, LEFT, RIGHT, 10);
    push(&fixture, 0, "1, 100, 7; 2, 100, 8; null, 100, 9");
    push(&fixture, 1, "1, 100, 'x'; 1, 101, 'y'");
    expect(&fixture, "null, 100, 9");
    assert_int_equal(op_harness_watermark(&fixture.harness, 500000), SB_OK);
    expect(&fixture, "2, 100, 8");
    fixture_deinit(&fixture);
}

static void a_row_older_than_the_watermark_is_late(void **state)
{
    struct fixture fixture;

    fixture_init(&fixture, SB_JOIN_OUTER, LEFT, RIGHT, 10);
    push(&fixture, 0, "1, 100, 7");
    assert_int_equal(op_harness_watermark(&fixture.harness, 105000), SB_OK);
    push(&fixture, 1, "1, 104, 'late'; 1, 105, 'in time'; 2, 104, 'late in a new group'");
    push(&fixture, 0, "null, 104, 1");
    expect(&fixture, "1, 100, 7, 105, 'in time'");
    assert_int_equal(fixture.harness.ledger[SB_LEDGER_LATE], 3);
    fixture_deinit(&fixture);
}

static void a_time_to_live_bounds_the_state(void **state)
{
    struct fixture fixture;

    fixture_init(&fixture, SB_JOIN_INNER, LEFT, RIGHT, -1);
    op_harness_deinit(&fixture.harness);
    fixture.plan.node.spec.join.ttl_us = 10000;
    assert_int_equal(op_harness_init(&fixture.harness, sb_stream_join_create, &fixture.plan.node,
                                     fixture.memory, 1),
                     SB_OK);
    push(&fixture, 0, "1, 100, 7");
    push(&fixture, 1, "1, 900, 'any distance'");
    expect(&fixture, "1, 100, 7, 900, 'any distance'");
    assert_int_equal(op_harness_watermark(&fixture.harness, 111000), SB_OK);
    push(&fixture, 1, "1, 120, 'it is gone'");
    expect(&fixture, "");
    assert_int_equal(stored_rows(&fixture.harness), 2);
    fixture_deinit(&fixture);
}

static void output_watermarks_allow_for_what_is_stored(void **state)
{
    struct fixture fixture;
    const struct sb_op_vtable *vtable;

    fixture_init(&fixture, SB_JOIN_OUTER, LEFT, RIGHT, 10);
    vtable = fixture.harness.op->vtable;
    assert_true(vtable->output_watermark(fixture.harness.op, 50000) == 40000);
    assert_true(vtable->output_watermark(fixture.harness.op, INT64_MIN + 5) == INT64_MIN);
    fixture_deinit(&fixture);
    fixture_init(&fixture, SB_JOIN_INNER, LEFT, RIGHT, -1);
    assert_true(vtable->output_watermark(fixture.harness.op, 50000) == INT64_MIN);
    fixture_deinit(&fixture);
}

// --- random streams against nested loops ---------------------------------------------------------

enum { ROWS_MAX = 400, LINE_SIZE = 160 };

struct event {
    int32_t port;
    int64_t key; // -1 = null
    int64_t time_ms;
    int64_t id;
    int64_t watermark_us; // when it came
    bool is_matched;
};

struct stream {
    struct plan plan;
    enum sb_join_kind kind;
    bool has_text_keys;
    bool nulls_equal;
    int64_t within_ms; // -1 = at any time, as long as the earlier row is kept
    int64_t ttl_ms;
    int64_t disorder_ms;
    int32_t count;
    struct event events[ROWS_MAX];
    uint64_t random;
};

static int64_t below(uint64_t *random, int64_t end)
{
    return (int64_t)(test_random(random) % (uint64_t)end);
}

static void key_text(const struct stream *stream, int64_t key, char *out)
{
    if (key < 0) {
        strcpy(out, "null");
    } else if (stream->has_text_keys) {
        snprintf(out, 64, key % 2 == 0 ? "'%" PRId64 "'" : "'a rather long key %" PRId64 "'", key);
    } else {
        snprintf(out, 64, "%" PRId64, key);
    }
}

static void stream_init(struct stream *stream, uint64_t seed)
{
    char schemas[2][80];
    int64_t keys;
    int64_t now = 0;

    *stream = (struct stream){.random = seed};
    stream->kind = (enum sb_join_kind)below(&stream->random, SB_JOIN_ANTI + 1);
    stream->has_text_keys = below(&stream->random, 2) == 0;
    stream->nulls_equal = below(&stream->random, 3) == 0;
    stream->within_ms = below(&stream->random, 4) == 0 ? 0 : below(&stream->random, 60);
    stream->disorder_ms = below(&stream->random, 40);
    stream->count = (int32_t)below(&stream->random, ROWS_MAX);
    keys = 1 + below(&stream->random, 12);
    for (int32_t i = 0; i < stream->count; i++) {
        now += below(&stream->random, 4);
        stream->events[i] = (struct event){
            .port = (int32_t)below(&stream->random, 2),
            .key = below(&stream->random, 15) == 0 ? -1 : below(&stream->random, keys),
            .time_ms = now - below(&stream->random, stream->disorder_ms + 1) - 50,
            .id = i,
        };
    }
    if (below(&stream->random, 4) == 0) {
        stream->kind = SB_JOIN_INNER;
        stream->within_ms = -1;
        stream->ttl_ms = below(&stream->random, 60);
    }
    for (int32_t p = 0; p < 2; p++) {
        snprintf(schemas[p], sizeof schemas[p], "k: %s, t: timestamp[%s], id: int64",
                 stream->has_text_keys ? "utf8" : "int64", "ms");
    }
    plan_init(&stream->plan, stream->kind, schemas[0], schemas[1], stream->within_ms);
    stream->plan.node.spec.join.nulls_equal = stream->nulls_equal;
    stream->plan.node.spec.join.ttl_us = stream->within_ms < 0 ? 1000 * stream->ttl_ms : -1;
}

/* Text that grows. */
struct text {
    char *bytes;
    size_t size;
};

static void text_add(struct text *text, const char *line)
{
    size_t size = strlen(line);

    text->bytes = realloc(text->bytes, text->size + size + 1);
    memcpy(text->bytes + text->size, line, size + 1);
    text->size += size;
}

static void line_add(struct text *text, const struct stream *stream, const struct event *left,
                     const struct event *right)
{
    char line[LINE_SIZE];
    char key[64];

    key_text(stream, left != NULL ? left->key : right->key, key);
    text_add(text, text->size == 0 ? "" : "; ");
    if (left != NULL) {
        snprintf(line, sizeof line, "%s, %" PRId64 ", %" PRId64, key, left->time_ms, left->id);
    } else {
        snprintf(line, sizeof line, "%s, null, null", key);
    }
    text_add(text, line);
    if (sb_join_is_existence(stream->kind)) {
        return;
    }
    if (right != NULL) {
        snprintf(line, sizeof line, ", %" PRId64 ", %" PRId64, right->time_ms, right->id);
    } else {
        snprintf(line, sizeof line, ", null, null");
    }
    text_add(text, line);
}

/* Whether the row that came first was still kept when the other one came. */
static bool was_kept(const struct stream *stream, const struct event *a, const struct event *b)
{
    const struct event *first = a->id < b->id ? a : b;
    const struct event *second = a->id < b->id ? b : a;

    return second->watermark_us == INT64_MIN ||
           1000 * (first->time_ms + stream->ttl_ms) >= second->watermark_us;
}

static bool events_match(const struct stream *stream, const struct event *a, const struct event *b)
{
    return a->port != b->port && a->key == b->key && (a->key >= 0 || stream->nulls_equal) &&
           (stream->within_ms < 0 ? was_kept(stream, a, b)
                                  : llabs(a->time_ms - b->time_ms) <= stream->within_ms);
}

static void stream_expected(struct stream *stream, struct text *out)
{
    for (int32_t i = 0; i < stream->count; i++) {
        stream->events[i].is_matched = false;
    }
    for (int32_t l = 0; l < stream->count; l++) {
        struct event *left = &stream->events[l];
        for (int32_t r = 0; left->port == 0 && r < stream->count; r++) {
            if (events_match(stream, left, &stream->events[r])) {
                left->is_matched = true;
                stream->events[r].is_matched = true;
                if (!sb_join_is_existence(stream->kind)) {
                    line_add(out, stream, left, &stream->events[r]);
                }
            }
        }
    }
    for (int32_t i = 0; i < stream->count; i++) {
        const struct event *event = &stream->events[i];
        bool comes = event->is_matched ? event->port == 0 && stream->kind == SB_JOIN_SEMI
                     : event->port == 0
                         ? sb_join_keeps_left(stream->kind) || stream->kind == SB_JOIN_ANTI
                         : sb_join_keeps_right(stream->kind);
        if (comes) {
            line_add(out, stream, event->port == 0 ? event : NULL, event->port == 0 ? NULL : event);
        }
    }
}

/* Rows [first, first + count) of the stream, one batch a side. */
static enum sb_status stream_push(struct stream *stream, struct op_harness *harness, int32_t first,
                                  int32_t count)
{
    for (int32_t port = 0; port < 2; port++) {
        struct text rows = {0};
        struct sb_batch batch;
        enum sb_status status = SB_OK;

        for (int32_t i = first; i < first + count; i++) {
            struct event *event = &stream->events[i];
            char line[LINE_SIZE];
            char key[64];

            event->watermark_us = harness->watermark_us;
            key_text(stream, event->key, key);
            snprintf(line, sizeof line, "%s%s, %" PRId64 ", %" PRId64, rows.size == 0 ? "" : "; ",
                     key, event->time_ms, event->id);
            if (event->port == port) {
                text_add(&rows, line);
            }
        }
        if (rows.size > 0) {
            status =
                test_rows_parse(harness->memory, stream->plan.inputs[port], rows.bytes, &batch);
            if (status == SB_OK) {
                status = op_harness_push(
                    harness, (int32_t)below(&stream->random, harness->worker_count), port, &batch);
            }
        }
        free(rows.bytes);
        SB_TRY_RETURN(status);
    }
    return SB_OK;
}

static enum sb_status harness_move(struct stream *stream, struct op_harness *harness)
{
    struct sb_memory *memory = harness->memory;
    struct test_batches snapshot = {0};
    struct op_harness next = {0};
    enum sb_status status = op_harness_snapshot(harness, &snapshot);

    if (status == SB_OK) {
        status = op_harness_init(&next, sb_stream_join_create, &stream->plan.node, memory,
                                 1 + (int32_t)below(&stream->random, 3));
        memcpy(next.ledger, harness->ledger, sizeof next.ledger);
        next.watermark_us = harness->watermark_us;
        if (status == SB_OK) {
            status = op_harness_restore(&next, &snapshot, 1 + below(&stream->random, 100));
        }
        next.rows_in = harness->rows_in;
        next.rows_out = harness->rows_out;
        next.emitted = harness->emitted;
        harness->emitted = (struct test_batches){0};
        op_harness_deinit(harness);
        *harness = next;
    }
    test_batches_deinit(&snapshot, memory);
    return status;
}

static enum sb_status stream_run(struct stream *stream, struct op_harness *harness)
{
    bool has_watermarks = below(&stream->random, 4) > 0;
    bool has_moves = below(&stream->random, 2) == 0;

    for (int32_t first = 0; first < stream->count;) {
        int32_t count = 1 + (int32_t)below(&stream->random, 40);

        count = count < stream->count - first ? count : stream->count - first;
        SB_TRY_RETURN(stream_push(stream, harness, first, count));
        first += count;
        if (has_watermarks && first < stream->count && below(&stream->random, 2) == 0) {
            int64_t low = INT64_MAX; // of what is yet to come
            for (int32_t i = first; i < stream->count; i++) {
                low = stream->events[i].time_ms < low ? stream->events[i].time_ms : low;
            }
            if (1000 * low > harness->watermark_us) {
                SB_TRY_RETURN(op_harness_watermark(harness, 1000 * low));
            }
        }
        if (has_moves && below(&stream->random, 4) == 0) {
            SB_TRY_RETURN(harness_move(stream, harness));
        }
    }
    return op_harness_end(harness);
}

static void equals_nested_loops_over_random_streams(void **state)
{
    uint64_t random = test_seed();

    for (int i = 0; i < 200; i++) {
        struct sb_memory *memory = sb_memory_create(0);
        struct op_harness harness;
        struct text expected = {0};
        struct stream stream;

        stream_init(&stream, test_random(&random));
        assert_int_equal(op_harness_init(&harness, sb_stream_join_create, &stream.plan.node, memory,
                                         1 + (int32_t)below(&random, 3)),
                         SB_OK);
        if (stream_run(&stream, &harness) != SB_OK) {
            fail_msg("%s", harness.error.message);
        }
        stream_expected(&stream, &expected);
        if (harness.emitted.count == 0) {
            assert_int_equal(expected.size, 0);
        } else {
            test_batches_expect(harness.emitted.batches, harness.emitted.count,
                                expected.size == 0 ? "" : expected.bytes, true, __FILE__, __LINE__);
        }
        assert_true(op_harness_is_balanced(&harness));
        assert_int_equal(harness.ledger[SB_LEDGER_HELD], 0);
        assert_int_equal(harness.ledger[SB_LEDGER_LATE], 0);
        free(expected.bytes);
        op_harness_deinit(&harness);
        plan_deinit(&stream.plan);
        sb_memory_release(memory);
    }
}

static void forgets_what_the_watermark_has_passed(void **state)
{
    struct fixture fixture;
    int64_t bytes_max = 0;
    char rows[LINE_SIZE];

    fixture_init(&fixture, SB_JOIN_LEFT, LEFT, RIGHT, 5);
    for (int64_t now = 0; now < 4000; now++) {
        snprintf(rows, sizeof rows, "%" PRId64 ", %" PRId64 ", 1", now % 3, now);
        push(&fixture, 0, rows);
        snprintf(rows, sizeof rows, "%" PRId64 ", %" PRId64 ", 'a text that does not fit a view'",
                 now % 3, now);
        push(&fixture, 1, rows);
        assert_int_equal(op_harness_watermark(&fixture.harness, 1000 * now), SB_OK);
        assert_true(stored_rows(&fixture.harness) <= 2 * 7);
        test_batches_deinit(&fixture.harness.emitted, fixture.memory);
        if (now == 1000) {
            bytes_max = atomic_load(&fixture.memory->used_bytes);
        }
    }
    assert_true(atomic_load(&fixture.memory->used_bytes) <= 2 * bytes_max);
    fixture_deinit(&fixture);
}

static enum sb_status attempt_stream(struct sb_memory *memory, void *context)
{
    struct stream *stream = context;
    struct op_harness harness;
    uint64_t random = stream->random; // the same run each time
    enum sb_status status =
        op_harness_init(&harness, sb_stream_join_create, &stream->plan.node, memory, 2);

    if (status == SB_OK) {
        status = stream_run(stream, &harness);
    }
    stream->random = random;
    op_harness_deinit(&harness);
    return status;
}

static void survives_each_refused_allocation(void **state)
{
    uint64_t random = test_seed();

    for (int i = 0; i < 8; i++) {
        struct stream stream;

        stream_init(&stream, test_random(&random));
        stream.count = stream.count < 60 ? stream.count : 60;
        test_allocations(attempt_stream, &stream);
        plan_deinit(&stream.plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_comes_with_the_later_of_its_rows),
        cmocka_unit_test(within_zero_means_the_same_time),
        cmocka_unit_test(times_of_different_units_are_compared_exactly),
        cmocka_unit_test(the_watermark_brings_out_rows_without_a_match),
        cmocka_unit_test(semi_and_anti_emit_each_left_row_once),
        cmocka_unit_test(a_row_older_than_the_watermark_is_late),
        cmocka_unit_test(a_time_to_live_bounds_the_state),
        cmocka_unit_test(output_watermarks_allow_for_what_is_stored),
        cmocka_unit_test(forgets_what_the_watermark_has_passed),
        cmocka_unit_test(equals_nested_loops_over_random_streams),
        cmocka_unit_test(survives_each_refused_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
