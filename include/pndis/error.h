/*
 * How a host function says that it failed.
 *
 * Host functions return 0 or one of the negative values below, and leave one clear sentence in
 * pndis_last_error(). What a driver answered (an NDIS_STATUS) is data, read through the object that
 * was asked; it is never mixed with these.
 */
#ifndef PNDIS_ERROR_H
#define PNDIS_ERROR_H

#if defined(__GNUC__)
#define PNDIS_API __attribute__((visibility("default")))
#else
#define PNDIS_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* name, value, meaning */
#define PNDIS_ERRORS(X)                                                                            \
    X(PNDIS_EINVAL, -1, "an argument makes no sense")                                              \
    X(PNDIS_ENOMEM, -2, "no memory")                                                               \
    X(PNDIS_EBADSTATE, -3, "not possible in the state the object is in")                           \
    X(PNDIS_ENOTFOUND, -4, "nothing has that name")                                                \
    X(PNDIS_EEXIST, -5, "something has that name already")                                         \
    X(PNDIS_EBUSY, -6, "another operation is under way")                                           \
    X(PNDIS_ETIMEDOUT, -7, "it did not finish in the time allowed")                                \
    X(PNDIS_ESTALLED, -8, "it cannot finish: nothing is left that could run")                      \
    X(PNDIS_EDRIVER, -9, "the driver refused; its own status says why")                            \
    X(PNDIS_ELOAD, -10, "the driver module cannot be loaded")                                      \
    X(PNDIS_EUNSUPPORTED, -11, "pndis does not model this")                                        \
    X(PNDIS_EIO, -12, "the host's operating system refused")                                       \
    X(PNDIS_ELIMIT, -13, "a documented limit is reached")

enum pndis_error {
#define X(name, value, text) name = value,
    PNDIS_ERRORS(X)
#undef X
};

/**
 * The sentence that explains the calling thread's most recent failure.
 *
 * @return Borrowed, valid until the thread's next host call; "" when nothing has failed yet.
 */
PNDIS_API const char *pndis_last_error(void);

/**
 * The name of an error value, such as "PNDIS_EBADSTATE", or "0".
 *
 * @return Borrowed, static.
 */
PNDIS_API const char *pndis_error_name(int error);

#ifdef __cplusplus
}
#endif

#endif
