/* klinglipsync: the voices that the service is known to have
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * KlingVoice:
 * @id: what voice-id is set to
 * @name_en: (nullable): its name in English; %NULL when it speaks none
 * @name_zh: (nullable): its name in Chinese, likewise
 *
 * A text-to-speech voice. The service may have others, and gateways may lack
 * some, so this is for advice only: any voice-id is sent.
 */
typedef struct
{
  const gchar *id;
  const gchar *name_en;
  const gchar *name_zh;
} KlingVoice;

const KlingVoice *kling_voices_get (guint * n_voices);
const KlingVoice *kling_voice_find (const gchar * id);
gboolean kling_voice_speaks (const KlingVoice * voice, const gchar * language);

G_END_DECLS
