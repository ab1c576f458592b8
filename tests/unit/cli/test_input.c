/* SPDX-License-Identifier: Apache-2.0 */
/* What a person gives: lengths of time, server addresses, real numbers from their sources. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../temporary.h"
#include "../unit.h"
#include "cli/argv_secret.h"
#include "cli/client.h"
#include "cli/client_server.h"
#include "cli/duration.h"
#include "cli/number_input.h"
#include "cli/password_input.h"

static void lengths_of_time_are_read_in_their_units(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                int64_t seconds;
        } rows[] = {
                {"90s", 90},    {"30m", 1800},   {"2h", 7200},
                {"7d", 604800}, {"1h30m", 5400}, {"1d2h3m4s", 93784},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                int64_t s = 0;
                assert_int_equal(duration_parse(slice_from(rows[i].text), &s), 0);
                assert_int_equal(s, rows[i].seconds);
        }
}

static void other_lengths_of_time_are_refused(void **state)
{
        (void)state;
        static const char *const bad[] = {
                "",    "2",     "h",     "2x",        "-2h",
                "2 h", "30m2h", "1h1h",  "2h3",       "1.5h",
                "0s",  "0h0m",  "3661d", "99999999d", "18446744073709551616s",
        };
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                int64_t s = 42;
                assert_int_not_equal(duration_parse(slice_from(bad[i]), &s), 0);
                assert_int_equal(s, 42);
        }
}

static void a_server_is_an_address_with_or_without_scheme(void **state)
{
        (void)state;
        static const struct {
                const char *text, *addr;
        } rows[] = {
                {"http://127.0.0.1:8080", "127.0.0.1:8080"},
                {"127.0.0.1:8080/", "127.0.0.1:8080"},
                {"http://[::1]:99/", "[::1]:99"},
                {"localhost:81", "127.0.0.1:81"},
                {"192.0.2.1", "192.0.2.1:80"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct client_server s;
                assert_int_equal(client_parse_server(slice_from(rows[i].text), &s), 0);
                assert_string_equal(addr_format(&s.addr).text, rows[i].addr);
                assert_false(s.tls);
        }
        static const char *const bad[] = {"",
                                          "http://",
                                          "example.net:80",
                                          "https://",
                                          "https://a b",
                                          "https://example.net:",
                                          "https://example.net:0",
                                          "https://example.net:65536",
                                          "https://user@example.net",
                                          "https://example.net/v1",
                                          "ftp://127.0.0.1",
                                          "127.0.0.1:8080/v1",
                                          "localhost:",
                                          "localhostx"};
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                struct client_server s;
                assert_int_not_equal(client_parse_server(slice_from(bad[i]), &s), 0);
        }
}

static void a_server_with_tls_may_have_a_name(void **state)
{
        (void)state;
        static const struct {
                const char *text, *host, *said;
                uint16_t port;
        } rows[] = {
                {"https://example.net", "example.net", "https://example.net:443", 443},
                {"https://api.example.net:8443/", "api.example.net", "https://api.example.net:8443",
                 8443},
                {"https://127.0.0.1:1", "127.0.0.1", "https://127.0.0.1:1", 1},
                {"https://[2001:db8::1]:2", "2001:db8::1", "https://[2001:db8::1]:2", 2},
                {"https://localhost:3", "localhost", "https://localhost:3", 3},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct client_server s;
                char said[300];
                assert_int_equal(client_parse_server(slice_from(rows[i].text), &s), 0);
                assert_true(s.tls);
                assert_string_equal(s.host, rows[i].host);
                assert_int_equal(s.addr.port, rows[i].port);
                client_put_server(&s, said, sizeof said);
                assert_string_equal(said, rows[i].said);
        }
}

static void a_path_segment_is_percent_encoded(void **state)
{
        (void)state;
        char memory[64];
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        client_put_segment(&b, "+91/..?a b");
        assert_true(slice_equal(buf_slice(&b), SLICE("%2B91%2F..%3Fa%20b")));
}

/* Reads `sources` with `input` as standard input. */
static int read_numbers(const char *input, const char *const *sources, unsigned count,
                        struct number_input *out, char *problem)
{
        struct buf b;
        buf_init(&b, problem, 255);
        FILE *in = fmemopen((void *)(uintptr_t)input, strlen(input), "r");
        assert_non_null(in);
        int err = number_input_read(sources, count, in, false, out, &b);
        problem[b.len] = '\0';
        fclose(in);
        return err;
}

