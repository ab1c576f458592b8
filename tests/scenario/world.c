/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <stdlib.h>

#include "../unit/unit.h"
#include "io/dns.h"
#include "sounds.h"
#include "wire/rtp.h"

/* ---- the tap: what each telephone hears ---- */

static void hear(struct phone *phone, struct slice datagram)
{
        struct rtp rtp;
        enum sound sound;
        if (rtp_parse(datagram, &rtp) ||
            !sound_recognise(rtp.payload, rtp.payload_type == 8 ? SDP_PCMA : SDP_PCMU, &sound))
                return;
        switch (sound) {
        case SOUND_RINGBACK:
                phone->heard_ringback++;
                return;
        case SOUND_ANNOUNCEMENT:
                phone->heard_refusal++;
                return;
        case SOUND_AGENT:
        case SOUND_CUSTOMER:
        case SOUND_STRANGER:
                phone->heard[sound]++; /* parties and voices have the same order */
                return;
        case SOUND_WARNING:
        case SOUND_OTHER:
        case SOUNDS:
                phone->heard_other++;
                return;
        }
}

static void on_datagram(void *arg, const struct addr *from, const struct addr *to,
                        struct slice data)
{
        struct world *world = arg;
        const struct addr *sip = &world->platform->sip;
        world->sip_datagrams += addr_equal(from, sip) || addr_equal(to, sip);
        if (!addr_equal_ip(from, &world->platform->sip))
                return;
        for (int who = 0; who < PHONES; who++) {
                struct phone *phone = &world->phones[who];
                struct addr rtp = {0};
                if (phone->has_media)
                        rtp = media_leg_local(phone->media, phone->media_leg).ip4;
                if (phone->has_media && addr_equal(&rtp, to))
                        hear(phone, data);
        }
}

/* ---- a telephone: our own floors below call/, used from the other side ---- */

static struct sdp_audio phone_audio(const struct phone *phone)
{
        struct addr rtp = media_leg_local(phone->media, phone->media_leg).ip4;
        struct addr rtcp = rtp;
        rtcp.port++;
        return (struct sdp_audio){
                .rtp = rtp,
                .rtcp = rtcp,
                .direction = SDP_SENDRECV,
                .codecs = {SDP_PCMA, SDP_PCMU},
                .codec_pt = {[SDP_PCMU] = 0, [SDP_PCMA] = 8},
                .codec_count = 2,
                .dtmf_pt = 96,
                .ptime_ms = 20,
        };
}

static void phone_open_media(struct phone *phone)
{
        assert_false(phone->has_media);
        assert_int_equal(media_leg_open(phone->media, (struct handle){1, 1}, &phone->media_leg), 0);
        phone->has_media = true;
        phone->local = phone_audio(phone);
}

static void phone_close_media(struct phone *phone)
{
        if (phone->has_media)
                media_leg_close(phone->media, phone->media_leg);
        phone->has_media = false;
}

static void phone_talk(struct phone *phone, const struct sdp *sdp)
{
        if (!sdp || !sdp->has_audio || !phone->has_media)
                return;
        struct media_stream stream = {.remote = sdp->audio};
        media_leg_set(phone->media, phone->media_leg, &stream);
        struct media_sound voice = sound_samples((enum sound)phone->who);
        media_leg_play(phone->media, phone->media_leg, &voice, 0);
}

static void answer_now(void *arg)
{
        struct phone *phone = arg;
        if (sip_leg_answer(phone->ua, phone->leg, &phone->local) == 0)
                phone->answered++;
}

static void phone_on_invite(void *arg, struct sip_leg leg, const struct sip_invite *invite)
{
        struct phone *phone = arg;
        phone->rang++;
        phone->shown = invite->caller.n.e164;
        if (phone->manner == IS_BUSY || phone->has_leg) {
                (void)sip_leg_reject(phone->ua, leg, 486, 0);
                return;
        }
        phone->leg = leg;
        phone->has_leg = true;
        phone_open_media(phone);
        struct sdp_audio ours = phone->local;
        if (invite->offer)
                assert_int_equal(
                        sdp_answer(&invite->offer->audio, &ours, SDP_SENDRECV, &phone->local), 0);
        phone_talk(phone, invite->offer);
        if (phone->manner == ANSWERS_AT_ONCE) {
                answer_now(phone);
                return;
        }
        (void)sip_leg_progress(phone->ua, leg, 180, NULL);
        if (phone->manner == ANSWERS)
                io_timer_start(phone->io, &phone->answer_timer, 1000, answer_now, phone);
}

static void phone_on_progress(void *arg, struct sip_leg leg, unsigned status, const struct sdp *sdp)
{
        (void)leg;
        (void)status;
        struct phone *phone = arg;
        phone->progressed++;
        phone_talk(phone, sdp);
}

