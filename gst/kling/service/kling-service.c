/* klinglipsync: one call of the API at a time
 *
 * Runs on the job's thread. Puts key, address and body of a call together,
 * sends it once, and says what became of it: as an ending or a state for the
 * job, and as one sentence for a person, which has what happened, the service's
 * own words and what to do. A call that was refused because of the time in its
 * token is signed and sent once more; nothing was bought by the first one.
 *
 * The key goes to the base URL and nowhere else. Should the service repeat it
 * in its answer, it is cut out before anybody sees it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-service.h"

#include <string.h>
#include "kling-advice.h"
#include "kling-clock.h"
#include "kling-log.h"
#include "kling-secret.h"
#include "kling-signer.h"
#include "kling-url.h"

/* How far a list of tasks is read: all that an account makes in the minutes after
 * a call, and more */
#define LIST_PAGES 10
#define LIST_PAGE_SIZE 100

/* As much of a text as is shown to recognise it */
#define SHOWN_CHARACTERS 40

struct _KlingService
{
  const KlingDialect *dialect;
  gchar *base_url;
  gchar *shown_base;
  KlingSettings *settings;
  KlingHttp *http;
  KlingSigner *signer;
};

/**
 * kling_service_new:
 * @request: what to make: its dialect and base URL are used
 * @settings: credentials, headers and timeout
 * @http: the way
 *
 * Returns: (transfer full): the service
 */
KlingService *
kling_service_new (const KlingRequest * request, const KlingSettings * settings,
    KlingHttp * http)
{
  KlingService *service = g_new0 (KlingService, 1);

  service->dialect = kling_dialect_get (request->dialect);
  service->base_url = g_strdup (request->base_url ? request->base_url :
      service->dialect->default_base_url);
  service->shown_base = kling_url_display (service->base_url);
  service->settings = kling_settings_ref ((KlingSettings *) settings);
  service->http = kling_http_ref (http);
  service->signer = kling_signer_new (settings->credentials);
  return service;
}

/**
 * kling_service_free:
 * @service: (transfer full): a service
 */
void
kling_service_free (KlingService * service)
{
  kling_signer_free (service->signer);
  kling_settings_unref (service->settings);
  kling_http_unref (service->http);
  g_free (service->shown_base);
  g_free (service->base_url);
  g_free (service);
}

/**
 * kling_reply_clear:
 * @reply: a reply
 *
 * Frees what @reply holds and makes it empty again.
 */
void
kling_reply_clear (KlingReply * reply)
{
  kling_answer_clear (&reply->answer);
  kling_details_clear (&reply->details);
  reply->retry_after = 0;
}

/* --- sending --- */

/* Headers that say where a call goes, with what key and how long it is, are
 * ours. */
static gboolean
is_own_header (const gchar * name)
{
  static const gchar *const names[] = { "Authorization", "Host",
    "Proxy-Authorization", "Connection", "Transfer-Encoding", "Upgrade",
    "Expect", "Cookie", "Accept-Encoding",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (g_ascii_strcasecmp (name, names[i]) == 0)
      return TRUE;
  }
  return g_ascii_strncasecmp (name, "Content-", strlen ("Content-")) == 0;
}

/* Returns: (transfer container): the user's headers without those */
static GPtrArray *
select_headers (gchar ** headers)
{
  GPtrArray *selected = g_ptr_array_new ();

  for (guint i = 0; headers != NULL && headers[i] && headers[i + 1]; i += 2) {
    if (is_own_header (headers[i])) {
      KLING_WARNING ("the header %s cannot be set by hand", headers[i]);
      continue;
    }
    g_ptr_array_add (selected, headers[i]);
    g_ptr_array_add (selected, headers[i + 1]);
  }
  g_ptr_array_add (selected, NULL);
  return selected;
}

static void
cut_out_secrets (KlingService * service, KlingAnswer * answer)
{
  kling_signer_cut_out (service->signer, &answer->message);
  kling_signer_cut_out (service->signer, &answer->code);
  kling_signer_cut_out (service->signer, &answer->request_id);
  kling_signer_cut_out (service->signer, &answer->task_word);
}

