/* SPDX-License-Identifier: MIT */
/* Digests of keys and of libraries, as rdbferry/digest.h defines them, and of all keys by SHA-256. */
#include "base/fail.h"
#include "digest/digest_key.h"
#include "digest/digester.h"
#include "rdb/value.h"
#include <stdio.h>
#include <stdlib.h>

/* --- a key ------------------------------------------------------------------------------------------- */

static struct digest_numbers numbers_of(const rf_entry *key)
{
    return (struct digest_numbers){key->type, key->db, key->expire_ms};
}

static void add_key_sha256(rf_digester *d, const rf_entry *key)
{
    const struct digest_numbers numbers = numbers_of(key);
    uint8_t record[DIGEST_NUMBERS + 3 * RF_SHA256_BYTES + 1];
    uint8_t *at = record + DIGEST_NUMBERS;
    struct hash hashes[] = {d->value, digest_hash(&d->how, key->key), digest_hash(&d->how, key->metadata)};
    size_t size = (key->metadata.len > 0 ? 3 : 2) * sizeof *hashes;
    digest_put_numbers(record, &numbers);
    memcpy(at, hashes, size);
    at[size] = 'N';
    struct hash item = digest_hash(&d->how, slice_of(record, DIGEST_NUMBERS + size + key->no_evict));
    lthash_add(d->how.sha, &d->keys, item.bytes);
}

static rf_code put_digest(rf_digester *d, const rf_entry *key, rf_key_digest *out, rf_error *error)
{
    const struct digest_numbers numbers = numbers_of(key);
    switch (d->kind) {
    case RF_DIGEST_PUBLISHED:
        out->value = d->sum;
        out->key = digest_key(&numbers, d->sum, key->key, key->no_evict);
        return RF_OK;
    case RF_DIGEST_KEYED:
        out->keyed = out->left = d->sum;
        digest_subtract(&out->left, d->expired_sum);
        out->expired = d->expired;
        out->expired_until = d->expired_until;
        return RF_OK;
    case RF_DIGEST_SHA256: add_key_sha256(d, key); break;
    }
    return d->how.sha->failed ? fail(error, RF_E_MEMORY, "OpenSSL cannot compute SHA-256") : RF_OK;
}

rf_code rf_digest_key(rf_digester *d, const rf_entry *key, rf_key_digest *out, rf_error *error)
{
    rf_code code = digester_put_value(d, key, error);
    if (UNLIKELY(code != RF_OK)) {
        error_at(error, (int64_t)key->offset, -1);
        return code;
    }
    *out = (rf_key_digest){.elements = d->elements,
                           .longest = d->longest,
                           .bytes = d->bytes,
                           .contradiction = key->value->contradiction};
    for (rf_digester *each = d; each; each = each->next)
        TRY(put_digest(each, key, out, error));
    return RF_OK;
}

/* --- other data ------------------------------------------------------------------------------------- */

static struct hash hash_library(const struct hashing *how, rf_slice code)
{
    uint8_t record[1 + RF_SHA256_BYTES] = {'F'};
    struct hash hash = digest_hash(how, code);
    memcpy(record + 1, hash.bytes, hash_size(how));
    return digest_hash(how, slice_of(record, 1 + hash_size(how)));
}

rf_digest rf_digest_library(rf_slice code)
{
    struct hash hash = hash_library(&(const struct hashing){0}, code);
    return digest_load(hash.bytes);
}

rf_digest rf_digest_keyed(rf_slice bytes)
{
    return hash_bytes(hash_secret(), bytes);
}

/* --- all keys by SHA-256 ------------------------------------------------------------------------------ */

void rf_digester_add_to(const rf_digester *d, rf_lthash *sum)
{
    for (; d; d = d->next)
        if (d->kind == RF_DIGEST_SHA256)
            lthash_join(sum, &d->keys);
}

void rf_digester_clear(rf_digester *d)
{
    for (; d; d = d->next)
        if (d->kind == RF_DIGEST_SHA256)
            d->keys = (rf_lthash){0};
}

static rf_code end_sha256(struct sha256 *sha, rf_error *error)
{
    bool failed = !sha || sha->failed;
    sha256_free(sha);
    return failed ? fail(error, RF_E_MEMORY, "OpenSSL cannot compute SHA-256") : RF_OK;
}

rf_code rf_lthash_add_library(rf_lthash *sum, rf_slice code, rf_error *error)
{
    const struct hashing how = {.sha = sha256_new()};
    if (how.sha) {
        struct hash item = hash_library(&how, code);
        lthash_add(how.sha, sum, item.bytes);
    }
    return end_sha256(how.sha, error);
}

rf_code rf_lthash_format(const rf_lthash *sum, char out[RF_SHA256_TEXT], rf_error *error)
{
    struct sha256 *sha = sha256_new();
    struct hash hash = {{0}};
    if (sha)
        lthash_end(sha, sum, hash.bytes);
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(out + 2 * i, 3, "%02x", hash.bytes[i]);
    return end_sha256(sha, error);
}

/* --- digesters ---------------------------------------------------------------------------------------- */

static rf_digester *new_of_kind(rf_digest_kind kind)
{
    rf_digester *d = aligned_alloc(_Alignof(rf_digester), sizeof *d);
    if (!d)
        return NULL;
    memset(d, 0, sizeof *d);
    d->kind = kind;
    d->expired_until = INT64_MIN;
    if (kind == RF_DIGEST_KEYED)
        d->how.secret = hash_secret();
    if (kind == RF_DIGEST_SHA256 && !(d->how.sha = sha256_new())) {
        free(d);
        return NULL;
    }
    d->ordered.how = d->element.how = d->how;
    return d;
}

rf_digester *rf_digester_new(unsigned kinds, bool unique)
{
    static const rf_digest_kind all[] = {RF_DIGEST_PUBLISHED, RF_DIGEST_KEYED, RF_DIGEST_SHA256};
    rf_digester *first = NULL, **end = &first;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!(kinds & all[i]))
            continue;
        *end = new_of_kind(all[i]);
        if (!*end) {
            rf_digester_free(first);
            return NULL;
        }
        end = &(*end)->next;
    }
    digester_set_visitor(first);
    first->visitor.unique = unique ? RF_UNIQUE_ALL : RF_UNIQUE_UNASKED;
    return first;
}

void rf_digester_expired(rf_digester *d, int64_t until_ms)
{
    for (; d; d = d->next)
        d->expired_until = until_ms;
}

void rf_digester_free(rf_digester *d)
{
    while (d) {
        rf_digester *next = d->next;
        sha256_free(d->how.sha);
        free(d);
        d = next;
    }
}

void rf_digest_format(rf_digest digest, char out[RF_DIGEST_TEXT])
{
    snprintf(out, RF_DIGEST_TEXT, "%016llx%016llx", (unsigned long long)digest.high,
             (unsigned long long)digest.low);
}
