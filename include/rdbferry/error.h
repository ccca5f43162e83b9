/* SPDX-License-Identifier: MIT */
/* Errors are values.
 *
 * Every fallible function returns an rf_code and, unless that is RF_OK or RF_END, fills the
 * rf_error it was given, once, at the point of discovery. The library never prints and never
 * exits. Codes are pinned: they keep their numbers, and a family keeps its ten. */
#ifndef RDBFERRY_ERROR_H
#define RDBFERRY_ERROR_H

#include <rdbferry/api.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define RF_CODES(X)                                                                       \
    X(OK,            0, "ok")                                                             \
    X(END,           1, "no more entries")                                                \
    /* 10: the input cannot be read */                                                    \
    X(E_READ,       10, "the input cannot be read")                                       \
    X(E_TRUNCATED,  11, "the input ends too early")                                       \
    X(E_COMPRESSED, 12, "a compressed stream is damaged")                                 \
    /* 20: it can be read, and is not what it should be */                                \
    X(E_FORMAT,     20, "neither an RDB nor an AOF")                                      \
    X(E_UNSUPPORTED,21, "a version or a record this program does not read")               \
    X(E_CORRUPT,    22, "the input is corrupt")                                           \
    X(E_CHECKSUM,   23, "the checksum does not match")                                    \
    X(E_DUPLICATE,  24, "a key or a function library occurs twice")                       \
    /* 30: it is sound, and the output has no words for it */                             \
    X(E_UNSAYABLE,  30, "the target version has no way to say this")                      \
    X(E_COLLISION,  31, "two keys come out with one name")                                \
    /* 40: the output, a file or a live target */                                         \
    X(E_WRITE,      40, "the output cannot be written")                                   \
    X(E_EXISTS,     41, "the output is there already")                                    \
    X(E_TARGET,     43, "the target cannot be reached or refuses")                        \
    /* 50: the caller, or the machine */                                                  \
    X(E_MEMORY,     50, "out of memory")                                                  \
    X(E_ARGUMENT,   51, "an argument makes no sense")
/* clang-format on */

typedef enum rf_code {
#define RF_CODE_ENUM(name, number, text) RF_##name = (number),
    RF_CODES(RF_CODE_ENUM)
#undef RF_CODE_ENUM
} rf_code;

typedef struct rf_error {
    rf_code code;
    int64_t offset;      /* in the decoded stream, at what could not be read; -1: no such place */
    int64_t file_offset; /* the same place in the file as it lies on disk, to within one block where
                            the file is compressed; -1: no such place */
    int db;              /* the database of `key`; -1: none */
    char input[256];     /* the input's name, or empty */
    char key[128];       /* the key concerned, escaped and shortened; empty: none */
    char message[384];   /* what is wrong: lower case, no final stop */
} rf_error;

/* The general meaning of a code, as a static string. */
RF_API const char *rf_code_text(rf_code code);

/* Prints `error` as messages show it, without a newline:
 *     dump.rdb: offset 0x1a3: truncated listpack in key 'user:1' (db 0)
 * Returns the length it needs, as snprintf does. */
RF_API size_t rf_error_format(const rf_error *error, char *out, size_t size);

#endif
