/* SPDX-License-Identifier: MIT */
/* Damage in the middle of a log: what kind it is, and where sound commands begin again. */
#ifndef AOF_AOF_RESYNC_H
#define AOF_AOF_RESYNC_H

#include "io/window.h"
#include <rdbferry/reader.h>

/* The kind of damage of the command at pos, which could not be read. Nothing is consumed. */
rf_code aof_damage_kind(struct window *w, rf_log_damage_kind *kind);

/* Moves on to the next place after pos where several commands in a row are well-formed, known, and have a
 * number of arguments that is possible; *found is false if there is none up to the end of the input. */
rf_code aof_resync(struct window *w, bool *found);

#endif
