/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_transaction.h - the four transaction machines of RFC 3261 17 as corrected by RFC 6026.
 *
 * A transaction keeps what it sent and sends it again when it must: requests, answers, the ACK of a
 * final answer, and, beyond the RFC's division of labour, our 2xx until sip_server_acknowledged().
 * Who owns one learns only what is new. Pointers live until the end of the loop turn in which the
 * transaction ends; across turns there are handles.
 */
#ifndef MASKLINE_SIP_SIP_TRANSACTION_H
#define MASKLINE_SIP_SIP_TRANSACTION_H

#include "io/io.h"
#include "sip/sip_token.h"
#include "sip/sip_transports.h"
#include "sip/sip_ua.h"
#include "wire/sip_msg.h"

/* RFC 3261 17.1.1.1, table 4 */
#define SIP_T1_MS      500
#define SIP_T2_MS      4000
#define SIP_T4_MS      5000
#define SIP_TIMEOUT_MS (64 * SIP_T1_MS) /* timers B, D, F, H, J, L, M */

struct sip_transactions;
struct sip_transaction;

struct sip_transaction_handler {
        /*
         * Client: each provisional answer, the first final one, and each 2xx of an INVITE that
         * sip_client_acknowledge() has not dealt with (RFC 6026: Accepted).
         */
        void (*on_response)(void *arg, struct sip_transaction *tx, const struct sip_msg *response,
                            const struct sip_target *source);
        /* Client: no final answer came; the transaction is over. */
        void (*on_timeout)(void *arg, struct sip_transaction *tx);
        /*
         * Client, at the end of its patience: whether there is still somewhere else to go. If not, it
         * is waited for as long as usual.
         */
        bool (*goes_elsewhere)(void *arg, const struct sip_transaction *tx);
        /* Client: it cannot be sent, now or again; the transaction is over (RFC 3261 8.1.3.1). */
        void (*on_unsent)(void *arg, struct sip_transaction *tx);
        /* Server INVITE: our 2xx was not acknowledged; the transaction is over. */
        void (*on_unacknowledged)(void *arg, struct sip_transaction *tx);
};

struct sip_transactions_params {
        struct io *io;
        struct sip_transports *transports; /* not owned */
        const struct sip_trunks *trunks;   /* not owned */
        const struct sip_token_keys *keys;
        const struct siphash_key *request_keys; /* two, to know requests again by; copied */
        bool is_restart; /* branches of an earlier run with these keys are still about */
        uint8_t shard;
        uint32_t max;
        const struct sip_transaction_handler *handler;
        void *arg;
        struct sip_ua_counters *counters; /* not owned */
};

int sip_transactions_create(const struct sip_transactions_params *params,
                            struct sip_transactions **out) MUST_CHECK;
void sip_transactions_destroy(
        struct sip_transactions *txs); /* NULL is fine; no handler is called */
uint32_t sip_transactions_kept(const struct sip_transactions *txs); /* messages, now */

/*
 * What was sent on the connection may not have arrived. A request that has had no answer goes out
 * once more, on another connection: its branch is the same, and who got it already knows it again.
 * If the connection was never made, or this one neither, the transaction is over. So does an answer
 * to an INVITE that was not acknowledged.
 */
void sip_transactions_on_lost(struct sip_transactions *txs, struct handle connection,
                              bool was_open);

/* New calls, and what goes on within calls, leave an eighth of the table to what ends them. */
bool sip_transactions_take_calls(const struct sip_transactions *txs);

struct sip_transaction *sip_transaction_find(struct sip_transactions *txs, struct handle handle);
struct handle sip_transaction_handle(const struct sip_transaction *tx);
enum sip_method sip_transaction_method(const struct sip_transaction *tx);

uint32_t sip_transaction_trunk(const struct sip_transaction *tx);

/* Whose it is: a leg, which may have ended since, or nobody. */
struct handle sip_transaction_owner(const struct sip_transaction *tx);
void sip_transaction_disown(struct sip_transaction *tx);

/* Client side. */

