/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h - a command's connection to the server: where it is, the token, one request, its
 * problem explained.
 */
#ifndef MASKLINE_CLI_CLIENT_H
#define MASKLINE_CLI_CLIENT_H

#include <jansson.h>

#include "cli/command.h"
#include "io/http_client.h"

#define CLIENT_DATA_DEFAULT "/var/lib/maskline"

/* --data, --server, --ca, --token-file, --tenant, --json: what every command that asks the server takes. */
extern const struct command_option client_options[];

const char *client_data_dir(const struct command_line *line);

/* The option's value, else the environment's; NULL: neither. */
const char *client_option(const struct command_line *line, const char *option,
                          const char *variable);

/*
 * A write carries an Idempotency-Key of its own: when the connection is lost it is sent again, and done
 * once. A body with a `reference` is its own key. Where nothing listens any more a write with a key is not
 * sent again: the server that starts next does not know it. The user is told that it may have been done.
 *
 * Sends `body` (NULL: none; a reference is taken from the caller) and waits. EXIT_DONE with the
 * answer in `out` (the caller's to json_decref; NULL when there is no body), or the exit code,
 * after the reason and what to do about it have been written to standard error.
 */
int client_call(const struct command_line *line, const char *method, const char *path, json_t *body,
                json_t **out) MUST_CHECK;

/*
 * What is asked for from now on may take the server minutes: it has ten. `then` is for the user, when they
 * are over: what the server goes on with, and what to do.
 */
void client_be_patient(const char *then);

/* GET of what is no JSON; the body is the caller's to free. Else as client_call(). */
int client_fetch(const struct command_line *line, const char *path,
                 struct http_reply *out) MUST_CHECK;

/* As client_call(); with --json the answer is printed and `*out` stays NULL. */
int client_ask(const struct command_line *line, const char *method, const char *path, json_t *body,
               json_t **out) MUST_CHECK;

/*
 * GET of every page of a list: what the pages have as `member`, in one array, the caller's to release. The
 * parameter that says where a page begins is `cursor`: "after" or "before".
 * With --json it is printed as {member: [...]} and `*out` stays NULL, as it does at an error. EXIT_*.
 */
int client_ask_all(const struct command_line *line, const char *path, const char *cursor,
                   const char *member, json_t **out) MUST_CHECK;

/* The seconds of an option such as "2h" into `body`, if it was given. EXIT_*. */
int client_add_duration(const struct command_line *line, const char *option, const char *field,
                        json_t *body) MUST_CHECK;

/* A path of the API; one that is too long is cut, and there is nothing by that name. */
struct client_resource {
        char text[1024];
};
/* "/v1/trunks/carrier/check": `things` are trunks, `behind` is "/check" or "". */
struct client_resource client_resource(const char *things, const char *name, const char *behind);
/* "/v1/calls?limit=50&before=...", as --limit and --before say. */
struct client_resource client_page(const struct command_line *line, const char *things);

/*
 * DELETE of what the command line names. Unless there is --json it is said, as in "trunk carrier removed":
 * `thing` is "trunk", `result` is "removed". EXIT_*.
 */
int client_remove(const struct command_line *line, const char *things, const char *thing,
                  const char *result) MUST_CHECK;

/* One segment of a path, percent-encoded. */
void client_put_segment(struct buf *out, const char *text);

#endif
