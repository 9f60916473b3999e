/* klinglipsync: tests of what an answer says was made and found
 *
 * The rows are those of the services' documents and of answers seen in the
 * wild, and what a service might send instead.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "kling-answer.h"

static void
read_answer (KlingAnswer * answer, const gchar * body)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (body, strlen (body));

  kling_answer_read (answer, 200, bytes);
  fail_unless (answer->is_json);
}

/* --- the result --- */

#define RESULT "{\"task_result\":{\"videos\":[{\"id\":\"1\",\"url\":" \
  "\"https://cdn/v.mp4?sig=a%2Fb\",\"duration\":\"5.041\"}]}}"

static const struct
{
  const gchar *body;
  const gchar *url;
} urls[] = {
  /* each depth, and one more than is known */
  {RESULT, "https://cdn/v.mp4?sig=a%2Fb"},
  {"{\"data\":" RESULT "}", "https://cdn/v.mp4?sig=a%2Fb"},
  {"{\"data\":{\"data\":" RESULT "}}", "https://cdn/v.mp4?sig=a%2Fb"},
  {"{\"data\":{\"data\":{\"data\":" RESULT "}}}",
      "https://cdn/v.mp4?sig=a%2Fb"},
  {"{\"data\":{\"data\":{\"data\":{\"data\":" RESULT "}}}}",
      "https://cdn/v.mp4?sig=a%2Fb"},
  {"{\"data\":{\"data\":{\"data\":{\"data\":{\"data\":" RESULT "}}}}}", NULL},
  /* the first level that has one */
  {"{\"data\":{\"task_result\":{},\"data\":" RESULT "}}",
      "https://cdn/v.mp4?sig=a%2Fb"},
  {"{\"data\":{\"task_result\":null,\"data\":" RESULT "}}",
      "https://cdn/v.mp4?sig=a%2Fb"},
  {"{\"data\":{\"task_result\":{\"videos\":[]},\"data\":" RESULT "}}",
      "https://cdn/v.mp4?sig=a%2Fb"},
  {"{\"data\":{\"task_result\":{\"videos\":[{\"url\":\"https://outer\"}]},"
        "\"data\":" RESULT "}}", "https://outer"},
  {"{\"data\":{\"task_result\":{\"videos\":[{},{\"url\":\"https://2\"}]}}}",
      "https://2"},
  /* the other places, in their order */
  {"{\"data\":{\"task_result\":{\"video_url\":\"https://a\"},\"result_url\":"
        "\"https://b\"}}", "https://a"},
  {"{\"data\":{\"result_url\":\"https://b\",\"metadata\":{\"url\":"
        "\"https://c\"}}}", "https://b"},
  {"{\"metadata\":{\"url\":\"https://c\"},\"video_url\":\"https://d\"}",
      "https://c"},
  {"{\"video_url\":\"https://d\",\"data\":{\"status\":\"SUCCESS\","
        "\"fail_reason\":\"https://e\"}}", "https://d"},
  {"{\"data\":{\"status\":\"SUCCESS\",\"fail_reason\":\"https://e\"}}",
      "https://e"},
  {"{\"data\":{\"status\":\"SUCCESS\",\"fail_reason\":\"HTTP://e\"}}",
      "HTTP://e"},
  {"{\"data\":{\"status\":\"FAILURE\",\"fail_reason\":\"https://e\"}}", NULL},
  {"{\"data\":{\"status\":\"SUCCESS\",\"fail_reason\":\"too late\"}}", NULL},
  {"{\"data\":[{\"id\":\"1\",\"status\":\"succeeded\",\"outputs\":[{\"url\":"
        "\"https://o\"}]}]}", "https://o"},
  /* the service documents "<string>" and sends "" */
  {"{\"data\":{\"task_result\":{\"videos\":[{\"url\":\"\"}]}}}", NULL},
  {"{\"data\":{\"task_result\":{\"videos\":[{\"url\":\"<string>\"}]}}}", NULL},
  {"{\"data\":{\"task_result\":{\"videos\":[{\"url\":\"file:///etc\"}]}}}",
      NULL},
  {"{\"data\":{\"task_result\":{\"videos\":[{\"url\":\"https://a b\"}]}}}",
      NULL},
  {"{\"data\":{\"task_result\":{\"videos\":[{\"url\":null}]}}}", NULL},
  {"{\"data\":{\"task_result\":{\"videos\":{\"url\":\"https://x\"}}}}", NULL},
  {"{\"data\":{\"task_result\":\"https://x\"}}", NULL},
};

