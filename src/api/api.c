/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/access.h"
#include "api/body.h"
#include "api/openapi.h"
#include "api/rest.h"
#include "api/route.h"
#include "base/log.h"
#include "store/problem.h"

#define BODY_BYTES_MAX   (1024 * 1024)
#define HEADER_BYTES_MAX (16 * 1024)
/* Addresses that fail; past so many the quietest are forgotten. */
#define SOURCES_MAX      4096
#define IDLE_MS          60000
#define REQUEST_MS       15000

static void refuse_method(struct rest *rest)
{
        char methods[64];
        struct buf b;
        buf_init(&b, methods, sizeof methods - 1);
        route_put_methods(&b, rest->request->path);
        methods[b.len] = '\0';

        rest_answer_bad_method(rest->api, rest->exchange, methods);
}

static void answer_again(struct rest *rest, const struct repeat_answer *answer)
{
        const struct http_response response = {
                .status = answer->status,
                .content_type = answer->body.len ? "application/json" : NULL,
                .location = answer->location,
                .body = answer->body,
        };
        http_respond(rest->api->server, rest->exchange, &response);
}

static void refuse_repeat(struct rest *rest, enum repeat repeat)
{
        const struct problem waits = {
                .kind = PROBLEM_STATE,
                .field = "Idempotency-Key",
                .detail = "the first request with this Idempotency-Key is still being done",
                .remedy = "Send it again when Retry-After says.",
                .retry_after_s = 1,
        };
        if (repeat == REPEAT_WAITS)
                rest_answer_problem(rest->api, rest->exchange, &waits);
        else if (repeat == REPEAT_SECRET)
                rest_refuse(rest, PROBLEM_EXISTS, "Idempotency-Key",
                            "See what there is (GET); if the answer was lost with a secret in it, "
                            "undo what was made and make it again.",
                            "this was done already, and its answer is not kept");
        else
                rest_refuse(rest, PROBLEM_CONFLICT, "Idempotency-Key",
                            "Use a new key for a new request; nothing was changed.",
                            "this Idempotency-Key was used with another request");
}

/* False: it was done before, and has been answered. */
static bool is_first(struct rest *rest, const struct route *route)
{
        const struct http_request *request = rest->request;
        struct slice key = request->idempotency_key;
        if (!key.len || route->by_reference || route->is_read || !strcmp(route->method, "GET"))
                return true;
        if (key.len > REPEAT_KEY_BYTES_MAX) {
                rest_refuse(rest, PROBLEM_BAD_HEADER, "Idempotency-Key", "Shorten it.",
                            "an Idempotency-Key has at most %d bytes", REPEAT_KEY_BYTES_MAX);
                return false;
        }
        const struct repeat_asked asked = {
                .asker = rest->who.key_id,
                .tenant_id = rest->who.tenant_id,
                .key = key,
                .method = request->method,
                .path = request->path,
                .query = request->query,
                .body = request->body,
                .exchange = rest->exchange,
                .is_secret = route->tells_secret,
        };
        struct repeat_answer answer;
        enum repeat repeat =
                repeats_ask(rest->api->repeats, &asked, io_now_ms(rest->api->params.io), &answer);
        if (repeat == REPEAT_DONE)
                answer_again(rest, &answer);
        else if (repeat != REPEAT_FIRST)
                refuse_repeat(rest, repeat);
        return repeat == REPEAT_FIRST;
}

static void dispatch(struct rest *rest)
{
        struct slice segment, any;
        const struct http_request *request = rest->request;
        /* The server leaves the body of an answer to HEAD out by itself (RFC 9110 9.3.2). */
        struct slice method =
                slice_equal(request->method, SLICE("HEAD")) ? SLICE("GET") : request->method;
        const struct route *route = route_find(method, request->path, &segment);
        bool is_open = route && route->is_open;
        if (!is_open && !access_identify(rest))
                return;
        if (!route && route_find(SLICE_NONE, request->path, &any)) {
                refuse_method(rest);
                return;
        }
        if (!route) {
                rest_refuse(rest, PROBLEM_NOT_FOUND, NULL,
                            "docs/reference/rest.md lists the paths.", "there is no such path");
                return;
        }
        if (!is_open && !access_check(rest, route))
                return;
        if (!query_read(rest, route->query))
                return;
        if (query_decode(segment, rest->segment, sizeof rest->segment)) {
                rest_refuse(rest, PROBLEM_BAD_PATH, NULL, "Correct the path.",
                            "a part of the path is too long or badly percent-encoded");
                return;
        }
        if (route->fields && !body_parse(rest))
                return;
        if (is_first(rest, route))
                route->handler(rest);
}

