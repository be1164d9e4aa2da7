/* Processors as drivers count them: one group, one node ("Processor Groups"). */
#include "nt/nt.h"

enum { GROUP_COUNT = 1, THE_GROUP = 0, THE_NODE = 0 };

static ULONG
count_in(const struct context *context, USHORT group)
{
    return group == THE_GROUP || group == ALL_PROCESSOR_GROUPS ? context->machine->processor_count
                                                               : 0;
}

static KAFFINITY
mask_of(const struct context *context)
{
    unsigned count = context->machine->processor_count;

    return count == CPU_LIMIT ? ~(KAFFINITY)0 : ((KAFFINITY)1 << count) - 1;
}

/* Below DISPATCH_LEVEL the answer may be out of date at once; on Windows as well. */
static ULONG
current_number(const struct context *context)
{
    const struct cpu *cpu = context->cpu != NULL ? context->cpu : context->last_cpu;

    if (cpu != NULL &&
        (context->affinity == 0 || context->cpu != NULL || context->affinity >> cpu->number & 1)) {
        return cpu->number;
    }
    return context->affinity == 0 ? context->number % context->machine->processor_count
                                  : (ULONG)__builtin_ctzll(context->affinity);
}

ULONG
KeGetCurrentProcessorIndex(VOID)
{
    return current_number(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL));
}

ULONG
KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ProcNumber)
{
    ULONG number = current_number(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL));

    if (ProcNumber != NULL) {
        *ProcNumber = (PROCESSOR_NUMBER){.Number = (UCHAR)number};
    }
    return number;
}

ULONG
KeGetProcessorIndexFromNumber(PPROCESSOR_NUMBER ProcNumber)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    if (ProcNumber->Group != THE_GROUP || ProcNumber->Reserved != 0 ||
        ProcNumber->Number >= context->machine->processor_count) {
        return INVALID_PROCESSOR_INDEX;
    }
    return ProcNumber->Number;
}

NTSTATUS
KeGetProcessorNumberFromIndex(ULONG ProcIndex, PPROCESSOR_NUMBER ProcNumber)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    if (ProcIndex >= context->machine->processor_count) {
        return STATUS_INVALID_PARAMETER;
    }
    *ProcNumber = (PROCESSOR_NUMBER){.Number = (UCHAR)ProcIndex};
    return STATUS_SUCCESS;
}

ULONG
KeQueryActiveProcessorCount(PKAFFINITY ActiveProcessors)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    if (ActiveProcessors != NULL) {
        *ActiveProcessors = mask_of(context);
    }
    return context->machine->processor_count;
}

ULONG
KeQueryActiveProcessorCountEx(USHORT GroupNumber)
{
    return count_in(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL), GroupNumber);
}

KAFFINITY
KeQueryActiveProcessors(VOID)
{
    return mask_of(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL));
}

ULONG
KeQueryMaximumProcessorCount(VOID)
{
    return NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL)->machine->processor_count;
}

ULONG
KeQueryMaximumProcessorCountEx(USHORT GroupNumber)
{
    return count_in(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL), GroupNumber);
}

USHORT
KeQueryActiveGroupCount(VOID)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return GROUP_COUNT;
}

USHORT
KeQueryMaximumGroupCount(VOID)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return GROUP_COUNT;
}

KAFFINITY
KeQueryGroupAffinity(USHORT GroupNumber)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    return GroupNumber == THE_GROUP ? mask_of(context) : 0;
}

USHORT
KeGetCurrentNodeNumber(VOID)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return THE_NODE;
}

USHORT
KeQueryHighestNodeNumber(VOID)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return THE_NODE;
}

VOID
KeQueryNodeActiveAffinity(USHORT NodeNumber, PGROUP_AFFINITY Affinity, PUSHORT Count)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    bool exists = NodeNumber == THE_NODE;

    if (Affinity != NULL) {
        *Affinity = (GROUP_AFFINITY){.Mask = exists ? mask_of(context) : 0};
    }
    if (Count != NULL) {
        *Count = (USHORT)(exists ? context->machine->processor_count : 0);
    }
}

NTSTATUS
KeQueryNodeActiveAffinity2(USHORT NodeNumber, PGROUP_AFFINITY GroupAffinities,
                           USHORT GroupAffinitiesCount, PUSHORT GroupAffinitiesRequired)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    *GroupAffinitiesRequired = 0;
    if (NodeNumber != THE_NODE) {
        return STATUS_INVALID_PARAMETER;
    }
    *GroupAffinitiesRequired = GROUP_COUNT;
    if (GroupAffinitiesCount < GROUP_COUNT) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    *GroupAffinities = (GROUP_AFFINITY){.Mask = mask_of(context)};
    return STATUS_SUCCESS;
}

