/* klinglipsync tests: links, good and hostile
 *
 * What a link says, what it cannot say, and that it pays for nothing by itself.
 * What players do with links is in test-players.c.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <string.h>

#define SCHEME "klinglipsync://"
/* a whole request, without its text */
#define VOICE "&voice-id=oversea_male1&voice-language=en"
#define FACE "video-url=https%3A%2F%2Fmedia.example%2Fface.mp4"
#define MAX_LENGTH (16 * 1024)

/* Returns: (transfer full) (nullable): as a player makes it */
static GstElement *
open_link (const gchar * uri, GError ** error)
{
  return gst_element_make_from_uri (GST_URI_SRC, uri, NULL, error);
}

/* Returns: (transfer full) (nullable): the link of the element */
static gchar *
get_uri (GstElement * element)
{
  return gst_uri_handler_get_uri (GST_URI_HANDLER (element));
}

static void
set_uri (GstElement * element, const gchar * uri)
{
  g_autoptr (GError) error = NULL;

  fail_unless (gst_uri_handler_set_uri (GST_URI_HANDLER (element), uri,
          &error), "%s: %s", uri, error ? error->message : "");
}

/* ---- what a link says ---- */

/* *INDENT-OFF* */
static const struct
{
  const gchar *uri;
  const gchar *canonical;       /* NULL: the same */
} good[] = {
  {SCHEME "task/task-1", NULL},
  {SCHEME "task/A.b_c-9", NULL},
  {"KlingLipsync://task/a%2Db", SCHEME "task/a-b"},
  {SCHEME "task/a?", SCHEME "task/a"},
  {SCHEME "?task-id=850508686686064678", SCHEME "task/850508686686064678"},
  {SCHEME "?text=Hello", NULL},
  {SCHEME "/?text=Hello", SCHEME "?text=Hello"},
  /* the order of the table, not of the link */
  {SCHEME "?voice-language=en&voice-id=oversea_male1&text=Hi&video-id=v1",
      SCHEME "?video-id=v1&text=Hi" VOICE},
  /* as people write it, and as it has to be */
  {SCHEME "?text=Good evening, it's \xe4\xbd\xa0!",
      SCHEME "?text=Good%20evening%2C%20it%27s%20%E4%BD%A0%21"},
  {SCHEME "?text=%e4%bd%a0%E5%A5%BD", SCHEME "?text=%E4%BD%A0%E5%A5%BD"},
  {SCHEME "?text=1+1%2B1&take=a+b", SCHEME "?text=1%2B1%2B1&take=a%2Bb"},
  {SCHEME "?text=a%26b%3Dc=d%25%23%0A?/:", SCHEME
      "?text=a%26b%3Dc%3Dd%25%23%0A%3F%2F%3A"},
  {SCHEME "?%74ext=x", SCHEME "?text=x"},
  /* a signature is part of what was given */
  {SCHEME "?video-url=https%3A%2F%2Fa.example%2Ff.mp4%3Fsig%3D1%262", NULL},
  {SCHEME "?face-image-url=https://a.example/f.png?sig=1", SCHEME
      "?face-image-url=https%3A%2F%2Fa.example%2Ff.png%3Fsig%3D1"},
  /* times are seconds, factors have hundredths; what is default is not there */
  {SCHEME "?text=x&audio-start=0&audio-end=3.50&insert-time=0", SCHEME
      "?text=x&audio-end=3.5&insert-time=0"},
  {SCHEME "?audio-end=86400&audio-start=0.000000001", SCHEME
      "?audio-start=0.000000001&audio-end=86400"},
  {SCHEME "?text=x&voice-speed=1.25&audio-volume=2&original-audio-volume=0.0",
      SCHEME "?text=x&voice-speed=1.25&audio-volume=2&original-audio-volume=0"},
  {SCHEME "?text=x&voice-speed=1.0&audio-volume=1.00&watermark=false",
      SCHEME "?text=x"},
  {SCHEME "?text=x&voice-speed=1.07&watermark=true", NULL},
  {SCHEME "?session-id=1&face-id=0&audio-id=a&audio-url=b&take=second", SCHEME
      "?session-id=1&face-id=0&audio-url=b&audio-id=a&take=second"},
  /* an empty string is unset, as everywhere */
  {SCHEME "?text=x&face-id=", SCHEME "?text=x"},
};
/* *INDENT-ON* */

