/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h - who runs the generator tells it of sessions, on standard input; a line each.
 *
 *     session SLOT CALLER DIALS CALLEE SHOWS   it is live: calls may be made (two digits each)
 *     rest SLOT                                no further calls; answered by "resting SLOT" when
 *                                              the last one has ended
 *     ended SLOT                               the session at rest has ended: calls are refused
 *     go                                       begin
 *     stop                                     no further calls; those in progress end as they would
 *     leave                                    end; the end of the input means the same
 *
 * "ready" says that both sides are there, and the report comes when the last call has ended. Until it
 * is told to leave, it answers whoever asks whether it is there (OPTIONS).
 */
#ifndef MASKLINE_LOAD_CONTROL_H
#define MASKLINE_LOAD_CONTROL_H

#include "load.h"

/* `on_go` is called at "go". */
int control_open(struct load *load, void (*on_go)(struct load *load)) MUST_CHECK;

#endif
