/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_wish.h - where the numbers that an edit picks should be at home. Private to the directory.
 */
#ifndef MASKLINE_STORE_DIRECTORY_WISH_H
#define MASKLINE_STORE_DIRECTORY_WISH_H

#include "store/directory_change.h"
#include "store/directory_impl.h"

/* `session` as it is about to be, with the numbers that it had; `place` is the party that is edited. */
void wish_of_edit(const struct directory *dir, const struct session *session,
                  const struct session_edit *edit, uint8_t place, struct alloc_request *request);

#endif
