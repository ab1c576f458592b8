/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_ua.c - what comes in: who may speak, what is no SIP, and whose each message is.
 */
#include "sip/sip_ua.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "sip/sip_check.h"
#include "sip/sip_core.h"
#include "sip/sip_monitor.h"
#include "sip/sip_probe.h"
#include "sip/sip_register.h"
#include "sip/sip_saved.h"
#include "sip/sip_tolerance.h"

#define UNTRUSTED_TOLD_MS 60000

bool sip_ua_sent_by(const struct sip_ua *ua, const struct trunk *trunk,
                    const struct sip_target *target, struct sip_sent_by *out)
{
        return sip_transports_sent_by(ua->transports, trunk, target, out);
}

void sip_ua_send(struct sip_ua *ua, uint32_t trunk_id, const struct sip_target *to,
                 struct slice message)
{
        struct sip_target target = *to;
        if (sip_transports_send(ua->transports, trunk_id, &target, message))
                ua->counters.unsent++;
}

struct sip_target sip_ua_reply_to(const struct sip_request *request)
{
        struct sip_target to = *request->source;
        struct sip_via via = request->msg->vias[0];
        /* The connection first; when it is gone, another one to where the peer listens. */
        if (to.transport != SIP_UDP)
                via.has_rport = false;
        sip_via_reply_to(&via, &request->source->addr, &to.addr);
        return to;
}

/* RFC 3261 8.2.7: without state, the same request must get the same tag. */
static struct sip_token_text stateless_tag(const struct sip_ua *ua, const struct sip_msg *msg)
{
        uint64_t halves[2] = {
                siphash(&ua->reply_key, msg->call_id.p, msg->call_id.len),
                siphash(&ua->reply_key, msg->from.tag.p, msg->from.tag.len),
        };
        struct sip_token_text tag = {{0}};
        struct buf b;
        buf_init(&b, tag.text, sizeof tag.text - 1);
        buf_put_hex(&b, halves, sizeof halves);
        return tag;
}

void sip_ua_reply_tagged(struct sip_ua *ua, const struct sip_request *request,
                         struct sip_reply reply, struct slice tag)
{
        const struct sip_msg *msg = request->msg;
        char head_text[SIP_OUT_BYTES];
        struct buf head, b = sip_ua_out(ua);
        assert(msg->method != SIP_ACK);
        buf_init(&head, head_text, sizeof head_text);
        sip_compose_head(&head, msg, &request->source->addr, tag);
        reply.head = buf_slice(&head);
        sip_compose_reply(&b, &reply);
        if (!buf_ok(&head) || !buf_ok(&b)) {
                ua->counters.unsent++;
                return;
        }
        const struct sip_target to = sip_ua_reply_to(request);
        uint32_t trunk_id = request->trunk ? request->trunk->trunk.id : 0;
        sip_ua_send(ua, trunk_id, &to, buf_slice(&b));
}

void sip_ua_reply(struct sip_ua *ua, const struct sip_request *request, struct sip_reply reply)
{
        const struct sip_token_text tag = stateless_tag(ua, request->msg);
        sip_ua_reply_tagged(ua, request, reply, slice_from(tag.text));
}

struct sip_reply sip_ua_refusal(struct sip_ua *ua, unsigned status)
{
        if (status == 400)
                ua->counters.refused_400++;
        if (status == 405)
                ua->counters.method_not_allowed++;
        if (status == 503)
                ua->counters.refused_overload++;
        if (status == 513)
                ua->counters.refused_large++;
        return (struct sip_reply){
                .status = status,
                .has_allow = status == 405,
                .has_accept = status == 415,
                .retry_after_s = status == 503 ? SIP_RETRY_S : 0,
                .min_se_s = status == 422 ? SIP_MIN_SE_S : 0,
        };
}

void sip_ua_reply_status(struct sip_ua *ua, const struct sip_request *request, unsigned status)
{
        sip_ua_reply(ua, request, sip_ua_refusal(ua, status));
}

unsigned sip_ua_read_sdp(const struct sip_msg *msg, struct sdp *store, const struct sdp **out)
{
        *out = NULL;
        if (msg->body.len == 0)
                return 0;
        if (!msg->content_is_sdp)
                return 415;
        int err = sdp_parse(msg->body, store);
        if (err)
                return err == ERR_TOO_LARGE ? 413 : 400;
        if (!store->has_audio)
                return 488;
        *out = store;
        return 0;
}

/* Responses. */

