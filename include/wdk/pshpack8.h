/* Structures that follow are packed to 8 bytes, until <poppack.h>. No guard: it is included often.
 */
#pragma pack(push, 8)
