// SPDX-License-Identifier: Apache-2.0
/*
 * time_zone_file.c - TZif files, version 2 and later (RFC 9636).
 *
 * A file has two blocks, of 32-bit and of 64-bit transitions, and a line with the rule for the time
 * after. The first block is only skipped. What a file says is checked before it is used: it is
 * input.
 */
#include <stdlib.h>
#include <string.h>

#include "base/time_zone_internal.h"

enum { HEADER_SIZE = 44, TYPE_SIZE = 6, COUNT_MAX = 1 << 16 };

struct header {
    uint32_t utc_count;
    uint32_t standard_count;
    uint32_t leap_count;
    uint32_t transition_count;
    uint32_t type_count;
    uint32_t name_size;
};

static uint32_t read_big32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int64_t read_big64(const uint8_t *bytes)
{
    return (int64_t)((uint64_t)read_big32(bytes) << 32 | read_big32(bytes + 4));
}

static bool header_read(const uint8_t *bytes, size_t size, struct header *out)
{
    if (size < HEADER_SIZE || memcmp(bytes, "TZif", 4) != 0 || bytes[4] < '2') {
        return false;
    }
    *out = (struct header){
        .utc_count = read_big32(bytes + 20),
        .standard_count = read_big32(bytes + 24),
        .leap_count = read_big32(bytes + 28),
        .transition_count = read_big32(bytes + 32),
        .type_count = read_big32(bytes + 36),
        .name_size = read_big32(bytes + 40),
    };
    return out->utc_count <= COUNT_MAX && out->standard_count <= COUNT_MAX &&
           out->leap_count <= COUNT_MAX && out->transition_count <= COUNT_MAX &&
           out->type_count <= COUNT_MAX && out->name_size <= COUNT_MAX;
}

/* Bytes behind the header of a block whose times take `time_size`. */
static size_t block_size(const struct header *header, size_t time_size)
{
    return header->transition_count * (time_size + 1) + header->type_count * TYPE_SIZE +
           header->name_size + header->leap_count * (time_size + 4) + header->standard_count +
           header->utc_count;
}

/* The line between two newlines at the end. */
static bool footer_read(const uint8_t *bytes, size_t size, struct sb_zone *zone)
{
    char text[128];

    if (size < 2 || bytes[0] != '\n' || bytes[size - 1] != '\n' || size - 2 >= sizeof text) {
        return false;
    }
    memcpy(text, bytes + 1, size - 2);
    text[size - 2] = 0;
    zone->has_rule = text[0] != 0;
    return !zone->has_rule || sb_zone_rule_parse(text, &zone->rule);
}

static bool transitions_read(const struct header *header, const uint8_t *bytes,
                             struct sb_zone *zone, int64_t *transitions, int32_t *offsets)
{
    const uint8_t *const types = bytes + header->transition_count * 8;
    const uint8_t *const facts = types + header->transition_count;
    int32_t count = 0;

    zone->first_offset = (int32_t)read_big32(facts);
    for (uint32_t i = 0; i < header->transition_count; i++) {
        const int64_t at = read_big64(bytes + (size_t)i * 8);
        if (types[i] >= header->type_count || (count > 0 && at <= transitions[count - 1])) {
            return false;
        }
        transitions[count] = at;
        offsets[count] = (int32_t)read_big32(facts + types[i] * TYPE_SIZE);
        // another name or another law, but the same clock
        count += offsets[count] != (count > 0 ? offsets[count - 1] : (int32_t)zone->first_offset);
    }
    zone->transition_count = count;
    return true;
}

struct sb_zone *sb_zone_read(const char *name, const uint8_t *bytes, size_t size)
{
    const size_t name_size = strlen(name) + 1;
    struct header header;
    struct sb_zone *zone;
    size_t skipped;
    size_t block;
    size_t numbers;
    int64_t *transitions;

    if (!header_read(bytes, size, &header)) {
        return NULL;
    }
    skipped = HEADER_SIZE + block_size(&header, 4);
    if (skipped > size || !header_read(bytes + skipped, size - skipped, &header)) {
        return NULL;
    }
    bytes += skipped + HEADER_SIZE;
    size -= skipped + HEADER_SIZE;
    block = block_size(&header, 8);
    if (block > size || header.type_count == 0) {
        return NULL;
    }
    numbers = ((sizeof *zone + name_size + 7) & ~(size_t)7);
    zone = calloc(1, numbers + (header.transition_count + 1) * (sizeof(int64_t) + sizeof(int32_t)));
    if (zone == NULL) {
        return NULL;
    }
    memcpy(zone->name, name, name_size);
    transitions = (int64_t *)(void *)((uint8_t *)zone + numbers);
    zone->transitions = transitions;
    zone->offsets = (int32_t *)(transitions + header.transition_count + 1);
    if (!transitions_read(&header, bytes, zone, transitions,
                          (int32_t *)(transitions + header.transition_count + 1)) ||
        !footer_read(bytes + block, size - block, zone)) {
        free(zone);
        return NULL;
    }
    return zone;
}
