/* Ends what the last <pshpackN.h> began. No guard: it is included often. */
#pragma pack(pop)
