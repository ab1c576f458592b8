/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_date.h - the Date header (RFC 3261 20.17): "Sat, 13 Nov 2010 23:29:00 GMT".
 */
#ifndef MASKLINE_WIRE_SIP_DATE_H
#define MASKLINE_WIRE_SIP_DATE_H

#include <stdint.h>

#include "base/slice.h"

/*
 * Milliseconds since 1970. The day of the week is not looked at. ERR_SYNTAX: another form or another
 * zone than GMT; ERR_RANGE: no such day or time, or a year before 1970 or after 9999.
 */
int sip_date_parse(struct slice text, int64_t *out_ms) MUST_CHECK;

#endif
