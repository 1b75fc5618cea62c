// SPDX-License-Identifier: Apache-2.0
#include <sabot/library.h>

#ifndef SABOT_VERSION
#error "the build defines SABOT_VERSION"
#endif

const char *sb_version(void)
{
    return SABOT_VERSION;
}
