/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one tenant's key is told about another tenant's things: exactly what it is told about things
 * that do not exist. Every route has a row here; one without fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../unit.h"
#include "api/route.h"
#include "carrier.h"
#include "rig.h"
#include "store/directory_tenant.h"

/* What acme has, and what nobody has. */
enum thing {
        NOTHING,
        TENANT,
        KEY,
        TRUNK,
        NUMBER,
        POOL,
        SESSION,
        BLOCK,
        LIVE_CALL,
        ENDED_CALL,
        PERSON,
        THINGS,
};

struct scene {
        struct rig rig;
        char operator_token[64], acme_key[64], bolt_key[64];
        char acme[THINGS][48], nobody[THINGS][48];
        struct carrier carrier;
};

/* Of all tenants: the key of one is refused, whatever it asks of. */
enum kind {
        OPEN,
        OF_ALL,
        LIST,  /* nothing of acme's is in it */
        FOUND, /* answered 404 or 422, with one body for both */
        SAME,  /* one body for both, and no error */
};

static const struct row {
        enum kind kind;
        const char *method, *route, *path; /* "%s" in path or body is the thing */
        enum thing thing;
        const char *body;
} rows[] = {
        {OPEN, "GET", "/healthz", "/healthz"},
        {OPEN, "GET", "/readyz", "/readyz"},
        {SAME, "GET", "/v1/openapi.json", "/v1/openapi.json"},
        {OF_ALL, "GET", "/metrics", "/metrics"},
        {OF_ALL, "GET", "/v1/tenants", "/v1/tenants"},
        {OF_ALL, "POST", "/v1/tenants", "/v1/tenants", TENANT, "{\"name\":\"%s\"}"},
        {OF_ALL, "GET", "/v1/tenants/{}", "/v1/tenants/%s", TENANT},
        {OF_ALL, "DELETE", "/v1/tenants/{}", "/v1/tenants/%s", TENANT},
        {OF_ALL, "GET", "/v1/audit/verify", "/v1/audit/verify"},
        {LIST, "GET", "/v1/calls.csv", "/v1/calls.csv"},
        {OF_ALL, "GET", "/v1/backups", "/v1/backups"},
        {OF_ALL, "POST", "/v1/backups", "/v1/backups"},
        {OF_ALL, "GET", "/v1/backups/{}", "/v1/backups/x"},
        {OF_ALL, "POST", "/v1/backups/{}/key", "/v1/backups/x/key"},
        {OF_ALL, "DELETE", "/v1/backups/{}", "/v1/backups/x"},
        {LIST, "GET", "/v1/keys", "/v1/keys"},
        {FOUND, "POST", "/v1/keys", "/v1/keys?tenant=%s", TENANT,
         "{\"name\":\"x\",\"scopes\":[\"read\"]}"},
        {FOUND, "GET", "/v1/keys/{}", "/v1/keys/%s", KEY},
        {FOUND, "DELETE", "/v1/keys/{}", "/v1/keys/%s", KEY},
        {LIST, "GET", "/v1/trunks", "/v1/trunks"},
        {FOUND, "POST", "/v1/trunks", "/v1/trunks", TRUNK,
         "{\"name\":\"new\",\"sources\":[\"127.0.0.99\"],\"peer\":\"127.0.0.99\","
         "\"overflow\":[\"%s\"]}"},
        {FOUND, "GET", "/v1/trunks/{}", "/v1/trunks/%s", TRUNK},
        {FOUND, "PATCH", "/v1/trunks/{}", "/v1/trunks/%s", TRUNK, "{\"options_s\":0}"},
        {FOUND, "PATCH", "/v1/trunks/{}", "/v1/trunks/west", TRUNK, "{\"overflow\":[\"%s\"]}"},
        {FOUND, "DELETE", "/v1/trunks/{}", "/v1/trunks/%s", TRUNK},
        {FOUND, "GET", "/v1/trunks/{}/check", "/v1/trunks/%s/check", TRUNK},
        {FOUND, "POST", "/v1/trunks/{}/check", "/v1/trunks/%s/check", TRUNK},
        {FOUND, "GET", "/v1/numbers/{}", "/v1/numbers/%s", NUMBER},
        {FOUND, "PATCH", "/v1/numbers/{}", "/v1/numbers/%s", NUMBER, "{}"},
        {SAME, "POST", "/v1/numbers/import", "/v1/numbers/import", TRUNK,
         "{\"rows\":[{\"number\":\"+919000000099\",\"trunk\":\"%s\"}]}"},
        {LIST, "GET", "/v1/pools", "/v1/pools"},
        {FOUND, "POST", "/v1/pools", "/v1/pools?tenant=%s", TENANT, "{\"name\":\"x\"}"},
        {FOUND, "GET", "/v1/pools/{}", "/v1/pools/%s", POOL},
        {FOUND, "PATCH", "/v1/pools/{}", "/v1/pools/%s", POOL, "{\"ttl_ms\":1000}"},
        {FOUND, "DELETE", "/v1/pools/{}", "/v1/pools/%s", POOL},
        {FOUND, "GET", "/v1/pools/{}/certificate", "/v1/pools/%s/certificate", POOL},
        {FOUND, "POST", "/v1/pools/{}/plan", "/v1/pools/%s/plan", POOL, "{}"},
        {LIST, "GET", "/v1/numbers", "/v1/numbers"},
        {FOUND, "POST", "/v1/numbers", "/v1/numbers", TRUNK,
         "{\"number\":\"+919000000099\",\"trunk\":\"%s\"}"},
        {FOUND, "DELETE", "/v1/numbers/{}", "/v1/numbers/%s", NUMBER},
        {LIST, "GET", "/v1/sessions", "/v1/sessions"},
        {FOUND, "GET", "/v1/sessions", "/v1/sessions?before=%s", SESSION},
        {FOUND, "POST", "/v1/sessions", "/v1/sessions", NUMBER,
         "{\"parties\":[{\"number\":\"+919888800001\",\"dials\":\"+%s\"},"
         "{\"number\":\"+919888800002\"}]}"},
        {FOUND, "POST", "/v1/sessions", "/v1/sessions", POOL,
         "{\"pool\":\"%s\",\"parties\":[{\"number\":\"+919888800001\"},"
         "{\"number\":\"+919888800002\"}]}"},
        {SAME, "POST", "/v1/sessions/import", "/v1/sessions/import", POOL,
         "{\"rows\":[{\"pool\":\"%s\",\"parties\":[{\"number\":\"+919888800001\"},"
         "{\"number\":\"+919888800002\"}]}]}"},
        {FOUND, "GET", "/v1/sessions/{}", "/v1/sessions/%s", SESSION},
        {FOUND, "POST", "/v1/sessions/{}/end", "/v1/sessions/%s/end", SESSION},
        {FOUND, "POST", "/v1/sessions/{}/renew", "/v1/sessions/%s/renew", SESSION,
         "{\"expires_in_s\":60}"},
        {FOUND, "POST", "/v1/sessions/{}/reopen", "/v1/sessions/%s/reopen", SESSION, "{}"},
        {FOUND, "POST", "/v1/sessions/{}/change", "/v1/sessions/%s/change", SESSION,
         "{\"edit\":\"swap-number\",\"slot\":0}"},
        {FOUND, "POST", "/v1/sessions/{}/change", "/v1/sessions/%s/change", SESSION,
         "{\"edit\":\"set-pin\",\"party\":0,\"pin\":\"generate\"}"},
        {FOUND, "POST", "/v1/sessions/{}/intent", "/v1/sessions/%s/intent", SESSION,
         "{\"party\":0,\"number\":\"+919888800009\"}"},
        {FOUND, "GET", "/v1/sessions/{}/explain", "/v1/sessions/%s/explain", SESSION},
        {FOUND, "POST", "/v1/sessions/{}/erase", "/v1/sessions/%s/erase", SESSION},
        {SAME, "POST", "/v1/parties/export", "/v1/parties/export", PERSON, "{\"number\":\"+%s\"}"},
        {SAME, "POST", "/v1/parties/erase", "/v1/parties/erase", PERSON,
         "{\"number\":\"+%s\",\"dry_run\":true}"},
        {LIST, "GET", "/v1/blocks", "/v1/blocks"},
        {FOUND, "GET", "/v1/blocks", "/v1/blocks?before=%s", BLOCK},
        {FOUND, "POST", "/v1/blocks", "/v1/blocks?tenant=%s", TENANT,
         "{\"numbers\":[\"+919888800001\",\"+919888800002\"]}"},
        {FOUND, "GET", "/v1/blocks/{}", "/v1/blocks/%s", BLOCK},
        {FOUND, "DELETE", "/v1/blocks/{}", "/v1/blocks/%s", BLOCK},
        {LIST, "GET", "/v1/calls", "/v1/calls"},
        {LIST, "GET", "/v1/events", "/v1/events"},
        {FOUND, "GET", "/v1/calls/{}", "/v1/calls/%s", LIVE_CALL},
        {FOUND, "GET", "/v1/calls/{}", "/v1/calls/%s", ENDED_CALL},
        {FOUND, "POST", "/v1/calls/{}/hangup", "/v1/calls/%s/hangup", LIVE_CALL},
        {FOUND, "POST", "/v1/calls/{}/hangup", "/v1/calls/%s/hangup", ENDED_CALL},
        {SAME, "POST", "/v1/explain", "/v1/explain", NUMBER,
         "{\"dialled\":\"+%s\",\"caller\":\"+919888800001\"}"},
        {SAME, "POST", "/v1/explain", "/v1/explain", NUMBER,
         "{\"dialled\":\"+%s\",\"caller\":\"+919888800077\"}"},
};
#define ROWS (sizeof rows / sizeof rows[0])

