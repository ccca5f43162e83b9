/* SPDX-License-Identifier: MIT */
#include "support/fake_target.h"
#include "base/bytes.h"
#include "support/record.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <rdbferry/slot.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ARGS = 512 };

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void say(struct fake_peer *peer, const char *text)
{
    if (!buffer_append(&peer->out, slice_of(text, strlen(text))))
        abort();
}

static void say_bulk(struct fake_peer *peer, const char *text)
{
    record_text(&peer->out, "$%zu\r\n", strlen(text));
    say(peer, text);
    say(peer, "\r\n");
}

/* --- what every server knows ---------------------------------------------------------------------------- */

static void do_info(struct fake_target *t, struct fake_peer *peer, const char *section)
{
    char text[512], run[64] = "";
    if (!t->nameless)
        snprintf(run, sizeof run, "run_id:%08x%032d\r\n", 16 * (peer->node + 1) + t->deaths[peer->node], 0);
    if (strcmp(section, "replication") == 0)
        snprintf(text, sizeof text, "# Replication\r\n%s\r\n",
                 t->replication ? t->replication : "role:master\r\nconnected_slaves:0");
    else
        snprintf(text, sizeof text, "# Server\r\n%s\r\nredis_mode:%s\r\n%s",
                 t->version ? t->version : "redis_version:7.2.5", t->cluster ? "cluster" : "standalone", run);
    say_bulk(peer, text);
}

static void do_slots(struct fake_target *t, struct fake_peer *peer)
{
    unsigned share = (RF_SLOTS + t->nodes - 1) / t->nodes;
    record_text(&peer->out, "*%u\r\n", t->nodes);
    for (unsigned i = 0; i < t->nodes; i++)
        record_text(&peer->out, "*3\r\n:%u\r\n:%u\r\n*2\r\n$9\r\n127.0.0.1\r\n:%d\r\n", i * share,
                    i + 1 == t->nodes ? RF_SLOTS - 1 : (i + 1) * share - 1, t->ports[i]);
}

static void do_client_list(struct fake_target *t, struct fake_peer *peer)
{
    struct buffer text = {0};
    for (size_t i = 0; i < t->peer_count; i++)
        if (t->peers[i].node == peer->node && (t->peers[i].fd >= 0 || t->peers[i].lingers))
            record_text(&text, "id=%u addr=127.0.0.1:1 name=%s age=1 db=0\n", t->peers[i].id,
                        t->peers[i].name);
    say_bulk(peer, record_end(&text));
    buffer_free(&text);
}

static void do_client_kill(struct fake_target *t, struct fake_peer *peer, unsigned id)
{
    for (size_t i = 0; i < t->peer_count; i++)
        if (t->peers[i].id == id && t->peers[i].lingers) {
            t->peers[i].lingers = false;
            say(peer, ":1\r\n");
            return;
        }
    say(peer, ":0\r\n");
}

static void do_config(struct fake_peer *peer, const char *name)
{
    const char *value = strcmp(name, "databases") == 0            ? "16"
                        : strcmp(name, "proto-max-bulk-len") == 0 ? "536870912"
                                                                  : NULL;
    say(peer, value ? "*2\r\n" : "*0\r\n");
    if (!value)
        return;
    say_bulk(peer, name);
    say_bulk(peer, value);
}

static void do_select(struct fake_peer *peer, int db)
{
    say(peer, db < 16 ? "+OK\r\n" : "-ERR DB index is out of range\r\n");
    peer->db = db < 16 ? db : peer->db;
}

/* True for a command that is no store's. */
static bool do_other(struct fake_target *t, struct fake_peer *peer, const char *text)
{
    unsigned id;
    int db;
    if (strncmp(text, "INFO ", 5) == 0)
        do_info(t, peer, text + 5);
    else if (strcmp(text, "CLUSTER SLOTS") == 0)
        do_slots(t, peer);
    else if (strcmp(text, "CLIENT LIST") == 0)
        do_client_list(t, peer);
    else if (sscanf(text, "CLIENT KILL ID %u", &id) == 1)
        do_client_kill(t, peer, id);
    else if (strncmp(text, "CONFIG GET ", 11) == 0)
        do_config(peer, text + 11);
    else if (strncmp(text, "WAIT ", 5) == 0)
        say(peer, t->replication ? ":1\r\n" : ":0\r\n");
    else if (strncmp(text, "FUNCTION LIST", 13) == 0)
        say(peer, "*0\r\n");
    else if (sscanf(text, "SELECT %d", &db) == 1)
        do_select(peer, db);
    else
        return false;
    return true;
}

