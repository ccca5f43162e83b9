/* SPDX-License-Identifier: MIT */
/* A pipeline against a model: whatever is encoded, ended, taken back, sent, answered and released, and in
 * which order, what arrives is what was ended, and what is kept is what was encoded. */
#include "base/bytes.h"
#include "replay/pipeline.h"
#include "support/exact.h"
#include "support/scratch.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

TestSuite(replay_pipeline, .timeout = 120);

enum { MODEL_REQUESTS = 1 << 15, BIG = 600 * 1024 };

struct model {
    struct pipeline pipeline; /* comes first */
    struct scratch scratch;
    rf_target target;
    int listener, peer;
    struct buffer ended, arrived; /* since the connection was opened */
    struct {
        size_t start, end; /* in `ended` */
        unsigned replies;
    } * requests;          /* MODEL_REQUESTS */
    uint64_t tail, answer; /* numbers of requests */
    unsigned given;        /* replies to the request that is next */
    uint64_t streamed, told;
    enum reply_kind expected;
    bool streaming;
    uint64_t random;
};

static uint64_t roll(struct model *m, uint64_t n)
{
    return next_random(&m->random) % n;
}

/* --- what arrives --------------------------------------------------------------------------------------- */

static void arrive(struct model *m, size_t most)
{
    size_t before = m->arrived.len;
    cr_assert(buffer_reserve(&m->arrived, most));
    ssize_t n = recv(m->peer, m->arrived.data + before, most, MSG_DONTWAIT);
    m->arrived.len += n > 0 ? (size_t)n : 0;
    cr_assert_leq(m->arrived.len, m->ended.len);
    if (n > 0)
        cr_assert(memcmp(m->arrived.data + before, m->ended.data + before, (size_t)n) == 0,
                  "other bytes from %zu on", before);
}

static void send_some(struct model *m, uint64_t most)
{
    rf_error error;
    uint64_t n, unsent = pipeline_unsent(&m->pipeline), again = m->pipeline.blocked;
    cr_assert_eq(pipeline_send(&m->pipeline, most, &n, &error), RF_OK, "%s", error.message);
    cr_assert_leq(n, most > again ? most : again);
    cr_assert_eq(pipeline_unsent(&m->pipeline), unsent - n);
}

static void send_all(struct model *m)
{
    while (pipeline_unsent(&m->pipeline) > 0) {
        send_some(m, UINT64_MAX);
        arrive(m, 1 << 20);
    }
    while (m->arrived.len < m->ended.len)
        arrive(m, 1 << 20);
}

/* --- what is told --------------------------------------------------------------------------------------- */

/* An array comes with its elements. */
static void on_reply(struct pipeline *pipeline, struct request *request, struct reply reply, rf_slice rest)
{
    struct model *m = (struct model *)pipeline;
    if (reply.kind == REPLY_ARRAY)
        reply_skip(&rest, reply);
    cr_assert_eq(rest.len, 0);
    cr_assert_not(m->streaming);
    cr_assert_eq(request->seq, m->answer, "the reply is another request's");
    cr_assert_eq(reply.kind, m->expected);
    m->told++;
    if (++m->given < m->requests[m->answer].replies) {
        cr_assert_eq(request->replies, m->requests[m->answer].replies - m->given);
        return;
    }
    cr_assert_eq(request->replies, 0);
    cr_assert_eq(pipeline->answer, ++m->answer);
    m->given = 0;
}

static void on_stream_reply(struct pipeline *pipeline, struct reply reply, rf_slice rest)
{
    struct model *m = (struct model *)pipeline;
    (void)rest;
    cr_assert(m->streaming);
    cr_assert_eq(reply.kind, m->expected);
    m->told++;
}

static void on_block(struct pipeline *pipeline)
{
    struct model *m = (struct model *)pipeline;
    cr_assert(m->streaming);
    m->streamed++;
    if (!pipeline->lost)
        send_some(m, UINT64_MAX);
    arrive(m, 1 << 20);
}

static const struct pipeline_listener listener = {on_reply, on_stream_reply, on_block};