GST_START_TEST (test_good)
{
  const gchar *canonical = good[__i__].canonical ? good[__i__].canonical
      : good[__i__].uri;
  const gchar *uris[] = { good[__i__].uri, canonical };

  for (guint i = 0; i < G_N_ELEMENTS (uris); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GstElement) element = open_link (uris[i], &error);
    g_autofree gchar *uri = NULL;

    fail_unless (element != NULL, "%s: %s", uris[i],
        error ? error->message : "");
    gst_object_ref_sink (element);
    uri = get_uri (element);
    fail_unless_equals_string (uri, canonical);
  }
}

GST_END_TEST;

/* What the link says is what the properties say. */
GST_START_TEST (test_values)
{
  g_autoptr (GstElement) element = open_link (SCHEME "?text=1+1%20%E4%BD%A0"
      "&audio-start=1.5&audio-end=3.000000001&voice-speed=0.8&watermark=true"
      "&" FACE "%3Fsig%3D1", NULL);
  g_autofree gchar *text = NULL, *video = NULL;
  guint64 start, end, insert;
  gdouble speed, volume;
  gboolean watermark;

  gst_object_ref_sink (element);
  g_object_get (element, "text", &text, "video-url", &video, "audio-start",
      &start, "audio-end", &end, "insert-time", &insert, "voice-speed", &speed,
      "audio-volume", &volume, "watermark", &watermark, NULL);
  fail_unless_equals_string (text, "1+1 \xe4\xbd\xa0");
  fail_unless_equals_string (video, "https://media.example/face.mp4");
  fail_unless_equals_uint64 (start, 1500 * GST_MSECOND);
  fail_unless_equals_uint64 (end, 3 * GST_SECOND + 1);
  fail_unless_equals_uint64 (insert, GST_CLOCK_TIME_NONE);
  fail_unless_equals_float (speed, 0.8);
  fail_unless_equals_float (volume, 1.0);
  fail_unless (watermark);
}

GST_END_TEST;

/* ---- what it cannot say ---- */

#define CANNOT(name) {SCHEME "?text=x&" name "=1", \
  "A link cannot set \"" name "\". It can set task-id, session-id, video-url"}
#define ID_128 "0123456789abcdef0123456789abcdef0123456789abcdef" \
  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" \
  "0123456789abcdef"

