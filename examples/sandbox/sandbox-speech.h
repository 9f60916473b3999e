/* Text to speech, by espeak-ng.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-util.h"
#include "sandbox-voices.h"

G_BEGIN_DECLS

gboolean sandbox_speech_is_possible (GError **error);
gboolean sandbox_speech_speak (const char *text, const SandboxVoice *voice,
    const char *language, double speed, const char *path, GCancellable *stop,
    GError **error);
gboolean sandbox_speech_say (const char *text, const SandboxVoice *voice,
    const char *language, double speed, const char *path, double *duration,
    GCancellable *stop, GError **error);

G_END_DECLS
