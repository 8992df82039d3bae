/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/cl_graphics.c - <graphics>, <video>, <sound>, <audio>. */
#include <stdio.h>

#include "drivers/qemu/cl.h"
#include "util/strbuf.h"

#define VNC_FIRST_PORT 5900

/* ---- Audio back ends ---- */

static unsigned default_audio(const Cl *cl) {
        return cl->def->audios.n ? cl->def->audios.items[0]->id : 0;
}

char *cl_audio_id(const Cl *cl, unsigned id) {
        unsigned wanted = id ? id : default_audio(cl);

        return wanted ? xasprintf("audio%u", wanted) : NULL;
}

static int add_audios(Cl *cl, Error **err) {
        LIST_FOR(audio, &cl->def->audios) {
                CLEANUP(free) char *id = xasprintf("audio%u", audio->id);
                json_object *json;

                if (audio->type != AUDIO_NONE && audio->type != AUDIO_SPICE)
                        return cl_unsupported(err, "<audio type='%s'>", table_name(&audio_type_table, audio->type));
                json = json_object_new_object();
                json_add_string(json, "id", id);
                json_add_string(json, "driver", table_name(&audio_type_table, audio->type));
                cl_add_json(cl, "-audiodev", json);
        }
        return 0;
}

/* ---- Graphics ---- */

static const GraphicsListen *first_listen(const GraphicsDef *graphics) {
        return graphics->listens.n ? graphics->listens.items[0] : NULL;
}

static const char *listen_socket(const GraphicsDef *graphics) {
        const GraphicsListen *listen = first_listen(graphics);

        return listen && listen->type == LISTEN_SOCKET ? listen->socket : graphics->socket;
}

static const char *listen_address(const GraphicsDef *graphics) {
        const GraphicsListen *listen = first_listen(graphics);

        return listen && listen->address ? listen->address : graphics->listen ? graphics->listen : "127.0.0.1";
}

static void add_address(StrBuf *text, const char *address) {
        CLEANUP(free) char *escaped = cl_escape(address);
        bool v6 = strchr(address, ':') != NULL;

        strbuf_addf(text, v6 ? "[%s]" : "%s", escaped);
}

/* "HOST:DISPLAY" or "unix:PATH". */
static int add_vnc_place(StrBuf *text, const GraphicsDef *graphics, Error **err) {
        const char *socket = listen_socket(graphics);
        const GraphicsListen *listen = first_listen(graphics);

        if (socket) {
                CLEANUP(free) char *escaped = cl_escape(socket);

                strbuf_addf(text, "vnc=unix:%s", escaped);
                return 0;
        }
        if (listen && listen->type == LISTEN_NONE) {
                strbuf_add(text, "none");
                return 0;
        }
        if (listen && listen->type == LISTEN_NETWORK && !listen->address)
                return cl_unsupported(err, "<listen type='network'>");
        if (!graphics->port.set || graphics->port.value < VNC_FIRST_PORT)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "vnc port must be in range [5900,65535]");
        add_address(text, listen_address(graphics));
        strbuf_addf(text, ":%lld", (long long) graphics->port.value - VNC_FIRST_PORT);
        return 0;
}

static int add_vnc(Cl *cl, const GraphicsDef *graphics, Error **err) {
        CLEANUP(free) char *audio = cl_audio_id(cl, graphics->audio);
        CLEANUP(strbuf_done) StrBuf text = {};

        if (!qemu_caps_has_command(cl->caps, "query-vnc"))
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "vnc graphics are not supported with this QEMU");
        if (add_vnc_place(&text, graphics, err) < 0)
                return -1;
        if (graphics->share_policy)
                strbuf_addf(&text, ",share=%s", graphics->share_policy);
        if (graphics->passwd)
                strbuf_add(&text, ",password=on");
        if (graphics->websocket.set && graphics->websocket.value != -1)
                strbuf_addf(&text, ",websocket=%lld", (long long) graphics->websocket.value);
        else if (graphics->websocket.set)
                strbuf_add(&text, ",websocket=on");
        if (graphics->power_control)
                strbuf_addf(&text, ",power-control=%s", cl_yes(graphics->power_control) ? "on" : "off");
        if (audio)
                strbuf_addf(&text, ",audiodev=%s", audio);
        cl_add(cl, "-vnc", text.text);
        if (graphics->keymap)
                cl_add(cl, "-k", graphics->keymap);
        return 0;
}

static int add_spice_channels(StrBuf *text, const GraphicsDef *graphics, Error **err) {
        LIST_FOR(channel, &graphics->channels) {
                if (streq(channel->mode, "secure"))
                        return cl_unsupported(err, "<graphics type='spice'> with TLS");
                if (streq(channel->mode, "insecure"))
                        strbuf_addf(text, ",plaintext-channel=%s", channel->name);
        }
        if (streq(graphics->default_mode, "insecure"))
                strbuf_add(text, ",plaintext-channel=default");
        return 0;
}

