/* SPDX-License-Identifier: MIT */
/* A client: an authenticated connection that sends commands ahead of their replies.
 *
 *   client_put() ...   into the out buffer       client_flush()   sends all of it
 *   client_reply()     the oldest reply that was not returned; in order, one for each command
 *
 *   client_poll()          the same without waiting
 *
 * While sending it also receives, so that it cannot deadlock with a server that waits for its replies to be
 * read. Replies that were not returned are kept in memory: the caller limits how many are pending. After an
 * error that is not a reply, the client can only be closed. */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include "net/address.h"
#include "net/reply.h"

struct client;

/* Connects without authenticating. The target must outlive the client: its wait.tick is called about ten
 * times a second while the client waits, and any return value but RF_OK ends the call that waits, with that
 * code. */
rf_code client_connect(const rf_target *target, const rf_address *address, struct client **out,
                       rf_error *error);

/* The same without waiting: the connection is to be established with connection_continue() before anything is
 * sent. `target` and `address` must remain valid until then. */
rf_code client_begin(const rf_target *target, const rf_address *address, struct client **out,
                     rf_error *error);
struct connection *client_connection(const struct client *client);

/* Sends AUTH, if the target has a user or a password. The caller may ignore an error. */
rf_code client_authenticate(struct client *client, const rf_target *target, rf_error *error);

/* The same in two steps: appends AUTH, if there are credentials, and checks the reply. */
rf_code client_put_auth(struct client *client, const rf_target *target, rf_error *error);
rf_code client_check_auth(const struct client *client, struct reply answer, rf_error *error);

/* The same with the credentials for Sentinels, if the target has any. */
rf_code client_authenticate_to_sentinel(struct client *client, const rf_target *target, rf_error *error);

/* Connects and authenticates. */
rf_code client_open(const rf_target *target, const rf_address *address, struct client **out, rf_error *error);

/* The server's name in messages. */
const char *client_name(const struct client *client);

/* Appends a command; the only error is RF_E_MEMORY. */
rf_code client_put(struct client *client, const rf_slice *argv, size_t argc, rf_error *error);

/* The same for a command with a password, which is wiped once it is sent. */
rf_code client_put_secret(struct client *client, const rf_slice *argv, size_t argc, rf_error *error);

/* The number of bytes not sent yet. */
size_t client_unsent(const struct client *client);

rf_code client_flush(struct client *client, rf_error *error);

/* Sends everything, and waits for the next reply: its head, and in *rest the elements of an array. Both are
 * valid until the next call. An error reply is returned as a reply. */
rf_code client_reply(struct client *client, struct reply *head, rf_slice *rest, rf_error *error);

/* Sends and receives without waiting. RF_END: the next reply is not complete yet. */
rf_code client_poll(struct client *client, struct reply *head, rf_slice *rest, rf_error *error);

/* The number of commands whose replies have not been returned. */
size_t client_pending(const struct client *client);

/* Sends a command of words, terminated by NULL, and waits for its reply; no other reply may be pending. */
rf_code client_query(struct client *client, const char *const *words, struct reply *head, rf_slice *rest,
                     rf_error *error);

/* Whether the connection was closed or lost, so that no more will arrive. */
bool client_is_closed(const struct client *client);

/* The same as client_query(), but an error reply is returned as client_refused() does. */
rf_code client_call(struct client *client, const char *const *words, struct reply *head, rf_slice *rest,
                    rf_error *error);

/* Returns RF_E_TARGET with the server's reply to `command`; RF_E_UNAVAILABLE if the error is temporary. */
rf_code client_refused(const struct client *client, const char *command, struct reply answer,
                       rf_error *error);

/* Frees the client and returns its connection, which must have no pending replies. */
struct connection *client_release(struct client *client);

/* `client` may be NULL. */
void client_close(struct client *client);

#endif
