/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maskline is killed between any two steps of a masked call and starts again: the call goes on or
 * ends as it would have ended, and each leg is recorded once.
 *
 * One moment after another is tried: after each step in which signalling was sent, after some of
 * those in between, and within a step before and after each message that leaves. What a crash keeps
 * are the key files, the disk and the slots.
 */
#include <stdlib.h>

#include "../unit/call/crash_values.h"
#include "../unit/unit.h"
#include "core/audit_entry.h"
#include "raw.h"
#include "world.h"

#define MEDIA_STEPS 40 /* a moment in the midst of media, once in so many steps */

enum plot {
        CALLER_HANGS_UP,
        CALLEE_HANGS_UP,
        CALLER_GIVES_UP,
        CALLEE_IS_BUSY,
        NOBODY_ANSWERS,
        STRANGER_CALLS,
        WAITS_IN_LINE, /* and hangs up as CALLER_HANGS_UP, and the next two */
        OVERFLOWS,
        FAILS_OVER,
        GIVES_UP_IN_LINE,
        PLOTS,
};

static const char *const plot_names[PLOTS] = {
        [CALLER_HANGS_UP] = "the caller hangs up", [CALLEE_HANGS_UP] = "the callee hangs up",
        [CALLER_GIVES_UP] = "the caller gives up", [CALLEE_IS_BUSY] = "the callee is busy",
        [NOBODY_ANSWERS] = "nobody answers",       [STRANGER_CALLS] = "a stranger calls",
        [WAITS_IN_LINE] = "the caller waits",      [OVERFLOWS] = "another trunk",
        [FAILS_OVER] = "another server",           [GIVES_UP_IN_LINE] = "the caller waits in vain",
};

/* When the telephones do what they do, from the moment of dialling. */
#define GIVES_UP_MS   500
#define HANGS_UP_MS   4000
#define RING_MS       5000
#define MUCH_LATER_MS 60000

struct run {
        struct world *world;
        enum plot plot;
        int64_t gap_ms;
        int64_t begin_ms;
        bool has_hung_up;
        uint32_t steps_in_a_row;
        struct io_timer alarm;
        uint32_t heard_before[2]; /* by the caller and the callee, when it crashed */
};

static struct phone *phone_of(const struct run *run, enum who who)
{
        return &run->world->phones[who];
}

static struct phone *caller_of(const struct run *run)
{
        return phone_of(run, run->plot == STRANGER_CALLS ? WHO_STRANGER : WHO_AGENT);
}

static int64_t now_ms(const struct run *run)
{
        return sim_world_now_ms(run->world->platform->sim) - run->begin_ms;
}

static bool has_line(enum plot plot)
{
        return plot == WAITS_IN_LINE || plot == GIVES_UP_IN_LINE;
}

static bool gives_up(enum plot plot)
{
        return plot == CALLER_GIVES_UP || plot == GIVES_UP_IN_LINE;
}

static bool hangs_up(enum plot plot)
{
        return plot == CALLER_HANGS_UP || plot == CALLEE_HANGS_UP || plot == WAITS_IN_LINE ||
               plot == OVERFLOWS || plot == FAILS_OVER;
}

static void act(struct run *run)
{
        struct phone *who =
                run->plot == CALLEE_HANGS_UP ? phone_of(run, WHO_CUSTOMER) : caller_of(run);
        int64_t at_ms = gives_up(run->plot) ? GIVES_UP_MS : HANGS_UP_MS;
        bool acts = gives_up(run->plot) || hangs_up(run->plot);
        if (!acts || run->has_hung_up || now_ms(run) < at_ms)
                return;
        run->has_hung_up = true;
        if (who->has_leg)
                phone_hangup(who);
}

static bool is_over(const struct run *run)
{
        return calls_active(run->world->platform->calls) == 0 && now_ms(run) > HANGS_UP_MS;
}