static void each_hyphen_takes_the_next_line_that_is_not_blank(void **state)
{
        (void)state;
        char problem[256];
        struct number_input numbers;
        const char *const sources[] = {"-", "-", "98888-00003"};
        assert_int_equal(read_numbers("\n +91 98888 00001\r\n\n+919888800002", sources, 3, &numbers,
                                      problem),
                         0);
        assert_int_equal(numbers.count, 3);
        assert_string_equal(numbers.text[0], "+91 98888 00001");
        assert_string_equal(numbers.text[1], "+919888800002");
        assert_string_equal(numbers.text[2], "98888-00003");
}

/* A file with that text, as an argument names one. */
static void write_temporary(const char *text, char source[TEMPORARY_BYTES + 1])
{
        source[0] = '@';
        temporary_file(source + 1, "input");
        FILE *file = fopen(source + 1, "w");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        fclose(file);
}

static void each_file_goes_on_with_its_own_next_line(void **state)
{
        (void)state;
        char source[TEMPORARY_BYTES + 1], problem[256];
        write_temporary("+919888800001\n\n+919888800002\n", source);
        struct number_input numbers;
        const char *const two[] = {source, source};
        const char *const three[] = {source, source, source};
        int err_two = read_numbers("x", two, 2, &numbers, problem);
        int err_three = read_numbers("x", three, 3, &(struct number_input){0}, problem);
        assert_int_equal(err_two, 0);
        assert_string_equal(numbers.text[0], "+919888800001");
        assert_string_equal(numbers.text[1], "+919888800002");
        assert_int_equal(err_three, ERR_NOT_FOUND);
        assert_non_null(strstr(problem, "no further line"));
}

