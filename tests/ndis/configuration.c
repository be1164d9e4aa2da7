/* A driver's part of the registry: "NdisOpenConfigurationEx", "NdisReadConfiguration" and the rest.
 */
#include "support/protocol.h"
#include "support/world.h"

#include <unistd.h>

#define ADAPTER_KEY                                                                                \
    "\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Class\\"                             \
    "{4D36E972-E325-11CE-BFC1-08002BE10318}\\0001"
#define DRIVER_KEY                                                                                 \
    "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\programmable\\Parameters"

/* Arguments and results of the calls, which are made as driver code. */
static struct {
    NDIS_CONFIGURATION_OBJECT object;
    NDIS_HANDLE handle;
    NDIS_HANDLE subkey;
    NDIS_STATUS status;
    NDIS_STRING keyword;
    NDIS_PARAMETER_TYPE type;
    NDIS_CONFIGURATION_PARAMETER *value;
    NDIS_CONFIGURATION_PARAMETER written;
    ULONG index;
    NDIS_STRING name;
    WCHAR name_text[32];
    PVOID address;
    UINT address_bytes;
} c;

static void
call_open(void *argument)
{
    (void)argument;
    c.status = NdisOpenConfigurationEx(&c.object, &c.handle);
}

static void
call_close(void *argument)
{
    NdisCloseConfiguration(*(NDIS_HANDLE *)argument);
}

static void
call_read(void *argument)
{
    NdisReadConfiguration(&c.status, &c.value, *(NDIS_HANDLE *)argument, &c.keyword, c.type);
}

static void
call_write(void *argument)
{
    (void)argument;
    NdisWriteConfiguration(&c.status, c.handle, &c.keyword, &c.written);
}

static void
call_read_address(void *argument)
{
    (void)argument;
    NdisReadNetworkAddress(&c.status, &c.address, &c.address_bytes, c.handle);
}

static void
call_open_by_name(void *argument)
{
    (void)argument;
    NdisOpenConfigurationKeyByName(&c.status, c.handle, &c.keyword, &c.subkey);
}

static void
call_open_by_index(void *argument)
{
    (void)argument;
    NdisOpenConfigurationKeyByIndex(&c.status, c.handle, c.index, &c.name, &c.subkey);
}

static void
name_it(PCWSTR keyword)
{
    RtlInitUnicodeString(&c.keyword, keyword);
}

static NDIS_STATUS
open_configuration(struct world *w, NDIS_HANDLE of)
{
    memset(&c, 0, sizeof(c));
    c.object.Header = (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT,
                                           NDIS_CONFIGURATION_OBJECT_REVISION_1,
                                           NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1};
    c.object.NdisHandle = of;
    world_as_driver(w, call_open, NULL);
    return c.status;
}

static NDIS_STATUS
read_value(struct world *w, PCWSTR keyword, NDIS_PARAMETER_TYPE type)
{
    name_it(keyword);
    c.type = type;
    c.value = NULL;
    world_as_driver(w, call_read, &c.handle);
    return c.status;
}

static NDIS_STATUS
write_value(struct world *w, PCWSTR keyword)
{
    name_it(keyword);
    world_as_driver(w, call_write, NULL);
    return c.status;
}

static bool
value_is_text(PCWSTR text)
{
    NDIS_STRING wanted;

    RtlInitUnicodeString(&wanted, text);
    return RtlEqualUnicodeString(&c.value->ParameterData.StringData, &wanted, FALSE);
}

static void
given_adapter(struct world *w)
{
    miniport_reset();
    world_open(w, 0);
    world_add_adapter(w);
}

static void
finish(struct world *w)
{
    world_as_driver(w, call_close, &c.handle);
    world_close(w);
}

/* --- reading --- */

static void
numbers_are_read(void **state)
{
    static const NDIS_PARAMETER_TYPE types[] = {NdisParameterInteger, NdisParameterHexInteger};
    struct world w;

    (void)state;
    given_adapter(&w);
    pndis_registry_set_dword(w.machine, ADAPTER_KEY, "Number", 0xfedcba98);
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(read_value(&w, L"Number", types[i]), NDIS_STATUS_SUCCESS);
        /* "When the parameter is HexInteger, the resulting member value is Integer." */
        assert_int_equal(c.value->ParameterType, NdisParameterInteger);
        assert_int_equal(c.value->ParameterData.IntegerData, 0xfedcba98);
    }
    finish(&w);
}

