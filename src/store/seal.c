/* SPDX-License-Identifier: Apache-2.0 */
#include "store/seal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "base/secret.h"
#include "store/key_slots.h"
#include "store/problem.h"

/*
 * Sealed:  version 1 | nonce 24 | ciphertext | tag 16
 *
 * XChaCha20-Poly1305 throughout: its nonces are long enough to be random. The associated data of a
 * sealed text is version, key_slot (64 bits) and the caller's context; that of a wrapped key is
 * its slot's index and generation.
 */
#define SEAL_VERSION       1
#define NONCE_BYTES        crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define CIPHER_STACK_BYTES 2048 /* the cipher works on copies of blocks, and leaves them there */
#define TAG_BYTES          crypto_aead_xchacha20poly1305_ietf_ABYTES
#define CONTEXT_BYTES      256
#define DAY_MS             INT64_C(86400000)

_Static_assert(1 + NONCE_BYTES + TAG_BYTES == VAULT_SEAL_EXTRA, "the header promises it");
_Static_assert(NONCE_BYTES + VAULT_KEY_BYTES + TAG_BYTES == KEY_SLOT_BYTES, "a wrapped key fits");
_Static_assert(crypto_kdf_KEYBYTES == VAULT_KEY_BYTES, "the master key is a kdf key");

/* What derived keys are for. On disk by consequence: never renumbered. */
enum purpose {
        PURPOSE_WRAP = 1,
        PURPOSE_LOOKUP = 2,
        PURPOSE_AUDIT = 3,
        PURPOSE_HINT = 4,
        PURPOSE_ID_TAG = 5,
        PURPOSE_VAULT_ID = 6,
        PURPOSE_CRASH = 7,
        PURPOSE_API_KEY = 8,
        PURPOSE_BACKUP = 9,
};
static const char kdf_context[crypto_kdf_CONTEXTBYTES + 1] = "maskline";
static const char kdf_hint_context[crypto_kdf_CONTEXTBYTES + 1] = "dailyhnt";

/* Lives in secret memory as a whole. */
struct vault {
        uint8_t wrap[VAULT_KEY_BYTES];
        uint8_t lookup[VAULT_KEY_BYTES];
        uint8_t audit[VAULT_KEY_BYTES];
        uint8_t hint[VAULT_KEY_BYTES];
        uint8_t id_tag[VAULT_KEY_BYTES];
        uint8_t crash[VAULT_KEY_BYTES];
        uint8_t api_key[VAULT_KEY_BYTES];
        uint8_t backup[VAULT_KEY_BYTES];
        uint8_t id[VAULT_ID_BYTES];
        uint8_t key[VAULT_KEY_BYTES]; /* one session's, for the length of a call */
        uint8_t plain[VAULT_PLAIN_MAX];
        struct random random;    /* its read-ahead holds keys to be */
        struct key_slots *slots; /* owned */
};

static void derive(uint8_t *out, size_t bytes, enum purpose purpose, const uint8_t *master)
{
        int err = crypto_kdf_derive_from_key(out, bytes, purpose, kdf_context, master);
        assert(err == 0);
}

static void derive_all(struct vault *vault, const uint8_t *master)
{
        derive(vault->wrap, sizeof vault->wrap, PURPOSE_WRAP, master);
        derive(vault->lookup, sizeof vault->lookup, PURPOSE_LOOKUP, master);
        derive(vault->audit, sizeof vault->audit, PURPOSE_AUDIT, master);
        derive(vault->hint, sizeof vault->hint, PURPOSE_HINT, master);
        derive(vault->id_tag, sizeof vault->id_tag, PURPOSE_ID_TAG, master);
        derive(vault->id, sizeof vault->id, PURPOSE_VAULT_ID, master);
        derive(vault->crash, sizeof vault->crash, PURPOSE_CRASH, master);
        derive(vault->api_key, sizeof vault->api_key, PURPOSE_API_KEY, master);
        derive(vault->backup, sizeof vault->backup, PURPOSE_BACKUP, master);
}

