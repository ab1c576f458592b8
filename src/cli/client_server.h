/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_server.h - where the server is, and by what a command knows it: from --server, or from the data
 * directory.
 */
#ifndef MASKLINE_CLI_CLIENT_SERVER_H
#define MASKLINE_CLI_CLIENT_SERVER_H

#include "base/addr.h"
#include "cli/command.h"
#include "io/http_client.h"

#define CLIENT_HOST_BYTES 256

struct client_server {
        bool tls;
        char host[CLIENT_HOST_BYTES]; /* name or IP address, without brackets */
        struct addr addr; /* no family where host is a name, to be looked up; the port */
        const char *ca;   /* PEM file; NULL: none was named */
        bool has_pin;
        uint8_t pin[HTTP_PIN_BYTES]; /* of its certificate, as the data directory says */
};

/*
 * "http://127.0.0.1:8080" with or without "http://", or "https://maskline.example:8443"; a final "/" may
 * follow. Without TLS only IP addresses, and "localhost", which is 127.0.0.1 everywhere.
 */
int client_parse_server(struct slice text, struct client_server *out) MUST_CHECK;

/* EXIT_*; the reason has been written to standard error. */
int client_find_server(const struct command_line *line, struct client_server *out) MUST_CHECK;

/* "https://maskline.example:8443" */
void client_put_server(const struct client_server *server, char *out, size_t out_bytes);

#define CLIENT_ADDRS_MAX 8
/* The addresses to be tried, in this order; 0: the name is not known. */
unsigned client_resolve(const struct client_server *server, struct addr out[CLIENT_ADDRS_MAX]);

/* A file in the data directory. ERR_TOO_LARGE. */
int client_path(const struct command_line *line, const char *name, char *out,
                size_t out_bytes) MUST_CHECK;
/* A small text file without its line end. Negative errno or ERR_TOO_LARGE. */
int client_read_text(const char *path, char *out, size_t out_bytes) MUST_CHECK;

#endif
