/* SPDX-License-Identifier: MIT */
/* Errors are values.
 *
 * Every function that can fail returns an rf_code and, unless that is RF_OK or RF_END, fills the given
 * rf_error once, at the point of discovery. The library never prints and never exits. Codes are stable: they
 * keep their numbers, and each family of ten keeps its meaning. */
#ifndef RDBFERRY_ERROR_H
#define RDBFERRY_ERROR_H

#include <rdbferry/api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define RF_CODES(X)                                                                       \
    X(OK,            0, "ok")                                                             \
    X(END,           1, "no more entries")                                                \
    /* 10: the input cannot be read */                                                    \
    X(E_READ,       10, "cannot read the input")                                          \
    X(E_TRUNCATED,  11, "the input is truncated")                                         \
    X(E_COMPRESSED, 12, "corrupt compressed data")                                        \
    /* 20: the input can be read, but is invalid */                                       \
    X(E_FORMAT,     20, "not an RDB or AOF")                                              \
    X(E_UNSUPPORTED,21, "unsupported version or record")                                  \
    X(E_CORRUPT,    22, "the input is corrupt")                                           \
    X(E_CHECKSUM,   23, "checksum mismatch")                                              \
    X(E_DUPLICATE,  24, "duplicate key or function library")                              \
    /* 30: the input is valid, but cannot be represented in the output */                 \
    X(E_INCOMPATIBLE,  30, "not supported by the target version")                            \
    X(E_COLLISION,  31, "two keys map to the same name")                                  \
    /* 40: the output, a file or a live target */                                         \
    X(E_WRITE,      40, "cannot write the output")                                        \
    X(E_EXISTS,     41, "output already exists")                                          \
    X(E_TARGET,     43, "the target rejects the request")                                 \
    X(E_UNAVAILABLE,44, "the target is not available")                                    \
    /* 50: the caller or the system */                                                    \
    X(E_MEMORY,     50, "out of memory")                                                  \
    X(E_ARGUMENT,   51, "invalid argument")
/* clang-format on */

typedef enum rf_code {
#define RF_CODE_ENUM(name, number, text) RF_##name = (number),
    RF_CODES(RF_CODE_ENUM)
#undef RF_CODE_ENUM
} rf_code;

typedef struct rf_error {
    rf_code code;
    int64_t offset;      /* in the decoded stream, where reading failed; -1: none */
    int64_t file_offset; /* the same position in the file on disk, to within one block if the file is
                            compressed; -1: none */
    int db;              /* the database of `key`; -1: none */
    char input[256];     /* the input's name, or empty */
    char key[128];       /* the key concerned, escaped and shortened; empty: none */
    char message[384];   /* what is wrong: lower case, no final period */
} rf_error;

/* Whether the input is to blame: it cannot be read, or is invalid. */
RF_API bool rf_code_is_input(rf_code code);

/* Whether a live target is to blame: RF_E_TARGET, which another attempt does not change, or RF_E_UNAVAILABLE:
 * it cannot be reached, the connection was lost, or it answers that it cannot serve now. */
RF_API bool rf_code_is_target(rf_code code);

/* The general meaning of a code, a static string. */
RF_API const char *rf_code_text(rf_code code);

/* Prints `error` in the form used in messages, without a newline:
 *
 *     dump.rdb: offset 0x1a3: truncated listpack in key 'user:1' (db 0)
 *
 * Returns the required length, as snprintf does. */
RF_API size_t rf_error_format(const rf_error *error, char *out, size_t size);

#endif
