/* SPDX-License-Identifier: MIT */
/* The envelope in which Valkey 9.2 and newer compress a whole RDB:
 *
 *     "VCS"  version 1  codec  0  kind   one lz4 or zstd frame
 *
 * The RDB in it has a checksum of zero: that of the frame replaces it. (Valkey src/compression_stream.h) */
#ifndef IO_VCS_H
#define IO_VCS_H

enum {
    VCS_SIZE = 7,
    VCS_VERSION_AT = 3,
    VCS_CODEC_AT = 4,
    VCS_RESERVED_AT = 5,
    VCS_KIND_AT = 6,
    VCS_VERSION = 1,
    VCS_LZ4 = 1,
    VCS_ZSTD = 2,
    VCS_RDB = 1,
};

#define VCS_MAGIC "VCS"

#endif
