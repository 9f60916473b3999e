/* klinglipsync: what a run would send, and what that would cost
 *
 * Pure functions, for any thread: nothing is sent, read or written. The bodies
 * are made by the dialect's own functions, so that what is told here is what
 * would be sent; what is not known yet, such as the id of a session, stands in
 * them in brackets. The order of the calls is that of kling_job_buy_task(): who
 * changes the one changes the other, and tests/element/test-plan.c compares them.
 *
 * No query of a URL, no key and no name of an uploaded file is told.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-plan.h"

#include "kling-clock.h"
#include "kling-cut.h"
#include "kling-dialect.h"
#include "kling-digest.h"
#include "kling-error.h"
#include "kling-url.h"

/* What stands for what only the calls before will tell */
#define SESSION "(session)"
#define FACE "(face)"
#define SPEECH "(speech)"
#define TASK "(task)"
#define UPLOADED "(uploaded)"

#define UNITS(hundredths) ((hundredths) / 100.0)

/* A plan while it is made */
typedef struct
{
  const KlingRequest *request;
  const KlingSettings *settings;
  const KlingPlanKnown *known;
  const KlingDialect *dialect;
  const gchar *base_url;
  gboolean uploads_video;
  gboolean uploads_audio;
  gboolean has_cut;             /* cut is known */
  KlingCut cut;
  KlingPlan *plan;
} Planner;

static void
planned_call_free (KlingPlannedCall * call)
{
  g_free (call->url);
  g_free (call->text);
  g_free (call);
}

/**
 * kling_plan_free:
 * @plan: (transfer full): a plan
 */
void
kling_plan_free (KlingPlan * plan)
{
  g_ptr_array_unref (plan->calls);
  g_free (plan->digest);
  g_free (plan->text);
  g_free (plan);
}

/* --- what it costs --- */

/* Returns: (transfer full): as "0.55 units" or "0.50 to 6.00 units" */
static gchar *
describe_units (gint min, gint max)
{
  if (min == max)
    return g_strdup_printf ("%.2f units", UNITS (min));
  return g_strdup_printf ("%.2f to %.2f units", UNITS (min), UNITS (max));
}

static gint
count_units (const KlingPrice * price, gint64 length)
{
  gint64 steps = (length + price->video_step - 1) / price->video_step;

  return (gint) (MAX (steps, 1) * price->video);
}

/* Counted are seconds, and no document says of what: the speech or the video,
 * which is the longer one. @shortest and @longest: (out): microseconds */
static void
find_lengths (const Planner * planner, gint64 * shortest, gint64 * longest)
{
  const KlingLimits *limits = &planner->dialect->limits;
  const KlingMedia *video = planner->request->video;
  gint64 speech = planner->has_cut ?
      (planner->cut.end - planner->cut.start) * 1000 : limits->audio_min;

  *shortest = speech;
  *longest = MAX (video && video->duration >= 0 ? video->duration
      : limits->video_max, speech);
}

/* --- the calls --- */

/* Returns: (transfer full): what is said of @call, which is to do @what */
static gchar *
describe_call (const KlingPlannedCall * call, const gchar * what)
{
  GString *text = g_string_new ("Would ");

  g_string_append (text, what);
  if (call->url)
    g_string_append_printf (text, ": %s%s%s", call->method ? call->method : "",
        call->method ? " " : "", call->url);
  if (call->size >= 0)
    g_string_append_printf (text, ", %s%" G_GOFFSET_FORMAT " bytes",
        call->is_exact ? "" : "about ", call->size);
  if (call->is_paid && call->units_min != KLING_UNITS_UNKNOWN) {
    g_autofree gchar *units = describe_units (call->units_min,
        call->units_max);

    g_string_append_printf (text, ". It costs %s", units);
  } else if (call->is_paid) {
    g_string_append (text, ". It costs, how much is not known here");
  }
  g_string_append_c (text, '.');
  return g_string_free (text, FALSE);
}

/* @url: (transfer full) (nullable). Returns: (transfer none): the call, which
 * costs nothing */
