/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode_osip.c - the same values of the same messages by libosip2 (Debian libosip2-dev). What it
 * leaves as text (the options, the asserted identities, numbers) is decoded here.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/time.h>

#include <osipparser2/osip_parser.h>
#include <osipparser2/sdp_message.h>

#include "base/slice.h"
#include "decoded.h"

/* In the order of enum sip_method. */
static const char *const methods[] = {
        "INVITE", "ACK",    "BYE",       "CANCEL",  "OPTIONS", "UPDATE",   "PRACK", "INFO",
        "REFER",  "NOTIFY", "SUBSCRIBE", "PUBLISH", "MESSAGE", "REGISTER", NULL,
};

/* Words and their bits, as wire/sip_msg.h has them; the last bit is for all others. */
struct words {
        const char *words[4];
        uint32_t others;
};
static const struct words option_words = {{"100rel", "timer", "replaces"}, 1 << 30};
static const struct words privacy_words = {{"id", "user", "header", "critical"}, 0};

static unsigned method_number(const char *name)
{
        unsigned i = 0;
        while (methods[i] && strcmp(methods[i], name) != 0)
                i++;
        return i;
}

static void sum_string(uint64_t *sum, const char *text)
{
        sum_text(sum, text ? text : "", text ? strlen(text) : 0);
}

/* It takes the name as char *, and only reads it. */
static osip_generic_param_t *param_of(osip_list_t *params, const char *name)
{
        osip_generic_param_t *param = NULL;
        osip_uri_param_get_byname(params, (char *)name, &param);
        return param;
}

static const char *value_of_param(osip_list_t *params, const char *name)
{
        osip_generic_param_t *param = param_of(params, name);
        return param ? param->gvalue : NULL;
}

static unsigned number_of(const char *text)
{
        return text ? (unsigned)strtoul(text, NULL, 10) : 0;
}

static unsigned scheme_number(const char *scheme)
{
        if (!strcasecmp(scheme, "sip"))
                return 0;
        if (!strcasecmp(scheme, "sips"))
                return 1;
        return strcasecmp(scheme, "tel") ? 3 : 2;
}

/* tel: is left as text behind the colon. */
static void sum_uri(uint64_t *sum, osip_uri_t *uri)
{
        sum_string(sum, uri->string ? uri->string : uri->username);
        sum_string(sum, uri->host);
        sum_number(sum, packed(scheme_number(uri->scheme), number_of(uri->port),
                               param_of(&uri->url_params, "lr") != NULL, 0));
}

static void sum_start(uint64_t *sum, osip_message_t *sip)
{
        sum_number(sum, method_number(sip->sip_method));
        sum_uri(sum, sip->req_uri);
        sum_string(sum, sip->from->displayname);
        sum_uri(sum, sip->from->url);
        sum_string(sum, value_of_param(&sip->from->gen_params, "tag"));
        sum_uri(sum, sip->to->url);
        sum_string(sum, value_of_param(&sip->to->gen_params, "tag"));
        sum_string(sum, sip->call_id->number);
        sum_string(sum, sip->call_id->host);
        sum_number(sum, number_of(sip->cseq->number) ^ (uint64_t)method_number(sip->cseq->method)
                                                               << 32);
}

static unsigned transport_number(const char *name)
{
        if (!strcasecmp(name, "UDP"))
                return 0;
        if (!strcasecmp(name, "TCP"))
                return 1;
        return strcasecmp(name, "TLS") ? 3 : 2;
}

static void sum_vias(uint64_t *sum, osip_message_t *sip)
{
        osip_via_t *via;
        for (int i = 0; (via = osip_list_get(&sip->vias, i)); i++) {
                osip_generic_param_t *rport = param_of(&via->via_params, "rport");
                sum_number(sum, packed(transport_number(via->protocol), number_of(via->port),
                                       rport != NULL, rport ? number_of(rport->gvalue) : 0));
                sum_string(sum, via->host);
                sum_string(sum, value_of_param(&via->via_params, "branch"));
                sum_string(sum, value_of_param(&via->via_params, "received"));
        }
}