/* A new master key where others' work lies already would make that unreadable for ever. */
static int check_alone(const struct data_dir *dir, char *problem)
{
        const char *found = data_dir_has(dir, DATA_DIR_KEY_SLOTS)  ? DATA_DIR_KEY_SLOTS
                            : data_dir_has(dir, DATA_DIR_DATABASE) ? DATA_DIR_DATABASE
                                                                   : NULL;
        if (!found)
                return 0;
        problem_put(problem,
                    "%s/%s is missing, but %s is there: put the key file back from its backup. "
                    "Without it no sealed number can be read.",
                    data_dir_path(dir), DATA_DIR_MASTER_KEY, found);
        return -ENOENT;
}

static int check_slots(const struct data_dir *dir, char *problem)
{
        if (data_dir_has(dir, DATA_DIR_KEY_SLOTS) || !data_dir_has(dir, DATA_DIR_DATABASE))
                return 0;
        problem_put(problem,
                    "%s/%s is missing, but %s is there: put it back from the backup. Without it "
                    "the numbers of existing sessions can't be read.",
                    data_dir_path(dir), DATA_DIR_KEY_SLOTS, DATA_DIR_DATABASE);
        return -ENOENT;
}

static int read_master(const struct data_dir *dir, int fd, uint8_t *master, char *problem)
{
        off_t size = lseek(fd, 0, SEEK_END);
        if (size != VAULT_KEY_BYTES) {
                problem_put(problem,
                            "%s/%s has %lld bytes instead of %d: it is no key file of maskline's; "
                            "put it back from its backup.",
                            data_dir_path(dir), DATA_DIR_MASTER_KEY, (long long)size,
                            VAULT_KEY_BYTES);
                return ERR_SYNTAX;
        }
        int err = data_dir_read_at(fd, master, VAULT_KEY_BYTES, 0);
        if (err)
                problem_put(problem, "%s/%s can't be read: %s.", data_dir_path(dir),
                            DATA_DIR_MASTER_KEY, strerror(-err));
        return err;
}

static int load_master(const struct data_dir *dir, uint8_t *master, char *problem)
{
        int fd = -1;
        int err = data_dir_open_file(dir, DATA_DIR_MASTER_KEY, &fd, problem);
        if (err)
                return err;
        err = check_slots(dir, problem);
        if (!err)
                err = read_master(dir, fd, master, problem);
        close(fd);
        return err;
}

/* The master key's bytes, in `vault->key` for now. */
static int get_master(struct vault *vault, const struct data_dir *dir, char *problem)
{
        if (dir) {
                int err = load_master(dir, vault->key, problem);
                if (err != -ENOENT || data_dir_has(dir, DATA_DIR_MASTER_KEY))
                        return err;
                err = check_alone(dir, problem);
                if (err)
                        return err;
        }
        random_fill(&vault->random, vault->key, VAULT_KEY_BYTES);
        if (!dir)
                return 0;
        struct slice content = {(const char *)vault->key, VAULT_KEY_BYTES};
        return data_dir_create_file(dir, DATA_DIR_MASTER_KEY, content, problem);
}

static int open_vault(const struct data_dir *dir, struct vault **out, char *problem)
{
        if (sodium_init() < 0)
                return -ENOSYS;
        struct vault *vault = secret_alloc(sizeof *vault);
        if (!vault)
                return -ENOMEM;
        random_init_system(&vault->random);

        int err = get_master(vault, dir, problem);
        if (err)
                goto fail;
        derive_all(vault, vault->key);
        sodium_memzero(vault->key, sizeof vault->key);

        err = key_slots_open(dir, vault->id, &vault->slots, problem);
        if (err)
                goto fail;
        *out = vault;
        return 0;
fail:
        vault_close(vault);
        return err;
}

int vault_open(const struct data_dir *dir, struct vault **out, char *problem)
{
        assert(dir);
        return open_vault(dir, out, problem);
}

int vault_create_memory(struct vault **out)
{
        return open_vault(NULL, out, NULL);
}

