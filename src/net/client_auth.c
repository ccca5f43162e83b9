/* SPDX-License-Identifier: MIT */
/* Authenticates clients. Passwords are wiped once they are sent, and are never in messages. */
#include "base/bytes.h"
#include "base/fail.h"
#include "net/client.h"

/* Some servers echo what they do not understand, including passwords: only these errors are shown. */
static const char *const harmless[] = {
    "WRONGPASS ",
    "NOPERM ",
    "DENIED ",
    "ERR AUTH <password> called without",
    "ERR invalid password",
    "ERR Client sent AUTH, but no password is set",
    "ERR max number of clients reached",
};

static rf_code refuse_credentials(const struct client *c, struct reply answer, rf_error *error)
{
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
        size_t length = strlen(harmless[i]);
        if (answer.text.len >= length && memcmp(answer.text.ptr, harmless[i], length) == 0)
            return client_refused(c, "AUTH", answer, error);
    }
    return fail(error, RF_E_TARGET, "%s: AUTH: rejected", client_name(c));
}

static rf_code put_auth(struct client *c, const char *user, const char *password, rf_error *error)
{
    rf_slice argv[3] = {SLICE("AUTH")};
    size_t argc = 1;
    if (!user && !password)
        return RF_OK;
    if (user)
        argv[argc++] = slice_of(user, strlen(user));
    if (!password)
        password = "";
    argv[argc++] = slice_of(password, strlen(password));
    return client_put_secret(c, argv, argc, error);
}

rf_code client_put_auth(struct client *c, const rf_target *target, rf_error *error)
{
    return put_auth(c, target->user, target->password, error);
}

rf_code client_check_auth(const struct client *c, struct reply answer, rf_error *error)
{
    return answer.kind == REPLY_STATUS ? RF_OK : refuse_credentials(c, answer, error);
}

static rf_code authenticate(struct client *c, const char *user, const char *password, rf_error *error)
{
    struct reply answer;
    rf_slice rest;
    TRY(put_auth(c, user, password, error));
    if (client_pending(c) == 0)
        return RF_OK;
    TRY(client_reply(c, &answer, &rest, error));
    return client_check_auth(c, answer, error);
}

rf_code client_authenticate(struct client *c, const rf_target *target, rf_error *error)
{
    return authenticate(c, target->user, target->password, error);
}

rf_code client_authenticate_to_sentinel(struct client *c, const rf_target *target, rf_error *error)
{
    return authenticate(c, target->sentinel_user, target->sentinel_password, error);
}

rf_code client_open(const rf_target *target, const rf_address *address, struct client **out, rf_error *error)
{
    struct client *c = NULL;
    TRY(client_connect(target, address, &c, error));
    rf_code code = client_authenticate(c, target, error);
    if (code != RF_OK) {
        client_close(c);
        return code;
    }
    *out = c;
    return RF_OK;
}