static void as(struct scene *s, const char *token)
{
        snprintf(s->rig.token, sizeof s->rig.token, "%s", token);
}

static void make_key(struct scene *s, const char *tenant, char *out)
{
        char path[64];
        snprintf(path, sizeof path, "/v1/keys?tenant=%s", tenant);
        json_t *key = rig_expect(&s->rig, 201, "POST", path,
                                 "{\"name\":\"all\",\"scopes\":[\"provision\",\"read\","
                                 "\"operate\",\"audit\",\"privacy\"]}");
        snprintf(out, 64, "%s", json_string_value(json_object_get(key, "key")));
        if (!strcmp(tenant, "acme"))
                snprintf(s->acme[KEY], sizeof s->acme[KEY], "%s",
                         json_string_value(json_object_get(key, "id")));
        json_decref(key);
}

static void put_ended_call(struct scene *s)
{
        const struct tenant *acme = directory_tenant_find(s->rig.directory, SLICE("acme"));
        struct cdr cdr = {
                .tenant_id = acme->id,
                .call_id = {{1, 2, 3}},
                .leg_id = {{1, 2, 3}},
                .number = {{919000000001}},
                .verdict = MASK_CONNECT,
                .started_ms = 1785578400000,
                .ended_ms = 1785578401000,
                .cause = CAUSE_NORMAL,
        };
        directory_cdr(s->rig.directory, &cdr);
        snprintf(s->acme[ENDED_CALL], sizeof s->acme[ENDED_CALL], "%s",
                 uuid_format(cdr.call_id).text);
}

