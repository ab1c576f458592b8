/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sdp.h"

#include <string.h>

#include "base/steps.h"
#include "wire/text.h"

#define SDP_PTS 128

static const struct {
        struct slice name;
        uint8_t static_pt;
} codec_table[SDP_CODECS] = {
        [SDP_PCMU] = {SLICE("PCMU"), 0},
        [SDP_PCMA] = {SLICE("PCMA"), 8},
};

const char *sdp_codec_name(enum sdp_codec codec)
{
        return codec_table[codec].name.p;
}

uint8_t sdp_codec_static_pt(enum sdp_codec codec)
{
        return codec_table[codec].static_pt;
}

bool sdp_direction_sends(enum sdp_direction d)
{
        return d == SDP_SENDRECV || d == SDP_SENDONLY;
}

bool sdp_direction_receives(enum sdp_direction d)
{
        return d == SDP_SENDRECV || d == SDP_RECVONLY;
}

static enum sdp_direction direction_from(bool sends, bool receives)
{
        if (sends)
                return receives ? SDP_SENDRECV : SDP_SENDONLY;
        return receives ? SDP_RECVONLY : SDP_INACTIVE;
}

enum sdp_direction sdp_direction_reverse(enum sdp_direction d)
{
        return direction_from(sdp_direction_receives(d), sdp_direction_sends(d));
}

bool sdp_audio_has_codec(const struct sdp_audio *audio, enum sdp_codec codec)
{
        return memchr(audio->codecs, codec, audio->codec_count) != NULL;
}

void sdp_audio_place(struct sdp_audio *audio, const struct addr *rtp)
{
        audio->rtp = audio->rtcp = *rtp;
        audio->rtcp.port = (uint16_t)(rtp->port + 1);
}

void sdp_audio_add_codec(struct sdp_audio *audio, enum sdp_codec codec, uint8_t pt)
{
        if (sdp_audio_has_codec(audio, codec))
                return;
        audio->codecs[audio->codec_count++] = (uint8_t)codec;
        audio->codec_pt[codec] = pt;
}

/* ---- reading ---- */

/* What a payload type of the m= line in progress means to us. */
enum pt_use {
        PT_UNKNOWN,
        PT_DTMF,
        PT_CODEC, /* PT_CODEC + enum sdp_codec */
};

/* How much we would like to take an m= line; the highest wins, the first among equals. */
enum rank {
        RANK_USELESS,
        RANK_DISABLED,
        RANK_SECURE,
        RANK_USABLE,
};

struct parser {
        struct sdp *sdp;
        unsigned lines;
        /* of the session, inherited by each m= line */
        struct addr session_ip;
        enum sdp_direction session_direction;
        /* of the m= line in progress */
        bool in_audio; /* an audio line over RTP; the attributes of others are skipped */
        struct sdp_audio audio;
        uint8_t pts[SDP_FORMATS_MAX];
        uint8_t pt_count;
        uint8_t pt_use[SDP_PTS];
        struct text_cursor rtcp; /* value of a=rtcp: the address it lacks may come after it */
        enum rank best;
};

#define IS_VISIBLE(c)  ((c) > ' ' && (c) <= '~')
#define IS_NAME(c)     (IS_VISIBLE(c) && (c) != ':')
#define IS_ENCODING(c) (IS_VISIBLE(c) && (c) != '/')

static const struct text_class visible = TEXT_CLASS(IS_VISIBLE);
static const struct text_class attribute_name = TEXT_CLASS(IS_NAME);
static const struct text_class encoding_name = TEXT_CLASS(IS_ENCODING);

static void skip_blanks(struct text_cursor *c)
{
        while (text_at(c, ' ') || text_at(c, '\t'))
                c->p++;
}

static inline void skip_spaces(struct text_cursor *c)
{
        while (text_at(c, ' '))
                c->p++;
}

static inline bool is_word_end(const struct text_cursor *c)
{
        return text_at_end(c) || *c->p == ' ';
}