ULONG
KeQueryNodeActiveProcessorCount(USHORT NodeNumber)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    return NodeNumber == THE_NODE ? context->machine->processor_count : 0;
}

USHORT
KeQueryNodeMaximumProcessorCount(USHORT NodeNumber)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    return (USHORT)(NodeNumber == THE_NODE ? context->machine->processor_count : 0);
}

/* The unit that most of the processors this runs on share caches by. */
ULONG
KeGetRecommendedSharedDataAlignment(VOID)
{
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return SYSTEM_CACHE_ALIGNMENT_SIZE;
}

/* --- relationships ("KeQueryLogicalProcessorRelationship function") --- */

/* One entry after the other; @room is what is left of the caller's buffer. */
struct writer {
    UCHAR *at;
    ULONG room;
    ULONG needed;
};

static SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX *
next_entry(struct writer *writer, LOGICAL_PROCESSOR_RELATIONSHIP relationship, ULONG bytes)
{
    SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX *entry = (void *)writer->at;

    writer->needed += bytes;
    if (writer->at == NULL || writer->room < bytes) {
        writer->room = 0;
        return NULL;
    }
    writer->at += bytes;
    writer->room -= bytes;
    memset(entry, 0, bytes);
    entry->Relationship = relationship;
    entry->Size = bytes;
    return entry;
}

/* A core or a package, which are the same here: every processor is a core of its own. */
static void
write_processor(struct writer *writer, LOGICAL_PROCESSOR_RELATIONSHIP relationship, KAFFINITY mask)
{
    ULONG bytes =
        RTL_SIZEOF_THROUGH_FIELD(SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX, Processor.GroupMask);
    SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX *entry = next_entry(writer, relationship, bytes);

    if (entry != NULL) {
        entry->Processor.GroupCount = GROUP_COUNT;
        entry->Processor.GroupMask[0].Mask = mask;
    }
}

static void
write_group(struct writer *writer, const struct context *context)
{
    ULONG bytes =
        RTL_SIZEOF_THROUGH_FIELD(SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX, Group.GroupInfo);
    SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX *entry = next_entry(writer, RelationGroup, bytes);

    if (entry != NULL) {
        entry->Group.MaximumGroupCount = GROUP_COUNT;
        entry->Group.ActiveGroupCount = GROUP_COUNT;
        entry->Group.GroupInfo[0].MaximumProcessorCount = (UCHAR)context->machine->processor_count;
        entry->Group.GroupInfo[0].ActiveProcessorCount = (UCHAR)context->machine->processor_count;
        entry->Group.GroupInfo[0].ActiveProcessorMask = mask_of(context);
    }
}

static void
write_node(struct writer *writer, const struct context *context)
{
    ULONG bytes =
        RTL_SIZEOF_THROUGH_FIELD(SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX, NumaNode.GroupMask);
    SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX *entry = next_entry(writer, RelationNumaNode, bytes);

    if (entry != NULL) {
        entry->NumaNode.NodeNumber = THE_NODE;
        entry->NumaNode.GroupMask.Mask = mask_of(context);
    }
}

static bool
is_wanted(LOGICAL_PROCESSOR_RELATIONSHIP asked, LOGICAL_PROCESSOR_RELATIONSHIP relationship)
{
    return asked == relationship || asked == RelationAll;
}

/* Caches are not modelled, so asking for RelationCache gives no entries. */
NTSTATUS
KeQueryLogicalProcessorRelationship(PPROCESSOR_NUMBER ProcessorNumber,
                                    LOGICAL_PROCESSOR_RELATIONSHIP RelationshipType,
                                    PSYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX Information,
                                    PULONG Length)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct writer writer = {.at = (UCHAR *)Information, .room = Information == NULL ? 0 : *Length};
    bool fits;

    if (ProcessorNumber != NULL && (ProcessorNumber->Group != THE_GROUP ||
                                    ProcessorNumber->Number >= context->machine->processor_count)) {
        return STATUS_INVALID_PARAMETER;
    }
    for (unsigned i = 0; i < context->machine->processor_count; i++) {
        if (is_wanted(RelationshipType, RelationProcessorCore) &&
            (ProcessorNumber == NULL || ProcessorNumber->Number == i)) {
            write_processor(&writer, RelationProcessorCore, (KAFFINITY)1 << i);
        }
    }
    if (is_wanted(RelationshipType, RelationProcessorPackage)) {
        write_processor(&writer, RelationProcessorPackage, mask_of(context));
    }
    if (is_wanted(RelationshipType, RelationNumaNode)) {
        write_node(&writer, context);
    }
    if (is_wanted(RelationshipType, RelationGroup)) {
        write_group(&writer, context);
    }
    fits = Information != NULL && writer.needed <= *Length;
    *Length = writer.needed;
    return fits ? STATUS_SUCCESS : STATUS_INFO_LENGTH_MISMATCH;
}