static void find_live_call(struct scene *s)
{
        json_t *list = rig_expect(&s->rig, 200, "GET", "/v1/calls", NULL);
        const json_t *call = json_array_get(json_object_get(list, "active"), 0);
        assert_non_null(call);
        snprintf(s->acme[LIVE_CALL], sizeof s->acme[LIVE_CALL], "%s",
                 json_string_value(json_object_get(call, "id")));
        json_decref(list);
}

/* Acme has one of everything, bolt enough to ask with. */
static int set_up(void **state)
{
        struct scene *s = calloc(1, sizeof *s);
        rig_open(&s->rig, false);
        memcpy(s->operator_token, s->rig.token, sizeof s->operator_token);
        json_decref(rig_expect(&s->rig, 201, "POST", "/v1/tenants", "{\"name\":\"acme\"}"));
        json_decref(rig_expect(&s->rig, 201, "POST", "/v1/tenants", "{\"name\":\"bolt\"}"));
        make_key(s, "acme", s->acme_key);
        make_key(s, "bolt", s->bolt_key);

        as(s, s->bolt_key);
        json_decref(rig_expect(&s->rig, 201, "POST", "/v1/trunks",
                               "{\"name\":\"west\",\"sources\":[\"127.0.0.13\"],"
                               "\"peer\":\"127.0.0.13\"}"));
        json_decref(rig_expect(&s->rig, 201, "POST", "/v1/numbers",
                               "{\"number\":\"+919000000031\",\"trunk\":\"west\"}"));
        as(s, s->acme_key);
        rig_provision(&s->rig, 2);
        json_decref(rig_expect(&s->rig, 201, "POST", "/v1/pools", "{\"name\":\"riders\"}"));
        json_t *session =
                rig_expect(&s->rig, 201, "POST", "/v1/sessions",
                           "{\"parties\":[{\"number\":\"+919888800001\","
                           "\"dials\":\"+919000000001\"},{\"number\":\"+919888800002\"}]}");
        snprintf(s->acme[SESSION], sizeof s->acme[SESSION], "%s",
                 json_string_value(json_object_get(session, "id")));
        json_decref(session);
        carrier_open(&s->carrier, "127.0.0.11", 0);
        carrier_invite(&s->rig, &s->carrier);
        find_live_call(s);
        put_ended_call(s);

        strcpy(s->acme[TENANT], "acme");
        strcpy(s->acme[TRUNK], "north");
        strcpy(s->acme[POOL], "riders");
        json_t *block = rig_expect(&s->rig, 201, "POST", "/v1/blocks",
                                   "{\"numbers\":[\"+919888800031\",\"+919888800032\"]}");
        snprintf(s->acme[BLOCK], sizeof s->acme[BLOCK], "%s",
                 json_string_value(json_object_get(block, "id")));
        json_decref(block);
        strcpy(s->acme[NUMBER], "919000000001");
        strcpy(s->acme[PERSON], "919888800001");
        strcpy(s->nobody[PERSON], "919888800077");
        strcpy(s->nobody[TENANT], "zyx9");
        strcpy(s->nobody[TRUNK], "ghost");
        strcpy(s->nobody[POOL], "nobody");
        strcpy(s->nobody[NUMBER], "919000000077");
        strcpy(s->nobody[KEY], "k_0123456789abcdef");
        strcpy(s->nobody[SESSION], "s_0123456789abcdef");
        strcpy(s->nobody[BLOCK], "b_0123456789abcdef");
        strcpy(s->nobody[LIVE_CALL], "0b8f0c7e-6f9e-4a51-9d6e-0a4f3f9b2c11");
        strcpy(s->nobody[ENDED_CALL], "0b8f0c7e-6f9e-4a51-9d6e-0a4f3f9b2c12");
        *state = s;
        return 0;
}

