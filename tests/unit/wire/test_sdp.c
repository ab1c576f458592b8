/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sdp.h"

#include <stdio.h>

#include "../unit.h"
#include "base/random.h"

#define HEAD "v=0\r\no=alice 1 1 IN IP4 192.0.2.9\r\ns=call\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

static int parse(const char *text, struct sdp *out)
{
        return sdp_parse(slice_from(text), out);
}

static struct sdp parsed(const char *text)
{
        struct sdp sdp;
        assert_int_equal(parse(text, &sdp), 0);
        return sdp;
}

static struct addr address(const char *text)
{
        struct addr a;
        assert_int_equal(addr_parse(slice_from(text), 0, &a), 0);
        return a;
}

static struct sdp_audio our_audio(void)
{
        struct sdp_audio ours = {
                .rtp = address("198.51.100.5:20000"),
                .dtmf_pt = 101,
                .ptime_ms = 20,
        };
        ours.rtcp = ours.rtp;
        ours.rtcp.port++;
        sdp_audio_add_codec(&ours, SDP_PCMA, 8);
        sdp_audio_add_codec(&ours, SDP_PCMU, 0);
        return ours;
}

static void an_ordinary_offer_is_read(void **state)
{
        (void)state;
        struct sdp sdp = parsed(HEAD "m=audio 40000 RTP/AVP 0 8 18 101\r\n"
                                     "a=rtpmap:0 PCMU/8000\r\n"
                                     "a=rtpmap:8 PCMA/8000/1\r\n"
                                     "a=rtpmap:18 G729/8000\r\n"
                                     "a=fmtp:18 annexb=no\r\n"
                                     "a=rtpmap:101 telephone-event/8000\r\n"
                                     "a=fmtp:101 0-16\r\n"
                                     "a=ptime:20\r\n"
                                     "a=sendrecv\r\n");
        const struct sdp_audio *audio = &sdp.audio;
        struct addr rtp = address("192.0.2.1:40000");
        assert_true(sdp.has_audio);
        assert_int_equal(sdp.media_count, 1);
        assert_int_equal(sdp.audio_index, 0);
        assert_true(addr_equal(&audio->rtp, &rtp));
        assert_int_equal(audio->rtcp.port, 40001);
        assert_int_equal(audio->codec_count, 2);
        assert_int_equal(audio->codecs[0], SDP_PCMU);
        assert_int_equal(audio->codecs[1], SDP_PCMA);
        assert_int_equal(audio->codec_pt[SDP_PCMU], 0);
        assert_int_equal(audio->codec_pt[SDP_PCMA], 8);
        assert_int_equal(audio->dtmf_pt, 101);
        assert_int_equal(audio->ptime_ms, 20);
        assert_int_equal(audio->direction, SDP_SENDRECV);
        assert_false(audio->is_secure);
        assert_false(audio->rtcp_mux);
}

static void static_payload_types_need_no_rtpmap(void **state)
{
        (void)state;
        struct sdp sdp = parsed(HEAD "m=audio 40000 RTP/AVP 8 0\r\n");
        assert_int_equal(sdp.audio.codec_count, 2);
        assert_int_equal(sdp.audio.codecs[0], SDP_PCMA);
        assert_int_equal(sdp.audio.codecs[1], SDP_PCMU);
        assert_int_equal(sdp.audio.dtmf_pt, SDP_NO_PT);
}

static void a_static_type_that_is_mapped_away_is_not_g711(void **state)
{
        (void)state;
        struct sdp sdp = parsed(HEAD "m=audio 40000 RTP/AVP 0 8\r\na=rtpmap:0 L16/8000\r\n");
        assert_int_equal(sdp.audio.codec_count, 1);
        assert_int_equal(sdp.audio.codecs[0], SDP_PCMA);
}

static void dynamic_types_and_any_case_are_understood(void **state)
{
        (void)state;
        struct sdp sdp = parsed(HEAD "m=audio 40000 RTP/AVP 97 96\r\n"
                                     "a=rtpmap:97 pcma/8000\r\n"
                                     "a=rtpmap:96 Telephone-Event/8000\r\n");
        assert_int_equal(sdp.audio.codec_count, 1);
        assert_int_equal(sdp.audio.codec_pt[SDP_PCMA], 97);
        assert_int_equal(sdp.audio.dtmf_pt, 96);
}

