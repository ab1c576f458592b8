/* SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"

#include <stdio.h>
#include <string.h>

#include "api/body.h"
#include "store/directory_tenant.h"

static bool is_operator(struct rest *rest)
{
        if (!token_admits(&rest->api->token, rest->request->authorization))
                return false;
        rest->who = (struct principal){
                .scopes = SCOPES_ALL,
                .tenant_id = TENANT_DEFAULT,
                .has_all = true,
        };
        return true;
}

static bool has_key(struct rest *rest)
{
        uint8_t hash[API_KEY_HASH_BYTES];
        struct slice text = token_of(rest->request->authorization);
        if (!text.len)
                return false;
        directory_key_hash(rest->api->params.directory, text, hash);
        const struct api_key *key = directory_key_use(rest->api->params.directory, hash);
        if (!key)
                return false;
        rest->who = (struct principal){
                .key_id = key->id,
                .scopes = key->scopes,
                .expires_ms = key->expires_ms,
                .tenant_id = key->tenant_id ? key->tenant_id : TENANT_DEFAULT,
                .has_all = key->tenant_id == 0,
        };
        return true;
}

static void refuse_rate(struct rest *rest, const char *detail, int64_t wait_ms)
{
        const struct problem problem = {
                .kind = PROBLEM_RATE,
                .detail = detail,
                .remedy = "Wait as long as Retry-After says, and spread requests evenly; nothing "
                          "was changed.",
                .retry_after_s = (unsigned)((wait_ms + 999) / 1000),
        };
        rest->api->counters.limited++;
        rest_answer_problem(rest->api, rest->exchange, &problem);
}

static bool is_within_pace(struct rest *rest)
{
        const struct api_limits *limits = &rest->api->params.limits;
        const struct limiter_pace pace = {limits->requests_per_s, 1000, limits->burst};
        int64_t wait_ms = limiter_take(rest->api->by_key, rest->who.key_id, &pace,
                                       io_now_ms(rest->api->params.io));
        if (!wait_ms)
                return true;
        refuse_rate(rest, "this key asks more often than http_requests_per_s and http_burst allow",
                    wait_ms);
        return false;
}

/* Of IPv6 the network, since whoever has one address of it has all. */
static uint64_t source_of(const struct addr *peer)
{
        uint64_t source = 0;
        for (unsigned i = 0; i < sizeof source; i++)
                source = source << 8 | peer->ip[i];
        return source;
}

/*
 * Whoever comes with a key that holds is not asked what others at its address did. Which keys there
 * are, and were, does not show.
 */
static void refuse_stranger(struct rest *rest)
{
        const struct api_limits *limits = &rest->api->params.limits;
        const struct limiter_pace pace = {limits->failures_per_min, 60000,
                                          limits->failures_per_min};
        rest->api->counters.unauthorized++;
        int64_t wait_ms = limiter_take(rest->api->by_source, source_of(&rest->request->peer), &pace,
                                       io_now_ms(rest->api->params.io));
        if (wait_ms) {
                refuse_rate(rest,
                            "too many requests without a key that holds have come from this "
                            "address (http_failures_per_min)",
                            wait_ms);
                return;
        }
        rest_refuse(rest, PROBLEM_UNAUTHORIZED, NULL,
                    "Send the header Authorization: Bearer, and a key (maskline key create) or the "
                    "token from the file api.token in the data directory.",
                    "the key is missing, or none that holds");
}

bool access_identify(struct rest *rest)
{
        if (is_operator(rest))
                return true;
        if (has_key(rest))
                return is_within_pace(rest);
        refuse_stranger(rest);
        return false;
}

/* The value of "tenant" in the query; false: it is there twice. */
static bool find_tenant(struct slice query, struct slice *out)
{
        *out = SLICE_NONE;
        while (query.len) {
                struct slice value;
                struct slice parameter = slice_split(query, '&', &query);
                if (!slice_equal(slice_split(parameter, '=', &value), SLICE("tenant")))
                        continue;
                if (out->len)
                        return false;
                *out = value;
        }
        return true;
}

static bool choose_tenant(struct rest *rest)
{
        char name[REST_SEGMENT_BYTES];
        struct slice text;
        if (!find_tenant(rest->request->query, &text) || query_decode(text, name, sizeof name)) {
                rest_refuse(rest, PROBLEM_BAD_QUERY, "tenant", "Correct the query.",
                            "tenant is given twice or cannot be read");
                return false;
        }
        if (!text.len)
                return true;
        const struct tenant *tenant =
                directory_tenant_find(rest->api->params.directory, slice_from(name));
        if (!tenant || (!rest->who.has_all && tenant->id != rest->who.tenant_id)) {
                rest_refuse(rest, PROBLEM_NOT_FOUND, "tenant",
                            "GET /v1/tenants (maskline tenant list) lists them to who may see "
                            "them; a tenant's key needs none.",
                            "there is no such tenant");
                return false;
        }
        rest->who.tenant_id = tenant->id;
        rest->who.has_chosen = true;
        return true;
}

static void refuse_scope(struct rest *rest, uint32_t scopes)
{
        char names[64];
        struct buf b;
        buf_init(&b, names, sizeof names - 1);
        for (unsigned i = 0; i < SCOPE_COUNT; i++) {
                if (scopes & 1u << i)
                        buf_printf(&b, "%s\"%s\"", b.len ? " or " : "", api_scope_name(i));
        }
        names[b.len] = '\0';
        rest_refuse(rest, PROBLEM_FORBIDDEN, NULL,
                    "Use a key that has it; maskline key create --scope makes one.",
                    "this needs a key with the scope %s", names);
}

bool access_check(struct rest *rest, const struct route *route)
{
        if (!choose_tenant(rest))
                return false;
        if (!(rest->who.scopes & route->scopes)) {
                refuse_scope(rest, route->scopes);
                return false;
        }
        if (route->of_all && !rest->who.has_all) {
                rest_refuse(rest, PROBLEM_FORBIDDEN, NULL,
                            "Use the operator's token or a key of all tenants.",
                            "this concerns the whole installation, and the key is a tenant's");
                return false;
        }
        return true;
}
