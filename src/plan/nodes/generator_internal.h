// SPDX-License-Identifier: Apache-2.0
/*
 * generator_internal.h - the `generator` parameter of a source: rows made in C from a seed.
 */
#ifndef SABOT_PLAN_NODES_GENERATOR_INTERNAL_H
#define SABOT_PLAN_NODES_GENERATOR_INTERNAL_H

#include "plan/node_class.h"

/* Fills the generator part of node->spec.source and sets node->delivered. */
SB_MUST_CHECK enum sb_status sb_generator_derive(struct sb_node *node, const json_t *json,
                                                 struct sb_derivation *derivation,
                                                 struct sb_error *err);

/* Leaves out the columns that are not `needed`; the others keep their values. */
SB_MUST_CHECK enum sb_status sb_generator_narrow(struct sb_node *node, const bool *needed,
                                                 struct sb_derivation *derivation,
                                                 struct sb_error *err);

#endif
