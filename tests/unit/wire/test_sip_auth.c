/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_auth.h"

#include "wire/sip_lines.h"

#include "../unit.h"

#define assert_slice(s, literal)                                                                   \
        do {                                                                                       \
                struct slice got_ = (s);                                                           \
                assert_int_equal(got_.len, strlen(literal));                                       \
                assert_memory_equal(got_.len ? got_.p : "", literal, got_.len);                    \
        } while (0)

static struct sip_challenge parse(const char *text)
{
        struct sip_challenge c;
        int err = sip_challenge_parse(slice_from(text), &c);
        if (err)
                fail_msg("refused (%d): %s", err, text);
        return c;
}

static void is_refused(const char *text, int why)
{
        struct sip_challenge c = {.is_stale = true};
        int err = sip_challenge_parse(slice_from(text), &c);
        if (err != why)
                fail_msg("%d instead of %d: %s", err, why, text);
        assert_true(c.is_stale);
}

static void all_parts_of_a_challenge_are_found(void **state)
{
        (void)state;
        struct sip_challenge c = parse("DIGEST realm=\"a b\", domain=\"sip:x.example /y\",\r\n "
                                       "nonce=\"n+/=\" , opaque=\"\", stale=TRUE,"
                                       "algorithm=sha-256, qop=\"auth-int, auth\", charset=UTF-8");
        assert_slice(c.realm, "a b");
        assert_slice(c.nonce, "n+/=");
        assert_true(c.has_opaque);
        assert_slice(c.opaque, "");
        assert_true(c.is_stale);
        assert_true(c.has_qop);
        assert_true(c.has_algorithm);
        assert_int_equal(c.algorithm, SIP_AUTH_SHA256);
}

static void the_least_challenge_is_md5_without_qop(void **state)
{
        (void)state;
        struct sip_challenge c = parse("Digest nonce=\"n\",realm=\"\"");
        assert_slice(c.realm, "");
        assert_int_equal(c.algorithm, SIP_AUTH_MD5);
        assert_false(c.has_algorithm);
        assert_false(c.has_qop);
        assert_false(c.has_opaque);
        assert_false(c.is_stale);
}

static void backslashes_stay_as_they_came(void **state)
{
        (void)state;
        assert_slice(parse("Digest realm=\"a\\\"b\", nonce=\"n\"").realm, "a\\\"b");
}

static void what_peers_quote_or_do_not_quote_against_the_rules_is_read(void **state)
{
        (void)state;
        assert_true(parse("Digest realm=\"r\", nonce=\"n\", qop=auth").has_qop);
        assert_int_equal(parse("Digest realm=\"r\", nonce=\"n\", algorithm=\"SHA-256\"").algorithm,
                         SIP_AUTH_SHA256);
        assert_true(parse("Digest realm=\"r\", nonce=\"n\", stale=\"true\"").is_stale);
        assert_false(parse("Digest realm=\"r\", nonce=\"n\", stale=false").is_stale);
        assert_false(parse("Digest realm=\"r\", nonce=\"n\", stale=\"trueish\"").is_stale);
}

