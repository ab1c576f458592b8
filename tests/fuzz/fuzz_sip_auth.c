/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte says whether a value of a header or a whole message follows. Whatever is answered
 * must be one line that says the same again.
 */
#include <string.h>

#include "fuzz.h"
#include "wire/sip_auth.h"
#include "wire/sip_lines.h"

static void must_be_within(struct slice part, struct slice whole)
{
        MUST(part.len == 0 || (part.p >= whole.p && part.p + part.len <= whole.p + whole.len));
}

static void must_be_good(const struct sip_challenge *c, struct slice whole)
{
        must_be_within(c->realm, whole);
        must_be_within(c->nonce, whole);
        must_be_within(c->opaque, whole);
        MUST(c->realm.len <= SIP_AUTH_REALM_MAX);
        MUST(c->nonce.len && c->nonce.len <= SIP_AUTH_NONCE_MAX);
        MUST(c->opaque.len <= SIP_AUTH_OPAQUE_MAX);
        MUST(c->has_opaque || c->opaque.len == 0);
        MUST(c->has_algorithm || c->algorithm == SIP_AUTH_MD5);
}

static bool has_text(struct slice s, const char *name, struct slice value)
{
        char wanted[SIP_AUTH_NONCE_MAX + 32];
        struct buf b;
        buf_init(&b, wanted, sizeof wanted);
        buf_printf(&b, "%s=\"", name);
        buf_put_slice(&b, value);
        buf_put_char(&b, '"');
        MUST(buf_ok(&b));
        return memmem(s.p, s.len, wanted, b.len) != NULL;
}

static void answer(const struct sip_challenge *c)
{
        char text[1024];
        struct buf b;
        const struct sip_authorization authorization = {
                .username = SLICE("u"),
                .realm = c->realm,
                .nonce = c->nonce,
                .uri = SLICE("sip:h"),
                .response = SLICE("0"),
                .has_opaque = c->has_opaque,
                .opaque = c->opaque,
                .has_algorithm = c->has_algorithm,
                .algorithm = c->algorithm,
                .nonce_count = c->has_qop,
                .cnonce = SLICE("c"),
        };
        buf_init(&b, text, sizeof text);
        sip_write_authorization(&b, &authorization);
        MUST(buf_ok(&b));
        struct slice line = buf_slice(&b);
        MUST(memchr(line.p, '\r', line.len) == line.p + line.len - 2);
        MUST(memchr(line.p, '\n', line.len) == line.p + line.len - 1);
        MUST(!memchr(line.p, 0, line.len));
        MUST(has_text(line, "realm", c->realm));
        MUST(has_text(line, "nonce", c->nonce));

        /* Read back as if it were a challenge: the same texts at the same places. */
        struct sip_challenge again;
        struct slice rest = line, value;
        MUST(sip_lines_next(&rest, SLICE("Authorization"), &value));
        MUST(sip_challenge_parse(value, &again) == 0);
        MUST(slice_equal(again.realm, c->realm) && slice_equal(again.nonce, c->nonce));
        MUST(slice_equal(again.opaque, c->opaque) && again.has_opaque == c->has_opaque);
        MUST(again.algorithm == c->algorithm && again.has_qop == c->has_qop);
}

static void on_value(struct slice value)
{
        struct sip_challenge c = {.nonce = SLICE("untouched")};
        int err = sip_challenge_parse(value, &c);
        if (err) {
                MUST(err == ERR_SYNTAX || err == ERR_TOO_LARGE || err == ERR_NOT_FOUND);
                MUST(slice_equal(c.nonce, SLICE("untouched")));
                return;
        }
        must_be_good(&c, value);
        answer(&c);
}

static void on_message(struct slice message)
{
        for (int is_proxy = 0; is_proxy < 2; is_proxy++) {
                struct sip_challenge c;
                struct slice next;
                if (sip_challenge_choose(message, is_proxy, SLICE_NONE, &c)) {
                        must_be_good(&c, message);
                        answer(&c);
                        struct sip_challenge same;
                        MUST(c.realm.len == 0 ||
                             sip_challenge_choose(message, is_proxy, c.realm, &same));
                }
                if (sip_auth_next_nonce(message, is_proxy, &next)) {
                        must_be_within(next, message);
                        MUST(next.len && next.len <= SIP_AUTH_NONCE_MAX);
                }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size == 0)
                return 0;
        struct slice text = {(const char *)data + 1, size - 1};
        if (data[0] & 1)
                on_value(text);
        else
                on_message(text);
        return 0;
}
