/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_register.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "sip/sip_failover.h"
#include "sip/sip_monitor.h"
#include "wire/sip_lines.h"
#include "wire/sip_write.h"

#define CALL_ID_BYTES 16
#define TAG_BYTES     8

/* After a failure: 30 s, then twice as long each time, up to half an hour; less up to a half. */
#define RETRY_S_MIN     30
#define RETRY_S_MAX     1800
#define RETRY_AFTER_MAX 7200 /* a registrar that asks for more is not believed */
/* A refresh comes when so much of the time granted is over, so that one or two may get lost. */
#define REFRESH_PERCENT 70
#define REFRESH_JITTER  20
#define MIN_EXPIRES_MAX (7 * 86400)

struct registration {
        struct sip_registrar *registrar;
        uint32_t trunk_id;  /* 0: free; else a dialog of that trunk is held open */
        bool is_leaving;    /* to be taken back */
        struct handle tx;   /* the REGISTER that waits for its answer; none: none */
        bool tx_is_leaving; /* it takes the registration back */
        char username[TRUNK_USERNAME_BYTES]; /* its trunk may have another one by now */
        struct sip_target to;                /* the server of the last try; none: none yet */
        struct sip_attempts tried;           /* those that this REGISTER has found dark */
        struct sip_sent_by local;            /* as of the last try */
        struct sip_digest_attempt attempt;
        uint64_t of; /* digest of what it was made with */

        char call_id[2 * CALL_ID_BYTES + 1], tag[2 * TAG_BYTES + 1];
        uint32_t cseq;
        uint32_t asked_s;        /* the registrar may have told us to ask for more */
        bool has_asked_for_more; /* since the last success */

        int64_t until_ms; /* monotonic; 0: not registered */
        int64_t until_wall_ms;
        unsigned failures; /* since the last success */
        enum sip_registration_problem problem;
        unsigned status; /* SIP_REGISTRATION_REFUSED */
        int64_t next_ms; /* of the timer; monotonic */
        struct io_timer timer;
};

struct sip_registrar {
        struct sip_ua *ua;
        bool is_leaving;
        int64_t leave_ms;
        struct registration slots[TRUNKS_MAX];
};

static struct io *io_of(const struct registration *r)
{
        return r->registrar->ua->params.io;
}

static struct registration *find(const struct sip_registrar *registrar, uint32_t trunk_id)
{
        for (size_t i = 0; i < TRUNKS_MAX; i++) {
                if (registrar->slots[i].trunk_id == trunk_id)
                        return (struct registration *)&registrar->slots[i];
        }
        return NULL;
}

static bool is_registered(const struct registration *r)
{
        return r->until_ms > io_now_ms(io_of(r));
}

static struct registration *open_registration(struct sip_registrar *registrar, uint32_t trunk_id)
{
        struct registration *r = find(registrar, 0);
        struct random *random = io_random(registrar->ua->params.io);
        assert(r); /* there are no more trunks than slots */
        *r = (struct registration){.registrar = registrar, .trunk_id = trunk_id};
        sip_token_random(random, r->call_id, CALL_ID_BYTES);
        sip_token_random(random, r->tag, TAG_BYTES);
        sip_trunks_open_dialog(registrar->ua->params.trunks, trunk_id);
        return r;
}

static void close_registration(struct registration *r)
{
        uint32_t trunk_id = r->trunk_id;
        io_timer_stop(io_of(r), &r->timer);
        r->trunk_id = 0;
        sip_trunks_close_dialog(r->registrar->ua->params.trunks, trunk_id);
}

static void on_due(void *arg);

static void try_in(struct registration *r, int64_t delay_ms)
{
        r->next_ms = io_now_ms(io_of(r)) + delay_ms;
        io_timer_start(io_of(r), &r->timer, delay_ms, on_due, r);
}

/* Sending */

struct uris {
        char text[3][SIP_URI_BYTES + 3 * TRUNK_USERNAME_BYTES];
        struct slice registrar, of_record, contact;
};

static struct slice put_uri(char *memory, const char *user, const struct trunk *trunk,
                            bool has_port, const struct sip_sent_by *local)
{
        struct buf b;
        buf_init(&b, memory, SIP_URI_BYTES + 3 * TRUNK_USERNAME_BYTES);
        buf_put_text(&b, "sip:");
        if (user) {
                sip_compose_username(&b, user);
                buf_put_char(&b, '@');
        }
        if (local)
                sip_compose_sent_by(&b, local);
        else
                sip_compose_peer_host(&b, trunk, has_port);
        assert(buf_ok(&b));
        return buf_slice(&b);
}

