/* Sending: the frame comes back at once. */
#include "echo51.h"

NDIS_STATUS
EchoSend(NDIS_HANDLE MiniportAdapterContext, PNDIS_PACKET Packet, UINT Flags)
{
    PECHO echo = MiniportAdapterContext;
    PNDIS_BUFFER buffer;
    UINT total;
    UINT used = 0;

    UNREFERENCED_PARAMETER(Flags);
    NdisQueryPacket(Packet, NULL, NULL, &buffer, &total);
    while (buffer != NULL) {
        PVOID address;
        UINT length;

        NdisQueryBufferSafe(buffer, &address, &length, NormalPagePriority);
        if (address == NULL || !EchoHasRoom(echo, used, length)) {
            return NDIS_STATUS_FAILURE;
        }
        NdisMoveMemory(echo->Frame + used, address, length);
        used += length;
        NdisGetNextBuffer(buffer, &buffer);
    }
    echo->Sent++;
    NdisMEthIndicateReceive(echo->Handle, echo, echo->Frame, HEADER_BYTES,
                            echo->Frame + HEADER_BYTES, used - HEADER_BYTES, used - HEADER_BYTES);
    NdisMEthIndicateReceiveComplete(echo->Handle);
    return NDIS_STATUS_SUCCESS;
}