/* The next word, empty when there is none or it is not readable. Several spaces count as one. */
static inline struct slice next_word(struct text_cursor *c)
{
        skip_spaces(c);
        struct slice word = text_take(c, &visible);
        return is_word_end(c) ? word : SLICE_NONE;
}

static inline bool take_slash(struct text_cursor *c)
{
        if (!text_at(c, '/'))
                return false;
        c->p++;
        return true;
}

/* Nothing but blanks is left. */
static inline bool is_done(struct text_cursor *c)
{
        skip_blanks(c);
        return text_at_end(c);
}

static bool is_unicast(const struct addr *a)
{
        if (a->family == 4)
                return a->ip[0] < 224;
        return a->family == 6 && a->ip[0] != 0xff;
}

/*
 * "IN IP4 192.0.2.1". What we cannot send to (a name, multicast, another network type) gives
 * family 0: well formed, but of no use.
 */
static int parse_connection(struct text_cursor *c, struct addr *out)
{
        struct slice net = next_word(c);
        struct slice type = next_word(c);
        struct slice host = next_word(c);
        skip_spaces(c);
        if (!net.len || !type.len || !host.len || !text_at_end(c))
                return ERR_SYNTAX;

        struct addr ip = {0};
        uint8_t family = text_is_word(type, SLICE("ip4"))   ? 4
                         : text_is_word(type, SLICE("ip6")) ? 6
                                                            : 0;
        if (!text_is_word(net, SLICE("in")) || addr_parse_ip(host, &ip) || ip.family != family ||
            !is_unicast(&ip))
                ip = (struct addr){0};
        *out = ip;
        return 0;
}

static bool parse_direction(struct slice name, enum sdp_direction *out)
{
        static const struct {
                struct slice name;
                enum sdp_direction direction;
        } table[] = {
                {SLICE("sendrecv"), SDP_SENDRECV},
                {SLICE("sendonly"), SDP_SENDONLY},
                {SLICE("recvonly"), SDP_RECVONLY},
                {SLICE("inactive"), SDP_INACTIVE},
        };
        for (size_t i = 0; name.len == 8 && i < sizeof table / sizeof *table; i++) {
                if (text_is_word(name, table[i].name)) {
                        *out = table[i].direction;
                        return true;
                }
        }
        return false;
}

static uint8_t use_of(struct slice name)
{
        if (text_is_word(name, SLICE("telephone-event")))
                return PT_DTMF;
        for (int codec = 0; codec < SDP_CODECS; codec++) {
                if (text_is_word(name, codec_table[codec].name))
                        return (uint8_t)(PT_CODEC + codec);
        }
        return PT_UNKNOWN;
}

/* "101 telephone-event/8000": only 8,000 Hz, one channel. */
static void parse_rtpmap(struct parser *p, struct text_cursor *c)
{
        uint32_t pt;
        skip_spaces(c);
        if (!text_take_u32(c, SDP_PTS - 1, &pt) || !text_at(c, ' '))
                return;

        skip_spaces(c);
        struct slice name = text_take(c, &encoding_name);
        if (!name.len || !take_slash(c))
                return;
        struct slice clock = text_take(c, &encoding_name);
        struct slice channels = take_slash(c) ? text_take(c, &visible) : SLICE_NONE;
        if (!clock.len || !is_word_end(c))
                return;
        bool is_telephony = text_is_same(clock, SLICE("8000")) &&
                            (!channels.len || text_is_same(channels, SLICE("1")));
        p->pt_use[pt] = is_telephony ? use_of(name) : PT_UNKNOWN;
}

static void parse_ptime(struct parser *p, struct text_cursor *c)
{
        uint32_t ms;
        skip_blanks(c);
        if (text_take_u32(c, 255, &ms) && is_done(c))
                p->audio.ptime_ms = (uint8_t)ms;
}

