/* SPDX-License-Identifier: MIT */
/* Records that only Dragonfly writes: the functions of opcodes.def, called after the opcode has been read. */
#ifndef RDB_DRAGONFLY_H
#define RDB_DRAGONFLY_H

#include "rdb/rdb_reader.h"

rf_code read_bloom_filter(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_bloom_filter_in_pieces(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_count_min_sketch(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_top_k(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_cuckoo_filter(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_zstd_block(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_lz4_block(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_chunk(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_key_flags(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_vector_index(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_document_index(struct rdb_reader *r, rf_entry *entry, bool *ready);

/* Goes on with the input, after the value of r->chunked. */
rf_code dragonfly_leave_chunks(struct rdb_reader *r);

#endif
