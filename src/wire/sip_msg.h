/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_msg.h - a SIP message read without copying (RFC 3261 7, 20, 25).
 *
 * Strict: what two readers could understand differently is refused. Singleton headers that occur
 * twice, a bare CR or LF, a line of white space only, a control byte outside of a quoted-pair, a
 * Content-Length that contradicts the datagram, a number that overflows: ERR_SYNTAX. Every limit
 * has a name here, and reaching one is ERR_TOO_LARGE. Nothing is allocated; every slice points
 * into the caller's bytes and lives as long as they do.
 *
 * Folded lines are accepted (RFC 3261 7.3.1), so that the slice of a whole value, of a display
 * name or of a parameter list may hold CR LF and white space, and a quoted string any byte. URIs,
 * their parts, tags, branches and Call-IDs hold neither white space nor control bytes. What goes
 * back to the peer it came from is written with sip_write_echo() (sip_write.h).
 */
#ifndef MASKLINE_WIRE_SIP_MSG_H
#define MASKLINE_WIRE_SIP_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/slice.h"
#include "wire/sip_uri.h"

#define SIP_MSG_BYTES_MAX  65535
#define SIP_HEADERS_MAX    128
#define SIP_VIAS_MAX       48
#define SIP_ROUTES_MAX     16
#define SIP_CONTACTS_MAX   8
#define SIP_IDENTITIES_MAX 2

enum sip_method {
        SIP_INVITE,
        SIP_ACK,
        SIP_BYE,
        SIP_CANCEL,
        SIP_OPTIONS,
        SIP_UPDATE,
        SIP_PRACK,
        SIP_INFO,
        SIP_REFER,
        SIP_NOTIFY,
        SIP_SUBSCRIBE,
        SIP_PUBLISH,
        SIP_MESSAGE,
        SIP_REGISTER,
        SIP_METHOD_OTHER, /* a token we do not know */
        SIP_METHODS,
};

enum sip_transport {
        SIP_UDP,
        SIP_TCP,
        SIP_TLS,
        SIP_TRANSPORT_OTHER,
};

struct sip_via {
        struct slice text; /* one via-parm, whole */
        enum sip_transport transport;
        struct slice host;   /* sent-by, IPv6 with its brackets */
        uint16_t port;       /* 0: none given */
        struct slice branch; /* may be empty, or the bare cookie: then as RFC 2543 had it */
        bool has_rport;
        uint16_t rport;        /* 0: present without value */
        struct slice received; /* or empty */
};

/* From, To, Contact, P-Asserted-Identity, Route, Record-Route: name-addr or addr-spec. */
struct sip_name_addr {
        struct slice text;    /* the whole value with its parameters */
        struct slice display; /* raw, quotes included; may be empty */
        struct sip_uri uri;
        struct slice params; /* header parameters, after the first ';' */
        struct slice tag;    /* value of ;tag=, or empty */
};

/* Options of Supported and Require that we know (RFC 3262, 4028, ...). */
enum {
        SIP_OPTION_100REL = 1 << 0,
        SIP_OPTION_TIMER = 1 << 1,
        SIP_OPTION_REPLACES = 1 << 2,
        SIP_OPTION_UNKNOWN = 1 << 30, /* at least one that we do not know */
};

/* What Privacy asked for (RFC 3323, 3325). */
enum {
        SIP_PRIVACY_ID = 1 << 0,
        SIP_PRIVACY_USER = 1 << 1,
        SIP_PRIVACY_HEADER = 1 << 2,
        SIP_PRIVACY_CRITICAL = 1 << 3,
};

struct sip_msg {
        struct slice text; /* the whole message as received */

        bool is_request;
        enum sip_method method; /* of the request, or of CSeq in a response */
        struct slice method_text;
        struct sip_uri request_uri; /* requests */
        uint16_t status;            /* responses: 100-699 */

        struct sip_via vias[SIP_VIAS_MAX]; /* the first is the topmost */
        uint16_t via_count;
        struct sip_name_addr from;
        struct sip_name_addr to;
        struct slice call_id;
        uint32_t cseq;
        enum sip_method cseq_method;
        struct slice cseq_method_text;

        int max_forwards; /* -1: none given */
        struct sip_name_addr contacts[SIP_CONTACTS_MAX];
        uint16_t contact_count;
        bool contact_is_star;
        struct sip_name_addr routes[SIP_ROUTES_MAX];
        uint16_t route_count;
        struct sip_name_addr record_routes[SIP_ROUTES_MAX]; /* top to bottom */
        uint16_t record_route_count;
        struct sip_name_addr asserted[SIP_IDENTITIES_MAX]; /* P-Asserted-Identity */
        uint16_t asserted_count;
        uint32_t privacy; /* SIP_PRIVACY_* */
        uint32_t require; /* SIP_OPTION_* */
        uint32_t proxy_require;
        uint32_t supported;
        struct slice require_text;      /* of the first Require, for Unsupported in a 420 */
        uint32_t allow;                 /* bit per enum sip_method; 0: no Allow header */
        uint32_t session_expires_s;     /* RFC 4028; 0: none */
        struct slice session_refresher; /* "uac" or "uas" in any case, or empty */
        uint32_t min_se_s;
        uint32_t rseq;      /* RFC 3262; 0: none */
        uint32_t rack_rseq; /* 0: none */
        uint32_t rack_cseq;
        enum sip_method rack_method;
        uint32_t retry_after_s; /* 0: none */
        int64_t expires_s;      /* -1: none */

        struct slice content_type; /* media type with parameters; empty: none */
        bool content_is_sdp;       /* application/sdp, identity encoding */
        bool has_content_length;
        bool is_cut; /* ERR_SYNTAX for no other reason than a body shorter than Content-Length */
        struct slice body;
};

/*
 * Reads one datagram. Empty lines before the start line are skipped (RFC 3261 7.5). Bytes after
 * Content-Length are cut off (18.3); a Content-Length larger than what is there is ERR_SYNTAX.
 * Required in every message: Via, From, To, Call-ID, CSeq; CSeq's method equals the request's;
 * From has a tag unless the peer is of RFC 2543 (no magic cookie).
 *
 * When reading fails, `reply_possible` says whether a request can still be answered: its method,
 * all Vias, From, To, Call-ID and CSeq were good. `out` then holds what was read, of a header that
 * must not repeat the first, and the answer is by the error: ERR_SYNTAX 400, ERR_TOO_LARGE 513,
 * ERR_VERSION (another SIP version) 505. Otherwise the content of `out` is undefined.
 */
int sip_msg_parse(struct slice datagram, struct sip_msg *out, bool *reply_possible) MUST_CHECK;

/* "INVITE", "ACK", ...; for SIP_METHOD_OTHER an empty slice. */
struct slice sip_method_name(enum sip_method method);
enum sip_method sip_method_from(struct slice token); /* case-sensitive (RFC 3261 7.1) */

/*
 * Value of one `;name=value` parameter of a raw header parameter list; false when it is not there.
 * A quoted value comes with its quotes, a parameter without value as an empty slice.
 */
bool sip_param_find(struct slice params, struct slice name, struct slice *value);

/*
 * Where a response to this request goes by RFC 3261 18.2.2 and 3581, given its source: back to that
 * address always, to its port with rport, else to the port of the Via. A maddr is not honoured: no
 * datagram can point our answers at somebody else.
 */
void sip_via_reply_to(const struct sip_via *via, const struct addr *source, struct addr *out);

#endif
