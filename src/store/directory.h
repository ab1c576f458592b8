/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory.h - what is provisioned and who may call whom: served from memory, made durable by a
 * store, real numbers sealed in both.
 *
 * Look-ups never touch the disk. A change is validated and applied in memory at once, so that the
 * next call sees it; its `done` is called (in the loop's thread, never before the function
 * returns) when it is on disk. If the disk refuses it, the change is taken back and done says why.
 */
#ifndef MASKLINE_STORE_DIRECTORY_H
#define MASKLINE_STORE_DIRECTORY_H

#include "core/cdr.h"
#include "core/session.h"
#include "core/trunk.h"
#include "io/io.h"

struct directory;

struct directory_params {
        struct io *io;
        const char *data_dir; /* exists, mode 0700 */
        uint32_t sessions_max;
        uint32_t numbers_max;
        int64_t quarantine_ms;    /* default pool's: 7,200,000 */
        int64_t cdr_retention_ms; /* how long call records are kept; 0: for ever */
        uint32_t waiting_max;     /* changes and records that wait for the disk; 0: 65,536 */
};

struct vault;
struct store;

/*
 * Opens or creates the store, its keys and the audit record, and loads all of it into memory.
 * On failure `problem` (512 bytes) gets a sentence that names the file and what to do.
 */
int directory_open(const struct directory_params *params, struct directory **out,
                   char *problem) MUST_CHECK;

/*
 * The same on a vault and a store of the caller's choice (in memory, for tests and simulation).
 * On success both belong to the directory and are closed with it; data_dir is not used.
 */
int directory_open_on(const struct directory_params *params, struct vault *vault,
                      struct store *store, struct directory **out, char *problem) MUST_CHECK;

/* Waits for what is queued: callbacks that are still due come before it returns. NULL is fine. */
void directory_close(struct directory *dir);

/*
 * The time of its records, in ms: the wall clock, but never behind what is recorded already.
 */
int64_t directory_now(const struct directory *dir);

typedef void directory_done(void *arg, int err);

/* Trunks. The id is assigned. ERR_EXISTS (name), ERR_CONFLICT (sources overlap), ERR_FULL. */
int directory_trunk_add(struct directory *dir, struct trunk *trunk, directory_done *done,
                        void *arg) MUST_CHECK;
/*
 * The password of a trunk that is about to be added or changed, sealed into the row under a fresh
 * key; empty: none from now on. The row's key is the directory's to shred, from here on: also when
 * the row is then refused. ERR_TOO_LARGE, ERR_FULL.
 */
int directory_trunk_seal(struct directory *dir, struct trunk *trunk,
                         struct slice password) MUST_CHECK;
/* Appends the password to `out`, which should be secret memory; nothing if there is none. */
int directory_trunk_password(const struct directory *dir, const struct trunk *trunk,
                             struct buf *out) MUST_CHECK;
/* The same of the header lines that its INVITEs get (core/trunk_template.h). */
int directory_trunk_seal_headers(struct directory *dir, struct trunk *trunk,
                                 struct slice lines) MUST_CHECK;
int directory_trunk_headers(const struct directory *dir, const struct trunk *trunk,
                            struct buf *out) MUST_CHECK;
/* A row with something sealed that will be neither added nor changed. */
void directory_trunk_discard(struct directory *dir, const struct trunk *trunk);
/*
 * Replaces the one with its id, in all but name, tenant and sources. ERR_NOT_FOUND, ERR_FULL,
 * -ENOMEM.
 */
int directory_trunk_change(struct directory *dir, const struct trunk *changed, directory_done *done,
                           void *arg) MUST_CHECK;
/* ERR_IN_USE while numbers belong to it. */
int directory_trunk_remove(struct directory *dir, uint32_t trunk_id, directory_done *done,
                           void *arg) MUST_CHECK;
const struct trunk *directory_trunk_find(const struct directory *dir, uint32_t tenant_id,
                                         struct slice name);
const struct trunk *directory_trunk_get(const struct directory *dir, uint32_t trunk_id);
/* The i-th, in the order of ids; NULL past the last. */
const struct trunk *directory_trunk_at(const struct directory *dir, uint32_t i);

/* Masking numbers. */
struct number_row {
        struct masking_number number;
        uint32_t tenant_id;
        uint32_t trunk_id;
        uint32_t pool_id;  /* 1: the tenant's default pool */
        uint32_t sessions; /* live ones that hold it */
};
/* ERR_EXISTS, ERR_NOT_FOUND (trunk), ERR_FULL. */
int directory_number_add(struct directory *dir, const struct number_row *row, directory_done *done,
                         void *arg) MUST_CHECK;
/* ERR_IN_USE while live sessions hold it. */
int directory_number_remove(struct directory *dir, struct masking_number number,
                            directory_done *done, void *arg) MUST_CHECK;
const struct number_row *directory_number_find(const struct directory *dir,
                                               struct masking_number number);
const struct number_row *directory_number_at(const struct directory *dir, uint32_t i);

/* Sessions. */
struct session_create {
        uint32_t tenant_id;
        struct real_number party[2];
        struct masking_number given[2]; /* none: picked from the pool */
        int64_t starts_ms;              /* 0: now */
        int64_t expires_ms;             /* 0: never */
        struct slice reference;         /* repeated: the first session is returned */
};

/* A session as it may be shown: no real number, only hints. */
struct session_view {
        uint64_t id;
        uint32_t tenant_id;
        enum session_state state; /* at the time of asking */
        int64_t created_ms, starts_ms, expires_ms, ended_ms;
        uint8_t party_count;
        struct masking_number dials[SESSION_PARTIES_MAX];
        struct number_hint hint[SESSION_PARTIES_MAX];
        char reference[SESSION_REFERENCE_MAX];
};

