/* SPDX-License-Identifier: MIT */
/* Reads one command at a time; numbers in headers are validated, never trusted. */
#include "resp/resp_read.h"

#include "base/fail.h"
#include "base/number.h"

/* "<mark><digits>\r\n" */
static rf_code read_header(struct window *w, char mark, uint64_t *n)
{
    uint8_t line[NUMBER_TEXT_MAX + 2];
    size_t len = 0;
    TRY(window_need(w, 1));
    if (*w->pos != mark)
        return window_fail(w, RF_E_CORRUPT, "unexpected byte 0x%02x (expected '%c')", *w->pos, mark);
    for (w->pos++;; w->pos++) {
        TRY(window_need(w, 1));
        if (*w->pos == '\n')
            break;
        if (len == sizeof line)
            return window_fail(w, RF_E_CORRUPT, "RESP header is not terminated");
        line[len++] = *w->pos;
    }
    w->pos++;
    if (len > 0 && line[len - 1] == '\r')
        len--;
    if (!number_parse_u64((rf_slice){line, len}, n))
        return window_fail(w, RF_E_CORRUPT, "RESP header: invalid number");
    return RF_OK;
}

static rf_code read_bulk(struct window *w, rf_slice *out)
{
    uint64_t n;
    TRY(read_header(w, '$', &n));
    if (n > UINT64_MAX - 2)
        return window_fail(w, RF_E_CORRUPT, "RESP string too long: %llu bytes", (unsigned long long)n);
    TRY(window_need(w, n + 2));
    *out = (rf_slice){w->pos, n};
    w->pos += n;
    if (w->pos[0] != '\r' || w->pos[1] != '\n')
        return window_fail(w, RF_E_CORRUPT, "RESP string: length mismatch");
    w->pos += 2;
    return RF_OK;
}

rf_code resp_read_command(struct window *w, struct buffer *argv, size_t *argc)
{
    uint64_t n;
    argv->len = 0;
    TRY(read_header(w, '*', &n));
    if (n == 0)
        return window_fail(w, RF_E_CORRUPT, "command without a name");
    for (*argc = 0; *argc < n; ++*argc) {
        rf_slice arg;
        TRY(read_bulk(w, &arg));
        if (!buffer_append(argv, slice_of(&arg, sizeof arg)))
            return window_fail(w, RF_E_MEMORY, "out of memory for a command of %zu arguments", *argc);
    }
    return RF_OK;
}
