/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client_server.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/client.h"

static bool take_prefix(struct slice *text, struct slice prefix)
{
        if (!slice_starts_with(*text, prefix))
                return false;
        *text = (struct slice){text->p + prefix.len, text->len - prefix.len};
        return true;
}

/* Letters, digits, hyphens and dots. */
static bool is_name(struct slice text)
{
        for (size_t i = 0; i < text.len; i++) {
                char c = text.p[i];
                bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.';
                if (!good)
                        return false;
        }
        return text.len > 0;
}

static int parse_name(struct slice text, uint16_t port_default, struct client_server *out)
{
        struct slice port;
        bool has_port = memchr(text.p, ':', text.len) != NULL;
        struct slice name = slice_split(text, ':', &port);
        uint32_t number = port_default;
        if (!is_name(name) || slice_to_text(name, out->host, sizeof out->host) ||
            (has_port && (slice_to_u32(port, UINT16_MAX, &number) || number == 0)))
                return ERR_SYNTAX;
        bool is_local = slice_equal(name, SLICE("localhost"));
        if (!is_local && !out->tls)
                return ERR_SYNTAX;
        if (is_local && addr_parse_ip(SLICE("127.0.0.1"), &out->addr))
                return ERR_SYNTAX;
        out->addr.port = (uint16_t)number;
        return 0;
}

int client_parse_server(struct slice text, struct client_server *out)
{
        *out = (struct client_server){.tls = take_prefix(&text, SLICE("https://"))};
        uint16_t port = out->tls ? 443 : 80;
        if (!out->tls)
                (void)take_prefix(&text, SLICE("http://"));
        if (text.len && text.p[text.len - 1] == '/')
                text.len--;
        if (!text.len)
                return ERR_SYNTAX;
        if (addr_parse(text, port, &out->addr))
                return parse_name(text, port, out);
        snprintf(out->host, sizeof out->host, "%s", addr_format_ip(&out->addr).text);
        return 0;
}

int client_read_text(const char *path, char *out, size_t out_bytes)
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

int client_path(const struct command_line *line, const char *name, char *out, size_t out_bytes)
{
        int n = snprintf(out, out_bytes, "%s/%s", client_data_dir(line), name);
        return n < 0 || (size_t)n >= out_bytes ? ERR_TOO_LARGE : 0;
}

static int explain_bad_url(const char *given)
{
        fprintf(stderr,
                "maskline: the server is given as \"%s\"; write an IP address and port, such as "
                "http://127.0.0.1:8080, or with TLS also a name: https://maskline.example:8443\n",
                given);
        return EXIT_USAGE;
}

static int read_pin(const struct command_line *line, struct client_server *out)
{
        char path[512], text[96];
        int err = client_path(line, "endpoint.sha256", path, sizeof path);
        if (!err)
                err = client_read_text(path, text, sizeof text);
        for (unsigned i = 0; !err && i < HTTP_PIN_BYTES; i++) {
                unsigned byte;
                if (sscanf(text + 2 * i, "%2x", &byte) != 1)
                        err = ERR_SYNTAX;
                out->pin[i] = (uint8_t)byte;
        }
        out->has_pin = !err;
        return err;
}

static int find_in_data(const struct command_line *line, struct client_server *out)
{
        char text[128], path[512];
        int err = client_path(line, "endpoint", path, sizeof path);
        if (!err)
                err = client_read_text(path, text, sizeof text);
        if (!err)
                err = client_parse_server(slice_from(text), out);
        if (!err && out->tls)
                err = read_pin(line, out);
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

int client_find_server(const struct command_line *line, struct client_server *out)
{
        const char *given = client_option(line, "--server", "MASKLINE_SERVER");
        const char *ca = client_option(line, "--ca", "MASKLINE_CA");
        if (given && client_parse_server(slice_from(given), out))
                return explain_bad_url(given);
        int code = given ? EXIT_DONE : find_in_data(line, out);
        out->ca = ca;
        out->has_pin = out->has_pin && !ca;
        return code;
}

void client_put_server(const struct client_server *server, char *out, size_t out_bytes)
{
        const char *scheme = server->tls ? "https" : "http";
        bool bare = strchr(server->host, ':');
        snprintf(out, out_bytes, bare ? "%s://[%s]:%u" : "%s://%s:%u", scheme, server->host,
                 server->addr.port);
}

unsigned client_resolve(const struct client_server *server, struct addr out[CLIENT_ADDRS_MAX])
{
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
        struct addrinfo *found = NULL;
        unsigned count = 0;
        out[0] = server->addr;
        if (server->addr.family)
                return 1;
        if (getaddrinfo(server->host, NULL, &hints, &found))
                return 0;
        for (struct addrinfo *one = found; one && count < CLIENT_ADDRS_MAX; one = one->ai_next) {
                struct sockaddr_storage ss = {0};
                memcpy(&ss, one->ai_addr, one->ai_addrlen);
                addr_from_sockaddr(&ss, &out[count]);
                out[count++].port = server->addr.port;
        }
        freeaddrinfo(found);
        return count;
}