/* One step; true when it is a moment at which to crash. */
static bool step(struct run *run)
{
        uint32_t before = run->world->sip_datagrams;
        act(run);
        if (!sim_world_step(run->world->platform->sim))
                world_run_ms(run->world, 1000);
        bool is_sip = run->world->sip_datagrams != before;
        run->steps_in_a_row = is_sip ? 0 : run->steps_in_a_row + 1;
        return is_sip || run->steps_in_a_row % MEDIA_STEPS == MEDIA_STEPS - 1;
}

/* In the line nothing happens: there is to be a step when the caller gives up. */
static void on_alarm(void *arg)
{
        (void)arg;
}

/* Another call has its turn first. */
static void go_before(struct run *run)
{
        phone_of(run, WHO_CUSTOMER)->manner = IS_BUSY;
        phone_dial(phone_of(run, WHO_AGENT), M1);
        world_run_ms(run->world, 200);
        assert_int_equal(phone_of(run, WHO_AGENT)->status, 486);
        assert_int_equal(calls_active(run->world->platform->calls), 0);
        phone_forget(phone_of(run, WHO_AGENT));
        phone_forget(phone_of(run, WHO_CUSTOMER));
}

static void begin(struct run *run, enum plot plot, const struct world_options *options)
{
        static const enum manner manners[PLOTS] = {
                [CALLER_GIVES_UP] = RINGS_FOREVER,
                [NOBODY_ANSWERS] = RINGS_FOREVER,
                [CALLEE_IS_BUSY] = IS_BUSY,
        };
        static const enum way ways[PLOTS] = {
                [WAITS_IN_LINE] = WAY_LINE,
                [GIVES_UP_IN_LINE] = WAY_LINE,
                [OVERFLOWS] = WAY_OVERFLOW,
                [FAILS_OVER] = WAY_FAILOVER,
        };
        struct world_options own = *options;
        own.way = ways[plot];
        *run = (struct run){.world = world_create(&own), .plot = plot};
        world_session(run->world, 0);
        world_run_ms(run->world, 10 * options->commit_ms);
        if (has_line(plot))
                go_before(run);
        phone_of(run, WHO_CUSTOMER)->manner = manners[plot];
        run->begin_ms = sim_world_now_ms(run->world->platform->sim);
        phone_dial(caller_of(run), M1);
        io_timer_start(caller_of(run)->io, &run->alarm, GIVES_UP_MS, on_alarm, run);
}

static void crash(struct run *run)
{
        run->heard_before[0] = phone_of(run, WHO_AGENT)->heard[WHO_CUSTOMER];
        run->heard_before[1] = phone_of(run, WHO_CUSTOMER)->heard[WHO_AGENT];
        platform_crash(run->world->platform, run->gap_ms);
}

static void check_talked(const struct run *run, const struct records *records, bool had_time)
{
        const struct phone *agent = phone_of(run, WHO_AGENT);
        const struct phone *customer = phone_of(run, WHO_CUSTOMER);
        bool by_caller = run->plot != CALLEE_HANGS_UP;
        assert_int_equal(agent->status, 200);
        assert_int_equal(customer->rang, 1);
        assert_int_equal(customer->answered, 1);
        assert_true(customer->shown == M2);
        assert_int_equal(records->legs[CDR_LEG_A].cause, CAUSE_NORMAL);
        assert_int_equal(records->legs[CDR_LEG_A].source,
                         by_caller ? SOURCE_CALLER : SOURCE_CALLEE);
        assert_int_equal(records->legs[CDR_LEG_B].cause, CAUSE_NORMAL);
        if (!had_time)
                return;
        assert_true(agent->heard[WHO_CUSTOMER] > run->heard_before[0] + 5);
        assert_true(customer->heard[WHO_AGENT] > run->heard_before[1] + 5);
}

