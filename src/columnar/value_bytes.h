// SPDX-License-Identifier: Apache-2.0
/*
 * value_bytes.h - one value of any type as bytes of its own, and back.
 *
 * Keyed state keeps lists, structs and maps as such bytes, and their stable hash is that of them.
 * Equal values have equal bytes, whatever offsets, layouts of text, dictionaries or runs they come
 * from; so that keys compare with memcmp. Written canonically, -0.0 is 0.0 and every NaN is one.
 *
 * Fixed widths are as Arrow has them, decimal256 as 32 bytes that memcmp orders, text as it is. A
 * struct is a bitmap of its valid fields and those fields; a list a count doubled, plus 1 when some
 * element is null (a varint; fixed-size lists only that 0 or 1), then a bitmap of the valid
 * elements if any is null, then those. Text inside of another value has its size in front (a
 * varint). Values of dictionaries and runs stand for themselves. The bytes are part of snapshots'
 * hashes: golden tests pin them.
 */
#ifndef SABOT_COLUMNAR_VALUE_BYTES_H
#define SABOT_COLUMNAR_VALUE_BYTES_H

#include "columnar/builder.h"
#include "columnar/column.h"

/* Bytes of row `row`, which is not null. */
int64_t sb_value_size(const struct sb_column *column, int64_t row);

/* Writes them. */
void sb_value_write(const struct sb_column *column, int64_t row, bool is_canonical, uint8_t *out);

/* The hash of the canonical bytes, which are not laid out anywhere. */
uint64_t sb_value_hash(const struct sb_column *column, int64_t row);

/* `value` as 32 bytes that memcmp orders, and back. Little-endian, as Arrow has decimal256. */
void sb_decimal256_write(const uint8_t *value, uint8_t *out);
void sb_decimal256_read(const uint8_t *bytes, uint8_t *out);

/* float16 is stored only: this is its value, and the nearest one (ties to even) back. */
double sb_float16_read(uint16_t bits);
uint16_t sb_float16_write(double value);

/* Appends the value that `bytes` are; they come from sb_value_write for an equal type. */
SB_MUST_CHECK enum sb_status sb_builder_append_value(struct sb_builder *builder,
                                                     const uint8_t *bytes, int64_t size,
                                                     struct sb_error *err);

#endif
