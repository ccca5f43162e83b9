/* SPDX-License-Identifier: MIT */
/* Digests on several threads: the caller's thread fills batches of keys and delivers the results of the
 * oldest one. Keys that are not worth copying (strings, unless SHA-256 is requested, and values too large to
 * copy) are digested at once; if no keys are ahead of them, they are also delivered at once. */
#include "base/bytes.h"
#include "base/memory_limit.h"
#include "base/ordered.h"
#include "base/processors.h"
#include "digest/digest_batch.h"
#include <stdlib.h>

enum { THREADS_DEFAULT_MAX = 8, MEMORY_PER_THREAD = 8 * 1024 * 1024 };

struct job {
    struct digest_batch batch;
    rf_digester *digester;
};

struct rf_digest_pool {
    unsigned kinds;
    rf_digested_fn fn;
    void *ctx;
    rf_digester *digester; /* of keys that are digested at once */
    rf_notify notify;      /* of the reader whose keys are in the jobs */
    int64_t expired_until;
    struct ordered *ordered; /* NULL: one thread */
    struct job *jobs;
    size_t job_count;
};

static void digest_job(void *ctx, size_t number)
{
    rf_digest_pool *pool = ctx;
    digest_batch_run(&pool->jobs[number].batch, pool->jobs[number].digester);
}

/* --- delivering --------------------------------------------------------------------------------------- */

static rf_code hand_out(rf_digest_pool *pool, const struct digest_batch *batch,
                        const struct digest_batch_key *key, rf_error *error)
{
    rf_entry entry = digest_batch_entry(batch, key);
    if (key->noticed && pool->notify.fn)
        pool->notify.fn(pool->notify.ctx, &(rf_notice){.code = RF_NOTICE_STREAM_LENGTH,
                                                       .offset = (int64_t)key->value_offset,
                                                       .db = (int)entry.db,
                                                       .key = entry.key,
                                                       .detail = key->noticed});
    return pool->fn(pool->ctx, &entry, key->fault ? NULL : &key->digest, key->fault, error);
}

static rf_code hand_out_oldest(rf_digest_pool *pool, rf_error *error)
{
    struct digest_batch *batch = &pool->jobs[ordered_await(pool->ordered)].batch;
    rf_code code = RF_OK;
    for (size_t i = 0; i < batch->count && code == RF_OK; i++)
        code = hand_out(pool, batch, &batch->keys[i], error);
    digest_batch_clear(batch);
    ordered_take(pool->ordered);
    return code;
}

static struct job *job_filling(const rf_digest_pool *pool)
{
    return &pool->jobs[ordered_filling(pool->ordered)];
}

/* Submits the batch being filled; then another one is free. */
static rf_code send(rf_digest_pool *pool, rf_error *error)
{
    rf_digester_expired(job_filling(pool)->digester, pool->expired_until);
    ordered_submit(pool->ordered);
    return ordered_is_full(pool->ordered) ? hand_out_oldest(pool, error) : RF_OK;
}

/* --- putting in --------------------------------------------------------------------------------------- */

/* Hashes that need the reader's templates stay with the reader. An error in a copied value cannot end the
 * reader, so values are copied only for readers that resume after damage. */
static bool is_worth_a_copy(const rf_digest_pool *pool, const rf_entry *key)
{
    bool is_slow = key->type != RF_STRING || pool->kinds & RF_DIGEST_SHA256;
    return pool->ordered && key->value->resume && is_slow && value_is_complete(key->value);
}

static bool is_empty(const rf_digest_pool *pool)
{
    return !pool->ordered || (ordered_is_empty(pool->ordered) && job_filling(pool)->batch.count == 0);
}

/* Digests a key that has no others ahead of it. */
static rf_code digest_now(rf_digest_pool *pool, const rf_entry *key, rf_error *error)
{
    rf_key_digest digest;
    rf_error fault;
    rf_code code = rf_digest_key(pool->digester, key, &digest, &fault);
    return pool->fn(pool->ctx, key, code == RF_OK ? &digest : NULL, code == RF_OK ? NULL : &fault, error);
}

static rf_code digest_into(rf_digest_pool *pool, const rf_entry *key, struct digest_batch_key *into,
                           rf_error *error)
{
    into->digested = true;
    if (rf_digest_key(pool->digester, key, &into->digest, error) == RF_OK ||
        digest_batch_key_fail(into, error))
        return RF_OK;
    return fail(error, RF_E_MEMORY, "out of memory");
}

