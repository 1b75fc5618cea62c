// SPDX-License-Identifier: Apache-2.0
/*
 * join_key.h - which column types can be join keys of each other, and as what they meet.
 */
#ifndef SABOT_PLAN_NODES_JOIN_KEY_H
#define SABOT_PLAN_NODES_JOIN_KEY_H

#include <stdbool.h>

#include "columnar/type.h"

/*
 * The type both keys are compared as; false when they are of different kinds. The left type when
 * both are stored alike (text and binary of any layout count as alike).
 */
bool sb_join_key_type(const struct sb_type *left, const struct sb_type *right, struct sb_type *out);

/*
 * The type of a left key column where it also carries the keys of right rows without a match: the
 * left type when both are stored alike, else the narrowest that has the values of both. Only finer
 * units of time and larger scales of decimals may still not hold a value of the other side.
 */
void sb_join_key_output(const struct sb_type *left, const struct sb_type *right,
                        struct sb_type *out);

#endif
