// SPDX-License-Identifier: Apache-2.0
/*
 * quantile_sketch.c - levels of numbers; one of level h stands for 2^h numbers.
 *
 * A level that is full is sorted and every other number of it moves one level up, where it stands
 * for two (Karnin, Lang, Liberty: "Optimal quantile approximation in streams", 2016). Higher levels
 * have more room, a factor of 3/2 each. Levels lie one after another, the highest first, so that
 * new numbers are added at the end and a move up needs no room.
 */
#include "state/quantile_sketch.h"

#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "state/number_order.h"

enum {
    VERSION = 1,
    LEVEL_MAX = 36, // 2^36 times 8 numbers and more
    TOP_ROOM = 256, // numbers of the highest level
    LEVEL_ROOM_MIN = 8,
    ITEM_MAX = 3 * TOP_ROOM + LEVEL_MAX * LEVEL_ROOM_MIN,
};

/* At the begin of a sketch; then its numbers as sb_number_order gives them. */
struct header {
    uint8_t version;
    uint8_t level_count;
    uint16_t unused;
    uint32_t item_count;
    uint64_t count; // numbers that came
    uint16_t sizes[LEVEL_MAX];
    uint64_t reserved;
};
static_assert(sizeof(struct header) == SB_QUANTILE_SKETCH_SIZE_MIN, "written as it is");

static struct header header_load(const uint8_t *bytes)
{
    struct header header;

    memcpy(&header, bytes, sizeof header);
    return header;
}

static int64_t items_size(int64_t item_count)
{
    return (int64_t)sizeof(struct header) + 8 * item_count;
}

static void items_load(const uint8_t *bytes, int64_t first, int64_t count, int64_t *items)
{
    memcpy(items, bytes + items_size(first), 8 * (size_t)count);
}

static void items_store(uint8_t *bytes, int64_t first, int64_t count, const int64_t *items)
{
    memcpy(bytes + items_size(first), items, 8 * (size_t)count);
}

void sb_quantile_sketch_init(uint8_t *bytes)
{
    struct header header = {.version = VERSION, .level_count = 1};

    memcpy(bytes, &header, sizeof header);
}

int64_t sb_quantile_sketch_size(const uint8_t *bytes)
{
    return items_size(header_load(bytes).item_count);
}

int64_t sb_quantile_sketch_room(const uint8_t *bytes)
{
    return items_size((int64_t)header_load(bytes).item_count + 1);
}

int64_t sb_quantile_sketch_merge_room(const uint8_t *bytes, const uint8_t *other)
{
    return items_size((int64_t)header_load(bytes).item_count + header_load(other).item_count);
}

/* How many numbers a level may hold, `below` levels under the highest. */
static int64_t level_room(int32_t below)
{
    double value = TOP_ROOM;

    for (int32_t i = 0; i < below; i++) {
        value *= 2.0 / 3.0;
    }
    return value < LEVEL_ROOM_MIN ? LEVEL_ROOM_MIN : (int64_t)value;
}

static int64_t sketch_room(int32_t level_count)
{
    int64_t sum = 0;

    for (int32_t below = 0; below < level_count; below++) {
        sum += level_room(below);
    }
    return sum;
}

/* Where a level begins: behind all that are higher. */
static int64_t level_first(const struct header *header, int32_t level)
{
    int64_t first = 0;

    for (int32_t h = header->level_count - 1; h > level; h--) {
        first += header->sizes[h];
    }
    return first;
}

/* Sorts a level and moves half of it up; an odd number out stays. */
static void level_compact(struct header *header, uint8_t *bytes, int32_t level)
{
    int64_t items[2 * ITEM_MAX];
    int64_t first = level_first(header, level);
    int64_t size = header->sizes[level];
    int64_t kept = size & 1;
    int64_t half = size / 2;
    int64_t offset = (int64_t)(sb_hash64(header->count * 64 + (uint64_t)level) & 1);

    sb_assert(size <= 2 * ITEM_MAX && level + 1 < LEVEL_MAX);
    items_load(bytes, first, size, items);
    sb_orders_sort(items, size);
    for (int64_t i = 0; i < half; i++) {
        items[i] = items[2 * i + offset];
    }
    items[half] = items[size - 1]; // the odd one; offset is 0 or 1, so it was in no pair
    items_store(bytes, first, half + kept, items);
    memmove(bytes + items_size(first + half + kept), bytes + items_size(first + size),
            8 * (size_t)(header->item_count - first - size));
    header->sizes[level] = (uint16_t)kept;
    header->sizes[level + 1] = (uint16_t)(header->sizes[level + 1] + half);
    header->item_count -= (uint32_t)half;
    if (level + 1 == header->level_count) {
        header->level_count++;
    }
}

