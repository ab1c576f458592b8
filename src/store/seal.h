/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal.h - the vault: every secret key of an installation, and what is sealed under them.
 *
 * Two files in the data directory. `master.key` (32 random bytes) never changes; all long-lived
 * keys are derived from it. `keys.slots` holds one key per session, wrapped, in fixed slots that
 * are overwritten in place: shredding a slot makes everything sealed under it unreadable, in the
 * database, its log and every copy of them. docs/design/store.md has the layout.
 *
 * Keys are in the clear only in locked memory. All functions are the loop thread's but those
 * marked "any thread".
 */
#ifndef MASKLINE_STORE_SEAL_H
#define MASKLINE_STORE_SEAL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/number.h"
#include "base/random.h"
#include "base/siphash.h"
#include "base/slice.h"
#include "store/data_dir.h"

#define VAULT_HASH_BYTES 16
#define VAULT_KEY_BYTES  32
#define VAULT_MAC_BYTES  32
#define VAULT_ID_BYTES   16
#define VAULT_SEAL_EXTRA 41 /* how much longer sealed is than plain: version, nonce, tag */
#define VAULT_PLAIN_MAX  8192
#define VAULT_DIGITS_MAX 32

struct vault;

/*
 * Opens both files, making them when neither is there. Refuses, with a sentence in `problem`: a
 * key file that others can read, that belongs to another user or has the wrong size; slots without
 * their master key or with another one's; slots of a newer version.
 */
int vault_open(const struct data_dir *dir, struct vault **out, char *problem) MUST_CHECK;

/*
 * With the master key of a file anywhere, and no session's key: to read what was sealed elsewhere.
 * Checks the file as vault_open() does.
 */
int vault_open_master(const char *path, struct vault **out, char *problem) MUST_CHECK;

/* Makes the file of the master key in another directory. */
int vault_copy_master(const char *path, const struct data_dir *to, char *problem) MUST_CHECK;

/* The same without files, under fresh keys: for tests and simulation. */
int vault_create_memory(struct vault **out) MUST_CHECK;

void vault_close(struct vault *vault); /* wipes it; NULL is fine */

/* Tells this vault's master key from others without telling the key. Any thread. */
void vault_id(const struct vault *vault, uint8_t out[VAULT_ID_BYTES]);

/*
 * A fresh session key. `key_slot` names it for good: the slot's index in the low half, its
 * generation in the high half; a slot that is used again has another generation. Never 0.
 * The slot is on disk once vault_sync() has returned 0. ERR_FULL past 16 million slots.
 */
int vault_key_new(struct vault *vault, uint64_t *key_slot) MUST_CHECK;

/*
 * Wiped in memory at once, on disk with the next vault_sync(); a store syncs the vault before each
 * commit, so a shred is durable when a submit that follows it is acknowledged. ERR_STALE: the key
 * is gone already, nothing was done.
 */
int vault_key_shred(struct vault *vault, uint64_t key_slot);

/*
 * After a crash there may be keys whose session never became durable. While loading, keep the key
 * of each session that is not erased (false: it is gone), then shred what nobody kept.
 */
bool vault_key_keep(struct vault *vault, uint64_t key_slot);
uint32_t vault_shred_unkept(struct vault *vault); /* how many; call it once, after the load */

uint32_t vault_keys_used(const struct vault *vault);

/*
 * Seals `plain` under the session key and appends it to `out`, bound to `context` (tenant, session
 * ...), which is not stored: whoever unseals must bring the same. ERR_STALE: no such key;
 * ERR_TOO_LARGE: past VAULT_PLAIN_MAX, or `out` is too small; nothing was appended.
 */
int vault_seal(struct vault *vault, uint64_t key_slot, struct slice context, struct slice plain,
               struct buf *out) MUST_CHECK;

/*
 * Appends the plain bytes to `out`, which should be secret memory. ERR_STALE: the key was
 * shredded; ERR_SEALED: sealed or context are not what they were; ERR_VERSION.
 */
