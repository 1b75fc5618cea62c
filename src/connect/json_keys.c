// SPDX-License-Identifier: Apache-2.0
#include "connect/json_keys.h"

enum sb_status sb_json_keys_init(struct sb_json_keys *keys, struct sb_memory *memory,
                                 int32_t capacity, struct sb_error *err)
{
    *keys = (struct sb_json_keys){.memory = memory, .capacity = capacity, .slot_count = 16};
    while (keys->slot_count < capacity * 2) {
        keys->slot_count *= 2;
    }
    keys->names = sb_memory_alloc(memory, sizeof *keys->names * (size_t)(capacity + 1));
    keys->slots = sb_memory_alloc(memory, sizeof *keys->slots * (size_t)keys->slot_count);
    if (keys->names == NULL || keys->slots == NULL) {
        return sb_error_no_memory(err, "names of keys", capacity);
    }
    memset(keys->slots, 0xff, sizeof *keys->slots * (size_t)keys->slot_count);
    memset(keys->guesses, 0xff, sizeof keys->guesses);
    return SB_OK;
}

void sb_json_keys_deinit(struct sb_json_keys *keys)
{
    sb_memory_free(keys->memory, keys->names, sizeof *keys->names * (size_t)(keys->capacity + 1));
    sb_memory_free(keys->memory, keys->slots, sizeof *keys->slots * (size_t)keys->slot_count);
    *keys = (struct sb_json_keys){0};
}

static uint32_t key_slot(const uint8_t *key, int64_t size)
{
    uint32_t hash = (uint32_t)size;

    for (int64_t i = 0; i < size; i++) {
        hash = hash * 31 + key[i];
    }
    return hash ^ hash >> 15;
}

int32_t sb_json_keys_add(struct sb_json_keys *keys, const char *name)
{
    const int64_t size = (int64_t)strlen(name);
    const uint32_t last = (uint32_t)keys->slot_count - 1;
    uint32_t slot = key_slot((const uint8_t *)name, size) & last;

    sb_assert(keys->count < keys->capacity);
    while (keys->slots[slot] >= 0) {
        slot = (slot + 1) & last;
    }
    keys->slots[slot] = keys->count;
    keys->names[keys->count] = (struct sb_json_name){name, size};
    return keys->count++;
}

static int32_t key_find(const struct sb_json_keys *keys, const uint8_t *key, int64_t size)
{
    const uint32_t last = (uint32_t)keys->slot_count - 1;

    for (uint32_t slot = key_slot(key, size) & last;; slot = (slot + 1) & last) {
        const int32_t index = keys->slots[slot];
        if (index < 0 || (keys->names[index].size == size &&
                          memcmp(keys->names[index].name, key, (size_t)size) == 0)) {
            return index;
        }
    }
}

int32_t sb_json_keys_search(struct sb_json_keys *keys, const uint8_t *key, int64_t size,
                            int32_t place)
{
    const int32_t index = key_find(keys, key, size);

    if (place < SB_JSON_GUESSES) {
        keys->guesses[place] = index;
    }
    return index;
}
