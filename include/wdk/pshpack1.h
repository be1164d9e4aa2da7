/* Structures that follow are packed to 1 byte, until <poppack.h>. No guard: it is included often.
 */
#pragma pack(push, 1)
