/*
 * The three lifecycle tables, cell by cell, against a second copy typed from the documentation:
 * "Miniport Adapter States and Operations", "Filter Module States and Operations" and "Protocol
 * Binding States and Operations".
 */
#include "support/world.h"

#include "ndis/state.h"
#include "nt/nt.h"

#include <pndis/trace.h>

enum { EVENT_LIMIT = 12, STATE_LIMIT = 7, CELL_WIDTH = 3, WALK_STEPS = 300 };

/* A state as a column of a page's table. */
struct column {
    const char *abbreviation;
    const char *name;
    unsigned state;
};

/* An event as a row: under each column the state it leads to, "." where the page is blank. */
struct row {
    unsigned event;
    const char *cells;
};

struct page {
    const char *title;
    const char *rule;
    const struct lifecycle *lifecycle;
    unsigned column_count;
    unsigned row_count;
    unsigned legal_count;
    struct column columns[STATE_LIMIT];
    struct row rows[EVENT_LIMIT];
};

static const struct page adapter_page = {
    .title = "Miniport Adapter States and Operations",
    .rule = "MP_STATE",
    .lifecycle = &pndis__adapter_lifecycle,
    .column_count = 7,
    .row_count = 12,
    .legal_count = 19,
    .columns = {{"Ha", "Halted", MP_HALTED},
                {"Sh", "Shutdown", MP_SHUTDOWN},
                {"In", "Initializing", MP_INITIALIZING},
                {"Pa", "Paused", MP_PAUSED},
                {"Rs", "Restarting", MP_RESTARTING},
                {"Ru", "Running", MP_RUNNING},
                {"Pg", "Pausing", MP_PAUSING}},
    .rows =
        {/*                          Ha Sh In Pa Rs Ru Pg */
         {MP_EV_INITIALIZE, "        In .  .  .  .  .  . "},
         {MP_EV_INITIALIZE_DONE, "   .  .  Pa .  .  .  . "},
         {MP_EV_SHUTDOWN, "          .  .  .  Sh Sh Sh Sh"},
         {MP_EV_HALT, "              .  .  .  Ha .  .  . "},
         {MP_EV_RESTART, "           .  .  .  Rs .  .  . "},
         {MP_EV_RESTART_DONE, "      .  .  .  .  Ru .  . "},
         {MP_EV_PAUSE, "             .  .  .  .  .  Pg . "},
         {MP_EV_PAUSE_DONE, "        .  .  .  .  .  .  Pa"},
         {MP_EV_INITIALIZE_FAILED, " .  .  Ha .  .  .  . "},
         {MP_EV_RESTART_FAILED, "    .  .  .  .  Pa .  . "},
         {MP_EV_DATA, "              .  .  .  .  .  Ru Pg"},
         {MP_EV_OID, "               .  .  .  Pa Rs Ru Pg"}},
};

static const struct page filter_page = {
    .title = "Filter Module States and Operations",
    .rule = "FM_STATE",
    .lifecycle = &pndis__filter_lifecycle,
    .column_count = 6,
    .row_count = 11,
    .legal_count = 15,
    .columns = {{"De", "Detached", FM_DETACHED},
                {"At", "Attaching", FM_ATTACHING},
                {"Pa", "Paused", FM_PAUSED},
                {"Rs", "Restarting", FM_RESTARTING},
                {"Ru", "Running", FM_RUNNING},
                {"Pg", "Pausing", FM_PAUSING}},
    .rows =
        {/*                      De At Pa Rs Ru Pg */
         {FM_EV_ATTACH, "        At .  .  .  .  . "},
         {FM_EV_ATTACH_DONE, "   .  Pa .  .  .  . "},
         {FM_EV_DETACH, "        .  .  De .  .  . "},
         {FM_EV_RESTART, "       .  .  Rs .  .  . "},
         {FM_EV_RESTART_DONE, "  .  .  .  Ru .  . "},
         {FM_EV_PAUSE, "         .  .  .  .  Pg . "},
         {FM_EV_PAUSE_DONE, "    .  .  .  .  .  Pa"},
         {FM_EV_ATTACH_FAILED, " .  De .  .  .  . "},
         {FM_EV_RESTART_FAILED, ".  .  .  Pa .  . "},
         {FM_EV_DATA, "          .  .  .  .  Ru Pg"},
         {FM_EV_OID, "           .  .  Pa Rs Ru Pg"}},
};

