/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leg.h - one leg, as the files of media/ share it. Nobody outside includes this.
 *
 *      media.c    the table of legs and the commands on them
 *      relay.c    what arrives: checked, measured, passed to the partner
 *      pace.c     what is sent at our own pace: sounds and key presses
 *      reports.c  RTCP, which ends and begins here
 */
#ifndef MASKLINE_MEDIA_LEG_H
#define MASKLINE_MEDIA_LEG_H

#include "media/codec.h"
#include "media/events.h"
#include "media/media.h"
#include "media/player.h"
#include "media/ports.h"
#include "media/receiver.h"
#include "media/sender.h"
#include "media/source.h"

struct media {
        struct media_params params;
        struct io *io;       /* not owned */
        struct pool *legs;   /* owned */
        struct ports *ports; /* owned */
        struct codec_tables codec_tables;
};

/* Most packets that a leg may send us: 200 a second, ten at once after a pause of the network. */
struct rate {
        int64_t credit; /* thousandths of a packet */
        int64_t last_ms;
};

struct leg {
        struct media *media;
        struct handle self, user;
        struct handle partner; /* none: alone */
        bool joined_as_second;
        struct port_pair *ports; /* owned until the leg is closed */

        bool is_set; /* media_leg_set() was called: what follows is valid */
        struct sdp_audio remote, local;
        struct source source;

        /* from the peer */
        struct receiver receiver;
        struct event_reader keys_in;
        struct rate rate;
        int64_t heard_ms; /* RTP from the peer; or since when we wait for it */
        struct io_timer silence_timer, key_timer;

        /* to the peer */
        struct sender sender;
        struct event_sender keys_out;
        struct player player;
        struct io_timer pace_timer;
        int64_t pace_ms; /* when the next frame is due */

        /* RTCP */
        char cname[24];
        uint64_t ntp_start; /* NTP time at the clock's zero: random, so that it tells nothing */
        bool has_reported;
        uint32_t packets_reported, packets_reported_before; /* sent, at the last two reports */
        bool rtcp_learnt;
        struct addr rtcp_from; /* of the peer's last report */
        struct io_timer report_timer;

        struct media_stats stats;
};

/* media_leg_open() on the pair with this RTP port; 0: any. */
int leg_open_at(struct media *media, struct handle user, uint16_t port,
                struct media_leg *out) MUST_CHECK;

/* NULL when stale or none. */
struct leg *leg_find(const struct media *media, struct handle handle);
struct leg *leg_partner(const struct leg *leg);

/* Calls the handler, which may have closed the leg when this returns: do nothing with it after. */
void leg_notify(struct leg *leg, enum media_event event, char digit);

/* May the peer be sent audio, and should it send any? */
bool leg_may_send(const struct leg *leg);
bool leg_should_hear(const struct leg *leg);

/* Header and payload to the peer; counted. */
void leg_send(struct leg *leg, const struct rtp *header, struct slice payload);

/* relay.c */
void relay_on_rtp(void *pair, const struct addr *from, struct slice data);
void relay_on_rtcp(void *pair, const struct addr *from, struct slice data);
bool relay_within_rate(struct leg *leg) MUST_CHECK; /* one packet more */
void relay_watch_silence(struct leg *leg);          /* from now on */
void relay_release_keys(struct leg *leg); /* an open press of this leg ends on its partner's */

/* pace.c */
void pace_start(struct leg *leg); /* something is to be sent; running already: nothing happens */
bool pace_is_busy(const struct leg *leg); /* it has the line: relayed audio has to wait */
/* False when the peer takes no key presses, or too many wait. */
bool pace_press(struct leg *leg, const struct press *press) MUST_CHECK;

/* reports.c */
void reports_init(struct leg *leg);
void reports_start(struct leg *leg); /* running already: nothing happens */
void reports_take(struct leg *leg, const struct addr *from, struct slice data);
void reports_say_bye(struct leg *leg);

#endif
