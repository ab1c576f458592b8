/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_tenant.h - of the directory: whom it serves, and who may ask.
 *
 * Changes are validated, applied and made durable as directory.h says. `by` is the key that asked
 * for the change, for the audit record; 0: the operator's token.
 */
#ifndef MASKLINE_STORE_DIRECTORY_TENANT_H
#define MASKLINE_STORE_DIRECTORY_TENANT_H

#include "core/tenant.h"
#include "store/directory.h"

/* Id and time are assigned. ERR_EXISTS (name), ERR_FULL. */
int directory_tenant_add(struct directory *dir, struct tenant *tenant, uint64_t by,
                         directory_done *done, void *arg) MUST_CHECK;
/*
 * ERR_NOT_FOUND; ERR_STATE: the default one, which stays; ERR_IN_USE: it has keys, trunks, numbers
 * or sessions, be it in quarantine; ERR_FULL.
 */
int directory_tenant_remove(struct directory *dir, uint32_t tenant_id, uint64_t by,
                            directory_done *done, void *arg) MUST_CHECK;
const struct tenant *directory_tenant_find(const struct directory *dir, struct slice name);
const struct tenant *directory_tenant_get(const struct directory *dir, uint32_t tenant_id);
/* The i-th, in the order of ids; NULL past the last. */
const struct tenant *directory_tenant_at(const struct directory *dir, uint32_t i);

/* What a key is known by: a keyed BLAKE2b-256 of its text. */
void directory_key_hash(const struct directory *dir, struct slice text,
                        uint8_t out[API_KEY_HASH_BYTES]);
/*
 * Of `key` come tenant (it is there, or 0), name, scopes, expiry and hash. ERR_EXISTS (hash),
 * ERR_TOO_LARGE (the tenant has as many as one may have), ERR_FULL.
 */
int directory_key_add(struct directory *dir, struct api_key *key, uint64_t by, directory_done *done,
                      void *arg) MUST_CHECK;
/* At once. ERR_NOT_FOUND, ERR_FULL. */
int directory_key_revoke(struct directory *dir, uint64_t key_id, uint64_t by, directory_done *done,
                         void *arg) MUST_CHECK;
const struct api_key *directory_key_get(const struct directory *dir, uint64_t key_id);
/* The one with the lowest id above this; NULL: none. */
const struct api_key *directory_key_after(const struct directory *dir, uint64_t key_id);

/*
 * Who shows a text of this hash: NULL when there is no such key, it was revoked or has expired,
 * which takes the same time. It counts as used; the disk hears of that once an hour at most.
 */
const struct api_key *directory_key_use(struct directory *dir,
                                        const uint8_t hash[API_KEY_HASH_BYTES]);

/* "k_" and 16 characters. */
struct key_id_text {
        char text[24];
};
struct key_id_text key_id_format(const struct directory *dir, uint64_t key_id);
int key_id_parse(const struct directory *dir, struct slice text, uint64_t *out) MUST_CHECK;

#endif
