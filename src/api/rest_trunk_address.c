/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_trunk_address.h"

#include <stdio.h>
#include <string.h>

int rest_trunk_address_parse_source(struct slice text, struct trunk_source *out)
{
        struct trunk_source source = {0};
        struct slice port = SLICE_NONE, prefix = text;
        const char *last = text.len ? memrchr(text.p, ':', text.len) : NULL;
        const char *bracket = text.len ? memchr(text.p, ']', text.len) : NULL;
        bool one_colon = last && memchr(text.p, ':', text.len) == last;
        if (text.len && text.p[0] == '[' && bracket) {
                struct slice rest = {bracket + 1, text.len - (size_t)(bracket + 1 - text.p)};
                prefix = (struct slice){text.p + 1, (size_t)(bracket - text.p) - 1};
                if (rest.len && rest.p[0] != ':')
                        return ERR_SYNTAX;
                if (rest.len)
                        port = (struct slice){rest.p + 1, rest.len - 1};
                if (rest.len == 1)
                        return ERR_SYNTAX;
        } else if (one_colon) {
                prefix.len = (size_t)(last - text.p);
                port = (struct slice){last + 1, text.len - prefix.len - 1};
                if (!port.len)
                        return ERR_SYNTAX;
        }

        uint32_t number = 0;
        if (port.len && (slice_to_u32(port, 65535, &number) || number == 0))
                return ERR_SYNTAX;
        source.port = (uint16_t)number;
        int err = addr_prefix_parse(prefix, &source.prefix);
        if (!err)
                *out = source;
        return err;
}

static bool read_sources(struct rest *rest, const json_t *value, struct trunk *trunk)
{
        size_t count = json_array_size(value);
        if (count == 0 || count > TRUNK_SOURCES_MAX) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "sources", "Correct the list.",
                            "a trunk has 1 to %d sources", TRUNK_SOURCES_MAX);
                return false;
        }
        for (size_t i = 0; i < count; i++) {
                char field[24];
                snprintf(field, sizeof field, "sources[%zu]", i);
                const json_t *text = json_array_get(value, i);
                int err = ERR_SYNTAX;
                if (json_is_string(text))
                        err = rest_trunk_address_parse_source(body_slice(text), &trunk->sources[i]);
                if (err) {
                        rest_refuse(rest, PROBLEM_BAD_VALUE, field,
                                    err == ERR_RANGE ? "Clear the bits, or lengthen the prefix."
                                                     : "Write it like 192.0.2.0/24.",
                                    err == ERR_RANGE
                                            ? "the address has bits set beyond its prefix length"
                                            : "a source is an IP address or prefix, with or "
                                              "without a port");
                        return false;
                }
        }
        trunk->source_count = (uint8_t)count;
        return true;
}

/* A host name (RFC 1123 2.1): letters, digits, hyphens and dots. */
static bool is_host_name(struct slice s)
{
        for (size_t i = 0; i < s.len; i++) {
                char c = s.p[i];
                bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '.')
                        return false;
        }
        return s.len > 0 && s.len < TRUNK_HOST_BYTES && s.p[0] != '-' && s.p[0] != '.';
}

static int parse_peer(struct slice text, struct trunk *trunk)
{
        struct addr ip;
        if (addr_parse(text, 5060, &ip) == 0) {
                strcpy(trunk->peer_host, addr_format_ip(&ip).text);
                trunk->peer_port = ip.port;
                return ip.port ? 0 : ERR_SYNTAX;
        }

        uint32_t port = 0;
        struct slice digits;
        struct slice host = slice_split(text, ':', &digits);
        bool has_port = host.len != text.len;
        if (!is_host_name(host) || (has_port && (slice_to_u32(digits, 65535, &port) || port == 0)))
                return ERR_SYNTAX;
        /* All digits and dots is an address gone wrong, not a name. */
        size_t i = 0;
        while (i < host.len && (host.p[i] == '.' || (host.p[i] >= '0' && host.p[i] <= '9')))
                i++;
        if (i == host.len)
                return ERR_SYNTAX;
        trunk->peer_port = (uint16_t)port;
        return slice_to_text(host, trunk->peer_host, sizeof trunk->peer_host);
}

static bool read_peer(struct rest *rest, const json_t *value, struct trunk *trunk)
{
        if (parse_peer(body_slice(value), trunk) == 0)
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, "peer",
                    "Write it like sip.example.net, sip.example.net:5060 or 192.0.2.7:5060.",
                    "a peer is a host name or an IP address, with or without a port");
        return false;
}

