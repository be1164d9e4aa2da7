/* Structured exception handling ("try-except Statement", "try-finally Statement") for a compiler
 * that has none.
 *
 * A __try is a loop around a frame that setjmp fills. An exception raised in the body
 * (RtlRaiseStatus, ExRaiseStatus, or a processor fault that the runtime's signal handler turns into
 * one) comes back through the frame, evaluates the filter and runs the handler. Leaving the body by
 * return or goto runs the frame's cleanup, which takes it off the thread's list.
 *
 * What cannot be had this way:
 * - EXCEPTION_CONTINUE_EXECUTION: the faulting instruction is gone; __seh_filter refuses it.
 * - A __finally block does not run when the body is left by return, goto or break.
 * - break and continue in a __try body bind to the __try, not to a loop around it: both leave it.
 * - Local variables that change in the body and are read after the exception should be volatile
 *   where the compiler optimizes (clang above all), as C says of setjmp. */
#ifndef _INC_EXCPT
#define _INC_EXCPT

#include "compiler/keywords.h"
#include <setjmp.h>

#define EXCEPTION_EXECUTE_HANDLER    1
#define EXCEPTION_CONTINUE_SEARCH    0
#define EXCEPTION_CONTINUE_EXECUTION (-1)

#define EXCEPTION_NONCONTINUABLE     0x01
#define EXCEPTION_MAXIMUM_PARAMETERS 15

EXTERN_C_START

typedef enum _EXCEPTION_DISPOSITION {
    ExceptionContinueExecution,
    ExceptionContinueSearch,
    ExceptionNestedException,
    ExceptionCollidedUnwind
} EXCEPTION_DISPOSITION;

typedef struct _EXCEPTION_RECORD {
    int ExceptionCode;
    unsigned int ExceptionFlags;
    struct _EXCEPTION_RECORD *ExceptionRecord;
    void *ExceptionAddress;
    unsigned int NumberParameters;
    __wdk_uint64 ExceptionInformation[EXCEPTION_MAXIMUM_PARAMETERS];
} EXCEPTION_RECORD, *PEXCEPTION_RECORD;

struct _CONTEXT;

typedef struct _EXCEPTION_POINTERS {
    PEXCEPTION_RECORD ExceptionRecord;
    struct _CONTEXT *ContextRecord;
} EXCEPTION_POINTERS, *PEXCEPTION_POINTERS;

/* One __try in progress. The runtime links the frames of a thread. To deliver an exception it takes
 * the innermost frame off the list, fills in record and pointers, sets raised and calls longjmp
 * with 1. The signal mask is not saved: a signal handler that jumps out must have left its signal
 * unblocked. */
struct __seh_frame {
    jmp_buf jump;
    struct __seh_frame *outer;
    EXCEPTION_RECORD record;
    EXCEPTION_POINTERS pointers;
    volatile int pass;      /* 0 before the body, 1 in it or in its handler, 2 after it */
    volatile int raised;    /* an exception came to this frame */
    volatile int finalized; /* a finally block has begun */
};

/* Implemented by the kernel runtime. */

/* Puts @frame on the thread's list. */
__wdk_export void __seh_enter(struct __seh_frame *frame);
/* Takes @frame off the list, if it is there, however the __try was left. */
__wdk_export void __seh_leave(struct __seh_frame *frame);
/* Judges a filter's answer for the exception in @frame. Nonzero: run the handler. Does not return
 * when the filter answered EXCEPTION_CONTINUE_SEARCH: the exception goes on to the next frame
 * outside. */
__wdk_export int __seh_filter(struct __seh_frame *frame, int answer);
/* Sends the exception in @frame to the next frame outside; ends a finally block. */
__wdk_export __attribute__((__noreturn__)) void __seh_continue(struct __seh_frame *frame);

/* The loop condition: one pass for the body, and one more after a body that came to its end, for
 * the sake of a finally block. */
__wdk_inline int
__seh_next(struct __seh_frame *frame)
{
    int pass = frame->pass;

    frame->pass = pass + 1;
    if (pass == 0) {
        __seh_enter(frame);
        return 1;
    }
    __seh_leave(frame);
    if (frame->finalized && frame->raised) {
        __seh_continue(frame);
    }
    return pass == 1 && !frame->finalized && !frame->raised;
}

/* True, and an exception in the finally block itself no longer comes here. */
__wdk_inline int
__seh_finally(struct __seh_frame *frame)
{
    __seh_leave(frame);
    frame->finalized = 1;
    return 1;
}

EXTERN_C_END

/* The C++ library has a macro of this name for itself; its headers come first. */
#undef __try
#define __try                                                                                      \
    for (struct __seh_frame __seh_this __attribute__((__cleanup__(__seh_leave))) = {};             \
         __seh_next(&__seh_this);)                                                                 \
        if (__seh_this.pass == 1 && setjmp(__seh_this.jump) == 0)
/* clang-format off */
#define __except(...) else if (__seh_this.raised && __seh_filter(&__seh_this, (__VA_ARGS__)))
/* clang-format on */
#define __finally else if (__seh_finally(&__seh_this))
#define __leave longjmp(__seh_this.jump, 1)
#define _try     __try
#define _except  __except
#define _finally __finally
#define _leave   __leave

#define GetExceptionCode()        (__seh_this.record.ExceptionCode)
#define GetExceptionInformation() (&__seh_this.pointers)
#define AbnormalTermination()     (__seh_this.raised)
#define _exception_code()         GetExceptionCode()
#define exception_code()          GetExceptionCode()
#define exception_info()          GetExceptionInformation()
#define abnormal_termination()    AbnormalTermination()

#endif