static void on_response(struct sip_ua *ua, const struct sip_msg *msg,
                        const struct sip_target *source)
{
        /* Two dialogs cannot be told apart without it (RFC 3261 12.1); a 2xx makes one. */
        bool is_answer = msg->cseq_method == SIP_INVITE && msg->status >= 200 && msg->status < 300;
        if (is_answer && msg->to.tag.len == 0) {
                ua->counters.not_sip++;
                return;
        }
        if (!sip_transactions_on_response(ua->txs, msg, source))
                ua->counters.stray_responses++;
}

static void on_tx_response(void *arg, struct sip_transaction *tx, const struct sip_msg *response,
                           const struct sip_target *source)
{
        struct sip_ua *ua = arg;
        if (!sip_probes_own(tx))
                sip_monitor_on_response(ua->monitor, tx, response);
        if (sip_probes_own(tx))
                sip_probes_on_response(ua->probes, tx, response, source);
        else if (sip_transaction_method(tx) == SIP_REGISTER)
                sip_registrar_on_response(ua->registrar, tx, response);
        else
                sip_uac_on_response(ua, tx, response, source);
}

static void on_tx_timeout(void *arg, struct sip_transaction *tx)
{
        struct sip_ua *ua = arg;
        struct leg *leg = sip_probes_own(tx) ? NULL : sip_leg_of(ua, tx);
        if (!sip_probes_own(tx) && !sip_client_is_heard(tx))
                sip_monitor_on_silence(ua->monitor, tx);
        if (sip_probes_own(tx))
                sip_probes_on_timeout(ua->probes, tx);
        else if (sip_transaction_method(tx) == SIP_REGISTER)
                sip_registrar_on_timeout(ua->registrar, tx);
        else if (leg)
                sip_uac_on_timeout(leg, tx);
}

static bool goes_tx_elsewhere(void *arg, const struct sip_transaction *tx)
{
        struct sip_ua *ua = arg;
        const struct leg *leg = sip_probes_own(tx) ? NULL : sip_leg_of(ua, tx);
        if (sip_transaction_method(tx) == SIP_REGISTER)
                return sip_registrar_goes_elsewhere(ua->registrar, tx);
        if (!leg)
                return true; /* who asked has no use for an answer so late */
        return sip_uac_goes_elsewhere(leg, tx);
}

static void on_tx_unsent(void *arg, struct sip_transaction *tx)
{
        struct sip_ua *ua = arg;
        struct leg *leg = sip_leg_of(ua, tx);
        const struct sip_target target = sip_client_target(tx);
        if (!sip_probes_own(tx))
                sip_monitor_on_unsent(ua->monitor, sip_transaction_trunk(tx), &target);
        if (sip_probes_own(tx))
                sip_probes_on_timeout(ua->probes, tx);
        else if (sip_transaction_method(tx) == SIP_REGISTER)
                sip_registrar_on_timeout(ua->registrar, tx);
        else if (leg)
                sip_uac_on_unsent(leg, tx);
}

static void on_tx_unacknowledged(void *arg, struct sip_transaction *tx)
{
        struct leg *leg = sip_leg_of(arg, tx);
        if (leg)
                sip_uas_on_unacknowledged(leg);
}

static const struct sip_transaction_handler tx_handler = {
        .on_response = on_tx_response,
        .on_timeout = on_tx_timeout,
        .goes_elsewhere = goes_tx_elsewhere,
        .on_unsent = on_tx_unsent,
        .on_unacknowledged = on_tx_unacknowledged,
};

/* Requests. */

/* The leg that the To tag names, if the request is of its dialog and from its trunk. */
static struct leg *find_leg(struct sip_ua *ua, const struct sip_request *request)
{
        const struct sip_msg *msg = request->msg;
        struct sip_token token;
        if (!sip_token_read(&ua->tokens, SIP_TOKEN_TAG, msg->to.tag, &token) || token.shard != 0)
                return NULL;
        struct leg *leg = sip_leg_find(ua, (struct sip_leg){token.slot});
        if (!leg || !sip_dialog_has_request(&leg->dialog, msg) ||
            !sip_trunks_may_continue(ua->params.trunks, leg->trunk_id, request->source))
                return NULL;
        return leg;
}

static void on_ack(struct sip_ua *ua, const struct sip_request *request)
{
        struct sip_transaction *tx = sip_server_find(ua->txs, request->msg, request->source);
        struct leg *leg = NULL;
        if (!tx)
                leg = find_leg(ua, request);
        /* A 2xx's ACK should have a branch of its own; with the INVITE's it is clear enough. */
        else if (sip_server_on_ack(tx))
                leg = sip_leg_of(ua, tx);
        if (leg)
                sip_uas_on_ack(leg, request->msg);
}