static void make_uris(const struct registration *r, const struct trunk *trunk,
                      const struct sip_sent_by *local, struct uris *out)
{
        out->registrar = put_uri(out->text[0], NULL, trunk, true, NULL);
        out->of_record = put_uri(out->text[1], r->username, trunk, false, NULL);
        out->contact = put_uri(out->text[2], r->username, trunk, false, local);
}

static struct sip_way way_of(const struct registration *r, const struct sip_trunk_state *state)
{
        return (struct sip_way){.ua = r->registrar->ua, .trunk = state, .tried = &r->tried};
}

static int send_register(struct registration *r, const struct sip_trunk_state *state)
{
        struct sip_ua *ua = r->registrar->ua;
        const struct sip_way way = way_of(r, state);
        const struct sip_client_params params = {
                .method = SIP_REGISTER,
                .trunk_id = r->trunk_id,
                .local = r->local,
                .patience_ms = sip_way_is_there(&way) ? state->trunk.failover_ms : 0,
        };
        struct sip_transaction *tx = sip_client_open(ua->txs, &params);
        if (!tx)
                return ERR_FULL;

        struct uris uris;
        struct buf credentials, b = sip_ua_out(ua);
        make_uris(r, &state->trunk, &params.local, &uris);
        buf_init(&credentials, ua->credentials, sizeof ua->credentials);
        if (state->digest)
                sip_digest_authorize(state->digest, io_random(ua->params.io), SIP_REGISTER,
                                     uris.registrar, &credentials);
        const struct sip_branch_text branch = sip_client_branch(tx);
        const struct sip_register_text text = {
                .local = params.local,
                .branch = slice_from(branch.text),
                .registrar = uris.registrar,
                .of_record = uris.of_record,
                .contact = uris.contact,
                .tag = slice_from(r->tag),
                .call_id = slice_from(r->call_id),
                .cseq = ++r->cseq,
                .expires_s = r->is_leaving ? 0 : r->asked_s,
                .authorization = buf_slice(&credentials),
        };
        sip_compose_register(&b, &text);
        assert(buf_ok(&credentials));
        assert(buf_ok(&b));
        r->tx = sip_transaction_handle(tx);
        r->tx_is_leaving = r->is_leaving;
        int err = sip_client_start(tx, buf_slice(&b), &r->to);
        if (err)
                r->tx = (struct handle){0};
        return err;
}

/* Results */

static int64_t retry_ms(const struct registration *r, uint32_t retry_after_s)
{
        unsigned doublings = r->failures < 7 ? r->failures - 1 : 6;
        uint32_t most_s = RETRY_S_MIN << doublings;
        if (most_s > RETRY_S_MAX)
                most_s = RETRY_S_MAX;
        int64_t delay_ms = most_s * 500 + random_below(io_random(io_of(r)), most_s * 500);
        int64_t asked_ms =
                (int64_t)(retry_after_s < RETRY_AFTER_MAX ? retry_after_s : RETRY_AFTER_MAX) * 1000;
        if (delay_ms < asked_ms)
                return asked_ms;
        /* As long as we are registered, the next try comes before that is over. */
        int64_t left_ms = r->until_ms - io_now_ms(io_of(r));
        if (left_ms > 2000 && !asked_ms && delay_ms > left_ms / 2)
                return left_ms / 2;
        return delay_ms;
}

static const char *name_of(const struct registration *r)
{
        const struct trunk *trunk =
                sip_trunks_find_any(r->registrar->ua->params.trunks, r->trunk_id);
        assert(trunk); /* we hold a dialog of it */
        return trunk->name;
}

static void log_failure(const struct registration *r)
{
        const char *what = sip_registration_problem_text(r->problem);
        if (r->problem == SIP_REGISTRATION_REFUSED)
                log_warn("trunk %s: cannot register: %s: %u %.*s", name_of(r), what, r->status,
                         SLICE_ARG(sip_reason_phrase(r->status)));
        else
                log_warn("trunk %s: cannot register: %s", name_of(r), what);
}

static void fail(struct registration *r, enum sip_registration_problem problem, unsigned status,
                 uint32_t retry_after_s)
{
        bool is_news = problem != r->problem || status != r->status;
        r->tx = (struct handle){0};
        if (r->is_leaving) {
                close_registration(r); /* it expires by itself */
                return;
        }
        r->registrar->ua->counters.register_failures++;
        r->failures++;
        r->problem = problem;
        r->status = status;
        if (is_news)
                log_failure(r);
        try_in(r, retry_ms(r, retry_after_s));
}

