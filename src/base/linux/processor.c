// SPDX-License-Identifier: Apache-2.0
/*
 * linux/processor.c - processors by affinity and by the quota of the control groups.
 */
#include <sabot/library.h>

#include <sched.h>
#include <unistd.h>

#include "base/cgroup.h"

int32_t sb_processor_count(void)
{
    cpu_set_t set;
    int32_t quota = sb_cgroup_processors("");
    int32_t count;

    // The set is too small for machines of more than 1024 processors; those count what is online.
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        count = CPU_COUNT(&set);
    } else {
        count = (int32_t)sysconf(_SC_NPROCESSORS_ONLN);
    }
    if (quota > 0 && quota < count) {
        count = quota;
    }
    return count < 1 ? 1 : count;
}