static void check_plot(const struct run *run, const struct records *records, bool had_time)
{
        const struct phone *agent = phone_of(run, WHO_AGENT);
        const struct phone *customer = phone_of(run, WHO_CUSTOMER);
        switch (run->plot) {
        case CALLER_HANGS_UP:
        case CALLEE_HANGS_UP:
        case WAITS_IN_LINE:
        case OVERFLOWS:
        case FAILS_OVER:
                check_talked(run, records, had_time);
                return;
        case CALLER_GIVES_UP:
                assert_int_equal(records->legs[CDR_LEG_A].cause, CAUSE_CANCELED);
                assert_int_equal(customer->how, SIP_END_CANCEL);
                return;
        case GIVES_UP_IN_LINE:
                assert_int_equal(records->count, 1);
                assert_int_equal(records->legs[CDR_LEG_A].cause, CAUSE_CANCELED);
                assert_int_equal(customer->rang, 0);
                return;
        case CALLEE_IS_BUSY:
                assert_int_equal(agent->status, 486);
                assert_int_equal(records->legs[CDR_LEG_B].cause, CAUSE_BUSY);
                return;
        case NOBODY_ANSWERS:
                assert_int_equal(agent->status, 480);
                assert_int_equal(records->legs[CDR_LEG_A].cause, CAUSE_RING_TIMEOUT);
                assert_int_equal(customer->how, SIP_END_CANCEL);
                return;
        case STRANGER_CALLS:
                assert_int_equal(records->count, 1);
                assert_int_equal(records->legs[CDR_LEG_A].cause, CAUSE_REJECTED);
                assert_true(phone_of(run, WHO_STRANGER)->heard_refusal > 80);
                return;
        case PLOTS:
                break;
        }
}

static uint32_t audited_calls(struct platform *platform)
{
        uint32_t count = 0;
        const struct store_audit *entry;
        for (uint32_t i = 0; (entry = store_memory_audit_at(platform->disk, i)); i++)
                count += entry->kind == AUDIT_CALL_CONNECTED || entry->kind == AUDIT_CALL_REFUSED;
        return count;
}

static void finish(struct run *run, int64_t crashed_ms)
{
        struct world *world = run->world;
        while (!is_over(run) && now_ms(run) < MUCH_LATER_MS)
                (void)step(run);
        assert_true(is_over(run));
        struct records records = world_last_call(world);
        bool had_time = crashed_ms + run->gap_ms < HANGS_UP_MS - 1500;
        check_plot(run, &records, had_time);
        bool has_one_leg = run->plot == STRANGER_CALLS || run->plot == GIVES_UP_IN_LINE;
        unsigned before = has_line(run->plot); /* calls, of two legs each */
        assert_int_equal(platform_records_count(world->platform),
                         2 * before + (has_one_leg ? 1 : 2));
        assert_int_equal(audited_calls(world->platform), before + 1);
        assert_int_equal(phone_of(run, WHO_STRANGER)->rang, 0);
        assert_int_equal(world->platform->leaks, 0);
        assert_int_equal(crash_record_counters(world->platform->crash)->lost, 0);
        world_destroy(world);
}

/* False when the call was over before the moment came. */
static bool crash_at(enum plot plot, unsigned moment, int64_t gap_ms,
                     const struct world_options *options)
{
        struct run run;
        begin(&run, plot, options);
        run.gap_ms = gap_ms;
        while (moment > 0 && !is_over(&run))
                moment -= step(&run);
        if (is_over(&run)) {
                finish(&run, INT32_MAX);
                return false;
        }
        int64_t crashed_ms = now_ms(&run);
        crash(&run);
        finish(&run, crashed_ms);
        return true;
}

/* The same within a step: the n-th message that leaves is the last one, or would have been the next. */
static bool crash_at_message(enum plot plot, uint32_t nth, bool is_lost,
                             const struct world_options *options)
{
        struct run run;
        begin(&run, plot, options);
        platform_die_at(run.world->platform, nth, is_lost);
        while (!platform_is_dead(run.world->platform) && !is_over(&run))
                (void)step(&run);
        bool is_dead = platform_is_dead(run.world->platform);
        int64_t crashed_ms = is_dead ? now_ms(&run) : INT32_MAX;
        if (is_dead)
                crash(&run);
        finish(&run, crashed_ms);
        return is_dead;
}

