/* SPDX-License-Identifier: Apache-2.0 */
#include "app/serve.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "app/certificates.h"
#include "app/config_command.h"
#include "app/endpoint.h"
#include "app/harden.h"
#include "app/keeper.h"
#include "app/prompts.h"
#include "base/log.h"
#include "base/secret.h"
#include "call/calls.h"
#include "call/crash_record.h"
#include "call/provision.h"
#include "io/io_epoll.h"
#include "store/backups.h"
#include "store/data_dir.h"
#include "store/directory.h"
#include "store/problem.h"

#define PATH_BYTES    512
#define STOP_CHECK_MS 50
#define STOP_GRACE_MS 2000
/* A service manager that signals all processes of the unit reaches us twice: the keeper passes it on. */
#define STOP_ONCE_MS  500
#define MS(seconds)   ((int64_t)(seconds)*1000)

enum phase {
        SERVING,
        DRAINING, /* no new calls; those in progress go on */
        ENDING,   /* hung up; the peers' answers are awaited */
};

struct serve {
        struct config_place place;
        struct config config;
        struct prompts prompts;           /* owned */
        struct io *io;                    /* owned */
        struct directory *directory;      /* owned */
        struct backups *backups;          /* owned */
        struct kept_sockets kept;         /* owned */
        struct sip_trunks *trunks;        /* owned */
        struct certificates certificates; /* owned */
        struct crash_record *crash;       /* owned */
        struct calls *calls;              /* owned */
        struct api *api;                  /* owned */
        bool has_endpoint;
        enum phase phase;
        struct io_timer check; /* whether all calls have ended */
        int64_t deadline_ms;   /* of the phase, monotonic */
        int64_t stopped_ms;    /* when it was first told to end, monotonic */
        char problem[STORE_PROBLEM_BYTES];
};

/* Made when it is missing; its owner and mode are checked where its files are opened. */
static int make_data_dir(struct serve *serve)
{
        const char *dir = serve->place.data_dir;
        if (mkdir(dir, 0700) == 0 || errno == EEXIST)
                return 0;
        int err = -errno;
        problem_put(serve->problem,
                    "the data directory %s cannot be made: %s; make it, for the user who runs the "
                    "server, with mode 700, or say --data DIR",
                    dir, err_text(err));
        return err;
}

/* Before anything is written into it. */
static int check_data_dir(struct serve *serve)
{
        struct stat st;
        const char *dir = serve->place.data_dir;
        if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
                problem_put(serve->problem, "the data directory %s is no directory; say --data DIR",
                            dir);
                return -ENOTDIR;
        }
        if (st.st_uid != geteuid()) {
                problem_put(serve->problem,
                            "the data directory %s belongs to user %u, but the server runs as user "
                            "%u; chown it, or run the server as its owner",
                            dir, (unsigned)st.st_uid, (unsigned)geteuid());
                return -EPERM;
        }
        if (st.st_mode & 077) {
                problem_put(serve->problem,
                            "the data directory %s is open to others (mode %03o); chmod 700 %s",
                            dir, st.st_mode & 0777, dir);
                return -EPERM;
        }
        return 0;
}

static int open_directory(struct serve *serve)
{
        const struct config *c = &serve->config;
        const struct directory_params params = {
                .io = serve->io,
                .data_dir = serve->place.data_dir,
                .sessions_max = c->sessions_max,
                .numbers_max = c->numbers_max,
                .quarantine_ms = MS(c->quarantine_s),
                .cdr_retention_ms = MS(86400) * c->cdr_retention_days,
        };
        return directory_open(&params, &serve->directory, serve->problem);
}

static int open_backups(struct serve *serve)
{
        const struct config *c = &serve->config;
        const struct backups_params params = {
                .io = serve->io,
                .directory = serve->directory,
                .folder = c->backup_dir,
                .retention_ms = MS(86400) * c->backup_retention_days,
        };
        return backups_open(&params, &serve->backups, serve->problem);
}

