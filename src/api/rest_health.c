/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_health.h"

#include <inttypes.h>

#include "api/process.h"
#include "api/rest_trunk_route.h"
#include "api/rest_trunk_tolerance.h"
#include "base/log.h"
#include "store/backups.h"

static void answer_status(struct rest *rest, unsigned status, const char *word)
{
        rest_answer(rest->api, rest->exchange, status, json_pack("{s:s}", "status", word));
}

void rest_health_live(struct rest *rest)
{
        answer_status(rest, 200, "ok");
}

/* Why it is not ready is in the log: this answer is for everybody. */
void rest_health_ready(struct rest *rest)
{
        struct directory_health health;
        directory_health(rest->api->params.directory, &health);
        if (rest->api->draining)
                answer_status(rest, 503, "draining");
        else if (!health.healthy)
                answer_status(rest, 503, "the store does not write");
        else
                answer_status(rest, 200, "ready");
}

static void put_metric(struct buf *out, const char *name, const char *type, const char *help,
                       uint64_t value)
{
        buf_printf(out,
                   "# HELP maskline_%s %s\n# TYPE maskline_%s %s\n"
                   "maskline_%s %" PRIu64 "\n",
                   name, help, name, type, name, value);
}

#define COUNTER "counter"
#define GAUGE   "gauge"

static void put_streams(const struct sip_stream_counters *c, struct buf *out)
{
        put_metric(out, "sip_connections", GAUGE, "SIP connections over TCP and TLS.",
                   c->connections);
        put_metric(out, "sip_connections_accepted_total", COUNTER, "Connections to us.",
                   c->accepted);
        put_metric(out, "sip_connections_made_total", COUNTER, "Connections that we made.",
                   c->opened);
        put_metric(out, "sip_connections_refused_total", COUNTER,
                   "Connections of strangers, or beyond a limit, closed unread.", c->refused);
        put_metric(out, "sip_connections_failed_total", COUNTER,
                   "Connections that could not be made.", c->failed);
        put_metric(out, "sip_connections_lost_total", COUNTER,
                   "Connections that the peer, or the way to it, has ended.", c->lost);
        put_metric(out, "sip_connections_broken_total", COUNTER,
                   "Connections closed for what came, or did not come, on them.", c->broken);
        put_metric(out, "sip_certificates_refused_total", COUNTER,
                   "Connections that ended because a certificate was refused.", c->untrusted);
}