GST_START_TEST (test_result_urls)
{
  g_auto (KlingAnswer) answer = { 0, };

  read_answer (&answer, urls[__i__].body);
  fail_unless_equals_string (answer.result_url, urls[__i__].url);
}

GST_END_TEST;

/* --- faces --- */

static gchar *
describe_face (const KlingFace * face)
{
  GString *text = g_string_new (face->id);

  g_string_append_printf (text, " %" G_GINT64_FORMAT "-%" G_GINT64_FORMAT,
      face->start, face->end);
  if (face->width > 0)
    g_string_append_printf (text, " %dx%d+%d+%d", face->width, face->height,
        face->x, face->y);
  if (face->image_url)
    g_string_append_printf (text, " %s", face->image_url);
  return g_string_free (text, FALSE);
}

/* Returns: (transfer full) (nullable): all of them, in one line */
static gchar *
describe_faces (GPtrArray * faces)
{
  GString *text;

  if (faces == NULL)
    return NULL;
  text = g_string_new (NULL);
  for (guint i = 0; i < faces->len; i++) {
    g_autofree gchar *face = describe_face (faces->pdata[i]);

    g_string_append_printf (text, "%s%s", i > 0 ? "; " : "", face);
  }
  return g_string_free (text, FALSE);
}

#define DATA(members) "{\"code\":0,\"data\":{" members "}}"
#define FACE(members) DATA ("\"face_data\":[{\"face_id\":\"0\"," members "}]")
#define RECT(members) FACE ("\"face_rect\":{" members "}")

