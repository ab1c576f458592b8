/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_pool_certificate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/rest_pools.h"
#include "core/capacity.h"
#include "core/pool_policy.h"
#include "core/route.h"
#include "store/directory_holdings.h"

#define MILLION 1000000

/* What is asked until the answer is there. */
struct asking {
        struct rest_wait *wait; /* owned */
        char pool[POOL_NAME_BYTES];
        uint32_t limit;        /* of a certificate's page */
        int64_t quarantine_ms; /* of a plan */
};

static json_t *hash_json(uint64_t hash)
{
        return json_sprintf("%016" PRIx64, hash);
}

static json_t *key_json(const struct api *api, const struct certificate_key *key)
{
        return json_pack("{s:o, s:o, s:o, s:o, s:b}", "number", hash_json(key->number), "party",
                         key->by == ROUTE_EXACT ? hash_json(key->who) : json_null(), "digits",
                         key->by == ROUTE_DIGITS ? hash_json(key->who) : json_null(), "session",
                         rest_session_id(api, key->session), "quarantined",
                         (int)key->is_quarantined);
}

static json_t *certificate_json(const struct api *api, const struct pool_certificate *certificate,
                                const char *pool, uint32_t from, uint32_t limit)
{
        const struct certificate *made = &certificate->work.made;
        json_t *graph = json_array();
        uint32_t i = from;
        for (; i < made->keys && i - from < limit; i++)
                json_array_append_new(graph,
                                      key_json(api, certificate_key_at(&certificate->work, i)));
        json_t *json = json_pack(
                "{s:i, s:o, s:o, s:s, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
                "certificate", 1, "id", hash_json(certificate->id), "at",
                rest_time(certificate->at_ms), "pool", pool, "most", (json_int_t)made->most,
                "party", made->most ? hash_json(made->party) : json_null(), "rented",
                (json_int_t)certificate->rented, "numbers", (json_int_t)made->numbers, "open",
                (json_int_t)made->open, "sessions", (json_int_t)certificate->sessions, "parties",
                (json_int_t)made->parties, "keys", (json_int_t)made->keys, "quarantined",
                (json_int_t)made->quarantined, "erased", (json_int_t)certificate->erased, "graph",
                graph);
        json_object_set_new(json, "next",
                            i < made->keys
                                    ? json_sprintf("%016" PRIx64 "-%" PRIu32, certificate->id, i)
                                    : json_null());
        return json;
}

static struct asking *asking_create(struct rest *rest, const struct directory_pool *pool)
{
        struct asking *asking = calloc(1, sizeof *asking);
        struct rest_wait *wait = rest_wait_create_for(rest, asking);
        if (!wait) {
                free(asking);
                return NULL;
        }
        wait->status = 200;
        asking->wait = wait;
        memcpy(asking->pool, pool->name, sizeof asking->pool);
        return asking;
}

static void asking_done(struct asking *asking, int err, json_t *answer)
{
        struct rest_wait *wait = asking->wait;
        free(asking);
        wait->answer = answer;
        rest_wait_done(wait, err);
}

/* It could not even begin. */
static void asking_refuse(struct rest *rest, struct asking *asking, int err)
{
        rest_wait_destroy(asking->wait);
        free(asking);
        if (err == ERR_FULL || err == -ENOMEM)
                rest_refuse(rest, PROBLEM_LIMIT, NULL, "Try again in a few seconds.",
                            "%d of these are being made already, or memory is short",
                            CERTIFICATES_MAX);
        else
                rest_refuse_store(rest, err);
}

static void on_certificate(void *arg, int err, const struct pool_certificate *certificate)
{
        struct asking *asking = arg;
        const struct api *api = asking->wait->api;
        json_t *answer = NULL;
        if (!err && api)
                answer = certificate_json(api, certificate, asking->pool, 0, asking->limit);
        asking_done(asking, err, answer);
}

/* "id-position" of an earlier page's "next". */
static bool read_after(const char *text, uint64_t *id, uint32_t *from)
{
        char behind;
        return strlen(text) <= 27 && strspn(text, "0123456789abcdef-") == strlen(text) &&
               sscanf(text, "%16" SCNx64 "-%10" SCNu32 "%c", id, from, &behind) == 2;
}

static void go_on(struct rest *rest, const struct directory_pool *pool, uint32_t limit)
{
        uint64_t id;
        uint32_t from;
        const struct pool_certificate *certificate = NULL;
        if (read_after(rest->query[1], &id, &from))
                certificate =
                        directory_certificate(rest->api->params.directory, rest->who.tenant_id, id);
        if (!certificate || certificate->pool_id != pool->id ||
            from > certificate->work.made.keys) {
                rest_refuse(rest, PROBLEM_BAD_QUERY, "after", "Begin again without after.",
                            "after must be the \"next\" of a page of this pool's certificate, "
                            "which is kept for %d minutes",
                            CERTIFICATE_KEPT_MS / 60000);
                return;
        }
        rest_answer(rest->api, rest->exchange, 200,
                    certificate_json(rest->api, certificate, pool->name, from, limit));
}

