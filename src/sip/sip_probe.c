/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_probe.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sip/sip_core.h"
#include "wire/sip_date.h"
#include "wire/sip_lines.h"

#define CALL_ID_BYTES 16
#define TAG_BYTES     8
#define DIGITS_SHOWN  6 /* a longer run of digits may be somebody's number */

struct probe {
        struct sip_ua *ua;
        struct sip_probe_params params;
        struct handle tx;
        char call_id[2 * CALL_ID_BYTES + 1], tag[2 * TAG_BYTES + 1];
        uint32_t cseq;
        int64_t sent_ms;
        struct io_timer timer;
        struct sip_digest_attempt attempt;
        struct sip_probe_result result;
};

struct sip_probes {
        struct sip_ua *ua;
        struct pool *pool; /* owned */
};

int sip_probes_create(struct sip_ua *ua, struct sip_probes **out)
{
        struct sip_probes *probes = calloc(1, sizeof *probes);
        if (!probes)
                return -ENOMEM;
        probes->ua = ua;
        int err = pool_create(sizeof(struct probe), SIP_PROBES_MAX, false, &probes->pool);
        if (err) {
                sip_probes_destroy(probes);
                return err;
        }
        *out = probes;
        return 0;
}

static void drop(struct probe *probe)
{
        struct sip_ua *ua = probe->ua;
        uint32_t trunk_id = probe->params.trunk_id;
        io_timer_stop(ua->params.io, &probe->timer);
        pool_put(ua->probes->pool, probe);
        sip_trunks_close_dialog(ua->params.trunks, trunk_id);
}

void sip_probes_destroy(struct sip_probes *probes)
{
        if (!probes)
                return;
        for (uint32_t i = 0; probes->pool && i < pool_capacity(probes->pool); i++) {
                struct probe *probe = pool_at(probes->pool, i);
                if (probe)
                        drop(probe);
        }
        pool_destroy(probes->pool);
        free(probes);
}

static void finish(struct probe *probe, enum sip_probe_outcome outcome)
{
        struct sip_ua *ua = probe->ua;
        const struct sip_probe_params params = probe->params;
        struct sip_transaction *tx = sip_transaction_find(ua->txs, probe->tx);
        struct sip_probe_result result = probe->result;
        result.outcome = outcome;
        if (tx)
                sip_client_forget(tx);
        drop(probe);
        params.fn(params.arg, &result);
}

static void on_time_is_up(void *arg)
{
        finish(arg, SIP_PROBE_NO_ANSWER);
}

/* Sending */

struct texts {
        char memory[2][SIP_URI_BYTES + 3 * TRUNK_USERNAME_BYTES];
        struct slice uri, from, to;
};

static void make_texts(const struct probe *probe, const struct trunk *trunk,
                       const struct sip_sent_by *local, struct texts *out)
{
        struct buf uri, own;
        buf_init(&uri, out->memory[0], sizeof out->memory[0]);
        buf_put_text(&uri, "sip:");
        sip_compose_peer_host(&uri, trunk, true);
        buf_init(&own, out->memory[1], sizeof out->memory[1]);
        buf_put_text(&own, "sip:");
        if (probe->params.method == SIP_REGISTER) {
                sip_compose_username(&own, trunk->username);
                buf_put_char(&own, '@');
                sip_compose_peer_host(&own, trunk, false);
        } else {
                buf_put_text(&own, addr_format(&local->addr).text);
        }
        assert(buf_ok(&uri));
        assert(buf_ok(&own));
        out->uri = buf_slice(&uri);
        out->from = buf_slice(&own);
        out->to = probe->params.method == SIP_REGISTER ? out->from : out->uri;
}

