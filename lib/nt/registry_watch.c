/* Who is told of changes to keys, once each ("ZwNotifyChangeKey function"). See registry.h. */
#include "nt/registry_tree.h"

/* Take the first watch that @key's change of @what concerns off its list. */
static struct key_watch *
take_watch(struct key *changed, ULONG what)
{
    for (struct key *key = changed; key != NULL; key = key->parent) {
        for (struct key_watch **link = &key->watches; *link != NULL; link = &(*link)->next) {
            struct key_watch *watch = *link;

            if ((watch->filter & what) != 0 && (key == changed || watch->whole_tree)) {
                *link = watch->next;
                watch->key = NULL;
                return watch;
            }
        }
    }
    return NULL;
}

void
pndis__registry_tell(struct pndis_machine *machine, struct key *key, ULONG what)
{
    struct os_mutex *lock = &machine->registry->lock;
    struct key_watch *watch;

    while ((watch = take_watch(key, what)) != NULL) {
        pndis__os_mutex_unlock(lock);
        watch->on_change(watch, false);
        pndis__os_mutex_lock(lock);
    }
    pndis__os_mutex_unlock(lock);
}

NTSTATUS
pndis__key_watch(struct pndis_machine *machine, struct key *key, struct key_watch *watch)
{
    NTSTATUS status = STATUS_SUCCESS;

    pndis__os_mutex_lock(&machine->registry->lock);
    if (key->deleted) {
        status = STATUS_KEY_DELETED;
    } else {
        watch->key = key;
        watch->next = key->watches;
        key->watches = watch;
    }
    pndis__os_mutex_unlock(&machine->registry->lock);
    return status;
}

bool
pndis__key_unwatch(struct pndis_machine *machine, struct key_watch *watch)
{
    struct key_watch **link;
    bool found = false;

    pndis__os_mutex_lock(&machine->registry->lock);
    if (watch->key != NULL) {
        for (link = &watch->key->watches; *link != watch; link = &(*link)->next) {
        }
        *link = watch->next;
        watch->key = NULL;
        found = true;
    }
    pndis__os_mutex_unlock(&machine->registry->lock);
    return found;
}

void
pndis__key_changed(struct pndis_machine *machine, struct key *key, ULONG what)
{
    pndis__os_mutex_lock(&machine->registry->lock);
    pndis__registry_tell(machine, key, what);
}