static void
fill_reply (KlingService * service, const KlingHttpAnswer * answer,
    KlingReply * reply)
{
  kling_answer_read (&reply->answer, answer->status, answer->body);
  cut_out_secrets (service, &reply->answer);
  reply->retry_after = answer->retry_after;
  reply->details.http_status = answer->status;
  reply->details.service_code = g_strdup (reply->answer.code);
  reply->details.request_id = g_strdup (reply->answer.request_id);
  reply->details.task_id = g_strdup (reply->answer.task_id);
}

/* Signs and sends a call. Returns: whether there was an answer */
static gboolean
send_once (KlingService * service, KlingHttpRequest * call,
    GCancellable * cancellable, KlingHttpAnswer * answer, KlingReply * reply,
    GError ** error)
{
  gchar *authorization = kling_signer_authorize (service->signer);
  gboolean answered;

  call->authorization = authorization;
  answered = kling_http_call (service->http, call, cancellable, answer, error);
  call->authorization = NULL;
  kling_secret_wipe_string (authorization);
  memset (reply, 0, sizeof *reply);
  fill_reply (service, answer, reply);
  return answered;
}

/* Sends one call: a POST, which is paid for, when there is a @body. Returns:
 * whether there was an answer; @sent says whether any of the call may have left
 * this machine, @raw (nullable) gets the body of the answer */
static gboolean
service_call (KlingService * service, const gchar * path, GBytes * body,
    GCancellable * cancellable, KlingReply * reply, gboolean * sent,
    GBytes ** raw, GError ** error)
{
  g_autofree gchar *url = kling_url_join (service->base_url, path);
  g_autoptr (GPtrArray) headers =
      select_headers (service->settings->extra_headers);
  g_auto (KlingHttpAnswer) answer = { 0, };
  KlingHttpRequest call = {
    .method = body ? "POST" : "GET",
    .url = url,
    .headers = (const gchar * const *) headers->pdata,
    .body = body,
    .timeout = service->settings->timeout,
    .paid = body != NULL,
  };
  gboolean answered = send_once (service, &call, cancellable, &answer, reply,
      error);

  if (answered && kling_signer_set_clock (service->signer, &reply->answer,
          answer.date)) {
    kling_reply_clear (reply);
    kling_http_answer_clear (&answer);
    answered = send_once (service, &call, cancellable, &answer, reply, error);
  }
  if (sent)
    *sent = answer.sent;
  if (raw)
    *raw = g_steal_pointer (&answer.body);
  return answered;
}

/* --- sentences --- */

/* Returns: (transfer full): the service's words, or nothing when it had none */
static gchar *
describe_words (const KlingAnswer * answer)
{
  if (answer->message == NULL || *answer->message == '\0')
    return g_strdup ("");
  return g_strdup_printf (": \"%s\"", answer->message);
}

static gchar *
describe_speaker (const KlingRequest * request, const KlingSources * sources)
{
  g_autofree gchar *shown = kling_url_display (request->video_url);

  if (sources->session_id)
    return g_strdup_printf ("session %s", sources->session_id);
  if (request->video_id)
    return g_strdup_printf ("video %s", request->video_id);
  return request->video_url ? g_strdup_printf ("video %s", shown)
      : g_strdup ("the video from the pad");
}

/* Returns: (transfer full): what a create was about, to find it again */
static gchar *
describe_request (const KlingRequest * request, const KlingSources * sources)
{
  g_autofree gchar *speaker = describe_speaker (request, sources);
  g_autofree gchar *text = kling_text_clean (kling_request_get_text (request),
      SHOWN_CHARACTERS);
  g_autofree gchar *audio = kling_url_display (request->audio_url);

  if (text != NULL)
    return g_strdup_printf ("%s, text \"%s\", voice %s", speaker, text,
        request->voice_id);
  if (request->audio != NULL)
    return g_strdup_printf ("%s, audio of %.2f s from the pad", speaker,
        (gdouble) request->audio->duration / KLING_SECOND);
  return g_strdup_printf ("%s, audio %s", speaker,
      request->audio_id ? request->audio_id : audio);
}