/* The time that our binding was given; others of the same address of record may be listed, too. */
static uint32_t granted_s(const struct registration *r, const struct sip_msg *response)
{
        const struct trunk *trunk =
                sip_trunks_find_any(r->registrar->ua->params.trunks, r->trunk_id);
        struct uris uris;
        uint32_t granted = r->asked_s;
        make_uris(r, trunk, &r->local, &uris);
        if (response->expires_s >= 0 && response->expires_s < (int64_t)UINT32_MAX)
                granted = (uint32_t)response->expires_s;
        for (unsigned i = 0; i < response->contact_count; i++) {
                const struct sip_name_addr *contact = &response->contacts[i];
                struct slice value;
                bool is_ours = response->contact_count == 1 ||
                               slice_starts_with(contact->uri.text, uris.contact);
                if (is_ours && sip_param_find(contact->params, SLICE("expires"), &value))
                        (void)!slice_to_u32(value, UINT32_MAX, &granted);
        }
        return granted;
}

static void begin(struct registration *r);

static void on_left(struct registration *r)
{
        if (!r->tx_is_leaving) {
                begin(r); /* what was under way has just registered us */
                return;
        }
        log_info("trunk %s: registration taken back", name_of(r));
        close_registration(r);
}

static void on_success(struct registration *r, const struct sip_msg *response)
{
        struct io *io = io_of(r);
        struct sip_digest *digest = sip_trunks_digest(r->registrar->ua->params.trunks, r->trunk_id);
        r->tx = (struct handle){0};
        if (digest)
                sip_digest_learn(digest, response);
        if (r->is_leaving) {
                on_left(r);
                return;
        }
        uint32_t granted = granted_s(r, response);
        if (granted == 0) {
                fail(r, SIP_REGISTRATION_NOT_KEPT, 0, 0);
                return;
        }
        if (!is_registered(r) || r->failures)
                log_info("trunk %s: registered for %" PRIu32 " s", name_of(r), granted);
        int64_t granted_ms = (int64_t)granted * 1000;
        r->until_ms = io_now_ms(io) + granted_ms;
        r->until_wall_ms = io_wall_ms(io) + granted_ms;
        r->failures = 0;
        r->problem = SIP_REGISTRATION_FINE;
        r->status = 0;
        r->has_asked_for_more = false;
        uint32_t percent = REFRESH_PERCENT + random_below(io_random(io), REFRESH_JITTER + 1);
        try_in(r, granted_ms * percent / 100);
}

/* RFC 3261 10.2.8: the registrar names the least that it accepts. */
static bool asks_for_more(struct registration *r, const struct sip_msg *response)
{
        struct slice rest = response->text, value;
        uint32_t least;
        if (response->status != 423 || r->has_asked_for_more || r->is_leaving ||
            !sip_lines_next(&rest, SLICE("Min-Expires"), &value) ||
            slice_to_u32(value, MIN_EXPIRES_MAX, &least) || least <= r->asked_s)
                return false;
        r->has_asked_for_more = true;
        r->asked_s = least;
        return true;
}

static bool meets_challenge(struct registration *r, const struct sip_msg *response)
{
        struct sip_ua *ua = r->registrar->ua;
        struct sip_digest *digest = sip_trunks_digest(ua->params.trunks, r->trunk_id);
        if (response->status != 401 && response->status != 407)
                return false;
        bool is_met =
                digest && sip_digest_challenge(digest, response, &r->attempt) == SIP_DIGEST_ANSWER;
        if (is_met)
                ua->counters.challenges_met++;
        else
                ua->counters.challenges_refused++;
        return is_met;
}

/* The trunk as it is, removed or not; it cannot be gone, since a dialog of it is held. */
static const struct sip_trunk_state *state_of(const struct registration *r)
{
        return sip_trunks_state_any(r->registrar->ua->params.trunks, r->trunk_id);
}

/* From the beginning, to this server. */
static bool aim(struct registration *r, const struct sip_target *to)
{
        struct sip_ua *ua = r->registrar->ua;
        const struct sip_trunk_state *state = state_of(r);
        if (!sip_ua_sent_by(ua, &state->trunk, to, &r->local))
                return false;
        r->to = *to;
        r->attempt = (struct sip_digest_attempt){0};
        sip_way_note(&r->tried, to);
        sip_monitor_on_sending(ua->monitor, state, to);
        return true;
}