/* Commands without arguments. */
static bool knows_alone(rf_slice name)
{
    return slice_equal(name, SLICE("ASKING")) || slice_equal(name, SLICE("UNWATCH"));
}

static void do_command(struct fake_target *t, struct fake_peer *peer, const char *text, const rf_slice *argv,
                       size_t argc)
{
    if (sscanf(text, "CLIENT SETNAME %79s", peer->name) == 1)
        say(peer, "+OK\r\n");
    else if (!do_other(t, peer, text) &&
             !fake_store_do(&t->store, peer->node, peer->db, argv, argc, &peer->out))
        say(peer, argc > 1 || knows_alone(argv[0]) ? "+OK\r\n" : "-ERR unknown command\r\n");
}

/* --- rules ---------------------------------------------------------------------------------------------- */

static const struct fake_rule *find_rule(struct fake_target *t, const struct fake_peer *peer,
                                         const char *text)
{
    static const struct fake_rule no_batches = {.answer = "-NOPERM no permissions to run the command\r\n"};
    if (!t->batches && strncasecmp(text, "MSET", 4) == 0)
        return &no_batches;
    for (size_t i = 0; t->rules && t->rules[i].on; i++) {
        const struct fake_rule *rule = &t->rules[i];
        if (!begins(text, rule->on) || t->used[i] >= (rule->times ? rule->times : 1) ||
            (rule->node > 0 && (unsigned)rule->node - 1 != peer->node))
            continue;
        t->used[i]++;
        return rule;
    }
    return t->decide ? t->decide(t, text) : NULL;
}

static void say_answer(struct fake_target *t, struct fake_peer *peer, const char *answer)
{
    const char *at = strpbrk(answer, "@#");
    if (!at || at[1] < '0' || at[1] >= '0' + FAKE_NODES) {
        say(peer, answer);
        return;
    }
    record_text(&peer->out, "%.*s%s%d", (int)(at - answer), answer, *at == '@' ? "127.0.0.1:" : "",
                t->ports[at[1] - '0']);
    say(peer, at + 2);
}

static void log_line(struct fake_target *t, const struct fake_peer *peer, const char *text)
{
    if ((t->logged & (t->logged - 1)) == 0 &&
        !(t->log = realloc(t->log, (2 * t->logged + 1) * sizeof *t->log)))
        abort();
    struct fake_line *line = &t->log[t->logged++];
    *line = (struct fake_line){.node = peer->node, .connection = peer->id};
    snprintf(line->text, sizeof line->text, "%s", text);
}

static long find_line(struct fake_target *t, size_t from, const char *prefix)
{
    for (size_t i = from; i < t->logged; i++)
        if (begins(t->log[i].text, prefix))
            return (long)i;
    return -1;
}

static void end_hanging(struct fake_target *t, const char *text)
{
    for (size_t i = 0; i < t->peer_count; i++) {
        struct fake_peer *peer = &t->peers[i];
        if (peer->fd < 0 || !peer->until || !begins(text, peer->until))
            continue;
        peer->until = NULL;
        shutdown(peer->fd, SHUT_WR);
    }
}

static void die(struct fake_target *t, struct fake_peer *peer)
{
    t->deaths[peer->node]++;
    peer->out.len = 0;
    for (size_t i = 0; i < t->peer_count; i++)
        if (t->peers[i].node == peer->node && t->peers[i].fd >= 0 && !t->peers[i].ended) {
            t->peers[i].ended = true;
            shutdown(t->peers[i].fd, SHUT_WR);
        }
}