/* *INDENT-OFF* */
static const struct
{
  const gchar *uri;
  const gchar *words;
} bad[] = {
  CANNOT ("base-url"), CANNOT ("dialect"), CANNOT ("api-key"),
  CANNOT ("access-key"), CANNOT ("secret-key"), CANNOT ("credentials-file"),
  CANNOT ("credentials-source"), CANNOT ("extra-headers"),
  CANNOT ("user-agent"), CANNOT ("proxy"), CANNOT ("tls-database"),
  CANNOT ("timeout"), CANNOT ("upload"), CANNOT ("upload-public-url"),
  CANNOT ("upload-headers"), CANNOT ("upload-cleanup"),
  CANNOT ("external-task-id"), CANNOT ("callback-url"),
  CANNOT ("poll-interval"), CANNOT ("task-timeout"), CANNOT ("store"),
  CANNOT ("store-limit"), CANNOT ("store-max-age"), CANNOT ("max-tasks"),
  CANNOT ("dry-run"), CANNOT ("uri-may-pay"), CANNOT ("status"),
  CANNOT ("current-task-id"), CANNOT ("result-location"), CANNOT ("name"),
  CANNOT ("parent"), CANNOT ("async-handling"), CANNOT ("message-forward"),
  CANNOT ("nothing-like-it"), CANNOT ("Text"),
  CANNOT ("video_url"), CANNOT (""),
  {SCHEME "?%20text=x", "cannot set \"text\""},
  {SCHEME "?text=x&%62ase-url=https%3A%2F%2Fevil.example",
      "cannot set \"base-url\""},
  {SCHEME "?text=x&base%2Durl%00=1", "is no text"},
  {SCHEME "?video-url=https://a.example/f.mp4?a=1&sig=2",
      "cannot set \"sig\". "},
  {SCHEME "?video-url=https://a.example/f.mp4?a=1&sig=2", "written %26"},
  /* twice, both, neither */
  {SCHEME "?text=x&text=x", "sets text twice"},
  {SCHEME "?text=x&%74ext=y", "sets text twice"},
  {SCHEME "task/a?text=x", "names a task"},
  {SCHEME "?text=x&task-id=a", "names a task"},
  {SCHEME "task/a?watermark=true", "names a task"},
  {SCHEME "task/a?task-id=b", "sets task-id twice"},
  {SCHEME, "says nothing"},
  {SCHEME "/", "says nothing"},
  {SCHEME "?", "says nothing"},
  {SCHEME "?text", "not NAME=VALUE"},
  {SCHEME "?text=x&", "not NAME=VALUE"},
  {SCHEME "?&text=x", "not NAME=VALUE"},
  /* other places, other ways */
  {SCHEME "host/?text=x", "none of klinglipsync"},
  {SCHEME "user:pw@host:80/?text=x", "none of klinglipsync"},
  {SCHEME "tasks/a", "none of klinglipsync"},
  {SCHEME "Task/a", "none of klinglipsync"},
  {SCHEME "task", "none of klinglipsync"},
  {SCHEME "a b", "none of klinglipsync"},
  {"klinglipsync:?text=x", "does not begin with"},
  {"klinglipsync:/task/a", "does not begin with"},
  {SCHEME "?text=x#y", "written %23"},
  {SCHEME "task/a#y", "written %23"},
  /* what a task id is (it becomes part of a path) */
  {SCHEME "task/", "is no task id"},
  {SCHEME "?task-id=", "is no task id"},
  {SCHEME "task/.", "is no task id"},
  {SCHEME "task/..", "is no task id"},
  {SCHEME "task/%2e%2e", "is no task id"},
  {SCHEME "task/../../user/token", "is no task id"},
  {SCHEME "task/a%2F..%2Fb", "is no task id"},
  {SCHEME "?task-id=..%2F..%2Fuser%2Ftoken", "is no task id"},
  {SCHEME "task/a b", "is no task id"},
  {SCHEME "task/\xe4\xbd\xa0", "is no task id"},
  {SCHEME "task/" ID_128 "0", "is no task id"},
  {SCHEME "task/a%00b", "is no text"},
  /* what text is */
  {SCHEME "?text=a%00b", "is no text"},
  {SCHEME "?text=%", "is no text"},
  {SCHEME "?text=%2", "is no text"},
  {SCHEME "?text=%zz", "is no text"},
  {SCHEME "?text=100% sure", "is no text"},
  {SCHEME "?text=%ff%fe", "is no text"},
  {SCHEME "?text=%C0%80", "is no text"},
  {SCHEME "?text=%ED%A0%80", "is no text"},
  {SCHEME "?te%ffxt=a", "is no text"},
  /* seconds */
  {SCHEME "?audio-end=3500000000", "\"3500000000\" is no audio-end: in a link"
      " it is a time in seconds like 3.5"},
  {SCHEME "?audio-end=86400.000000001", "is no audio-end"},
  {SCHEME "?audio-end=99999999999999999999999", "is no audio-end"},
  {SCHEME "?audio-end=18446744073709551615", "is no audio-end"},
  {SCHEME "?audio-end=-1", "is no audio-end"},
  {SCHEME "?audio-end=+1", "is no audio-end"},
  {SCHEME "?audio-end=", "is no audio-end"},
  {SCHEME "?audio-end=3.", "is no audio-end"},
  {SCHEME "?audio-end=.5", "is no audio-end"},
  {SCHEME "?audio-end=3,5", "is no audio-end"},
  {SCHEME "?audio-end=1e1", "is no audio-end"},
  {SCHEME "?audio-end=0x10", "is no audio-end"},
  {SCHEME "?audio-end= 3", "is no audio-end"},
  {SCHEME "?audio-end=3s", "is no audio-end"},
  {SCHEME "?audio-end=0:00:03", "is no audio-end"},
  {SCHEME "?audio-end=1.0000000001", "is no audio-end"},
  {SCHEME "?audio-end=nan", "is no audio-end"},
  {SCHEME "?audio-start=none", "is no audio-start"},
  {SCHEME "?insert-time=18446744073709551615", "is no insert-time"},
  /* factors */
  {SCHEME "?voice-speed=0.79", "\"0.79\" is no voice-speed: that is a factor"
      " from 0.8 to 2.0"},
  {SCHEME "?voice-speed=2.01", "is no voice-speed"},
  {SCHEME "?voice-speed=1.005", "is no voice-speed"},
  {SCHEME "?voice-speed=", "is no voice-speed"},
  {SCHEME "?voice-speed=fast", "is no voice-speed"},
  {SCHEME "?audio-volume=2.01", "is no audio-volume"},
  {SCHEME "?audio-volume=-0", "is no audio-volume"},
  {SCHEME "?original-audio-volume=inf", "is no original-audio-volume"},
  {SCHEME "?original-audio-volume=1e-5", "is no original-audio-volume"},
  /* switches */
  {SCHEME "?watermark=", "is no watermark"},
  {SCHEME "?watermark=1", "is no watermark"},
  {SCHEME "?watermark=TRUE", "is no watermark"},
  {SCHEME "?watermark=yes", "is no watermark"},
};
/* *INDENT-ON* */

