/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/os.h - <os>: machine, firmware, boot; <features>; <clock>. */
#pragma once
#include "conf/types.h"

typedef enum BootDev { BOOT_DEV_UNSET, BOOT_FD, BOOT_HD, BOOT_CDROM, BOOT_NETWORK, BOOT_DEV_TYPE_MAX } BootDev;
typedef enum Firmware { FIRMWARE_UNSET, FIRMWARE_BIOS, FIRMWARE_EFI, FIRMWARE_TYPE_MAX } Firmware;
typedef enum LoaderType { LOADER_TYPE_UNSET, LOADER_ROM, LOADER_PFLASH, LOADER_TYPE_MAX } LoaderType;

typedef struct OsBoot {
        BootDev dev;
} OsBoot;

typedef struct FirmwareFeature {
        Tristate enabled;
        char *name;                     /* "secure-boot", "enrolled-keys" */
} FirmwareFeature;

typedef struct OsDef {
        Firmware firmware;
        char *type;                     /* "hvm" */
        char *arch, *machine;           /* "x86_64", "q35"; NULL: to be completed */
        LIST_OF(FirmwareFeature) firmware_features;
        char *loader;                   /* path */
        Tristate loader_readonly, loader_secure, loader_stateless;
        LoaderType loader_type;
        char *loader_format;
        bool has_nvram;                 /* <nvram> stood there, perhaps empty */
        char *nvram, *nvram_template, *nvram_format;
        char *kernel, *initrd, *cmdline, *dtb;
        char *acpi_table_type, *acpi_table;     /* <acpi><table type="slic"> */
        LIST_OF(OsBoot) boot;
        Tristate bootmenu;
        OptUint bootmenu_timeout;
        char *smbios_mode;              /* "emulate", "host", "sysinfo" */
        Tristate bios_useserial;
        OptInt bios_reboot_timeout;
} OsDef;

typedef struct FeaturesDef {
        bool acpi, apic, pae, viridian, privnet;
        Tristate apic_eoi;
        Tristate hap, pmu, vmport, pvspinlock, smm, htm, nested_hv, ccf_assist, vmcoreinfo, ras, async_teardown;
        uint64_t smm_tseg_bytes;
        char *gic_version;              /* "2", "3", "host" */
        bool gic;
        char *ioapic;                   /* "qemu", "kvm" */
        char *hpt_resizing;
        uint64_t hpt_maxpagesize_kib;
        char *cfpc, *sbbc, *ibs, *msrs_unknown;
        uint64_t tcg_tb_cache_kib;
        bool has_hyperv, has_kvm;
        char *hyperv_mode;              /* "custom", "passthrough" */
        struct {
                Tristate relaxed, vapic, spinlocks, vpindex, runtime, synic, stimer, stimer_direct, reset, vendor_id, frequencies,
                        reenlightenment, tlbflush, ipi, evmcs, avic, emsr_bitmap, xmm_input;
                unsigned spinlock_retries;
                char *vendor;
        } hyperv;
        struct {
                Tristate hidden, hint_dedicated, poll_control, pv_ipi, dirty_ring;
                unsigned dirty_ring_size;
        } kvm;
} FeaturesDef;

typedef enum ClockOffset {
        CLOCK_OFFSET_UNSET, CLOCK_UTC, CLOCK_LOCALTIME, CLOCK_VARIABLE, CLOCK_TIMEZONE, CLOCK_ABSOLUTE,
        CLOCK_OFFSET_TYPE_MAX,
} ClockOffset;
typedef enum TimerName {
        TIMER_NAME_UNSET, TIMER_PLATFORM, TIMER_PIT, TIMER_RTC, TIMER_HPET, TIMER_TSC, TIMER_KVMCLOCK,
        TIMER_HYPERVCLOCK, TIMER_ARMVTIMER, TIMER_NAME_TYPE_MAX,
} TimerName;
typedef enum TickPolicy {
        TICK_POLICY_UNSET, TICK_DELAY, TICK_CATCHUP, TICK_MERGE, TICK_DISCARD, TICK_POLICY_TYPE_MAX,
} TickPolicy;

typedef struct TimerDef {
        TimerName name;
        Tristate present;
        TickPolicy tickpolicy;
        char *track;                    /* "boot", "guest", "wall", "realtime" */
        uint64_t frequency;
        char *mode;                     /* tsc */
        unsigned catchup_threshold, catchup_slew, catchup_limit;
} TimerDef;

typedef struct ClockDef {
        ClockOffset offset;
        char *adjustment;               /* "reset" or seconds */
        char *basis;                    /* variable: "utc", "localtime" */
        char *timezone;
        OptU64 start;                   /* absolute */
        LIST_OF(TimerDef) timers;
} ClockDef;

extern const EnumTable boot_dev_table, firmware_table, loader_type_table, clock_offset_table, timer_name_table, tick_policy_table;
