// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_expression.h - any bytes as an expression: parsed, written, bound and run.
 */
#ifndef SABOT_FUZZ_EXPRESSION_H
#define SABOT_FUZZ_EXPRESSION_H

#include <stddef.h>
#include <stdint.h>

/* What libFuzzer calls. Aborts when something must hold and does not. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Of the last input: 0 refused, 1 parsed, 2 bound, 3 run. */
int fuzz_expression_depth(void);

#endif
