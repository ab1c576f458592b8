/* SPDX-License-Identifier: Apache-2.0 */
#include "call/crash_record.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "store/problem.h"

#define MAGIC           "MASKCALL"
#define LAYOUT_VERSION  2
#define HEADER_BYTES    12288
#define MARKS_AT        4096 /* of the nonces, in the header */
#define HALF_BYTES      8192
#define SEAL_EXTRA      41 /* vault_crash_seal() */
#define DIED_AMIDST_MAX 2
#define DIED_AFTER_MAX  3 /* fewer than crashes after which the keeper gives up */
#define PATH_BYTES      512

/* Slots beyond the calls at once: records of ended ones that wait for the disk. */
#define SLOTS_PER_CALL 2

/* As they lie in the file, which does not leave the machine: in its own byte order. */
struct file_header {
        char magic[8];
        uint32_t version, half_bytes;
        uint8_t boot[16];
        uint16_t keys_bytes;
        char keys[sizeof(struct sip_ua_keys) + SEAL_EXTRA]; /* sealed */
};

struct half {
        _Atomic uint64_t sequence; /* 0: nothing; written last */
        uint16_t bytes;
        uint8_t died_amidst; /* how many processes have begun to go on with it, and not more */
        uint8_t died_after;  /* how many went on with it, and were not calm in the end */
        char sealed[HALF_BYTES - 12];
};

struct file_slot {
        struct half halves[2];
};

_Static_assert(sizeof(struct half) == HALF_BYTES, "halves lie one behind the other");
_Static_assert(CRASH_PLAIN_MAX + SEAL_EXTRA == HALF_BYTES - 12, "a call fits a half");
_Static_assert(sizeof(struct file_header) <= MARKS_AT, "the marks lie behind it");
_Static_assert(MARKS_AT + TRUNKS_MAX * sizeof(struct sip_digest_mark) <= HEADER_BYTES, "and fit");

struct slot_state {
        struct crash_record *record;
        uint32_t index;
        uint32_t next_free; /* slots: none */
        uint32_t pending;   /* call records on their way to the disk */
        bool is_taken, is_released, is_refused;
};

struct crash_record {
        struct directory *directory; /* not owned */
        char *map;                   /* owned unless it is the caller's memory */
        size_t map_bytes;
        int fd;           /* -1: the caller's memory */
        uint8_t boot[16]; /* this one */
        bool is_same_boot;
        bool has_header;  /* with the keys below */
        bool has_culprit; /* the process before died amidst a certain call: it is no other's fault */
        struct sip_ua_keys keys;
        struct slot_state *states; /* owned */
        uint32_t slots, free_head;
        uint64_t sequence;
        struct crash_counters counters;
        char plain[CRASH_PLAIN_MAX];
};

size_t crash_record_bytes(uint32_t calls_max)
{
        return HEADER_BYTES + (size_t)calls_max * SLOTS_PER_CALL * sizeof(struct file_slot);
}

static struct file_header *header_of(const struct crash_record *record)
{
        return (struct file_header *)record->map;
}

static struct file_slot *slot_of(const struct crash_record *record, uint32_t slot)
{
        assert(slot < record->slots);
        return (struct file_slot *)(record->map + HEADER_BYTES) + slot;
}

/* ---- the file ---- */

static int check_file(int fd, const char *path, char *problem)
{
        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 077) {
                problem_put(problem,
                            "%s is not a plain file of this user's alone; move it away: it is only "
                            "needed to go on with calls after a crash",
                            path);
                return -EPERM;
        }
        return 0;
}

/* Its blocks are taken now: a full disk must not be found out by writing to memory. */
static int reserve(struct crash_record *record, size_t bytes)
{
        off_t size = lseek(record->fd, 0, SEEK_END);
        if (size < 0)
                return -errno;
        if ((size_t)size > bytes)
                bytes = HEADER_BYTES + ((size_t)size - HEADER_BYTES) / sizeof(struct file_slot) *
                                               sizeof(struct file_slot);
        record->map_bytes = bytes;
        return -posix_fallocate(record->fd, 0, (off_t)bytes);
}

