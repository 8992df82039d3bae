/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/elements.h"

NAMES(graphics_type_table, GRAPHICS_TYPE_MAX, "graphics type", "", "sdl", "vnc", "rdp", "desktop", "spice", "egl-headless",
      "dbus");
NAMES(listen_type_table, LISTEN_TYPE_MAX, "listen type", "", "none", "address", "network", "socket");
NAMES(video_type_table, VIDEO_TYPE_MAX, "video type", "", "default", "vga", "cirrus", "vmvga", "xen", "vbox", "qxl", "parallels",
      "virtio", "gop", "none", "bochs", "ramfb");
NAMES(sound_model_table, SOUND_MODEL_TYPE_MAX, "sound model", "", "sb16", "es1370", "pcspk", "ac97", "ich6", "ich7", "ich9",
      "usb");
NAMES(audio_type_table, AUDIO_TYPE_MAX, "audio type", "", "none", "alsa", "coreaudio", "jack", "oss", "pulseaudio", "sdl",
      "spice", "file", "dbus");
WORDS_OF(connected_words, "connected action", "keep", "disconnect", "fail");
WORDS_OF(share_words, "sharePolicy", "ignore", "allow-exclusive", "force-shared");
WORDS_OF(spice_mode_words, "spice channel mode", "any", "secure", "insecure");
WORDS_OF(spice_channel_words, "spice channel", "main", "display", "inputs", "cursor", "playback", "record", "smartcard",
         "usbredir");
WORDS_OF(image_words, "image compression", "auto_glz", "auto_lz", "quic", "glz", "lz", "off");
WORDS_OF(wan_words, "compression", "auto", "never", "always");
WORDS_OF(streaming_words, "streaming mode", "filter", "all", "off");
WORDS_OF(mouse_words, "mouse mode", "server", "client");
WORDS_OF(vgaconf_words, "vgaconf", "io", "on", "off");
WORDS_OF(video_driver_words, "video driver", "qemu", "vhostuser");
WORDS_OF(codec_words, "codec type", "duplex", "micro", "output");
WORDS_OF(sample_words, "sample format", "s8", "u8", "s16", "u16", "s32", "u32", "f32");
WORDS_OF(sdl_driver_words, "SDL audio driver", "esd", "alsa", "arts", "pulseaudio");

/* ---- graphics ---- */

static const Row listen_rows[] = {
        ENUM("@type", GraphicsListen, type, listen_type_table, .flags = ROW_REQUIRED | ROW_HOST),
        STRING("@address", GraphicsListen, address, WHEN(GraphicsListen, type, BIT(LISTEN_ADDRESS) | BIT(LISTEN_NETWORK)),
             .flags = ROW_HOST),
        STRING("@network", GraphicsListen, network, WHEN(GraphicsListen, type, BIT(LISTEN_NETWORK)), .flags = ROW_HOST),
        STRING("@socket", GraphicsListen, socket, WHEN(GraphicsListen, type, BIT(LISTEN_SOCKET)), .flags = ROW_HOST),
        {}
};
static const Element listen_element = { sizeof(GraphicsListen), listen_rows };

static const Row channel_rows[] = {
        WORD("@name", SpiceChannel, name, spice_channel_words, .flags = ROW_REQUIRED),
        WORD("@mode", SpiceChannel, mode, spice_mode_words, .flags = ROW_REQUIRED),
        {}
};
static const Element channel_element_of_spice = { sizeof(SpiceChannel), channel_rows };

#define G(name) BIT(GRAPHICS_##name)
#define OF_TYPES(mask) WHEN(GraphicsDef, type, (mask))
#define REMOTE (G(VNC) | G(SPICE) | G(RDP))

