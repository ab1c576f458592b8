/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"
#include "described.h"
#include "io/http_client.h"
#include "io/io_epoll.h"
#include "store/seal.h"

static void read_token(struct rig *rig)
{
        char path[TEMPORARY_BYTES + 16];
        snprintf(path, sizeof path, "%s/api.token", rig->data_dir);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        assert_non_null(fgets(rig->token, sizeof rig->token, file));
        fclose(file);
        rig->token[strcspn(rig->token, "\n")] = '\0';
}

static void open_directory(struct rig *rig)
{
        char problem[512] = "";
        struct vault *vault;
        assert_int_equal(vault_create_memory(&vault), 0);
        assert_int_equal(store_memory_disk_create(&rig->disk), 0);
        const struct store_memory_params memory = {
                .io = rig->io, .vault = vault, .disk = rig->disk};
        assert_int_equal(store_memory_open(&memory, &rig->store), 0);
        const struct directory_params params = {.io = rig->io,
                                                .waiting_max = RIG_WAITING_MAX,
                                                .sessions_max = 100,
                                                .numbers_max = 100,
                                                .quarantine_ms = 7200000};
        assert_int_equal(directory_open_on(&params, vault, rig->store, &rig->directory, problem),
                         0);
}

static void open_calls(struct rig *rig, bool speaks_ip6)
{
        char problem[512] = "";
        struct addr_pair any;
        const struct slice text = speaks_ip6 ? SLICE("127.0.0.1:0,[::1]:0") : SLICE("127.0.0.1:0");
        assert_int_equal(addr_pair_parse(text, addr_parse_either, &any), 0);
        const struct calls_params params = {
                .io = rig->io,
                .directory = rig->directory,
                .trunks = rig->trunks,
                .listen.udp = any,
                .listen.tcp.ip4 = speaks_ip6 ? any.ip4 : (struct addr){0},
                .streams = {.connections_max = 8, .idle_ms = 60000},
                .media = any,
                .rtp_port_min = 20000,
                .rtp_port_max = 60000,
                .calls_max = 2,
                .same_pair_max = 2,
                .ring_timeout_ms = 60000,
                .call_ms_max = 60000,
                .media_timeout_ms = 60000,
        };
        if (calls_create(&params, &rig->calls, problem))
                fail_msg("%s", problem);
}

static void open_rig(struct rig *rig, bool needs_advertised, bool speaks_ip6)
{
        char problem[512] = "";
        *rig = (struct rig){0};
        temporary_folder(rig->data_dir, "api");
        assert_int_equal(io_create_epoll(&rig->io), 0);
        open_directory(rig);
        assert_int_equal(sip_trunks_create(rig->io, &rig->trunks), 0);
        open_calls(rig, speaks_ip6);

        struct api_params params = {
                .io = rig->io,
                .connections_max = 8,
                .limits = {.requests_per_s = 100000, .burst = 100000, .failures_per_min = 1000},
                .data_dir = rig->data_dir,
                .directory = rig->directory,
                .trunks = rig->trunks,
                .calls = rig->calls,
                .plan = {"91", "00", "0", 10, 10},
                .needs_advertised = needs_advertised,
        };
        assert_int_equal(addr_parse(SLICE("127.0.0.1:0"), 0, &params.listen), 0);
        if (api_create(&params, &rig->api, problem))
                fail_msg("%s", problem);
        read_token(rig);
}

void rig_open(struct rig *rig, bool needs_advertised)
{
        open_rig(rig, needs_advertised, false);
}

void rig_open_both(struct rig *rig)
{
        open_rig(rig, false, true);
}

void rig_close(struct rig *rig)
{
        calls_destroy(rig->calls);
        sip_trunks_destroy(rig->trunks);
        directory_close(rig->directory);
        api_destroy(rig->api);
        store_memory_disk_destroy(rig->disk);
        io_destroy(rig->io);
        temporary_remove(rig->data_dir);
}

struct job {
        struct rig *rig;
        void (*fn)(void *arg);
        void *arg;
};

static void stop_loop(void *arg)
{
        io_stop(arg);
}

static void *run_job(void *arg)
{
        struct job *job = arg;
        job->fn(job->arg);
        if (io_post(job->rig->io, stop_loop, job->rig->io))
                abort();
        return NULL;
}

void rig_run(struct rig *rig, void (*fn)(void *arg), void *arg)
{
        pthread_t thread;
        struct job job = {rig, fn, arg};
        assert_int_equal(pthread_create(&thread, NULL, run_job, &job), 0);
        io_run(rig->io);
        pthread_join(thread, NULL);
}

struct question {
        struct http_call call;
        struct http_reply reply;
        int err;
};

static void ask(void *arg)
{
        struct question *q = arg;
        q->err = http_call(&q->call, &q->reply);
}

static void read_json(struct reply *reply, const char *body)
{
        json_error_t error;
        reply->json = json_loads(body, JSON_REJECT_DUPLICATES, &error);
}

/* Whatever is refused, and why: the answer has all that a client needs to do better. */
static void check_problem(const struct reply *reply)
{
        if (reply->status < 400 || !reply->json)
                return;
        const char *type = reply_text(reply, "type");
        bool of_field = strstr(type, "bad-value") || strstr(type, "missing-field");
        if (strncmp(type, "urn:maskline:problem:", 21) || !reply_text(reply, "title")[0] ||
            !reply_text(reply, "detail")[0] || !reply_text(reply, "remedy")[0] ||
            (of_field && !reply_text(reply, "field")[0]))
                fail_msg("a problem that does not say enough: %s", reply->text);
}

