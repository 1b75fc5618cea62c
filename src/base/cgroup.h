// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup.h - what the control groups of this process allow (Linux).
 *
 * Both versions of the interface are read. Every group from the process's own up to the root of the
 * mount counts, the tightest wins; files that are missing or unreadable set no limit.
 */
#ifndef SABOT_BASE_CGROUP_H
#define SABOT_BASE_CGROUP_H

#include <stdint.h>

/* `root` stands before "/proc/self/cgroup" and "/sys/fs/cgroup": "" outside of tests. */

/* Processors of quota, rounded up; 0 = no limit. */
int32_t sb_cgroup_processors(const char *root);

/* Bytes of memory; 0 = no limit. */
int64_t sb_cgroup_memory_bytes(const char *root);

#endif
