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

#endif
