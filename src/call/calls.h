/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.h - the B2BUA: every masked call from its INVITE to its records.
 *
 * Signalling and media hand their events to it, the directory decides, and it commands both legs.
 * It belongs to the loop's thread.
 */
#ifndef MASKLINE_CALL_CALLS_H
#define MASKLINE_CALL_CALLS_H

#include "call/check.h"
#include "core/advice.h"
#include "core/cdr.h"
#include "io/io.h"
#include "media/media.h"
#include "sip/sip_ua.h"
#include "store/directory.h"

struct calls;
struct crash_record;

struct calls_params {
        struct io *io;
        struct directory *directory; /* not owned */
        struct sip_trunks *trunks;   /* not owned */
        struct sip_listen listen;
        const struct tls_context *tls; /* not owned; NULL: no TLS */
        struct sip_stream_limits streams;
        struct addr_pair media; /* where RTP is bound and, unless a trunk says, advertised */
        uint16_t rtp_port_min, rtp_port_max;
        uint32_t calls_max;
        uint32_t calls_per_s_max; /* to be ready for: sizes what ended calls leave behind */
        uint32_t same_pair_max;   /* calls at once per (caller, dialled): more is a loop */
        int64_t ring_timeout_ms;
        int64_t call_ms_max; /* the longest call */
        int64_t media_timeout_ms;
        uint32_t session_expires_s;  /* the session timer that both legs ask for; 0: none */
        struct media_sound ringback; /* played to the caller while the other side rings */
        struct media_sound warning;  /* heard by both before a call is cut; empty: nothing is */
        struct media_sound refusal;  /* the announcement, the same for every refused caller */
        /* Not owned, outlives the directory; NULL: a crash ends all calls (crash_record.h). */
        struct crash_record *crash;
        const uint16_t *rtp_ports; /* RTP ports that are kept open for us already */
        uint32_t rtp_ports_count;
};

/*
 * Opens the SIP socket and the media ports, and goes on with the calls in the crash record.
 * `problem` (512 bytes) says what failed. */
int calls_create(const struct calls_params *params, struct calls **out, char *problem) MUST_CHECK;
void calls_destroy(struct calls *calls); /* hangs up nothing: end the calls first */
/* As sip_ua_listens(). */
const struct addr *calls_listens(const struct calls *calls, enum sip_transport transport,
                                 uint8_t family);

/* New calls are answered 503 from now on; those in progress go on. */
void calls_drain(struct calls *calls);
void calls_hangup_all(struct calls *calls);
/* Nothing is waited for any more: who has not acknowledged our 200 is told, too. */
void calls_hangup_now(struct calls *calls);
uint32_t calls_active(const struct calls *calls);

/* A call in progress, as it may be shown. */
struct call_view {
        struct uuid call_id;
        uint32_t tenant_id;
        uint64_t session_id;
        const char *state; /* "ringing", "answered", "announcing", "ending" */
        struct masking_number dialled, shown;
        struct number_hint caller, callee;
        int64_t started_ms, answered_ms;
};
/* Up to `max` of one tenant (0: any), in no order. */
uint32_t calls_list(const struct calls *calls, uint32_t tenant_id, struct call_view *out,
                    uint32_t max);
int calls_hangup(struct calls *calls, struct uuid call_id) MUST_CHECK; /* ERR_NOT_FOUND */

/*
 * What a call would be told that came now: the lookup, by all that runs and has been counted. Nothing
 * is taken, and no guess is counted. The question's `count` is not used.
 */
void calls_decide(const struct calls *calls, const struct directory_question *question,
                  struct directory_decision *out);
/* The same for digits that a caller has keyed in who was asked for them: wrong ones are counted. */
void calls_key_in(struct calls *calls, const struct directory_question *question,
                  struct directory_decision *out);

/*
 * What would keep a call that the lookup connects from being connected, if it came now; how many are
 * written.
 */
unsigned calls_forecast(const struct calls *calls, const struct directory_decision *decision,
                        struct masking_number dialled, struct real_number caller,
                        enum obstacle out[OBSTACLES]);

/*
 * A look at a trunk (check.h). One that goes on is joined. ERR_NOT_FOUND, -ENOMEM; ERR_FULL: too many
 * go on.
 */
int calls_check(struct calls *calls, uint32_t trunk_id) MUST_CHECK;
/* The latest one of this trunk, as far as it has come; NULL: there was none, or long ago. */
const struct check_report *calls_check_report(const struct calls *calls, uint32_t trunk_id);

struct calls_counters {
        uint64_t calls, connected, refused, limited;
        uint64_t overflowed;  /* times that the next trunk was tried */
        uint64_t restored;    /* after a crash of the process before */
        uint64_t lost;        /* not restored: unreadable, or suspected of causing the crash */
        uint64_t unprotected; /* that a crash would have ended: no slot was left */
        struct sip_ua_counters sip;
        uint32_t media_legs;
        uint32_t media_legs_ip6; /* of those, with a peer whose audio is at an IPv6 address */
        uint32_t rtp_ports_free; /* pairs */
        uint32_t messages_kept;  /* of signalling, to be sent again */
        uint32_t pairs;          /* (caller, dialled) with a call in progress */
        uint32_t crash_slots;    /* in use */
};
/* Its registration with the carrier. */
void calls_registration(const struct calls *calls, uint32_t trunk_id, struct sip_registration *out);
/* As sip_ua_leave() and sip_ua_is_leaving(). */
void calls_leave(struct calls *calls);
bool calls_is_leaving(const struct calls *calls);

void calls_counters(const struct calls *calls, struct calls_counters *out);

#endif
