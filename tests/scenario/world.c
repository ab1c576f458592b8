/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <spandsp.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "base/log.h"
#include "wire/rtp.h"

#define VOICE_SAMPLES  8000
#define RINGBACK_LEVEL 20000
#define REFUSAL_LEVEL  26000
#define REFUSAL_MS     2000

/* Levels far enough apart to be told from one another after A-law and mu-law. */
static const int16_t voice_level[PHONES] = {
        [WHO_AGENT] = 2000,
        [WHO_CUSTOMER] = 5000,
        [WHO_STRANGER] = 11000,
};

static int16_t samples_of_voice[PHONES][VOICE_SAMPLES];
static int16_t ringback_samples[VOICE_SAMPLES];
static int16_t refusal_samples[REFUSAL_MS * 8];

static void fill(int16_t *samples, size_t count, int16_t level)
{
        for (size_t i = 0; i < count; i++)
                samples[i] = level;
}

static void make_sounds(void)
{
        for (int who = 0; who < PHONES; who++)
                fill(samples_of_voice[who], VOICE_SAMPLES, voice_level[who]);
        fill(ringback_samples, VOICE_SAMPLES, RINGBACK_LEVEL);
        fill(refusal_samples, REFUSAL_MS * 8, REFUSAL_LEVEL);
}

static struct addr address(const char *text)
{
        struct addr a;
        assert_int_equal(addr_parse(slice_from(text), 0, &a), 0);
        return a;
}

/* ---- the tap: what each telephone hears, and what it must not see ---- */

static bool near(int16_t sample, int level)
{
        return sample > level - level / 8 && sample < level + level / 8;
}

static void hear(struct phone *phone, struct slice datagram)
{
        struct rtp rtp;
        if (rtp_parse(datagram, &rtp) || rtp.payload.len < 80)
                return;
        uint8_t code = (uint8_t)rtp.payload.p[rtp.payload.len / 2];
        int16_t sample = rtp.payload_type == 8 ? alaw_to_linear(code) : ulaw_to_linear(code);
        if (near(sample, RINGBACK_LEVEL)) {
                phone->heard_ringback++;
                return;
        }
        if (near(sample, REFUSAL_LEVEL)) {
                phone->heard_refusal++;
                return;
        }
        for (int who = 0; who < PHONES; who++) {
                if (near(sample, voice_level[who])) {
                        phone->heard[who]++;
                        return;
                }
        }
        phone->heard_other++;
}

static bool holds(struct slice data, const char *text)
{
        return memmem(data.p, data.len, text, strlen(text)) != NULL;
}

static bool holds_number(struct slice data, uint64_t number)
{
        char digits[24];
        snprintf(digits, sizeof digits, "%010llu", (unsigned long long)(number % 10000000000));
        return holds(data, digits);
}

/* What a side must not see: the numbers and the address of the other side. */
static bool leaks(const struct addr *to, struct slice data)
{
        bool to_north = to->ip[3] == 11;
        if (to_north)
                return holds_number(data, CUSTOMER) || holds(data, "127.0.0.12");
        return holds_number(data, AGENT) || holds_number(data, STRANGER) ||
               holds(data, "127.0.0.11");
}

static void mix(uint64_t *hash, const void *bytes, size_t len)
{
        const uint8_t *p = bytes;
        for (size_t i = 0; i < len; i++)
                *hash = (*hash ^ p[i]) * UINT64_C(0x100000001b3);
}

static void on_datagram(void *arg, const struct addr *from, const struct addr *to,
                        struct slice data)
{
        struct world *world = arg;
        if (from->ip[3] != 1)
                return;

        int64_t now_ms = sim_world_now_ms(world->sim);
        mix(&world->trace, &now_ms, sizeof now_ms);
        mix(&world->trace, data.p, data.len);
        world->datagrams++;
        if (leaks(to, data)) {
                world->leaks++;
                if (!world->blind)
                        print_error("leak to %s:\n%.*s\n", addr_format(to).text, SLICE_ARG(data));
        }
        for (int who = 0; who < PHONES; who++) {
                struct phone *phone = &world->phones[who];
                struct addr rtp = {0};
                if (phone->has_media)
                        rtp = media_leg_local(phone->media, phone->media_leg);
                if (phone->has_media && addr_equal(&rtp, to))
                        hear(phone, data);
        }
}

