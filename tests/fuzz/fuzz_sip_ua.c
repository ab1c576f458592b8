/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A conversation with a user agent. 0x01 and a letter is a step: '.' sends the text so far as one
 * datagram, the others are commands and passing time. 0x02 and a letter stands for something of the
 * message that the agent sent last, which no random input would guess.
 */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "io/io_sim.h"
#include "mutate_sip.h"
#include "sip/sip_core.h"

#define LEGS_MAX 4
#define WORD_MAX 128
#define PASSWORD "nobody-may-see-it"

struct words {
        char branch[WORD_MAX], call_id[WORD_MAX], from_tag[WORD_MAX], to_tag[WORD_MAX];
        char from[WORD_MAX], to[WORD_MAX];
        char invite_branch[WORD_MAX]; /* of the last INVITE */
        char rseq[16];                /* of the last reliable answer */
};

struct talk {
        struct sim_world *world;
        struct io *io, *peer_io;
        struct sip_trunks *trunks;
        struct sip_ua *ua;
        struct io_udp *peer;
        struct trunk trunk;
        bool is_told; /* the peer said the password itself, and may hear it again */
        struct sdp_audio ours;
        struct words words;
        struct sip_leg last;
        unsigned begun, ended;
        struct handle live[LEGS_MAX];
};

static struct addr address(const char *text)
{
        struct addr a;
        MUST(addr_parse(slice_from(text), 0, &a) == 0);
        return a;
}

static void begin(struct talk *t, struct sip_leg leg)
{
        MUST(handle_is_none(t->live[leg.h.index]));
        t->live[leg.h.index] = leg.h;
        t->last = leg;
        t->begun++;
}

static void must_live(struct talk *t, struct sip_leg leg)
{
        MUST(handle_equal(t->live[leg.h.index], leg.h));
}

static void on_invite(void *arg, struct sip_leg leg, const struct sip_invite *invite)
{
        MUST(invite->max_forwards > 0);
        MUST(invite->has_offer == (invite->offer != NULL));
        begin(arg, leg);
}

static void on_progress(void *arg, struct sip_leg leg, unsigned status, const struct sdp *sdp)
{
        (void)sdp;
        MUST(status > 100 && status < 200);
        must_live(arg, leg);
}

static void on_description(void *arg, struct sip_leg leg, const struct sdp *sdp)
{
        (void)sdp;
        must_live(arg, leg);
}

static void on_described(void *arg, struct sip_leg leg, const struct sdp_audio *ours,
                         const struct sdp *sdp)
{
        MUST(ours->codec_count > 0);
        MUST(sdp->has_audio);
        must_live(arg, leg);
}

static unsigned on_offer(void *arg, struct sip_leg leg, const struct sdp *offer,
                         struct sdp_audio *answer)
{
        struct talk *t = arg;
        must_live(t, leg);
        *answer = t->ours;
        return offer && offer->audio.is_secure ? 488 : 200;
}

static void on_dtmf_info(void *arg, struct sip_leg leg, char digit, unsigned duration_ms)
{
        must_live(arg, leg);
        MUST(strchr("0123456789*#ABCD", digit) && digit);
        MUST(duration_ms > 0 && duration_ms <= 5000);
}

static void on_ended(void *arg, struct sip_leg leg, const struct sip_end_info *end)
{
        struct talk *t = arg;
        (void)end;
        must_live(t, leg);
        t->live[leg.h.index] = (struct handle){0};
        t->ended++;
}

static const struct sip_ua_handler handler = {
        .on_invite = on_invite,
        .on_progress = on_progress,
        .on_answered = on_description,
        .on_confirmed = on_description,
        .on_offer = on_offer,
        .on_described = on_described,
        .on_dtmf_info = on_dtmf_info,
        .on_ended = on_ended,
};

static void keep_word(char *word, struct slice s)
{
        if (slice_to_text(s, word, WORD_MAX))
                word[0] = 0;
}

/*
 * What the agent sends is SIP by our own reader, but for a refusal: it repeats what was wrong with
 * the request, a From without tag.
 */
static bool has_password(struct slice data)
{
        return data.len && memmem(data.p, data.len, PASSWORD, strlen(PASSWORD));
}

static void on_sent(void *arg, const struct addr *from, struct slice data)
{
        struct talk *t = arg;
        static struct sip_msg msg;
        bool reply_possible;
        (void)from;
        MUST(t->is_told || !has_password(data));
        if (sip_msg_parse(data, &msg, &reply_possible)) {
                MUST(slice_starts_with(data, SLICE("SIP/2.0 4")) ||
                     slice_starts_with(data, SLICE("SIP/2.0 5")));
                return;
        }
        keep_word(t->words.branch, msg.vias[0].branch);
        if (msg.is_request && msg.method == SIP_INVITE)
                keep_word(t->words.invite_branch, msg.vias[0].branch);
        if (msg.rseq)
                snprintf(t->words.rseq, sizeof t->words.rseq, "%u", msg.rseq);
        keep_word(t->words.call_id, msg.call_id);
        keep_word(t->words.from_tag, msg.from.tag);
        keep_word(t->words.to_tag, msg.to.tag);
        keep_word(t->words.from, msg.from.uri.text);
        keep_word(t->words.to, msg.to.uri.text);
}

