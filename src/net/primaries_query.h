/* SPDX-License-Identifier: MIT */
/* Finds the primaries without waiting: in a thread of its own, because a server that does not answer is
 * waited for until its timeout. */
#ifndef NET_PRIMARIES_QUERY_H
#define NET_PRIMARIES_QUERY_H

#include "net/primaries.h"

struct primaries_query;

/* Tries `first`, if any, and then the addresses of the target. Both, but not the target's wait, must remain
 * valid until primaries_query_end(). */
rf_code primaries_query_begin(const rf_target *target, const rf_address *first, size_t count,
                              struct primaries_query **out, rf_error *error);

/* Becomes readable when the query is over. */
int primaries_query_fd(const struct primaries_query *query);

bool primaries_query_is_over(const struct primaries_query *query);

/* What primaries_find() returns, once; the caller owns *out after RF_OK. RF_END if it is not over. */
rf_code primaries_query_result(struct primaries_query *query, struct primaries *out, rf_error *error);

/* `query` may be NULL. One that still runs is cancelled, and ends within CONNECTION_TICK_MS. */
void primaries_query_end(struct primaries_query *query);

#endif
