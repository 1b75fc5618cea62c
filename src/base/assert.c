// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void sb_assert_failed(const char *fact, const char *file, int line)
{
    // The one thing the library writes by itself: nobody is left to hand a status to.
    fprintf(stderr, "sabot: %s:%d: this must hold and does not: %s\n", file, line, fact);
    abort();
}
