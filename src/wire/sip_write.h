/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_write.h - composes SIP messages from typed values.
 *
 * There is deliberately no function that takes a struct sip_msg: what a message says comes from
 * values its leg owns. The text slices below (tag, branch, call id, remote target, route set, Via
 * set of a request being answered) belong to the same leg's dialog or transaction.
 */
#ifndef MASKLINE_WIRE_SIP_WRITE_H
#define MASKLINE_WIRE_SIP_WRITE_H

#include "base/addr.h"
#include "base/buf.h"
#include "base/number.h"
#include "wire/sip_msg.h"

/* Our own reason phrase for a status code: never the peer's (it may hold a number). */
struct slice sip_reason_phrase(unsigned status);

void sip_write_request_line(struct buf *b, enum sip_method method, struct slice request_uri);
void sip_write_status_line(struct buf *b, unsigned status);

/* "UDP" as in Via, "udp" as in a URI; one that we speak (asserted). */
const char *sip_transport_name(enum sip_transport transport);
const char *sip_transport_word(enum sip_transport transport);

/* "Via: SIP/2.0/UDP host:port;branch=...;rport\r\n" */
void sip_write_via(struct buf *b, enum sip_transport transport, const struct addr *sent_by,
                   struct slice branch);

/*
 * "Name: value\r\n" with a value of our own; it may not hold CR, LF or NUL (asserted, so that it
 * must never be text as received).
 */
void sip_write_header(struct buf *b, const char *name, struct slice value);
void sip_write_header_u64(struct buf *b, const char *name, uint64_t value);

/*
 * A value as the same peer sent it: From, To and Record-Route in a response, Route, the options of
 * Unsupported. Folds become a space, and whatever the value holds, no line can end in it.
 */
void sip_write_echo(struct buf *b, const char *name, struct slice value);

/* The same for a To that had no tag: the answer adds ours. */
void sip_write_echo_tagged(struct buf *b, const char *name, struct slice value, struct slice tag);

/*
 * A Via of the request being answered. For the topmost, `source` is where the datagram came from:
 * received and rport are set from it (RFC 3261 18.2.1, RFC 3581). NULL for the others.
 */
void sip_write_via_echo(struct buf *b, const struct sip_via *via, const struct addr *source);

void sip_write_cseq(struct buf *b, uint32_t number, enum sip_method method);

/* The CSeq of a request being answered, whose method need not be one that we know. */
void sip_write_cseq_echo(struct buf *b, uint32_t number, struct slice method);

/*
 * "Name: <sip:+919000000001@host:port>;tag=...\r\n", the number in the form that the trunk wants;
 * without a tag when it is empty, without a port when it is 0. The number must not be none.
 */
void sip_write_masking_party(struct buf *b, const char *name, struct masking_number number,
                             enum number_form form, const struct number_plan *plan,
                             const struct addr *host, struct slice tag);

/* Ends the header section: Content-Type when there is a body, Content-Length, empty line, body. */
void sip_write_body(struct buf *b, const char *content_type, struct slice body);

#endif
