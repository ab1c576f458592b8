/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_compose.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/secret.h"

#define FIXED_BYTES 512 /* of a head, its variable texts aside */

static const struct {
        unsigned status;
        const char *text;
} reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
};

/* The phrase may be empty, RFC 9112 4. */
const char *http_reason(unsigned status)
{
        for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
                if (reasons[i].status == status)
                        return reasons[i].text;
        }
        return "";
}

static const struct {
        unsigned status;
        const char *name, *remedy;
} problems[] = {
        {408, "slow", "Send the whole request at once; nothing was changed."},
        {413, "too-large", "Send less in one request; nothing was changed."},
        {417, "expectation", "Leave the header Expect out, or write 100-continue."},
        {431, "header-too-large", "Send fewer and shorter header fields."},
        {500, "internal", "Try again; if it stays so, see the server's log."},
        {501, "method", "Use one of GET, HEAD, POST, PATCH and DELETE."},
        {505, "version", "Speak HTTP/1.1."},
        {0, "framing", "Correct what the client sends: it is not HTTP as RFC 9112 has it."},
};

void http_put_problem(struct buf *out, unsigned status, const char *detail)
{
        unsigned i = 0;
        while (problems[i].status && problems[i].status != status)
                i++;
        assert(!strpbrk(detail, "\"\\"));
        buf_printf(out,
                   "{\"type\":\"urn:maskline:problem:%s\",\"title\":\"%s\",\"status\":%u,"
                   "\"detail\":\"%s\",\"remedy\":\"%s\"}",
                   problems[i].name, http_reason(status), status, detail, problems[i].remedy);
        assert(buf_ok(out));
}

/* IMF-fixdate, RFC 9110 5.6.7; not strftime(), whose names follow the locale. */
static void put_date(struct buf *b, int64_t wall_ms)
{
        static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        time_t seconds = (time_t)(wall_ms / 1000);
        struct tm tm;
        if (!gmtime_r(&seconds, &tm))
                return;
        buf_printf(b, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday], tm.tm_mday,
                   months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static size_t text_bytes(const char *text)
{
        assert(!text || !strpbrk(text, "\r\n"));
        return text ? strlen(text) : 0;
}

static void put_field(struct buf *b, const char *name, const char *value)
{
        if (!value)
                return;
        buf_put_text(b, name);
        buf_put_text(b, ": ");
        buf_put_text(b, value);
        buf_put_text(b, "\r\n");
}

static void put_head(struct buf *b, const struct http_response *response,
                     const struct http_compose_params *params)
{
        unsigned status = response->status;
        buf_printf(b, "HTTP/1.1 %u %s\r\n", status, http_reason(status));
        put_date(b, params->wall_ms);
        put_field(b, "Content-Type", response->content_type);
        /* RFC 9110 8.6: a 204 has none, and in a 304 it would be another answer's. */
        if (status != 204 && status != 304)
                buf_printf(b, "Content-Length: %zu\r\n", response->body.len);
        put_field(b, "Cache-Control", "no-store");
        put_field(b, "X-Content-Type-Options", "nosniff");
        put_field(b, "Location", response->location);
        put_field(b, "Link", response->link);
        put_field(b, "Allow", response->allow);
        put_field(b, "WWW-Authenticate", response->authenticate);
        if (response->retry_after_s)
                buf_printf(b, "Retry-After: %u\r\n", response->retry_after_s);
        if (params->close)
                put_field(b, "Connection", "close");
        else if (params->minor == 0)
                put_field(b, "Connection", "keep-alive");
        buf_put_text(b, "\r\n");
}

int http_compose(const struct http_response *response, const struct http_compose_params *params,
                 struct slice *out)
{
        assert(response->status >= 200 && response->status <= 599);
        assert(response->content_type || !response->body.len);
        assert((response->status != 204 && response->status != 304) || !response->body.len);

        size_t cap = FIXED_BYTES + text_bytes(response->content_type) +
                     text_bytes(response->location) + text_bytes(response->link) +
                     text_bytes(response->allow) + text_bytes(response->authenticate) +
                     response->body.len;
        char *memory = secret_heap_alloc(cap);
        struct buf b;
        if (!memory)
                return -ENOMEM;
        buf_init(&b, memory, cap);
        put_head(&b, response, params);
        if (!params->is_head)
                buf_put_slice(&b, response->body);
        assert(buf_ok(&b));
        *out = buf_slice(&b);
        return 0;
}
