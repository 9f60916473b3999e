/* klinglipsync: what to make, and how to reach who makes it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-media.h"
#include "kling-upload.h"

G_BEGIN_DECLS

/**
 * KlingDialectId:
 * @KLING_DIALECT_GATEWAY: Starrise, AnyFast and gateways like them
 * @KLING_DIALECT_OFFICIAL: Kling itself
 * @KLING_DIALECT_RELAY: gateways that pass Kling's own bodies through
 * @KLING_DIALECT_LEGACY: Kling's older lip-sync, at Kling and at gateways
 *
 * How a service spells the API.
 */
typedef enum
{
  KLING_DIALECT_GATEWAY,
  KLING_DIALECT_OFFICIAL,
  KLING_DIALECT_RELAY,
  KLING_DIALECT_LEGACY,
} KlingDialectId;

/**
 * KlingRequest:
 *
 * What to make: who speaks and what is said, at which service. Filled once and
 * immutable from then on; refcounted; every pointer may be %NULL. @video,
 * @audio and @cues are what came from sink pads, or stand for what is to come.
 * @audio_start, @audio_end and @insert_time are milliseconds, -1 when they were
 * left open; @voice_speed and the volumes are hundredths. These units are what
 * is sent, so they are rounded once, here. @take names another video of the same
 * thing. @task_id is a task that exists already. It says nothing about keys, timeouts
 * or ways: those are #KlingSettings.
 */
typedef struct
{
  /*< private > */
  gatomicrefcount refs;

  /*< public > */
  KlingDialectId dialect;
  gchar *base_url;

  gchar *session_id;
  gchar *video_url;
  gchar *video_id;
  KlingMedia *video;
  gchar *face_id;
  gchar *face_image_url;

  gchar *text;
  gchar *cues;
  gchar *voice_id;
  gchar *voice_language;
  guint voice_speed;
  gchar *audio_url;
  gchar *audio_id;
  KlingMedia *audio;
  gint64 audio_start;
  gint64 audio_end;
  gint64 insert_time;
  guint audio_volume;
  guint original_audio_volume;

  gboolean watermark;
  gchar *external_task_id;
  gchar *callback_url;
  gchar *task_id;
  gchar *take;
} KlingRequest;

KlingRequest *kling_request_new (void);
KlingRequest *kling_request_ref (KlingRequest * request);
void kling_request_unref (KlingRequest * request);
gboolean kling_request_equal (const KlingRequest * a, const KlingRequest * b);
KlingRequest *kling_request_dup_identity (const KlingRequest * request);

const gchar *kling_request_get_text (const KlingRequest * request);
gboolean kling_request_is_empty (const KlingRequest * request);
gboolean kling_request_is_complete (const KlingRequest * request);
gchar *kling_request_describe_video (const KlingRequest * request);
gchar *kling_request_describe_speech (const KlingRequest * request);
gchar *kling_request_describe (const KlingRequest * request);
gchar *kling_request_describe_missing (const KlingRequest * request);
gboolean kling_request_check_conflicts (const KlingRequest * request,
    GError ** error);
gboolean kling_request_check_upload (const KlingRequest * request,
    const KlingUpload * upload, GPtrArray * warnings, GError ** error);
gboolean kling_request_check (const KlingRequest * request,
    GPtrArray * warnings, GError ** error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingRequest, kling_request_unref)

/* see kling-credentials.h */
typedef struct _KlingCredentials KlingCredentials;

/**
 * KlingSettings:
 *
 * How to ask: the key, the way and the patience. Immutable and refcounted like
 * #KlingRequest, but no part of what is asked. Times are microseconds.
 */
typedef struct
{
  /*< private > */
  gatomicrefcount refs;

  /*< public > */
  KlingCredentials *credentials;
  GError *no_credentials;       /* why there are none: only what is kept plays */
  gchar *proxy;
  GTlsDatabase *tls_database;
  gchar *user_agent;
  gchar **extra_headers;        /* name and value in turn */
  KlingUpload *upload;          /* NULL: there is no place for local files */
  gint64 timeout;
  gint64 poll_interval;
  gint64 task_timeout;
  gchar *store;                 /* NULL: there is none */
  guint64 store_limit;          /* bytes of finished videos */
  gint64 store_max_age;         /* -1: they do not get too old */
  guint max_tasks;              /* 0: any number at once */
  gboolean may_not_pay;         /* a link, which nobody has allowed to */
  gboolean dry_run;
} KlingSettings;

KlingSettings *kling_settings_new (void);
KlingSettings *kling_settings_ref (KlingSettings * settings);
void kling_settings_unref (KlingSettings * settings);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingSettings, kling_settings_unref)

G_END_DECLS