/* The process that goes on dies while it does. */
static bool crash_again(enum plot plot, unsigned moment, uint32_t nth, bool is_lost,
                        const struct world_options *options)
{
        struct run run;
        begin(&run, plot, options);
        while (moment > 0 && !is_over(&run))
                moment -= step(&run);
        int64_t crashed_ms = now_ms(&run);
        bool was_over = is_over(&run);
        if (!was_over) {
                platform_die_at(run.world->platform, nth, is_lost);
                crash(&run);
        }
        bool is_dead = platform_is_dead(run.world->platform);
        if (is_dead)
                crash(&run);
        platform_die_at(run.world->platform, 0, false);
        finish(&run, was_over ? INT32_MAX : crashed_ms);
        return is_dead;
}

/* How often it died while it went on. */
static unsigned check_crashes_while_going_on(enum plot plot)
{
        const struct world_options options = {
                .seed = 1,
                .network = {.delay_ms = 10},
                .ring_timeout_ms = RING_MS,
                .survives = true,
                .commit_ms = 15,
        };
        unsigned died = 0;
        for (unsigned moment = 1; moment < 30; moment += 3) {
                for (uint32_t nth = 1; crash_again(plot, moment, nth, nth % 2, &options); nth++)
                        died++;
        }
        print_message("%s: died %u times while it went on\n", plot_names[plot], died);
        return died;
}

static void check_every_message(enum plot plot, bool is_lost)
{
        const struct world_options options = {
                .seed = 1,
                .network = {.delay_ms = 10},
                .ring_timeout_ms = RING_MS,
                .survives = true,
                .commit_ms = 15,
        };
        uint32_t nth = 0;
        do
                print_message("%s: %s message %u\n", plot_names[plot], is_lost ? "before" : "after",
                              ++nth);
        while (crash_at_message(plot, nth, is_lost, &options));
        assert_true(nth > 3);
}

static void check_every_moment(enum plot plot, int64_t gap_ms, int64_t commit_ms)
{
        const struct world_options options = {
                .seed = 1,
                .network = {.delay_ms = 10},
                .ring_timeout_ms = RING_MS,
                .survives = true,
                .commit_ms = commit_ms,
        };
        unsigned moment = 0;
        do
                print_message("%s: moment %u, for %u ms\n", plot_names[plot], ++moment,
                              (unsigned)gap_ms);
        while (crash_at(plot, moment, gap_ms, &options));
        assert_true(moment > 3);
}

static void a_call_goes_on_whenever_it_is_killed(void **state)
{
        (void)state;
        check_every_moment(CALLER_HANGS_UP, 0, 0);
        check_every_moment(CALLEE_HANGS_UP, 0, 0);
}

static void a_call_that_is_not_answered_ends_as_it_should(void **state)
{
        (void)state;
        check_every_moment(CALLER_GIVES_UP, 0, 0);
        check_every_moment(CALLEE_IS_BUSY, 0, 0);
        check_every_moment(NOBODY_ANSWERS, 0, 0);
}

static void a_call_that_waits_for_its_turn_has_it_all_the_same(void **state)
{
        (void)state;
        check_every_moment(WAITS_IN_LINE, 0, 0);
        check_every_moment(WAITS_IN_LINE, 300, 300);
        check_every_moment(GIVES_UP_IN_LINE, 0, 0);
        check_every_moment(GIVES_UP_IN_LINE, 300, 0);
}

static void a_call_finds_its_way_all_the_same(void **state)
{
        (void)state;
        check_every_moment(OVERFLOWS, 0, 0);
        check_every_moment(OVERFLOWS, 300, 0);
        check_every_moment(FAILS_OVER, 0, 0);
        check_every_moment(FAILS_OVER, 300, 0);
}

static void a_refused_caller_hears_the_announcement_all_the_same(void **state)
{
        (void)state;
        check_every_moment(STRANGER_CALLS, 0, 0);
}

static void what_the_disk_had_not_taken_yet_is_recorded_once(void **state)
{
        (void)state;
        check_every_moment(CALLER_HANGS_UP, 0, 300);
        check_every_moment(CALLEE_IS_BUSY, 0, 300);
}

