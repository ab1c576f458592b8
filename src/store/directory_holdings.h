/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_holdings.h - how many numbers a pool needs, proven or planned by what its sessions hold.
 *
 * Both look at the keys of all sessions of the pool as they are at one moment, that of the call. The
 * sessions are opened a few in each turn of the loop, and one that is changed meanwhile is opened before
 * that, so that neither calls nor changes wait. Numbers are hashed as soon as they are read, under a key
 * that is for this once and is wiped when the last session has been read: what is left cannot be traced
 * back, nor compared with another certificate.
 */
#ifndef MASKLINE_STORE_DIRECTORY_HOLDINGS_H
#define MASKLINE_STORE_DIRECTORY_HOLDINGS_H

#include "core/capacity_held.h"
#include "core/certificate.h"
#include "store/directory.h"

/* That may be made or kept at once; each takes 24 bytes for every key that any session holds. */
#define CERTIFICATES_MAX    4
#define CERTIFICATE_KEPT_MS 300000 /* since it was looked at */

struct pool_certificate {
        uint64_t id; /* not guessed */
        uint32_t tenant_id, pool_id;
        int64_t at_ms;     /* it is of this moment */
        uint32_t rented;   /* numbers of the pool */
        uint32_t sessions; /* whose keys these are, what living ones left behind among them */
        uint32_t erased; /* sessions erased by order whose keys rest, and belong to nobody known */
        struct certificate_work work; /* done */
};
/* `certificate` is kept, as directory_certificate() says; NULL on failure. */
typedef void directory_certificate_fn(void *arg, int err,
                                      const struct pool_certificate *certificate);
/*
 * ERR_NOT_FOUND (the pool), ERR_FULL (as many are being made as may be), -ENOMEM. Those that are kept
 * give way to it.
 */
int directory_certificate_make(struct directory *dir, uint32_t tenant_id, uint32_t pool_id,
                               directory_certificate_fn *done, void *arg) MUST_CHECK;
/* One of this tenant's; NULL: it is not kept any more. Until the next turn of the loop. */
const struct pool_certificate *directory_certificate(struct directory *dir, uint32_t tenant_id,
                                                     uint64_t id);

struct pool_plan {
        int64_t at_ms;
        uint32_t rented;
        struct capacity_held held;
        bool is_whole; /* else some sessions that would be in quarantine have been erased already */
};
typedef void directory_plan_fn(void *arg, int err, const struct pool_plan *plan);
/*
 * What the sessions of the pool would hold with this quarantine. It is a plan for the moment: busier
 * hours are planned in them. Errors as above.
 */
int directory_plan_make(struct directory *dir, uint32_t tenant_id, uint32_t pool_id,
                        int64_t quarantine_ms, uint32_t refused_per_million,
                        directory_plan_fn *done, void *arg) MUST_CHECK;

#endif
