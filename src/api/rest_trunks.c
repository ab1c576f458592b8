/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_trunks.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/body.h"
#include "api/rest_trunk_dialog.h"
#include "api/rest_trunk_route.h"
#include "api/rest_trunk_template.h"
#include "api/rest_trunk_tolerance.h"
#include "api/rest_trunk_transport.h"
#include "base/log.h"
#include "call/provision.h"
#include "wire/sip_auth.h"
#include "wire/sip_write.h"

enum field {
        FIELD_NAME,
        FIELD_SOURCES,
        FIELD_PEER,
        FIELD_ADVERTISED,
        FIELD_COUNTRY,
        FIELD_INTERNATIONAL,
        FIELD_NATIONAL,
        FIELD_DIGITS_MIN,
        FIELD_DIGITS_MAX,
        FIELD_CHANNELS_MAX,
        FIELD_CALLS_PER_S,
        FIELD_ANNOUNCEMENTS_MAX,
        FIELD_ROUTE,
        FIELD_DIALOG = FIELD_ROUTE + ROUTE_FIELDS,
        FIELD_TRANSPORT = FIELD_DIALOG + DIALOG_FIELDS,
        FIELD_TOLERATES = FIELD_TRANSPORT + TRANSPORT_FIELDS,
        FIELD_TEMPLATE,
        FIELD_USERNAME = FIELD_TEMPLATE + REST_TRUNK_TEMPLATE_FIELDS,
        FIELD_PASSWORD,
        FIELD_REALM,
        FIELD_REGISTER,
        FIELD_REGISTER_S,
        FIELDS,
};

const struct body_field rest_trunks_fields[] = {
        [FIELD_NAME] = {"name", BODY_TEXT, true},
        [FIELD_SOURCES] = {"sources", BODY_LIST, true},
        [FIELD_PEER] = {"peer", BODY_TEXT, true},
        [FIELD_ADVERTISED] = {"advertised", BODY_TEXT},
        [FIELD_COUNTRY] = {"country", BODY_TEXT},
        [FIELD_INTERNATIONAL] = {"international", BODY_TEXT},
        [FIELD_NATIONAL] = {"national", BODY_TEXT},
        [FIELD_DIGITS_MIN] = {"digits_min", BODY_COUNT},
        [FIELD_DIGITS_MAX] = {"digits_max", BODY_COUNT},
        [FIELD_CHANNELS_MAX] = {"channels_max", BODY_COUNT},
        [FIELD_CALLS_PER_S] = {"calls_per_s", BODY_COUNT},
        [FIELD_ANNOUNCEMENTS_MAX] = {"announcements_max", BODY_COUNT},
        [FIELD_ROUTE + ROUTE_OPTIONS_S] = {"options_s", BODY_COUNT},
        [FIELD_ROUTE + ROUTE_FAILOVER_MS] = {"failover_ms", BODY_COUNT},
        [FIELD_ROUTE + ROUTE_QUEUE_MS] = {"queue_ms", BODY_COUNT},
        [FIELD_ROUTE + ROUTE_OVERFLOW] = {"overflow", BODY_LIST},
        [FIELD_ROUTE + ROUTE_REDIRECTS] = {"redirects", BODY_TEXT},
        [FIELD_DIALOG + DIALOG_SESSION_TIMER] = {"session_timer", BODY_SWITCH},
        [FIELD_DIALOG + DIALOG_PRACK] = {"prack", BODY_SWITCH},
        [FIELD_TRANSPORT + TRANSPORT_TRANSPORT] = {"transport", BODY_TEXT},
        [FIELD_TRANSPORT + TRANSPORT_CLIENT_DOMAIN] = {"client_certificate", BODY_TEXT},
        [FIELD_TOLERATES] = {"tolerates", BODY_LIST},
        [FIELD_TEMPLATE] = REST_TRUNK_TEMPLATE_ROWS,
        [FIELD_USERNAME] = {"username", BODY_TEXT},
        [FIELD_PASSWORD] = {"password", BODY_TEXT},
        [FIELD_REALM] = {"realm", BODY_TEXT},
        [FIELD_REGISTER] = {"register", BODY_SWITCH},
        [FIELD_REGISTER_S] = {"register_s", BODY_COUNT},
        [FIELDS] = {NULL},
};

