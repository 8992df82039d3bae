/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-domain-xml - whatever a client may send as a domain's definition: refused with a reason, or printed and read back alike. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>

#include "conf/domain_def.h"
#include "util/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_back(const DomainDef *def, unsigned flags) {
        CLEANUP(free) char *text = domain_def_format(def, DOMAIN_FORMAT_SECURE), *difference = NULL;
        CLEANUP(domain_def_free) DomainDef *again = NULL;
        CLEANUP(error_free) Error *err = NULL;

        if (domain_def_parse(text, strlen(text), flags, &again, &err) < 0) {
                fprintf(stderr, "what was printed is refused: %s\n%s\n", err->message, text);
                abort();
        }
        difference = domain_def_difference(def, again, false);
        if (difference) {
                fprintf(stderr, "read back differently: %s\n%s\n", difference, text);
                abort();
        }
}

/* Reading on behind a refusal is where values are not as the tables say. */
static void expect_findings(const char *text, size_t len) {
        CLEANUP(json_put) json_object *findings = domain_def_lint(text, len);

        assert(json_object_array_length(findings) > 0);
}

static void try_flags(const char *text, size_t len, unsigned flags) {
        CLEANUP(domain_def_free) DomainDef *def = NULL, *copy = NULL;
        CLEANUP(error_free) Error *err = NULL;

        if (domain_def_parse(text, len, flags, &def, &err) < 0) {
                assert(err && err->message && !def);
                if (flags & DOMAIN_PARSE_INACTIVE)
                        expect_findings(text, len);
                return;
        }
        copy = domain_def_copy(def);
        assert(domain_def_equal(def, copy));
        read_back(copy, flags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        try_flags((const char *) data, size, 0);
        try_flags((const char *) data, size, DOMAIN_PARSE_INACTIVE);
        return 0;
}
