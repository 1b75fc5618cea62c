// SPDX-License-Identifier: Apache-2.0
/*
 * test_hash.c - the values of the stable hash, pinned for ever.
 *
 * A change here breaks every checkpoint and every key partition there is. The values come from a
 * second implementation, in Python.
 */
#include "base/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"

static void pins_integers(void **state)
{
    static const struct {
        int64_t value;
        uint64_t hash;
    } golden[] = {
        {INT64_C(0), UINT64_C(0x556a3992330d1a93)},
        {INT64_C(1), UINT64_C(0xc174ee7052da6641)},
        {INT64_C(2), UINT64_C(0x19d7c078c10bed84)},
        {INT64_C(-1), UINT64_C(0x68913b365d4a6a99)},
        {INT64_C(-128), UINT64_C(0x2269fe05f1c0f758)},
        {INT64_C(127), UINT64_C(0x29fba30401f3b5d8)},
        {INT64_C(255), UINT64_C(0xb50b7c665c8826fb)},
        {INT64_C(65535), UINT64_C(0x5b1ccd9fd2455209)},
        {INT64_C(2147483647), UINT64_C(0xeecd6b3eeb79a9cf)},
        {INT64_C(-2147483648), UINT64_C(0xaecb9adf19c7ad21)},
        {INT64_C(9223372036854775807), UINT64_C(0x1d7d636dd74e7407)},
        {INT64_C(1000000007), UINT64_C(0x88f8ad95028d727e)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        assert_int_equal(sb_hash64((uint64_t)golden[i].value), golden[i].hash);
    }
    assert_int_equal(sb_hash64(UINT64_MAX), sb_hash64((uint64_t)INT64_C(-1)));
}

static void pins_floats(void **state)
{
    static const struct {
        double value;
        uint64_t hash;
    } golden[] = {
        {0.0, UINT64_C(0xb16236fc473426a8)},      {-0.0, UINT64_C(0xb16236fc473426a8)},
        {1.0, UINT64_C(0xdecf57eb4c606761)},      {-1.0, UINT64_C(0xa03083c5bc05b04c)},
        {0.5, UINT64_C(0x2ab597cbce4d2c4e)},      {100.25, UINT64_C(0xaa977843fd83fe6b)},
        {1e300, UINT64_C(0xc9c8848ac43bf7be)},    {5e-324, UINT64_C(0xe0ecbca6b7908fc4)},
        {INFINITY, UINT64_C(0x3e8e9501ff3847c2)}, {-INFINITY, UINT64_C(0xa84b0e429fc23add)},
        {NAN, UINT64_C(0xbef2d272229f6841)},      {-NAN, UINT64_C(0xbef2d272229f6841)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        assert_int_equal(sb_hash_double(golden[i].value), golden[i].hash);
    }
}

static void hashes_every_nan_as_one(void **state)
{
    (void)state;
    for (uint64_t payload = 1; payload < UINT64_C(1) << 52; payload *= 3) {
        for (uint64_t sign = 0; sign < 2; sign++) {
            uint64_t bits = sign << 63 | UINT64_C(0x7ff0000000000000) | payload;
            double nan;

            memcpy(&nan, &bits, sizeof nan);
            assert_int_equal(sb_hash_double(nan), sb_hash_double(NAN));
        }
    }
}

static void pins_decimals(void **state)
{
    (void)state;
    assert_int_equal(sb_hash_wide(0, 0), UINT64_C(0x925bfb8438376c24));
    assert_int_equal(sb_hash_wide(1, 0), UINT64_C(0xb6bbe9bda7a9f67e));
    assert_int_equal(sb_hash_wide(1250, 0), UINT64_C(0x8438583b213abe77));
    assert_int_equal(sb_hash_wide(0, 1), UINT64_C(0x872f6e8579c79751));
    assert_int_equal(sb_hash_wide(UINT64_MAX, UINT64_MAX), UINT64_C(0xd3f99b3236afd941));
}

static void pins_text(void **state)
{
    static const struct {
        size_t size;
        uint64_t hash;
    } golden[] = {
        {0, UINT64_C(0xb828cf1bc14a03fa)},   {1, UINT64_C(0xf300fcf809c37127)},
        {2, UINT64_C(0x40d80b2fe8b20f8b)},   {3, UINT64_C(0xafed93d28ff20e24)},
        {4, UINT64_C(0x259dd2467674a9ff)},   {5, UINT64_C(0x7548d57c100dd230)},
        {6, UINT64_C(0x0bcfd9007ea1c588)},   {7, UINT64_C(0x056a41e87b351c73)},
        {8, UINT64_C(0xfb5beb1e4f0d0598)},   {9, UINT64_C(0x283c3faf23e4f177)},
        {10, UINT64_C(0x8a3b82f474989fc5)},  {11, UINT64_C(0xfd033ca118aae880)},
        {12, UINT64_C(0x42e54adc6e6fbbb7)},  {13, UINT64_C(0x1a263b2408931369)},
        {14, UINT64_C(0x5b077e2ef6f314dc)},  {15, UINT64_C(0x7e7925b6c15d0b9b)},
        {16, UINT64_C(0x358ad2a4e8743065)},  {17, UINT64_C(0x6904cc271157fb26)},
        {18, UINT64_C(0xa5f240f2390b94c5)},  {19, UINT64_C(0x19724fc3182377e6)},
        {20, UINT64_C(0x3fbc31788af256ad)},  {21, UINT64_C(0x23c18e9542cd6d9d)},
        {22, UINT64_C(0xeba87effdd7a0db7)},  {23, UINT64_C(0x69ffba287b7a296b)},
        {24, UINT64_C(0x26cbd6de0cd59966)},  {25, UINT64_C(0x5bcf9c444de6e7d9)},
        {26, UINT64_C(0x07b434b7c942fe45)},  {27, UINT64_C(0x61ed1b55a0223b68)},
        {28, UINT64_C(0xba4fd3aa9f96d080)},  {29, UINT64_C(0x1647297de7757c13)},
        {30, UINT64_C(0xcc90cab177bdb819)},  {31, UINT64_C(0xdbac4ed2f8f3953f)},
        {32, UINT64_C(0x10445a7da6c8c642)},  {33, UINT64_C(0x24774ed28aaaaa79)},
        {34, UINT64_C(0x1278100fbd520a69)},  {35, UINT64_C(0x5132901f1e75e0c1)},
        {36, UINT64_C(0x6081536b7c0168d1)},  {37, UINT64_C(0xd524b0a44e2c4d11)},
        {38, UINT64_C(0x495537f25d0e7198)},  {39, UINT64_C(0x03b22a7a0ae6c14e)},
        {40, UINT64_C(0x2797e6901a870ce2)},  {63, UINT64_C(0xf8ed9f8747902201)},
        {64, UINT64_C(0x25146414177bdd72)},  {65, UINT64_C(0x06e46eb4ec9f0c81)},
        {66, UINT64_C(0x3424d4e6ab77b806)},  {79, UINT64_C(0xe95327f442e62a27)},
        {80, UINT64_C(0x65e58f239e2368d7)},  {81, UINT64_C(0x0808d7a6ee582af5)},
        {127, UINT64_C(0x5bc5852be889ce9e)}, {128, UINT64_C(0x36a55d169c6578da)},
        {129, UINT64_C(0x707b19465987373f)}, {130, UINT64_C(0xfa84ba1456fbd4ac)},
        {200, UINT64_C(0xd4a1d622db5528c0)}, {256, UINT64_C(0x4db47c07a2bec3db)},
        {300, UINT64_C(0xb2eee1b44574d095)},
    };
    uint8_t text[300];

    (void)state;
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (uint8_t)(i * 7 + 33);
    }
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        // At its own end of memory and at every alignment: a sanitizer sees each byte too many.
        for (size_t shift = 0; shift < 8; shift++) {
            uint8_t *copy = malloc(golden[i].size + shift + 1);

            assert_non_null(copy);
            copy = realloc(copy, golden[i].size + shift > 0 ? golden[i].size + shift : 1);
            assert_non_null(copy);
            memcpy(copy + shift, text, golden[i].size);
            assert_int_equal(sb_hash_bytes(copy + shift, golden[i].size), golden[i].hash);
            free(copy);
        }
    }
    assert_int_equal(sb_hash_bytes(NULL, 0), golden[0].hash);
    assert_int_equal(sb_hash_bytes("price", 5), UINT64_C(0xfbfee29effa7a1c7));
}