int vault_unseal(struct vault *vault, uint64_t key_slot, struct slice context, struct slice sealed,
                 struct buf *out) MUST_CHECK;

/*
 * For the crash record alone: sealed under a key of the installation that is for nothing else, and
 * not under a session's, since a call may outlive its session. Errors as above.
 */
int vault_crash_seal(struct vault *vault, struct slice context, struct slice plain,
                     struct buf *out) MUST_CHECK;
int vault_crash_unseal(struct vault *vault, struct slice context, struct slice sealed,
                       struct buf *out) MUST_CHECK;

/*
 * The keys of backups (backup_keys.h): wrapped under a key of the installation that is for nothing
 * else, bound to `context`. Any thread; ERR_SEALED.
 */
#define VAULT_WRAPPED_BYTES 72
void vault_wrap_backup_key(const struct vault *vault, struct random *random, struct slice context,
                           const uint8_t key[VAULT_KEY_BYTES], uint8_t out[VAULT_WRAPPED_BYTES]);
int vault_unwrap_backup_key(const struct vault *vault, struct slice context,
                            const uint8_t wrapped[VAULT_WRAPPED_BYTES],
                            uint8_t key[VAULT_KEY_BYTES]) MUST_CHECK;

/* keys.slots as it is now, for a backup; see key_slots_copy(). Any thread. */
uint32_t vault_slot_count(const struct vault *vault);
int vault_copy_slots(const struct vault *vault, uint32_t count,
                     int (*put)(void *arg, struct slice bytes), void *arg) MUST_CHECK;

/*
 * Writes changed slots to the file and waits until they are on disk. Any thread. On failure they
 * stay due and the next call tries again.
 */
int vault_sync(struct vault *vault) MUST_CHECK;
uint32_t vault_unsynced(const struct vault *vault); /* changed slots that wait; any thread */

/*
 * Keyed hashes under which a party is looked up and remembered, per tenant: exact (this masking
 * number, dialled by this real number), and wildcard (this masking number, dialled by anyone).
 */
void vault_lookup_hash(const struct vault *vault, uint32_t tenant_id, struct masking_number dialled,
                       struct real_number caller, uint8_t out[VAULT_HASH_BYTES]);
void vault_lookup_hash_any(const struct vault *vault, uint32_t tenant_id,
                           struct masking_number dialled, uint8_t out[VAULT_HASH_BYTES]);

/* This masking number, dialled with digits of this hash. */
void vault_lookup_hash_digits(const struct vault *vault, uint32_t tenant_id,
                              struct masking_number dialled, const uint8_t digits[VAULT_HASH_BYTES],
                              uint8_t out[VAULT_HASH_BYTES]);
/* Somebody who reaches somebody, in this order. */
void vault_pair_hash(const struct vault *vault, uint32_t tenant_id, struct real_number from,
                     struct real_number to, uint8_t out[VAULT_HASH_BYTES]);
/* Somebody, by one of its numbers. */
void vault_person_hash(const struct vault *vault, uint32_t tenant_id, struct real_number number,
                       uint8_t out[VAULT_HASH_BYTES]);
/* Digits that a caller keys in, at most VAULT_DIGITS_MAX, as they are kept. */
void vault_digits_hash(const struct vault *vault, uint32_t tenant_id, struct slice digits,
                       uint8_t out[VAULT_HASH_BYTES]);

/* The key for number_hint(): another one each UTC day, so that hints do not link days. */
struct siphash_key vault_hint_key(const struct vault *vault, int64_t wall_ms);

/* VAULT_KEY_BYTES bytes, for tagging outside ids; lives as long as the vault. */
const uint8_t *vault_id_key(const struct vault *vault);

/* A keyed BLAKE2b-256 for the audit record alone (audit.h). Any thread. */
void vault_audit_mac(const struct vault *vault, struct slice bytes, uint8_t out[VAULT_MAC_BYTES]);

/* The same for the keys of the API alone. */
void vault_api_key_hash(const struct vault *vault, struct slice text, uint8_t out[VAULT_MAC_BYTES]);

#endif