/* Installers keep numbers as text: "equivalents in hexadecimal as NdisParameterHexInteger values".
 */
static void
text_becomes_a_number_in_the_base_that_is_asked_for(void **state)
{
    struct world w;

    (void)state;
    given_adapter(&w);
    pndis_registry_set_string(w.machine, ADAPTER_KEY, "*FlowControl", "10");
    pndis_registry_set_string(w.machine, ADAPTER_KEY, "*Hex", "fF");
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    assert_int_equal(read_value(&w, L"*FlowControl", NdisParameterInteger), 0);
    assert_int_equal(c.value->ParameterData.IntegerData, 10);
    assert_int_equal(read_value(&w, L"*FlowControl", NdisParameterHexInteger), 0);
    assert_int_equal(c.value->ParameterType, NdisParameterInteger);
    assert_int_equal(c.value->ParameterData.IntegerData, 16);
    assert_int_equal(read_value(&w, L"*hex", NdisParameterHexInteger), 0);
    assert_int_equal(c.value->ParameterData.IntegerData, 255);
    assert_int_equal(read_value(&w, L"*FlowControl", NdisParameterString), 0);
    assert_int_equal(c.value->ParameterType, NdisParameterString);
    assert_true(value_is_text(L"10"));
    finish(&w);
}

static void
strings_and_bytes_are_read(void **state)
{
    struct world w;

    (void)state;
    given_adapter(&w);
    pndis_registry_set_string(w.machine, ADAPTER_KEY, "Text", "a b");
    pndis_registry_set_string(w.machine, ADAPTER_KEY, "Empty", "");
    pndis_registry_set_binary(w.machine, ADAPTER_KEY, "Bytes", "\x01\x02\x03", 3);
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    assert_int_equal(read_value(&w, L"TEXT", NdisParameterString), NDIS_STATUS_SUCCESS);
    assert_true(value_is_text(L"a b"));
    assert_int_equal(read_value(&w, L"Empty", NdisParameterString), NDIS_STATUS_SUCCESS);
    assert_int_equal(c.value->ParameterData.StringData.Length, 0);
    assert_int_equal(read_value(&w, L"Bytes", NdisParameterBinary), NDIS_STATUS_SUCCESS);
    assert_int_equal(c.value->ParameterType, NdisParameterBinary);
    assert_int_equal(c.value->ParameterData.BinaryData.Length, 3);
    assert_memory_equal(c.value->ParameterData.BinaryData.Buffer, "\x01\x02\x03", 3);
    finish(&w);
}

static void
what_is_not_there_fails(void **state)
{
    struct world w;

    (void)state;
    given_adapter(&w);
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    assert_int_equal(read_value(&w, L"Nothing", NdisParameterInteger), NDIS_STATUS_FAILURE);
    assert_int_equal(read_value(&w, L"", NdisParameterString), NDIS_STATUS_FAILURE);
    world_expect_clean(&w);
    finish(&w);
}

/* "0xMMMMmmmm", whatever the key holds. */
static void
predefined_keywords_are_answered(void **state)
{
    struct world w;

    (void)state;
    miniport_reset();
    world_open_with(&w, &(struct pndis_machine_options){.ndis_version = 0x00060050});
    world_add_adapter(&w);
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    assert_int_equal(read_value(&w, L"NdisVersion", NdisParameterInteger), NDIS_STATUS_SUCCESS);
    assert_int_equal(c.value->ParameterData.IntegerData, 0x00060050);
    assert_int_equal(read_value(&w, L"ProcessorType", NdisParameterInteger), NDIS_STATUS_SUCCESS);
    finish(&w);
}

/* "The memory it allocates is freed when the driver releases the ConfigurationHandle." */
static void
what_was_read_stays_until_the_handle_is_closed(void **state)
{
    NDIS_CONFIGURATION_PARAMETER *first;
    struct world w;

    (void)state;
    given_adapter(&w);
    pndis_registry_set_string(w.machine, ADAPTER_KEY, "One", "first");
    pndis_registry_set_string(w.machine, ADAPTER_KEY, "Two", "second");
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    assert_int_equal(read_value(&w, L"One", NdisParameterString), NDIS_STATUS_SUCCESS);
    first = c.value;
    pndis_registry_set_string(w.machine, ADAPTER_KEY, "One", "changed since");
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(read_value(&w, L"Two", NdisParameterString), NDIS_STATUS_SUCCESS);
    }
    c.value = first;
    assert_true(value_is_text(L"first"));
    finish(&w);
}