static void what_we_do_not_answer_is_told_from_nonsense(void **state)
{
        (void)state;
        is_refused("Basic realm=\"r\"", ERR_NOT_FOUND);
        is_refused("Bearer", ERR_NOT_FOUND);
        is_refused("Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess", ERR_NOT_FOUND);
        is_refused("Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256", ERR_NOT_FOUND);
        is_refused("Digest realm=\"r\", nonce=\"n\", algorithm=AKAv1-MD5", ERR_NOT_FOUND);
        is_refused("Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"", ERR_NOT_FOUND);
        is_refused("Digest realm=\"r\", nonce=\"n\", qop=\"\"", ERR_NOT_FOUND);
}

static void nonsense_is_refused(void **state)
{
        (void)state;
        static const char *const texts[] = {
                "",
                "Digest",
                "Digest ",
                "Digest,realm=\"r\",nonce=\"n\"",
                "Digest realm=\"r\"",
                "Digest nonce=\"n\"",
                "Digest realm=\"r\", nonce=\"\"",
                "Digest realm=r, nonce=\"n\"",
                "Digest realm=\"r\", nonce=n",
                "Digest realm=\"r\", realm=\"r\", nonce=\"n\"",
                "Digest realm=\"r\", nonce=\"n\", Nonce=\"m\"",
                "Digest realm=\"r\", nonce=\"n\", stale=true, stale=true",
                "Digest realm=\"r\" nonce=\"n\"",
                "Digest realm=\"r\"; nonce=\"n\"",
                "Digest realm=\"r\", nonce=\"n\",",
                "Digest realm=\"r\",, nonce=\"n\"",
                "Digest realm=\"r\", nonce=\"n",
                "Digest realm=\"r\", nonce=\"n\\",
                "Digest realm=\"r\", nonce=\"n\" x",
                "Digest realm=\"r\", nonce=\"n\", opaque",
                "Digest realm=\"r\", nonce=\"n\", opaque=",
                "Digest realm=\"r\r\n x\", nonce=\"n\"",
                "Digest realm=\"r\", nonce=\"n\tm\"",
                "Digest realm=\"r\", nonce=\"n\\\x01\"",
                /* two in one header (RFC 3261 7.3.1) */
                "Digest realm=\"r\", nonce=\"n\", Digest realm=\"s\", nonce=\"m\"",
        };
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
                is_refused(texts[i], ERR_SYNTAX);
}

static void has_limit(const char *before, unsigned max)
{
        char text[512];
        struct buf b;
        buf_init(&b, text, sizeof text);
        buf_printf(&b, "Digest %s=\"%0*d\"%c", before, (int)max, 0, 0);
        parse(text);
        buf_reset(&b);
        buf_printf(&b, "Digest %s=\"%0*d\"%c", before, (int)max + 1, 0, 0);
        is_refused(text, ERR_TOO_LARGE);
}

static void each_text_has_its_limit(void **state)
{
        (void)state;
        has_limit("nonce=\"n\", realm", SIP_AUTH_REALM_MAX);
        has_limit("realm=\"r\", nonce", SIP_AUTH_NONCE_MAX);
        has_limit("realm=\"r\", nonce=\"n\", opaque", SIP_AUTH_OPAQUE_MAX);
}

#define HEAD "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP h\r\n"

static void the_better_algorithm_is_chosen_and_of_equal_ones_the_first(void **state)
{
        (void)state;
        const struct slice response = SLICE(
                HEAD "WWW-Authenticate: Basic realm=\"r\"\r\n"
                     "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", algorithm=MD5\r\n"
                     "WWW-authenticate : Digest realm=\"r\", nonce=\"2\",\r\n"
                     "\talgorithm=SHA-256\r\n"
                     "WWW-Authenticate: Digest realm=\"r\", nonce=\"3\", algorithm=SHA-256\r\n"
                     "WWW-Authenticate: Digest realm=\"q\", nonce=\"4\"\r\n"
                     "Proxy-Authenticate: Digest realm=\"r\", nonce=\"5\"\r\n"
                     "Content-Length: 0\r\n\r\n"
                     "WWW-Authenticate: Digest realm=\"body\", nonce=\"6\"\r\n");
        struct sip_challenge c;
        assert_true(sip_challenge_choose(response, false, SLICE_NONE, &c));
        assert_slice(c.nonce, "2");
        assert_true(sip_challenge_choose(response, true, SLICE_NONE, &c));
        assert_slice(c.nonce, "5");
        assert_true(sip_challenge_choose(response, false, SLICE("q"), &c));
        assert_slice(c.nonce, "4");
        assert_false(sip_challenge_choose(response, false, SLICE("body"), &c));
        assert_false(sip_challenge_choose(response, false, SLICE("Q"), &c));
}

static void a_broken_challenge_beside_a_good_one_is_skipped(void **state)
{
        (void)state;
        struct sip_challenge c;
        assert_true(sip_challenge_choose(SLICE(HEAD "WWW-Authenticate: Digest realm=\"r\"\r\n"
                                                    "WWW-Authenticate: Digest realm=\"r\", "
                                                    "nonce=\"good\"\r\n\r\n"),
                                         false, SLICE_NONE, &c));
        assert_slice(c.nonce, "good");
        assert_false(sip_challenge_choose(SLICE(HEAD "\r\n"), false, SLICE_NONE, &c));
}

static void the_next_nonce_is_found(void **state)
{
        (void)state;
        struct slice nonce;
        assert_true(sip_auth_next_nonce(SLICE(HEAD "Authentication-Info: qop=auth, "
                                                   "rspauth=\"6629\", cnonce=\"0a\", nc=00000001, "
                                                   "nextnonce=\"next\"\r\n\r\n"),
                                        false, &nonce));
        assert_slice(nonce, "next");
        assert_true(sip_auth_next_nonce(
                SLICE(HEAD "Proxy-Authentication-Info: nextnonce=\"p\"\r\n\r\n"), true, &nonce));
        assert_slice(nonce, "p");
        assert_false(sip_auth_next_nonce(SLICE(HEAD "Authentication-Info: nextnonce=bare\r\n\r\n"),
                                         false, &nonce));
        assert_false(sip_auth_next_nonce(SLICE(HEAD "Authentication-Info: nextnonce=\"\"\r\n\r\n"),
                                         false, &nonce));
        assert_false(sip_auth_next_nonce(SLICE(HEAD "\r\n"), false, &nonce));
        assert_slice(nonce, "p");
}

static void credentials_are_written(void **state)
{
        (void)state;
        char text[512];
        struct buf b;
        struct sip_authorization a = {
                .username = SLICE("u"),
                .realm = SLICE("a\\\"b"),
                .nonce = SLICE("n"),
                .uri = SLICE("sip:x"),
                .response = SLICE("00ff"),
        };
        buf_init(&b, text, sizeof text);
        sip_write_authorization(&b, &a);
        assert_slice(buf_slice(&b), "Authorization: Digest username=\"u\", realm=\"a\\\"b\", "
                                    "nonce=\"n\", uri=\"sip:x\", response=\"00ff\"\r\n");
        a.is_proxy = a.has_algorithm = a.has_opaque = true;
        a.algorithm = SIP_AUTH_SHA256;
        a.nonce_count = 0x1f;
        a.cnonce = SLICE("cc");
        buf_reset(&b);
        sip_write_authorization(&b, &a);
        assert_slice(buf_slice(&b),
                     "Proxy-Authorization: Digest username=\"u\", realm=\"a\\\"b\", nonce=\"n\", "
                     "uri=\"sip:x\", response=\"00ff\", algorithm=SHA-256, opaque=\"\", "
                     "cnonce=\"cc\", qop=auth, nc=0000001f\r\n");
}

static void only_plain_text_may_be_a_user_name(void **state)
{
        (void)state;
        assert_true(sip_auth_is_plain(SLICE("trunk-1@x y")));
        assert_false(sip_auth_is_plain(SLICE("a\"b")));
        assert_false(sip_auth_is_plain(SLICE("a\\b")));
        assert_false(sip_auth_is_plain(SLICE("a\r\nb")));
        assert_false(sip_auth_is_plain(SLICE("a\x7f")));
}

static void lines_are_found_in_any_ragged_end(void **state)
{
        (void)state;
        struct slice rest = SLICE("x: 1\r\nY :\r\n 2 \r\n\t3\r\ny:4"), value;
        assert_true(sip_lines_next(&rest, SLICE("Y"), &value));
        assert_slice(value, "2 \r\n\t3");
        assert_true(sip_lines_next(&rest, SLICE("Y"), &value));
        assert_slice(value, "4");
        assert_false(sip_lines_next(&rest, SLICE("Y"), &value));
        rest = SLICE("a: 1\r\n\r\n y: in the body\r\ny: 2\r\n");
        assert_false(sip_lines_next(&rest, SLICE("y"), &value));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(all_parts_of_a_challenge_are_found),
                cmocka_unit_test(the_least_challenge_is_md5_without_qop),
                cmocka_unit_test(backslashes_stay_as_they_came),
                cmocka_unit_test(what_peers_quote_or_do_not_quote_against_the_rules_is_read),
                cmocka_unit_test(what_we_do_not_answer_is_told_from_nonsense),
                cmocka_unit_test(nonsense_is_refused),
                cmocka_unit_test(each_text_has_its_limit),
                cmocka_unit_test(the_better_algorithm_is_chosen_and_of_equal_ones_the_first),
                cmocka_unit_test(a_broken_challenge_beside_a_good_one_is_skipped),
                cmocka_unit_test(the_next_nonce_is_found),
                cmocka_unit_test(credentials_are_written),
                cmocka_unit_test(only_plain_text_may_be_a_user_name),
                cmocka_unit_test(lines_are_found_in_any_ragged_end),
        };
        return RUN_TESTS(tests);
}