/* How we show the carrier who we are. */
enum login_field {
        LOGIN_USERNAME,
        LOGIN_PASSWORD,
        LOGIN_REALM,
        LOGIN_REGISTER,
        LOGIN_REGISTER_S,
        LOGIN_FIELDS,
};

/* What may be changed later. */
enum change_field {
        CHANGE_ROUTE,
        CHANGE_DIALOG = CHANGE_ROUTE + ROUTE_FIELDS,
        CHANGE_TRANSPORT = CHANGE_DIALOG + DIALOG_FIELDS,
        CHANGE_LOGIN = CHANGE_TRANSPORT + TRANSPORT_FIELDS,
        CHANGE_TEMPLATE = CHANGE_LOGIN + LOGIN_FIELDS,
        CHANGE_TOLERATES = CHANGE_TEMPLATE + REST_TRUNK_TEMPLATE_FIELDS,
        CHANGE_FIELDS,
};

const struct body_field rest_trunks_change_fields[] = {
        [CHANGE_ROUTE + ROUTE_OPTIONS_S] = {"options_s", BODY_COUNT},
        [CHANGE_ROUTE + ROUTE_FAILOVER_MS] = {"failover_ms", BODY_COUNT},
        [CHANGE_ROUTE + ROUTE_QUEUE_MS] = {"queue_ms", BODY_COUNT},
        [CHANGE_ROUTE + ROUTE_OVERFLOW] = {"overflow", BODY_LIST},
        [CHANGE_ROUTE + ROUTE_REDIRECTS] = {"redirects", BODY_TEXT},
        [CHANGE_DIALOG + DIALOG_SESSION_TIMER] = {"session_timer", BODY_SWITCH},
        [CHANGE_DIALOG + DIALOG_PRACK] = {"prack", BODY_SWITCH},
        [CHANGE_TRANSPORT + TRANSPORT_TRANSPORT] = {"transport", BODY_TEXT},
        [CHANGE_TRANSPORT + TRANSPORT_CLIENT_DOMAIN] = {"client_certificate", BODY_TEXT},
        [CHANGE_LOGIN + LOGIN_USERNAME] = {"username", BODY_TEXT},
        [CHANGE_LOGIN + LOGIN_PASSWORD] = {"password", BODY_TEXT},
        [CHANGE_LOGIN + LOGIN_REALM] = {"realm", BODY_TEXT},
        [CHANGE_LOGIN + LOGIN_REGISTER] = {"register", BODY_SWITCH},
        [CHANGE_LOGIN + LOGIN_REGISTER_S] = {"register_s", BODY_COUNT},
        [CHANGE_TEMPLATE] = REST_TRUNK_TEMPLATE_ROWS,
        [CHANGE_TOLERATES] = {"tolerates", BODY_LIST},
        [CHANGE_FIELDS] = {NULL},
};
_Static_assert(FIELDS - FIELD_USERNAME == (int)LOGIN_FIELDS, "the last fields of a trunk");

/* Refused callers that listen at once, unless the trunk says otherwise. */
#define ANNOUNCEMENTS_DEFAULT 20

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