/* A link that is refused leaves everything as it was. */
static void
check_refused (GstElement * element, const gchar * uri, const gchar * words)
{
  g_autofree gchar *before = get_uri (element);
  g_autofree gchar *after = NULL;
  g_autoptr (GError) error = NULL;

  fail_if (gst_uri_handler_set_uri (GST_URI_HANDLER (element), uri, &error),
      "%s was accepted", uri);
  fail_unless (g_error_matches (error, GST_URI_ERROR, GST_URI_ERROR_BAD_URI),
      "%s: %s", uri, error->message);
  kling_test_check_contains (error->message, words);
  fail_unless (g_utf8_validate (error->message, -1, NULL));
  after = get_uri (element);
  fail_unless_equals_string (before, after);
}

GST_START_TEST (test_bad)
{
  GstElement *element = gst_check_setup_element ("klinglipsync");
  g_autoptr (GError) error = NULL;

  set_uri (element, SCHEME "?" FACE "&text=Before.&take=7" VOICE);
  check_refused (element, bad[__i__].uri, bad[__i__].words);
  fail_unless (open_link (bad[__i__].uri, &error) == NULL);
  fail_unless (error != NULL);
  gst_check_teardown_element (element);
}

GST_END_TEST;

/* A sentence with somebody else's words in it stays a sentence. */
GST_START_TEST (test_shown)
{
  GstElement *element = gst_check_setup_element ("klinglipsync");
  g_autofree gchar *letters = g_strnfill (1000, 'a');
  g_autofree gchar *uri = g_strdup_printf (SCHEME "?x%%0A%%1B[31m%s=1",
      letters);
  g_autoptr (GError) error = NULL;

  fail_if (gst_uri_handler_set_uri (GST_URI_HANDLER (element), uri, &error));
  fail_unless (strlen (error->message) < 500);
  fail_unless (strpbrk (error->message, "\n\033") == NULL);
  gst_check_teardown_element (element);
}