static void
a_read_without_memory_says_so(void **state)
{
    struct world w;

    (void)state;
    given_adapter(&w);
    pndis_registry_set_dword(w.machine, ADAPTER_KEY, "Number", 1);
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    pndis_fault_arm(w.machine, 0);
    assert_int_equal(read_value(&w, L"Number", NdisParameterInteger), NDIS_STATUS_RESOURCES);
    pndis_fault_disarm(w.machine);
    assert_int_equal(read_value(&w, L"Number", NdisParameterInteger), NDIS_STATUS_SUCCESS);
    finish(&w);
}

/* --- writing --- */

static void
values_are_written_and_read_again(void **state)
{
    static WCHAR list[] = L"one\0two\0";
    uint32_t number = 0;
    struct world w;

    (void)state;
    given_adapter(&w);
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    c.written.ParameterType = NdisParameterInteger;
    c.written.ParameterData.IntegerData = 77;
    assert_int_equal(write_value(&w, L"Number"), NDIS_STATUS_SUCCESS);
    assert_int_equal(pndis_registry_get_dword(w.machine, ADAPTER_KEY, "Number", &number), 0);
    assert_int_equal(number, 77);
    c.written.ParameterType = NdisParameterHexInteger;
    c.written.ParameterData.IntegerData = 0x88;
    assert_int_equal(write_value(&w, L"Number"), NDIS_STATUS_SUCCESS); /* Replaces. */
    assert_int_equal(read_value(&w, L"Number", NdisParameterInteger), NDIS_STATUS_SUCCESS);
    assert_int_equal(c.value->ParameterData.IntegerData, 0x88);
    c.written.ParameterType = NdisParameterString;
    RtlInitUnicodeString(&c.written.ParameterData.StringData, L"counted");
    c.written.ParameterData.StringData.Length = 5 * sizeof(WCHAR); /* No NUL behind it. */
    c.written.ParameterData.StringData.MaximumLength = 5 * sizeof(WCHAR);
    assert_int_equal(write_value(&w, L"Text"), NDIS_STATUS_SUCCESS);
    assert_int_equal(read_value(&w, L"Text", NdisParameterString), NDIS_STATUS_SUCCESS);
    assert_true(value_is_text(L"count"));
    c.written.ParameterType = NdisParameterMultiString;
    c.written.ParameterData.StringData = (NDIS_STRING){sizeof(list), sizeof(list), list};
    assert_int_equal(write_value(&w, L"List"), NDIS_STATUS_SUCCESS);
    assert_int_equal(read_value(&w, L"List", NdisParameterMultiString), NDIS_STATUS_SUCCESS);
    assert_int_equal(c.value->ParameterType, NdisParameterMultiString);
    assert_memory_equal(c.value->ParameterData.StringData.Buffer, list, 8 * sizeof(WCHAR));
    c.written.ParameterType = NdisParameterBinary;
    c.written.ParameterData.BinaryData = (BINARY_DATA){2, "\xaa\xbb"};
    assert_int_equal(write_value(&w, L"Bytes"), NDIS_STATUS_SUCCESS);
    assert_int_equal(read_value(&w, L"Bytes", NdisParameterBinary), NDIS_STATUS_SUCCESS);
    assert_memory_equal(c.value->ParameterData.BinaryData.Buffer, "\xaa\xbb", 2);
    finish(&w);
}

static void
a_type_that_is_none_is_not_written(void **state)
{
    struct world w;

    (void)state;
    given_adapter(&w);
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    c.written.ParameterType = (NDIS_PARAMETER_TYPE)99;
    assert_int_equal(write_value(&w, L"Number"), NDIS_STATUS_NOT_SUPPORTED);
    assert_int_equal(read_value(&w, L"Number", NdisParameterInteger), NDIS_STATUS_FAILURE);
    finish(&w);
}

/* --- the network address --- */

static NDIS_STATUS
read_address(struct world *w, const char *text)
{
    if (text == NULL) {
        pndis_registry_delete(w->machine, ADAPTER_KEY, "NetworkAddress");
    } else {
        pndis_registry_set_string(w->machine, ADAPTER_KEY, "NetworkAddress", text);
    }
    c.address = NULL;
    world_as_driver(w, call_read_address, NULL);
    return c.status;
}

