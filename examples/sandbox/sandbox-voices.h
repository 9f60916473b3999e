/* The voices of the service, and who stands in for them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const char *id;               /* the service's voice id */
  const char *name_en;          /* (nullable): not usable as en without */
  const char *name_zh;          /* (nullable): not usable as zh without */
  char sex;                     /* 'f' or 'm' */
  const char *variant;          /* espeak-ng's voice variant */
  int pitch;                    /* espeak-ng's -p, 0-99 */
  int speed;                    /* espeak-ng's -s, words per minute */
} SandboxVoice;

const SandboxVoice *sandbox_voices (guint *count);
const SandboxVoice *sandbox_voice_find (const char *id);
gboolean sandbox_voice_speaks (const SandboxVoice *voice,
    const char *language);
char *sandbox_voice_espeak_name (const SandboxVoice *voice,
    const char *language);

G_END_DECLS