static json_t *address_json(const struct addr *a)
{
        if (a->family == 0)
                return json_null();
        return json_string(a->port ? addr_format(a).text : addr_format_ip(a).text);
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

/* How the last try went, in a sentence; NULL when it went well. */
static json_t *problem_json_of(const struct sip_registration *registration)
{
        const char *text = sip_registration_problem_text(registration->problem);
        if (registration->problem == SIP_REGISTRATION_FINE)
                return json_null();
        if (registration->problem != SIP_REGISTRATION_REFUSED)
                return json_string(text);
        return json_sprintf("%s: %u %.*s", text, registration->status,
                            SLICE_ARG(sip_reason_phrase(registration->status)));
}

static json_t *registration_json(const struct api *api, const struct trunk *trunk)
{
        struct sip_registration registration;
        calls_registration(api->params.calls, trunk->id, &registration);
        if (!registration.is_wanted)
                return json_null();
        const char *state = "trying";
        if (registration.is_registered)
                state = "registered";
        else if (registration.problem != SIP_REGISTRATION_FINE)
                state = "failed";
        return json_pack("{s:s, s:o, s:o, s:I}", "state", state, "until",
                         rest_time(registration.until_wall_ms), "problem",
                         problem_json_of(&registration), "next_try_in_s",
                         (json_int_t)((registration.next_try_ms + 999) / 1000));
}

static void add_state(const struct api *api, const struct trunk *trunk, json_t *json)
{
        const struct sip_trunk_state *state = sip_trunks_find(api->params.trunks, trunk->id);
        json_object_set_new(json, "peer_address",
                            state ? address_json(&state->peer.addr) : json_null());
        rest_trunk_route_add(api, trunk, json);
        json_object_set_new(json, "registration", registration_json(api, trunk));
        json_object_set_new(json, "channels", json_integer(state ? state->counters.channels : 0));
        json_object_set_new(json, "announcing",
                            json_integer(state ? state->counters.announcing : 0));
}

static json_t *text_or_null(const char *text)
{
        return text[0] ? json_string(text) : json_null();
}

/* Nobody is told the password. */
static void add_login(const struct trunk *trunk, json_t *json)
{
        json_object_set_new(json, "username", text_or_null(trunk->username));
        json_object_set_new(json, "password_set", json_boolean(trunk->password_key != 0));
        json_object_set_new(json, "realm", text_or_null(trunk->realm));
        json_object_set_new(json, "register", json_boolean(trunk->registers));
        json_object_set_new(json, "register_s", json_integer(trunk->register_s));
}

static json_t *trunk_json(const struct api *api, const struct trunk *trunk)
{
        json_t *sources = json_array();
        for (unsigned i = 0; i < trunk->source_count; i++)
                json_array_append_new(sources, source_json(&trunk->sources[i]));

        const struct number_plan *plan = &trunk->plan;
        json_t *json = json_pack(
                "{s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:i, s:i, s:I, s:I, s:I}", "name", trunk->name,
                "sources", sources, "peer", peer_json(trunk), "advertised",
                pair_json(&trunk->advertised), "country", plan->country, "international",
                plan->international, "national", plan->national, "digits_min",
                (int)plan->digits_min, "digits_max", (int)plan->digits_max, "channels_max",
                (json_int_t)trunk->channels_max, "calls_per_s", (json_int_t)trunk->calls_per_s,
                "announcements_max", (json_int_t)trunk->announcements_max);
        if (json)
                rest_trunk_template_add(api, trunk, json);
        if (json)
                rest_trunk_tolerance_add(api, trunk, json);
        if (json)
                rest_trunk_dialog_add(trunk, json);
        if (json)
                rest_trunk_transport_add(trunk, json);
        if (json)
                add_login(trunk, json);
        if (json)
                add_state(api, trunk, json);
        return json;
}

static bool is_name(struct slice s)
{
        for (size_t i = 0; i < s.len; i++) {
                char c = s.p[i];
                if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
                        return false;
        }
        return s.len > 0 && s.len < TRUNK_NAME_BYTES;
}

static bool read_name(struct rest *rest, const json_t *value, struct trunk *trunk)
{
        struct slice name = body_slice(value);
        if (is_name(name) && slice_to_text(name, trunk->name, sizeof trunk->name) == 0)
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, "name", "Choose another name.",
                    "a name is 1 to %d characters of a-z, 0-9 and -", TRUNK_NAME_BYTES - 1);
        return false;
}

int rest_trunks_parse_source(struct slice text, struct trunk_source *out)
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
                        err = rest_trunks_parse_source(body_slice(text), &trunk->sources[i]);
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

static bool read_digits(struct rest *rest, const json_t *value, const char *field, char *out,
                        size_t out_bytes)
{
        struct slice text = body_slice(value);
        for (size_t i = 0; i < text.len; i++) {
                if (text.p[i] < '0' || text.p[i] > '9')
                        text.len = out_bytes;
        }
        if (!value || slice_to_text(text, out, out_bytes) == 0)
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Correct the value.",
                    "the value must be at most %zu digits", out_bytes - 1);
        return false;
}

static bool check_plan(struct rest *rest, const struct number_plan *plan)
{
        if (plan->digits_max < plan->digits_min) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "digits_max", "Correct the value.",
                            "it is less than digits_min");
                return false;
        }
        if (plan->country[0] == '0') {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "country", "Correct the value.",
                            "a country code does not begin with 0");
                return false;
        }
        if (plan->country[0] && plan->digits_min == 0) {
                rest_refuse(rest, PROBLEM_MISSING_FIELD, "digits_min",
                            "Add digits_min and digits_max, for example 10 and "
                            "10.",
                            "with a country, the lengths of its national numbers are needed");
                return false;
        }
        if (!plan->country[0] && plan->national[0]) {
                rest_refuse(rest, PROBLEM_MISSING_FIELD, "country", "Add the country code.",
                            "national needs a country");
                return false;
        }
        return true;
}

