/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_peers.h - the targets that a trunk's peer stands for, what is known of each, and in which
 * order a request tries them (RFC 3263 4.2, 4.3): a value.
 *
 * What DNS no longer names is kept for as long as the trunk has dialogs, since they may live there;
 * nothing new goes to it, and no new call comes from it.
 */
#ifndef MASKLINE_SIP_SIP_PEERS_H
#define MASKLINE_SIP_SIP_PEERS_H

#include "io/locate.h"
#include "sip/sip_breaker.h"
#include "sip/sip_target.h"

#define SIP_PEERS_MAX (LOCATE_TARGETS_MAX + 8) /* those of today, and the latest of before */

enum sip_health {
        SIP_HEALTH_UNKNOWN, /* nothing was heard of it yet */
        SIP_HEALTH_UP,
        SIP_HEALTH_DOWN,
};

/* What last made it go up or down. */
enum sip_health_reason {
        SIP_HEALTH_NOT_TRIED,
        SIP_HEALTH_ANSWERED,     /* see status */
        SIP_HEALTH_SILENT,       /* calls, or other requests, found no answer at all */
        SIP_HEALTH_NO_PONG,      /* OPTIONS did not */
        SIP_HEALTH_REFUSED,      /* 503 */
        SIP_HEALTH_UNREACHABLE,  /* nothing can be sent there */
        SIP_HEALTH_NOT_RESOLVED, /* a trunk's: its name stands for nothing */
        SIP_HEALTH_NO_PEER,      /* a trunk's: none of its targets is up; it has more than one */
};

const char *sip_health_name(enum sip_health health); /* "up" */
struct sip_health_text {
        char text[96];
};
/* A sentence, with the status if there is one. */
struct sip_health_text sip_health_reason(enum sip_health_reason reason, unsigned status);

/* Of a trunk: up if one of its targets is, down if all of them are. */
struct sip_trunk_health {
        enum sip_health state;
        enum sip_health_reason reason;
        unsigned status;
        int64_t since_wall_ms; /* 0: never another */
        uint64_t downs, ups;
};

struct sip_peer {
        struct sip_target target;
        uint16_t rank, weight; /* as in struct locate_target */
        uint8_t server;
        bool is_current;
        struct sip_breaker breaker;
        enum sip_health health;
        enum sip_health_reason reason;
        unsigned status;       /* SIP_HEALTH_ANSWERED, SIP_HEALTH_REFUSED */
        int64_t since_wall_ms; /* of `health`; 0: never another */

        /* For sip_monitor.c: asking it. */
        int64_t ask_ms; /* when it is due; 0: not settled yet */
        struct handle probe;
        bool is_asked; /* `probe` is under way */
};

struct sip_peers {
        struct sip_peer list[SIP_PEERS_MAX];
        unsigned count;
};

/* Takes a new answer. Who was known keeps what is known of him; the others are forgotten or kept. */
void sip_peers_set(struct sip_peers *peers, const struct locate_target *targets, unsigned count,
                   bool keeps_old);
/* One that is no longer named but has to be known: a dialog lives there. */
void sip_peers_remember(struct sip_peers *peers, const struct sip_target *target);

/* By transport and address; NULL: none. */
struct sip_peer *sip_peers_find(const struct sip_peers *peers, const struct sip_target *target);
/* The first of those that count; NULL: there is none. */
const struct sip_peer *sip_peers_first(const struct sip_peers *peers);
unsigned sip_peers_current(const struct sip_peers *peers);

/*
 * The order of a new request, drawn by weight: indices into `list`, of those that count. Answers how
 * many.
 */
unsigned sip_peers_order(const struct sip_peers *peers, struct random *random,
                         uint8_t out[SIP_PEERS_MAX]);

#endif
