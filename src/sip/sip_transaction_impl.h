/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_transaction_impl.h - what sip_transaction.c, sip_client.c and sip_server.c share.
 */
#ifndef MASKLINE_SIP_SIP_TRANSACTION_IMPL_H
#define MASKLINE_SIP_SIP_TRANSACTION_IMPL_H

#include "base/map.h"
#include "sip/sip_packet.h"
#include "sip/sip_transaction.h"

#define SIP_FORKS_MAX      8     /* further 2xx whose sender we still have to hang up on */
#define SIP_PROVISIONAL_MS 60000 /* RFC 3261 13.3.1.1: proxies give up after three minutes */

enum tx_kind {
        CLIENT_INVITE,
        CLIENT_OTHER,
        SERVER_INVITE,
        SERVER_OTHER,
        KINDS,
};

enum tx_state {
        TX_NEW,
        TX_TRYING, /* client INVITE: "Calling" */
        TX_PROCEEDING,
        TX_COMPLETED, /* final answer, for an INVITE 300-699 */
        TX_CONFIRMED, /* server INVITE: its ACK has come */
        TX_ACCEPTED,  /* 2xx to an INVITE (RFC 6026) */
        TX_TERMINATED,
        TX_STATES,
};

/* A keyed hash stands for what a peer chose: a fixed size whatever it sent. */
struct tx_digest {
        uint64_t half[2];
};

struct sip_transaction {
        struct sip_transactions *txs;
        enum tx_kind kind;
        enum tx_state state;
        enum sip_method method;
        struct handle owner;
        uint32_t trunk_id;
        struct sip_target peer;
        struct io_timer timer;
        struct io_task burial;
        bool is_switched;          /* it goes by TCP for its size alone */
        bool is_resent;            /* on a second connection, after the first was lost */
        int64_t interval_ms;       /* of retransmission */
        int64_t deadline_ms;       /* 0: none */
        struct sip_packet *packet; /* owned: what is sent again; NULL: nothing (any more) */

        /* client */
        struct sip_sent_by local;
        struct handle invite; /* CANCEL: whose branch it shares */
        struct handle cancel; /* INVITE: its CANCEL */
        bool has_rung;        /* more than 100 was answered */
        bool is_heard;        /* something was answered, if only 100 */
        int64_t patience_ms;  /* see sip_client_params */
        int64_t begun_ms;
        bool is_given_up;     /* INVITE: its owner was told that nothing came */
        bool is_acknowledged; /* `packet` is the ACK, no longer the INVITE */
        uint64_t acknowledged_tag;
        uint64_t forks[SIP_FORKS_MAX];
        uint8_t fork_count;

        /* server */
        struct sip_packet *head; /* owned */
        uint16_t head_bytes;     /* its length, for finding it in an answer when it is gone */
        struct map_node by_request, by_merge;
        struct tx_digest request_key, merge_key;
};

struct sip_transactions {
        struct sip_transactions_params params;
        struct pool *pool;           /* owned */
        struct sip_packets *packets; /* owned */
        struct map by_request, by_merge;
        struct siphash_key keys[2];
};

/* NULL: no room. */
struct sip_transaction *sip_tx_take(struct sip_transactions *txs);
struct sip_transaction *sip_tx_take_at(struct sip_transactions *txs, struct handle handle);
void sip_server_index(struct sip_transaction *tx); /* so that requests find it by its keys */
uint64_t sip_client_tag_digest(const struct sip_transactions *txs, struct slice tag);
int64_t sip_tx_now_ms(const struct sip_transaction *tx);
/* The only place where a state changes; TX_TERMINATED buries it at the end of the turn. */
void sip_tx_enter(struct sip_transaction *tx, enum tx_state state);
void sip_tx_arm(struct sip_transaction *tx, int64_t delay_ms);
/* Until the next retransmission or the deadline, whichever is first. */
void sip_tx_arm_retransmission(struct sip_transaction *tx);
void sip_tx_start_retransmitting(struct sip_transaction *tx);
void sip_tx_retransmit(struct sip_transaction *tx);
int sip_tx_put(struct sip_transaction *tx, struct slice message) MUST_CHECK; /* to its peer */
/* RFC 3261 17: over TCP and TLS nothing is sent again, and nobody waits for what comes again. */
bool sip_tx_is_reliable(const struct sip_transaction *tx);
int sip_tx_send(struct sip_transaction *tx) MUST_CHECK;
void sip_tx_resend(struct sip_transaction *tx);
int sip_tx_keep(struct sip_transaction *tx, struct slice text) MUST_CHECK;
void sip_tx_drop_packet(struct sip_transaction *tx, struct sip_packet **packet);

/*
 * sip_large.c: what is too large for a datagram goes by TCP if the peer has it (RFC 3261 18.1.1).
 * True: the transaction's peer and local have changed, and `request` is what to send now, in `memory`
 * of SIP_PACKET_BYTES_MAX.
 */
bool sip_large_switch(struct sip_transaction *tx, struct slice *request, char *memory);
/* There was no TCP: as a datagram after all. False: it cannot be. */
bool sip_large_switch_back(struct sip_transaction *tx);
/* The same, and it is too late to send it: the next one goes as a datagram at once. */
void sip_large_note_no_tcp(const struct sip_transaction *tx);

void sip_client_wait(struct sip_transaction *tx); /* for its first answer */
void sip_client_on_lost(struct sip_transaction *tx, bool was_open);
void sip_client_on_timer(struct sip_transaction *tx);
void sip_server_on_lost(struct sip_transaction *tx, bool was_open);
void sip_server_on_timer(struct sip_transaction *tx);

#endif
