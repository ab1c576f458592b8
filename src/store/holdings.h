/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdings.h - the keys of a pool's sessions as they were at one moment, read a few sessions a turn.
 * Private to the directory.
 */
#ifndef MASKLINE_STORE_HOLDINGS_H
#define MASKLINE_STORE_HOLDINGS_H

#include "core/certificate.h"
#include "store/directory_impl.h"

struct holdings {
        struct list node; /* in dir->holdings */
        struct directory *dir;
        struct io_timer timer;
        uint32_t tenant_id, pool_id;
        int64_t at_ms;
        int64_t since_ms; /* sessions that ended before are left out */
        uint64_t next_id; /* of the session that is read next */
        uint64_t end_id;  /* the first that was not there yet */
        uint8_t *seen;    /* owned; slots of rows that were read before their turn, a bit each */
        struct siphash_key *key;      /* owned, secret memory; NULL when all is read */
        struct certificate_key *keys; /* owned */
        uint32_t count, max;
        uint32_t rented, sessions, erased;
        void (*read)(void *arg); /* all is read: by the owner, which may go from here */
        void *arg;
};

/* ERR_NOT_FOUND (the pool), -ENOMEM. */
int holdings_begin(struct holdings *h, struct directory *dir, uint32_t tenant_id, uint32_t pool_id,
                   int64_t since_ms, void (*read)(void *arg), void *arg) MUST_CHECK;
void holdings_fini(struct holdings *h); /* at any time; what is read goes */

#endif
