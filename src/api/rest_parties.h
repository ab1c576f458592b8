/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_parties.h - /v1/parties: all that is held of one person, told and erased. The number is in the
 * body, never in a path.
 */
#ifndef MASKLINE_API_REST_PARTIES_H
#define MASKLINE_API_REST_PARTIES_H

#include "api/body.h"

extern const struct body_field rest_party_export_fields[];
void rest_party_export(struct rest *rest);

extern const struct body_field rest_party_erase_fields[];
void rest_party_erase(struct rest *rest);

#endif
