/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig.h - the API on a real loop and a real HTTP server, over a directory whose store is in memory.
 *
 * Clients are blocking and run in a thread of their own while the loop runs in the test's.
 */
#ifndef MASKLINE_TESTS_API_RIG_H
#define MASKLINE_TESTS_API_RIG_H

#include <jansson.h>

#include "../temporary.h"
#include "api/api.h"
#include "store/store_memory.h"

#define RIG_WAITING_MAX 8192 /* changes and records that wait for the disk */

struct rig {
        char data_dir[TEMPORARY_BYTES];
        char token[64];
        struct io *io;
        struct store_memory_disk *disk;
        struct store *store; /* the directory's */
        struct directory *directory;
        struct sip_trunks *trunks;
        struct calls *calls;
        struct api *api;
};

void rig_open(struct rig *rig, bool needs_advertised);
void rig_open_both(struct rig *rig); /* it speaks IPv4 and IPv6, and TCP by IPv4 */
void rig_close(struct rig *rig);

/* Of a cmocka test: a rig that was opened, without anything in it; its end. */
int rig_set_up(void **state);
int rig_tear_down(void **state);
/* The same after rig_provision(). */
int rig_set_up_provisioned(void **state, unsigned numbers);

/* Members of an object: "" and 0 when they are not there. */
const char *text_of(const json_t *json, const char *name);
json_int_t count_of(const json_t *json, const char *name);

struct reply {
        unsigned status;
        json_t *json;   /* owned; NULL: no body, or none that is JSON */
        char *text;     /* owned: the whole body, or with rig_raw() the whole answer */
        char next[512]; /* as Link says; or empty */
};
void reply_free(struct reply *reply);

/* One request with the token. `body` NULL: none. */
struct reply rig_ask(struct rig *rig, const char *method, const char *path, const char *body);

/* The same with an Idempotency-Key. */
struct reply rig_ask_keyed(struct rig *rig, const char *key, const char *method, const char *path,
                           const char *body);

/* Bytes as they are, on a connection of their own; the answer until the server closes it. */
struct reply rig_raw(struct rig *rig, const char *bytes, size_t len);

/* Runs the loop until `fn` has returned in a thread of its own. */
void rig_run(struct rig *rig, void (*fn)(void *arg), void *arg);

/* The value of a member of the answer, or "" */
const char *reply_text(const struct reply *reply, const char *name);

/* Asks, expects this status, and gives the answer's JSON back; the caller's to release. */
json_t *rig_expect(struct rig *rig, unsigned status, const char *method, const char *path,
                   const char *body);

/* Trunks north (127.0.0.11) and south (127.0.0.12), and numbers +91 90000 00001 to `numbers`. */
void rig_provision(struct rig *rig, unsigned numbers);

/* A session of these parties (+91 98888 000xx); its id, 24 bytes. */
void rig_session(struct rig *rig, unsigned a, unsigned b, char *id);

#endif