static KlingPlannedCall *
add_call (Planner * planner, const gchar * name, const gchar * method,
    gchar * url, goffset size)
{
  KlingPlannedCall *call = g_new0 (KlingPlannedCall, 1);

  call->name = name;
  call->method = method;
  call->url = url;
  call->size = size;
  call->is_exact = TRUE;
  g_ptr_array_add (planner->plan->calls, call);
  return call;
}

static void
set_price (Planner * planner, KlingPlannedCall * call, gint min, gint max)
{
  gboolean known = planner->dialect->price.video_step > 0;

  call->is_paid = TRUE;
  call->units_min = known ? min : KLING_UNITS_UNKNOWN;
  call->units_max = known ? max : KLING_UNITS_UNKNOWN;
}

/* @id: (nullable): what stands for %s in @path */
static gchar *
make_url (const Planner * planner, const gchar * path, const gchar * id)
{
  g_auto (GStrv) parts = g_strsplit (path, "%s", 2);
  g_autofree gchar *whole = g_strjoinv (id, parts);
  g_autofree gchar *url = kling_url_join (planner->base_url, whole);

  return kling_url_display (url);
}

static void
plan_upload (Planner * planner, const KlingMedia * media, const gchar * what)
{
  KlingUpload *upload = planner->settings->upload;
  const gchar *method = kling_upload_get_method (upload);
  g_autofree gchar *put = g_strdup_printf (method ? "upload the %s"
      : "serve the %s from this process", what);
  g_autofree gchar *check = g_strdup_printf
      ("read the %s at its public URL, as the service will", what);
  KlingPlannedCall *call = add_call (planner, "upload", method,
      g_strdup (kling_upload_get_shown (upload)),
      kling_spool_get_size (media->spool));

  /* a form is written around the file */
  call->is_exact = g_strcmp0 (method, "POST") != 0;
  call->text = describe_call (call, put);
  call = add_call (planner, "check-upload", "GET", NULL, -1);
  call->text = describe_call (call, check);
}

static void
plan_removal (Planner * planner, const gchar * what)
{
  KlingUpload *upload = planner->settings->upload;
  g_autofree gchar *text = g_strdup_printf ("delete the uploaded %s", what);
  KlingPlannedCall *call;

  if (!kling_upload_cleans_up (upload))
    return;
  call = add_call (planner, "remove-upload", "DELETE",
      g_strdup (kling_upload_get_shown (upload)), -1);
  call->text = describe_call (call, text);
}

/* The service needs them no more when the task has ended. */
static void
plan_removals (Planner * planner)
{
  if (planner->uploads_video)
    plan_removal (planner, "video");
  if (planner->uploads_audio)
    plan_removal (planner, "audio");
}

static gboolean
needs_probe (const Planner * planner)
{
  return planner->dialect->chooses_face && planner->request->audio_url
      && planner->request->audio_end < 0;
}

static void
plan_probe (Planner * planner)
{
  KlingPlannedCall *call;

  if (!needs_probe (planner))
    return;
  call = add_call (planner, "read-audio", "GET",
      kling_url_display (planner->request->audio_url), -1);
  call->text = describe_call (call, "read the audio, to see how long it is");
}

static void
plan_identify (Planner * planner, const KlingSources * sources)
{
  const KlingDialect *dialect = planner->dialect;
  g_autoptr (GBytes) body = NULL;
  KlingPlannedCall *call;

  if (dialect->identify_path == NULL || planner->request->session_id
      || planner->known->session_id)
    return;
  body = dialect->identify_body (planner->request, sources);
  call = add_call (planner, "identify-face", "POST",
      make_url (planner, dialect->identify_path, NULL),
      g_bytes_get_size (body));
  call->is_exact = !planner->uploads_video;
  set_price (planner, call, dialect->price.identify, dialect->price.identify);
  call->text = describe_call (call, "look for the face in the video");
}

/* Whether the text becomes speech by a call of its own, in this run or before */
static gboolean
needs_speech (const Planner * planner)
{
  return planner->dialect->speech_path
      && kling_request_get_text (planner->request);
}

