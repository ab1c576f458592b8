/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_connection.c - one connection: what comes on it, its timers, its end.
 */
#include "sip/sip_connection.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "io/tls.h"
#include "wire/sip_write.h"

#define EMPTY_LINE "\r\n"

/* How long what has begun may take to be whole: a peer that trickles holds memory of ours. */
#define MESSAGE_MS 10000
/* Who connects has something to say. */
#define SILENT_MS  30000
#define PONG_MS    10000 /* RFC 5626 4.4.1 */

#define TOLD_EVERY_MS 10000

static struct io *io_of(const struct sip_connection *c)
{
        return c->all->params->io;
}

static int64_t now_ms(const struct sip_connection *c)
{
        return io_now_ms(io_of(c));
}

static struct sip_trunk_state *trunk_of(const struct sip_connection *c)
{
        return sip_trunks_state_any(c->all->params->trunks, c->trunk_id);
}

struct sip_connection *sip_connection_take(struct sip_connections *all,
                                           enum sip_transport transport, const struct addr *peer,
                                           uint32_t trunk_id)
{
        struct handle handle;
        struct sip_connection *c = pool_take(all->pool, &handle);
        if (!c)
                return NULL;
        c->all = all;
        c->peer = sip_target_of(transport, *peer);
        c->peer.connection = handle;
        c->trunk_id = trunk_id;
        all->params->counters->connections++;
        return c;
}

void sip_connection_put(struct sip_connection *c)
{
        c->all->params->counters->connections--;
        c->all->accepted -= !c->is_ours;
        pool_put(c->all->pool, c);
}

/* ---- its end ---- */

static void bury(void *arg)
{
        struct sip_connection *c = arg;
        const struct sip_transports_params *params = c->all->params;
        const struct handle handle = c->peer.connection;
        bool was_open = c->is_open;
        sip_connection_put(c);
        params->handler->on_lost(params->arg, handle, was_open);
}

void sip_connection_end(struct sip_connection *c, enum sip_connection_end how)
{
        struct stream *stream = c->stream;
        if (!stream)
                return;
        c->stream = NULL;
        io_timer_stop(io_of(c), &c->timer);
        byte_queue_fini(&c->in);
        if (how == SIP_CONNECTION_CLOSE)
                stream_close(stream);
        else if (how == SIP_CONNECTION_ABORT)
                stream_abort(stream);
        io_defer(io_of(c), &c->burial, bury, c);
}

/* One line per trunk and while, and one for all the rest: a peer that is down would fill the log. */
static void tell(struct sip_connection *c, const char *what, const char *why)
{
        struct sip_trunk_state *trunk = trunk_of(c);
        struct sip_told *told = trunk ? &trunk->told : &c->all->told;
        char more[48] = "";
        if (told->at_ms && now_ms(c) - told->at_ms < TOLD_EVERY_MS) {
                told->untold++;
                return;
        }
        if (told->untold)
                snprintf(more, sizeof more, " (%" PRIu32 " more before it)", told->untold);
        *told = (struct sip_told){.at_ms = now_ms(c)};
        log_warn("trunk %s: the %s connection %s %s %s: %s%s",
                 trunk ? trunk->trunk.name : "(unknown)", sip_transport_name(c->peer.transport),
                 c->is_ours ? "to" : "from", addr_format(&c->peer.addr).text, what, why, more);
}

static void on_close(void *arg, int err)
{
        struct sip_connection *c = arg;
        struct sip_stream_counters *counters = c->all->params->counters;
        if (c->is_open)
                counters->lost++;
        else
                counters->failed++;
        if (err == ERR_UNTRUSTED)
                counters->untrusted++;
        if (err && !c->is_open)
                tell(c, "could not be made", stream_reason(c->stream));
        else if (err)
                tell(c, "was lost", stream_reason(c->stream));
        else
                log_debug("sip: a connection with %s was closed by the peer",
                          addr_format(&c->peer.addr).text);
        sip_connection_end(c, SIP_CONNECTION_GONE);
}

static void drop_broken(struct sip_connection *c, const char *why)
{
        c->all->params->counters->broken++;
        tell(c, "was closed", why);
        sip_connection_end(c, SIP_CONNECTION_CLOSE);
}

/* ---- timers ---- */

static void sooner(int64_t *due_ms, int64_t at_ms)
{
        if (*due_ms == 0 || at_ms < *due_ms)
                *due_ms = at_ms;
}

