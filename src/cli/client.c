/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "base/secret.h"
#include "cli/client_server.h"
#include "cli/duration.h"
#include "cli/show.h"
#include "io/http_client.h"

#define TOKEN_BYTES_MAX 128
#define TIMEOUT_MS      30000
#define PATIENCE_MS     600000
#define TRIES_MAX       5
#define PAUSE_MS        200 /* for each try so far */
#define KEY_TEXT_BYTES  40

const struct command_option client_options[] = {
        {"--data", "DIR",
         "data directory of the server (default: $MASKLINE_DATA, else " CLIENT_DATA_DEFAULT ")"},
        {"--server", "URL",
         "the server's address, http:// or https:// (default: $MASKLINE_SERVER, else as the data "
         "directory says)"},
        {"--ca", "FILE",
         "certificates of those who may have signed the server's (default: $MASKLINE_CA; else that of "
         "the data directory's server alone, and with --server the system's)"},
        {"--token-file", "FILE",
         "file with the API token or a key (default: $MASKLINE_TOKEN_FILE, else api.token in the data "
         "directory)"},
        {"--tenant", "NAME",
         "act for this tenant (default: $MASKLINE_TENANT, else the key's own; with the token of the "
         "data directory the one named default)"},
        {"--json", NULL, "print the server's answer as JSON"},
        {NULL},
};

/* Whom a command speaks with: found when it first asks, and for all that it asks. */
struct client {
        bool is_found;
        struct client_server server;
        struct tls_context *tls; /* owned; NULL: plain HTTP */
        char *token;             /* owned, secret, TOKEN_BYTES_MAX */
};

static struct client found;

/* NULL: it is not waited for long. */
static const char *when_patience_ends;

const char *client_option(const struct command_line *line, const char *option, const char *variable)
{
        const char *value = command_value(line, option);
        if (value)
                return value;
        value = getenv(variable);
        return value && value[0] ? value : NULL;
}

const char *client_data_dir(const struct command_line *line)
{
        const char *dir = client_option(line, "--data", "MASKLINE_DATA");
        return dir ? dir : CLIENT_DATA_DEFAULT;
}

static int find_token(const struct command_line *line, char *out)
{
        char path[512];
        const char *given = client_option(line, "--token-file", "MASKLINE_TOKEN_FILE");
        int err = 0;
        if (!given) {
                err = client_path(line, "api.token", path, sizeof path);
                given = path;
        }
        if (!err)
                err = client_read_text(given, out, TOKEN_BYTES_MAX);
        if (!err && out[0])
                return EXIT_DONE;
        fprintf(stderr,
                "maskline: no API token: %s: %s; run the command as the user who runs the "
                "server, or say --token-file FILE\n",
                given, err ? err_text(err) : "it is empty");
        return EXIT_FAILED;
}

void client_be_patient(const char *then)
{
        when_patience_ends = then;
}

static int timeout_ms(void)
{
        return when_patience_ends ? PATIENCE_MS : TIMEOUT_MS;
}

static void explain_timeout(const char *at)
{
        fprintf(stderr, "maskline: %s did not answer within %d s\n", at, timeout_ms() / 1000);
        if (when_patience_ends)
                fprintf(stderr, "  %s\n", when_patience_ends);
}

static void explain_failure(const struct client_server *server, int err, const char *why)
{
        char at[CLIENT_HOST_BYTES + 32];
        client_put_server(server, at, sizeof at);
        if (err == -ECONNREFUSED)
                fprintf(stderr, "maskline: nothing answers at %s; is \"maskline serve\" running?\n",
                        at);
        else if (err == -ETIMEDOUT)
                explain_timeout(at);
        else if (err == ERR_UNTRUSTED)
                fprintf(stderr,
                        "maskline: %s: its certificate is not trusted: %s; say --ca FILE with the "
                        "certificate of who signed it, and --server with the name that is in it\n",
                        at, why);
        else if (err == -EPROTO)
                fprintf(stderr, "maskline: %s speaks no TLS 1.2 or 1.3; is it http://?\n", at);
        else
                fprintf(stderr, "maskline: %s: %s%s%s\n", at, err_text(err), why[0] ? ": " : "",
                        why);
}

static void forget(void)
{
        tls_context_destroy(found.tls);
        secret_free(found.token, TOKEN_BYTES_MAX);
        found = (struct client){.is_found = false};
}

