/* SPDX-License-Identifier: MIT */
/* The parts that every RDB file is made of. */
#include "rdb_out.h"

#include "base/number.h"
#include "codec/crc64.h"
#include <errno.h>
#include <fcntl.h>
#include <liblzf/lzf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BUFFER_SIZE = 1 << 20 };

void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("rdbgen: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

/* --- the file --------------------------------------------------------------------------------------- */

static void write_all(struct rdb_out *out, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(out->fd, bytes, n);
        if (written < 0 && errno != EINTR)
            die("%s: %s", out->path, strerror(errno));
        if (written > 0) {
            bytes += written;
            n -= (size_t)written;
        }
    }
}

void out_flush(struct rdb_out *out)
{
    size_t n = (size_t)(out->pos - out->start);
    out->crc = crc64(out->crc, out->start, n);
    write_all(out, out->start, n);
    out->pos = out->start;
}

void out_bytes(struct rdb_out *out, const void *bytes, size_t n)
{
    if ((size_t)(out->end - out->pos) < n)
        out_flush(out);
    if (n > BUFFER_SIZE) {
        out->crc = crc64(out->crc, bytes, n);
        write_all(out, bytes, n);
    } else if (n > 0) {
        memcpy(out->pos, bytes, n);
        out->pos += n;
    }
}

void out_open(struct rdb_out *out, const char *path, rf_dialect dialect, int version)
{
    char magic[16];
    bool valkey = dialect == RF_VALKEY && version >= 80;
    snprintf(magic, sizeof magic, valkey ? "VALKEY%03d" : "REDIS%04d", version);

    *out = (struct rdb_out){.version = version, .path = path, .no_checksum = dialect == RF_DRAGONFLY};
    out->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (out->fd < 0)
        die("%s: %s", path, strerror(errno));
    out->start = out->pos = malloc(BUFFER_SIZE);
    if (!out->start)
        die("out of memory");
    out->end = out->start + BUFFER_SIZE;
    out_bytes(out, magic, 9);
}

void out_close(struct rdb_out *out)
{
    out_byte(out, OP_EOF);
    out_flush(out);
    if (out->version >= 5) {
        out_u64le(out, out->no_checksum ? 0 : out->crc);
        out_flush(out);
    }
    if (close(out->fd) != 0)
        die("%s: %s", out->path, strerror(errno));
    free(out->start);
}

/* --- numbers ---------------------------------------------------------------------------------------- */

void out_byte(struct rdb_out *out, uint8_t byte)
{
    out_bytes(out, &byte, 1);
}

void out_u32le(struct rdb_out *out, uint32_t x)
{
    uint8_t bytes[4];
    store_le32(bytes, x);
    out_bytes(out, bytes, sizeof bytes);
}

void out_u64le(struct rdb_out *out, uint64_t x)
{
    uint8_t bytes[8];
    store_le64(bytes, x);
    out_bytes(out, bytes, sizeof bytes);
}

void out_double(struct rdb_out *out, double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    out_u64le(out, bits);
}

void out_length_of_size(struct rdb_out *out, uint64_t n, int size)
{
    uint8_t bytes[9];
    switch (size) {
    case 1: bytes[0] = (uint8_t)n; break;
    case 2: store_be16(bytes, (uint16_t)(0x4000 | n)); break;
    case 5:
        bytes[0] = 0x80;
        store_be32(bytes + 1, (uint32_t)n);
        break;
    default: bytes[0] = 0x81; store_be64(bytes + 1, n);
    }
    out_bytes(out, bytes, (size_t)size);
}

void out_length(struct rdb_out *out, uint64_t n)
{
    out_length_of_size(out, n, n < 64 ? 1 : n < 16384 ? 2 : n <= UINT32_MAX ? 5 : 9);
}

/* --- strings ---------------------------------------------------------------------------------------- */

void out_plain_string(struct rdb_out *out, rf_slice s)
{
    out_length(out, s.len);
    out_bytes(out, s.ptr, s.len);
}

bool out_integer_string(struct rdb_out *out, rf_slice s)
{
    enum { INT8 = 0xc0, INT16, INT32 };
    uint8_t bytes[5];
    int64_t n;
    if (s.len > 11 || !number_parse_i64(s, &n) || n != (int32_t)n)
        return false;
    store_le32(bytes + 1, (uint32_t)n);
    if (n == (int8_t)n)
        bytes[0] = INT8;
    else
        bytes[0] = n == (int16_t)n ? INT16 : INT32;
    out_bytes(out, bytes, (size_t)1 + ((size_t)1 << (bytes[0] - INT8)));
    return true;
}

/* At least n bytes to compress to, kept from call to call. */
static uint8_t *scratch(size_t n)
{
    static uint8_t *memory;
    static size_t size;
    if (size < n) {
        memory = realloc(memory, n);
        if (!memory)
            die("out of memory");
        size = n;
    }
    return memory;
}

bool out_lzf_string(struct rdb_out *out, rf_slice s)
{
    enum { LZF = 0xc3 };
    if (s.len <= 20)
        return false;
    uint8_t *packed = scratch(s.len);
    unsigned n = lzf_compress(s.ptr, (unsigned)s.len, packed, (unsigned)s.len - 4);
    if (n == 0)
        return false;
    out_byte(out, LZF);
    out_length(out, n);
    out_length(out, s.len);
    out_bytes(out, packed, n);
    return true;
}

void out_string(struct rdb_out *out, rf_slice s)
{
    if (!out_integer_string(out, s) && !out_lzf_string(out, s))
        out_plain_string(out, s);
}

/* --- records ---------------------------------------------------------------------------------------- */

void out_aux(struct rdb_out *out, const char *name, const char *value)
{
    out_byte(out, OP_AUX);
    out_string(out, slice_of(name, strlen(name)));
    out_string(out, slice_of(value, strlen(value)));
}

void out_select(struct rdb_out *out, uint64_t db, uint64_t keys, uint64_t keys_with_ttl)
{
    out_byte(out, OP_SELECTDB);
    out_length(out, db);
    if (out->version >= 7) {
        out_byte(out, OP_RESIZEDB);
        out_length(out, keys);
        out_length(out, keys_with_ttl);
    }
}

void out_expire_ms(struct rdb_out *out, int64_t ms)
{
    out_byte(out, OP_EXPIRETIME_MS);
    out_u64le(out, (uint64_t)ms);
}
