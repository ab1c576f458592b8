/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "cli/duration.h"
#include "cli/show.h"
#include "io/http_client.h"

#define TOKEN_BYTES_MAX 128
#define TIMEOUT_MS      30000

const struct command_option client_options[] = {
        {"--data", "DIR",
         "data directory of the server (default: $MASKLINE_DATA, else " CLIENT_DATA_DEFAULT ")"},
        {"--server", "URL",
         "the server's address (default: $MASKLINE_SERVER, else as the data "
         "directory says)"},
        {"--token-file", "FILE",
         "file with the API token or a key (default: $MASKLINE_TOKEN_FILE, else api.token in the data "
         "directory)"},
        {"--tenant", "NAME",
         "act for this tenant (default: $MASKLINE_TENANT, else the key's own; with the token of the "
         "data directory the one named default)"},
        {"--json", NULL, "print the server's answer as JSON"},
        {NULL},
};

struct client {
        struct addr server;
        char *token; /* owned, secret, TOKEN_BYTES_MAX */
};

static const char *option_or_env(const struct command_line *line, const char *option,
                                 const char *variable)
{
        const char *value = command_value(line, option);
        if (value)
                return value;
        value = getenv(variable);
        return value && value[0] ? value : NULL;
}

const char *client_data_dir(const struct command_line *line)
{
        const char *dir = option_or_env(line, "--data", "MASKLINE_DATA");
        return dir ? dir : CLIENT_DATA_DEFAULT;
}

int client_parse_server(struct slice text, struct addr *out)
{
        struct slice scheme = SLICE("http://");
        if (slice_starts_with(text, scheme))
                text = (struct slice){text.p + scheme.len, text.len - scheme.len};
        if (text.len && text.p[text.len - 1] == '/')
                text.len--;

        struct slice localhost = SLICE("localhost");
        if (!slice_starts_with(text, localhost))
                return addr_parse(text, 80, out);

        char memory[32];
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        buf_put_text(&b, "127.0.0.1");
        buf_put(&b, text.p + localhost.len, text.len - localhost.len);
        return buf_ok(&b) ? addr_parse(buf_slice(&b), 80, out) : ERR_SYNTAX;
}

/* A small text file without its line end. Negative errno or ERR_TOO_LARGE. */
static int read_text(const char *path, char *out, size_t out_bytes)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        ssize_t n = read(fd, out, out_bytes);
        int err = n < 0 ? -errno : (size_t)n == out_bytes ? ERR_TOO_LARGE : 0;
        close(fd);
        if (err)
                return err;
        while (n && (out[n - 1] == '\n' || out[n - 1] == ' '))
                n--;
        out[n] = '\0';
        return 0;
}

static int path_in_data(const struct command_line *line, const char *name, char *out,
                        size_t out_bytes)
{
        int n = snprintf(out, out_bytes, "%s/%s", client_data_dir(line), name);
        return n < 0 || (size_t)n >= out_bytes ? ERR_TOO_LARGE : 0;
}

static int find_server(const struct command_line *line, struct addr *out)
{
        char text[128];
        char path[512];
        const char *given = option_or_env(line, "--server", "MASKLINE_SERVER");
        if (given) {
                if (client_parse_server(slice_from(given), out) == 0)
                        return EXIT_DONE;
                fprintf(stderr,
                        "maskline: the server is given as \"%s\"; write an IP address and "
                        "port, such as http://127.0.0.1:8080\n",
                        given);
                return EXIT_USAGE;
        }

        int err = path_in_data(line, "endpoint", path, sizeof path);
        if (!err)
                err = read_text(path, text, sizeof text);
        if (!err)
                err = client_parse_server(slice_from(text), out);
        if (!err)
                return EXIT_DONE;
        if (err == -ENOENT)
                fprintf(stderr,
                        "maskline: no server is running in %s (there is no file %s); start "
                        "\"maskline serve --data %s\", or say --data DIR or --server URL\n",
                        client_data_dir(line), path, client_data_dir(line));
        else
                fprintf(stderr,
                        "maskline: %s: %s; run the command as the user who runs the server, "
                        "or say --server URL\n",
                        path, err_text(err));
        return EXIT_FAILED;
}

