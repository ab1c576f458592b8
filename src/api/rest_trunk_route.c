/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_trunk_route.h"

#include "wire/sip_write.h"

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

static bool refuse_overflow(struct rest *rest, const char *rule)
{
        rest_refuse(rest, PROBLEM_BAD_VALUE, "overflow",
                    "GET /v1/trunks (maskline trunk list) lists them.", "%s", rule);
        return false;
}

/* The other trunk of that name; NULL: there is none, or it is there already. */
static const struct trunk *other_trunk(const struct rest *rest, const json_t *name,
                                       const struct trunk *trunk)
{
        const struct trunk *other = NULL;
        if (json_is_string(name))
                other = directory_trunk_find(rest->api->params.directory, trunk->tenant_id,
                                             body_slice(name));
        for (unsigned i = 0; other && i < trunk->overflow_count; i++) {
                if (trunk->overflow[i] == other->id)
                        return NULL;
        }
        return other && other->id != trunk->id ? other : NULL;
}

static bool read_overflow(struct rest *rest, const json_t *value, struct trunk *trunk)
{
        if (!value)
                return true;
        if (json_array_size(value) > TRUNK_OVERFLOW_MAX)
                return refuse_overflow(rest, "a trunk overflows to 4 others at most");
        trunk->overflow_count = 0;
        for (size_t i = 0; i < json_array_size(value); i++) {
                const struct trunk *other = other_trunk(rest, json_array_get(value, i), trunk);
                if (!other)
                        return refuse_overflow(rest, "it must list names of other trunks that "
                                                     "there are, each once");
                trunk->overflow[trunk->overflow_count++] = other->id;
        }
        return true;
}

static const char *const redirects[] = {"refuse", "follow", NULL};

static bool read_redirects(struct rest *rest, const json_t *value, struct trunk *trunk)
{
        unsigned choice = trunk->follows_redirects;
        if (!body_choice(rest, value, "redirects", redirects, &choice))
                return false;
        trunk->follows_redirects = choice;
        return true;
}

bool rest_trunk_route_read(struct rest *rest, const json_t **values, struct trunk *trunk)
{
        return read_options_s(rest, values[ROUTE_OPTIONS_S], trunk) &&
               body_count(rest, values[ROUTE_FAILOVER_MS], "failover_ms", TRUNK_FAILOVER_MS_MIN,
                          TRUNK_FAILOVER_MS_MAX, &trunk->failover_ms) &&
               body_count(rest, values[ROUTE_QUEUE_MS], "queue_ms", 0, TRUNK_QUEUE_MS_MAX,
                          &trunk->queue_ms) &&
               read_overflow(rest, values[ROUTE_OVERFLOW], trunk) &&
               read_redirects(rest, values[ROUTE_REDIRECTS], trunk);
}

static json_t *reason_json(enum sip_health_reason reason, unsigned status)
{
        return json_string(sip_health_reason(reason, status).text);
}

static json_t *peer_json(const struct sip_peer *peer)
{
        return json_pack("{s:s, s:s, s:s, s:o, s:o}", "address",
                         addr_format(&peer->target.addr).text, "transport",
                         sip_transport_word(peer->target.transport), "state",
                         sip_health_name(peer->health), "since", rest_time(peer->since_wall_ms),
                         "reason", reason_json(peer->reason, peer->status));
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

static json_t *overflow_json(const struct api *api, const struct trunk *trunk)
{
        json_t *names = json_array();
        for (unsigned i = 0; i < trunk->overflow_count; i++) {
                const struct trunk *other =
                        directory_trunk_get(api->params.directory, trunk->overflow[i]);
                if (other)
                        json_array_append_new(names, json_string(other->name));
        }
        return names;
}

void rest_trunk_route_add(const struct api *api, const struct trunk *trunk, json_t *json)
{
        static const struct sip_trunk_state nothing;
        const struct sip_trunk_state *state = sip_trunks_find(api->params.trunks, trunk->id);
        json_object_set_new(json, "options_s", json_integer(trunk->options_s));
        json_object_set_new(json, "failover_ms", json_integer(trunk->failover_ms));
        json_object_set_new(json, "queue_ms", json_integer(trunk->queue_ms));
        json_object_set_new(json, "overflow", overflow_json(api, trunk));
        json_object_set_new(json, "redirects", json_string(redirects[trunk->follows_redirects]));
        json_object_set_new(json, "waiting", json_integer(state ? state->turn_count : 0));
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
