/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/domain_define.h - the verbs on stored definitions: define, undefine, autostart, dump, title and metadata. */
#pragma once
#include "drivers/qemu/definition.h"

/* Stores def as the domain's persistent definition. done: domain (NULL on failure) is persistent now; DEFINED has been told unless
 * quiet. Also what a migrated guest does on arrival. */
typedef void (*DomainStored)(Domain *domain, const Error *err, void *userdata);
void domain_store_def(QemuDriver *driver, const DomainDef *def, bool quiet, DomainStored done, void *userdata);

void domain_take_facts(Domain *domain, const DomainFacts *facts);       /* of the stored definition, into the published fields */

/* Removes the stored definition; UNDEFINED has been told when done is. A domain that is not active is gone afterwards (domain NULL). */
void domain_unstore(Domain *domain, DomainStored done, void *userdata);

void qemu_define(Driver *driver, const char *xml, unsigned flags, Reply *reply);
void qemu_undefine(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);
void qemu_set_autostart(Driver *driver, sd_id128_t uuid, bool autostart, Reply *reply);
void qemu_xml_desc(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);
void qemu_get_metadata(Driver *driver, sd_id128_t uuid, int type, const char *uri, unsigned flags, Reply *reply);
void qemu_set_metadata(Driver *driver, sd_id128_t uuid, int type, const char *metadata, const char *key, const char *uri, unsigned flags,
                       Reply *reply);
