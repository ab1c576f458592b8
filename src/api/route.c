/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"

#include <string.h>

#include "api/rest_audit.h"
#include "api/rest_backups.h"
#include "api/rest_calls.h"
#include "api/rest_health.h"
#include "api/rest_keys.h"
#include "api/rest_numbers.h"
#include "api/rest_sessions.h"
#include "api/rest_tenants.h"
#include "api/rest_trunk_check.h"
#include "api/rest_trunks.h"

static const struct route routes[] = {
        {"GET", "/healthz", .is_open = true, .handler = rest_health_live},
        {"GET", "/readyz", .is_open = true, .handler = rest_health_ready},
        {"GET", "/metrics", SCOPE_READ, .of_all = true, .handler = rest_health_metrics},
        {"GET", "/v1/tenants", SCOPE_READ, .of_all = true, .handler = rest_tenants_list},
        {"POST", "/v1/tenants", SCOPE_PROVISION, .of_all = true, .takes_body = true,
         .handler = rest_tenants_create},
        {"GET", "/v1/tenants/{}", SCOPE_READ, .of_all = true, .handler = rest_tenants_show},
        {"DELETE", "/v1/tenants/{}", SCOPE_PROVISION, .of_all = true,
         .handler = rest_tenants_remove},
        {"GET", "/v1/keys", SCOPE_PROVISION, .handler = rest_keys_list},
        {"POST", "/v1/keys", SCOPE_PROVISION, .takes_body = true, .handler = rest_keys_create},
        {"GET", "/v1/keys/{}", SCOPE_PROVISION, .handler = rest_keys_show},
        {"DELETE", "/v1/keys/{}", SCOPE_PROVISION, .handler = rest_keys_revoke},
        {"GET", "/v1/trunks", SCOPE_READ, .handler = rest_trunks_list},
        {"POST", "/v1/trunks", SCOPE_PROVISION, .takes_body = true, .handler = rest_trunks_create},
        {"GET", "/v1/trunks/{}", SCOPE_READ, .handler = rest_trunks_show},
        {"PATCH", "/v1/trunks/{}", SCOPE_PROVISION, .takes_body = true,
         .handler = rest_trunks_change},
        {"DELETE", "/v1/trunks/{}", SCOPE_PROVISION, .handler = rest_trunks_remove},
        {"GET", "/v1/trunks/{}/check", SCOPE_READ, .handler = rest_trunk_check_show},
        {"POST", "/v1/trunks/{}/check", SCOPE_OPERATE, .handler = rest_trunk_check_start},
        {"GET", "/v1/numbers", SCOPE_READ, .handler = rest_numbers_list},
        {"POST", "/v1/numbers", SCOPE_PROVISION, .takes_body = true,
         .handler = rest_numbers_create},
        {"DELETE", "/v1/numbers/{}", SCOPE_PROVISION, .handler = rest_numbers_remove},
        {"GET", "/v1/sessions", SCOPE_READ, .handler = rest_sessions_list},
        {"POST", "/v1/sessions", SCOPE_OPERATE, .takes_body = true,
         .handler = rest_sessions_create},
        {"GET", "/v1/sessions/{}", SCOPE_READ, .handler = rest_sessions_show},
        {"POST", "/v1/sessions/{}/end", SCOPE_OPERATE, .handler = rest_sessions_end},
        {"GET", "/v1/calls", SCOPE_READ, .handler = rest_calls_list},
        {"GET", "/v1/calls.csv", SCOPE_READ, .handler = rest_calls_export},
        {"GET", "/v1/calls/{}", SCOPE_READ, .handler = rest_calls_show},
        {"POST", "/v1/calls/{}/hangup", SCOPE_OPERATE, .handler = rest_calls_hangup},
        {"POST", "/v1/explain", SCOPE_OPERATE, .takes_body = true, .handler = rest_audit_explain},
        {"GET", "/v1/backups", SCOPE_READ, .of_all = true, .handler = rest_backups_list},
        {"POST", "/v1/backups", SCOPE_OPERATE, .of_all = true, .handler = rest_backups_start},
        {"GET", "/v1/backups/{}", SCOPE_READ, .of_all = true, .handler = rest_backups_show},
        {"POST", "/v1/backups/{}/key", SCOPE_PROVISION, .of_all = true,
         .handler = rest_backups_key},
        {"DELETE", "/v1/backups/{}", SCOPE_PROVISION, .of_all = true,
         .handler = rest_backups_forget},
        {"GET", "/v1/audit/verify", SCOPE_AUDIT, .of_all = true, .handler = rest_audit_verify},
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
