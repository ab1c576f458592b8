/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After media_create() nothing is allocated: neither for a packet nor for a leg. Before that, each
 * allocation may fail. The loop is one of the test's own, with fixed tables, since the real ones
 * allocate where they may.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "../unit.h"
#include "base/buf.h"
#include "io/io.h"
#include "media/media.h"
#include "media/sound.h"
#include "wire/rtcp.h"
#include "wire/rtp.h"

/* ---- what is counted ---- */

static unsigned allocations;
static unsigned fail_at; /* the how-manieth one from now fails; 0: none */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *p, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes);

static bool fails(void)
{
        allocations++;
        return fail_at && --fail_at == 0;
}

void *__wrap_malloc(size_t bytes)
{
        return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
        return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *p, size_t bytes)
{
        return fails() ? NULL : __real_realloc(p, bytes);
}

/* ---- a loop without memory ---- */

#define SOCKETS 64
#define TIMERS  256

struct io_udp {
        struct addr local;
        io_udp_fn *fn;
        void *arg;
        unsigned sent;
};

static struct io_udp sockets[SOCKETS];
static unsigned socket_count;
static struct io_timer *timers[TIMERS];
static int64_t now_ms = 1000;
static struct random seeded;

int64_t io_now_ms(const struct io *io)
{
        (void)io;
        return now_ms;
}

struct random *io_random(struct io *io)
{
        (void)io;
        return &seeded;
}

void io_timer_stop(struct io *io, struct io_timer *timer)
{
        (void)io;
        for (int i = 0; i < TIMERS && timer->armed; i++) {
                if (timers[i] == timer)
                        timers[i] = NULL;
        }
        timer->armed = false;
}

void io_timer_start(struct io *io, struct io_timer *timer, int64_t delay_ms, void (*fn)(void *),
                    void *arg)
{
        io_timer_stop(io, timer);
        timer->due_ms = now_ms + delay_ms;
        timer->fn = fn;
        timer->arg = arg;
        timer->armed = true;
        int i = 0;
        while (timers[i])
                assert(++i < TIMERS);
        timers[i] = timer;
}

int io_udp_open(struct io *io, const struct addr *local, io_udp_fn *fn, void *arg,
                struct io_udp **out)
{
        (void)io;
        assert(socket_count < SOCKETS);
        *out = &sockets[socket_count++];
        **out = (struct io_udp){.local = *local, .fn = fn, .arg = arg};
        return 0;
}

void io_udp_close(struct io_udp *udp)
{
        (void)udp;
}

const struct addr *io_udp_local(const struct io_udp *udp)
{
        return &udp->local;
}

void io_udp_drain(struct io_udp *udp)
{
        (void)udp;
}

void io_udp_send(struct io_udp *udp, const struct addr *to, struct slice data)
{
        (void)to;
        (void)data;
        udp->sent++;
}

static void run_ms(int64_t ms)
{
        for (int64_t end = now_ms + ms; now_ms < end; now_ms++) {
                for (int i = 0; i < TIMERS; i++) {
                        struct io_timer *timer = timers[i];
                        if (!timer || timer->due_ms > now_ms)
                                continue;
                        timers[i] = NULL;
                        timer->armed = false;
                        timer->fn(timer->arg);
                }
        }
}

/* ---- the test ---- */

static unsigned told;

static void on_event(void *arg, struct media_leg leg, enum media_event event, char digit)
{
        (void)arg;
        (void)leg;
        (void)event;
        (void)digit;
        told++;
}

struct caller {
        struct media_leg leg;
        struct addr from;
        struct rtp next;
        struct io_udp *rtp, *rtcp; /* our side's */
};

static void open_caller(struct media *media, struct caller *caller, uint8_t host,
                        enum sdp_codec codec)
{
        *caller = (struct caller){
                .from = {.family = 4, .port = 4000, .ip = {198, 51, 100, host}},
                .next = {.payload_type = sdp_codec_static_pt(codec), .ssrc = host},
        };
        assert_int_equal(media_leg_open(media, (struct handle){1, 1}, &caller->leg), 0);
        struct addr local = media_leg_local(media, caller->leg).ip4;
        for (unsigned i = 0; i < socket_count; i++) {
                if (sockets[i].local.port == local.port)
                        caller->rtp = &sockets[i];
                if (sockets[i].local.port == local.port + 1)
                        caller->rtcp = &sockets[i];
        }
        struct media_stream stream = {.remote = {.rtp = caller->from, .dtmf_pt = 101}};
        stream.remote.rtcp = stream.remote.rtp;
        stream.remote.rtcp.port++;
        sdp_audio_add_codec(&stream.remote, codec, sdp_codec_static_pt(codec));
        media_leg_set(media, caller->leg, &stream);
}