/* One of our own branches in the Via set: the call has come back to us. */
static bool is_loop(const struct sip_ua *ua, const struct sip_msg *msg)
{
        struct sip_token token;
        for (unsigned i = 0; i < msg->via_count; i++) {
                if (sip_branch_read(&ua->tokens, msg->vias[i].branch, &token))
                        return true;
        }
        return false;
}

static void on_options(struct sip_ua *ua, const struct sip_request *request)
{
        ua->counters.options++;
        sip_ua_reply(ua, request,
                     (struct sip_reply){
                             .status = 200,
                             .has_allow = true,
                             .has_accept = true,
                             .has_supported = true,
                     });
}

/* A request outside of any dialog. */
static void on_new_request(struct sip_ua *ua, const struct sip_request *request)
{
        const struct sip_msg *msg = request->msg;
        if (is_loop(ua, msg) || sip_server_is_merged(ua->txs, msg)) {
                sip_ua_reply_status(ua, request, 482);
                return;
        }
        switch (msg->method) {
        case SIP_INVITE:
                sip_uas_on_invite(ua, request);
                return;
        case SIP_OPTIONS:
                on_options(ua, request);
                return;
        default: /* those that live in a dialog only */
                sip_ua_reply_status(ua, request, 481);
                return;
        }
}

static void refuse_extension(struct sip_ua *ua, const struct sip_request *request)
{
        char text[256];
        struct buf unsupported;
        buf_init(&unsupported, text, sizeof text);
        sip_check_put_unsupported(&unsupported, request->msg);
        sip_ua_reply(ua, request,
                     (struct sip_reply){
                             .status = 420,
                             .unsupported = buf_slice(&unsupported),
                     });
}

static void on_request(struct sip_ua *ua, const struct sip_request *request)
{
        const struct sip_msg *msg = request->msg;
        if (msg->method == SIP_ACK) {
                on_ack(ua, request);
                return;
        }
        if (msg->method == SIP_CANCEL) {
                sip_uas_on_cancel(ua, request);
                return;
        }
        struct sip_transaction *tx = sip_server_find(ua->txs, msg, request->source);
        if (tx) {
                sip_server_on_retransmission(tx);
                return;
        }

        struct leg *leg = msg->to.tag.len ? find_leg(ua, request) : NULL;
        unsigned status = sip_check_request(msg, leg != NULL);
        if (status == 420)
                refuse_extension(ua, request);
        else if (status)
                sip_ua_reply_status(ua, request, status);
        else if (leg)
                sip_within_on_request(leg, request);
        else
                on_new_request(ua, request);
}

/* What comes in. */

static bool is_keep_alive(struct slice data)
{
        for (size_t i = 0; i < data.len; i++) {
                if (data.p[i] != '\r' && data.p[i] != '\n' && data.p[i] != 0)
                        return false;
        }
        return true;
}

/* By its first line: one message that is wrong must not end the connection of all others. */
static bool is_sip(struct slice data)
{
        const char *end = memchr(data.p, '\n', data.len);
        size_t len = end ? (size_t)(end - data.p) : data.len;
        return memmem(data.p, len, "SIP/2.0", 7) != NULL;
}

static unsigned status_of_error(int err)
{
        if (err == ERR_TOO_LARGE)
                return 513;
        return err == ERR_VERSION ? 505 : 400;
}

static void on_garbage(struct sip_ua *ua, const struct sip_request *request, unsigned status,
                       bool reply_possible)
{
        ua->counters.not_sip++;
        if (request->trunk)
                request->trunk->counters.dropped++;
        if (reply_possible && request->msg->method != SIP_ACK)
                sip_ua_reply_status(ua, request, status);
}

/* By address, whatever the port. A new one takes the place of the one that was heard last. */
static void note_stranger(struct sip_ua *ua, const struct addr *from)
{
        struct sip_stranger stranger = {.addr = *from};
        unsigned at = 0;
        while (at < SIP_STRANGERS_MAX - 1 && ua->strangers[at].count &&
               !addr_equal_ip(&ua->strangers[at].addr, from))
                at++;
        if (ua->strangers[at].count && addr_equal_ip(&ua->strangers[at].addr, from))
                stranger.count = ua->strangers[at].count;
        stranger.count++;
        stranger.last_wall_ms = io_wall_ms(ua->params.io);
        memmove(&ua->strangers[1], &ua->strangers[0], at * sizeof stranger);
        ua->strangers[0] = stranger;
}