struct reply rig_ask(struct rig *rig, const char *method, const char *path, const char *body)
{
        return rig_ask_keyed(rig, NULL, method, path, body);
}

struct reply rig_ask_keyed(struct rig *rig, const char *key, const char *method, const char *path,
                           const char *body)
{
        struct question q = {
                .call = {.server = *api_local(rig->api),
                         .method = method,
                         .path = path,
                         .bearer_token = rig->token,
                         .idempotency_key = key,
                         .body = body ? slice_from(body) : SLICE_NONE,
                         .timeout_ms = 20000},
        };
        rig_run(rig, ask, &q);
        if (q.err)
                fail_msg("%s %s: %s", method, path, err_text(q.err));
        struct reply reply = {.status = q.reply.status, .text = q.reply.body};
        snprintf(reply.next, sizeof reply.next, "%s", q.reply.next);
        read_json(&reply, reply.text);
        check_problem(&reply);
        described_check(method, path, reply.status, reply.json);
        return reply;
}

struct raw {
        struct addr server;
        const char *bytes;
        size_t len;
        char answer[65536];
};

static void send_raw(void *arg)
{
        struct raw *raw = arg;
        struct sockaddr_storage to;
        uint32_t to_len = addr_to_sockaddr(&raw->server, &to);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&to, to_len) < 0)
                abort();
        for (size_t sent = 0; sent < raw->len;) {
                ssize_t n = send(fd, raw->bytes + sent, raw->len - sent, MSG_NOSIGNAL);
                if (n < 0)
                        break;
                sent += (size_t)n;
        }
        size_t got = 0;
        ssize_t n;
        while (got < sizeof raw->answer - 1 &&
               (n = recv(fd, raw->answer + got, sizeof raw->answer - 1 - got, 0)) > 0)
                got += (size_t)n;
        raw->answer[got] = '\0';
        close(fd);
}

struct reply rig_raw(struct rig *rig, const char *bytes, size_t len)
{
        struct raw *raw = calloc(1, sizeof *raw);
        assert_non_null(raw);
        raw->server = *api_local(rig->api);
        raw->bytes = bytes;
        raw->len = len;
        rig_run(rig, send_raw, raw);

        struct reply reply = {.text = strdup(raw->answer)};
        sscanf(raw->answer, "HTTP/1.1 %u", &reply.status);
        const char *body = strstr(raw->answer, "\r\n\r\n");
        read_json(&reply, body ? body + 4 : "");
        free(raw);
        return reply;
}

void reply_free(struct reply *reply)
{
        json_decref(reply->json);
        free(reply->text);
        *reply = (struct reply){0};
}

const char *reply_text(const struct reply *reply, const char *name)
{
        const char *text = json_string_value(json_object_get(reply->json, name));
        return text ? text : "";
}

json_t *rig_expect(struct rig *rig, unsigned status, const char *method, const char *path,
                   const char *body)
{
        struct reply reply = rig_ask(rig, method, path, body);
        if (reply.status != status)
                fail_msg("%s %s: %u, not %u: %s", method, path, reply.status, status, reply.text);
        json_t *json = json_incref(reply.json);
        reply_free(&reply);
        return json;
}

void rig_provision(struct rig *rig, unsigned numbers)
{
        json_decref(rig_expect(rig, 201, "POST", "/v1/trunks",
                               "{\"name\":\"north\",\"sources\":[\"127.0.0.11\"],"
                               "\"peer\":\"127.0.0.11:5060\"}"));
        json_decref(rig_expect(rig, 201, "POST", "/v1/trunks",
                               "{\"name\":\"south\",\"sources\":[\"127.0.0.12\"],"
                               "\"peer\":\"127.0.0.12:5060\"}"));
        for (unsigned i = 1; i <= numbers; i++) {
                char body[96];
                snprintf(body, sizeof body, "{\"number\":\"+9190000000%02u\",\"trunk\":\"%s\"}", i,
                         i % 2 ? "north" : "south");
                json_decref(rig_expect(rig, 201, "POST", "/v1/numbers", body));
        }
}

void rig_session(struct rig *rig, unsigned a, unsigned b, char *id)
{
        char body[160];
        snprintf(body, sizeof body,
                 "{\"parties\":[{\"number\":\"+9198888000%02u\"},{\"number\":\"098888 000%02u\"}]}",
                 a, b);
        json_t *json = rig_expect(rig, 201, "POST", "/v1/sessions", body);
        snprintf(id, 24, "%s", json_string_value(json_object_get(json, "id")));
        json_decref(json);
}

int rig_set_up(void **state)
{
        struct rig *rig = calloc(1, sizeof *rig);
        rig_open(rig, false);
        *state = rig;
        return 0;
}

int rig_set_up_provisioned(void **state, unsigned numbers)
{
        rig_set_up(state);
        rig_provision(*state, numbers);
        return 0;
}

int rig_tear_down(void **state)
{
        rig_close(*state);
        free(*state);
        return 0;
}

const char *text_of(const json_t *json, const char *name)
{
        const char *text = json_string_value(json_object_get(json, name));
        return text ? text : "";
}

json_int_t count_of(const json_t *json, const char *name)
{
        return json_integer_value(json_object_get(json, name));
}
