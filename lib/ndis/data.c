/* Looking after the data path: wrong flags, lists that come back from those who do not have them.
 */
#include "ndis/data.h"

void
pndis__binding_quiet(struct binding *binding)
{
    KeSetEvent(&binding->quiet, IO_NO_INCREMENT, FALSE);
}

void
pndis__dispatch_flag_check(struct context *context, bool flag_set, const char *call,
                           const void *caller)
{
    if (flag_set && context->irql < DISPATCH_LEVEL) {
        pndis__report(context, RULE_DISPATCH_FLAG, NULL, call, caller,
                      "%s was given a dispatch-level flag at IRQL %u", call, context->irql);
    }
}

void
pndis__holder_set(NET_BUFFER_LIST *nbls, const void *holder)
{
    for (; nbls != NULL; nbls = nbls->Next) {
        nbl_note_of(nbls)->holder = holder;
    }
}

NET_BUFFER_LIST *
pndis__holder_check(struct context *context, NET_BUFFER_LIST *nbls, const void *holder,
                    struct owner *owner, enum rule rule, const char *call, const void *caller)
{
    NET_BUFFER_LIST **link = &nbls;

    while (*link != NULL) {
        NET_BUFFER_LIST *nbl = *link;

        if (pndis__nbl_is_ours(context, nbl) && nbl_note_of(nbl)->holder == holder) {
            nbl_note_of(nbl)->holder = NULL;
            link = &nbl->Next;
            continue;
        }
        pndis__report(context, rule, owner, call, caller,
                      "%s gives back a NET_BUFFER_LIST that it does not have", owner->name);
        *link = nbl->Next;
    }
    return nbls;
}