unsigned sip_ua_strangers(const struct sip_ua *ua, struct sip_stranger out[SIP_STRANGERS_MAX])
{
        unsigned count = 0;
        while (count < SIP_STRANGERS_MAX && ua->strangers[count].count) {
                out[count] = ua->strangers[count];
                count++;
        }
        return count;
}

/* An operator whose carrier is not heard looks for this line; a scanner must not fill the log. */
static void on_untrusted(struct sip_ua *ua, const struct addr *from)
{
        int64_t now_ms = io_now_ms(ua->params.io);
        uint64_t count = ++ua->counters.untrusted;
        note_stranger(ua, from);
        if (ua->untrusted_told_ms && now_ms - ua->untrusted_told_ms < UNTRUSTED_TOLD_MS)
                return;
        log_info("sip: datagrams and connections dropped from addresses of no trunk: %" PRIu64
                 ", the last from %s; "
                 "if it is a carrier's, give it to its trunk as a source",
                 count - ua->untrusted_told, addr_format(from).text);
        ua->untrusted_told_ms = now_ms;
        ua->untrusted_told = count;
}

static bool may_speak(void *arg, const struct sip_target *source)
{
        struct sip_ua *ua = arg;
        bool is_known = sip_trunks_know(ua->params.trunks, source);
        if (source->transport == SIP_UDP)
                ua->counters.datagrams++;
        if (!is_known)
                on_untrusted(ua, &source->addr);
        return is_known;
}

static bool on_message(void *arg, const struct sip_target *source, struct sip_trunk_state *trunk,
                       struct slice data, unsigned refusal)
{
        struct sip_ua *ua = arg;
        const struct sip_request request = {
                .msg = &ua->msg,
                .source = source,
                .trunk = trunk ? trunk : sip_trunks_match(ua->params.trunks, source),
        };
        if (is_keep_alive(data))
                return true;

        bool reply_possible = false;
        char memory[SIP_TOLERANCE_BYTES];
        int err = sip_msg_parse(data, &ua->msg, &reply_possible);
        if (err && sip_tolerates_cut(request.trunk, source, &ua->msg))
                err = 0;
        if (err || refusal) {
                reply_possible = reply_possible || (!err && ua->msg.is_request);
                on_garbage(ua, &request, refusal ? refusal : status_of_error(err), reply_possible);
                return reply_possible || is_sip(data);
        }
        sip_tolerate(request.trunk, source, &ua->msg, memory);
        if (ua->msg.is_request)
                on_request(ua, &request);
        else
                on_response(ua, &ua->msg, source);
        return true;
}

static void on_lost(void *arg, struct handle connection, bool was_open)
{
        struct sip_ua *ua = arg;
        sip_transactions_on_lost(ua->txs, connection, was_open);
}

static const struct sip_transports_handler transports_handler = {
        .may_speak = may_speak,
        .on_message = on_message,
        .on_lost = on_lost,
};

static unsigned spoken(const struct sip_listen *listen, uint8_t family)
{
        unsigned transports = 0;
        if (addr_pair_find(&listen->udp, family))
                transports |= 1u << SIP_UDP;
        if (addr_pair_find(&listen->tcp, family))
                transports |= 1u << SIP_TCP;
        if (addr_pair_find(&listen->tls, family))
                transports |= 1u << SIP_TLS;
        return transports;
}

static int open_transports(struct sip_ua *ua)
{
        const struct sip_transports_params params = {
                .io = ua->params.io,
                .trunks = ua->params.trunks,
                .listen = ua->params.listen,
                .failed = ua->params.failed,
                .tls = ua->params.tls,
                .limits = ua->params.streams,
                .handler = &transports_handler,
                .arg = ua,
                .counters = &ua->counters.streams,
        };
        int err = sip_transports_create(&params, &ua->transports);
        if (!err)
                sip_trunks_speak(ua->params.trunks, (struct sip_spoken){spoken(&params.listen, 4),
                                                                        spoken(&params.listen, 6)});
        return err;
}

