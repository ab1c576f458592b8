/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_session.c - session timers (RFC 4028): what is asked for, what is agreed, and when it is over.
 */
#include <inttypes.h>

#include "base/log.h"
#include "sip/sip_core.h"

#define EARLY_S       32 /* RFC 4028 10: who waits for the refresh gives up so much early */
#define EXPIRES_S_MAX (7 * 86400) /* longer than any call */

static bool speaks_of_timers(const struct trunk *trunk)
{
        return !trunk || !trunk->no_session_timer;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
        return a > b ? a : b;
}

struct sip_session sip_session_wanted(const struct sip_ua *ua, const struct trunk *trunk)
{
        if (!ua->params.session_expires_s || !speaks_of_timers(trunk))
                return (struct sip_session){0};
        return (struct sip_session){.expires_s = ua->params.session_expires_s};
}

/*
 * RFC 4028 9, table 2. A proxy may ask for a peer that does not support timers: then we refresh. A
 * peer that supports them and does not ask is refreshed by us, which costs it an answer.
 */
unsigned sip_session_of_request(const struct sip_ua *ua, const struct trunk *trunk,
                                const struct sip_msg *request, uint32_t min_s,
                                struct sip_session *out)
{
        bool is_supported = (request->supported | request->require) & SIP_OPTION_TIMER;
        uint32_t asked_s = request->session_expires_s;
        struct sip_session session = {.min_s = larger(min_s, request->min_se_s)};
        *out = session;
        if (!speaks_of_timers(trunk))
                return 0;
        if (asked_s && asked_s < SIP_MIN_SE_S)
                return is_supported ? 422 : 0;

        uint32_t ours_s = is_supported ? ua->params.session_expires_s : 0;
        session.expires_s = asked_s ? asked_s : ours_s;
        if (session.expires_s && session.expires_s < session.min_s)
                session.expires_s = session.min_s;
        session.is_ours = !asked_s || !is_supported ||
                          slice_equal_nocase(request->session_refresher, SLICE("uas"));
        if (session.expires_s)
                *out = session;
        return 0;
}

/* RFC 4028 7.2. Less than 90 seconds nobody may answer; refreshing oftener would only cost both. */
struct sip_session sip_session_of_answer(const struct leg *leg, const struct sip_msg *response)
{
        const struct trunk *trunk = sip_trunks_find_any(leg->ua->params.trunks, leg->trunk_id);
        struct sip_session session = {.min_s = leg->session.min_s};
        if (response->session_expires_s == 0 || !speaks_of_timers(trunk))
                return session;
        session.expires_s = larger(response->session_expires_s, SIP_MIN_SE_S);
        session.is_ours = !slice_equal_nocase(response->session_refresher, SLICE("uas"));
        return session;
}

bool sip_session_meets_interval(struct leg *leg, const struct sip_msg *response)
{
        bool is_more =
                response->min_se_s > leg->session.expires_s && response->min_se_s <= EXPIRES_S_MAX;
        if (response->status != 422 || leg->is_interval_retried || !leg->session.expires_s ||
            !is_more)
                return false;
        leg->is_interval_retried = true;
        leg->session.expires_s = leg->session.min_s = response->min_se_s;
        return true;
}

static void on_expired(void *arg)
{
        struct leg *leg = arg;
        if (leg->state != LEG_CONFIRMED)
                return;
        log_info("sip leg %u: its session of %" PRIu32 " s was not refreshed",
                 sip_leg_handle(leg).h.index, leg->session.expires_s);
        sip_leg_abandon(leg, SIP_END_TIMEOUT);
}

void sip_session_stop(struct leg *leg)
{
        io_timer_stop(leg->ua->params.io, &leg->session_timer);
        io_timer_stop(leg->ua->params.io, &leg->refresh_timer);
}

void sip_session_begin(struct leg *leg, const struct sip_session *session)
{
        struct io *io = leg->ua->params.io;
        leg->session = *session;
        leg->is_interval_retried = false;
        sip_session_stop(leg);
        if (session->expires_s == 0)
                return;

        int64_t expires_s = session->expires_s < EXPIRES_S_MAX ? session->expires_s : EXPIRES_S_MAX;
        int64_t early_s = expires_s / 3 < EARLY_S ? expires_s / 3 : EARLY_S;
        if (session->is_ours) {
                early_s = 0;
                sip_refresh_in(leg, expires_s * 1000 / 2);
        }
        io_timer_start(io, &leg->session_timer, (expires_s - early_s) * 1000, on_expired, leg);
}

static int64_t left_ms(const struct leg *leg, int64_t due_ms)
{
        int64_t left = due_ms - io_now_ms(leg->ua->params.io);
        return left > 0 ? left : 0;
}

void sip_session_resume(struct leg *leg, int64_t due_ms, int64_t refresh_due_ms)
{
        struct io *io = leg->ua->params.io;
        if (!due_ms)
                return;
        io_timer_start(io, &leg->session_timer, left_ms(leg, due_ms), on_expired, leg);
        /* Without a time of its own it was under way, in a message that has not been kept. */
        if (leg->session.is_ours && handle_is_none(leg->refresh))
                sip_refresh_in(leg, left_ms(leg, refresh_due_ms));
}
