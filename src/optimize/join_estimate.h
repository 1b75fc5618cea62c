// SPDX-License-Identifier: Apache-2.0
/*
 * join_estimate.h - a chain of joins in numbers: what join_order.h asks for.
 */
#ifndef SABOT_OPTIMIZE_JOIN_ESTIMATE_H
#define SABOT_OPTIMIZE_JOIN_ESTIMATE_H

#include "optimize/estimate.h"
#include "optimize/join_chain.h"

/*
 * `*is_known` = whether somebody has told the rows of each relation; only then is `out` filled in,
 * but for `first_probe`. It lives in `arena`.
 */
SB_MUST_CHECK enum sb_status sb_join_chain_estimate(const struct sb_join_chain *chain,
                                                    const struct sb_estimates *estimates,
                                                    struct sb_arena *arena, bool *is_known,
                                                    struct sb_join_graph *out,
                                                    struct sb_error *err);

#endif
