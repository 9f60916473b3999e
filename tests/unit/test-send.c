/* klinglipsync: tests of sending a body
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "upload-case.h"


/* An answer that drips never meets the timeout of the socket. */
GST_START_TEST (test_drip)
{
  static const KlingTestStep steps[] = {
    {"PUT",.act = KLING_TEST_RAW,.drip = 500,.block = 1,
        .body = "HTTP/1.1 200 OK with a reason that takes more than a minute,"
          " because there is no end to what it says, and it says it slowly"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (10);
  gint64 begun = g_get_monotonic_time ();
  KlingHttpParcel parcel = { "PUT" };
  g_auto (KlingHttpAnswer) answer = { 0 };
  g_autofree gchar *url = kling_test_server_url (server, "/secret?planted");

  parcel.url = url;
  parcel.timeout = CASE_TIMEOUT;
  parcel.deadline = kling_clock_after (90 * KLING_SECOND);
  fail_if (kling_http_send (c->http, &parcel, NULL, &answer, &c->error));
  case_check_error (c, KLING_ERROR_TIMED_OUT, "in time");
  fail_if (strstr (c->error->message, "secret"));
  fail_unless (answer.sent && answer.sent_all);
  fail_unless (g_get_monotonic_time () - begun < 20 * G_USEC_PER_SEC);
}

GST_END_TEST;

GST_START_TEST (test_send_answers)
{
  g_autofree gchar *large = g_strnfill (KLING_HTTP_MAX_ANSWER + 1, 'x');
  KlingTestStep steps[] = {
    {"POST", "/ok",.status = 202,.body = "fine",
        .headers = "Retry-After: 7\r\nSet-Cookie: a=b\r\n"},
    {"POST", "/large",.body = large},
    {"POST", "/hang",.act = KLING_TEST_HANG},
    {"POST", "/moved",.status = 308,.headers = "Location: /ok\r\n"},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (0);
  g_autofree gchar *ok = kling_test_server_url (server, "/ok");
  g_autofree gchar *too_large = kling_test_server_url (server, "/large");
  g_autofree gchar *hang = kling_test_server_url (server, "/hang");
  g_autofree gchar *moved = kling_test_server_url (server, "/moved");
  g_autoptr (GBytes) one = g_bytes_new_static ("one,", 4);
  g_autoptr (GBytes) none = g_bytes_new_static ("", 0);
  g_autoptr (GBytes) two = g_bytes_new_static ("two", 3);
  GBytes *body[] = { one, none, two, NULL };
  KlingHttpParcel parcel = { "POST", ok, NULL, "text/plain", body, CASE_TIMEOUT,
    KLING_NEVER
  };
  g_auto (KlingHttpAnswer) answer = { 0 };
  const KlingTestCall *call;

  fail_unless (kling_http_send (c->http, &parcel, NULL, &answer, NULL));
  fail_unless_equals_int (answer.status, 202);
  fail_unless_equals_int64 (answer.retry_after, 7 * KLING_SECOND);
  fail_unless_equals_int (g_bytes_get_size (answer.body), 4);
  fail_unless (answer.sent && answer.sent_all);
  call = kling_test_server_call (server, 0);
  fail_unless_equals_string (g_bytes_get_data (call->body, NULL), "one,two");
  fail_unless (strstr (call->head, "Content-Length: 7\r\n"));
  fail_unless (strstr (call->head, "HTTP/1.1\r\n"));
  kling_http_answer_clear (&answer);

  parcel.url = moved;
  fail_unless (kling_http_send (c->http, &parcel, NULL, &answer, NULL));
  fail_unless_equals_int (answer.status, 308);
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 2);
  fail_if (strstr (kling_test_server_call (server, 1)->head, "Cookie"));
  kling_http_answer_clear (&answer);

  parcel.url = too_large;
  fail_if (kling_http_send (c->http, &parcel, NULL, &answer, &c->error));
  case_check_error (c, KLING_ERROR_SERVICE, "more than 1048576 bytes");
  g_clear_error (&c->error);

  parcel.url = hang;
  parcel.timeout = KLING_SECOND;
  fail_if (kling_http_send (c->http, &parcel, NULL, &answer, &c->error));
  case_check_error (c, KLING_ERROR_TIMED_OUT, "does not answer in time");
}

GST_END_TEST;

static Suite *
send_suite (void)
{
  Suite *s = suite_create ("send");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_drip);
  tcase_add_test (tc, test_send_answers);
  return s;
}

int
main (int argc, char **argv)
{
  g_setenv ("KLING_TEST_SPEED", CASE_SPEED, TRUE);
  gst_check_init (&argc, &argv);
  return gst_check_run_suite (send_suite (), "send", __FILE__);
}
