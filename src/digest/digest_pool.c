/* SPDX-License-Identifier: MIT */
/* Digests on several threads. Batches are arranged in a ring:
 *
 *      oldest                          filling
 *        | done | running | waiting | waiting | free ...
 *
 * The caller's thread fills batches and delivers the results of the oldest one. Instead of waiting for it, it
 * first processes a waiting batch itself. Keys that are not worth copying (strings, unless SHA-256 is
 * requested, and values too large to copy) are digested at once; if no keys are ahead of them, they are also
 * delivered at once. */
#include "base/bytes.h"
#include "base/processors.h"
#include "base/thread.h"
#include "digest/digest_batch.h"
#include <stdlib.h>

enum { WORKERS_MAX = 7 };

enum batch_state { BATCH_FREE, BATCH_WAITING, BATCH_RUNNING, BATCH_DONE };

struct job {
    struct digest_batch batch;
    enum batch_state state; /* under the lock */
};

struct worker {
    pthread_t thread;
    struct rf_digest_pool *pool;
    rf_digester *digester;
};

struct rf_digest_pool {
    unsigned kinds;
    rf_digested_fn fn;
    void *ctx;
    rf_digester *digester; /* of the caller's thread */
    rf_notify notify;      /* of the reader whose keys are in the ring */
    struct worker workers[WORKERS_MAX];
    size_t worker_count;
    struct job *ring;
    size_t size; /* capacity; a power of two */
    _Atomic int64_t expired_until;
    size_t oldest, filling; /* they increase without limit, see job_at() */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop;
};

static struct job *job_at(const rf_digest_pool *pool, size_t number)
{
    return &pool->ring[number & (pool->size - 1)];
}

/* --- workers ------------------------------------------------------------------------------------------ */

/* Requires the lock: the oldest waiting batch, now running; or NULL. */
static struct job *begin_waiting(rf_digest_pool *pool)
{
    for (size_t i = 0; i < pool->size; i++) {
        struct job *job = job_at(pool, pool->oldest + i);
        if (job->state == BATCH_WAITING) {
            job->state = BATCH_RUNNING;
            return job;
        }
    }
    return NULL;
}