static int tear_down(void **state)
{
        struct scene *s = *state;
        close(s->carrier.fd);
        rig_close(&s->rig);
        free(s);
        return 0;
}

/* "/v1/trunks/{name}" is "/v1/trunks/{}" in the rows. */
static bool is_path(const char *route, const char *path)
{
        for (; *route && *path; route++, path++) {
                if (*route != *path)
                        return false;
                if (*path == '{')
                        path += strcspn(path, "}") - 1;
        }
        return !*route && !*path;
}

static bool has_row_for(const char *method, const char *path)
{
        for (size_t i = 0; i < ROWS; i++) {
                if (!strcasecmp(rows[i].method, method) && is_path(rows[i].route, path))
                        return true;
        }
        return false;
}

static bool has_row(const struct route *route)
{
        for (size_t i = 0; i < ROWS; i++) {
                if (!strcmp(rows[i].method, route->method) && !strcmp(rows[i].route, route->path))
                        return true;
        }
        return false;
}

static void every_route_is_tried(void **state)
{
        const struct route *route;
        (void)state;
        for (unsigned i = 0; (route = route_at(i)); i++) {
                if (!has_row(route))
                        fail_msg("%s %s: what does it tell another tenant? Add a row.",
                                 route->method, route->path);
                assert_true(route->is_open == !route->scopes);
        }
}