static bool read_plan(struct rest *rest, const json_t **values, struct number_plan *plan)
{
        uint32_t digits_min = 0, digits_max = 0;
        if (!read_digits(rest, values[FIELD_COUNTRY], "country", plan->country,
                         sizeof plan->country) ||
            !read_digits(rest, values[FIELD_INTERNATIONAL], "international", plan->international,
                         sizeof plan->international) ||
            !read_digits(rest, values[FIELD_NATIONAL], "national", plan->national,
                         sizeof plan->national) ||
            !body_count(rest, values[FIELD_DIGITS_MIN], "digits_min", 0, 15, &digits_min) ||
            !body_count(rest, values[FIELD_DIGITS_MAX], "digits_max", 0, 15, &digits_max))
                return false;
        plan->digits_min = (uint8_t)digits_min;
        plan->digits_max = (uint8_t)digits_max;
        return check_plan(rest, plan);
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

static bool read_login_text(struct rest *rest, const json_t *value, const char *field, char *out,
                            size_t out_bytes)
{
        struct slice text = body_slice(value);
        if (!value || (sip_auth_is_plain(text) && slice_to_text(text, out, out_bytes) == 0))
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Correct the value.",
                    "it must be at most %zu characters, without quotes, backslashes and control "
                    "characters",
                    out_bytes - 1);
        return false;
}

static bool check_password(struct rest *rest, const json_t *value)
{
        struct slice text = body_slice(value);
        bool is_good = text.len < TRUNK_PASSWORD_BYTES;
        for (size_t i = 0; i < text.len; i++)
                is_good = is_good && (uint8_t)text.p[i] >= ' ' && text.p[i] != 0x7f;
        if (is_good)
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, "password", "Choose another password.",
                    "a password is at most %d characters, without control characters",
                    TRUNK_PASSWORD_BYTES - 1);
        return false;
}

static bool check_login(struct rest *rest, const struct trunk *trunk, bool has_password)
{
        const char *field = NULL, *what = NULL;
        if (trunk->username[0] && !has_password) {
                field = "password";
                what = "a user name needs a password";
        } else if (!trunk->username[0] && has_password) {
                field = "username";
                what = "a password needs a user name";
        } else if (!trunk->username[0] && trunk->registers) {
                field = "username";
                what = "who registers needs a user name and a password";
        } else if (trunk->registers && !trunk->peer_host[0]) {
                field = "peer";
                what = "who registers needs a peer to register at";
        }
        if (field)
                rest_refuse(rest, PROBLEM_MISSING_FIELD, field, "Add it.", "%s", what);
        return !field;
}

/*
 * What is absent stays as it is. Without a user name there is nothing else, either. `password` gets
 * the new one, of null length when none was said.
 */
static bool read_login(struct rest *rest, const json_t **values, struct trunk *trunk,
                       struct slice *password)
{
        uint32_t register_s = trunk->register_s ? trunk->register_s : TRUNK_REGISTER_S_DEFAULT;
        if (!read_login_text(rest, values[LOGIN_USERNAME], "username", trunk->username,
                             sizeof trunk->username) ||
            !read_login_text(rest, values[LOGIN_REALM], "realm", trunk->realm,
                             sizeof trunk->realm) ||
            !check_password(rest, values[LOGIN_PASSWORD]) ||
            !body_count(rest, values[LOGIN_REGISTER_S], "register_s", TRUNK_REGISTER_S_MIN,
                        TRUNK_REGISTER_S_MAX, &register_s))
                return false;
        if (values[LOGIN_REGISTER])
                trunk->registers = json_is_true(values[LOGIN_REGISTER]);
        trunk->register_s = register_s;
        *password = body_slice(values[LOGIN_PASSWORD]);
        if (values[LOGIN_USERNAME] && !trunk->username[0] && !password->len) {
                trunk->realm[0] = '\0';
                trunk->registers = trunk->registers && json_is_true(values[LOGIN_REGISTER]);
                trunk->password_key = 0;
                trunk->password_bytes = 0;
        }
        return check_login(rest, trunk, password->len || trunk->password_key);
}

