/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of RFC 4475 and RFC 5118, which are not part of this project: they are read from
 * the folder named in MASKLINE_TORTURE, else from the first argument. Without the folder every
 * test is skipped, and so says the exit code.
 *
 * The verdicts were taken from the text of the two RFCs, and where these leave a choice, from our
 * rule that nothing with two readings is accepted and that an answer is made only from good parts.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit.h"
#include "wire/sip_msg.h"

#define EXIT_SKIPPED 77 /* meson's */

enum verdict {
        READ,
        REFUSED_400, /* refused, and a request that can be answered */
        REFUSED_505,
        DROPPED, /* refused, and what an answer needs is not there or not good; or a response */
};

/* What the layers above answer to a message that was read, by what they see in it. */
enum above {
        SERVED,
        UNKNOWN_METHOD, /* 405 */
        UNKNOWN_SCHEME, /* 416 */
        UNKNOWN_OPTION, /* 420 */
        UNKNOWN_BODY,   /* 415 */
        NO_HOPS_LEFT,   /* 483 */
        OLD_PEER,       /* matched as RFC 2543 has it */
};

struct row {
        const char *file;
        enum verdict verdict;
        enum above above;
        const char *why;
};

static const struct row rows[] = {
        {"rfc4475/valid/wsinv.dat", READ, SERVED, "folds and white space wherever they may be"},
        {"rfc4475/valid/intmeth.dat", READ, UNKNOWN_METHOD, "every byte that a token may hold"},
        {"rfc4475/valid/esc01.dat", READ, SERVED, "escapes in URIs, %6c%72 is lr"},
        {"rfc4475/valid/escnull.dat", READ, SERVED, "an escaped NUL stays escaped"},
        {"rfc4475/valid/esc02.dat", READ, UNKNOWN_METHOD, "% is no escape in methods and names"},
        {"rfc4475/valid/lwsdisp.dat", READ, SERVED, "no white space before <"},
        {"rfc4475/valid/longreq.dat", READ, SERVED, "long values, 34 Vias, within our limits"},
        {"rfc4475/valid/dblreq.dat", READ, SERVED, "what follows Content-Length is cut off"},
        {"rfc4475/valid/semiuri.dat", READ, SERVED, "a semicolon in the user part"},
        {"rfc4475/valid/transports.dat", READ, SERVED, "transports that we do not know"},
        {"rfc4475/valid/mpart01.dat", READ, UNKNOWN_BODY, "a binary multipart body"},
        {"rfc4475/valid/unreason.dat", READ, SERVED, "a reason phrase in UTF-8"},
        {"rfc4475/valid/noreason.dat", READ, SERVED, "an empty reason phrase"},

        {"rfc4475/invalid/badinv01.dat", DROPPED, 0, "the Via itself has empty elements"},
        {"rfc4475/invalid/clerr.dat", REFUSED_400, 0, "Content-Length beyond the datagram"},
        {"rfc4475/invalid/ncl.dat", REFUSED_400, 0, "negative Content-Length"},
        {"rfc4475/invalid/scalar02.dat", DROPPED, 0, "CSeq overflows, no answer can echo it"},
        {"rfc4475/invalid/scalarlg.dat", DROPPED, 0, "a response whose CSeq overflows"},
        {"rfc4475/invalid/quotbal.dat", DROPPED, 0, "the quote in To never ends"},
        {"rfc4475/invalid/ltgtruri.dat", REFUSED_400, 0, "Request-URI in brackets"},
        {"rfc4475/invalid/lwsruri.dat", REFUSED_400, 0, "a space in the Request-URI"},
        {"rfc4475/invalid/lwsstart.dat", REFUSED_400, 0, "two spaces in the request line"},
        {"rfc4475/invalid/trws.dat", REFUSED_400, 0, "spaces after the version"},
        {"rfc4475/invalid/escruri.dat", REFUSED_400, 0, "headers in the Request-URI"},
        {"rfc4475/invalid/baddate.dat", READ, SERVED, "we do not read Date"},
        {"rfc4475/invalid/regbadct.dat", REFUSED_400, 0, "a ? in a Contact without brackets"},
        {"rfc4475/invalid/badaspec.dat", DROPPED, 0, "spaces within the brackets of To"},
        {"rfc4475/invalid/baddn.dat", DROPPED, 0, "a comma in From outside of quotes"},
        {"rfc4475/invalid/badvers.dat", REFUSED_505, 0, "SIP/7.0"},
        {"rfc4475/invalid/mismatch01.dat", REFUSED_400, 0, "OPTIONS with CSeq INVITE"},
        {"rfc4475/invalid/mismatch02.dat", REFUSED_400, 0, "NEWMETHOD with CSeq INVITE"},
        {"rfc4475/invalid/bigcode.dat", DROPPED, 0, "a status code that overflows"},
        {"rfc4475/invalid/badbranch.dat", READ, OLD_PEER, "a branch of the cookie only"},
        {"rfc4475/invalid/insuf.dat", DROPPED, 0, "no From, To, Call-ID to answer with"},
        {"rfc4475/invalid/unkscm.dat", READ, UNKNOWN_SCHEME, "416 by the layer above"},
        {"rfc4475/invalid/novelsc.dat", READ, UNKNOWN_SCHEME, "416 by the layer above"},
        {"rfc4475/invalid/unksm2.dat", READ, SERVED, "other schemes in From, To, Contact"},
        {"rfc4475/invalid/bext01.dat", READ, UNKNOWN_OPTION, "420 by the layer above"},
        {"rfc4475/invalid/invut.dat", READ, UNKNOWN_BODY, "415 by the layer above"},
        {"rfc4475/invalid/regaut01.dat", READ, SERVED, "an unknown scheme of authorization"},
        {"rfc4475/invalid/multi01.dat", REFUSED_400, 0, "singletons that repeat"},
        {"rfc4475/invalid/mcl01.dat", REFUSED_400, 0, "two Content-Lengths"},
        {"rfc4475/invalid/bcast.dat", READ, SERVED, "well formed; the second Via is not ours"},
        {"rfc4475/invalid/zeromf.dat", READ, NO_HOPS_LEFT, "483 by the layer above"},
        {"rfc4475/invalid/cparam01.dat", READ, SERVED, "an unknown header parameter"},
        {"rfc4475/invalid/cparam02.dat", READ, SERVED, "an unknown URI parameter"},
        {"rfc4475/invalid/regescrt.dat", READ, SERVED, "headers in a Contact in brackets"},
        {"rfc4475/invalid/sdp01.dat", READ, SERVED, "Accept without SDP: we do not read it"},
        {"rfc4475/invalid/inv2543.dat", READ, OLD_PEER, "no branch, tag or Content-Length"},
        {"rfc4475/invalid/test.dat", DROPPED, 0, "no version in the request line"},

        {"rfc5118/4.1_ipv6-good.dat", READ, SERVED, "IPv6 in brackets"},
        {"rfc5118/4.2_ipv6-bad.dat", REFUSED_400, 0, "IPv6 without brackets in the Request-URI"},
        {"rfc5118/4.3_port-ambiguous.dat", READ, SERVED, "5070 is the end of the address"},
        {"rfc5118/4.4_port-unambiguous.dat", READ, SERVED, "5070 is the port"},
        {"rfc5118/4.5a_via-received-param-with-delim.dat", READ, SERVED, "received in brackets"},
        {"rfc5118/4.5b_via-received-param-no-delim.dat", READ, SERVED, "received without"},
        {"rfc5118/4.6_ipv6-in-sdp.dat", REFUSED_400, 0, "declares 268 of its 251 bytes"},
        {"rfc5118/4.7_mult-ip-in-header.dat", READ, SERVED, "both families in the Vias"},
        {"rfc5118/4.8_mult-ip-in-sdp.dat", READ, SERVED, "declares 181 of its 189 bytes"},
        {"rfc5118/4.9_ipv4-mapped-ipv6.dat", READ, SERVED, "declares 236 of its 245 bytes"},
        {"rfc5118/4.10a_ipv6-bug-abnf-3-colons.dat", READ, SERVED, "::: must be tolerated"},
        {"rfc5118/4.10b_ipv6-correct-abnf-2-colons.dat", READ, SERVED, "and :: is right"},
};