static void messages_lost_meanwhile_come_again(void **state)
{
        (void)state;
        check_every_moment(CALLER_HANGS_UP, 300, 0);
        check_every_moment(CALLEE_HANGS_UP, 300, 0);
        check_every_moment(CALLER_GIVES_UP, 300, 0);
        check_every_moment(CALLEE_IS_BUSY, 300, 0);
}

static void no_message_leaves_that_the_next_process_knows_nothing_of(void **state)
{
        (void)state;
        for (enum plot plot = 0; plot < PLOTS; plot++) {
                check_every_message(plot, false);
                check_every_message(plot, true);
        }
}

static void a_process_that_dies_while_it_goes_on_costs_no_call(void **state)
{
        (void)state;
        for (enum plot plot = 0; plot < PLOTS; plot++)
                assert_true(check_crashes_while_going_on(plot) >= 1);
}

static void check_put_aside(int64_t gap_ms)
{
        struct run run;
        const struct world_options options = {.seed = 1, .survives = true, .commit_ms = 15};
        begin(&run, CALLER_HANGS_UP, &options);
        struct platform *platform = run.world->platform;
        world_run_ms(run.world, 2000);
        assert_int_equal(calls_active(platform->calls), 1);
        for (int i = 0; i < 3; i++) {
                platform_crash(platform, 0);
                assert_int_equal(calls_active(platform->calls), 1);
                world_run_ms(run.world, gap_ms);
        }
        platform_crash(platform, 0);
        bool is_aside = gap_ms < 60000;
        assert_int_equal(calls_active(platform->calls), !is_aside);
        assert_int_equal(crash_record_counters(platform->crash)->aside, is_aside);
        if (phone_of(&run, WHO_AGENT)->has_leg)
                phone_hangup(phone_of(&run, WHO_AGENT));
        if (is_aside)
                phone_hangup(phone_of(&run, WHO_CUSTOMER));
        struct records records = world_last_call(run.world);
        assert_int_equal(records.count, 2);
        assert_int_equal(records.legs[CDR_LEG_A].cause, is_aside ? CAUSE_INTERNAL : CAUSE_NORMAL);
        assert_true(records.legs[CDR_LEG_A].answered_ms > 0);
        assert_true(records.legs[CDR_LEG_A].ended_ms >= records.legs[CDR_LEG_A].answered_ms);

        /* What comes next is not affected. */
        phone_forget(phone_of(&run, WHO_AGENT));
        phone_dial(phone_of(&run, WHO_AGENT), M1);
        world_run_ms(run.world, 3000);
        assert_int_equal(phone_of(&run, WHO_AGENT)->status, 200);
        phone_hangup(phone_of(&run, WHO_AGENT));
        world_destroy(run.world);
}

static void a_call_with_which_it_crashes_again_and_again_is_put_aside_and_recorded(void **state)
{
        (void)state;
        check_put_aside(1000);
        check_put_aside(61000);
}

/* ---- another version ---- */

/* As crash_record.c lays it out. */
#define HEADER_BYTES 12288
#define HALF_BYTES   8192
struct half {
        uint64_t sequence;
        uint16_t bytes;
        uint8_t died[2];
        char sealed[HALF_BYTES - 12];
};

/* `at_records`: not even its records can be read. */
static void write_as_another_version(struct platform *platform, uint32_t slot, bool at_records)
{
        struct half *halves =
                (struct half *)((char *)platform->slots + HEADER_BYTES) + 2 * (size_t)slot;
        for (uint64_t i = 0; i < 2; i++) {
                const uint64_t place[3] = {slot, i, halves[i].sequence};
                const struct slice context = {(const char *)place, sizeof place};
                char plain[CRASH_PLAIN_MAX];
                struct buf b;
                if (!halves[i].sequence)
                        continue;
                buf_init(&b, plain, sizeof plain);
                assert_int_equal(directory_crash_unseal(
                                         platform->directory, context,
                                         (struct slice){halves[i].sealed, halves[i].bytes}, &b),
                                 0);
                if (at_records)
                        plain[0]++;
                else
                        assert_true(make_other_version(plain, b.len) > 0);
                struct slice bytes = buf_slice(&b);
                buf_init(&b, halves[i].sealed, sizeof halves[i].sealed);
                assert_int_equal(directory_crash_seal(platform->directory, context, bytes, &b), 0);
        }
}