/* Releases the lock while it runs. */
static void run(rf_digest_pool *pool, struct job *job, rf_digester *digester)
{
    pthread_mutex_unlock(&pool->lock);
    rf_digester_expired(digester, pool->expired_until);
    digest_batch_run(&job->batch, digester);
    pthread_mutex_lock(&pool->lock);
    job->state = BATCH_DONE;
    pthread_cond_broadcast(&pool->changed);
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    rf_digest_pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stop) {
        struct job *job = begin_waiting(pool);
        if (job)
            run(pool, job, worker->digester);
        else
            pthread_cond_wait(&pool->changed, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* --- delivering ------------------------------------------------------------------------------------- */

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

/* Waits for the oldest batch, processing others meanwhile. */
static void await_oldest(rf_digest_pool *pool, const struct job *oldest)
{
    pthread_mutex_lock(&pool->lock);
    while (oldest->state != BATCH_DONE) {
        struct job *job = begin_waiting(pool);
        if (job)
            run(pool, job, pool->digester);
        else
            pthread_cond_wait(&pool->changed, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
}

static rf_code hand_out_oldest(rf_digest_pool *pool, rf_error *error)
{
    struct job *oldest = job_at(pool, pool->oldest);
    rf_code code = RF_OK;
    await_oldest(pool, oldest);
    for (size_t i = 0; i < oldest->batch.count && code == RF_OK; i++)
        code = hand_out(pool, &oldest->batch, &oldest->batch.keys[i], error);
    digest_batch_clear(&oldest->batch);
    pthread_mutex_lock(&pool->lock);
    oldest->state = BATCH_FREE;
    pool->oldest++;
    pthread_mutex_unlock(&pool->lock);
    return code;
}

/* Submits the batch being filled; requires that the next one is free. */
static rf_code send(rf_digest_pool *pool, rf_error *error)
{
    pthread_mutex_lock(&pool->lock);
    job_at(pool, pool->filling++)->state = BATCH_WAITING;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    return pool->filling - pool->oldest == pool->size ? hand_out_oldest(pool, error) : RF_OK;
}

/* --- putting in --------------------------------------------------------------------------------------- */

/* Hashes that need the reader's templates stay with the reader. An error in a copied value cannot end the
 * reader, so values are copied only for readers that resume after damage. */
static bool is_worth_a_copy(const rf_digest_pool *pool, const rf_entry *key)
{
    bool is_slow = key->type != RF_STRING || pool->kinds & RF_DIGEST_SHA256;
    return pool->worker_count > 0 && key->value->resume && is_slow && value_is_complete(key->value);
}

static bool is_empty(const rf_digest_pool *pool)
{
    return pool->oldest == pool->filling && job_at(pool, pool->filling)->batch.count == 0;
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
    struct digest_batch *batch = &job_at(pool, pool->filling)->batch;
    if (is_empty(pool) && !is_worth_a_copy(pool, key))
        return digest_now(pool, key, error);
    pool->notify = *key->value->notify;
    TRY(add(pool, batch, key, error));
    return digest_batch_is_full(batch) ? send(pool, error) : RF_OK;
}

rf_code rf_digest_pool_drain(rf_digest_pool *pool, rf_error *error)
{
    if (job_at(pool, pool->filling)->batch.count > 0)
        TRY(send(pool, error));
    while (pool->oldest != pool->filling)
        TRY(hand_out_oldest(pool, error));
    return RF_OK;
}

/* --- opening and closing ---------------------------------------------------------------------------- */

/* One processor is left to the caller. */
static size_t workers_wanted(void)
{
    size_t processors = processors_available();
    return processors - 1 < WORKERS_MAX ? processors - 1 : WORKERS_MAX;
}

/* Two batches for each worker, one to fill, one to hand out; a power of two. */
static size_t ring_size(size_t workers)
{
    size_t size = 2;
    while (size < 2 * workers + 2)
        size *= 2;
    return size;
}

/* Continues with fewer if one cannot be started. */
static void start_workers(rf_digest_pool *pool, size_t wanted, bool unique)
{
    while (pool->worker_count < wanted) {
        struct worker *worker = &pool->workers[pool->worker_count];
        *worker = (struct worker){.pool = pool, .digester = rf_digester_new(pool->kinds, unique)};
        if (!worker->digester || thread_start(&worker->thread, work, worker) != 0) {
            rf_digester_free(worker->digester);
            break;
        }
        pool->worker_count++;
    }
}

rf_code rf_digest_pool_open(unsigned kinds, bool unique, rf_digested_fn fn, void *ctx, rf_digest_pool **out,
                            rf_error *error)
{
    rf_digest_pool *pool = calloc(1, sizeof *pool);
    size_t workers = workers_wanted();
    *out = NULL;
    if (!pool)
        return fail(error, RF_E_MEMORY, "out of memory");
    pool->kinds = kinds;
    pool->fn = fn;
    pool->ctx = ctx;
    pool->expired_until = INT64_MIN;
    pool->size = ring_size(workers);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pool->ring = calloc(pool->size, sizeof *pool->ring);
    pool->digester = rf_digester_new(kinds, unique);
    if (!pool->ring || !pool->digester) {
        rf_digest_pool_close(pool);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    start_workers(pool, workers, unique);
    *out = pool;
    return RF_OK;
}

void rf_digest_pool_add_to(const rf_digest_pool *pool, rf_lthash *sum)
{
    rf_digester_add_to(pool->digester, sum);
    for (size_t i = 0; i < pool->worker_count; i++)
        rf_digester_add_to(pool->workers[i].digester, sum);
}

static void stop_workers(rf_digest_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->worker_count; i++) {
        pthread_join(pool->workers[i].thread, NULL);
        rf_digester_free(pool->workers[i].digester);
    }
}

void rf_digest_pool_close(rf_digest_pool *pool)
{
    if (!pool)
        return;
    stop_workers(pool);
    for (size_t i = 0; pool->ring && i < pool->size; i++) {
        digest_batch_clear(&pool->ring[i].batch);
        buffer_free(&pool->ring[i].batch.bytes);
    }
    free(pool->ring);
    rf_digester_free(pool->digester);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}
