/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_trunk_route.h"

#include "api/body.h"

void rest_trunk_route_defaults(struct trunk *trunk)
{
        trunk->options_s = TRUNK_OPTIONS_S_DEFAULT;
        trunk->failover_ms = TRUNK_FAILOVER_MS_DEFAULT;
}

/* 0, or one of a range. */
static bool read_options_s(struct rest *rest, const json_t *value, struct trunk *trunk)
{
        json_int_t n = value ? json_integer_value(value) : trunk->options_s;
        if (n && (n < TRUNK_OPTIONS_S_MIN || n > TRUNK_OPTIONS_S_MAX)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "options_s", "Correct the value.",
                            "the value must be 0, for never, or a whole number from %d to %d",
                            TRUNK_OPTIONS_S_MIN, TRUNK_OPTIONS_S_MAX);
                return false;
        }
        trunk->options_s = (uint32_t)n;
        return true;
}

bool rest_trunk_route_read(struct rest *rest, const json_t **values, struct trunk *trunk)
{
        return read_options_s(rest, values[ROUTE_OPTIONS_S], trunk) &&
               body_count(rest, values[ROUTE_FAILOVER_MS], "failover_ms", TRUNK_FAILOVER_MS_MIN,
                          TRUNK_FAILOVER_MS_MAX, &trunk->failover_ms);
}

static json_t *reason_json(enum sip_health_reason reason, unsigned status)
{
        return json_string(sip_health_reason(reason, status).text);
}

static json_t *peer_json(const struct sip_peer *peer)
{
        static const char *const transports[] = {
                [SIP_UDP] = "udp", [SIP_TCP] = "tcp", [SIP_TLS] = "tls"};
        return json_pack("{s:s, s:s, s:s, s:o, s:o}", "address",
                         addr_format(&peer->target.addr).text, "transport",
                         transports[peer->target.transport], "state", sip_health_name(peer->health),
                         "since", rest_time(peer->since_wall_ms), "reason",
                         reason_json(peer->reason, peer->status));
}

static void add_state(const struct sip_trunk_state *state, json_t *json)
{
        const struct sip_trunk_health *health = &state->health;
        json_t *targets = json_array();
        for (unsigned i = 0; i < sip_peers_current(&state->peers); i++)
                json_array_append_new(targets, peer_json(&state->peers.list[i]));
        json_object_set_new(json, "state", json_string(sip_health_name(health->state)));
        json_object_set_new(json, "state_since", rest_time(health->since_wall_ms));
        json_object_set_new(json, "state_reason", reason_json(health->reason, health->status));
        json_object_set_new(json, "targets", targets);
}

void rest_trunk_route_add(const struct api *api, const struct trunk *trunk, json_t *json)
{
        static const struct sip_trunk_state nothing;
        const struct sip_trunk_state *state = sip_trunks_find(api->params.trunks, trunk->id);
        json_object_set_new(json, "options_s", json_integer(trunk->options_s));
        json_object_set_new(json, "failover_ms", json_integer(trunk->failover_ms));
        add_state(state ? state : &nothing, json);
}

void rest_trunk_route_count(const struct api *api, struct rest_trunk_sums *out)
{
        const struct trunk *trunk;
        *out = (struct rest_trunk_sums){0};
        for (uint32_t i = 0; (trunk = directory_trunk_at(api->params.directory, i)); i++) {
                const struct sip_trunk_state *state =
                        sip_trunks_find(api->params.trunks, trunk->id);
                if (!state)
                        continue;
                out->up += state->health.state == SIP_HEALTH_UP;
                out->down += state->health.state == SIP_HEALTH_DOWN;
                out->downs += state->health.downs;
                out->ups += state->health.ups;
        }
}