static void on_timer(void *arg);

static void arm(struct sip_connection *c)
{
        const struct sip_stream_limits *limits = &c->all->params->limits;
        int64_t due_ms = c->used_ms + limits->idle_ms;
        if (c->begun_ms)
                sooner(&due_ms, c->begun_ms + MESSAGE_MS);
        if (!c->is_ours && !c->has_spoken)
                sooner(&due_ms, c->made_ms + SILENT_MS);
        if (c->awaits_pong && c->answers_pings)
                sooner(&due_ms, c->pinged_ms + PONG_MS);
        if (c->is_ours && limits->keepalive_ms)
                sooner(&due_ms, c->pinged_ms + limits->keepalive_ms);
        int64_t delay_ms = due_ms - now_ms(c);
        io_timer_start(io_of(c), &c->timer, delay_ms > 0 ? delay_ms : 0, on_timer, c);
}

/* RFC 5626 3.5.1. Whoever does not answer it may be of before, and is found dead by TCP. */
static void ping(struct sip_connection *c)
{
        c->pinged_ms = now_ms(c);
        c->awaits_pong = true;
        if (stream_send(c->stream, SLICE(EMPTY_LINE EMPTY_LINE)))
                sip_connection_end(c, SIP_CONNECTION_ABORT);
}

/* A call without anything to say keeps it: the next request would have to make another one. */
static bool is_idle(struct sip_connection *c)
{
        const struct sip_trunk_state *trunk = trunk_of(c);
        if (now_ms(c) - c->used_ms < c->all->params->limits.idle_ms)
                return false;
        if (!trunk || trunk->dialogs == 0)
                return true;
        c->used_ms = now_ms(c);
        return false;
}

static void on_timer(void *arg)
{
        struct sip_connection *c = arg;
        const struct sip_stream_limits *limits = &c->all->params->limits;
        int64_t now = now_ms(c);
        if (c->begun_ms && now - c->begun_ms >= MESSAGE_MS)
                drop_broken(c, "a message did not come whole in time");
        else if (!c->is_ours && !c->has_spoken && now - c->made_ms >= SILENT_MS)
                drop_broken(c, "nothing was said on it");
        else if (c->awaits_pong && c->answers_pings && now - c->pinged_ms >= PONG_MS)
                drop_broken(c, "the peer does not answer pings any more");
        else if (is_idle(c))
                sip_connection_end(c, SIP_CONNECTION_CLOSE);
        else if (c->is_ours && limits->keepalive_ms && now - c->pinged_ms >= limits->keepalive_ms)
                ping(c);
        if (!sip_connection_is_over(c))
                arm(c);
}

/* ---- what comes ---- */

static void on_pong(struct sip_connection *c)
{
        if (!c->awaits_pong)
                return;
        c->awaits_pong = false;
        c->answers_pings = true;
        c->framer.has_half_ping = false;
}

static void on_ping(struct sip_connection *c)
{
        c->has_spoken = true;
        c->used_ms = now_ms(c);
        if (stream_send(c->stream, SLICE(EMPTY_LINE)))
                sip_connection_end(c, SIP_CONNECTION_ABORT);
}

static bool deliver(struct sip_connection *c, struct slice text, unsigned refusal)
{
        const struct sip_transports_params *params = c->all->params;
        struct sip_trunk_state *trunk = sip_trunks_find(params->trunks, c->trunk_id);
        const struct sip_target source = c->peer;
        return params->handler->on_message(params->arg, &source, trunk, text, refusal);
}

/* A trunk may have been removed since, or have other sources. */
static bool is_known(const struct sip_connection *c)
{
        const struct sip_transports_params *params = c->all->params;
        const struct sip_trunk_state *trunk = trunk_of(c);
        if (c->trunk_id == 0)
                return params->handler->may_speak(params->arg, &c->peer);
        return trunk && sip_trunk_has(trunk, &c->peer);
}

