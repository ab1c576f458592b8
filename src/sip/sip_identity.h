/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_identity.h - who calls and what was dialled, read from an INVITE as the trunk prescribes.
 */
#ifndef MASKLINE_SIP_SIP_IDENTITY_H
#define MASKLINE_SIP_SIP_IDENTITY_H

#include "base/number.h"
#include "core/trunk.h"
#include "wire/sip_msg.h"

struct sip_identity {
        struct real_number caller; /* none: withheld or unreadable */
        bool caller_withheld;
        struct masking_number dialled; /* none: not a telephone number */
};

/*
 * The caller is P-Asserted-Identity where the trunk is trusted to assert it (RFC 3325), else From:
 * which the caller may have written, so that it never stands in for what is asserted but no number.
 * Privacy (id, user, header or critical) and an anonymous From withhold it, whatever else the
 * message says.
 */
void sip_identity_read(const struct trunk *trunk, const struct sip_msg *invite,
                       struct sip_identity *out);

/*
 * The number that a URI names. `prefix` is what the carrier puts in front of it; where that is not,
 * nothing is taken away. ERR_SYNTAX, ERR_RANGE: none.
 */
int sip_identity_number(const struct sip_uri *uri, const struct number_plan *plan,
                        const char *prefix, struct number *out) MUST_CHECK;

#endif
