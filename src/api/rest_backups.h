/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_backups.h - /v1/backups: made while the server runs, told, and made unreadable.
 */
#ifndef MASKLINE_API_REST_BACKUPS_H
#define MASKLINE_API_REST_BACKUPS_H

#include "api/rest.h"

void rest_backups_list(struct rest *rest);
void rest_backups_start(struct rest *rest); /* 202: it is being made */
void rest_backups_show(struct rest *rest);
void rest_backups_key(struct rest *rest);
void rest_backups_forget(struct rest *rest);

#endif
