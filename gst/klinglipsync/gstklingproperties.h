/* klinglipsync: the properties of the element
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/gst.h>
#include "kling-job.h"
#include "kling-request.h"
#include "kling-secret.h"

G_BEGIN_DECLS

/**
 * GstKlingLipsyncStatus:
 * @GST_KLING_LIPSYNC_STATUS_IDLE: nothing is under way
 * @GST_KLING_LIPSYNC_STATUS_COLLECTING: waiting for the end of the input
 * @GST_KLING_LIPSYNC_STATUS_UPLOADING: input goes where the service can read it
 * @GST_KLING_LIPSYNC_STATUS_IDENTIFYING: looking for the face
 * @GST_KLING_LIPSYNC_STATUS_CREATING: asking for the video
 * @GST_KLING_LIPSYNC_STATUS_QUEUED: the task waits at the service
 * @GST_KLING_LIPSYNC_STATUS_RUNNING: the service makes the video
 * @GST_KLING_LIPSYNC_STATUS_DOWNLOADING: the video is being fetched
 * @GST_KLING_LIPSYNC_STATUS_DONE: the video is there
 * @GST_KLING_LIPSYNC_STATUS_FAILED: there will be none
 *
 * What the element is doing.
 *
 * Since: klinglipsync 0.1
 */
typedef enum
{
  GST_KLING_LIPSYNC_STATUS_IDLE = 0,
  GST_KLING_LIPSYNC_STATUS_COLLECTING = 1,
  GST_KLING_LIPSYNC_STATUS_UPLOADING = 2,
  GST_KLING_LIPSYNC_STATUS_IDENTIFYING = 3,
  GST_KLING_LIPSYNC_STATUS_CREATING = 4,
  GST_KLING_LIPSYNC_STATUS_QUEUED = 5,
  GST_KLING_LIPSYNC_STATUS_RUNNING = 6,
  GST_KLING_LIPSYNC_STATUS_DOWNLOADING = 7,
  GST_KLING_LIPSYNC_STATUS_DONE = 8,
  GST_KLING_LIPSYNC_STATUS_FAILED = 9,
} GstKlingLipsyncStatus;

#define GST_TYPE_KLING_LIPSYNC_DIALECT (gst_kling_lipsync_dialect_get_type ())
GType gst_kling_lipsync_dialect_get_type (void);

#define GST_TYPE_KLING_LIPSYNC_STATUS (gst_kling_lipsync_status_get_type ())
GType gst_kling_lipsync_status_get_type (void);
GstKlingLipsyncStatus gst_kling_lipsync_status_from_stage (KlingStage stage);

enum
{
  PROP_0,
  PROP_BASE_URL,
  PROP_DIALECT,
  PROP_API_KEY,
  PROP_ACCESS_KEY,
  PROP_SECRET_KEY,
  PROP_CREDENTIALS_FILE,
  PROP_CREDENTIALS_SOURCE,
  PROP_EXTRA_HEADERS,
  PROP_USER_AGENT,
  PROP_PROXY,
  PROP_TLS_DATABASE,
  PROP_TIMEOUT,
  PROP_SESSION_ID,
  PROP_VIDEO_URL,
  PROP_VIDEO_ID,
  PROP_FACE_ID,
  PROP_FACE_IMAGE_URL,
  PROP_TEXT,
  PROP_VOICE_ID,
  PROP_VOICE_LANGUAGE,
  PROP_VOICE_SPEED,
  PROP_AUDIO_URL,
  PROP_AUDIO_ID,
  PROP_AUDIO_START,
  PROP_AUDIO_END,
  PROP_INSERT_TIME,
  PROP_AUDIO_VOLUME,
  PROP_ORIGINAL_AUDIO_VOLUME,
  PROP_UPLOAD,
  PROP_UPLOAD_PUBLIC_URL,
  PROP_UPLOAD_HEADERS,
  PROP_UPLOAD_CLEANUP,
  PROP_WATERMARK,
  PROP_EXTERNAL_TASK_ID,
  PROP_CALLBACK_URL,
  PROP_TASK_ID,
  PROP_TAKE,
  PROP_POLL_INTERVAL,
  PROP_TASK_TIMEOUT,
  PROP_STORE,
  PROP_STORE_LIMIT,
  PROP_STORE_MAX_AGE,
  PROP_MAX_TASKS,
  PROP_DRY_RUN,
  PROP_URI_MAY_PAY,
  PROP_STATUS,
  PROP_CURRENT_TASK_ID,
  PROP_RESULT_LOCATION,
  N_PROPERTIES
};

/**
 * GstKlingProperties:
 *
 * The values of the writable properties. The element keeps one under its object
 * lock; a job gets copies of them and never looks here.
 */
typedef struct
{
  gchar *base_url;
  KlingDialectId dialect;
  gboolean dialect_is_set;
  KlingSecret *api_key;
  KlingSecret *access_key;
  KlingSecret *secret_key;
  gchar *credentials_file;
  GstStructure *extra_headers;
  gchar *user_agent;
  gchar *proxy;
  GTlsDatabase *tls_database;
  GstClockTime timeout;
  gchar *session_id;
  gchar *video_url;
  gchar *video_id;
  gchar *face_id;
  gchar *face_image_url;
  gchar *text;
  gchar *voice_id;
  gchar *voice_language;
  gdouble voice_speed;
  gchar *audio_url;
  gchar *audio_id;
  GstClockTime audio_start;
  GstClockTime audio_end;
  GstClockTime insert_time;
  gdouble audio_volume;
  gdouble original_audio_volume;
  gchar *upload;
  gchar *upload_public_url;
  GstStructure *upload_headers;
  gboolean upload_cleanup;
  gboolean watermark;
  gchar *external_task_id;
  gchar *callback_url;
  gchar *task_id;
  gchar *take;
  GstClockTime poll_interval;
  GstClockTime task_timeout;
  gchar *store;                 /* "": there is none */
  guint64 store_limit;
  GstClockTime store_max_age;
  guint max_tasks;
  gboolean dry_run;
  gboolean uri_may_pay;
  gboolean from_link;           /* a klinglipsync:// link has set some of it */
} GstKlingProperties;

void gst_kling_properties_install (GObjectClass * klass, GParamSpec ** pspecs);

void gst_kling_properties_init (GstKlingProperties * self);
void gst_kling_properties_clear (GstKlingProperties * self);
gboolean gst_kling_properties_set (GstKlingProperties * self, guint id,
    const GValue * value);
gboolean gst_kling_properties_get (const GstKlingProperties * self, guint id,
    GValue * value);
void gst_kling_properties_get_whole (const GstKlingProperties * self, guint id,
    GValue * value);

gboolean gst_kling_properties_check (const GstKlingProperties * self,
    GError ** error);
KlingRequest *gst_kling_properties_make_request (const GstKlingProperties *
    self);
gchar *gst_kling_properties_dup_store (const GstKlingProperties * self);
KlingSettings *gst_kling_properties_make_settings (const GstKlingProperties *
    self);
gboolean gst_kling_properties_make_upload (const GstKlingProperties * self,
    KlingUpload ** upload, GError ** error);

G_END_DECLS