static const char *folder;
static char bytes[SIP_MSG_BYTES_MAX];
static size_t length;
static struct sip_msg msg;
static bool reply_possible;

static bool is_there(void)
{
        DIR *dir = folder ? opendir(folder) : NULL;
        if (dir)
                closedir(dir);
        return dir != NULL;
}

static void skip_without_messages(void)
{
        if (is_there())
                return;
        print_message("skipped: no messages in %s (MASKLINE_TORTURE names the folder)\n",
                      folder ? folder : "any folder");
        skip();
}

static void load(const char *file)
{
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, file);
        FILE *f = fopen(path, "rb");
        if (!f)
                fail_msg("cannot read %s", path);
        length = fread(bytes, 1, sizeof bytes, f);
        fclose(f);
        assert_true(length > 0);
}

static int parse(const char *file)
{
        load(file);
        return sip_msg_parse((struct slice){bytes, length}, &msg, &reply_possible);
}

static enum verdict verdict_of(int err)
{
        if (err == 0)
                return READ;
        if (!reply_possible)
                return DROPPED;
        return err == ERR_VERSION ? REFUSED_505 : REFUSED_400;
}

static bool is_seen(enum above above)
{
        switch (above) {
        case SERVED:
                return msg.method != SIP_METHOD_OTHER && msg.max_forwards != 0 &&
                       !(msg.require & SIP_OPTION_UNKNOWN) &&
                       (!msg.is_request || msg.request_uri.scheme != SIP_SCHEME_OTHER);
        case UNKNOWN_METHOD:
                return msg.method == SIP_METHOD_OTHER;
        case UNKNOWN_SCHEME:
                return msg.request_uri.scheme == SIP_SCHEME_OTHER;
        case UNKNOWN_OPTION:
                return msg.require & SIP_OPTION_UNKNOWN;
        case UNKNOWN_BODY:
                return msg.content_type.len && !msg.content_is_sdp;
        case NO_HOPS_LEFT:
                return msg.max_forwards == 0;
        case OLD_PEER:
                return msg.vias[0].branch.len <= strlen("z9hG4bK");
        }
        return false;
}