static void answer_by(struct fake_target *t, struct fake_peer *peer, const struct fake_rule *rule)
{
    say_answer(t, peer, rule->answer ? rule->answer : "");
    if (rule->flags & FAKE_DIES) {
        die(t, peer);
        return;
    }
    peer->ended = rule->flags & (FAKE_CLOSES | FAKE_HANGS);
    peer->hangs = rule->flags & FAKE_HANGS && (!rule->until || find_line(t, 0, rule->until) < 0);
    peer->until = peer->hangs ? rule->until : NULL;
    peer->lingers = rule->flags & FAKE_LINGERS;
}

/* Whether the rule says anything else than to do it. */
static bool tells(const struct fake_rule *rule)
{
    return rule && (rule->answer || rule->flags & (FAKE_CLOSES | FAKE_HANGS | FAKE_DIES));
}

/* --- transactions --------------------------------------------------------------------------------------- */

static void leave_multi(struct fake_peer *peer)
{
    peer->multi = peer->discards = false;
    peer->queued.len = peer->queue = 0;
}

static bool comes_late(const char *answer)
{
    return strncmp(answer, "-ERR", 4) == 0 || strncmp(answer, "-WRONGTYPE", 10) == 0 ||
           strncmp(answer, "-BUSYKEY", 8) == 0 || answer[0] != '-';
}

static void queue_command(struct fake_target *t, struct fake_peer *peer, const struct fake_rule *rule,
                          rf_slice whole)
{
    if (rule && (rule->flags & (FAKE_CLOSES | FAKE_HANGS | FAKE_DIES) ||
                 (rule->answer && !comes_late(rule->answer)))) {
        answer_by(t, peer, rule);
        peer->discards = true;
        return;
    }
    if (peer->queue == FAKE_QUEUE || !buffer_append(&peer->queued, whole))
        abort();
    bool does = !rule || rule->flags & FAKE_DOES;
    peer->late[peer->queue++] = does ? NULL : rule->answer;
    if (rule && rule->answer && does)
        answer_by(t, peer, rule);
    else
        say(peer, "+QUEUED\r\n");
}

static void do_exec(struct fake_target *t, struct fake_peer *peer)
{
    rf_slice argv[ARGS], rest = buffer_slice(&peer->queued);
    size_t argc;
    if (!peer->multi || peer->discards) {
        say(peer, peer->multi ? "-EXECABORT Transaction discarded because of previous errors.\r\n"
                              : "-ERR EXEC without MULTI\r\n");
    } else {
        record_text(&peer->out, "*%zu\r\n", peer->queue);
        for (size_t i = 0; i < peer->queue && fake_take_request(&rest, argv, &argc); i++)
            if (peer->late[i])
                say_answer(t, peer, peer->late[i]);
            else if (argc == 2 && slice_equal(argv[0], SLICE("SELECT")))
                do_select(peer, argv[1].ptr[0] - '0');
            else
                do_command(t, peer, "", argv, argc);
    }
    leave_multi(peer);
}

/* --- one command ---------------------------------------------------------------------------------------- */

static void carry_out(struct fake_target *t, struct fake_peer *peer, const char *text, const rf_slice *argv,
                      size_t argc)
{
    if (strcasecmp(text, "MULTI") == 0) {
        peer->multi = true;
        say(peer, "+OK\r\n");
    } else if (strcasecmp(text, "DISCARD") == 0) {
        leave_multi(peer);
        say(peer, "+OK\r\n");
    } else if (strcmp(text, "EXEC") == 0) {
        do_exec(t, peer);
    } else {
        do_command(t, peer, text, argv, argc);
    }
}

static void take_command(struct fake_target *t, struct fake_peer *peer, const rf_slice *argv, size_t argc,
                         rf_slice whole)
{
    struct buffer text = {0};
    for (size_t i = 0; i < argc && text.len < 120; i++) {
        record_text(&text, "%s", i ? " " : "");
        record_bytes(&text, slice_of(argv[i].ptr, argv[i].len < 100 ? argv[i].len : 100));
    }
    const char *words = record_end(&text);
    log_line(t, peer, words);
    end_hanging(t, words);
    const struct fake_rule *rule = find_rule(t, peer, words);
    size_t before = peer->out.len;
    bool ends_multi = strcmp(words, "EXEC") == 0 || strcasecmp(words, "DISCARD") == 0;
    if (peer->multi && !ends_multi) {
        queue_command(t, peer, rule, whole);
    } else {
        if (!tells(rule) || rule->flags & FAKE_DOES)
            carry_out(t, peer, words, argv, argc);
        if (tells(rule)) {
            peer->out.len = before;
            answer_by(t, peer, rule);
            leave_multi(peer);
        }
    }
    buffer_free(&text);
}