/* "NDIS discards hyphens and converts each pair into a single byte"; it validates nothing. */
static void
the_network_address_is_read_in_either_form(void **state)
{
    struct world w;

    (void)state;
    given_adapter(&w);
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    assert_int_equal(read_address(&w, NULL), NDIS_STATUS_FAILURE);
    assert_int_equal(read_address(&w, "02aBcD00fF01"), NDIS_STATUS_SUCCESS);
    assert_int_equal(c.address_bytes, 6);
    assert_memory_equal(c.address, "\x02\xab\xcd\x00\xff\x01", 6);
    assert_int_equal(read_address(&w, "02-AB-cd-00-FF-02"), NDIS_STATUS_SUCCESS);
    assert_int_equal(c.address_bytes, 6);
    assert_memory_equal(c.address, "\x02\xab\xcd\x00\xff\x02", 6);
    assert_int_equal(read_address(&w, "0102"), NDIS_STATUS_SUCCESS);
    assert_int_equal(c.address_bytes, 2);
    pndis_registry_set_dword(w.machine, ADAPTER_KEY, "NetworkAddress", 5);
    world_as_driver(&w, call_read_address, NULL);
    assert_int_equal(c.status, NDIS_STATUS_FAILURE); /* "The value stored was not a string." */
    finish(&w);
}

static void
the_host_can_set_address_and_parameters(void **state)
{
    static const struct pndis_parameter parameters[] = {{"*JumboPacket", "9014"}};
    struct world w;

    (void)state;
    miniport_reset();
    world_open(&w, 0);
    world_add_adapter(&w);
    w.adapter =
        pndis_adapter_add(w.machine, w.driver,
                          &(struct pndis_adapter_options){.network_address = "02-00-00-00-00-77",
                                                          .parameters = parameters,
                                                          .parameter_count = 1});
    expect(&w, w.adapter != NULL);
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    world_as_driver(&w, call_read_address, NULL);
    assert_int_equal(c.status, NDIS_STATUS_SUCCESS);
    assert_memory_equal(c.address, "\x02\x00\x00\x00\x00\x77", 6);
    assert_int_equal(read_value(&w, L"*JumboPacket", NdisParameterInteger), NDIS_STATUS_SUCCESS);
    assert_int_equal(c.value->ParameterData.IntegerData, 9014);
    finish(&w);
}

/* --- subkeys --- */

static void
subkeys_are_opened_by_name_and_by_index(void **state)
{
    static const char *const names[] = {"alpha", "beta", "gamma"};
    unsigned found = 0;
    struct world w;

    (void)state;
    given_adapter(&w);
    for (ULONG i = 0; i < 3; i++) {
        char key[256];

        snprintf(key, sizeof(key), "%s\\Sub\\%s", ADAPTER_KEY, names[i]);
        pndis_registry_set_dword(w.machine, key, "Number", i);
    }
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    name_it(L"Sub");
    world_as_driver(&w, call_open_by_name, NULL);
    assert_int_equal(c.status, NDIS_STATUS_SUCCESS);
    world_as_driver(&w, call_close, &c.handle);
    c.handle = c.subkey; /* It lives on without the handle it was opened with. */
    do {
        c.name = (NDIS_STRING){0, sizeof(c.name_text), c.name_text};
        world_as_driver(&w, call_open_by_index, NULL);
        if (c.status == NDIS_STATUS_SUCCESS) {
            assert_true(c.name.Length > 0);
            name_it(L"Number");
            world_as_driver(&w, call_read, &c.subkey);
            assert_int_equal(c.status, NDIS_STATUS_SUCCESS);
            found |= 1u << c.value->ParameterData.IntegerData;
            world_as_driver(&w, call_close, &c.subkey);
            c.index++;
        }
    } while (c.status == NDIS_STATUS_SUCCESS && c.index < 10);
    assert_int_equal(found, 7);
    assert_int_equal(c.index, 3);
    name_it(L"delta");
    world_as_driver(&w, call_open_by_name, NULL);
    assert_int_equal(c.status, NDIS_STATUS_FAILURE);
    c.index = 0;
    c.name = (NDIS_STRING){0, 2, c.name_text}; /* No room for a name. */
    world_as_driver(&w, call_open_by_index, NULL);
    assert_int_equal(c.status, NDIS_STATUS_FAILURE);
    finish(&w);
}

