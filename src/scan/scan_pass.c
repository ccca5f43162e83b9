/* SPDX-License-Identifier: MIT */
/* A pass over all keys: requests them page by page, and compares the replies with the copy. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "rdb/rdb_format.h"
#include "rdb/rdb_header.h"
#include "scan/internal.h"
#include <stdio.h>

enum {
    FOOTER_SIZE = 10,          /* of a DUMP payload: version and checksum */
    SIZE_UNKNOWN = 512 * 1024, /* values whose size is not known: 16 at a time */
    KEY_OVERHEAD = 64,         /* of the replies */
};

/* --- a value ------------------------------------------------------------------------------------------- */

static rf_code check_version(rf_scan *scan, const struct dump_payload *payload, rf_error *error)
{
    int version = payload->version, newest = rdb_newest_version(payload->dialect);
    bool unrelated = version > RDB_LAST_COMMON && scan->rdb_version > RDB_LAST_COMMON;
    if (version > newest)
        return fail(error, RF_E_UNSUPPORTED,
                    "DUMP payload of a newer server than this program knows (RDB version %d; known up to %d)",
                    version, newest);
    if (unrelated && payload->dialect != scan->dialect)
        return fail(error, RF_E_UNSUPPORTED,
                    "DUMP payloads of both Redis (after 7.2) and Valkey (after 8.1)");
    if (version <= scan->rdb_version)
        return RF_OK;
    scan->rdb_version = version;
    scan->dialect = payload->dialect;
    return RF_OK;
}

static rf_code store_payload(rf_scan *scan, const rf_key_record *asked, rf_slice bytes, const char *name,
                             rf_error *error)
{
    struct dump_payload payload;
    rf_entry entry;
    TRY(dump_payload_open(&payload, bytes, asked->db, asked->key, name, &entry, error));
    rf_code code = check_version(scan, &payload, error);
    if (code == RF_OK)
        code = scan_store_put(&scan->store, &entry, &scan->dump.record, error);
    if (code == RF_OK)
        code = dump_payload_finish(&payload, error);
    dump_payload_close(&payload);
    return code;
}

static rf_code on_payload(void *ctx, const rf_key_record *asked, rf_slice bytes, const char *name,
                          rf_error *error)
{
    rf_scan *scan = ctx;
    size_t footer = bytes.len < FOOTER_SIZE ? bytes.len : FOOTER_SIZE;
    const struct scan_key *key = scan_keys_find(&scan->keys, asked->db, rf_digest_keyed(asked->key));
    rf_digest value = rf_digest_keyed(slice_of(bytes.ptr, bytes.len - footer));
    bool equal = key && key->pass > 0 && value.low == key->value.low && value.high == key->value.high;
    scan->dump = (struct scan_dump){.value = value, .stored = !equal};
    scan->pass.bytes += bytes.len;
    rf_code code = equal ? RF_OK : store_payload(scan, asked, bytes, name, error);
    if (code != RF_OK)
        error_key(error, asked->db, asked->key);
    return code;
}

/* --- a key --------------------------------------------------------------------------------------------- */

static int64_t server_now_ms(const rf_scan *scan)
{
    return (clock_unix_us() + scan->live->map.primaries.ahead_us) / 1000;
}

static void remove_key(rf_scan *scan, struct scan_key *key)
{
    bool expired = key->expire_ms != RF_NO_EXPIRY && key->expire_ms <= server_now_ms(scan);
    key->pass = 0;
    scan->pass.keys--;
    if (expired)
        scan->pass.expired++;
    else
        scan->pass.removed++;
}

/* By PTTL an expiry is at most too late: the earlier one of two that may be the same is the better one. */
static bool set_expiry(const rf_scan *scan, struct scan_key *key, int64_t expire_ms)
{
    int64_t before = key->expire_ms, apart = expire_ms > before ? expire_ms - before : before - expire_ms;
    bool comparable = before != RF_NO_EXPIRY && expire_ms != RF_NO_EXPIRY;
    bool same = expire_ms == before ||
                (comparable && !live_knows_expire_time(scan->live) && apart <= PTTL_SLACK_MS);
    if (!same || expire_ms < before)
        key->expire_ms = expire_ms;
    return !same;
}

static rf_code on_done(void *ctx, const rf_key_record *asked, bool missing, const rf_key_record *found,
                       rf_error *error)
{
    rf_scan *scan = ctx;
    const struct scan_dump *dump = &scan->dump;
    rf_digest name = rf_digest_keyed(asked->key);
    struct scan_key *key = scan_keys_find(&scan->keys, asked->db, name);
    bool known = key && key->pass > 0;
    if (missing && known)
        remove_key(scan, key);
    if (missing)
        return RF_OK;
    if (!key)
        TRY(scan_keys_add(&scan->keys, asked->db, name, &key, error));
    bool changed = set_expiry(scan, key, found->expire_ms) || dump->stored ||
                   key->no_evict != found->no_evict;
    key->no_evict = found->no_evict;
    if (dump->stored) {
        key->value = dump->value;
        key->offset = dump->record.offset;
        key->length = dump->record.length;
        key->name_at = dump->record.name_at;
    }
    key->pass = (uint16_t)scan->pass.number;
    scan->pass.keys += !known;
    scan->pass.added += !known;
    scan->pass.changed += known && changed;
    return RF_OK;
}