static int send_probe(struct probe *probe)
{
        struct sip_ua *ua = probe->ua;
        const struct sip_trunk_state *state =
                sip_trunks_state_any(ua->params.trunks, probe->params.trunk_id);
        struct sip_client_params params = {
                .method = probe->params.method,
                .owner = pool_handle(ua->probes->pool, probe),
                .trunk_id = probe->params.trunk_id,
        };
        if (!sip_ua_sent_by(ua, &state->trunk, &probe->result.peer, &params.local))
                return ERR_STATE;
        struct sip_transaction *tx = sip_client_open(ua->txs, &params);
        if (!tx)
                return ERR_FULL;

        struct texts texts;
        struct buf credentials, b = sip_ua_out(ua);
        make_texts(probe, &state->trunk, &params.local, &texts);
        buf_init(&credentials, ua->credentials, sizeof ua->credentials);
        if (probe->attempt.is_answered)
                sip_digest_authorize(state->digest, io_random(ua->params.io), params.method,
                                     texts.uri, &credentials);
        const struct sip_branch_text branch = sip_client_branch(tx);
        sip_compose_probe(&b, &(struct sip_probe_text){
                                      .method = params.method,
                                      .local = params.local,
                                      .branch = slice_from(branch.text),
                                      .uri = texts.uri,
                                      .from = texts.from,
                                      .to = texts.to,
                                      .tag = slice_from(probe->tag),
                                      .call_id = slice_from(probe->call_id),
                                      .cseq = ++probe->cseq,
                                      .authorization = buf_slice(&credentials),
                              });
        assert(buf_ok(&credentials));
        assert(buf_ok(&b));
        probe->tx = sip_transaction_handle(tx);
        probe->sent_ms = io_now_ms(ua->params.io);
        probe->result.local = params.local;
        return sip_client_start(tx, buf_slice(&b), &probe->result.peer);
}

int sip_probe_start(struct sip_ua *ua, const struct sip_probe_params *params, struct sip_probe *out)
{
        const struct sip_trunk_state *state = sip_trunks_find(ua->params.trunks, params->trunk_id);
        assert(params->method == SIP_OPTIONS || params->method == SIP_REGISTER);
        if (!state || (sip_target_is_none(&params->to) && sip_target_is_none(&state->peer)) ||
            (params->method == SIP_REGISTER && !state->trunk.username[0]))
                return ERR_NOT_FOUND;
        struct probe *probe = pool_take(ua->probes->pool, NULL);
        if (!probe)
                return ERR_FULL;
        probe->ua = ua;
        probe->params = *params;
        probe->result.peer = sip_target_is_none(&params->to) ? state->peer : params->to;
        sip_token_random(io_random(ua->params.io), probe->call_id, CALL_ID_BYTES);
        sip_token_random(io_random(ua->params.io), probe->tag, TAG_BYTES);
        sip_trunks_open_dialog(ua->params.trunks, params->trunk_id);
        int err = send_probe(probe);
        if (err) {
                drop(probe);
                return err;
        }
        io_timer_start(ua->params.io, &probe->timer, params->timeout_ms, on_time_is_up, probe);
        out->h = pool_handle(ua->probes->pool, probe);
        return 0;
}

void sip_probe_cancel(struct sip_ua *ua, struct sip_probe handle)
{
        struct probe *probe = pool_find(ua->probes->pool, handle.h);
        if (!probe)
                return;
        struct sip_transaction *tx = sip_transaction_find(ua->txs, probe->tx);
        if (tx)
                sip_client_forget(tx);
        drop(probe);
}

/* What the answer says */

/* Printable ASCII without long runs of digits, in groups or not; the rest is left out. */
static void put_words(char out[SIP_PROBE_WORDS_BYTES], struct slice text)
{
        size_t len = 0, digits = 0;
        for (size_t i = 0; i < text.len && len < SIP_PROBE_WORDS_BYTES - 1; i++) {
                char c = text.p[i];
                bool is_digit = c >= '0' && c <= '9';
                if (is_digit)
                        digits++;
                else if (!strchr(" -.()", c))
                        digits = 0;
                if (c < ' ' || c > '~' || (is_digit && digits > DIGITS_SHOWN))
                        continue;
                out[len++] = c;
        }
        out[len] = '\0';
}

static bool find_line(const struct sip_msg *msg, struct slice name, struct slice *value)
{
        struct slice rest = msg->text;
        return sip_lines_next(&rest, name, value);
}

static void note_words(struct sip_probe_result *result, const struct sip_msg *response)
{
        struct slice value;
        if (find_line(response, SLICE("Server"), &value) ||
            find_line(response, SLICE("User-Agent"), &value))
                put_words(result->server, value);
}

static void note_clock(struct probe *probe, const struct sip_msg *response)
{
        struct slice value;
        int64_t date_ms;
        struct sip_probe_result *result = &probe->result;
        result->has_date =
                find_line(response, SLICE("Date"), &value) && !sip_date_parse(value, &date_ms);
        if (result->has_date)
                result->date_ahead_ms = date_ms - io_wall_ms(probe->ua->params.io);
}