/* The bytes of a master key in a file that need not be in a data directory of ours. */
static int read_master_file(const char *path, uint8_t *master, char *problem)
{
        struct stat st;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        int err = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;
        if (!err && (!S_ISREG(st.st_mode) || st.st_size != VAULT_KEY_BYTES))
                err = ERR_SYNTAX;
        if (!err && (st.st_mode & 077))
                err = -EPERM;
        if (!err)
                err = data_dir_read_at(fd, master, VAULT_KEY_BYTES, 0);
        if (fd >= 0)
                close(fd);
        if (err == ERR_SYNTAX)
                problem_put(problem, "%s is no master key: that is a file of %d bytes.", path,
                            VAULT_KEY_BYTES);
        else if (err == -EPERM)
                problem_put(problem,
                            "%s can be read by other users: run chmod 0600 %s, and ask who may "
                            "have read it.",
                            path, path);
        else if (err)
                problem_put(problem, "%s can't be read: %s.", path, err_text(err));
        return err;
}

int vault_open_master(const char *path, struct vault **out, char *problem)
{
        struct vault *vault = NULL;
        int err = vault_create_memory(&vault);
        if (err)
                return err;
        err = read_master_file(path, vault->key, problem);
        if (err) {
                vault_close(vault);
                return err;
        }
        derive_all(vault, vault->key);
        sodium_memzero(vault->key, sizeof vault->key);
        *out = vault;
        return 0;
}

int vault_copy_master(const char *path, const struct data_dir *to, char *problem)
{
        uint8_t *master = secret_alloc(VAULT_KEY_BYTES);
        int err = master ? read_master_file(path, master, problem) : -ENOMEM;
        if (!err)
                err = data_dir_create_file(to, DATA_DIR_MASTER_KEY,
                                           (struct slice){(const char *)master, VAULT_KEY_BYTES},
                                           problem);
        secret_free(master, VAULT_KEY_BYTES);
        return err;
}

void vault_close(struct vault *vault)
{
        if (!vault)
                return;
        key_slots_close(vault->slots);
        secret_free(vault, sizeof *vault);
}

void vault_id(const struct vault *vault, uint8_t out[VAULT_ID_BYTES])
{
        memcpy(out, vault->id, VAULT_ID_BYTES);
}

static uint32_t slot_index(uint64_t key_slot)
{
        return (uint32_t)key_slot;
}

static uint32_t slot_generation(uint64_t key_slot)
{
        return (uint32_t)(key_slot >> 32);
}

static void put_u64(uint8_t out[8], uint64_t value)
{
        struct buf b;
        buf_init(&b, out, 8);
        buf_put_be64(&b, value);
}

int vault_key_new(struct vault *vault, uint64_t *key_slot)
{
        uint32_t index, generation;
        int err = key_slots_pick(vault->slots, &index, &generation);
        if (err)
                return err;
        uint64_t name = (uint64_t)generation << 32 | index;
        uint8_t bound[8], content[KEY_SLOT_BYTES];
        put_u64(bound, name);

        random_fill(&vault->random, vault->key, sizeof vault->key);
        random_fill(&vault->random, content, NONCE_BYTES);
        err = crypto_aead_xchacha20poly1305_ietf_encrypt(content + NONCE_BYTES, NULL, vault->key,
                                                         sizeof vault->key, bound, sizeof bound,
                                                         NULL, content, vault->wrap);
        assert(err == 0);
        sodium_memzero(vault->key, sizeof vault->key);
        key_slots_set(vault->slots, index, content);
        *key_slot = name;
        return 0;
}

int vault_key_shred(struct vault *vault, uint64_t key_slot)
{
        bool wiped = key_slots_wipe(vault->slots, slot_index(key_slot), slot_generation(key_slot));
        return wiped ? 0 : ERR_STALE;
}

bool vault_key_keep(struct vault *vault, uint64_t key_slot)
{
        return key_slots_keep(vault->slots, slot_index(key_slot), slot_generation(key_slot));
}

uint32_t vault_shred_unkept(struct vault *vault)
{
        return key_slots_wipe_unkept(vault->slots);
}

uint32_t vault_keys_used(const struct vault *vault)
{
        return key_slots_used(vault->slots);
}

