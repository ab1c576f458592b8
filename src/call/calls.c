/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.c - the registry: which call an event belongs to, and every call there is.
 */
#include "call/calls.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "call/call.h"
#include "call/crash_record.h"
#include "call/fault.h"
#include "wire/sip_write.h"

#define MAX_FORWARDS 70

static uint32_t legs_max(const struct calls *calls)
{
        return calls->params.calls_max * 2;
}

/* A leg that has ended is there until the turn is over, and the call goes on over another trunk. */
static uint32_t sip_legs_max(const struct calls *calls)
{
        return calls->params.calls_max * 3;
}

void call_bind(struct call *call, enum call_side side, struct sip_leg leg)
{
        struct calls *calls = call->calls;
        assert(leg.h.index < sip_legs_max(calls));
        calls->owners[leg.h.index] = (struct leg_owner){
                .leg = leg.h,
                .call = pool_handle(calls->pool, call),
                .side = side,
        };
        call->legs[side].sip = leg;
        call->legs[side].has_sip = true;
}

/* NULL when the call is gone or never was. */
static struct call *find_call(struct calls *calls, struct sip_leg leg, enum call_side *side)
{
        assert(leg.h.index < sip_legs_max(calls));
        const struct leg_owner *owner = &calls->owners[leg.h.index];
        if (!handle_equal(owner->leg, leg.h))
                return NULL;
        *side = owner->side;
        return pool_find(calls->pool, owner->call);
}

void call_release(struct call *call)
{
        if (call->legs[SIDE_A].has_sip || call->legs[SIDE_B].has_sip)
                return;
        assert(call->state == CALL_CLOSING);
        call_save_release(call);
        fault_loses_memory();
        pool_put(call->calls->pool, call);
}

static void on_invite(void *arg, struct sip_leg leg, const struct sip_invite *invite)
{
        struct calls *calls = arg;
        struct call *call = pool_take(calls->pool, NULL);
        calls->counters.calls++;
        if (!call) {
                calls->counters.limited++;
                (void)sip_leg_reject(calls->ua, leg, 503, 2);
                return;
        }
        call->calls = calls;
        call->caller = invite->caller;
        call->dialled = invite->dialled;
        /* RFC 7332: what is left of the hops goes along, so that a loop through us ends. */
        call->max_forwards =
                invite->max_forwards - 1 < MAX_FORWARDS ? invite->max_forwards - 1 : MAX_FORWARDS;
        call_bind(call, SIDE_A, leg);

        bool admitted = call_admit_leg(call, SIDE_A, invite->trunk_id);
        call->legs[SIDE_A].trunk_id = invite->trunk_id;
        call_decide(call, invite->trunk_id, invite->caller_withheld);
        if (!admitted) {
                calls->counters.limited++;
                call_close(call, CAUSE_CONCURRENCY, SOURCE_PLATFORM, 503);
        } else if (call->decision.verdict == MASK_CONNECT) {
                call_connect(call, invite);
        } else {
                call_refuse(call, invite);
        }
}

static void on_progress(void *arg, struct sip_leg leg, unsigned status, const struct sdp *sdp)
{
        (void)sdp; /* early media of the far end is not passed on */
        enum call_side side;
        struct call *call = find_call(arg, leg, &side);
        if (call && side == SIDE_B)
                call_on_progress(call, status);
}

static void on_answered(void *arg, struct sip_leg leg, const struct sdp *sdp)
{
        enum call_side side;
        struct call *call = find_call(arg, leg, &side);
        if (call && side == SIDE_B)
                call_on_answered(call, sdp);
}

static void on_confirmed(void *arg, struct sip_leg leg, const struct sdp *sdp)
{
        enum call_side side;
        struct call *call = find_call(arg, leg, &side);
        if (call)
                call_on_confirmed(call, side, sdp);
}

static unsigned on_offer(void *arg, struct sip_leg leg, const struct sdp *offer,
                         struct sdp_audio *answer)
{
        enum call_side side;
        struct call *call = find_call(arg, leg, &side);
        return call ? call_on_offer(call, side, offer, answer) : 481;
}