static void bad_numbers_are_refused_without_being_repeated(void **state)
{
        (void)state;
        static const struct {
                const char *input, *source, *expect;
        } rows[] = {
                {"\n", "-", "standard input ended"},
                {"98888o0001\n", "-", "not a telephone number"},
                {"+91 98888 00001 +91 98888 00001 +91 98888 00001 +91 98888 00001 98888\n", "-",
                 "not a telephone number"},
                {"x", "sip:98888@example.net", "not a telephone number"},
                {"x", "", "not a telephone number"},
                {"x", "@/nonexistent/98888", "No such file"},
                {"x", "@/tmp", "Is a directory"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                char problem[256];
                struct number_input numbers;
                assert_int_not_equal(
                        read_numbers(rows[i].input, &rows[i].source, 1, &numbers, problem), 0);
                if (!strstr(problem, rows[i].expect))
                        fail_msg("\"%s\" does not say \"%s\"", problem, rows[i].expect);
                if (rows[i].source[0] != '@')
                        assert_null(strstr(problem, "98888"));
        }
}

static int read_password(const char *input, size_t bytes, const char *source, char *out,
                         char problem[256])
{
        struct buf b;
        FILE *in = fmemopen((char *)input, bytes, "r");
        assert_non_null(in);
        buf_init(&b, problem, 255);
        int err = password_input_read(source, in, out, &b);
        problem[b.len] = '\0';
        fclose(in);
        return err;
}

static void a_password_is_the_first_line_with_its_blanks(void **state)
{
        (void)state;
        char source[TEMPORARY_BYTES + 1], problem[256], password[PASSWORD_INPUT_BYTES];
        write_temporary(" b c \r\nsecond\n", source);
        assert_int_equal(read_password("x", 1, source, password, problem), 0);
        assert_string_equal(password, " b c ");
        assert_int_equal(read_password("first\nsecond\n", 13, "-", password, problem), 0);
        assert_string_equal(password, "first");
        assert_int_equal(read_password("no end", 6, "-", password, problem), 0);
        assert_string_equal(password, "no end");
        assert_int_equal(read_password("x", 1, "itself", password, problem), 0);
        assert_string_equal(password, "itself");
}

static void a_password_that_is_none_is_refused_without_being_repeated(void **state)
{
        (void)state;
        char long_one[200], problem[256], password[PASSWORD_INPUT_BYTES] = "as it was";
        memset(long_one, 'x', sizeof long_one);
        assert_int_equal(read_password("\n", 1, "-", password, problem), ERR_SYNTAX);
        assert_int_equal(read_password("x", 1, "", password, problem), ERR_SYNTAX);
        assert_string_equal(problem, "the password is empty");
        assert_int_equal(read_password(long_one, sizeof long_one, "-", password, problem),
                         ERR_TOO_LARGE);
        assert_string_equal(problem, "the password is too long");
        assert_int_not_equal(read_password("x", 1, "@/nonexistent/p", password, problem), 0);
        assert_non_null(strstr(problem, "/nonexistent/p: No such file"));
}

static void too_many_numbers_are_refused(void **state)
{
        (void)state;
        char problem[256];
        struct number_input numbers;
        const char *const sources[NUMBER_INPUT_MAX + 1] = {"1"};
        assert_int_equal(read_numbers("x", sources, NUMBER_INPUT_MAX + 1, &numbers, problem),
                         ERR_FULL);
}

static void real_numbers_leave_the_argument_list(void **state)
{
        (void)state;
        char program[] = "maskline", party[] = "--party", number[] = "+919888800001";
        char joined[] = "--caller=+919888800002", hyphen[] = "-", file[] = "@f",
             dials[] = "--dials", masking[] = "+919000000001";
        char *argv[] = {program, party, number, joined,  party, hyphen,
                        party,   file,  dials,  masking, party, NULL};
        argv_secret_take(11, argv);

        assert_string_equal(number, "*************");
        assert_string_equal(joined, "--caller=*************");
        assert_string_equal(argv[2], "+919888800001");
        assert_string_equal(argv[3], "--caller=+919888800002");
        assert_ptr_equal(argv[5], hyphen);
        assert_ptr_equal(argv[7], file);
        assert_string_equal(masking, "+919000000001");
}

static void the_number_of_a_party_leaves_the_argument_list(void **state)
{
        (void)state;
        char program[] = "maskline", party[] = "party", erase[] = "erase", json[] = "--json",
             number[] = "+919888800001", hyphen[] = "-";
        char *argv[] = {program, party, erase, json, number, hyphen, NULL};
        argv_secret_take(6, argv);

        assert_string_equal(number, "*************");
        assert_string_equal(argv[4], "+919888800001");
        assert_string_equal(json, "--json");
        assert_ptr_equal(argv[5], hyphen);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lengths_of_time_are_read_in_their_units),
                cmocka_unit_test(other_lengths_of_time_are_refused),
                cmocka_unit_test(a_server_is_an_address_with_or_without_scheme),
                cmocka_unit_test(a_server_with_tls_may_have_a_name),
                cmocka_unit_test(a_path_segment_is_percent_encoded),
                cmocka_unit_test(each_hyphen_takes_the_next_line_that_is_not_blank),
                cmocka_unit_test(each_file_goes_on_with_its_own_next_line),
                cmocka_unit_test(bad_numbers_are_refused_without_being_repeated),
                cmocka_unit_test(a_password_is_the_first_line_with_its_blanks),
                cmocka_unit_test(a_password_that_is_none_is_refused_without_being_repeated),
                cmocka_unit_test(too_many_numbers_are_refused),
                cmocka_unit_test(real_numbers_leave_the_argument_list),
                cmocka_unit_test(the_number_of_a_party_leaves_the_argument_list),
        };
        return RUN_TESTS(tests);
}
