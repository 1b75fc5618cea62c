// SPDX-License-Identifier: Apache-2.0
/*
 * trace.c - what the passes did, as a story: kept as texts, written as JSON when somebody asks.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "optimize/pass.h"
#include "plan/text.h"

struct sb_trace_entry {
    struct sb_trace_entry *next;
    const char *pass;
    const char *name; // of the operator
    const char *before;
    const char *after;
    const char *reason;
};

const char *sb_trace_text(struct sb_optimization *optimization, const char *format, ...)
{
    char text[4 * SB_SHORT_SIZE]; // those who call cut long names
    const char *copy;
    va_list args;

    va_start(args, format);
    if (vsnprintf(text, sizeof text, format, args) >= (int)sizeof text) {
        text[sb_text_cut(text, sizeof text - 2)] = '\0';
    }
    va_end(args);
    copy = sb_arena_copy_string(&optimization->arena, text);
    return copy == NULL ? "" : copy;
}

enum sb_status sb_trace_add(struct sb_optimization *optimization, const struct sb_node *node,
                            const char *before, const char *after, const char *reason)
{
    struct sb_trace_entry *entry = sb_optimization_alloc(optimization, 1, sizeof *entry);

    if (entry == NULL) {
        return SB_NO_MEMORY;
    }
    if (before[0] == '\0' || after[0] == '\0' || reason[0] == '\0') {
        return sb_optimization_no_memory(optimization); // what sb_trace_text() says then
    }
    *entry = (struct sb_trace_entry){
        .pass = optimization->pass,
        .name = node->name,
        .before = before,
        .after = after,
        .reason = reason,
    };
    if (optimization->trace_last == NULL) {
        optimization->trace_first = entry;
    } else {
        optimization->trace_last->next = entry;
    }
    optimization->trace_last = entry;
    return SB_OK;
}

/* One member of an object: `key` is JSON as far as the value. */
static void member_write(struct sb_text *text, const char *key, const char *value)
{
    sb_text_append(text, key, strlen(key));
    sb_text_append_json_string(text, value);
}

static void entry_write(struct sb_text *text, const struct sb_trace_entry *entry)
{
    member_write(text, "{\"pass\":", entry->pass);
    member_write(text, ",\"operator\":", entry->name);
    member_write(text, ",\"before\":", entry->before);
    member_write(text, ",\"after\":", entry->after);
    member_write(text, ",\"reason\":", entry->reason);
    sb_text_append(text, "}", 1);
}

enum sb_status sb_trace_write(struct sb_optimization *optimization, char **out)
{
    struct sb_text text = {.memory = sb_memory_global()};
    const struct sb_trace_entry *entry = optimization->trace_first;
    enum sb_status status;

    sb_text_append(&text, "[", 1);
    for (; entry != NULL; entry = entry->next) {
        entry_write(&text, entry);
        sb_text_append(&text, ",", entry->next == NULL ? 0 : 1);
    }
    sb_text_append(&text, "]", 1);
    status = sb_text_finish(&text, out, optimization->err);
    sb_text_deinit(&text);
    return status;
}