static const struct page binding_page = {
    .title = "Protocol Binding States and Operations",
    .rule = "BD_STATE",
    .lifecycle = &pndis__binding_lifecycle,
    .column_count = 7,
    .row_count = 12,
    .legal_count = 17,
    .columns = {{"Un", "Unbound", BD_UNBOUND},
                {"Op", "Opening", BD_OPENING},
                {"Cl", "Closing", BD_CLOSING},
                {"Pa", "Paused", BD_PAUSED},
                {"Rs", "Restarting", BD_RESTARTING},
                {"Ru", "Running", BD_RUNNING},
                {"Pg", "Pausing", BD_PAUSING}},
    .rows =
        {/*                      Un Op Cl Pa Rs Ru Pg */
         {BD_EV_BIND, "          Op .  .  .  .  .  . "},
         {BD_EV_BIND_FAILED, "   .  Un .  .  .  .  . "},
         {BD_EV_BIND_DONE, "     .  Pa .  .  .  .  . "},
         {BD_EV_UNBIND, "        .  .  .  Cl .  .  . "},
         {BD_EV_UNBIND_DONE, "   .  .  Un .  .  .  . "},
         {BD_EV_PAUSE, "         .  .  .  .  .  Pg . "},
         {BD_EV_PAUSE_DONE, "    .  .  .  .  .  .  Pa"},
         {BD_EV_RESTART, "       .  .  .  Rs .  .  . "},
         {BD_EV_RESTART_DONE, "  .  .  .  .  Ru .  . "},
         {BD_EV_RESTART_FAILED, ".  .  .  .  Pa .  . "},
         {BD_EV_DATA, "          .  .  .  .  .  Ru Pg"},
         {BD_EV_OID, "           .  .  Cl Pa Rs Ru Pg"}},
};

/* --- reading the pages --- */

/* The column that @row leads to from column @from; NULL for a blank cell. */
static const struct column *
cell(const struct page *page, const struct row *row, unsigned from)
{
    const char *text = row->cells + strspn(row->cells, " ") + (size_t)CELL_WIDTH * from;

    for (unsigned i = 0; i < page->column_count; i++) {
        if (strncmp(text, page->columns[i].abbreviation, 2) == 0) {
            return &page->columns[i];
        }
    }
    assert_int_equal(*text, '.');
    return NULL;
}

/* --- the engine, asked --- */

/* One event in one state, and what came of it. */
struct question {
    const struct lifecycle *lifecycle;
    struct machine_state at;
    struct owner *owner;
    unsigned from;
    unsigned event;
    bool fired;
    unsigned to;
};

static void
ask(void *argument)
{
    struct question *question = argument;

    pndis__state_init(&question->at, question->lifecycle, question->owner, (uint8_t)question->from);
    question->fired = pndis__fire(context_current(), &question->at, question->event, "Test");
    question->to = state_of(&question->at);
}

/* The engine's answer to @row in column @from is the page's. */
static void
compare(struct world *w, struct pndis_log *log, const struct page *page, const struct row *row,
        unsigned from)
{
    const struct column *start = &page->columns[from];
    const struct column *end = cell(page, row, from);
    struct question question = {.lifecycle = page->lifecycle,
                                .owner = &w->driver->owner,
                                .from = start->state,
                                .event = row->event};
    const struct pndis_violation *violation;
    char transition[80] = "";

    pndis_log_clear(log);
    world_as_driver(w, ask, &question);
    expect(w, question.fired == (end != NULL));
    expect(w, state_allows(&(struct machine_state){.lifecycle = page->lifecycle,
                                                   .state = (uint8_t)start->state},
                           row->event) == (end != NULL));
    violation = pndis_violation_at(w->machine, 0);
    if (end == NULL) {
        expect(w, question.to == start->state);
        expect(w, violation != NULL && strcmp(violation->rule, page->rule) == 0);
        expect(w, strcmp(violation->page, page->title) == 0);
        expect(w, strstr(violation->message, start->name) != NULL);
        expect(w, pndis_violation_at(w->machine, 1) == NULL);
        pndis_violations_clear(w->machine);
    } else {
        expect(w, question.to == end->state);
        expect(w, violation == NULL);
        if (end != start) {
            snprintf(transition, sizeof(transition), "programmable: %s -> %s\n", start->name,
                     end->name);
        }
    }
    assert_string_equal(pndis_log_text(log), transition);
}

