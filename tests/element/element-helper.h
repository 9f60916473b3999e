/* klinglipsync tests: a service from a script, and a pipeline that is watched
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/check/gstcheck.h>

#include "kling-testserver.h"
#include "kling-testtree.h"

G_BEGIN_DECLS

/* The paths of the gateway dialect. A GET below CREATE_PATH is a question. */
#define IDENTIFY_PATH "/kling/v1/videos/identify-face"
#define CREATE_PATH "/kling/v1/videos/advanced-lip-sync"
#define RESULT_PATH "/result.mp4"
/* The paths of the dialect official; those of relay are the same below /kling. */
#define OFFICIAL_IDENTIFY_PATH "/v1/videos/identify-face"
#define OFFICIAL_CREATE_PATH "/v1/videos/advanced-lip-sync"
#define OFFICIAL_SPEECH_PATH "/v1/audio/tts"
#define RELAY_SPEECH_PATH "/kling/v1/audio/tts"

/* What the scripted service says when it is well. In each answer and header of
 * a script "@BASE@" stands for the server's own URL. */
#define TEST_TASK "task-1"
#define TEST_SESSION "session-1"
#define IDENTIFY_OK "{\"code\":0,\"message\":\"SUCCEED\",\"data\":{" \
  "\"session_id\":\"" TEST_SESSION "\",\"face_list\":[{\"face_id\":\"0\"}]}}"
#define CREATE_ID(id) "{\"id\":\"" id "\",\"task_id\":\"" id "\"," \
  "\"object\":\"video\",\"status\":\"\",\"progress\":0}"
#define CREATE_OK CREATE_ID (TEST_TASK)
#define POLL_STATUS(word) "{\"code\":\"success\",\"data\":{\"status\":\"" word \
  "\",\"data\":{\"task_id\":\"" TEST_TASK "\",\"task_status\":\"" word "\"}}}"
#define POLL_PERCENT(percent) "{\"code\":\"success\",\"data\":{\"status\":" \
  "\"IN_PROGRESS\",\"progress\":\"" percent "\"}}"
#define POLL_URL(url) "{\"code\":\"success\",\"data\":{\"status\":\"SUCCESS\"," \
  "\"data\":{\"task_id\":\"" TEST_TASK "\",\"task_status\":\"succeed\"," \
  "\"task_result\":{\"videos\":[{\"id\":\"v\",\"url\":\"" url "\"}]}}}}"
#define POLL_DONE POLL_URL ("@BASE@" RESULT_PATH "?token=1")

/* Likewise, as Kling itself says it */
#define SEEN_FACE(id, start, end) "{\"face_id\":\"" id "\",\"face_image\":" \
  "\"https://media.example/face-" id ".png?sig=s\",\"start_time\":" start "," \
  "\"end_time\":" end "}"
#define FACES(list) "{\"code\":0,\"message\":\"SUCCEED\",\"request_id\":" \
  "\"req-1\",\"data\":{\"session_id\":\"" TEST_SESSION "\",\"face_data\":[" \
  list "]}}"
#define ONE_FACE FACES (SEEN_FACE ("0", "0", "9000"))
#define OFFICIAL_TASK(id, word, result) "{\"code\":0,\"message\":\"SUCCEED\"," \
  "\"request_id\":\"req-1\",\"data\":{\"task_id\":\"" id "\",\"task_info\":" \
  "{\"external_task_id\":\"" KLING_TEST_EXTERNAL_MARK "\"},\"task_status\":" \
  "\"" word "\",\"task_result\":" result "}}"
#define OFFICIAL_CREATED OFFICIAL_TASK (TEST_TASK, "submitted", "{}")
#define OFFICIAL_DONE(id) OFFICIAL_TASK (id, "succeed", "{\"videos\":[{\"id\":" \
  "\"v\",\"url\":\"@BASE@" RESULT_PATH "?token=1\",\"duration\":\"3.0\"}]}")
#define OFFICIAL_LIST(list) "{\"code\":0,\"message\":\"SUCCEED\"," \
  "\"request_id\":\"req-1\",\"data\":[" list "]}"
#define SPEECH_ID(id, duration) "{\"code\":0,\"message\":\"SUCCEED\",\"data\":{" \
  "\"task_id\":\"speech-1\",\"task_status\":\"succeed\",\"task_result\":{" \
  "\"audios\":[{\"id\":\"" id "\",\"url\":\"https://media.example/a.mp3\"," \
  "\"duration\":\"" duration "\"}]}}}"
#define SPEECH_OK SPEECH_ID ("audio-1", "3.1")
#define SPEECH_STATUS(word) "{\"code\":0,\"message\":\"SUCCEED\",\"data\":{" \
  "\"task_id\":\"speech-1\",\"task_status\":\"" word "\"}}"

/* What every run is started with */
#define TEST_KEY "sk-the-key-of-the-tests"
#define TEST_TEXT "Hello there."
/* The longest there is, because the clock runs fast and machines may be busy */
#define TEST_TIMEOUT (600 * GST_SECOND)
#define TEST_VIDEO_URL "https://media.example/face.mp4?signature=1"
#define TEST_AUDIO_URL "https://media.example/speech.mp3?signature=2"

/* No state change and no stop may take longer. The bar is 200 ms; the rest is
 * for machines that are busy. */
#define STOP_MS 5000