GST_END_TEST;

GST_START_TEST (test_length)
{
  GstElement *element = gst_check_setup_element ("klinglipsync");
  g_autoptr (GString) uri = g_string_new (SCHEME "?text=");
  g_autofree gchar *text = NULL;

  while (uri->len < MAX_LENGTH)
    g_string_append_c (uri, 'a');
  set_uri (element, uri->str);
  text = get_uri (element);
  fail_unless_equals_string (text, uri->str);
  g_string_append_c (uri, 'a');
  check_refused (element, uri->str, "more than 16384 bytes");
  gst_check_teardown_element (element);
}

GST_END_TEST;

/* ---- one link after another ---- */

/* Each replaces all of the one before, and touches nothing else. */
GST_START_TEST (test_replace)
{
  GstElement *element = gst_check_setup_element ("klinglipsync");
  g_autofree gchar *one = NULL, *two = NULL, *three = NULL, *url = NULL;
  guint64 interval;

  g_object_set (element, "base-url", "https://service.example", "text",
      "by hand", "poll-interval", 7 * GST_SECOND, NULL);
  set_uri (element, SCHEME "?video-id=v&audio-id=a&audio-end=4&audio-start=1"
      "&audio-volume=0.5&voice-speed=2&watermark=true&take=t");
  one = get_uri (element);
  fail_unless_equals_string (one, SCHEME "?video-id=v&voice-speed=2"
      "&audio-id=a&audio-start=1&audio-end=4&audio-volume=0.5&watermark=true"
      "&take=t");
  set_uri (element, SCHEME "task/t1");
  two = get_uri (element);
  fail_unless_equals_string (two, SCHEME "task/t1");
  set_uri (element, SCHEME "?text=x");
  three = get_uri (element);
  fail_unless_equals_string (three, SCHEME "?text=x");

  g_object_get (element, "base-url", &url, "poll-interval", &interval, NULL);
  fail_unless_equals_string (url, "https://service.example");
  fail_unless_equals_uint64 (interval, 7 * GST_SECOND);
  gst_check_teardown_element (element);
}

GST_END_TEST;

/* What the application changes later is in the link. */
GST_START_TEST (test_changed_later)
{
  GstElement *element = gst_check_setup_element ("klinglipsync");
  g_autofree gchar *changed = NULL, *none = NULL;

  set_uri (element, SCHEME "?text=x&voice-id=a");
  g_object_set (element, "voice-id", "b", "audio-volume", 1.29, NULL);
  changed = get_uri (element);
  fail_unless_equals_string (changed, SCHEME "?text=x&voice-id=b"
      "&audio-volume=1.29");
  g_object_set (element, "text", NULL, "voice-id", NULL, "audio-volume", 1.0,
      NULL);
  none = get_uri (element);
  fail_unless (none == NULL);
  gst_check_teardown_element (element);
}

GST_END_TEST;

static const GstState busy_states[] = { GST_STATE_PAUSED, GST_STATE_PLAYING };

