/* SPDX-License-Identifier: MIT */
/* The nodes of lists and streams, and radix trees, as elements are added to them. */
#ifndef MEASURE_MEASURE_NODES_H
#define MEASURE_MEASURE_NODES_H

#include "measure/shape.h"

void id_tree_add(struct id_tree *tree, rf_stream_id id);

void nodes_begin(struct shape *shape);
void nodes_add_item(struct shape *shape, rf_slice item);
void nodes_add_entry(struct shape *shape, rf_stream_id id, const rf_slice *fields_values, size_t pairs);
void nodes_end(struct shape *shape);

#endif
