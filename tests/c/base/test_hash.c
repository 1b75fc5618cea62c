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
        {0, UINT64_C(0xf51fe36b96f1c2ed)},   {1, UINT64_C(0xd5effd1694605dd4)},
        {2, UINT64_C(0xb048a608794a8eae)},   {3, UINT64_C(0x69060dc0d6487532)},
        {4, UINT64_C(0xbc3a7505e15472a6)},   {5, UINT64_C(0xeca930574b1c0525)},
        {6, UINT64_C(0x427d18a5c3a27033)},   {7, UINT64_C(0x015a4b262bfa7755)},
        {8, UINT64_C(0x5492f64f7bb8d343)},   {9, UINT64_C(0xe22097303ef363e1)},
        {10, UINT64_C(0xb52ad39c0997342a)},  {11, UINT64_C(0xa0ca4459b9b9e2fb)},
        {12, UINT64_C(0xf32a73db44a1ff8d)},  {13, UINT64_C(0xab19f4746b4ef268)},
        {14, UINT64_C(0x6df78c39f7bb6c37)},  {15, UINT64_C(0x5432b7311e292064)},
        {16, UINT64_C(0x6c0319f0ed0f33a7)},  {17, UINT64_C(0x31403a38eaa4bac6)},
        {18, UINT64_C(0xb7ad4519cbd40fe9)},  {19, UINT64_C(0x1f6153061744fb29)},
        {20, UINT64_C(0xbe945e7c6cb449d1)},  {21, UINT64_C(0xb0773b8601a92185)},
        {22, UINT64_C(0x9f61cb4812f4b8df)},  {23, UINT64_C(0xc4cfc1100ff78117)},
        {24, UINT64_C(0x59ab4ff0e7608e13)},  {25, UINT64_C(0x637f2feb8443972e)},
        {26, UINT64_C(0x17a8d158ae85955d)},  {27, UINT64_C(0x35458c775d6da21a)},
        {28, UINT64_C(0xaa14ce593f5fe907)},  {29, UINT64_C(0x4b4460ba2c16e97c)},
        {30, UINT64_C(0x0d41440eb6a5237e)},  {31, UINT64_C(0x3b28f022b6d98f06)},
        {32, UINT64_C(0x08a032ac877cca14)},  {33, UINT64_C(0x20fd265a6fe94d94)},
        {34, UINT64_C(0xec3c3e48090d4f07)},  {35, UINT64_C(0x65436086d5892579)},
        {36, UINT64_C(0x60d37dafde69444b)},  {37, UINT64_C(0x852c4bbd2b6ab284)},
        {38, UINT64_C(0x5b0e36c5f40b29a5)},  {39, UINT64_C(0xd6ce7b5cf2c21a37)},
        {40, UINT64_C(0xeba9cc4f57977478)},  {63, UINT64_C(0x74002d930cbe3229)},
        {64, UINT64_C(0xd2e3e096bd6edccc)},  {65, UINT64_C(0xe6d1c9972affc2d6)},
        {66, UINT64_C(0x65ee445bfc0e04e1)},  {79, UINT64_C(0xd0d1f90aabbb0598)},
        {80, UINT64_C(0x18166b4b6b3ca48d)},  {81, UINT64_C(0x462b07cf2127d626)},
        {127, UINT64_C(0xf72afa7ff4cba077)}, {128, UINT64_C(0x1b37d08c9c20cde6)},
        {129, UINT64_C(0xdfb24207517e9d66)}, {130, UINT64_C(0x0de61c051fa9ccb2)},
        {200, UINT64_C(0xe332286abc88ec12)}, {256, UINT64_C(0xa59eb18cc764fd81)},
        {300, UINT64_C(0xf38814c9430d317b)},
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
    assert_int_equal(sb_hash_bytes("price", 5), UINT64_C(0x48c31168f5f07f29));
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
                     UINT64_C(0xfa3f543b1e21c2b5));
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
