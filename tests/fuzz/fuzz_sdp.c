/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fuzz.h"
#include "wire/sdp.h"

static void check_audio(const struct sdp_audio *audio)
{
        MUST(audio->codec_count <= SDP_CODECS);
        for (int i = 0; i < audio->codec_count; i++) {
                MUST(audio->codecs[i] < SDP_CODECS);
                MUST(audio->codec_pt[audio->codecs[i]] < 128);
                for (int j = 0; j < i; j++)
                        MUST(audio->codecs[i] != audio->codecs[j]);
        }
        MUST(audio->dtmf_pt < 128 || audio->dtmf_pt == SDP_NO_PT);
        MUST(audio->direction <= SDP_INACTIVE);
        if (addr_is_any(&audio->rtp))
                MUST(!sdp_direction_receives(audio->direction));
}

static void check(const struct sdp *sdp)
{
        MUST(sdp->media_count <= SDP_MEDIA_MAX);
        for (int i = 0; i < sdp->media_count; i++) {
                const struct sdp_media *media = &sdp->media[i];
                MUST(media->media[0] && media->proto[0] && media->format[0]);
                MUST(memchr(media->media, '\0', sizeof media->media));
                MUST(memchr(media->proto, '\0', sizeof media->proto));
                MUST(memchr(media->format, '\0', sizeof media->format));
        }
        if (!sdp->has_audio)
                return;
        MUST(sdp->audio_index < sdp->media_count);
        check_audio(&sdp->audio);
        if (sdp->audio.rtp.port && !sdp->audio.is_secure)
                MUST(sdp->audio.rtp.family && sdp->audio.codec_count);
}

static void check_same(const struct sdp_audio *a, const struct sdp_audio *b)
{
        MUST(addr_equal(&a->rtp, &b->rtp));
        MUST(a->direction == b->direction && a->ptime_ms == b->ptime_ms);
        MUST(a->dtmf_pt == b->dtmf_pt && a->codec_count == b->codec_count);
        for (int i = 0; i < a->codec_count; i++) {
                MUST(a->codecs[i] == b->codecs[i]);
                MUST(a->codec_pt[a->codecs[i]] == b->codec_pt[b->codecs[i]]);
        }
}

/* What we write is read again as what it was. */
static void check_writing(const struct sdp_audio *audio, const struct sdp *answered)
{
        char text[2048];
        struct buf b;
        struct sdp again;
        struct sdp_origin origin = {1, 2};
        buf_init(&b, text, sizeof text);
        sdp_write(&b, &origin, audio, answered);
        MUST(buf_ok(&b));
        MUST(sdp_parse(buf_slice(&b), &again) == 0);
        check(&again);
        MUST(again.has_audio);
        check_same(&again.audio, audio);
        if (!answered)
                return;
        MUST(again.media_count == answered->media_count);
        MUST(again.audio_index == answered->audio_index);
        for (int i = 0; i < again.media_count; i++) {
                MUST(strcmp(again.media[i].media, answered->media[i].media) == 0 ||
                     i == again.audio_index);
                MUST(strcmp(again.media[i].proto, answered->media[i].proto) == 0);
        }
}

static void check_answering(const struct sdp *offer)
{
        struct sdp_audio ours = {.rtp = {.family = 4, .port = 20000, .ip = {192, 0, 2, 1}},
                                 .dtmf_pt = 101,
                                 .ptime_ms = 20};
        sdp_audio_add_codec(&ours, SDP_PCMA, 8);
        sdp_audio_add_codec(&ours, SDP_PCMU, 0);
        for (int want = SDP_SENDRECV; want <= SDP_INACTIVE; want++) {
                struct sdp_audio answer;
                int err = sdp_answer(&offer->audio, &ours, (enum sdp_direction)want, &answer);
                MUST(err == 0 || err == ERR_MEDIA);
                if (err)
                        continue;
                check_audio(&answer);
                MUST(answer.codec_count == offer->audio.codec_count);
                MUST(!sdp_direction_sends(answer.direction) ||
                     sdp_direction_receives(offer->audio.direction));
                MUST(!sdp_direction_receives(answer.direction) ||
                     sdp_direction_sends(offer->audio.direction));
                check_writing(&answer, offer);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sdp sdp = {.media_count = 77};
        int err = sdp_parse((struct slice){(const char *)data, size}, &sdp);
        if (err) {
                MUST(err == ERR_SYNTAX || err == ERR_TOO_LARGE);
                MUST(sdp.media_count == 77);
                return 0;
        }

        check(&sdp);
        bool is_usable = sdp.has_audio && sdp.audio.rtp.port && !sdp.audio.is_secure;
        if (!is_usable)
                return 0;
        check_writing(&sdp.audio, NULL);
        check_answering(&sdp);
        return 0;
}