static int make_context(struct client *client)
{
        struct tls_reason why = {""};
        const struct tls_files files = {.ca = client->server.ca};
        int err = client->server.tls ? tls_context_create(&files, &why, &client->tls) : 0;
        if (err)
                explain_failure(&client->server, err, why.text);
        return err ? EXIT_FAILED : EXIT_DONE;
}

static int client_find(const struct command_line *line)
{
        if (found.is_found)
                return EXIT_DONE;
        found.token = secret_alloc(TOKEN_BYTES_MAX);
        if (!found.token || atexit(forget)) {
                fputs("maskline: out of memory\n", stderr);
                return EXIT_FAILED;
        }
        int code = client_find_server(line, &found.server);
        if (!code)
                code = find_token(line, found.token);
        if (!code)
                code = make_context(&found);
        found.is_found = !code;
        return code;
}

/* application/problem+json: what is wrong, in which field, and what to do. */
static void explain_problem(unsigned status, const json_t *problem)
{
        const char *detail = show_text(problem, "detail");
        const char *title = show_text(problem, "title");
        const char *field = show_text(problem, "field");
        const char *remedy = show_text(problem, "remedy");
        if (!detail[0] && !title[0]) {
                fprintf(stderr, "maskline: the server answered with status %u\n", status);
                return;
        }
        fputs("maskline: ", stderr);
        if (field[0]) {
                show_printable(stderr, field);
                fputs(": ", stderr);
        }
        show_printable(stderr, detail[0] ? detail : title);
        fputc('\n', stderr);
        if (remedy[0]) {
                fputs("  ", stderr);
                show_printable(stderr, remedy);
                fputc('\n', stderr);
        }
}

static int read_reply(const struct http_reply *reply, json_t **out)
{
        json_error_t error;
        json_t *json = NULL;
        if (reply->body_bytes) {
                json = json_loadb(reply->body, reply->body_bytes, JSON_REJECT_DUPLICATES, &error);
        }
        if (reply->status / 100 != 2) {
                explain_problem(reply->status, json);
                json_decref(json);
                return EXIT_FAILED;
        }
        if (reply->body_bytes && !json) {
                fputs("maskline: the server's answer is not JSON\n", stderr);
                return EXIT_FAILED;
        }
        *out = json;
        return EXIT_DONE;
}

/* The path, and for which tenant. `path` itself when there is nothing to add. */
static const char *path_for_tenant(const struct command_line *line, const char *path, char *memory,
                                   size_t bytes)
{
        struct buf b;
        const char *tenant = client_option(line, "--tenant", "MASKLINE_TENANT");
        if (!tenant || strstr(path, "tenant=")) /* the next page of an answer names it */
                return path;
        buf_init(&b, memory, bytes - 1);
        buf_printf(&b, "%s%ctenant=", path, strchr(path, '?') ? '&' : '?');
        client_put_segment(&b, tenant);
        memory[b.len] = '\0';
        return memory;
}

/* Once for each address that the name stands for, until something is there. */
static int call_server(const struct client_server *server, struct http_call *call,
                       struct http_reply *reply)
{
        struct addr addrs[CLIENT_ADDRS_MAX];
        unsigned count = client_resolve(server, addrs);
        int err = count ? -ECONNREFUSED : ERR_NOT_FOUND;
        for (unsigned i = 0; i < count && (err == -ECONNREFUSED || err == -ENETUNREACH); i++) {
                call->server = addrs[i];
                err = http_call(call, reply);
        }
        return err;
}

/* "409, still being done": what a repeat is told while the first request waits for the disk. */
static bool is_still_being_done(const struct http_reply *reply)
{
        json_error_t error;
        if (reply->status != 409)
                return false;
        json_t *problem = json_loadb(reply->body, reply->body_bytes, 0, &error);
        bool waits = !strcmp(show_text(problem, "field"), "Idempotency-Key") &&
                     !strcmp(show_text(problem, "type"), "urn:maskline:problem:state");
        json_decref(problem);
        return waits;
}

/*
 * A connection that is lost says nothing about what was done. The same request under the same key is
 * answered what the first one was, so it is sent again. A server that is down forgets the keys: only what
 * needs none waits until it has started again.
 */
