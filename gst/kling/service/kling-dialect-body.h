/* klinglipsync: bodies that several dialects have in common
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <json-glib/json-glib.h>
#include "kling-dialect.h"

G_BEGIN_DECLS

/* What a body of face_choose can say */
#define KLING_FIELDS_FACE_CHOOSE \
  (KLING_FIELD_SESSION_ID | KLING_FIELD_FACE_ID | KLING_FIELD_VOICE_SPEED \
      | KLING_FIELD_AUDIO_ID | KLING_FIELD_AUDIO_CUT \
      | KLING_FIELD_INSERT_TIME | KLING_FIELD_AUDIO_VOLUME \
      | KLING_FIELD_ORIGINAL_AUDIO_VOLUME | KLING_FIELD_WATERMARK \
      | KLING_FIELD_EXTERNAL_TASK_ID | KLING_FIELD_CALLBACK_URL)

/* How much of it, as Kling documents it: in the order of KlingLimits */
#define KLING_LIMITS_FACE_CHOOSE { \
  TRUE, \
  1000, \
  2 * G_USEC_PER_SEC, \
  60 * G_USEC_PER_SEC, \
  2 * G_USEC_PER_SEC, \
  60 * G_USEC_PER_SEC, \
  100 * 1024 * 1024, \
  512, \
  2160, \
}

JsonBuilder *kling_body_new (void);
GBytes *kling_body_finish (JsonBuilder * builder);

void kling_body_add_video (JsonBuilder * builder, const KlingRequest * request,
    const KlingSources * sources);
void kling_body_add_speed (JsonBuilder * builder, const KlingRequest * request);
void kling_body_add_voice (JsonBuilder * builder, const KlingRequest * request);
gchar *kling_body_encode (GBytes * bytes);

GBytes *kling_body_identify (const KlingRequest * request,
    const KlingSources * sources);
GBytes *kling_body_speech (const KlingRequest * request);
GBytes *kling_body_face_choose (const KlingRequest * request,
    const KlingSources * sources);

G_END_DECLS
