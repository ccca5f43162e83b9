/* SPDX-License-Identifier: MIT */
/* All of the library. Programs may include single headers instead; each stands alone. */
#ifndef RDBFERRY_RDBFERRY_H
#define RDBFERRY_RDBFERRY_H

#include <rdbferry/abilities.h>
#include <rdbferry/aofdir.h>
#include <rdbferry/api.h>
#include <rdbferry/batch.h>
#include <rdbferry/collision.h>
#include <rdbferry/command.h>
#include <rdbferry/command_check.h>
#include <rdbferry/command_history.h>
#include <rdbferry/command_rewrite.h>
#include <rdbferry/compare.h>
#include <rdbferry/digest.h>
#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <rdbferry/evaluate.h>
#include <rdbferry/filter.h>
#include <rdbferry/follow.h>
#include <rdbferry/live.h>
#include <rdbferry/measure.h>
#include <rdbferry/nodes.h>
#include <rdbferry/notice.h>
#include <rdbferry/passed_expiries.h>
#include <rdbferry/plain_commands.h>
#include <rdbferry/reader.h>
#include <rdbferry/replay.h>
#include <rdbferry/rewrite.h>
#include <rdbferry/scan.h>
#include <rdbferry/sink.h>
#include <rdbferry/slice.h>
#include <rdbferry/slot.h>
#include <rdbferry/snapshot.h>
#include <rdbferry/source.h>
#include <rdbferry/strings.h>
#include <rdbferry/target.h>
#include <rdbferry/topology.h>
#include <rdbferry/value.h>
#include <rdbferry/version.h>

#endif
