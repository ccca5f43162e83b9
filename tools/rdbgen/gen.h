/* SPDX-License-Identifier: MIT */
/* Writing a content in the layout of a type byte: one function for each layout. Lengths and strings take
 * any of their forms, at random. Those of packed zsets and of hashes with TTL sort the items first, as the
 * layout demands. */
#ifndef RDBGEN_GEN_H
#define RDBGEN_GEN_H

#include "content.h"

/* --- types.c ------------------------------------------------------------------- */

/* Type, key and value: any that the version has. Without a name it makes one up. */
void gen_any_key(struct types *types, rf_slice name);

/* Any record but a key, or what may come before one. */
void gen_any_record(struct types *types);

/* --- gen_plain.c --------------------------------------------------------------- */

void gen_length(struct types *types, uint64_t n);
void gen_string(struct types *types, rf_slice s);
void gen_plain_string(struct types *types, rf_slice s); /* as it is, and never damaged */

void gen_string_value(struct types *types, const struct content *content);
void gen_strings(struct types *types, const struct content *content); /* a list or a set */
void gen_zset_text(struct types *types, const struct content *content);
void gen_zset(struct types *types, const struct content *content);
void gen_hash(struct types *types, const struct content *content);
void gen_hash_ttl_prerelease(struct types *types, const struct content *content);
void gen_hash_ttl(struct types *types, const struct content *content);
void gen_set_ttl(struct types *types, const struct content *content);
void gen_hash_ttl_valkey(struct types *types, const struct content *content);

/* Servers write a score like this; also what JSON says. `text` has SCORE_TEXT_MAX bytes. */
enum { SCORE_TEXT_MAX = 40 };
rf_slice score_text(double score, char *text);

/* The smallest expiry of a field, 0 if there is none. */
int64_t smallest_expiry(const struct content *content);

/* --- gen_packed.c --------------------------------------------------------------- */

/* Compressed where the variant wants it. */
void gen_blob(struct types *types, rf_slice blob);

void gen_zipmap(struct types *types, const struct content *content);
void gen_intset(struct types *types, const struct content *content);
void gen_list_ziplist(struct types *types, const struct content *content);
void gen_hash_ziplist(struct types *types, const struct content *content);
void gen_zset_ziplist(struct types *types, const struct content *content);
void gen_set_listpack(struct types *types, const struct content *content);
void gen_hash_listpack(struct types *types, const struct content *content);
void gen_zset_listpack(struct types *types, const struct content *content);
void gen_hash_listpack_ttl_prerelease(struct types *types, const struct content *content);
void gen_hash_listpack_ttl(struct types *types, const struct content *content);
void gen_set_listpack_ttl(struct types *types, const struct content *content);
void gen_quicklist_ziplist(struct types *types, const struct content *content);
void gen_quicklist(struct types *types, const struct content *content);

/* --- gen_stream.c --------------------------------------------------------------- */

void gen_stream(struct types *types, const struct content *content); /* as the present type does */

/* --- gen_dragonfly.c ------------------------------------------------------------ */

void gen_hash_seconds(struct types *types, const struct content *content);
void gen_set_seconds(struct types *types, const struct content *content);
void gen_sketches(struct types *types); /* keys of the types that are skipped */
void gen_indexes(struct types *types);
void gen_key_flags(struct types *types);

/* What has been written from `start` on, counted from the last flush, becomes a chunk, or a compressed block.
 */
void gen_chunk_of(struct types *types, size_t start);
void gen_block_of(struct types *types, size_t start);

/* --- gen_new.c ------------------------------------------------------------------ */

void gen_path_hash(struct types *types, const struct content *content);
void gen_array(struct types *types, const struct content *content);
void gen_template_listpack(struct types *types, const struct content *content);
void gen_template_hash(struct types *types, const struct content *content);
void gen_module(struct types *types, const struct content *content);
void gen_vector_set(struct types *types, const struct content *content);

void gen_templates(struct types *types);            /* HASH_TEMPLATE records */
void gen_module_aux(struct types *types, int when); /* 1: before the keys, 2: after them */
void gen_key_meta(struct types *types);

#endif