/**
 * KlingTestService:
 * @server: the server under it
 * @url: its base URL
 *
 * A service from a script: the steps of the test first, then those that make
 * every call succeed. Counted is what came to the paths of its dialect.
 */
typedef struct
{
  KlingTestServer *server;
  gchar *url;

  /*< private > */
  const gchar *identify_path;
  const gchar *create_path;
  GPtrArray *texts;
  GBytes *clip;
} KlingTestService;

KlingTestService *kling_test_service_start (const KlingTestStep * steps,
    guint n_steps);
KlingTestService *kling_test_service_start_clip (const gchar * clip,
    const KlingTestStep * steps, guint n_steps);
KlingTestService *kling_test_service_start_official
    (const KlingTestStep * steps, guint n_steps);
void kling_test_service_stop (KlingTestService * service);

guint kling_test_service_paid (KlingTestService * service);
guint kling_test_service_spoken (KlingTestService * service);
guint kling_test_service_identified (KlingTestService * service);
guint kling_test_service_polls (KlingTestService * service);
void kling_test_service_check (KlingTestService * service, guint identified,
    guint paid);
gboolean kling_test_service_wait (KlingTestService * service,
    const gchar * method, const gchar * path, guint n, guint milliseconds);
void kling_test_service_check_key (KlingTestService * service);
const KlingTestCall *kling_test_service_find (KlingTestService * service,
    const gchar * method, const gchar * path);
const gchar *kling_test_service_get_body (KlingTestService * service,
    const gchar * method, const gchar * path);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingTestService, kling_test_service_stop)

/* Files that are made when the tests are built */
#define CLIP_SMALL "small.mp4"
#define CLIP_TAIL "tail.mp4"
#define CLIP_FACE "face.mp4"

GBytes *kling_test_load_clip (const gchar * name);
GBytes *kling_test_make_wav (guint milliseconds);

/**
 * KlingTestRun:
 * @pipeline: the pipeline
 * @lipsync: the element in it
 * @src: its src pad
 *
 * A pipeline with klinglipsync first. Everything that comes out of its src pad
 * and all that is posted is kept, in the order in which it was seen.
 */
typedef struct
{
  GstElement *pipeline;
  GstElement *lipsync;
  GstPad *src;

  /*< private > */
  GMutex lock;
  GCond changed;
  GPtrArray *log;
} KlingTestRun;

void kling_test_set_speed (guint speed);
gint64 kling_test_ms_since (gint64 start);

KlingTestRun *kling_test_run_new (const gchar * base_url,
    const gchar * downstream);
void kling_test_run_use_dialect (KlingTestRun * run, const gchar * nick);
void kling_test_run_free (KlingTestRun * run);
void kling_test_run_clear (KlingTestRun * run);

GstStateChangeReturn kling_test_run_change (KlingTestRun * run,
    GstState state, guint * ms);
void kling_test_run_set (KlingTestRun * run, GstState state);
void kling_test_run_refused (KlingTestRun * run, GstState state);

guint kling_test_run_count (KlingTestRun * run, GstMessageType types);
GstMessage *kling_test_run_wait (KlingTestRun * run, GstMessageType types,
    guint seconds);
const GstStructure *kling_test_run_wait_element (KlingTestRun * run,
    const gchar * name, guint seconds);
guint kling_test_run_count_element (KlingTestRun * run, const gchar * name);
gboolean kling_test_run_wait_status (KlingTestRun * run, const gchar * nick,
    guint seconds);
gchar *kling_test_run_dup_status (KlingTestRun * run);
gchar *kling_test_run_dup_task_id (KlingTestRun * run);

gboolean kling_test_run_has_text (KlingTestRun * run, const gchar * words);
gboolean kling_test_run_has_warning (KlingTestRun * run, const gchar * words);
void kling_test_run_check_no_error (KlingTestRun * run);
void kling_test_run_eos (KlingTestRun * run);
void kling_test_run_preroll (KlingTestRun * run);
const gchar *kling_test_run_error (KlingTestRun * run, GQuark domain,
    gint code);
const GstStructure *kling_test_run_details (KlingTestRun * run);
void kling_test_run_check_progress (KlingTestRun * run, GstProgressType end);

guint kling_test_run_count_events (KlingTestRun * run, GstEventType type);
guint kling_test_run_count_buffers (KlingTestRun * run);
GBytes *kling_test_run_get_data (KlingTestRun * run);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingTestRun, kling_test_run_free)

/**
 * KlingTestChild:
 * @pid: its process id, 0 when it has ended
 *
 * A program of its own, such as gst-launch-1.0, whose output is kept.
 */
typedef struct
{
  GPid pid;

  /*< private > */
  gchar *directory;
  gint status;
} KlingTestChild;

KlingTestChild *kling_test_child_start (const gchar * const *command,
    const gchar * const *environment);
KlingTestChild *kling_test_child_launch (const gchar * line,
    const gchar * const *environment);
void kling_test_child_free (KlingTestChild * child);
void kling_test_child_signal (KlingTestChild * child, gint number);
gboolean kling_test_child_wait (KlingTestChild * child, guint seconds);
gint kling_test_child_get_exit (KlingTestChild * child);
gchar *kling_test_child_read (KlingTestChild * child, gboolean errors);
gchar *kling_test_child_path (KlingTestChild * child, const gchar * name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingTestChild, kling_test_child_free)

void kling_test_check_contains (const gchar * text, const gchar * part);

G_END_DECLS
