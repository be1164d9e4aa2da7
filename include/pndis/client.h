/*
 * A client: a ready-made protocol driver for tests and tools. It binds to one adapter, sends,
 * receives, makes OID requests, sees status indications, and can hold received NET_BUFFER_LISTs
 * back.
 *
 * Callbacks run inside the machine, usually at DISPATCH_LEVEL: they may send and return, not wait.
 */
#ifndef PNDIS_CLIENT_H
#define PNDIS_CLIENT_H

#include <pndis/adapter.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pndis_client;

/** A frame that arrived. Borrowed for the callback unless the client holds it. */
struct pndis_received {
    const uint8_t *data; /* The whole frame in one piece. */
    size_t bytes;
    unsigned flags; /* NDIS_RECEIVE_FLAGS_* of the indication. */
    void *nbl;      /* Its NET_BUFFER_LIST, for hosts that include <ndis.h>. */
};

/** What a client tells its host. Each may be NULL. */
struct pndis_client_events {
    void (*on_receive)(struct pndis_client *client, const struct pndis_received *frame, void *user);
    /* @status: the NDIS_STATUS of a completed send; @tag: what pndis_client_send_tagged() was
     * given. */
    void (*on_sent)(struct pndis_client *client, int status, void *tag, void *user);
    void (*on_status)(struct pndis_client *client, int status, const void *data, size_t bytes,
                      void *user);
    /* A NET_PNP_EVENT_CODE. Returns the NDIS_STATUS to answer with, 0 for success. */
    int (*on_pnp_event)(struct pndis_client *client, int event, void *user);
};

struct pndis_client_options {
    const char *name;       /* NULL: "client", "client#2" ... */
    unsigned packet_filter; /* NDIS_PACKET_TYPE_*; 0: directed, multicast and broadcast. */
    bool no_filter;         /* Leave the packet filter at zero. */
    bool hold_receives;     /* Keep every NET_BUFFER_LIST until pndis_client_return(). */
    /**
     * Keep what is received for so long, on the machine's clock, and give it back from a DPC: so
     * that a pause has something to wait for that comes back by itself. Implies `hold_receives`.
     */
    uint64_t return_after_ns;
    /**
     * Take coalesced UDP datagrams as they come. Without it NDIS switches "UDP Receive Segment
     * Coalescing Offload (URO)" off while the client is bound.
     */
    bool takes_uro;
    const struct pndis_client_events *events; /* Borrowed until the client is closed. */
    void *user;
};

/**
 * Bind to an adapter. As on Windows this pauses the adapter's stack, binds, and restarts it, so
 * that the adapter is Running afterwards.
 *
 * @param adapter  Borrowed; must be started.
 * @param options  Copied; may be NULL.
 * @return         Close with pndis_client_close(). NULL on failure, see pndis_last_error().
 *
 * Models: "Binding to an Adapter", NdisRegisterProtocolDriver, NdisOpenAdapterEx.
 */
PNDIS_API struct pndis_client *pndis_client_open(struct pndis_adapter *adapter,
                                                 const struct pndis_client_options *options);

/**
 * Unbind, as a protocol that unloads: pauses the stack, returns what is held, waits for outstanding
 * sends, restarts what stays bound.
 *
 * @param client  Taken, whatever is returned. NULL is accepted.
 * @return 0, PNDIS_ETIMEDOUT or PNDIS_ESTALLED when a driver does not give sends or requests back.
 *
 * Context: not from a client's callback.
 */
PNDIS_API int pndis_client_close(struct pndis_client *client);

/**
 * Send a frame.
 *
 * @param frame  Copied. From the destination address on, without the frame check sequence.
 * @param bytes  1 to 262,144, whatever the adapter's MTU is: a test may send giants, as a protocol
 * could. What the miniport does with them is its business.
 * @return 0                The miniport has it, or has completed it already.
 * @return PNDIS_EBADSTATE  The binding is not Running; nothing was sent.
 * @return PNDIS_EINVAL     It is empty, or longer.
 * @return PNDIS_ELIMIT     More frames are outstanding than a client keeps memory for: 8,192.
 *
 * Context: a host thread or a client's callback. Guest IRQL: PASSIVE_LEVEL or DISPATCH_LEVEL; on
 * sim the seed decides.
 */