static const Row graphics_rows[] = {
        ENUM("@type", GraphicsDef, type, graphics_type_table, .flags = ROW_REQUIRED),
        STRING("@display", GraphicsDef, display, OF_TYPES(G(SDL) | G(DESKTOP)), .flags = ROW_HOST),
        STRING("@xauth", GraphicsDef, xauth, OF_TYPES(G(SDL)), .flags = ROW_HOST),
        YESNO("@fullscreen", GraphicsDef, fullscreen, OF_TYPES(G(SDL) | G(DESKTOP)), .flags = ROW_HOST),
        STRING("@address", GraphicsDef, dbus_address, OF_TYPES(G(DBUS)), .flags = ROW_HOST),
        YESNO("@p2p", GraphicsDef, dbus_p2p, OF_TYPES(G(DBUS)), .flags = ROW_HOST),
        OPTINT("@port", GraphicsDef, port, OF_TYPES(REMOTE), .flags = ROW_HOST),
        OPTINT("@tlsPort", GraphicsDef, tls_port, OF_TYPES(G(SPICE)), .flags = ROW_HOST),
        YESNO("@autoport", GraphicsDef, autoport, OF_TYPES(REMOTE), .flags = ROW_HOST),
        OPTINT("@websocket", GraphicsDef, websocket, OF_TYPES(G(VNC)), .flags = ROW_HOST),
        STRING("@listen", GraphicsDef, listen, OF_TYPES(REMOTE), .flags = ROW_HOST),
        STRING("@socket", GraphicsDef, socket, OF_TYPES(G(VNC)), .flags = ROW_HOST),
        STRING("@keymap", GraphicsDef, keymap, OF_TYPES(G(VNC) | G(SPICE))),
        WORD("@sharePolicy", GraphicsDef, share_policy, share_words, OF_TYPES(G(VNC)), .flags = ROW_HOST),
        YESNO("@powerControl", GraphicsDef, power_control, OF_TYPES(G(VNC)), .flags = ROW_HOST),
        WORD("@defaultMode", GraphicsDef, default_mode, spice_mode_words, OF_TYPES(G(SPICE)), .flags = ROW_HOST),
        STRING("@passwd", GraphicsDef, passwd, OF_TYPES(G(VNC) | G(SPICE)), .flags = ROW_SECRET | ROW_HOST),
        STRING("@passwdValidTo", GraphicsDef, passwd_valid_to, OF_TYPES(G(VNC) | G(SPICE)), .flags = ROW_SECRET | ROW_HOST),
        WORD("@connected", GraphicsDef, connected, connected_words, OF_TYPES(G(VNC) | G(SPICE)), .flags = ROW_HOST),
        LIST("listen", GraphicsDef, listens, listen_element, OF_TYPES(REMOTE), .flags = ROW_HOST),
        LIST("channel", GraphicsDef, channels, channel_element_of_spice, OF_TYPES(G(SPICE)), .flags = ROW_HOST),
        WORD("image@compression", GraphicsDef, image_compression, image_words, OF_TYPES(G(SPICE)), .flags = ROW_HOST),
        WORD("jpeg@compression", GraphicsDef, jpeg_compression, wan_words, OF_TYPES(G(SPICE)), .flags = ROW_HOST),
        WORD("zlib@compression", GraphicsDef, zlib_compression, wan_words, OF_TYPES(G(SPICE)), .flags = ROW_HOST),
        ONOFF("playback@compression", GraphicsDef, playback, OF_TYPES(G(SPICE)), .flags = ROW_HOST),
        WORD("streaming@mode", GraphicsDef, streaming, streaming_words, OF_TYPES(G(SPICE)), .flags = ROW_HOST),
        WORD("mouse@mode", GraphicsDef, mouse, mouse_words, OF_TYPES(G(SPICE)), .flags = ROW_HOST),
        YESNO("clipboard@copypaste", GraphicsDef, clipboard, OF_TYPES(G(SPICE)), .flags = ROW_HOST),
        YESNO("filetransfer@enable", GraphicsDef, filetransfer, OF_TYPES(G(SPICE)), .flags = ROW_HOST),
        YESNO("gl@enable", GraphicsDef, gl, OF_TYPES(G(SPICE) | G(SDL) | G(DBUS)), .flags = ROW_HOST),
        STRING("gl@rendernode", GraphicsDef, gl_rendernode, OF_TYPES(G(SPICE) | G(EGL_HEADLESS) | G(DBUS)), .flags = ROW_HOST),
        UINT("audio@id", GraphicsDef, audio, OF_TYPES(G(VNC) | G(DBUS)), .flags = ROW_HOST),
        {}
};

/* What a start picked is not part of a definition. */
static void settle_ports(const Parser *parser, GraphicsDef *graphics) {
        if (parser->inactive && graphics->autoport == TRISTATE_YES)
                graphics->port = graphics->tls_port = (OptInt) {};
}

/* The attributes listen and socket are the older way to say the first <listen>. */
static int settle_listens(const Parser *parser, const xmlNode *node, GraphicsDef *graphics, Error **err) {
        GraphicsListen *first;

        if (graphics->listens.n == 0) {
                first = xnew(GraphicsListen);
                first->type = graphics->socket ? LISTEN_SOCKET : LISTEN_ADDRESS;
                first->address = graphics->socket || !graphics->listen || !*graphics->listen ? NULL : xstrdup(graphics->listen);
                first->socket = xstrdup(graphics->socket);
                LIST_APPEND(&graphics->listens, first);
        }
        first = graphics->listens.items[0];
        if (graphics->listen && *graphics->listen && first->address && !streq(graphics->listen, first->address))
                return element_refuse(parser, node, "listen", ERROR_XML, "graphics listen attribute", err,
                                      "'%s' must match the address of the first <listen>, '%s'", graphics->listen,
                                      first->address);
        if (graphics->socket && first->socket && !streq(graphics->socket, first->socket))
                return element_refuse(parser, node, "socket", ERROR_XML, "graphics socket attribute", err,
                                      "'%s' must match the socket of the first <listen>, '%s'", graphics->socket, first->socket);
        free(graphics->listen);
        graphics->listen = xstrdup(first->type == LISTEN_ADDRESS || first->type == LISTEN_NETWORK ? first->address : NULL);
        free(graphics->socket);
        graphics->socket = xstrdup(graphics->type == GRAPHICS_VNC && first->type == LISTEN_SOCKET ? first->socket : NULL);
        return 0;
}