/* It was paid by an earlier run. */
static void
plan_await_speech (Planner * planner)
{
  KlingPlannedCall *call = add_call (planner, "await-speech", "GET",
      make_url (planner, planner->dialect->speech_query_path,
          planner->known->speech_task), -1);

  call->text = describe_call (call, "ask for the speech that is being made");
}

static void
plan_speech (Planner * planner)
{
  const KlingDialect *dialect = planner->dialect;
  g_autoptr (GBytes) body = NULL;
  KlingPlannedCall *call;

  if (!needs_speech (planner) || planner->known->speech_id)
    return;
  if (planner->known->speech_task) {
    plan_await_speech (planner);
    return;
  }
  body = dialect->speech_body (planner->request);
  call = add_call (planner, "speech", "POST",
      make_url (planner, dialect->speech_path, NULL), g_bytes_get_size (body));
  set_price (planner, call, dialect->price.speech, dialect->price.speech);
  call->text = describe_call (call, "have the text spoken");
}

/* Whether the body of the create call is known to the last byte */
static gboolean
create_is_exact (const Planner * planner)
{
  const KlingRequest *request = planner->request;
  const KlingPlanKnown *known = planner->known;

  if (planner->uploads_video || planner->uploads_audio)
    return FALSE;
  if (planner->dialect->identify_path && !request->session_id
      && !known->session_id)
    return FALSE;
  if (!planner->dialect->chooses_face)
    return TRUE;
  return planner->has_cut && (!needs_speech (planner) || known->speech_id)
      && (request->face_id || known->face);
}

static void
plan_create (Planner * planner, const KlingSources * sources)
{
  const KlingDialect *dialect = planner->dialect;
  g_autoptr (GBytes) body = dialect->create_body (planner->request, sources);
  KlingPlannedCall *call = add_call (planner, "create", "POST",
      make_url (planner, dialect->create_path, NULL), g_bytes_get_size (body));
  gint64 shortest, longest;

  call->is_exact = create_is_exact (planner);
  find_lengths (planner, &shortest, &longest);
  if (dialect->price.video_step > 0)
    set_price (planner, call, count_units (&dialect->price, shortest),
        count_units (&dialect->price, longest));
  else
    set_price (planner, call, 0, 0);
  call->text = describe_call (call, "ask for the video");
}

static void
plan_poll (Planner * planner, const gchar * task_id, guint query_path)
{
  g_autofree gchar *what = g_strdup_printf ("ask about the task every %.1f s",
      (gdouble) planner->settings->poll_interval / KLING_SECOND);
  KlingPlannedCall *call = add_call (planner, "poll", "GET",
      make_url (planner, planner->dialect->query_paths[query_path], task_id),
      -1);

  call->text = describe_call (call, what);
}

static void
plan_download (Planner * planner)
{
  KlingPlannedCall *call = add_call (planner, "download", "GET", NULL, -1);

  call->text = describe_call (call, "fetch the video");
}

static void
plan_look_up (Planner * planner)
{
  KlingPlannedCall *call = add_call (planner, "look-up", "GET",
      make_url (planner, planner->dialect->query_paths[0],
          planner->known->lost_id), -1);

  call->text = describe_call (call,
      "look for the task of an earlier call, whose answer was lost");
}

/* --- what is known of the request --- */

/* Sets @sources->audio to what goes within the call, if anything does. */
static gboolean
find_inline_audio (const Planner * planner, KlingSources * sources,
    GError ** error)
{
  const KlingMedia *audio = planner->request->audio;

  if (audio == NULL || planner->uploads_audio)
    return TRUE;
  sources->audio = kling_spool_get_bytes (audio->spool, error);
  return sources->audio != NULL;
}

