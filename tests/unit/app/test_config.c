/* SPDX-License-Identifier: Apache-2.0 */
#include "app/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../temporary.h"
#include "../unit.h"
#include "app/config_page.h"
#include "app/config_value.h"
#include "base/log.h"

static const char *reference_page; /* path of the committed page */

struct fixture {
        char path[TEMPORARY_BYTES];
        char problems[CONFIG_PROBLEMS_BYTES];
        struct config config;
};

static int set_up(void **state)
{
        struct fixture *f = calloc(1, sizeof *f);
        temporary_file(f->path, "config");
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;
        temporary_remove(f->path);
        free(f);
        return 0;
}

static int read_source(struct fixture *f, const struct config_source *source)
{
        struct buf problems;
        buf_init(&problems, f->problems, sizeof f->problems - 1);
        int err = config_read(source, &f->config, &problems);
        f->problems[problems.len] = '\0';
        return err;
}

static void write_file(struct fixture *f, const char *text, size_t len)
{
        FILE *file = fopen(f->path, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(text, 1, len, file), len);
        fclose(file);
}

static int read_text(struct fixture *f, const char *text)
{
        write_file(f, text, strlen(text));
        return read_source(f, &(struct config_source){.path = f->path, .must_exist = true});
}

static void expect_problem(struct fixture *f, const char *text, const char *expect)
{
        if (read_text(f, text) == 0)
                fail_msg("\"%s\" was taken", text);
        if (!strstr(f->problems, expect))
                fail_msg("\"%s\" gives \"%s\", not \"%s\"", text, f->problems, expect);
}

static void without_a_file_the_defaults_hold(void **state)
{
        struct fixture *f = *state;
        assert_int_equal(read_source(f, &(struct config_source){.path = "/nonexistent/x"}), 0);
        assert_string_equal(addr_format(&f->config.sip_listen.ip4).text, "127.0.0.1:5060");
        assert_string_equal(addr_format(&f->config.http_listen).text, "127.0.0.1:8080");
        assert_int_equal(f->config.calls_max, 500);
        assert_int_equal(f->config.ring_timeout_s, 120);
        assert_int_equal(f->config.log_level, LOG_INFO);
        assert_int_equal(f->config.early_media, EARLY_MEDIA_RINGBACK);
        assert_false(f->config.core_dumps);
        assert_false(f->config.http_allow_remote);
        const struct addr_pair media = config_media(&f->config);
        assert_string_equal(addr_format_ip(&media.ip4).text, "127.0.0.1");
        assert_int_equal(media.ip6.family, 0);
}

static void a_file_that_was_asked_for_must_exist(void **state)
{
        struct fixture *f = *state;
        struct config_source source = {.path = "/nonexistent/x", .must_exist = true};
        assert_int_not_equal(read_source(f, &source), 0);
        assert_string_equal(f->problems,
                            "/nonexistent/x: cannot be read: No such file or directory\n");
}

static void a_file_is_read_with_comments_and_spaces(void **state)
{
        struct fixture *f = *state;
        assert_int_equal(read_text(f, "# all of it\n"
                                      "\n"
                                      "  calls_max=7   # small\r\n"
                                      "\tsip_listen = [::1]:5070\n"
                                      "media_ip = ::1\n"
                                      "country = 91\n"
                                      "international_prefix = 00\n"
                                      "national_prefix = 0\n"
                                      "national_digits_min = 10\n"
                                      "national_digits_max = 10\n"
                                      "refusal_text = Nummer #5 = \xc3\xbc\n"
                                      "early_media = none\n"
                                      "core_dumps = true\n"
                                      "log_level = debug"),
                         0);
        assert_int_equal(f->config.calls_max, 7);
        assert_string_equal(addr_format(&f->config.sip_listen.ip6).text, "[::1]:5070");
        assert_string_equal(f->config.plan.country, "91");
        assert_string_equal(f->config.plan.international, "00");
        assert_string_equal(f->config.plan.national, "0");
        assert_int_equal(f->config.plan.digits_min, 10);
        assert_string_equal(f->config.refusal_text, "Nummer");
        assert_int_equal(f->config.early_media, EARLY_MEDIA_NONE);
        assert_int_equal(f->config.log_level, LOG_DEBUG);
        assert_true(f->config.core_dumps);
}