static int check_graphics(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        GraphicsDef *graphics = object;
        const OptInt *ports[] = { &graphics->port, &graphics->tls_port, &graphics->websocket };
        static const char *const names[] = { "port", "tlsPort", "websocket" };

        for (size_t i = 0; i < N_ELEMENTS(ports); i++)
                if (ports[i]->set && (ports[i]->value < -1 || ports[i]->value > 65535))
                        return element_refuse(parser, node, names[i], ERROR_XML, "graphics port", err,
                                              "%s must be -1 or from 0 to 65535, not %lld", names[i],
                                              (long long) ports[i]->value);
        if (!(G(VNC) & BIT(graphics->type)) && !(G(SPICE) & BIT(graphics->type)))
                return 0;
        settle_ports(parser, graphics);
        return settle_listens(parser, node, graphics, err);
}

const Element graphics_element = { sizeof(GraphicsDef), graphics_rows, check_graphics };

/* ---- video ---- */

static const Row video_rows[] = {
        VIRTIO_ROWS(VideoDef),
        WORD("driver@name", VideoDef, driver_name, video_driver_words),
        WORD("driver@vgaconf", VideoDef, vgaconf, vgaconf_words),
        ENUM("model@type", VideoDef, type, video_type_table, .fallback = VIDEO_DEFAULT),
        UINT("model@ram", VideoDef, ram),
        UINT("model@vram", VideoDef, vram),
        UINT("model@vram64", VideoDef, vram64),
        UINT("model@vgamem", VideoDef, vgamem),
        UINT("model@heads", VideoDef, heads),
        YESNO("model@primary", VideoDef, primary),
        ONOFF("model@blob", VideoDef, blob),
        YESNO("model/acceleration@accel3d", VideoDef, accel3d),
        YESNO("model/acceleration@accel2d", VideoDef, accel2d),
        STRING("model/acceleration@rendernode", VideoDef, rendernode, .flags = ROW_HOST),
        UINT("model/resolution@x", VideoDef, resolution_x, .flags = ROW_REQUIRED),
        UINT("model/resolution@y", VideoDef, resolution_y, .flags = ROW_REQUIRED),
        INCLUDE("", VideoDef, info, device_info_element),
        {}
};

static int check_video(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        VideoDef *video = object;

        if (video->primary == TRISTATE_NO)      /* libvirt prints only the yes */
                video->primary = TRISTATE_UNSET;
        return 0;
}

const Element video_element = { sizeof(VideoDef), video_rows, check_video };

/* ---- sound and audio ---- */

static const Row sound_rows[] = {
        ENUM("@model", SoundDef, model, sound_model_table, .flags = ROW_REQUIRED),
        WORDS("codec", SoundDef, codecs, codec_words),
        UINT("audio@id", SoundDef, audio),
        INCLUDE("", SoundDef, info, device_info_element),
        {}
};
const Element sound_element = { sizeof(SoundDef), sound_rows };

static const Row stream_rows[] = {
        YESNO("@mixingEngine", AudioStream, mixing_engine),
        YESNO("@fixedSettings", AudioStream, fixed_settings),
        UINT("@voices", AudioStream, voices),
        UINT("@bufferLength", AudioStream, buffer_length),
        STRING("@dev", AudioStream, dev),
        STRING("@serverName", AudioStream, server_name),
        STRING("@clientName", AudioStream, client_name),
        STRING("@connectPorts", AudioStream, connect_ports),
        YESNO("@exactName", AudioStream, exact_name),
        STRING("@name", AudioStream, name),
        STRING("@streamName", AudioStream, stream_name),
        UINT("@latency", AudioStream, latency),
        UINT("@bufferCount", AudioStream, buffer_count),
        YESNO("@tryPoll", AudioStream, try_poll),
        UINT("settings@frequency", AudioStream, frequency),
        UINT("settings@channels", AudioStream, channels),
        WORD("settings@format", AudioStream, format, sample_words),
        {}
};
static const Element stream_element = { sizeof(AudioStream), stream_rows };

#define A(name) WHEN(AudioDef, type, BIT(AUDIO_##name)), .flags = ROW_HOST

static const Row audio_rows[] = {
        UINT("@id", AudioDef, id, .flags = ROW_REQUIRED | ROW_HOST),
        ENUM("@type", AudioDef, type, audio_type_table, .flags = ROW_REQUIRED | ROW_HOST),
        UINT("@timerPeriod", AudioDef, timer_period, .flags = ROW_HOST),
        STRING("@serverName", AudioDef, server_name, A(PULSEAUDIO)),
        STRING("@path", AudioDef, path, A(FILE)),
        WORD("@driver", AudioDef, sdl_driver, sdl_driver_words, A(SDL)),
        YESNO("@tryMMap", AudioDef, try_mmap, A(OSS)),
        YESNO("@exclusive", AudioDef, exclusive, A(OSS)),
        OPTINT("@dspPolicy", AudioDef, dsp_policy, A(OSS)),
        STRUCT("input", AudioDef, input, stream_element, .flags = ROW_HOST),
        STRUCT("output", AudioDef, output, stream_element, .flags = ROW_HOST),
        {}
};

const Element audio_element = { sizeof(AudioDef), audio_rows };
