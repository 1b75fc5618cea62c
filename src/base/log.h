// SPDX-License-Identifier: Apache-2.0
/*
 * log.h - events for the host program's log; the library never prints.
 */
#ifndef SABOT_BASE_LOG_H
#define SABOT_BASE_LOG_H

#include <sabot/library.h>

/* `fields` is printf-formatted JSON object text, for instance "{\"rows\": %" PRId64 "}". */
void sb_log(enum sb_log_level level, const char *event, const char *fields, ...)
    __attribute__((format(printf, 3, 4)));

#endif
