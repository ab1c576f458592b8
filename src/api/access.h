/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access.h - who asks, for which tenant, and whether a key of that kind may.
 *
 * The operator's token and the keys of all tenants act for the default tenant, or for the one that the
 * query names: ?tenant=acme. A tenant's key acts for its own; to it another's name is an unknown name.
 *
 * Each function answers the request when it returns false.
 */
#ifndef MASKLINE_API_ACCESS_H
#define MASKLINE_API_ACCESS_H

#include "api/rest.h"
#include "api/route.h"

/* Fills rest->who, but for the tenant that the query names, and says who asks too often. */
bool access_identify(struct rest *rest);

bool access_check(struct rest *rest, const struct route *route);

#endif