/* Compacts from the lowest level up until there are few enough numbers. */
static void sketch_compact(struct header *header, uint8_t *bytes)
{
    while (header->item_count > sketch_room(header->level_count)) {
        int32_t level = 0;

        while (header->sizes[level] < level_room(header->level_count - 1 - level)) {
            level++;
        }
        level_compact(header, bytes, level);
    }
}

void sb_quantile_sketch_add(uint8_t *bytes, double value)
{
    struct header header = header_load(bytes);
    int64_t order = sb_number_order(value);

    items_store(bytes, header.item_count, 1, &order);
    header.item_count++;
    header.sizes[0]++;
    header.count++;
    if (header.item_count > TOP_ROOM) { // never full below
        sketch_compact(&header, bytes);
    }
    memcpy(bytes, &header, sizeof header);
}

void sb_quantile_sketch_merge(uint8_t *bytes, const uint8_t *other)
{
    struct header mine = header_load(bytes);
    struct header theirs = header_load(other);
    struct header both = mine;
    int64_t items[2 * ITEM_MAX];
    int64_t count = 0;

    both.level_count =
        mine.level_count > theirs.level_count ? mine.level_count : theirs.level_count;
    for (int32_t h = both.level_count - 1; h >= 0; h--) {
        if (h < mine.level_count) {
            items_load(bytes, level_first(&mine, h), mine.sizes[h], items + count);
            count += mine.sizes[h];
        }
        if (h < theirs.level_count) {
            items_load(other, level_first(&theirs, h), theirs.sizes[h], items + count);
            count += theirs.sizes[h];
            both.sizes[h] = (uint16_t)(both.sizes[h] + theirs.sizes[h]);
        }
    }
    items_store(bytes, 0, count, items);
    both.item_count = (uint32_t)count;
    both.count += theirs.count;
    sketch_compact(&both, bytes);
    memcpy(bytes, &both, sizeof both);
}

/* A level's numbers, sorted, on their way through the merge of all levels. */
struct cursor {
    const int64_t *next;
    const int64_t *end;
    uint64_t weight;
};

double sb_quantile_sketch_get(const uint8_t *bytes, double quantile)
{
    struct header header = header_load(bytes);
    struct cursor cursors[LEVEL_MAX];
    int64_t items[ITEM_MAX];
    uint64_t total = 0;
    uint64_t passed = 0;
    int64_t last = 0;
    double place;

    sb_assert(header.item_count > 0 && header.item_count <= ITEM_MAX);
    items_load(bytes, 0, header.item_count, items);
    if (header.level_count == 1) {
        return sb_orders_quantile(items, header.item_count, quantile);
    }
    for (int32_t h = 0; h < header.level_count; h++) {
        int64_t *level = items + level_first(&header, h);
        sb_orders_sort(level, header.sizes[h]);
        cursors[h] = (struct cursor){level, level + header.sizes[h], UINT64_C(1) << h};
        total += (uint64_t)header.sizes[h] << h;
    }
    place = quantile * (double)total;
    while ((double)passed < place || passed == 0) {
        struct cursor *least = NULL;
        for (int32_t h = 0; h < header.level_count; h++) {
            if (cursors[h].next != cursors[h].end &&
                (least == NULL || *cursors[h].next < *least->next)) {
                least = &cursors[h];
            }
        }
        if (least == NULL) {
            break;
        }
        last = *least->next++;
        passed += least->weight;
    }
    return sb_number_of_order(last);
}

bool sb_quantile_sketch_is_valid(const uint8_t *bytes, int64_t size)
{
    struct header header;
    int64_t sum = 0;

    if (size < (int64_t)sizeof header) {
        return false;
    }
    header = header_load(bytes);
    if (header.version != VERSION || header.level_count < 1 || header.level_count >= LEVEL_MAX ||
        header.item_count > ITEM_MAX || size != items_size(header.item_count)) {
        return false;
    }
    for (int32_t h = 0; h < LEVEL_MAX; h++) {
        sum += header.sizes[h];
        if (h >= header.level_count && header.sizes[h] != 0) {
            return false;
        }
    }
    return sum == header.item_count && sum > 0 && header.count > 0;
}