static void only_events_at_8000_hz_are_taken(void **state)
{
        (void)state;
        struct sdp sdp = parsed(HEAD "m=audio 40000 RTP/AVP 9 0 100 101\r\n"
                                     "a=rtpmap:100 telephone-event/16000\r\n"
                                     "a=rtpmap:101 telephone-event/8000\r\n");
        assert_int_equal(sdp.audio.dtmf_pt, 101);
}

static void other_rates_and_channels_are_other_codecs(void **state)
{
        (void)state;
        struct sdp sdp = parsed(HEAD "m=audio 40000 RTP/AVP 96 97 8\r\n"
                                     "a=rtpmap:96 PCMU/16000\r\na=rtpmap:97 PCMU/8000/2\r\n");
        assert_int_equal(sdp.audio.codec_count, 1);
        assert_int_equal(sdp.audio.codecs[0], SDP_PCMA);
}

static void lines_may_end_in_lf_alone_or_in_nothing(void **state)
{
        (void)state;
        struct sdp sdp = parsed("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n"
                                "m=audio 40000 RTP/AVP 8\na=recvonly");
        assert_true(sdp.has_audio);
        assert_int_equal(sdp.audio.direction, SDP_RECVONLY);
        assert_int_equal(parse(HEAD "m=audio 40000 RTP/AVP 8\r\n\r\n\r\n", &sdp), 0);
}

static void the_media_level_connection_wins(void **state)
{
        (void)state;
        struct sdp sdp = parsed(HEAD "m=audio 40000 RTP/AVP 8\r\nc=IN IP4 203.0.113.7\r\n");
        struct addr rtp = address("203.0.113.7:40000");
        struct addr rtcp = address("203.0.113.7:40001");
        assert_true(addr_equal(&sdp.audio.rtp, &rtp));
        assert_true(addr_equal(&sdp.audio.rtcp, &rtcp));
}

static void ipv6_is_read(void **state)
{
        (void)state;
        struct sdp sdp = parsed("v=0\r\no=- 1 1 IN IP6 2001:db8::9\r\ns=-\r\nt=0 0\r\n"
                                "m=audio 40000 RTP/AVP 8\r\nc=IN IP6 2001:db8::1\r\n");
        struct addr rtp = address("[2001:db8::1]:40000");
        assert_true(addr_equal(&sdp.audio.rtp, &rtp));
}

static void the_session_direction_is_inherited_and_overridden(void **state)
{
        (void)state;
        assert_int_equal(parsed(HEAD "a=inactive\r\nm=audio 4 RTP/AVP 8\r\n").audio.direction,
                         SDP_INACTIVE);
        assert_int_equal(
                parsed(HEAD "a=inactive\r\nm=audio 4 RTP/AVP 8\r\na=sendonly\r\n").audio.direction,
                SDP_SENDONLY);
}

static void the_old_hold_means_not_receiving(void **state)
{
        (void)state;
        struct sdp sdp = parsed(HEAD "m=audio 40000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\n");
        assert_true(sdp.has_audio);
        assert_int_equal(sdp.audio.direction, SDP_SENDONLY);
        sdp = parsed(HEAD "m=audio 40000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\na=recvonly\r\n");
        assert_int_equal(sdp.audio.direction, SDP_INACTIVE);
        sdp = parsed(HEAD "m=audio 40000 RTP/AVP 8\r\nc=IN IP6 ::\r\na=sendrecv\r\n");
        assert_int_equal(sdp.audio.direction, SDP_SENDONLY);
}

static void rtcp_may_be_elsewhere(void **state)
{
        (void)state;
        struct sdp sdp = parsed(HEAD "m=audio 40000 RTP/AVP 8\r\na=rtcp:53020\r\n");
        struct addr same_host = address("192.0.2.1:53020");
        assert_true(addr_equal(&sdp.audio.rtcp, &same_host));

        sdp = parsed(HEAD "m=audio 40000 RTP/AVP 8\r\na=rtcp:53020 IN IP4 192.0.2.77\r\n");
        struct addr other_host = address("192.0.2.77:53020");
        assert_true(addr_equal(&sdp.audio.rtcp, &other_host));

        /* it may stand before the connection line that it completes */
        sdp = parsed(HEAD "m=audio 40000 RTP/AVP 8\r\na=rtcp:53020\r\nc=IN IP4 192.0.2.88\r\n");
        struct addr late_host = address("192.0.2.88:53020");
        assert_true(addr_equal(&sdp.audio.rtcp, &late_host));

        static const char *const useless[] = {"0",        "99999", "x", "53020 IN IP4 host.example",
                                              "53020 IN", ""};
        for (size_t i = 0; i < sizeof useless / sizeof *useless; i++) {
                char text[256];
                snprintf(text, sizeof text, HEAD "m=audio 40000 RTP/AVP 8\r\na=rtcp:%s\r\n",
                         useless[i]);
                assert_int_equal(parsed(text).audio.rtcp.port, 40001);
        }
}

