/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h - the operator's token: 256 random bits in a file that only the owner reads. Keys are written
 * alike.
 *
 * The server keeps a keyed BLAKE2b hash of it, never the token, and compares in constant time.
 */
#ifndef MASKLINE_API_TOKEN_H
#define MASKLINE_API_TOKEN_H

#include "base/random.h"
#include "base/slice.h"

#define TOKEN_PREFIX     "mk_"
#define TOKEN_TEXT_BYTES 46 /* prefix and 43 characters of base64url */
#define TOKEN_HASH_BYTES 32

struct token {
        uint8_t key[TOKEN_HASH_BYTES]; /* drawn anew by each process */
        uint8_t hash[TOKEN_HASH_BYTES];
};

/*
 * Reads data_dir/api.token; makes it, readable by the owner only, when there is none. A file that
 * others may read, that is no regular file or holds no token is refused: `problem` (512 bytes).
 */
int token_open(const char *data_dir, struct random *random, struct token *out,
               char *problem) MUST_CHECK;

/* A new one, drawn at random. */
void token_make(struct random *random, char out[TOKEN_TEXT_BYTES + 1]);

/* What follows "Bearer" in the header's value (RFC 6750 2.1); empty: it says something else. */
struct slice token_of(struct slice authorization);

/* `authorization` is the header's value: "Bearer mk_..." (RFC 6750 2.1). */
bool token_admits(const struct token *token, struct slice authorization);

#endif