static const struct
{
  const gchar *body;
  const gchar *faces;
} faces_rows[] = {
  /* the documented answers */
  {"{\"code\":0,\"message\":\"string\",\"request_id\":\"string\",\"data\":{"
        "\"session_id\":\"string\",\"final_unit_deduction\":\"string\","
        "\"final_balance_deduction\":{\"quota\":\"string\",\"list_price\":"
        "\"string\"},\"face_data\":[{\"face_id\":\"0\",\"face_image\":\"url\","
        "\"start_time\":0,\"end_time\":5200}]}}", "0 0-5200"},
  {"{\"code\":0,\"message\":\"SUCCEED\",\"data\":{\"session_id\":"
        "\"abc123-session-id\",\"face_list\":[{\"face_id\":\"face_001\","
        "\"face_rect\":{\"x\":120,\"y\":80,\"width\":200,\"height\":250}}]}}",
      "face_001 -1--1 200x250+120+80"},
  /* several, and where */
  {DATA ("\"face_data\":[{\"face_id\":\"0\"},{\"face_id\":\"1\"}]"),
      "0 -1--1; 1 -1--1"},
  {"{\"face_data\":[{\"face_id\":\"0\"}]}", "0 -1--1"},
  {"{\"data\":{\"data\":{\"data\":{\"face_list\":[{\"face_id\":\"0\"}]}}}}",
      "0 -1--1"},
  {DATA ("\"face_list\":[{\"face_id\":\"b\"}],\"face_data\":[{\"face_id\":"
            "\"a\"}]"), "a -1--1"},
  {DATA ("\"face_data\":null,\"face_list\":[{\"face_id\":\"b\"}]"), "b -1--1"},
  /* none were found, or nothing was said */
  {DATA ("\"face_data\":[]"), ""},
  {DATA ("\"face_list\":[]"), ""},
  {DATA ("\"face_data\":null"), NULL},
  {DATA ("\"face_data\":{}"), NULL},
  {DATA ("\"face_data\":\"0\""), NULL},
  {DATA ("\"session_id\":\"s\""), NULL},
  /* what cannot be read is none */
  {DATA ("\"face_data\":[{\"face_image\":\"https://e/f.png\"}]"), NULL},
  {DATA ("\"face_data\":[1,null,\"x\",[]]"), NULL},
  {DATA ("\"face_data\":[null,{\"face_id\":\"../x\"},{\"face_id\":\"1\"}]"),
      "1 -1--1"},
  /* ids */
  {DATA ("\"face_data\":[{\"face_id\":0},{\"face_id\":1}]"),
      "0 -1--1; 1 -1--1"},
  {DATA ("\"face_data\":[{\"face_id\":9223372036854775808}]"),
      "9223372036854775808 -1--1"},
  {DATA ("\"face_data\":[{\"face_id\":\"\"},{\"face_id\":1.5}]"), NULL},
  /* intervals */
  {FACE ("\"start_time\":\"1000\",\"end_time\":\"5200\""), "0 1000-5200"},
  {FACE ("\"start_time\":1000.4,\"end_time\":5199.5"), "0 1000-5200"},
  {FACE ("\"start_time\":1000"), "0 1000--1"},
  {FACE ("\"end_time\":5200"), "0 -1-5200"},
  {FACE ("\"start_time\":-1,\"end_time\":5200"), "0 -1-5200"},
  {FACE ("\"start_time\":0,\"end_time\":86400000"), "0 0-86400000"},
  {FACE ("\"start_time\":0,\"end_time\":86400001"), "0 0--1"},
  {FACE ("\"start_time\":0,\"end_time\":1e300"), "0 0--1"},
  {FACE ("\"start_time\":0,\"end_time\":1e999"), "0 0--1"},
  {FACE ("\"start_time\":\"nan\",\"end_time\":\"inf\""), "0 -1--1"},
  {FACE ("\"start_time\":true,\"end_time\":[]"), "0 -1--1"},
  {FACE ("\"start_time\":5200,\"end_time\":1000"), "0 -1--1"},
  {FACE ("\"start_time\":0,\"end_time\":0"), "0 -1--1"},
  /* rectangles, whole or not at all */
  {RECT ("\"x\":0,\"y\":0,\"width\":1,\"height\":65535"),
      "0 -1--1 1x65535+0+0"},
  {RECT ("\"x\":\"12\",\"y\":8.6,\"width\":\"20\",\"height\":25"),
      "0 -1--1 20x25+12+9"},
  {RECT ("\"x\":1,\"y\":1,\"width\":1"), "0 -1--1"},
  {RECT ("\"x\":1,\"width\":1,\"height\":1"), "0 -1--1"},
  {RECT ("\"x\":-1,\"y\":1,\"width\":1,\"height\":1"), "0 -1--1"},
  {RECT ("\"x\":1,\"y\":1,\"width\":0,\"height\":1"), "0 -1--1"},
  {RECT ("\"x\":1,\"y\":1,\"width\":1,\"height\":65536"), "0 -1--1"},
  {RECT ("\"x\":1e99,\"y\":1,\"width\":1,\"height\":1"), "0 -1--1"},
  {FACE ("\"face_rect\":[1,2,3,4]"), "0 -1--1"},
  {FACE ("\"face_rect\":null"), "0 -1--1"},
  /* pictures */
  {FACE ("\"face_image\":\"https://e/f.png?sig=a\""),
      "0 -1--1 https://e/f.png?sig=a"},
  {FACE ("\"face_image\":\"file:///etc/passwd\""), "0 -1--1"},
  {FACE ("\"face_image\":7"), "0 -1--1"},
};

GST_START_TEST (test_faces)
{
  g_auto (KlingAnswer) answer = { 0, };
  g_autofree gchar *faces = NULL;

  read_answer (&answer, faces_rows[__i__].body);
  faces = describe_faces (answer.faces);
  fail_unless_equals_string (faces, faces_rows[__i__].faces);
}

GST_END_TEST;

/* A thousand faces are more than anybody wants to choose from. */
GST_START_TEST (test_many_faces)
{
  g_auto (KlingAnswer) answer = { 0, };
  g_autoptr (GString) body = g_string_new ("{\"face_data\":[");

  for (guint i = 0; i < 1000; i++)
    g_string_append_printf (body, "%s{\"face_id\":%u}", i > 0 ? "," : "", i);
  g_string_append (body, "]}");
  read_answer (&answer, body->str);
  fail_unless_equals_int (answer.faces->len, KLING_FACES_MAX);
  fail_unless (kling_faces_find (answer.faces, "63") != NULL);
}

