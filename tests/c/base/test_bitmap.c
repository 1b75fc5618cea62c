// SPDX-License-Identifier: Apache-2.0
/*
 * test_bitmap.c - every function against one bit at a time, over all offsets and small counts. The
 * bitmaps are exactly as large as their bits, so that a sanitizer sees each byte too many.
 */
#include "base/bitmap.h"

#include <stdlib.h>
#include <string.h>

#include "support/seed.h"
#include "support/test.h"

enum { OFFSET_MAX = 19, COUNT_MAX = 203 };

struct random_bits {
    uint8_t *bitmap; // malloc'ed to the byte
    uint8_t bits[OFFSET_MAX + COUNT_MAX];
};

static void *exactly(int64_t size)
{
    void *block = malloc(size <= 0 ? 1 : (size_t)size);

    assert_non_null(block);
    return block;
}

static void bits_make(struct random_bits *made, uint64_t *random, int64_t count)
{
    int64_t size = sb_bitmap_size(count);

    made->bitmap = exactly(size);
    for (int64_t i = 0; i < size; i++) {
        made->bitmap[i] = (uint8_t)test_random(random); // also past the last bit
    }
    for (int64_t i = 0; i < count; i++) {
        made->bits[i] = (made->bitmap[i / 8] >> (i % 8)) & 1;
    }
}

static void each(void (*check)(const struct random_bits *made, int64_t offset, int64_t count))
{
    uint64_t random = test_seed();

    for (int64_t offset = 0; offset <= OFFSET_MAX; offset++) {
        for (int64_t count = 0; count <= COUNT_MAX; count++) {
            struct random_bits made;

            bits_make(&made, &random, offset + count);
            check(&made, offset, count);
            free(made.bitmap);
        }
    }
}

static void count_check(const struct random_bits *made, int64_t offset, int64_t count)
{
    int64_t expected = 0;

    for (int64_t i = 0; i < count; i++) {
        expected += made->bits[offset + i];
    }
    assert_int_equal(sb_bitmap_count(made->bitmap, offset, count), expected);
}

static void copy_check(const struct random_bits *made, int64_t offset, int64_t count)
{
    int64_t size = sb_bitmap_size(count);
    uint8_t *copy = exactly(size);

    sb_bitmap_copy(copy, made->bitmap, offset, count);
    for (int64_t i = 0; i < size * 8; i++) {
        assert_int_equal(sb_bitmap_get(copy, i), i < count ? made->bits[offset + i] : 0);
    }
    free(copy);
}

static void unpack_check(const struct random_bits *made, int64_t offset, int64_t count)
{
    uint8_t *bytes = exactly(count);

    sb_bitmap_unpack(bytes, made->bitmap, offset, count);
    assert_memory_equal(bytes, made->bits + offset, (size_t)count);
    free(bytes);
}

static void pack_check(const struct random_bits *made, int64_t offset, int64_t count)
{
    int64_t size = sb_bitmap_size(count);
    uint8_t *bytes = exactly(count);
    uint8_t *packed = exactly(size);

    memcpy(bytes, made->bits + offset, (size_t)count);
    sb_bitmap_pack(packed, bytes, count);
    for (int64_t i = 0; i < size * 8; i++) {
        assert_int_equal(sb_bitmap_get(packed, i), i < count ? made->bits[offset + i] : 0);
    }
    free(bytes);
    free(packed);
}

static void fill_check(const struct random_bits *made, int64_t offset, int64_t count)
{
    sb_bitmap_fill(made->bitmap, offset, count);
    for (int64_t i = 0; i < offset + count; i++) {
        assert_int_equal(sb_bitmap_get(made->bitmap, i), i < offset ? made->bits[i] : 1);
    }
}

static void counts_like_bit_by_bit(void **state)
{
    (void)state;
    each(count_check);
}

static void copies_like_bit_by_bit(void **state)
{
    (void)state;
    each(copy_check);
}

static void unpacks_like_bit_by_bit(void **state)
{
    (void)state;
    each(unpack_check);
}

static void packs_like_bit_by_bit(void **state)
{
    (void)state;
    each(pack_check);
}

static void fills_like_bit_by_bit(void **state)
{
    (void)state;
    each(fill_check);
}

static void sets_and_clears_one_bit(void **state)
{
    uint8_t bitmap[3] = {0};

    (void)state;
    sb_bitmap_set(bitmap, 9);
    assert_int_equal(bitmap[1], 2);
    sb_bitmap_set(bitmap, 15);
    sb_bitmap_clear(bitmap, 9);
    assert_int_equal(bitmap[1], 128);
    assert_int_equal(bitmap[0] | bitmap[2], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_like_bit_by_bit),  cmocka_unit_test(copies_like_bit_by_bit),
        cmocka_unit_test(unpacks_like_bit_by_bit), cmocka_unit_test(packs_like_bit_by_bit),
        cmocka_unit_test(fills_like_bit_by_bit),   cmocka_unit_test(sets_and_clears_one_bit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
