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

#include "core/alloc.h"
#include "core/cdr.h"
#include "core/session_model.h"
#include "core/session_rows.h"
#include "core/store.h"
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

/*
 * Pools. The id is assigned; the `default` one (DIRECTORY_DEFAULT_POOL) of each tenant is always
 * there. Policies are the caller's to check (core/pool_policy.h).
 */
#define DIRECTORY_DEFAULT_POOL 1
#define DIRECTORY_POOLS_MAX    4096 /* of all tenants together, beside their default ones */
#define DIRECTORY_POOLS_OF     256  /* of one tenant */

struct directory_pool {
        uint32_t id, tenant_id;
        char name[POOL_NAME_BYTES];
        struct pool_policy policy;
        uint32_t numbers;  /* that belong to it */
        uint32_t sessions; /* that are not erased, quarantined ones among them */
};
/* ERR_EXISTS (name), ERR_TOO_LARGE (the tenant has as many as one may have), ERR_FULL. */
int directory_pool_add(struct directory *dir, struct directory_pool *row, directory_done *done,
                       void *arg) MUST_CHECK;
/*
 * Name and policy of the one with its tenant and id. ERR_NOT_FOUND, ERR_STATE (another name for the
 * default one), ERR_EXISTS, ERR_FULL, -ENOMEM.
 */
int directory_pool_change(struct directory *dir, const struct directory_pool *row,
                          directory_done *done, void *arg) MUST_CHECK;
/* ERR_IN_USE while numbers belong to it or sessions are not erased, and of the default one. */
int directory_pool_remove(struct directory *dir, uint32_t tenant_id, uint32_t pool_id,
                          directory_done *done, void *arg) MUST_CHECK;
const struct directory_pool *directory_pool_find(const struct directory *dir, uint32_t tenant_id,
                                                 struct slice name);
/* The default one comes to be when it is asked for; NULL: there is none. */
const struct directory_pool *directory_pool_get(struct directory *dir, uint32_t tenant_id,
                                                uint32_t pool_id);
/* The i-th of those that have come to be, in that order; NULL past the last. */
const struct directory_pool *directory_pool_at(const struct directory *dir, uint32_t i);

/* Masking numbers. */
struct number_row {
        struct masking_number number;
        uint32_t tenant_id;
        uint32_t trunk_id;
        uint32_t pool_id;            /* 1: the tenant's default pool */
        uint32_t sessions;           /* live ones that hold it */
        struct number_traits traits; /* no capability: voice */
};
/* ERR_EXISTS, ERR_NOT_FOUND (trunk or pool), ERR_FULL. */
int directory_number_add(struct directory *dir, const struct number_row *row, directory_done *done,
                         void *arg) MUST_CHECK;
/* ERR_IN_USE while live sessions hold it. */
int directory_number_remove(struct directory *dir, struct masking_number number,
                            directory_done *done, void *arg) MUST_CHECK;
/*
 * All but the number and its tenant. ERR_IN_USE: to another pool or trunk while live sessions hold
 * it; freeze it, and wait or end them. ERR_NOT_FOUND, ERR_FULL, -ENOMEM.
 */
int directory_number_change(struct directory *dir, const struct number_row *row,
                            directory_done *done, void *arg) MUST_CHECK;
const struct number_row *directory_number_find(const struct directory *dir,
                                               struct masking_number number);
const struct number_row *directory_number_at(const struct directory *dir, uint32_t i);

/* Sessions. */
struct session_create {
        uint32_t tenant_id;
        uint32_t pool_id; /* 0: the default one */
        bool has_model;   /* else it is the pool's */
        enum session_model model;
        bool open;                                         /* one-way: anyone may call */
        struct session_party parties[SESSION_PARTIES_MAX]; /* PINs: directory_pin() */
        uint8_t party_count;
        struct number_place wish[SESSION_PARTIES_MAX];  /* where its number should be at home */
        struct masking_number given[SESSION_SLOTS_MAX]; /* none: picked from the pool */
        int64_t starts_ms;                              /* 0: now */
        int64_t expires_ms;                             /* 0: as the pool's policy says, or never */
        struct slice reference; /* repeated: the first session is returned */
        uint32_t drawn_pins; /* of these parties, a bit each: a repeat need not have the same PIN */
        bool is_trial;       /* judged and nothing else: no view, and `done` does not come */
};
/* One more party with this number, on the side that the place means in models of two. */
void session_create_party(struct session_create *create, struct real_number real);

/* Digits that a party is known, or reached, by; 4 to 15 of 0-9: ERR_SYNTAX. */
int directory_pin(const struct directory *dir, uint32_t tenant_id, struct slice digits,
                  struct pin_hash *out) MUST_CHECK;

/* A session as it may be shown: no real number, only hints. */
struct session_view {
        uint64_t id;
        uint32_t tenant_id, pool_id;
        enum session_model model;
        bool open;
        enum session_state state; /* at the time of asking */
        int64_t created_ms, starts_ms, expires_ms, ended_ms;
        int64_t fixed_ms, sliding_ms; /* sliding_ms 0: expires_ms does not move */
        int64_t last_used_ms;         /* 0: never */
        uint32_t calls;
        uint8_t party_count; /* places; one without numbers is empty */
        struct {
                struct masking_number dials; /* the first that it dials; none */
                struct number_hint hint;
                uint8_t real_count, side;
                bool has_pin;
        } parties[SESSION_PARTIES_MAX];
        struct masking_number slots[SESSION_SLOTS_MAX];
        char reference[SESSION_REFERENCE_MAX];
};