GST_START_TEST (test_bad_state)
{
  static const KlingTestStep steps[] = {
    {.method = "POST",.path = IDENTIFY_PATH,.act = KLING_TEST_HANG},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");
  g_autoptr (GError) error = NULL;
  g_autofree gchar *text = NULL;

  kling_test_run_set (run, GST_STATE_READY);
  set_uri (run->lipsync, SCHEME "?" FACE "&text=In%20READY." VOICE);
  g_object_set (run->lipsync, "uri-may-pay", TRUE, NULL);
  kling_test_run_set (run, busy_states[__i__]);
  fail_if (gst_uri_handler_set_uri (GST_URI_HANDLER (run->lipsync), SCHEME
          "task/a", &error));
  fail_unless (g_error_matches (error, GST_URI_ERROR, GST_URI_ERROR_BAD_STATE));
  kling_test_check_contains (error->message, "NULL and READY");
  g_object_get (run->lipsync, "text", &text, NULL);
  fail_unless_equals_string (text, "In READY.");
  kling_test_run_set (run, GST_STATE_NULL);
  set_uri (run->lipsync, SCHEME "task/a");
}

GST_END_TEST;

/* Whoever opens it makes no pads: it says all, or it is an error at once. */
GST_START_TEST (test_incomplete)
{
  static const gchar *const links[] = {
    SCHEME "?text=Nobody%20says%20this." VOICE, SCHEME "?" FACE,
    SCHEME "?take=2",
  };
  g_autoptr (KlingTestRun) run = kling_test_run_new ("http://127.0.0.1:1",
      "fakesink");

  for (guint i = 0; i < G_N_ELEMENTS (links); i++) {
    set_uri (run->lipsync, links[i]);
    kling_test_run_refused (run, GST_STATE_READY);
    kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
            GST_RESOURCE_ERROR_SETTINGS), "The link does not say all");
    kling_test_run_set (run, GST_STATE_NULL);
    kling_test_run_clear (run);
  }
}

GST_END_TEST;

/* ---- who pays ---- */

#define LINK SCHEME "?" FACE "%3Fsignature%3D1&text=Hello%20there." VOICE
#define SHOWN_LINK SCHEME "?" FACE "&text=Hello%20there." VOICE

/* An element that was made for a link, and knows where the service is */
static KlingTestRun *
make_linked_run (KlingTestService * service)
{
  KlingTestRun *run = kling_test_run_new (service->url, "fakesink");

  g_object_set (run->lipsync, "poll-interval", 100 * GST_MSECOND, NULL);
  set_uri (run->lipsync, LINK);
  return run;
}

static void
play (KlingTestRun * run)
{
  kling_test_run_set (run, GST_STATE_READY);
  kling_test_run_clear (run);
  kling_test_run_set (run, GST_STATE_PLAYING);
}

static const gchar *const refusals[] = { NULL, "", "0", "yes", "11", " 1" };

/* Not a byte leaves this machine. */
GST_START_TEST (test_may_not_pay)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = make_linked_run (service);
  const gchar *text;

  if (refusals[__i__])
    g_setenv ("KLING_URI_MAY_PAY", refusals[__i__], TRUE);
  else
    g_unsetenv ("KLING_URI_MAY_PAY");
  play (run);
  text = kling_test_run_error (run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS);
  kling_test_check_contains (text, "KLING_URI_MAY_PAY=1");
  kling_test_check_contains (text, "the property uri-may-pay");
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), 0);
}

GST_END_TEST;

/* Nor may what a link asks for be read before it is allowed. */
GST_START_TEST (test_may_not_read)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (NULL, 0);
  g_autoptr (KlingTestRun) run = make_linked_run (service);
  g_autofree gchar *audio = g_uri_escape_string (service->url, NULL, FALSE);
  g_autofree gchar *uri = g_strconcat (SCHEME "?" FACE "&audio-url=", audio,
      "%2Fspeech.mp3", NULL);

  kling_test_run_use_dialect (run, "official");
  set_uri (run->lipsync, uri);
  play (run);
  kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_SETTINGS), "KLING_URI_MAY_PAY=1");
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), 0);
}

GST_END_TEST;

static void
check_played (KlingTestRun * run, KlingTestService * service)
{
  g_autoptr (GBytes) data = NULL;

  kling_test_run_eos (run);
  data = kling_test_run_get_data (run);
  fail_unless (g_bytes_equal (data, service->clip));
  kling_test_service_check (service, 1, 1);
}

