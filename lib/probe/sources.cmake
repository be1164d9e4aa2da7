set(PNDIS_PROBE_SOURCES
    ledger.c
    log.c
    probe.c
    violation.c
)
