/* SPDX-License-Identifier: MIT */
/* A client: an authenticated connection that sends commands ahead of their replies.
 *
 *   client_put() ...   into the out buffer       client_flush()   all of it is on its way
 *   client_reply()     the oldest reply that has not been handed out; in order, one for each command
 *
 * While it sends it also takes in what arrives, so it cannot come to a halt over a server that does not read
 * because nobody reads from it. What has arrived and is not handed out is held in memory: whoever sends ahead
 * bounds that. After an error that is no reply there is nothing left to do but to close it. */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include "net/address.h"
#include "net/reply.h"

struct client;

/* Connects, and nothing else. */
rf_code client_connect(const rf_target *target, const rf_address *address, struct client **out,
                       rf_error *error);

/* AUTH, if the target has a user or a password. What the server makes of it may be ignored. */
rf_code client_authenticate(struct client *client, const rf_target *target, rf_error *error);

/* The same as a user of Sentinels, if the target has such a user or password. */
rf_code client_authenticate_to_sentinel(struct client *client, const rf_target *target, rf_error *error);

/* Connects, and authenticates. */
rf_code client_open(const rf_target *target, const rf_address *address, struct client **out, rf_error *error);

/* What the other side is called in messages. */
const char *client_name(const struct client *client);

/* Appends a command; RF_E_MEMORY is the one way to fail. */
rf_code client_put(struct client *client, const rf_slice *argv, size_t argc, rf_error *error);

/* Bytes put and not yet sent. */
size_t client_unsent(const struct client *client);

rf_code client_flush(struct client *client, rf_error *error);

/* Sends what is not sent, and waits for the next reply: its head, and in *rest the elements of an array. Both
 * are good until the next call. An error reply is a reply. */
rf_code client_reply(struct client *client, struct reply *head, rf_slice *rest, rf_error *error);

/* Puts a command of words, up to a NULL, and waits for its reply; nothing else may be under way. */
rf_code client_ask(struct client *client, const char *const *words, struct reply *head, rf_slice *rest,
                   rf_error *error);

/* Whether the other side has closed the connection, or it was lost: no more will arrive. */
bool client_is_closed(const struct client *client);

/* client_ask(), but RF_E_TARGET if the reply is an error. */
rf_code client_call(struct client *client, const char *const *words, struct reply *head, rf_slice *rest,
                    rf_error *error);

/* RF_E_TARGET: the server's answer to `command` is this one. */
rf_code client_refused(const struct client *client, const char *command, struct reply answer,
                       rf_error *error);

/* Gives up the client for its connection, over which nothing may be under way. */
struct connection *client_release(struct client *client);

/* NULL is let through. */
void client_close(struct client *client);

#endif