/* A carrier would be told to answer to 0.0.0.0. */
static void warn_of_trunk(const struct serve *serve, const struct trunk *trunk)
{
        const struct addr *listen = addr_pair_first(&serve->config.sip_listen);
        if (addr_is_any(listen) && !addr_pair_find(&trunk->advertised, listen->family))
                log_warn("trunk %s: sip_listen is %s and the trunk has no advertised address: its "
                         "calls will fail; set sip_listen and media_ip to this machine's address, "
                         "or add the trunk again with one",
                         trunk->name, addr_format(listen).text);
}

static int open_trunks(struct serve *serve)
{
        int err = sip_trunks_create(serve->io, &serve->trunks);
        const struct trunk *trunk;
        for (uint32_t i = 0; !err && (trunk = directory_trunk_at(serve->directory, i)); i++) {
                warn_of_trunk(serve, trunk);
                err = provision_trunk(serve->directory, serve->trunks, trunk);
        }
        if (err)
                problem_put(serve->problem, "the trunks cannot be used: %s", err_text(err));
        return err;
}

static int open_certificates(struct serve *serve)
{
        return certificates_open(&serve->config, serve->io, &serve->certificates, serve->problem);
}

static int open_crash_record(struct serve *serve)
{
        const struct crash_record_params params = {
                .directory = serve->directory,
                .random = io_random(serve->io),
                .data_dir = serve->place.data_dir,
                .calls_max = serve->config.calls_max,
        };
        return crash_record_open(&params, &serve->crash, serve->problem);
}

static int open_calls(struct serve *serve)
{
        const struct config *c = &serve->config;
        const struct calls_params params = {
                .io = serve->io,
                .directory = serve->directory,
                .trunks = serve->trunks,
                .listen = {c->sip_listen, c->sip_tcp_listen, c->sip_tls_listen},
                .tls = serve->certificates.sip,
                .streams = {c->sip_connections_max, MS(c->sip_idle_s), MS(c->sip_keepalive_s)},
                .media = config_media(c),
                .rtp_port_min = (uint16_t)c->rtp_port_min,
                .rtp_port_max = (uint16_t)c->rtp_port_max,
                .calls_max = c->calls_max,
                .calls_per_s_max = c->calls_per_s_max,
                .same_pair_max = c->same_pair_max,
                .ring_timeout_ms = MS(c->ring_timeout_s),
                .call_ms_max = MS(c->call_s_max),
                .media_timeout_ms = MS(c->media_timeout_s),
                .session_expires_s = c->session_timer_s,
                .crash = serve->crash,
                .rtp_ports = serve->kept.rtp_ports,
                .rtp_ports_count = serve->kept.rtp_ports_count,
                .ringback = serve->prompts.ringback.pcm,
                .warning = serve->prompts.warning.pcm,
                .refusal = serve->prompts.refusal.pcm,
        };
        return calls_create(&params, &serve->calls, serve->problem);
}

static struct api_limits api_limits(const struct config *config)
{
        return (struct api_limits){
                .requests_per_s = config->http_requests_per_s,
                .burst = config->http_burst,
                .failures_per_min = config->http_failures_per_min,
        };
}

static int open_api(struct serve *serve)
{
        const struct config *c = &serve->config;
        const struct addr_pair media = config_media(c);
        const struct api_params params = {
                .io = serve->io,
                .listen = c->http_listen,
                .tls = serve->certificates.http,
                .connections_max = c->http_connections_max,
                .limits = api_limits(c),
                .data_dir = serve->place.data_dir,
                .directory = serve->directory,
                .backups = serve->backups,
                .trunks = serve->trunks,
                .calls = serve->calls,
                .plan = c->plan,
                .needs_advertised = addr_is_any(addr_pair_first(&c->sip_listen)) ||
                                    addr_is_any(addr_pair_first(&media)),
        };
        return api_create(&params, &serve->api, serve->problem);
}

static int write_endpoint(struct serve *serve)
{
        int err = endpoint_write(serve->place.data_dir, api_local(serve->api),
                                 serve->certificates.http, serve->problem);
        serve->has_endpoint = !err;
        return err;
}

static bool has_ended(const struct serve *serve)
{
        return calls_active(serve->calls) == 0 && api_is_idle(serve->api) &&
               !calls_is_leaving(serve->calls);
}

