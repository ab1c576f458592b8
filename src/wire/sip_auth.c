/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_auth.h"

#include <assert.h>
#include <string.h>

#include "base/steps.h"
#include "wire/sip_lines.h"
#include "wire/sip_text.h"

/* What may come in a challenge, each at most once; other names are skipped. */
enum param {
        PARAM_REALM,
        PARAM_NONCE,
        PARAM_OPAQUE,
        PARAM_ALGORITHM,
        PARAM_QOP,
        PARAM_STALE,
        PARAM_NEXT_NONCE,
        PARAMS,
};

static const struct {
        const char *name;
        uint16_t bytes_max;
        bool must_be_quoted;
} params[PARAMS] = {
        [PARAM_REALM] = {"realm", SIP_AUTH_REALM_MAX, true},
        [PARAM_NONCE] = {"nonce", SIP_AUTH_NONCE_MAX, true},
        [PARAM_OPAQUE] = {"opaque", SIP_AUTH_OPAQUE_MAX, true},
        /* RFC 7616 3.3 says which of them are quoted; peers do not agree, and nothing depends on it. */
        [PARAM_ALGORITHM] = {"algorithm", 32, false},
        [PARAM_QOP] = {"qop", 64, false},
        [PARAM_STALE] = {"stale", 8, false},
        [PARAM_NEXT_NONCE] = {"nextnonce", SIP_AUTH_NONCE_MAX, true},
};

struct values {
        struct slice text[PARAMS];
        bool has[PARAMS];
};

/* Goes back to the peer between quotes: no byte of it may end a line. */
static bool is_line_safe(struct slice s)
{
        for (size_t i = 0; i < s.len; i++) {
                uint8_t c = (uint8_t)s.p[i];
                if (c < ' ' || c == 0x7f)
                        return false;
        }
        return true;
}

static enum param param_from(struct slice name)
{
        for (unsigned i = 0; i < PARAMS; i++) {
                if (text_is_word(name, slice_from(params[i].name)))
                        return (enum param)i;
        }
        return PARAMS;
}

static int note_param(struct values *values, const struct sip_param *param)
{
        enum param which = param_from(param->name);
        if (!param->has_value)
                return ERR_SYNTAX;
        if (which == PARAMS)
                return 0;
        struct slice value = param->value;
        bool is_quoted = value.p[0] == '"';
        if (values->has[which] || (params[which].must_be_quoted && !is_quoted))
                return ERR_SYNTAX;
        if (is_quoted)
                value = (struct slice){value.p + 1, value.len - 2};
        if (!is_line_safe(value))
                return ERR_SYNTAX;
        if (value.len > params[which].bytes_max)
                return ERR_TOO_LARGE;
        values->has[which] = true;
        values->text[which] = value;
        return 0;
}

/* auth-param *(COMMA auth-param) to the end. */
static int read_params(struct text_cursor *c, struct values *values)
{
        do {
                struct sip_param param;
                if (!sip_take_param(c, &param))
                        return ERR_SYNTAX;
                int err = note_param(values, &param);
                if (err)
                        return err;
        } while (text_take_char(c, ','));
        return text_at_end(c) ? 0 : ERR_SYNTAX;
}

static bool read_algorithm(const struct values *values, struct sip_challenge *out)
{
        struct slice name = values->text[PARAM_ALGORITHM];
        out->has_algorithm = values->has[PARAM_ALGORITHM];
        out->algorithm = SIP_AUTH_MD5;
        if (!out->has_algorithm || text_is_word(name, SLICE("md5")))
                return true;
        out->algorithm = SIP_AUTH_SHA256;
        return text_is_word(name, SLICE("sha-256"));
}

/* A list: token *(COMMA token). */
static bool offers_auth(struct slice qop)
{
        struct slice rest = qop;
        while (rest.len) {
                struct slice one = slice_trim(slice_split(rest, ',', &rest));
                if (text_is_word(one, SLICE("auth")))
                        return true;
        }
        return false;
}