static void rtcp_mux_is_noticed_and_leaves_a_fallback(void **state)
{
        (void)state;
        struct sdp sdp = parsed(HEAD "m=audio 40000 RTP/AVPF 8\r\na=rtcp-mux\r\n");
        assert_true(sdp.audio.rtcp_mux);
        assert_int_equal(sdp.audio.rtcp.port, 40001);
}

static void secure_audio_is_told_apart(void **state)
{
        (void)state;
        static const char *const protos[] = {"RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVPF"};
        for (size_t i = 0; i < sizeof protos / sizeof *protos; i++) {
                char text[256];
                snprintf(text, sizeof text, HEAD "m=audio 40000 %s 8\r\n", protos[i]);
                struct sdp sdp = parsed(text);
                assert_true(sdp.has_audio);
                assert_true(sdp.audio.is_secure);
        }
}

static void clear_audio_is_preferred_to_secure(void **state)
{
        (void)state;
        struct sdp sdp = parsed(HEAD "m=audio 40000 RTP/SAVP 8\r\nm=audio 40002 RTP/AVP 0\r\n"
                                     "m=audio 40004 RTP/AVP 8\r\n");
        assert_int_equal(sdp.media_count, 3);
        assert_int_equal(sdp.audio_index, 1);
        assert_int_equal(sdp.audio.rtp.port, 40002);
        assert_false(sdp.audio.is_secure);
        assert_int_equal(sdp.audio.codecs[0], SDP_PCMU);
        assert_int_equal(sdp.audio.codec_count, 1);
}

static void attributes_of_other_media_do_not_count(void **state)
{
        (void)state;
        struct sdp sdp = parsed(HEAD "m=video 5000 RTP/AVP 96\r\na=rtpmap:96 PCMU/8000\r\n"
                                     "a=inactive\r\nc=IN IP4 192.0.2.50\r\n"
                                     "m=audio 40000 RTP/AVP 96 8\r\n"
                                     "m=application 9 DTLS/SCTP webrtc-datachannel\r\n"
                                     "a=sendonly\r\n");
        struct addr rtp = address("192.0.2.1:40000");
        assert_int_equal(sdp.audio_index, 1);
        assert_int_equal(sdp.audio.codec_count, 1);
        assert_int_equal(sdp.audio.direction, SDP_SENDRECV);
        assert_true(addr_equal(&sdp.audio.rtp, &rtp));
        assert_string_equal(sdp.media[0].media, "video");
        assert_string_equal(sdp.media[2].format, "webrtc-datachannel");
}

static void unknown_and_unreadable_attributes_are_skipped(void **state)
{
        (void)state;
        struct sdp sdp = parsed(HEAD "m=audio 40000 RTP/AVP 8\r\na=\r\na=:\r\na=rtpmap\r\n"
                                     "a=rtpmap:8\r\na=rtpmap:999 PCMU/8000\r\na=ptime:20.5\r\n"
                                     "a=candidate:1 1 UDP 1 10.0.0.1 9 typ host\r\nb=AS:64\r\n"
                                     "k=clear:x\r\na=crypto:1 x inline:y\r\na=silenceSupp:off\r\n");
        assert_true(sdp.has_audio);
        assert_int_equal(sdp.audio.ptime_ms, 0);
}

