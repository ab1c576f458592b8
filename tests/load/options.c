/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void options_need(int err, const char *what)
{
        if (err == 0)
                return;
        fprintf(stderr, "masked_load: %s: %s\n", what, err_text(err));
        exit(2);
}

static const char help[] =
        "masked_load: calls through a system that masks numbers\n\n"
        "  --target ADDR:PORT     where the system takes calls (127.0.0.1:5060)\n"
        "  --caller ADDR:PORT     the callers' side (127.0.0.21:5070)\n"
        "  --callee ADDR:PORT     the callees' side (127.0.0.22:5080)\n"
        "  --transport udp|tcp|tls\n"
        "  --tls-cert, --tls-key, --tls-ca FILE, --tls-domain NAME   for tls\n"
        "  --rate N               calls a second, evenly spaced (100)\n"
        "  --calls N              how many, or --seconds N (5)\n"
        "  --ring-ms N            from ringing to the answer (50)\n"
        "  --hold-ms N            from the answer to the end (200)\n"
        "  --no-answer-ms N       after which the system gives up ringing (120000)\n"
        "  --talk PERCENT         calls with RTP in both directions (0)\n"
        "  --mix KIND=WEIGHT,...  kinds of calls (answered=1)\n"
        "  --session A,M,B,N      all calls share one: caller, dials, callee, sees, as the last\n"
        "                         two digits of +9198888000xx and +9190000000xx (1,1,51,51)\n"
        "  --control              sessions come on standard input (tests/load/control.h), one\n"
        "                         call on each at a time\n"
        "  --progress             a line each second\n\nkinds of calls:\n";

static void say_help(void)
{
        fputs(help, stdout);
        for (int i = 0; i < KINDS; i++)
                printf("  %-14s %s\n", kind_rows[i].name, kind_rows[i].help);
}

enum option_code {
        OPTION_TARGET = 256,
        OPTION_CALLER,
        OPTION_CALLEE,
        OPTION_TRANSPORT,
        OPTION_CERT,
        OPTION_KEY,
        OPTION_CA,
        OPTION_DOMAIN,
        OPTION_RATE,
        OPTION_CALLS,
        OPTION_SECONDS,
        OPTION_RING,
        OPTION_HOLD,
        OPTION_NO_ANSWER,
        OPTION_TALK,
        OPTION_MIX,
        OPTION_SESSION,
        OPTION_CONTROL,
        OPTION_PROGRESS,
        OPTION_HELP,
};

static const struct option long_options[] = {
        {"target", required_argument, NULL, OPTION_TARGET},
        {"caller", required_argument, NULL, OPTION_CALLER},
        {"callee", required_argument, NULL, OPTION_CALLEE},
        {"transport", required_argument, NULL, OPTION_TRANSPORT},
        {"tls-cert", required_argument, NULL, OPTION_CERT},
        {"tls-key", required_argument, NULL, OPTION_KEY},
        {"tls-ca", required_argument, NULL, OPTION_CA},
        {"tls-domain", required_argument, NULL, OPTION_DOMAIN},
        {"rate", required_argument, NULL, OPTION_RATE},
        {"calls", required_argument, NULL, OPTION_CALLS},
        {"seconds", required_argument, NULL, OPTION_SECONDS},
        {"ring-ms", required_argument, NULL, OPTION_RING},
        {"hold-ms", required_argument, NULL, OPTION_HOLD},
        {"no-answer-ms", required_argument, NULL, OPTION_NO_ANSWER},
        {"talk", required_argument, NULL, OPTION_TALK},
        {"mix", required_argument, NULL, OPTION_MIX},
        {"session", required_argument, NULL, OPTION_SESSION},
        {"control", no_argument, NULL, OPTION_CONTROL},
        {"progress", no_argument, NULL, OPTION_PROGRESS},
        {"help", no_argument, NULL, OPTION_HELP},
        {0},
};

static enum sip_transport transport_named(const char *name)
{
        if (!strcmp(name, "udp"))
                return SIP_UDP;
        if (!strcmp(name, "tcp"))
                return SIP_TCP;
        if (!strcmp(name, "tls"))
                return SIP_TLS;
        options_need(-EINVAL, "--transport is udp, tcp or tls");
        return SIP_TRANSPORT_OTHER;
}

static int64_t number(const char *name, int64_t max)
{
        uint64_t value;
        options_need(slice_to_u64(slice_from(optarg), (uint64_t)max, &value), name);
        return (int64_t)value;
}

static void read_option(int code, struct settings *settings)
{
        struct load_options *options = &settings->options;
        struct slice value = slice_from(optarg ? optarg : "");
        switch (code) {
        case OPTION_TARGET:
                options_need(addr_parse(value, 5060, &options->target), "--target");
                return;
        case OPTION_CALLER:
                options_need(addr_parse(value, 5070, &settings->local[CALLER_SIDE]), "--caller");
                return;
        case OPTION_CALLEE:
                options_need(addr_parse(value, 5080, &settings->local[CALLEE_SIDE]), "--callee");
                return;
        case OPTION_TRANSPORT:
                settings->transport = transport_named(optarg);
                return;
        case OPTION_CERT:
                settings->tls.certificate = optarg;
                return;
        case OPTION_KEY:
                settings->tls.key = optarg;
                return;
        case OPTION_CA:
                settings->tls.ca = optarg;
                return;
        case OPTION_DOMAIN:
                settings->domain = optarg;
                return;
        case OPTION_RATE:
                options->rate = atof(optarg);
                options_need(options->rate > 0 ? 0 : -EINVAL, "--rate");
                return;
        case OPTION_CALLS:
                options->calls = (uint64_t)number("--calls", INT64_MAX);
                return;
        case OPTION_SECONDS:
                settings->seconds = number("--seconds", 1000000);
                return;
        case OPTION_RING:
                options->ring_ms = number("--ring-ms", 100000);
                return;
        case OPTION_HOLD:
                options->hold_ms = number("--hold-ms", 1000000);
                return;
        case OPTION_NO_ANSWER:
                options->no_answer_ms = number("--no-answer-ms", 1000000);
                return;
        case OPTION_TALK:
                options->talk_percent = (unsigned)number("--talk", 100);
                return;
        case OPTION_MIX:
                settings->mix = optarg;
                return;
        case OPTION_SESSION:
                settings->session = optarg;
                return;
        case OPTION_CONTROL:
                settings->has_control = true;
                return;
        case OPTION_PROGRESS:
                settings->has_progress = true;
                return;
        case OPTION_HELP:
                say_help();
                exit(0);
        default:
                exit(2);
        }
}

void options_read(int argc, char **argv, struct settings *settings)
{
        *settings = (struct settings){
                .options = {.rate = 100, .ring_ms = 50, .hold_ms = 200, .no_answer_ms = 120000},
                .mix = "answered=1",
                .session = "1,1,51,51",
                .seconds = 5,
        };
        options_need(addr_parse(SLICE("127.0.0.1:5060"), 0, &settings->options.target), "target");
        options_need(addr_parse(SLICE("127.0.0.21:5070"), 0, &settings->local[CALLER_SIDE]),
                     "caller");
        options_need(addr_parse(SLICE("127.0.0.22:5080"), 0, &settings->local[CALLEE_SIDE]),
                     "callee");
        for (int code; (code = getopt_long(argc, argv, "", long_options, NULL)) != -1;)
                read_option(code, settings);
        if (settings->options.calls == 0)
                settings->options.calls =
                        (uint64_t)(settings->options.rate * (double)settings->seconds + 0.5);
}