/* @with_audio: whether audio went within the call */
static void
set_trouble (KlingService * service, const KlingAnswer * answer,
    KlingTrouble trouble, gboolean with_audio, GError ** error)
{
  g_autofree gchar *numbers = kling_answer_describe (answer);
  g_autofree gchar *words = describe_words (answer);
  const gchar *hint = trouble == KLING_TROUBLE_CALL
      ? service->dialect->path_hint : NULL;
  const KlingAdvice *advice = kling_advice_find (trouble,
      (with_audio ? KLING_ADVICE_AUDIO : 0)
      | (kling_signer_makes_tokens (service->signer) ? KLING_ADVICE_TOKEN : 0));

  g_set_error (error, KLING_ERROR, kling_trouble_get_error_code (trouble),
      "The service at %s %s (%s)%s. %s%s%s", service->shown_base,
      advice->happened, numbers, words, advice->advice, hint ? " " : "",
      hint ? hint : "");
}

/* Returns: (transfer full): why we do not know what became of a call; ends
 * like a clause, not like a sentence */
static gchar *
describe_doubt (const KlingAnswer * answer, const GError * cause)
{
  g_autofree gchar *numbers = NULL;
  g_autofree gchar *words = NULL;

  if (cause != NULL) {
    gsize length = strlen (cause->message);

    if (length > 0 && cause->message[length - 1] == '.')
      length--;
    return g_strndup (cause->message, length);
  }
  numbers = kling_answer_describe (answer);
  words = describe_words (answer);
  return g_strconcat (numbers, words, NULL);
}

/* --- paid calls --- */

/* How a paid call ended, which was made for @id; @with_audio: whether audio went
 * within it. Returns: the ending; for all but CREATED an error is set, unless it
 * is UNKNOWN: what that means depends on the call. */
static KlingEnding
judge_paid (KlingService * service, const KlingReply * reply,
    const gchar * id, gboolean with_audio, gboolean sent, GError * cause,
    GError ** error)
{
  const KlingAnswer *answer = &reply->answer;
  KlingEnding ending;

  if (cause != NULL) {
    if (sent)
      return KLING_ENDING_UNKNOWN;
    g_propagate_error (error, g_error_copy (cause));
    return KLING_ENDING_NOT_SENT;
  }
  ending = kling_answer_get_ending (answer, id);
  if (ending == KLING_ENDING_CREATED || ending == KLING_ENDING_UNKNOWN)
    return ending;
  set_trouble (service, answer, kling_answer_get_trouble (answer), with_audio,
      error);
  return ending;
}

/**
 * kling_service_identify:
 * @service: a service
 * @request: what to make; has a source video
 * @sources: where that video is
 * @cancellable: (nullable): takes the call back as long as nothing was sent
 * @reply: (out caller-allocates): the answer, with its session id
 * @error: set unless the ending is %KLING_ENDING_CREATED
 *
 * Asks for the faces in the source video. This is paid for, if little.
 *
 * Returns: how the call ended
 */
KlingEnding
kling_service_identify (KlingService * service, const KlingRequest * request,
    const KlingSources * sources, GCancellable * cancellable,
    KlingReply * reply, GError ** error)
{
  g_autoptr (GBytes) body = service->dialect->identify_body (request, sources);
  g_autoptr (GError) cause = NULL;
  gboolean sent;
  KlingEnding ending;

  service_call (service, service->dialect->identify_path, body, cancellable,
      reply, &sent, NULL, &cause);
  ending = judge_paid (service, reply, reply->answer.session_id, FALSE, sent,
      cause, error);
  if (ending == KLING_ENDING_UNKNOWN) {
    g_autofree gchar *doubt = describe_doubt (&reply->answer, cause);

    g_set_error (error, KLING_ERROR, KLING_ERROR_OUTCOME_UNKNOWN,
        "The service at %s may have looked for faces in the video and charged"
        " for it (a small part of what a lip-sync costs), but gave no clear"
        " answer: %s. It is not asked again by itself; a new run asks again.",
        service->shown_base, doubt);
  }
  return ending;
}

