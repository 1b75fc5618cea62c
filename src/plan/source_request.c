// SPDX-License-Identifier: Apache-2.0
/*
 * source_request.c - what whoever opens a source is asked to deliver.
 */
#include "plan/nodes/source_internal.h"
#include "plan/text.h"

enum sb_status sb_graph_source_request(const struct sb_graph *graph, const char *operator_id,
                                       char **out, struct sb_error *err)
{
    const struct sb_node *node = sb_graph_node(graph, operator_id);
    struct sb_text text = {.memory = sb_memory_global()};
    char shown[SB_SHORT_SIZE];
    json_t *request;

    *out = NULL;
    if (node == NULL || node->type != SB_NODE_SOURCE) {
        return sb_error_set(err, SB_INVALID, "graph: no source has the operator_id '%s'",
                            sb_short(operator_id, shown));
    }
    SB_TRY_RETURN(sb_source_request_json(node, graph->is_streaming, &request, err));
    sb_text_append_json(&text, request, JSON_COMPACT);
    json_decref(request);
    return sb_text_finish(&text, out, err);
}