/* The next server, for the same registration (RFC 3263 4.3). False: none is left. */
static bool aim_at_next(struct registration *r)
{
        const struct sip_way way = way_of(r, state_of(r));
        struct sip_target to;
        if (r->tried.count == SIP_ATTEMPTS_MAX || !sip_way_next(&way, &to) || !aim(r, &to))
                return false;
        r->registrar->ua->counters.failovers++;
        return true;
}

static void send_again(struct registration *r)
{
        int err;
        while ((err = send_register(r, state_of(r)))) {
                if (err == ERR_FULL || err == ERR_TOO_LARGE) {
                        fail(r, SIP_REGISTRATION_NO_ROOM, 0, 0);
                        return;
                }
                sip_monitor_on_unsent(r->registrar->ua->monitor, r->trunk_id, &r->to);
                if (!aim_at_next(r)) {
                        fail(r, SIP_REGISTRATION_NO_ANSWER, 0, 0);
                        return;
                }
        }
}

/*
 * Where we are registered, or the first that is up. If none is, the first of all: it may be there
 * again.
 */
static struct sip_target first_target(const struct registration *r,
                                      const struct sip_trunk_state *state)
{
        const struct sip_way way = way_of(r, state);
        const struct sip_peer *last = sip_peers_find(&state->peers, &r->to);
        struct sip_target to;
        if (last && last->is_current && !last->breaker.is_open)
                return r->to;
        return sip_way_next(&way, &to) ? to : state->peer;
}

/* A REGISTER from the beginning. */
static void begin(struct registration *r)
{
        const struct sip_trunk_state *state = state_of(r);
        r->tried.count = 0;
        const struct sip_target to = first_target(r, state);
        if (sip_target_is_none(&state->peer))
                fail(r, SIP_REGISTRATION_NO_PEER, 0, 0);
        else if (!aim(r, &to))
                fail(r, SIP_REGISTRATION_NO_ADDRESS, 0, 0);
        else
                send_again(r);
}

static void on_due(void *arg)
{
        begin(arg);
}

/* Whose answer it is; NULL: of one that nobody waits for any more. */
static struct registration *of_transaction(struct sip_registrar *registrar,
                                           const struct sip_transaction *tx)
{
        struct registration *r = find(registrar, sip_transaction_trunk(tx));
        return r && handle_equal(r->tx, sip_transaction_handle(tx)) ? r : NULL;
}

void sip_registrar_on_response(struct sip_registrar *registrar, const struct sip_transaction *tx,
                               const struct sip_msg *response)
{
        struct registration *r = of_transaction(registrar, tx);
        if (!r || response->status < 200)
                return;
        if (response->status < 300)
                on_success(r, response);
        else if (meets_challenge(r, response) || asks_for_more(r, response))
                send_again(r);
        else if (sip_failover_is_elsewhere(response->status) && aim_at_next(r))
                send_again(r);
        else
                fail(r, SIP_REGISTRATION_REFUSED, response->status, response->retry_after_s);
}

bool sip_registrar_goes_elsewhere(struct sip_registrar *registrar, const struct sip_transaction *tx)
{
        const struct registration *r = of_transaction(registrar, tx);
        if (!r)
                return true;
        const struct sip_way way = way_of(r, state_of(r));
        return sip_way_is_there(&way);
}

void sip_registrar_on_timeout(struct sip_registrar *registrar, const struct sip_transaction *tx)
{
        struct registration *r = of_transaction(registrar, tx);
        if (r && aim_at_next(r))
                send_again(r);
        else if (r)
                fail(r, SIP_REGISTRATION_NO_ANSWER, 0, 0);
}

/* Following the trunks */

static void leave(struct registration *r)
{
        if (r->is_leaving)
                return;
        io_timer_stop(io_of(r), &r->timer);
        r->is_leaving = true;
        /* RFC 3261 10.2: one REGISTER at a time. Its answer says how to go on. */
        if (!handle_is_none(r->tx))
                return;
        if (is_registered(r))
                begin(r);
        else
                close_registration(r);
}

/* Of all that makes a registration another one. */
static uint64_t digest_of(const struct sip_ua *ua, const struct sip_trunk_state *state)
{
        char memory[TRUNK_USERNAME_BYTES + TRUNK_HOST_BYTES + 128];
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        buf_printf(&b, "%s %s %" PRIu32 " %" PRIu32 " ", state->trunk.username,
                   state->trunk.peer_host, state->trunk.register_s, state->password_changes);
        struct sip_sent_by local;
        if (!sip_target_is_none(&state->peer))
                buf_printf(&b, "%s %d", addr_format(&state->peer.addr).text, state->peer.transport);
        if (sip_ua_sent_by(ua, &state->trunk, &state->peer, &local))
                buf_put_text(&b, addr_format(&local.addr).text);
        assert(buf_ok(&b));
        return siphash(&ua->reply_key, b.p, b.len) | 1;
}