static int open_tables(struct sip_ua *ua, const struct sip_ua_keys *keys)
{
        const struct sip_ua_params *params = &ua->params;
        if (params->legs_max > SIP_TOKEN_INDEX_MAX ||
            params->transactions_max > SIP_TOKEN_INDEX_MAX)
                return ERR_RANGE;
        int err = pool_create(sizeof(struct leg), params->legs_max, true, &ua->legs);
        if (err)
                return err;
        /* With keys of an earlier run its tags and branches are still about: none may lead here. */
        if (params->keys)
                pool_begin_at(ua->legs, random_u32(io_random(params->io)));
        const struct sip_transactions_params transactions = {
                .io = params->io,
                .transports = ua->transports,
                .trunks = params->trunks,
                .keys = &ua->tokens,
                .request_keys = keys->requests,
                .is_restart = params->keys != NULL,
                .max = params->transactions_max,
                .handler = &tx_handler,
                .arg = ua,
                .counters = &ua->counters,
        };
        return sip_transactions_create(&transactions, &ua->txs);
}

static void wipe_out(void *arg)
{
        struct sip_ua *ua = arg;
        explicit_bzero(ua->out, sizeof ua->out);
}

struct buf sip_ua_out(struct sip_ua *ua)
{
        struct buf b;
        buf_init(&b, ua->out, sizeof ua->out);
        if (!ua->wipe.queued)
                io_defer(ua->params.io, &ua->wipe, wipe_out, ua);
        return b;
}

int sip_ua_create(const struct sip_ua_params *params, struct sip_ua **out)
{
        struct sip_ua *ua = secret_alloc(sizeof *ua);
        if (!ua)
                return -ENOMEM;
        ua->params = *params;
        struct sip_ua_keys own;
        if (!params->keys)
                sip_ua_keys_make(io_random(params->io), &own);
        const struct sip_ua_keys *keys = params->keys ? params->keys : &own;
        ua->tokens = keys->tokens;
        ua->reply_key = keys->reply;

        int err = open_transports(ua);
        if (!err)
                err = open_tables(ua, keys);
        explicit_bzero(&own, sizeof own);
        if (!err)
                err = sip_probes_create(ua, &ua->probes);
        if (!err)
                err = sip_monitor_create(ua, &ua->monitor);
        if (!err)
                err = sip_registrar_create(ua, &ua->registrar);
        if (err) {
                sip_ua_destroy(ua);
                return err;
        }
        *out = ua;
        return 0;
}

static void drop_legs(struct sip_ua *ua)
{
        for (uint32_t i = 0; i < pool_capacity(ua->legs); i++) {
                struct leg *leg = pool_at(ua->legs, i);
                if (!leg)
                        continue;
                sip_session_stop(leg);
                sip_prack_stop(leg);
                io_defer_cancel(ua->params.io, &leg->task);
                sip_trunks_close_dialog(ua->params.trunks, leg->trunk_id);
        }
}

void sip_ua_destroy(struct sip_ua *ua)
{
        if (!ua)
                return;
        if (ua->legs)
                drop_legs(ua);
        io_defer_cancel(ua->params.io, &ua->wipe);
        sip_registrar_destroy(ua->registrar);
        sip_monitor_destroy(ua->monitor);
        sip_probes_destroy(ua->probes);
        sip_transactions_destroy(ua->txs);
        pool_destroy(ua->legs);
        sip_transports_destroy(ua->transports);
        secret_free(ua, sizeof *ua);
}

const struct addr *sip_ua_listens(const struct sip_ua *ua, enum sip_transport transport,
                                  uint8_t family)
{
        return sip_transports_local(ua->transports, transport, family);
}

const struct addr *sip_ua_local(const struct sip_ua *ua)
{
        const struct addr *ip4 = sip_ua_listens(ua, SIP_UDP, 4);
        return ip4 ? ip4 : sip_ua_listens(ua, SIP_UDP, 6);
}

void sip_ua_set_draining(struct sip_ua *ua, bool draining)
{
        ua->is_draining = draining;
}

void sip_ua_registration(const struct sip_ua *ua, uint32_t trunk_id, struct sip_registration *out)
{
        sip_registrar_show(ua->registrar, trunk_id, out);
}

void sip_ua_leave(struct sip_ua *ua)
{
        sip_registrar_leave(ua->registrar);
}

bool sip_ua_is_leaving(const struct sip_ua *ua)
{
        return sip_registrar_is_leaving(ua->registrar);
}

const struct sip_ua_counters *sip_ua_counters(const struct sip_ua *ua)
{
        return &ua->counters;
}

uint32_t sip_ua_messages_kept(const struct sip_ua *ua)
{
        return sip_transactions_kept(ua->txs);
}
