/* SPDX-License-Identifier: MIT */
/* Replies (RESP2) in a run of bytes that grows as they arrive. No I/O.
 *
 *   "+" status CRLF   "-" error CRLF   ":" number CRLF   "$" length CRLF bytes CRLF   "$-1" CRLF
 *   "*" count CRLF, then so many replies   "*-1" CRLF
 *
 * In two steps: reply_scan() finds where a reply ends, and that everything in it is as it should be; then
 * reply_take() walks over its elements, which cannot fail any more. An array is its head, and behind it its
 * elements: there is no tree, and nothing is allocated. */
#ifndef NET_REPLY_H
#define NET_REPLY_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    REPLY_DEPTH = 16,           /* arrays in arrays, at most */
    REPLY_LINE_MAX = 16 * 1024, /* bytes of a line */
};

/* Bytes of a whole reply: the largest value there is, and what announces it. */
#define REPLY_MAX ((UINT64_C(1) << 32) + REPLY_LINE_MAX)

/* Bytes of a reply that says no more than that something was done, or why not. */
#define REPLY_MAX_STATUS (UINT64_C(64) * 1024)

/* How far the search for a reply's end has come; zeroed: not begun. */
struct reply_scan {
    uint64_t limit; /* bytes of the whole reply, checked as soon as they are announced; 0: REPLY_MAX */
    size_t at;
    size_t announced; /* bytes that are known to be needed; 0: not known */
    unsigned depth;
    uint64_t left[REPLY_DEPTH + 1]; /* elements still to come, at each depth below the top */
    const char *fault;              /* what is wrong */
};

/* Bytes that the reply to a command may have. */
uint64_t reply_limit(const rf_slice *argv, size_t argc);

/* `bytes` begin with the reply, and with what was there at the call before. RF_OK: the reply is whole, and is
 * the first scan->at of them. RF_END: there must be more. RF_E_TARGET: this is no reply, and scan->fault says
 * why. */
rf_code reply_scan(struct reply_scan *scan, rf_slice bytes);

enum reply_kind { REPLY_STATUS, REPLY_ERROR, REPLY_NUMBER, REPLY_STRING, REPLY_NIL, REPLY_ARRAY };

struct reply {
    enum reply_kind kind;
    rf_slice text;  /* of a status, an error (without the mark), a string */
    int64_t number; /* a number; of an array how many elements come behind it */
};

/* Takes the next element off the front of a reply that is whole. */
struct reply reply_take(rf_slice *rest);

/* Takes off all that belongs to an element just taken: nothing, unless it is an array. */
void reply_pass(rf_slice *rest, struct reply head);

/* True for an error reply that begins with this word. */
bool reply_is_error(struct reply reply, const char *code);

/* The reply's text as messages show it, cut to fit; what is not printable comes out as '?'. */
void reply_text(struct reply reply, char *out, size_t size);

#endif
