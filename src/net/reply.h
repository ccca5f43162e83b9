/* SPDX-License-Identifier: MIT */
/* Parses RESP2 replies in a buffer that grows as they arrive. No I/O.
 *
 *   "+" status CRLF   "-" error CRLF   ":" number CRLF   "$" length CRLF bytes CRLF   "$-1" CRLF
 *   "*" count CRLF, then as many replies   "*-1" CRLF
 *
 * There are two steps: reply_scan() finds the end of a reply and validates it; then reply_next() iterates
 * over its elements, which cannot fail. An array is a head followed by its elements: there is no tree, and
 * nothing is allocated. */
#ifndef NET_REPLY_H
#define NET_REPLY_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    REPLY_DEPTH = 16,           /* maximum depth of nested arrays */
    REPLY_LINE_MAX = 16 * 1024, /* maximum length of a line */
};

/* Maximum size of a reply: the largest possible value, and its header. */
#define REPLY_MAX ((UINT64_C(1) << 32) + REPLY_LINE_MAX)

/* Maximum size of a reply that only reports success or an error. */
#define REPLY_MAX_STATUS (UINT64_C(64) * 1024)

/* The state of the search for a reply's end; zeroed: not begun. */
struct reply_scan {
    uint64_t limit; /* maximum size, checked as soon as a size is announced; 0: REPLY_MAX */
    size_t at;
    size_t announced; /* number of bytes known to be needed; 0: unknown */
    unsigned depth;
    uint64_t left[REPLY_DEPTH + 1]; /* elements that follow, at each depth below the top */
    const char *fault;              /* description of the error */
};

/* The maximum size of the reply to a command. */
uint64_t reply_limit(const rf_slice *argv, size_t argc);

/* `bytes` begin with the reply, and include the bytes of the previous call. RF_OK: the reply is complete, and
 * is the first scan->at bytes. RF_END: more bytes are needed. RF_E_TARGET: it is not a valid reply, see
 * scan->fault. */
rf_code reply_scan(struct reply_scan *scan, rf_slice bytes);

enum reply_kind { REPLY_STATUS, REPLY_ERROR, REPLY_NUMBER, REPLY_STRING, REPLY_NIL, REPLY_ARRAY };

struct reply {
    enum reply_kind kind;
    rf_slice text;  /* of a status, an error (without its type byte), a string */
    int64_t number; /* a number; for an array the number of elements that follow */
};

/* Takes the next element off a complete reply. */
struct reply reply_next(rf_slice *rest);

/* Skips the elements of an element just taken, if it is an array. */
void reply_skip(rf_slice *rest, struct reply head);

/* Whether the reply is an error that begins with this word. */
bool reply_is_error(struct reply reply, const char *code);

/* Whether the reply rejects a command as such, whatever its arguments: the server lacks it, a proxy does not
 * forward it, or the user may not run it. */
bool reply_refuses_command(struct reply reply);

/* Formats the reply's text for messages, truncated to fit; unprintable characters become '?'. */
void reply_text(struct reply reply, char *out, size_t size);

#endif
