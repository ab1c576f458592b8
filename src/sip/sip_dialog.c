/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_dialog.h"

#include <assert.h>
#include <string.h>

/* The texts before they are packed. */
struct texts {
        struct slice call_id, local_uri, remote_uri, remote_tag, target, first_route;
        struct slice others[SIP_ROUTES_MAX];
        unsigned other_count;
        struct slice first_route_uri; /* within first_route, or empty */
};

/* RFC 3261 19.1.1: a URI's headers have no place in a Request-URI, From or To. */
static struct slice bare(const struct sip_uri *uri)
{
        struct slice text = uri->text;
        if (uri->headers.len)
                text.len = (size_t)(uri->headers.p - text.p) - 1;
        return text;
}

static bool put(struct sip_dialog *dialog, size_t *at, struct slice text, struct sip_span *span)
{
        if (text.len > sizeof dialog->text - *at)
                return false;
        *span = (struct sip_span){(uint16_t)*at, (uint16_t)text.len};
        if (text.len)
                memcpy(dialog->text + *at, text.p, text.len);
        *at += text.len;
        return true;
}

static bool put_others(struct sip_dialog *dialog, size_t *at, const struct texts *texts)
{
        size_t begin = *at;
        for (unsigned i = 0; i < texts->other_count; i++) {
                struct sip_span unused;
                if (i && !put(dialog, at, SLICE(","), &unused))
                        return false;
                if (!put(dialog, at, texts->others[i], &unused))
                        return false;
        }
        dialog->other_routes = (struct sip_span){(uint16_t)begin, (uint16_t)(*at - begin)};
        return true;
}

static int pack(struct sip_dialog *dialog, const struct texts *texts)
{
        struct sip_dialog packed = *dialog;
        size_t at = 0;
        if (!put(&packed, &at, texts->call_id, &packed.call_id) ||
            !put(&packed, &at, texts->local_uri, &packed.local_uri) ||
            !put(&packed, &at, texts->remote_uri, &packed.remote_uri) ||
            !put(&packed, &at, texts->remote_tag, &packed.remote_tag) ||
            !put(&packed, &at, texts->target, &packed.target) ||
            !put(&packed, &at, texts->first_route, &packed.first_route) ||
            !put_others(&packed, &at, texts))
                return ERR_TOO_LARGE;

        packed.first_route_uri = (struct sip_span){0};
        if (texts->first_route_uri.len) {
                size_t within = (size_t)(texts->first_route_uri.p - texts->first_route.p);
                assert(within + texts->first_route_uri.len <= texts->first_route.len);
                packed.first_route_uri.at = (uint16_t)(packed.first_route.at + within);
                packed.first_route_uri.len = (uint16_t)texts->first_route_uri.len;
        }
        memset(packed.text + at, 0, sizeof packed.text - at);
        *dialog = packed;
        return 0;
}

static struct texts unpack(const struct sip_dialog *dialog)
{
        return (struct texts){
                .call_id = sip_dialog_text(dialog, dialog->call_id),
                .local_uri = sip_dialog_text(dialog, dialog->local_uri),
                .remote_uri = sip_dialog_text(dialog, dialog->remote_uri),
                .remote_tag = sip_dialog_text(dialog, dialog->remote_tag),
                .target = sip_dialog_text(dialog, dialog->target),
                .first_route = sip_dialog_text(dialog, dialog->first_route),
                .first_route_uri = sip_dialog_text(dialog, dialog->first_route_uri),
                .others = {sip_dialog_text(dialog, dialog->other_routes)},
                .other_count = dialog->other_routes.len > 0,
        };
}

/* RFC 3261 12.1.1, 12.1.2: the called side keeps the order, the calling side reverses it. */
static bool take_routes(struct texts *texts, const struct sip_msg *msg, bool reversed)
{
        unsigned count = msg->record_route_count;
        texts->other_count = 0;
        texts->first_route = texts->first_route_uri = SLICE_NONE;
        if (count == 0)
                return true;

        const struct sip_name_addr *first = &msg->record_routes[reversed ? count - 1 : 0];
        texts->first_route = first->text;
        texts->first_route_uri = bare(&first->uri);
        for (unsigned i = 1; i < count; i++)
                texts->others[texts->other_count++] =
                        msg->record_routes[reversed ? count - 1 - i : i].text;
        return first->uri.has_lr;
}

