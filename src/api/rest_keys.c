/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_keys.h"

#include <stdio.h>
#include <string.h>

#include "api/body.h"
#include "api/timestamp.h"
#include "store/directory_tenant.h"

enum field {
        FIELD_NAME,
        FIELD_SCOPES,
        FIELD_EXPIRES_IN_S,
        FIELD_EXPIRES_AT,
        FIELD_ALL_TENANTS,
        FIELDS,
};

const struct body_field rest_keys_fields[] = {
        [FIELD_NAME] = {"name", BODY_TEXT, true},
        [FIELD_SCOPES] = {"scopes", BODY_LIST, true},
        [FIELD_EXPIRES_IN_S] = {"expires_in_s", BODY_COUNT},
        [FIELD_EXPIRES_AT] = {"expires_at", BODY_TEXT},
        [FIELD_ALL_TENANTS] = {"all_tenants", BODY_SWITCH},
        [FIELDS] = {NULL},
};

static json_t *scopes_json(uint32_t scopes)
{
        json_t *list = json_array();
        for (unsigned i = 0; i < SCOPE_COUNT; i++) {
                if (scopes & 1u << i)
                        json_array_append_new(list, json_string(api_scope_name(i)));
        }
        return list;
}

static json_t *key_json(const struct api *api, const struct api_key *key)
{
        const struct directory *directory = api->params.directory;
        const struct tenant *tenant = directory_tenant_get(directory, key->tenant_id);
        bool expired = key->expires_ms && directory_now(directory) >= key->expires_ms;
        return json_pack("{s:s, s:s, s:s?, s:o, s:s, s:o, s:o, s:o}", "id",
                         key_id_format(directory, key->id).text, "name", key->name, "tenant",
                         tenant ? tenant->name : NULL, "scopes", scopes_json(key->scopes), "state",
                         expired ? "expired" : "active", "created_at", rest_time(key->created_ms),
                         "expires_at", rest_time(key->expires_ms), "used_at",
                         rest_time(key->used_ms));
}

static bool read_name(struct rest *rest, const json_t *value, struct api_key *key)
{
        struct slice text = body_slice(value);
        bool good = text.len > 0 && slice_to_text(text, key->name, sizeof key->name) == 0;
        for (size_t i = 0; good && i < text.len; i++)
                good = (unsigned char)text.p[i] >= ' ' && text.p[i] != 0x7f;
        if (!good)
                rest_refuse(rest, PROBLEM_BAD_VALUE, "name", "Choose another name.",
                            "a key's name is 1 to %d bytes without control characters",
                            API_KEY_NAME_BYTES - 1);
        return good;
}

static bool read_scopes(struct rest *rest, const json_t *list, struct api_key *key)
{
        size_t at;
        const json_t *value;
        json_array_foreach((json_t *)(uintptr_t)list, at, value)
        {
                uint32_t scope;
                if (!json_is_string(value) || api_scope_parse(body_slice(value), &scope)) {
                        rest_refuse(rest, PROBLEM_BAD_VALUE, "scopes", "Correct the value.",
                                    "a scope is \"provision\", \"read\", \"operate\", \"audit\" "
                                    "or \"privacy\"");
                        return false;
                }
                key->scopes |= scope;
        }
        if (!key->scopes) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "scopes", "Name one at least.",
                            "a key without a scope may do nothing");
                return false;
        }
        return true;
}

/* No key makes another that may do more, or for longer. */
static bool check_rights(struct rest *rest, const struct api_key *key)
{
        const struct principal *who = &rest->who;
        if (key->scopes & ~who->scopes) {
                rest_refuse(rest, PROBLEM_FORBIDDEN, "scopes",
                            "Leave out what this key has not, or ask with one that has it.",
                            "a key makes no key with scopes that it has not itself");
                return false;
        }
        if (key->tenant_id == 0 && !who->has_all) {
                rest_refuse(rest, PROBLEM_FORBIDDEN, "all_tenants", "Leave it out.",
                            "a tenant's key makes no key of all tenants");
                return false;
        }
        if (who->expires_ms && (!key->expires_ms || key->expires_ms > who->expires_ms)) {
                rest_refuse(rest, PROBLEM_FORBIDDEN, "expires_at", "Choose an earlier time.",
                            "a key that expires makes no key that holds longer; it expires at %s",
                            timestamp_format(who->expires_ms).text);
                return false;
        }
        return true;
}

