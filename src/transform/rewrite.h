/* SPDX-License-Identifier: MIT */
/* What the parser of rule files needs of a rewrite. */
#ifndef TRANSFORM_REWRITE_H
#define TRANSFORM_REWRITE_H

#include "transform/rule.h"

/* Space that is trimmed from a rule. */
static inline bool rewrite_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Removes the rules that were added since `added` had this value. */
void rewrite_take_back(rf_rewrite *rewrite, unsigned added);

#endif
