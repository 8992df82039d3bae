/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/complete_display.c - graphics, video and audio: listen addresses, a video device for a screen, memory sizes. */
#include "conf/completion.h"

/* ---- graphics ---- */

static bool listens(const GraphicsDef *graphics) {
        return graphics->type == GRAPHICS_VNC || graphics->type == GRAPHICS_SPICE;
}

/* One listen address at least; the old attribute and the first <listen> say the same. */
static void complete_listen(GraphicsDef *graphics) {
        GraphicsListen *listen;

        if (graphics->listens.n == 0) {
                listen = xnew(GraphicsListen);
                listen->type = graphics->socket ? LISTEN_SOCKET : LISTEN_ADDRESS;
                listen->socket = xstrdup(graphics->socket);
                listen->address = listen->type == LISTEN_ADDRESS ? xstrdup(graphics->listen) : NULL;
                LIST_APPEND(&graphics->listens, listen);
        }
        listen = graphics->listens.items[0];
        if (!graphics->listen && listen->type == LISTEN_ADDRESS)
                graphics->listen = xstrdup(listen->address);
        if (!graphics->socket && listen->type == LISTEN_SOCKET)
                graphics->socket = xstrdup(listen->socket);
}

static void complete_vnc(GraphicsDef *graphics) {
        ListenType listen = graphics->listens.items[0]->type;

        if (listen != LISTEN_ADDRESS && listen != LISTEN_NETWORK) {
                graphics->port = (OptInt) {};
                graphics->autoport = TRISTATE_UNSET;
        } else if (graphics->autoport == TRISTATE_YES ||
                   (!graphics->autoport && (!graphics->port.set || graphics->port.value <= 0))) {
                graphics->port = OPT_INT(-1);
                graphics->autoport = TRISTATE_YES;
        } else {
                graphics->autoport = TRISTATE_NO;
                if (graphics->port.set && graphics->port.value <= 0)
                        graphics->port = (OptInt) {};
        }
}

/* "any" is what a mode is without being said. */
static void drop_default_modes(GraphicsDef *graphics) {
        if (streq(graphics->default_mode, "any")) {
                free(graphics->default_mode);
                graphics->default_mode = NULL;
        }
        for (size_t i = 0; i < graphics->channels.n;) {
                SpiceChannel *channel = graphics->channels.items[i];

                if (!streq(channel->mode, "any")) {
                        i++;
                        continue;
                }
                channel = LIST_TAKE(&graphics->channels, i);
                free(channel->name);
                free(channel->mode);
                free(channel);
        }
}

static bool no_port(const OptInt *port) {
        return !port->set || port->value == 0;
}

/* Without any port and without autoport nothing would be listened to: then it says so. */
static void complete_spice(GraphicsDef *graphics) {
        GraphicsListen *listen = graphics->listens.items[0];

        drop_default_modes(graphics);
        if (graphics->port.value == -1 && graphics->tls_port.value == -1)
                graphics->autoport = TRISTATE_YES;
        if (graphics->autoport == TRISTATE_YES)
                graphics->port = graphics->tls_port = (OptInt) {};
        if (listen->type == LISTEN_ADDRESS && graphics->autoport != TRISTATE_YES && no_port(&graphics->port) &&
            no_port(&graphics->tls_port)) {
                free(listen->address);
                listen->address = NULL;
                listen->type = LISTEN_NONE;
                free(graphics->listen);
                graphics->listen = NULL;
        }
        if (listen->type == LISTEN_NONE || listen->type == LISTEN_SOCKET) {
                graphics->port = graphics->tls_port = (OptInt) {};
                graphics->autoport = TRISTATE_UNSET;
        } else if (!graphics->autoport) {
                graphics->autoport = TRISTATE_NO;
        }
}

static void complete_graphics(GraphicsDef *graphics) {
        if (!listens(graphics))
                return;
        complete_listen(graphics);
        if (graphics->type == GRAPHICS_VNC)
                complete_vnc(graphics);
        else
                complete_spice(graphics);
}

/* ---- video ---- */

static VideoType default_video(const Completion *completion) {
        if (completion->kind == MACHINE_S390)
                return VIDEO_VIRTIO;
        if (completion->kind == MACHINE_PSERIES)
                return VIDEO_VGA;
        if (completion_has_device(completion, "cirrus-vga"))
                return VIDEO_CIRRUS;
        return completion_has_device(completion, "VGA") ? VIDEO_VGA : VIDEO_VIRTIO;
}