static void put_trunk(struct talk *t)
{
        MUST(sip_trunks_put(t->trunks, &t->trunk) == 0);
        MUST(sip_trunks_set_password(t->trunks, 1, SLICE(PASSWORD)) == 0);
}

static void open_talk(struct talk *t)
{
        const struct addr peer = address("192.0.2.10:5060");
        t->trunk = (struct trunk){
                .id = 1,
                .name = "fuzz",
                .peer_host = "192.0.2.10",
                .caller_from = TRUNK_CALLER_FROM_ASSERTED,
                .send_asserted = true,
                .plan = {"91", "00", "0", 10, 10},
                .username = "user",
                .register_s = 600,
        };
        MUST(sim_world_create(1, &t->world) == 0);
        MUST(io_create_sim(t->world, &t->io) == 0);
        MUST(io_create_sim(t->world, &t->peer_io) == 0);
        MUST(io_udp_open(t->peer_io, &peer, on_sent, t, &t->peer) == 0);
        MUST(sip_trunks_create(t->io, &t->trunks) == 0);
        put_trunk(t);
        t->ours = (struct sdp_audio){.rtp = address("198.51.100.1:40000"), .dtmf_pt = SDP_NO_PT};
        sdp_audio_add_codec(&t->ours, SDP_PCMA, 8);
        const struct sip_ua_params params = {
                .io = t->io,
                .trunks = t->trunks,
                .listen.udp = addr_pair_of(address("198.51.100.1:5060")),
                .legs_max = LEGS_MAX,
                .session_expires_s = 90,
                .transactions_max = 24,
                .handler = &handler,
                .arg = t,
        };
        MUST(sip_ua_create(&params, &t->ua) == 0);
}

static void close_talk(struct talk *t)
{
        for (uint32_t i = 0; i < LEGS_MAX; i++)
                sip_leg_hangup(t->ua, (struct sip_leg){t->live[i]});
        sip_ua_leave(t->ua);
        sim_world_run_ms(t->world, 200 * 1000);
        MUST(t->begun == t->ended);
        MUST(sip_ua_counters(t->ua)->legs == 0);
        MUST(sip_ua_counters(t->ua)->transactions == 0);
        MUST(sip_transactions_kept(t->ua->txs) == 0);
        MUST(sip_trunks_find(t->trunks, 1)->dialogs == 0);
        sip_ua_destroy(t->ua);
        sip_trunks_destroy(t->trunks);
        io_udp_close(t->peer);
        sim_world_destroy(t->world);
}

static void dial(struct talk *t)
{
        const struct sip_dial dial = {
                .trunk_id = 1,
                .to = {{UINT64_C(919888800001)}},
                .show = {{UINT64_C(919000000002)}},
                .offer = &t->ours,
                .max_forwards = 69,
        };
        struct sip_leg leg;
        if (!sip_ua_dial(t->ua, &dial, &leg))
                begin(t, leg);
}

static void step(struct talk *t, char what, struct slice text)
{
        switch (what) {
        case '.':
                t->is_told |= has_password(text);
                io_udp_send(t->peer, sip_ua_local(t->ua), text);
                break;
        case 'd':
                dial(t);
                break;
        case 'a':
                (void)!sip_leg_answer(t->ua, t->last, &t->ours);
                break;
        case 'p':
                (void)sip_leg_progress(t->ua, t->last, 183, &t->ours);
                break;
        case 'g':
                t->trunk.registers = !t->trunk.registers;
                put_trunk(t);
                break;
        case 'r':
                (void)sip_leg_reject(t->ua, t->last, 486, 0);
                break;
        case 'h':
                sip_leg_hangup(t->ua, t->last);
                break;
        case 's':
                sim_world_run_ms(t->world, 1000);
                break;
        case 'm':
                sim_world_run_ms(t->world, 60 * 1000);
                break;
        default:
                break;
        }
        sim_world_run_ms(t->world, 1);
}

static const char *word(const struct talk *t, char what)
{
        switch (what) {
        case 'B':
                return t->words.branch;
        case 'V':
                return t->words.invite_branch;
        case 'I':
                return t->words.call_id;
        case 'f':
                return t->words.from_tag;
        case 't':
                return t->words.to_tag;
        case 'F':
                return t->words.from;
        case 'T':
                return t->words.to;
        case 'Q':
                return t->words.rseq;
        default:
                return "";
        }
}

/* A mark at the very end has no letter, and is text. */
static size_t text_before_mark(const uint8_t *data, size_t size)
{
        size_t len = 0;
        while (len < size && ((data[len] != 1 && data[len] != 2) || len + 1 == size))
                len++;
        return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct talk talk = {0};
        static char text[65536];
        struct buf b;
        open_talk(&talk);
        buf_init(&b, text, sizeof text);
        for (size_t i = 0; i < size;) {
                size_t run = text_before_mark(data + i, size - i);
                buf_put(&b, data + i, run);
                i += run;
                if (i == size)
                        break;
                if (data[i] == 2) {
                        buf_put_text(&b, word(&talk, (char)data[i + 1]));
                } else {
                        step(&talk, (char)data[i + 1], buf_slice(&b));
                        buf_reset(&b);
                }
                i += 2;
        }
        close_talk(&talk);
        return 0;
}

#ifdef MASKLINE_FUZZ
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
        return mutate_sip_talk(data, size, size_max, seed, LLVMFuzzerMutate);
}
#endif
