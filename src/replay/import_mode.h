/* SPDX-License-Identifier: MIT */
/* Import mode: targets that delete nothing that expires, as long as it lasts. */
#ifndef REPLAY_IMPORT_MODE_H
#define REPLAY_IMPORT_MODE_H

#include "replay/internal.h"

/* Uses it, if all primaries are in it. */
rf_code import_mode_use(rf_replay *r, rf_error *error);

/* For a new connection: appends the question, and handles the reply. The run ends if it is not possible any
 * more. */
rf_code import_mode_put_question(struct client *client, rf_error *error);
rf_code import_mode_join(struct node *node, struct reply reply, rf_error *error);

/* Whether the nodes also report what they have deleted; and handles the reply to INFO stats. The run ends if
 * that has become more. */
bool import_mode_counts(const rf_replay *r);
void import_mode_count(struct node *node, rf_slice info);

/* Ends the run. */
void import_mode_lost(struct node *node, const char *why);

/* Called with each topology: ends the run if slots have moved. */
rf_code import_mode_check_slots(rf_replay *r, rf_error *error);

/* Asks all primaries, found anew; the reply is waited for. */
rf_code import_mode_check(rf_replay *r, rf_error *error);

/* The same on pipelines, once a second: called between requests. */
rf_code import_mode_ask_again(rf_replay *r, rf_error *error);

/* See rf_replay_import_id(). */
uint64_t import_mode_id(const rf_replay *r);

#endif
