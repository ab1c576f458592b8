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

struct addr_pair call_media_addresses(const struct call *call, enum call_side side)
{
        const struct trunk *trunk = trunk_of(call, side);
        const struct addr_pair local = media_leg_local(call->calls->media, call->legs[side].media);
        return trunk ? negotiate_addresses(trunk, &local) : (struct addr_pair){0};
}

/* Ours at the address of this family; 0: of any. ERR_MEDIA: there is none. */
static int ours_of(const struct call *call, enum call_side side, uint8_t family,
                   struct sdp_audio *out)
{
        const struct addr_pair addresses = call_media_addresses(call, side);
        const struct addr *address =
                family ? addr_pair_find(&addresses, family) : addr_pair_first(&addresses);
        if (!address)
                return ERR_MEDIA;
        *out = negotiate_ours(address);
        return 0;
}

static bool is_in(const struct addr_pair *pair, const struct addr *a)
{
        const struct addr *own = addr_pair_find(pair, a->family);
        return own && addr_equal_ip(own, a);
}

/* An RTP port of ours, as we or the trunk's peers know it: what is sent there never ends. */
static bool is_our_own(const struct call *call, const struct trunk *trunk, const struct addr *rtp)
{
        const struct calls_params *p = &call->calls->params;
        bool is_ours = is_in(&p->media, rtp) || is_in(&trunk->advertised, rtp);
        return is_ours && rtp->port >= p->rtp_port_min && rtp->port <= p->rtp_port_max;
}

static bool is_usable(const struct call *call, const struct trunk *trunk, const struct sdp *sdp)
{
        return negotiate_usable(sdp) && !is_our_own(call, trunk, &sdp->audio.rtp);
}

/*
 * Each leg's audio goes by the family of its peer's description. An address that is none, of who holds
 * as RFC 2543 has it, leaves it as it is.
 */
static uint8_t family_with(const struct call_leg *leg, const struct sdp *sdp)
{
        bool is_nowhere = addr_is_any(&sdp->audio.rtp);
        return is_nowhere ? leg->local.rtp.family : sdp->audio.rtp.family;
}

void call_follow_said(struct call *call, enum call_side side)
{
        struct call_leg *leg = &call->legs[side];
        const struct sdp_audio *said = sip_leg_said(call->calls->ua, leg->sip);
        if (!said)
                return;
        leg->local.rtp = said->rtp;
        leg->local.rtcp = said->rtcp;
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

int call_media_open(struct call *call, enum call_side side, uint8_t family)
{
        struct calls *calls = call->calls;
        struct call_leg *leg = &call->legs[side];
        int err = media_leg_open(calls->media, pool_handle(calls->pool, call), &leg->media);
        if (err)
                return err;
        leg->has_media = true;

        return trunk_of(call, side) ? ours_of(call, side, family, &leg->local) : ERR_NOT_FOUND;
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
        if (!trunk || !is_usable(call, trunk, offer))
                return ERR_MEDIA;

        struct sdp_audio ours, answer;
        int err = ours_of(call, side, family_with(&call->legs[side], offer), &ours);
        if (!err)
                err = sdp_answer(&offer->audio, &ours, SDP_SENDRECV, &answer);
        if (err)
                return err;
        call->legs[side].local = answer;
        set_stream(call, side, trunk, &offer->audio);
        return 0;
}

unsigned call_take_invite(struct call *call, const struct sip_invite *invite)
{
        if (call_media_open(call, SIDE_A, invite->family))
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
        if (!trunk || !leg->has_media || !is_usable(call, trunk, sdp) ||
            family_with(leg, sdp) != leg->local.rtp.family ||
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
