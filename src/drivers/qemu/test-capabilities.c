/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two capability documents, from real binaries where they are installed. */
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <stdio.h>
#include <time.h>

#include "drivers/qemu/capabilities.h"
#include "util/xml.h"
#include "tap.h"

#define X86 "/usr/bin/qemu-system-x86_64"
#define S390X "/usr/bin/qemu-system-s390x"

static sd_event *loop;
static QemuCapsCache *cache;
static char *told_text;
static Error *told_err;

static void on_done(Reply *reply, const Result *result, const Error *err) {
        free(told_text);
        told_text = NULL;
        told_err = error_free(told_err);
        if (err)
                told_err = error_copy(err);
        else
                told_text = xstrdup(result->text);
}

static void forget(void) {
        free(told_text);
        told_text = NULL;
        told_err = error_free(told_err);
}

static void wait_answer(void) {
        while (!told_text && !told_err)
                expect(sd_event_run(loop, UINT64_MAX) >= 0);
}

static void ask_domain(const char *emulator, const char *arch, const char *machine, const char *virttype) {
        static Reply reply = { on_done };

        forget();
        qemu_domain_capabilities_ask(cache, emulator, arch, machine, virttype, &reply);
        wait_answer();
        if (told_err)
                printf("# %s\n", told_err->message);
}

static char *xpath(const char *text, const char *expression) {
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL;
        xmlXPathContext *context;
        xmlXPathObject *object;
        char *value;

        expect(text && xml_parse(text, strlen(text), "(capabilities)", &doc, NULL) == 0);
        context = xmlXPathNewContext(doc);
        object = xmlXPathEvalExpression((const xmlChar *) expression, context);
        value = (char *) xmlXPathCastToString(object);
        xmlXPathFreeObject(object);
        xmlXPathFreeContext(context);
        return value;
}

static void expect_xpath_at(int line, const char *expression, const char *wanted) {
        char *value = xpath(told_text, expression);
        bool same = streq(value, wanted);

        if (!same)
                printf("# line %d: %s is \"%s\", wanted \"%s\"\n", line, expression, value, wanted);
        xmlFree(value);
        expect(same);
}
#define expect_xpath(expression, wanted) expect_xpath_at(__LINE__, expression, wanted)

