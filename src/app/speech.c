/* SPDX-License-Identifier: Apache-2.0 */
#include "app/speech.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/problem.h"

#define PATH_BYTES  512
#define SECONDS_MAX 20
#define FILE_BYTES  (64 * 1024 * 1024)
#define HASH_BYTES  16

/* Exit codes of the child when it could not become the program. */
enum {
        CHILD_MISSING = 125,
        CHILD_FAILED = 126,
};

/* The same words by the same voice of the same program are the same file. */
static void hash_of(const struct speech_params *params, char hex[2 * HASH_BYTES + 1])
{
        uint8_t hash[HASH_BYTES];
        crypto_generichash_state state;
        const char *const parts[] = {params->command, params->voice, params->text};
        crypto_generichash_init(&state, NULL, 0, sizeof hash);
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
                crypto_generichash_update(&state, (const unsigned char *)parts[i],
                                          strlen(parts[i]) + 1);
        crypto_generichash_final(&state, hash, sizeof hash);
        sodium_bin2hex(hex, 2 * HASH_BYTES + 1, hash, sizeof hash);
}

static int make_path(char *out, const char *data_dir, const char *name)
{
        int n = snprintf(out, PATH_BYTES, "%s/sounds%s%s", data_dir, name[0] ? "/" : "", name);
        return n < 0 || n >= PATH_BYTES ? ERR_TOO_LARGE : 0;
}

/* In the child: nothing of ours but standard error, limits, and the program in our place. */
static _Noreturn void become_program(const struct speech_params *params, const char *path)
{
        /* espeak-ng's audio library wants a directory of its own, even when it plays nothing. */
        char runtime[PATH_BYTES + sizeof "PULSE_RUNTIME_PATH="];
        const char *slash = strrchr(path, '/');
        int dir_len = slash ? (int)(slash - path) : 0;
        snprintf(runtime, sizeof runtime, "PULSE_RUNTIME_PATH=%.*s", dir_len, path);
        char *const environment[] = {
                (char *)(uintptr_t) "PATH=/usr/local/bin:/usr/bin:/bin",
                (char *)(uintptr_t) "LANG=C.UTF-8",
                runtime,
                NULL,
        };
        const struct rlimit cpu = {SECONDS_MAX, SECONDS_MAX};
        const struct rlimit file = {FILE_BYTES, FILE_BYTES};
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGALRM, SIG_DFL);
        signal(SIGPIPE, SIG_DFL);
        setrlimit(RLIMIT_CPU, &cpu);
        setrlimit(RLIMIT_FSIZE, &file);
        umask(077);

        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
                _exit(CHILD_FAILED);
        if (close_range(STDERR_FILENO + 1, ~0U, 0) < 0)
                _exit(CHILD_FAILED);

        char *const argv[] = {
                (char *)(uintptr_t)params->command,
                (char *)(uintptr_t) "-w",
                (char *)(uintptr_t)path,
                (char *)(uintptr_t) "-v",
                (char *)(uintptr_t)params->voice,
                (char *)(uintptr_t)params->text,
                NULL,
        };
        /* An alarm outlives exec: it ends the program when it hangs. */
        alarm(SECONDS_MAX);
        execvpe(params->command, argv, environment);
        _exit(errno == ENOENT ? CHILD_MISSING : CHILD_FAILED);
}

static int run_program(const struct speech_params *params, const char *path, char *problem)
{
        int status = 0;
        pid_t child = fork();
        if (child < 0)
                return -errno;
        if (child == 0)
                become_program(params, path);
        while (waitpid(child, &status, 0) < 0) {
                if (errno != EINTR)
                        return -errno;
        }
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_MISSING) {
                problem_put(problem,
                            "speech_command = %s: there is no such program; install it (apt-get "
                            "install espeak-ng) or set speech_command to another one",
                            params->command);
                return -ENOENT;
        }
        if (WIFSIGNALED(status))
                problem_put(problem,
                            "speech_command = %s: ended by signal %d (it may "
                            "take at most %d s)",
                            params->command, WTERMSIG(status), SECONDS_MAX);
        else
                problem_put(problem,
                            "speech_command = %s: ended with status %d; is "
                            "refusal_voice = %s a voice that it has?",
                            params->command, WEXITSTATUS(status), params->voice);
        return ERR_STATE;
}

/* Into a file of its own, which takes its name only when it is a sound. */
static int render(const struct speech_params *params, const char *path, char *problem)
{
        char name[64], temporary[PATH_BYTES];
        snprintf(name, sizeof name, "rendering-%d.wav", (int)getpid());
        int err = make_path(temporary, params->data_dir, name);
        if (err)
                return err;

        struct sound sound = {0};
        unlink(temporary);
        err = run_program(params, temporary, problem);
        if (!err) {
                err = sound_load(temporary, SPEECH_SECONDS_MAX, &sound);
                sound_free(&sound);
                if (err)
                        problem_put(problem,
                                    "speech_command = %s: made no sound of at most %d s: %s",
                                    params->command, SPEECH_SECONDS_MAX, err_text(err));
        }
        if (!err && rename(temporary, path) < 0) {
                err = -errno;
                problem_put(problem, "%s cannot be written: %s", path, err_text(err));
        }
        if (err)
                unlink(temporary);
        return err;
}

int speech_load(const struct speech_params *params, struct sound *out, char *problem)
{
        char hash[2 * HASH_BYTES + 1], name[64], dir[PATH_BYTES], path[PATH_BYTES];
        hash_of(params, hash);
        snprintf(name, sizeof name, "%s.wav", hash);
        problem_put(problem, "%s: the announcement cannot be rendered", params->data_dir);
        int err = make_path(dir, params->data_dir, "");
        if (!err)
                err = make_path(path, params->data_dir, name);
        if (err)
                return err;
        if (sound_load(path, SPEECH_SECONDS_MAX, out) == 0)
                return 0;

        if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
                err = -errno;
                problem_put(problem, "%s cannot be made: %s", dir, err_text(err));
                return err;
        }
        err = render(params, path, problem);
        return err ? err : sound_load(path, SPEECH_SECONDS_MAX, out);
}
