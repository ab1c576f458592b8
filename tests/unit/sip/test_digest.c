/* SPDX-License-Identifier: Apache-2.0 */
/* Challenges: what is answered and how, what is not, and that nobody ever sees the password. */
#include "sip/sip_digest.h"

#include <stdio.h>
#include <stdlib.h>

#include "scene.h"
#include "sip/sip_core.h"

#define USERNAME "maskline-1"
#define PASSWORD "correct-horse-battery"
#define REALM    "carrier.example"
#define NONCE    "dcd98b7102dd2f0e8b11d0f600bfb0c093"

#define CHALLENGE(nonce, more)                                                                     \
        "WWW-Authenticate: Digest realm=\"" REALM "\", nonce=\"" nonce "\"" more "\r\n"
#define MD5    ", algorithm=MD5, qop=\"auth\""
#define SHA256 ", algorithm=SHA-256, qop=\"auth\", opaque=\"op\""

/* The hash alone, by the examples of the RFCs */

static void expect_hash(struct sip_digest_input input, const char *expected)
{
        struct sip_digest_hex hex;
        assert_int_equal(sip_digest_response(&input, &hex), 0);
        assert_string_equal(hex.text, expected);
}

static void the_hashes_are_those_of_the_rfcs(void **state)
{
        (void)state;
        struct sip_digest_input in = {
                .username = SLICE("Mufasa"),
                .realm = SLICE("http-auth@example.org"),
                .password = SLICE("Circle of Life"),
                .method = SLICE("GET"),
                .uri = SLICE("/dir/index.html"),
                .nonce = SLICE("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
                .nonce_count = 1,
                .cnonce = SLICE("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
        };
        expect_hash(in, "8ca523f5e9506fed4657c9700eebdbec"); /* RFC 7616 3.9.1 */
        in.algorithm = SIP_AUTH_SHA256;
        expect_hash(in, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");

        in = (struct sip_digest_input){
                .username = SLICE("Mufasa"),
                .realm = SLICE("testrealm@host.com"),
                .password = SLICE("Circle Of Life"),
                .method = SLICE("GET"),
                .uri = SLICE("/dir/index.html"),
                .nonce = SLICE("dcd98b7102dd2f0e8b11d0f600bfb0c093"),
                .nonce_count = 1,
                .cnonce = SLICE("0a4f113b"),
        };
        expect_hash(in, "6629fae49393a05397450978507c4ef1"); /* RFC 2617 3.5 */
        in.password = SLICE("CircleOfLife");
        in.nonce_count = 0;
        expect_hash(in, "1949323746fe6a43ef61f9606e7febea"); /* RFC 2069 2.4, erratum 749 */
}

/* In calls */

static bool is_leaked;

/* Neither the password nor H(username:realm:password) is in any datagram. */
static void search(void *arg, const struct addr *from, const struct addr *to, struct slice data)
{
        static const char *const secrets[] = {
                PASSWORD,
                "4eadfc8dc12a166a030465c44c9c2a15",
                "da1ec5f98733c91dd8f5d198d493756a323116d25cce4e63ab3f26177093762f",
        };
        (void)arg;
        (void)from;
        (void)to;
        for (unsigned i = 0; i < 3; i++)
                is_leaked |= memmem(data.p, data.len, secrets[i], strlen(secrets[i])) != NULL;
}

static void give_credentials(struct scene *s, const char *realm)
{
        strcpy(s->trunk.username, USERNAME);
        strcpy(s->trunk.realm, realm);
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
        assert_int_equal(sip_trunks_set_password(s->trunks, TRUNK_ID, SLICE(PASSWORD)), 0);
        sim_world_on_datagram(s->world, search, NULL);
}

static struct slice header(const struct scene *s, const char *name)
{
        const char *p = strstr(s->last, name);
        if (!p)
                return SLICE_NONE;
        p += strlen(name);
        return (struct slice){p, (size_t)(strstr(p, "\r\n") - p)};
}

static void param(struct slice header_value, const char *name, char out[600])
{
        char wanted[32];
        out[0] = 0;
        snprintf(wanted, sizeof wanted, "%s=", name);
        const char *p = memmem(header_value.p, header_value.len, wanted, strlen(wanted));
        if (!p)
                return;
        p += strlen(wanted);
        const char *end = header_value.p + header_value.len;
        bool is_quoted = *p == '"';
        p += is_quoted;
        for (size_t i = 0; p + i < end && p[i] != (is_quoted ? '"' : ','); i++) {
                out[i] = p[i];
                out[i + 1] = 0;
        }
}

/* The request taken last has this header, right for our password, this nonce and this count. */
static void expect_credentials(struct scene *s, const char *name, const char *nonce, unsigned count)
{
        char username[600], realm[600], its_nonce[600], uri[600], response[600], nc[600],
                cnonce[600], algorithm[600];
        struct slice value = header(s, name);
        if (!value.len)
                fail_msg("no %s in %s", name, s->last);
        param(value, "username", username);
        param(value, "realm", realm);
        param(value, " nonce", its_nonce);
        param(value, "uri", uri);
        param(value, "response", response);
        param(value, " nc", nc);
        param(value, "cnonce", cnonce);
        param(value, "algorithm", algorithm);
        assert_string_equal(username, USERNAME);
        assert_string_equal(realm, REALM);
        assert_string_equal(its_nonce, nonce);
        if (s->msg.method != SIP_ACK)
                assert_true(slice_equal(s->msg.request_uri.text, slice_from(uri)));
        assert_int_equal(nc[0] ? (unsigned)strtoul(nc, NULL, 16) : 0, count);
        assert_int_equal(nc[0] ? strlen(nc) : 8, 8);

        struct sip_digest_hex hex;
        const struct sip_digest_input input = {
                .algorithm = strcmp(algorithm, "SHA-256") ? SIP_AUTH_MD5 : SIP_AUTH_SHA256,
                .username = SLICE(USERNAME),
                .realm = SLICE(REALM),
                .password = SLICE(PASSWORD),
                .method = s->msg.method == SIP_ACK ? SLICE("INVITE") : s->msg.method_text,
                .uri = slice_from(uri),
                .nonce = slice_from(nonce),
                .nonce_count = count,
                .cnonce = slice_from(cnonce),
        };
        assert_int_equal(sip_digest_response(&input, &hex), 0);
        assert_string_equal(response, hex.text);
        assert_false(is_leaked);
}

static void expect_no_credentials(struct scene *s)
{
        assert_false(last_has(s, "uthorization:"));
}

/* Answers the request taken last; of an INVITE, takes the ACK. */
static void challenge(struct scene *s, unsigned status, const char *headers)
{
        bool is_invite = s->msg.method == SIP_INVITE;
        char branch[64];
        unsigned cseq = s->msg.cseq;
        assert_int_equal(slice_to_text(s->msg.vias[0].branch, branch, sizeof branch), 0);
        peer_reply(s, status, is_invite ? "guard" : "", headers, NULL);
        if (!is_invite)
                return;
        const struct sip_msg *ack = take_request(s, SIP_ACK);
        assert_true(slice_equal(ack->vias[0].branch, slice_from(branch)));
        assert_int_equal(ack->cseq, cseq);
        assert_true(slice_equal(ack->to.tag, SLICE("guard")));
}

static struct sip_leg challenged_call(struct scene *s, const char *headers)
{
        struct sip_leg leg = dialled_call(s);
        challenge(s, 401, headers);
        take_request(s, SIP_INVITE);
        return leg;
}

static void finish(struct scene *s, struct sip_leg leg)
{
        forget_messages(s);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static struct sip_leg authorized_call(struct scene *s)
{
        struct sip_leg leg = challenged_call(s, CHALLENGE(NONCE, MD5));
        peer_reply(s, 200, "callee", "", OFFER);
        take_request(s, SIP_ACK);
        take_event(s, EVENT_ANSWERED);
        return leg;
}

static void a_challenged_invite_is_sent_again_and_nobody_hears_of_it(void **state)
{
        struct scene *s = *state;
        char first[DATAGRAM_MAX], branch[64], call_id[64], tag[64];
        give_credentials(s, "");
        struct sip_leg leg = dialled_call(s);
        expect_no_credentials(s);
        strcpy(first, strstr(s->last, "\r\n\r\n"));
        assert_int_equal(slice_to_text(s->msg.vias[0].branch, branch, sizeof branch), 0);
        assert_int_equal(slice_to_text(s->msg.call_id, call_id, sizeof call_id), 0);
        assert_int_equal(slice_to_text(s->msg.from.tag, tag, sizeof tag), 0);

        challenge(s, 401, CHALLENGE(NONCE, MD5));
        const struct sip_msg *again = take_request(s, SIP_INVITE);
        assert_int_equal(again->cseq, 2);
        assert_int_equal(again->max_forwards, 69);
        assert_false(slice_equal(again->vias[0].branch, slice_from(branch)));
        assert_true(slice_equal(again->call_id, slice_from(call_id)));
        assert_true(slice_equal(again->from.tag, slice_from(tag)));
        assert_int_equal(again->to.tag.len, 0);
        assert_string_equal(strstr(s->last, "\r\n\r\n"), first);
        expect_credentials(s, "\r\nAuthorization: ", NONCE, 1);
        expect_no_event(s);

        peer_reply(s, 180, "callee", "", NULL);
        take_event(s, EVENT_PROGRESS);
        peer_reply(s, 200, "callee", "", OFFER);
        take_event(s, EVENT_ANSWERED);
        assert_int_equal(take_request(s, SIP_ACK)->cseq, 2);
        expect_no_event(s);
        assert_int_equal(sip_ua_counters(s->ua)->challenges_met, 1);
        finish(s, leg);
}

static void the_ack_of_a_2xx_repeats_the_credentials_of_the_invite(void **state)
{
        struct scene *s = *state;
        char sent[DATAGRAM_MAX], invite[DATAGRAM_MAX];
        give_credentials(s, "");
        struct sip_leg leg = challenged_call(s, CHALLENGE(NONCE, SHA256));
        struct slice line = header(s, "\r\nAuthorization: ");
        assert_int_equal(slice_to_text(line, sent, sizeof sent), 0);
        strcpy(invite, s->last);
        peer_reply(s, 200, "callee", "", OFFER);
        take_request(s, SIP_ACK);
        assert_true(slice_equal(header(s, "\r\nAuthorization: "), slice_from(sent)));
        take_event(s, EVENT_ANSWERED);
        /* So does that of another fork. */
        peer_reply_to(s, invite, 200, "other", "", OFFER);
        take_request(s, SIP_ACK);
        assert_true(slice_equal(header(s, "\r\nAuthorization: "), slice_from(sent)));
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        finish(s, leg);
}

static void a_proxy_is_answered_in_its_own_header(void **state)
{
        struct scene *s = *state;
        give_credentials(s, REALM);
        struct sip_leg leg = dialled_call(s);
        peer_reply(s, 407, "guard",
                   "Proxy-Authenticate: Basic realm=\"" REALM "\"\r\n"
                   "Proxy-Authenticate: Digest realm=\"" REALM "\", nonce=\"weak\"" MD5 "\r\n"
                   "Proxy-Authenticate: Digest realm=\"" REALM "\", nonce=\"" NONCE "\"" SHA256
                   "\r\n",
                   NULL);
        take_request(s, SIP_ACK);
        take_request(s, SIP_INVITE);
        expect_credentials(s, "\r\nProxy-Authorization: ", NONCE, 1);
        assert_true(last_has(s, "algorithm=SHA-256, opaque=\"op\", "));
        peer_reply(s, 486, "callee", "", NULL);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
}

static void a_peer_without_qop_is_answered_as_of_old(void **state)
{
        struct scene *s = *state;
        give_credentials(s, "");
        struct sip_leg leg = challenged_call(s, CHALLENGE(NONCE, ""));
        expect_credentials(s, "\r\nAuthorization: ", NONCE, 0);
        assert_false(last_has(s, "qop"));
        assert_false(last_has(s, "algorithm"));
        peer_reply(s, 486, "callee", "", NULL);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
}

static void the_next_call_uses_the_nonce_again_with_a_higher_count(void **state)
{
        struct scene *s = *state;
        give_credentials(s, "");
        finish(s, authorized_call(s)); /* 1, and 2 for the BYE */
        struct sip_leg leg = dialled_call(s);
        assert_int_equal(s->msg.cseq, 1);
        expect_credentials(s, "\r\nAuthorization: ", NONCE, 3);
        /* A new nonce for an old one is no refusal, whether called stale or not. */
        challenge(s, 401, CHALLENGE("fresh", MD5));
        take_request(s, SIP_INVITE);
        expect_credentials(s, "\r\nAuthorization: ", "fresh", 1);
        peer_reply(s, 486, "callee", "", NULL);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
}

static void the_nonce_that_an_answer_names_is_the_next(void **state)
{
        struct scene *s = *state;
        give_credentials(s, "");
        struct sip_leg leg = challenged_call(s, CHALLENGE(NONCE, MD5));
        peer_reply(s, 200, "callee", "Authentication-Info: nextnonce=\"next\"\r\n", OFFER);
        take_request(s, SIP_ACK);
        expect_credentials(s, "\r\nAuthorization: ", NONCE, 1);
        take_event(s, EVENT_ANSWERED);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        expect_credentials(s, "\r\nAuthorization: ", "next", 1);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void a_stale_nonce_is_replaced_twice_at_most(void **state)
{
        struct scene *s = *state;
        give_credentials(s, "");
        struct sip_leg leg = challenged_call(s, CHALLENGE("1", MD5));
        challenge(s, 401, CHALLENGE("2", MD5 ", stale=true"));
        take_request(s, SIP_INVITE);
        expect_credentials(s, "\r\nAuthorization: ", "2", 1);
        challenge(s, 401, CHALLENGE("3", MD5 ", stale=true"));
        assert_int_equal(take_request(s, SIP_INVITE)->cseq, 4);
        expect_credentials(s, "\r\nAuthorization: ", "3", 1);
        challenge(s, 401, CHALLENGE("4", MD5 ", stale=true"));
        expect_ended(s, leg, SIP_END_REJECTED, 401);
        expect_silence(s);
}

static void credentials_that_are_refused_are_not_sent_twice(void **state)
{
        struct scene *s = *state;
        give_credentials(s, "");
        struct sip_leg leg = challenged_call(s, CHALLENGE("1", MD5));
        challenge(s, 401, CHALLENGE("2", MD5));
        expect_ended(s, leg, SIP_END_REJECTED, 401);
        expect_silence(s);
        assert_int_equal(sip_ua_counters(s->ua)->challenges_refused, 1);
        leg = dialled_call(s);
        expect_no_credentials(s);
        challenge(s, 407, ""); /* without any challenge */
        expect_ended(s, leg, SIP_END_REJECTED, 407);
}

static void what_is_not_to_be_answered_ends_the_call(void **state)
{
        static const char *const unsuitable[] = {
                "",
                "WWW-Authenticate: Digest realm=\"elsewhere\", nonce=\"n\"\r\n",
                "WWW-Authenticate: Digest realm=\"Carrier.example\", nonce=\"n\"\r\n",
                "WWW-Authenticate: Basic realm=\"" REALM "\"\r\n",
                "WWW-Authenticate: Digest realm=\"" REALM "\", nonce=\"n\", algorithm=MD5-sess\r\n",
                "WWW-Authenticate: Digest realm=\"" REALM "\", nonce=\"n\", qop=\"auth-int\"\r\n",
                "WWW-Authenticate: Digest realm=\"" REALM "\"\r\n",
                "Proxy-Authenticate: Digest realm=\"" REALM "\", nonce=\"n\"\r\n",
        };
        struct scene *s = *state;
        give_credentials(s, REALM);
        for (unsigned i = 0; i < sizeof unsuitable / sizeof unsuitable[0]; i++) {
                struct sip_leg leg = dialled_call(s);
                challenge(s, 401, unsuitable[i]);
                expect_ended(s, leg, SIP_END_REJECTED, 401);
                expect_silence(s);
        }
}

static void a_trunk_without_password_answers_no_challenge(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        challenge(s, 401, CHALLENGE(NONCE, MD5));
        expect_ended(s, leg, SIP_END_REJECTED, 401);
        give_credentials(s, "");
        assert_int_equal(sip_trunks_set_password(s->trunks, TRUNK_ID, SLICE_NONE), 0);
        leg = dialled_call(s);
        challenge(s, 401, CHALLENGE(NONCE, MD5));
        expect_ended(s, leg, SIP_END_REJECTED, 401);
        expect_silence(s);
        assert_int_equal(sip_trunks_set_password(s->trunks, 99, SLICE("x")), ERR_NOT_FOUND);
}

static void a_challenge_that_comes_twice_is_acknowledged_twice_and_answered_once(void **state)
{
        struct scene *s = *state;
        char first[DATAGRAM_MAX];
        give_credentials(s, "");
        struct sip_leg leg = dialled_call(s);
        strcpy(first, s->last);
        challenge(s, 401, CHALLENGE(NONCE, MD5));
        take_request(s, SIP_INVITE);
        peer_reply_to(s, first, 401, "guard", CHALLENGE(NONCE, MD5), NULL);
        assert_int_equal(take_request(s, SIP_ACK)->cseq, 1);
        peer_reply_to(s, first, 401, "guard", CHALLENGE("other", MD5), NULL);
        assert_int_equal(take_request(s, SIP_ACK)->cseq, 1);
        expect_silence(s);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 40 * 1000);
        forget_messages(s);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void what_gets_lost_is_sent_again(void **state)
{
        struct scene *s = *state;
        char before[DATAGRAM_MAX];
        give_credentials(s, "");
        struct sip_leg leg = dialled_call(s);
        scene_run(s, 500); /* the challenge was lost */
        take_request(s, SIP_INVITE);
        challenge(s, 401, CHALLENGE(NONCE, MD5));
        take_request(s, SIP_INVITE);
        strcpy(before, s->last);
        scene_run(s, 500); /* the answer was lost: the same again, not another count */
        take_request(s, SIP_INVITE);
        assert_string_equal(s->last, before);
        scene_run(s, 32 * 1000);
        forget_messages(s);
        expect_ended(s, leg, SIP_END_TIMEOUT, 408);
}

static void hanging_up_after_the_challenge_cancels_the_second_invite(void **state)
{
        struct scene *s = *state;
        char invite[DATAGRAM_MAX], branch[64];
        give_credentials(s, "");
        struct sip_leg leg = dialled_call(s);
        peer_reply(s, 100, "", "", NULL);
        peer_reply(s, 183, "early", "", OFFER);
        take_event(s, EVENT_PROGRESS);
        challenge(s, 401, CHALLENGE(NONCE, MD5));
        take_request(s, SIP_INVITE);
        strcpy(invite, s->last);
        assert_int_equal(slice_to_text(s->msg.vias[0].branch, branch, sizeof branch), 0);
        /* The new one has not been heard of yet (RFC 3261 9.1). */
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        expect_silence(s);
        peer_reply(s, 100, "", "", NULL);
        const struct sip_msg *cancel = take_request(s, SIP_CANCEL);
        assert_int_equal(cancel->cseq, 2);
        assert_true(slice_equal(cancel->vias[0].branch, slice_from(branch)));
        expect_no_credentials(s);
        peer_reply(s, 200, "", "", NULL);
        peer_reply_to(s, invite, 487, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void a_challenge_that_crosses_the_hangup_is_not_answered(void **state)
{
        struct scene *s = *state;
        give_credentials(s, "");
        struct sip_leg leg = dialled_call(s);
        sip_leg_hangup(s->ua, leg);
        challenge(s, 401, CHALLENGE(NONCE, MD5));
        expect_ended(s, leg, SIP_END_LOCAL, 0);
        expect_silence(s);
}

static void an_early_dialog_of_the_first_invite_is_forgotten(void **state)
{
        struct scene *s = *state;
        char to[128];
        give_credentials(s, "");
        struct sip_leg leg = dialled_call(s);
        assert_int_equal(slice_to_text(s->msg.request_uri.text, to, sizeof to), 0);
        peer_reply(s, 183, "early",
                   "Contact: <sip:elsewhere@192.0.2.11>\r\nRecord-Route: <sip:192.0.2.12;lr>\r\n",
                   OFFER);
        take_event(s, EVENT_PROGRESS);
        challenge(s, 401, CHALLENGE(NONCE, MD5));
        const struct sip_msg *again = take_request(s, SIP_INVITE);
        assert_true(slice_equal(again->request_uri.text, slice_from(to)));
        assert_int_equal(again->to.tag.len, 0);
        assert_int_equal(again->route_count, 0);
        /* And its description is not taken for that of the second. */
        peer_reply(s, 200, "early", "", NULL);
        assert_false(take_event(s, EVENT_ANSWERED).has_sdp);
        take_request(s, SIP_ACK);
        finish(s, leg);
}

static void a_challenged_bye_is_answered_in_a_call_that_we_made(void **state)
{
        struct scene *s = *state;
        give_credentials(s, "");
        struct sip_leg leg = connected_call(s);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        assert_int_equal(take_request(s, SIP_BYE)->cseq, 2);
        expect_no_credentials(s);
        challenge(s, 407, "Proxy-Authenticate: Digest realm=\"" REALM "\", nonce=\"n\"" MD5 "\r\n");
        assert_int_equal(take_request(s, SIP_BYE)->cseq, 3);
        expect_credentials(s, "\r\nProxy-Authorization: ", "n", 1);
        expect_no_event(s);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void a_bye_that_is_challenged_for_ever_ends_the_call_all_the_same(void **state)
{
        struct scene *s = *state;
        give_credentials(s, "");
        struct sip_leg leg = authorized_call(s);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        expect_credentials(s, "\r\nAuthorization: ", NONCE, 2);
        challenge(s, 401, CHALLENGE("1", MD5));
        take_request(s, SIP_BYE);
        challenge(s, 401, CHALLENGE("2", MD5));
        expect_ended(s, leg, SIP_END_LOCAL, 0);
        expect_silence(s);
}

/* Else whoever calls us could collect answers to nonces that he chose. */
static void a_challenged_bye_is_not_answered_in_a_call_that_the_peer_made(void **state)
{
        struct scene *s = *state;
        give_credentials(s, "");
        struct sip_leg leg = confirmed_call(s);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        expect_no_credentials(s);
        challenge(s, 401, CHALLENGE(NONCE, MD5));
        expect_ended(s, leg, SIP_END_LOCAL, 0);
        expect_silence(s);
        /* And the credentials of our own calls do not go into theirs. */
        finish(s, authorized_call(s));
        s->from = "sip:+" PARTY "@192.0.2.10";
        s->to = "sip:+" MASKING "@198.51.100.1";
        leg = confirmed_call(s);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        expect_no_credentials(s);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

/* The callee leaves the refresh of an open call to us. */
static struct sip_leg refreshed_call(struct scene *s, const char *allow)
{
        char headers[128];
        struct sip_leg leg = dialled_call(s);
        snprintf(headers, sizeof headers, "%sSession-Expires: 90;refresher=uac\r\n", allow);
        peer_reply(s, 200, "callee", headers, OFFER);
        take_request(s, SIP_ACK);
        take_event(s, EVENT_ANSWERED);
        scene_run(s, 45 * 1000);
        return leg;
}

static void a_challenged_refresh_is_answered_in_a_call_that_we_made(void **state)
{
        struct scene *s = *state;
        static const struct {
                const char *allow;
                enum sip_method method;
        } rows[] = {{"Allow: UPDATE\r\n", SIP_UPDATE}, {"", SIP_INVITE}};
        give_credentials(s, "");
        for (unsigned i = 0; i < 2; i++) {
                const char *nonce = i ? "n1" : "n0";
                struct sip_leg leg = refreshed_call(s, rows[i].allow);
                take_request(s, rows[i].method);
                peer_reply(s, 401, "", i ? CHALLENGE("n1", MD5) : CHALLENGE("n0", MD5), NULL);
                if (rows[i].method == SIP_INVITE)
                        take_request(s, SIP_ACK);
                take_request(s, rows[i].method);
                expect_credentials(s, "\r\nAuthorization: ", nonce, 1);
                peer_reply(s, 200, "", "", i ? OFFER : NULL);
                if (rows[i].method == SIP_INVITE) {
                        take_request(s, SIP_ACK);
                        take_event(s, EVENT_DESCRIBED);
                }
                finish(s, leg);
        }
}

static void a_challenged_prack_is_answered_once(void **state)
{
        struct scene *s = *state;
        char invite[DATAGRAM_MAX];
        give_credentials(s, "");
        struct sip_leg leg = dialled_call(s);
        strcpy(invite, s->last);
        peer_reply(s, 180, "callee", "Require: 100rel\r\nRSeq: 4\r\n", NULL);
        take_event(s, EVENT_PROGRESS);
        take_request(s, SIP_PRACK);
        expect_no_credentials(s);
        challenge(s, 401, CHALLENGE(NONCE, MD5));
        assert_int_equal(take_request(s, SIP_PRACK)->rack_rseq, 4);
        expect_credentials(s, "\r\nAuthorization: ", NONCE, 1);
        challenge(s, 401, CHALLENGE("other", MD5));
        expect_silence(s);
        peer_reply_to(s, invite, 486, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
}

static void a_challenge_from_elsewhere_is_not_heard(void **state)
{
        struct scene *s = *state;
        char text[DATAGRAM_MAX], invite[DATAGRAM_MAX];
        give_credentials(s, "");
        struct sip_leg leg = dialled_call(s);
        strcpy(invite, s->last);
        peer_compose_reply(text, invite, 401, "guard", CHALLENGE(NONCE, MD5), NULL);
        send_from(s, "203.0.113.66:5060", text);
        expect_silence(s);
        peer_reply_to(s, invite, 486, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
}

/* A server's limit of what it calls a nonce is its own; ours may not be written past. */
static void the_longest_challenge_is_answered_and_a_longer_one_is_not(void **state)
{
        struct scene *s = *state;
        char text[1200], nonce[SIP_AUTH_NONCE_MAX + 1];
        give_credentials(s, "");
        memset(nonce, 'n', sizeof nonce - 1);
        nonce[sizeof nonce - 1] = 0;
        snprintf(text, sizeof text,
                 "WWW-Authenticate: Digest realm=\"" REALM "\", nonce=\"%s\", opaque=\"%0*d\"" MD5
                 "\r\n",
                 nonce, SIP_AUTH_OPAQUE_MAX, 0);
        struct sip_leg leg = challenged_call(s, text);
        expect_credentials(s, "\r\nAuthorization: ", nonce, 1);
        peer_reply(s, 486, "callee", "", NULL);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
        forget_messages(s);

        leg = dialled_call(s);
        snprintf(text, sizeof text,
                 "WWW-Authenticate: Digest realm=\"" REALM "\", nonce=\"%sn\"" MD5 "\r\n", nonce);
        challenge(s, 401, text);
        expect_ended(s, leg, SIP_END_REJECTED, 401);
}

static void without_room_for_the_second_invite_the_call_ends(void **state)
{
        struct scene *s = *state;
        give_credentials(s, "");
        struct sip_leg leg = dialled_call(s);
        char invite[DATAGRAM_MAX];
        strcpy(invite, s->last);
        struct sip_transaction *taken[64];
        unsigned count = 0;
        const struct sip_client_params params = {.method = SIP_BYE, .trunk_id = TRUNK_ID};
        while ((taken[count] = sip_client_open(s->ua->txs, &params)))
                count++;
        peer_reply_to(s, invite, 401, "guard", CHALLENGE(NONCE, MD5), NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_TRANSPORT, 0);
        const struct sip_target nowhere = sip_target_of(SIP_UDP, *io_udp_local(s->peer));
        for (unsigned i = 0; i < count; i++)
                (void)!sip_client_start(taken[i], SLICE("x"), &nowhere);
        s->is_deaf = true;
}

static int setup(void **state)
{
        is_leaked = false;
        return scene_setup(state);
}

static int teardown(void **state)
{
        int err = scene_teardown(state);
        assert_false(is_leaked);
        return err;
}

static void the_search_for_the_password_finds_it(void **state)
{
        (void)state;
        search(NULL, NULL, NULL, SLICE("X-Password: " PASSWORD "!"));
        assert_true(is_leaked);
        is_leaked = false;
        search(NULL, NULL, NULL, SLICE("X-Password: ***"));
        assert_false(is_leaked);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static struct sip_digest_mark marks[TRUNKS_MAX];

/* As in a process that comes next: nothing is left of the nonce but the mark. */
static void forget_nonce(struct scene *s)
{
        assert_int_equal(sip_trunks_set_password(s->trunks, TRUNK_ID, SLICE("")), 0);
        assert_int_equal(sip_trunks_set_password(s->trunks, TRUNK_ID, SLICE(PASSWORD)), 0);
}

static void no_count_comes_twice_for_a_nonce_of_an_earlier_process(void **state)
{
        struct scene *s = *state;
        memset(marks, 0, sizeof marks);
        sip_trunks_keep_counts(s->trunks, marks);
        give_credentials(s, "");
        struct sip_leg leg = authorized_call(s);
        finish(s, leg); /* the INVITE, and the BYE: 2 */
        forget_nonce(s);
        leg = challenged_call(s, CHALLENGE(NONCE, MD5));
        expect_credentials(s, "\r\nAuthorization: ", NONCE, 3);
        peer_reply(s, 200, "callee", "", OFFER);
        take_request(s, SIP_ACK);
        take_event(s, EVENT_ANSWERED);
        finish(s, leg);

        /* Another nonce has its own. */
        forget_nonce(s);
        leg = challenged_call(s, CHALLENGE("another", MD5));
        expect_credentials(s, "\r\nAuthorization: ", "another", 1);
        peer_reply(s, 200, "callee", "", OFFER);
        take_request(s, SIP_ACK);
        take_event(s, EVENT_ANSWERED);
        finish(s, leg);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_hashes_are_those_of_the_rfcs),
                cmocka_unit_test(the_search_for_the_password_finds_it),
                TEST(a_challenged_invite_is_sent_again_and_nobody_hears_of_it),
                TEST(no_count_comes_twice_for_a_nonce_of_an_earlier_process),
                TEST(the_ack_of_a_2xx_repeats_the_credentials_of_the_invite),
                TEST(a_proxy_is_answered_in_its_own_header),
                TEST(a_peer_without_qop_is_answered_as_of_old),
                TEST(the_next_call_uses_the_nonce_again_with_a_higher_count),
                TEST(the_nonce_that_an_answer_names_is_the_next),
                TEST(a_stale_nonce_is_replaced_twice_at_most),
                TEST(credentials_that_are_refused_are_not_sent_twice),
                TEST(what_is_not_to_be_answered_ends_the_call),
                TEST(a_trunk_without_password_answers_no_challenge),
                TEST(a_challenge_that_comes_twice_is_acknowledged_twice_and_answered_once),
                TEST(what_gets_lost_is_sent_again),
                TEST(hanging_up_after_the_challenge_cancels_the_second_invite),
                TEST(a_challenge_that_crosses_the_hangup_is_not_answered),
                TEST(an_early_dialog_of_the_first_invite_is_forgotten),
                TEST(a_challenged_bye_is_answered_in_a_call_that_we_made),
                TEST(a_bye_that_is_challenged_for_ever_ends_the_call_all_the_same),
                TEST(a_challenged_refresh_is_answered_in_a_call_that_we_made),
                TEST(a_challenged_prack_is_answered_once),
                TEST(a_challenged_bye_is_not_answered_in_a_call_that_the_peer_made),
                TEST(a_challenge_from_elsewhere_is_not_heard),
                TEST(the_longest_challenge_is_answered_and_a_longer_one_is_not),
                TEST(without_room_for_the_second_invite_the_call_ends),
        };
        return RUN_TESTS(tests);
}
