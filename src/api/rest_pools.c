/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_pools.h"

#include <stdio.h>
#include <string.h>

#include "core/pool_policy.h"

/* Each setting of core/pool_policy.h, of the type that its row there has. */
#define POLICY_FIELDS                                                                              \
        {"model", BODY_TEXT}, {"ttl_ms", BODY_COUNT}, {"ttl_max_ms", BODY_COUNT},                  \
                {"quarantine_ms", BODY_COUNT}, {"selection", BODY_TEXT},                           \
                {"match_country", BODY_TEXT}, {"match_area", BODY_TEXT},                           \
                {"capabilities", BODY_LIST}, {"direction", BODY_TEXT}, {"days", BODY_LIST},        \
                {"from_min", BODY_COUNT}, {"to_min", BODY_COUNT}, {"utc_offset_min", BODY_NUMBER}, \
                {"sliding_ms", BODY_COUNT}, {"session_calls_max", BODY_COUNT},                     \
                {"session_concurrent_max", BODY_COUNT}, {"party_concurrent_max", BODY_COUNT},      \
                {"party_calls_per_h", BODY_COUNT}, {"ring_s", BODY_COUNT}, {"talk_s", BODY_COUNT}, \
                {"warn_s", BODY_COUNT}, {"recording", BODY_TEXT}, {"language", BODY_TEXT},         \
                {"voice", BODY_TEXT}, {"tell_ended", BODY_SWITCH}, {"take_withheld", BODY_SWITCH}, \
                {"ladder", BODY_LIST}, {"intent_ms", BODY_COUNT}, {"pin_joins", BODY_SWITCH},      \
                {"pin_tries_max", BODY_COUNT}, {"lockout_ms", BODY_COUNT},                         \
                {"affinity_ms", BODY_COUNT}, {"last_caller_ms", BODY_COUNT},                       \
                {"intercept_url", BODY_TEXT}, {"intercept_deadline_ms", BODY_COUNT},               \
                {"intercept_fails_open", BODY_SWITCH}, {"on_end", BODY_TEXT},                      \
                {"refusal", BODY_TEXT}, {"allow_premium", BODY_SWITCH},                            \
        {                                                                                          \
                "allow_emergency", BODY_SWITCH                                                     \
        }

/* What is kept, and nothing goes by yet: the recorder and the prompts of pools are to come. */
static const char *const waiting[] = {"recording", "language", "voice", "tell_ended", "pin_joins"};

#define NAME 0

const struct body_field rest_pools_fields[] = {{"name", BODY_TEXT, true}, POLICY_FIELDS, {NULL}};
const struct body_field rest_pools_change_fields[] = {{"name", BODY_TEXT}, POLICY_FIELDS, {NULL}};

#define FIELDS (sizeof rest_pools_fields / sizeof rest_pools_fields[0] - 1)

static const struct policy_row *row_of(unsigned field)
{
        return pool_policy_row(slice_from(rest_pools_fields[field].name));
}

static json_t *setting_json(const struct pool_policy *policy, const struct policy_row *row)
{
        char memory[sizeof policy->intercept_url + 1];
        struct buf text;
        int64_t value;
        switch (row->kind) {
        case POLICY_SWITCH:
                return json_boolean(pool_policy_get(policy, row));
        case POLICY_COUNT:
                return json_integer(pool_policy_get(policy, row));
        case POLICY_SET:
                value = pool_policy_get(policy, row);
                json_t *list = json_array();
                for (unsigned i = 0; row->words[i]; i++) {
                        if (value >> i & 1)
                                json_array_append_new(list, json_string(row->words[i]));
                }
                return list;
        case POLICY_CHOICE:
        case POLICY_TEXT:
                buf_init(&text, memory, sizeof memory);
                pool_policy_format(policy, row, &text);
                return json_stringn(text.p, text.len);
        }
        return NULL;
}

/* Whoever sets one of these is told so. */
static json_t *without_effect(const struct pool_policy *policy)
{
        json_t *names = json_array();
        struct pool_policy plain;
        pool_policy_default(&plain);
        for (unsigned i = 0; i < sizeof waiting / sizeof waiting[0]; i++) {
                const struct policy_row *row = pool_policy_row(slice_from(waiting[i]));
                if (memcmp((const char *)policy + row->offset, (const char *)&plain + row->offset,
                           row->bytes) != 0)
                        json_array_append_new(names, json_string(row->name));
        }
        return names;
}