static void add_spice_options(StrBuf *text, const GraphicsDef *graphics) {
        if (graphics->image_compression)
                strbuf_addf(text, ",image-compression=%s", graphics->image_compression);
        if (graphics->jpeg_compression)
                strbuf_addf(text, ",jpeg-wan-compression=%s", graphics->jpeg_compression);
        if (graphics->zlib_compression)
                strbuf_addf(text, ",zlib-glz-wan-compression=%s", graphics->zlib_compression);
        if (graphics->streaming)
                strbuf_addf(text, ",streaming-video=%s", graphics->streaming);
        if (graphics->playback)
                strbuf_addf(text, ",playback-compression=%s", cl_yes(graphics->playback) ? "on" : "off");
        if (graphics->mouse)
                strbuf_addf(text, ",agent-mouse=%s", streq(graphics->mouse, "client") ? "on" : "off");
        if (graphics->clipboard == TRISTATE_NO)
                strbuf_add(text, ",disable-copy-paste=on");
        if (graphics->filetransfer == TRISTATE_NO)
                strbuf_add(text, ",disable-agent-file-xfer=on");
}

static int add_spice(Cl *cl, const GraphicsDef *graphics, Error **err) {
        const char *socket = listen_socket(graphics);
        CLEANUP(free) char *escaped = cl_escape(socket ? socket : listen_address(graphics));
        CLEANUP(strbuf_done) StrBuf text = {};

        if (!qemu_caps_has_command(cl->caps, "query-spice"))
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "spice graphics are not supported with this QEMU");
        if ((graphics->tls_port.set && graphics->tls_port.value > 0) || streq(graphics->default_mode, "secure"))
                return cl_unsupported(err, "<graphics type='spice'> with TLS");
        if (socket)
                strbuf_addf(&text, "unix=on,addr=%s", escaped);
        else if (first_listen(graphics) && first_listen(graphics)->type == LISTEN_NONE)
                strbuf_add(&text, "port=0");
        else
                strbuf_addf(&text, "port=%lld,addr=%s", (long long) graphics->port.value, escaped);
        if (!graphics->passwd)
                strbuf_add(&text, ",disable-ticketing=on");
        if (add_spice_channels(&text, graphics, err) < 0)
                return -1;
        add_spice_options(&text, graphics);
        if (cl_yes(graphics->gl)) {
                CLEANUP(free) char *node = graphics->gl_rendernode ? cl_escape(graphics->gl_rendernode) : NULL;

                strbuf_addf(&text, ",gl=on%s%s", node ? ",rendernode=" : "", node ? node : "");
        }
        strbuf_add(&text, ",seamless-migration=on");
        cl_add(cl, "-spice", text.text);
        if (graphics->keymap)
                cl_add(cl, "-k", graphics->keymap);
        return 0;
}

static int add_graphics(Cl *cl, const GraphicsDef *graphics, Error **err) {
        switch (graphics->type) {
        case GRAPHICS_VNC:
                return add_vnc(cl, graphics, err);
        case GRAPHICS_SPICE:
                return add_spice(cl, graphics, err);
        case GRAPHICS_EGL_HEADLESS:
                cl_add(cl, "-display", "egl-headless");
                return 0;
        default:
                return cl_unsupported(err, "<graphics type='%s'>", table_name(&graphics_type_table, graphics->type));
        }
}

/* ---- Video ---- */

static char *video_driver(const Cl *cl, const VideoDef *video) {
        bool primary = cl_yes(video->primary) || (!video->primary && cl->def->videos.items[0] == video);

        switch (video->type) {
        case VIDEO_VGA:
                return xstrdup(primary ? "VGA" : "secondary-vga");
        case VIDEO_CIRRUS:
                return xstrdup("cirrus-vga");
        case VIDEO_VMVGA:
                return xstrdup("vmware-svga");
        case VIDEO_QXL:
                return xstrdup(primary ? "qxl-vga" : "qxl");
        case VIDEO_BOCHS:
                return xstrdup("bochs-display");
        case VIDEO_RAMFB:
                return xstrdup("ramfb");
        case VIDEO_VIRTIO:
                if (primary && !cl->s390 && qemu_caps_has_device(cl->caps, cl_yes(video->accel3d) ? "virtio-vga-gl" : "virtio-vga"))
                        return xstrdup(cl_yes(video->accel3d) ? "virtio-vga-gl" : "virtio-vga");
                return cl_virtio_type(cl_yes(video->accel3d) ? "virtio-gpu-gl" : "virtio-gpu", &video->info, NULL);
        default:
                return NULL;
        }
}

