// SPDX-License-Identifier: Apache-2.0
/*
 * join_cost.h - what a hash join of our engine takes, in nanoseconds of one worker.
 *
 * Measured with whole jobs, one worker, keys and payload of int64, 10^4 to 4 10^6 build rows, 1 to
 * 8 payload columns on each side (processor time, best of three, the sums behind the join taken
 * off; EPYC, 1 MiB of L2 a core, 32 MiB of L3):
 *
 *     a build row is hashed, scattered to its group and linked: 17 with 8 bytes, 18 to 24 with 16,
 *     28 to 41 with 40, 60 to 70 with 72. So 12 + 0.7 a byte.
 *     a probe row: 2 where keys lie so close together that they are positions (direct), else 4 to 5
 *     with tables in L1, 5 to 7 in L2, 7 to 8 in L3, 14 to 25 beyond.
 *     a probe row that finds nothing looks on: 2 to 3 more, 7, 9, 18. When the half of them find
 *     nothing, so that the processor cannot guess, each costs 8 more from L2, 15 from L3, 22
 * beyond. Neither where keys are positions. right columns of an output row: 2 each of 8 bytes from
 * L2, 4 from L3, 5 to 7 beyond. left columns: 1.2 each, or shared when every left row comes out
 * once.
 *
 * Reading the inputs costs the same in any order and is left out.
 */
#ifndef SABOT_OPTIMIZE_JOIN_COST_H
#define SABOT_OPTIMIZE_JOIN_COST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Rows that somebody joins: estimates, so no whole numbers. */
struct sb_join_side {
    double rows;
    double row_bytes; // of the columns that anybody behind needs
    bool is_direct;   // one integer key, values close together: stored, they are found by position
};

/*
 * Rows to eleven digits. Costs have steps: what is the same but for the order of multiplications
 * must be on the same side of them.
 */
static inline double sb_join_rows_round(double rows)
{
    const uint64_t dropped = UINT64_C(1) << 15; // of 52 bits
    uint64_t bits;

    memcpy(&bits, &rows, sizeof bits);
    bits = (bits + dropped / 2) & ~(dropped - 1);
    memcpy(&rows, &bits, sizeof rows);
    return rows;
}

/* What follows from what a side is, whatever it is joined with. */
struct sb_join_side_cost {
    double build;        // to store all of it
    double probe;        // a row that looks into it
    double miss;         // more if that row finds nothing
    double surprise;     // more if what it finds could not be guessed
    double gather_right; // a row of it that comes out, when it is stored
    double gather_left;  // the same when it probes
};

static inline double sb_join_side_bytes(const struct sb_join_side *side)
{
    return side->rows * side->row_bytes;
}

static inline struct sb_join_side_cost sb_join_side_cost(const struct sb_join_side *side)
{
    static const struct sb_join_side_cost levels[] = {
        {.probe = 5, .miss = 3, .surprise = 8, .gather_right = 0.25},
        {.probe = 6, .miss = 7, .surprise = 8, .gather_right = 0.25},
        {.probe = 8, .miss = 9, .surprise = 15, .gather_right = 0.5},
        {.probe = 20, .miss = 18, .surprise = 22, .gather_right = 0.75},
    };
    double bytes = side->rows * (side->row_bytes + 16); // with hash and link
    struct sb_join_side_cost cost = levels[(bytes > 16e3) + (bytes > 1e6) + (bytes > 16e6)];

    if (side->is_direct) {
        cost.probe = 2;
        cost.miss = 0;
        cost.surprise = 0;
    }
    cost.build = side->rows * (12 + 0.7 * side->row_bytes);
    cost.gather_right = 1 + cost.gather_right * side->row_bytes;
    cost.gather_left = 0.15 * side->row_bytes;
    return cost;
}

/* To store `right`, to probe it with all rows of `left` and to gather what comes out. */
static inline double sb_join_cost(double left_rows, const struct sb_join_side_cost *left,
                                  const struct sb_join_side_cost *right, double output_rows)
{
    double missed_rows = output_rows < left_rows ? left_rows - output_rows : 0;
    double found_rows = left_rows - missed_rows;
    double surprised_rows = 2 * (missed_rows < found_rows ? missed_rows : found_rows);
    bool is_shared = output_rows > 0.99 * left_rows && output_rows < 1.01 * left_rows;

    return right->build + left_rows * right->probe + missed_rows * right->miss +
           surprised_rows * right->surprise +
           output_rows * (right->gather_right + (is_shared ? 0 : left->gather_left));
}

#endif
