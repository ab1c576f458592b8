/* SPDX-License-Identifier: Apache-2.0 */
#include "decoded.h"
#include "wire/sdp.h"
#include "wire/sip_msg.h"

static void sum_slice(uint64_t *sum, struct slice s)
{
        sum_text(sum, s.p, s.len);
}

static void sum_uri(uint64_t *sum, const struct sip_uri *uri)
{
        sum_slice(sum, uri->user);
        sum_slice(sum, uri->host);
        sum_number(sum, packed(uri->scheme, uri->port, uri->has_lr, 0));
}

static void sum_start(uint64_t *sum, const struct sip_msg *msg)
{
        struct slice host;
        sum_number(sum, msg->method);
        sum_uri(sum, &msg->request_uri);
        sum_slice(sum, msg->from.display);
        sum_uri(sum, &msg->from.uri);
        sum_slice(sum, msg->from.tag);
        sum_uri(sum, &msg->to.uri);
        sum_slice(sum, msg->to.tag);
        sum_slice(sum, slice_split(msg->call_id, '@', &host));
        sum_slice(sum, host);
        sum_number(sum, msg->cseq ^ (uint64_t)msg->cseq_method << 32);
}

static void sum_vias(uint64_t *sum, const struct sip_msg *msg)
{
        for (unsigned i = 0; i < msg->via_count; i++) {
                const struct sip_via *via = &msg->vias[i];
                sum_number(sum, packed(via->transport, via->port, via->has_rport, via->rport));
                sum_slice(sum, via->host);
                sum_slice(sum, via->branch);
                sum_slice(sum, via->received);
        }
}

static void sum_addrs(uint64_t *sum, const struct sip_name_addr *addrs, unsigned count)
{
        sum_number(sum, count);
        for (unsigned i = 0; i < count; i++) {
                sum_slice(sum, addrs[i].display);
                sum_uri(sum, &addrs[i].uri);
        }
}

static void sum_options(uint64_t *sum, const struct sip_msg *msg)
{
        sum_number(sum, packed((uint64_t)msg->max_forwards, msg->privacy, msg->content_is_sdp,
                               msg->body.len));
        sum_number(sum, msg->require | (uint64_t)msg->supported << 32);
        sum_number(sum, msg->allow);
        sum_number(sum, msg->session_expires_s | (uint64_t)msg->min_se_s << 32);
        sum_slice(sum, msg->session_refresher);
}

static void sum_sdp(uint64_t *sum, const struct sdp *sdp)
{
        uint32_t ip;
        memcpy(&ip, sdp->audio.rtp.ip, sizeof ip);
        sum_number(sum, ip | (uint64_t)sdp->media_count << 32);
        for (unsigned i = 0; i < sdp->audio.codec_count; i++)
                sum_number(sum, sdp->audio.codec_pt[sdp->audio.codecs[i]]);
        sum_number(sum, packed(sdp->audio.rtp.port, sdp->audio.dtmf_pt, sdp->audio.ptime_ms,
                               sdp->audio.direction == SDP_SENDRECV));
}

bool decode_ours(const struct slice *message, uint64_t *sum)
{
        static struct sip_msg msg;
        static struct sdp sdp;
        bool reply_possible;
        if (sip_msg_parse(*message, &msg, &reply_possible) || sdp_parse(msg.body, &sdp))
                return false;
        if (!sum)
                return true; /* nothing is left to decode */

        sum_start(sum, &msg);
        sum_vias(sum, &msg);
        sum_addrs(sum, msg.contacts, msg.contact_count);
        sum_addrs(sum, msg.record_routes, msg.record_route_count);
        sum_addrs(sum, msg.routes, msg.route_count);
        sum_addrs(sum, msg.asserted, msg.asserted_count);
        sum_options(sum, &msg);
        sum_sdp(sum, &sdp);
        return true;
}
