/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/elements.h - the tables of all element families, for each other and for tests; nobody outside of conf needs them. */
#pragma once
#include "conf/domain_def.h"
#include "conf/element.h"

extern const Element domain_element;

extern const Element device_info_element, pci_address_element;
extern const Element char_type_element, char_source_element;
extern const Element disk_element, controller_element, lease_element, filesystem_element, interface_element, smartcard_element,
        serial_element, parallel_element, console_element, channel_element, input_element, tpm_element, graphics_element,
        sound_element, audio_element, video_element, hostdev_element, redirdev_element, hub_element, watchdog_element,
        memballoon_element, rng_element, nvram_element, panic_element, shmem_element, memory_device_element, iommu_element,
        vsock_element;
extern const Element os_element, features_element, clock_element, cpu_element, launch_security_element, memory_backing_element,
        mem_tune_element, blkio_tune_element, cpu_tune_element, numa_tune_element, vcpu_element, iothread_element,
        seclabel_element, metadata_item_element;
extern const RowType row_metadata, row_qemu_xmlns;

/* The names of an enum, whose last enumerator is max. */
#define NAMES(symbol, max, description, ...)                                                                           \
        DEFINE_ENUM_TABLE(symbol, description, __VA_ARGS__);                                                           \
        _Static_assert(N_ELEMENTS(symbol##_names) == (max), "a name per value of " description)

/* The words of a string field. */
#define WORDS_OF(symbol, description, ...)                                                                             \
        static const char *const symbol##_names[] = { __VA_ARGS__ };                                                   \
        static const EnumTable symbol = { (description), symbol##_names, N_ELEMENTS(symbol##_names) }

#define VIRTIO_MODEL_WORDS                                                                                                       \
        WORDS_OF(virtio_model_words, "virtio model", "virtio", "virtio-transitional", "virtio-non-transitional")

/* <driver iommu= ats= packed= page_per_vq=>, after the device's own attributes of <driver>. */
#define VIRTIO_ROWS(F)                                                                                                 \
        ONOFF("driver@iommu", F, virtio.iommu),                                                                        \
        ONOFF("driver@ats", F, virtio.ats),                                                                            \
        ONOFF("driver@packed", F, virtio.packed),                                                                      \
        ONOFF("driver@page_per_vq", F, virtio.page_per_vq)

/* The ranges of its numbers. */
int check_pci_address(const Parser *parser, const xmlNode *node, const PciAddress *pci, Error **err);

/* domain_def_parse(); with findings, refusals are collected there and what is read is good for nothing if there are any. */
int domain_def_read(const char *xml, size_t len, unsigned flags, struct json_object *findings, DomainDef **ret, Error **err);

/* Sets def->intent from the metadata. */
int domain_def_read_intent(DomainDef *def, Error **err);
