/* The dialects of the service: what a client asks for and what it may see, in
 * one form for all of them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-sample.h"

G_BEGIN_DECLS

typedef enum {
  SANDBOX_GATEWAY,
  SANDBOX_RELAY,
  SANDBOX_OFFICIAL,
  SANDBOX_LEGACY,
} SandboxDialect;

typedef enum {
  SANDBOX_WAITING,
  SANDBOX_RUNNING,
  SANDBOX_SUCCEEDED,
  SANDBOX_FAILED,
} SandboxState;

/* The price of identify-face and of tts; a task's is 0.5 per started 5 s. */
#define SANDBOX_IDENTIFY_UNITS 0.05
#define SANDBOX_TTS_UNITS 0.05

#define SANDBOX_MAX_FACES 8

typedef struct {
  guint number;                 /* from 1 */
  SandboxFaceSpan span;
  char *picture;                /* its URL */
} SandboxFaceView;

typedef struct {
  const char *session_id;
  SandboxFaceView faces[SANDBOX_MAX_FACES];
  guint count;
} SandboxSessionView;

/* What a client may know about a task. */
typedef struct {
  const char *id;
  const char *upstream_id;      /* the service's own, behind a gateway */
  SandboxDialect dialect;
  SandboxState state;
  gboolean fresh;               /* accepted a moment ago */
  guint percent;
  const char *reason;           /* (nullable): why it failed */
  const char *url;              /* (nullable): of the result */
  const char *watermark_url;    /* (nullable): of the same with a watermark */
  gboolean watermark;           /* it was asked for */
  const char *external_id;      /* (nullable) */
  const char *parent_id;        /* (nullable): of the source video */
  const char *parent_url;       /* with `parent_id` */
  double parent_duration;       /* with `parent_id`, seconds */
  double units;                 /* what it cost */
  double duration;              /* of the result, seconds */
  gint64 created;               /* unix microseconds, 0: not yet */
  gint64 started;
  gint64 finished;
} SandboxTaskView;

/* What a client may know about a text that was spoken. */
typedef struct {
  const char *task_id;
  const char *id;
  SandboxState state;
  const char *reason;           /* (nullable): why it failed */
  const char *url;
  double duration;              /* seconds */
} SandboxAudioView;

/* A text to be spoken. All strings are the body's. */
typedef struct {
  const char *text;
  const char *voice_id;
  const char *language;
  double speed;
} SandboxSaying;

/* What a create asks for. All strings are the body's; what a dialect does not
 * have is %NULL or 0. */
typedef struct {
  SandboxDialect dialect;
  const char *session_id;       /* or one of the next two: legacy only */
  const char *video_url;
  const char *video_id;
  SandboxSaying saying;         /* or one of the next three */
  const char *audio_url;
  const char *audio_base64;
  const char *audio_id;
  const char *image_url;
  const char *face_id;          /* (nullable): none can be chosen */
  gint64 start;                 /* with `face_id`: of the cut, ms */
  gint64 end;                   /* of the cut, ms */
  gint64 insert;                /* its place in the video, ms */
  double volume;
  double original_volume;
  gboolean watermark;
  const char *external_id;
} SandboxCreate;

const char *sandbox_dialect_name (SandboxDialect dialect);
SandboxDialect sandbox_dialect_from_name (const char *name);

gboolean sandbox_read_create (JsonObject *body, gboolean behind_gateway,
    SandboxCreate *create, GError **error);
gboolean sandbox_read_saying (JsonObject *body, guint max_characters,
    const char *language, SandboxSaying *saying, GError **error);
gboolean sandbox_read_speed (JsonObject *body, SandboxSaying *saying,
    GError **error);
gboolean sandbox_read_url (JsonObject *body, const char *member,
    const char **url, GError **error);
const char *sandbox_read_text (JsonObject *body, const char *member);
gboolean sandbox_refuse (GError **error, const char *format, ...)
G_GNUC_PRINTF (2, 3);

/* One file of pure functions for each. */
gboolean sandbox_gateway_read_create (JsonObject *body, SandboxCreate *create,
    GError **error);
gboolean sandbox_official_read_create (JsonObject *body,
    SandboxCreate *create, GError **error);
gboolean sandbox_legacy_read_create (JsonObject *body, SandboxCreate *create,
    GError **error);

G_END_DECLS