static int call_until_answered(const struct client_server *server, struct http_call *call,
                               struct http_reply *reply, bool *was_lost)
{
        int err = 0;
        for (unsigned tries = 1;; tries++) {
                err = call_server(server, call, reply);
                bool is_lost = err == -ECONNRESET || err == -EPIPE;
                bool waits = !err && *was_lost && is_still_being_done(reply);
                bool is_down = err == -ECONNREFUSED && *was_lost && !call->idempotency_key;
                if (tries == TRIES_MAX || !(is_lost || waits || is_down))
                        return err;
                *was_lost |= is_lost;
                if (!err)
                        free(reply->body);
                *reply = (struct http_reply){0};
                const struct timespec pause = {
                        .tv_sec = PAUSE_MS * tries / 1000,
                        .tv_nsec = (long)(PAUSE_MS * tries % 1000) * 1000000,
                };
                nanosleep(&pause, NULL);
        }
}

static int exchange(const struct client *client, struct http_call *call, struct http_reply *out)
{
        const struct client_server *server = &client->server;
        char host[CLIENT_HOST_BYTES + 32];
        bool was_lost = false;
        struct tls_reason why = {""};
        const struct http_tls tls = {
                .name = server->host,
                .ca = server->ca,
                .pin = server->has_pin ? server->pin : NULL,
                .context = client->tls,
        };
        snprintf(host, sizeof host, strchr(server->host, ':') ? "[%s]:%u" : "%s:%u", server->host,
                 server->addr.port);
        call->host = host;
        call->tls = server->tls ? &tls : NULL;
        call->why = &why;
        call->bearer_token = client->token;
        call->timeout_ms = timeout_ms();
        int err = call_until_answered(server, call, out, &was_lost);
        if (err)
                explain_failure(server, err, why.text);
        if (err && was_lost && call->idempotency_key)
                fputs("maskline: the connection was lost, and what was asked for may have been done: "
                      "look before you repeat it\n",
                      stderr);
        else if (!err && was_lost && out->status / 100 == 4)
                fputs("maskline: the connection was lost, and what was asked for then may have been "
                      "done; asked again:\n",
                      stderr);
        return err ? EXIT_FAILED : EXIT_DONE;
}

static int send_request(const struct client *client, struct http_call *call, json_t **out)
{
        struct http_reply reply = {0};
        int code = exchange(client, call, &reply);
        if (code == EXIT_DONE)
                code = read_reply(&reply, out);
        free(reply.body);
        return code;
}

/*
 * By what the server knows a write when it comes again; NULL: a GET, or one that says a reference, which
 * is as good and outlives the server.
 */
static const char *draw_key(const char *method, const json_t *body, char out[KEY_TEXT_BYTES])
{
        struct random random;
        if (!strcmp(method, "GET") || json_object_get(body, "reference"))
                return NULL;
        random_init_system(&random);
        snprintf(out, KEY_TEXT_BYTES, "cli-%016" PRIx64 "%016" PRIx64, random_u64(&random),
                 random_u64(&random));
        return out;
}

/* What json_dumps() returned belongs to jansson's allocator, which main() replaces. */
static void free_json_text(char *text)
{
        json_malloc_t allocate;
        json_free_t release;
        json_get_alloc_funcs(&allocate, &release);
        if (text)
                explicit_bzero(text, strlen(text));
        release(text);
}

int client_call(const struct command_line *line, const char *method, const char *path, json_t *body,
                json_t **out)
{
        char memory[1024], key[KEY_TEXT_BYTES];
        char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
        int code = EXIT_FAILED;
        if (body && !text)
                fputs("maskline: the request cannot be written as JSON (is the text UTF-8?)\n",
                      stderr);
        else
                code = client_find(line);
        struct http_call call = {
                .method = method,
                .path = path_for_tenant(line, path, memory, sizeof memory),
                .idempotency_key = draw_key(method, body, key),
                .body = text ? slice_from(text) : SLICE_NONE,
        };
        if (code == EXIT_DONE)
                code = send_request(&found, &call, out);
        free_json_text(text);
        json_decref(body);
        return code;
}

int client_fetch(const struct command_line *line, const char *path, struct http_reply *out)
{
        char memory[1024];
        json_t *none = NULL;
        *out = (struct http_reply){0};
        int code = client_find(line);
        struct http_call call = {
                .method = "GET",
                .path = path_for_tenant(line, path, memory, sizeof memory),
        };
        if (code == EXIT_DONE)
                code = exchange(&found, &call, out);
        if (code == EXIT_DONE && out->status / 100 != 2)
                code = read_reply(out, &none);
        json_decref(none);
        if (code != EXIT_DONE) {
                free(out->body);
                out->body = NULL;
        }
        return code;
}

