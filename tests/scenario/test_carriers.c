/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What carriers require (carriers.txt): each row is played by flows that are there, or says why not.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"

#define REASON_LEAST 40
#define TEXT_MAX     65536

static const char *folder; /* of the table */

static const char *const providers[] = {"twilio", "plivo",  "vobiz", "telnyx",
                                        "exotel", "airtel", "tata"};

static const char *const requirements[] = {
        "auth, by source",
        "auth, digest for each INVITE",
        "auth, REGISTER",
        "auth, SHA-256 and MD5",
        "auth, tokens and prefixes",
        "auth, any port",
        "auth, source address for each trunk",
        "caller id, its form",
        "caller id, asserted",
        "caller id, withheld",
        "caller id, our own only",
        "caller id, signed (STIR)",
        "rate, calls a second",
        "rate, overflow to the next route",
        "channels",
        "methods, those that are not spoken",
        "methods, 100rel never required",
        "methods, UPDATE in both roles",
        "methods, unknown extensions",
        "session timers",
        "keep-alive, OPTIONS",
        "keep-alive, CRLF",
        "keep-alive, STUN",
        "early media",
        "transfers",
        "redirections",
        "offerless INVITE",
        "hold",
        "glare",
        "forks",
        "DTMF, RFC 4733",
        "DTMF, INFO",
        "DTMF, in-band",
        "codecs",
        "ptime",
        "T.38",
        "SRTP",
        "SRTP, negotiated",
        "TLS",
        "TLS, who it is",
        "NAT, rport",
        "NAT, symmetric RTP",
        "DNS, NAPTR",
        "DNS, SRV priorities and weights",
        "DNS, time to live",
        "DNS, failover on 503 and silence",
        "fragmentation",
        "limits, Max-Forwards and loops",
        "memory in text parsers",
        "unbounded reading",
        "use after free",
        "foreign media",
        "DTLS hello",
        "floods and enumeration",
        "digest leaks",
        "header smuggling",
        "methods that pass by",
        "DNS forgery",
        "injection by call data",
};

#define PROVIDERS    (sizeof providers / sizeof providers[0])
#define REQUIREMENTS (sizeof requirements / sizeof requirements[0])

/* False: there is no such file. */
static bool read_text(const char *name, char out[TEXT_MAX])
{
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, name);
        FILE *file = fopen(path, "r");
        if (!file)
                return false;
        size_t bytes = fread(out, 1, TEXT_MAX - 1, file);
        fclose(file);
        assert_true(bytes < TEXT_MAX - 1);
        out[bytes] = 0;
        return true;
}

static bool read_flow(const char *flow, char out[TEXT_MAX])
{
        char name[256];
        snprintf(name, sizeof name, "flows/%s.flow", flow);
        return read_text(name, out);
}

/* Of a line that begins with the row and a colon, all after it; NULL: another line. */
static char *row_of(char *line, const char *row)
{
        size_t len = strlen(row);
        return strncmp(line, row, len) == 0 && line[len] == ':' ? line + len + 1 : NULL;
}

/* What the table has for a row, which it has once; in memory that the next call overwrites. */
static char *find_row(const char *row)
{
        static char text[TEXT_MAX];
        char *found = NULL, *rest = text;
        assert_true(read_text("carriers.txt", text));
        while (rest) {
                char *line = strsep(&rest, "\n");
                char *value = line[0] == '#' ? NULL : row_of(line, row);
                if (value && found)
                        fail_msg("carriers.txt has '%s' twice", row);
                found = value ? value : found;
        }
        if (!found)
                fail_msg("carriers.txt has no '%s'", row);
        return found + strspn(found, " ");
}

static void check_flows(const char *row, char *flows)
{
        static char text[TEXT_MAX];
        unsigned count = 0;
        for (char *flow = strtok(flows, " "); flow; flow = strtok(NULL, " "), count++) {
                if (!read_flow(flow, text))
                        fail_msg("'%s' names the flow %s, which is not there", row, flow);
        }
        if (!count)
                fail_msg("'%s' has no flow; \"none, REASON\" says why", row);
}