/* What a policy comes to as long as something that it speaks of is not served. */
static json_t *remarks(const struct pool_policy *policy)
{
        json_t *sentences = json_array();
        if (policy->intercept_url[0])
                json_array_append_new(
                        sentences,
                        json_string(
                                policy->intercept_fails_open
                                        ? "intercept_url: nobody is asked yet; each call is "
                                          "connected without an answer."
                                        : "intercept_url: nobody is asked yet; each call is "
                                          "refused (intercept-unanswered) until "
                                          "intercept_fails_open is true or the URL is cleared."));
        if (policy->tell_ended)
                json_array_append_new(
                        sentences, json_string("tell_ended: who is to hear it is decided and told "
                                               "by explain (words); on the telephone it is the "
                                               "general announcement still."));
        return sentences;
}

static json_t *pool_json(const struct directory_pool *pool)
{
        json_t *json = json_pack("{s:s, s:I, s:I}", "name", pool->name, "numbers",
                                 (json_int_t)pool->numbers, "sessions", (json_int_t)pool->sessions);
        for (unsigned i = NAME + 1; json && i < FIELDS; i++)
                json_object_set_new(json, rest_pools_fields[i].name,
                                    setting_json(&pool->policy, row_of(i)));
        if (json) {
                json_object_set_new(json, "no_effect_yet", without_effect(&pool->policy));
                json_object_set_new(json, "remarks", remarks(&pool->policy));
        }
        return json;
}

static bool refuse_setting(struct rest *rest, const struct policy_row *row)
{
        char takes[256];
        struct buf b;
        buf_init(&b, takes, sizeof takes - 1);
        pool_policy_takes(row, &b);
        takes[b.len] = '\0';
        rest_refuse(rest, PROBLEM_BAD_VALUE, row->name, "Correct the value.",
                    "the value must be %s", takes);
        return false;
}

/* "monday,friday" */
static bool join(const json_t *list, struct buf *out)
{
        size_t at;
        const json_t *word;
        json_array_foreach((json_t *)(uintptr_t)list, at, word)
        {
                if (!json_is_string(word) || json_string_length(word) == 0 ||
                    memchr(json_string_value(word), ',', json_string_length(word)))
                        return false;
                if (at)
                        buf_put_char(out, ',');
                buf_put_slice(out, body_slice(word));
        }
        return buf_ok(out);
}

static int set(struct pool_policy *policy, const struct policy_row *row, const json_t *value)
{
        char memory[256];
        struct buf words;
        switch (row->kind) {
        case POLICY_SWITCH:
                return pool_policy_set(policy, row, json_is_true(value));
        case POLICY_COUNT:
                return pool_policy_set(policy, row, json_integer_value(value));
        case POLICY_SET:
                buf_init(&words, memory, sizeof memory);
                return join(value, &words) ? pool_policy_parse(policy, row, buf_slice(&words))
                                           : ERR_SYNTAX;
        case POLICY_CHOICE:
        case POLICY_TEXT:
                return pool_policy_parse(policy, row, body_slice(value));
        }
        return ERR_SYNTAX;
}

static bool read_policy(struct rest *rest, const json_t *const *values, struct pool_policy *policy)
{
        struct policy_fault fault;
        for (unsigned i = NAME + 1; i < FIELDS; i++) {
                if (values[i] && set(policy, row_of(i), values[i]))
                        return refuse_setting(rest, row_of(i));
        }
        if (pool_policy_check(policy, &fault))
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, fault.row->name, fault.remedy, "%s", fault.problem);
        return false;
}

static void refuse_pool(struct rest *rest, int err)
{
        switch (err) {
        case ERR_EXISTS:
                rest_refuse(rest, PROBLEM_EXISTS, "name", "Choose another name.",
                            "there is a pool of this name already");
                return;
        case ERR_STATE:
                rest_refuse(rest, PROBLEM_STATE, "name", "Leave the name out, or add another pool.",
                            "the default pool keeps its name");
                return;
        case ERR_TOO_LARGE:
                rest_refuse(rest, PROBLEM_STATE, NULL, "Remove one that is no longer used.",
                            "the tenant has %d pools beside the default one, as many as one may "
                            "have",
                            DIRECTORY_POOLS_OF);
                return;
        case ERR_FULL:
                rest_refuse(rest, PROBLEM_LIMIT, NULL, "Remove one that is no longer used.",
                            "there are %d pools already, or the store's queue is full",
                            DIRECTORY_POOLS_MAX);
                return;
        case ERR_IN_USE:
                rest_refuse(
                        rest, PROBLEM_IN_USE, NULL,
                        "Move its numbers to another pool, end its sessions and wait until "
                        "their quarantine is over; the default pool stays.",
                        "numbers belong to the pool, or sessions of it are not erased, or it is "
                        "the default one");
                return;
        default:
                rest_refuse_store(rest, err);
        }
}