static int find_token(const struct command_line *line, char *out)
{
        char path[512];
        const char *given = option_or_env(line, "--token-file", "MASKLINE_TOKEN_FILE");
        int err = 0;
        if (!given) {
                err = path_in_data(line, "api.token", path, sizeof path);
                given = path;
        }
        if (!err)
                err = read_text(given, out, TOKEN_BYTES_MAX);
        if (!err && out[0])
                return EXIT_DONE;
        fprintf(stderr,
                "maskline: no API token: %s: %s; run the command as the user who runs the "
                "server, or say --token-file FILE\n",
                given, err ? err_text(err) : "it is empty");
        return EXIT_FAILED;
}

static int client_find(const struct command_line *line, struct client *client)
{
        client->token = secret_alloc(TOKEN_BYTES_MAX);
        if (!client->token) {
                fputs("maskline: out of memory\n", stderr);
                return EXIT_FAILED;
        }
        int code = find_server(line, &client->server);
        return code ? code : find_token(line, client->token);
}

static void explain_failure(const struct client *client, int err)
{
        const char *at = addr_format(&client->server).text;
        if (err == -ECONNREFUSED)
                fprintf(stderr,
                        "maskline: nothing answers at http://%s; is \"maskline serve\" "
                        "running?\n",
                        at);
        else if (err == -ETIMEDOUT)
                fprintf(stderr, "maskline: http://%s did not answer within %d s\n", at,
                        TIMEOUT_MS / 1000);
        else
                fprintf(stderr, "maskline: http://%s: %s\n", at, err_text(err));
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
        const char *tenant = option_or_env(line, "--tenant", "MASKLINE_TENANT");
        if (!tenant || strstr(path, "tenant=")) /* the next page of an answer names it */
                return path;
        buf_init(&b, memory, bytes - 1);
        buf_printf(&b, "%s%ctenant=", path, strchr(path, '?') ? '&' : '?');
        client_put_segment(&b, tenant);
        memory[b.len] = '\0';
        return memory;
}

static int exchange(const struct client *client, const char *method, const char *path,
                    struct slice body, struct http_reply *out)
{
        struct http_call call = {
                .server = client->server,
                .method = method,
                .path = path,
                .bearer_token = client->token,
                .body = body,
                .timeout_ms = TIMEOUT_MS,
        };
        int err = http_call(&call, out);
        if (err)
                explain_failure(client, err);
        return err ? EXIT_FAILED : EXIT_DONE;
}

static int send_request(const struct client *client, const char *method, const char *path,
                        struct slice body, json_t **out)
{
        struct http_reply reply = {0};
        int code = exchange(client, method, path, body, &reply);
        if (code == EXIT_DONE)
                code = read_reply(&reply, out);
        free(reply.body);
        return code;
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
        struct client client = {0};
        char memory[1024];
        char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
        int code = EXIT_FAILED;
        if (body && !text)
                fputs("maskline: the request cannot be written as JSON (is the text UTF-8?)\n",
                      stderr);
        else
                code = client_find(line, &client);
        if (code == EXIT_DONE)
                code = send_request(&client, method,
                                    path_for_tenant(line, path, memory, sizeof memory),
                                    text ? slice_from(text) : SLICE_NONE, out);
        secret_free(client.token, TOKEN_BYTES_MAX);
        free_json_text(text);
        json_decref(body);
        return code;
}

int client_fetch(const struct command_line *line, const char *path, struct http_reply *out)
{
        struct client client = {0};
        char memory[1024];
        json_t *none = NULL;
        *out = (struct http_reply){0};
        int code = client_find(line, &client);
        if (code == EXIT_DONE)
                code = exchange(&client, "GET", path_for_tenant(line, path, memory, sizeof memory),
                                SLICE_NONE, out);
        if (code == EXIT_DONE && out->status / 100 != 2)
                code = read_reply(out, &none);
        json_decref(none);
        secret_free(client.token, TOKEN_BYTES_MAX);
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
        if (answer) {
                json_dumpf(answer, stdout, JSON_INDENT(2));
                fputc('\n', stdout);
        }
        json_decref(answer);
        return EXIT_DONE;
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