/* "53020" or "53020 IN IP4 192.0.2.7" (RFC 3605). */
static void parse_rtcp(struct text_cursor *c, struct addr *rtcp)
{
        uint32_t port;
        skip_spaces(c);
        if (!text_take_u32(c, UINT16_MAX, &port) || port == 0 || !is_word_end(c))
                return;

        struct addr ip = *rtcp;
        if (!is_done(c) && (parse_connection(c, &ip) || ip.family == 0))
                return;
        *rtcp = ip;
        rtcp->port = (uint16_t)port;
}

static void parse_attribute(struct parser *p, struct text_cursor *c)
{
        skip_blanks(c);
        struct slice name = text_take(c, &attribute_name);
        skip_blanks(c);
        bool has_value = text_at(c, ':');
        if (!has_value && !text_at_end(c))
                return;
        c->p += has_value;

        if (p->sdp->media_count == 0) {
                parse_direction(name, &p->session_direction);
                return;
        }
        if (!p->in_audio || parse_direction(name, &p->audio.direction))
                return;

        if (text_is_word(name, SLICE("rtpmap")))
                parse_rtpmap(p, c);
        else if (text_is_word(name, SLICE("ptime")))
                parse_ptime(p, c);
        else if (text_is_word(name, SLICE("rtcp")))
                p->rtcp = *c;
        else if (text_is_word(name, SLICE("rtcp-mux")))
                p->audio.rtcp_mux = true;
}

static void collect_codecs(struct parser *p)
{
        p->audio.dtmf_pt = SDP_NO_PT;
        for (int i = 0; i < p->pt_count; i++) {
                uint8_t use = p->pt_use[p->pts[i]];
                if (use >= PT_CODEC)
                        sdp_audio_add_codec(&p->audio, use - PT_CODEC, p->pts[i]);
                else if (use == PT_DTMF && p->audio.dtmf_pt == SDP_NO_PT)
                        p->audio.dtmf_pt = p->pts[i];
        }
}

static enum rank rank_of(const struct sdp_audio *audio)
{
        if (audio->rtp.port == 0)
                return RANK_DISABLED;
        if (audio->is_secure)
                return RANK_SECURE;
        return audio->rtp.family && audio->codec_count ? RANK_USABLE : RANK_USELESS;
}

/* The m= line in progress is complete: take it if it is better than the best so far. */
static void finish_media(struct parser *p)
{
        if (!p->in_audio)
                return;
        p->in_audio = false;

        struct sdp_audio *audio = &p->audio;
        collect_codecs(p);
        audio->rtcp = audio->rtp;
        audio->rtcp.port = (uint16_t)(audio->rtp.port ? audio->rtp.port + 1 : 0);
        parse_rtcp(&p->rtcp, &audio->rtcp);
        if (addr_is_any(&audio->rtp))
                audio->direction = direction_from(sdp_direction_sends(audio->direction), false);

        enum rank rank = rank_of(audio);
        if (rank <= p->best)
                return;
        p->best = rank;
        p->sdp->audio = *audio;
        p->sdp->audio_index = (uint8_t)(p->sdp->media_count - 1);
        p->sdp->has_audio = true;
}

/* RTP/AVP and its kin. The profile with feedback is fine: we send none (RFC 4585 4). */
static bool parse_profile(struct slice proto, bool *is_secure)
{
        static const struct {
                struct slice proto;
                bool is_secure;
        } table[] = {
                {SLICE("RTP/AVP"), false},         {SLICE("RTP/AVPF"), false},
                {SLICE("RTP/SAVP"), true},         {SLICE("RTP/SAVPF"), true},
                {SLICE("UDP/TLS/RTP/SAVP"), true}, {SLICE("UDP/TLS/RTP/SAVPF"), true},
        };
        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
                if (text_is_word(proto, table[i].proto)) {
                        *is_secure = table[i].is_secure;
                        return true;
                }
        }
        return false;
}

