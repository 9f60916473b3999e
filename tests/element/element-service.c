/* klinglipsync tests: a service from a script
 *
 * The functions run on the thread of the test. What goes wrong here fails the
 * test.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <string.h>

#define BASE_MARK "@BASE@"
/* Room for a URL on 127.0.0.1 for each mark */
#define BASE_ROOM 32
#define MAX_STEPS 256

/* Returns: a copy of @text with room for the server's URL, which is known only
 * when the server has started */
static const gchar *
keep_text (KlingTestService * service, const gchar * text)
{
  gsize room = strlen (text) + 1;
  gchar *copy;

  if (strstr (text, BASE_MARK) == NULL)
    return text;
  for (const gchar * at = text; (at = strstr (at, BASE_MARK)); at++)
    room += BASE_ROOM;
  copy = g_malloc0 (room);
  strcpy (copy, text);
  g_ptr_array_add (service->texts, copy);
  return copy;
}

static void
insert_url (KlingTestService * service)
{
  for (guint i = 0; i < service->texts->len; i++) {
    gchar *text = service->texts->pdata[i];
    GString *out = g_string_new (text);

    g_string_replace (out, BASE_MARK, service->url, 0);
    strcpy (text, out->str);
    g_string_free (out, TRUE);
  }
}

static KlingTestStep
keep_step (KlingTestService * service, const KlingTestStep * step)
{
  KlingTestStep kept = *step;

  if (kept.headers)
    kept.headers = keep_text (service, kept.headers);
  if (kept.body && kept.size == 0)
    kept.body = keep_text (service, kept.body);
  return kept;
}

/**
 * kling_test_load_clip:
 * @name: %CLIP_SMALL, %CLIP_TAIL or %CLIP_FACE
 *
 * Returns: (transfer full): its bytes
 */
GBytes *
kling_test_load_clip (const gchar * name)
{
  g_autofree gchar *path = g_build_filename (g_getenv ("KLING_TEST_CLIPS"),
      name, NULL);
  gchar *data;
  gsize size;

  fail_unless (g_file_get_contents (path, &data, &size, NULL),
      "%s is missing: it is made by meson test", path);
  return g_bytes_new_take (data, size);
}

/* What makes every call succeed, by its dialects. The last one is the result. */
static const KlingTestStep good_gateway[] = {
  {.method = "POST",.path = IDENTIFY_PATH,.body = IDENTIFY_OK},
  {.method = "POST",.path = CREATE_PATH,.body = CREATE_OK},
  {.method = "POST",.path = RELAY_SPEECH_PATH,.body = SPEECH_OK},
  {.method = "GET",.path = CREATE_PATH "/",.body = POLL_DONE},
  {.method = "GET",.path = RESULT_PATH},
};

static const KlingTestStep good_official[] = {
  {.method = "POST",.path = OFFICIAL_IDENTIFY_PATH,.body = ONE_FACE},
  {.method = "POST",.path = OFFICIAL_CREATE_PATH,.body = OFFICIAL_CREATED},
  {.method = "POST",.path = OFFICIAL_SPEECH_PATH,.body = SPEECH_OK},
  {.method = "GET",.path = OFFICIAL_CREATE_PATH "/" TEST_TASK,
      .body = OFFICIAL_DONE (TEST_TASK)},
  {.method = "GET",.path = OFFICIAL_CREATE_PATH "?",.body = OFFICIAL_LIST ("")},
  {.method = "GET",.path = RESULT_PATH},
};

/* @good: (array length=n_good): what comes after @steps */
static KlingTestService *
start (const gchar * clip, const KlingTestStep * steps, guint n_steps,
    const KlingTestStep * good, guint n_good)
{
  KlingTestService *service = g_new0 (KlingTestService, 1);
  KlingTestStep all[MAX_STEPS];
  KlingTestStep *result;

  fail_unless (n_steps + n_good <= MAX_STEPS);
  service->texts = g_ptr_array_new_with_free_func (g_free);
  service->clip = kling_test_load_clip (clip);
  service->identify_path = good[0].path;
  service->create_path = good[1].path;
  for (guint i = 0; i < n_steps; i++)
    all[i] = keep_step (service, &steps[i]);
  for (guint i = 0; i < n_good; i++)
    all[n_steps + i] = keep_step (service, &good[i]);
  result = &all[n_steps + n_good - 1];
  result->body = g_bytes_get_data (service->clip, &result->size);

  service->server = kling_test_server_start (all, n_steps + n_good);
  service->url = kling_test_server_url (service->server, "");
  insert_url (service);
  return service;
}

/**
 * kling_test_service_start_clip:
 * @clip: the file that is the result of each task
 * @steps: (array length=n_steps): what comes before all succeeds
 * @n_steps: their number
 *
 * Returns: (transfer full): a service that listens
 */
KlingTestService *
kling_test_service_start_clip (const gchar * clip, const KlingTestStep * steps,
    guint n_steps)
{
  return start (clip, steps, n_steps, good_gateway,
      G_N_ELEMENTS (good_gateway));
}

/**
 * kling_test_service_start:
 * @steps: (array length=n_steps) (nullable): what comes before all succeeds
 * @n_steps: their number
 *
 * Returns: (transfer full): a service of the dialects gateway and relay, whose
 *   results are %CLIP_SMALL
 */
