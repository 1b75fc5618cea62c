// SPDX-License-Identifier: Apache-2.0
/*
 * arrow_path.c - the place of an array within a batch, as messages name it.
 */
#include <stdio.h>

#include "columnar/arrow_internal.h"

static size_t path_write(const struct sb_arrow_path *path, char *buffer, size_t size)
{
    size_t used = path->parent == NULL ? 0 : path_write(path->parent, buffer, size);
    size_t room = size - used;
    int length;

    length = path->is_element ? snprintf(buffer + used, room, "[]")
                              : snprintf(buffer + used, room, "%s%s",
                                         path->parent == NULL ? "" : ".", path->name);
    return length < 0 ? used : (size_t)length < room ? used + (size_t)length : size - 1;
}

const char *sb_arrow_path_text(const struct sb_arrow_path *path, char *buffer, size_t size)
{
    buffer[0] = '\0';
    path_write(path, buffer, size);
    return buffer;
}
