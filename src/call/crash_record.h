/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash_record.h - the calls in progress in slots of a mapped file, for the process that comes next.
 *
 * Writing a call is a copy into memory that the kernel keeps when the process is killed: no system
 * call, no disk to wait for. It survives the process, not a power cut. A slot has two halves of 8 kB
 * that are written in turn, each sealed with its sequence number: what a killed writer leaves half
 * done does not open, and the half before it counts.
 *
 * A slot is kept until the call's records (CDRs) are on disk: writing them again is harmless, a leg
 * is recorded once however often it is asked for (core/store.h).
 */
#ifndef MASKLINE_CALL_CRASH_RECORD_H
#define MASKLINE_CALL_CRASH_RECORD_H

#include "call/crash_codec.h"
#include "sip/sip_digest.h"
#include "store/directory.h"

#define CRASH_FILE "calls.slots"

struct crash_record;

struct crash_record_params {
        struct directory *directory; /* not owned: seals, and takes the call records */
        struct random *random;       /* not owned */
        const char *data_dir;        /* NULL: in `memory`, for simulation */
        void *memory;                /* crash_record_bytes(), zeroed at the beginning of time */
        uint32_t calls_max;
};

size_t crash_record_bytes(uint32_t calls_max);

/*
 * Opens the file with whatever the process before has left, or makes it. A file of a version that
 * is not known begins anew; that is logged and counted. `problem` (512 bytes) says what failed.
 */
int crash_record_open(const struct crash_record_params *params, struct crash_record **out,
                      char *problem) MUST_CHECK;
/* After the directory was closed, whose callbacks clear slots. NULL is fine. */
void crash_record_close(struct crash_record *record);

/* Of the calls that are in it; of the user agent that is to be opened. */
const struct sip_ua_keys *crash_record_keys(const struct crash_record *record);
/* For sip_trunks_keep_counts(). */
struct sip_digest_mark *crash_record_nonces(struct crash_record *record);
/* False: the machine has started since, and the calls cannot go on. */
bool crash_record_is_same_boot(const struct crash_record *record);

/* ---- what was left: to be read before anything is taken ---- */

uint32_t crash_record_slots(const struct crash_record *record);
/*
 * ERR_NOT_FOUND: nothing there. ERR_SEALED, ERR_SYNTAX: cannot be read. ERR_VERSION: as crash_decode().
 */
int crash_record_read(struct crash_record *record, uint32_t slot,
                      struct crash_call *out) MUST_CHECK;
/*
 * A call may be what kills us. Around going on with each of those that were left come try and tried;
 * calm comes once we have lived with all of them for a while. False: it is put aside, since processes
 * have died amidst this very call, or, again and again and never calm, soon after going on with it
 * and others. What is known of it is to be recorded.
 */
bool crash_record_try(struct crash_record *record, uint32_t slot) MUST_CHECK;
void crash_record_tried(struct crash_record *record, uint32_t slot);
void crash_record_calm(struct crash_record *record);
/* The call is given up; counted as lost. */
void crash_record_drop(struct crash_record *record, uint32_t slot);

/* ---- calls in progress ---- */

int crash_record_take(struct crash_record *record, uint32_t *slot) MUST_CHECK; /* ERR_FULL */
/* ERR_TOO_LARGE: the slot keeps what it had. */
int crash_record_write(struct crash_record *record, uint32_t slot,
                       const struct crash_call *call) MUST_CHECK;
/* directory_cdr(), and the slot stays until it is on disk. */
void crash_record_cdr(struct crash_record *record, uint32_t slot, const struct cdr *cdr);
/* The call is over, or goes on without: cleared as soon as its records are on disk. */
void crash_record_release(struct crash_record *record, uint32_t slot);

struct crash_counters {
        uint64_t written;
        uint64_t lost;   /* calls that were there and could not be read */
        uint64_t aside;  /* that we do not try to go on with any more */
        uint32_t in_use; /* slots */
};
const struct crash_counters *crash_record_counters(const struct crash_record *record);

#endif
