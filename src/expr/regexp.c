// SPDX-License-Identifier: Apache-2.0
/*
 * regexp.c - what there is of PCRE2: compile, match, replacements.
 */
#include "expr/regexp.h"

#include <inttypes.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "expr/string_room.h"
#include "expr/tree.h"

enum {
    MATCH_STEPS_MAX = 10 * 1000 * 1000,
    MATCH_HEAP_KIB_MAX = 16 * 1024,
    PATTERN_SIZE_MAX = 64 * 1024,
};

struct sb_regexp {
    pcre2_code *code;
    pcre2_match_context *limits;
    uint32_t group_count;
    struct sb_bytes pattern;
};

/* Where PCRE2 takes its memory from. */
struct source {
    struct sb_arena *arena;
    bool is_refused;
};

static void *source_alloc(size_t size, void *context)
{
    struct source *source = context;
    void *block = sb_arena_alloc(source->arena, size);

    source->is_refused |= block == NULL;
    return block;
}

static void source_free(void *block, void *context)
{
    // goes with the arena
}

/* The source is asked for as long as the context is used: both are in the arena. NULL: no memory */
static pcre2_general_context *memory_create(struct sb_arena *arena, struct source **out)
{
    struct source *source = sb_arena_alloc(arena, sizeof *source);

    if (source == NULL) {
        return NULL;
    }
    *source = (struct source){.arena = arena};
    *out = source;
    return pcre2_general_context_create(source_alloc, source_free, source);
}

/* The code PCRE2 made for this processor is in memory of its own. */
static void code_free(void *code)
{
    pcre2_code_free(code);
}

static enum sb_status compile_failed(struct sb_bytes pattern, const char *name, int code,
                                     size_t offset, struct sb_error *err)
{
    char why[160] = "";

    pcre2_get_error_message(code, (PCRE2_UCHAR8 *)why, sizeof why);
    return sb_error_set(err, SB_INVALID, "%s: the pattern '%.*s' is wrong at byte %zu: %s", name,
                        (int)(pattern.size < 80 ? pattern.size : 80), (const char *)pattern.data,
                        offset, why);
}

/* Sets the context's limits; NULL when out of memory. */
static pcre2_match_context *limits_create(pcre2_general_context *memory)
{
    pcre2_match_context *limits = pcre2_match_context_create(memory);

    if (limits != NULL) {
        pcre2_set_match_limit(limits, MATCH_STEPS_MAX);
        pcre2_set_heap_limit(limits, MATCH_HEAP_KIB_MAX);
    }
    return limits;
}

enum sb_status sb_regexp_compile(struct sb_bytes pattern, const char *name, struct sb_arena *arena,
                                 struct sb_regexp **out, struct sb_error *err)
{
    // characters never split, and text that is no UTF-8 matches nothing instead of being misread
    const uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    struct source *source = NULL;
    pcre2_general_context *memory = memory_create(arena, &source);
    pcre2_compile_context *context = memory == NULL ? NULL : pcre2_compile_context_create(memory);
    struct sb_regexp *regexp = sb_arena_alloc_zeroed(arena, sizeof *regexp);
    int code = 0;
    size_t offset = 0;

    if (context == NULL || regexp == NULL || (regexp->limits = limits_create(memory)) == NULL) {
        return sb_error_no_memory(err, "pattern", pattern.size);
    }
    pcre2_set_max_pattern_length(context, PATTERN_SIZE_MAX);
    regexp->pattern = pattern;
    regexp->code =
        pcre2_compile(pattern.data, (size_t)pattern.size, options, &code, &offset, context);
    if (regexp->code == NULL) {
        return code == PCRE2_ERROR_HEAP_FAILED ? sb_error_no_memory(err, "pattern", pattern.size)
                                               : compile_failed(pattern, name, code, offset, err);
    }
    if (!sb_arena_on_end(arena, code_free, regexp->code)) {
        pcre2_code_free(regexp->code);
        return sb_error_no_memory(err, "pattern", pattern.size);
    }
    (void)pcre2_jit_compile(regexp->code, PCRE2_JIT_COMPLETE); // where it cannot: slower matches
    if (source->is_refused) {
        return sb_error_no_memory(err, "pattern", pattern.size);
    }
    pcre2_pattern_info(regexp->code, PCRE2_INFO_CAPTURECOUNT, &regexp->group_count);
    *out = regexp;
    return SB_OK;
}

int32_t sb_regexp_group_count(const struct sb_regexp *regexp)
{
    return (int32_t)regexp->group_count;
}

bool sb_regexp_is_plain(struct sb_bytes pattern)
{
    for (int64_t i = 0; i < pattern.size; i++) {
        if (pattern.data[i] == 0 || strchr("\\^$.|?*+()[]{}", pattern.data[i]) != NULL) {
            return false;
        }
    }
    return true;
}

enum sb_status sb_regexp_run_init(struct sb_regexp_run *run, const struct sb_regexp *regexp,
                                  struct sb_kernel_call *call)
{
    struct source *source = NULL;
    pcre2_general_context *memory = memory_create(call->text, &source);
    pcre2_match_data *data =
        memory == NULL ? NULL : pcre2_match_data_create_from_pattern(regexp->code, memory);

