/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_trunk_tolerance.h"

#include "api/body.h"

static void refuse(struct rest *rest)
{
        char memory[128];
        struct buf known;
        buf_init(&known, memory, sizeof memory);
        for (int i = 0; i < TOLERANCES; i++)
                buf_printf(&known, "%s\"%s\"", i ? ", " : "",
                           trunk_tolerance_name((enum trunk_tolerance)i));
        rest_refuse(rest, PROBLEM_BAD_VALUE, "tolerates", "Correct the list.",
                    "each must be one of %.*s", SLICE_ARG(buf_slice(&known)));
}

bool rest_trunk_tolerance_read(struct rest *rest, const json_t *value, struct trunk *trunk)
{
        uint32_t bits = 0;
        if (!value)
                return true;
        for (size_t i = 0; i < json_array_size(value); i++) {
                const json_t *name = json_array_get(value, i);
                enum trunk_tolerance tolerance;
                if (!json_is_string(name) || trunk_tolerance_find(body_slice(name), &tolerance)) {
                        refuse(rest);
                        return false;
                }
                bits |= 1u << tolerance;
        }
        trunk->tolerates = bits;
        return true;
}

void rest_trunk_tolerance_add(const struct api *api, const struct trunk *trunk, json_t *json)
{
        const struct sip_trunk_state *state = sip_trunks_find(api->params.trunks, trunk->id);
        json_t *names = json_array(), *counts = json_object();
        for (int i = 0; i < TOLERANCES; i++) {
                const char *name = trunk_tolerance_name((enum trunk_tolerance)i);
                if (!(trunk->tolerates & 1u << i))
                        continue;
                uint64_t count = state ? state->counters.tolerated[i] : 0;
                json_array_append_new(names, json_string(name));
                json_object_set_new(counts, name, json_integer((json_int_t)count));
        }
        json_object_set_new(json, "tolerates", names);
        json_object_set_new(json, "tolerated", counts);
}

uint64_t rest_trunk_tolerance_count(const struct api *api)
{
        uint64_t sum = 0;
        const struct trunk *trunk;
        for (uint32_t i = 0; (trunk = directory_trunk_at(api->params.directory, i)); i++) {
                const struct sip_trunk_state *state =
                        sip_trunks_find(api->params.trunks, trunk->id);
                for (int t = 0; state && t < TOLERANCES; t++)
                        sum += state->counters.tolerated[t];
        }
        return sum;
}
