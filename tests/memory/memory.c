/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c - each test of a program again and again, with the n-th piece of memory refused.
 *
 * Preloaded (LD_PRELOAD), so that the programs are the ordinary ones. README.md in this folder says
 * what is asked of a test. This file stands in for the allocation functions and for cmocka's runner:
 * a test is played in a child, once to list what it takes, then once for each refusal that is chosen.
 */
/* mmap() and mmap64() are to be two names here. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <ftw.h>
#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define TAKES_MAX   400000 /* of one test: the later ones are counted, and not refused */
#define PLACES_MAX  65536
#define RANGES_MAX  16
#define REGIONS_MAX 4096
#define FRAMES_MAX  4
#define PATIENCE_S  120 /* with one test; it is stuck then */
#define OUTPUT_MAX  20000
#define EXIT_REFUSE 77 /* the test was told of an error, and said so */
#define EXIT_LEAK   78

/* One time that memory was taken. */
struct take {
        void *pc;       /* whose call */
        uint64_t place; /* that and the callers' callers */
};

struct shared {
        atomic_uint count; /* of takes so far */
        atomic_bool has_refused;
        unsigned refused_at; /* the take that is refused; 0: none */
        struct take takes[TAKES_MAX];
};

static struct shared *shared; /* NULL: not in a child */
static struct {
        uintptr_t from, to;
} ranges[RANGES_MAX];
static unsigned range_count;

/* ---- who takes ---- */

/* The program itself (what of it are tests is sorted out later), and libraries that take for us. */
static bool is_watched(const char *path)
{
        static const char *const libraries[] = {"libsqlite3", "libcares", "libjansson"};
        if (!path[0])
                return true;
        for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
                if (strstr(path, libraries[i]))
                        return true;
        }
        return false;
}

static int add_ranges(struct dl_phdr_info *info, size_t size, void *arg)
{
        (void)size;
        (void)arg;
        for (int i = 0; is_watched(info->dlpi_name) && i < info->dlpi_phnum; i++) {
                const ElfW(Phdr) *header = &info->dlpi_phdr[i];
                if (header->p_type != PT_LOAD || !(header->p_flags & PF_X) ||
                    range_count == RANGES_MAX)
                        continue;
                ranges[range_count].from = info->dlpi_addr + header->p_vaddr;
                ranges[range_count++].to = info->dlpi_addr + header->p_vaddr + header->p_memsz;
        }
        return 0;
}

static bool is_in_range(uintptr_t pc)
{
        for (unsigned i = 0; i < range_count; i++) {
                if (pc >= ranges[i].from && pc < ranges[i].to)
                        return true;
        }
        return false;
}

/* The program is built with frame pointers; what is no such chain ends the walk. */
static uint64_t place_of(void *pc, const uintptr_t *frame)
{
        uint64_t hash = (uintptr_t)pc;
        for (int i = 0; i < FRAMES_MAX; i++) {
                const uintptr_t *next = (const uintptr_t *)frame[0];
                bool is_chain = next > frame && next < frame + 8192 && (uintptr_t)next % 8 == 0;
                if (!is_chain || !is_in_range(next[1]))
                        break;
                frame = next;
                hash = (hash ^ frame[1]) * UINT64_C(0x9e3779b97f4a7c15);
        }
        return hash;
}

static bool is_refused(void *pc, const void *frame)
{
        if (!shared || !is_in_range((uintptr_t)pc))
                return false;
        unsigned n = atomic_fetch_add(&shared->count, 1) + 1;
        if (!shared->refused_at && n <= TAKES_MAX)
                shared->takes[n - 1] = (struct take){pc, place_of(pc, frame)};
        if (n != shared->refused_at)
                return false;
        atomic_store(&shared->has_refused, true);
        errno = ENOMEM;
        return true;
}

#define IS_REFUSED() is_refused(__builtin_return_address(0), __builtin_frame_address(0))

/* ---- the functions stood in for ---- */

/* The sanitizer's, else the C library's: whatever is started with the same environment works, too. */
#define REAL(type, name, ...)                                                                      \
        type __interceptor_##name(__VA_ARGS__) __attribute__((weak));                              \
        type __libc_##name(__VA_ARGS__)
REAL(void *, malloc, size_t bytes);
REAL(void *, calloc, size_t count, size_t bytes);
REAL(void *, realloc, void *p, size_t bytes);
#define CALL(name, ...) (__interceptor_##name ? __interceptor_##name : __libc_##name)(__VA_ARGS__)