static void put_calls(struct buf *out, const struct api *api)
{
        struct calls_counters c;
        calls_counters(api->params.calls, &c);
        put_metric(out, "calls_total", COUNTER, "Calls that came in.", c.calls);
        put_metric(out, "calls_connected_total", COUNTER, "Calls whose second leg was answered.",
                   c.connected);
        put_metric(out, "calls_refused_total", COUNTER, "Calls refused by the masking decision.",
                   c.refused);
        put_metric(out, "calls_limited_total", COUNTER, "Calls refused because of a limit.",
                   c.limited);
        put_metric(out, "calls_overflowed_total", COUNTER,
                   "Times that a call went on to a trunk that another one overflows to.",
                   c.overflowed);
        put_metric(out, "calls_restored_total", COUNTER,
                   "Calls gone on with after a crash of the server before.", c.restored);
        put_metric(out, "calls_lost_total", COUNTER,
                   "Calls not gone on with after a crash: unreadable, or its cause perhaps.",
                   c.lost);
        put_metric(out, "calls_unprotected_total", COUNTER,
                   "Calls that a crash would have ended: no slot was left for them.",
                   c.unprotected);
        put_metric(out, "calls_active", GAUGE, "Calls in progress.",
                   calls_active(api->params.calls));
        put_metric(out, "media_legs", GAUGE, "Legs that hold RTP ports.", c.media_legs);
        put_metric(out, "media_legs_ipv6", GAUGE, "Of those, with audio at an IPv6 address.",
                   c.media_legs_ip6);
        put_metric(out, "rtp_ports_free", GAUGE, "Pairs of RTP and RTCP ports that no leg holds.",
                   c.rtp_ports_free);
        put_metric(out, "sip_listens_ipv4", GAUGE, "1 while SIP is received at an IPv4 address.",
                   calls_listens(api->params.calls, SIP_UDP, 4) != NULL);
        put_metric(out, "sip_listens_ipv6", GAUGE, "1 while SIP is received at an IPv6 address.",
                   calls_listens(api->params.calls, SIP_UDP, 6) != NULL);
        put_metric(out, "call_pairs", GAUGE, "Callers with a number that they are calling.",
                   c.pairs);
        put_metric(out, "crash_slots", GAUGE, "Slots of the crash record in use.", c.crash_slots);
        put_metric(out, "sip_datagrams_total", COUNTER, "Datagrams on the SIP socket.",
                   c.sip.datagrams);
        put_metric(out, "sip_untrusted_total", COUNTER, "Datagrams from no trunk, dropped unread.",
                   c.sip.untrusted);
        put_metric(out, "sip_not_sip_total", COUNTER, "Datagrams that were not SIP.",
                   c.sip.not_sip);
        put_metric(out, "sip_refused_400_total", COUNTER, "Requests answered 400.",
                   c.sip.refused_400);
        put_metric(out, "sip_refused_overload_total", COUNTER, "Requests answered 503.",
                   c.sip.refused_overload);
        put_metric(out, "sip_retransmitted_in_total", COUNTER, "Retransmissions received.",
                   c.sip.retransmitted_in);
        put_metric(out, "sip_retransmitted_out_total", COUNTER, "Retransmissions sent.",
                   c.sip.retransmitted_out);
        put_metric(out, "sip_stray_responses_total", COUNTER, "Responses to nothing we sent.",
                   c.sip.stray_responses);
        put_metric(out, "sip_challenges_met_total", COUNTER,
                   "Challenges that were answered with a trunk's credentials.",
                   c.sip.challenges_met);
        put_metric(out, "sip_challenges_refused_total", COUNTER,
                   "Challenges that were not answered.", c.sip.challenges_refused);
        put_metric(out, "sip_register_failures_total", COUNTER,
                   "Registrations that were refused or not answered.", c.sip.register_failures);
        put_metric(out, "sip_failovers_total", COUNTER,
                   "INVITEs that went on to another server of their trunk's peer.",
                   c.sip.failovers);
        put_metric(out, "sip_redirects_total", COUNTER,
                   "Redirections that were followed to another server of their trunk.",
                   c.sip.redirects);
        put_streams(&c.sip.streams, out);
        put_metric(out, "sip_legs", GAUGE, "SIP legs.", c.sip.legs);
        put_metric(out, "sip_transactions", GAUGE, "SIP transactions.", c.sip.transactions);
        put_metric(out, "sip_messages_kept", GAUGE, "SIP messages kept to be sent again.",
                   c.messages_kept);
}

/* Of the trunks that are to be registered, how many are. */
static void put_registrations(struct buf *out, const struct api *api)
{
        uint64_t wanted = 0, registered = 0;
        const struct trunk *trunk;
        for (uint32_t i = 0; (trunk = directory_trunk_at(api->params.directory, i)); i++) {
                struct sip_registration registration;
                calls_registration(api->params.calls, trunk->id, &registration);
                wanted += registration.is_wanted;
                registered += registration.is_registered;
        }
        put_metric(out, "sip_registrations_wanted", GAUGE, "Trunks that are to be registered.",
                   wanted);
        put_metric(out, "sip_registrations", GAUGE, "Trunks that are registered.", registered);
}

static void put_trunks(struct buf *out, const struct api *api)
{
        struct rest_trunk_sums sums;
        rest_trunk_route_count(api, &sums);
        put_metric(out, "trunks_up", GAUGE, "Trunks whose carrier answers.", sums.up);
        put_metric(out, "trunks_down", GAUGE, "Trunks whose carrier does not, or refuses.",
                   sums.down);
        put_metric(out, "trunk_downs_total", COUNTER, "Times that a trunk went down.", sums.downs);
        put_metric(out, "trunk_tolerated_total", COUNTER,
                   "Mistakes of carriers that their trunks tolerate.",
                   rest_trunk_tolerance_count(api));
        put_metric(out, "trunk_ups_total", COUNTER, "Times that a trunk came up.", sums.ups);
}

