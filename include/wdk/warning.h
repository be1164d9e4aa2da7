/* Windows driver builds force this header into every source file. What drivers come to rely on are
 * the short names of the exception words, in C. */
#ifndef __WDK_WARNING_H
#define __WDK_WARNING_H

#ifndef __cplusplus
#define try     __try
#define except  __except
#define finally __finally
#define leave   __leave
#endif

#endif
