/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trunk_tolerance.h - what a carrier may get wrong and be understood all the same, if its trunk says
 * so. None is tolerated unless it is named; each use is counted.
 */
#ifndef MASKLINE_CORE_TRUNK_TOLERANCE_H
#define MASKLINE_CORE_TRUNK_TOLERANCE_H

#include "base/slice.h"

/* Bits of trunk.tolerates by these; the numbers are stored and never change their meaning. */
enum trunk_tolerance {
        TOLERATE_SHORT_BODY,   /* over UDP: Content-Length promises more than the datagram holds */
        TOLERATE_UNTYPED_BODY, /* a description without Content-Type */
        TOLERATE_NO_CONTACT,   /* an INVITE without Contact: its source stands for it */
        TOLERANCES,
};

#define TOLERANCES_ALL ((1u << TOLERANCES) - 1)

const char *trunk_tolerance_name(enum trunk_tolerance tolerance); /* "short-body" */
int trunk_tolerance_find(struct slice name,
                         enum trunk_tolerance *out) MUST_CHECK; /* ERR_NOT_FOUND */

#endif