static void sum_addr(uint64_t *sum, const osip_from_t *addr)
{
        sum_string(sum, addr->displayname);
        sum_uri(sum, addr->url);
}

static void sum_addrs(uint64_t *sum, osip_list_t *list)
{
        osip_from_t *addr;
        sum_number(sum, (uint64_t)osip_list_size(list));
        for (int i = 0; (addr = osip_list_get(list, i)); i++)
                sum_addr(sum, addr);
}

/* The parser has split the values at their commas. */
static bool sum_asserted(uint64_t *sum, osip_message_t *sip)
{
        osip_header_t *header = NULL;
        uint64_t count = 0;
        for (int at = 0;
             (at = osip_message_header_get_byname(sip, "p-asserted-identity", at, &header)) >= 0;
             at++)
                count++;
        sum_number(sum, count);
        for (int at = 0;
             (at = osip_message_header_get_byname(sip, "p-asserted-identity", at, &header)) >= 0;
             at++) {
                osip_from_t *addr;
                if (osip_from_init(&addr) || osip_from_parse(addr, header->hvalue))
                        return false;
                sum_addr(sum, addr);
                osip_from_free(addr);
        }
        return true;
}

static uint32_t bit_of(const char *word, size_t len, const struct words *known)
{
        for (unsigned i = 0; i < 4 && known->words[i]; i++) {
                if (strlen(known->words[i]) == len && !strncasecmp(known->words[i], word, len))
                        return UINT32_C(1) << i;
        }
        return known->others;
}

static uint32_t bits_of(osip_message_t *sip, const char *name, const struct words *known)
{
        uint32_t bits = 0;
        osip_header_t *header = NULL;
        for (int at = 0; (at = osip_message_header_get_byname(sip, name, at, &header)) >= 0; at++) {
                const char *p = header->hvalue;
                while (p && *p) {
                        p += strspn(p, " ,;");
                        size_t len = strcspn(p, " ,;");
                        if (len)
                                bits |= bit_of(p, len, known);
                        p += len;
                }
        }
        return bits;
}

static const char *value_of(osip_message_t *sip, const char *name)
{
        osip_header_t *header = NULL;
        return osip_message_header_get_byname(sip, name, 0, &header) < 0 ? NULL : header->hvalue;
}

static uint32_t methods_of(osip_message_t *sip)
{
        uint32_t bits = 0;
        osip_allow_t *allow;
        for (int i = 0; (allow = osip_list_get(&sip->allows, i)); i++)
                bits |= UINT32_C(1) << method_number(allow->value);
        return bits;
}

static const char *either(const char *a, const char *b)
{
        return a ? a : b;
}

static void sum_options(uint64_t *sum, osip_message_t *sip, const char *body)
{
        const char *max_forwards = value_of(sip, "max-forwards");
        const char *expires = either(value_of(sip, "session-expires"), value_of(sip, "x"));
        const char *refresher = expires ? strstr(expires, "refresher=") : NULL;
        bool is_sdp = sip->content_type && !strcasecmp(sip->content_type->type, "application") &&
                      !strcasecmp(sip->content_type->subtype, "sdp");
        sum_number(sum, packed(max_forwards ? number_of(max_forwards) : UINT64_MAX,
                               bits_of(sip, "privacy", &privacy_words), is_sdp, strlen(body)));
        uint32_t supported =
                bits_of(sip, "supported", &option_words) | bits_of(sip, "k", &option_words);
        sum_number(sum, bits_of(sip, "require", &option_words) | (uint64_t)supported << 32);
        sum_number(sum, methods_of(sip));
        sum_number(sum, number_of(expires) | (uint64_t)number_of(value_of(sip, "min-se")) << 32);
        sum_string(sum, refresher ? refresher + strlen("refresher=") : NULL);
}