static void phone_on_answered(void *arg, struct sip_leg leg, const struct sdp *sdp)
{
        (void)leg;
        struct phone *phone = arg;
        phone->answered++;
        phone->status = 200;
        phone_talk(phone, sdp);
}

static void phone_on_confirmed(void *arg, struct sip_leg leg, const struct sdp *sdp)
{
        (void)leg;
        (void)sdp;
        ((struct phone *)arg)->confirmed++;
}

static unsigned phone_on_offer(void *arg, struct sip_leg leg, const struct sdp *offer,
                               struct sdp_audio *answer)
{
        (void)leg;
        (void)offer;
        *answer = ((struct phone *)arg)->local;
        return 200;
}

static void phone_on_described(void *arg, struct sip_leg leg, const struct sdp_audio *ours,
                               const struct sdp *sdp)
{
        (void)ours;
        (void)arg;
        (void)leg;
        (void)sdp;
}

static void phone_on_dtmf_info(void *arg, struct sip_leg leg, char digit, unsigned duration_ms)
{
        (void)arg;
        (void)leg;
        (void)digit;
        (void)duration_ms;
}

static void phone_on_ended(void *arg, struct sip_leg leg, const struct sip_end_info *end)
{
        struct phone *phone = arg;
        if (!phone->has_leg || !handle_equal(phone->leg.h, leg.h))
                return; /* a call it had refused for being busy */
        phone->ended++;
        phone->how = end->how;
        if (end->how == SIP_END_REJECTED)
                phone->status = end->status;
        phone->has_leg = false;
        io_timer_stop(phone->io, &phone->answer_timer);
        phone_close_media(phone);
}

static const struct sip_ua_handler phone_handler = {
        .on_invite = phone_on_invite,
        .on_progress = phone_on_progress,
        .on_answered = phone_on_answered,
        .on_confirmed = phone_on_confirmed,
        .on_offer = phone_on_offer,
        .on_described = phone_on_described,
        .on_dtmf_info = phone_on_dtmf_info,
        .on_ended = phone_on_ended,
};

static void phone_on_media(void *arg, struct media_leg leg, enum media_event event, char digit)
{
        (void)leg;
        struct phone *phone = arg;
        if (event == MEDIA_DIGIT)
                phone->digits = phone->digits * 10 + (uint64_t)(digit - '0');
}

static void phone_create(struct world *world, enum who who, const char *at, uint64_t number)
{
        struct phone *phone = &world->phones[who];
        *phone = (struct phone){.world = world, .who = who, .number = number};
        phone->address = platform_addr(at);
        assert_int_equal(io_create_sim(world->platform->sim, &phone->io), 0);
        assert_int_equal(sip_trunks_create(phone->io, &phone->trunks), 0);
        struct trunk trunk = platform_trunk("maskline", &world->platform->sip, "127.0.0.1");
        trunk.id = 1;
        assert_int_equal(sip_trunks_put(phone->trunks, &trunk), 0);

        const struct sip_ua_params ua = {
                .io = phone->io,
                .trunks = phone->trunks,
                .listen.udp = addr_pair_of(phone->address),
                .legs_max = 4,
                .transactions_max = 64,
                .handler = &phone_handler,
                .arg = phone,
        };
        assert_int_equal(sip_ua_create(&ua, &phone->ua), 0);
        const struct media_params media = {
                .io = phone->io,
                .local_ips = addr_pair_of(phone->address),
                .port_min = (uint16_t)(30000 + 100 * who),
                .port_max = (uint16_t)(30099 + 100 * who),
                .legs_max = 4,
                .on_event = phone_on_media,
                .arg = phone,
        };
        assert_int_equal(media_create(&media, &phone->media), 0);
}

static void phone_destroy(struct phone *phone)
{
        assert_int_equal(sip_ua_counters(phone->ua)->legs, 0);
        assert_int_equal(sip_ua_counters(phone->ua)->transactions, 0);
        sip_ua_destroy(phone->ua);
        media_destroy(phone->media);
        sip_trunks_destroy(phone->trunks);
}

void phone_dial(struct phone *phone, uint64_t number)
{
        phone_open_media(phone);
        const struct sip_dial dial = {
                .trunk_id = 1,
                .to = {{number}},
                .show = {{phone->number}},
                .offer = &phone->local,
                .max_forwards = 70,
        };
        assert_int_equal(sip_ua_dial(phone->ua, &dial, &phone->leg), 0);
        phone->has_leg = true;
}

void phone_hangup(struct phone *phone)
{
        sip_leg_hangup(phone->ua, phone->leg);
}

void phone_vanish(struct phone *phone)
{
        phone_close_media(phone);
}

void phone_press(struct phone *phone, char digit)
{
        media_leg_send_digit(phone->media, phone->media_leg, digit, 100);
}

void phone_forget(struct phone *phone)
{
        struct phone fresh = *phone;
        memset(&fresh.rang, 0, sizeof fresh - offsetof(struct phone, rang));
        *phone = fresh;
}

