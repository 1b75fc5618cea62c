// SPDX-License-Identifier: Apache-2.0
/*
 * functions_string.h - what the hooks of functions of text share.
 */
#ifndef SABOT_EXPR_FUNCTIONS_STRING_H
#define SABOT_EXPR_FUNCTIONS_STRING_H

#include "expr/bind.h"

/* Text of any layout; a null without a type becomes utf8. */
SB_MUST_CHECK enum sb_status sb_string_check(struct sb_binder *binder, const char *name,
                                             const struct sb_bound_node **argument);

/* An integer, as int64. */
SB_MUST_CHECK enum sb_status sb_string_check_number(struct sb_binder *binder, const char *name,
                                                    const struct sb_bound_node **argument);

/* A text literal that is not null; `what` names it: "pattern". */
SB_MUST_CHECK enum sb_status sb_string_literal(struct sb_binder *binder, const char *name,
                                               const char *what,
                                               const struct sb_bound_node *argument,
                                               struct sb_bytes *out);

#endif