static void what_cannot_be_used_is_no_error(void **state)
{
        (void)state;
        static const char *const texts[] = {
                HEAD,
                HEAD "m=audio 40000 RTP/AVP 18\r\n",
                HEAD "m=audio 40000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n",
                HEAD "m=audio 40000 udptl 0\r\n",
                HEAD "m=image 40000 udptl t38\r\n",
                HEAD "m=audio 40000 RTP/AVP 8\r\nc=IN IP4 host.example\r\n",
                HEAD "m=audio 40000 RTP/AVP 8\r\nc=IN IP4 224.2.36.42/127\r\n",
                HEAD "m=audio 40000 RTP/AVP 8\r\nc=IN IP4 255.255.255.255\r\n",
                HEAD "m=audio 40000 RTP/AVP 8\r\nc=IN IP6 ff02::1\r\n",
                HEAD "m=audio 40000 RTP/AVP 8\r\nc=IN IP6 192.0.2.1\r\n",
                HEAD "m=audio 40000 RTP/AVP 8\r\nc=ATM NSAP 47.0091\r\n",
                "v=0\r\nm=audio 40000 RTP/AVP 8\r\n",
        };
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
                assert_false(parsed(texts[i]).has_audio);
}

static void a_disabled_stream_has_port_0(void **state)
{
        (void)state;
        struct sdp sdp = parsed(HEAD "m=audio 0 RTP/AVP 8\r\n");
        assert_true(sdp.has_audio);
        assert_int_equal(sdp.audio.rtp.port, 0);
        assert_int_equal(sdp.audio.rtcp.port, 0);
}

static void bad_lines_refuse_the_whole(void **state)
{
        (void)state;
        static const char *const texts[] = {
                "",
                "\r\n",
                "v",
                "hello",
                "o=- 1 1 IN IP4 192.0.2.1\r\n",
                "v=1\r\n",
                "v=0\r\nv=0\r\n",
                "\r\nv=0\r\n",
                "v=0\r\n\r\ns=-\r\n",
                "v=0\r\n s=-\r\n",
                "v=0\r\nS=-\r\n",
                "v=0\r\ns =-\r\n",
                "v=0\rs=-\r\n",
                "v=0\r\ns=a\rb\r\n",
                HEAD "c=\r\n",
                HEAD "c=IN IP4\r\n",
                HEAD "c=IN IP4 192.0.2.1 more\r\n",
                HEAD "m=\r\n",
                HEAD "m=audio\r\n",
                HEAD "m=audio 40000\r\n",
                HEAD "m=audio 40000 RTP/AVP\r\n",
                HEAD "m=audio x RTP/AVP 8\r\n",
                HEAD "m=audio -1 RTP/AVP 8\r\n",
                HEAD "m=audio 65536 RTP/AVP 8\r\n",
                HEAD "m=audio 40000/ RTP/AVP 8\r\n",
                HEAD "m=audio 40000/4294967295 RTP/AVP 8\r\n",
                HEAD "m=audio 40000 RTP/AVP 128\r\n",
                HEAD "m=audio 40000 RTP/AVP 8 PCMU\r\n",
                HEAD "m=vid\teo 40000 RTP/AVP 8\r\n",
        };
        struct sdp sdp;
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
                assert_int_equal(parse(texts[i], &sdp), ERR_SYNTAX);
        assert_int_equal(sdp_parse((struct slice){"v=0\r\ns=\0\r\n", 10}, &sdp), ERR_SYNTAX);
}

static void every_limit_is_kept(void **state)
{
        (void)state;
        static char text[SDP_BYTES_MAX + 100];
        struct buf b;
        struct sdp sdp;

        buf_init(&b, text, sizeof text);
        buf_put_text(&b, "v=0\r\n");
        for (int i = 1; i < SDP_LINES_MAX; i++)
                buf_put_text(&b, "a=x\r\n");
        assert_int_equal(sdp_parse(buf_slice(&b), &sdp), 0);
        buf_put_text(&b, "a=x\r\n");
        assert_int_equal(sdp_parse(buf_slice(&b), &sdp), ERR_TOO_LARGE);

        buf_reset(&b);
        buf_put_text(&b, HEAD);
        for (int i = 0; i < SDP_MEDIA_MAX; i++)
                buf_put_text(&b, "m=audio 40000 RTP/AVP 8\r\n");
        assert_int_equal(sdp_parse(buf_slice(&b), &sdp), 0);
        assert_int_equal(sdp.media_count, SDP_MEDIA_MAX);
        buf_put_text(&b, "m=audio 40000 RTP/AVP 8\r\n");
        assert_int_equal(sdp_parse(buf_slice(&b), &sdp), ERR_TOO_LARGE);

        buf_reset(&b);
        buf_put_text(&b, HEAD "m=audio 40000 RTP/AVP");
        for (int i = 0; i < SDP_FORMATS_MAX; i++)
                buf_put_text(&b, " 8");
        assert_int_equal(sdp_parse(buf_slice(&b), &sdp), 0);
        buf_put_text(&b, " 8");
        assert_int_equal(sdp_parse(buf_slice(&b), &sdp), ERR_TOO_LARGE);

        buf_reset(&b);
        buf_put_text(&b, "v=0\r\ns=");
        while (b.len <= SDP_BYTES_MAX)
                buf_put_char(&b, 'x');
        assert_int_equal(sdp_parse(buf_slice(&b), &sdp), ERR_TOO_LARGE);

        assert_int_equal(parse(HEAD "m=averylongmedia 1 RTP/AVP 8\r\n", &sdp), ERR_TOO_LARGE);
}

