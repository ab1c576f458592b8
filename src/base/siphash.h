/* SPDX-License-Identifier: Apache-2.0 */
/*
 * siphash.h - SipHash-2-4, the keyed hash of in-memory tables and log hints.
 */
#ifndef MASKLINE_BASE_SIPHASH_H
#define MASKLINE_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
        uint64_t k[2];
};

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t len);

#endif