/* In pieces: only with the last one it is told. */
static void answer_one(struct model *m, size_t piece)
{
    static const struct {
        const char *text;
        enum reply_kind kind;
    } replies[] = {
        {"+OK\r\n", REPLY_STATUS},
        {":1\r\n", REPLY_NUMBER},
        {":0\r\n", REPLY_NUMBER},
        {"$-1\r\n", REPLY_NIL},
        {"+OKAY\r\n", REPLY_STATUS},
        {":11\r\n", REPLY_NUMBER},
        {"-ERR no\r\n", REPLY_ERROR},
        {"$5\r\nhello\r\n", REPLY_STRING},
        {"$0\r\n\r\n", REPLY_STRING},
        {"*2\r\n$1\r\na\r\n:5\r\n", REPLY_ARRAY},
        {"*1\r\n*1\r\n+x\r\n", REPLY_ARRAY},
    };
    size_t choice = roll(m, sizeof replies / sizeof *replies), length = strlen(replies[choice].text);
    rf_error error;
    m->expected = replies[choice].kind;
    for (size_t at = 0; at < length; at += piece) {
        size_t n = length - at < piece ? length - at : piece;
        uint64_t told = m->told;
        cr_assert_eq(send(m->peer, replies[choice].text + at, n, MSG_NOSIGNAL), (ssize_t)n);
        cr_assert_eq(pipeline_receive(&m->pipeline, &error), RF_OK, "%s", error.message);
        cr_assert_eq(m->told, told + (at + n == length));
    }
}

static bool can_be_answered(const struct model *m)
{
    return m->answer < m->tail && m->arrived.len >= m->requests[m->answer].end;
}

/* --- what is written ------------------------------------------------------------------------------------ */

/* Some pieces, by either way there is; also into `ended`. */
static void encode(struct model *m, size_t pieces, size_t most)
{
    uint8_t *bytes = malloc(most);
    cr_assert(bytes);
    for (; pieces > 0; pieces--) {
        size_t n = (size_t)roll(m, most), room = 1 + (size_t)roll(m, OUTBUF_RESERVE_MAX);
        memset(bytes, (int)roll(m, 256), n);
        for (size_t i = 0; i < n; i += 1 + (size_t)roll(m, 64))
            bytes[i] = (uint8_t)roll(m, 256);
        cr_assert(buffer_append(&m->ended, slice_of(bytes, n))); /* some of it may arrive at once */
        if (n > 0 && n <= room) {
            uint8_t *to = outbuf_reserve(&m->pipeline.out, room);
            memcpy(to, bytes, n);
            m->pipeline.out.pos = to + n;
        } else {
            outbuf_put(&m->pipeline.out, bytes, n);
        }
    }
    free(bytes);
}

static size_t size_now(struct model *m)
{
    switch (roll(m, 64)) {
    case 0: return BIG;
    case 1: return 100 * 1024;
    case 2: return 5000;
    default: return 60;
    }
}

static void write_request(struct model *m)
{
    rf_error error;
    struct request *request;
    size_t start = m->ended.len;
    if (m->tail == MODEL_REQUESTS)
        return;
    cr_assert_eq(pipeline_begin(&m->pipeline, &request, &error), RF_OK);
    request->seq = m->tail;
    encode(m, (size_t)roll(m, 5), size_now(m));
    if (roll(m, 4) == 0) {
        pipeline_cancel(&m->pipeline);
        m->ended.len = start;
        return;
    }
    while (m->ended.len == start) /* whatever is answered has been said */
        encode(m, 1, 2 + BIG / 1000);
    unsigned replies = 1 + (unsigned)roll(m, 3);
    cr_assert_eq(pipeline_end(&m->pipeline, replies, &error), RF_OK);
    m->requests[m->tail].start = start;
    m->requests[m->tail].end = m->ended.len;
    m->requests[m->tail++].replies = replies;
}

/* --- what is kept --------------------------------------------------------------------------------------- */

static void check_kept(struct model *m)
{
    struct pipeline *p = &m->pipeline;
    struct buffer copy = {0};
    cr_assert_eq(p->tail, m->tail);
    cr_assert_eq(pipeline_is_answered(p), m->answer == m->tail);
    cr_assert_eq(pipeline_kept(p), p->head < p->tail ? m->ended.len - m->requests[p->head].start : 0);
    if (p->head == p->tail)
        return;
    uint64_t number = p->head + roll(m, p->tail - p->head);
    cr_assert(pipeline_copy(p, number, &copy));
    cr_assert(slice_equal(buffer_slice(&copy), slice_of(m->ended.data + m->requests[number].start,
                                                        m->requests[number].end - m->requests[number].start)),
              "what is kept of parcel %llu is other than what was encoded", (unsigned long long)number);
    cr_assert_eq(pipeline_request(p, number)->seq, number);
    buffer_free(&copy);
}

/* --- connections ---------------------------------------------------------------------------------------- */

static void connect_it(struct model *m)
{
    struct connection *connection;
    rf_error error;
    cr_assert_eq(connection_open(&m->target, &m->target.addresses[0], &connection, &error), RF_OK, "%s",
                 error.message);
    m->peer = accept(m->listener, NULL, NULL);
    cr_assert_geq(m->peer, 0);
    cr_assert_eq(pipeline_connect(&m->pipeline, connection, 1, &error), RF_OK);
    m->ended.len = m->arrived.len = 0;
    m->tail = m->answer = m->given = 0;
}