    if (data == NULL) {
        return sb_error_no_memory(call->err, "match", sizeof *run);
    }
    *run = (struct sb_regexp_run){
        .regexp = regexp,
        .match_data = data,
        .offsets = pcre2_get_ovector_pointer(data),
        .call = call,
    };
    return SB_OK;
}

static enum sb_status match_failed(const struct sb_regexp_run *run, struct sb_bytes text, int code)
{
    const struct sb_bytes pattern = run->regexp->pattern;
    const char *name = run->call->node->name;
    const int shown = (int)(pattern.size < 80 ? pattern.size : 80);
    char why[160] = "";

    if (code == PCRE2_ERROR_NOMEMORY) {
        return sb_error_no_memory(run->call->err, "match", text.size);
    }
    if (code == PCRE2_ERROR_MATCHLIMIT || code == PCRE2_ERROR_HEAPLIMIT ||
        code == PCRE2_ERROR_DEPTHLIMIT) {
        return sb_error_set(run->call->err, SB_FAILED,
                            "%s: the pattern '%.*s' takes too many steps over a text of %" PRId64
                            " bytes; write it with fewer nested repetitions",
                            name, shown, (const char *)pattern.data, text.size);
    }
    pcre2_get_error_message(code, (PCRE2_UCHAR8 *)why, sizeof why);
    return sb_error_set(run->call->err, SB_FAILED, "%s: the pattern '%.*s' cannot be matched: %s",
                        name, shown, (const char *)pattern.data, why);
}

enum sb_status sb_regexp_match(struct sb_regexp_run *run, struct sb_bytes text, int64_t from,
                               bool is_not_empty, bool *is_found)
{
    const uint32_t options = is_not_empty ? PCRE2_NOTEMPTY_ATSTART | PCRE2_ANCHORED : 0;
    const uint8_t *data = text.size > 0 ? text.data : (const uint8_t *)"";
    int code = pcre2_match(run->regexp->code, data, (size_t)text.size, (size_t)from, options,
                           run->match_data, run->regexp->limits);

    if (code == PCRE2_ERROR_JIT_STACKLIMIT) { // the interpreter keeps its stack in the heap
        code = pcre2_match(run->regexp->code, data, (size_t)text.size, (size_t)from,
                           options | PCRE2_NO_JIT, run->match_data, run->regexp->limits);
    }
    *is_found = code >= 0;
    return code >= 0 || code == PCRE2_ERROR_NOMATCH ? SB_OK : match_failed(run, text, code);
}

bool sb_regexp_group(const struct sb_regexp_run *run, struct sb_bytes text, int32_t group,
                     struct sb_bytes *out)
{
    const size_t first = run->offsets[2 * group];
    const size_t end = run->offsets[2 * group + 1];

    *out = sb_string_empty;
    if (first == PCRE2_UNSET) {
        return false;
    }
    if (first < end) { // \K in an assertion could turn them around
        *out = sb_string_part(text, (int64_t)first, (int64_t)end);
    }
    return true;
}

static enum sb_status replacement_refuse(struct sb_bytes text, const char *name, int32_t groups,
                                         struct sb_error *err)
{
    return sb_error_set(err, SB_INVALID,
                        "%s: the replacement '%.*s' has a backslash that is not before a backslash "
                        "or the number of a group; the pattern has groups 0 to %" PRId32,
                        name, (int)(text.size < 80 ? text.size : 80), (const char *)text.data,
                        groups);
}

enum sb_status sb_regexp_replacement_parse(struct sb_bytes text, const char *name,
                                           struct sb_arena *arena, struct sb_regexp_plan *plan,
                                           struct sb_error *err)
{
    const int32_t groups = sb_regexp_group_count(plan->regexp);
    struct sb_regexp_piece *pieces =
        sb_arena_alloc(arena, ((size_t)text.size + 1) * sizeof *pieces);
    int32_t count = 0;

    if (pieces == NULL) {
        return sb_error_no_memory(err, "replacement", text.size);
    }
    for (int64_t at = 0; at < text.size;) {
        const uint8_t *escape = memchr(text.data + at, '\\', (size_t)(text.size - at));
        const int64_t end = escape == NULL ? text.size : escape - text.data;
        if (end > at) {
            pieces[count++] = (struct sb_regexp_piece){sb_string_part(text, at, end), -1};
        }
        if (escape != NULL) {
            const uint8_t sign = end + 1 < text.size ? text.data[end + 1] : 0;
            const bool is_group = sign >= '0' && sign <= '9' && sign - '0' <= groups;
            if (!is_group && sign != '\\') {
                return replacement_refuse(text, name, groups, err);
            }
            pieces[count++] = (struct sb_regexp_piece){
                .text = sb_string_part(text, end + 1, end + 2),
                .group = is_group ? sign - '0' : -1,
            };
        }
        at = end + 2;
    }
    plan->pieces = pieces;
    plan->piece_count = count;
    return SB_OK;
}