/* Returns: what the calls say, with brackets for what is not known */
static KlingSources
make_sources (const Planner * planner, const gchar * external_id)
{
  const KlingRequest *request = planner->request;
  const KlingPlanKnown *known = planner->known;
  const gchar *face_id = known->face ? known->face->id : FACE;
  const gchar *speech_id = known->speech_id ? known->speech_id : SPEECH;
  const gchar *session_id = known->session_id ? known->session_id : SESSION;
  KlingSources sources = {
    .session_id = request->session_id ? request->session_id : session_id,
    .face_id = request->face_id ? request->face_id : face_id,
    .video_url = planner->uploads_video ? UPLOADED : request->video_url,
    .audio_url = planner->uploads_audio ? UPLOADED : request->audio_url,
    .audio_id = needs_speech (planner) ? speech_id : request->audio_id,
    .audio_start = planner->cut.start,
    .audio_end = planner->cut.end,
    .insert_time = planner->cut.insert,
    .external_id = external_id,
  };

  return sources;
}

/* Milliseconds, -1 when only a call will tell */
static gint64
find_audio_length (const Planner * planner)
{
  const KlingMedia *audio = planner->request->audio;

  if (needs_speech (planner))
    return planner->known->speech_id ? planner->known->speech_length : -1;
  return audio && audio->duration >= 0 ? audio->duration / 1000 : -1;
}

/* Whether only a call will tell which part of the speech is said */
static gboolean
is_cut_open (const Planner * planner)
{
  return !planner->dialect->chooses_face || needs_probe (planner)
      || (needs_speech (planner) && !planner->known->speech_id);
}

/* When the lips move, as far as it is known; and whether that can be */
static gboolean
find_cut (Planner * planner, GError ** error)
{
  const KlingRequest *request = planner->request;
  const KlingMedia *video = request->video;

  planner->cut.start = request->audio_start;
  planner->cut.end = MAX (request->audio_end, 0);
  planner->cut.insert = MAX (request->insert_time, 0);
  if (is_cut_open (planner))
    return TRUE;
  planner->has_cut = TRUE;
  return kling_cut_choose (&planner->cut, request,
      find_audio_length (planner), &planner->dialect->limits, error)
      && kling_cut_place (&planner->cut, request, planner->known->face,
      video && video->duration >= 0 ? video->duration / 1000 : -1, error);
}

static gchar *
dup_external_id (const Planner * planner)
{
  const KlingRequest *request = planner->request;

  if (request->external_task_id)
    return g_strdup (request->external_task_id);
  return planner->dialect->has_external_id ? kling_request_dup_external_id
      (request, planner->known->attempts + 1) : NULL;
}

/* --- the whole --- */

/* All that comes before a task, as kling_job_buy_task() does it */
static gboolean
plan_purchase (Planner * planner, GError ** error)
{
  const KlingRequest *request = planner->request;
  g_autofree gchar *external_id = dup_external_id (planner);
  KlingSources sources;

  if (!find_cut (planner, error))
    return FALSE;
  sources = make_sources (planner, external_id);
  if (!find_inline_audio (planner, &sources, error))
    return FALSE;
  plan_probe (planner);
  if (planner->uploads_video)
    plan_upload (planner, request->video, "video");
  if (planner->uploads_audio)
    plan_upload (planner, request->audio, "audio");
  plan_identify (planner, &sources);
  plan_speech (planner);
  plan_create (planner, &sources);
  g_clear_pointer (&sources.audio, g_bytes_unref);
  return TRUE;
}

static gboolean
plan_calls (Planner * planner, GError ** error)
{
  const KlingPlanKnown *known = planner->known;
  const gchar *task_id = planner->request->task_id ? planner->request->task_id
      : known->task_id;

  if (known->is_here)
    return TRUE;
  if (task_id == NULL && known->lost_id)
    plan_look_up (planner);
  else if (task_id == NULL && !plan_purchase (planner, error))
    return FALSE;
  plan_poll (planner, task_id ? task_id : TASK, known->query_path);
  if (task_id == NULL && !known->lost_id)
    plan_removals (planner);
  plan_download (planner);
  return TRUE;
}