static bool read_trunk(struct rest *rest, struct trunk *trunk, struct slice *password,
                       struct rest_trunk_headers *headers)
{
        const json_t *values[FIELDS];
        *trunk = (struct trunk){
                .tenant_id = rest->who.tenant_id,
                .announcements_max = ANNOUNCEMENTS_DEFAULT,
        };
        rest_trunk_route_defaults(trunk);
        if (!body_fields(rest, rest->body, "", rest_trunks_fields, values))
                return false;
        rest_trunk_dialog_read(values + FIELD_DIALOG, trunk);
        return read_name(rest, values[FIELD_NAME], trunk) &&
               read_sources(rest, values[FIELD_SOURCES], trunk) &&
               read_peer(rest, values[FIELD_PEER], trunk) &&
               read_advertised(rest, values[FIELD_ADVERTISED], trunk) &&
               read_plan(rest, values, &trunk->plan) &&
               body_count(rest, values[FIELD_CHANNELS_MAX], "channels_max", 0, 1000000,
                          &trunk->channels_max) &&
               body_count(rest, values[FIELD_CALLS_PER_S], "calls_per_s", 0, 100000,
                          &trunk->calls_per_s) &&
               body_count(rest, values[FIELD_ANNOUNCEMENTS_MAX], "announcements_max", 0, 1000000,
                          &trunk->announcements_max) &&
               check_family(rest, trunk) &&
               rest_trunk_route_read(rest, values + FIELD_ROUTE, trunk) &&
               rest_trunk_transport_read(rest, values + FIELD_TRANSPORT, trunk) &&
               read_login(rest, values + FIELD_USERNAME, trunk, password) &&
               rest_trunk_template_read(rest, values + FIELD_TEMPLATE, trunk, headers) &&
               rest_trunk_tolerance_read(rest, values[FIELD_TOLERATES], trunk);
}

/* Whose sources overlap, to name it; NULL: another tenant's. */
static const struct trunk *overlapping(const struct api *api, const struct trunk *trunk)
{
        const struct trunk *other;
        for (uint32_t i = 0; (other = directory_trunk_at(api->params.directory, i)); i++) {
                if (other->tenant_id == trunk->tenant_id && trunk_sources_overlap(other, trunk))
                        return other;
        }
        return NULL;
}

static void refuse_trunk(struct rest *rest, const struct trunk *trunk, int err)
{
        const struct trunk *other;
        switch (err) {
        case ERR_EXISTS:
                rest_refuse(rest, PROBLEM_EXISTS, "name",
                            "Choose another name, or remove that one.",
                            "there is a trunk named %s already", trunk->name);
                return;
        case ERR_CONFLICT:
                other = overlapping(rest->api, trunk);
                rest_refuse(rest, PROBLEM_CONFLICT, "sources",
                            "A source belongs to one trunk; narrow one of the two.",
                            "a source overlaps with one of %s",
                            other ? other->name : "another trunk");
                return;
        case ERR_FULL:
                rest_refuse(rest, PROBLEM_LIMIT, NULL, "Remove one that is no longer used.",
                            "there are %d trunks already, or the store's queue is full",
                            TRUNKS_MAX);
                return;
        default:
                rest_refuse_store(rest, err);
        }
}

void rest_trunks_sync(struct api *api, uint32_t trunk_id)
{
        const struct trunk *trunk = directory_trunk_get(api->params.directory, trunk_id);
        if (!trunk) {
                sip_trunks_remove(api->params.trunks, trunk_id);
                return;
        }
        int err = provision_trunk(api->params.directory, api->params.trunks, trunk);
        if (err)
                log_error("trunk %s: signalling cannot take it: %s", trunk->name, err_text(err));
}

/* The secrets that came with a request, into the row. Nothing is left behind after a failure. */
static int seal(struct directory *directory, struct trunk *trunk, struct slice password,
                const struct rest_trunk_headers *headers)
{
        int err = 0;
        if (password.len)
                err = directory_trunk_seal(directory, trunk, password);
        if (!err && headers->is_given)
                err = directory_trunk_seal_headers(directory, trunk,
                                                   (struct slice){headers->text, headers->bytes});
        if (err)
                directory_trunk_discard(directory, trunk);
        return err;
}

