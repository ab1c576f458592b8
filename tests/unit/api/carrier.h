/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carrier.h - a carrier's side that says what it is told to and never answers.
 */
#ifndef MASKLINE_TESTS_API_CARRIER_H
#define MASKLINE_TESTS_API_CARRIER_H

#include "rig.h"

struct carrier {
        int fd;
        struct addr to;
        const char *text;
};

void carrier_open(struct carrier *carrier, const char *ip, uint16_t port);

/* From the trunk at 127.0.0.11: +91 98888 00001 calls +91 90000 00001. */
void carrier_invite(struct rig *rig, struct carrier *carrier);

#endif
