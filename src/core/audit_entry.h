/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_entry.h - what the audit record says, byte by byte.
 *
 * One entry per decision: who may call whom changed, a call was connected or refused. The body is
 * canonical (one encoding for one fact, integers big endian), so that hashes of it mean something
 * in ten years. It holds no real number: ids, hints and masking numbers only. Kinds and layouts
 * never change their meaning; a new layout gets a new kind.
 *
 *   session created   id:8 pool:4 starts_ms:8 expires_ms:8 parties:1 (dials:8 hint:16)*
 *   session ended     id:8 ended_ms:8 why:1
 *   session erased    id:8
 *   session changed   id:8 what:1 expires_ms:8 places:1 (dials:8 hint:16)*
 *   group created     id:8 pool:4 starts_ms:8 expires_ms:8 parties:1 hint:16* slots:1 (slot:1 number:8)*
 *   group changed     id:8 what:1 expires_ms:8 places:1 hint:16* slots:1 (slot:1 number:8)*
 *   number ...        number:8 trunk:4 pool:4
 *   pool ...          id:4 bytes:1 name
 *   trunk ...         id:4 bytes:1 name
 *   tenant ...        id:4 by key:8 bytes:1 name; key 0 is the operator's token
 *   key ...           id:8 scopes:4 expires_ms:8 by key:8 bytes:1 name; tenant 0 is all tenants
 *   party ...         by key:8 sessions:4
 *   pair ...          id:8
 *   backup ...        id:16 created_ms:8 expires_ms:8
 *   writes refused    nothing: changes asked for before were not kept
 *   call ...          call id:16 trunk:4 verdict:1 dialled:8 caller hint:16 session:8 party:1 show:8
 */
#ifndef MASKLINE_CORE_AUDIT_ENTRY_H
#define MASKLINE_CORE_AUDIT_ENTRY_H

#include "core/store.h"

enum audit_kind {
        AUDIT_SESSION_CREATED = 1,
        AUDIT_SESSION_ENDED = 2,
        AUDIT_SESSION_ERASED = 3,
        AUDIT_SESSION_CHANGED = 4,
        AUDIT_GROUP_CREATED = 5, /* a session in which a party dials more than one number */
        AUDIT_GROUP_CHANGED = 6,
        AUDIT_NUMBER_ADDED = 10,
        AUDIT_NUMBER_REMOVED = 11,
        AUDIT_NUMBER_CHANGED = 12,
        AUDIT_POOL_ADDED = 13,
        AUDIT_POOL_REMOVED = 14,
        AUDIT_POOL_CHANGED = 15,
        AUDIT_TRUNK_ADDED = 20,
        AUDIT_TRUNK_REMOVED = 21,
        AUDIT_TRUNK_CHANGED = 22, /* its credentials, or whether it registers */
        AUDIT_CALL_CONNECTED = 30,
        AUDIT_CALL_REFUSED = 31,
        AUDIT_WRITES_REFUSED = 40,
        AUDIT_TENANT_CREATED = 50,
        AUDIT_TENANT_REMOVED = 51,
        AUDIT_KEY_CREATED = 60,
        AUDIT_KEY_REVOKED = 61,
        AUDIT_PARTY_EXPORTED = 70, /* all that is held of one number was told */
        AUDIT_PARTY_ERASED = 71,
        AUDIT_PAIR_BLOCKED = 72, /* two people are not to be connected */
        AUDIT_PAIR_UNBLOCKED = 73,
        AUDIT_BACKUP_MADE = 80,
        AUDIT_BACKUP_KEY_TOLD = 81,
        AUDIT_BACKUP_FORGOTTEN = 82, /* its key is shredded: its time is over, or by order */
        AUDIT_RESTORED = 83,         /* all entries before this one are the backup's */
};

enum audit_end {
        AUDIT_END_ORDER = 1,
        AUDIT_END_EXPIRY = 2,
};