static void every_message_gets_the_verdict_of_its_rfc(void **state)
{
        (void)state;
        skip_without_messages();
        unsigned wrong = 0;
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                enum verdict got = verdict_of(parse(rows[i].file));
                if (got == rows[i].verdict && (got != READ || is_seen(rows[i].above)))
                        continue;
                print_error("%s: verdict %d instead of %d (%s)\n", rows[i].file, got,
                            rows[i].verdict, rows[i].why);
                wrong++;
        }
        assert_int_equal(wrong, 0);
}

static unsigned files_in(const char *part)
{
        char path[4096];
        unsigned count = 0;
        snprintf(path, sizeof path, "%s/%s", folder, part);
        DIR *dir = opendir(path);
        if (!dir)
                fail_msg("no folder %s", path);
        for (struct dirent *entry; (entry = readdir(dir));)
                count += strstr(entry->d_name, ".dat") != NULL;
        closedir(dir);
        return count;
}

static void no_message_is_left_out(void **state)
{
        (void)state;
        skip_without_messages();
        assert_int_equal(files_in("rfc4475/valid") + files_in("rfc4475/invalid") +
                                 files_in("rfc5118"),
                         sizeof rows / sizeof rows[0]);
}

/* The value of Content-Length becomes what the body has; as many digits as were there. */
static void repair_length(void)
{
        char *body = memmem(bytes, length, "\r\n\r\n", 4);
        char *value = memmem(bytes, length, "Content-Length: ", 16);
        assert_non_null(body);
        assert_non_null(value);
        char digits[16];
        snprintf(digits, sizeof digits, "%zu", length - (size_t)(body + 4 - bytes));
        assert_int_equal(strlen(digits), 3);
        memcpy(value + 16, digits, 3);
}