static void put_directory(struct buf *out, const struct api *api)
{
        struct directory_health health;
        directory_health(api->params.directory, &health);
        put_metric(out, "store_healthy", GAUGE, "1 while the store takes what is written.",
                   health.healthy);
        put_metric(out, "store_queued", GAUGE, "Changes that wait for the disk.", health.queued);
        put_metric(out, "store_lost_total", COUNTER,
                   "Call and audit records given up: the queue was full.", health.lost);
        put_metric(out, "cdrs_expired_total", COUNTER,
                   "Call records removed because their time was over.", health.cdrs_expired);
        put_metric(out, "sessions", GAUGE, "Sessions in memory.", health.sessions);
        put_metric(out, "numbers", GAUGE, "Masking numbers.", health.numbers);
        put_metric(out, "trunks", GAUGE, "Trunks.", health.trunks);
}

static void put_backups(struct buf *out, const struct api *api)
{
        struct backups_counters c;
        if (!api->params.backups)
                return;
        backups_counters(api->params.backups, &c);
        put_metric(out, "backups_made_total", COUNTER, "Backups that are whole.", c.made);
        put_metric(out, "backups_failed_total", COUNTER, "Backups that failed.", c.failed);
        put_metric(out, "backups_expired_total", COUNTER,
                   "Backups whose key was shredded because their time is over.", c.expired);
        put_metric(out, "backup_last_seconds", GAUGE,
                   "When the newest backup was begun, in seconds since 1970; 0: there is none.",
                   (uint64_t)(c.last_ms / 1000));
}

static void put_server(struct buf *out, const struct api *api)
{
        const struct io_counters *io = io_counters(api->params.io);
        put_metric(out, "datagrams_in_total", COUNTER, "Datagrams received on all sockets.",
                   io->datagrams_in);
        put_metric(out, "datagrams_out_total", COUNTER, "Datagrams sent on all sockets.",
                   io->datagrams_out);
        put_metric(out, "datagrams_send_failed_total", COUNTER, "Datagrams that could not be sent.",
                   io->send_failed);
        put_metric(out, "http_requests_total", COUNTER, "Requests to the API.",
                   api->counters.requests);
        put_metric(out, "http_limited_total", COUNTER, "Requests answered 429.",
                   api->counters.limited);
        put_metric(out, "http_unauthorized_total", COUNTER, "Requests without a valid token.",
                   api->counters.unauthorized);
        put_metric(out, "http_refused_total", COUNTER, "Requests answered 4xx.",
                   api->counters.refused);
        put_metric(out, "http_failed_total", COUNTER, "Requests answered 5xx.",
                   api->counters.failed);
}

static void put_process(struct buf *out, const struct api *api)
{
        struct process_use use;
        process_use(&use);
        put_metric(out, "timers", GAUGE, "Timers that run.", io_timers_armed(api->params.io));
        put_metric(out, "open_files", GAUGE, "Open files and sockets.", use.open_files);
        put_metric(out, "resident_bytes", GAUGE, "Memory of the process.", use.resident_bytes);
        put_metric(out, "heap_bytes", GAUGE, "Memory that has been allocated and not freed.",
                   use.heap_bytes);
}

void rest_health_metrics(struct rest *rest)
{
        static char memory[32768];
        struct buf out;
        buf_init(&out, memory, sizeof memory);
        put_calls(&out, rest->api);
        put_registrations(&out, rest->api);
        put_trunks(&out, rest->api);
        put_directory(&out, rest->api);
        put_backups(&out, rest->api);
        put_server(&out, rest->api);
        put_process(&out, rest->api);
        if (!buf_ok(&out))
                log_error("metrics: the page is larger than its buffer");

        struct http_response response = {
                .status = buf_ok(&out) ? 200 : 500,
                .content_type = "text/plain; version=0.0.4; charset=utf-8",
                .body = buf_slice(&out),
        };
        http_respond(rest->api->server, rest->exchange, &response);
}