static void a_failure_leaves_the_result_alone(void **state)
{
        (void)state;
        struct sdp sdp, before;
        memset(&sdp, 0x5a, sizeof sdp);
        before = sdp;
        assert_int_equal(parse(HEAD "m=audio 40000 RTP/AVP 8\r\nm=", &sdp), ERR_SYNTAX);
        assert_memory_equal(&sdp, &before, sizeof sdp);
}

static void an_answer_keeps_the_offerers_order_and_types(void **state)
{
        (void)state;
        struct sdp offer = parsed(HEAD "m=audio 40000 RTP/AVP 0 97 101\r\n"
                                       "a=rtpmap:97 PCMA/8000\r\n"
                                       "a=rtpmap:101 telephone-event/8000\r\na=ptime:30\r\n");
        struct sdp_audio ours = our_audio(), answer;
        ours.dtmf_pt = 96;
        assert_int_equal(sdp_answer(&offer.audio, &ours, SDP_SENDRECV, &answer), 0);
        assert_true(addr_equal(&answer.rtp, &ours.rtp));
        assert_int_equal(answer.codec_count, 2);
        assert_int_equal(answer.codecs[0], SDP_PCMU);
        assert_int_equal(answer.codecs[1], SDP_PCMA);
        assert_int_equal(answer.codec_pt[SDP_PCMA], 97);
        assert_int_equal(answer.dtmf_pt, 101);
        assert_int_equal(answer.ptime_ms, 20);
}

static void an_answer_has_key_presses_only_if_both_want_them(void **state)
{
        (void)state;
        struct sdp without = parsed(HEAD "m=audio 40000 RTP/AVP 8\r\n");
        struct sdp with = parsed(HEAD "m=audio 40000 RTP/AVP 8 96\r\n"
                                      "a=rtpmap:96 telephone-event/8000\r\n");
        struct sdp_audio ours = our_audio(), answer;
        assert_int_equal(sdp_answer(&without.audio, &ours, SDP_SENDRECV, &answer), 0);
        assert_int_equal(answer.dtmf_pt, SDP_NO_PT);
        assert_int_equal(sdp_answer(&with.audio, &ours, SDP_SENDRECV, &answer), 0);
        assert_int_equal(answer.dtmf_pt, 96);
        ours.dtmf_pt = SDP_NO_PT;
        assert_int_equal(sdp_answer(&with.audio, &ours, SDP_SENDRECV, &answer), 0);
        assert_int_equal(answer.dtmf_pt, SDP_NO_PT);
}

static void no_common_codec_no_answer(void **state)
{
        (void)state;
        struct sdp_audio ours = our_audio(), answer;
        ours.codec_count = 0;
        sdp_audio_add_codec(&ours, SDP_PCMU, 0);
        struct sdp alaw = parsed(HEAD "m=audio 40000 RTP/AVP 8\r\n");
        struct sdp secure = parsed(HEAD "m=audio 40000 RTP/SAVP 0\r\n");
        struct sdp disabled = parsed(HEAD "m=audio 0 RTP/AVP 0\r\n");
        assert_int_equal(sdp_answer(&alaw.audio, &ours, SDP_SENDRECV, &answer), ERR_MEDIA);
        assert_int_equal(sdp_answer(&secure.audio, &ours, SDP_SENDRECV, &answer), ERR_MEDIA);
        assert_int_equal(sdp_answer(&disabled.audio, &ours, SDP_SENDRECV, &answer), ERR_MEDIA);
}

