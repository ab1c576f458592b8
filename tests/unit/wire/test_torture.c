/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of RFC 4475 and RFC 5118 are read with the verdicts of tests/torture/verdicts.txt. The
 * folder is the first argument.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../torture/torture.h"
#include "../unit.h"
#include "wire/sip_msg.h"

static struct torture_row rows[TORTURE_ROWS_MAX];
static unsigned row_count;
static const char *folder;
static char bytes[SIP_MSG_BYTES_MAX];
static size_t length;
static struct sip_msg msg;
static bool reply_possible;

static void load(const char *file)
{
        struct slice message = torture_message(folder, file);
        memcpy(bytes, message.p, message.len);
        length = message.len;
}

static int parse(const char *file)
{
        load(file);
        return sip_msg_parse((struct slice){bytes, length}, &msg, &reply_possible);
}

static enum torture_reader verdict_of(int err)
{
        if (err == 0)
                return TORTURE_READ;
        if (!reply_possible)
                return TORTURE_DROPPED;
        return err == ERR_VERSION ? TORTURE_REFUSED_505 : TORTURE_REFUSED_400;
}

static void every_message_gets_its_verdict(void **state)
{
        (void)state;
        unsigned wrong = 0;
        for (unsigned i = 0; i < row_count; i++) {
                enum torture_reader got = verdict_of(parse(rows[i].file));
                if (got == rows[i].reader)
                        continue;
                print_error("%s: verdict %d instead of %d (%s)\n", rows[i].file, got,
                            rows[i].reader, rows[i].why);
                wrong++;
        }
        assert_int_equal(wrong, 0);
}

static void a_verdict_that_the_rfc_does_not_want_has_a_reason(void **state)
{
        (void)state;
        unsigned wrong = 0;
        for (unsigned i = 0; i < row_count; i++) {
                load(rows[i].file);
                bool is_request = strncmp(bytes, "SIP/2.0 ", 8) != 0;
                if (torture_is_as_the_rfc_wants(&rows[i], is_request) != rows[i].differs)
                        continue;
                print_error("%s: the RFC wants %s, and the reason is: %s\n", rows[i].file,
                            rows[i].rfc, rows[i].why);
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
        assert_int_equal(files_in("rfc4475"), 50);
        assert_int_equal(files_in("rfc5118"), 12);
        assert_int_equal(row_count, 62);
        for (unsigned i = 0; i < row_count; i++) {
                for (unsigned j = 0; j < i; j++)
                        assert_string_not_equal(rows[i].file, rows[j].file);
        }
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
        assert_int_equal(parse("rfc4475/wsinv.dat"), 0);
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
        char user[64];
        assert_int_equal(parse("rfc4475/esc01.dat"), 0);
        assert_int_equal(sip_uri_user(&msg.request_uri, user, sizeof user), 0);
        assert_string_equal(user, "sips:user@example.com");
        assert_true(is(msg.request_uri.host, "example.net"));
        assert_true(msg.contacts[0].uri.has_lr);

        assert_int_equal(parse("rfc4475/semiuri.dat"), 0);
        assert_true(is(msg.request_uri.host, "example.com"));
        assert_true(is(msg.request_uri.params, ""));

        assert_int_equal(parse("rfc4475/dblreq.dat"), 0);
        assert_int_equal(msg.method, SIP_REGISTER);
        assert_int_equal(msg.body.len, 0);

        assert_int_equal(parse("rfc4475/cparam01.dat"), 0);
        assert_true(is(msg.contacts[0].params, "unknownparam"));
        assert_true(is(msg.contacts[0].uri.params, ""));
        assert_int_equal(parse("rfc4475/cparam02.dat"), 0);
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
                cmocka_unit_test(every_message_gets_its_verdict),
                cmocka_unit_test(a_verdict_that_the_rfc_does_not_want_has_a_reason),
                cmocka_unit_test(no_message_is_left_out),
                cmocka_unit_test(with_their_lengths_repaired_the_ipv6_bodies_are_whole),
                cmocka_unit_test(the_tortuous_invite_means_what_the_rfc_says),
                cmocka_unit_test(what_looks_alike_is_told_apart),
        };
        if (argc != 2)
                return 2;
        folder = argv[1];
        row_count = torture_load(folder, rows);
        return RUN_TESTS(tests);
}