static int map_file(struct crash_record *record, const struct crash_record_params *params,
                    char *problem)
{
        char path[PATH_BYTES];
        int n = snprintf(path, sizeof path, "%s/%s", params->data_dir, CRASH_FILE);
        if (n < 0 || (size_t)n >= sizeof path)
                return -ENAMETOOLONG;
        record->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        int err = record->fd < 0 ? -errno : check_file(record->fd, path, problem);
        if (!err)
                err = reserve(record, crash_record_bytes(params->calls_max));
        if (!err) {
                void *map = mmap(NULL, record->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                                 record->fd, 0);
                record->map = map == MAP_FAILED ? NULL : map;
                err = record->map ? 0 : -errno;
                if (!err)
                        (void)madvise(map, record->map_bytes, MADV_DONTDUMP);
        }
        if (err && !problem[0])
                problem_put(
                        problem,
                        "%s cannot be used: %s; it needs %zu bytes, and keeps calls in progress "
                        "when the server crashes",
                        path, err_text(err), crash_record_bytes(params->calls_max));
        return err;
}

/* The kernel's name for the time since the machine started; all zero in simulation. */
static void read_boot(const struct crash_record *record, uint8_t out[16])
{
        char text[37] = "";
        struct uuid boot = {{0}};
        if (record->fd >= 0) {
                int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
                ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
                if (fd >= 0)
                        close(fd);
                if (got != (ssize_t)sizeof text - 1 || uuid_parse(slice_from(text), &boot))
                        log_warn("crash record: the kernel does not say when it started");
        }
        memcpy(out, boot.bytes, sizeof boot.bytes);
}

static bool load_keys(struct crash_record *record, const struct file_header *header)
{
        struct buf b;
        buf_init(&b, &record->keys, sizeof record->keys);
        if (header->keys_bytes > sizeof header->keys)
                return false;
        struct slice sealed = {header->keys, header->keys_bytes};
        return !directory_crash_unseal(record->directory, SLICE("keys"), sealed, &b) &&
               b.len == sizeof record->keys;
}

/* Before the first call, not before: a start that fails changes nothing on disk. */
static int write_header(struct crash_record *record)
{
        struct file_header *header = header_of(record);
        struct buf b;
        memset(header, 0, MARKS_AT);
        buf_init(&b, header->keys, sizeof header->keys);
        struct slice plain = {(const char *)&record->keys, sizeof record->keys};
        int err = directory_crash_seal(record->directory, SLICE("keys"), plain, &b);
        if (err)
                return err;
        header->keys_bytes = (uint16_t)b.len;
        memcpy(header->boot, record->boot, sizeof header->boot);
        header->version = LAYOUT_VERSION;
        header->half_bytes = HALF_BYTES;
        memcpy(header->magic, MAGIC, sizeof header->magic);
        record->has_header = true;
        return 0;
}

static void begin(struct crash_record *record, struct random *random)
{
        sip_ua_keys_make(random, &record->keys);
        record->is_same_boot = true;
}

static unsigned newer_half(const struct file_slot *slot)
{
        return atomic_load(&slot->halves[1].sequence) > atomic_load(&slot->halves[0].sequence);
}

static struct half *newest(struct crash_record *record, uint32_t slot)
{
        struct file_slot *place = slot_of(record, slot);
        return &place->halves[newer_half(place)];
}

static bool is_empty(const struct file_slot *slot)
{
        return atomic_load(&slot->halves[0].sequence) == 0 &&
               atomic_load(&slot->halves[1].sequence) == 0;
}

static bool is_file_empty(const struct crash_record *record)
{
        for (uint32_t i = 0; i < record->slots; i++) {
                if (!is_empty(slot_of(record, i)))
                        return false;
        }
        return true;
}

static void forget_all(struct crash_record *record)
{
        memset(record->map, 0, record->map_bytes);
}

/* New keys whenever there is nothing that needs the old ones. */
static void load(struct crash_record *record, struct random *random)
{
        const struct file_header *header = header_of(record);
        read_boot(record, record->boot);
        if (is_file_empty(record)) {
                begin(record, random);
                return;
        }
        bool is_known = !memcmp(header->magic, MAGIC, sizeof header->magic) &&
                        header->version == LAYOUT_VERSION && header->half_bytes == HALF_BYTES;
        if (!is_known || !load_keys(record, header)) {
                log_error("crash record: %s; calls that were in progress are lost",
                          is_known ? "it is another installation's" : "of an unknown version");
                record->counters.lost++;
                forget_all(record);
                begin(record, random);
                return;
        }
        record->has_header = true;
        record->is_same_boot = !memcmp(header->boot, record->boot, sizeof record->boot);
}

