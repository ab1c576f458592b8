/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_dtmf.h - key presses in the body of an INFO: application/dtmf-relay and application/dtmf.
 */
#ifndef MASKLINE_SIP_SIP_DTMF_H
#define MASKLINE_SIP_SIP_DTMF_H

#include "base/slice.h"

#define SIP_DTMF_MS_DEFAULT 160
#define SIP_DTMF_MS_MAX     5000

struct sip_dtmf {
        char digit; /* 0-9 * # A-D */
        unsigned duration_ms;
};

/* Whether this media type is one of the two. */
bool sip_dtmf_is_type(struct slice content_type);
/* ERR_SYNTAX: no key that we know. */
int sip_dtmf_parse(struct slice body, struct sip_dtmf *out) MUST_CHECK;

#endif