static void pins_combinations(void **state)
{
    uint64_t one = sb_hash64(1);
    uint64_t two = sb_hash64(2);

    (void)state;
    assert_int_equal(SB_HASH_NULL, UINT64_C(0x9b1f3a6d52c8e047));
    assert_int_equal(sb_hash_combine(one, two), UINT64_C(0x9cc26e7c262325ef));
    assert_int_equal(sb_hash_combine(two, one), UINT64_C(0x824137d5d0fea031));
    assert_int_equal(sb_hash_combine(SB_HASH_NULL, one), UINT64_C(0xafde9670905403e2));
    assert_int_equal(sb_hash_combine(one, SB_HASH_NULL), UINT64_C(0xa593fc36e041556f));
    assert_int_equal(sb_hash_combine(sb_hash_combine(sb_hash64(7), sb_hash_bytes("abc", 3)),
                                     sb_hash_double(1.5)),
                     UINT64_C(0x43d50e83a8f4c793));
}

// Changing any one bit of the input changes each bit of the hash about half the time.
static void avalanche_check(uint64_t (*hash)(const uint8_t *bytes, size_t size), size_t size)
{
    enum { ROUNDS = 1000, SIZE_MAX_TESTED = 40 };
    static int changed[SIZE_MAX_TESTED * 8][64];
    uint8_t bytes[SIZE_MAX_TESTED];
    uint64_t random = 1;

    memset(changed, 0, sizeof changed);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t before;

        for (size_t i = 0; i < size; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            bytes[i] = (uint8_t)(random >> 56);
        }
        before = hash(bytes, size);
        for (size_t bit = 0; bit < size * 8; bit++) {
            uint64_t difference;

            bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            difference = before ^ hash(bytes, size);
            bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            for (int i = 0; i < 64; i++) {
                changed[bit][i] += (difference >> i) & 1;
            }
        }
    }
    for (size_t bit = 0; bit < size * 8; bit++) {
        for (int i = 0; i < 64; i++) {
            assert_in_range(changed[bit][i], ROUNDS * 4 / 10, ROUNDS * 6 / 10);
        }
    }
}

static uint64_t integer_hash(const uint8_t *bytes, size_t size)
{
    uint64_t value;

    (void)size;
    memcpy(&value, bytes, sizeof value);
    return sb_hash64(value);
}

static uint64_t wide_hash(const uint8_t *bytes, size_t size)
{
    uint64_t halves[2];

    (void)size;
    memcpy(halves, bytes, sizeof halves);
    return sb_hash_wide(halves[0], halves[1]);
}

static uint64_t text_hash(const uint8_t *bytes, size_t size)
{
    return sb_hash_bytes(bytes, size);
}

static void spreads_every_bit(void **state)
{
    (void)state;
    avalanche_check(integer_hash, 8);
    avalanche_check(wide_hash, 16);
    for (size_t size = 3; size <= 40; size++) {
        avalanche_check(text_hash, size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pins_integers),
        cmocka_unit_test(pins_floats),
        cmocka_unit_test(hashes_every_nan_as_one),
        cmocka_unit_test(pins_decimals),
        cmocka_unit_test(pins_text),
        cmocka_unit_test(pins_combinations),
        cmocka_unit_test(spreads_every_bit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
