// SPDX-License-Identifier: Apache-2.0
/*
 * library.h - facts about the library as a whole, and the one stable hash.
 */
#ifndef SABOT_LIBRARY_H
#define SABOT_LIBRARY_H

#include <stdint.h>

#include <sabot/arrow_abi.h>
#include <sabot/error.h>
#include <sabot/export.h>

/* "0.1.0"; static. */
SB_API const char *sb_version(void);

/* Processors this process may use: affinity and cgroup limits respected, at least 1. */
SB_API int32_t sb_processor_count(void);

enum sb_log_level {
    SB_LOG_DEBUG = 0,
    SB_LOG_INFO = 1,
    SB_LOG_WARNING = 2,
    SB_LOG_ERROR = 3,
};

/* Called from any thread; `fields` is a JSON object. The library itself never prints. */
typedef void (*sb_log_function)(void *context, enum sb_log_level level, const char *event,
                                const char *fields);

/*
 * NULL silences. Returns when no call of the function before is running any more, so its context
 * may go; hold no lock that the function takes, and do not call it from the function.
 */
SB_API void sb_log_set(sb_log_function function, void *context);

/*
 * The stable hash of each row over all columns of the struct array: equal on every machine, process
 * and version, and for equal integers of different width. `hashes` has room for `array->length`.
 * Borrows `array` and `schema`.
 */
SB_API enum sb_status sb_hash_rows(const struct ArrowArray *array, const struct ArrowSchema *schema,
                                   uint64_t *hashes, struct sb_error *err);

/*
 * A folder of TZif files for systems that have none of their own; looked at after SABOT_TZDIR,
 * TZDIR and the system's folders. Call it before the first job; copied, NULL = none.
 */
SB_API void sb_time_zone_folder_set(const char *folder);

/* Gives memory that no job uses back to the operating system. */
SB_API void sb_memory_trim(void);

#endif
