/* Making allocations fail on purpose. See <pndis/verifier.h>. */
#include "nt/nt.h"

void
pndis_fault_arm(struct pndis_machine *machine, uint64_t skip)
{
    struct fault *fault = &machine->fault;

    __atomic_store_n(&fault->attempts, 0, __ATOMIC_SEQ_CST);
    fault->fail_at = skip;
    __atomic_store_n(&fault->fired, false, __ATOMIC_SEQ_CST);
    __atomic_store_n(&fault->counting, true, __ATOMIC_SEQ_CST);
}

void
pndis_fault_disarm(struct pndis_machine *machine)
{
    __atomic_store_n(&machine->fault.counting, false, __ATOMIC_SEQ_CST);
}

bool
pndis_fault_fired(const struct pndis_machine *machine)
{
    return __atomic_load_n(&machine->fault.fired, __ATOMIC_SEQ_CST);
}

uint64_t
pndis_fault_attempts(const struct pndis_machine *machine)
{
    return __atomic_load_n(&machine->fault.attempts, __ATOMIC_SEQ_CST);
}

bool
pndis__fault_slow(struct pndis_machine *machine)
{
    struct fault *fault = &machine->fault;

    if (__atomic_fetch_add(&fault->attempts, 1, __ATOMIC_SEQ_CST) != fault->fail_at) {
        return false;
    }
    __atomic_store_n(&fault->fired, true, __ATOMIC_SEQ_CST);
    return true;
}
