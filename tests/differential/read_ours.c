/* SPDX-License-Identifier: Apache-2.0 */
#include "reading.h"

#include <stdio.h>
#include <string.h>

#include "wire/sip_msg.h"

static const char *scheme_name(enum sip_scheme scheme)
{
        switch (scheme) {
        case SIP_SCHEME_SIP:
                return "sip";
        case SIP_SCHEME_SIPS:
                return "sips";
        case SIP_SCHEME_TEL:
                return "tel";
        case SIP_SCHEME_OTHER:
                return "another";
        }
        return "another";
}

static struct slice without_brackets(struct slice host)
{
        if (host.len > 1 && host.p[0] == '[')
                return (struct slice){host.p + 1, host.len - 2};
        return host;
}

static void put_uri(struct reading *out, enum value value, const struct sip_uri *uri)
{
        struct slice user = uri->user;
        if (uri->user_params.len)
                user.len = (size_t)(uri->user_params.p + uri->user_params.len - user.p);
        const struct uri_parts parts = {
                .scheme = scheme_name(uri->scheme),
                .user = user,
                .host = without_brackets(uri->host),
                .port = uri->port,
                .has_lr = uri->has_lr,
        };
        reading_put_uri(out, value, &parts);
}

static void put_start(struct reading *out, const struct sip_msg *msg)
{
        if (msg->is_request) {
                reading_put(out, VALUE_METHOD, msg->method_text);
                put_uri(out, VALUE_TARGET, &msg->request_uri);
        } else {
                reading_put_number(out, VALUE_METHOD, msg->status);
        }
        put_uri(out, VALUE_FROM, &msg->from.uri);
        reading_put(out, VALUE_FROM_TAG, msg->from.tag);
        put_uri(out, VALUE_TO, &msg->to.uri);
        reading_put(out, VALUE_TO_TAG, msg->to.tag);
        reading_put(out, VALUE_CALL_ID, msg->call_id);

        char text[256];
        int len =
                snprintf(text, sizeof text, "%u %.*s", msg->cseq, SLICE_ARG(msg->cseq_method_text));
        reading_put(out, VALUE_CSEQ, (struct slice){text, (size_t)len});
}

static void put_via(struct reading *out, const struct sip_via *via)
{
        char text[512];
        struct slice host = without_brackets(via->host);
        int len = snprintf(text, sizeof text, "%.*s:%u", SLICE_ARG(host), via->port);
        reading_put(out, VALUE_SENT_BY, (struct slice){text, (size_t)len});
        reading_put(out, VALUE_BRANCH, via->branch);
        reading_put(out, VALUE_RECEIVED, without_brackets(via->received));
}

void read_by_ours(struct slice message, struct reading *out)
{
        static struct sip_msg msg;
        bool reply_possible;
        memset(out, 0, sizeof *out);
        out->is_accepted = sip_msg_parse(message, &msg, &reply_possible) == 0;
        if (!out->is_accepted)
                return;

        put_start(out, &msg);
        put_via(out, &msg.vias[0]);
        reading_put_number(out, VALUE_VIAS, msg.via_count);
        reading_put_number(out, VALUE_CONTACTS, msg.contact_count + msg.contact_is_star);
        if (msg.contact_count)
                put_uri(out, VALUE_CONTACT, &msg.contacts[0].uri);
        reading_put_number(out, VALUE_ROUTES, msg.route_count);
        reading_put_number(out, VALUE_RECORD_ROUTES, msg.record_route_count);
        if (msg.max_forwards >= 0)
                reading_put_number(out, VALUE_MAX_FORWARDS, (uint64_t)msg.max_forwards);
        if (msg.expires_s >= 0)
                reading_put_number(out, VALUE_EXPIRES, (uint64_t)msg.expires_s);
        struct slice rest;
        reading_put(out, VALUE_CONTENT_TYPE,
                    slice_trim(slice_split(slice_split(msg.content_type, ';', &rest), '/', &rest)));
        reading_put_number(out, VALUE_BODY, msg.body.len);
}