/* -1: none, 0 and 1 as enum sdp_codec, 2 telephone-event. */
static int codec_of(const char *rtpmap)
{
        if (!strncasecmp(rtpmap, "PCMU/8000", 9))
                return 0;
        if (!strncasecmp(rtpmap, "PCMA/8000", 9))
                return 1;
        return strncasecmp(rtpmap, "telephone-event/8000", 20) ? -1 : 2;
}

static void note_attribute(sdp_attribute_t *a, int codec_at[128], unsigned *ptime, bool *both_ways)
{
        if (!strcmp(a->a_att_field, "rtpmap")) {
                unsigned pt = number_of(a->a_att_value);
                const char *name = strchr(a->a_att_value, ' ');
                if (name && pt < 128)
                        codec_at[pt] = codec_of(name + 1);
        } else if (!strcmp(a->a_att_field, "ptime")) {
                *ptime = number_of(a->a_att_value);
        } else if (!strcmp(a->a_att_field, "sendonly") || !strcmp(a->a_att_field, "recvonly") ||
                   !strcmp(a->a_att_field, "inactive")) {
                *both_ways = false;
        }
}

static void sum_media(uint64_t *sum, sdp_media_t *media)
{
        int codec_at[128];
        unsigned ptime = 0, dtmf = 0xff, count = 0;
        bool both_ways = true;
        uint8_t order[2];
        sdp_attribute_t *attribute;
        const char *payload;
        memset(codec_at, 0xff, sizeof codec_at);
        codec_at[0] = 0;
        codec_at[8] = 1;
        for (int i = 0; (attribute = osip_list_get(&media->a_attributes, i)); i++)
                note_attribute(attribute, codec_at, &ptime, &both_ways);
        for (int i = 0; (payload = osip_list_get(&media->m_payloads, i)); i++) {
                unsigned pt = number_of(payload);
                int codec = pt < 128 ? codec_at[pt] : -1;
                if (codec == 2)
                        dtmf = pt;
                else if (codec >= 0 && count < 2)
                        order[count++] = (uint8_t)pt;
        }
        for (unsigned i = 0; i < count; i++)
                sum_number(sum, order[i]);
        sum_number(sum, packed(number_of(media->m_port), dtmf, ptime, both_ways));
}

static bool sum_sdp(uint64_t *sum, const char *body)
{
        sdp_message_t *sdp;
        struct in_addr ip;
        if (sdp_message_init(&sdp))
                return false;
        bool is_good = sdp_message_parse(sdp, body) == 0 && sdp->c_connection &&
                       inet_pton(AF_INET, sdp->c_connection->c_addr, &ip) == 1;
        sdp_media_t *media = is_good ? osip_list_get(&sdp->m_medias, 0) : NULL;
        if (media) {
                sum_number(sum, ip.s_addr | (uint64_t)osip_list_size(&sdp->m_medias) << 32);
                sum_media(sum, media);
        }
        sdp_message_free(sdp);
        return media != NULL;
}

static bool sum_all(uint64_t *sum, osip_message_t *sip)
{
        osip_body_t *body = osip_list_get(&sip->bodies, 0);
        if (!body)
                return false;
        sum_start(sum, sip);
        sum_vias(sum, sip);
        sum_addrs(sum, &sip->contacts);
        sum_addrs(sum, &sip->record_routes);
        sum_addrs(sum, &sip->routes);
        if (!sum_asserted(sum, sip))
                return false;
        sum_options(sum, sip, body->body);
        return sum_sdp(sum, body->body);
}

bool decode_osip(const struct slice *message, uint64_t *sum)
{
        static bool is_ready;
        osip_message_t *sip;
        if (!is_ready) {
                parser_init();
                is_ready = true;
        }
        if (osip_message_init(&sip))
                return false;
        bool is_good = osip_message_parse(sip, message->p, message->len) == 0 && sum_all(sum, sip);
        osip_message_free(sip);
        return is_good;
}