/* A size, which is followed by the name. */
static rf_code on_size(void *ctx, const rf_key_record *asked, bool missing, int64_t size, rf_error *error)
{
    rf_scan *scan = ctx;
    uint64_t expected = size == RF_UNKNOWN ? SIZE_UNKNOWN : (uint64_t)size;
    if (missing)
        return RF_OK;
    bool added = key_page_add(&scan->sized, slice_of(&expected, sizeof expected)) &&
                 key_page_add(&scan->sized, asked->key);
    return added ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

void scan_pass_init(rf_scan *scan)
{
    scan->capture = (struct live_capture){on_payload, on_done, on_size, scan};
}

/* --- a page -------------------------------------------------------------------------------------------- */

static rf_code request(rf_scan *scan, int64_t db, rf_slice key, uint64_t size, rf_error *error)
{
    return live_query_key(scan->live, QUERY_KEY, db, key, size + KEY_OVERHEAD, error);
}

static rf_code request_name(rf_scan *scan, int64_t db, rf_slice name, rf_error *error)
{
    const struct scan_key *key = scan_keys_find(&scan->keys, db, rf_digest_keyed(name));
    if (key && key->pass == scan->pass.number)
        return RF_OK;
    if (key && key->pass > 0)
        return request(scan, db, name, key->length, error);
    return scan->sizes ? live_query_key(scan->live, QUERY_SIZE, db, name, KEY_OVERHEAD, error)
                       : request(scan, db, name, SIZE_UNKNOWN, error);
}

static rf_code request_sized(rf_scan *scan, int64_t db, rf_error *error)
{
    rf_slice rest = buffer_slice(&scan->sized.bytes), size, name;
    while (key_page_next(&rest, &size) && key_page_next(&rest, &name)) {
        uint64_t expected;
        memcpy(&expected, size.ptr, sizeof expected);
        TRY(request(scan, db, name, expected, error));
    }
    return RF_OK;
}

static rf_code limit_rate(const rf_scan *scan, rf_error *error)
{
    if (scan->options.rate == 0)
        return RF_OK;
    double due_ms = 1000.0 * (double)scan->pass.bytes / (double)scan->options.rate;
    int64_t left_ms = scan->started_ms + (int64_t)due_ms - clock_monotonic_ms();
    return left_ms > 0 ? waiting_pause(&scan->live->target->wait, left_ms, error) : RF_OK;
}

static rf_code on_page(void *ctx, struct live_conn *node, int64_t db, const struct key_page *page,
                       rf_error *error)
{
    rf_scan *scan = ctx;
    (void)node;
    scan->sized.bytes.len = 0;
    for (rf_slice rest = buffer_slice(&page->bytes), name; key_page_next(&rest, &name);)
        TRY(request_name(scan, db, name, error));
    TRY(live_settle(scan->live, error));
    TRY(request_sized(scan, db, error));
    return limit_rate(scan, error);
}

/* --- the pass ------------------------------------------------------------------------------------------ */

/* Keys that were not found have been removed, or moved to a node that had been scanned. */
static rf_code request_unseen(rf_scan *scan, rf_error *error)
{
    struct buffer name = {0};
    rf_code code = scan_store_flush(&scan->store, error);
    for (uint64_t i = 0; i < scan->keys.count && code == RF_OK; i++) {
        const struct scan_key *key = scan_keys_at(&scan->keys, i);
        const struct scan_record record = {key->offset, key->length, key->name_at};
        if (key->pass == 0 || key->pass == scan->pass.number)
            continue;
        code = scan_store_name(&scan->store, &record, &name, error);
        if (code == RF_OK)
            code = request(scan, key->db, buffer_slice(&name), key->length, error);
    }
    buffer_free(&name);
    return code == RF_OK ? live_settle(scan->live, error) : code;
}

rf_code scan_pass_run(rf_scan *scan, rf_error *error)
{
    char count[16];
    uint64_t moves = scan->live->map.moves;
    const struct live_pages pages = {count, on_page, scan};
    snprintf(count, sizeof count, "%u", scan->options.count ? scan->options.count : RF_SCAN_COUNT);
    scan->pass = (rf_scan_pass){.number = scan->pass.number + 1, .keys = scan->pass.keys};
    scan->started_ms = clock_monotonic_ms();
    scan->saved_at_ms = server_now_ms(scan);
    TRY(scan_load_libraries(scan, &scan->pass.libraries, error));
    TRY(live_scan_pages(scan->live, &pages, error));
    TRY(live_settle(scan->live, error));
    TRY(request_unseen(scan, error));
    TRY(live_find_moves(scan->live, &moves, &scan->pass.moved, error));
    return scan_store_flush(&scan->store, error);
}
