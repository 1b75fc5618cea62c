// SPDX-License-Identifier: Apache-2.0
/*
 * schema_copy.h - a deep copy of an Arrow schema that somebody else owns.
 */
#ifndef SABOT_CORE_SCHEMA_COPY_H
#define SABOT_CORE_SCHEMA_COPY_H

#include <stdbool.h>

#include <sabot/arrow_abi.h>

/* False when memory is used up; then there is nothing to release. */
bool schema_copy(const struct ArrowSchema *source, struct ArrowSchema *out);

#endif