/* By the environment or by the property; and what is there is played without. */
GST_START_TEST (test_may_pay)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = make_linked_run (service);

  if (__i__)
    g_setenv ("KLING_URI_MAY_PAY", "1", TRUE);
  else
    g_object_set (run->lipsync, "uri-may-pay", TRUE, NULL);
  play (run);
  check_played (run, service);

  g_unsetenv ("KLING_URI_MAY_PAY");
  g_object_set (run->lipsync, "uri-may-pay", FALSE, NULL);
  play (run);
  check_played (run, service);
}

GST_END_TEST;

/* An application cannot lose by accident what it has not said: a link stays a
 * link, whatever is set beside it. */
GST_START_TEST (test_still_a_link)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = make_linked_run (service);

  g_object_set (run->lipsync, "text", "Something else.", NULL);
  play (run);
  kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_SETTINGS), "KLING_URI_MAY_PAY=1");
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), 0);
}

GST_END_TEST;

/* ---- what is told of it ---- */

/* Returns: (transfer full) (nullable): what downstream is answered */
static gchar *
query_uri (GstPad * pad)
{
  g_autoptr (GstQuery) query = gst_query_new_uri ();
  gchar *uri = NULL;

  if (gst_pad_query (pad, query))
    gst_query_parse_uri (query, &uri);
  return uri;
}

static void
check_uris (KlingTestRun * run, const gchar * own, const gchar * shown)
{
  g_autofree gchar *uri = get_uri (run->lipsync);
  g_autofree gchar *answer = query_uri (run->src);

  fail_unless_equals_string (uri, own);
  fail_unless_equals_string (answer, shown);
}

/* An element that was set up by properties has the link of its task. */
GST_START_TEST (test_uri_of_properties)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");

  check_uris (run, NULL, NULL);
  g_setenv ("KLING_URI_MAY_PAY", "0", TRUE);
  play (run);
  kling_test_run_eos (run);
  check_uris (run, SCHEME "task/" TEST_TASK, SCHEME "task/" TEST_TASK);
}

GST_END_TEST;

/* A signed URL goes to who gave it, and to nobody else. What is shown instead is
 * always the same, because the ids of streams are made of it. */
GST_START_TEST (test_uri_of_link)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = make_linked_run (service);

  check_uris (run, LINK, SHOWN_LINK);
  g_object_set (run->lipsync, "uri-may-pay", TRUE, NULL);
  play (run);
  kling_test_run_eos (run);
  check_uris (run, LINK, SHOWN_LINK);

  kling_test_run_set (run, GST_STATE_NULL);
  set_uri (run->lipsync, SCHEME "?" FACE "&text=x" VOICE);
  check_uris (run, SCHEME "?" FACE "&text=x" VOICE, SCHEME "?" FACE "&text=x"
      VOICE);
}

GST_END_TEST;

static Suite *
uri_suite (void)
{
  Suite *suite = suite_create ("uri");
  TCase *tcase = tcase_create ("uri");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_good, 0, G_N_ELEMENTS (good));
  tcase_add_test (tcase, test_values);
  tcase_add_loop_test (tcase, test_bad, 0, G_N_ELEMENTS (bad));
  tcase_add_test (tcase, test_shown);
  tcase_add_test (tcase, test_length);
  tcase_add_test (tcase, test_replace);
  tcase_add_test (tcase, test_changed_later);
  tcase_add_loop_test (tcase, test_bad_state, 0, G_N_ELEMENTS (busy_states));
  tcase_add_test (tcase, test_incomplete);
  tcase_add_loop_test (tcase, test_may_not_pay, 0, G_N_ELEMENTS (refusals));
  tcase_add_test (tcase, test_may_not_read);
  tcase_add_loop_test (tcase, test_may_pay, 0, 2);
  tcase_add_test (tcase, test_still_a_link);
  tcase_add_test (tcase, test_uri_of_properties);
  tcase_add_test (tcase, test_uri_of_link);
  return suite;
}

GST_CHECK_MAIN (uri);
