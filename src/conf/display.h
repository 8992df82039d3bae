/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/display.h - what a person sees and hears: <graphics>, <video>, <sound>, <audio>. */
#pragma once
#include "conf/device_info.h"

typedef enum GraphicsType {
        GRAPHICS_TYPE_UNSET, GRAPHICS_SDL, GRAPHICS_VNC, GRAPHICS_RDP, GRAPHICS_DESKTOP, GRAPHICS_SPICE,
        GRAPHICS_EGL_HEADLESS, GRAPHICS_DBUS, GRAPHICS_TYPE_MAX,
} GraphicsType;
typedef enum ListenType {
        LISTEN_TYPE_UNSET, LISTEN_NONE, LISTEN_ADDRESS, LISTEN_NETWORK, LISTEN_SOCKET, LISTEN_TYPE_MAX,
} ListenType;

typedef struct GraphicsListen {
        ListenType type;
        char *address, *network, *socket;
        bool auto_address;              /* filled from the host's configuration, not by the user; not in the XML */
} GraphicsListen;

typedef struct SpiceChannel {
        char *name, *mode;
} SpiceChannel;

typedef struct GraphicsDef {
        GraphicsType type;
        OptInt port;                    /* vnc, spice; -1: picked at start */
        OptInt tls_port;                /* spice */
        Tristate autoport;
        OptInt websocket;               /* vnc */
        char *listen;                   /* the old attribute, a copy of the first listens[] address */
        char *socket;                   /* vnc: the old attribute */
        char *keymap;
        char *passwd;                   /* printed only with DOMAIN_FORMAT_SECURE */
        char *passwd_valid_to;
        char *connected;                /* what a password change does: keep, disconnect, fail */
        char *share_policy;             /* vnc */
        Tristate power_control;
        char *default_mode;             /* spice */
        char *display, *xauth;          /* sdl */
        Tristate fullscreen;
        char *dbus_address;             /* dbus */
        Tristate dbus_p2p;
        LIST_OF(GraphicsListen) listens;
        LIST_OF(SpiceChannel) channels;
        char *image_compression, *jpeg_compression, *zlib_compression, *streaming, *mouse;
        Tristate playback, clipboard, filetransfer;
        Tristate gl;
        char *gl_rendernode;
        unsigned audio;                 /* id of an <audio> */
} GraphicsDef;

typedef enum VideoType {
        VIDEO_TYPE_UNSET, VIDEO_DEFAULT, VIDEO_VGA, VIDEO_CIRRUS, VIDEO_VMVGA, VIDEO_XEN, VIDEO_VBOX, VIDEO_QXL,
        VIDEO_PARALLELS, VIDEO_VIRTIO, VIDEO_GOP, VIDEO_NONE, VIDEO_BOCHS, VIDEO_RAMFB, VIDEO_TYPE_MAX,
} VideoType;

typedef struct VideoDef {
        VideoType type;
        unsigned ram, vram, vram64, vgamem;     /* KiB; 0: to be completed */
        unsigned heads;
        Tristate primary, blob;
        Tristate accel3d, accel2d;
        char *rendernode;
        unsigned resolution_x, resolution_y;
        char *driver_name, *vgaconf;
        VirtioOptions virtio;
        DeviceInfo info;
} VideoDef;

typedef enum SoundModel {
        SOUND_MODEL_UNSET, SOUND_SB16, SOUND_ES1370, SOUND_PCSPK, SOUND_AC97, SOUND_ICH6, SOUND_ICH7, SOUND_ICH9,
        SOUND_USB, SOUND_MODEL_TYPE_MAX,
} SoundModel;

typedef struct SoundDef {
        SoundModel model;
        LIST_OF(char) codecs;           /* "duplex", "micro", "output" */
        unsigned audio;
        DeviceInfo info;
} SoundDef;

typedef enum AudioType {
        AUDIO_TYPE_UNSET, AUDIO_NONE, AUDIO_ALSA, AUDIO_COREAUDIO, AUDIO_JACK, AUDIO_OSS, AUDIO_PULSEAUDIO, AUDIO_SDL,
        AUDIO_SPICE, AUDIO_FILE, AUDIO_DBUS, AUDIO_TYPE_MAX,
} AudioType;

typedef struct AudioStream {            /* <input> or <output> */
        Tristate mixing_engine, fixed_settings;
        unsigned voices, buffer_length, frequency, channels, latency, buffer_count;
        char *format, *dev, *name, *stream_name;
        char *server_name, *client_name, *connect_ports;        /* jack */
        Tristate exact_name, try_poll;
} AudioStream;

typedef struct AudioDef {
        AudioType type;
        unsigned id;
        unsigned timer_period;
        char *server_name, *path, *sdl_driver;
        Tristate try_mmap, exclusive;
        OptInt dsp_policy;
        AudioStream input, output;
} AudioDef;

extern const EnumTable graphics_type_table, listen_type_table, video_type_table, sound_model_table, audio_type_table;