static void on_described(void *arg, struct sip_leg leg, const struct sdp_audio *ours,
                         const struct sdp *sdp)
{
        enum call_side side;
        struct call *call = find_call(arg, leg, &side);
        if (call)
                call_on_described(call, side, ours, sdp);
}

static void on_dtmf_info(void *arg, struct sip_leg leg, char digit, unsigned duration_ms)
{
        enum call_side side;
        struct call *call = find_call(arg, leg, &side);
        if (!call || call->state != CALL_CONNECTED)
                return;
        struct call_leg *other = &call->legs[side == SIDE_A ? SIDE_B : SIDE_A];
        media_leg_send_digit(call->calls->media, other->media, digit, duration_ms);
}

static void on_ended(void *arg, struct sip_leg leg, const struct sip_end_info *end)
{
        struct calls *calls = arg;
        enum call_side side;
        struct call *call = find_call(calls, leg, &side);
        calls->owners[leg.h.index] = (struct leg_owner){0};
        if (call)
                call_on_leg_ended(call, side, end);
}

static void on_changed(void *arg, struct sip_leg leg)
{
        enum call_side side;
        struct call *call = find_call(arg, leg, &side);
        if (!call)
                return;
        /* Another target may have been tried, of another family. */
        if (side == SIDE_B && call->state == CALL_DIALLING)
                call_follow_said(call, side);
        call_save(call);
}

static void on_media(void *arg, struct media_leg leg, enum media_event event, char digit)
{
        (void)digit;
        struct calls *calls = arg;
        struct call *call = pool_find(calls->pool, media_leg_user(calls->media, leg));
        if (!call)
                return;
        switch (event) {
        case MEDIA_PLAYED:
                call_on_played(call);
                return;
        case MEDIA_SILENT:
                /* Before the answer nobody has to talk. */
                if (call->state == CALL_CONNECTED)
                        call_close(call, CAUSE_MEDIA_TIMEOUT, SOURCE_PLATFORM, 0);
                return;
        case MEDIA_DIGIT:
                return;
        }
}

static const struct sip_ua_handler ua_handler = {
        .on_invite = on_invite,
        .on_progress = on_progress,
        .on_answered = on_answered,
        .on_confirmed = on_confirmed,
        .on_offer = on_offer,
        .on_described = on_described,
        .on_dtmf_info = on_dtmf_info,
        .on_ended = on_ended,
        .on_changed = on_changed,
};

static int open_tables(struct calls *calls)
{
        uint32_t calls_max = calls->params.calls_max;
        struct siphash_key key;
        random_fill(io_random(calls->params.io), &key, sizeof key);

        int err = pool_create(sizeof(struct call), calls_max, true, &calls->pool);
        if (!err)
                err = pool_create(sizeof(struct call_pair), calls_max, true, &calls->pairs);
        if (!err)
                err = map_init(&calls->pair_map, calls_max, key);
        if (err)
                return err;
        calls->owners = calloc(sip_legs_max(calls), sizeof *calls->owners);
        calls->scratch = secret_alloc(sizeof *calls->scratch);
        return calls->owners && calls->scratch ? 0 : -ENOMEM;
}

/* Those that calls in progress have, before all others that are kept for us. */
static uint16_t *list_ports(struct calls *calls, uint32_t *count)
{
        const struct calls_params *p = &calls->params;
        uint16_t *ports = calloc((size_t)legs_max(calls) + p->rtp_ports_count + 1, sizeof *ports);
        if (!ports)
                return NULL;
        *count = calls_saved_ports(calls, ports, legs_max(calls));
        for (uint32_t i = 0; i < p->rtp_ports_count; i++)
                ports[(*count)++] = p->rtp_ports[i];
        return ports;
}

/* What to do about a socket that cannot be had; `busy` when somebody else has it. */
static const char *socket_remedy(int err, const char *setting, const char *busy)
{
        static char text[160];
        if (err == -EADDRNOTAVAIL)
                snprintf(text, sizeof text,
                         "this machine does not have the address: set %s to one it has", setting);
        else if (err == -EACCES)
                snprintf(text, sizeof text,
                         "ports below 1024 need a privilege: set %s to a higher one", setting);
        else
                snprintf(text, sizeof text, "%s", busy);
        return text;
}