static void on_request(void *arg, struct http_exchange exchange, const struct http_request *request)
{
        struct api *api = arg;
        struct rest rest = {
                .api = api,
                .exchange = exchange,
                .request = request,
        };
        api->counters.requests++;
        dispatch(&rest);
        json_decref(rest.body);
}

static void explain_listen(const struct addr *listen, int err, char *problem)
{
        const char *remedy = "";
        if (err == -EADDRINUSE)
                remedy = "; another program uses the port: stop it, or set http_listen to another "
                         "one";
        else if (err == -EACCES)
                remedy = "; ports below 1024 need a privilege: set http_listen to a higher one";
        else if (err == -EADDRNOTAVAIL)
                remedy = "; this machine does not have the address: set http_listen to one it has";
        problem_put(problem, "http_listen = %s: cannot listen: %s%s", addr_format(listen).text,
                    err_text(err), remedy);
}

static int open_limiters(struct api *api)
{
        struct random *random = io_random(api->params.io);
        int err = limiter_create(API_KEYS_MAX, random, &api->by_key);
        return err ? err : limiter_create(SOURCES_MAX, random, &api->by_source);
}

static int open_server(struct api *api, char *problem)
{
        struct http_server_params server = {
                .io = api->params.io,
                .listen = api->params.listen,
                .tls = api->params.tls,
                .connections_max = api->params.connections_max,
                .body_bytes_max = BODY_BYTES_MAX,
                .header_bytes_max = HEADER_BYTES_MAX,
                .idle_ms = IDLE_MS,
                .request_ms = REQUEST_MS,
                .handler = on_request,
                .arg = api,
        };
        int err = http_server_create(&server, &api->server);
        if (err)
                explain_listen(&api->params.listen, err, problem);
        return err;
}

int api_create(const struct api_params *params, struct api **out, char *problem)
{
        int err = -ENOMEM;
        struct api *api = calloc(1, sizeof *api);
        if (!api || sodium_init() < 0) {
                problem_put(problem, "the API cannot start: out of memory");
                goto fail;
        }
        api->params = *params;
        list_init(&api->waits);
        err = open_limiters(api);
        if (!err && !(api->description = openapi_text()))
                err = -ENOMEM;
        if (!err)
                err = repeats_create(io_random(params->io), &api->repeats);
        if (err) {
                problem_put(problem, "the API cannot start: %s", err_text(err));
                goto fail;
        }
        err = token_open(params->data_dir, io_random(params->io), &api->token, problem);
        if (err)
                goto fail;
        err = open_server(api, problem);
        if (err)
                goto fail;
        *out = api;
        return 0;
fail:
        api_destroy(api);
        return err;
}

void api_destroy(struct api *api)
{
        if (!api)
                return;
        /* What they wait for still comes, and finds nobody to answer. */
        list_for_each (node, &api->waits) {
                struct rest_wait *wait = container_of(node, struct rest_wait, node);
                list_remove(&wait->node);
                wait->api = NULL;
                if (wait->stop)
                        wait->stop(wait);
        }
        http_server_destroy(api->server);
        repeats_destroy(api->repeats);
        limiter_destroy(api->by_key);
        limiter_destroy(api->by_source);
        explicit_bzero(&api->token, sizeof api->token);
        free(api->description);
        free(api);
}

const struct addr *api_local(const struct api *api)
{
        return http_server_local(api->server);
}

bool api_is_idle(const struct api *api)
{
        return list_is_empty(&api->waits);
}

void api_set_limits(struct api *api, const struct api_limits *limits)
{
        api->params.limits = *limits;
}

void api_drain(struct api *api)
{
        api->draining = true;
}
