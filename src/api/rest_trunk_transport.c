/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_trunk_transport.h"

#include "io/dns_records.h"

static const char *const names[] = {
        [TRUNK_UDP] = "udp", [TRUNK_TCP] = "tcp", [TRUNK_TLS] = "tls", [TRUNK_AUTO] = "auto", NULL};

/* Of its peer, if that is an address; else 0. */
static uint8_t peer_family(const struct trunk *trunk)
{
        struct addr peer;
        return addr_parse_ip(slice_from(trunk->peer_host), &peer) ? 0 : peer.family;
}

/* We must be heard where its answers and its requests come: a socket of that kind. */
static bool is_heard(const struct rest *rest, const struct trunk *trunk,
                     enum trunk_transport transport)
{
        const struct calls *calls = rest->api->params.calls;
        if (transport != TRUNK_TCP && transport != TRUNK_TLS)
                return true;
        enum sip_transport wanted = transport == TRUNK_TCP ? SIP_TCP : SIP_TLS;
        const uint8_t family = peer_family(trunk);
        if (family)
                return calls_listens(calls, wanted, family);
        return calls_listens(calls, wanted, 4) || calls_listens(calls, wanted, 6);
}

static bool read_transport(struct rest *rest, const json_t *value, struct trunk *trunk)
{
        unsigned transport = trunk->transport;
        if (!body_choice(rest, value, "transport", names, &transport))
                return false;
        if (value && !is_heard(rest, trunk, (enum trunk_transport)transport)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "transport",
                            transport == TRUNK_TLS
                                    ? "Set sip_tls_listen, tls_certificate and tls_key, "
                                      "and start the server again."
                                    : "Set sip_tcp_listen and start the server again.",
                            "the server does not listen for SIP over %s%s", names[transport],
                            peer_family(trunk) == 6 ? " at an IPv6 address" : "");
                return false;
        }
        trunk->transport = (enum trunk_transport)transport;
        return true;
}

static bool is_domain(struct slice text)
{
        char name[DNS_NAME_MAX + 1];
        struct addr address;
        return text.len == 0 || addr_parse_ip(text, &address) == 0 ||
               dns_read_name(text, name) == 0;
}

static bool read_client_domain(struct rest *rest, const json_t *value, struct trunk *trunk)
{
        if (value &&
            (!is_domain(body_slice(value)) ||
             slice_to_text(body_slice(value), trunk->client_domain, sizeof trunk->client_domain))) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "client_certificate",
                            "Write the domain that its certificate names, like sip.example.net, or "
                            "an empty text.",
                            "whose certificate a client must show is a domain or an IP address");
                return false;
        }
        /* Over anything else nobody shows one: the requirement would be none. */
        if (trunk->client_domain[0] && trunk->transport != TRUNK_TLS) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "client_certificate",
                            "Set transport to tls, or leave client_certificate out.",
                            "only a trunk with transport tls can ask for certificates");
                return false;
        }
        return true;
}

bool rest_trunk_transport_read(struct rest *rest, const json_t **values, struct trunk *trunk)
{
        return read_transport(rest, values[TRANSPORT_TRANSPORT], trunk) &&
               read_client_domain(rest, values[TRANSPORT_CLIENT_DOMAIN], trunk);
}

void rest_trunk_transport_add(const struct trunk *trunk, json_t *json)
{
        json_object_set_new(json, "transport", json_string(names[trunk->transport]));
        json_object_set_new(json, "client_certificate", json_string(trunk->client_domain));
}