void rest_pool_certificate(struct rest *rest)
{
        uint32_t limit;
        const struct directory_pool *pool = rest_pools_named(rest, slice_from(rest->segment), NULL);
        if (!pool || !query_limit(rest, rest->query[0], &limit))
                return;
        if (rest->query[1][0]) {
                go_on(rest, pool, limit);
                return;
        }
        struct asking *asking = asking_create(rest, pool);
        if (!asking)
                return;
        asking->limit = limit;
        int err = directory_certificate_make(rest->api->params.directory, pool->tenant_id, pool->id,
                                             on_certificate, asking);
        if (err)
                asking_refuse(rest, asking, err);
}

enum field {
        FIELD_REFUSED,
        FIELD_MISCONNECTED,
        FIELD_REDIAL_MEAN_S,
        FIELD_QUARANTINE_MS,
        FIELDS,
};

const struct body_field rest_pool_plan_fields[] = {
        [FIELD_REFUSED] = {"refused_per_million", BODY_COUNT},
        [FIELD_MISCONNECTED] = {"misconnected_per_million", BODY_COUNT},
        [FIELD_REDIAL_MEAN_S] = {"redial_mean_s", BODY_COUNT},
        [FIELD_QUARANTINE_MS] = {"quarantine_ms", BODY_COUNT},
        [FIELDS] = {NULL},
};

static void on_plan(void *arg, int err, const struct pool_plan *plan)
{
        struct asking *asking = arg;
        json_t *answer = NULL;
        if (!err && asking->wait->api) {
                const struct capacity_held *held = &plan->held;
                uint32_t more = held->numbers > plan->rented ? held->numbers - plan->rented : 0;
                answer = json_pack(
                        "{s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "pool", asking->pool,
                        "at", rest_time(plan->at_ms), "sessions", (json_int_t)held->sessions,
                        "quarantine_ms", (json_int_t)asking->quarantine_ms, "numbers",
                        (json_int_t)held->numbers, "most", (json_int_t)held->most, "refused",
                        (json_int_t)held->refused, "rented", (json_int_t)plan->rented, "to_rent",
                        (json_int_t)more, "whole", (int)plan->is_whole);
        }
        asking_done(asking, err, answer);
}

/* As it is given, or the one that follows from how late people redial. */
static bool read_quarantine(struct rest *rest, const json_t *const *values, int64_t *out)
{
        uint32_t misconnected = 200, redial_mean_s = 1200;
        const json_t *given = values[FIELD_QUARANTINE_MS];
        const struct policy_row *row = pool_policy_row(SLICE("quarantine_ms"));
        if (!body_count(rest, values[FIELD_MISCONNECTED], "misconnected_per_million", 1, MILLION,
                        &misconnected) ||
            !body_count(rest, values[FIELD_REDIAL_MEAN_S], "redial_mean_s", 1, 30 * 86400,
                        &redial_mean_s))
                return false;
        *out = given ? json_integer_value(given)
                     : capacity_quarantine_of_mean_ms((int64_t)redial_mean_s * 1000, misconnected);
        if (!given)
                return true;
        if (values[FIELD_MISCONNECTED] || values[FIELD_REDIAL_MEAN_S])
                rest_refuse(rest, PROBLEM_BAD_VALUE, "quarantine_ms",
                            "Give it, or what it shall follow from.",
                            "the quarantine is given, and follows from the other field, too");
        else if (*out < 0 || *out > row->max)
                rest_refuse(rest, PROBLEM_BAD_VALUE, "quarantine_ms", "Correct the value.",
                            "the value must be a whole number from 0 to %lld", (long long)row->max);
        else
                return true;
        return false;
}

void rest_pool_plan(struct rest *rest)
{
        const json_t *values[FIELDS];
        uint32_t refused = 1000;
        int64_t quarantine_ms = 0;
        const struct directory_pool *pool = rest_pools_named(rest, slice_from(rest->segment), NULL);
        if (!pool || !body_fields(rest, rest->body, "", rest_pool_plan_fields, values) ||
            !body_count(rest, values[FIELD_REFUSED], "refused_per_million", 0, MILLION, &refused) ||
            !read_quarantine(rest, values, &quarantine_ms))
                return;
        struct asking *asking = asking_create(rest, pool);
        if (!asking)
                return;
        asking->quarantine_ms = quarantine_ms;
        int err = directory_plan_make(rest->api->params.directory, pool->tenant_id, pool->id,
                                      quarantine_ms, refused, on_plan, asking);
        if (err)
                asking_refuse(rest, asking, err);
}