static void note_seen(struct sip_probe_result *result, const struct sip_via *via)
{
        if (addr_parse_ip(via->received, &result->seen))
                return;
        result->seen.port = via->rport;
}

/* RFC 3261 10.3: a 2xx lists all bindings of the address of record. */
static void note_bindings(struct probe *probe, const struct sip_msg *response)
{
        struct sip_probe_result *result = &probe->result;
        const struct trunk *trunk =
                sip_trunks_find_any(probe->ua->params.trunks, probe->params.trunk_id);
        char memory[SIP_URI_BYTES + 3 * TRUNK_USERNAME_BYTES];
        struct buf own;
        buf_init(&own, memory, sizeof memory);
        buf_put_text(&own, "sip:");
        sip_compose_username(&own, trunk->username);
        buf_put_char(&own, '@');
        buf_put_text(&own, addr_format(&result->local.addr).text);
        result->bindings = response->contact_count;
        for (unsigned i = 0; i < response->contact_count; i++) {
                if (slice_starts_with(response->contacts[i].uri.text, buf_slice(&own)))
                        result->is_bound = true;
        }
}

static void note_answer(struct probe *probe, const struct sip_msg *response,
                        const struct sip_target *source)
{
        struct sip_probe_result *result = &probe->result;
        result->source = source->addr;
        result->status = response->status;
        result->round_trip_ms = io_now_ms(probe->ua->params.io) - probe->sent_ms;
        result->retry_after_s = response->retry_after_s;
        result->allow = response->allow;
        result->supported = response->supported;
        note_seen(result, &response->vias[0]);
        note_clock(probe, response);
        note_words(result, response);
        if (probe->params.method == SIP_REGISTER && response->status < 300)
                note_bindings(probe, response);
}

/* Whether the probe goes out again, with credentials. */
static bool meets_challenge(struct probe *probe, const struct sip_msg *response)
{
        struct sip_probe_result *result = &probe->result;
        struct sip_challenge challenge;
        struct sip_digest *digest =
                sip_trunks_digest(probe->ua->params.trunks, probe->params.trunk_id);
        bool is_known = sip_challenge_choose(response->text, response->status == 407, SLICE_NONE,
                                             &challenge);
        if (is_known)
                put_words(result->realm, challenge.realm);
        if (!digest || !probe->params.shows_password) {
                result->login = SIP_PROBE_NO_PASSWORD;
                return false;
        }
        switch (sip_digest_challenge(digest, response, &probe->attempt)) {
        case SIP_DIGEST_ANSWER:
                return true;
        case SIP_DIGEST_REFUSED:
                result->login = SIP_PROBE_BAD_PASSWORD;
                return false;
        case SIP_DIGEST_UNSUITABLE:
                result->login = is_known ? SIP_PROBE_OTHER_REALM : SIP_PROBE_UNSUITABLE;
                return false;
        }
        return false;
}

static struct probe *of_transaction(struct sip_probes *probes, const struct sip_transaction *tx)
{
        struct probe *probe = pool_find(probes->pool, sip_transaction_owner(tx));
        return probe && handle_equal(probe->tx, sip_transaction_handle(tx)) ? probe : NULL;
}

bool sip_probes_own(const struct sip_transaction *tx)
{
        enum sip_method method = sip_transaction_method(tx);
        return method == SIP_OPTIONS ||
               (method == SIP_REGISTER && !handle_is_none(sip_transaction_owner(tx)));
}

void sip_probes_on_response(struct sip_probes *probes, struct sip_transaction *tx,
                            const struct sip_msg *response, const struct sip_target *source)
{
        struct probe *probe = of_transaction(probes, tx);
        if (!probe)
                return;
        if (response->status < 200) {
                probe->result.provisional = response->status;
                return;
        }
        note_answer(probe, response, source);
        bool is_challenge = response->status == 401 || response->status == 407;
        if (is_challenge && meets_challenge(probe, response)) {
                if (send_probe(probe))
                        finish(probe, SIP_PROBE_NOT_SENT);
                return;
        }
        if (!is_challenge && probe->attempt.is_answered)
                probe->result.login = SIP_PROBE_LOGGED_IN;
        finish(probe, SIP_PROBE_ANSWERED);
}

void sip_probes_on_timeout(struct sip_probes *probes, struct sip_transaction *tx)
{
        struct probe *probe = of_transaction(probes, tx);
        if (probe)
                finish(probe, SIP_PROBE_NO_ANSWER);
}
