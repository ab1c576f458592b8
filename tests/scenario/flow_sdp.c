/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_sdp.c - descriptions that peers send, with bait in every line that has room for it, and what
 * is expected of ours.
 */
#include <stdio.h>

#include "../unit/unit.h"
#include "flow_run.h"

static const struct codec {
        const char *word;
        unsigned pt;
        const char *rtpmap;
} codecs[] = {
        {"pcma", 8, "PCMA/8000"},
        {"pcmu", 0, "PCMU/8000"},
        {"g729", 18, "G729/8000"},
        {"opus", 111, "opus/48000/2"},
};
#define CODECS (sizeof codecs / sizeof codecs[0])

static const char *const usual_codecs[] = {"pcma", "pcmu"};

static const struct codec *codec_of(const char *word)
{
        for (size_t i = 0; i < CODECS; i++) {
                if (strcmp(codecs[i].word, word) == 0)
                        return &codecs[i];
        }
        fail_msg("no codec %s", word);
        return NULL;
}

static void put_audio(struct flow_call *call, const struct flow_sdp *sdp, struct buf *b)
{
        static const char *const directions[] = {
                [SDP_SENDRECV] = "sendrecv",
                [SDP_SENDONLY] = "sendonly",
                [SDP_RECVONLY] = "recvonly",
                [SDP_INACTIVE] = "inactive",
        };
        bool is_usual = sdp->codec_count == 0;
        const char *const *words = is_usual ? usual_codecs : sdp->codecs;
        unsigned count = is_usual ? 2 : sdp->codec_count;
        buf_printf(b, "m=audio %u RTP/%s", io_udp_local(call->rtp)->port,
                   sdp->is_secure ? "SAVP" : "AVP");
        for (unsigned i = 0; i < count; i++)
                buf_printf(b, " %u", codec_of(words[i])->pt);
        buf_put_text(b, sdp->no_dtmf ? "\r\n" : " 101\r\n");
        for (unsigned i = 0; i < count; i++)
                buf_printf(b, "a=rtpmap:%u %s\r\n", codec_of(words[i])->pt,
                           codec_of(words[i])->rtpmap);
        if (!sdp->no_dtmf)
                buf_put_text(b, "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n");
        if (sdp->is_secure)
                buf_put_text(b, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
                                "inline:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0\r\n");
        call->frame_ms = sdp->ptime_ms ? sdp->ptime_ms : FLOW_PTIME_MS;
        buf_printf(b, "a=ptime:%u\r\na=%s\r\n", call->frame_ms, directions[sdp->direction]);
}

void flow_sdp_write(struct flow_call *call, const struct flow_sdp *sdp, struct buf *b)
{
        if (sdp->is_same) {
                buf_put_text(b, call->sdp);
                return;
        }
        struct flow_peer *peer = call->peer;
        uint8_t family = sdp->is_ip6 ? 6 : sdp->is_ip4 ? 4 : 0;
        /* Who holds stays where it is, whatever family the address is of that is none. */
        flow_audio_move(call, sdp->is_held ? 0 : family);
        const struct addr_text ip = addr_format_ip(io_udp_local(call->rtp));
        if (!family)
                family = io_udp_local(call->rtp)->family;
        const char *nowhere = family == 6 ? "::" : "0.0.0.0";
        struct buf text;
        buf_init(&text, call->sdp, sizeof call->sdp - 1);
        buf_printf(&text, "v=0\r\no=%s 4711 %u IN IP%u %s\r\ns=call of %s\r\ni=%s\r\n",
                   peer->number, ++call->sdp_version, family, ip.text, peer->number, peer->number);
        buf_printf(&text, "e=%s@%s\r\np=%s\r\nc=IN IP%u %s\r\nt=0 0\r\n", peer->number, ip.text,
                   peer->number, family, sdp->is_held ? nowhere : ip.text);
        if (sdp->has_audio && !sdp->is_broken)
                put_audio(call, sdp, &text);
        if (!sdp->has_audio)
                buf_put_text(&text, "m=image 49170 udptl t38\r\n");
        if (sdp->has_video)
                buf_put_text(&text, "m=video 49180 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n");
        if (sdp->is_broken)
                buf_put_text(&text, "m=audio\r\n");
        assert_true(buf_ok(&text));
        call->sdp[text.len] = 0;
        struct sdp ours;
        bool is_audio = !sdp_parse(buf_slice(&text), &ours) && ours.has_audio;
        call->ours = is_audio ? ours.audio : (struct sdp_audio){0};
        call->direction = sdp->is_held ? SDP_SENDONLY : sdp->direction;
        buf_put_slice(b, buf_slice(&text));
}

