/* Bit maps ("RTL_BITMAP structure"): arrays of ULONGs in the driver's own memory. */
#include "nt/nt.h"

enum { ULONG_BITS = 32 };

static const ULONG not_found = 0xffffffff;

static bool
is_set(const RTL_BITMAP *map, ULONG index)
{
    return (map->Buffer[index / ULONG_BITS] >> index % ULONG_BITS & 1) != 0;
}

static void
put(PRTL_BITMAP map, ULONG first, ULONG count, bool value)
{
    for (ULONG i = first; i < first + count; i++) {
        ULONG bit = 1u << i % ULONG_BITS;

        if (value) {
            map->Buffer[i / ULONG_BITS] |= bit;
        } else {
            map->Buffer[i / ULONG_BITS] &= ~bit;
        }
    }
}

/* How many bits from @first on have @value, at most up to @end. */
static ULONG
run_length(const RTL_BITMAP *map, ULONG first, ULONG end, bool value)
{
    ULONG at = first;

    while (at < end && is_set(map, at) == value) {
        at++;
    }
    return at - first;
}

/* --- single bits and ranges --- */

VOID
RtlInitializeBitMap(PRTL_BITMAP BitMapHeader, PULONG BitMapBuffer, ULONG SizeOfBitMap)
{
    BitMapHeader->SizeOfBitMap = SizeOfBitMap;
    BitMapHeader->Buffer = BitMapBuffer;
}

VOID
RtlSetBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
    put(BitMapHeader, BitNumber, 1, true);
}

VOID
RtlClearBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
    put(BitMapHeader, BitNumber, 1, false);
}

BOOLEAN
RtlTestBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
    return is_set(BitMapHeader, BitNumber);
}

VOID
RtlSetBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToSet)
{
    put(BitMapHeader, StartingIndex, NumberToSet, true);
}

VOID
RtlClearBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToClear)
{
    put(BitMapHeader, StartingIndex, NumberToClear, false);
}

/* Whole ULONGs, also the bits of the last that lie beyond the map. */
static void
fill(PRTL_BITMAP map, int byte)
{
    memset(map->Buffer, byte,
           (map->SizeOfBitMap + ULONG_BITS - 1) / ULONG_BITS * sizeof(map->Buffer[0]));
}

VOID
RtlSetAllBits(PRTL_BITMAP BitMapHeader)
{
    fill(BitMapHeader, 0xff);
}

VOID
RtlClearAllBits(PRTL_BITMAP BitMapHeader)
{
    fill(BitMapHeader, 0);
}

static BOOLEAN
are(const RTL_BITMAP *map, ULONG first, ULONG count, bool value)
{
    /* A range that is empty or leaves the map is not one of either kind. */
    if (count == 0 || first >= map->SizeOfBitMap || count > map->SizeOfBitMap - first) {
        return FALSE;
    }
    return run_length(map, first, first + count, value) == count;
}

BOOLEAN
RtlAreBitsClear(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length)
{
    return are(BitMapHeader, StartingIndex, Length, false);
}

BOOLEAN
RtlAreBitsSet(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length)
{
    return are(BitMapHeader, StartingIndex, Length, true);
}

/* --- counting --- */

ULONG
RtlNumberOfSetBitsInRange(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length)
{
    ULONG count = 0;

    for (ULONG i = 0; i < Length; i++) {
        count += is_set(BitMapHeader, StartingIndex + i);
    }
    return count;
}

ULONG
RtlNumberOfClearBitsInRange(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length)
{
    return Length - RtlNumberOfSetBitsInRange(BitMapHeader, StartingIndex, Length);
}

ULONG
RtlNumberOfSetBits(PRTL_BITMAP BitMapHeader)
{
    return RtlNumberOfSetBitsInRange(BitMapHeader, 0, BitMapHeader->SizeOfBitMap);
}

ULONG
RtlNumberOfClearBits(PRTL_BITMAP BitMapHeader)
{
    return BitMapHeader->SizeOfBitMap - RtlNumberOfSetBits(BitMapHeader);
}

/* --- searching for a range --- */

static ULONG
find_between(const RTL_BITMAP *map, ULONG from, ULONG end, ULONG count, bool value)
{
    for (ULONG at = from; at < end && count <= end - at;) {
        ULONG run = run_length(map, at, end, value);

        if (run >= count) {
            return at;
        }
        at += run + 1;
    }
    return not_found;
}

/*
 * "RtlFindClearBits function": from the hint to the end, then from the beginning; a range may lie
 * across the hint, so the second look takes in the whole map.
 */
static ULONG
find(const RTL_BITMAP *map, ULONG count, ULONG hint, bool value)
{
    ULONG found;

    hint = hint < map->SizeOfBitMap ? hint : 0;
    if (count == 0) {
        return hint & ~7u;
    }
    found = find_between(map, hint, map->SizeOfBitMap, count, value);
    return found != not_found ? found : find_between(map, 0, map->SizeOfBitMap, count, value);
}