/* What was changed of a session that goes on. */
enum audit_change {
        AUDIT_CHANGE_TIMES = 1,
        AUDIT_CHANGE_PARTY = 2,
        AUDIT_CHANGE_ALIAS = 3,
        AUDIT_CHANGE_NUMBER = 4,
        AUDIT_CHANGE_PIN = 5,
        AUDIT_CHANGE_REOPENED = 6,
        AUDIT_CHANGE_INTENT = 7,
        AUDIT_CHANGE_FORGOT = 8, /* who called last */
};

/* NULL for a kind that is not known. */
const char *audit_kind_name(enum audit_kind kind); /* "session-created" */

/* Each fills kind, tenant, time and body; sequence and hash are the store's. */
void audit_entry_session_created(struct store_audit *out, const struct session *session,
                                 const struct number_hint hints[], int64_t at_ms);
void audit_entry_session_ended(struct store_audit *out, uint32_t tenant_id, uint64_t session_id,
                               int64_t ended_ms, enum audit_end why, int64_t at_ms);
void audit_entry_session_erased(struct store_audit *out, uint32_t tenant_id, uint64_t session_id,
                                int64_t at_ms);
void audit_entry_session_changed(struct store_audit *out, enum audit_change what,
                                 const struct session *session, const struct number_hint hints[],
                                 int64_t at_ms);
void audit_entry_pool(struct store_audit *out, enum audit_kind kind, const struct store_pool *pool,
                      int64_t at_ms);
void audit_entry_number(struct store_audit *out, enum audit_kind kind,
                        const struct store_number *number, int64_t at_ms);
void audit_entry_trunk(struct store_audit *out, enum audit_kind kind, const struct trunk *trunk,
                       int64_t at_ms);

/* `by`: the key that asked for it; 0: the operator's token. */
void audit_entry_tenant(struct store_audit *out, enum audit_kind kind, const struct tenant *tenant,
                        uint64_t by, int64_t at_ms);
void audit_entry_key(struct store_audit *out, enum audit_kind kind, const struct api_key *key,
                     uint64_t by, int64_t at_ms);

/* In how many sessions the number was; not which number. */
void audit_entry_party(struct store_audit *out, enum audit_kind kind, uint32_t tenant_id,
                       uint64_t by, uint32_t sessions, int64_t at_ms);
void audit_entry_block(struct store_audit *out, enum audit_kind kind, uint32_t tenant_id,
                       uint64_t id, int64_t at_ms);

void audit_entry_writes_refused(struct store_audit *out, int64_t at_ms);

#define AUDIT_BACKUP_ID_BYTES 16
void audit_entry_backup(struct store_audit *out, enum audit_kind kind,
                        const uint8_t id[AUDIT_BACKUP_ID_BYTES], int64_t created_ms,
                        int64_t expires_ms, int64_t at_ms);

/* What an entry says, as far as its kind says it. */
struct audit_fact {
        uint64_t session_id;          /* 0: none; so below */
        struct masking_number number; /* added, removed or dialled */
        uint32_t trunk_id;
        uint64_t key_id;
        bool has_call;
        struct uuid call_id;
        enum mask_verdict verdict; /* of the call */
        struct number_hint caller;
        char name[API_KEY_NAME_BYTES]; /* of the trunk, pool, tenant or key */
};
/* One of a kind that is not known, or too short, says nothing. */
void audit_entry_read(const struct store_audit *entry, struct audit_fact *out);

struct audit_call {
        uint32_t tenant_id; /* of the number dialled; 0: nobody's */
        struct uuid call_id;
        uint32_t trunk_id;
        enum mask_verdict verdict;
        struct masking_number dialled;
        struct number_hint caller;
        uint64_t session_id;        /* 0: none */
        uint8_t party;              /* of the caller in it; 0 without one */
        struct masking_number show; /* none when refused */
};
void audit_entry_call(struct store_audit *out, const struct audit_call *call, int64_t at_ms);

#endif