GST_END_TEST;

/* --- the marked video --- */

static const struct
{
  const gchar *body;
  const gchar *url;
} watermarks[] = {
  {DATA ("\"task_result\":{\"videos\":[{\"id\":\"1\",\"url\":\"https://e/v\","
            "\"watermark_url\":\"https://e/w\",\"duration\":\"5\"}]}"),
      "https://e/w"},
  {"{\"data\":{\"data\":{\"task_result\":{\"videos\":[{\"watermark_url\":"
        "\"https://e/w\"}]}}}}", "https://e/w"},
  {DATA ("\"task_result\":{\"videos\":[{\"url\":\"https://e/v\"}]}"), NULL},
  {DATA ("\"task_result\":{\"videos\":[{\"watermark_url\":\"\"}]}"), NULL},
  {DATA ("\"task_result\":{\"videos\":[{\"watermark_url\":\"string\"}]}"),
      NULL},
  {DATA ("\"task_result\":{}"), NULL},
};

GST_START_TEST (test_watermarks)
{
  g_auto (KlingAnswer) answer = { 0, };

  read_answer (&answer, watermarks[__i__].body);
  fail_unless_equals_string (answer.watermark_url, watermarks[__i__].url);
}

GST_END_TEST;

/* --- speech --- */

#define AUDIO(members) DATA ("\"task_status\":\"succeed\",\"task_result\":{" \
  "\"audios\":[{" members "}]}")

static const struct
{
  const gchar *body;
  const gchar *id;
  gint64 duration;
} speeches[] = {
  /* the documented answer */
  {"{\"code\":0,\"message\":\"string\",\"request_id\":\"string\",\"data\":{"
        "\"task_id\":\"string\",\"task_status\":\"succeed\","
        "\"task_status_msg\":\"string\",\"task_result\":{\"audios\":[{\"id\":"
        "\"string\",\"url\":\"https://e/a.mp3\",\"duration\":\"3.1\"}]}}}",
      "string", 3100},
  {AUDIO ("\"id\":\"a1\",\"duration\":3.1"), "a1", 3100},
  {AUDIO ("\"id\":\"a1\",\"duration\":3"), "a1", 3000},
  {AUDIO ("\"id\":\"a1\",\"duration\":\"1.9996\""), "a1", 2000},
  {AUDIO ("\"id\":\"a1\",\"duration\":0"), "a1", 0},
  {AUDIO ("\"id\":8602}, {\"id\":\"a2\""), "8602", -1},
  {AUDIO ("\"url\":\"https://e/a.mp3\"}, {\"id\":\"a2\",\"duration\":\"4\""),
      "a2", 4000},
  {"{\"data\":{\"data\":{\"task_result\":{\"audios\":[{\"id\":\"a1\"}]}}}}",
      "a1", -1},
  /* lengths that cannot be meant */
  {AUDIO ("\"id\":\"a1\",\"duration\":\"\""), "a1", -1},
  {AUDIO ("\"id\":\"a1\",\"duration\":-3.1"), "a1", -1},
  {AUDIO ("\"id\":\"a1\",\"duration\":\"nan\""), "a1", -1},
  {AUDIO ("\"id\":\"a1\",\"duration\":1e300"), "a1", -1},
  {AUDIO ("\"id\":\"a1\",\"duration\":86401"), "a1", -1},
  /* no speech */
  {AUDIO ("\"id\":\"../a\",\"duration\":3"), NULL, -1},
  {AUDIO ("\"duration\":3"), NULL, -1},
  {DATA ("\"task_id\":\"t\",\"task_status\":\"submitted\",\"task_result\":{}"),
      NULL, -1},
  {DATA ("\"task_result\":{\"audios\":[]}"), NULL, -1},
  {DATA ("\"task_result\":{\"audios\":null}"), NULL, -1},
  {DATA ("\"task_result\":{\"audios\":[null,1]}"), NULL, -1},
};

