set(PNDIS_SCHED_SOURCES
    fiber.c
    live.c
    sched.c
    sim.c
    sim_run.c
    timer.c
)
