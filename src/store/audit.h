/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.h - the chain of the audit record: each entry's hash covers the entry and the hash before
 * it, keyed, so that nobody without the master key can write, change, drop or reorder entries
 * unnoticed.
 *
 * Linking is the store's, at the moment of the commit: a batch that fails leaves no gap. The head
 * (how many entries there are, the last hash) is sealed with its own keyed hash and stored beside
 * the record, so that entries missing at the end are noticed too. What one machine alone cannot
 * notice is the whole data directory put back to an older state; for that keep the head elsewhere.
 */
#ifndef MASKLINE_STORE_AUDIT_H
#define MASKLINE_STORE_AUDIT_H

#include <stdbool.h>

#include "core/store.h"
#include "store/seal.h"

struct audit_head {
        uint64_t sequence; /* of the last entry; 0: none yet */
        uint8_t hash[AUDIT_HASH_BYTES];
};

/* Numbers the entry, computes its hash and moves the head on to it. Any thread. */
void audit_link(const struct vault *vault, struct audit_head *head, struct store_audit *entry);

/* The keyed hash that vouches for a head. Any thread. */
void audit_head_mac(const struct vault *vault, const struct audit_head *head,
                    uint8_t out[AUDIT_HASH_BYTES]);
bool audit_head_is_genuine(const struct vault *vault, const struct audit_head *head,
                           const uint8_t mac[AUDIT_HASH_BYTES]);

/* Checking: start with {0}, show every entry in order, ask for `bad_at`. */
struct audit_check {
        struct audit_head head; /* of what was good so far */
        uint64_t count;         /* good entries */
        uint64_t bad_at;        /* sequence of the first one altered, missing or out of place; 0 */
};

/* True while all is well; after the first bad entry it looks no further. Any thread. */
bool audit_check_entry(struct audit_check *check, const struct vault *vault,
                       const struct store_audit *entry);

/*
 * After the last entry, with the error that walk_audit's `done` brought: entries missing at the
 * end (ERR_NOT_FOUND) are marked as bad too.
 */
void audit_check_end(struct audit_check *check, int err);

#endif
