/* klinglipsync: tests of calls that libsoup sends again
 *
 * What costs nothing may go out over a kept connection, and once more when that
 * one breaks. Here the break, and then the answer, is there as soon as the
 * request has left, which takes luck on an idle machine and happens on a busy
 * one: whoever sends is held up just then.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>
#include <libsoup/soup.h>

#include "kling-clock.h"
#include "kling-http.h"
#include "kling-testserver.h"

/* For the server to answer, in microseconds of the machine */
#define HELD_UP (300 * 1000)
#define MINUTE (60 * KLING_SECOND)

typedef struct
{
  KlingHttp *http;
  gchar *url;
} Call;

/* Returns: whether there was an answer */
static gboolean
call (const Call * call)
{
  KlingHttpRequest request = {.method = "GET",.url = call->url,
    .timeout = 20 * MINUTE
  };
  g_auto (KlingHttpAnswer) answer = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean answered = kling_http_call (call->http, &request, NULL, &answer,
      &error);

  if (error)
    g_printerr ("%s\n", error->message);
  return answered;
}

static gpointer
call_in_thread (gpointer data)
{
  return GINT_TO_POINTER (call (data));
}

/* Two at a time take two connections, which are kept. */
static void
open_two (const Call * slow)
{
  GThread *threads[2];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("caller", call_in_thread, (gpointer) slow);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    fail_unless (g_thread_join (threads[i]) != NULL);
}

/* On the worker, between the request and the first look for its answer */
static gboolean
hold_up (GSignalInvocationHint * hint, guint n_values, const GValue * values,
    gpointer user_data)
{
  g_usleep (HELD_UP);
  return TRUE;
}

GST_START_TEST (test_broken_at_once)
{
  static const KlingTestStep steps[] = {
    {.path = "/slow",.body = "{}",.delay = 500},
    {.path = "/",.times = 1,.act = KLING_TEST_RESET},
    {.path = "/",.body = "{}"},
  };
  g_autoptr (KlingTestServer) server = kling_test_server_start (steps,
      G_N_ELEMENTS (steps));
  g_autoptr (GError) error = NULL;
  KlingHttp *http = kling_http_new (NULL, NULL, "kling-test/1", &error);
  g_autofree gchar *slow_url = kling_test_server_url (server, "/slow");
  g_autofree gchar *url = kling_test_server_url (server, "/here");
  Call slow = { http, slow_url }, broken = { http, url };
  gulong hook;

  fail_unless (http != NULL, "%s", error ? error->message : "");
  open_two (&slow);
  fail_unless_equals_int (kling_test_server_count_connections (server), 2);
  hook = g_signal_add_emission_hook (g_signal_lookup ("wrote-body",
          SOUP_TYPE_MESSAGE), 0, hold_up, NULL, NULL);
  fail_unless (call (&broken));
  g_signal_remove_emission_hook (g_signal_lookup ("wrote-body",
          SOUP_TYPE_MESSAGE), hook);
  fail_unless_equals_int (kling_test_server_count (server, NULL, "/here"), 2);
  fail_unless_equals_int (kling_test_server_count_connections (server), 2);

  kling_http_unref (http);
  fail_unless (kling_http_wait_for_end (kling_clock_after (20 * MINUTE)));
}

GST_END_TEST;

static Suite *
http_restart_suite (void)
{
  Suite *suite = suite_create ("http-restart");
  TCase *tcase = tcase_create ("http-restart");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_broken_at_once);
  return suite;
}

GST_CHECK_MAIN (http_restart);
