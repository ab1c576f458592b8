/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - the configuration: rows, and the values read by them.
 *
 * Parser, check, --print-defaults and docs/reference/configuration.md come from the rows. A file
 * is read whole and validated whole: every problem is reported, and nothing is used before that.
 */
#ifndef MASKLINE_APP_CONFIG_H
#define MASKLINE_APP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/number.h"

#define CONFIG_FILE_BYTES_MAX 65536
#define CONFIG_PROBLEMS_BYTES 8192

enum config_early_media {
        EARLY_MEDIA_RINGBACK,
        EARLY_MEDIA_NONE,
};

struct config {
        struct addr_pair sip_listen, sip_tcp_listen, sip_tls_listen; /* the last two may be empty */
        char tls_certificate[256], tls_key[256], tls_ca[256];        /* files; may be empty */
        uint32_t sip_connections_max;
        uint32_t sip_idle_s;
        uint32_t sip_keepalive_s; /* 0: never */
        struct addr http_listen;
        char http_tls_certificate[256], http_tls_key[256]; /* files; empty: plain HTTP */
        bool http_allow_remote;
        uint32_t http_connections_max;
        uint32_t http_requests_per_s, http_burst;
        uint32_t http_failures_per_min;

        struct addr_pair media_ip; /* as given: see config_media() */
        uint32_t rtp_port_min, rtp_port_max;
        uint32_t media_timeout_s;
        uint32_t early_media; /* enum config_early_media */
        char ringback_tone[128];

        uint32_t calls_max;
        uint32_t calls_per_s_max;
        uint32_t same_pair_max;
        uint32_t ring_timeout_s;
        uint32_t call_s_max;
        uint32_t session_timer_s; /* 0: none is asked for */

        uint32_t sessions_max;
        uint32_t numbers_max;
        uint32_t quarantine_s;
        struct number_plan plan; /* how the tenant's API requests write national numbers */

        char backup_dir[256]; /* empty: "backups" in the data directory */
        uint32_t backup_retention_days;
        uint32_t cdr_retention_days; /* 0: for ever */

        char refusal_text[256];
        char refusal_voice[32];
        char speech_command[128];

        uint32_t log_level; /* enum log_level */
        uint32_t drain_s;
        bool core_dumps;
};

enum config_type {
        CONFIG_SWITCH, /* true, false */
        CONFIG_COUNT,  /* a whole number of 1 or 4 bytes */
        CONFIG_ADDR,   /* IP address and port */
        CONFIG_ADDRS,  /* one, or one of each family; may be empty with min 0 */
        CONFIG_IPS,    /* the same without ports; may be empty */
        CONFIG_CHOICE, /* the index among `choices` */
        CONFIG_TEXT,   /* one line; min and max count bytes */
        CONFIG_DIGITS, /* min and max count digits */
        CONFIG_TONE,   /* a tone plan (media/sound.h) */
};

struct config_row {
        const char *name;
        enum config_type type;
        const char *default_text; /* read by the same parser */
        uint32_t min, max;
        const char *unit;     /* "calls", "s"; NULL: none */
        const char *choices;  /* "error|warn|info|debug" */
        bool reloadable;      /* SIGHUP applies it; all others need a restart */
        const char *section;  /* begins a section of the reference; NULL: goes on */
        const char *help;     /* one sentence */
        size_t offset, bytes; /* in struct config */
};

#define CONFIG_ROWS_MAX 64
extern const struct config_row config_rows[];
extern const unsigned config_row_count;

struct config_source {
        const char *path;        /* NULL: no file */
        bool must_exist;         /* a missing file is a problem, not an empty file */
        const char *const *sets; /* "name=value", they win over the file */
        unsigned set_count;
};

/*
 * Reads all of it into `out`, from the defaults up. `problems` gets one line per problem: file and
 * line, key, value, what is allowed. ERR_SYNTAX when there is any; `out` is then untouched.
 */
int config_read(const struct config_source *source, struct config *out,
                struct buf *problems) MUST_CHECK;

void config_defaults(struct config *out);

/* The addresses for RTP, ports 0: of a family that media_ip does not name, that of sip_listen. */
struct addr_pair config_media(const struct config *config);

/*
 * Takes over what may change while running; `restart` gets the names of the other rows that
 * differ, separated by ", ".
 */
void config_reload(struct config *current, const struct config *fresh, struct buf *restart);

#endif
