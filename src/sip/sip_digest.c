/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_digest.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* One of its types has the name of one of our error codes. */
#define ERR_STATE openssl_err_state
#include <openssl/crypto.h>
#include <openssl/evp.h>
#undef ERR_STATE

#include "base/secret.h"
#include "base/siphash.h"

#define STALE_MAX 2 /* a peer whose nonces are stale at once would have us try for ever */

struct sip_digest {
        char username[TRUNK_USERNAME_BYTES];
        char password[TRUNK_PASSWORD_BYTES];
        char realm_wanted[TRUNK_REALM_BYTES];

        /* Of the challenge answered last; no nonce: none. */
        char realm[SIP_AUTH_REALM_MAX + 1], nonce[SIP_AUTH_NONCE_MAX + 1],
                opaque[SIP_AUTH_OPAQUE_MAX + 1];
        bool is_proxy, has_opaque, has_qop, has_algorithm;
        enum sip_auth_algorithm algorithm;
        uint32_t nonce_count;         /* of the request sent last with this nonce */
        struct sip_digest_mark *mark; /* not owned; NULL: none */
};

static const EVP_MD *hash_of(enum sip_auth_algorithm algorithm)
{
        switch (algorithm) {
        case SIP_AUTH_MD5:
                return EVP_md5();
        case SIP_AUTH_SHA256:
                return EVP_sha256();
        }
        assert(!"no such algorithm");
        return NULL;
}

/* H(a ":" b ":" c ...) in hex. */
static int hash(enum sip_auth_algorithm algorithm, const struct slice *parts, unsigned count,
                struct sip_digest_hex *out)
{
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        uint8_t bytes[EVP_MAX_MD_SIZE];
        unsigned len = 0;
        if (!ctx)
                return -ENOMEM;
        bool is_good = EVP_DigestInit_ex(ctx, hash_of(algorithm), NULL);
        for (unsigned i = 0; is_good && i < count; i++) {
                if (i)
                        is_good = EVP_DigestUpdate(ctx, ":", 1);
                if (is_good)
                        is_good = EVP_DigestUpdate(ctx, parts[i].p, parts[i].len);
        }
        is_good = is_good && EVP_DigestFinal_ex(ctx, bytes, &len);
        EVP_MD_CTX_free(ctx);
        if (!is_good)
                return -EOPNOTSUPP;

        struct buf b;
        *out = (struct sip_digest_hex){0};
        buf_init(&b, out->text, sizeof out->text - 1);
        buf_put_hex(&b, bytes, len);
        assert(buf_ok(&b));
        OPENSSL_cleanse(bytes, sizeof bytes);
        return 0;
}

static struct sip_digest_count {
        char text[9];
} count_text(uint32_t count)
{
        struct sip_digest_count out = {{0}};
        const uint8_t bytes[4] = {count >> 24, count >> 16 & 0xff, count >> 8 & 0xff, count & 0xff};
        struct buf b;
        buf_init(&b, out.text, sizeof out.text - 1);
        buf_put_hex(&b, bytes, sizeof bytes);
        return out;
}

int sip_digest_response(const struct sip_digest_input *in, struct sip_digest_hex *out)
{
        struct sip_digest_hex a1, a2;
        const struct slice who[] = {in->username, in->realm, in->password};
        const struct slice what[] = {in->method, in->uri};
        int err = hash(in->algorithm, who, 3, &a1);
        if (!err)
                err = hash(in->algorithm, what, 2, &a2);
        if (!err) {
                const struct sip_digest_count count = count_text(in->nonce_count);
                const struct slice with_qop[] = {slice_from(a1.text),    in->nonce,
                                                 slice_from(count.text), in->cnonce,
                                                 SLICE("auth"),          slice_from(a2.text)};
                const struct slice without[] = {slice_from(a1.text), in->nonce,
                                                slice_from(a2.text)};
                err = in->nonce_count ? hash(in->algorithm, with_qop, 6, out)
                                      : hash(in->algorithm, without, 3, out);
        }
        OPENSSL_cleanse(&a1, sizeof a1);
        return err;
}

int sip_digest_create(struct slice username, struct slice password, struct slice realm,
                      struct sip_digest **out)
{
        struct sip_digest *digest = secret_alloc(sizeof *digest);
        if (!digest)
                return -ENOMEM;
        assert(sip_auth_is_plain(username));
        int err = slice_to_text(username, digest->username, sizeof digest->username);
        if (!err)
                err = slice_to_text(password, digest->password, sizeof digest->password);
        if (!err)
                err = slice_to_text(realm, digest->realm_wanted, sizeof digest->realm_wanted);
        if (err) {
                sip_digest_destroy(digest);
                return err;
        }
        *out = digest;
        return 0;
}

void sip_digest_destroy(struct sip_digest *digest)
{
        secret_free(digest, sizeof *digest);
}

bool sip_digest_has(const struct sip_digest *digest, struct slice username, struct slice password,
                    struct slice realm)
{
        return slice_equal(slice_from(digest->username), username) &&
               slice_equal(slice_from(digest->password), password) &&
               slice_equal(slice_from(digest->realm_wanted), realm);
}