struct sip_client_params {
        enum sip_method method;
        struct handle owner;
        uint32_t trunk_id;
        struct sip_sent_by local; /* Via and Contact */
        /*
         * When nothing at all was answered within that time, on_timeout comes, unless by then it
         * no longer goes_elsewhere(); 0: as usual. An
         * INVITE is not sent again then, but what is answered later is still heard.
         */
        int64_t patience_ms;
};
/* NULL: no room. To be started in the same turn. */
struct sip_transaction *sip_client_open(struct sip_transactions *txs,
                                        const struct sip_client_params *params);
/* Shares the branch of its INVITE (RFC 3261 9.1). */
struct sip_transaction *sip_client_open_cancel(struct sip_transaction *invite);
struct sip_branch_text sip_client_branch(const struct sip_transaction *tx);
const struct sip_target *
sip_client_peer(const struct sip_transaction *tx); /* where the request went */
/* What it was sent to: that, but for a transport that only its size has changed. */
struct sip_target sip_client_target(const struct sip_transaction *tx);
const struct sip_sent_by *sip_client_local(const struct sip_transaction *tx);
bool sip_client_is_cancelled(const struct sip_transaction *invite); /* its CANCEL was opened */
bool sip_client_has_rung(const struct sip_transaction *tx);         /* answered with 101-199 */
bool sip_client_is_heard(const struct sip_transaction *tx);         /* answered, if only with 100 */
/* Sends the request and keeps it. ERR_FULL, ERR_TOO_LARGE: the transaction is over. */
int sip_client_start(struct sip_transaction *tx, struct slice request,
                     const struct sip_target *to) MUST_CHECK;
/*
 * INVITE with a final answer: sends the ACK, now and for each retransmission of the answer with
 * that To tag.
 */
void sip_client_acknowledge(struct sip_transaction *tx, struct slice ack,
                            const struct sip_target *to, struct slice to_tag);
/* Once per further To tag of a 2xx: true the first time. */
bool sip_client_note_fork(struct sip_transaction *tx, struct slice to_tag);
/* INVITE that was cancelled: gives up 64*T1 from now (RFC 3261 9.1). */
void sip_client_limit(struct sip_transaction *tx);

/* Not an INVITE: it is sent no more, and an answer that comes is nobody's. */
void sip_client_forget(struct sip_transaction *tx);

/*
 * INVITE, while its owner hears of the first final answer: what was sent. After that, what
 * acknowledged it.
 */
struct slice sip_client_sent(const struct sip_transaction *tx);

/* A response: true when it belonged to a transaction of ours, on the trunk it came from. */
bool sip_transactions_on_response(struct sip_transactions *txs, const struct sip_msg *response,
                                  const struct sip_target *source);

/* Server side. */

struct sip_server_params {
        struct handle owner;
        uint32_t trunk_id;
        struct sip_target reply_to;
        struct slice head; /* what all its answers repeat; kept until the final one */
};
/* NULL: no room. */
struct sip_transaction *sip_server_open(struct sip_transactions *txs, const struct sip_msg *request,
                                        const struct sip_server_params *params);
/*
 * The one this request repeats; for ACK and CANCEL, the INVITE's. NULL: none. Each trunk has its
 * own: what another one sends with the same branch is another request.
 */
struct sip_transaction *sip_server_find(struct sip_transactions *txs, const struct sip_msg *request,
                                        const struct sip_target *source);
/* The same request has come on another way (RFC 3261 8.2.2.2). */
bool sip_server_is_merged(const struct sip_transactions *txs, const struct sip_msg *request);
void sip_server_on_retransmission(struct sip_transaction *tx);
/* An ACK with the INVITE's branch. true: it is about our 2xx, and the leg's. */
bool sip_server_on_ack(struct sip_transaction *tx);

struct slice sip_server_head(const struct sip_transaction *tx); /* empty after a final answer */
/*
 * Sends an answer and keeps it. An INVITE's 1xx and 2xx must be kept, else ERR_FULL or
 * ERR_TOO_LARGE and nothing was sent; others go out in any case and succeed.
 */
int sip_server_send(struct sip_transaction *tx, unsigned status, struct slice answer) MUST_CHECK;
/* A provisional answer is repeated by the owner alone. */
void sip_server_hold(struct sip_transaction *tx);
void sip_server_repeat(struct sip_transaction *tx);
/* Our 2xx has arrived, or nobody waits for that any more: it is not sent again. */
void sip_server_acknowledged(struct sip_transaction *tx);

#endif