static void begin_ending(struct serve *serve)
{
        uint32_t active = calls_active(serve->calls);
        if (active)
                log_info("serve: hanging up %u calls", active);
        calls_hangup_all(serve->calls);
        serve->phase = ENDING;
        serve->deadline_ms = io_now_ms(serve->io) + STOP_GRACE_MS;
}

static void on_check(void *arg)
{
        struct serve *serve = arg;
        bool late = io_now_ms(serve->io) >= serve->deadline_ms;
        if (late && serve->phase == ENDING)
                calls_hangup_now(serve->calls);
        if (has_ended(serve) || (late && serve->phase == ENDING)) {
                io_stop(serve->io);
                return;
        }
        if (late)
                begin_ending(serve);
        io_timer_start(serve->io, &serve->check, STOP_CHECK_MS, on_check, serve);
}

static void on_stop(void *arg, int number)
{
        struct serve *serve = arg;
        int64_t now_ms = io_now_ms(serve->io);
        if (serve->phase != SERVING && now_ms - serve->stopped_ms < STOP_ONCE_MS)
                return;
        if (serve->phase != SERVING) {
                log_info("serve: signal %d again, ending at once", number);
                calls_hangup_now(serve->calls);
                io_stop(serve->io);
                return;
        }
        log_info("serve: signal %d, no new calls; %u in progress have %u s", number,
                 calls_active(serve->calls), serve->config.drain_s);
        calls_drain(serve->calls);
        calls_leave(serve->calls);
        api_drain(serve->api);
        serve->phase = DRAINING;
        serve->stopped_ms = now_ms;
        serve->deadline_ms = now_ms + MS(serve->config.drain_s);
        io_timer_start(serve->io, &serve->check, 0, on_check, serve);
}

static void on_reload(void *arg, int number)
{
        struct serve *serve = arg;
        struct config fresh;
        char memory[512];
        struct buf restart;
        (void)number;
        if (config_read_or_explain(&serve->place.source, &fresh)) {
                log_error("configuration: not reloaded; what was in force stays");
                return;
        }
        buf_init(&restart, memory, sizeof memory - 1);
        config_reload(&serve->config, &fresh, &restart);
        memory[restart.len] = '\0';
        log_set_level((enum log_level)serve->config.log_level);
        const struct api_limits limits = api_limits(&serve->config);
        api_set_limits(serve->api, &limits);
        if (restart.len)
                log_warn("configuration: reloaded; these need a restart: %s", memory);
        else
                log_info("configuration: reloaded");
        certificates_reload(&serve->certificates, &serve->config, serve->io);
        if (write_endpoint(serve))
                log_error("serve: %s", serve->problem);
}

static int open_loop(struct serve *serve)
{
        int err = io_create_epoll(&serve->io);
        if (!err)
                err = io_on_signal(serve->io, SIGTERM, on_stop, serve);
        if (!err)
                err = io_on_signal(serve->io, SIGINT, on_stop, serve);
        if (!err)
                err = io_on_signal(serve->io, SIGHUP, on_reload, serve);
        if (!err)
                err = keeper_take_sockets(serve->io, &serve->config, &serve->kept);
        if (err)
                problem_put(serve->problem, "the event loop cannot start: %s", err_text(err));
        signal(SIGPIPE, SIG_IGN);
        return err;
}

static int open_prompts(struct serve *serve)
{
        int err = prompts_open(&serve->config, serve->place.data_dir, &serve->prompts);
        if (err)
                problem_put(serve->problem, "the sounds cannot be made: %s", err_text(err));
        return err;
}

static int raise_limits(struct serve *serve)
{
        return harden_raise_file_limit(harden_files_needed(&serve->config), serve->problem);
}

/* In this order: speech runs before keys are loaded, signals are blocked before threads start. */
static int open_all(struct serve *serve)
{
        static int (*const steps[])(struct serve * serve) = {
                make_data_dir,     check_data_dir,    raise_limits, open_prompts,
                open_loop,         open_directory,    open_backups, open_trunks,
                open_certificates, open_crash_record, open_calls,   open_api,
                write_endpoint,
        };
        int err = 0;
        for (size_t i = 0; !err && i < sizeof steps / sizeof steps[0]; i++)
                err = steps[i](serve);
        return err;
}