void *malloc(size_t bytes)
{
        return IS_REFUSED() ? NULL : CALL(malloc, bytes);
}

void *calloc(size_t count, size_t bytes)
{
        return IS_REFUSED() ? NULL : CALL(calloc, count, bytes);
}

void *realloc(void *p, size_t bytes)
{
        return IS_REFUSED() ? NULL : CALL(realloc, p, bytes);
}

void *reallocarray(void *p, size_t count, size_t bytes)
{
        size_t all;
        if (__builtin_mul_overflow(count, bytes, &all) || IS_REFUSED())
                return NULL;
        return CALL(realloc, p, all);
}

char *strdup(const char *text)
{
        size_t bytes = strlen(text) + 1;
        char *copy = IS_REFUSED() ? NULL : CALL(malloc, bytes);
        return copy ? memcpy(copy, text, bytes) : NULL;
}

/*
 * What the dynamic linker keeps of a library that is opened late stays as long as the process. The
 * sanitizer knows such memory by who asks for it, and here that is malloc() above.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
        return "leak:_dl_map_object_deps\n";
}

void __lsan_register_root_region(const void *p, size_t bytes);
void __lsan_unregister_root_region(const void *p, size_t bytes);
int __lsan_do_recoverable_leak_check(void);
void __sanitizer_symbolize_pc(void *pc, const char *format, char *out, size_t bytes);

/* Locked memory comes by mmap(). What hangs on it only is no leak. */
static atomic_uintptr_t regions[REGIONS_MAX];

/* Puts `now` where `before` is; false: it is nowhere. */
static bool replace_region(uintptr_t before, uintptr_t now)
{
        for (size_t i = 0; i < REGIONS_MAX; i++) {
                uintptr_t expected = before;
                if (atomic_compare_exchange_strong(&regions[i], &expected, now))
                        return true;
        }
        return false;
}

void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
        bool is_ours = shared && (flags & MAP_ANONYMOUS) &&
                       is_in_range((uintptr_t)__builtin_return_address(0));
        if (is_ours && IS_REFUSED())
                return MAP_FAILED;
        void *p = (void *)syscall(SYS_mmap, at, bytes, protection, flags, fd, offset);
        if (is_ours && p != MAP_FAILED && replace_region(0, (uintptr_t)p))
                __lsan_register_root_region(p, bytes);
        return p;
}