_Static_assert(VAULT_WRAPPED_BYTES == NONCE_BYTES + VAULT_KEY_BYTES + TAG_BYTES, "as in a slot");

void vault_wrap_backup_key(const struct vault *vault, struct random *random, struct slice context,
                           const uint8_t key[VAULT_KEY_BYTES], uint8_t out[VAULT_WRAPPED_BYTES])
{
        random_fill(random, out, NONCE_BYTES);
        int err = crypto_aead_xchacha20poly1305_ietf_encrypt(
                out + NONCE_BYTES, NULL, key, VAULT_KEY_BYTES, (const uint8_t *)context.p,
                context.len, NULL, out, vault->backup);
        assert(err == 0);
}

int vault_unwrap_backup_key(const struct vault *vault, struct slice context,
                            const uint8_t wrapped[VAULT_WRAPPED_BYTES],
                            uint8_t key[VAULT_KEY_BYTES])
{
        int err = crypto_aead_xchacha20poly1305_ietf_decrypt(
                key, NULL, NULL, wrapped + NONCE_BYTES, VAULT_WRAPPED_BYTES - NONCE_BYTES,
                (const uint8_t *)context.p, context.len, wrapped, vault->backup);
        return err ? ERR_SEALED : 0;
}

uint32_t vault_slot_count(const struct vault *vault)
{
        return key_slots_count(vault->slots);
}

int vault_copy_slots(const struct vault *vault, uint32_t count,
                     int (*put)(void *arg, struct slice bytes), void *arg)
{
        return key_slots_copy(vault->slots, vault->id, count, put, arg);
}

int vault_sync(struct vault *vault)
{
        return key_slots_sync(vault->slots);
}

uint32_t vault_unsynced(const struct vault *vault)
{
        return key_slots_unsynced(vault->slots);
}

/* Leaves the session's key in `vault->key`; the caller wipes it. */
static int unwrap(struct vault *vault, uint64_t key_slot)
{
        uint8_t bound[8], content[KEY_SLOT_BYTES];
        if (!key_slots_get(vault->slots, slot_index(key_slot), slot_generation(key_slot), content))
                return ERR_STALE;
        put_u64(bound, key_slot);
        int err = crypto_aead_xchacha20poly1305_ietf_decrypt(
                vault->key, NULL, NULL, content + NONCE_BYTES, sizeof content - NONCE_BYTES, bound,
                sizeof bound, content, vault->wrap);
        sodium_memzero(content, sizeof content);
        return err ? ERR_SEALED : 0;
}

static int bind(struct buf *b, uint64_t key_slot, struct slice context)
{
        buf_put_u8(b, SEAL_VERSION);
        buf_put_be64(b, key_slot);
        buf_put_slice(b, context);
        return buf_ok(b) ? 0 : ERR_TOO_LARGE;
}

static bool has_room(const struct buf *out, size_t bytes)
{
        return buf_ok(out) && out->cap - out->len >= bytes;
}

static void seal(struct vault *vault, const uint8_t *key, struct slice bound, struct slice plain,
                 struct buf *out)
{
        uint8_t *p = (uint8_t *)out->p + out->len;
        p[0] = SEAL_VERSION;
        random_fill(&vault->random, p + 1, NONCE_BYTES);
        int err = crypto_aead_xchacha20poly1305_ietf_encrypt(
                p + 1 + NONCE_BYTES, NULL, (const uint8_t *)plain.p, plain.len,
                (const uint8_t *)bound.p, bound.len, NULL, p + 1, key);
        assert(err == 0);
        sodium_stackzero(CIPHER_STACK_BYTES);
        out->len += plain.len + VAULT_SEAL_EXTRA;
}

static int unseal(struct vault *vault, const uint8_t *key, struct slice bound, struct slice sealed,
                  struct buf *out)
{
        const uint8_t *p = (const uint8_t *)sealed.p;
        size_t plain_bytes = sealed.len - VAULT_SEAL_EXTRA;
        int err = 0;
        if (crypto_aead_xchacha20poly1305_ietf_decrypt(
                    vault->plain, NULL, NULL, p + 1 + NONCE_BYTES, sealed.len - 1 - NONCE_BYTES,
                    (const uint8_t *)bound.p, bound.len, p + 1, key) != 0)
                err = ERR_SEALED;
        else
                buf_put(out, vault->plain, plain_bytes);
        sodium_memzero(vault->plain, plain_bytes);
        sodium_stackzero(CIPHER_STACK_BYTES);
        return err;
}