/* ---- the world ---- */

/* Nobody is at the first. */
static void set_servers(void *arg)
{
        const struct world *world = arg;
        struct io *io = world->platform->io;
        const struct dns_srv srv[] = {
                {.priority = 1, .weight = 1, .port = 5079, .target = "s1.carrier.example"},
                {.priority = 2, .weight = 1, .port = 5072, .target = "s2.carrier.example"},
        };
        struct addr ip = platform_addr(SOUTH_IP ":0");
        for (int i = 0; i < 2; i++)
                assert_int_equal(dns_sim_set(io, slice_from(srv[i].target), &ip, 1, 60), 0);
        assert_int_equal(dns_sim_set_srv(io, SLICE("_sip._udp.carrier.example"), srv, 2, 60), 0);
}

static void add_west(struct platform *platform, struct trunk *south)
{
        const struct addr peer = platform_addr(SOUTH_IP ":5072");
        struct trunk west = platform_trunk("west", &peer, SOUTH_IP);
        platform_add_trunk(platform, &west);
        south->overflow[0] = west.id;
        south->overflow_count = 1;
}

static struct trunk south_by(struct platform *platform, enum way way)
{
        const struct addr peer = platform_addr(SOUTH_IP ":5072");
        const struct addr nobody = platform_addr(SOUTH_IP ":5079");
        bool overflows = way == WAY_OVERFLOW;
        struct trunk south = platform_trunk("south", overflows ? &nobody : &peer,
                                            overflows ? "127.0.0.97" : SOUTH_IP);
        south.failover_ms = 500;
        if (way == WAY_LINE) {
                south.calls_per_s = 1;
                south.queue_ms = 3000;
        }
        if (overflows)
                add_west(platform, &south);
        if (way == WAY_FAILOVER) {
                strcpy(south.peer_host, "carrier.example");
                south.peer_port = 0;
        }
        platform_add_trunk(platform, &south);
        return south;
}

static void provision(struct platform *platform, const struct world_options *options)
{
        struct addr peer = platform_addr(NORTH_IP ":5071");
        struct trunk north = platform_trunk("north", &peer, NORTH_IP);
        north.channels_max = options->channels_max;
        if (options->announcements_max)
                north.announcements_max = options->announcements_max;
        platform_add_trunk(platform, &north);
        platform_add_number(platform, M1, north.id);

        const struct trunk south = south_by(platform, options->way);
        platform_add_number(platform, M2, south.id);
}

struct world *world_create(const struct world_options *options)
{
        struct world *world = calloc(1, sizeof *world);
        assert_non_null(world);
        world->platform = platform_create(&(struct platform_options){
                .seed = options->seed,
                .network = options->network,
                .calls_max = options->calls_max,
                .same_pair_max = options->same_pair_max,
                .ring_timeout_ms = options->ring_timeout_ms,
                .call_ms_max = options->call_ms_max,
                .survives = options->survives,
                .commit_ms = options->commit_ms,
        });
        world->platform->on_datagram = on_datagram;
        world->platform->arg = world;
        world->platform->on_begin = set_servers;
        set_servers(world);
        provision(world->platform, options);

        phone_create(world, WHO_AGENT, NORTH_IP ":5071", AGENT);
        phone_create(world, WHO_CUSTOMER, SOUTH_IP ":5072", CUSTOMER);
        phone_create(world, WHO_STRANGER, NORTH_IP ":5073", STRANGER);
        world_run_ms(world, 100);
        return world;
}

void world_run_ms(struct world *world, int64_t ms)
{
        sim_world_run_ms(world->platform->sim, ms);
}

static bool is_quiet(const struct world *world)
{
        for (int who = 0; who < PHONES; who++) {
                const struct sip_ua_counters *ua = sip_ua_counters(world->phones[who].ua);
                if (world->phones[who].has_leg || ua->legs || ua->transactions)
                        return false;
        }
        return platform_is_quiet(world->platform);
}

void world_settle(struct world *world)
{
        for (int s = 0; s < 300 && !is_quiet(world); s++)
                world_run_ms(world, 1000);
        assert_true(is_quiet(world));
}

void world_destroy(struct world *world)
{
        world_settle(world);
        for (int who = 0; who < PHONES; who++)
                phone_destroy(&world->phones[who]);
        platform_destroy(world->platform, true);
        free(world);
}

uint64_t world_session(struct world *world, int64_t expires_in_ms)
{
        world->session = platform_session(world->platform, AGENT, CUSTOMER, M1, M2, expires_in_ms);
        world_run_ms(world, 10);
        return world->session;
}

void world_end_session(struct world *world)
{
        platform_end_session(world->platform, world->session);
        world_run_ms(world, 10);
}

struct records world_last_call(struct world *world)
{
        world_settle(world);
        return platform_records(world->platform, 0);
}