static void explain_media(const struct calls *calls, int err, char *problem)
{
        const struct calls_params *p = &calls->params;
        char ips[ADDR_PAIR_TEXT_MAX] = "";
        struct buf b;
        buf_init(&b, ips, sizeof ips - 1);
        addr_pair_put(&b, &p->media);
        snprintf(problem, 512, "cannot open %u RTP port pairs on %s, ports %u to %u: %s; %s",
                 legs_max(calls), ips, p->rtp_port_min, p->rtp_port_max, err_text(err),
                 socket_remedy(err, "media_ip, or sip_listen,",
                               "widen rtp_port_min and rtp_port_max, or lower calls_max"));
}

static int open_media(struct calls *calls, char *problem)
{
        const struct calls_params *p = &calls->params;
        uint32_t ports_count = 0;
        uint16_t *ports = list_ports(calls, &ports_count);
        if (!ports) {
                snprintf(problem, 512, "out of memory");
                return -ENOMEM;
        }
        const struct media_params params = {
                .io = p->io,
                .local_ips = p->media,
                .port_min = p->rtp_port_min,
                .port_max = p->rtp_port_max,
                .legs_max = legs_max(calls),
                .ports_first = ports,
                .ports_first_count = ports_count,
                .silence_timeout_ms = p->media_timeout_ms,
                .on_event = on_media,
                .arg = calls,
        };
        int err = media_create(&params, &calls->media);
        free(ports);
        if (err)
                explain_media(calls, err, problem);
        return err;
}

/*
 * The transactions of both legs' INVITE and of the BYE that comes in live for 64*T1 (32 s) after
 * their answer, those of our BYE and of a PRACK for T4; an eighth is kept for calls in progress.
 */
static uint32_t transactions_max(const struct calls *calls)
{
        uint32_t lingering = calls->params.calls_per_s_max * (3 * 32 + 2 * 5);
        uint32_t wanted = lingering + legs_max(calls) * 2;
        return wanted + wanted / 7 + 64;
}

static const char *const listen_settings[] = {
        [SIP_UDP] = "sip_listen",
        [SIP_TCP] = "sip_tcp_listen",
        [SIP_TLS] = "sip_tls_listen",
};

static void explain_listen(const struct sip_socket *failed, int err, char *problem)
{
        const char *setting = listen_settings[failed->transport];
        char busy[128];
        if (failed->addr.family == 0) {
                snprintf(problem, 512, "SIP cannot start: %s", err_text(err));
                return;
        }
        snprintf(busy, sizeof busy,
                 "another program uses the port: stop it, or set %s to another one", setting);
        snprintf(problem, 512, "cannot listen for SIP on %s/%s: %s; %s",
                 addr_format(&failed->addr).text, sip_transport_word(failed->transport),
                 err_text(err), socket_remedy(err, setting, busy));
}

static int open_ua(struct calls *calls, char *problem)
{
        if (calls->params.crash)
                sip_trunks_keep_counts(calls->params.trunks,
                                       crash_record_nonces(calls->params.crash));
        struct sip_socket failed = {0};
        const struct calls_params *p = &calls->params;
        const struct sip_ua_params params = {
                .io = p->io,
                .trunks = p->trunks,
                .listen = p->listen,
                .tls = p->tls,
                .streams = p->streams,
                .failed = &failed,
                .legs_max = sip_legs_max(calls),
                .session_expires_s = p->session_expires_s,
                .transactions_max = transactions_max(calls),
                .handler = &ua_handler,
                .arg = calls,
                .keys = p->crash ? crash_record_keys(p->crash) : NULL,
        };
        int err = sip_ua_create(&params, &calls->ua);
        if (err)
                explain_listen(&failed, err, problem);
        return err;
}

