/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_write.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"

static char memory[4096];
static struct buf b;

static int fresh(void **state)
{
        (void)state;
        buf_init(&b, memory, sizeof memory - 1);
        return 0;
}

static const char *written(void)
{
        assert_true(buf_ok(&b));
        memory[b.len] = '\0';
        return memory;
}

static struct addr address(const char *text)
{
        struct addr a;
        assert_int_equal(addr_parse(slice_from(text), 0, &a), 0);
        return a;
}

static void a_request_is_composed_and_read_back(void **state)
{
        (void)state;
        struct addr host = address("192.0.2.1:5070");
        struct masking_number shown = {{919000000001}};
        sip_write_request_line(&b, SIP_INVITE, SLICE("sip:+919888800002@192.0.2.9"));
        sip_write_via(&b, SIP_UDP, &host, SLICE("z9hG4bKabc"));
        sip_write_masking_party(&b, "From", shown, NUMBER_PLUS, NULL, &host, SLICE("t1"));
        sip_write_header(&b, "To", SLICE("<sip:+919888800002@192.0.2.9>"));
        sip_write_header(&b, "Call-ID", SLICE("c1"));
        sip_write_cseq(&b, 1, SIP_INVITE);
        sip_write_header_u64(&b, "Max-Forwards", 70);
        sip_write_body(&b, "application/sdp", SLICE("v=0\r\n"));
        assert_string_equal(written(), "INVITE sip:+919888800002@192.0.2.9 SIP/2.0\r\n"
                                       "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKabc;rport\r\n"
                                       "From: <sip:+919000000001@192.0.2.1:5070>;tag=t1\r\n"
                                       "To: <sip:+919888800002@192.0.2.9>\r\n"
                                       "Call-ID: c1\r\n"
                                       "CSeq: 1 INVITE\r\n"
                                       "Max-Forwards: 70\r\n"
                                       "Content-Type: application/sdp\r\n"
                                       "Content-Length: 5\r\n"
                                       "\r\n"
                                       "v=0\r\n");

        struct sip_msg msg;
        bool reply_possible;
        assert_int_equal(sip_msg_parse(buf_slice(&b), &msg, &reply_possible), 0);
        assert_int_equal(msg.method, SIP_INVITE);
        assert_true(msg.content_is_sdp);
        assert_int_equal(msg.body.len, 5);
}

static void a_message_without_a_body_has_no_content_type(void **state)
{
        (void)state;
        sip_write_status_line(&b, 486);
        sip_write_body(&b, "application/sdp", SLICE_NONE);
        assert_string_equal(written(), "SIP/2.0 486 Busy Here\r\nContent-Length: 0\r\n\r\n");
}

static void an_unknown_status_has_the_phrase_of_its_class(void **state)
{
        (void)state;
        assert_true(slice_equal(sip_reason_phrase(200), SLICE("OK")));
        assert_true(slice_equal(sip_reason_phrase(487), SLICE("Request Terminated")));
        assert_true(slice_equal(sip_reason_phrase(499), sip_reason_phrase(400)));
        assert_true(slice_equal(sip_reason_phrase(199), SLICE("Early Dialog Terminated")));
        assert_true(slice_equal(sip_reason_phrase(7), SLICE("Unknown")));
        assert_true(slice_equal(sip_reason_phrase(4000000), SLICE("Unknown")));
        for (unsigned status = 100; status < 700; status++)
                assert_true(sip_reason_phrase(status).len > 0);
}

static void a_party_is_written_as_the_trunk_wants_it(void **state)
{
        (void)state;
        struct addr host = address("[2001:db8::1]:0");
        struct number_plan plan = {.country = "91", .international = "00", .national = "0"};
        struct masking_number shown = {{919000000001}};
        sip_write_masking_party(&b, "Contact", shown, NUMBER_DIGITS, &plan, &host, SLICE_NONE);
        sip_write_masking_party(&b, "P", shown, NUMBER_NATIONAL, &plan, &host, SLICE("x"));
        assert_string_equal(written(), "Contact: <sip:919000000001@[2001:db8::1]>\r\n"
                                       "P: <sip:09000000001@[2001:db8::1]>;tag=x\r\n");
}

static struct sip_msg parsed(const char *text)
{
        struct sip_msg msg;
        bool reply_possible;
        assert_int_equal(sip_msg_parse(slice_from(text), &msg, &reply_possible), 0);
        return msg;
}

#define REST                                                                                       \
        "\r\nFrom: <sip:a@h>;tag=1\r\nTo: \"a\r\n b\"\r\n\t<sip:b@h>\r\nCall-ID: c\r\n"            \
        "CSeq: 1 BYE\r\n\r\n"

