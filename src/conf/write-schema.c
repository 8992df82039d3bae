/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/write-schema.c - prints xml-schemas/domain.rng, made from the tables. */
#include <stdio.h>
#include "conf/element_schema.h"
#include "conf/elements.h"

int main(void) {
        CLEANUP(free) char *schema = element_schema("domain", &domain_element);

        return fputs(schema, stdout) < 0 || fflush(stdout) != 0;
}