int sip_dialog_init_uas(struct sip_dialog *dialog, const struct sip_msg *invite,
                        struct sip_token_text local_tag)
{
        assert(invite->contact_count == 1);
        struct texts texts = {
                .call_id = invite->call_id,
                .local_uri = bare(&invite->to.uri),
                .remote_uri = bare(&invite->from.uri),
                .remote_tag = invite->from.tag,
                .target = bare(&invite->contacts[0].uri),
        };
        struct sip_dialog fresh = {.remote_cseq = invite->cseq, .local_tag = local_tag};
        fresh.route_is_loose = take_routes(&texts, invite, false);
        int err = pack(&fresh, &texts);
        if (!err)
                *dialog = fresh;
        return err;
}

int sip_dialog_init_uac(struct sip_dialog *dialog, const struct sip_dialog_uac *uac)
{
        const struct texts texts = {
                .call_id = uac->call_id,
                .local_uri = uac->local_uri,
                .remote_uri = uac->remote_uri,
                .target = uac->target,
        };
        struct sip_dialog fresh = {
                .local_cseq = uac->cseq,
                .local_tag = uac->local_tag,
                .next_hop = uac->next_hop,
                .route_is_loose = true,
        };
        int err = pack(&fresh, &texts);
        if (!err)
                *dialog = fresh;
        return err;
}

int sip_dialog_establish(struct sip_dialog *dialog, const struct sip_msg *response)
{
        struct texts texts = unpack(dialog);
        texts.remote_tag = response->to.tag;
        if (response->contact_count)
                texts.target = bare(&response->contacts[0].uri);
        bool is_loose = take_routes(&texts, response, true);
        int err = pack(dialog, &texts);
        if (!err)
                dialog->route_is_loose = is_loose;
        return err;
}

int sip_dialog_init_stray(struct sip_dialog *dialog, const struct sip_msg *response)
{
        struct sip_dialog_uac uac = {
                .call_id = response->call_id,
                .local_uri = bare(&response->from.uri),
                .remote_uri = bare(&response->to.uri),
                .target = bare(&response->to.uri),
                .cseq = response->cseq,
        };
        if (response->from.tag.len != SIP_TOKEN_CHARS)
                return ERR_SYNTAX;
        memcpy(uac.local_tag.text, response->from.tag.p, SIP_TOKEN_CHARS);
        int err = sip_dialog_init_uac(dialog, &uac);
        return err ? err : sip_dialog_establish(dialog, response);
}

int sip_dialog_set_target(struct sip_dialog *dialog, const struct sip_uri *uri)
{
        struct texts texts = unpack(dialog);
        texts.target = bare(uri);
        return pack(dialog, &texts);
}

bool sip_dialog_has_request(const struct sip_dialog *dialog, const struct sip_msg *request)
{
        return slice_equal(sip_dialog_text(dialog, dialog->call_id), request->call_id) &&
               slice_equal(sip_dialog_text(dialog, dialog->remote_tag), request->from.tag);
}

static enum sip_transport transport_of(const struct sip_uri *uri)
{
        if (uri->scheme == SIP_SCHEME_SIPS || slice_equal_nocase(uri->transport, SLICE("tls")))
                return SIP_TLS;
        if (slice_equal_nocase(uri->transport, SLICE("tcp")))
                return SIP_TCP;
        if (slice_equal_nocase(uri->transport, SLICE("udp")))
                return SIP_UDP;
        return SIP_TRANSPORT_OTHER;
}

const struct sip_uri *sip_dialog_new_target(const struct sip_msg *msg)
{
        bool is_usable = msg->contact_count == 1 && !msg->contact_is_star &&
                         msg->contacts[0].uri.scheme == SIP_SCHEME_SIP;
        return is_usable ? &msg->contacts[0].uri : NULL;
}

bool sip_dialog_uri_hop(const struct sip_uri *uri, struct sip_target *out)
{
        struct addr hop;
        if (addr_parse_ip(uri->host, &hop))
                return false;
        hop.port = uri->port;
        *out = sip_target_of(transport_of(uri), hop);
        return true;
}

int sip_dialog_hop_uri(const struct sip_dialog *dialog, struct sip_uri *out)
{
        return sip_uri_parse(sip_dialog_text(dialog, dialog->first_route.len
                                                             ? dialog->first_route_uri
                                                             : dialog->target),
                             out);
}

bool sip_dialog_literal_hop(const struct sip_dialog *dialog, struct sip_target *out)
{
        struct sip_uri uri;
        return !sip_dialog_hop_uri(dialog, &uri) && sip_dialog_uri_hop(&uri, out);
}

enum sip_transport sip_dialog_hop_transport(enum sip_transport said, enum sip_transport usual,
                                            enum sip_transport source)
{
        if (usual == SIP_TLS || source == SIP_TLS)
                return SIP_TLS;
        if (said != SIP_TRANSPORT_OTHER)
                return said;
        return source == SIP_UDP || usual == SIP_TRANSPORT_OTHER ? source : usual;
}