static void disconnect_it(struct model *m)
{
    pipeline_disconnect(&m->pipeline);
    close(m->peer);
}

static void start(struct model *m, uint64_t seed)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    rf_error error;
    memset(m, 0, sizeof *m);
    m->requests = calloc(MODEL_REQUESTS, sizeof *m->requests);
    cr_assert(m->requests);
    m->random = seed;
    scratch_make(&m->scratch);
    const char *path = scratch_path(&m->scratch, "socket");
    memcpy(address.sun_path, path, strlen(path));
    m->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(bind(m->listener, (const struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(m->listener, 8), 0);
    cr_assert_eq(rf_target_add_address(&m->target, path, 0, &error), RF_OK);
    pipeline_open(&m->pipeline, &listener, NULL);
    connect_it(m);
}

static void finish(struct model *m)
{
    pipeline_close(&m->pipeline);
    close(m->peer);
    close(m->listener);
    free(m->requests);
    buffer_free(&m->ended);
    buffer_free(&m->arrived);
    rf_target_free(&m->target);
    scratch_remove(&m->scratch);
}

/* --- streaming ------------------------------------------------------------------------------------------ */

static void finish_all(struct model *m)
{
    send_all(m);
    while (m->answer < m->tail)
        answer_one(m, 1000);
    pipeline_release(&m->pipeline, m->tail);
}

static void stream(struct model *m)
{
    finish_all(m);
    pipeline_stream(&m->pipeline, true);
    m->streaming = true;
    encode(m, 1 + (size_t)roll(m, 20), size_now(m));
    pipeline_mark_ready(&m->pipeline);
    send_all(m);
    answer_one(m, 1);
    cr_assert_eq(pipeline_kept(&m->pipeline), 0);
    pipeline_cancel(&m->pipeline);
    pipeline_stream(&m->pipeline, false);
    m->streaming = false;
}

static void be_lost_while_streaming(struct model *m)
{
    finish_all(m);
    pipeline_stream(&m->pipeline, true);
    m->streaming = true;
    encode(m, 3, size_now(m));
    disconnect_it(m);
    cr_assert(m->pipeline.lost);
    encode(m, 10, size_now(m));
    pipeline_mark_ready(&m->pipeline);
    pipeline_cancel(&m->pipeline);
    pipeline_stream(&m->pipeline, false);
    m->streaming = false;
    connect_it(m);
    cr_assert_eq(pipeline_unsent(&m->pipeline) + pipeline_kept(&m->pipeline), 0);
}

/* --- all of it ------------------------------------------------------------------------------------------ */

static void step(struct model *m)
{
    switch (roll(m, 12)) {
    case 0:
    case 1:
    case 2:
    case 3: write_request(m); break;
    case 4: send_some(m, roll(m, 2) ? roll(m, 500) : UINT64_MAX); break;
    case 5: arrive(m, 1 + (size_t)roll(m, 1 << 18)); break;
    case 6:
        for (uint64_t n = roll(m, 20); n > 0 && can_be_answered(m); n--)
            answer_one(m, roll(m, 2) ? 1 : 3);
        break;
    case 7:
        if (m->pipeline.head < m->pipeline.answer)
            pipeline_release(&m->pipeline,
                             m->pipeline.head + roll(m, m->pipeline.answer - m->pipeline.head + 1));
        break;
    default: check_kept(m); break;
    }
}

Test(replay_pipeline, does_as_the_model_does)
{
    static struct model m;
    const char *chosen = getenv("PIPE_SEED");
    uint64_t seed = chosen ? strtoull(chosen, NULL, 10) : (uint64_t)time(NULL);
    printf("PIPE_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
    start(&m, seed * 0x9e3779b97f4a7c15 | 1);
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 400; i++)
            step(&m);
        if (roll(&m, 3) == 0) {
            stream(&m);
        } else if (roll(&m, 4) == 0) {
            be_lost_while_streaming(&m);
        } else if (roll(&m, 4) == 0) {
            disconnect_it(&m);
            cr_assert_eq(pipeline_kept(&m.pipeline) + pipeline_unsent(&m.pipeline), 0);
            connect_it(&m);
        }
    }
    finish_all(&m);
    cr_expect_eq(m.arrived.len, m.ended.len);
    finish(&m);
}

/* Many at once: the ring grows, also where it goes around. */
Test(replay_pipeline, thousands_of_requests)
{
    static struct model m;
    start(&m, 12345);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 150 << round; i++)
            write_request(&m);
        for (uint64_t i = m.pipeline.head; i < m.pipeline.tail; i++)
            cr_assert_eq(pipeline_request(&m.pipeline, i)->seq, i);
        check_kept(&m);
        send_all(&m);
        while (m.answer < m.tail)
            answer_one(&m, 100);
        pipeline_release(&m.pipeline, m.answer - (uint64_t)roll(&m, 100));
    }
    finish(&m);
}