/* RFC 3264 6.1: rows are the offer, columns what we want. */
static void directions_are_reversed_and_narrowed(void **state)
{
        (void)state;
        static const enum sdp_direction expected[4][4] = {
                [SDP_SENDRECV] = {SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE},
                [SDP_SENDONLY] = {SDP_RECVONLY, SDP_INACTIVE, SDP_RECVONLY, SDP_INACTIVE},
                [SDP_RECVONLY] = {SDP_SENDONLY, SDP_SENDONLY, SDP_INACTIVE, SDP_INACTIVE},
                [SDP_INACTIVE] = {SDP_INACTIVE, SDP_INACTIVE, SDP_INACTIVE, SDP_INACTIVE},
        };
        struct sdp offer = parsed(HEAD "m=audio 40000 RTP/AVP 8\r\n");
        struct sdp_audio ours = our_audio(), answer;
        for (int offered = 0; offered < 4; offered++) {
                for (int want = 0; want < 4; want++) {
                        offer.audio.direction = (enum sdp_direction)offered;
                        assert_int_equal(
                                sdp_answer(&offer.audio, &ours, (enum sdp_direction)want, &answer),
                                0);
                        assert_int_equal(answer.direction, expected[offered][want]);
                }
        }
}

static void what_we_write_is_minimal(void **state)
{
        (void)state;
        char text[1024];
        struct buf b;
        struct sdp_audio ours = our_audio();
        struct sdp_origin origin = {.session_id = 4711, .version = 2};
        buf_init(&b, text, sizeof text - 1);
        sdp_write(&b, &origin, &ours, NULL);
        assert_true(buf_ok(&b));
        text[b.len] = '\0';
        assert_string_equal(text, "v=0\r\n"
                                  "o=- 4711 2 IN IP4 198.51.100.5\r\n"
                                  "s=-\r\n"
                                  "c=IN IP4 198.51.100.5\r\n"
                                  "t=0 0\r\n"
                                  "m=audio 20000 RTP/AVP 8 0 101\r\n"
                                  "a=rtpmap:8 PCMA/8000\r\n"
                                  "a=rtpmap:0 PCMU/8000\r\n"
                                  "a=rtpmap:101 telephone-event/8000\r\n"
                                  "a=fmtp:101 0-15\r\n"
                                  "a=ptime:20\r\n"
                                  "a=sendrecv\r\n");
}

static void an_answer_refuses_the_other_media(void **state)
{
        (void)state;
        char text[1024];
        struct buf b;
        struct sdp_origin origin = {.session_id = 1, .version = 1};
        struct sdp_audio ours = our_audio(), answer;
        struct sdp offer = parsed(HEAD "m=video 5000 RTP/AVP 96 97\r\n"
                                       "m=audio 40000/2 RTP/AVPF 8\r\n"
                                       "m=audio 40004 RTP/SAVP 0\r\n");
        assert_int_equal(sdp_answer(&offer.audio, &ours, SDP_SENDRECV, &answer), 0);
        buf_init(&b, text, sizeof text - 1);
        sdp_write(&b, &origin, &answer, &offer);
        text[b.len] = '\0';
        assert_non_null(strstr(text, "t=0 0\r\nm=video 0 RTP/AVP 96\r\nm=audio 20000 RTP/AVPF 8\r\n"
                                     "a=rtpmap:8 PCMA/8000\r\n"));
        assert_non_null(strstr(text, "a=sendrecv\r\nm=audio 0 RTP/SAVP 0\r\n"));

        answer.rtp.port = 0;
        buf_reset(&b);
        sdp_write(&b, &origin, &answer, &offer);
        text[b.len] = '\0';
        assert_non_null(strstr(text, "m=audio 0 RTP/AVPF 8\r\n"));
}