static void with_their_lengths_repaired_the_ipv6_bodies_are_whole(void **state)
{
        (void)state;
        skip_without_messages();
        static const struct {
                const char *file;
                size_t body_bytes;
        } cut[] = {
                {"rfc5118/4.6_ipv6-in-sdp.dat", 251},
                {"rfc5118/4.8_mult-ip-in-sdp.dat", 189},
                {"rfc5118/4.9_ipv4-mapped-ipv6.dat", 245},
        };
        for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
                load(cut[i].file);
                repair_length();
                assert_int_equal(
                        sip_msg_parse((struct slice){bytes, length}, &msg, &reply_possible), 0);
                assert_int_equal(msg.body.len, cut[i].body_bytes);
                assert_true(msg.content_is_sdp);
        }
}

static bool is(struct slice s, const char *text)
{
        return slice_equal(s, slice_from(text));
}

static void the_tortuous_invite_means_what_the_rfc_says(void **state)
{
        (void)state;
        skip_without_messages();
        assert_int_equal(parse("rfc4475/valid/wsinv.dat"), 0);
        assert_true(is(msg.to.tag, "1918181833n"));
        assert_true(is(msg.from.tag, "98asjd8"));
        assert_int_equal(msg.max_forwards, 68);
        assert_int_equal(msg.cseq, 9);
        assert_int_equal(msg.via_count, 3);
        assert_true(is(msg.vias[0].host, "192.0.2.2"));
        assert_true(is(msg.vias[0].branch, "390skdjuw"));
        assert_true(is(msg.vias[1].branch, "z9hG4bK9ikj8"));
        assert_int_equal(msg.vias[1].transport, SIP_TCP);
        assert_true(is(msg.vias[2].branch, "z9hG4bK30239"));
        assert_int_equal(msg.route_count, 1);
        assert_true(msg.routes[0].uri.has_lr);
        assert_int_equal(msg.contact_count, 1);
        assert_int_equal(msg.body.len, 150);
}

static void what_looks_alike_is_told_apart(void **state)
{
        (void)state;
        skip_without_messages();
        char user[64];
        assert_int_equal(parse("rfc4475/valid/esc01.dat"), 0);
        assert_int_equal(sip_uri_user(&msg.request_uri, user, sizeof user), 0);
        assert_string_equal(user, "sips:user@example.com");
        assert_true(is(msg.request_uri.host, "example.net"));
        assert_true(msg.contacts[0].uri.has_lr);

        assert_int_equal(parse("rfc4475/valid/semiuri.dat"), 0);
        assert_true(is(msg.request_uri.host, "example.com"));
        assert_true(is(msg.request_uri.params, ""));

        assert_int_equal(parse("rfc4475/valid/dblreq.dat"), 0);
        assert_int_equal(msg.method, SIP_REGISTER);
        assert_int_equal(msg.body.len, 0);

        assert_int_equal(parse("rfc4475/invalid/cparam01.dat"), 0);
        assert_true(is(msg.contacts[0].params, "unknownparam"));
        assert_true(is(msg.contacts[0].uri.params, ""));
        assert_int_equal(parse("rfc4475/invalid/cparam02.dat"), 0);
        assert_true(is(msg.contacts[0].params, ""));
        assert_true(is(msg.contacts[0].uri.params, "unknownparam"));

        assert_int_equal(parse("rfc5118/4.3_port-ambiguous.dat"), 0);
        assert_true(is(msg.request_uri.host, "[2001:db8::10:5070]"));
        assert_int_equal(msg.request_uri.port, 0);
        assert_int_equal(parse("rfc5118/4.4_port-unambiguous.dat"), 0);
        assert_int_equal(msg.request_uri.port, 5070);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_message_gets_the_verdict_of_its_rfc),
                cmocka_unit_test(no_message_is_left_out),
                cmocka_unit_test(with_their_lengths_repaired_the_ipv6_bodies_are_whole),
                cmocka_unit_test(the_tortuous_invite_means_what_the_rfc_says),
                cmocka_unit_test(what_looks_alike_is_told_apart),
        };
        folder = getenv("MASKLINE_TORTURE");
        if (!folder && argc > 1)
                folder = argv[1];
        int failed = RUN_TESTS(tests);
        return failed == 0 && !is_there() ? EXIT_SKIPPED : failed;
}
