/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fuzz.h"
#include "wire/sip_uri.h"

static bool is_within(struct slice part, struct slice whole)
{
        return part.len == 0 || (part.p >= whole.p && part.p + part.len <= whole.p + whole.len);
}

/* Nothing that could leave the angle brackets or the line which the URI is written into. */
static bool is_safe(struct slice s)
{
        for (size_t i = 0; i < s.len; i++) {
                if ((uint8_t)s.p[i] <= ' ' || (uint8_t)s.p[i] >= 0x7f || strchr("<>\"\\", s.p[i]))
                        return false;
        }
        return true;
}

static bool is_same(const struct sip_uri *a, const struct sip_uri *b)
{
        return a->scheme == b->scheme && a->port == b->port && a->has_lr == b->has_lr &&
               a->user.p == b->user.p && a->user.len == b->user.len && a->host.p == b->host.p &&
               a->host.len == b->host.len && a->params.len == b->params.len &&
               a->headers.len == b->headers.len && a->transport.len == b->transport.len &&
               a->maddr.len == b->maddr.len;
}

static void check_user(const struct sip_uri *uri)
{
        char exact[256];
        memset(exact, 'x', sizeof exact);
        int err = sip_uri_user(uri, exact, sizeof exact);
        MUST(err == 0 || err == ERR_SYNTAX || err == ERR_TOO_LARGE);
        if (err) {
                MUST(exact[0] == 'x');
                return;
        }
        size_t len = strlen(exact);
        MUST(len <= uri->user.len);

        char *tight = malloc(len + 1);
        MUST(tight);
        MUST(sip_uri_user(uri, tight, len) == ERR_TOO_LARGE);
        MUST(sip_uri_user(uri, tight, len + 1) == 0);
        MUST(strcmp(tight, exact) == 0);
        free(tight);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice text = {(const char *)data, size};
        struct sip_uri uri = {.port = 12345};
        if (sip_uri_parse(text, &uri)) {
                MUST(uri.port == 12345);
                return 0;
        }

        struct sip_uri again;
        MUST(sip_uri_parse(text, &again) == 0 && is_same(&uri, &again));
        MUST(uri.text.p == text.p && uri.text.len == text.len);
        MUST(is_safe(text));
        const struct slice parts[] = {uri.user,    uri.user_params, uri.host, uri.params,
                                      uri.headers, uri.transport,   uri.maddr};
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
                MUST(is_within(parts[i], text));
        bool is_sip = uri.scheme == SIP_SCHEME_SIP || uri.scheme == SIP_SCHEME_SIPS;
        MUST((uri.host.len > 0) == is_sip);
        MUST(uri.scheme != SIP_SCHEME_TEL || uri.user.len > 0);
        MUST(is_within(uri.transport, uri.params) && is_within(uri.maddr, uri.params));
        check_user(&uri);
        return 0;
}