static void on_trunk_changed(void *arg, uint32_t trunk_id)
{
        struct sip_registrar *registrar = arg;
        struct registration *r = find(registrar, trunk_id);
        const struct sip_trunk_state *state =
                sip_trunks_find(registrar->ua->params.trunks, trunk_id);
        bool is_wanted = state && state->trunk.registers && state->trunk.username[0] &&
                         state->trunk.peer_host[0] && !registrar->is_leaving;
        if (!is_wanted) {
                if (r)
                        leave(r);
                return;
        }
        if (!r)
                r = open_registration(registrar, trunk_id);
        uint64_t of = digest_of(registrar->ua, state);
        if (of == r->of && !r->is_leaving)
                return;
        r->of = of;
        memcpy(r->username, state->trunk.username, sizeof r->username);
        r->is_leaving = false;
        r->tx = (struct handle){0}; /* what is under way is of yesterday */
        r->to = (struct sip_target){0};
        r->failures = 0;
        r->asked_s = state->trunk.register_s;
        r->has_asked_for_more = false;
        /* Not at once: more of the trunk may be about to be told. */
        try_in(r, 0);
}

int sip_registrar_create(struct sip_ua *ua, struct sip_registrar **out)
{
        struct sip_registrar *registrar = calloc(1, sizeof *registrar);
        if (!registrar)
                return -ENOMEM;
        registrar->ua = ua;
        *out = registrar;
        sip_trunks_watch(ua->params.trunks, on_trunk_changed, registrar);
        return 0;
}

void sip_registrar_destroy(struct sip_registrar *registrar)
{
        if (!registrar)
                return;
        sip_trunks_unwatch(registrar->ua->params.trunks, registrar);
        for (size_t i = 0; i < TRUNKS_MAX; i++) {
                if (registrar->slots[i].trunk_id)
                        close_registration(&registrar->slots[i]);
        }
        free(registrar);
}

void sip_registrar_leave(struct sip_registrar *registrar)
{
        if (registrar->is_leaving)
                return;
        registrar->is_leaving = true;
        registrar->leave_ms = io_now_ms(registrar->ua->params.io) + SIP_LEAVE_MS;
        for (size_t i = 0; i < TRUNKS_MAX; i++) {
                if (registrar->slots[i].trunk_id)
                        leave(&registrar->slots[i]);
        }
}

bool sip_registrar_is_leaving(const struct sip_registrar *registrar)
{
        if (!registrar->is_leaving || io_now_ms(registrar->ua->params.io) >= registrar->leave_ms)
                return false;
        for (size_t i = 0; i < TRUNKS_MAX; i++) {
                if (registrar->slots[i].trunk_id)
                        return true;
        }
        return false;
}

const char *sip_registration_problem_text(enum sip_registration_problem problem)
{
        switch (problem) {
        case SIP_REGISTRATION_FINE:
                return "";
        case SIP_REGISTRATION_REFUSED:
                return "the carrier refused it";
        case SIP_REGISTRATION_NO_ANSWER:
                return "the carrier did not answer";
        case SIP_REGISTRATION_NOT_KEPT:
                return "the carrier did not keep it";
        case SIP_REGISTRATION_NO_PEER:
                return "the peer's name is not resolved";
        case SIP_REGISTRATION_NO_ADDRESS:
                return "there is no address of ours to register; set sip_listen, or the trunk's "
                       "advertised address";
        case SIP_REGISTRATION_NO_ROOM:
                return "too much is going on";
        }
        return "";
}

void sip_registrar_show(const struct sip_registrar *registrar, uint32_t trunk_id,
                        struct sip_registration *out)
{
        const struct registration *r = trunk_id ? find(registrar, trunk_id) : NULL;
        *out = (struct sip_registration){0};
        if (!r || r->is_leaving)
                return;
        int64_t next_ms = r->next_ms - io_now_ms(io_of(r));
        out->is_wanted = true;
        out->is_registered = is_registered(r);
        out->until_wall_ms = out->is_registered ? r->until_wall_ms : 0;
        out->problem = r->problem;
        out->status = r->status;
        out->next_try_ms = handle_is_none(r->tx) && next_ms > 0 ? next_ms : 0;
}
