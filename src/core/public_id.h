/* SPDX-License-Identifier: Apache-2.0 */
/*
 * public_id.h - how a sequential id is spelt outside: 16 characters that tell neither how many
 * there are nor what the next one is.
 *
 * A 40-bit keyed tag of the id, and the id under a mask made from the tag: 80 bits in Crockford's
 * base 32, lower case. Only the canonical spelling parses, and only with the right tag: a guess
 * hits with a chance of 2^-40. It is no secret that protects anything by itself.
 */
#ifndef MASKLINE_CORE_PUBLIC_ID_H
#define MASKLINE_CORE_PUBLIC_ID_H

#include <stdint.h>

#include "base/siphash.h"
#include "base/slice.h"

#define PUBLIC_ID_CHARS 16
#define PUBLIC_ID_MAX   ((UINT64_C(1) << 40) - 1)

struct public_id_key {
        struct siphash_key tag, mask;
};

/* From 32 key bytes. */
struct public_id_key public_id_key_from(const uint8_t bytes[32]);

/* Writes PUBLIC_ID_CHARS characters, no NUL. `id` is at most PUBLIC_ID_MAX. */
void public_id_format(const struct public_id_key *key, uint64_t id, char out[PUBLIC_ID_CHARS]);

/* ERR_SYNTAX when it is no such text, ERR_NOT_FOUND when the tag is not the id's. */
int public_id_parse(const struct public_id_key *key, struct slice text, uint64_t *out) MUST_CHECK;

#endif