/* One that a peer can be told. */
static int read_told(struct slice text, struct addr *out)
{
        int err = addr_parse_either(text, out);
        return !err && addr_is_any(out) ? ERR_RANGE : err;
}

static bool read_advertised(struct rest *rest, const json_t *value, struct trunk *trunk)
{
        if (!value && rest->api->params.needs_advertised) {
                rest_refuse(rest, PROBLEM_MISSING_FIELD, "advertised",
                            "Add the address that the carrier reaches this server at, or set "
                            "sip_listen and media_ip to it.",
                            "the server listens on no address in particular, so the trunk must "
                            "name one");
                return false;
        }
        if (!value)
                return true;
        int err = addr_pair_parse(body_slice(value), read_told, &trunk->advertised);
        if (!err)
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, "advertised",
                    "Write it like 198.51.100.4, or like 198.51.100.4, 2001:db8::4 if the carrier "
                    "speaks both.",
                    "%s",
                    err == ERR_CONFLICT
                            ? "it names two addresses of one kind"
                            : "it must be an IP address, with or without a port, or one "
                              "IPv4 and one IPv6 address with a comma between them");
        return false;
}

static bool is_heard_in(const struct rest *rest, uint8_t family)
{
        return calls_listens(rest->api->params.calls, SIP_UDP, family);
}

/* Addresses of a family that we do not listen in can neither call us nor be called. */
static bool check_family(struct rest *rest, const struct trunk *trunk)
{
        struct addr peer;
        const uint8_t ours = is_heard_in(rest, 4) ? 4 : 6, other = ours == 4 ? 6 : 4;
        const char *field = "sources";
        if (is_heard_in(rest, other))
                return true;
        for (unsigned i = 0; i < trunk->source_count; i++) {
                if (trunk->sources[i].prefix.addr.family == ours)
                        field = NULL;
        }
        if (addr_parse(slice_from(trunk->peer_host), 0, &peer) == 0 && peer.family == other)
                field = "peer";
        if (addr_pair_find(&trunk->advertised, other))
                field = "advertised";
        if (!field)
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, field,
                    "Give addresses of that kind, or add one of the other kind to sip_listen.",
                    "sip_listen is an IPv%u address, and nothing here is", ours);
        return false;
}

bool rest_trunk_address_read(struct rest *rest, const json_t **values, struct trunk *trunk)
{
        return read_sources(rest, values[ADDRESS_SOURCES], trunk) &&
               read_peer(rest, values[ADDRESS_PEER], trunk) &&
               read_advertised(rest, values[ADDRESS_ADVERTISED], trunk) &&
               check_family(rest, trunk);
}

static json_t *source_json(const struct trunk_source *source)
{
        char memory[80];
        struct buf b;
        bool bracket = source->port && source->prefix.addr.family == 6;
        buf_init(&b, memory, sizeof memory);
        if (bracket)
                buf_put_char(&b, '[');
        addr_prefix_put(&b, &source->prefix);
        if (bracket)
                buf_put_char(&b, ']');
        if (source->port)
                buf_printf(&b, ":%u", source->port);
        return json_stringn(b.p, b.len);
}

static json_t *pair_json(const struct addr_pair *pair)
{
        char memory[ADDR_PAIR_TEXT_MAX];
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        addr_pair_put(&b, pair);
        return b.len ? json_stringn(b.p, b.len) : json_null();
}

/* "host:port", an IPv6 address in brackets; "host" where DNS says the port, too. */
static json_t *peer_json(const struct trunk *trunk)
{
        if (!trunk->peer_port)
                return json_string(trunk->peer_host);
        bool bracket = strchr(trunk->peer_host, ':') != NULL;
        return json_sprintf(bracket ? "[%s]:%u" : "%s:%u", trunk->peer_host, trunk->peer_port);
}

void rest_trunk_address_add(const struct trunk *trunk, json_t *json)
{
        json_t *sources = json_array();
        for (unsigned i = 0; i < trunk->source_count; i++)
                json_array_append_new(sources, source_json(&trunk->sources[i]));
        json_object_set_new(json, "sources", sources);
        json_object_set_new(json, "peer", peer_json(trunk));
        json_object_set_new(json, "advertised", pair_json(&trunk->advertised));
}
