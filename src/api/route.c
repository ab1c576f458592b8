/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"

#include <stdlib.h>
#include <string.h>

#include "api/openapi.h"
#include "api/rest_audit.h"
#include "api/rest_backups.h"
#include "api/rest_blocks.h"
#include "api/rest_calls.h"
#include "api/rest_events.h"
#include "api/rest_explain.h"
#include "api/rest_health.h"
#include "api/rest_keys.h"
#include "api/rest_number_import.h"
#include "api/rest_numbers.h"
#include "api/rest_parties.h"
#include "api/rest_pool_certificate.h"
#include "api/rest_pools.h"
#include "api/rest_session_change.h"
#include "api/rest_session_edit.h"
#include "api/rest_session_import.h"
#include "api/rest_session_intent.h"
#include "api/rest_sessions.h"
#include "api/rest_tenants.h"
#include "api/rest_trunk_check.h"
#include "api/rest_trunks.h"
#include "api/session_fields.h"

static const char *const by_after[] = {"limit", "after", NULL};
static const char *const by_before[] = {"limit", "before", NULL};
static const char *const by_time[] = {"limit", "before", "from", "to", NULL};

static const struct route routes[] = {
        {"GET", "/healthz", 0, rest_health_live, .is_open = true, .name = "live",
         .summary = "Whether the server runs", .done = {200}, .answer = "Health"},
        {"GET", "/readyz", 0, rest_health_ready, .is_open = true, .name = "ready",
         .summary = "Whether it takes calls and writes to disk", .done = {200, 503},
         .answer = "Health"},
        {"GET", "/metrics", SCOPE_READ, rest_health_metrics, .of_all = true, .name = "metrics",
         .summary = "Counters and gauges, as Prometheus reads them", .done = {200}},
        {"GET", "/v1/openapi.json", SCOPES_ALL, openapi_answer, .name = "openapi",
         .summary = "This description", .done = {200}, .answer = ""},

        {"GET", "/v1/tenants", SCOPE_READ, rest_tenants_list, .of_all = true,
         .name = "list_tenants", .summary = "List the tenants", .done = {200},
         .answer = "TenantList"},
        {"POST", "/v1/tenants", SCOPE_PROVISION, rest_tenants_create, .of_all = true,
         .name = "add_tenant", .summary = "Add a tenant", .fields = rest_tenants_fields,
         .done = {201}, .answer = "Tenant", .may_conflict = true},
        {"GET", "/v1/tenants/{}", SCOPE_READ, rest_tenants_show, .of_all = true,
         .name = "show_tenant", .summary = "Show a tenant", .hole = "name", .done = {200},
         .answer = "Tenant"},
        {"DELETE", "/v1/tenants/{}", SCOPE_PROVISION, rest_tenants_remove, .of_all = true,
         .name = "remove_tenant", .summary = "Remove a tenant that holds nothing", .hole = "name",
         .done = {204}, .may_conflict = true},

        {"GET", "/v1/keys", SCOPE_PROVISION, rest_keys_list, .name = "list_keys",
         .summary = "List the keys that are not revoked", .query = by_after, .done = {200},
         .answer = "KeyList"},
        {"POST", "/v1/keys", SCOPE_PROVISION, rest_keys_create, .name = "make_key",
         .summary = "Make a key, which is told in this answer alone", .fields = rest_keys_fields,
         .done = {201}, .answer = "KeyMade", .tells_secret = true, .may_conflict = true},
        {"GET", "/v1/keys/{}", SCOPE_PROVISION, rest_keys_show, .name = "show_key",
         .summary = "Show a key, without what it is", .hole = "id", .done = {200}, .answer = "Key"},
        {"DELETE", "/v1/keys/{}", SCOPE_PROVISION, rest_keys_revoke, .name = "revoke_key",
         .summary = "End a key at once", .hole = "id", .done = {204}},

        {"GET", "/v1/trunks", SCOPE_READ, rest_trunks_list, .name = "list_trunks",
         .summary = "List the trunks", .done = {200}, .answer = "TrunkList"},
        {"POST", "/v1/trunks", SCOPE_PROVISION, rest_trunks_create, .name = "add_trunk",
         .summary = "Add a trunk", .fields = rest_trunks_fields, .done = {201}, .answer = "Trunk",
         .may_conflict = true},
        {"GET", "/v1/trunks/{}", SCOPE_READ, rest_trunks_show, .name = "show_trunk",
         .summary = "Show a trunk and its state", .hole = "name", .done = {200}, .answer = "Trunk"},
        {"PATCH", "/v1/trunks/{}", SCOPE_PROVISION, rest_trunks_change, .name = "change_trunk",
         .summary = "Change a trunk; what is absent stays", .hole = "name",
         .fields = rest_trunks_change_fields, .done = {200}, .answer = "Trunk",
         .may_conflict = true},
        {"DELETE", "/v1/trunks/{}", SCOPE_PROVISION, rest_trunks_remove, .name = "remove_trunk",
         .summary = "Remove a trunk that no number belongs to", .hole = "name", .done = {204},
         .may_conflict = true},
        {"GET", "/v1/trunks/{}/check", SCOPE_READ, rest_trunk_check_show,
         .name = "show_trunk_check", .summary = "How far the look at a trunk has come",
         .hole = "name", .done = {200}, .answer = "Check"},
        {"POST", "/v1/trunks/{}/check", SCOPE_OPERATE, rest_trunk_check_start,
         .name = "check_trunk", .summary = "Begin a look at a trunk, or join it", .hole = "name",
         .done = {202}, .answer = "Check"},

        {"GET", "/v1/pools", SCOPE_READ, rest_pools_list, .name = "list_pools",
         .summary = "List the pools", .query = by_after, .done = {200}, .answer = "PoolList"},
        {"POST", "/v1/pools", SCOPE_PROVISION, rest_pools_create, .name = "add_pool",
         .summary = "Add a pool", .fields = rest_pools_fields, .done = {201}, .answer = "Pool",
         .may_conflict = true},
        {"GET", "/v1/pools/{}", SCOPE_READ, rest_pools_show, .name = "show_pool",
         .summary = "Show a pool", .hole = "name", .done = {200}, .answer = "Pool"},
        {"PATCH", "/v1/pools/{}", SCOPE_PROVISION, rest_pools_change, .name = "change_pool",
         .summary = "Change a pool; what is absent stays", .hole = "name",
         .fields = rest_pools_change_fields, .done = {200}, .answer = "Pool", .may_conflict = true},
        {"DELETE", "/v1/pools/{}", SCOPE_PROVISION, rest_pools_remove, .name = "remove_pool",
         .summary = "Remove a pool without numbers and sessions", .hole = "name", .done = {204},
         .may_conflict = true},

        {"GET", "/v1/pools/{}/certificate", SCOPE_READ, rest_pool_certificate,
         .name = "certify_pool",
         .summary = "How many numbers a pool needs, and the proof, which names nobody",
         .hole = "name", .query = by_after, .done = {200}, .answer = "Certificate"},
        {"POST", "/v1/pools/{}/plan", SCOPE_READ, rest_pool_plan, .name = "plan_pool",
         .summary = "How many numbers a pool should have, by what its sessions hold now",
         .hole = "name", .fields = rest_pool_plan_fields, .done = {200}, .answer = "Plan"},

        {"GET", "/v1/numbers", SCOPE_READ, rest_numbers_list, .name = "list_numbers",
         .summary = "List the masking numbers", .query = by_after, .done = {200},
         .answer = "NumberList"},
        {"POST", "/v1/numbers", SCOPE_PROVISION, rest_numbers_create, .name = "add_number",
         .summary = "Add a masking number", .fields = rest_numbers_fields, .done = {201},
         .answer = "Number", .may_conflict = true},
        {"POST", "/v1/numbers/import", SCOPE_PROVISION, rest_number_import,
         .name = "import_numbers",
         .summary = "Add and change up to 500 masking numbers, each judged by itself",
         .fields = rest_number_import_fields, .done = {200}, .answer = "NumberImport"},
        {"GET", "/v1/numbers/{}", SCOPE_READ, rest_numbers_show, .name = "show_number",
         .summary = "Show a masking number", .hole = "number", .done = {200}, .answer = "Number"},
        {"PATCH", "/v1/numbers/{}", SCOPE_PROVISION, rest_numbers_change, .name = "change_number",
         .summary = "Change a masking number; what is absent stays", .hole = "number",
         .fields = rest_numbers_change_fields, .done = {200}, .answer = "Number",
         .may_conflict = true},
        {"DELETE", "/v1/numbers/{}", SCOPE_PROVISION, rest_numbers_remove, .name = "remove_number",
         .summary = "Remove a number that no live session holds", .hole = "number", .done = {204},
         .may_conflict = true},

        {"GET", "/v1/sessions", SCOPE_READ, rest_sessions_list, .name = "list_sessions",
         .summary = "List sessions, the newest first", .query = by_before, .done = {200},
         .answer = "SessionList"},
        {"POST", "/v1/sessions", SCOPE_OPERATE, rest_sessions_create, .name = "create_session",
         .summary = "Let parties call each other without seeing their numbers",
         .fields = session_fields, .done = {200, 201}, .answer = "SessionMade",
         .may_conflict = true, .by_reference = true},
        {"POST", "/v1/sessions/import", SCOPE_OPERATE, rest_session_import,
         .name = "import_sessions", .summary = "Create up to 500 sessions, each judged by itself",
         .fields = rest_session_import_fields, .done = {200}, .answer = "SessionImport"},
        {"GET", "/v1/sessions/{}", SCOPE_READ, rest_sessions_show, .name = "show_session",
         .summary = "Show a session", .hole = "id", .done = {200}, .answer = "Session"},
        {"POST", "/v1/sessions/{}/end", SCOPE_OPERATE, rest_sessions_end, .name = "end_session",
         .summary = "End a session: from now on nobody gets through", .hole = "id", .done = {200},
         .answer = "Session", .may_conflict = true},

        {"POST", "/v1/sessions/{}/renew", SCOPE_OPERATE, rest_sessions_renew,
         .name = "renew_session", .summary = "Let a session live longer, or shorter", .hole = "id",
         .fields = rest_session_time_fields, .done = {200}, .answer = "Session"},
        {"POST", "/v1/sessions/{}/reopen", SCOPE_OPERATE, rest_sessions_reopen,
         .name = "reopen_session", .summary = "Let a session that has ended live again",
         .hole = "id", .fields = rest_session_time_fields, .done = {200}, .answer = "Session"},
        {"POST", "/v1/sessions/{}/change", SCOPE_OPERATE, rest_session_edit,
         .name = "change_session", .summary = "Change who is in a session, or a number of it",
         .hole = "id", .fields = rest_session_edit_fields, .done = {200}, .answer = "Session"},
        {"POST", "/v1/sessions/{}/erase", SCOPE_OPERATE, rest_sessions_erase,
         .name = "erase_session", .summary = "Shred what a session holds", .hole = "id",
         .done = {200}, .answer = "Erased"},

        {"POST", "/v1/sessions/{}/intent", SCOPE_OPERATE, rest_session_intent, .name = "set_intent",
         .summary = "A party calls from another telephone now", .hole = "id",
         .fields = rest_session_intent_fields, .done = {200}, .answer = "Intent"},
        {"GET", "/v1/sessions/{}/explain", SCOPE_READ, rest_explain_session,
         .name = "explain_session", .summary = "Whom each party would reach now, and why",
         .hole = "id", .done = {200}, .answer = "SessionExplanation"},

        {"POST", "/v1/parties/export", SCOPE_PRIVACY, rest_party_export, .name = "export_party",
         .summary = "Tell all that is held of one real number", .fields = rest_party_export_fields,
         .done = {200}, .answer = "PartyExport", .is_read = true},
        {"POST", "/v1/parties/erase", SCOPE_PRIVACY, rest_party_erase, .name = "erase_party",
         .summary = "Shred the keys of all sessions that a real number is in",
         .fields = rest_party_erase_fields, .done = {200}, .answer = "PartyErased"},

        {"GET", "/v1/calls", SCOPE_READ, rest_calls_list, .name = "list_calls",
         .summary = "List calls in progress, and ended ones, the newest first", .query = by_time,
         .done = {200}, .answer = "CallList"},
        {"GET", "/v1/calls.csv", SCOPE_READ, rest_calls_export, .name = "export_calls",
         .summary = "Ended calls as CSV, the newest first; the header Link names the next page",
         .query = by_time, .done = {200}, .type = "text/csv"},
        {"GET", "/v1/calls/{}", SCOPE_READ, rest_calls_show, .name = "show_call",
         .summary = "Show a call, and why it ended", .hole = "id", .done = {200}, .answer = "Call"},
        {"POST", "/v1/calls/{}/hangup", SCOPE_OPERATE, rest_calls_hangup, .name = "hang_up_call",
         .summary = "Hang up a call in progress", .hole = "id", .done = {202},
         .answer = "CallEnding"},

        {"GET", "/v1/blocks", SCOPE_READ, rest_blocks_list, .name = "list_blocks",
         .summary = "List the blocked pairs, the newest first", .query = by_before, .done = {200},
         .answer = "BlockList"},
        {"POST", "/v1/blocks", SCOPE_OPERATE, rest_blocks_create, .name = "block_pair",
         .summary = "Connect two people no more, in whatever session", .fields = rest_blocks_fields,
         .done = {200, 201}, .answer = "Block", .may_conflict = true},
        {"GET", "/v1/blocks/{}", SCOPE_READ, rest_blocks_show, .name = "show_block",
         .summary = "Show a blocked pair", .hole = "id", .done = {200}, .answer = "Block"},
        {"DELETE", "/v1/blocks/{}", SCOPE_OPERATE, rest_blocks_remove, .name = "unblock_pair",
         .summary = "Let a blocked pair call each other again", .hole = "id", .done = {204}},

        {"POST", "/v1/explain", SCOPE_OPERATE, rest_explain, .name = "explain",
         .summary = "What would happen if somebody called now", .fields = rest_explain_fields,
         .done = {200}, .answer = "Explanation", .is_read = true},
        {"GET", "/v1/backups", SCOPE_READ, rest_backups_list, .of_all = true,
         .name = "list_backups", .summary = "List the backups whose key is still there",
         .done = {200}, .answer = "BackupList", .may_conflict = true},
        {"POST", "/v1/backups", SCOPE_OPERATE, rest_backups_start, .of_all = true,
         .name = "make_backup", .summary = "Begin a backup", .done = {202}, .answer = "Backup",
         .may_conflict = true},
        {"GET", "/v1/backups/{}", SCOPE_READ, rest_backups_show, .of_all = true,
         .name = "show_backup", .summary = "Show a backup", .hole = "id", .done = {200},
         .answer = "Backup", .may_conflict = true},
        {"POST", "/v1/backups/{}/key", SCOPE_PROVISION, rest_backups_key, .of_all = true,
         .name = "tell_backup_key", .summary = "Tell the key of a backup", .hole = "id",
         .done = {200}, .answer = "BackupKey", .may_conflict = true, .tells_secret = true},
        {"DELETE", "/v1/backups/{}", SCOPE_PROVISION, rest_backups_forget, .of_all = true,
         .name = "forget_backup", .summary = "Make a backup unreadable", .hole = "id",
         .done = {204}, .may_conflict = true},

        {"GET", "/v1/events", SCOPE_READ | SCOPE_AUDIT, rest_events_list, .name = "list_events",
         .summary = "What happened, from a cursor on, the oldest first", .query = by_after,
         .done = {200}, .answer = "EventList"},
        {"GET", "/v1/audit/verify", SCOPE_AUDIT, rest_audit_verify, .of_all = true,
         .name = "verify_audit", .summary = "Whether the audit record is as it was written",
         .done = {200}, .answer = "Verification"},
};

