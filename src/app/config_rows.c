/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_rows.c - what can be configured.
 */
#include "app/config.h"

#define AT(member)                                                                                 \
        .offset = offsetof(struct config, member), .bytes = sizeof(((struct config *)0)->member)

const struct config_row config_rows[] = {
        {"sip_listen", CONFIG_ADDRS, "127.0.0.1:5060", 1, 2, AT(sip_listen),
         .section = "Signalling",
         .help = "Address and port on which SIP over UDP is received, or one IPv4 and one IPv6 "
                 "address; datagrams from any source that no trunk claims are dropped unread. Set "
                 "it to this machine's own address to reach a carrier; with 0.0.0.0 each trunk "
                 "needs its advertised address."},
        {"sip_tcp_listen", CONFIG_ADDRS, "", 0, 2, AT(sip_tcp_listen),
         .help = "The same for SIP over TCP; empty means none. A trunk with transport tcp needs it, "
                 "and what is too large for a datagram is sent from here. Who connects from an "
                 "address of no trunk is closed unread."},
        {"sip_tls_listen", CONFIG_ADDRS, "", 0, 2, AT(sip_tls_listen),
         .help = "The same for SIP over TLS; empty means none. A trunk with transport tls needs it, "
                 "and it needs tls_certificate and tls_key."},
        {"tls_certificate", CONFIG_TEXT, "", 0, 255, AT(tls_certificate), .reloadable = true,
         .help = "PEM file with our certificate and those between it and its root. It is shown to "
                 "those who connect, and to the carriers that we connect to. SIGHUP reads it anew, "
                 "also when its name has not changed; connections that are up go on."},
        {"tls_key", CONFIG_TEXT, "", 0, 255, AT(tls_key), .reloadable = true,
         .help = "PEM file with the private key of tls_certificate, without a passphrase. Nobody "
                 "but its owner and group may be able to read it (chmod 640)."},
        {"tls_ca", CONFIG_TEXT, "", 0, 255, AT(tls_ca), .reloadable = true,
         .help = "PEM file with the certificates of those whom we trust to say who a carrier is; "
                 "empty means the system's."},
        {"sip_connections_max", CONFIG_COUNT, "256", 4, 10000, "connections",
         AT(sip_connections_max),
         .help = "SIP connections over TCP and TLS at once; a quarter of them is kept for those "
                 "that we make."},
        {"sip_idle_s", CONFIG_COUNT, "600", 10, 86400, "s", AT(sip_idle_s),
         .help = "A SIP connection that has carried nothing for so long is closed, unless its trunk "
                 "has calls or is registered."},
        {"sip_keepalive_s", CONFIG_COUNT, "30", 0, 3600, "s", AT(sip_keepalive_s),
         .help = "How often an empty line is sent on the SIP connections that we have made, so that "
                 "no firewall forgets them (RFC 5626); 0 means never."},
        {"ring_timeout_s", CONFIG_COUNT, "120", 5, 600, "s", AT(ring_timeout_s),
         .help = "How long the called party's phone may ring before the call ends as not "
                 "answered."},
        {"call_s_max", CONFIG_COUNT, "14400", 10, 86400, "s", AT(call_s_max),
         .help = "The longest call; it is hung up when it gets there."},
        {"session_timer_s", CONFIG_COUNT, "1800", 0, 86400, "s", AT(session_timer_s),
         .help = "After how long without a sign of life a leg of a call is hung up (RFC 4028). We "
                 "ask the other side for it, and refresh at half the time if that is left to us; "
                 "at least 90, and 0 asks nobody, but keeps the timer that the other side wants. A "
                 "trunk may be left out of it."},
        {"calls_max", CONFIG_COUNT, "500", 1, 16000, "calls", AT(calls_max),
         .help = "Calls at once, refused callers that hear the announcement included; past it new "
                 "calls are answered 503."},
        {"calls_per_s_max", CONFIG_COUNT, "50", 1, 20000, "calls a second", AT(calls_per_s_max),
         .help = "New calls a second to be ready for: what a call leaves behind in signalling lives "
                 "for 32 s after it (RFC 6026), about 240 kB for each call a second. Past it new "
                 "calls are answered 503."},
        {"same_pair_max", CONFIG_COUNT, "2", 1, 20000, "calls", AT(same_pair_max),
         .help = "Calls at once from one caller to one masking number; more are taken for a loop "
                 "and refused."},

        {"media_ip", CONFIG_IPS, "", AT(media_ip), .section = "Media",
         .help = "Address on which RTP is sent and received; of a kind that is not given, the "
                 "address of sip_listen. With IPv4 and IPv6 side by side each port is used on "
                 "both."},
        {"rtp_port_min", CONFIG_COUNT, "20000", 1024, 65534, "UDP port", AT(rtp_port_min),
         .help = "First UDP port for RTP and RTCP; each leg of a call takes two."},
        {"rtp_port_max", CONFIG_COUNT, "29999", 1025, 65535, "UDP port", AT(rtp_port_max),
         .help = "Last UDP port for RTP and RTCP; the range must hold four ports for each call of "
                 "calls_max."},
        {"media_timeout_s", CONFIG_COUNT, "60", 5, 3600, "s", AT(media_timeout_s),
         .help = "A call is hung up when a party that should send RTP has sent none for this "
                 "long."},
        {"early_media", CONFIG_CHOICE, "ringback", .choices = "ringback|none", AT(early_media),
         .help = "What the caller hears while the other side rings: our own ringback tone, or "
                 "nothing from us, which leaves the tone to the caller's network. The far end's "
                 "own tone is never passed on, because carrier announcements can speak the "
                 "number."},
        {"ringback_tone", CONFIG_TONE, "400*25/0.4,0/0.2,400*25/0.4,0/2.0", 1, 127,
         AT(ringback_tone),
         .help = "One cadence of the ringback tone: parts separated by commas, each frequencies in "
                 "Hz and a length in seconds; + adds a frequency, * modulates by it, 0 is silence. "
                 "The default is India's; Europe's is 425/1.0,0/4.0."},

        {"country", CONFIG_DIGITS, "", 0, 3, AT(plan.country), .section = "Numbers and sessions",
         .help = "Country calling code for numbers that API requests write in national form, for "
                 "example 91; empty means that only E.164 is read. Each trunk has settings of its "
                 "own for what it sends."},
        {"international_prefix", CONFIG_DIGITS, "", 0, 5, AT(plan.international),
         .help = "Digits dialled in front of a country code, for example 00."},
        {"national_prefix", CONFIG_DIGITS, "", 0, 3, AT(plan.national),
         .help = "Digit dialled in front of a national number, for example 0."},
        {"national_digits_min", CONFIG_COUNT, "0", 0, 15, "digits", AT(plan.digits_min),
         .help = "Fewest digits of a national number without its prefix, for example 10."},
        {"national_digits_max", CONFIG_COUNT, "0", 0, 15, "digits", AT(plan.digits_max),
         .help = "Most digits of a national number without its prefix, for example 10."},
        {"sessions_max", CONFIG_COUNT, "100000", 1, 10000000, "sessions", AT(sessions_max),
         .help = "Sessions kept in memory: the live ones and those whose numbers are still "
                 "quarantined."},
        {"numbers_max", CONFIG_COUNT, "10000", 1, 1000000, "numbers", AT(numbers_max),
         .help = "Masking numbers that can be provisioned."},
        {"quarantine_s", CONFIG_COUNT, "7200", 0, 31536000, "s", AT(quarantine_s),
         .help = "How long a party is not given a masking number again after the session that used "
                 "it has ended, so that a late redial reaches nobody else."},

        {"backup_dir", CONFIG_TEXT, "", 0, 255, AT(backup_dir), .section = "Backup and retention",
         .help = "Where backups are written: a directory of the user who runs the server, on "
                 "another disk if you can; it is made if its parent is there. Empty means backups "
                 "in the data directory, and a relative path is in there, too."},
        {"backup_retention_days", CONFIG_COUNT, "30", 1, 3650, "days", AT(backup_retention_days),
         .help = "How long a backup can be read: after that its key is shredded and its file "
                 "removed, and what has been erased since it was made is gone from it, too. Counts "
                 "for backups that are made from now on."},

        {"cdr_retention_days", CONFIG_COUNT, "0", 0, 36500, "days", AT(cdr_retention_days),
         .help = "How long records of calls are kept; older ones are removed, a few at a time. 0 "
                 "keeps them for ever. Backups keep theirs until they can be read no more. The "
                 "audit record is not touched."},

        {"refusal_text", CONFIG_TEXT, "The number you have dialled cannot be reached.", 1, 255,
         AT(refusal_text), .section = "Announcement to refused callers",
         .help = "What every refused caller hears, whatever the reason; rendered once by the "
                 "speech command and kept in the data directory."},
        {"refusal_voice", CONFIG_TEXT, "en", 1, 31, AT(refusal_voice),
         .help = "Voice or language of the announcement, as the speech command names it: en, hi, "
                 "de, en-us ..."},
        {"speech_command", CONFIG_TEXT, "espeak-ng", 1, 127, AT(speech_command),
         .help = "Program that turns text into a WAV file; it is run as COMMAND -w FILE -v VOICE "
                 "TEXT. Without it refused callers hear a tone sequence."},

        {"http_listen", CONFIG_ADDR, "127.0.0.1:8080", AT(http_listen), .section = "REST API",
         .help = "Address and port of the REST API, metrics and health checks. Port 0 takes a free "
                 "one; the file named endpoint in the data directory says which."},
        {"http_tls_certificate", CONFIG_TEXT, "", 0, 255, AT(http_tls_certificate),
         .reloadable = true,
         .help = "PEM file with the certificate of the REST API and those between it and its root: "
                 "the API then speaks HTTPS (TLS 1.2 and 1.3) and nothing else. SIGHUP reads it "
                 "anew; from plain HTTP to TLS and back takes a restart."},
        {"http_tls_key", CONFIG_TEXT, "", 0, 255, AT(http_tls_key), .reloadable = true,
         .help = "PEM file with its private key, without a passphrase, closed to others (chmod "
                 "640); empty means that it is in the file of http_tls_certificate."},
        {"http_allow_remote", CONFIG_SWITCH, "false", AT(http_allow_remote),
         .help = "Allows http_listen to be an address other than loopback without "
                 "http_tls_certificate: keys then cross the network in clear text, unless a TLS "
                 "proxy stands in front."},
        {"http_connections_max", CONFIG_COUNT, "256", 1, 10000, "connections",
         AT(http_connections_max), .help = "HTTP connections at once."},
        {"http_requests_per_s", CONFIG_COUNT, "100", 1, 100000, "requests a second",
         .reloadable = true, AT(http_requests_per_s),
         .help = "How many requests each key may send a second, in the long run; more are answered "
                 "429 with Retry-After. The operator's token has no such limit."},
        {"http_burst", CONFIG_COUNT, "200", 1, 100000, "requests", .reloadable = true,
         AT(http_burst), .help = "How many requests a key that has been silent may send at once."},
        {"http_failures_per_min", CONFIG_COUNT, "60", 1, 100000, "requests a minute",
         .reloadable = true, AT(http_failures_per_min),
         .help = "How many requests without a key that holds may come from one address (of IPv6 one "
                 "/64) a minute; more are answered 429 instead of 401. Whoever there has a key is "
                 "not concerned."},

        {"log_level", CONFIG_CHOICE, "info", .choices = "error|warn|info|debug", .reloadable = true,
         AT(log_level), .section = "Running", .help = "How much is written to standard error."},
        {"drain_s", CONFIG_COUNT, "30", 0, 86400, "s", .reloadable = true, AT(drain_s),
         .help = "How long calls in progress may go on after SIGTERM before they are hung up; new "
                 "ones are answered 503 meanwhile."},
        {"core_dumps", CONFIG_SWITCH, "false", AT(core_dumps),
         .help = "Allows core dumps, up to the hard limit of the process, and debuggers. The locked "
                 "memory is left out, but a core dump can still contain real numbers: never on a "
                 "machine with real traffic."},
};

const unsigned config_row_count = sizeof config_rows / sizeof config_rows[0];
