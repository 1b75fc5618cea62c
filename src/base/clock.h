// SPDX-License-Identifier: Apache-2.0
/*
 * clock.h - monotonic time for metrics and deadlines.
 */
#ifndef SABOT_BASE_CLOCK_H
#define SABOT_BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds since some fixed point; never goes back. */
int64_t sb_clock_now_ns(void);

#endif
