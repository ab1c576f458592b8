/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_probe.h - one request outside of any call, to hear whether and how a trunk's peer answers.
 *
 * OPTIONS (RFC 3261 11), or a REGISTER without Contact, which asks for bindings and changes none
 * (10.2.3). A probe takes no channel, touches no leg and no registration of ours, and always has an
 * end. What the peer said comes as values; its words are cut to short printable text.
 */
#ifndef MASKLINE_SIP_SIP_PROBE_H
#define MASKLINE_SIP_SIP_PROBE_H

#include "sip/sip_ua.h"
#include "wire/sip_msg.h"

#define SIP_PROBES_MAX        256 /* at once */
#define SIP_PROBE_WORDS_BYTES 64

enum sip_probe_outcome {
        SIP_PROBE_ANSWERED,  /* see status: any final answer shows that somebody is there */
        SIP_PROBE_NO_ANSWER, /* within timeout_ms */
        SIP_PROBE_NOT_SENT,  /* the answer to a challenge found no room */
};

/* What became of a challenge. */
enum sip_probe_login {
        SIP_PROBE_NOT_ASKED,   /* there was none */
        SIP_PROBE_NO_PASSWORD, /* the trunk has no credentials, or the probe was not to show them */
        SIP_PROBE_OTHER_REALM, /* it names another realm than the trunk's */
        SIP_PROBE_UNSUITABLE,  /* no scheme or algorithm that we answer */
        SIP_PROBE_BAD_PASSWORD, /* our credentials were answered with another challenge */
        SIP_PROBE_LOGGED_IN,    /* the peer took them: see status for what it said then */
};

struct sip_probe_result {
        enum sip_probe_outcome outcome;
        struct sip_target peer;    /* where it went */
        struct addr source;        /* whence the answer came; family 0: none */
        unsigned status;           /* of the final answer; 0: none */
        unsigned provisional;      /* 100-199 was the last that came; 0: none */
        int64_t round_trip_ms;     /* of the last request and its answer */
        uint32_t retry_after_s;    /* 0: not said */
        uint32_t allow, supported; /* bit per enum sip_method, 0: no Allow; SIP_OPTION_* */
        struct sip_sent_by local;  /* what we called ourselves */
        struct addr seen;          /* Via's received and rport (RFC 3581); family 0: not said */
        bool has_date;
        int64_t date_ahead_ms; /* of the peer's clock before ours; its unit is a second */
        enum sip_probe_login login;
        /* REGISTER, 2xx: bindings that the registrar keeps, and whether ours is one of them. */
        unsigned bindings;
        bool is_bound;
        char realm[SIP_PROBE_WORDS_BYTES];  /* of the challenge; empty: none */
        char server[SIP_PROBE_WORDS_BYTES]; /* Server, else User-Agent; not to be believed */
};

/* `result` lives until the call returns. */
typedef void sip_probe_fn(void *arg, const struct sip_probe_result *result);

struct sip_probe_params {
        uint32_t trunk_id;
        enum sip_method method; /* SIP_OPTIONS, SIP_REGISTER */
        struct sip_target to;   /* none: the trunk's peer; else one of this trunk */
        int64_t timeout_ms;     /* over all, challenges included */
        bool shows_password;    /* answers a challenge with the trunk's credentials */
        sip_probe_fn *fn;       /* called once, never from within sip_probe_start() */
        void *arg;
};

struct sip_probe {
        struct handle h;
};

/*
 * ERR_NOT_FOUND: no such trunk, its peer is not resolved, or a REGISTER without a user name.
 * ERR_STATE: no address of ours to tell it. ERR_FULL, ERR_TOO_LARGE.
 */
int sip_probe_start(struct sip_ua *ua, const struct sip_probe_params *params,
                    struct sip_probe *out) MUST_CHECK;
/* Not to be told any more; nothing happens when it is over. */
void sip_probe_cancel(struct sip_ua *ua, struct sip_probe probe);

/* For sip_ua.c */

struct sip_probes;
struct sip_transaction;

int sip_probes_create(struct sip_ua *ua, struct sip_probes **out) MUST_CHECK;
void sip_probes_destroy(struct sip_probes *probes); /* tells nobody; NULL is fine */
/* Whether the transaction is a probe's. */
bool sip_probes_own(const struct sip_transaction *tx);
void sip_probes_on_response(struct sip_probes *probes, struct sip_transaction *tx,
                            const struct sip_msg *response, const struct sip_target *source);
void sip_probes_on_timeout(struct sip_probes *probes, struct sip_transaction *tx);

#endif