/* --- bytes ---------------------------------------------------------------------------------------------- */

/* "<mark><number>\r\n"; false where it is not all there. */
static bool take_header(rf_slice *rest, size_t *n)
{
    const uint8_t *end = memchr(rest->ptr, '\n', rest->len);
    if (!end)
        return false;
    *n = strtoul((const char *)rest->ptr + 1, NULL, 10);
    *rest = slice_of(end + 1, rest->len - (size_t)(end + 1 - rest->ptr));
    return true;
}

bool fake_take_request(rf_slice *rest, rf_slice *argv, size_t *argc)
{
    rf_slice left = *rest;
    size_t length;
    if (left.len == 0 || !take_header(&left, argc))
        return false;
    if (rest->ptr[0] != '*') {
        *argc = 1;
        argv[0] = slice_of(rest->ptr, rest->len - left.len - 1);
        *rest = left;
        return true;
    }
    if (*argc > ARGS)
        abort();
    for (size_t i = 0; i < *argc; i++) {
        if (left.len == 0 || !take_header(&left, &length) || left.len < length + 2)
            return false;
        argv[i] = slice_of(left.ptr, length);
        left = slice_of(left.ptr + length + 2, left.len - length - 2);
    }
    *rest = left;
    return true;
}

/* Closes only one direction, so that what was answered before arrives. */
static void flush(struct fake_target *t, struct fake_peer *peer)
{
    size_t at = 0, piece = t->piece ? t->piece : SIZE_MAX;
    while (at < peer->out.len) {
        size_t left = peer->out.len - at;
        ssize_t n = send(peer->fd, peer->out.data + at, left < piece ? left : piece, MSG_NOSIGNAL);
        if (n < 0)
            break;
        at += (size_t)n;
    }
    peer->out.len = 0;
    if (peer->ended && !peer->hangs)
        shutdown(peer->fd, SHUT_WR);
}

static void take_commands(struct fake_target *t, struct fake_peer *peer)
{
    rf_slice argv[ARGS], rest = buffer_slice(&peer->in), before = rest;
    size_t argc;
    pthread_mutex_lock(&t->lock);
    for (; !peer->ended && fake_take_request(&rest, argv, &argc); before = rest)
        take_command(t, peer, argv, argc, slice_of(before.ptr, before.len - rest.len));
    pthread_mutex_unlock(&t->lock);
    if (peer->ended)
        rest.len = 0;
    if (rest.len > 0)
        memmove(peer->in.data, rest.ptr, rest.len);
    peer->in.len = rest.len;
    flush(t, peer);
}

static void serve(struct fake_target *t, struct fake_peer *peer)
{
    if (!buffer_reserve(&peer->in, 64 * 1024))
        abort();
    ssize_t n = recv(peer->fd, peer->in.data + peer->in.len, peer->in.cap - peer->in.len, MSG_DONTWAIT);
    if (n > 0 && !peer->ended) {
        peer->in.len += (size_t)n;
        take_commands(t, peer);
    } else if (n <= 0) {
        t->given_up += peer->until != NULL;
        close(peer->fd);
        peer->fd = -1;
    }
}

static void let_in(struct fake_target *t, unsigned node)
{
    int fd = accept(t->listeners[node], NULL, NULL);
    size_t i = 0;
    while (i < t->peer_count && (t->peers[i].fd >= 0 || t->peers[i].lingers))
        i++;
    if (fd < 0 || i == FAKE_PEERS)
        abort();
    pthread_mutex_lock(&t->lock);
    t->peer_count += i == t->peer_count;
    buffer_free(&t->peers[i].in);
    buffer_free(&t->peers[i].out);
    buffer_free(&t->peers[i].queued);
    t->peers[i] = (struct fake_peer){.fd = fd, .id = ++t->serial, .node = node};
    pthread_mutex_unlock(&t->lock);
}