/* --- whose configuration --- */

static void
the_handle_says_whose_parameters_they_are(void **state)
{
    struct world w;

    (void)state;
    given_adapter(&w);
    pndis_registry_set_dword(w.machine, ADAPTER_KEY, "Whose", 1);
    pndis_registry_set_dword(w.machine, DRIVER_KEY, "Whose", 2);
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    assert_int_equal(read_value(&w, L"Whose", NdisParameterInteger), NDIS_STATUS_SUCCESS);
    assert_int_equal(c.value->ParameterData.IntegerData, 1);
    world_as_driver(&w, call_close, &c.handle);
    assert_int_equal(open_configuration(&w, miniport.handle), NDIS_STATUS_SUCCESS);
    assert_int_equal(read_value(&w, L"Whose", NdisParameterInteger), NDIS_STATUS_SUCCESS);
    assert_int_equal(c.value->ParameterData.IntegerData, 2);
    finish(&w);
}

static void
a_configuration_object_that_is_malformed_is_refused(void **state)
{
    static const NDIS_OBJECT_HEADER headers[] = {
        {0, 1, NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1},
        {NDIS_OBJECT_TYPE_DEFAULT, 1, NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1},
        {NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT, 0, NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1},
        {NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT, 1, NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1 - 1},
    };
    struct world w;

    (void)state;
    given_adapter(&w);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        open_configuration(&w, NULL); /* For the rest of the object. */
        world_expect_violation(&w, "OBJECT_HANDLE");
        assert_int_equal(c.status, NDIS_STATUS_FAILURE);
        c.object.NdisHandle = port_latest()->handle;
        c.object.Header = headers[i];
        world_as_driver(&w, call_open, NULL);
        assert_int_equal(c.status, NDIS_STATUS_FAILURE);
        world_expect_violation(&w, "OBJECT_HEADER");
    }
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    finish(&w);
}

/* --- closing --- */

static void
a_handle_is_closed_once_and_is_dead_then(void **state)
{
    struct world w;

    (void)state;
    given_adapter(&w);
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    world_as_driver(&w, call_close, &c.handle);
    world_expect_clean(&w);
    world_as_driver(&w, call_close, &c.handle);
    world_expect_violation(&w, "OBJECT_HANDLE");
    assert_int_not_equal(read_value(&w, L"Any", NdisParameterInteger), NDIS_STATUS_SUCCESS);
    world_expect_violation(&w, "OBJECT_HANDLE");
    world_close(&w);
}

static void
a_handle_that_is_never_closed_is_reported(void **state)
{
    const struct pndis_violation *leak;
    struct world w;

    (void)state;
    given_adapter(&w);
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    expect(&w, pndis_machine_stop(w.machine) == 0);
    assert_int_equal(pndis_violation_count(w.machine), 1);
    leak = pndis_violation_of(w.machine, "LEAK_HALT");
    assert_non_null(leak);
    assert_non_null(strstr(leak->message, "NdisOpenConfigurationEx"));
#ifdef TEST_SOURCE_LINES
    assert_non_null(strstr(leak->acquired_at, "configuration.c"));
#endif
    world_discard(&w);
}

/* --- defaults from the driver's INF file --- */

static const char inf_text[] = "[Version]\n"
                               "Signature = \"$Windows NT$\"\n"
                               "Class = Net\n"
                               "[Manufacturer]\n"
                               "Tests = Models,NTamd64\n"
                               "[Models.NTamd64]\n"
                               "Device = Install, PCI\\VEN_0000&DEV_0000\n"
                               "[Install]\n"
                               "AddReg = Registry\n"
                               "[Registry]\n"
                               "HKR, Ndi\\Params\\*Speed, ParamDesc, 0, \"Speed\"\n"
                               "HKR, Ndi\\Params\\*Speed, Default, 0, \"4\"\n"
                               "HKR, , *Plain, 0x00010001, 12\n";