static void send_packet(struct caller *caller, uint8_t payload_type, const char *payload,
                        size_t bytes)
{
        char packet[400];
        struct buf b;
        struct rtp rtp = caller->next;
        rtp.payload_type = payload_type;
        buf_init(&b, packet, sizeof packet);
        rtp_write(&b, &rtp);
        buf_put(&b, payload, bytes);
        caller->next.sequence++;
        caller->rtp->fn(caller->rtp->arg, &caller->from, buf_slice(&b));
}

static void send_audio(struct caller *caller)
{
        static const char payload[160];
        send_packet(caller, caller->next.payload_type, payload, sizeof payload);
        caller->next.timestamp += 160;
}

static void send_rtcp(struct caller *caller)
{
        char packet[256];
        struct buf b;
        struct addr from = caller->from;
        struct rtcp_sender sender = {1, 2, 3, 4, 5};
        from.port++;
        buf_init(&b, packet, sizeof packet);
        rtcp_write(&b, caller->next.ssrc, &sender, NULL, SLICE("someone"), false);
        caller->rtcp->fn(caller->rtcp->arg, &from, buf_slice(&b));
}

static void send_junk(struct caller *caller)
{
        struct addr stranger = {.family = 4, .port = 1, .ip = {203, 0, 113, 9}};
        static const char giant[3000] = {(char)0x80, 8};
        caller->rtp->fn(caller->rtp->arg, &stranger, SLICE("stranger"));
        caller->rtp->fn(caller->rtp->arg, &caller->from, SLICE("junk"));
        caller->rtp->fn(caller->rtp->arg, &caller->from, (struct slice){giant, sizeof giant});
        caller->rtcp->fn(caller->rtcp->arg, &caller->from, SLICE("junk"));
        send_packet(caller, 77, "x", 1);
}

static void press_key(struct caller *caller)
{
        send_packet(caller, 101, "\x05\x0a\x00\xa0", 4);
        run_ms(20);
        send_packet(caller, 101, "\x05\x8a\x01\x40", 4);
        caller->next.timestamp += 480;
}

/* A call from its first packet to its last. */
static void one_call(struct media *media)
{
        static const int16_t samples[4000];
        static const struct media_sound sound = {samples, 4000};
        struct caller a, b;
        open_caller(media, &a, 1, SDP_PCMA);
        open_caller(media, &b, 2, SDP_PCMU);
        media_leg_play(media, a.leg, &sound, 1);
        run_ms(1000);
        media_join(media, a.leg, b.leg);
        for (int i = 0; i < 500; i++) {
                send_audio(&a);
                send_audio(&b);
                run_ms(20);
                if (i % 50 == 0) {
                        send_rtcp(&a);
                        send_junk(&b);
                        press_key(&a);
                        media_leg_send_digit(media, a.leg, '9', 100);
                }
        }
        run_ms(70000);
        assert_true(a.rtp->sent > 400);
        assert_true(b.rtp->sent > 400);
        assert_true(b.rtcp->sent > 5);
        media_leg_close(media, a.leg);
        media_leg_close(media, b.leg);
}

static const struct media_params params = {
        .local_ips.ip4 = {.family = 4, .ip = {192, 0, 2, 1}},
        .port_min = 20000,
        .port_max = 20099,
        .legs_max = 4,
        .silence_timeout_ms = 60000,
        .on_event = on_event,
};

static void calls_allocate_nothing(void **state)
{
        (void)state;
        struct media *media;
        random_init_seeded(&seeded, 1);
        socket_count = 0;
        allocations = 0;
        assert_int_equal(media_create(&params, &media), 0);
        assert_true(allocations > 0); /* the counter counts */
        allocations = 0;
        for (int i = 0; i < 5; i++)
                one_call(media);
        assert_int_equal(allocations, 0);
        assert_int_equal(media_legs_in_use(media), 0);
        assert_int_equal(told, 5 * (1 + 10 + 2)); /* played, keys, both silent */
        media_destroy(media);
}

static void creation_may_fail_at_any_allocation(void **state)
{
        (void)state;
        struct media *media = NULL;
        unsigned n = 0;
        int err;
        do {
                socket_count = 0;
                fail_at = ++n;
                err = media_create(&params, &media);
                assert_true(err == 0 || err == -ENOMEM);
                assert_true(!err == !!media);
        } while (err);
        fail_at = 0;
        assert_in_range(n, 4, 20);
        media_destroy(media);
}

static void a_tone_may_fail_at_its_allocation(void **state)
{
        (void)state;
        struct sound sound = {0};
        fail_at = 1;
        assert_int_equal(sound_make_tone(SLICE("400*25/0.4"), &sound), -ENOMEM);
        assert_null(sound.memory);
        assert_int_equal(sound_make_tone(SLICE("400*25/0.4"), &sound), 0);
        sound_free(&sound);
}

int main(void)
{
        random_init_seeded(&seeded, 1);
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(calls_allocate_nothing),
                cmocka_unit_test(creation_may_fail_at_any_allocation),
                cmocka_unit_test(a_tone_may_fail_at_its_allocation),
        };
        return RUN_TESTS(tests);
}