static void every_row_is_played_or_says_why_not(void **state)
{
        (void)state;
        unsigned without = 0;
        for (size_t i = 0; i < REQUIREMENTS; i++) {
                char *value = find_row(requirements[i]);
                if (strncmp(value, "none", 4) != 0) {
                        check_flows(requirements[i], value);
                        continue;
                }
                if (strncmp(value, "none, ", 6) != 0 || strlen(value) < REASON_LEAST)
                        fail_msg("'%s' is not played, and does not say why", requirements[i]);
                print_message("not played: %s\n", requirements[i]);
                without++;
        }
        assert_int_equal(without, 9); /* one more or less is worth a look */
}

/* Our call to the carrier, and one of the carrier's: a new one, or a number after the one before. */
static bool calls_both_ways(const char *text)
{
        return strstr(text, "\ncustomer <- INVITE") &&
               (strstr(text, "\ncustomer -> INVITE \"") || strstr(text, "\ncustomer/2 -> INVITE "));
}

static void every_provider_is_played_in_both_directions(void **state)
{
        (void)state;
        static char text[TEXT_MAX];
        for (size_t i = 0; i < PROVIDERS; i++) {
                unsigned own = 0;
                char *flows = find_row(providers[i]), *rest = flows;
                for (char *flow; (flow = strsep(&rest, " "));) {
                        if (!read_flow(flow, text))
                                fail_msg("%s: there is no flow %s", providers[i], flow);
                        if (strncmp(flow, "provider-", 9) != 0)
                                continue;
                        own++;
                        if (!calls_both_ways(text))
                                fail_msg("%s has not a call in each direction", flow);
                }
                if (!own)
                        fail_msg("%s has no flow of its own", providers[i]);
        }
}

static void check_provider_is_named(const char *flow)
{
        bool is_named = false;
        for (size_t i = 0; i < PROVIDERS && !is_named; i++) {
                char *rest = find_row(providers[i]);
                for (char *one; (one = strsep(&rest, " "));)
                        is_named |= strcmp(one, flow) == 0;
        }
        if (!is_named)
                fail_msg("%s is in no provider's row", flow);
}

static void every_flow_of_a_provider_is_in_its_row(void **state)
{
        (void)state;
        char path[512];
        snprintf(path, sizeof path, "%s/flows", folder);
        DIR *flows = opendir(path);
        assert_non_null(flows);
        unsigned count = 0;
        for (struct dirent *entry; (entry = readdir(flows));) {
                char *dot = strrchr(entry->d_name, '.');
                if (strncmp(entry->d_name, "provider-", 9) != 0 || !dot)
                        continue;
                *dot = 0;
                check_provider_is_named(entry->d_name);
                count++;
        }
        closedir(flows);
        assert_true(count > 0);
}

static bool is_known(const char *row)
{
        for (size_t i = 0; i < PROVIDERS; i++) {
                if (strcmp(providers[i], row) == 0)
                        return true;
        }
        for (size_t i = 0; i < REQUIREMENTS; i++) {
                if (strcmp(requirements[i], row) == 0)
                        return true;
        }
        return false;
}

static void no_row_is_unknown(void **state)
{
        (void)state;
        static char text[TEXT_MAX];
        char *rest = text;
        assert_true(read_text("carriers.txt", text));
        while (rest) {
                char *line = strsep(&rest, "\n");
                if (line[0] == '#' || line[0] == 0)
                        continue;
                char *colon = strchr(line, ':');
                assert_non_null(colon);
                *colon = 0;
                if (!is_known(line))
                        fail_msg("carriers.txt has the unknown row '%s'", line);
        }
}

int main(int argc, char **argv)
{
        if (argc < 2)
                return 2;
        folder = argv[1];
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_row_is_played_or_says_why_not),
                cmocka_unit_test(every_provider_is_played_in_both_directions),
                cmocka_unit_test(every_flow_of_a_provider_is_in_its_row),
                cmocka_unit_test(no_row_is_unknown),
        };
        return RUN_TESTS(tests);
}