static void a_hash_within_a_word_is_no_comment(void **state)
{
        struct fixture *f = *state;
        assert_int_equal(read_text(f, "refusal_text = C#5\n"), 0);
        assert_string_equal(f->config.refusal_text, "C#5");
}

/* As a value it could not be printed so that it reads back. */
static void a_hash_at_the_start_of_a_value_is_a_comment(void **state)
{
        struct fixture *f = *state;
        assert_int_equal(read_text(f, "refusal_text =# t\n"), ERR_SYNTAX);
        assert_int_equal(read_text(f, "calls_max = 7 # few\n"), 0);
}

static void a_setting_on_the_command_line_wins(void **state)
{
        struct fixture *f = *state;
        static const char *const sets[] = {"calls_max=9", "drain_s = 5", "calls_max=10"};
        write_file(f, "calls_max = 7\n", 14);
        struct config_source source = {.path = f->path, .sets = sets, .set_count = 3};
        assert_int_equal(read_source(f, &source), 0);
        assert_int_equal(f->config.calls_max, 10);
        assert_int_equal(f->config.drain_s, 5);
}

static void a_bad_setting_on_the_command_line_is_named(void **state)
{
        struct fixture *f = *state;
        static const char *const sets[] = {"calls_max=0", "calls_max", "cals_max=1"};
        struct config_source source = {.sets = sets, .set_count = 3};
        assert_int_not_equal(read_source(f, &source), 0);
        assert_string_equal(
                f->problems,
                "--set: calls_max = \"0\": allowed is a whole number from 1 to 16000 (calls)\n"
                "--set: \"calls_max\" has no value; write --set name=value\n"
                "--set: unknown key \"cals_max\"; did you mean \"calls_max\"?\n");
}

static void every_problem_is_reported_with_its_line(void **state)
{
        struct fixture *f = *state;
        char expect[1024];
        assert_int_not_equal(read_text(f, "calls_max = many\n"
                                          "log_level = loud\n"
                                          "drain_s = 10\n"
                                          "sip_lisen = 127.0.0.1:5060\n"
                                          "just words\n"
                                          "drain_s = 11\n"),
                             0);
        snprintf(expect, sizeof expect,
                 "%s:1: calls_max = \"many\": allowed is a whole number from 1 to 16000 (calls)\n"
                 "%s:2: log_level = \"loud\": allowed is error, warn, info or debug\n"
                 "%s:4: unknown key \"sip_lisen\"; did you mean \"sip_listen\"?\n"
                 "%s:5: \"just words\" is no setting; a line is: name = value\n"
                 "%s:6: drain_s is set on line 3 already; keep one of the two\n",
                 f->path, f->path, f->path, f->path, f->path);
        assert_string_equal(f->problems, expect);
}

static void a_value_out_of_its_range_is_refused(void **state)
{
        struct fixture *f = *state;
        static const char *const bad[] = {
                "calls_max = 0",
                "calls_max = 16001",
                "calls_max = -1",
                "calls_max = 1.5",
                "calls_max = 0x10",
                "calls_max =",
                "calls_max = 99999999999999999999",
                "rtp_port_min = 80",
                "rtp_port_max = 65536",
                "http_allow_remote = yes",
                "http_allow_remote = TRUE",
                "core_dumps = 1",
                "sip_listen = 127.0.0.1",
                "sip_listen = ::1",
                "sip_listen = [::1]",
                "sip_listen = localhost:5060",
                "sip_listen = 127.0.0.1:65536",
                "sip_listen = 127.0.0.1:",
                "sip_listen =",
                "media_ip = 127.0.0.1:9",
                "media_ip = everywhere",
                "sip_listen = 127.0.0.1:5060,",
                "sip_listen = 127.0.0.1:5060 [::1]:5060",
                "sip_listen = 127.0.0.1:5060, ::1",
                "sip_listen = 127.0.0.1:5060, 127.0.0.2:5060",
                "media_ip = ::1, ::2",
                "log_level =",
                "log_level = info|debug",
                "early_media = real",
                "country = 9111",
                "country = +91",
                "national_digits_min = 16",
                "refusal_text =",
                "refusal_text = -w /etc/x",
                "refusal_text = \xff\xfe",
                "refusal_text = a\x01z",
                "refusal_text = \xed\xa0\x80",
                "refusal_text = \xc0\xaf",
                "refusal_text = \xf4\x90\x80\x80",
                "refusal_text = \xe2\x82",
                "refusal_voice = -x",
                "ringback_tone = loud",
                "ringback_tone =",
                "ringback_tone = 400/",
        };
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                struct config before = f->config;
                expect_problem(f, bad[i], ": allowed is ");
                assert_memory_equal(&before, &f->config, sizeof before);
        }
}

