// SPDX-License-Identifier: Apache-2.0
/*
 * json_mutator.c - libFuzzer's mutations for input that is JSON.
 *
 * Changed bytes seldom leave JSON behind, so three of four mutations change the parsed value: a
 * place gets a value of the pool or of another place, or loses one. The pool holds the examples of
 * every function there is and what an input of any kind may say wrongly.
 */
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "expr/reference.h"

enum {
    PLACES_MAX = 512,
    PARSE_FLAGS = JSON_DECODE_ANY,
    DUMP_FLAGS = JSON_COMPACT | JSON_ENCODE_ANY
};

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
                                 size_t size2, uint8_t *out, size_t out_size_max,
                                 unsigned int seed);

static const char odd_values[] =
    "[null, true, false, 0, -1, 1, 2, 5, 1000000, 9223372036854775807, -9223372036854775808, 1e300,"
    " -0.5, [], {}, [[]], [\"a\", \"b\"], [\"a\", \"a\"], \"\", \"a\", \"b\", \"c\", \"d\", \"g\","
    " \"k\", \"t\", \"*\", \"s\", \"x\", \"\\u00e4\\n\", \"source\", \"filter\", \"map\","
    " \"select\", \"flat_map\", \"union\", \"aggregate\", \"group_by\", \"distinct\", \"sort\","
    " \"fused\", \"top_n\", \"limit\", \"hash_join\", \"reduce\", \"custom\", \"sink\", \"window\", \"sum\","
    " \"count\", \"median\", \"p99\", \"first\", \"list\", \"approx_p5\", \"inner\", \"outer\","
    " \"anti\", \"update\", \"final\", \"by_name\", \"streaming\", \"int8\", \"utf8\","
    " \"decimal128(38, 2)\", \"timestamp[ns, Europe/Berlin]\", \"list<item: int64>\","
    " \"struct<a: int64, b: utf8>\", {\"lit\": null}, {\"lit\": -1}, {\"lit\": \"x\"},"
    " {\"lit\": 9223372036854775807}, {\"lit\": \"NaN\", \"type\": \"float64\"}, {\"col\": \"a\"},"
    " {\"col\": \"b\"}, {\"col\": \"g\"}, {\"col\": \"l\"}, {\"col\": \"t\"}, {\"col\": \"m\"}]";

static const char *const odd_keys[] = {
    "columns",       "column",    "by",        "count",      "offset",   "how",
    "key_by",        "emit",      "aggregate", "where",      "function", "timestamp_column",
    "within_ms",     "bounded",   "data",      "type",       "on_error", "args",
    "call",          "lit",       "col",       "descending", "nulls",    "reconcile",
    "output_column", "keep_empty"};
enum { ODD_KEY_COUNT = sizeof odd_keys / sizeof odd_keys[0] };

static json_t *pool(void)
{
    static json_t *values;

    if (values == NULL) {
        values = json_loads(odd_values, 0, NULL);
        for (int32_t i = 0; sb_function_at(i) != NULL; i++) {
            json_array_append_new(values, sb_function_example(sb_function_at(i)));
        }
    }
    return values;
}

static uint32_t below(uint32_t *random, size_t limit)
{
    *random = *random * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)(*random >> 8) * limit) >> 24);
}

struct places {
    json_t *containers[PLACES_MAX];
    size_t count;
};

static void places_gather(struct places *places, json_t *json)
{
    const char *key;
    size_t i;
    json_t *value;

    if ((!json_is_object(json) && !json_is_array(json)) || places->count == PLACES_MAX) {
        return;
    }
    places->containers[places->count++] = json;
    json_object_foreach(json, key, value)
    {
        places_gather(places, value);
    }
    json_array_foreach(json, i, value)
    {
        places_gather(places, value);
    }
}

static void *object_place(json_t *object, uint32_t *random)
{
    void *place = json_object_iter(object);

    for (uint32_t skip = below(random, json_object_size(object)); skip > 0; skip--) {
        place = json_object_iter_next(object, place);
    }
    return place;
}

