/* SPDX-License-Identifier: Apache-2.0 */
#include "store/audit.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/buf.h"

/* The first byte of what is hashed: an entry's hash can never pass for a head's. */
#define DOMAIN_ENTRY 1
#define DOMAIN_HEAD  2

_Static_assert(AUDIT_HASH_BYTES == VAULT_MAC_BYTES, "links are the vault's hashes");

static void hash_entry(const struct vault *vault, const uint8_t previous[AUDIT_HASH_BYTES],
                       const struct store_audit *entry, uint8_t out[AUDIT_HASH_BYTES])
{
        char text[1 + AUDIT_HASH_BYTES + 24 + STORE_AUDIT_MAX];
        struct buf b;
        buf_init(&b, text, sizeof text);
        buf_put_u8(&b, DOMAIN_ENTRY);
        buf_put(&b, previous, AUDIT_HASH_BYTES);
        buf_put_be64(&b, entry->sequence);
        buf_put_be32(&b, entry->tenant_id);
        buf_put_be64(&b, (uint64_t)entry->at_ms);
        buf_put_be16(&b, entry->kind);
        buf_put_be16(&b, entry->body_bytes);
        buf_put(&b, entry->body, entry->body_bytes);
        assert(buf_ok(&b));
        vault_audit_mac(vault, buf_slice(&b), out);
}

void audit_link(const struct vault *vault, struct audit_head *head, struct store_audit *entry)
{
        entry->sequence = head->sequence + 1;
        hash_entry(vault, head->hash, entry, entry->hash);
        head->sequence = entry->sequence;
        memcpy(head->hash, entry->hash, AUDIT_HASH_BYTES);
}

void audit_head_mac(const struct vault *vault, const struct audit_head *head,
                    uint8_t out[AUDIT_HASH_BYTES])
{
        char text[1 + 8 + AUDIT_HASH_BYTES];
        struct buf b;
        buf_init(&b, text, sizeof text);
        buf_put_u8(&b, DOMAIN_HEAD);
        buf_put_be64(&b, head->sequence);
        buf_put(&b, head->hash, AUDIT_HASH_BYTES);
        assert(buf_ok(&b));
        vault_audit_mac(vault, buf_slice(&b), out);
}

bool audit_head_is_genuine(const struct vault *vault, const struct audit_head *head,
                           const uint8_t mac[AUDIT_HASH_BYTES])
{
        uint8_t expected[AUDIT_HASH_BYTES];
        audit_head_mac(vault, head, expected);
        return sodium_memcmp(expected, mac, AUDIT_HASH_BYTES) == 0;
}

bool audit_check_entry(struct audit_check *check, const struct vault *vault,
                       const struct store_audit *entry)
{
        if (check->bad_at)
                return false;

        uint8_t expected[AUDIT_HASH_BYTES];
        uint64_t sequence = check->head.sequence + 1;
        if (entry->sequence != sequence || entry->body_bytes > STORE_AUDIT_MAX) {
                check->bad_at = sequence;
                return false;
        }
        hash_entry(vault, check->head.hash, entry, expected);
        if (sodium_memcmp(expected, entry->hash, AUDIT_HASH_BYTES) != 0) {
                check->bad_at = sequence;
                return false;
        }
        check->head.sequence = sequence;
        memcpy(check->head.hash, expected, AUDIT_HASH_BYTES);
        check->count++;
        return true;
}

void audit_check_end(struct audit_check *check, int err)
{
        if (err == ERR_NOT_FOUND && !check->bad_at)
                check->bad_at = check->head.sequence + 1;
}