/* Why a create, or a change, was refused, beside its error; zeroed where it does not apply. */
struct session_refusal {
        struct session_fault fault;   /* ERR_SYNTAX: the parties are not what the model wants */
        struct alloc_outcome outcome; /* ERR_NO_NUMBER, ERR_CONFLICT by a given number */
};

/*
 * ERR_SYNTAX (the parties are not what the model wants: `refusal->fault`; the reference),
 * ERR_NO_NUMBER and ERR_CONFLICT (`refusal->outcome`, of a given number that can't be had; without
 * one: the reference is known for other parties), ERR_NOT_FOUND (the pool; a given number is not the
 * tenant's, or of another pool), ERR_RANGE (it would be over before it starts, or live longer than the pool allows),
 * ERR_TOO_LARGE (the reference), ERR_FULL. `view` is filled on success; `repeated` says that the
 * reference was known: then nothing is changed, and `done` comes when the first create is on disk.
 * `refusal` may be NULL.
 *
 * A reference is remembered as long as its session: until quarantine is over.
 */
int directory_session_create(struct directory *dir, const struct session_create *create,
                             struct session_view *view, bool *repeated,
                             struct session_refusal *refusal, directory_done *done,
                             void *arg) MUST_CHECK;
/*
 * At once for new calls; its pairs are quarantined from now. ERR_NOT_FOUND, ERR_STATE (it has
 * ended already, by order or by expiry), ERR_FULL.
 */
int directory_session_end(struct directory *dir, uint64_t session_id, directory_done *done,
                          void *arg) MUST_CHECK;
/*
 * Called for each session that has ended, when that is on disk, by order or because its time has run
 * out: for whoever runs its calls. One listener; NULL: nobody.
 */
typedef void directory_over_fn(void *arg, uint64_t session_id);
void directory_watch_over(struct directory *dir, directory_over_fn *fn, void *arg);
/* False: it has ended, its time is over, or nothing is known of it. */
bool directory_session_lives(const struct directory *dir, uint64_t session_id);
/* Whether this is the number under which a party of it is called, and it lives. */
bool directory_session_has(const struct directory *dir, uint64_t session_id,
                           struct real_number number);
/* Of its pool; of one that is not known the tenant's default one. Until the next turn of the loop. */
const struct pool_policy *directory_session_policy(const struct directory *dir, uint32_t tenant_id,
                                                   uint64_t session_id);
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
struct directory_question {
        struct masking_number dialled;
        struct real_number caller;
        bool caller_withheld;
        struct slice digits;    /* keyed in; empty: none */
        struct pin_hash pin;    /* the same as directory_pin() gives it; none */
        bool digits_were_asked; /* and what came, if anything, is in `digits` */
        struct real_number
                reaches; /* whom it was to reach before, where it may be one of several; none */
        /*
         * Fills in what runs now, what rates say and who is locked out; without a mapping (NULL: nobody
         * would be reached) the last alone. NULL: nothing does.
         */
        void (*count)(void *arg, const struct mapping *mapping, const struct pool_policy *policy,
                      struct mask_counts *counts);
        void *arg;
};
struct directory_decision {
        enum mask_verdict verdict;
        struct mapping mapping; /* complete when MASK_CONNECT; else without numbers of parties */
        bool has_mapping;       /* the caller is or was a party: session and tenant are known */
        uint32_t tenant_id;     /* of the dialled number; 0: nobody's */
        uint32_t show_trunk_id; /* MASK_CONNECT: the trunk of the number shown */
        /* Of the session's pool, else the number's; until the next turn of the loop. */
        const struct pool_policy *policy;
};
void directory_decide(const struct directory *dir, const struct directory_question *question,
                      struct directory_decision *out);
/*
 * What to ask for each row of the session, in their order: as if a party called from its first number; in
 * rows that anyone may dial somebody whom nobody knows. ERR_NOT_FOUND.
 */
typedef void directory_row_fn(void *arg, const struct session_row *row,
                              const struct directory_question *question);
int directory_session_explain(const struct directory *dir, uint64_t session_id,
                              directory_row_fn *fn, void *arg) MUST_CHECK;
/*
 * A call that was decided so is being placed: what the session remembers, and until when it lives.
 */
void directory_session_used(struct directory *dir, const struct mapping *mapping,
                            struct real_number caller);

struct number_hint directory_hint(const struct directory *dir, struct number number);
/* As it was on another day. */
struct number_hint directory_hint_at(const struct directory *dir, struct number number,
                                     int64_t at_ms);

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

/* `page` lives until the callback returns; without it on failure. */
int directory_events(struct directory *dir, const struct store_events_query *query,
                     store_events_fn *fn, void *arg) MUST_CHECK;

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