static void
sum_up (KlingPlan * plan)
{
  for (guint i = 0; i < plan->calls->len; i++) {
    const KlingPlannedCall *call = plan->calls->pdata[i];

    plan->paid_calls += call->is_paid ? 1 : 0;
    if (call->units_min == KLING_UNITS_UNKNOWN)
      plan->units_min = plan->units_max = KLING_UNITS_UNKNOWN;
    if (plan->units_min == KLING_UNITS_UNKNOWN)
      continue;
    plan->units_min += call->units_min;
    plan->units_max += call->units_max;
  }
}

/* Returns: (transfer full): why nothing is paid */
static gchar *
describe_unpaid (const Planner * planner)
{
  const KlingPlanKnown *known = planner->known;
  const gchar *task_id = planner->request->task_id ? planner->request->task_id
      : known->task_id;

  if (known->is_here)
    return g_strdup ("The video is here: a run sends and pays nothing.");
  if (task_id)
    return g_strdup_printf ("Task %s makes this video: a run waits for it, and"
        " pays nothing.", task_id);
  return g_strdup_printf ("The answer to an earlier call for this video was"
      " lost: a run looks for its task by the external id %s, and pays nothing"
      " unless the service knows of none.", known->lost_id);
}

/* Returns: (transfer full): what is paid, and how sure that is */
static gchar *
describe_paid (const Planner * planner)
{
  const KlingPlan *plan = planner->plan;
  const KlingPrice *price = &planner->dialect->price;
  g_autofree gchar *units = NULL;
  g_autofree gchar *calls = g_strdup_printf ("A run makes %u call%s that"
      " cost%s", plan->paid_calls, plan->paid_calls == 1 ? "" : "s",
      plan->paid_calls == 1 ? "s" : "");

  if (plan->units_min == KLING_UNITS_UNKNOWN)
    return g_strdup_printf ("%s. How much is not known here: services of the"
        " dialect %s have prices of their own.", calls, planner->dialect->nick);
  units = describe_units (plan->units_min, plan->units_max);
  if (plan->units_min == plan->units_max)
    return g_strdup_printf ("%s: %s.", calls, units);
  return g_strdup_printf ("%s: %s, because %.2f are counted for each started"
      " %.0f s of the speech or of the video, and %s.", calls, units,
      UNITS (price->video), price->video_step / 1e6,
      planner->request->video ? "how the service counts is not documented"
      : "the length of the video is not known here");
}

static gchar *
describe (const Planner * planner)
{
  const GError *fault = planner->settings->no_credentials;
  g_autofree gchar *text = planner->plan->paid_calls > 0
      ? describe_paid (planner) : describe_unpaid (planner);

  if (fault == NULL || planner->known->is_here)
    return g_steal_pointer (&text);
  return g_strdup_printf ("%s But it has no key yet: %s", text, fault->message);
}

/**
 * kling_plan_new:
 * @request: a request that has been checked
 * @settings: how it would be asked
 * @known: what earlier runs have found out
 * @error: set as by a run that finds the same before it pays
 *
 * Returns: (transfer full) (nullable): what a run would do
 */
KlingPlan *
kling_plan_new (const KlingRequest * request, const KlingSettings * settings,
    const KlingPlanKnown * known, GError ** error)
{
  const KlingDialect *dialect = kling_dialect_get (request->dialect);
  g_autoptr (KlingPlan) plan = g_new0 (KlingPlan, 1);
  Planner planner = {
    .request = request,
    .settings = settings,
    .known = known,
    .dialect = dialect,
    .base_url = request->base_url ? request->base_url
        : dialect->default_base_url,
    /* a session that is known has seen the video */
    .uploads_video = request->video && !known->session_id,
    .uploads_audio = request->audio && settings->upload,
    .plan = plan,
  };

  plan->calls = g_ptr_array_new_with_free_func
      ((GDestroyNotify) planned_call_free);
  plan->digest = kling_request_dup_digest (request);
  if (!plan_calls (&planner, error))
    return NULL;
  sum_up (plan);
  plan->text = describe (&planner);
  return g_steal_pointer (&plan);
}
