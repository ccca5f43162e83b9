/* SPDX-License-Identifier: MIT */
/* Pausing the writes at a source that is followed, over a connection of its own: a replica link takes no
 * commands. The pause ends by itself, whatever becomes of this process. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "net/client.h"
#include "net/info.h"
#include "replication/follow.h"
#include <stdio.h>

/* What is done over the connection. */
typedef rf_code control_fn(rf_follow *follow, struct client *client, int64_t ms, rf_follow_paused *out,
                           rf_error *error);

static rf_code read_offset(rf_follow *follow, struct client *client, int64_t ms, rf_follow_paused *out,
                           rf_error *error)
{
    struct reply info;
    rf_slice rest, id, number;
    char followed[SYNC_ID + 1];
    (void)ms;
    TRY(client_call(client, (const char *const[]){"INFO", "replication", NULL}, &info, &rest, error));
    if (!info_field(info.text, "master_replid", &id) ||
        !info_field(info.text, "master_repl_offset", &number) || !number_parse_u64(number, &out->offset))
        return fail(error, RF_E_TARGET, "%s: INFO does not tell the offset", client_name(client));
    rf_follow_id(follow, followed);
    if (!slice_equal(id, slice_of(followed, SYNC_ID)))
        return fail(error, RF_E_UNAVAILABLE, "%s: not the server of the stream that is followed",
                    client_name(client));
    out->replicas = info_count_replicas(info.text, false);
    return RF_OK;
}

/* [channel, subscribers] */
static rf_code find_sentinels(struct client *client, bool *watched, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    TRY(client_query(client, (const char *const[]){"PUBSUB", "NUMSUB", "__sentinel__:hello", NULL}, &head,
                     &rest, error));
    if (head.kind == REPLY_ARRAY && head.number == 2)
        reply_next(&rest);
    *watched = head.kind == REPLY_ARRAY && head.number == 2 && reply_next(&rest).number > 0;
    return RF_OK;
}

/* Clients write to a primary. */
static rf_code check_role(struct client *client, rf_error *error)
{
    struct reply info;
    rf_slice rest, role;
    TRY(client_call(client, (const char *const[]){"INFO", "replication", NULL}, &info, &rest, error));
    if (info_field(info.text, "role", &role) && slice_equal(role, SLICE("master")))
        return RF_OK;
    return fail(error, RF_E_TARGET, "%s: a replica: its primary is written to, and has to be followed",
                client_name(client));
}

static rf_code pause_writes(rf_follow *follow, struct client *client, int64_t ms, rf_follow_paused *out,
                            rf_error *error)
{
    struct reply reply;
    rf_slice rest;
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)ms);
    TRY(check_role(client, error));
    TRY(client_call(client, (const char *const[]){"CLIENT", "PAUSE", text, "WRITE", NULL}, &reply, &rest,
                    error));
    TRY(find_sentinels(client, &out->watched, error));
    return read_offset(follow, client, ms, out, error);
}

static rf_code unpause(rf_follow *follow, struct client *client, int64_t ms, rf_follow_paused *out,
                       rf_error *error)
{
    struct reply reply;
    rf_slice rest;
    (void)follow, (void)ms, (void)out;
    return client_call(client, (const char *const[]){"CLIENT", "UNPAUSE", NULL}, &reply, &rest, error);
}

static rf_code control_at(rf_follow *follow, const rf_address *addresses, size_t count, control_fn *control,
                          int64_t ms, rf_follow_paused *out, rf_error *error)
{
    rf_code code = fail(error, RF_E_ARGUMENT, "missing source address");
    for (size_t i = 0; i < count && code != RF_OK; i++) {
        struct client *client;
        code = client_open(follow->caller, &addresses[i], &client, error);
        if (code != RF_OK)
            continue;
        code = control(follow, client, ms, out, error);
        client_close(client);
    }
    return code;
}

static rf_code control(rf_follow *follow, control_fn *fn, int64_t ms, rf_follow_paused *out, rf_error *error)
{
    struct located located;
    rf_code code = follow_locate(follow, follow->caller, &located, error);
    if (code == RF_OK) {
        code = control_at(follow, located.addresses, located.count, fn, ms, out, error);
        located_free(&located);
    }
    if (code == RF_E_TARGET) /* it is the source */
        error->code = code = RF_E_READ;
    return code;
}

rf_code rf_follow_ask_offset(rf_follow *follow, uint64_t *offset, rf_error *error)
{
    rf_follow_paused told;
    TRY(control(follow, read_offset, 0, &told, error));
    *offset = told.offset;
    return RF_OK;
}

rf_code rf_follow_pause(rf_follow *follow, int64_t ms, rf_follow_paused *paused, rf_error *error)
{
    return control(follow, pause_writes, ms, paused, error);
}

/* What is written at another server than that of the link does not arrive: the link is made anew. */
static rf_code expect_link(rf_follow *follow, const struct located *located, rf_error *error)
{
    pthread_mutex_lock(&follow->lock);
    bool elsewhere = follow->link && *located->id && *follow->linked &&
                     strcmp(located->id, follow->linked) != 0;
    bool linked = follow->link && !elsewhere && atomic_load(&follow->connected);
    if (elsewhere)
        link_cut(follow->link);
    pthread_mutex_unlock(&follow->lock);
    return linked ? RF_OK : fail(error, RF_E_UNAVAILABLE, "the link to the source is made anew");
}

rf_code rf_follow_check(rf_follow *follow, rf_error *error)
{
    struct located located = {.id = ""};
    rf_code code = follow->place.cluster ? follow_locate(follow, follow->caller, &located, error) : RF_OK;
    if (code == RF_OK) {
        code = expect_link(follow, &located, error);
        located_free(&located);
    }
    if (code == RF_E_TARGET)
        error->code = code = RF_E_READ;
    return code;
}

rf_code rf_follow_unpause(rf_follow *follow, rf_error *error)
{
    return control(follow, unpause, 0, NULL, error);
}
