/* Structures that follow are packed to 2 bytes, until <poppack.h>. No guard: it is included often.
 */
#pragma pack(push, 2)
