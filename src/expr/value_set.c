// SPDX-License-Identifier: Apache-2.0
#include "expr/value_set.h"

#include "base/assert.h"

static bool value_equal(enum sb_physical physical, const union sb_value *a, const union sb_value *b)
{
    switch (physical) {
    case SB_PHYSICAL_F32:
        return sb_double_word((double)a->f32) == sb_double_word((double)b->f32);
    case SB_PHYSICAL_F64:
        return sb_double_word(a->f64) == sb_double_word(b->f64);
    case SB_PHYSICAL_BYTES:
        return sb_bytes_equal(a->bytes, b->bytes);
    default:
        return memcmp(a, b, (size_t)sb_physical_width(physical)) == 0;
    }
}

/* As the kernels in kernels/member.c hash a row. */
static uint64_t value_hash(enum sb_physical physical, const union sb_value *value)
{
    switch (physical) {
    case SB_PHYSICAL_F32:
        return sb_hash64(sb_double_word((double)value->f32));
    case SB_PHYSICAL_F64:
        return sb_hash64(sb_double_word(value->f64));
    case SB_PHYSICAL_BYTES:
        return sb_hash_bytes(value->bytes.data, (size_t)value->bytes.size);
    case SB_PHYSICAL_I128:
        return sb_hash_wide((uint64_t)value->i128, (uint64_t)(value->i128 >> 64));
    default:
        return sb_hash64((uint64_t)sb_value_integer(physical, value));
    }
}

/* Adds what is not there yet. */
static void set_add(struct sb_value_set *set, union sb_value *values, uint32_t *slots,
                    const union sb_value *value)
{
    uint64_t at = value_hash(set->physical, value) & set->slot_mask;

    for (; slots[at] != 0; at = (at + 1) & set->slot_mask) {
        if (value_equal(set->physical, &values[slots[at] - 1], value)) {
            return;
        }
    }
    values[set->count++] = *value;
    slots[at] = (uint32_t)set->count;
}

static bool is_small_integer(enum sb_physical physical)
{
    return physical <= SB_PHYSICAL_U64;
}

/* Turns a set of integers that lie close together into a table. False: no memory. */
static bool set_tabulate(struct sb_value_set *set, struct sb_arena *arena)
{
    sb_int128 least = sb_value_integer(set->physical, &set->values[0]);
    sb_int128 greatest = least;
    uint8_t *table;

    for (int32_t i = 1; i < set->count; i++) {
        const sb_int128 value = sb_value_integer(set->physical, &set->values[i]);
        least = value < least ? value : least;
        greatest = value > greatest ? value : greatest;
    }
    if (greatest - least >= SB_SET_TABLE_MAX) {
        return true;
    }
    table = sb_arena_alloc_zeroed(arena, (size_t)(greatest - least) + 1);
    if (table == NULL) {
        return false;
    }
    for (int32_t i = 0; i < set->count; i++) {
        table[(size_t)(sb_value_integer(set->physical, &set->values[i]) - least)] = 1;
    }
    set->form = SB_SET_TABLE;
    set->table = table;
    set->least = (uint64_t)least;
    set->table_size = (uint64_t)(greatest - least) + 1;
    return true;
}

const struct sb_value_set *sb_value_set_create(struct sb_arena *arena, enum sb_physical physical,
                                               const union sb_value *values, int32_t count,
                                               bool has_null)
{
    struct sb_value_set *set = sb_arena_alloc_zeroed(arena, sizeof *set);
    const int32_t few = physical == SB_PHYSICAL_BYTES ? SB_SET_FEW_TEXTS_MAX : SB_SET_FEW_MAX;
    union sb_value *kept = sb_arena_alloc(arena, ((size_t)count + 1) * sizeof *kept);
    uint64_t slot_count = 16;
    uint32_t *slots;

    while (slot_count < 2 * (uint64_t)count) {
        slot_count *= 2;
    }
    slots = sb_arena_alloc_zeroed(arena, slot_count * sizeof *slots);
    if (set == NULL || kept == NULL || slots == NULL) {
        return NULL;
    }
    *set = (struct sb_value_set){
        .physical = physical,
        .has_null = has_null,
        .values = kept,
        .slots = slots,
        .slot_mask = slot_count - 1,
    };
    for (int32_t i = 0; i < count; i++) {
        set_add(set, kept, slots, &values[i]);
    }
    set->form = set->count <= few ? SB_SET_FEW : SB_SET_HASHED;
    if (set->form == SB_SET_HASHED && is_small_integer(physical) && !set_tabulate(set, arena)) {
        return NULL;
    }
    return set;
}
