/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_token.h - branches and tags of ours that lead back to their slot, and to nobody else's.
 *
 * A token is 32 hex digits: a keyed tag over (kind, shard, index, generation), then those three
 * masked by a keyed hash of the tag. Who has not the key can neither read nor make one; a packet
 * finds its shard and its slot without a table and without a lock.
 */
#ifndef MASKLINE_SIP_SIP_TOKEN_H
#define MASKLINE_SIP_SIP_TOKEN_H

#include "base/pool.h"
#include "base/random.h"
#include "base/siphash.h"
#include "base/slice.h"

#define SIP_TOKEN_CHARS     32
#define SIP_TOKEN_INDEX_MAX 0xffffffu

#define SIP_BRANCH_COOKIE "z9hG4bK" /* RFC 3261 8.1.1.7 */
#define SIP_BRANCH_CHARS  (sizeof SIP_BRANCH_COOKIE - 1 + SIP_TOKEN_CHARS)

enum sip_token_kind {
        SIP_TOKEN_BRANCH = 1, /* the slot is a client transaction's */
        SIP_TOKEN_TAG,        /* the slot is a leg's */
};

struct sip_token_keys {
        struct siphash_key tag, mask;
};

struct sip_token {
        uint8_t shard;
        struct handle slot;
};

struct sip_token_text {
        char text[SIP_TOKEN_CHARS + 1];
};

struct sip_branch_text {
        char text[SIP_BRANCH_CHARS + 1];
};

void sip_token_keys_init(struct sip_token_keys *keys, struct random *random);

struct sip_token_text sip_token_make(const struct sip_token_keys *keys, enum sip_token_kind kind,
                                     struct sip_token token);
/* false: not a token of this kind made with these keys. */
bool sip_token_read(const struct sip_token_keys *keys, enum sip_token_kind kind, struct slice text,
                    struct sip_token *out);

/* Random bytes in hex, with the NUL: a Call-ID or tag of no leg. 2 * bytes + 1 are written. */
void sip_token_random(struct random *random, char *out, size_t bytes);

struct sip_branch_text sip_branch_make(const struct sip_token_keys *keys, struct sip_token token);
/* A branch that leads nowhere, for requests that are never answered: ACK of a 2xx. */
struct sip_branch_text sip_branch_random(struct random *random);
bool sip_branch_read(const struct sip_token_keys *keys, struct slice branch, struct sip_token *out);
bool sip_branch_has_cookie(struct slice branch);

#endif