/* ---- a telephone: our own floors below call/, used from the other side ---- */

static struct sdp_audio phone_audio(const struct phone *phone)
{
        struct addr rtp = media_leg_local(phone->media, phone->media_leg);
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
        struct media_sound voice = {samples_of_voice[phone->who], VOICE_SAMPLES};
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

static struct trunk trunk_to(const char *name, const struct addr *peer, const char *source)
{
        struct trunk trunk = {
                .tenant_id = 1,
                .source_count = 1,
                .peer_port = peer->port,
                .number_form = NUMBER_PLUS,
                .plan = {"91", "00", "0", 10, 10},
                .announcements_max = 10,
        };
        snprintf(trunk.name, sizeof trunk.name, "%s", name);
        snprintf(trunk.peer_host, sizeof trunk.peer_host, "%s", addr_format_ip(peer).text);
        assert_int_equal(addr_prefix_parse(slice_from(source), &trunk.sources[0].prefix), 0);
        return trunk;
}

static void phone_create(struct world *world, enum who who, const char *at, uint64_t number)
{
        struct phone *phone = &world->phones[who];
        *phone = (struct phone){.world = world, .who = who, .number = number};
        phone->address = address(at);
        assert_int_equal(io_create_sim(world->sim, &phone->io), 0);
        assert_int_equal(sip_trunks_create(phone->io, &phone->trunks), 0);
        struct trunk trunk = trunk_to("maskline", &world->sip, "127.0.0.1");
        trunk.id = 1;
        assert_int_equal(sip_trunks_put(phone->trunks, &trunk), 0);

        const struct sip_ua_params ua = {
                .io = phone->io,
                .trunks = phone->trunks,
                .listen = phone->address,
                .legs_max = 4,
                .transactions_max = 64,
                .handler = &phone_handler,
                .arg = phone,
        };
        assert_int_equal(sip_ua_create(&ua, &phone->ua), 0);
        const struct media_params media = {
                .io = phone->io,
                .local_ip = phone->address,
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

static void on_done(void *arg, int err)
{
        (void)arg;
        assert_int_equal(err, 0);
}

static void add_trunk(struct world *world, struct trunk trunk, uint64_t number)
{
        assert_int_equal(directory_trunk_add(world->directory, &trunk, on_done, NULL), 0);
        assert_int_equal(sip_trunks_put(world->trunks, &trunk), 0);
        struct number_row row = {{{number}}, .tenant_id = 1, .trunk_id = trunk.id, .pool_id = 1};
        assert_int_equal(directory_number_add(world->directory, &row, on_done, NULL), 0);
}

static void provision(struct world *world, const struct world_options *options)
{
        struct addr north = address("127.0.0.11:5071"), south = address("127.0.0.12:5072");
        struct trunk trunk = trunk_to("north", &north, "127.0.0.11");
        trunk.channels_max = options->channels_max;
        if (options->announcements_max)
                trunk.announcements_max = options->announcements_max;
        add_trunk(world, trunk, M1);
        add_trunk(world, trunk_to("south", &south, "127.0.0.12"), M2);
}

static void open_calls(struct world *world, const struct world_options *options)
{
        const struct calls_params params = {
                .io = world->io,
                .directory = world->directory,
                .trunks = world->trunks,
                .listen = world->sip,
                .media_ip = world->rtp,
                .rtp_port_min = 20000,
                .rtp_port_max = 20199,
                .calls_max = 16,
                .calls_per_s_max = 4,
                .same_pair_max = options->same_pair_max ? options->same_pair_max : 2,
                .ring_timeout_ms = options->ring_timeout_ms ? options->ring_timeout_ms : 45000,
                .call_ms_max = options->call_ms_max ? options->call_ms_max : 14400000,
                .media_timeout_ms = 60000,
                .ringback = {ringback_samples, VOICE_SAMPLES},
                .refusal = {refusal_samples, REFUSAL_MS * 8},
        };
        char problem[512] = "";
        int err = calls_create(&params, &world->calls, problem);
        if (err)
                print_error("%s\n", problem);
        assert_int_equal(err, 0);
}

struct world *world_create(const struct world_options *options)
{
        log_set_level(LOG_ERROR);
        make_sounds();
        struct world *world = calloc(1, sizeof *world);
        assert_non_null(world);
        assert_int_equal(sim_world_create(options->seed, &world->sim), 0);
        sim_world_set_network(world->sim, &options->network);
        sim_world_on_datagram(world->sim, on_datagram, world);
        assert_int_equal(io_create_sim(world->sim, &world->io), 0);
        world->sip = address("127.0.0.1:5060");
        world->rtp = address("127.0.0.1:0");

        assert_int_equal(vault_create_memory(&world->vault), 0);
        assert_int_equal(store_memory_disk_create(&world->disk), 0);
        const struct store_memory_params memory = {
                .io = world->io, .vault = world->vault, .disk = world->disk};
        assert_int_equal(store_memory_open(&memory, &world->store), 0);
        const struct directory_params params = {
                .io = world->io, .sessions_max = 64, .numbers_max = 16, .quarantine_ms = 7200000};
        char problem[512] = "";
        assert_int_equal(
                directory_open_on(&params, world->vault, world->store, &world->directory, problem),
                0);
        assert_int_equal(sip_trunks_create(world->io, &world->trunks), 0);
        provision(world, options);
        open_calls(world, options);

        phone_create(world, WHO_AGENT, "127.0.0.11:5071", AGENT);
        phone_create(world, WHO_CUSTOMER, "127.0.0.12:5072", CUSTOMER);
        phone_create(world, WHO_STRANGER, "127.0.0.11:5073", STRANGER);
        world_run_ms(world, 100);
        return world;
}

void world_run_ms(struct world *world, int64_t ms)
{
        sim_world_run_ms(world->sim, ms);
}

static bool is_quiet(const struct world *world)
{
        if (calls_active(world->calls))
                return false;
        for (int who = 0; who < PHONES; who++) {
                const struct sip_ua_counters *ua = sip_ua_counters(world->phones[who].ua);
                if (world->phones[who].has_leg || ua->legs || ua->transactions)
                        return false;
        }
        struct calls_counters counters;
        calls_counters(world->calls, &counters);
        return counters.sip.legs == 0 && counters.sip.transactions == 0;
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
        struct calls_counters counters;
        calls_counters(world->calls, &counters);
        assert_int_equal(counters.media_legs, 0);
        for (int who = 0; who < PHONES; who++)
                phone_destroy(&world->phones[who]);
        calls_destroy(world->calls);
        sip_trunks_destroy(world->trunks);
        directory_close(world->directory);
        store_memory_disk_destroy(world->disk);
        sim_world_destroy(world->sim);
        free(world);
}

uint64_t world_session(struct world *world, int64_t expires_in_ms)
{
        struct session_create create = {
                .tenant_id = 1,
                .party = {{{AGENT}}, {{CUSTOMER}}},
                .given = {{{M1}}, {{M2}}},
                .expires_ms = expires_in_ms ? io_wall_ms(world->io) + expires_in_ms : 0,
        };
        struct session_view view;
        bool repeated;
        assert_int_equal(directory_session_create(world->directory, &create, &view, &repeated,
                                                  on_done, NULL),
                         0);
        world->session = view.id;
        world_run_ms(world, 10);
        return view.id;
}

void world_end_session(struct world *world)
{
        assert_int_equal(directory_session_end(world->directory, world->session, on_done, NULL), 0);
        world_run_ms(world, 10);
}

static void on_cdrs(void *arg, int err, const struct cdr *rows, uint32_t count)
{
        struct records *records = arg;
        assert_int_equal(err, 0);
        if (count == 0)
                return;
        /* Newest first: the last call is that of the first row. */
        for (uint32_t i = 0; i < count && records->count < 2; i++) {
                if (memcmp(&rows[i].call_id, &rows[0].call_id, sizeof rows[0].call_id) == 0) {
                        records->legs[rows[i].leg] = rows[i];
                        records->count++;
                }
        }
}

struct records world_last_call(struct world *world)
{
        struct records records = {0};
        world_settle(world);
        assert_int_equal(directory_cdrs_list(world->directory, 0, 0, 10, on_cdrs, &records), 0);
        world_run_ms(world, 10);
        return records;
}
