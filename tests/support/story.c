#include "support/story.h"

struct story
story_open(struct world *w, unsigned topics)
{
    struct story story = {.world = w};

    story.log = pndis_log_open(w->machine, topics | PNDIS_LOG_WITHOUT_TIMES);
    expect(w, story.log != NULL);
    return story;
}

static void
story_fail(struct story *story, const char *what, const char *wanted)
{
    print_message("%s", pndis_log_text(story->log));
    fail_msg("%s (seed %llu): %s", what, (unsigned long long)story->world->seed, wanted);
}

void
story_is(struct story *story, const char *lines)
{
    if (strcmp(pndis_log_text(story->log), lines) != 0) {
        story_fail(story, "another story", lines);
    }
    story_forget(story);
}

/* The end of the first line of @text that is @line, or NULL. */
static const char *
after_line(const char *text, const char *line)
{
    size_t bytes = strlen(line);

    while (*text != 0) {
        const char *end = strchr(text, '\n');

        if (end == NULL) {
            return NULL;
        }
        if ((size_t)(end - text) == bytes && memcmp(text, line, bytes) == 0) {
            return end + 1;
        }
        text = end + 1;
    }
    return NULL;
}

void
story_has_in_order(struct story *story, const char *const *lines)
{
    const char *rest = pndis_log_text(story->log);

    for (; *lines != NULL; lines++) {
        rest = after_line(rest, *lines);
        if (rest == NULL) {
            story_fail(story, "not in this order", *lines);
        }
    }
}

void
story_has_not(struct story *story, const char *part)
{
    if (strstr(pndis_log_text(story->log), part) != NULL) {
        story_fail(story, "this should not have happened", part);
    }
}

void
story_forget(struct story *story)
{
    pndis_log_clear(story->log);
}
