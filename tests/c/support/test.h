// SPDX-License-Identifier: Apache-2.0
/*
 * test.h - cmocka, with the headers it wants included before it.
 */
#ifndef SABOT_SUPPORT_TEST_H
#define SABOT_SUPPORT_TEST_H

// clang-format off: cmocka.h compiles only after these four.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> // IWYU pragma: export
// clang-format on

/* Sanitizers are 10 to 50 times slower: tests that repeat a lot repeat less under them. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TEST_IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TEST_IS_SANITIZED 1
#endif
#endif
#ifndef TEST_IS_SANITIZED
#define TEST_IS_SANITIZED 0
#endif

#endif