PNDIS_API int pndis_client_send(struct pndis_client *client, const void *frame, size_t bytes);

/**
 * Send @count frames as one chain of NET_BUFFER_LISTs. All of them or none; otherwise as
 * pndis_client_send().
 *
 * @param frames  Copied, as is @bytes.
 * @param tag     Handed to on_sent with each, and their cancel ID; may be NULL.
 */
PNDIS_API int pndis_client_send_chain(struct pndis_client *client, const void *const *frames,
                                      const size_t *bytes, size_t count, void *tag);

/**
 * Ask the miniport to give up the sends of @tag. They come back to on_sent, now or later, as any
 * send does; the miniport may have sent some.
 *
 * @return 0, or PNDIS_EBUSY when another thread is inside a sim machine.
 *
 * Models: NdisCancelSendNetBufferLists. Guest IRQL: the caller's.
 */
PNDIS_API int pndis_client_cancel(struct pndis_client *client, void *tag);

/**
 * Query an OID.
 *
 * @param oid         OID_*.
 * @param buffer      Filled with the answer.
 * @param out_bytes   What was written, or what would be needed; may be NULL.
 * @param out_status  The NDIS_STATUS; may be NULL.
 * @return 0, PNDIS_EDRIVER when the status is not success, PNDIS_ETIMEDOUT or PNDIS_ESTALLED.
 */
PNDIS_API int pndis_client_query(struct pndis_client *client, uint32_t oid, void *buffer,
                                 size_t bytes, size_t *out_bytes, int *out_status);

/** Set an OID. As pndis_client_query(). */
PNDIS_API int pndis_client_set(struct pndis_client *client, uint32_t oid, const void *buffer,
                               size_t bytes, int *out_status);

/** An OID with input and output: @buffer holds @in_bytes of input and has room for @bytes of
 * output. */
PNDIS_API int pndis_client_method(struct pndis_client *client, uint32_t oid, void *buffer,
                                  size_t in_bytes, size_t bytes, size_t *out_bytes,
                                  int *out_status);

/**
 * Hold received NET_BUFFER_LISTs from now on, or no longer (then return what is held).
 *
 * A pause or stop of the adapter waits for what is held, as its miniport does: a host call
 * then ends with PNDIS_ETIMEDOUT, or PNDIS_ESTALLED, and the adapter is Pausing until
 * pndis_client_return(). Then pndis_adapter_wait(), and the call again if there was more to do.
 */
PNDIS_API void pndis_client_hold(struct pndis_client *client, bool hold);

/** Return up to @count held NET_BUFFER_LISTs, oldest first; SIZE_MAX for all. Returns how many. */
PNDIS_API size_t pndis_client_return(struct pndis_client *client, size_t count);

/**
 * What a client has seen. A frame is counted once on_receive or on_sent has returned, or once it
 * can be taken: a host on another thread that waits for a count finds all of it done.
 */
struct pndis_client_counts {
    uint64_t sent;         /* Given to NDIS. */
    uint64_t completed;    /* Came back ... */
    uint64_t completed_ok; /* ... with NDIS_STATUS_SUCCESS. */
    uint64_t received;
    uint64_t received_bytes;
    uint64_t held; /* Not returned yet. */
    uint64_t statuses;
    int last_send_status;
};

PNDIS_API void pndis_client_get_counts(struct pndis_client *client,
                                       struct pndis_client_counts *out_counts);

/** The state of the client's binding: "Running". Static. */
PNDIS_API const char *pndis_client_state_name(const struct pndis_client *client);

/**
 * Copy the oldest received frame that has not been taken, for tests that would rather ask than be
 * called.
 *
 * A client without on_receive keeps the last 1,024 frames.
 * @return Its length, or 0 when there is none; cut to @bytes.
 */
PNDIS_API size_t pndis_client_take(struct pndis_client *client, void *frame, size_t bytes);

/** The adapter the client is bound to. */
PNDIS_API struct pndis_adapter *pndis_client_adapter(const struct pndis_client *client);

#ifdef __cplusplus
}
#endif

#endif