static bool matches(const char *pattern, struct slice path, struct slice *segment)
{
        const char *hole = strstr(pattern, "{}");
        *segment = SLICE_NONE;
        if (!hole)
                return slice_equal(path, slice_from(pattern));

        struct slice before = {pattern, (size_t)(hole - pattern)};
        struct slice after = slice_from(hole + 2);
        if (!slice_starts_with(path, before))
                return false;
        struct slice rest = {path.p + before.len, path.len - before.len};
        const char *slash = rest.len ? memchr(rest.p, '/', rest.len) : NULL;
        struct slice one = {rest.p, slash ? (size_t)(slash - rest.p) : rest.len};
        struct slice tail = {rest.p + one.len, rest.len - one.len};
        *segment = one;
        return one.len > 0 && slice_equal(tail, after);
}

const struct route *route_find(struct slice method, struct slice path, struct slice *segment)
{
        for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
                bool same_method = !method.len || slice_equal(method, slice_from(routes[i].method));
                if (same_method && matches(routes[i].path, path, segment))
                        return &routes[i];
        }
        return NULL;
}

const struct route *route_at(unsigned i)
{
        return i < sizeof routes / sizeof routes[0] ? &routes[i] : NULL;
}

static int compare(const void *a, const void *b)
{
        return (int)*(const unsigned *)a - (int)*(const unsigned *)b;
}

unsigned route_statuses(const struct route *route, unsigned out[ROUTE_STATUSES_MAX])
{
        static const unsigned with_key[] = {400, 401, 403, 404, 429, 500, 503};
        static const unsigned with_body[] = {413, 415, 422};
        unsigned count = 0;
        for (unsigned i = 0; i < 2 && route->done[i]; i++)
                out[count++] = route->done[i];
        for (size_t i = 0; !route->is_open && i < sizeof with_key / sizeof with_key[0]; i++)
                out[count++] = with_key[i];
        for (size_t i = 0; route->fields && i < sizeof with_body / sizeof with_body[0]; i++)
                out[count++] = with_body[i];
        if (route->may_conflict || strcmp(route->method, "GET") != 0)
                out[count++] = 409;
        qsort(out, count, sizeof out[0], compare);
        return count;
}

void route_put_methods(struct buf *out, struct slice path)
{
        struct slice segment;
        for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
                if (!matches(routes[i].path, path, &segment))
                        continue;
                bool get = !strcmp(routes[i].method, "GET");
                buf_printf(out, "%s%s%s", out->len ? ", " : "", routes[i].method,
                           get ? ", HEAD" : "");
        }
}