int client_ask(const struct command_line *line, const char *method, const char *path, json_t *body,
               json_t **out)
{
        json_t *answer = NULL;
        *out = NULL;
        int code = client_call(line, method, path, body, &answer);
        if (code != EXIT_DONE)
                return code;
        if (!command_has(line, "--json")) {
                *out = answer;
                return EXIT_DONE;
        }
        if (answer)
                show_json(answer);
        return EXIT_DONE;
}

#define PAGE "limit=1000"

static int fetch_all(const struct command_line *line, const char *path, const char *cursor,
                     const char *member, json_t *all)
{
        char memory[256];
        struct buf page;
        bool more = true;
        int code = EXIT_DONE;
        buf_init(&page, memory, sizeof memory - 1);
        buf_printf(&page, "%s?" PAGE, path);
        while (!code && more) {
                json_t *answer = NULL;
                memory[page.len] = '\0';
                code = client_call(line, "GET", memory, NULL, &answer);
                json_array_extend(all, json_object_get(answer, member));
                const char *next = show_text(answer, "next");
                more = next[0] != '\0';
                buf_init(&page, memory, sizeof memory - 1);
                buf_printf(&page, "%s?" PAGE "&%s=", path, cursor);
                client_put_segment(&page, next);
                if (!code && more && !buf_ok(&page)) {
                        fputs("maskline: the server's answer does not say where to go on\n",
                              stderr);
                        code = EXIT_FAILED;
                }
                json_decref(answer);
        }
        return code;
}

int client_ask_all(const struct command_line *line, const char *path, const char *cursor,
                   const char *member, json_t **out)
{
        json_t *all = json_array();
        int code = fetch_all(line, path, cursor, member, all);
        *out = NULL;
        if (code == EXIT_DONE && !command_has(line, "--json")) {
                *out = all;
                return code;
        }
        if (code == EXIT_DONE)
                show_json(json_pack("{s:O}", member, all));
        json_decref(all);
        return code;
}

int client_add_duration(const struct command_line *line, const char *option, const char *field,
                        json_t *body)
{
        int64_t seconds;
        const char *value = command_value(line, option);
        if (!value)
                return EXIT_DONE;
        if (duration_parse(slice_from(value), &seconds)) {
                fprintf(stderr, "maskline: %s wants " DURATION_ALLOWED "\n", option);
                return EXIT_USAGE;
        }
        json_object_set_new(body, field, json_integer(seconds));
        return EXIT_DONE;
}

void client_put_segment(struct buf *out, const char *text)
{
        for (; *text; text++) {
                unsigned char c = (unsigned char)*text;
                bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                             (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' || c == '~';
                if (plain)
                        buf_put_char(out, (char)c);
                else
                        buf_printf(out, "%%%02X", c);
        }
}

struct client_resource client_resource(const char *things, const char *name, const char *behind)
{
        struct client_resource path;
        struct buf b;
        buf_init(&b, path.text, sizeof path.text - 1);
        buf_printf(&b, "/v1/%s/", things);
        client_put_segment(&b, name);
        buf_put_text(&b, behind);
        path.text[b.len] = '\0';
        return path;
}

struct client_resource client_page(const struct command_line *line, const char *things)
{
        struct client_resource path;
        struct buf b;
        const char *limit = command_value(line, "--limit");
        const char *before = command_value(line, "--before");
        buf_init(&b, path.text, sizeof path.text - 1);
        buf_printf(&b, "/v1/%s?limit=", things);
        client_put_segment(&b, limit ? limit : "50");
        if (before) {
                buf_put_text(&b, "&before=");
                client_put_segment(&b, before);
        }
        path.text[b.len] = '\0';
        return path;
}

int client_remove(const struct command_line *line, const char *things, const char *thing,
                  const char *result)
{
        json_t *answer = NULL;
        const char *name = line->operands[0];
        int code =
                client_call(line, "DELETE", client_resource(things, name, "").text, NULL, &answer);
        json_decref(answer);
        if (code == EXIT_DONE && !command_has(line, "--json"))
                printf("%s %s %s\n", thing, name, result);
        return code;
}
