/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read_osip.c - the same by libosip2 (Debian libosip2-dev), which keeps parts of it as text.
 */
#include "reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>

#include <osipparser2/osip_parser.h>

static struct slice slice_of(const char *text)
{
        return text ? slice_from(text) : SLICE_NONE;
}

/* It takes the name as char *, and only reads it. */
static osip_generic_param_t *param_of(osip_list_t *params, const char *name)
{
        osip_generic_param_t *param = NULL;
        osip_uri_param_get_byname(params, (char *)name, &param);
        return param;
}

static struct slice value_of_param(osip_list_t *params, const char *name)
{
        osip_generic_param_t *param = param_of(params, name);
        return slice_of(param ? param->gvalue : NULL);
}

static unsigned number_of(const char *text)
{
        return text ? (unsigned)strtoul(text, NULL, 10) : 0;
}

static struct slice without_brackets(struct slice host)
{
        if (host.len > 1 && host.p[0] == '[')
                return (struct slice){host.p + 1, host.len - 2};
        return host;
}

/* Of a scheme but sip: and sips:, all behind the colon is one string. */
static void put_uri(struct reading *out, enum value value, osip_uri_t *uri)
{
        char scheme[16];
        snprintf(scheme, sizeof scheme, "%s", uri->scheme ? uri->scheme : "");
        for (char *c = scheme; *c; c++)
                *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
        struct slice rest, number = slice_split(slice_of(uri->string), ';', &rest);
        const struct uri_parts parts = {
                .scheme = scheme,
                .user = uri->string ? number : slice_of(uri->username),
                .host = without_brackets(slice_of(uri->host)),
                .port = number_of(uri->port),
                .has_lr = param_of(&uri->url_params, "lr") != NULL,
        };
        reading_put_uri(out, value, &parts);
}

static void put_party(struct reading *out, enum value value, enum value tag, osip_from_t *party)
{
        put_uri(out, value, party->url);
        reading_put(out, tag, value_of_param(&party->gen_params, "tag"));
}

static void put_via(struct reading *out, osip_via_t *via)
{
        char text[512];
        struct slice host = without_brackets(slice_of(via->host));
        int len = snprintf(text, sizeof text, "%.*s:%u", SLICE_ARG(host), number_of(via->port));
        reading_put(out, VALUE_SENT_BY, (struct slice){text, (size_t)len});
        reading_put(out, VALUE_BRANCH, value_of_param(&via->via_params, "branch"));
        reading_put(out, VALUE_RECEIVED,
                    without_brackets(value_of_param(&via->via_params, "received")));
}

static void put_start(struct reading *out, osip_message_t *sip)
{
        char text[512];
        if (MSG_IS_REQUEST(sip)) {
                reading_put(out, VALUE_METHOD, slice_of(sip->sip_method));
                put_uri(out, VALUE_TARGET, sip->req_uri);
        } else {
                reading_put_number(out, VALUE_METHOD, (unsigned)sip->status_code);
        }
        put_party(out, VALUE_FROM, VALUE_FROM_TAG, sip->from);
        put_party(out, VALUE_TO, VALUE_TO_TAG, sip->to);
        int len = snprintf(text, sizeof text, "%s%s%s", sip->call_id->number,
                           sip->call_id->host ? "@" : "",
                           sip->call_id->host ? sip->call_id->host : "");
        reading_put(out, VALUE_CALL_ID, (struct slice){text, (size_t)len});
        len = snprintf(text, sizeof text, "%u %s", number_of(sip->cseq->number), sip->cseq->method);
        reading_put(out, VALUE_CSEQ, (struct slice){text, (size_t)len});
}

static void put_number_of(struct reading *out, enum value value, osip_message_t *sip,
                          const char *name)
{
        osip_header_t *header = NULL;
        if (osip_message_header_get_byname(sip, name, 0, &header) >= 0 && header->hvalue)
                reading_put_number(out, value, number_of(header->hvalue));
}

static void put_rest(struct reading *out, osip_message_t *sip)
{
        osip_contact_t *contact = osip_list_get(&sip->contacts, 0);
        osip_body_t *body = osip_list_get(&sip->bodies, 0);
        reading_put_number(out, VALUE_VIAS, (unsigned)osip_list_size(&sip->vias));
        reading_put_number(out, VALUE_CONTACTS, (unsigned)osip_list_size(&sip->contacts));
        if (contact && contact->url)
                put_uri(out, VALUE_CONTACT, contact->url);
        reading_put_number(out, VALUE_ROUTES, (unsigned)osip_list_size(&sip->routes));
        reading_put_number(out, VALUE_RECORD_ROUTES, (unsigned)osip_list_size(&sip->record_routes));
        put_number_of(out, VALUE_MAX_FORWARDS, sip, "max-forwards");
        put_number_of(out, VALUE_EXPIRES, sip, "expires");
        if (sip->content_type)
                reading_put(out, VALUE_CONTENT_TYPE, slice_of(sip->content_type->type));
        reading_put_number(out, VALUE_BODY, body ? body->length : 0);
}

/* It does not ask for the headers that every message must have (RFC 3261 8.1.1). */
static bool is_whole(osip_message_t *sip)
{
        osip_via_t *via = osip_list_get(&sip->vias, 0);
        return sip->from && sip->from->url && sip->to && sip->to->url && sip->call_id &&
               sip->call_id->number && sip->cseq && sip->cseq->number && sip->cseq->method && via &&
               (!MSG_IS_REQUEST(sip) || sip->req_uri);
}

static void say_nothing(const char *file, int line, osip_trace_level_t level, const char *format,
                        va_list args)
{
        (void)file;
        (void)line;
        (void)level;
        (void)format;
        (void)args;
}

void read_by_osip(struct slice message, struct reading *out)
{
        static bool is_ready;
        osip_message_t *sip;
        if (!is_ready) {
                osip_trace_initialize_func(END_TRACE_LEVEL, say_nothing);
                parser_init();
        }
        is_ready = true;
        memset(out, 0, sizeof *out);
        if (osip_message_init(&sip))
                abort();
        out->is_accepted = osip_message_parse(sip, message.p, message.len) == 0 && is_whole(sip);
        if (out->is_accepted) {
                put_start(out, sip);
                put_via(out, osip_list_get(&sip->vias, 0));
                put_rest(out, sip);
        }
        osip_message_free(sip);
}