/**
 * kling_service_speak:
 * @service: a service whose dialect makes speech by a call of its own
 * @request: what to make; has a text
 * @cancellable: (nullable): takes the call back as long as nothing was sent
 * @reply: (out caller-allocates): the answer, with the id of the audio, or of a
 *   task that makes it
 * @error: set unless the ending is %KLING_ENDING_CREATED
 *
 * Has the text spoken. This is paid for, if little.
 *
 * Returns: how the call ended
 */
KlingEnding
kling_service_speak (KlingService * service, const KlingRequest * request,
    GCancellable * cancellable, KlingReply * reply, GError ** error)
{
  g_autoptr (GBytes) body = service->dialect->speech_body (request);
  g_autoptr (GError) cause = NULL;
  gboolean sent;
  KlingEnding ending;

  service_call (service, service->dialect->speech_path, body, cancellable,
      reply, &sent, NULL, &cause);
  ending = judge_paid (service, reply, reply->answer.audio_id
      ? reply->answer.audio_id : reply->answer.task_id, FALSE, sent, cause,
      error);
  if (ending == KLING_ENDING_UNKNOWN) {
    g_autofree gchar *doubt = describe_doubt (&reply->answer, cause);

    g_set_error (error, KLING_ERROR, KLING_ERROR_OUTCOME_UNKNOWN,
        "The service at %s may have spoken the text and charged for it (a small"
        " part of what a lip-sync costs), but gave no clear answer: %s. It is"
        " not asked again by itself; a new run asks again.",
        service->shown_base, doubt);
  }
  return ending;
}

/* What to do about a create call of which nobody knows whether it arrived. Where
 * it carries an id that we made, the job looks for it; this is said when there
 * is no end to that. */
static void
set_create_unknown (KlingService * service, const KlingRequest * request,
    const KlingSources * sources, const gchar * doubt, GError ** error)
{
  g_autofree gchar *what = describe_request (request, sources);
  gboolean can_be_found = service->dialect->has_external_id
      && sources->external_id && request->external_task_id == NULL;

  g_set_error (error, KLING_ERROR, KLING_ERROR_OUTCOME_UNKNOWN,
      "The lip-sync may have been accepted and paid for, but the service at %s"
      " gave no clear answer: %s. Sent was: %s%s%s. %s", service->shown_base,
      doubt, what, sources->external_id ? ", external task id " : "",
      sources->external_id ? sources->external_id : "",
      can_be_found ? "Start again to look for the task by that id, which the"
      " service takes once only."
      :
      "It is not sent again by itself. Look into the service's console: if the"
      " task is there, start again with task-id set to its id; if it is not, set"
      " take to a new name to have it made.");
}

/**
 * kling_service_create:
 * @service: a service
 * @request: what to make
 * @sources: the session of the source video, and where the speech is
 * @cancellable: (nullable): takes the call back as long as nothing was sent
 * @reply: (out caller-allocates): the answer, with its task id
 * @error: set unless the ending is %KLING_ENDING_CREATED
 *
 * Buys a task. Sent once, whatever happens.
 *
 * Returns: how the call ended
 */
KlingEnding
kling_service_create (KlingService * service, const KlingRequest * request,
    const KlingSources * sources, GCancellable * cancellable,
    KlingReply * reply, GError ** error)
{
  g_autoptr (GBytes) body = service->dialect->create_body (request, sources);
  g_autoptr (GError) cause = NULL;
  gboolean sent;
  KlingEnding ending;

  service_call (service, service->dialect->create_path, body, cancellable,
      reply, &sent, NULL, &cause);
  ending = judge_paid (service, reply, reply->answer.task_id,
      sources->audio != NULL, sent, cause, error);
  if (ending == KLING_ENDING_UNKNOWN) {
    g_autofree gchar *doubt = describe_doubt (&reply->answer, cause);

    set_create_unknown (service, request, sources, doubt, error);
  }
  return ending;
}