static void
compare_page(const struct page *page)
{
    struct pndis_log *log;
    struct world w;
    unsigned legal = 0;

    assert_int_equal(page->lifecycle->state_count, page->column_count + 1);
    assert_int_equal(page->lifecycle->event_count, page->row_count);
    miniport_reset();
    world_open(&w, 0);
    world_add_halted(&w);
    log = pndis_log_open(w.machine, PNDIS_LOG_STATES | PNDIS_LOG_WITHOUT_TIMES);
    for (unsigned i = 0; i < page->row_count; i++) {
        for (unsigned from = 0; from < page->column_count; from++) {
            legal += cell(page, &page->rows[i], from) != NULL;
            compare(&w, log, page, &page->rows[i], from);
        }
    }
    assert_int_equal(legal, page->legal_count);
    world_close(&w);
}

static void
every_cell_of_the_adapter_table(void **state)
{
    (void)state;
    compare_page(&adapter_page);
}

static void
every_cell_of_the_filter_module_table(void **state)
{
    (void)state;
    compare_page(&filter_page);
}

static void
every_cell_of_the_binding_table(void **state)
{
    (void)state;
    compare_page(&binding_page);
}

/* --- states and events have the words of the pages --- */

static void
states_are_named_as_on_the_pages(void **state)
{
    static const struct page *const pages[] = {&adapter_page, &filter_page, &binding_page};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned j = 0; j < pages[i]->column_count; j++) {
            const struct column *column = &pages[i]->columns[j];

            assert_string_equal(pages[i]->lifecycle->state_names[column->state], column->name);
        }
    }
}

/* --- walks --- */

/* A walk of random events, and where a reader of the page ends up at every step. */
struct walk {
    const struct page *page;
    struct owner *owner;
    unsigned events[WALK_STEPS];
    unsigned expected[WALK_STEPS];
    unsigned illegal;
    unsigned wrong_at; /* WALK_STEPS: nowhere. */
};

static void
plan_walk(struct walk *walk, uint64_t seed)
{
    uint64_t random = seed * 2654435761u + 1;
    unsigned at = 0;

    for (unsigned i = 0; i < WALK_STEPS; i++) {
        const struct row *row;
        const struct column *end;

        random = random * 6364136223846793005u + 1442695040888963407u;
        row = &walk->page->rows[(random >> 33) % walk->page->row_count];
        end = cell(walk->page, row, at);
        walk->illegal += end == NULL;
        if (end != NULL) {
            at = (unsigned)(end - walk->page->columns);
        }
        walk->events[i] = row->event;
        walk->expected[i] = walk->page->columns[at].state;
    }
}

static void
take_walk(void *argument)
{
    struct walk *walk = argument;
    struct machine_state at;

    pndis__state_init(&at, walk->page->lifecycle, walk->owner,
                      (uint8_t)walk->page->columns[0].state);
    for (unsigned i = 0; i < WALK_STEPS; i++) {
        pndis__fire(context_current(), &at, walk->events[i], "Test");
        if (walk->wrong_at == WALK_STEPS && state_of(&at) != walk->expected[i]) {
            walk->wrong_at = i;
        }
    }
}

/* From the first state on, illegal events in between change nothing and are each reported once. */
static void
a_walk_of_random_events_stays_on_the_page(void **state)
{
    static const struct page *const pages[] = {&adapter_page, &filter_page, &binding_page};

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(200); seed++) {
        for (unsigned i = 0; i < 3; i++) {
            struct walk walk = {.page = pages[i], .wrong_at = WALK_STEPS};
            struct world w;

            miniport_reset();
            world_open(&w, seed);
            world_add_halted(&w);
            walk.owner = &w.driver->owner;
            plan_walk(&walk, seed);
            world_as_driver(&w, take_walk, &walk);
            expect(&w, walk.wrong_at == WALK_STEPS);
            expect(&w, pndis_violation_count(w.machine) == walk.illegal);
            world_discard(&w);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_the_adapter_table),
        cmocka_unit_test(every_cell_of_the_filter_module_table),
        cmocka_unit_test(every_cell_of_the_binding_table),
        cmocka_unit_test(states_are_named_as_on_the_pages),
        cmocka_unit_test(a_walk_of_random_events_stays_on_the_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