/* ---- slots ---- */

static void put_free(struct crash_record *record, struct slot_state *state)
{
        *state = (struct slot_state){
                .record = record,
                .index = (uint32_t)(state - record->states),
                .next_free = record->free_head,
        };
        record->free_head = state->index;
}

static void open_slots(struct crash_record *record)
{
        record->free_head = record->slots;
        for (uint32_t i = record->slots; i-- > 0;) {
                struct slot_state *state = &record->states[i];
                const struct file_slot *slot = slot_of(record, i);
                put_free(record, state);
                if (is_empty(slot))
                        continue;
                record->free_head = state->next_free;
                state->is_taken = true;
                record->counters.in_use++;
                record->has_culprit |= newest(record, i)->died_amidst > 0;
                for (unsigned half = 0; half < 2; half++) {
                        uint64_t sequence = atomic_load(&slot->halves[half].sequence);
                        if (sequence > record->sequence)
                                record->sequence = sequence;
                }
        }
}

int crash_record_open(const struct crash_record_params *params, struct crash_record **out,
                      char *problem)
{
        struct crash_record *record = secret_alloc(sizeof *record);
        problem[0] = '\0';
        if (!record)
                return -ENOMEM;
        record->fd = -1;
        record->directory = params->directory;

        int err = 0;
        if (params->data_dir) {
                err = map_file(record, params, problem);
        } else {
                record->map = params->memory;
                record->map_bytes = crash_record_bytes(params->calls_max);
        }
        if (err)
                goto fail;
        record->slots = (uint32_t)((record->map_bytes - HEADER_BYTES) / sizeof(struct file_slot));
        record->states = calloc(record->slots, sizeof *record->states);
        if (!record->states) {
                err = -ENOMEM;
                goto fail;
        }
        load(record, params->random);
        open_slots(record);
        *out = record;
        return 0;
fail:
        if (!problem[0])
                problem_put(problem, "the crash record cannot be opened: %s", err_text(err));
        crash_record_close(record);
        return err;
}

void crash_record_close(struct crash_record *record)
{
        if (!record)
                return;
        if (record->fd >= 0) {
                if (record->map)
                        munmap(record->map, record->map_bytes);
                close(record->fd);
        }
        free(record->states);
        secret_free(record, sizeof *record);
}

const struct sip_ua_keys *crash_record_keys(const struct crash_record *record)
{
        return &record->keys;
}

struct sip_digest_mark *crash_record_nonces(struct crash_record *record)
{
        return (struct sip_digest_mark *)(record->map + MARKS_AT);
}

bool crash_record_is_same_boot(const struct crash_record *record)
{
        return record->is_same_boot;
}

uint32_t crash_record_slots(const struct crash_record *record)
{
        return record->slots;
}

const struct crash_counters *crash_record_counters(const struct crash_record *record)
{
        return &record->counters;
}

/* ---- reading ---- */

/* A half says where it belongs: it cannot be moved to another slot, or back in time. */
struct place {
        uint64_t slot, half, sequence;
};

static struct slice place_slice(const struct place *place)
{
        return (struct slice){(const char *)place, sizeof *place};
}

static int read_half(struct crash_record *record, uint32_t slot, unsigned which,
                     struct crash_call *out)
{
        const struct half *half = &slot_of(record, slot)->halves[which];
        const struct place place = {slot, which, atomic_load(&half->sequence)};
        if (place.sequence == 0)
                return ERR_NOT_FOUND;
        if (half->bytes > sizeof half->sealed)
                return ERR_SEALED;

        struct buf b;
        struct slice sealed = {half->sealed, half->bytes};
        buf_init(&b, record->plain, sizeof record->plain);
        int err = directory_crash_unseal(record->directory, place_slice(&place), sealed, &b);
        if (!err)
                err = crash_decode(buf_slice(&b), out);
        explicit_bzero(record->plain, sizeof record->plain);
        return err;
}