const struct directory_pool *rest_pools_named(struct rest *rest, struct slice name,
                                              const char *field)
{
        struct directory *directory = rest->api->params.directory;
        uint32_t tenant_id = rest->who.tenant_id;
        (void)directory_pool_get(directory, tenant_id, DIRECTORY_DEFAULT_POOL);
        const struct directory_pool *pool = directory_pool_find(directory, tenant_id, name);
        if (!pool)
                rest_refuse(rest, PROBLEM_NOT_FOUND, field,
                            "GET /v1/pools (maskline pool list) lists them.",
                            "there is no such pool");
        return pool;
}

void rest_pools_create(struct rest *rest)
{
        struct directory_pool pool = {.tenant_id = rest->who.tenant_id};
        const json_t *values[FIELDS];
        (void)directory_pool_get(rest->api->params.directory, pool.tenant_id,
                                 DIRECTORY_DEFAULT_POOL);
        pool_policy_default(&pool.policy);
        if (!body_fields(rest, rest->body, "", rest_pools_fields, values) ||
            (values[NAME] && !body_name(rest, values[NAME], pool.name, sizeof pool.name)) ||
            !read_policy(rest, values, &pool.policy))
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;

        int err = directory_pool_add(rest->api->params.directory, &pool, rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_pool(rest, err);
                return;
        }
        wait->status = 201;
        snprintf(wait->told, sizeof wait->told, "pool %s: added", pool.name);
        snprintf(wait->location, sizeof wait->location, "/v1/pools/%s", pool.name);
        wait->answer = pool_json(&pool);
}

/* Pages go by position; a pool that is removed meanwhile may hide one from a page. */
void rest_pools_list(struct rest *rest)
{
        struct directory *directory = rest->api->params.directory;
        const struct directory_pool *pool;
        uint32_t limit, at = 0;
        if (!query_limit(rest, rest->query[0], &limit))
                return;
        if (rest->query[1][0] && slice_to_u32(slice_from(rest->query[1]), UINT32_MAX - 1, &at)) {
                rest_refuse(rest, PROBLEM_BAD_QUERY, "after", "Use the \"next\" of a page.",
                            "after must be what an earlier page gave as \"next\"");
                return;
        }
        (void)directory_pool_get(directory, rest->who.tenant_id, DIRECTORY_DEFAULT_POOL);
        json_t *list = json_array();
        for (; (pool = directory_pool_at(directory, at)); at++) {
                if (pool->tenant_id != rest->who.tenant_id)
                        continue;
                if (json_array_size(list) == limit)
                        break;
                json_array_append_new(list, pool_json(pool));
        }
        rest_answer(rest->api, rest->exchange, 200,
                    json_pack("{s:o, s:o}", "pools", list, "next",
                              pool ? json_sprintf("%u", at) : json_null()));
}

void rest_pools_show(struct rest *rest)
{
        const struct directory_pool *pool = rest_pools_named(rest, slice_from(rest->segment), NULL);
        if (pool)
                rest_answer(rest->api, rest->exchange, 200, pool_json(pool));
}

void rest_pools_change(struct rest *rest)
{
        const json_t *values[FIELDS];
        const struct directory_pool *held = rest_pools_named(rest, slice_from(rest->segment), NULL);
        if (!held)
                return;
        struct directory_pool pool = *held;
        if (!body_fields(rest, rest->body, "", rest_pools_change_fields, values) ||
            (values[NAME] && !body_name(rest, values[NAME], pool.name, sizeof pool.name)) ||
            !read_policy(rest, values, &pool.policy))
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;

        int err = directory_pool_change(rest->api->params.directory, &pool, rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_pool(rest, err);
                return;
        }
        snprintf(wait->told, sizeof wait->told, "pool %s: changed", pool.name);
        wait->answer = pool_json(&pool);
}

void rest_pools_remove(struct rest *rest)
{
        const struct directory_pool *pool = rest_pools_named(rest, slice_from(rest->segment), NULL);
        if (!pool)
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;

        wait->status = 204;
        snprintf(wait->told, sizeof wait->told, "pool %s: removed", pool->name);
        int err = directory_pool_remove(rest->api->params.directory, pool->tenant_id, pool->id,
                                        rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_pool(rest, err);
        }
}