static struct sdp_audio any_audio(struct random *r)
{
        struct sdp_audio a = {.dtmf_pt = SDP_NO_PT};
        uint8_t first = (uint8_t)random_below(r, SDP_CODECS);
        bool is_v6 = random_below(r, 2);
        a.rtp.family = is_v6 ? 6 : 4;
        random_fill(r, a.rtp.ip, is_v6 ? 16 : 4);
        a.rtp.ip[0] = is_v6 ? 0x20 : (uint8_t)(1 + random_below(r, 223));
        a.rtp.port = (uint16_t)(1 + random_below(r, 65534));
        a.rtcp = a.rtp;
        a.rtcp.port++;
        a.direction = (enum sdp_direction)random_below(r, 4);
        a.ptime_ms = (uint8_t)random_below(r, 256);
        sdp_audio_add_codec(&a, first, random_below(r, 2) ? sdp_codec_static_pt(first) : 100);
        if (random_below(r, 2))
                sdp_audio_add_codec(&a, !first, sdp_codec_static_pt(!first));
        if (random_below(r, 2))
                a.dtmf_pt = (uint8_t)(101 + random_below(r, 27));
        return a;
}

static void what_is_written_reads_the_same(void **state)
{
        (void)state;
        struct random r;
        random_init_seeded(&r, 1);
        for (int i = 0; i < 20000; i++) {
                char text[1024];
                struct buf b;
                struct sdp_origin origin = {random_u64(&r), random_u64(&r)};
                struct sdp_audio ours = any_audio(&r);
                struct sdp read;
                buf_init(&b, text, sizeof text);
                sdp_write(&b, &origin, &ours, NULL);
                assert_true(buf_ok(&b));
                assert_int_equal(sdp_parse(buf_slice(&b), &read), 0);
                assert_true(read.has_audio);
                assert_true(addr_equal(&read.audio.rtp, &ours.rtp));
                assert_true(addr_equal(&read.audio.rtcp, &ours.rtcp));
                assert_int_equal(read.audio.direction, ours.direction);
                assert_int_equal(read.audio.ptime_ms, ours.ptime_ms);
                assert_int_equal(read.audio.dtmf_pt, ours.dtmf_pt);
                assert_int_equal(read.audio.codec_count, ours.codec_count);
                assert_memory_equal(read.audio.codecs, ours.codecs, ours.codec_count);
                for (int c = 0; c < ours.codec_count; c++)
                        assert_int_equal(read.audio.codec_pt[ours.codecs[c]],
                                         ours.codec_pt[ours.codecs[c]]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_ordinary_offer_is_read),
                cmocka_unit_test(static_payload_types_need_no_rtpmap),
                cmocka_unit_test(a_static_type_that_is_mapped_away_is_not_g711),
                cmocka_unit_test(dynamic_types_and_any_case_are_understood),
                cmocka_unit_test(only_events_at_8000_hz_are_taken),
                cmocka_unit_test(other_rates_and_channels_are_other_codecs),
                cmocka_unit_test(lines_may_end_in_lf_alone_or_in_nothing),
                cmocka_unit_test(the_media_level_connection_wins),
                cmocka_unit_test(ipv6_is_read),
                cmocka_unit_test(the_session_direction_is_inherited_and_overridden),
                cmocka_unit_test(the_old_hold_means_not_receiving),
                cmocka_unit_test(rtcp_may_be_elsewhere),
                cmocka_unit_test(rtcp_mux_is_noticed_and_leaves_a_fallback),
                cmocka_unit_test(secure_audio_is_told_apart),
                cmocka_unit_test(clear_audio_is_preferred_to_secure),
                cmocka_unit_test(attributes_of_other_media_do_not_count),
                cmocka_unit_test(unknown_and_unreadable_attributes_are_skipped),
                cmocka_unit_test(what_cannot_be_used_is_no_error),
                cmocka_unit_test(a_disabled_stream_has_port_0),
                cmocka_unit_test(bad_lines_refuse_the_whole),
                cmocka_unit_test(every_limit_is_kept),
                cmocka_unit_test(a_failure_leaves_the_result_alone),
                cmocka_unit_test(an_answer_keeps_the_offerers_order_and_types),
                cmocka_unit_test(an_answer_has_key_presses_only_if_both_want_them),
                cmocka_unit_test(no_common_codec_no_answer),
                cmocka_unit_test(directions_are_reversed_and_narrowed),
                cmocka_unit_test(what_we_write_is_minimal),
                cmocka_unit_test(an_answer_refuses_the_other_media),
                cmocka_unit_test(what_is_written_reads_the_same),
        };
        return RUN_TESTS(tests);
}
