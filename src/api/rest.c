/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/rest_trunks.h"
#include "api/timestamp.h"
#include "base/log.h"

static void respond(struct api *api, struct http_exchange exchange,
                    const struct http_response *response)
{
        const struct repeat_answer answer = {response->status, response->location, response->body};
        http_respond(api->server, exchange, response);
        if (api->repeats) /* not where bodies are read and nobody is served */
                repeats_answered(api->repeats, exchange, &answer, io_now_ms(api->params.io));
}

static void send_json(struct api *api, struct http_exchange exchange,
                      struct http_response *response, json_t *body)
{
        static const char failed[] = "{\"type\":\"urn:maskline:problem:internal\","
                                     "\"title\":\"The server failed\",\"status\":500}";
        char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
        if (text) {
                response->body = slice_from(text);
        } else {
                response->status = 500;
                response->content_type = "application/problem+json";
                response->location = NULL;
                response->body = slice_from(failed);
        }
        respond(api, exchange, response);
        api->counters.refused += response->status / 100 == 4;
        api->counters.failed += response->status / 100 == 5;

        json_malloc_t allocate;
        json_free_t release;
        json_get_alloc_funcs(&allocate, &release);
        release(text);
        json_decref(body);
}

void rest_answer(struct api *api, struct http_exchange exchange, unsigned status, json_t *body)
{
        struct http_response response = {
                .status = status,
                .content_type = "application/json",
        };
        send_json(api, exchange, &response, body);
}

void rest_answer_created(struct api *api, struct http_exchange exchange, const char *location,
                         json_t *body)
{
        struct http_response response = {
                .status = 201,
                .content_type = "application/json",
                .location = location,
        };
        send_json(api, exchange, &response, body);
}

void rest_answer_empty(struct api *api, struct http_exchange exchange)
{
        struct http_response response = {.status = 204};
        respond(api, exchange, &response);
}

void rest_answer_problem(struct api *api, struct http_exchange exchange,
                         const struct problem *problem)
{
        unsigned status = problem_status(problem->kind);
        struct http_response response = {
                .status = status,
                .content_type = "application/problem+json",
                .authenticate = status == 401 ? "Bearer realm=\"maskline\"" : NULL,
                .retry_after_s = problem->retry_after_s ? problem->retry_after_s
                                 : status == 503        ? 1
                                                        : 0,
        };
        send_json(api, exchange, &response, problem_json(problem));
}

void rest_answer_bad_method(struct api *api, struct http_exchange exchange, const char *allow)
{
        struct problem problem = {
                .kind = PROBLEM_BAD_METHOD,
                .detail = "this path does not take this method",
                .remedy = "The header Allow names the methods it takes.",
        };
        struct http_response response = {
                .status = problem_status(problem.kind),
                .content_type = "application/problem+json",
                .allow = allow,
        };
        send_json(api, exchange, &response, problem_json(&problem));
}

static void catch_problem(struct rest_caught *caught, enum problem_kind kind, const char *field,
                          const char *detail, const char *remedy)
{
        caught->kind = kind;
        snprintf(caught->field, sizeof caught->field, "%s", field ? field : "");
        snprintf(caught->detail, sizeof caught->detail, "%s", detail);
        snprintf(caught->remedy, sizeof caught->remedy, "%s", remedy ? remedy : "");
}

void rest_refuse(struct rest *rest, enum problem_kind kind, const char *field, const char *remedy,
                 const char *detail, ...)
{
        char text[REST_DETAIL_BYTES];
        va_list args;
        va_start(args, detail);
        vsnprintf(text, sizeof text, detail, args);
        va_end(args);
        if (rest->caught) {
                catch_problem(rest->caught, kind, field, text, remedy);
                return;
        }
        struct problem problem = {kind, field, text, remedy, 0};
        rest_answer_problem(rest->api, rest->exchange, &problem);
}

void rest_keep_secret(struct api *api, struct http_exchange exchange)
{
        if (api->repeats)
                repeats_keep_secret(api->repeats, exchange);
}

void rest_refuse_store(struct rest *rest, int err)
{
        rest_refuse(rest, PROBLEM_STORE, NULL, "See the server's log for the reason.",
                    "%s; nothing was changed", err_text(err));
}

void rest_refuse_failed(struct rest *rest, int err)
{
        if (err != ERR_FULL) {
                rest_refuse_store(rest, err);
                return;
        }
        rest_refuse(rest, PROBLEM_LIMIT, NULL,
                    "Try again; if it stays so, raise sessions_max or numbers_max in the "
                    "configuration.",
                    "a table or the store's queue is full; nothing was changed");
}

struct rest_wait *rest_wait_create(struct rest *rest)
{
        struct api *api = rest->api;
        struct rest_wait *wait = NULL;
        if (api->wait_count < REST_WAITS_MAX)
                wait = calloc(1, sizeof *wait);
        if (!wait) {
                rest_refuse(rest, PROBLEM_LIMIT, NULL, "Try again.",
                            "too many requests are waiting for the disk");
                return NULL;
        }
        wait->api = api;
        wait->exchange = rest->exchange;
        wait->who = rest->who;
        wait->status = 200;
        list_add_tail(&api->waits, &wait->node);
        api->wait_count++;
        return wait;
}

struct rest_wait *rest_wait_create_for(struct rest *rest, const void *work)
{
        if (work)
                return rest_wait_create(rest);
        rest_refuse_store(rest, -ENOMEM);
        return NULL;
}

void rest_wait_destroy(struct rest_wait *wait)
{
        if (!wait)
                return;
        if (wait->api)
                wait->api->wait_count--;
        list_remove(&wait->node);
        json_decref(wait->answer);
        free(wait);
}

static void answer_waiting(struct rest_wait *wait)
{
        json_t *answer = wait->answer;
        wait->answer = NULL;
        if (wait->status == 204)
                rest_answer_empty(wait->api, wait->exchange);
        else if (wait->status == 201)
                rest_answer_created(wait->api, wait->exchange, wait->location, answer);
        else
                rest_answer(wait->api, wait->exchange, wait->status, answer);
}

void rest_wait_fail(struct rest_wait *wait, const char *detail, const char *remedy)
{
        const struct problem problem = {
                .kind = PROBLEM_STORE,
                .detail = detail,
                .remedy = remedy,
        };
        if (wait->api)
                rest_answer_problem(wait->api, wait->exchange, &problem);
        rest_wait_destroy(wait);
}

void rest_wait_done(void *arg, int err)
{
        struct rest_wait *wait = arg;
        if (!err && wait->told[0])
                log_info("%s", wait->told);
        if (wait->api && wait->trunk_id)
                rest_trunks_sync(wait->api, wait->trunk_id);
        if (err) {
                rest_wait_fail(wait, "the change could not be written to disk and was taken back",
                               "See the server's log and /readyz; make room on the disk, then "
                               "repeat the request.");
                return;
        }
        if (wait->api)
                answer_waiting(wait);
        rest_wait_destroy(wait);
}

json_t *rest_time(int64_t utc_ms)
{
        return utc_ms ? json_string(timestamp_format(utc_ms).text) : json_null();
}

json_t *rest_masking_number(struct masking_number number)
{
        char memory[24];
        struct buf b;
        if (number_is_none(number.n))
                return json_null();
        buf_init(&b, memory, sizeof memory);
        buf_put_char(&b, '+');
        buf_put_number(&b, number.n);
        return json_stringn(b.p, b.len);
}

json_t *rest_session_id(const struct api *api, uint64_t session_id)
{
        if (session_id == 0)
                return json_null();
        return json_string(session_id_format(api->params.directory, session_id).text);
}