/* --- queries --- */

static void
set_query_error (KlingService * service, const KlingAnswer * answer,
    GError ** error)
{
  set_trouble (service, answer, kling_answer_lacks_task (answer)
      ? KLING_TROUBLE_TASK : kling_answer_get_trouble (answer), FALSE, error);
}

static gboolean
check_id (const gchar * id, GError ** error)
{
  if (kling_id_is_valid (id))
    return TRUE;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The task id is not one: it has up to 128 letters, digits, '_', '.' and"
      " '-'.");
  return FALSE;
}

/* Asks at one path, which has %s for @id. */
static gboolean
query_path (KlingService * service, const gchar * path, const gchar * id,
    GCancellable * cancellable, KlingReply * reply, GBytes ** raw,
    GError ** error)
{
  g_autofree gchar *segment = g_uri_escape_string (id, NULL, FALSE);
  g_auto (GStrv) parts = g_strsplit (path, "%s", 2);
  g_autofree gchar *whole = g_strjoinv (segment, parts);

  return service_call (service, whole, NULL, cancellable, reply, NULL, raw,
      error);
}

static gboolean
judge_query (KlingService * service, const gchar * task_id, gboolean answered,
    KlingReply * reply, GError ** error)
{
  g_free (reply->details.task_id);
  reply->details.task_id = g_strdup (task_id);
  if (answered && kling_answer_tells_state (&reply->answer))
    return TRUE;
  if (answered)
    set_query_error (service, &reply->answer, error);
  return FALSE;
}

static guint
count_query_paths (const KlingDialect * dialect)
{
  guint n = 0;

  while (n < KLING_QUERY_PATHS_MAX && dialect->query_paths[n])
    n++;
  return n;
}

/* Asks wherever else the task may be known. A path that is in trouble is not one
 * that has the task, nor one that lacks it. @reply becomes the answer that says
 * most: the state, else the trouble, else that there is no such task. Returns:
 * whether all were answered */
static gboolean
query_other_paths (KlingService * service, const gchar * task_id, guint * path,
    GCancellable * cancellable, KlingReply * reply, GError ** error)
{
  const KlingDialect *dialect = service->dialect;
  guint first = *path, n = count_query_paths (dialect);

  for (guint i = 1; i < n; i++) {
    guint candidate = (first + i) % n;
    KlingReply other;
    gboolean answered = query_path (service, dialect->query_paths[candidate],
        task_id, cancellable, &other, NULL, error);

    if (answered && kling_answer_lacks_task (&other.answer)) {
      kling_reply_clear (&other);
      continue;
    }
    kling_reply_clear (reply);
    *reply = other;
    if (!answered)
      return FALSE;
    if (kling_answer_tells_state (&reply->answer)) {
      *path = candidate;
      break;
    }
  }
  return TRUE;
}

/**
 * kling_service_query:
 * @service: a service
 * @task_id: a task
 * @path: (inout): which of the dialect's paths knows the task; the others are
 *   tried when it does not
 * @cancellable: (nullable): ends it at once
 * @reply: (out caller-allocates): the answer
 * @error: set when %FALSE is returned
 *
 * Asks for the state of a task. Costs nothing and may be repeated. A task that
 * failed is a state like others.
 *
 * Returns: whether @reply tells the state of the task
 */
gboolean
kling_service_query (KlingService * service, const gchar * task_id,
    guint * path, GCancellable * cancellable, KlingReply * reply,
    GError ** error)
{
  const KlingDialect *dialect = service->dialect;
  gboolean answered;

  memset (reply, 0, sizeof *reply);
  if (!check_id (task_id, error))
    return FALSE;
  /* it comes out of a file */
  if (*path >= count_query_paths (dialect))
    *path = 0;
  answered = query_path (service, dialect->query_paths[*path], task_id,
      cancellable, reply, NULL, error);
  if (answered && kling_answer_lacks_task (&reply->answer))
    answered = query_other_paths (service, task_id, path, cancellable, reply,
        error);
  return judge_query (service, task_id, answered, reply, error);
}

