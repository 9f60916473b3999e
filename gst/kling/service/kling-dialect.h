/* klinglipsync: how a service spells the API
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-limits.h"
#include "kling-request.h"

G_BEGIN_DECLS

/* A task may have to be asked for at one of so many paths. */
#define KLING_QUERY_PATHS_MAX 4

/**
 * KlingSources:
 * @session_id: (nullable): the session of the source video, once there is one
 * @face_id: (nullable): whose lips move, in a dialect that can choose
 * @video_url: (nullable): where the service reads the source video
 * @audio_url: (nullable): where the service reads what is said
 * @audio_id: (nullable): what is said, as the service knows it
 * @audio: (nullable): what is said, to be sent within the call
 * @audio_start: milliseconds, where the part that is said begins in the audio
 * @audio_end: milliseconds, where it ends
 * @insert_time: milliseconds, where it begins in the video
 * @external_id: (nullable): what we, or the user, call the task
 *
 * What a request needs to be sent and does not say itself: files from pads have
 * become URLs, and what was left open has been decided.
 */
typedef struct
{
  const gchar *session_id;
  const gchar *face_id;
  const gchar *video_url;
  const gchar *audio_url;
  const gchar *audio_id;
  GBytes *audio;
  gint64 audio_start;
  gint64 audio_end;
  gint64 insert_time;
  const gchar *external_id;
} KlingSources;

/**
 * KlingFields:
 * @KLING_FIELD_SESSION_ID: a session that the user has
 * @KLING_FIELD_FACE_ID: which face
 * @KLING_FIELD_FACE_IMAGE_URL: a picture of the face
 * @KLING_FIELD_VOICE_SPEED: how fast a text is spoken
 * @KLING_FIELD_AUDIO_ID: audio that the service made
 * @KLING_FIELD_AUDIO_CUT: a part of the audio
 * @KLING_FIELD_INSERT_TIME: where in the video it is said
 * @KLING_FIELD_AUDIO_VOLUME: how loud the speech is
 * @KLING_FIELD_ORIGINAL_AUDIO_VOLUME: how loud the video's own sound is
 * @KLING_FIELD_WATERMARK: whether the video is marked
 * @KLING_FIELD_EXTERNAL_TASK_ID: the user's own id of the task
 * @KLING_FIELD_CALLBACK_URL: whom the service tells
 *
 * The parts of a request that not every dialect can say.
 */
typedef enum
{
  KLING_FIELD_SESSION_ID = 1 << 0,
  KLING_FIELD_FACE_ID = 1 << 1,
  KLING_FIELD_FACE_IMAGE_URL = 1 << 2,
  KLING_FIELD_VOICE_SPEED = 1 << 3,
  KLING_FIELD_AUDIO_ID = 1 << 4,
  KLING_FIELD_AUDIO_CUT = 1 << 5,
  KLING_FIELD_INSERT_TIME = 1 << 6,
  KLING_FIELD_AUDIO_VOLUME = 1 << 7,
  KLING_FIELD_ORIGINAL_AUDIO_VOLUME = 1 << 8,
  KLING_FIELD_WATERMARK = 1 << 9,
  KLING_FIELD_EXTERNAL_TASK_ID = 1 << 10,
  KLING_FIELD_CALLBACK_URL = 1 << 11,
} KlingFields;

/**
 * KlingPrice:
 * @identify: of identify-face
 * @speech: of the call that makes speech
 * @video: of each started @video_step of a video
 * @video_step: microseconds; 0 when prices are not known
 *
 * What calls cost, in hundredths of a unit.
 */
typedef struct
{
  gint identify;
  gint speech;
  gint video;
  gint64 video_step;
} KlingPrice;

/**
 * KlingDialect:
 * @nick: the word users write
 * @label: in a few words, whose it is
 * @default_base_url: (nullable): where its best known service is
 * @takes_jwt: an access key and a secret key are as good as an API key
 * @fields: what of a request it can say
 * @identify_path: (nullable): path of identify-face, below the base URL; %NULL
 *   when the create call takes the video itself
 * @speech_path: (nullable): path of the call that makes speech of a text; %NULL
 *   when the create call takes the text itself
 * @speech_query_path: (nullable): path of speech that is not ready at once, with
 *   %s for its id
 * @create_path: path of the call that buys a task; a GET of it lists tasks
 * @path_hint: (nullable): a sentence for those whose service knows no such path
 * @query_paths: paths of a task, with %s for its id, the likeliest first
 * @chooses_face: the create call says whose lips move, and when; needs the
 *   length of the audio
 * @takes_inline_audio: audio can be sent within the create call
 * @has_external_id: the create call gets an id of ours, by which a task whose
 *   answer was lost can be found
 * @limits: how long and how large what is sent may be
 * @price: what its calls cost, where that is known
 * @check: (nullable): rules that only this dialect has; sends nothing
 * @identify_body: (nullable): JSON of identify-face
 * @speech_body: (nullable): JSON of the call that makes speech
 * @create_body: JSON of the call that buys a task
 *
 * Pure functions and constants, one file per dialect: see "How to add a dialect"
 * in docs/architecture.md.
 */
typedef struct
{
  const gchar *nick;
  const gchar *label;
  const gchar *default_base_url;
  gboolean takes_jwt;
  KlingFields fields;
  const gchar *identify_path;
  const gchar *speech_path;
  const gchar *speech_query_path;
  const gchar *create_path;
  const gchar *path_hint;
  const gchar *query_paths[KLING_QUERY_PATHS_MAX];
  gboolean chooses_face;
  gboolean takes_inline_audio;
  gboolean has_external_id;
  KlingLimits limits;
  KlingPrice price;

  gboolean (*check) (const KlingRequest * request, GError ** error);
  GBytes *(*identify_body) (const KlingRequest * request,
      const KlingSources * sources);
  GBytes *(*speech_body) (const KlingRequest * request);
  GBytes *(*create_body) (const KlingRequest * request,
      const KlingSources * sources);
} KlingDialect;

extern const KlingDialect kling_dialect_gateway;
extern const KlingDialect kling_dialect_official;
extern const KlingDialect kling_dialect_relay;
extern const KlingDialect kling_dialect_legacy;

const KlingDialect *kling_dialect_get (KlingDialectId id);
guint kling_dialect_count (void);
gboolean kling_dialect_find (const gchar * nick, KlingDialectId * id);
gchar *kling_dialect_list_jwt (void);
gboolean kling_dialect_check (const KlingRequest * request,
    GPtrArray * warnings, GError ** error);

G_END_DECLS
