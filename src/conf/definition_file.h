/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/definition_file.h - a stored definition as text: its first line (see domain_store.h) written, read and checked. */
#pragma once
#include "conf/domain_store.h"

/* A stored definition in one block of memory; free() ends it. */
StoredDomain *definition_new(const DomainFacts *facts, const char *xml, size_t xml_len);

/* The whole file, owned by the caller. */
char *definition_write(const StoredDomain *domain, size_t *ret_len);

/* < 0 when the text is not what definition_write() wrote; *ret_why (static) says what is wrong. */
int definition_read(const char *text, size_t len, StoredDomain **ret, const char **ret_why);
