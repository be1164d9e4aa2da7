/* "Singly and Doubly Linked Lists": those behind a spin lock, and sequenced ones. */
#include "nt/nt_support.h"

struct item {
    SLIST_ENTRY sequenced;
    LIST_ENTRY entry;
    SINGLE_LIST_ENTRY single;
};

static void
doubly_linked_lists_tell_who_was_there(void **state)
{
    struct item items[3];
    LIST_ENTRY head;
    KSPIN_LOCK lock;
    struct world w;

    (void)state;
    world_start(&w, 0);
    InitializeListHead(&head);
    KeInitializeSpinLock(&lock);
    assert_null(ExInterlockedInsertTailList(&head, &items[1].entry, &lock));
    assert_ptr_equal(ExInterlockedInsertTailList(&head, &items[2].entry, &lock), &items[1].entry);
    assert_ptr_equal(ExInterlockedInsertHeadList(&head, &items[0].entry, &lock), &items[1].entry);
    for (unsigned i = 0; i < 3; i++) {
        assert_ptr_equal(ExInterlockedRemoveHeadList(&head, &lock), &items[i].entry);
    }
    assert_null(ExInterlockedRemoveHeadList(&head, &lock));
    close_clean(&w);
}

static void
singly_linked_lists_are_stacks(void **state)
{
    SINGLE_LIST_ENTRY head = {0};
    struct item items[2];
    KSPIN_LOCK lock;
    struct world w;

    (void)state;
    world_start(&w, 0);
    KeInitializeSpinLock(&lock);
    assert_null(ExInterlockedPushEntryList(&head, &items[0].single, &lock));
    assert_ptr_equal(ExInterlockedPushEntryList(&head, &items[1].single, &lock), &items[0].single);
    assert_ptr_equal(ExInterlockedPopEntryList(&head, &lock), &items[1].single);
    assert_ptr_equal(ExInterlockedPopEntryList(&head, &lock), &items[0].single);
    assert_null(ExInterlockedPopEntryList(&head, &lock));
    close_clean(&w);
}

static void
sums_are_made_behind_the_lock(void **state)
{
    LARGE_INTEGER sum = {.QuadPart = 5};
    ULONG small = 7;
    KSPIN_LOCK lock;
    struct world w;

    (void)state;
    world_start(&w, 0);
    KeInitializeSpinLock(&lock);
    assert_int_equal(
        ExInterlockedAddLargeInteger(&sum, (LARGE_INTEGER){.QuadPart = -8}, &lock).QuadPart, 5);
    assert_int_equal(sum.QuadPart, -3);
    assert_int_equal(ExInterlockedAddUlong(&small, 3, &lock), 7);
    assert_int_equal(small, 10);
    close_clean(&w);
}

static void
sequenced_lists_count_their_entries(void **state)
{
    SLIST_HEADER head;
    struct item items[4];
    struct world w;

    (void)state;
    world_start(&w, 0);
    InitializeSListHead(&head);
    assert_int_equal(ExQueryDepthSList(&head), 0);
    assert_null(InterlockedPopEntrySList(&head));
    assert_null(InterlockedPushEntrySList(&head, &items[0].sequenced));
    assert_ptr_equal(InterlockedPushEntrySList(&head, &items[1].sequenced), &items[0].sequenced);
    assert_int_equal(ExQueryDepthSList(&head), 2);
    assert_ptr_equal(InterlockedPopEntrySList(&head), &items[1].sequenced);
    items[2].sequenced.Next = &items[3].sequenced;
    assert_ptr_equal(InterlockedPushListSList(&head, &items[2].sequenced, &items[3].sequenced, 2),
                     &items[0].sequenced);
    assert_int_equal(ExQueryDepthSList(&head), 3);
    assert_ptr_equal(InterlockedFlushSList(&head), &items[2].sequenced);
    assert_ptr_equal(items[3].sequenced.Next, &items[0].sequenced);
    assert_int_equal(ExQueryDepthSList(&head), 0);
    close_clean(&w);
}

/* --- several processors: nothing is lost and nothing comes twice --- */

enum { ITEMS = 40, THREADS = 4 };

struct shared {
    SLIST_HEADER head;
    LIST_ENTRY list;
    KSPIN_LOCK lock;
    struct item items[ITEMS];
    LONG popped;
    LONG removed;
};

static VOID
move_items(PVOID user)
{
    struct shared *shared = user;

    for (unsigned i = 0; i < ITEMS; i++) {
        PSLIST_ENTRY entry = InterlockedPopEntrySList(&shared->head);

        if (entry != NULL) {
            struct item *item = CONTAINING_RECORD(entry, struct item, sequenced);

            InterlockedIncrement(&shared->popped);
            ExInterlockedInsertTailList(&shared->list, &item->entry, &shared->lock);
        }
        if (i % 2 == 0) {
            PLIST_ENTRY back = ExInterlockedRemoveHeadList(&shared->list, &shared->lock);

            if (back != NULL) {
                InterlockedIncrement(&shared->removed);
                InterlockedPushEntrySList(&shared->head,
                                          &CONTAINING_RECORD(back, struct item, entry)->sequenced);
            }
        }
    }
}

static void
run_items_are_moved(struct world *w)
{
    struct shared *shared = calloc(1, sizeof(*shared));
    struct runner runners[THREADS];
    unsigned in_list = 0;

    InitializeSListHead(&shared->head);
    InitializeListHead(&shared->list);
    KeInitializeSpinLock(&shared->lock);
    for (unsigned i = 0; i < ITEMS; i++) {
        InterlockedPushEntrySList(&shared->head, &shared->items[i].sequenced);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        runner_start(&runners[i], move_items, shared);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        runner_join(&runners[i]);
    }
    for (LIST_ENTRY *at = shared->list.Flink; at != &shared->list; at = at->Flink) {
        in_list++;
    }
    expect(w, in_list == (unsigned)(shared->popped - shared->removed));
    expect(w, in_list + ExQueryDepthSList(&shared->head) == ITEMS);
    free(shared);
    close_clean(w);
}

static void
items_are_neither_lost_nor_doubled(void **state)
{
    (void)state;
    under_many_seeds(run_items_are_moved);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubly_linked_lists_tell_who_was_there),
        cmocka_unit_test(singly_linked_lists_are_stacks),
        cmocka_unit_test(sums_are_made_behind_the_lock),
        cmocka_unit_test(sequenced_lists_count_their_entries),
        cmocka_unit_test(items_are_neither_lost_nor_doubled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
