/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offer.c - offer and answer on one leg (RFC 3264), and what media is told of it.
 *
 * Each leg is settled on its own: a hold, a new address or a refresh of one side ends here.
 */
#include "call/call.h"
#include "call/fault.h"
#include "call/negotiate.h"

/* A call outlives that its trunk is removed, and so does what a leg may agree with its peer. */
static const struct trunk *trunk_of(const struct call *call, enum call_side side)
{
        return sip_trunks_find_any(call->calls->params.trunks, call->legs[side].trunk_id);
}

/* Ours as a peer on this leg's trunk is to see it. */
static struct sdp_audio ours_of(const struct call *call, enum call_side side,
                                const struct trunk *trunk)
{
        struct addr local = media_leg_local(call->calls->media, call->legs[side].media);
        struct addr address = negotiate_address(trunk, &local);
        return negotiate_ours(&address);
}

/* An RTP port of ours, as we or the trunk's peers know it: what is sent there never ends. */
static bool is_our_own(const struct call *call, const struct trunk *trunk, const struct addr *rtp)
{
        const struct calls_params *p = &call->calls->params;
        bool is_ours = addr_equal_ip(rtp, &p->media_ip) || addr_equal_ip(rtp, &trunk->advertised);
        return is_ours && rtp->port >= p->rtp_port_min && rtp->port <= p->rtp_port_max;
}

static bool is_usable(const struct call *call, enum call_side side, const struct trunk *trunk,
                      const struct sdp *sdp)
{
        struct addr local = media_leg_local(call->calls->media, call->legs[side].media);
        return negotiate_usable(sdp, &local) && !is_our_own(call, trunk, &sdp->audio.rtp);
}

static void set_stream(struct call *call, enum call_side side, const struct trunk *trunk,
                       const struct sdp_audio *remote)
{
        struct call_leg *leg = &call->legs[side];
        struct media_stream stream;
        struct addr_prefix sources[TRUNK_SOURCES_MAX];
        negotiate_stream(remote, &leg->local, trunk, &stream, sources);
        media_leg_set(call->calls->media, leg->media, &stream);
        leg->has_stream = true;
}

int call_media_open(struct call *call, enum call_side side)
{
        struct calls *calls = call->calls;
        struct call_leg *leg = &call->legs[side];
        int err = media_leg_open(calls->media, pool_handle(calls->pool, call), &leg->media);
        if (err)
                return err;
        leg->has_media = true;

        const struct trunk *trunk = trunk_of(call, side);
        if (trunk)
                leg->local = ours_of(call, side, trunk);
        return trunk ? 0 : ERR_NOT_FOUND;
}

void call_media_close(struct call *call, enum call_side side)
{
        struct call_leg *leg = &call->legs[side];
        if (!leg->has_media)
                return;
        if (!fault_leaves_behind())
                media_leg_close(call->calls->media, leg->media);
        leg->has_media = false;
        leg->has_stream = false;
}

/* Answers an offer; `leg->local` is what we say. */
static int answer_offer(struct call *call, enum call_side side, const struct sdp *offer)
{
        const struct trunk *trunk = trunk_of(call, side);
        if (!trunk || !is_usable(call, side, trunk, offer))
                return ERR_MEDIA;

        struct sdp_audio ours = ours_of(call, side, trunk);
        struct sdp_audio answer;
        int err = sdp_answer(&offer->audio, &ours, SDP_SENDRECV, &answer);
        if (err)
                return err;
        call->legs[side].local = answer;
        set_stream(call, side, trunk, &offer->audio);
        return 0;
}

unsigned call_take_invite(struct call *call, const struct sip_invite *invite)
{
        if (call_media_open(call, SIDE_A))
                return 503;
        if (invite->has_offer && answer_offer(call, SIDE_A, invite->offer))
                return 488;
        return 0;
}

bool call_take_answer(struct call *call, enum call_side side, const struct sdp *sdp)
{
        const struct trunk *trunk = trunk_of(call, side);
        struct call_leg *leg = &call->legs[side];
        struct sdp_audio agreed = leg->local;
        if (!trunk || !leg->has_media || !is_usable(call, side, trunk, sdp) ||
            negotiate_narrow(&agreed, &sdp->audio))
                return false;
        leg->local = agreed;
        set_stream(call, side, trunk, &sdp->audio);
        return true;
}

unsigned call_on_offer(struct call *call, enum call_side side, const struct sdp *offer,
                       struct sdp_audio *answer)
{
        struct call_leg *leg = &call->legs[side];
        if (call->state == CALL_CLOSING || !leg->has_media)
                return 481;
        if (offer && answer_offer(call, side, offer))
                return 488;
        *answer = leg->local;
        return 200;
}

/* A refresh is answered with what was agreed, or with something new that we have to take. */
void call_on_described(struct call *call, enum call_side side, const struct sdp_audio *ours,
                       const struct sdp *sdp)
{
        struct call_leg *leg = &call->legs[side];
        if (call->state == CALL_CLOSING || !leg->has_media)
                return;
        leg->local = *ours;
        if (!call_take_answer(call, side, sdp)) {
                call_close(call, CAUSE_REJECTED, SOURCE_CARRIER, 488);
                return;
        }
        call_save(call);
        if (side == SIDE_A && call->state == CALL_RINGING)
                call_play_ringback(call);
}

void call_on_confirmed(struct call *call, enum call_side side, const struct sdp *sdp)
{
        struct call_leg *leg = &call->legs[side];
        if (call->state == CALL_CLOSING || !leg->has_media)
                return;

        /* An offer of ours is answered in the ACK (RFC 3261 13.2.1): without it there is no audio. */
        if ((sdp || !leg->has_stream) && !call_take_answer(call, side, sdp)) {
                call_close(call, CAUSE_REJECTED, SOURCE_CARRIER, 0);
                return;
        }
        call_save(call);
        if (call->state == CALL_ANNOUNCING)
                call_announce(call);
}