static void
defaults_come_from_the_inf_file(void **state)
{
    static const struct pndis_parameter changed[] = {{"*Speed", "6"}};
    char path[] = "/tmp/pndis-inf-XXXXXX";
    int file = mkstemp(path);
    struct world w;

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(write(file, inf_text, sizeof(inf_text) - 1), sizeof(inf_text) - 1);
    close(file);
    miniport_reset();
    world_open(&w, 0);
    w.driver = pndis_driver_load(w.machine, NULL,
                                 &(struct pndis_driver_options){
                                     .name = "programmable", .entry = miniport_entry, .inf = path});
    expect(&w, w.driver != NULL);
    world_add_adapter(&w);
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    assert_int_equal(read_value(&w, L"*Plain", NdisParameterInteger), NDIS_STATUS_SUCCESS);
    assert_int_equal(c.value->ParameterData.IntegerData, 12);
    assert_int_equal(read_value(&w, L"*Speed", NdisParameterInteger), NDIS_STATUS_SUCCESS);
    assert_int_equal(c.value->ParameterData.IntegerData, 4);
    world_as_driver(&w, call_close, &c.handle);
    w.adapter = pndis_adapter_add(
        w.machine, w.driver,
        &(struct pndis_adapter_options){.parameters = changed, .parameter_count = 1});
    expect(&w, w.adapter != NULL);
    assert_int_equal(open_configuration(&w, port_latest()->handle), NDIS_STATUS_SUCCESS);
    assert_int_equal(read_value(&w, L"*Speed", NdisParameterInteger), NDIS_STATUS_SUCCESS);
    assert_int_equal(c.value->ParameterData.IntegerData, 6);
    finish(&w);
    unlink(path);
}

static void
what_no_adapter_can_have_is_refused(void **state)
{
    static const char *const wrong[] = {"xx",
                                        "",
                                        "02-00-00-00-01",
                                        "02-00-00-00-00-0g",
                                        "02:00:00:00:00:03",
                                        "02-00-00-00-00-01-02"};
    static const char *const right[] = {"02-00-00-00-00-01", "020000000aB2"};
    struct world w;

    (void)state;
    miniport_reset();
    world_open(&w, 0);
    world_add_halted(&w);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_null(pndis_adapter_add(
            w.machine, w.driver, &(struct pndis_adapter_options){.network_address = wrong[i]}));
        assert_non_null(strstr(pndis_last_error(), "12 hexadecimal digits"));
    }
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        assert_non_null(pndis_adapter_add(
            w.machine, w.driver, &(struct pndis_adapter_options){.network_address = right[i]}));
    }
    world_close(&w);
}

/* Not when the first adapter is added. */
static void
an_inf_file_that_is_none_is_refused_at_once(void **state)
{
    static const char text[] = "[Version\n";
    char path[] = "/tmp/pndis-inf-XXXXXX";
    int file = mkstemp(path);
    struct pndis_driver_options options = {.entry = miniport_entry, .inf = path};
    struct world w;

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(write(file, text, sizeof(text) - 1), sizeof(text) - 1);
    close(file);
    miniport_reset();
    world_open(&w, 0);
    assert_null(pndis_driver_load(w.machine, NULL, &options));
    assert_non_null(strstr(pndis_last_error(), path));
    assert_non_null(strstr(pndis_last_error(), "line 1"));
    unlink(path);
    assert_null(pndis_driver_load(w.machine, NULL, &options));
    assert_non_null(strstr(pndis_last_error(), "cannot be read"));
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read),
        cmocka_unit_test(text_becomes_a_number_in_the_base_that_is_asked_for),
        cmocka_unit_test(strings_and_bytes_are_read),
        cmocka_unit_test(what_is_not_there_fails),
        cmocka_unit_test(predefined_keywords_are_answered),
        cmocka_unit_test(what_was_read_stays_until_the_handle_is_closed),
        cmocka_unit_test(a_read_without_memory_says_so),
        cmocka_unit_test(values_are_written_and_read_again),
        cmocka_unit_test(a_type_that_is_none_is_not_written),
        cmocka_unit_test(the_network_address_is_read_in_either_form),
        cmocka_unit_test(the_host_can_set_address_and_parameters),
        cmocka_unit_test(subkeys_are_opened_by_name_and_by_index),
        cmocka_unit_test(the_handle_says_whose_parameters_they_are),
        cmocka_unit_test(a_configuration_object_that_is_malformed_is_refused),
        cmocka_unit_test(a_handle_is_closed_once_and_is_dead_then),
        cmocka_unit_test(a_handle_that_is_never_closed_is_reported),
        cmocka_unit_test(defaults_come_from_the_inf_file),
        cmocka_unit_test(an_inf_file_that_is_none_is_refused_at_once),
        cmocka_unit_test(what_no_adapter_can_have_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