static void *run(void *ctx)
{
    struct fake_target *t = ctx;
    for (;;) {
        struct pollfd fds[1 + FAKE_NODES + FAKE_PEERS] = {{.fd = t->wake[0], .events = POLLIN}};
        size_t peers = t->peer_count;
        for (unsigned i = 0; i < FAKE_NODES; i++)
            fds[1 + i] = (struct pollfd){.fd = i < t->nodes ? t->listeners[i] : -1, .events = POLLIN};
        for (size_t i = 0; i < peers; i++)
            fds[1 + FAKE_NODES + i] = (struct pollfd){.fd = t->peers[i].fd, .events = POLLIN};
        if (poll(fds, 1 + FAKE_NODES + peers, -1) > 0 && fds[0].revents)
            return NULL;
        for (size_t i = 0; i < peers; i++)
            if (t->peers[i].fd >= 0 && fds[1 + FAKE_NODES + i].revents)
                serve(t, &t->peers[i]);
        for (unsigned i = 0; i < t->nodes; i++)
            if (fds[1 + i].revents)
                let_in(t, i);
    }
}

/* --- the beginning and the end -------------------------------------------------------------------------- */

static void listen_at(struct fake_target *t, unsigned node)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    t->listeners[node] = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(t->listeners[node], (const struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(t->listeners[node], 64), 0);
    cr_assert_eq(getsockname(t->listeners[node], (struct sockaddr *)&address, &length), 0);
    t->ports[node] = ntohs(address.sin_port);
}

void fake_target_start(struct fake_target *t)
{
    rf_error error;
    if (t->nodes == 0)
        t->nodes = 1;
    for (unsigned i = 0; i < t->nodes; i++)
        listen_at(t, i);
    t->target = (rf_target){.timeout_ms = 20 * 1000};
    cr_assert_eq(rf_target_add_address(&t->target, "127.0.0.1", t->ports[0], &error), RF_OK);
    cr_assert_eq(pipe(t->wake), 0);
    cr_assert_eq(pthread_mutex_init(&t->lock, NULL), 0);
    cr_assert_eq(pthread_create(&t->thread, NULL, run, t), 0);
}

void fake_target_stop(struct fake_target *t)
{
    cr_assert_eq(write(t->wake[1], "", 1), 1);
    pthread_join(t->thread, NULL);
    close(t->wake[0]);
    close(t->wake[1]);
    for (unsigned i = 0; i < t->nodes; i++)
        close(t->listeners[i]);
    for (size_t i = 0; i < t->peer_count; i++) {
        if (t->peers[i].fd >= 0)
            close(t->peers[i].fd);
        buffer_free(&t->peers[i].in);
        buffer_free(&t->peers[i].out);
        buffer_free(&t->peers[i].queued);
    }
    rf_target_free(&t->target);
}

void fake_target_free(struct fake_target *t)
{
    fake_store_free(&t->store);
    free(t->log);
    pthread_mutex_destroy(&t->lock);
}

/* --- looking at it -------------------------------------------------------------------------------------- */

long fake_find(struct fake_target *t, size_t from, const char *prefix)
{
    pthread_mutex_lock(&t->lock);
    long found = find_line(t, from, prefix);
    pthread_mutex_unlock(&t->lock);
    return found;
}

size_t fake_count(struct fake_target *t, const char *prefix)
{
    size_t count = 0;
    for (long at = -1; (at = fake_find(t, (size_t)(at + 1), prefix)) >= 0;)
        count++;
    return count;
}

char *fake_text(struct fake_target *t)
{
    struct buffer text = {0};
    pthread_mutex_lock(&t->lock);
    fake_store_text(&t->store, &text);
    pthread_mutex_unlock(&t->lock);
    return (char *)text.data;
}

void fake_do(struct fake_target *t, const char *words)
{
    rf_slice argv[8];
    size_t argc = 0;
    struct buffer ignored = {0};
    for (const char *p = words, *end; *p; p = *end ? end + 1 : end) {
        end = strchrnul(p, ' ');
        argv[argc++] = slice_of(p, (size_t)(end - p));
    }
    pthread_mutex_lock(&t->lock);
    cr_assert(fake_store_do(&t->store, 0, 0, argv, argc, &ignored));
    pthread_mutex_unlock(&t->lock);
    buffer_free(&ignored);
}
