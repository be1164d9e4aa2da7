/* Filter modules in the lifecycle of a stack. See filter_module.h. */
#include "ndis/filter_module.h"

#include "ndis/adapter.h"

#include <stdio.h>

void
pndis__filter_add(struct pndis_adapter *adapter, struct filter_module *module,
                  const struct filter_ops *ops, void *module_context, const char *name,
                  bool mandatory)
{
    memset(module, 0, sizeof(*module));
    module->owner.kind = "filter module";
    snprintf(module->owner.name, sizeof(module->owner.name), "%s", name);
    pndis__state_init(&module->at, &pndis__filter_lifecycle, &module->owner, FM_DETACHED);
    pndis__pending_init(&module->operation);
    module->adapter = adapter;
    module->ops = ops;
    module->context = module_context;
    module->mandatory = mandatory;
    module->below = adapter->top_filter;
    if (adapter->top_filter != NULL) {
        adapter->top_filter->above = module;
    } else {
        adapter->bottom_filter = module;
    }
    adapter->top_filter = module;
}

void
pndis__filter_remove(struct filter_module *module)
{
    struct pndis_adapter *adapter = module->adapter;

    if (module->above != NULL) {
        module->above->below = module->below;
    } else {
        adapter->top_filter = module->below;
    }
    if (module->below != NULL) {
        module->below->above = module->above;
    } else {
        adapter->bottom_filter = module->above;
    }
    module->above = module->below = NULL;
}

static NDIS_STATUS
attach(struct context *context, struct filter_module *module)
{
    struct frame frame;
    NDIS_STATUS status;

    if (!pndis__fire(context, &module->at, FM_EV_ATTACH, "FilterAttach")) {
        return NDIS_STATUS_FAILURE;
    }
    pndis__guest_enter(context, &frame, &module->owner, "FilterAttach");
    status = module->ops->attach(module->context);
    pndis__guest_leave_status(context, &frame, status);
    pndis__fire(context, &module->at,
                status == NDIS_STATUS_SUCCESS ? FM_EV_ATTACH_DONE : FM_EV_ATTACH_FAILED,
                "FilterAttach");
    return status;
}

int
pndis__filters_attach(struct context *context, struct pndis_adapter *adapter)
{
    struct filter_module *above;

    for (struct filter_module *module = adapter->bottom_filter; module != NULL; module = above) {
        NDIS_STATUS status = attach(context, module);

        above = module->above;
        if (status == NDIS_STATUS_SUCCESS) {
            continue;
        }
        if (module->mandatory) {
            return pndis__fail(PNDIS_EDRIVER, "the mandatory filter %s failed to attach to %s",
                               module->owner.name, adapter->owner.name);
        }
        pndis__filter_remove(module);
    }
    return 0;
}

void
pndis__filter_detach(struct context *context, struct filter_module *module)
{
    struct frame frame;

    if (!pndis__fire(context, &module->at, FM_EV_DETACH, "FilterDetach")) {
        return;
    }
    pndis__guest_enter(context, &frame, &module->owner, "FilterDetach");
    module->ops->detach(module->context);
    pndis__guest_leave(context, &frame);
    pndis__filter_remove(module);
}

void
pndis__filters_detach(struct context *context, struct pndis_adapter *adapter)
{
    struct filter_module *below;

    for (struct filter_module *module = adapter->top_filter; module != NULL; module = below) {
        below = module->below;
        if (state_of(&module->at) == FM_PAUSED) {
            pndis__filter_detach(context, module);
        } else {
            pndis__filter_remove(module);
        }
    }
}

static void
finish(struct context *context, struct filter_module *module, NDIS_STATUS status, const char *call)
{
    if (state_of(&module->at) == FM_PAUSING) {
        pndis__fire(context, &module->at, FM_EV_PAUSE_DONE, call);
    } else {
        pndis__fire(context, &module->at,
                    status == NDIS_STATUS_SUCCESS ? FM_EV_RESTART_DONE : FM_EV_RESTART_FAILED,
                    call);
    }
}

static int
settle(struct context *context, struct filter_module *module, NDIS_STATUS *status, const char *call,
       const char *what)
{
    enum sleep_result result;
    bool twice;

    if (pndis__pending_returned(&module->operation, *status, status, &twice)) {
        if (twice) {
            pndis__report(context, RULE_FM_STATE, &module->owner, call, NULL,
                          "%s returned after its operation was completed by a call", call);
        } else {
            finish(context, module, *status, call);
        }
        return 0;
    }
    result =
        pndis__pending_wait(context, &module->operation, pndis__deadline(context), true, status);
    return result == SLEEP_WOKEN ? 0 : pndis__wait_error(result, module->owner.name, what);
}

int
pndis__filter_pause(struct context *context, struct filter_module *module)
{
    struct frame frame;
    NDIS_STATUS status;

    if (!pndis__fire(context, &module->at, FM_EV_PAUSE, "FilterPause")) {
        return PNDIS_EBADSTATE;
    }
    pndis__pending_ask(&module->operation);
    pndis__guest_enter(context, &frame, &module->owner, "FilterPause");
    status = module->ops->pause(module->context);
    pndis__guest_leave_status(context, &frame, status);
    if (status != NDIS_STATUS_SUCCESS && status != NDIS_STATUS_PENDING) {
        pndis__report(context, RULE_FM_PAUSE_2, &module->owner, "FilterPause", NULL,
                      "FilterPause of %s returned 0x%08x", module->owner.name, (unsigned)status);
        status = NDIS_STATUS_SUCCESS;
    }
    return settle(context, module, &status, "FilterPause", "its pause");
}

int
pndis__filter_restart(struct context *context, struct filter_module *module,
                      struct restart_list *list)
{
    struct frame frame;
    NDIS_STATUS status;
    int result;

    if (!pndis__fire(context, &module->at, FM_EV_RESTART, "FilterRestart")) {
        return PNDIS_EBADSTATE;
    }
    pndis__pending_ask(&module->operation);
    pndis__guest_enter(context, &frame, &module->owner, "FilterRestart");
    status = module->ops->restart(module->context, &list->first);
    pndis__guest_leave_status(context, &frame, status);
    result = settle(context, module, &status, "FilterRestart", "its restart");
    if (result != 0) {
        return result;
    }
    pndis__restart_list_check(context, list, &module->owner, "FilterRestart", status);
    if (status != NDIS_STATUS_SUCCESS) {
        return pndis__fail(PNDIS_EDRIVER, "FilterRestart of %s failed with 0x%08x",
                           module->owner.name, (unsigned)status);
    }
    return 0;
}

static void
complete(struct context *context, struct filter_module *module, NDIS_STATUS status,
         const char *call)
{
    if (!pndis__pending_claim(&module->operation)) {
        pndis__report(context, RULE_FM_STATE, &module->owner, call, NULL,
                      "%s for %s, which is %s and has no such operation pending", call,
                      module->owner.name, state_name(&module->at));
        return;
    }
    finish(context, module, status, call);
    pndis__pending_complete(&module->operation, status);
}

void
pndis__filter_pause_complete(struct context *context, struct filter_module *module)
{
    complete(context, module, NDIS_STATUS_SUCCESS, "NdisFPauseComplete");
}

void
pndis__filter_restart_complete(struct context *context, struct filter_module *module,
                               NDIS_STATUS status)
{
    complete(context, module, status, "NdisFRestartComplete");
}