static void keep(char *out, size_t bytes, struct slice text)
{
        int err = slice_to_text(text, out, bytes);
        assert(!err); /* the limits are those of the parser */
}

void sip_digest_keep_count(struct sip_digest *digest, struct sip_digest_mark *mark)
{
        digest->mark = mark;
}

/* The same in every process. */
static uint64_t hash_of_nonce(const struct sip_digest *digest)
{
        static const struct siphash_key no_secret;
        return siphash(&no_secret, digest->nonce, strlen(digest->nonce));
}

static uint32_t marked_count(const struct sip_digest *digest)
{
        const struct sip_digest_mark *mark = digest->mark;
        return mark && mark->nonce == hash_of_nonce(digest) ? mark->count : 0;
}

static void mark_count(const struct sip_digest *digest)
{
        struct sip_digest_mark *mark = digest->mark;
        uint64_t nonce = hash_of_nonce(digest);
        if (!mark)
                return;
        if (mark->nonce != nonce)
                mark->count = 0;
        mark->nonce = nonce;
        mark->count = digest->nonce_count;
}

static void take(struct sip_digest *digest, const struct sip_challenge *challenge, bool is_proxy)
{
        bool is_same_nonce = slice_equal(challenge->nonce, slice_from(digest->nonce));
        keep(digest->realm, sizeof digest->realm, challenge->realm);
        keep(digest->nonce, sizeof digest->nonce, challenge->nonce);
        if (!is_same_nonce)
                digest->nonce_count = marked_count(digest);
        keep(digest->opaque, sizeof digest->opaque, challenge->opaque);
        digest->is_proxy = is_proxy;
        digest->has_opaque = challenge->has_opaque;
        digest->has_qop = challenge->has_qop;
        digest->algorithm = challenge->algorithm;
        digest->has_algorithm = challenge->has_algorithm;
}

enum sip_digest_verdict sip_digest_challenge(struct sip_digest *digest,
                                             const struct sip_msg *response,
                                             struct sip_digest_attempt *attempt)
{
        struct sip_challenge challenge;
        bool is_proxy = response->status == 407;
        assert(response->status == 401 || is_proxy);
        if (!sip_challenge_choose(response->text, is_proxy, slice_from(digest->realm_wanted),
                                  &challenge))
                return SIP_DIGEST_UNSUITABLE;
        if (attempt->is_answered && (!challenge.is_stale || attempt->stale_count == STALE_MAX)) {
                digest->nonce[0] = 0;
                return SIP_DIGEST_REFUSED;
        }
        if (attempt->is_answered)
                attempt->stale_count++;
        attempt->is_answered = true;
        take(digest, &challenge, is_proxy);
        return SIP_DIGEST_ANSWER;
}

static void make_cnonce(struct random *random, char out[SIP_CNONCE_CHARS])
{
        uint8_t bytes[SIP_CNONCE_CHARS / 2];
        struct buf b;
        random_fill(random, bytes, sizeof bytes);
        buf_init(&b, out, SIP_CNONCE_CHARS);
        buf_put_hex(&b, bytes, sizeof bytes);
        assert(buf_ok(&b));
}

void sip_digest_authorize(struct sip_digest *digest, struct random *random, enum sip_method method,
                          struct slice uri, struct buf *b)
{
        char cnonce[SIP_CNONCE_CHARS];
        struct sip_digest_hex response;
        if (!digest->nonce[0])
                return;
        make_cnonce(random, cnonce);
        if (digest->has_qop) {
                digest->nonce_count++;
                mark_count(digest);
        }
        const struct sip_digest_input input = {
                .algorithm = digest->algorithm,
                .username = slice_from(digest->username),
                .realm = slice_from(digest->realm),
                .password = slice_from(digest->password),
                .method = sip_method_name(method),
                .uri = uri,
                .nonce = slice_from(digest->nonce),
                .nonce_count = digest->nonce_count,
                .cnonce = {cnonce, sizeof cnonce},
        };
        if (sip_digest_response(&input, &response))
                return;
        const struct sip_authorization authorization = {
                .is_proxy = digest->is_proxy,
                .username = input.username,
                .realm = input.realm,
                .nonce = input.nonce,
                .uri = uri,
                .response = slice_from(response.text),
                .has_opaque = digest->has_opaque,
                .opaque = slice_from(digest->opaque),
                .has_algorithm = digest->has_algorithm,
                .algorithm = digest->algorithm,
                .nonce_count = input.nonce_count,
                .cnonce = input.cnonce,
        };
        sip_write_authorization(b, &authorization);
}

void sip_digest_learn(struct sip_digest *digest, const struct sip_msg *response)
{
        struct slice next;
        if (!digest->nonce[0] || !sip_auth_next_nonce(response->text, digest->is_proxy, &next))
                return;
        keep(digest->nonce, sizeof digest->nonce, next);
        digest->nonce_count = marked_count(digest);
}