// Any value inside of `donor`, a new reference to a copy.
static json_t *value_pick(json_t *donor, uint32_t *random)
{
    struct places places = {.count = 0};
    json_t *container;

    places_gather(&places, donor);
    if (places.count == 0) {
        return json_deep_copy(donor);
    }
    container = places.containers[below(random, places.count)];
    if (json_is_array(container) && json_array_size(container) > 0) {
        return json_deep_copy(json_array_get(container, below(random, json_array_size(container))));
    }
    if (json_is_object(container) && json_object_size(container) > 0) {
        return json_deep_copy(json_object_iter_value(object_place(container, random)));
    }
    return json_deep_copy(container);
}

static json_t *value_new(json_t *donor, uint32_t *random)
{
    if (below(random, 2) == 0) {
        return value_pick(donor, random);
    }
    return json_deep_copy(json_array_get(pool(), below(random, json_array_size(pool()))));
}

static void array_change(json_t *array, json_t *donor, uint32_t *random)
{
    size_t size = json_array_size(array);
    uint32_t choice = below(random, 8);

    if (size == 0 || choice == 0) {
        json_array_append_new(array, value_new(donor, random));
    } else if (choice == 1) {
        json_array_remove(array, below(random, size));
    } else if (choice == 2) { // two change places
        size_t a = below(random, size);
        size_t b = below(random, size);
        json_t *value = json_incref(json_array_get(array, a));

        json_array_set(array, a, json_array_get(array, b));
        json_array_set_new(array, b, value);
    } else {
        json_array_set_new(array, below(random, size), value_new(donor, random));
    }
}

static void object_change(json_t *object, json_t *donor, uint32_t *random)
{
    uint32_t choice = below(random, 8);

    if (json_object_size(object) == 0 || choice == 0) {
        json_object_set_new(object, odd_keys[below(random, ODD_KEY_COUNT)],
                            value_new(donor, random));
    } else if (choice == 1) {
        json_object_del(object, json_object_iter_key(object_place(object, random)));
    } else {
        json_object_iter_set_new(object, object_place(object, random), value_new(donor, random));
    }
}

// Returns the size of the text; 0: it does not fit, or became no JSON.
static size_t changed_write(json_t *json, json_t *donor, uint32_t *random, uint8_t *out,
                            size_t room)
{
    struct places places = {.count = 0};
    size_t size;

    places_gather(&places, json);
    for (uint32_t changes = 1 + below(random, 3); changes > 0 && places.count > 0; changes--) {
        json_t *chosen = places.containers[below(random, places.count)];

        if (json_is_array(chosen)) {
            array_change(chosen, donor, random);
        } else {
            object_change(chosen, donor, random);
        }
        places.count = 0; // some are gone
        places_gather(&places, json);
    }
    size = json_dumpb(json, (char *)out, room, DUMP_FLAGS);
    return size <= room ? size : 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    uint32_t random = seed;
    json_t *json = NULL;
    size_t changed = 0;

    if (below(&random, 4) > 0) {
        json = json_loadb((const char *)data, size, PARSE_FLAGS, NULL);
    }
    if (json != NULL) {
        json_t *donor = json_deep_copy(json);

        if (!json_is_object(json) && !json_is_array(json)) {
            json_decref(json);
            json = value_new(donor, &random);
        }
        changed = changed_write(json, donor, &random, data, max_size);
        json_decref(donor);
        json_decref(json);
    }
    return changed > 0 ? changed : LLVMFuzzerMutate(data, size, max_size);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
                                 size_t size2, uint8_t *out, size_t out_size_max, unsigned int seed)
{
    uint32_t random = seed;
    json_t *json = json_loadb((const char *)data1, size1, PARSE_FLAGS, NULL);
    json_t *donor = json_loadb((const char *)data2, size2, PARSE_FLAGS, NULL);
    size_t size = 0;

    if (json != NULL && donor != NULL) {
        size = changed_write(json, donor, &random, out, out_size_max);
    }
    json_decref(json);
    json_decref(donor);
    return size;
}
