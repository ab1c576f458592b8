/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_dialog.h - the state of a dialog (RFC 3261 12) as one flat value.
 *
 * No pointers and one explicit maximum, so that it can be written into a record and read back. All
 * texts of a dialog share SIP_DIALOG_TEXT_MAX bytes: what does not fit is refused, never cut. They
 * are the peer's own words and go back to that peer alone.
 */
#ifndef MASKLINE_SIP_SIP_DIALOG_H
#define MASKLINE_SIP_SIP_DIALOG_H

#include "base/addr.h"
#include "sip/sip_target.h"
#include "sip/sip_token.h"
#include "wire/sip_msg.h"

#define SIP_DIALOG_TEXT_MAX 704

struct sip_span {
        uint16_t at, len;
};

struct sip_dialog {
        uint32_t local_cseq;        /* of the last request sent; 0: none yet */
        uint32_t remote_cseq;       /* of the last request received; 0: none yet */
        struct sip_target next_hop; /* where requests go */
        struct sip_token_text local_tag;
        bool route_is_loose; /* of the first route (RFC 3261 12.2.1.1) */
        /* Texts, in this order from the start of `text`; call_id never moves. */
        struct sip_span call_id, local_uri, remote_uri, remote_tag, target;
        struct sip_span first_route, other_routes; /* name-addrs; the others joined by commas */
        struct sip_span first_route_uri;           /* lies within first_route */
        char text[SIP_DIALOG_TEXT_MAX];
};

/* All of these answer ERR_TOO_LARGE when the texts do not fit; the dialog is then unchanged. */

/* As the called side, from an INVITE with its one Contact. */
int sip_dialog_init_uas(struct sip_dialog *dialog, const struct sip_msg *invite,
                        struct sip_token_text local_tag) MUST_CHECK;

struct sip_dialog_uac {
        struct slice call_id, local_uri, remote_uri;
        struct slice target; /* the Request-URI of what begins it */
        struct sip_token_text local_tag;
        uint32_t cseq;
        struct sip_target next_hop;
};
int sip_dialog_init_uac(struct sip_dialog *dialog, const struct sip_dialog_uac *uac) MUST_CHECK;

/*
 * As the calling side, from a response with a To tag: remote tag, target, route set (reversed).
 * Without a Contact the target stays.
 */
int sip_dialog_establish(struct sip_dialog *dialog, const struct sip_msg *response) MUST_CHECK;

/* The calling side's whole dialog from a 2xx that nobody keeps a dialog for: a fork, a late one. */
int sip_dialog_init_stray(struct sip_dialog *dialog, const struct sip_msg *response) MUST_CHECK;

int sip_dialog_set_target(struct sip_dialog *dialog, const struct sip_uri *uri) MUST_CHECK;

static inline struct slice sip_dialog_text(const struct sip_dialog *dialog, struct sip_span span)
{
        return (struct slice){dialog->text + span.at, span.len};
}

/* A request within this dialog: Call-ID, From tag; the To tag has led here already. */
bool sip_dialog_has_request(const struct sip_dialog *dialog, const struct sip_msg *request);

/* The target that a request or answer within a dialog names (RFC 3261 12.2); NULL: none to be used. */
const struct sip_uri *sip_dialog_new_target(const struct sip_msg *msg);

/* The URI to which its requests go: of the first route, or the target (RFC 3261 12.2.1.1). */
int sip_dialog_hop_uri(const struct sip_dialog *dialog, struct sip_uri *out) MUST_CHECK;

/*
 * The literal address that route set or target name; false: a host name. SIP_TRANSPORT_OTHER and
 * port 0: not said.
 */
bool sip_dialog_literal_hop(const struct sip_dialog *dialog, struct sip_target *out);
bool sip_dialog_uri_hop(const struct sip_uri *uri, struct sip_target *out); /* of any URI */

/*
 * How requests in a dialog go to such an address: what its URI leaves open (RFC 3263 4.1), and what
 * it may not decide. Neither a TLS trunk nor a dialog that has come over TLS goes on in clear text.
 * `usual`: the trunk's, SIP_TRANSPORT_OTHER when it has none; `source`: of the peer's last message.
 */
enum sip_transport sip_dialog_hop_transport(enum sip_transport said, enum sip_transport usual,
                                            enum sip_transport source);

#endif
