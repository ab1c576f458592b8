/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provision.h - gives signalling a trunk as the directory has it, its password included.
 */
#ifndef MASKLINE_CALL_PROVISION_H
#define MASKLINE_CALL_PROVISION_H

#include "sip/sip_trunks.h"
#include "store/directory.h"

/*
 * Adds or replaces it. A password that cannot be read is logged and left out: calls that need none
 * go on. ERR_FULL, -ENOMEM.
 */
int provision_trunk(struct directory *directory, struct sip_trunks *trunks,
                    const struct trunk *trunk) MUST_CHECK;

#endif
