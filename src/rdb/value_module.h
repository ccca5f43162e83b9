/* SPDX-License-Identifier: MIT */
/* Values and records of modules: a name, and items that only the module can interpret. */
#ifndef RDB_VALUE_MODULE_H
#define RDB_VALUE_MODULE_H

#include "rdb/walk.h"

/* Skips (opcode, value) pairs up to the closing 0. */
rf_code module_skip_items(struct window *w);
/* Skips a KEY_META record, after its opcode. */
rf_code module_skip_key_metadata(struct window *w);
/* The nine letters of a module ID, NUL-terminated. */
void module_name(uint64_t id, char name[10]);
/* "auxiliary data of module 'graphdata'", for messages about such an entry. */
enum { MODULE_AUX_TEXT = 64 };
const char *module_aux_text(const rf_entry *entry, char text[MODULE_AUX_TEXT]);
/* False for a value of a module that is built into the server that wrote it, but not into `target`; any
 * server may have modules that are installed by users, but Dragonfly, which skips all values but JSON. */
bool value_module_fits(const struct rf_value *value, rf_server target, const char name[10]);
/* What does not fit, for messages. */
const char *value_module_lacking(rf_server target);

#endif