int crash_record_read(struct crash_record *record, uint32_t slot, struct crash_call *out)
{
        unsigned newer = newer_half(slot_of(record, slot));
        int err = read_half(record, slot, newer, out);
        /* Only what was being written when the end came may be missing. */
        if (err == ERR_SEALED && read_half(record, slot, !newer, out) == 0)
                return 0;
        return err;
}

bool crash_record_try(struct crash_record *record, uint32_t slot)
{
        struct half *half = newest(record, slot);
        bool is_aside = half->died_amidst >= DIED_AMIDST_MAX || half->died_after >= DIED_AFTER_MAX;
        if (is_aside) {
                record->counters.aside++;
                return false;
        }
        half->died_amidst++;
        half->died_after += !record->has_culprit;
        return true;
}

void crash_record_tried(struct crash_record *record, uint32_t slot)
{
        newest(record, slot)->died_amidst = 0;
}

void crash_record_calm(struct crash_record *record)
{
        for (uint32_t i = 0; i < record->slots; i++) {
                struct file_slot *slot = slot_of(record, i);
                slot->halves[0].died_after = slot->halves[1].died_after = 0;
        }
}

/* ---- writing ---- */

/* The older half first: at no moment does an old state come back to life. */
static void clear(struct crash_record *record, struct slot_state *state)
{
        struct file_slot *slot = slot_of(record, state->index);
        unsigned newer = newer_half(slot);
        atomic_store(&slot->halves[!newer].sequence, 0);
        atomic_store(&slot->halves[newer].sequence, 0);
        explicit_bzero(slot, sizeof *slot);
        record->counters.in_use--;
        put_free(record, state);
}

static struct slot_state *taken(struct crash_record *record, uint32_t slot)
{
        assert(slot < record->slots);
        assert(record->states[slot].is_taken);
        return &record->states[slot];
}

void crash_record_drop(struct crash_record *record, uint32_t slot)
{
        record->counters.lost++;
        clear(record, taken(record, slot));
}

int crash_record_take(struct crash_record *record, uint32_t *slot)
{
        int err = record->has_header ? 0 : write_header(record);
        if (err)
                return err;
        if (record->free_head == record->slots)
                return ERR_FULL;
        struct slot_state *state = &record->states[record->free_head];
        record->free_head = state->next_free;
        state->is_taken = true;
        record->counters.in_use++;
        *slot = state->index;
        return 0;
}

int crash_record_write(struct crash_record *record, uint32_t slot, const struct crash_call *call)
{
        struct file_slot *place = slot_of(record, slot);
        unsigned older = !newer_half(place);
        struct half *half = &place->halves[older];
        const struct place bound = {slot, older, record->sequence + 1};
        assert(record->states[slot].is_taken);

        struct buf plain, sealed;
        buf_init(&plain, record->plain, sizeof record->plain);
        buf_init(&sealed, half->sealed, sizeof half->sealed);
        int err = crash_encode(call, &plain);
        if (!err)
                err = directory_crash_seal(record->directory, place_slice(&bound),
                                           buf_slice(&plain), &sealed);
        explicit_bzero(record->plain, sizeof record->plain);
        if (err)
                return err;
        half->bytes = (uint16_t)sealed.len;
        half->died_amidst = newest(record, slot)->died_amidst;
        half->died_after = newest(record, slot)->died_after;
        atomic_store(&half->sequence, bound.sequence);
        record->sequence++;
        record->counters.written++;
        return 0;
}

static void clear_if_done(struct slot_state *state)
{
        if (state->is_released && state->pending == 0 && !state->is_refused)
                clear(state->record, state);
}

static void on_recorded(void *arg, int err)
{
        struct slot_state *state = arg;
        assert(state->pending > 0);
        state->pending--;
        /* It stays for the next process to try, and takes a place until then. */
        state->is_refused |= err != 0;
        clear_if_done(state);
}

void crash_record_cdr(struct crash_record *record, uint32_t slot, const struct cdr *cdr)
{
        struct slot_state *state = taken(record, slot);
        state->pending++;
        directory_cdr_then(record->directory, cdr, on_recorded, state);
}

void crash_record_release(struct crash_record *record, uint32_t slot)
{
        struct slot_state *state = taken(record, slot);
        state->is_released = true;
        clear_if_done(state);
}
