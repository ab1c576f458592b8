/* SPDX-License-Identifier: Apache-2.0 */
#include "call/negotiate.h"

#include <string.h>

#define OUR_DTMF_PT  101
#define OUR_PTIME_MS 20

/* In the order in which we prefer them when we offer. */
static const enum sdp_codec our_codecs[] = {SDP_PCMA, SDP_PCMU};

struct sdp_audio negotiate_ours(const struct addr *local)
{
        struct sdp_audio ours = {
                .direction = SDP_SENDRECV,
                .dtmf_pt = OUR_DTMF_PT,
                .ptime_ms = OUR_PTIME_MS,
        };
        sdp_audio_place(&ours, local);
        for (size_t i = 0; i < sizeof our_codecs / sizeof our_codecs[0]; i++)
                sdp_audio_add_codec(&ours, our_codecs[i], sdp_codec_static_pt(our_codecs[i]));
        return ours;
}

static struct addr told(const struct addr *advertised, const struct addr *local)
{
        if (local->family == 0 || advertised->family == 0)
                return *local;

        struct addr address = *advertised;
        address.port = local->port;
        return address;
}

struct addr_pair negotiate_addresses(const struct trunk *trunk, const struct addr_pair *local)
{
        return (struct addr_pair){
                told(&trunk->advertised.ip4, &local->ip4),
                told(&trunk->advertised.ip6, &local->ip6),
        };
}

int negotiate_narrow(struct sdp_audio *ours, const struct sdp_audio *other)
{
        uint8_t codecs[SDP_CODECS];
        uint8_t count = 0;
        for (unsigned i = 0; i < other->codec_count; i++) {
                if (sdp_audio_has_codec(ours, other->codecs[i]))
                        codecs[count++] = other->codecs[i];
        }
        if (count == 0)
                return ERR_MEDIA;

        memcpy(ours->codecs, codecs, count);
        ours->codec_count = count;
        if (other->dtmf_pt == SDP_NO_PT)
                ours->dtmf_pt = SDP_NO_PT;
        return 0;
}

void negotiate_stream(const struct sdp_audio *remote, const struct sdp_audio *local,
                      const struct trunk *trunk, struct media_stream *out,
                      struct addr_prefix sources[TRUNK_SOURCES_MAX])
{
        *out = (struct media_stream){.remote = *remote, .local = *local};

        /* Its own order and payload types, but only what both sides have named. */
        out->remote.codec_count = 0;
        for (unsigned i = 0; i < remote->codec_count; i++) {
                if (sdp_audio_has_codec(local, remote->codecs[i]))
                        out->remote.codecs[out->remote.codec_count++] = remote->codecs[i];
        }
        if (local->dtmf_pt == SDP_NO_PT)
                out->remote.dtmf_pt = SDP_NO_PT;

        for (unsigned i = 0; i < trunk->source_count; i++)
                sources[i] = trunk->sources[i].prefix;
        out->sources = sources;
        out->source_count = trunk->source_count;
}

bool negotiate_usable(const struct sdp *sdp)
{
        return sdp && sdp->has_audio && sdp->audio.rtp.port != 0 && !sdp->audio.is_secure &&
               sdp->audio.codec_count > 0 && sdp->audio.rtp.family != 0;
}