GST_START_TEST (test_speeches)
{
  g_auto (KlingAnswer) answer = { 0, };

  read_answer (&answer, speeches[__i__].body);
  fail_unless_equals_string (answer.audio_id, speeches[__i__].id);
  fail_unless_equals_int64 (answer.audio_duration, speeches[__i__].duration);
}

GST_END_TEST;

/* --- the task that has our own id --- */

#define TASK(id, external) "{\"task_id\":\"" id "\",\"task_status\":" \
  "\"submitted\",\"task_info\":{\"external_task_id\":\"" external "\"}}"

static const struct
{
  const gchar *body;
  const gchar *id;
} tasks[] = {
  /* one task */
  {"{\"code\":0,\"data\":" TASK ("1", "ours") "}", "1"},
  {"{\"code\":0,\"data\":" TASK ("1", "theirs") "}", NULL},
  {TASK ("1", "ours"), "1"},
  {"{\"data\":{\"data\":{\"data\":" TASK ("1", "ours") "}}}", "1"},
  {"{\"data\":{\"data\":{\"data\":{\"data\":" TASK ("1", "ours") "}}}}", "1"},
  {"{\"data\":{\"data\":{\"data\":{\"data\":{\"data\":" TASK ("1", "ours")
      "}}}}}", NULL},
  /* a list */
  {"{\"code\":0,\"data\":[" TASK ("1", "theirs") "," TASK ("2", "ours") ","
        TASK ("3", "") "]}", "2"},
  {"{\"code\":0,\"data\":[null,7,[],{}," TASK ("2", "ours") "]}", "2"},
  {"[" TASK ("2", "ours") "]", "2"},
  {"{\"data\":[{\"data\":[" TASK ("1", "x") "]},{\"data\":["
        TASK ("2", "ours") "]}]}", "2"},
  {"{\"code\":0,\"data\":[]}", NULL},
  {"{\"code\":0,\"data\":[" TASK ("1", "theirs") "]}", NULL},
  /* nearly */
  {"{\"data\":" TASK ("1", "Ours") "}", NULL},
  {"{\"data\":" TASK ("1", "ours ") "}", NULL},
  {"{\"data\":" TASK ("1", "ours2") "}", NULL},
  {"{\"data\":" TASK ("../1", "ours") "}", NULL},
  {"{\"data\":{\"task_id\":\"1\",\"external_task_id\":\"ours\"}}", NULL},
  {"{\"data\":{\"task_id\":\"ours\"}}", NULL},
  {"{\"data\":{\"task_info\":{\"external_task_id\":\"ours\"}}}", NULL},
  {"{\"data\":{\"task_id\":\"1\",\"task_info\":null}}", NULL},
  {"{\"data\":{\"task_id\":860260753860210752,\"task_info\":{"
        "\"external_task_id\":\"ours\"}}}", "860260753860210752"},
  /* no answer */
  {"", NULL},
  {"null", NULL},
  {"<html>", NULL},
  {"{\"data\":[" TASK ("1", "ours"), NULL},
};

GST_START_TEST (test_find_task)
{
  g_autoptr (GBytes) body = g_bytes_new_static (tasks[__i__].body,
      strlen (tasks[__i__].body));
  g_autofree gchar *id = kling_answer_find_task (body, "ours");

  fail_unless_equals_string (id, tasks[__i__].id);
}

GST_END_TEST;

GST_START_TEST (test_find_nothing)
{
  fail_unless (kling_answer_find_task (NULL, "ours") == NULL);
}

GST_END_TEST;

static Suite *
answer_media_suite (void)
{
  Suite *suite = suite_create ("answer-media");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_result_urls, 0, G_N_ELEMENTS (urls));
  tcase_add_loop_test (tc, test_faces, 0, G_N_ELEMENTS (faces_rows));
  tcase_add_test (tc, test_many_faces);
  tcase_add_loop_test (tc, test_watermarks, 0, G_N_ELEMENTS (watermarks));
  tcase_add_loop_test (tc, test_speeches, 0, G_N_ELEMENTS (speeches));
  tcase_add_loop_test (tc, test_find_task, 0, G_N_ELEMENTS (tasks));
  tcase_add_test (tc, test_find_nothing);
  return suite;
}

GST_CHECK_MAIN (answer_media);