/* ---- ours ---- */

static void check_codecs(struct flow_run *run, const struct flow_sdp *expected,
                         const struct sdp_audio *audio)
{
        bool is_equal = expected->codec_count == audio->codec_count;
        for (unsigned i = 0; is_equal && i < audio->codec_count; i++)
                is_equal = audio->codec_pt[audio->codecs[i]] == codec_of(expected->codecs[i])->pt;
        if (expected->codec_count && !is_equal)
                flow_fail(run, "its description has other codecs");
}

static uint64_t version_of(const struct sip_msg *msg)
{
        char text[4096];
        unsigned long long version = 0;
        assert_int_equal(slice_to_text(msg->body, text, sizeof text), 0);
        if (sscanf(text, "v=0\r\no=%*s %*u %llu", &version) != 1)
                return 0;
        return version;
}

static void check_others(struct flow_run *run, const struct flow_sdp *expected,
                         const struct sip_msg *msg)
{
        static const char refused_video[] = "m=video 0 ";
        bool refuses = memmem(msg->body.p, msg->body.len, refused_video, sizeof refused_video - 1);
        if (expected->has_video && !refuses)
                flow_fail(run, "its description does not refuse the video");
        if (!expected->has_video && memmem(msg->body.p, msg->body.len, "m=video", 7))
                flow_fail(run, "its description speaks of video");
}

static uint8_t family_expected(const struct flow_call *call, const struct flow_sdp *expected)
{
        if (expected->is_ip4 || expected->is_ip6)
                return expected->is_ip6 ? 6 : 4;
        return call->rtp ? io_udp_local(call->rtp)->family : call->peer->addr.family;
}

void flow_sdp_check(struct flow_call *call, const struct flow_sdp *expected,
                    const struct sip_msg *msg)
{
        struct flow_run *run = call->peer->run;
        struct sdp theirs;
        if (!expected->present) {
                if (msg->body.len)
                        flow_fail(run, "it has a body");
                return;
        }
        if (!msg->content_is_sdp || sdp_parse(msg->body, &theirs) || !theirs.has_audio) {
                flow_fail(run, "it has no description of audio");
                return;
        }
        const struct sdp_audio *audio = &theirs.audio;
        check_codecs(run, expected, audio);
        check_others(run, expected, msg);
        if (audio->rtp.port == 0 || audio->is_secure)
                flow_fail(run, "its audio is refused or secure");
        if (audio->rtp.family != family_expected(call, expected))
                flow_fail(run, "its audio is at an address of the other family");
        if (audio->ptime_ms != (expected->ptime_ms ? expected->ptime_ms : FLOW_PTIME_MS))
                flow_fail(run, "its packets are of %u ms", audio->ptime_ms);
        if (audio->direction != expected->direction)
                flow_fail(run, "its description has another direction");
        if ((audio->dtmf_pt == SDP_NO_PT) != expected->no_dtmf)
                flow_fail(run, "its description has%s telephone-event",
                          expected->no_dtmf ? "" : " no");
        if ((version_of(msg) == call->their_version) != expected->is_same)
                flow_fail(run, "its description has %s version as before",
                          expected->is_same ? "not the same" : "the same");
        call->their_version = version_of(msg);
}
