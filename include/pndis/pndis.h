/*
 * pndis: the Windows network driver interface as a userspace library. This header is all of the
 * host API. Drivers never include it; they include <ndis.h>.
 */
#ifndef PNDIS_PNDIS_H
#define PNDIS_PNDIS_H

#include <pndis/adapter.h>
#include <pndis/backend.h>
#include <pndis/client.h>
#include <pndis/control.h>
#include <pndis/device.h>
#include <pndis/driver.h>
#include <pndis/error.h>
#include <pndis/machine.h>
#include <pndis/oids.h>
#include <pndis/registry.h>
#include <pndis/trace.h>
#include <pndis/verifier.h>
#include <pndis/virtio_net.h>

#endif