static uint64_t now_usec(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

static void test_x86(void) {
        uint64_t start;

        if (access(X86, X_OK) < 0)
                skip("qemu-system-x86_64 is not installed");
        ask_domain(X86, NULL, "q35", "qemu");
        expect_xpath("/domainCapabilities/path", X86);
        expect_xpath("/domainCapabilities/domain", "qemu");
        expect_xpath("starts-with(/domainCapabilities/machine, 'pc-q35-')", "true");
        expect_xpath("/domainCapabilities/cpu/mode[@name='host-passthrough']/@supported", "no");
        expect_xpath("/domainCapabilities/cpu/mode[@name='maximum']/@supported", "yes");
        expect_xpath("/domainCapabilities/cpu/mode[@name='host-model']/@supported", "yes");
        expect_xpath("count(/domainCapabilities/cpu/mode[@name='host-model']/feature) > 3", "true");
        expect_xpath("/domainCapabilities/cpu/mode[@name='custom']/model[.='Conroe']/@usable", "yes");
        expect_xpath("/domainCapabilities/cpu/mode[@name='custom']/model[.='Conroe']/@vendor", "Intel");
        expect_xpath("/domainCapabilities/cpu/mode[@name='custom']/model[.='Skylake-Server']/@usable", "no");
        expect_xpath("count(/domainCapabilities/cpu/mode[@name='custom']/model[.='Conroe-v1'])", "0");
        expect_xpath("count(/domainCapabilities/devices/disk/enum[@name='bus']/value[.='sata'])", "1");
        expect_xpath("count(/domainCapabilities/devices/disk/enum[@name='bus']/value[.='ide'])", "0");
        expect_xpath("/domainCapabilities/features/sev/@supported", "no");
        expect_xpath("/domainCapabilities/features/launchSecurity/@supported", "no");
        start = now_usec();
        ask_domain(X86, "x86_64", NULL, "qemu");
        printf("# domain capabilities from memory in %lu us\n", (unsigned long) (now_usec() - start));
        expect_xpath("starts-with(/domainCapabilities/machine, 'pc-i440fx-')", "true");
        expect_xpath("count(/domainCapabilities/devices/disk/enum[@name='bus']/value[.='ide'])", "1");
}

static void test_s390x(void) {
        if (access(S390X, X_OK) < 0)
                skip("qemu-system-s390x is not installed");
        ask_domain(NULL, "s390x", NULL, "qemu");
        expect_xpath("/domainCapabilities/arch", "s390x");
        expect_xpath("/domainCapabilities/features/s390-pv/@supported", "no");
        expect_xpath("/domainCapabilities/cpu/mode[@name='host-model']/@supported", "no");
        expect_xpath("count(/domainCapabilities/devices/disk/enum[@name='bus']/value[.='usb'])", "0");
}

static void expect_refused(const char *emulator, const char *arch, const char *machine, const char *virttype, ErrorCode code, const char *message) {
        ask_domain(emulator, arch, machine, virttype);
        expect(told_err != NULL);
        expect_int(told_err->code, ==, code);
        expect_str(told_err->message, message);
}

/* Codes and words as libvirt 9.0 gives them. */
static void test_refusals(void) {
        if (access(X86, X_OK) < 0)
                skip("qemu-system-x86_64 is not installed");
        expect_refused(NULL, "x86_64", NULL, "tcg", ERROR_INVALID_ARG, "invalid argument: unknown virttype: tcg");
        expect_refused(NULL, "foo", NULL, NULL, ERROR_INVALID_ARG, "invalid argument: unknown architecture: foo");
        expect_refused(NULL, "x86_64", "foo", "qemu", ERROR_INVALID_ARG,
                       "invalid argument: the machine 'foo' is not supported by emulator '" X86 "'");
        expect_refused(X86, "s390x", NULL, "qemu", ERROR_INVALID_ARG,
                       "invalid argument: architecture from emulator 'x86_64' doesn't match given architecture 's390x'");
        expect_refused("/nonexist", "x86_64", NULL, "qemu", ERROR_SYSTEM, "Cannot check QEMU binary /nonexist: No such file or directory");
        expect_refused(NULL, "sparc64", NULL, NULL, ERROR_CONFIG_UNSUPPORTED,
                       "unsupported configuration: unable to find any emulator to serve 'sparc64' architecture");
        expect_refused(NULL, "x86_64", NULL, "xen", ERROR_INVALID_ARG, "invalid argument: the accel 'tcg' is not supported by '" X86 "' on this host");
}

static void test_capabilities(void) {
        static Reply reply = { on_done };
        uint64_t start = now_usec();

        if (access(X86, X_OK) < 0)
                skip("qemu-system-x86_64 is not installed");
        for (int i = 0; i < 2; i++) {
                forget();
                start = now_usec();
                qemu_capabilities_ask(cache, SD_ID128_MAKE(01, 02, 03, 04, 05, 06, 07, 08, 09, 0a, 0b, 0c, 0d, 0e, 0f, 10), &reply);
                wait_answer();
                printf("# capabilities in %lu us\n", (unsigned long) (now_usec() - start));
        }
        expect_xpath("/capabilities/host/uuid", "01020304-0506-0708-090a-0b0c0d0e0f10");
        expect_xpath("count(/capabilities/host/cpu/arch)", "1");
        expect_xpath("count(/capabilities/host/topology/cells/cell/cpus/cpu) > 0", "true");
        expect_xpath("/capabilities/guest/arch[@name='x86_64']/emulator", X86);
        expect_xpath("count(/capabilities/guest/arch[@name='x86_64']/machine[.='q35'][starts-with(@canonical, 'pc-q35-')])", "1");
        expect_xpath("/capabilities/guest/arch[@name='x86_64']/domain/@type", "qemu");
        expect_xpath("count(/capabilities/guest[arch/@name='x86_64'])", "1");
}

int main(void) {
        int r;

        if (sd_event_new(&loop) < 0)
                return 1;
        cache = qemu_caps_cache_new(loop, -1, NULL);
        r = tap_run((const TapTest[]) {
                { "x86_64", test_x86 },
                { "s390x", test_s390x },
                { "what libvirt refuses", test_refusals },
                { "capabilities of the host", test_capabilities },
                {},
        });
        qemu_caps_cache_free(cache);
        sd_event_unref(loop);
        free(told_text);
        error_free(told_err);
        xmlCleanupParser();
        return r;
}