/* The same for what is served: a path that somebody can read about and that no row asks. */
static void every_path_of_the_description_is_tried(void **state)
{
        struct scene *s = *state;
        const char *path, *method;
        json_t *item, *operation;
        unsigned count = 0;
        json_t *served = rig_expect(&s->rig, 200, "GET", "/v1/openapi.json", NULL);
        json_object_foreach(json_object_get(served, "paths"), path, item)
        {
                json_object_foreach(item, method, operation)
                {
                        if (!has_row_for(method, path))
                                fail_msg("%s %s: add a row", method, path);
                        count++;
                }
        }
        assert_true(count > 40);
        json_decref(served);
}

/* What was asked for may be said back; both are of one length. */
static void blank(char *text, const char *thing)
{
        for (char *at; thing[0] && (at = strstr(text, thing));)
                memset(at, '*', strlen(thing));
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static struct reply ask_for(struct scene *s, const struct row *row, const char *thing)
{
        char path[192], body[512];
        snprintf(path, sizeof path, row->path, thing);
        snprintf(body, sizeof body, row->body ? row->body : "%s", thing);
        return rig_ask(&s->rig, row->method, path, row->body ? body : NULL);
}
#pragma GCC diagnostic pop

static void expect_same(struct scene *s, const struct row *row)
{
        struct reply there = ask_for(s, row, s->acme[row->thing]);
        struct reply nowhere = ask_for(s, row, s->nobody[row->thing]);
        blank(there.text, s->acme[row->thing]);
        blank(nowhere.text, s->nobody[row->thing]);
        if (there.status != nowhere.status || strcmp(there.text, nowhere.text))
                fail_msg("%s %s: %u and %u: %s and %s", row->method, row->path, there.status,
                         nowhere.status, there.text, nowhere.text);
        bool refused = there.status / 100 == 4;
        if (refused != (row->kind != SAME) || (row->kind == OF_ALL && there.status != 403))
                fail_msg("%s %s: %u", row->method, row->path, there.status);
        reply_free(&there);
        reply_free(&nowhere);
}

static void expect_nothing_of_acme(struct scene *s, const struct row *row)
{
        struct reply reply = rig_ask(&s->rig, row->method, row->path, NULL);
        assert_int_equal(reply.status, 200);
        for (unsigned i = TENANT; i < THINGS; i++) {
                if (strstr(reply.text, s->acme[i]))
                        fail_msg("%s tells of %s: %s", row->path, s->acme[i], reply.text);
        }
        assert_null(strstr(reply.text, "9000000000"));
        reply_free(&reply);
}

static void another_tenants_things_are_unknown_things(void **state)
{
        struct scene *s = *state;
        as(s, s->bolt_key);
        for (size_t i = 0; i < ROWS; i++) {
                if (rows[i].kind == LIST)
                        expect_nothing_of_acme(s, &rows[i]);
                else if (rows[i].kind != OPEN)
                        expect_same(s, &rows[i]);
        }
}

/* So that the rows above ask of things that are there. */
static void their_owner_finds_all_of_them(void **state)
{
        struct scene *s = *state;
        as(s, s->acme_key);
        for (size_t i = 0; i < ROWS; i++) {
                if (rows[i].kind != FOUND || strcmp(rows[i].method, "GET"))
                        continue;
                struct reply reply = ask_for(s, &rows[i], s->acme[rows[i].thing]);
                /* No check of a trunk has been asked for. */
                unsigned expected = strstr(rows[i].route, "/check") ? 404 : 200;
                if (reply.status != expected)
                        fail_msg("%s: %s", rows[i].path, reply.text);
                reply_free(&reply);
        }
}

static void every_route_takes_another_tenants_name_for_an_unknown_one(void **state)
{
        struct scene *s = *state;
        const struct route *route;
        as(s, s->bolt_key);
        for (unsigned i = 0; (route = route_at(i)); i++) {
                if (route->is_open)
                        continue;
                char path[96], there[128], nowhere[128];
                const char *hole = strstr(route->path, "{}");
                snprintf(path, sizeof path, "%.*sx%s",
                         hole ? (int)(hole - route->path) : (int)strlen(route->path), route->path,
                         hole ? hole + 2 : "");
                if (!hole)
                        path[strlen(path) - 1] = '\0';
                snprintf(there, sizeof there, "%s?tenant=acme", path);
                snprintf(nowhere, sizeof nowhere, "%s?tenant=none", path);
                struct reply a = rig_ask(&s->rig, route->method, there, NULL);
                struct reply b = rig_ask(&s->rig, route->method, nowhere, NULL);
                assert_int_equal(a.status, 404);
                assert_int_equal(b.status, 404);
                assert_string_equal(a.text, b.text);
                assert_string_equal(reply_text(&a, "field"), "tenant");
                reply_free(&a);
                reply_free(&b);
        }
}

static void nothing_of_it_was_changed(void **state)
{
        struct scene *s = *state;
        static const char *const paths[] = {"/v1/keys", "/v1/trunks", "/v1/numbers",
                                            "/v1/sessions"};
        char before[4][4096];
        for (unsigned i = 0; i < 4; i++) {
                as(s, s->acme_key);
                struct reply reply = rig_ask(&s->rig, "GET", paths[i], NULL);
                snprintf(before[i], sizeof before[i], "%s", reply.text);
                reply_free(&reply);
        }
        another_tenants_things_are_unknown_things(state);
        for (unsigned i = 0; i < 4; i++) {
                as(s, s->acme_key);
                struct reply reply = rig_ask(&s->rig, "GET", paths[i], NULL);
                assert_string_equal(reply.text, before[i]);
                reply_free(&reply);
        }
}

static void two_tenants_may_use_one_name(void **state)
{
        struct scene *s = *state;
        as(s, s->bolt_key);
        json_decref(rig_expect(&s->rig, 201, "POST", "/v1/trunks",
                               "{\"name\":\"north\",\"sources\":[\"127.0.0.14\"],"
                               "\"peer\":\"127.0.0.14\"}"));
        json_t *trunk = rig_expect(&s->rig, 200, "GET", "/v1/trunks/north", NULL);
        assert_string_equal(json_string_value(json_object_get(trunk, "peer")), "127.0.0.14:5060");
        json_decref(trunk);
        as(s, s->acme_key);
        trunk = rig_expect(&s->rig, 200, "GET", "/v1/trunks/north", NULL);
        assert_string_equal(json_string_value(json_object_get(trunk, "peer")), "127.0.0.11:5060");
        json_decref(trunk);
}

/* There is one network: this cannot be hidden, but whose it is can. */
static void what_another_tenant_occupies_is_not_named(void **state)
{
        struct scene *s = *state;
        as(s, s->bolt_key);
        struct reply reply = rig_ask(&s->rig, "POST", "/v1/trunks",
                                     "{\"name\":\"new\",\"sources\":[\"127.0.0.11\"],"
                                     "\"peer\":\"127.0.0.11\"}");
        assert_int_equal(reply.status, 409);
        assert_null(strstr(reply.text, "north"));
        reply_free(&reply);
        reply = rig_ask(&s->rig, "POST", "/v1/numbers",
                        "{\"number\":\"+919000000001\",\"trunk\":\"west\"}");
        assert_int_equal(reply.status, 409);
        assert_null(strstr(reply.text, "acme"));
        reply_free(&reply);
}

static void the_operator_chooses_a_tenant_by_name(void **state)
{
        struct scene *s = *state;
        as(s, s->operator_token);
        json_t *own = rig_expect(&s->rig, 200, "GET", "/v1/trunks", NULL);
        assert_int_equal(json_array_size(json_object_get(own, "trunks")), 0);
        json_decref(own);
        json_t *acme = rig_expect(&s->rig, 200, "GET", "/v1/trunks?tenant=acme", NULL);
        assert_int_equal(json_array_size(json_object_get(acme, "trunks")), 2);
        json_decref(acme);
        json_decref(rig_expect(&s->rig, 200, "GET", "/v1/trunks/north?tenant=acme", NULL));
        json_decref(rig_expect(&s->rig, 404, "GET", "/v1/trunks/north?tenant=bolt", NULL));
        json_decref(rig_expect(&s->rig, 404, "GET", "/v1/trunks?tenant=none", NULL));
        json_decref(rig_expect(&s->rig, 400, "GET", "/v1/trunks?tenant=acme&tenant=bolt", NULL));
        json_decref(rig_expect(&s->rig, 400, "GET", "/v1/trunks?tenant=%zz", NULL));
        json_decref(rig_expect(&s->rig, 200, "GET", "/v1/numbers?limit=1&tenant=acme", NULL));
        as(s, s->acme_key);
        json_decref(rig_expect(&s->rig, 200, "GET", "/v1/trunks?tenant=acme", NULL));
}

static void a_page_ends_where_the_tenants_own_numbers_end(void **state)
{
        struct scene *s = *state;
        as(s, s->bolt_key);
        json_t *page = rig_expect(&s->rig, 200, "GET", "/v1/numbers?limit=1", NULL);
        assert_int_equal(json_array_size(json_object_get(page, "numbers")), 1);
        assert_true(json_is_null(json_object_get(page, "next")));
        json_decref(page);
}

static void a_tenant_is_removed_when_it_holds_nothing(void **state)
{
        struct scene *s = *state;
        as(s, s->operator_token);
        struct reply reply = rig_ask(&s->rig, "DELETE", "/v1/tenants/acme", NULL);
        assert_int_equal(reply.status, 409);
        assert_string_equal(reply_text(&reply, "type"), "urn:maskline:problem:in-use");
        reply_free(&reply);
        json_decref(rig_expect(&s->rig, 409, "DELETE", "/v1/tenants/default", NULL));
        json_decref(rig_expect(&s->rig, 409, "POST", "/v1/tenants", "{\"name\":\"acme\"}"));
        json_decref(rig_expect(&s->rig, 422, "POST", "/v1/tenants", "{\"name\":\"Acme\"}"));
        json_decref(rig_expect(&s->rig, 422, "POST", "/v1/tenants", "{\"name\":\"\"}"));
        json_decref(rig_expect(&s->rig, 201, "POST", "/v1/tenants", "{\"name\":\"empty\"}"));
        json_decref(rig_expect(&s->rig, 200, "GET", "/v1/tenants/empty", NULL));
        json_decref(rig_expect(&s->rig, 204, "DELETE", "/v1/tenants/empty", NULL));
        json_decref(rig_expect(&s->rig, 404, "GET", "/v1/tenants/empty", NULL));
        json_decref(rig_expect(&s->rig, 404, "DELETE", "/v1/tenants/empty", NULL));
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_route_is_tried),
                WITH_SCENE(every_path_of_the_description_is_tried),
                WITH_SCENE(another_tenants_things_are_unknown_things),
                WITH_SCENE(their_owner_finds_all_of_them),
                WITH_SCENE(every_route_takes_another_tenants_name_for_an_unknown_one),
                WITH_SCENE(nothing_of_it_was_changed),
                WITH_SCENE(two_tenants_may_use_one_name),
                WITH_SCENE(what_another_tenant_occupies_is_not_named),
                WITH_SCENE(the_operator_chooses_a_tenant_by_name),
                WITH_SCENE(a_page_ends_where_the_tenants_own_numbers_end),
                WITH_SCENE(a_tenant_is_removed_when_it_holds_nothing),
        };
        return RUN_TESTS(tests);
}