static int parse_formats(struct parser *p, struct text_cursor *c)
{
        for (skip_spaces(c); !text_at_end(c); skip_spaces(c)) {
                uint32_t pt;
                if (p->pt_count == SDP_FORMATS_MAX)
                        return ERR_TOO_LARGE;
                if (!text_take_u32(c, SDP_PTS - 1, &pt) || !is_word_end(c))
                        return ERR_SYNTAX;
                p->pts[p->pt_count++] = (uint8_t)pt;
        }
        return 0;
}

static void start_audio(struct parser *p, uint16_t port, bool is_secure)
{
        p->in_audio = true;
        p->audio = (struct sdp_audio){
                .rtp = p->session_ip,
                .is_secure = is_secure,
                .direction = p->session_direction,
        };
        p->audio.rtp.port = port;
        p->pt_count = 0;
        p->rtcp = text_cursor(SLICE_NONE);
        memset(p->pt_use, PT_UNKNOWN, sizeof p->pt_use);
        for (int codec = 0; codec < SDP_CODECS; codec++)
                p->pt_use[codec_table[codec].static_pt] = (uint8_t)(PT_CODEC + codec);
}

/* "49170" or "49170/2": of several ports the first is the one we use. */
static bool take_ports(struct text_cursor *c, uint32_t *port)
{
        uint32_t unused;
        skip_spaces(c);
        if (!text_take_u32(c, UINT16_MAX, port))
                return false;
        return !take_slash(c) || text_take_u32(c, UINT16_MAX, &unused);
}

/* "audio 49170 RTP/AVP 0 8 101" */
static int parse_media(struct parser *p, struct text_cursor *c)
{
        struct sdp *sdp = p->sdp;
        finish_media(p);
        if (sdp->media_count == SDP_MEDIA_MAX)
                return ERR_TOO_LARGE;

        uint32_t port;
        struct slice media = next_word(c);
        if (!media.len || !take_ports(c, &port) || !text_at(c, ' '))
                return ERR_SYNTAX;
        struct slice proto = next_word(c);
        struct text_cursor formats = *c;
        struct slice format = next_word(c);
        if (!proto.len || !format.len)
                return ERR_SYNTAX;

        struct sdp_media *entry = &sdp->media[sdp->media_count];
        if (slice_to_text(media, entry->media, sizeof entry->media) ||
            slice_to_text(proto, entry->proto, sizeof entry->proto) ||
            slice_to_text(format, entry->format, sizeof entry->format))
                return ERR_TOO_LARGE;
        sdp->media_count++;

        bool is_secure = false;
        if (!text_is_word(media, SLICE("audio")) || !parse_profile(proto, &is_secure))
                return 0;
        start_audio(p, (uint16_t)port, is_secure);
        return parse_formats(p, &formats);
}

static int parse_connection_line(struct parser *p, struct text_cursor *c)
{
        struct addr ip = {0};
        int err = parse_connection(c, &ip);
        if (err)
                return err;
        if (p->sdp->media_count == 0) {
                p->session_ip = ip;
        } else if (p->in_audio) {
                ip.port = p->audio.rtp.port;
                p->audio.rtp = ip;
        }
        return 0;
}

static int parse_version(struct text_cursor *c)
{
        skip_blanks(c);
        if (!text_at(c, '0'))
                return ERR_SYNTAX;
        c->p++;
        return is_done(c) ? 0 : ERR_SYNTAX;
}

/* The cursor holds the line. */
static int parse_line(struct parser *p, struct text_cursor *c)
{
        if (++p->lines > SDP_LINES_MAX)
                return ERR_TOO_LARGE;
        if (c->end - c->p < 2 || c->p[0] < 'a' || c->p[0] > 'z' || c->p[1] != '=')
                return ERR_SYNTAX;

        char type = c->p[0];
        if ((type == 'v') != (p->lines == 1))
                return ERR_SYNTAX;

        c->p += 2;
        switch (type) {
        case 'v':
                return parse_version(c);
        case 'c':
                return parse_connection_line(p, c);
        case 'm':
                return parse_media(p, c);
        case 'a':
                parse_attribute(p, c);
                return 0;
        default:
                return 0;
        }
}

