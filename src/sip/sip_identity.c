/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_identity.h"

#include <stdio.h>
#include <string.h>

#define USER_BYTES 64 /* longer than any writing of a number that we read */

static const struct slice anonymous_users[] = {
        {"anonymous", 9},
        {"unavailable", 11},
        {"restricted", 10},
};

static bool is_anonymous(const struct sip_uri *uri)
{
        /* RFC 3323 4.1.1.3; some networks put a domain of their own beside the user. */
        if (slice_equal_nocase(uri->host, SLICE("anonymous.invalid")))
                return true;
        for (size_t i = 0; i < sizeof anonymous_users / sizeof anonymous_users[0]; i++) {
                if (slice_equal_nocase(uri->user, anonymous_users[i]))
                        return true;
        }
        return false;
}

/*
 * A local number with a global context (RFC 3966 5.1.5) belongs to that country; when it is the
 * trunk's own, the trunk's plan knows its prefixes. A domain as context says nothing.
 */
static int parse_in_context(const char *user, struct slice context, const struct number_plan *plan,
                            struct number *out)
{
        char own[sizeof plan->country + 1];
        snprintf(own, sizeof own, "+%s", plan->country);
        bool is_foreign =
                slice_starts_with(context, SLICE("+")) && !slice_equal(context, slice_from(own));
        if (user[0] == '+' || !is_foreign)
                return number_parse(slice_from(user), plan, out);

        char global[2 * USER_BYTES];
        struct buf b;
        buf_init(&b, global, sizeof global);
        buf_put_slice(&b, context);
        buf_put_text(&b, user);
        return buf_ok(&b) ? number_parse(buf_slice(&b), plan, out) : ERR_RANGE;
}

int sip_identity_number(const struct sip_uri *uri, const struct number_plan *plan,
                        const char *prefix, struct number *out)
{
        if (uri->scheme == SIP_SCHEME_OTHER)
                return ERR_SYNTAX;

        /* RFC 3261 19.1.6: in a sip URI the number's own parameters are part of the user. */
        const struct slice params = uri->scheme == SIP_SCHEME_TEL ? uri->params : uri->user_params;
        char user[USER_BYTES], context[USER_BYTES] = "";
        struct slice escaped;
        int err = sip_uri_user(uri, user, sizeof user);
        if (!err && sip_param_find(params, SLICE("phone-context"), &escaped))
                err = sip_uri_unescape(escaped, context, sizeof context);
        if (err)
                return err;
        size_t skip = strlen(prefix);
        bool has_prefix = slice_starts_with(slice_from(user), slice_from(prefix));
        return parse_in_context(user + (has_prefix ? skip : 0), slice_from(context), plan, out);
}

static bool is_withheld(const struct sip_msg *invite)
{
        const uint32_t asked =
                SIP_PRIVACY_ID | SIP_PRIVACY_USER | SIP_PRIVACY_HEADER | SIP_PRIVACY_CRITICAL;
        return (invite->privacy & asked) || is_anonymous(&invite->from.uri);
}

/*
 * RFC 3325 9.1: a sip and a tel URI of one subscriber. The one that is a number counts; of two
 * different ones neither does.
 */
static struct number read_asserted(const struct trunk *trunk, const struct sip_msg *invite)
{
        struct number found = {0};
        for (unsigned i = 0; i < invite->asserted_count; i++) {
                struct number one;
                if (sip_identity_number(&invite->asserted[i].uri, &trunk->plan,
                                        trunk->writing.caller_prefix, &one))
                        continue;
                if (found.e164 && !number_equal(found, one))
                        return (struct number){0};
                found = one;
        }
        return found;
}

static void read_caller(const struct trunk *trunk, const struct sip_msg *invite,
                        struct real_number *out)
{
        bool is_asserted =
                trunk->caller_from == TRUNK_CALLER_FROM_ASSERTED && invite->asserted_count > 0;
        if (is_asserted)
                out->n = read_asserted(trunk, invite);
        else if (sip_identity_number(&invite->from.uri, &trunk->plan, trunk->writing.caller_prefix,
                                     &out->n))
                out->n = (struct number){0};
}

void sip_identity_read(const struct trunk *trunk, const struct sip_msg *invite,
                       struct sip_identity *out)
{
        *out = (struct sip_identity){.caller_withheld = is_withheld(invite)};
        if (!out->caller_withheld)
                read_caller(trunk, invite, &out->caller);

        const struct sip_uri *dialled = trunk->dialled_from == TRUNK_DIALLED_FROM_TO
                                                ? &invite->to.uri
                                                : &invite->request_uri;
        if (sip_identity_number(dialled, &trunk->plan, trunk->writing.dialled_prefix,
                                &out->dialled.n))
                out->dialled.n = (struct number){0};
}
