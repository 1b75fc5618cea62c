// SPDX-License-Identifier: Apache-2.0
/*
 * seed.h - the one source of randomness in C tests.
 *
 * A test that fails by chance must be able to fail again: the seed is printed, and SB_TEST_SEED
 * sets it.
 */
#ifndef SABOT_SUPPORT_SEED_H
#define SABOT_SUPPORT_SEED_H

#include <stdint.h>

/* The number in SB_TEST_SEED, else one from the clock. Prints it on each call. */
uint64_t test_seed(void);

/* The next number of the sequence that `*state` (seeded with test_seed()) stands for. */
uint64_t test_random(uint64_t *state);

#endif