static const char *value_of(const char *name, const struct config *config)
{
        static char text[256];
        struct buf b;
        memset(text, 0, sizeof text);
        buf_init(&b, text, sizeof text - 1);
        for (unsigned i = 0; i < config_row_count; i++) {
                if (!strcmp(config_rows[i].name, name))
                        config_value_put(&b, &config_rows[i], config);
        }
        return text;
}

static void one_address_of_each_kind_is_taken(void **state)
{
        struct fixture *f = *state;
        assert_int_equal(read_text(f, "sip_listen = [::1]:5062, 127.0.0.1:5060\n"
                                      "sip_tcp_listen = [::1]:5063\n"
                                      "media_ip = ::2"),
                         0);
        assert_string_equal(value_of("sip_listen", &f->config), "127.0.0.1:5060, [::1]:5062");
        assert_string_equal(value_of("sip_tcp_listen", &f->config), "[::1]:5063");
        assert_string_equal(value_of("media_ip", &f->config), "::2");
        /* The other kind is that of sip_listen. */
        const struct addr_pair media = config_media(&f->config);
        assert_string_equal(addr_format_ip(&media.ip4).text, "127.0.0.1");
        assert_string_equal(addr_format_ip(&media.ip6).text, "::2");
}

static void two_addresses_of_one_kind_are_named_as_such(void **state)
{
        struct fixture *f = *state;
        expect_problem(f, "sip_listen = 127.0.0.1:5060, 127.0.0.2:5060",
                       "two addresses of one kind: allowed is ");
        expect_problem(f, "media_ip = ::1, ::2", "two addresses of one kind: allowed is ");
}

static void a_text_may_be_as_long_as_its_row_says(void **state)
{
        struct fixture *f = *state;
        char text[512] = "refusal_text = ";
        memset(text + 15, 'a', 255);
        assert_int_equal(read_text(f, text), 0);
        memset(text + 15, 'a', 256);
        assert_int_not_equal(read_text(f, text), 0);
}

