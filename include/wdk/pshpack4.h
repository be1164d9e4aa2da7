/* Structures that follow are packed to 4 bytes, until <poppack.h>. No guard: it is included often.
 */
#pragma pack(push, 4)
