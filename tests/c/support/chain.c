// SPDX-License-Identifier: Apache-2.0
#include "support/chain.h"

#include <stdlib.h>

#include "columnar/arrow.h"
#include "support/test.h"

struct chain_ctx {
    struct sb_op_ctx base; // first: hooks are given its address
    struct test_chain *chain;
    int32_t position;
};

static enum sb_status chain_hand(struct test_chain *chain, int32_t position,
                                 struct sb_batch *batch);

static enum sb_status chain_emit(struct sb_op_ctx *ctx, struct sb_batch *batch)
{
    struct chain_ctx *at = (struct chain_ctx *)ctx;

    return chain_hand(at->chain, at->position + 1, batch);
}

static void chain_count(struct sb_op_ctx *ctx, enum sb_ledger_entry entry, int64_t rows)
{
    assert_int_equal(entry, SB_LEDGER_FILTERED);
    assert_true(rows >= 0);
    ((struct chain_ctx *)ctx)->chain->filtered_count += rows;
}

static const struct sb_op_host chain_host = {.emit = chain_emit, .count = chain_count};

static void chain_keep(struct test_chain *chain, struct sb_batch *batch)
{
    chain->row_count += batch->row_count;
    if (chain->drops_output) {
        sb_batch_deinit(batch);
        return;
    }
    chain->batches =
        realloc(chain->batches, sizeof *chain->batches * (size_t)(chain->batch_count + 1));
    assert_non_null(chain->batches);
    sb_batch_move(&chain->batches[chain->batch_count++], batch);
}

static enum sb_status chain_hand(struct test_chain *chain, int32_t position, struct sb_batch *batch)
{
    struct chain_ctx ctx = {
        .base = {.host = &chain_host,
                 .error = &chain->error,
                 .memory = chain->memory,
                 .scratch = chain->scratch},
        .chain = chain,
        .position = position,
    };
    const struct sb_op *op;
    enum sb_status status;

    if (batch->row_count == 0) { // as the stage does
        sb_batch_deinit(batch);
        return SB_OK;
    }
    if (position == chain->op_count) {
        chain_keep(chain, batch);
        return SB_OK;
    }
    op = chain->ops[position];
    if (op->vtable->local_create != NULL && !chain->has_local[position]) {
        status =
            op->vtable->local_create(chain->ops[position], 0, &ctx.base, &chain->locals[position]);
        if (status != SB_OK) {
            sb_batch_deinit(batch);
            return status;
        }
        chain->has_local[position] = true;
    }
    status =
        op->vtable->on_batch(chain->ops[position], chain->locals[position], 0, batch, &ctx.base);
    if (status != SB_OK && strncmp(chain->error.message, "operator ", 9) != 0) {
        sb_error_prefix(&chain->error, "operator '%s' (%s)", op->node->name, op->node->type_name);
    }
    return status;
}

enum sb_status test_chain_push(struct test_chain *chain, struct sb_batch *batch)
{
    chain->error = (struct sb_error){0};
    return chain_hand(chain, 0, batch);
}

char *test_chain_json(const json_t *steps, bool is_fused)
{
    json_t *graph = json_pack("{s:i, s:[{s:s, s:s, s:{s:{s:s}}}], s:[]}", "version", 1, "operators",
                              "operator_id", "source", "operator_type", "source", "parameters",
                              "data", "kind", "bound", "edges");
    json_t *operators = json_object_get(graph, "operators");
    json_t *edges = json_object_get(graph, "edges");
    const char *last = "source";
    json_t *step;
    size_t i;
    char *json;

    assert_non_null(graph);
    if (is_fused) {
        json_array_append_new(operators,
                              json_pack("{s:s, s:s, s:{s:O}}", "operator_id", "fused",
                                        "operator_type", "fused", "parameters", "steps", steps));
        json_array_append_new(edges, json_pack("{s:s, s:s}", "from", last, "to", "fused"));
        last = "fused";
    }
    json_array_foreach(is_fused ? NULL : steps, i, step)
    {
        const char *id = json_string_value(json_object_get(step, "operator_id"));
        json_array_append(operators, step);
        json_array_append_new(edges, json_pack("{s:s, s:s}", "from", last, "to", id));
        last = id;
    }
    json_array_append_new(operators,
                          json_pack("{s:s, s:s}", "operator_id", "sink", "operator_type", "sink"));
    json_array_append_new(edges, json_pack("{s:s, s:s}", "from", last, "to", "sink"));
    json = json_dumps(graph, JSON_COMPACT);
    assert_non_null(json);
    json_decref(graph);
    return json;
}

static void chain_graph(struct test_chain *chain, const json_t *steps, bool is_fused,
                        const struct sb_schema *schema)
{
    char *json = test_chain_json(steps, is_fused);
    struct sb_error err = {0};
    struct ArrowSchema exported;

    if (sb_graph_create_from_json(json, strlen(json), &chain->graph, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    free(json);
    assert_int_equal(sb_schema_export(schema, &exported, NULL), SB_OK);
    assert_int_equal(sb_graph_set_source_schema(chain->graph, "source", &exported, &err), SB_OK);
    if (sb_graph_validate(chain->graph, NULL, NULL, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
}

enum sb_status test_chain_init(struct test_chain *chain, const json_t *steps, bool is_fused,
                               struct sb_schema *schema, struct sb_memory *memory)
{
    *chain = (struct test_chain){.memory = memory};
    chain_graph(chain, steps, is_fused, schema);
    SB_TRY_RETURN(sb_expr_scratch_create(memory, &chain->scratch, NULL));
    for (int32_t i = 1; i + 1 < chain->graph->node_count; i++) {
        const struct sb_op_options options = {
            .node = chain->graph->sorted[i], .memory = memory, .worker_count = 1};

        assert_true(chain->op_count < TEST_CHAIN_STEPS_MAX);
        SB_TRY_RETURN(sb_op_create(&options, &chain->ops[chain->op_count], NULL));
        chain->op_count++;
    }
    return SB_OK;
}

void test_chain_clear(struct test_chain *chain)
{
    for (int64_t i = 0; i < chain->batch_count; i++) {
        sb_batch_deinit(&chain->batches[i]);
    }
    free(chain->batches);
    chain->batches = NULL;
    chain->batch_count = 0;
    chain->row_count = 0;
    chain->filtered_count = 0;
}

void test_chain_deinit(struct test_chain *chain)
{
    test_chain_clear(chain);
    for (int32_t i = 0; i < chain->op_count; i++) {
        if (chain->has_local[i]) {
            chain->ops[i]->vtable->local_destroy(chain->ops[i], 0, chain->locals[i]);
        }
        chain->ops[i]->vtable->destroy(chain->ops[i]);
    }
    sb_expr_scratch_destroy(chain->scratch);
    sb_graph_destroy(chain->graph);
}