static void add_video_memory(json_object *device, const VideoDef *video) {
        if (video->type == VIDEO_QXL) {
                json_add_uint(device, "ram_size", (uint64_t) video->ram * 1024);
                json_add_uint(device, "vram_size", (uint64_t) video->vram * 1024);
                json_add_uint(device, "vram64_size_mb", video->vram64 / 1024);
                json_add_uint(device, "vgamem_mb", video->vgamem / 1024);
                if (video->heads)
                        json_add_uint(device, "max_outputs", video->heads);
        } else if (video->type == VIDEO_VGA || video->type == VIDEO_VMVGA) {
                if (video->vram)
                        json_add_uint(device, "vgamem_mb", video->vram / 1024);
        } else if (video->type == VIDEO_BOCHS) {
                if (video->vram)
                        json_add_uint(device, "vgamem", (uint64_t) video->vram * 1024);
        } else if (video->type == VIDEO_VIRTIO) {
                if (video->heads)
                        json_add_uint(device, "max_outputs", video->heads);
                cl_json_bool(device, "blob", video->blob);
        }
}

static int add_video(Cl *cl, const VideoDef *video, Error **err) {
        CLEANUP(free) char *driver = video_driver(cl, video);
        CLEANUP(json_put) json_object *device = NULL;

        if (video->type == VIDEO_NONE)
                return 0;
        if (!driver)
                return cl_unsupported(err, "<video> with <model type='%s'>", table_name(&video_type_table, video->type));
        if (cl_need_device(cl, driver, "<video>", err) < 0)
                return -1;
        device = json_object_new_object();
        json_add_string(device, "driver", driver);
        if (video->type == VIDEO_VIRTIO)
                cl_add_virtio(cl, device, &video->virtio);
        json_add_string(device, "id", video->info.alias);
        add_video_memory(device, video);
        if (video->resolution_x && video->resolution_y) {
                json_add_uint(device, "xres", video->resolution_x);
                json_add_uint(device, "yres", video->resolution_y);
        }
        if (cl_add_address(cl, device, &video->info, err) < 0)
                return -1;
        cl_add_json(cl, "-device", STEAL(device));
        return 0;
}

int cl_chapter_graphics(Cl *cl, Error **err) {
        if (add_audios(cl, err) < 0)
                return -1;
        LIST_FOR(graphics, &cl->def->graphics)
                if (add_graphics(cl, graphics, err) < 0)
                        return -1;
        LIST_FOR(video, &cl->def->videos)
                if (add_video(cl, video, err) < 0)
                        return -1;
        return 0;
}

/* ---- Sound ---- */

static const char *sound_driver(SoundModel model) {
        static const char *const drivers[SOUND_MODEL_TYPE_MAX] = {
                [SOUND_SB16] = "sb16", [SOUND_ES1370] = "ES1370", [SOUND_AC97] = "AC97", [SOUND_ICH6] = "intel-hda",
                [SOUND_ICH9] = "ich9-intel-hda", [SOUND_USB] = "usb-audio",
        };

        return drivers[model];
}

static void add_codec(Cl *cl, const SoundDef *sound, const char *driver, size_t index, const char *audio) {
        CLEANUP(free) char *id = xasprintf("%s-codec%zu", sound->info.alias, index), *bus = xasprintf("%s.0", sound->info.alias);
        json_object *device = json_object_new_object();

        json_add_string(device, "driver", driver);
        json_add_string(device, "id", id);
        json_add_string(device, "bus", bus);
        json_add_uint(device, "cad", index);
        json_add_string(device, "audiodev", audio);
        cl_add_json(cl, "-device", device);
}

static void add_codecs(Cl *cl, const SoundDef *sound, const char *audio) {
        for (size_t i = 0; i < sound->codecs.n; i++) {
                const char *type = sound->codecs.items[i];

                add_codec(cl, sound, streq(type, "micro") ? "hda-micro" : streq(type, "output") ? "hda-output" : "hda-duplex", i, audio);
        }
        if (sound->codecs.n == 0)
                add_codec(cl, sound, "hda-duplex", 0, audio);
}

int cl_chapter_sounds(Cl *cl, Error **err) {
        LIST_FOR(sound, &cl->def->sounds) {
                const char *driver = sound_driver(sound->model);
                CLEANUP(free) char *audio = cl_audio_id(cl, sound->audio);
                bool hda = sound->model == SOUND_ICH6 || sound->model == SOUND_ICH9;
                CLEANUP(json_put) json_object *device = NULL;

                if (sound->model == SOUND_PCSPK)
                        continue;       /* the machine's: -machine pcspk-audiodev= */
                if (!driver)
                        return cl_unsupported(err, "<sound model='%s'>", table_name(&sound_model_table, sound->model));
                if (cl_need_device(cl, driver, "<sound>", err) < 0)
                        return -1;
                device = cl_device(driver, &sound->info);
                if (!hda)
                        json_add_string(device, "audiodev", audio);
                if (cl_add_address(cl, device, &sound->info, err) < 0)
                        return -1;
                cl_add_json(cl, "-device", STEAL(device));
                if (hda)
                        add_codecs(cl, sound, audio);
        }
        return 0;
}
