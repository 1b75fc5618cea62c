// SPDX-License-Identifier: Apache-2.0
/*
 * sabot.h - everything a C program needs.
 */
#ifndef SABOT_SABOT_H
#define SABOT_SABOT_H

#include <sabot/arrow_abi.h> // IWYU pragma: export
#include <sabot/error.h>     // IWYU pragma: export
#include <sabot/export.h>    // IWYU pragma: export
#include <sabot/graph.h>     // IWYU pragma: export
#include <sabot/job.h>       // IWYU pragma: export
#include <sabot/library.h>   // IWYU pragma: export
#include <sabot/optimizer.h> // IWYU pragma: export
#include <sabot/text.h>      // IWYU pragma: export

#endif
