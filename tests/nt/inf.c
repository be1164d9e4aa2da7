/* INF files: how their text is read, and what an install section does to a driver's key. */
#include "nt/nt_support.h"

#include "nt/inf.h"
#include "nt/registry.h"

#include <pndis/registry.h>
#include <unistd.h>

#define KEY "\\Registry\\Machine\\Software\\Inf"

static void
parse(struct inf *inf, const char *text)
{
    char error[128] = "";

    if (pndis__inf_parse(inf, (const uint8_t *)text, strlen(text), error, sizeof(error)) != 0) {
        fail_msg("%s", error);
    }
}

/* --- reading --- */

static void
sections_keys_and_fields_are_told_apart(void **state)
{
    const struct inf_section *section;
    const struct inf_line *line;
    struct inf inf;

    (void)state;
    parse(&inf,
          "; a comment\r\n[One]\r\nkey = a, b ,c ; and another\r\nno key, \"x, y\"\"z\", ,\r\n"
          "[two]\nlong = 1,\\\n 2\n[ONE]\nmore = %word%, 50%%\n[Strings]\nword = \"put in\"\n");
    section = pndis__inf_section(&inf, "one");
    assert_non_null(section);
    line = pndis__inf_line(section, "KEY");
    assert_int_equal(line->field_count, 3);
    assert_string_equal(pndis__inf_field(line, 0), "a");
    assert_string_equal(pndis__inf_field(line, 1), "b");
    assert_string_equal(pndis__inf_field(line, 2), "c");
    assert_string_equal(pndis__inf_field(line, 3), "");
    line = line->next;
    assert_null(line->key);
    assert_string_equal(pndis__inf_field(line, 0), "no key");
    assert_string_equal(pndis__inf_field(line, 1), "x, y\"z");
    assert_string_equal(pndis__inf_field(line, 2), "");
    /* A second section of the name goes on with the first. */
    line = pndis__inf_line(section, "more");
    assert_string_equal(pndis__inf_field(line, 0), "put in");
    assert_string_equal(pndis__inf_field(line, 1), "50%");
    line = pndis__inf_line(pndis__inf_section(&inf, "two"), "long");
    assert_int_equal(line->field_count, 2);
    assert_string_equal(pndis__inf_field(line, 1), "2");
    assert_null(pndis__inf_section(&inf, "three"));
    pndis__inf_fini(&inf);
}

static void
utf16_is_read_as_well(void **state)
{
    static const uint8_t text[] = {0xff, 0xfe, '[', 0,   'a', 0,    ']', 0,    '\n',
                                   0,    'k',  0,   '=', 0,   0xe9, 0,   '\n', 0};
    char error[64];
    struct inf inf;

    (void)state;
    assert_int_equal(pndis__inf_parse(&inf, text, sizeof(text), error, sizeof(error)), 0);
    assert_string_equal(pndis__inf_field(pndis__inf_line(pndis__inf_section(&inf, "a"), "k"), 0),
                        "\xc3\xa9");
    pndis__inf_fini(&inf);
}

static void
any_prefix_of_a_file_is_read_or_refused(void **state)
{
    static const char text[] =
        "[Version]\nSignature=\"$Windows NT$\"\n[a.b]\n%x% = \"q\"\"\",\\\n2;c\n"
        "[Strings]\nx=\"y\"\n";

    (void)state;
    for (size_t bytes = 0; bytes <= sizeof(text); bytes++) {
        uint8_t *copy = malloc(bytes + 1);
        char error[128];
        struct inf inf;

        /* Exactly as long as said: a sanitizer sees who reads on. */
        copy = realloc(copy, bytes == 0 ? 1 : bytes);
        memcpy(copy, text, bytes);
        if (pndis__inf_parse(&inf, copy, bytes, error, sizeof(error)) == 0) {
            pndis__inf_fini(&inf);
        } else {
            assert_true(error[0] != 0);
        }
        free(copy);
    }
}

/* --- doing --- */

