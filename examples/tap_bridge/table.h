/* --stats: a live table of the ports. */
#ifndef TAP_BRIDGE_TABLE_H
#define TAP_BRIDGE_TABLE_H

#include "stack.h"

/* What was read last, so that rates can be shown. */
struct table {
    uint64_t at_ns;
    uint64_t frames[PORT_LIMIT];
    uint64_t bytes[PORT_LIMIT];
    bool drawn;
};

/* Draw it on standard output, over the one drawn before when that is a terminal. */
void table_draw(struct table *table, struct stack *stack);

#endif
