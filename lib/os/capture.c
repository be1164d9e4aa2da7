/* Reading capture files. See capture.h. */
#define _GNU_SOURCE
#include "os/capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#if PNDIS_HAVE_PCAP

#include <pcap/pcap.h>

struct os_capture {
    pcap_t *pcap;
};

static int
prepare(pcap_t *pcap, const char *path, const char *filter, char *error, size_t error_bytes)
{
    struct bpf_program program;
    int result = 0;

    if (pcap_datalink(pcap) != DLT_EN10MB) {
        snprintf(error, error_bytes, "%s is not a capture of Ethernet frames", path);
        return -EIO;
    }
    if (filter == NULL) {
        return 0;
    }
    if (pcap_compile(pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0) {
        snprintf(error, error_bytes, "the filter \"%s\": %s", filter, pcap_geterr(pcap));
        return -EINVAL;
    }
    if (pcap_setfilter(pcap, &program) != 0) {
        snprintf(error, error_bytes, "the filter \"%s\": %s", filter, pcap_geterr(pcap));
        result = -EINVAL;
    }
    pcap_freecode(&program);
    return result;
}

bool
pndis__os_capture_is_there(void)
{
    return true;
}

int
pndis__os_capture_open(const char *path, const char *filter, struct os_capture **out_capture,
                       char *error, size_t error_bytes)
{
    struct os_capture *capture = malloc(sizeof(*capture));
    char text[PCAP_ERRBUF_SIZE] = "";
    int result;

    if (capture == NULL) {
        snprintf(error, error_bytes, "no memory to read a capture");
        return -EIO;
    }
    capture->pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, text);
    if (capture->pcap == NULL) {
        snprintf(error, error_bytes, "%s", text);
        free(capture);
        return -EIO;
    }
    result = prepare(capture->pcap, path, filter, error, error_bytes);
    if (result != 0) {
        pndis__os_capture_close(capture);
        return result;
    }
    *out_capture = capture;
    return 0;
}

bool
pndis__os_capture_next(struct os_capture *capture, struct os_captured *out_frame)
{
    struct pcap_pkthdr *about;
    const u_char *bytes;

    if (pcap_next_ex(capture->pcap, &about, &bytes) != 1) {
        return false;
    }
    /* With nanosecond precision tv_usec holds nanoseconds. */
    *out_frame = (struct os_captured){
        .bytes = bytes,
        .captured = about->caplen,
        .original = about->len,
        .time_ns = (uint64_t)about->ts.tv_sec * 1000000000u + (uint64_t)about->ts.tv_usec,
    };
    return true;
}

void
pndis__os_capture_close(struct os_capture *capture)
{
    if (capture != NULL) {
        pcap_close(capture->pcap);
        free(capture);
    }
}

#else

bool
pndis__os_capture_is_there(void)
{
    return false;
}

int
pndis__os_capture_open(const char *path, const char *filter, struct os_capture **out_capture,
                       char *error, size_t error_bytes)
{
    (void)filter;
    (void)out_capture;
    snprintf(error, error_bytes, "%s cannot be read: pndis was built without libpcap", path);
    return -ENOSYS;
}

bool
pndis__os_capture_next(struct os_capture *capture, struct os_captured *out_frame)
{
    (void)capture;
    (void)out_frame;
    return false;
}

void
pndis__os_capture_close(struct os_capture *capture)
{
    (void)capture;
}

#endif
