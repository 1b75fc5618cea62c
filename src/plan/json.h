// SPDX-License-Identifier: Apache-2.0
/*
 * json.h - JSON text from outside, where wrong text and a lack of memory are told apart.
 */
#ifndef SABOT_PLAN_JSON_H
#define SABOT_PLAN_JSON_H

#include <jansson.h>

#include "base/error.h"

/*
 * Reads `size` bytes; an object has each key once. SB_INVALID says where the text is wrong. `*out`
 * is a new reference, or NULL.
 */
SB_MUST_CHECK enum sb_status sb_json_read(const char *text, size_t size, json_t **out,
                                          struct sb_error *err);

/* `json` as compact text; free() it. */
SB_MUST_CHECK enum sb_status sb_json_write(const json_t *json, char **out, struct sb_error *err);

#endif