/* A line that ends in LF, or in nothing; or has a tab. A CR elsewhere ends no line we know. */
static __attribute__((noinline)) int next_odd_line(struct text_scan *scan, struct text_cursor *line)
{
        const char *p;
        for (;;) {
                p = text_next_control(scan);
                if (p == scan->end || *p == '\n')
                        break;
                if (*p == '\0' || (*p == '\r' && (scan->end - p < 2 || p[1] != '\n')))
                        return ERR_SYNTAX;
                text_go_on_at(scan, p + 1);
        }
        line->p = scan->p;
        line->end = p > line->p && p[-1] == '\r' ? p - 1 : p;
        scan->p = p;
        if (p < scan->end) {
                scan->p++;
                text_go_on_at(scan, scan->p);
        }
        return 0;
}

static inline int next_line(struct text_scan *scan, struct text_cursor *line)
{
        const char *start = scan->p;
        const char *end = text_take_plain_end(scan);
        if (!end)
                return next_odd_line(scan, line);
        line->p = start;
        line->end = end;
        return 0;
}

static struct slice without_empty_lines_at_end(struct slice s)
{
        while (s.len && (s.p[s.len - 1] == '\n' || s.p[s.len - 1] == '\r'))
                s.len--;
        return s;
}

static int read_description(struct slice text, struct sdp *out)
{
        /* Field by field: to clear what is written before it is read would cost as much as reading. */
        struct sdp sdp;
        struct parser p;
        p.sdp = &sdp;
        p.lines = 0;
        p.session_ip = (struct addr){0};
        p.session_direction = SDP_SENDRECV;
        p.in_audio = false;
        p.best = RANK_USELESS;
        sdp.audio = (struct sdp_audio){0};
        sdp.media_count = sdp.audio_index = 0;
        sdp.has_audio = false;

        struct text_cursor line = text_cursor(text);
        struct text_scan scan = text_scan(text_cursor(without_empty_lines_at_end(text)));
        do {
                int err = next_line(&scan, &line);
                if (!err)
                        err = parse_line(&p, &line);
                if (err)
                        return err;
        } while (scan.p < scan.end);

        finish_media(&p);
        out->audio = sdp.audio;
        out->media_count = sdp.media_count;
        out->audio_index = sdp.audio_index;
        out->has_audio = sdp.has_audio;
        memcpy(out->media, sdp.media, sdp.media_count * sizeof *sdp.media);
        return 0;
}

int sdp_parse(struct slice text, struct sdp *out)
{
        if (text.len > SDP_BYTES_MAX)
                return ERR_TOO_LARGE;

        uint64_t before = steps_taken();
        int err = read_description(text, out);
        steps_assert_bounded(before, text.len);
        return err;
}

/* ---- answering ---- */

int sdp_answer(const struct sdp_audio *offer, const struct sdp_audio *ours, enum sdp_direction want,
               struct sdp_audio *out)
{
        if (offer->is_secure || offer->rtp.port == 0)
                return ERR_MEDIA;

        struct sdp_audio answer = {
                .rtp = ours->rtp,
                .rtcp = ours->rtcp,
                .ptime_ms = ours->ptime_ms,
                .dtmf_pt = ours->dtmf_pt == SDP_NO_PT ? SDP_NO_PT : offer->dtmf_pt,
        };
        for (int i = 0; i < offer->codec_count; i++) {
                enum sdp_codec codec = offer->codecs[i];
                if (sdp_audio_has_codec(ours, codec))
                        sdp_audio_add_codec(&answer, codec, offer->codec_pt[codec]);
        }
        if (answer.codec_count == 0)
                return ERR_MEDIA;

        enum sdp_direction can = sdp_direction_reverse(offer->direction);
        answer.direction =
                direction_from(sdp_direction_sends(can) && sdp_direction_sends(want),
                               sdp_direction_receives(can) && sdp_direction_receives(want));
        *out = answer;
        return 0;
}