void rest_trunks_create(struct rest *rest)
{
        struct api *api = rest->api;
        struct trunk trunk;
        struct slice password;
        struct rest_trunk_headers headers;
        if (!read_trunk(rest, &trunk, &password, &headers))
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;

        int err = seal(api->params.directory, &trunk, password, &headers);
        if (!err)
                err = directory_trunk_add(api->params.directory, &trunk, rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_trunk(rest, &trunk, err);
                return;
        }
        snprintf(wait->told, sizeof wait->told, "trunk %s: added", trunk.name);
        wait->trunk_id = trunk.id;
        rest_trunks_sync(api, trunk.id);
        wait->status = 201;
        snprintf(wait->location, sizeof wait->location, "/v1/trunks/%s", trunk.name);
        wait->answer = trunk_json(api, &trunk);
}

void rest_trunks_list(struct rest *rest)
{
        const struct trunk *trunk;
        json_t *list = json_array();
        for (uint32_t i = 0; (trunk = directory_trunk_at(rest->api->params.directory, i)); i++) {
                if (trunk->tenant_id == rest->who.tenant_id)
                        json_array_append_new(list, trunk_json(rest->api, trunk));
        }
        rest_answer(rest->api, rest->exchange, 200, json_pack("{s:o}", "trunks", list));
}

const struct trunk *rest_trunks_find(struct rest *rest)
{
        const struct trunk *trunk = directory_trunk_find(
                rest->api->params.directory, rest->who.tenant_id, slice_from(rest->segment));
        if (!trunk)
                rest_refuse(rest, PROBLEM_NOT_FOUND, NULL,
                            "GET /v1/trunks (maskline trunk list) lists them.",
                            "there is no trunk of this name");
        return trunk;
}

void rest_trunks_show(struct rest *rest)
{
        const struct trunk *trunk = rest_trunks_find(rest);
        if (trunk)
                rest_answer(rest->api, rest->exchange, 200, trunk_json(rest->api, trunk));
}

void rest_trunks_change(struct rest *rest)
{
        struct api *api = rest->api;
        const json_t *values[CHANGE_FIELDS];
        struct rest_trunk_headers headers;
        const struct trunk *held = rest_trunks_find(rest);
        struct slice password;
        if (!held)
                return;
        struct trunk trunk = *held;
        if (!body_fields(rest, rest->body, "", rest_trunks_change_fields, values) ||
            !rest_trunk_route_read(rest, values + CHANGE_ROUTE, &trunk) ||
            !rest_trunk_transport_read(rest, values + CHANGE_TRANSPORT, &trunk) ||
            !read_login(rest, values + CHANGE_LOGIN, &trunk, &password) ||
            !rest_trunk_template_read(rest, values + CHANGE_TEMPLATE, &trunk, &headers) ||
            !rest_trunk_tolerance_read(rest, values[CHANGE_TOLERATES], &trunk))
                return;
        rest_trunk_dialog_read(values + CHANGE_DIALOG, &trunk);
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;

        int err = seal(api->params.directory, &trunk, password, &headers);
        if (!err)
                err = directory_trunk_change(api->params.directory, &trunk, rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_trunk(rest, &trunk, err);
                return;
        }
        snprintf(wait->told, sizeof wait->told, "trunk %s: changed", trunk.name);
        wait->trunk_id = trunk.id;
        rest_trunks_sync(api, trunk.id);
        wait->status = 200;
        wait->answer = trunk_json(api, &trunk);
}

void rest_trunks_remove(struct rest *rest)
{
        struct api *api = rest->api;
        const struct trunk *trunk = rest_trunks_find(rest);
        if (!trunk)
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;

        uint32_t id = trunk->id;
        snprintf(wait->told, sizeof wait->told, "trunk %s: removed", trunk->name);
        int err = directory_trunk_remove(api->params.directory, id, rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                if (err == ERR_IN_USE)
                        rest_refuse(rest, PROBLEM_IN_USE, NULL,
                                    "Remove its numbers, and take it out of the overflow of "
                                    "others.",
                                    "masking numbers belong to this trunk, or others overflow to "
                                    "it");
                else
                        rest_refuse_store(rest, err);
                return;
        }
        wait->trunk_id = id;
        wait->status = 204;
        rest_trunks_sync(api, id);
}