void *mmap64(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
        __attribute__((alias("mmap")));

int munmap(void *p, size_t bytes)
{
        if (shared && p && replace_region((uintptr_t)p, 0))
                __lsan_unregister_root_region(p, bytes);
        return (int)syscall(SYS_munmap, p, bytes);
}

/* Called by what tests are linked with instead of pool_take() (pool_take.c). */
bool memory_refuses_pool_take(void *pc, const void *frame);
bool memory_refuses_pool_take(void *pc, const void *frame)
{
        return is_refused(pc, frame);
}

/* ---- in the child ---- */

static long setting(const char *name, long otherwise)
{
        const char *text = getenv(name);
        return text ? strtol(text, NULL, 10) : otherwise;
}

/*
 * A test's assertion fails: told of an error it may give up. What the program lost is looked for
 * now, while all that the test holds is still to be found from its stack.
 */
static void give_up_if_refused(void)
{
        if (shared && atomic_load(&shared->has_refused))
                _exit(__lsan_do_recoverable_leak_check() ? EXIT_LEAK : EXIT_REFUSE);
}

void _fail(const char *const file, const int line)
{
        give_up_if_refused();
        void (*real)(const char *, int) = dlsym(RTLD_NEXT, "_fail");
        real(file, line);
        abort();
}

/* Helpers of tests assert, too. An assertion of the program's own ends it as always. */
void __assert_fail(const char *condition, const char *file, unsigned line, const char *function)
        __attribute__((noreturn));
void __assert_fail(const char *condition, const char *file, unsigned line, const char *function)
{
        if (strstr(file, "tests/"))
                give_up_if_refused();
        fprintf(stderr, "%s:%u: %s: %s does not hold\n", file, line, function, condition);
        fflush(NULL);
        abort();
}

typedef int run_fn(const char *name, const struct CMUnitTest *tests, size_t count,
                   CMFixtureFunction setup, CMFixtureFunction teardown);

struct group {
        const char *name;
        CMFixtureFunction setup, teardown;
        run_fn *run;
};

static void be_child(const struct group *group, const struct CMUnitTest *test)
{
        alarm((unsigned)setting("MEMORY_PATIENCE", PATIENCE_S));
        int failed = group->run(group->name, test, 1, group->setup, group->teardown);
        fflush(NULL);
        if (failed)
                _exit(EXIT_FAILURE);
        if (shared->refused_at && __lsan_do_recoverable_leak_check())
                _exit(EXIT_LEAK);
        _exit(EXIT_SUCCESS);
}

/* ---- in the parent ---- */

static struct {
        unsigned places, tried, refused, passed, problems;
} total;
static uint64_t tried_places[PLACES_MAX];
static char output[OUTPUT_MAX + 1]; /* of the last child: its end */

static void read_output(int fd)
{
        off_t end = lseek(fd, 0, SEEK_END);
        off_t from = end > OUTPUT_MAX ? end - OUTPUT_MAX : 0;
        ssize_t got = pread(fd, output, OUTPUT_MAX, from);
        output[got > 0 ? got : 0] = 0;
}

/* A child that gives up leaves its files behind: it has a TMPDIR of its own. */
static char folder[64];

static void make_folder(void)
{
        static const char *above;
        if (!above)
                above = getenv("TMPDIR") ? strdup(getenv("TMPDIR")) : "/dev/shm";
        snprintf(folder, sizeof folder, "%s/maskline-XXXXXX", above);
        if (!mkdtemp(folder) || setenv("TMPDIR", folder, 1))
                abort();
}

static int drop(const char *path, const struct stat *info, int what, struct FTW *where)
{
        (void)info;
        (void)what;
        (void)where;
        return remove(path);
}

static void remove_folder(void)
{
        if (nftw(folder, drop, 16, FTW_DEPTH | FTW_PHYS))
                abort();
}

/* Its status, as wait() has it. */
static int play(const struct group *group, const struct CMUnitTest *test, unsigned refused_at)
{
        int out = memfd_create("output", 0), status;
        atomic_store(&shared->count, 0);
        atomic_store(&shared->has_refused, false);
        shared->refused_at = refused_at;
        fflush(NULL);
        make_folder();
        pid_t pid = fork();
        if (pid == 0) {
                dup2(out, STDOUT_FILENO);
                dup2(out, STDERR_FILENO);
                be_child(group, test);
        }
        if (pid < 0 || waitpid(pid, &status, 0) < 0)
                abort();
        remove_folder();
        read_output(out);
        close(out);
        return status;
}

static bool is_product(void *pc)
{
        static struct {
                void *pc;
                bool is_product;
        } known[PLACES_MAX];
        size_t slot = ((uintptr_t)pc * UINT64_C(0x9e3779b97f4a7c15)) >> 48;
        while (known[slot].pc && known[slot].pc != pc)
                slot = (slot + 1) % PLACES_MAX;
        if (known[slot].pc)
                return known[slot].is_product;
        char file[1024] = "";
        Dl_info info;
        bool is_library = dladdr(pc, &info) && strstr(info.dli_fname, ".so");
        if (!is_library)
                __sanitizer_symbolize_pc((char *)pc - 1, "%s", file, sizeof file);
        /* The simulated network is no product; what it has no memory for would only be lost. */
        bool is_ours = strstr(file, "src/") && !strstr(file, "tests/") &&
                       !strstr(file, "src/io/io_sim.c") && !strstr(file, "src/io/stream_sim.c");
        is_ours |= strstr(file, "tests/memory/planted.c") != NULL;
        known[slot].pc = pc;
        known[slot].is_product = is_library || is_ours;
        return known[slot].is_product;
}

/* True the first time in this program. */
static bool is_new_place(uint64_t place)
{
        size_t slot = place >> 48;
        for (size_t i = 0; i < PLACES_MAX; i++, slot = (slot + 1) % PLACES_MAX) {
                if (tried_places[slot] == place)
                        return false;
                if (tried_places[slot])
                        continue;
                tried_places[slot] = place;
                total.places++;
                return true;
        }
        return false;
}

static double now_s(void)
{
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Takes that are to be refused, chosen from all that the tests of this program make. */
#define PICKS_MAX 1000000
static struct pick {
        size_t test;
        unsigned n;
        void *pc;
} * picks;
static size_t pick_count;
static size_t product_count; /* takes of ours, of all tests one after the other */

static void judge(const struct CMUnitTest *test, const struct pick *pick, int status)
{
        const char *what = NULL;
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        total.tried++;
        if (code == EXIT_SUCCESS)
                total.passed++;
        else if (code == EXIT_REFUSE)
                total.refused++;
        else if (code == EXIT_LEAK)
                what = "memory is lost";
        else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
                what = "it is stuck";
        /* A fixture that says no is no test that goes wrong. */
        else if (code == EXIT_FAILURE && !strstr(output, "exception") &&
                 !strstr(output, "Sanitizer") && !strstr(output, "runtime error"))
                total.refused++;
        else
                what = "it ends otherwise than by an assertion of the test's";
        if (!what)
                return;
        total.problems++;
        char place[1024] = "";
        __sanitizer_symbolize_pc((char *)pick->pc - 1, "%f %s:%l", place, sizeof place);
        printf("memory: %s, take %u (%s): %s\n%s\n", test->name, pick->n, place, what, output);
}

static uint64_t dice;

static uint64_t throw_dice(void)
{
        dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
        return dice;
}

/* Any seed will do, 0 too. */
static void begin_dice(void)
{
        dice = (uint64_t)setting("MEMORY_SEED", 1) * UINT64_C(0x9e3779b97f4a7c15) ^
               88172645463325252;
        dice |= dice == 0;
}

/*
 * Each place is refused where it is met first. Of the other takes MEMORY_SAMPLES for each test, by
 * chance; -1: all. MEMORY_FROM: each of them from that one on, counted over all tests, and nothing else.
 */
static bool is_chosen(const struct take *take, unsigned n, unsigned count)
{
        long samples = setting("MEMORY_SAMPLES", 1), only = setting("MEMORY_TAKE", 0);
        long from = setting("MEMORY_FROM", 0);
        bool is_new = is_new_place(take->place);
        if (only || from)
                return only ? n == (unsigned)only : product_count >= (size_t)from;
        return is_new || samples < 0 || (long)(throw_dice() % count) < samples;
}

static void choose(const struct group *group, const struct CMUnitTest *tests, size_t test)
{
        int status = play(group, &tests[test], 0);
        unsigned count = atomic_load(&shared->count);
        if (status) {
                total.problems++;
                printf("memory: %s fails without any refusal\n%s\n", tests[test].name, output);
                return;
        }
        for (unsigned n = 1; n <= count && n <= TAKES_MAX; n++) {
                const struct take *take = &shared->takes[n - 1];
                if (!is_product(take->pc))
                        continue;
                product_count++;
                if (is_chosen(take, n, count) && pick_count < PICKS_MAX)
                        picks[pick_count++] = (struct pick){test, n, take->pc};
        }
}

/* In no order, so that those that time does not allow are no particular ones; or one after the other. */
static void try_picks(const struct group *group, const struct CMUnitTest *tests)
{
        bool is_in_order = setting("MEMORY_FROM", 0) > 0;
        double until_s = now_s() + (double)setting("MEMORY_SECONDS", 1000000);
        for (size_t i = 0; i < pick_count && (i == 0 || now_s() < until_s); i++) {
                size_t other = is_in_order ? i : i + throw_dice() % (pick_count - i);
                struct pick pick = picks[other];
                picks[other] = picks[i];
                judge(&tests[pick.test], &pick, play(group, &tests[pick.test], pick.n));
        }
}

/* ledger.py reads it. */
static void tell_progress(void)
{
        long from = setting("MEMORY_FROM", 0);
        if (from)
                printf("memory: refused %ld to %ld of %zu\n", from, from + (long)total.tried - 1,
                       product_count);
}

static void begin(void)
{
        shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
        picks = calloc(PICKS_MAX, sizeof *picks);
        if (shared == MAP_FAILED || !picks)
                abort();
        dl_iterate_phdr(add_ranges, NULL);
}

int _cmocka_run_group_tests(const char *name, const struct CMUnitTest *const tests,
                            const size_t count, CMFixtureFunction setup, CMFixtureFunction teardown)
{
        const struct group group = {name, setup, teardown,
                                    dlsym(RTLD_NEXT, "_cmocka_run_group_tests")};
        const char *only = getenv("MEMORY_TEST");
        setvbuf(stdout, NULL, _IOLBF, 0);
        begin();
        begin_dice();
        for (size_t i = 0; i < count; i++) {
                if (!only || !strcmp(only, tests[i].name))
                        choose(&group, tests, i);
        }
        try_picks(&group, tests);
        printf("memory: %s: %zu tests, %u places, %u of %zu refusals: %u times given up, %u gone on, "
               "%u problems, seed %ld\n",
               name, count, total.places, total.tried, pick_count, total.refused, total.passed,
               total.problems, setting("MEMORY_SEED", 1));
        tell_progress();
        fflush(NULL);
        _exit(total.problems ? EXIT_FAILURE : EXIT_SUCCESS);
}
