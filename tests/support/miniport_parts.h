/* Entry points of the programmable miniport that lie in files of their own. */
#ifndef PNDIS_TESTS_MINIPORT_PARTS_H
#define PNDIS_TESTS_MINIPORT_PARTS_H

#include "support/miniport.h"

/* Whether a pause that waits can end now; then it is the caller's to complete. Under port->lock. */
bool port_take_finished_pause(struct port *port);

MINIPORT_SEND_NET_BUFFER_LISTS port_send;
MINIPORT_CANCEL_SEND port_cancel_send;
MINIPORT_RETURN_NET_BUFFER_LISTS port_return_lists;

MINIPORT_OID_REQUEST port_oid_request;
MINIPORT_CANCEL_OID_REQUEST port_cancel_oid;
MINIPORT_CHECK_FOR_HANG port_check_for_hang;
MINIPORT_RESET port_reset;

#endif
