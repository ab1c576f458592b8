/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/password_input.h"

#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int read_line(FILE *in, char *out)
{
        char line[PASSWORD_INPUT_BYTES + 2];
        int err = 0;
        if (fgets(line, sizeof line, in)) {
                size_t len = strcspn(line, "\r\n");
                bool is_whole = line[len] != '\0' || feof(in);
                err = is_whole ? slice_to_text((struct slice){line, len}, out, PASSWORD_INPUT_BYTES)
                               : ERR_TOO_LARGE;
        } else {
                err = ferror(in) ? -errno : ERR_SYNTAX;
        }
        explicit_bzero(line, sizeof line);
        return err;
}

/* What is typed is not shown. */
static int read_terminal(FILE *in, char *out)
{
        struct termios before, quiet;
        int fd = fileno(in);
        bool is_terminal = fd >= 0 && isatty(fd) && tcgetattr(fd, &before) == 0;
        if (!is_terminal)
                return read_line(in, out);
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        fputs("password: ", stderr);
        tcsetattr(fd, TCSAFLUSH, &quiet);
        int err = read_line(in, out);
        tcsetattr(fd, TCSAFLUSH, &before);
        fputc('\n', stderr);
        return err;
}

static int read_file(const char *path, char *out)
{
        FILE *file = fopen(path, "re");
        if (!file)
                return -errno;
        static char buffer[BUFSIZ]; /* the stream's own would not be wiped */
        setvbuf(file, buffer, _IOFBF, sizeof buffer);
        int err = read_line(file, out);
        fclose(file);
        explicit_bzero(buffer, sizeof buffer);
        return err;
}

int password_input_read(const char *source, FILE *in, char out[PASSWORD_INPUT_BYTES],
                        struct buf *problem)
{
        bool is_file = source[0] == '@';
        int err;
        if (!strcmp(source, "-"))
                err = read_terminal(in, out);
        else if (is_file)
                err = read_file(source + 1, out);
        else
                err = slice_to_text(slice_from(source), out, PASSWORD_INPUT_BYTES);
        if (!err && !out[0])
                err = ERR_SYNTAX;
        if (err == ERR_SYNTAX)
                buf_put_text(problem, "the password is empty");
        else if (err == ERR_TOO_LARGE)
                buf_put_text(problem, "the password is too long");
        else if (err)
                buf_printf(problem, "%s: %s", is_file ? source + 1 : "standard input",
                           err_text(err));
        return err;
}