static void the_topmost_via_says_where_the_request_came_from(void **state)
{
        (void)state;
        struct addr source = address("203.0.113.9:6000");
        struct sip_msg msg = parsed("BYE sip:h SIP/2.0\r\n"
                                    "Via: SIP / 2.0\r\n /udp  h.example : 5070 ; rport;x=\"\r\n y\""
                                    " ; received=192.0.2.1;branch=z9hG4bK1;keep" REST);
        sip_write_via_echo(&b, &msg.vias[0], &source);
        assert_string_equal(written(), "Via: SIP / 2.0 /udp  h.example : 5070;x=\" y\""
                                       ";branch=z9hG4bK1;keep;received=203.0.113.9;rport=6000\r\n");
}

static void without_rport_only_received_is_added(void **state)
{
        (void)state;
        struct addr source = address("[2001:db8::9]:6000");
        struct sip_msg msg = parsed("BYE sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1" REST);
        sip_write_via_echo(&b, &msg.vias[0], &source);
        sip_write_via_echo(&b, &msg.vias[0], NULL);
        assert_string_equal(written(), "Via: SIP/2.0/UDP h;branch=z9hG4bK1;received=2001:db8::9\r\n"
                                       "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n");
}

static void an_echoed_value_can_not_end_its_line(void **state)
{
        (void)state;
        struct sip_msg msg = parsed("BYE sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1" REST);
        sip_write_echo(&b, "To", msg.to.text);
        sip_write_echo(&b, "X", SLICE("a\r\nEvil: 1\n2\r3 \t4"));
        assert_string_equal(written(), "To: \"a b\" <sip:b@h>\r\nX: a Evil: 1 2 3 \t4\r\n");
}

static void writing_past_the_end_is_noticed(void **state)
{
        (void)state;
        buf_init(&b, memory, 20);
        sip_write_status_line(&b, 100);
        assert_true(buf_ok(&b)); /* 20 bytes */
        sip_write_header(&b, "A", SLICE("b"));
        assert_false(buf_ok(&b));
}

typedef void crime_fn(void);

/* In a child: an assertion ends the process. */
static bool ends_the_process(crime_fn *crime)
{
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                struct rlimit none = {0, 0};
                setrlimit(RLIMIT_CORE, &none);
                signal(SIGABRT, SIG_DFL);
                close(STDERR_FILENO);
                crime();
                _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void write_cr(void)
{
        sip_write_header(&b, "A", SLICE("x\ry"));
}

static void write_lf(void)
{
        sip_write_header(&b, "A", SLICE("x\n"));
}

static void write_nul(void)
{
        sip_write_header(&b, "A", SLICE("\0x"));
}

static void write_split_request_line(void)
{
        sip_write_request_line(&b, SIP_BYE, SLICE("sip:a SIP/2.0"));
}

static void write_split_branch(void)
{
        struct addr host = {.family = 4};
        sip_write_via(&b, SIP_UDP, &host, SLICE("x\r\ny"));
}

static void write_split_tag(void)
{
        struct addr host = {.family = 4};
        struct masking_number shown = {{919000000001}};
        sip_write_masking_party(&b, "From", shown, NUMBER_PLUS, NULL, &host, SLICE("x\r\ny"));
}

static void write_no_number(void)
{
        struct addr host = {.family = 4};
        struct masking_number none = {{0}};
        sip_write_masking_party(&b, "From", none, NUMBER_PLUS, NULL, &host, SLICE("x"));
}

static void write_good(void)
{
        sip_write_header(&b, "A", SLICE("x"));
}

static void a_value_that_would_split_a_line_is_our_own_mistake(void **state)
{
        (void)state;
        assert_true(ends_the_process(write_cr));
        assert_true(ends_the_process(write_lf));
        assert_true(ends_the_process(write_nul));
        assert_true(ends_the_process(write_split_request_line));
        assert_true(ends_the_process(write_split_branch));
        assert_true(ends_the_process(write_split_tag));
        assert_true(ends_the_process(write_no_number));
        assert_false(ends_the_process(write_good));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(a_request_is_composed_and_read_back, fresh),
                cmocka_unit_test_setup(a_message_without_a_body_has_no_content_type, fresh),
                cmocka_unit_test_setup(an_unknown_status_has_the_phrase_of_its_class, fresh),
                cmocka_unit_test_setup(a_party_is_written_as_the_trunk_wants_it, fresh),
                cmocka_unit_test_setup(the_topmost_via_says_where_the_request_came_from, fresh),
                cmocka_unit_test_setup(without_rport_only_received_is_added, fresh),
                cmocka_unit_test_setup(an_echoed_value_can_not_end_its_line, fresh),
                cmocka_unit_test_setup(writing_past_the_end_is_noticed, fresh),
                cmocka_unit_test_setup(a_value_that_would_split_a_line_is_our_own_mistake, fresh),
        };
        return RUN_TESTS(tests);
}