static rf_code add(rf_digest_pool *pool, struct digest_batch *batch, const rf_entry *key, rf_error *error)
{
    struct digest_batch_key *added = digest_batch_add(batch, key);
    bool taken = false;
    if (!added)
        return fail(error, RF_E_MEMORY, "out of memory for a key of %zu bytes", key->key.len);
    if (is_worth_a_copy(pool, key))
        TRY(digest_batch_take_value(batch, key->value, &taken, error));
    return taken ? RF_OK : digest_into(pool, key, added, error);
}

void rf_digest_pool_expired(rf_digest_pool *pool, int64_t until_ms)
{
    pool->expired_until = until_ms;
    rf_digester_expired(pool->digester, until_ms);
}

rf_code rf_digest_pool_put(rf_digest_pool *pool, rf_entry *key, rf_error *error)
{
    struct digest_batch *batch;
    if (is_empty(pool) && !is_worth_a_copy(pool, key))
        return digest_now(pool, key, error);
    batch = &job_filling(pool)->batch;
    pool->notify = *key->value->notify;
    TRY(add(pool, batch, key, error));
    return digest_batch_is_full(batch) ? send(pool, error) : RF_OK;
}

rf_code rf_digest_pool_drain(rf_digest_pool *pool, rf_error *error)
{
    if (is_empty(pool))
        return RF_OK;
    if (job_filling(pool)->batch.count > 0)
        TRY(send(pool, error));
    while (!ordered_is_empty(pool->ordered))
        TRY(hand_out_oldest(pool, error));
    return RF_OK;
}

/* --- opening and closing ------------------------------------------------------------------------------ */

static rf_code open_jobs(rf_digest_pool *pool, size_t threads, bool unique, rf_error *error)
{
    pool->jobs = calloc(ordered_jobs(threads), sizeof *pool->jobs);
    while (pool->jobs && pool->job_count < ordered_jobs(threads)) {
        struct job *job = &pool->jobs[pool->job_count];
        job->digester = rf_digester_new(pool->kinds, unique);
        if (!job->digester)
            break;
        pool->job_count++;
    }
    if (pool->job_count < ordered_jobs(threads))
        return fail(error, RF_E_MEMORY, "out of memory");
    return ordered_open(threads, digest_job, pool, &pool->ordered, error);
}

static rf_code set_up(rf_digest_pool *pool, bool unique, size_t threads, rf_error *error)
{
    pool->digester = rf_digester_new(pool->kinds, unique);
    if (!pool->digester)
        return fail(error, RF_E_MEMORY, "out of memory");
    return threads > 1 ? open_jobs(pool, threads, unique, error) : RF_OK;
}

/* A quarter of the memory is for them. */
static size_t default_threads(void)
{
    size_t processors = processors_available();
    size_t threads = processors < THREADS_DEFAULT_MAX ? processors : THREADS_DEFAULT_MAX;
    uint64_t allowed = memory_default().limit / 4 / MEMORY_PER_THREAD;
    return allowed < threads ? (size_t)allowed : threads;
}

rf_code rf_digest_pool_open(unsigned kinds, bool unique, size_t threads, rf_digested_fn fn, void *ctx,
                            rf_digest_pool **out, rf_error *error)
{
    rf_digest_pool *pool = calloc(1, sizeof *pool);
    rf_code code;
    *out = NULL;
    if (!pool)
        return fail(error, RF_E_MEMORY, "out of memory");
    pool->kinds = kinds;
    pool->fn = fn;
    pool->ctx = ctx;
    pool->expired_until = INT64_MIN;
    code = set_up(pool, unique, threads > 0 ? threads : default_threads(), error);
    if (code != RF_OK)
        rf_digest_pool_close(pool);
    else
        *out = pool;
    return code;
}

void rf_digest_pool_add_to(const rf_digest_pool *pool, rf_lthash *sum)
{
    rf_digester_add_to(pool->digester, sum);
    for (size_t i = 0; i < pool->job_count; i++)
        rf_digester_add_to(pool->jobs[i].digester, sum);
}

void rf_digest_pool_close(rf_digest_pool *pool)
{
    if (!pool)
        return;
    ordered_close(pool->ordered);
    for (size_t i = 0; i < pool->job_count; i++) {
        digest_batch_clear(&pool->jobs[i].batch);
        buffer_free(&pool->jobs[i].batch.bytes);
        rf_digester_free(pool->jobs[i].digester);
    }
    free(pool->jobs);
    rf_digester_free(pool->digester);
    free(pool);
}
