// SPDX-License-Identifier: Apache-2.0
/*
 * assert.h - facts that must hold, stated one a line.
 *
 * sb_assert is always on: a broken fact stops the process with file and line, because going on
 * would lose or double rows. sb_debug_assert is for kernels. Neither is for input: users, disks
 * and networks get a status.
 */
#ifndef SABOT_BASE_ASSERT_H
#define SABOT_BASE_ASSERT_H

#include <assert.h> // static_assert

_Noreturn void sb_assert_failed(const char *fact, const char *file, int line);

#define sb_assert(fact) ((fact) ? (void)0 : sb_assert_failed(#fact, __FILE__, __LINE__))

#ifdef SB_DEBUG_CHECKS
#define sb_debug_assert(fact) sb_assert(fact)
#else
#define sb_debug_assert(fact) ((void)0)
#endif

#define sb_likely(fact) __builtin_expect(!!(fact), 1)
#define sb_unlikely(fact) __builtin_expect(!!(fact), 0)

#endif