/* A trunk may have been changed since it connected: what is asked of it now counts. */
static bool is_still_welcome(struct sip_connection *c)
{
        const struct sip_trunk_state *trunk = trunk_of(c);
        struct tls_reason why = {"the trunk speaks TLS only by now"};
        bool is_asked = !c->is_ours && trunk && trunk->trunk.transport == TRUNK_TLS;
        int err = 0;
        if (is_asked && c->peer.transport != SIP_TLS)
                err = ERR_UNTRUSTED;
        else if (is_asked && trunk->trunk.client_domain[0])
                err = tls_check_peer(c->stream, slice_from(trunk->trunk.client_domain), &why);
        if (!err && is_known(c))
                return true;
        if (!err)
                why = (struct tls_reason){"there is no trunk for it any more"};
        c->all->params->counters->untrusted++;
        tell(c, "was closed", why.text);
        sip_connection_end(c, SIP_CONNECTION_CLOSE);
        return false;
}

static void on_message(struct sip_connection *c, struct slice text)
{
        if (!is_still_welcome(c))
                return;
        c->has_spoken = true;
        c->begun_ms = 0;
        c->used_ms = now_ms(c);
        bool is_good = deliver(c, text, 0);
        if (!is_good && !sip_connection_is_over(c))
                drop_broken(c, "what came on it was no SIP");
}

static void on_broken(struct sip_connection *c, const struct sip_frame *frame)
{
        if (frame->text.len)
                (void)deliver(c, frame->text, frame->status);
        if (!sip_connection_is_over(c))
                drop_broken(c, frame->text.len
                                       ? "a message did not say how long it is, or is too long"
                                       : "what came on it was no SIP");
}

/* Takes what is whole; returns how much. */
static size_t read_frames(struct sip_connection *c, struct slice data)
{
        size_t used = 0;
        while (!sip_connection_is_over(c)) {
                const struct slice rest = {data.p + used, data.len - used};
                struct sip_frame frame;
                enum sip_frame_event event = sip_frame_next(&c->framer, rest, &frame);
                used += frame.used;
                switch (event) {
                case SIP_FRAME_MORE:
                        return used;
                case SIP_FRAME_MESSAGE:
                        on_message(c, frame.text);
                        break;
                case SIP_FRAME_PING:
                        on_ping(c);
                        break;
                case SIP_FRAME_PONG:
                        on_pong(c);
                        break;
                case SIP_FRAME_BROKEN:
                        on_broken(c, &frame);
                        break;
                }
        }
        return used;
}

static void note_beginning(struct sip_connection *c, struct slice left)
{
        if (!sip_frame_has_begun(left))
                c->begun_ms = 0;
        else if (c->begun_ms == 0)
                c->begun_ms = now_ms(c);
}

static void on_data(void *arg, struct slice data)
{
        struct sip_connection *c = arg;
        bool was_empty = byte_queue_peek(&c->in).len == 0;
        if (!was_empty && byte_queue_put(&c->in, data)) {
                sip_connection_end(c, SIP_CONNECTION_ABORT);
                return;
        }
        struct slice all = was_empty ? data : byte_queue_peek(&c->in);
        size_t used = read_frames(c, all);
        if (sip_connection_is_over(c))
                return;
        struct slice left = {all.p + used, all.len - used};
        note_beginning(c, left);
        if (!was_empty)
                byte_queue_drop(&c->in, used);
        else if (byte_queue_put(&c->in, left)) {
                sip_connection_end(c, SIP_CONNECTION_ABORT);
                return;
        }
        arm(c);
}

/* ---- its beginning, and sending ---- */

static void on_open(void *arg)
{
        struct sip_connection *c = arg;
        const struct sip_trunk_state *trunk = trunk_of(c);
        c->is_open = true;
        c->made_ms = c->used_ms = c->pinged_ms = now_ms(c);
        if (c->is_ours)
                c->all->params->counters->opened++;
        log_debug("sip: trunk %s: %s connection %s %s", trunk ? trunk->trunk.name : "(unknown)",
                  sip_transport_name(c->peer.transport), c->is_ours ? "to" : "from",
                  addr_format(&c->peer.addr).text);
        arm(c);
}

const struct stream_handlers sip_connection_handlers = {
        .on_open = on_open,
        .on_data = on_data,
        .on_close = on_close,
};

void sip_connection_start(struct sip_connection *c, bool is_open)
{
        c->made_ms = c->used_ms = c->pinged_ms = now_ms(c);
        if (is_open)
                on_open(c);
}

int sip_connection_send(struct sip_connection *c, struct slice message)
{
        c->used_ms = now_ms(c);
        int err = stream_send(c->stream, message);
        return err == ERR_FULL ? -EAGAIN : err; /* it is the peer that lacks something, not we */
}