static const char driver_inf[] = "[Version]\n"
                                 "Signature = \"$Windows NT$\"\n"
                                 "[Manufacturer]\n"
                                 "%Maker% = Models, NTamd64\n"
                                 "[Models.NTamd64]\n"
                                 "%Name% = Install, PCI\\VEN_1AF4\n"
                                 "[Install.ndi.NT]\n"
                                 "AddReg = Nothing\n"
                                 "[Install]\n"
                                 "AddReg = Values, Params\n"
                                 "[Values]\n"
                                 "HKR,, Text, 0, \"some text\"\n"
                                 "HKR,, Number, 0x00010001, 0x20\n"
                                 "HKR,, Decimal, 0x00010001, 20\n"
                                 "HKR,, Bytes, 1, 01, 0a, ff\n"
                                 "HKR,, Many, 0x00010000, one, two\n"
                                 "HKR,, Kept, 2, new\n"
                                 "HKR, Sub\\Deep, Inner, 0, x\n"
                                 "HKLM, Software\\Elsewhere, Outer, 0, y\n"
                                 "HKCU, Ignored, Value, 0, z\n"
                                 "[Params]\n"
                                 "HKR, Ndi\\params\\*Speed, ParamDesc, 0, \"Speed\"\n"
                                 "HKR, Ndi\\params\\*Speed, default, 0, \"7\"\n"
                                 "HKR, Ndi\\params\\*Chosen, default, 0, \"1\"\n"
                                 "HKR,, *Chosen, 0, \"2\"\n"
                                 "[Strings]\n"
                                 "Maker = \"Somebody\"\n"
                                 "Name = \"Something\"\n";

static int
apply_text(struct world *w, const char *text, const char *section)
{
    char path[] = "/tmp/pndis-inf-XXXXXX";
    struct key *key;
    int file = mkstemp(path);
    int result;

    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
    assert_true(NT_SUCCESS(pndis__key_create_utf8(w->machine, NULL, KEY, &key)));
    result = pndis__inf_apply(w->machine, path, section, key);
    pndis__key_put(w->machine, key);
    unlink(path);
    return result;
}

static void
expect_text(struct world *w, const char *key, const char *name, const char *expected)
{
    char text[64] = "";

    if (pndis_registry_get_string(w->machine, key, name, text, sizeof(text)) != 0 ||
        strcmp(text, expected) != 0) {
        fail_msg("%s of %s is \"%s\", not \"%s\"", name, key, text, expected);
    }
}

static void
an_install_section_fills_the_drivers_key(void **state)
{
    uint32_t number;
    struct world w;
    char text[16];

    (void)state;
    world_start(&w, 0);
    assert_int_equal(pndis_registry_set_string(w.machine, KEY, "Kept", "old"), 0);
    assert_int_equal(apply_text(&w, driver_inf, NULL), 0);
    expect_text(&w, KEY, "Text", "some text");
    expect_text(&w, KEY, "Kept", "old");
    expect_text(&w, KEY "\\Sub\\Deep", "Inner", "x");
    expect_text(&w, "\\Registry\\Machine\\Software\\Elsewhere", "Outer", "y");
    assert_int_equal(pndis_registry_get_dword(w.machine, KEY, "Number", &number), 0);
    assert_int_equal(number, 0x20);
    assert_int_equal(pndis_registry_get_dword(w.machine, KEY, "Decimal", &number), 0);
    assert_int_equal(number, 20);
    assert_int_equal(pndis_registry_get_string(w.machine, KEY, "Value", text, sizeof(text)),
                     PNDIS_ENOTFOUND);
    close_clean(&w);
}

/* "Specifying Configuration Parameters for the Advanced Properties Page". */
static void
a_parameter_has_its_default_unless_a_value_was_chosen(void **state)
{
    struct world w;

    (void)state;
    world_start(&w, 0);
    assert_int_equal(apply_text(&w, driver_inf, NULL), 0);
    expect_text(&w, KEY, "*Speed", "7");
    expect_text(&w, KEY, "*Chosen", "2");
    close_clean(&w);
}

static void
a_file_that_says_nonsense_is_refused_with_a_sentence(void **state)
{
    static const struct {
        const char *text;
        const char *words;
    } rows[] = {
        {"[a]\nb=c\n", "no [Version] section"},
        {"[Version]\na=b\n", "no [Manufacturer] section"},
        {"[Version]\na=b\n[Manufacturer]\nx=M\n[M]\ny=I\n", "install section is missing"},
        {"[Version]\na=b\n[Manufacturer]\nx=M\n[M]\ny=I\n[I]\nAddReg=R\n",
         "an AddReg section is missing"},
    };
    struct world w;

    (void)state;
    world_start(&w, 0);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(apply_text(&w, rows[i].text, NULL) < 0);
        if (strstr(pndis_last_error(), rows[i].words) == NULL) {
            fail_msg("\"%s\" does not say \"%s\"", pndis_last_error(), rows[i].words);
        }
    }
    assert_int_equal(apply_text(&w, driver_inf, "Nowhere"), PNDIS_ENOTFOUND);
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_keys_and_fields_are_told_apart),
        cmocka_unit_test(utf16_is_read_as_well),
        cmocka_unit_test(any_prefix_of_a_file_is_read_or_refused),
        cmocka_unit_test(an_install_section_fills_the_drivers_key),
        cmocka_unit_test(a_parameter_has_its_default_unless_a_value_was_chosen),
        cmocka_unit_test(a_file_that_says_nonsense_is_refused_with_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
