/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_order.h - one session as it is ordered: by a request of its own, or by a row of an import.
 */
#ifndef MASKLINE_API_SESSION_ORDER_H
#define MASKLINE_API_SESSION_ORDER_H

#include "api/rest.h"

struct session_order {
        bool is_trial; /* judged, and nothing done */

        bool repeated;             /* its reference was known */
        bool tells_secret;         /* PINs that were drawn are in the answer */
        struct session_id_text id; /* empty: none, it was a trial */
        json_t *answer;            /* the caller's: the session; NULL of a trial */
};

/*
 * Reads `body`, and creates what it says: `done` comes when it is on disk. false: it was refused, and
 * `done` does not come.
 */
bool session_order(struct rest *rest, const json_t *body, struct session_order *order,
                   directory_done *done, void *arg);

#endif
