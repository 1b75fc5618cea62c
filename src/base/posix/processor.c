// SPDX-License-Identifier: Apache-2.0
/*
 * posix/processor.c - processors that are online; there is no affinity or quota to ask for.
 */
#include <sabot/library.h>

#include <unistd.h>

int32_t sb_processor_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count < 1 ? 1 : (int32_t)count;
}
