// SPDX-License-Identifier: Apache-2.0
#include "expr/letter_case.h"

uint32_t sb_letter_convert(uint32_t code, bool to_upper)
{
    const struct sb_case_range *ranges = to_upper ? sb_upper_ranges : sb_lower_ranges;
    int32_t low = 0;
    int32_t high = to_upper ? sb_upper_ranges_count : sb_lower_ranges_count;

    while (low < high) { // the first range that does not end below
        const int32_t middle = (low + high) / 2;
        if (ranges[middle].last < code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == (to_upper ? sb_upper_ranges_count : sb_lower_ranges_count) ||
        code < ranges[low].first || (code - ranges[low].first) % ranges[low].stride != 0) {
        return code;
    }
    return (uint32_t)((int32_t)code + ranges[low].delta);
}