static void values_must_go_together(void **state)
{
        struct fixture *f = *state;
        static const struct {
                const char *text, *expect;
        } rows[] = {
                {"http_listen = 192.0.2.1:8080", "http_allow_remote = true"},
                {"http_listen = 0.0.0.0:8080", "not a loopback address"},
                {"rtp_port_min = 30000", "must be greater than rtp_port_min (30000)"},
                {"rtp_port_max = 21000", "needs 2000 RTP ports"},
                {"session_timer_s = 89", "allowed is 0, or from 90 to 86400"},
                {"calls_max = 2501", "needs 10004 RTP ports"},
                {"rtp_port_min = 20001\nrtp_port_max = 20004\ncalls_max = 1", "hold 2 in pairs"},
                {"rtp_port_min = 20000\nrtp_port_max = 20002\ncalls_max = 1", "hold 2 in pairs"},
                {"national_digits_min = 5", "less than national_digits_min (5)"},
                {"sip_listen = 127.0.0.1:20000", "within rtp_port_min to rtp_port_max"},
                {"sip_listen = 0.0.0.0:29999\nmedia_ip = 127.0.0.1", "choose one outside"},
                {"country = 91", "needs national_digits_min"},
                {"country = 091\nnational_digits_min = 9\nnational_digits_max = 9\n",
                 "does not begin with 0"},
                {"national_prefix = 0", "needs country"},
                {"sip_listen = [::1]:5060\nmedia_ip = 127.0.0.1",
                 "media_ip: it has an IPv4 address, and sip_listen has none"},
                {"sip_tcp_listen = [::1]:5060",
                 "sip_tcp_listen: it has an IPv6 address, and sip_listen has none"},
                {"sip_tls_listen = 127.0.0.1:5061,[::1]:5061\ntls_key = /k\ntls_certificate = /c",
                 "sip_tls_listen: it has an IPv6 address, and sip_listen has none"},
                {"sip_listen = 127.0.0.1:5060, [::]:5060", "sip_listen: with IPv4 and IPv6"},
                {"sip_listen = [fe80::1]:5060", "sip_listen: fe80::1 is an address of one link"},
                {"sip_listen = 0.0.0.0:5060, [::1]:5060", "sip_listen: with IPv4 and IPv6"},
                {"sip_listen = 127.0.0.1:5060, [::1]:5060\nmedia_ip = 0.0.0.0",
                 "media_ip: with IPv4 and IPv6"},
                {"sip_listen = 127.0.0.1:5060, [::1]:5060\nsip_tcp_listen = 0.0.0.0:5060",
                 "sip_tcp_listen: with IPv4 and IPv6"},
                {"sip_listen = 127.0.0.1:5060, [::1]:20000", "within rtp_port_min to rtp_port_max"},
                {"sip_tls_listen = 127.0.0.1:5061", "needs tls_certificate and tls_key"},
                {"tls_key = /key.pem", "one needs the other"},
                {"sip_tcp_listen = 127.0.0.1:5060\nsip_tls_listen = 127.0.0.1:5060\n"
                 "tls_key = /k\ntls_certificate = /c",
                 "choose another port, 5061 is usual"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                expect_problem(f, rows[i].text, rows[i].expect);

        assert_int_equal(read_text(f, "http_listen = 192.0.2.1:1\nhttp_allow_remote = true"), 0);
        assert_int_equal(read_text(f, "calls_max = 2500"), 0);
        assert_int_equal(read_text(f, "sip_listen = 127.0.0.1:20000\nmedia_ip = 127.0.0.2"), 0);
}

static void a_file_that_is_no_text_is_reported_and_not_used(void **state)
{
        struct fixture *f = *state;
        static const char binary[] = "calls_max = 7\0 = 9\n\0\0\0\xff\xff";
        write_file(f, binary, sizeof binary);
        assert_int_not_equal(
                read_source(f, &(struct config_source){.path = f->path, .must_exist = true}), 0);
        assert_non_null(strstr(f->problems, ":1: calls_max"));
}

static void a_file_that_is_too_large_is_refused(void **state)
{
        struct fixture *f = *state;
        size_t bytes = CONFIG_FILE_BYTES_MAX + 1;
        char *text = malloc(bytes);
        memset(text, '\n', bytes);
        write_file(f, text, bytes);
        free(text);
        assert_int_not_equal(read_source(f, &(struct config_source){.path = f->path}), 0);
        assert_non_null(strstr(f->problems, "larger than 65536 bytes"));
}

static void more_problems_than_there_is_room_for_are_still_problems(void **state)
{
        struct fixture *f = *state;
        char *text = malloc(60000);
        for (int i = 0; i < 60000; i += 6)
                memcpy(text + i, "nokey\n", 6);
        write_file(f, text, 60000);
        free(text);
        assert_int_not_equal(read_source(f, &(struct config_source){.path = f->path}), 0);
}

static void a_directory_is_no_file(void **state)
{
        struct fixture *f = *state;
        struct config_source source = {.path = "/tmp", .must_exist = true};
        assert_int_not_equal(read_source(f, &source), 0);
        assert_non_null(strstr(f->problems, "/tmp: cannot be read"));
}

static void a_reload_takes_what_may_change_and_names_the_rest(void **state)
{
        (void)state;
        char memory[256];
        struct buf restart;
        struct config current, fresh;
        config_defaults(&current);
        config_defaults(&fresh);
        buf_init(&restart, memory, sizeof memory);
        config_reload(&current, &fresh, &restart);
        assert_int_equal(restart.len, 0);

        fresh.log_level = LOG_DEBUG;
        fresh.drain_s = 1;
        fresh.calls_max = 3;
        strcpy(fresh.refusal_text, "Nobody is there.");
        config_reload(&current, &fresh, &restart);
        assert_int_equal(current.log_level, LOG_DEBUG);
        assert_int_equal(current.drain_s, 1);
        assert_int_equal(current.calls_max, 500);
        assert_true(slice_equal(buf_slice(&restart), SLICE("calls_max, refusal_text")));
}

/* A shorter text over a longer one leaves nothing behind that would look like a change. */
static void the_same_values_are_no_change_however_they_came(void **state)
{
        struct fixture *f = *state;
        char memory[256];
        struct buf restart;
        static const char *const sets[] = {"refusal_text=Nobody is there.",
                                           "refusal_text=No.",
                                           "country=911",
                                           "country=91",
                                           "national_digits_min=10",
                                           "national_digits_max=10",
                                           "sip_listen=127.0.0.1:5060,[::1]:5060"};
        buf_init(&restart, memory, sizeof memory);
        assert_int_equal(read_text(f, "refusal_text = No.\ncountry = 91\nnational_digits_min = 10\n"
                                      "national_digits_max = 10\n"
                                      "sip_listen = [::1]:5060, 127.0.0.1:5060\n"),
                         0);
        struct config first = f->config;
        const struct config_source source = {.sets = sets, .set_count = 7};
        assert_int_equal(read_source(f, &source), 0);
        config_reload(&first, &f->config, &restart);
        assert_int_equal(restart.len, 0);
}

static void the_printed_defaults_are_a_file_that_changes_nothing(void **state)
{
        struct fixture *f = *state;
        static char page[65536];
        struct buf out;
        struct config defaults;
        buf_init(&out, page, sizeof page - 1);
        config_put_defaults(&out);
        assert_true(buf_ok(&out));
        page[out.len] = '\0';
        if (read_text(f, page))
                fail_msg("%s", f->problems);
        config_defaults(&defaults);
        assert_memory_equal(&defaults, &f->config, sizeof defaults);
        for (unsigned i = 0; i < config_row_count; i++)
                assert_non_null(strstr(page, config_rows[i].name));
}

static void every_row_is_whole(void **state)
{
        (void)state;
        for (unsigned i = 0; i < config_row_count; i++) {
                const struct config_row *row = &config_rows[i];
                assert_true(row->bytes > 0);
                assert_true(row->offset + row->bytes <= sizeof(struct config));
                assert_int_equal(row->help[strlen(row->help) - 1], '.');
                assert_true(row->type != CONFIG_COUNT || row->unit);
                assert_true(row->type != CONFIG_CHOICE || row->choices);
                for (unsigned k = 0; k < i; k++) {
                        assert_string_not_equal(row->name, config_rows[k].name);
                        assert_int_not_equal(row->offset, config_rows[k].offset);
                }
        }
        assert_non_null(config_rows[0].section);
}

static void the_committed_reference_page_is_the_one_the_rows_make(void **state)
{
        (void)state;
        static char page[65536], committed[65536];
        struct buf out;
        buf_init(&out, page, sizeof page - 1);
        config_put_reference(&out);
        assert_true(buf_ok(&out));
        page[out.len] = '\0';

        FILE *file = fopen(reference_page, "r");
        assert_non_null(file);
        size_t n = fread(committed, 1, sizeof committed - 1, file);
        fclose(file);
        committed[n] = '\0';
        assert_string_equal(page, committed);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv)
{
        reference_page = argc > 1 ? argv[1] : "docs/reference/configuration.md";
        const struct CMUnitTest tests[] = {
                WITH_FILE(without_a_file_the_defaults_hold),
                WITH_FILE(a_file_that_was_asked_for_must_exist),
                WITH_FILE(a_file_is_read_with_comments_and_spaces),
                WITH_FILE(a_hash_within_a_word_is_no_comment),
                WITH_FILE(a_hash_at_the_start_of_a_value_is_a_comment),
                WITH_FILE(a_setting_on_the_command_line_wins),
                WITH_FILE(a_bad_setting_on_the_command_line_is_named),
                WITH_FILE(every_problem_is_reported_with_its_line),
                WITH_FILE(a_value_out_of_its_range_is_refused),
                WITH_FILE(a_text_may_be_as_long_as_its_row_says),
                WITH_FILE(one_address_of_each_kind_is_taken),
                WITH_FILE(two_addresses_of_one_kind_are_named_as_such),
                WITH_FILE(values_must_go_together),
                WITH_FILE(a_file_that_is_no_text_is_reported_and_not_used),
                WITH_FILE(a_file_that_is_too_large_is_refused),
                WITH_FILE(more_problems_than_there_is_room_for_are_still_problems),
                WITH_FILE(a_directory_is_no_file),
                cmocka_unit_test(a_reload_takes_what_may_change_and_names_the_rest),
                WITH_FILE(the_same_values_are_no_change_however_they_came),
                WITH_FILE(the_printed_defaults_are_a_file_that_changes_nothing),
                cmocka_unit_test(every_row_is_whole),
                cmocka_unit_test(the_committed_reference_page_is_the_one_the_rows_make),
        };
        return RUN_TESTS(tests);
}