int sip_challenge_parse(struct slice value, struct sip_challenge *out)
{
        struct text_cursor c = text_cursor(value);
        struct slice scheme = text_take(&c, &sip_token);
        if (scheme.len == 0)
                return ERR_SYNTAX;
        if (!text_is_word(scheme, SLICE("digest")))
                return ERR_NOT_FOUND;
        const char *end_of_scheme = c.p;
        text_skip_lws(&c);
        if (c.p == end_of_scheme)
                return ERR_SYNTAX;

        struct values values = {0};
        int err = read_params(&c, &values);
        if (err)
                return err;
        if (!values.has[PARAM_REALM] || !values.has[PARAM_NONCE] || !values.text[PARAM_NONCE].len)
                return ERR_SYNTAX;

        struct sip_challenge challenge = {
                .realm = values.text[PARAM_REALM],
                .nonce = values.text[PARAM_NONCE],
                .opaque = values.text[PARAM_OPAQUE],
                .has_opaque = values.has[PARAM_OPAQUE],
                .has_qop = values.has[PARAM_QOP],
                .is_stale = text_is_word(values.text[PARAM_STALE], SLICE("true")),
        };
        if (!read_algorithm(&values, &challenge))
                return ERR_NOT_FOUND;
        if (challenge.has_qop && !offers_auth(values.text[PARAM_QOP]))
                return ERR_NOT_FOUND;
        *out = challenge;
        return 0;
}

static bool choose(struct slice response, bool is_proxy, struct slice realm,
                   struct sip_challenge *out)
{
        struct slice name = is_proxy ? SLICE("Proxy-Authenticate") : SLICE("WWW-Authenticate");
        struct slice rest = response, value;
        bool is_found = false;
        while (sip_lines_next(&rest, name, &value)) {
                struct sip_challenge challenge;
                if (sip_challenge_parse(value, &challenge))
                        continue;
                if (realm.len && !slice_equal(challenge.realm, realm))
                        continue;
                if (is_found && challenge.algorithm <= out->algorithm)
                        continue;
                *out = challenge;
                is_found = true;
        }
        return is_found;
}

bool sip_challenge_choose(struct slice response, bool is_proxy, struct slice realm,
                          struct sip_challenge *out)
{
        uint64_t before = steps_taken();
        bool is_found = choose(response, is_proxy, realm, out);
        steps_assert_bounded(before, response.len);
        return is_found;
}

bool sip_auth_next_nonce(struct slice response, bool is_proxy, struct slice *out)
{
        struct slice name =
                is_proxy ? SLICE("Proxy-Authentication-Info") : SLICE("Authentication-Info");
        struct slice rest = response, value;
        if (!sip_lines_next(&rest, name, &value))
                return false;
        struct values values = {0};
        struct text_cursor c = text_cursor(value);
        if (read_params(&c, &values) || !values.text[PARAM_NEXT_NONCE].len)
                return false;
        *out = values.text[PARAM_NEXT_NONCE];
        return true;
}

static void put_quoted(struct buf *b, const char *name, struct slice value)
{
        assert(is_line_safe(value));
        buf_put_text(b, name);
        buf_put_text(b, "=\"");
        buf_put_slice(b, value);
        buf_put_char(b, '"');
}

static void put_qop(struct buf *b, const struct sip_authorization *a)
{
        char count[9];
        for (unsigned i = 0; i < 8; i++)
                count[i] = "0123456789abcdef"[a->nonce_count >> (28 - 4 * i) & 0xf];
        count[8] = 0;
        put_quoted(b, ", cnonce", a->cnonce);
        buf_put_text(b, ", qop=auth, nc=");
        buf_put_text(b, count);
}

void sip_write_authorization(struct buf *b, const struct sip_authorization *a)
{
        assert(sip_auth_is_plain(a->username));
        buf_put_text(b, a->is_proxy ? "Proxy-Authorization: " : "Authorization: ");
        put_quoted(b, "Digest username", a->username);
        put_quoted(b, ", realm", a->realm);
        put_quoted(b, ", nonce", a->nonce);
        put_quoted(b, ", uri", a->uri);
        put_quoted(b, ", response", a->response);
        if (a->has_algorithm)
                buf_put_text(b, a->algorithm == SIP_AUTH_SHA256 ? ", algorithm=SHA-256"
                                                                : ", algorithm=MD5");
        if (a->has_opaque)
                put_quoted(b, ", opaque", a->opaque);
        if (a->nonce_count)
                put_qop(b, a);
        buf_put_text(b, "\r\n");
}

bool sip_auth_is_plain(struct slice text)
{
        for (size_t i = 0; i < text.len; i++) {
                if (text.p[i] == '"' || text.p[i] == '\\')
                        return false;
        }
        return is_line_safe(text);
}