static void check_version(bool at_records)
{
        struct run run;
        begin(&run, CALLER_HANGS_UP, &(struct world_options){.seed = 1, .survives = true});
        struct platform *platform = run.world->platform;
        world_run_ms(run.world, 2000);
        uint32_t slot = 0;
        struct crash_call *call = calloc(1, sizeof *call);
        assert_non_null(call);
        while (crash_record_read(platform->crash, slot, call))
                slot++;
        free(call);
        write_as_another_version(platform, slot, at_records);
        platform_crash(platform, 0);
        world_run_ms(run.world, 100);
        assert_int_equal(calls_active(platform->calls), 0);
        struct calls_counters counters;
        calls_counters(platform->calls, &counters);
        assert_int_equal(counters.lost, 1);
        assert_int_equal(counters.crash_slots, 0);
        struct records records = platform_records(platform, 0);
        assert_int_equal(records.count, at_records ? 0 : 2);
        assert_true(at_records || records.legs[CDR_LEG_A].cause == CAUSE_INTERNAL);
        phone_hangup(phone_of(&run, WHO_AGENT));
        phone_hangup(phone_of(&run, WHO_CUSTOMER));
        world_destroy(run.world);
}

static void a_call_of_another_version_ends_and_is_recorded(void **state)
{
        (void)state;
        check_version(false);
        check_version(true);
}

/* ---- the largest call ---- */

#define AGENT_URI "sip:+919888800001@127.0.0.11"

/* Vias of proxies before us, and a Record-Route, of about so many bytes each. */
static void put_headers(char *out, size_t bytes, size_t via_bytes, size_t route_bytes)
{
        struct buf b;
        buf_init(&b, out, bytes - 1);
        for (unsigned i = 0; via_bytes > 0; i++) {
                int len = (int)(via_bytes < 60 ? via_bytes : 60);
                buf_printf(&b, "Via: SIP/2.0/UDP 127.0.0.11;branch=z9hG4bK%u%.*s\r\n", i, len,
                           "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh");
                via_bytes -= (size_t)len;
        }
        for (unsigned i = 0; route_bytes > 0; i++) {
                int len = (int)(route_bytes < 60 ? route_bytes : 60);
                buf_printf(&b, "Record-Route: <sip:127.0.0.11:5081;lr;%.*s%u>\r\n", len,
                           "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh", i);
                route_bytes -= (size_t)len;
        }
        assert_true(buf_ok(&b));
        out[b.len] = '\0';
}

/* False: it is too large to be accepted. */
static bool outlives_a_crash(size_t via_bytes, size_t route_bytes)
{
        struct world *world = world_create(&(struct world_options){.seed = 1, .survives = true});
        struct platform *platform = world->platform;
        struct calls_counters counters;
        struct raw raw;
        char headers[3400];
        raw_open(world, &raw, NORTH_IP, 5081);
        world_session(world, 0);
        put_headers(headers, sizeof headers, via_bytes, route_bytes);
        raw_invite(&raw, AGENT_URI, M1, headers, "sendrecv");
        world_run_ms(world, 500);
        bool is_accepted = raw.status != 513;
        if (is_accepted) {
                calls_counters(platform->calls, &counters);
                assert_int_equal(counters.unprotected, 0);
                assert_int_equal(crash_record_counters(platform->crash)->in_use, 1);
                platform_crash(platform, 0);
                world_run_ms(world, 2000);
                assert_int_equal(raw.status, 200);
                raw_ack(&raw, NULL);
                raw_request(&raw, "BYE", NULL);
        }
        world_settle(world);
        raw_close(&raw);
        world_destroy(world);
        return is_accepted;
}