/* --- what is no reply ----------------------------------------------------------------------------------- */

static void expect_fault(struct model *m, const char *bytes, const char *message)
{
    rf_error error = {0};
    cr_assert_eq(send(m->peer, bytes, strlen(bytes), MSG_NOSIGNAL), (ssize_t)strlen(bytes));
    cr_expect_eq(pipeline_receive(&m->pipeline, &error), RF_E_TARGET, "%s", bytes);
    cr_expect(strstr(error.message, message), "%s: %s", bytes, error.message);
    disconnect_it(m);
    connect_it(m);
}

Test(replay_pipeline, what_is_no_reply)
{
    static struct model m;
    rf_error error;
    start(&m, 99);
    expect_fault(&m, "+OK\r\n", "unexpected reply");
    expect_fault(&m, ":1\r\n", "unexpected reply");
    expect_fault(&m, "$-1\r\n", "unexpected reply");
    while (m.tail == 0)
        write_request(&m);
    expect_fault(&m, "HTTP/1.1 400\r\n", "socket: ");
    while (m.tail == 0)
        write_request(&m);
    expect_fault(&m, "*99999999999999\r\n", "socket: ");
    while (m.tail == 0)
        write_request(&m);
    expect_fault(&m, "$100000000\r\n", "reply larger than expected");
    shutdown(m.peer, SHUT_WR);
    cr_expect_eq(pipeline_receive(&m.pipeline, &error), RF_E_UNAVAILABLE);
    cr_expect(strstr(error.message, "connection closed by the server"), "%s", error.message);
    finish(&m);
}

/* While a value is streamed there cannot be more replies than commands that were sent. */
/* Bytes alone are no progress: a whole reply is, or many bytes of a long one. */
Test(replay_pipeline, progress)
{
    static struct model m;
    static char long_one[PROGRESS_BYTES];
    rf_error error;
    start(&m, 5);
    while (m.tail < 2)
        write_request(&m);
    send_all(&m);
    pipeline_request(&m.pipeline, 1)->kind = REQUEST_COMMAND; /* of an AOF, which may ask for values */
    m.expected = REPLY_STATUS;
    for (unsigned i = 0; i < m.requests[0].replies; i++) {
        m.pipeline.progress.since_ms = 0;
        cr_assert_eq(send(m.peer, "+OK", 3, MSG_NOSIGNAL), 3);
        cr_assert_eq(pipeline_receive(&m.pipeline, &error), RF_OK);
        cr_expect_eq(m.pipeline.progress.since_ms, 0);
        cr_assert_eq(send(m.peer, "\r\n", 2, MSG_NOSIGNAL), 2);
        cr_assert_eq(pipeline_receive(&m.pipeline, &error), RF_OK);
        cr_expect_gt(m.pipeline.progress.since_ms, 0);
    }
    m.pipeline.progress.since_ms = 0;
    cr_assert_eq(send(m.peer, "$1000000\r\n", 10, MSG_NOSIGNAL), 10);
    cr_assert_eq(pipeline_receive(&m.pipeline, &error), RF_OK);
    cr_expect_eq(m.pipeline.progress.since_ms, 0);
    cr_assert_eq(send(m.peer, long_one, sizeof long_one, MSG_NOSIGNAL), (ssize_t)sizeof long_one);
    cr_assert_eq(pipeline_receive(&m.pipeline, &error), RF_OK);
    cr_expect_gt(m.pipeline.progress.since_ms, 0);
    disconnect_it(&m);
    connect_it(&m);
    finish(&m);
}

/* What was whole before the end, or before the fault, has been told. */
Test(replay_pipeline, what_comes_before_the_end_is_told)
{
    static const char *const ends[] = {"", "+O", "$5\r\nhel", "?\r\n"};
    static struct model m;
    start(&m, 7);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        rf_error error;
        while (m.tail < 2)
            write_request(&m);
        send_all(&m);
        m.told = 0;
        m.expected = REPLY_STATUS;
        cr_assert_eq(send(m.peer, "+OK\r\n", 5, MSG_NOSIGNAL), 5);
        cr_assert_eq(send(m.peer, ends[i], strlen(ends[i]), MSG_NOSIGNAL), (ssize_t)strlen(ends[i]));
        shutdown(m.peer, SHUT_WR);
        bool garbled = *ends[i] == '?';
        cr_expect_eq(pipeline_receive(&m.pipeline, &error), garbled ? RF_E_TARGET : RF_E_UNAVAILABLE);
        cr_expect_eq(m.told, 1);
        disconnect_it(&m);
        connect_it(&m);
    }
    finish(&m);
}