static void close_all(struct serve *serve)
{
        if (serve->has_endpoint)
                endpoint_remove(serve->place.data_dir);
        if (serve->io)
                io_timer_stop(serve->io, &serve->check);
        calls_destroy(serve->calls);
        sip_trunks_destroy(serve->trunks);
        /* Acknowledges what is queued; the API is there to answer, as far as clients still are. */
        backups_close(serve->backups);
        directory_close(serve->directory);
        crash_record_close(serve->crash);
        api_destroy(serve->api);
        certificates_close(&serve->certificates);
        io_destroy(serve->io);
        prompts_close(&serve->prompts);
        free(serve->kept.rtp_ports);
}

static struct addr bound_in(const struct serve *serve, uint8_t family)
{
        const struct addr *local = calls_listens(serve->calls, SIP_UDP, family);
        return local ? *local : (struct addr){0};
}

static const char *put_pair(const struct addr_pair *pair, char out[ADDR_PAIR_TEXT_MAX])
{
        struct buf b;
        memset(out, 0, ADDR_PAIR_TEXT_MAX);
        buf_init(&b, out, ADDR_PAIR_TEXT_MAX - 1);
        addr_pair_put(&b, pair);
        return out;
}

static bool is_on_loopback(const struct addr_pair *pair)
{
        return (!pair->ip4.family || addr_is_loopback(&pair->ip4)) &&
               (!pair->ip6.family || addr_is_loopback(&pair->ip6));
}

static void say_ready(const struct serve *serve)
{
        const struct config *c = &serve->config;
        const struct addr_pair media = config_media(c);
        const struct addr_pair sip = {bound_in(serve, 4), bound_in(serve, 6)};
        char sip_text[ADDR_PAIR_TEXT_MAX], media_text[ADDR_PAIR_TEXT_MAX];
        log_info("serving: sip %s/udp, %s %s, rtp %s ports %u-%u", put_pair(&sip, sip_text),
                 serve->certificates.http ? "https" : "http",
                 addr_format(api_local(serve->api)).text, put_pair(&media, media_text),
                 c->rtp_port_min, c->rtp_port_max);
        if (is_on_loopback(&c->sip_listen))
                log_info("serving: SIP is on loopback only; set sip_listen to this machine's "
                         "address to reach a carrier");
        if (!secret_is_locked())
                log_warn("serving: memory with keys and numbers cannot be locked and may be "
                         "swapped to disk; raise the limit (LimitMEMLOCK=infinity in the systemd "
                         "unit, ulimit -l) or turn swap off");
#ifdef MASKLINE_FAULT
        log_warn("this build has a fault built in on purpose, for tests only: " MASKLINE_FAULT);
#endif
}

static int run_serve(const struct command_line *line)
{
        static struct serve serve;
        if (config_place_find(line, &serve.place)) {
                fputs("maskline serve: the path of the data directory is too long\n", stderr);
                return EXIT_USAGE;
        }
        if (config_read_or_explain(&serve.place.source, &serve.config))
                return EXIT_FAILED;
        log_set_level((enum log_level)serve.config.log_level);
        if (serve.config.core_dumps)
                harden_allow_dumps();
        if (keeper_is_wanted() && !command_has(line, "--no-keeper"))
                return keeper_run(&serve.config);

        int err = open_all(&serve);
        if (err) {
                fprintf(stderr, "maskline serve: %s\n", serve.problem);
        } else {
                say_ready(&serve);
                io_run(serve.io);
                log_info("serve: ended");
        }
        close_all(&serve);
        return err ? EXIT_FAILED : EXIT_DONE;
}

static const struct command_option own_options[] = {
        {"--no-keeper", NULL,
         "be the server alone, without a process that starts it again after a crash; for debuggers"},
        {NULL},
};

const struct command serve_commands[] = {
        {
                .name = "serve",
                .summary = "Run the daemon.",
                .options = own_options,
                .common = config_options,
                .examples = "  maskline serve --data /var/lib/maskline\n"
                            "  maskline serve --data DIR --set sip_listen=192.0.2.10:5060 \\\n"
                            "      --set media_ip=192.0.2.10\n",
                .run = run_serve,
        },
        {NULL},
};