int calls_create(const struct calls_params *params, struct calls **out, char *problem)
{
        struct calls *calls = calloc(1, sizeof *calls);
        if (!calls) {
                snprintf(problem, 512, "out of memory");
                return -ENOMEM;
        }
        calls->params = *params;

        int err = open_tables(calls);
        if (!err)
                err = calls_open_limits(calls);
        if (!err)
                err = calls_open_guesses(calls);
        if (err)
                snprintf(problem, 512, "cannot take memory for %u calls: %s; lower calls_max",
                         params->calls_max, err_text(err));
        else
                err = open_media(calls, problem);
        if (!err)
                err = open_ua(calls, problem);
        if (!err) {
                directory_watch_over(params->directory, calls_on_session_over, calls);
                err = calls_restore(calls);
                if (err)
                        snprintf(problem, 512, "out of memory");
        }
        if (err) {
                calls_destroy(calls);
                return err;
        }
        *out = calls;
        return 0;
}

/* What the legs left over have to say for themselves. */
static void record_rest(struct calls *calls)
{
        for (uint32_t i = 0; i < calls->params.calls_max; i++) {
                struct call *call = pool_at(calls->pool, i);
                if (!call)
                        continue;
                for (enum call_side side = SIDE_A; side <= SIDE_B; side++) {
                        struct call_leg *leg = &call->legs[side];
                        if (!leg->has_sip)
                                continue;
                        if (!leg->record.ended_ms)
                                leg->record.ended_ms = io_wall_ms(calls->params.io);
                        call_record_media(call, side);
                        call_record_end(call, side);
                }
                sip_turn_cancel(&call->turn);
                io_timer_stop(calls->params.io, &call->timer);
                io_timer_stop(calls->params.io, &call->save_timer);
                io_timer_stop(calls->params.io, &call->warn_timer);
                call_save_release(call);
        }
}

static struct check **place_of_check(struct calls *calls, uint32_t trunk_id)
{
        for (unsigned i = 0; i < CALLS_CHECKS_MAX; i++) {
                if (calls->checks[i] && check_trunk(calls->checks[i]) == trunk_id)
                        return &calls->checks[i];
        }
        return NULL;
}

/* A free one, or one whose check is over. */
static struct check **free_place_of_check(struct calls *calls)
{
        for (unsigned i = 0; i < CALLS_CHECKS_MAX; i++) {
                if (!calls->checks[i])
                        return &calls->checks[i];
        }
        for (unsigned i = 0; i < CALLS_CHECKS_MAX; i++) {
                if (check_report(calls->checks[i])->is_over)
                        return &calls->checks[i];
        }
        return NULL;
}

int calls_check(struct calls *calls, uint32_t trunk_id)
{
        struct check **place = place_of_check(calls, trunk_id), *check;
        if (place && !check_report(*place)->is_over)
                return 0;
        if (!place)
                place = free_place_of_check(calls);
        if (!place)
                return ERR_FULL;
        const struct check_params params = {
                .io = calls->params.io,
                .ua = calls->ua,
                .trunks = calls->params.trunks,
                .tls = calls->params.tls,
                .trunk_id = trunk_id,
        };
        int err = check_start(&params, &check);
        if (err)
                return err;
        check_destroy(*place);
        *place = check;
        return 0;
}

const struct check_report *calls_check_report(const struct calls *calls, uint32_t trunk_id)
{
        for (unsigned i = 0; i < CALLS_CHECKS_MAX; i++) {
                if (calls->checks[i] && check_trunk(calls->checks[i]) == trunk_id)
                        return check_report(calls->checks[i]);
        }
        return NULL;
}

void calls_destroy(struct calls *calls)
{
        if (!calls)
                return;
        if (calls->ua)
                record_rest(calls);
        io_timer_stop(calls->params.io, &calls->calm_timer);
        for (unsigned i = 0; i < CALLS_CHECKS_MAX; i++)
                check_destroy(calls->checks[i]);
        sip_ua_destroy(calls->ua);
        media_destroy(calls->media);
        directory_watch_over(calls->params.directory, NULL, NULL);
        calls_close_limits(calls);
        calls_close_guesses(calls);
        map_fini(&calls->pair_map);
        pool_destroy(calls->pairs);
        pool_destroy(calls->pool);
        free(calls->owners);
        secret_free(calls->scratch, sizeof *calls->scratch);
        free(calls);
}