KlingTestService *
kling_test_service_start (const KlingTestStep * steps, guint n_steps)
{
  return kling_test_service_start_clip (CLIP_SMALL, steps, n_steps);
}

/**
 * kling_test_service_start_official:
 * @steps: (array length=n_steps) (nullable): what comes before all succeeds
 * @n_steps: their number
 *
 * It finds one face, speaks texts, knows of %TEST_TASK, and of no task by its
 * external id.
 *
 * Returns: (transfer full): a service of the dialect official, whose results are
 *   %CLIP_SMALL
 */
KlingTestService *
kling_test_service_start_official (const KlingTestStep * steps, guint n_steps)
{
  return start (CLIP_SMALL, steps, n_steps, good_official,
      G_N_ELEMENTS (good_official));
}

/**
 * kling_test_service_stop:
 * @service: (transfer full): a service
 */
void
kling_test_service_stop (KlingTestService * service)
{
  kling_test_server_stop (service->server);
  g_ptr_array_unref (service->texts);
  g_bytes_unref (service->clip);
  g_free (service->url);
  g_free (service);
}

/**
 * kling_test_service_paid:
 * @service: a service
 *
 * Returns: how often a video was asked for, which is what costs
 */
guint
kling_test_service_paid (KlingTestService * service)
{
  return kling_test_server_count (service->server, "POST",
      service->create_path);
}

/**
 * kling_test_service_spoken:
 * @service: a service
 *
 * Returns: how often it was asked to speak a text
 */
guint
kling_test_service_spoken (KlingTestService * service)
{
  return kling_test_server_count (service->server, "POST",
      OFFICIAL_SPEECH_PATH) + kling_test_server_count (service->server, "POST",
      RELAY_SPEECH_PATH);
}

/**
 * kling_test_service_identified:
 * @service: a service
 *
 * Returns: how often it was asked for faces
 */
guint
kling_test_service_identified (KlingTestService * service)
{
  return kling_test_server_count (service->server, "POST",
      service->identify_path);
}

/**
 * kling_test_service_polls:
 * @service: a service
 *
 * Returns: how often it was asked about a task
 */
guint
kling_test_service_polls (KlingTestService * service)
{
  g_autofree gchar *path = g_strconcat (service->create_path, "/", NULL);

  return kling_test_server_count (service->server, "GET", path);
}

/**
 * kling_test_service_check:
 * @service: a service
 * @identified: how many identify calls there must have been
 * @paid: how many create calls there must have been
 */
void
kling_test_service_check (KlingTestService * service, guint identified,
    guint paid)
{
  fail_unless_equals_int (kling_test_service_identified (service), identified);
  fail_unless_equals_int (kling_test_service_paid (service), paid);
}

/**
 * kling_test_service_wait:
 * @service: a service
 * @method: (nullable): only this method
 * @path: (nullable): only paths that start so
 * @n: how many such calls to wait for
 * @milliseconds: how long at most
 *
 * Returns: whether they have come
 */
gboolean
kling_test_service_wait (KlingTestService * service, const gchar * method,
    const gchar * path, guint n, guint milliseconds)
{
  gint64 start = g_get_monotonic_time ();

  while (kling_test_server_count (service->server, method, path) < n) {
    if (kling_test_ms_since (start) > milliseconds)
      return FALSE;
    g_usleep (1000);
  }
  return TRUE;
}

static gboolean
is_of_the_api (const gchar * path)
{
  return g_str_has_prefix (path, "/v1/")
      || g_str_has_prefix (path, "/kling/v1/");
}

/**
 * kling_test_service_check_key:
 * @service: a service
 *
 * Every call of the API must have had the key, and nothing else may have.
 */
void
kling_test_service_check_key (KlingTestService * service)
{
  const KlingTestCall *call;

  for (guint i = 0; (call = kling_test_server_call (service->server, i)); i++) {
    if (is_of_the_api (call->path)) {
      fail_unless_equals_string (call->authorization, "Bearer " TEST_KEY);
    } else {
      fail_unless (strstr (call->head, TEST_KEY) == NULL, "%s", call->head);
    }
  }
}

/**
 * kling_test_service_find:
 * @service: a service
 * @method: (nullable): only this method
 * @path: (nullable): only paths that start so
 *
 * Returns: (transfer none): the last such call; there must be one
 */
const KlingTestCall *
kling_test_service_find (KlingTestService * service, const gchar * method,
    const gchar * path)
{
  const KlingTestCall *call, *found = NULL;

  for (guint i = 0; (call = kling_test_server_call (service->server, i)); i++) {
    if ((method == NULL || g_str_equal (call->method, method))
        && (path == NULL || g_str_has_prefix (call->path, path)))
      found = call;
  }
  fail_unless (found != NULL, "no %s %s has come", method, path);
  return found;
}

/**
 * kling_test_service_get_body:
 * @service: a service
 * @method: (nullable): only this method
 * @path: (nullable): only paths that start so
 *
 * Returns: (transfer none): what the last such call sent
 */
const gchar *
kling_test_service_get_body (KlingTestService * service, const gchar * method,
    const gchar * path)
{
  /* a NUL follows it */
  return g_bytes_get_data (kling_test_service_find (service, method,
          path)->body, NULL);
}