/**
 * kling_service_query_speech:
 * @service: a service
 * @task_id: what the call that makes speech has returned
 * @cancellable: (nullable): ends it at once
 * @reply: (out caller-allocates): the answer
 * @error: set when %FALSE is returned
 *
 * Asks for speech that was not ready at once. Costs nothing.
 *
 * Returns: whether @reply tells the state of the speech, or has it
 */
gboolean
kling_service_query_speech (KlingService * service, const gchar * task_id,
    GCancellable * cancellable, KlingReply * reply, GError ** error)
{
  gboolean answered;

  memset (reply, 0, sizeof *reply);
  if (!check_id (task_id, error))
    return FALSE;
  answered = query_path (service, service->dialect->speech_query_path, task_id,
      cancellable, reply, NULL, error);
  /* the speech itself says more than a word about it */
  return (answered && reply->answer.audio_id)
      || judge_query (service, task_id, answered, reply, error);
}

/* Goes through the list of tasks, newest first. That a task is not in the part
 * that we read says nothing. */
static gboolean
look_up_in_list (KlingService * service, const gchar * external_id,
    GCancellable * cancellable, gchar ** task_id, GError ** error)
{
  for (guint page = 1; page <= LIST_PAGES; page++) {
    g_autofree gchar *path = g_strdup_printf ("%s?pageNum=%u&pageSize=%d",
        service->dialect->create_path, page, LIST_PAGE_SIZE);
    g_auto (KlingReply) reply = { 0 };
    g_autoptr (GBytes) raw = NULL;

    if (!query_path (service, path, external_id, cancellable, &reply, &raw,
            error))
      return FALSE;
    if (!reply.answer.succeeded) {
      set_query_error (service, &reply.answer, error);
      return FALSE;
    }
    *task_id = kling_answer_find_task (raw, external_id);
    if (*task_id || kling_answer_count_tasks (raw) < LIST_PAGE_SIZE)
      return TRUE;
  }
  g_set_error (error, KLING_ERROR, KLING_ERROR_SERVICE,
      "The service at %s lists more than %d tasks, and the one that is looked"
      " for is not among the newest.", service->shown_base,
      LIST_PAGES * LIST_PAGE_SIZE);
  return FALSE;
}

/**
 * kling_service_look_up:
 * @service: a service whose dialect has external ids
 * @external_id: our own id of a task
 * @cancellable: (nullable): ends it at once
 * @task_id: (out) (transfer full) (nullable): the task that has it; %NULL when
 *   the service knows of none
 * @error: set when %FALSE is returned
 *
 * Looks for a task by our own id of it: by path, then in the list of tasks,
 * because that the path takes it is documented for a sister of this call
 * only (https://klingai.com/document-api/api/video/avatar.md). So what the path
 * refuses says nothing, and that there is no task is said by the list alone. A
 * task counts only when it says that this is its id. Costs nothing.
 *
 * Returns: whether the service has answered
 */
gboolean
kling_service_look_up (KlingService * service, const gchar * external_id,
    GCancellable * cancellable, gchar ** task_id, GError ** error)
{
  g_auto (KlingReply) reply = { 0 };
  g_autoptr (GBytes) raw = NULL;

  *task_id = NULL;
  if (!query_path (service, service->dialect->query_paths[0], external_id,
          cancellable, &reply, &raw, error))
    return FALSE;
  if (reply.answer.succeeded) {
    *task_id = kling_answer_find_task (raw, external_id);
  } else if (reply.answer.status / 100 != 4) {
    set_query_error (service, &reply.answer, error);
    return FALSE;
  }
  return *task_id || look_up_in_list (service, external_id, cancellable,
      task_id, error);
}