static void default_size(unsigned *size, unsigned value) {
        if (*size == 0)
                *size = value;
}

/* QEMU takes powers of two. */
static unsigned power_of_two(unsigned value) {
        unsigned power = 1;

        while (power < value && power < 1u << 31)
                power <<= 1;
        return power;
}

static void complete_video(Completion *completion, VideoDef *video) {
        if (!video->type || video->type == VIDEO_DEFAULT)
                video->type = default_video(completion);
        if (video->type == VIDEO_NONE)
                return;
        default_size(&video->heads, 1);
        switch (video->type) {
        case VIDEO_QXL:
                default_size(&video->ram, 64 * 1024);
                default_size(&video->vram, 64 * 1024);
                default_size(&video->vgamem, 16 * 1024);
                video->ram = power_of_two(video->ram);
                video->vram = power_of_two(video->vram);
                video->vgamem = power_of_two(video->vgamem);
                break;
        case VIDEO_VGA:
        case VIDEO_CIRRUS:
        case VIDEO_VMVGA:
        case VIDEO_BOCHS:
                default_size(&video->vram, 16 * 1024);
                video->vram = power_of_two(video->vram);
                break;
        default:
                break;
        }
}

static void add_video(Completion *completion) {
        VideoDef *video = xnew(VideoDef);

        LIST_APPEND(&completion->def->videos, video);
        complete_video(completion, video);
        completion_note(completion, "a screen needs one", "<video><model type='%s'>", table_name(&video_type_table, video->type));
}

/* The primary one comes first; QEMU has VGA only there. */
static int order_videos(DomainDef *def, Error **err) {
        size_t primary = 0;

        for (size_t i = 0; i < def->videos.n; i++)
                if (def->videos.items[i]->primary == TRISTATE_YES)
                        primary = i;
        if (primary > 0) {
                VideoDef *video = LIST_TAKE(&def->videos, primary);

                LIST_INSERT(&def->videos, 0, video);
        }
        for (size_t i = 0; i < def->videos.n; i++) {
                VideoDef *video = def->videos.items[i];

                if (video->type == VIDEO_NONE && def->videos.n > 1)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                         "a 'none' video type must be the only video device defined for the domain");
                video->primary = i == 0 && video->type != VIDEO_NONE ? TRISTATE_YES : TRISTATE_UNSET;
                if (i > 0 && video->type != VIDEO_QXL && video->type != VIDEO_VIRTIO)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "video type '%s' is only valid as primary video device",
                                         table_name(&video_type_table, video->type));
        }
        return 0;
}

/* ---- audio ---- */

/* What the last screen that has a say in it offers; SDL brings its own, which libvirt leaves to QEMU. */
static AudioType default_audio(const DomainDef *def) {
        AudioType type = def->graphics.n == 0 ? AUDIO_NONE : AUDIO_TYPE_UNSET;

        LIST_FOR(graphics, &def->graphics)
                if (graphics->type == GRAPHICS_SPICE)
                        type = AUDIO_SPICE;
                else if (graphics->type == GRAPHICS_VNC)
                        type = AUDIO_NONE;
                else if (graphics->type == GRAPHICS_SDL)
                        type = AUDIO_TYPE_UNSET;
        return type;
}

/* A backend is there where it can be, so that no QEMU picks the host's sound system by itself. */
static void complete_audio(Completion *completion) {
        DomainDef *def = completion->def;
        AudioType type = default_audio(def);
        AudioDef *audio;

        if (def->audios.n > 0 || !type)
                return;
        audio = xnew(AudioDef);
        audio->id = 1;
        audio->type = type;
        LIST_APPEND(&def->audios, audio);
        completion_note(completion, "what the last screen offers", "<audio id='1' type='%s'>",
                        table_name(&audio_type_table, audio->type));
}

int complete_display(Completion *completion, Error **err) {
        DomainDef *def = completion->def;

        LIST_FOR(graphics, &def->graphics)
                complete_graphics(graphics);
        LIST_FOR(video, &def->videos)
                complete_video(completion, video);
        if (def->graphics.n > 0 && def->videos.n == 0)
                add_video(completion);
        complete_audio(completion);
        return order_videos(def, err);
}
