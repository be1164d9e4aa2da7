/*
 * Which address was seen on which port. Read and refreshed by every processor without a lock: an
 * entry is one 64-bit word. Only what changes the set of addresses takes the lock.
 */
#include "bridge.h"

enum { WAYS = 8, BUCKETS = BRIDGE_ADDRESS_LIMIT / WAYS };

/* 48 bits of address, 8 of port, and a lowest bit that tells an entry from a free place. */
#define ENTRY(key, port)  ((LONG64)(((key) << 16) | ((ULONG64)(port) << 8) | 1))
#define ENTRY_KEY(entry)  ((ULONG64)(entry) >> 16)
#define ENTRY_PORT(entry) ((ULONG)((ULONG64)(entry) >> 8) & 0xff)

static struct {
    DECLSPEC_CACHEALIGN volatile LONG64 entries[BUCKETS][WAYS];
    volatile LONG seen[BUCKETS][WAYS]; /* In ticks. */
    volatile LONG now;                 /* In ticks. */
    volatile LONG ageing;              /* In seconds. */
    KSPIN_LOCK lock;
    KTIMER timer;
    KDPC dpc;
} table;

static ULONG64
key_of(const UCHAR *address)
{
    return ((ULONG64)address[0] << 40) | ((ULONG64)address[1] << 32) | ((ULONG64)address[2] << 24) |
           ((ULONG64)address[3] << 16) | ((ULONG64)address[4] << 8) | address[5];
}

static ULONG
bucket_of(ULONG64 key)
{
    return (ULONG)((key * 0x9e3779b97f4a7c15ull) >> 32) % BUCKETS;
}

/* The place of @key; WAYS: nowhere. */
static ULONG
find(ULONG bucket, ULONG64 key)
{
    ULONG way = 0;

    while (way < WAYS) {
        LONG64 entry = ReadNoFence64(&table.entries[bucket][way]);

        if (ENTRY_KEY(entry) == key && entry != 0) {
            break;
        }
        way++;
    }
    return way;
}

ULONG
table_lookup(const UCHAR *address)
{
    ULONG64 key = key_of(address);
    ULONG bucket = bucket_of(key);

    for (ULONG way = 0; way < WAYS; way++) {
        LONG64 entry = ReadNoFence64(&table.entries[bucket][way]);

        if (ENTRY_KEY(entry) == key && entry != 0) {
            return ENTRY_PORT(entry);
        }
    }
    return BRIDGE_PORT_LIMIT;
}

/* A free place, or the one that was seen longest ago. Under the lock. */
static ULONG
place_for(ULONG bucket)
{
    ULONG oldest = 0;

    for (ULONG way = 0; way < WAYS; way++) {
        if (table.entries[bucket][way] == 0) {
            return way;
        }
        if (table.seen[bucket][way] - table.seen[bucket][oldest] < 0) {
            oldest = way;
        }
    }
    return oldest;
}

static void
insert(ULONG bucket, ULONG64 key, UCHAR port)
{
    KIRQL irql;
    ULONG way;

    KeAcquireSpinLock(&table.lock, &irql);
    way = find(bucket, key);
    if (way == WAYS) {
        way = place_for(bucket);
    }
    WriteNoFence(&table.seen[bucket][way], ReadNoFence(&table.now));
    InterlockedExchange64(&table.entries[bucket][way], ENTRY(key, port));
    KeReleaseSpinLock(&table.lock, irql);
}

void
table_learn(const UCHAR *address, UCHAR port)
{
    ULONG64 key = key_of(address);
    ULONG bucket = bucket_of(key);
    ULONG way = find(bucket, key);
    LONG now;

    if (way == WAYS || ReadNoFence64(&table.entries[bucket][way]) != ENTRY(key, port)) {
        insert(bucket, key, port);
        return;
    }
    now = ReadNoFence(&table.now);
    if (ReadNoFence(&table.seen[bucket][way]) != now) {
        WriteNoFence(&table.seen[bucket][way], now);
    }
}

/* --- forgetting --- */