const struct addr *calls_listens(const struct calls *calls, enum sip_transport transport,
                                 uint8_t family)
{
        return sip_ua_listens(calls->ua, transport, family);
}

void calls_drain(struct calls *calls)
{
        calls->is_draining = true;
        sip_ua_set_draining(calls->ua, true);
}

void calls_hangup_all(struct calls *calls)
{
        for (uint32_t i = 0; i < calls->params.calls_max; i++) {
                struct call *call = pool_at(calls->pool, i);
                if (call)
                        call_close(call, CAUSE_INTERNAL, SOURCE_PLATFORM, 503);
        }
}

void calls_hangup_now(struct calls *calls)
{
        calls_hangup_all(calls);
        for (uint32_t i = 0; i < calls->params.calls_max; i++) {
                for (enum call_side side = SIDE_A; side <= SIDE_B; side++) {
                        const struct call *call = pool_at(calls->pool, i);
                        if (call && call->legs[side].has_sip)
                                sip_leg_hangup_now(calls->ua, call->legs[side].sip);
                }
        }
}

uint32_t calls_active(const struct calls *calls)
{
        return pool_used(calls->pool);
}

static void view_of(const struct call *call, struct call_view *out)
{
        const struct call_leg *a = &call->legs[SIDE_A], *b = &call->legs[SIDE_B];
        *out = (struct call_view){
                .call_id = a->record.call_id,
                .tenant_id = a->record.tenant_id,
                .session_id = a->record.session_id,
                .state = call_state_name(call->state),
                .dialled = call->dialled,
                .shown = b->record.number,
                .caller = a->record.party_hint,
                .callee = b->record.party_hint,
                .started_ms = a->record.started_ms,
                .answered_ms = a->record.answered_ms,
        };
}

uint32_t calls_list(const struct calls *calls, uint32_t tenant_id, struct call_view *out,
                    uint32_t max)
{
        uint32_t count = 0;
        for (uint32_t i = 0; i < calls->params.calls_max && count < max; i++) {
                const struct call *call = pool_at(calls->pool, i);
                if (call && (tenant_id == 0 || call->decision.tenant_id == tenant_id))
                        view_of(call, &out[count++]);
        }
        return count;
}

int calls_hangup(struct calls *calls, struct uuid call_id)
{
        for (uint32_t i = 0; i < calls->params.calls_max; i++) {
                struct call *call = pool_at(calls->pool, i);
                if (!call || memcmp(&call->legs[SIDE_A].record.call_id, &call_id, sizeof call_id))
                        continue;
                call_close(call, CAUSE_NORMAL, SOURCE_API_REQUEST, 480);
                return 0;
        }
        return ERR_NOT_FOUND;
}

void calls_registration(const struct calls *calls, uint32_t trunk_id, struct sip_registration *out)
{
        sip_ua_registration(calls->ua, trunk_id, out);
}

void calls_leave(struct calls *calls)
{
        sip_ua_leave(calls->ua);
}

bool calls_is_leaving(const struct calls *calls)
{
        return sip_ua_is_leaving(calls->ua);
}

void calls_counters(const struct calls *calls, struct calls_counters *out)
{
        *out = calls->counters;
        out->sip = *sip_ua_counters(calls->ua);
        out->media_legs = media_legs_in_use(calls->media);
        out->media_legs_ip6 = media_legs_of(calls->media, 6);
        out->rtp_ports_free = media_ports_free(calls->media);
        out->messages_kept = sip_ua_messages_kept(calls->ua);
        out->pairs = pool_used(calls->pairs);
        if (!calls->params.crash)
                return;
        const struct crash_counters *crash = crash_record_counters(calls->params.crash);
        out->crash_slots = crash->in_use;
        out->lost += crash->lost;
}
