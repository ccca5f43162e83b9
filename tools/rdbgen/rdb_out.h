/* SPDX-License-Identifier: MIT */
/* Writing an RDB file: a buffer in front of a file, the checksum kept on the way.
 *
 * Every function ends the program with a message where it cannot do its work: this is a tool, and half
 * a generated file is of no use. */
#ifndef RDBGEN_RDB_OUT_H
#define RDBGEN_RDB_OUT_H

#include "base/bytes.h"
#include <rdbferry/version.h>
#include <stddef.h>
#include <stdint.h>

enum rdb_opcode {
    OP_NO_EVICT = 241,
    OP_HASH_TEMPLATE = 242,
    OP_KEY_META = 243,    /* Redis */
    OP_SLOT_IMPORT = 243, /* Valkey */
    OP_SLOT_INFO = 244,
    OP_FUNCTION2 = 245,
    OP_MODULE_AUX = 247,
    OP_IDLE = 248,
    OP_FREQ = 249,
    OP_AUX = 250,
    OP_RESIZEDB = 251,
    OP_EXPIRETIME_MS = 252,
    OP_EXPIRETIME = 253,
    OP_SELECTDB = 254,
    OP_EOF = 255,
};

struct rdb_out {
    int fd, version;
    const char *path;
    uint64_t crc; /* of what has been handed to the file */
    bool no_checksum;
    uint8_t *start, *pos, *end;
};

/* Prints "rdbgen: ..." and ends the program. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Creates the file and writes its first nine bytes. */
void out_open(struct rdb_out *out, const char *path, rf_dialect dialect, int version);

/* Writes the end of the file, the checksum too where the version has one. */
void out_close(struct rdb_out *out);

void out_flush(struct rdb_out *out);
void out_bytes(struct rdb_out *out, const void *bytes, size_t n);
void out_byte(struct rdb_out *out, uint8_t byte);
void out_u32le(struct rdb_out *out, uint32_t x);
void out_u64le(struct rdb_out *out, uint64_t x);
void out_double(struct rdb_out *out, double d);

/* A length in the shortest form, or in a longer one than it needs: 1, 2, 5 or 9 bytes. */
void out_length(struct rdb_out *out, uint64_t n);
void out_length_of_size(struct rdb_out *out, uint64_t n, int size);

/* A string as servers write it: as an integer if it is one of 32 bits, compressed if that saves at
 * least four bytes, or else as it is. The other three insist on one form; the two that cannot always
 * be had return false and have then written nothing. */
void out_string(struct rdb_out *out, rf_slice s);
void out_plain_string(struct rdb_out *out, rf_slice s);
bool out_integer_string(struct rdb_out *out, rf_slice s);
bool out_lzf_string(struct rdb_out *out, rf_slice s);

void out_aux(struct rdb_out *out, const char *name, const char *value);
void out_select(struct rdb_out *out, uint64_t db, uint64_t keys, uint64_t keys_with_ttl);
void out_expire_ms(struct rdb_out *out, int64_t ms);

#endif
