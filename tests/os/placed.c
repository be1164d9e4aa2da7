/* A module that is loaded more than once: it says where it is. */
__attribute__((visibility("default"))) int placed_count;

__attribute__((visibility("default"), noinline)) const void *
placed_here(void)
{
    placed_count++;
    return __builtin_extract_return_addr(__builtin_return_address(0));
}

/* A static function: only debug information has its name. */
static __attribute__((noinline)) const void *
placed_inside(void)
{
    const void *here = placed_here();

    placed_count++;
    return here;
}

__attribute__((visibility("default"))) const void *
placed_address(void)
{
    return placed_inside();
}