/*
 * ERR_NO_NUMBER, ERR_CONFLICT (a given pair is taken or quarantined; the parties are one person;
 * the reference is known for other parties), ERR_NOT_FOUND (a given number is not the tenant's),
 * ERR_RANGE (it would be over before it starts), ERR_TOO_LARGE and ERR_SYNTAX (the reference),
 * ERR_FULL. `view` is filled on success; `repeated` says that the reference was known: then
 * nothing is changed, and `done` comes when the first create is on disk.
 *
 * A reference is remembered as long as its session: until quarantine is over.
 */
int directory_session_create(struct directory *dir, const struct session_create *create,
                             struct session_view *view, bool *repeated, directory_done *done,
                             void *arg) MUST_CHECK;
/*
 * At once for new calls; its pairs are quarantined from now. ERR_NOT_FOUND, ERR_STATE (it has
 * ended already, by order or by expiry), ERR_FULL.
 */
int directory_session_end(struct directory *dir, uint64_t session_id, directory_done *done,
                          void *arg) MUST_CHECK;
int directory_session_find(const struct directory *dir, uint64_t session_id,
                           struct session_view *out) MUST_CHECK;
/* Newest first; `before` 0: from the newest. Returns how many were written. */
uint32_t directory_session_list(const struct directory *dir, uint32_t tenant_id, uint64_t before,
                                struct session_view *out, uint32_t max);

/* "s_" and 16 characters: not guessable from another one. Parsing checks the tag. */
struct session_id_text {
        char text[24];
};
struct session_id_text session_id_format(const struct directory *dir, uint64_t session_id);
int session_id_parse(const struct directory *dir, struct slice text, uint64_t *out) MUST_CHECK;

/* The lookup. */
struct directory_decision {
        enum mask_verdict verdict;
        struct mapping mapping; /* complete when MASK_CONNECT; else without numbers of parties */
        bool has_mapping;       /* the caller is or was a party: session and tenant are known */
        uint32_t tenant_id;     /* of the dialled number; 0: nobody's */
        uint32_t show_trunk_id; /* MASK_CONNECT: the trunk of the number shown */
};
void directory_decide(const struct directory *dir, struct masking_number dialled,
                      struct real_number caller, bool caller_withheld,
                      struct directory_decision *out);

struct number_hint directory_hint(const struct directory *dir, struct number number);

/*
 * Call records and the audit record: queued, ordered, never refused for lack of disk speed, tried
 * again until the disk takes them. A dialled number that is nobody's may be anybody's real number:
 * neither record keeps it.
 */
void directory_cdr(struct directory *dir, const struct cdr *cdr);
/* The same; `done` when it is on disk, or given up. A leg that is there already: nothing happens. */
void directory_cdr_then(struct directory *dir, const struct cdr *cdr, directory_done *done,
                        void *arg);
struct directory_verdict {
        struct uuid call_id;
        uint32_t trunk_id;
        struct masking_number dialled;
        struct number_hint caller;
        const struct directory_decision *decision;
};
/* The time that it bears. */
int64_t directory_audit_decision(struct directory *dir, const struct directory_verdict *verdict);
/*
 * One of a process that was killed, by the time that it bore: nothing happens if it was on disk when we
 * started. Entries get there in their order, so the last one tells; of two in the same ms, one may
 * come twice and none is missing.
 */
void directory_audit_decision_again(struct directory *dir, const struct directory_verdict *verdict,
                                    int64_t at_ms);

/* Newest first, from the store. `rows` live until the callback returns. */
typedef void directory_cdrs_fn(void *arg, int err, const struct cdr *rows, uint32_t count);
/* `or_nobodys`: and those that are no tenant's. */
int directory_cdrs_list(struct directory *dir, uint32_t tenant_id, bool or_nobodys,
                        int64_t before_ms, uint32_t max, directory_cdrs_fn *fn,
                        void *arg) MUST_CHECK;
int directory_cdrs_of_call(struct directory *dir, struct uuid call_id, directory_cdrs_fn *fn,
                           void *arg) MUST_CHECK;

/* Walks the whole audit record; `count` entries were good, `bad_at` is the first bad one or 0. */
typedef void directory_audit_fn(void *arg, int err, uint64_t count, uint64_t bad_at);
int directory_audit_verify(struct directory *dir, directory_audit_fn *fn, void *arg) MUST_CHECK;

/*
 * The memory in which sessions are held, piece by piece: for tests that search it for numbers.
 */
void directory_visit_memory(const struct directory *dir,
                            void (*visit)(void *arg, const void *p, size_t bytes), void *arg);

/* vault_crash_seal() and vault_crash_unseal() of the vault underneath: for the crash record. */
int directory_crash_seal(struct directory *dir, struct slice context, struct slice plain,
                         struct buf *out) MUST_CHECK;
int directory_crash_unseal(struct directory *dir, struct slice context, struct slice sealed,
                           struct buf *out) MUST_CHECK;

/* What waits for the disk; false `healthy`: the last write failed (full disk ...). */
struct directory_health {
        bool healthy;
        char problem[512];
        uint32_t queued;
        uint64_t lost; /* call and audit records that had to be given up: the queue was full */
        uint64_t cdrs_expired; /* call records removed because their time was over */
        uint32_t sessions, numbers, trunks;
};
void directory_health(const struct directory *dir, struct directory_health *out);

#endif