ULONG
RtlFindClearBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    return find(BitMapHeader, NumberToFind, HintIndex, false);
}

ULONG
RtlFindSetBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    return find(BitMapHeader, NumberToFind, HintIndex, true);
}

ULONG
RtlFindClearBitsAndSet(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    ULONG found = find(BitMapHeader, NumberToFind, HintIndex, false);

    if (found != not_found) {
        put(BitMapHeader, found, NumberToFind, true);
    }
    return found;
}

ULONG
RtlFindSetBitsAndClear(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    ULONG found = find(BitMapHeader, NumberToFind, HintIndex, true);

    if (found != not_found) {
        put(BitMapHeader, found, NumberToFind, false);
    }
    return found;
}

/* --- searching for runs --- */

ULONG
RtlFindNextForwardRunClear(PRTL_BITMAP BitMapHeader, ULONG FromIndex, PULONG StartingRunIndex)
{
    ULONG end = BitMapHeader->SizeOfBitMap;
    ULONG start;

    if (FromIndex >= end) {
        *StartingRunIndex = FromIndex;
        return 0;
    }
    start = FromIndex + run_length(BitMapHeader, FromIndex, end, true);
    *StartingRunIndex = start;
    return run_length(BitMapHeader, start, end, false);
}

ULONG
RtlFindFirstRunClear(PRTL_BITMAP BitMapHeader, PULONG StartingIndex)
{
    return RtlFindNextForwardRunClear(BitMapHeader, 0, StartingIndex);
}

ULONG
RtlFindLastBackwardRunClear(PRTL_BITMAP BitMapHeader, ULONG FromIndex, PULONG StartingRunIndex)
{
    ULONG at = FromIndex < BitMapHeader->SizeOfBitMap ? FromIndex + 1 : BitMapHeader->SizeOfBitMap;
    ULONG length = 0;

    while (at > 0 && is_set(BitMapHeader, at - 1)) {
        at--;
    }
    for (; at > 0 && !is_set(BitMapHeader, at - 1); at--) {
        length++;
    }
    *StartingRunIndex = at;
    return length;
}

ULONG
RtlFindLongestRunClear(PRTL_BITMAP BitMapHeader, PULONG StartingIndex)
{
    ULONG longest = 0;
    ULONG start = 0;
    ULONG length;

    *StartingIndex = 0;
    while ((length = RtlFindNextForwardRunClear(BitMapHeader, start, &start)) != 0) {
        if (length > longest) {
            longest = length;
            *StartingIndex = start;
        }
        start += length;
    }
    return longest;
}

/* Keep @runs, of which @count are in use, sorted from longest to shortest; returns the new count.
 */
static ULONG
insert_run(PRTL_BITMAP_RUN runs, ULONG count, ULONG limit, RTL_BITMAP_RUN run)
{
    ULONG at = count < limit ? count : limit;

    while (at > 0 && runs[at - 1].NumberOfBits < run.NumberOfBits) {
        if (at < limit) {
            runs[at] = runs[at - 1];
        }
        at--;
    }
    if (at < limit) {
        runs[at] = run;
    }
    return count < limit ? count + 1 : limit;
}

ULONG
RtlFindClearRuns(PRTL_BITMAP BitMapHeader, PRTL_BITMAP_RUN RunArray, ULONG SizeOfRunArray,
                 BOOLEAN LocateLongestRuns)
{
    RTL_BITMAP_RUN run = {0};
    ULONG count = 0;

    while ((LocateLongestRuns || count < SizeOfRunArray) &&
           (run.NumberOfBits = RtlFindNextForwardRunClear(BitMapHeader, run.StartingIndex,
                                                          &run.StartingIndex)) != 0) {
        if (LocateLongestRuns) {
            count = insert_run(RunArray, count, SizeOfRunArray, run);
        } else {
            RunArray[count++] = run;
        }
        run.StartingIndex += run.NumberOfBits;
    }
    return count;
}

VOID
RtlCopyBitMap(PRTL_BITMAP Source, PRTL_BITMAP Destination, ULONG TargetBit)
{
    for (ULONG i = 0; i < Source->SizeOfBitMap && TargetBit + i < Destination->SizeOfBitMap; i++) {
        put(Destination, TargetBit + i, 1, is_set(Source, i));
    }
}

/* --- bits of one number --- */

CCHAR
RtlFindLeastSignificantBit(ULONGLONG Set)
{
    return Set == 0 ? -1 : (CCHAR)__builtin_ctzll(Set);
}

CCHAR
RtlFindMostSignificantBit(ULONGLONG Set)
{
    return Set == 0 ? -1 : (CCHAR)(63 - __builtin_clzll(Set));
}

ULONG
RtlNumberOfSetBitsUlongPtr(ULONG_PTR Target)
{
    return (ULONG)__builtin_popcountll(Target);
}