/* What can be said of sealed bytes without the key. */
static int check_sealed(struct slice sealed, const struct buf *out)
{
        if (sealed.len < VAULT_SEAL_EXTRA)
                return ERR_SEALED;
        if ((uint8_t)sealed.p[0] != SEAL_VERSION)
                return ERR_VERSION;
        size_t plain_bytes = sealed.len - VAULT_SEAL_EXTRA;
        return plain_bytes > VAULT_PLAIN_MAX || !has_room(out, plain_bytes) ? ERR_TOO_LARGE : 0;
}

int vault_seal(struct vault *vault, uint64_t key_slot, struct slice context, struct slice plain,
               struct buf *out)
{
        char bound[CONTEXT_BYTES];
        struct buf b;
        buf_init(&b, bound, sizeof bound);
        int err = bind(&b, key_slot, context);
        if (err)
                return err;
        if (plain.len > VAULT_PLAIN_MAX || !has_room(out, plain.len + VAULT_SEAL_EXTRA))
                return ERR_TOO_LARGE;
        err = unwrap(vault, key_slot);
        if (err)
                return err;
        seal(vault, vault->key, buf_slice(&b), plain, out);
        sodium_memzero(vault->key, sizeof vault->key);
        return 0;
}

int vault_unseal(struct vault *vault, uint64_t key_slot, struct slice context, struct slice sealed,
                 struct buf *out)
{
        char bound[CONTEXT_BYTES];
        struct buf b;
        buf_init(&b, bound, sizeof bound);
        if (sealed.len < VAULT_SEAL_EXTRA || bind(&b, key_slot, context) != 0)
                return ERR_SEALED;
        int err = check_sealed(sealed, out);
        if (err)
                return err;
        err = unwrap(vault, key_slot);
        if (err)
                return err;
        err = unseal(vault, vault->key, buf_slice(&b), sealed, out);
        sodium_memzero(vault->key, sizeof vault->key);
        return err;
}

/* The key is its own; the name only fills the place. */
#define CRASH_KEY_SLOT 0

int vault_crash_seal(struct vault *vault, struct slice context, struct slice plain, struct buf *out)
{
        char bound[CONTEXT_BYTES];
        struct buf b;
        buf_init(&b, bound, sizeof bound);
        if (bind(&b, CRASH_KEY_SLOT, context) != 0 || plain.len > VAULT_PLAIN_MAX ||
            !has_room(out, plain.len + VAULT_SEAL_EXTRA))
                return ERR_TOO_LARGE;
        seal(vault, vault->crash, buf_slice(&b), plain, out);
        return 0;
}

int vault_crash_unseal(struct vault *vault, struct slice context, struct slice sealed,
                       struct buf *out)
{
        char bound[CONTEXT_BYTES];
        struct buf b;
        buf_init(&b, bound, sizeof bound);
        int err = check_sealed(sealed, out);
        if (!err && bind(&b, CRASH_KEY_SLOT, context) != 0)
                err = ERR_SEALED;
        return err ? err : unseal(vault, vault->crash, buf_slice(&b), sealed, out);
}

static void keyed_hash(const struct vault *vault, struct slice text, uint8_t out[VAULT_HASH_BYTES])
{
        crypto_generichash_state state; /* in one go it would be left on the stack, with the text */
        int err = crypto_generichash_init(&state, vault->lookup, sizeof vault->lookup,
                                          VAULT_HASH_BYTES);
        assert(err == 0);
        crypto_generichash_update(&state, (const uint8_t *)text.p, text.len);
        crypto_generichash_final(&state, out, VAULT_HASH_BYTES);
        sodium_memzero(&state, sizeof state);
}

