/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_events.h - /v1/events: what happened, one after the other, from a cursor on.
 */
#ifndef MASKLINE_API_REST_EVENTS_H
#define MASKLINE_API_REST_EVENTS_H

#include "api/rest.h"

void rest_events_list(struct rest *rest);

#endif
