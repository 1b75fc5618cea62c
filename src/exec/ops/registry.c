// SPDX-License-Identifier: Apache-2.0
/*
 * registry.c - which operator performs a node. A new operator adds a line here.
 */
#include "exec/ops/ops.h"

static sb_op_constructor sink_constructor(enum sb_sink_kind kind)
{
    switch (kind) {
    case SB_SINK_STREAM:
        return sb_stream_sink_create;
    case SB_SINK_COUNT:
        return sb_count_create;
    default:
        return sb_collect_create;
    }
}

static sb_op_constructor distinct_constructor(const struct sb_distinct_spec *spec)
{
    return spec->is_whole        ? sb_distinct_create
           : spec->emits_at_once ? sb_first_rows_create
                                 : sb_aggregate_create;
}

static sb_op_constructor node_constructor(const struct sb_op_options *options)
{
    switch (options->node->type) {
    case SB_NODE_FILTER:
        return options->node->has_function ? sb_function_create : sb_filter_create;
    case SB_NODE_MAP:
        return options->node->has_function ? sb_function_create : sb_map_create;
    case SB_NODE_SELECT:
        return sb_select_create;
    case SB_NODE_FUSED:
        return sb_fused_create;
    case SB_NODE_UNION:
        return sb_union_create;
    case SB_NODE_HASH_JOIN:
        return options->node->spec.join.is_symmetric ? sb_stream_join_create : sb_hash_join_create;
    case SB_NODE_AGGREGATE:
        return sb_aggregate_create;
    case SB_NODE_DISTINCT:
        return distinct_constructor(&options->node->spec.distinct);
    case SB_NODE_LIMIT:
        return sb_limit_create;
    case SB_NODE_TOP_N:
        return sb_top_n_create;
    case SB_NODE_SORT:
        return sb_sort_create;
    case SB_NODE_FLAT_MAP:
        return options->node->has_function ? sb_function_create : sb_unnest_create;
    case SB_NODE_REDUCE:
    case SB_NODE_CUSTOM:
        return sb_function_create;
    case SB_NODE_SINK:
        return sink_constructor(options->binding.sink_kind);
    case SB_NODE_SOURCE:
        return sb_scan_create; // of one that has something to do beside its splits
    }
    return NULL;
}

enum sb_status sb_op_create(const struct sb_op_options *options, struct sb_op **out,
                            struct sb_error *err)
{
    sb_op_constructor constructor = node_constructor(options);

    sb_assert(constructor != NULL);
    return constructor(options, out, err);
}
