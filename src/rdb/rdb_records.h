/* SPDX-License-Identifier: MIT */
/* Records that not only Dragonfly writes: the functions of opcodes.def, called after the opcode has been
 * read. */
#ifndef RDB_RDB_RECORDS_H
#define RDB_RDB_RECORDS_H

#include "rdb/rdb_reader.h"

rf_code read_select(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_expire_seconds(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_expire_ms(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_idle(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_freq(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_no_evict(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_key_metadata(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_aux(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_key_counts(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_function(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_module_aux(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_slot_info(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_slot_import(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_hash_template(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_foreign_number(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_keydb_cron(struct rdb_reader *r, rf_entry *entry, bool *ready);
rf_code read_end(struct rdb_reader *r, rf_entry *entry, bool *ready);

#endif