static void the_largest_call_that_is_accepted_outlives_a_crash(void **state)
{
        (void)state;
        size_t via_bytes = 1000, route_bytes = 0;
        assert_true(outlives_a_crash(via_bytes, route_bytes));
        for (size_t more = 512; more > 4; more /= 2)
                route_bytes += outlives_a_crash(via_bytes, route_bytes + more) ? more : 0;
        for (size_t more = 256; more > 4; more /= 2)
                via_bytes += outlives_a_crash(via_bytes + more, route_bytes) ? more : 0;
        print_message("accepted: %zu bytes of branches and %zu of routes\n", via_bytes,
                      route_bytes);
        assert_in_range(via_bytes, 1001, 1500);
        assert_in_range(route_bytes, 300, 1000);
}

/* ---- a bad network, and more than one crash ---- */

static void check_random_run(uint64_t seed)
{
        struct world *world = world_create(&(struct world_options){
                .seed = seed,
                .network = {.delay_ms = 20,
                            .jitter_ms = 60,
                            .loss_permille = 100,
                            .duplicate_permille = 50},
                .ring_timeout_ms = 20000,
                .survives = true,
                .commit_ms = 20,
        });
        struct random random;
        random_init_seeded(&random, seed);
        world_session(world, 0);
        world_run_ms(world, 100);
        for (int i = 0; i < 20; i++) {
                struct phone *phone = &world->phones[random_below(&random, PHONES)];
                uint32_t action = random_below(&random, 10);
                if (!phone->has_leg && action < 5)
                        phone_dial(phone, random_below(&random, 2) ? M1 : M2);
                else if (phone->has_leg && action < 3)
                        phone_hangup(phone);
                else if (action == 9)
                        phone->manner = (enum manner)random_below(&random, IS_DEAD);
                world_run_ms(world, random_below(&random, 2000));
                if (random_below(&random, 4) == 0)
                        platform_crash(world->platform, random_below(&random, 1000));
                assert_int_equal(world->phones[WHO_STRANGER].rang, 0);
                assert_int_equal(world->platform->leaks, 0);
        }
        for (int who = 0; who < PHONES; who++) {
                if (world->phones[who].has_leg)
                        phone_hangup(&world->phones[who]);
        }
        world_settle(world);
        (void)world_last_call(world); /* asserts that no leg is recorded twice */
        assert_int_equal(crash_record_counters(world->platform->crash)->lost, 0);
        assert_int_equal(world->phones[WHO_STRANGER].heard[WHO_AGENT], 0);
        assert_int_equal(world->phones[WHO_STRANGER].heard[WHO_CUSTOMER], 0);
        world_destroy(world);
}

static void no_call_is_stuck_after_crashes_on_a_bad_network(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= 60; seed++) {
                print_message("seed %u\n", (unsigned)seed);
                check_random_run(seed);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_call_goes_on_whenever_it_is_killed),
                cmocka_unit_test(a_call_that_is_not_answered_ends_as_it_should),
                cmocka_unit_test(a_call_that_waits_for_its_turn_has_it_all_the_same),
                cmocka_unit_test(a_call_finds_its_way_all_the_same),
                cmocka_unit_test(a_refused_caller_hears_the_announcement_all_the_same),
                cmocka_unit_test(what_the_disk_had_not_taken_yet_is_recorded_once),
                cmocka_unit_test(messages_lost_meanwhile_come_again),
                cmocka_unit_test(no_message_leaves_that_the_next_process_knows_nothing_of),
                cmocka_unit_test(a_process_that_dies_while_it_goes_on_costs_no_call),
                cmocka_unit_test(
                        a_call_with_which_it_crashes_again_and_again_is_put_aside_and_recorded),
                cmocka_unit_test(a_call_of_another_version_ends_and_is_recorded),
                cmocka_unit_test(the_largest_call_that_is_accepted_outlives_a_crash),
                cmocka_unit_test(no_call_is_stuck_after_crashes_on_a_bad_network),
        };
        return RUN_TESTS(tests);
}