/* `kind` keeps the kinds of keys apart, whatever the numbers are. */
static void lookup_hash(const struct vault *vault, uint8_t kind, uint32_t tenant_id,
                        uint64_t dialled, uint64_t caller, uint8_t out[VAULT_HASH_BYTES])
{
        uint8_t text[21];
        struct buf b;
        buf_init(&b, text, sizeof text);
        buf_put_u8(&b, kind);
        buf_put_be32(&b, tenant_id);
        buf_put_be64(&b, dialled);
        buf_put_be64(&b, caller);
        assert(buf_ok(&b));
        keyed_hash(vault, buf_slice(&b), out);
        sodium_memzero(text, sizeof text);
}

void vault_lookup_hash(const struct vault *vault, uint32_t tenant_id, struct masking_number dialled,
                       struct real_number caller, uint8_t out[VAULT_HASH_BYTES])
{
        lookup_hash(vault, 1, tenant_id, dialled.n.e164, caller.n.e164, out);
}

void vault_lookup_hash_any(const struct vault *vault, uint32_t tenant_id,
                           struct masking_number dialled, uint8_t out[VAULT_HASH_BYTES])
{
        lookup_hash(vault, 2, tenant_id, dialled.n.e164, 0, out);
}

void vault_pair_hash(const struct vault *vault, uint32_t tenant_id, struct real_number from,
                     struct real_number to, uint8_t out[VAULT_HASH_BYTES])
{
        lookup_hash(vault, 5, tenant_id, from.n.e164, to.n.e164, out);
}

void vault_person_hash(const struct vault *vault, uint32_t tenant_id, struct real_number number,
                       uint8_t out[VAULT_HASH_BYTES])
{
        lookup_hash(vault, 6, tenant_id, number.n.e164, 0, out);
}

void vault_lookup_hash_digits(const struct vault *vault, uint32_t tenant_id,
                              struct masking_number dialled, const uint8_t digits[VAULT_HASH_BYTES],
                              uint8_t out[VAULT_HASH_BYTES])
{
        uint8_t text[1 + 4 + 8 + VAULT_HASH_BYTES];
        struct buf b;
        buf_init(&b, text, sizeof text);
        buf_put_u8(&b, 3);
        buf_put_be32(&b, tenant_id);
        buf_put_be64(&b, dialled.n.e164);
        buf_put(&b, digits, VAULT_HASH_BYTES);
        assert(buf_ok(&b));
        keyed_hash(vault, buf_slice(&b), out);
}

void vault_digits_hash(const struct vault *vault, uint32_t tenant_id, struct slice digits,
                       uint8_t out[VAULT_HASH_BYTES])
{
        uint8_t text[1 + 4 + VAULT_DIGITS_MAX];
        struct buf b;
        buf_init(&b, text, sizeof text);
        buf_put_u8(&b, 4);
        buf_put_be32(&b, tenant_id);
        buf_put_slice(&b, digits);
        assert(buf_ok(&b));
        keyed_hash(vault, buf_slice(&b), out);
        sodium_memzero(text, sizeof text);
}

struct siphash_key vault_hint_key(const struct vault *vault, int64_t wall_ms)
{
        int64_t day = wall_ms / DAY_MS - (wall_ms % DAY_MS < 0);
        struct siphash_key key;
        int err = crypto_kdf_derive_from_key((uint8_t *)&key, sizeof key, (uint64_t)day,
                                             kdf_hint_context, vault->hint);
        assert(err == 0);
        return key;
}

const uint8_t *vault_id_key(const struct vault *vault)
{
        return vault->id_tag;
}

void vault_audit_mac(const struct vault *vault, struct slice bytes, uint8_t out[VAULT_MAC_BYTES])
{
        int err = crypto_generichash(out, VAULT_MAC_BYTES, (const uint8_t *)bytes.p, bytes.len,
                                     vault->audit, sizeof vault->audit);
        assert(err == 0);
}

void vault_api_key_hash(const struct vault *vault, struct slice text, uint8_t out[VAULT_MAC_BYTES])
{
        int err = crypto_generichash(out, VAULT_MAC_BYTES, (const uint8_t *)text.p, text.len,
                                     vault->api_key, sizeof vault->api_key);
        assert(err == 0);
}
