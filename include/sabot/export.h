// SPDX-License-Identifier: Apache-2.0
/*
 * export.h - the mark of a function that libsabot exports.
 *
 * Only functions declared with SB_API in include/sabot/ leave the library.
 */
#ifndef SABOT_EXPORT_H
#define SABOT_EXPORT_H

#define SB_API __attribute__((visibility("default")))

#endif