static bool read_key(struct rest *rest, struct api_key *key)
{
        const json_t *values[FIELDS];
        int64_t now_ms = directory_now(rest->api->params.directory);
        *key = (struct api_key){.tenant_id = rest->who.tenant_id};
        if (!body_fields(rest, rest->body, "", rest_keys_fields, values))
                return false;
        const struct body_time expires = {
                .at_name = "expires_at",
                .in_name = "expires_in_s",
                .at = values[FIELD_EXPIRES_AT],
                .in_s = values[FIELD_EXPIRES_IN_S],
        };
        if (json_is_true(values[FIELD_ALL_TENANTS]))
                key->tenant_id = 0;
        if (!read_name(rest, values[FIELD_NAME], key) ||
            !read_scopes(rest, values[FIELD_SCOPES], key) ||
            !body_time(rest, &expires, now_ms, &key->expires_ms))
                return false;
        if (key->expires_ms && key->expires_ms <= now_ms) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "expires_at", "Choose a later time.",
                            "the key would have expired already");
                return false;
        }
        return check_rights(rest, key);
}

static void refuse_key(struct rest *rest, int err)
{
        if (err == ERR_FULL)
                rest_refuse(rest, PROBLEM_LIMIT, NULL,
                            "Revoke those that are no longer used (maskline key list).",
                            "there are %d keys already, or the store's queue is full",
                            API_KEYS_MAX);
        else if (err == ERR_TOO_LARGE)
                rest_refuse(rest, PROBLEM_STATE, NULL,
                            "Revoke those that are no longer used (maskline key list).",
                            "the tenant has %d keys, as many as one may have", API_KEYS_OF_TENANT);
        else
                rest_refuse_store(rest, err);
}

void rest_keys_create(struct rest *rest)
{
        struct api *api = rest->api;
        struct api_key key;
        char text[TOKEN_TEXT_BYTES + 1];
        if (!read_key(rest, &key))
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;

        token_make(io_random(api->params.io), text);
        directory_key_hash(api->params.directory, slice_from(text), key.hash);
        int err = directory_key_add(api->params.directory, &key, rest->who.key_id, rest_wait_done,
                                    wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_key(rest, err);
                goto done;
        }
        struct key_id_text id = key_id_format(api->params.directory, key.id);
        wait->status = 201;
        snprintf(wait->told, sizeof wait->told, "key %s: created", id.text);
        snprintf(wait->location, sizeof wait->location, "/v1/keys/%s", id.text);
        wait->answer = key_json(api, &key);
        if (wait->answer)
                json_object_set_new(wait->answer, "key", json_string(text));
done:
        explicit_bzero(text, sizeof text);
}

/* Who has all tenants and has chosen none sees the keys of all. */
static bool is_visible(const struct principal *who, const struct api_key *key)
{
        return key->tenant_id == who->tenant_id || (who->has_all && !who->has_chosen);
}

void rest_keys_list(struct rest *rest)
{
        uint32_t limit;
        uint64_t last = 0;
        const struct directory *directory = rest->api->params.directory;
        if (!query_limit(rest, rest->query[0], &limit))
                return;
        if (rest->query[1][0] && key_id_parse(directory, slice_from(rest->query[1]), &last)) {
                rest_refuse(rest, PROBLEM_BAD_QUERY, "after", "Use the \"next\" of a page.",
                            "after must be the id of a key");
                return;
        }

        const struct api_key *key;
        json_t *list = json_array();
        json_t *next = NULL;
        for (uint64_t at = last; (key = directory_key_after(directory, at)); at = key->id) {
                if (!is_visible(&rest->who, key))
                        continue;
                if (json_array_size(list) == limit) {
                        next = json_string(key_id_format(directory, last).text);
                        break;
                }
                json_array_append_new(list, key_json(rest->api, key));
                last = key->id;
        }
        rest_answer(rest->api, rest->exchange, 200,
                    json_pack("{s:o, s:o}", "keys", list, "next", next ? next : json_null()));
}

static const struct api_key *find_or_refuse(struct rest *rest)
{
        uint64_t id;
        const struct directory *directory = rest->api->params.directory;
        const struct api_key *key = NULL;
        if (key_id_parse(directory, slice_from(rest->segment), &id) == 0)
                key = directory_key_get(directory, id);
        if (key && is_visible(&rest->who, key))
                return key;
        rest_refuse(rest, PROBLEM_NOT_FOUND, NULL,
                    "GET /v1/keys (maskline key list) lists those that are not revoked.",
                    "there is no such key");
        return NULL;
}

void rest_keys_show(struct rest *rest)
{
        const struct api_key *key = find_or_refuse(rest);
        if (key)
                rest_answer(rest->api, rest->exchange, 200, key_json(rest->api, key));
}

void rest_keys_revoke(struct rest *rest)
{
        const struct api_key *key = find_or_refuse(rest);
        if (!key)
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;

        wait->status = 204;
        snprintf(wait->told, sizeof wait->told, "key %s: revoked",
                 key_id_format(rest->api->params.directory, key->id).text);
        int err = directory_key_revoke(rest->api->params.directory, key->id, rest->who.key_id,
                                       rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_key(rest, err);
        }
}
