// SPDX-License-Identifier: Apache-2.0
/*
 * json_keys.h - which of some names a key is: the columns of a line, the fields of a struct.
 *
 * Keys mostly come in the order of the object before, which is what is tried first.
 */
#ifndef SABOT_CONNECT_JSON_KEYS_H
#define SABOT_CONNECT_JSON_KEYS_H

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

enum { SB_JSON_GUESSES = 256 };

struct sb_json_name {
    const char *name; // borrowed
    int64_t size;
};

struct sb_json_keys {
    struct sb_memory *memory;
    int32_t count;
    int32_t capacity;
    struct sb_json_name *names;
    int32_t slot_count; // a power of two
    int32_t *slots;     // by hash: index of a name, or -1
    // By place in the object: the name that stood there last; -1 = none of ours.
    int32_t guesses[SB_JSON_GUESSES];
};

/* Room for `capacity` names; deinit it also when this fails. */
SB_MUST_CHECK enum sb_status sb_json_keys_init(struct sb_json_keys *keys, struct sb_memory *memory,
                                               int32_t capacity, struct sb_error *err);
void sb_json_keys_deinit(struct sb_json_keys *keys);

/* Returns its index: names count from 0. Of equal names the first is found. */
int32_t sb_json_keys_add(struct sb_json_keys *keys, const char *name);

int32_t sb_json_keys_search(struct sb_json_keys *keys, const uint8_t *key, int64_t size,
                            int32_t place);

/* The index of the key that is number `place` of its object; -1: none of the names. */
static inline int32_t sb_json_keys_find(struct sb_json_keys *keys, const uint8_t *key, int64_t size,
                                        int32_t place)
{
    const int32_t guess = place < SB_JSON_GUESSES ? keys->guesses[place] : -1;

    if (guess >= 0 && keys->names[guess].size == size &&
        memcmp(keys->names[guess].name, key, (size_t)size) == 0) {
        return guess;
    }
    return sb_json_keys_search(keys, key, size, place);
}

#endif