static void
forget_if(BOOLEAN (*condition)(ULONG bucket, ULONG way, ULONG argument), ULONG argument)
{
    KIRQL irql;

    KeAcquireSpinLock(&table.lock, &irql);
    for (ULONG bucket = 0; bucket < BUCKETS; bucket++) {
        for (ULONG way = 0; way < WAYS; way++) {
            if (table.entries[bucket][way] != 0 && condition(bucket, way, argument)) {
                InterlockedExchange64(&table.entries[bucket][way], 0);
            }
        }
    }
    KeReleaseSpinLock(&table.lock, irql);
}

static BOOLEAN
is_old(ULONG bucket, ULONG way, ULONG ageing)
{
    return (ULONG)(ReadNoFence(&table.now) - ReadNoFence(&table.seen[bucket][way])) *
               TICK_SECONDS >=
           ageing;
}

static BOOLEAN
is_on_port(ULONG bucket, ULONG way, ULONG port)
{
    return port == BRIDGE_PORT_LIMIT || ENTRY_PORT(table.entries[bucket][way]) == port;
}

void
table_flush(ULONG port)
{
    forget_if(is_on_port, port);
}

static KDEFERRED_ROUTINE tick;

static VOID
tick(PKDPC dpc, PVOID context, PVOID first, PVOID second)
{
    ULONG ageing = (ULONG)ReadNoFence(&table.ageing);

    UNREFERENCED_PARAMETER(dpc);
    UNREFERENCED_PARAMETER(context);
    UNREFERENCED_PARAMETER(first);
    UNREFERENCED_PARAMETER(second);
    InterlockedIncrement(&table.now);
    if (ageing != 0) {
        forget_if(is_old, ageing);
    }
}

void
table_set_ageing(ULONG seconds)
{
    WriteNoFence(&table.ageing, (LONG)seconds);
}

/* --- life --- */

void
table_init(void)
{
    RtlZeroMemory(&table, sizeof(table));
    table.ageing = BRIDGE_AGEING_DEFAULT;
    KeInitializeSpinLock(&table.lock);
    KeInitializeTimer(&table.timer);
    KeInitializeDpc(&table.dpc, tick, NULL);
}

void
table_start(void)
{
    LARGE_INTEGER due;

    due.QuadPart = -(LONGLONG)TICK_SECONDS * 10000000;
    KeSetTimerEx(&table.timer, due, TICK_SECONDS * 1000, &table.dpc);
}

void
table_stop(void)
{
    KeCancelTimer(&table.timer);
}

void
table_fini(void)
{
    table_stop();
    KeFlushQueuedDpcs();
}

/* --- questions --- */

ULONG
table_list(struct bridge_address_info *entries, ULONG limit)
{
    ULONG count = 0;

    for (ULONG bucket = 0; bucket < BUCKETS; bucket++) {
        for (ULONG way = 0; way < WAYS; way++) {
            LONG64 entry = ReadNoFence64(&table.entries[bucket][way]);
            struct bridge_address_info *info = &entries[count];

            if (entry == 0) {
                continue;
            }
            if (count++ >= limit) {
                continue;
            }
            for (ULONG i = 0; i < ADDRESS_BYTES; i++) {
                info->address[i] = (UCHAR)(ENTRY_KEY(entry) >> (8 * (ADDRESS_BYTES - 1 - i)));
            }
            info->port = (USHORT)ENTRY_PORT(entry);
            info->age_seconds =
                (ULONG)(ReadNoFence(&table.now) - ReadNoFence(&table.seen[bucket][way])) *
                TICK_SECONDS;
        }
    }
    return count;
}

void
table_count(ULONG counts[BRIDGE_PORT_LIMIT])
{
    for (ULONG bucket = 0; bucket < BUCKETS; bucket++) {
        for (ULONG way = 0; way < WAYS; way++) {
            LONG64 entry = ReadNoFence64(&table.entries[bucket][way]);

            if (entry != 0) {
                counts[ENTRY_PORT(entry)]++;
            }
        }
    }
}
