// SPDX-License-Identifier: Apache-2.0
#include "expr/string_room.h"

#include <inttypes.h>

#include "expr/tree.h"

enum sb_status sb_string_room(struct sb_kernel_call *call, int64_t size, uint8_t **out)
{
    *out = sb_arena_alloc(call->text, (size_t)size + 1);
    return *out != NULL ? SB_OK : sb_error_no_memory(call->err, "text", size);
}

enum sb_status sb_string_too_long(struct sb_kernel_call *call, int64_t size)
{
    return sb_error_set(call->err, SB_FAILED, "%s: a text of %" PRId64 " bytes; at most %d",
                        call->node->name, size, SB_STRING_SIZE_MAX);
}