/* ---- writing ---- */

static void put_connection(struct buf *b, const struct addr *a)
{
        buf_put_text(b, a->family == 6 ? "IN IP6 " : "IN IP4 ");
        buf_put_text(b, addr_format_ip(a).text);
        buf_put_text(b, "\r\n");
}

static void put_session(struct buf *b, const struct sdp_origin *origin, const struct addr *ip)
{
        buf_put_text(b, "v=0\r\no=- ");
        buf_put_u64(b, origin->session_id);
        buf_put_char(b, ' ');
        buf_put_u64(b, origin->version);
        buf_put_char(b, ' ');
        put_connection(b, ip);
        buf_put_text(b, "s=-\r\nc=");
        put_connection(b, ip);
        buf_put_text(b, "t=0 0\r\n");
}

static void put_rtpmap(struct buf *b, uint8_t pt, const char *name)
{
        buf_put_text(b, "a=rtpmap:");
        buf_put_u64(b, pt);
        buf_put_char(b, ' ');
        buf_put_text(b, name);
        buf_put_text(b, "/8000\r\n");
}

static void put_audio(struct buf *b, const struct sdp_audio *audio, const char *proto)
{
        static const char *const directions[] = {
                [SDP_SENDRECV] = "a=sendrecv\r\n",
                [SDP_SENDONLY] = "a=sendonly\r\n",
                [SDP_RECVONLY] = "a=recvonly\r\n",
                [SDP_INACTIVE] = "a=inactive\r\n",
        };

        buf_put_text(b, "m=audio ");
        buf_put_u64(b, audio->rtp.port);
        buf_put_char(b, ' ');
        buf_put_text(b, proto);
        for (int i = 0; i < audio->codec_count; i++) {
                buf_put_char(b, ' ');
                buf_put_u64(b, audio->codec_pt[audio->codecs[i]]);
        }
        if (audio->dtmf_pt != SDP_NO_PT) {
                buf_put_char(b, ' ');
                buf_put_u64(b, audio->dtmf_pt);
        }
        buf_put_text(b, "\r\n");

        for (int i = 0; i < audio->codec_count; i++)
                put_rtpmap(b, audio->codec_pt[audio->codecs[i]], sdp_codec_name(audio->codecs[i]));
        if (audio->dtmf_pt != SDP_NO_PT) {
                put_rtpmap(b, audio->dtmf_pt, "telephone-event");
                buf_put_text(b, "a=fmtp:");
                buf_put_u64(b, audio->dtmf_pt);
                buf_put_text(b, " 0-15\r\n");
        }
        if (audio->ptime_ms) {
                buf_put_text(b, "a=ptime:");
                buf_put_u64(b, audio->ptime_ms);
                buf_put_text(b, "\r\n");
        }
        buf_put_text(b, directions[audio->direction]);
}

/* RFC 3264 6: port 0; some format has to stand there. */
static void put_refused(struct buf *b, const struct sdp_media *media)
{
        buf_put_text(b, "m=");
        buf_put_text(b, media->media);
        buf_put_text(b, " 0 ");
        buf_put_text(b, media->proto);
        buf_put_char(b, ' ');
        buf_put_text(b, media->format);
        buf_put_text(b, "\r\n");
}

void sdp_write(struct buf *b, const struct sdp_origin *origin, const struct sdp_audio *ours,
               const struct sdp *answered)
{
        put_session(b, origin, &ours->rtp);
        if (!answered) {
                put_audio(b, ours, "RTP/AVP");
                return;
        }
        for (int i = 0; i < answered->media_count; i++) {
                const struct sdp_media *media = &answered->media[i];
                if (answered->has_audio && i == answered->audio_index && ours->rtp.port)
                        put_audio(b, ours, media->proto);
                else
                        put_refused(b, media);
        }
}
