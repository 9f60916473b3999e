/* klinglipsync: tests of URLs and of cleaned text
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "kling-error.h"
#include "kling-url.h"

/* What must never be shown of any URL below */
#define SECRET "hidden"

static void
check_sentence (const GError * error, KlingError code)
{
  fail_unless (g_error_matches (error, KLING_ERROR, code));
  fail_if (strstr (error->message, SECRET), "shows: %s", error->message);
  fail_unless (g_str_has_suffix (error->message, "."), "%s", error->message);
}

static const struct
{
  const gchar *url;
  gboolean allowed;
  const gchar *shown;           /* what the refusal must say */
} bases[] = {
  {"https://ai.alad.com", TRUE},
  {"HTTPS://AI.ALAD.COM/", TRUE},
  {"https://gateway.example/some/prefix/", TRUE},
  {"https://gateway.example:8443", TRUE},
  {"http://localhost:8080", TRUE},
  {"http://LocalHost", TRUE},
  {"http://127.0.0.1:1", TRUE},
  {"http://127.255.0.9", TRUE},
  {"http://[::1]:8080/x", TRUE},
  {"http://ai.alad.com", FALSE, "http://ai.alad.com"},
  {"http://localhost.example.com", FALSE, "http://localhost.example.com"},
  {"http://sub.localhost", FALSE, "http://sub.localhost"},
  {"http://127.0.0.1.example.com", FALSE, "127.0.0.1.example.com"},
  {"http://127.1", FALSE, "http://127.1"},
  {"http://128.0.0.1", FALSE, "http://128.0.0.1"},
  {"http://0.0.0.0", FALSE, "http://0.0.0.0"},
  {"http://[::2]", FALSE, "::2"},
  {"http://[::ffff:127.0.0.1]", FALSE, "127.0.0.1"},
  {"ftp://ai.alad.com", FALSE, "ftp://ai.alad.com"},
  {"https://me:" SECRET "@ai.alad.com", FALSE, "user name or password"},
  {"https://" SECRET "@ai.alad.com", FALSE, "user name or password"},
  {"http://127.0.0.1:80@evil.example", FALSE, "user name or password"},
  {"http://127.0.0.1\\@evil.example", FALSE, ""},
  {"https://ai.alad.com?key=" SECRET, FALSE, "query"},
  {"https://ai.alad.com/#" SECRET, FALSE, "fragment"},
  {"https:///path", FALSE, "not a URL"},
  {"https:", FALSE, "not a URL"},
  {"ai.alad.com", FALSE, "not a URL"},
  {"file:///etc/" SECRET, FALSE, "not a URL"},
  {"https://ai alad.com", FALSE, "not a URL"},
  {"https://ai.alad.com/\r\nX: " SECRET, FALSE, "not a URL"},
  {"https://ai.alad.com/\xff" SECRET, FALSE, "not a URL"},
  {"", FALSE, "not a URL"},
  {NULL, FALSE, "not a URL"},
};

GST_START_TEST (test_base)
{
  g_autoptr (GError) error = NULL;
  gboolean allowed = kling_url_check_base (bases[__i__].url, &error);

  fail_unless_equals_int (allowed, bases[__i__].allowed);
  if (allowed) {
    fail_if (error);
    return;
  }
  check_sentence (error, KLING_ERROR_SETTINGS);
  fail_unless (strstr (error->message, bases[__i__].shown),
      "%s does not say %s", error->message, bases[__i__].shown);
}

GST_END_TEST;

static const struct
{
  const gchar *url;
  gboolean allowed;
} media[] = {
  {"https://example.com/person.mp4", TRUE},
  {"http://example.com/person.mp4?signature=x%2Fy", TRUE},
  {"http://localhost/person.mp4", TRUE},
  {"https://例子.example/视频.mp4", TRUE},
  {"ftp://example.com/" SECRET, FALSE},
  {"file:///home/me/" SECRET ".mp4", FALSE},
  {"/home/me/" SECRET ".mp4", FALSE},
  {"data:audio/mp3;base64," SECRET, FALSE},
  {"https://example.com/a b/" SECRET, FALSE},
  {"", FALSE},
  {NULL, FALSE},
};

GST_START_TEST (test_media)
{
  g_autoptr (GError) error = NULL;
  gboolean allowed = kling_url_check_media ("audio-url", media[__i__].url,
      &error);

  fail_unless_equals_int (allowed, media[__i__].allowed);
  if (allowed)
    return;
  check_sentence (error, KLING_ERROR_SETTINGS);
  fail_unless (strstr (error->message, "audio-url"));
}

GST_END_TEST;

static const struct
{
  const gchar *url;
  const gchar *base;
  gboolean allowed;
} results[] = {
  {"https://cdn.klingai.com/v.mp4?sig=x", "https://ai.alad.com", TRUE},
  {"https://cdn.klingai.com/v.mp4", "http://127.0.0.1:8080", TRUE},
  {"http://127.0.0.1:9/v.mp4", "http://127.0.0.1:8080", TRUE},
  {"http://localhost/v.mp4", "http://[::1]", TRUE},
  {"http://127.0.0.1:9/" SECRET, "https://ai.alad.com", FALSE},
  {"http://cdn.klingai.com/" SECRET, "https://ai.alad.com", FALSE},
  {"http://cdn.klingai.com/" SECRET, "http://127.0.0.1", FALSE},
  {"file:///etc/passwd?" SECRET, "http://127.0.0.1", FALSE},
  {"resource:///" SECRET, "http://127.0.0.1", FALSE},
  {"http://127.0.0.1/" SECRET, NULL, FALSE},
  {"", "https://ai.alad.com", FALSE},
  {NULL, "https://ai.alad.com", FALSE},
};

GST_START_TEST (test_result)
{
  g_autoptr (GError) error = NULL;
  gboolean allowed = kling_url_check_result (results[__i__].url,
      results[__i__].base, &error);

  fail_unless_equals_int (allowed, results[__i__].allowed);
  if (!allowed)
    check_sentence (error, KLING_ERROR_RESULT);
}

GST_END_TEST;

static const struct
{
  const gchar *url;
  const gchar *shown;
} displays[] = {
  {"https://h/p.mp4?" SECRET "#" SECRET, "https://h/p.mp4"},
  {"https://u:" SECRET "@h:81/p", "https://h:81/p"},
  {"http://[::1]:8080/a", "http://[::1]:8080/a"},
  {"https://h/a%20b%2Fc", "https://h/a%20b%2Fc"},
  {"https://h/\n" SECRET, "(not a URL)"},
  {SECRET, "(not a URL)"},
  {"https://", "(not a URL)"},
  {"", "(not a URL)"},
  {NULL, "(not a URL)"},
};

GST_START_TEST (test_display)
{
  g_autofree gchar *shown = kling_url_display (displays[__i__].url);

  fail_unless_equals_string (shown, displays[__i__].shown);
}

GST_END_TEST;

GST_START_TEST (test_display_bounded)
{
  g_autofree gchar *path = g_strnfill (5000, 'a');
  g_autofree gchar *url = g_strconcat ("https://h/", path, NULL);
  g_autofree gchar *shown = kling_url_display (url);

  fail_unless (strlen (shown) <= 300);
  fail_unless (g_str_has_suffix (shown, "..."));
}

GST_END_TEST;

static const struct
{
  const gchar *url;
  const gchar *origin;
} origins[] = {
  {"https://Ai.Alad.COM/path?q", "https://ai.alad.com:443"},
  {"https://ai.alad.com:443", "https://ai.alad.com:443"},
  {"http://127.0.0.1:8080/", "http://127.0.0.1:8080"},
  {"http://localhost", "http://localhost:80"},
  {"http://[::1]:1", "http://[::1]:1"},
  {"https://münchen.example", "https://xn--mnchen-3ya.example:443"},
  {"https://u:p@h", "https://h:443"},
  {"nothing", NULL},
  {NULL, NULL},
};

GST_START_TEST (test_origin)
{
  g_autofree gchar *origin = kling_url_origin (origins[__i__].url);

  fail_unless_equals_string (origin, origins[__i__].origin);
}

GST_END_TEST;

static const struct
{
  const gchar *url;
  const gchar *identity;
} identities[] = {
  {"HTTPS://me:pw@Example.COM:443/a%2fB/%7Ec?x=1#t", "https://example.com:443"
        "/a%2FB/~c?x=1"},
  {"https://h", "https://h:443/"},
  {"https://h?b=2&a=1", "https://h:443/?b=2&a=1"},
  {"https://h/f?x-amz-signature=1&X-Amz-Date=2&id=3", "https://h:443/f?id=3"},
  {"https://h/f?X%2DAmz%2DSignature=1", "https://h:443/f"},
  {"https://h/f?X-Goog-Signature=1&X-Amz-Date=2", "https://h:443/f?"
        "X-Amz-Date=2"},
  {"https://h/f?sig=1&se=2&rsct=video%2fmp4", "https://h:443/f?"
        "rsct=video%2Fmp4"},
  /* without its marker it is a word like any other */
  {"https://h/f?X-Amz-Date=2&se=3", "https://h:443/f?X-Amz-Date=2&se=3"},
  {"https://h/f?sig=1&st=90", "https://h:443/f?sig=1&st=90"},
  {"https://h/f?signature=1&sea=2", "https://h:443/f?signature=1&sea=2"},
  {"nothing", NULL},
  {NULL, NULL},
};

GST_START_TEST (test_identity)
{
  g_autofree gchar *identity = kling_url_identity (identities[__i__].url);

  fail_unless_equals_string (identity, identities[__i__].identity);
}

GST_END_TEST;

static const struct
{
  const gchar *base;
  const gchar *url;
} joins[] = {
  {"https://h", "https://h/kling/v1"},
  {"https://h/", "https://h/kling/v1"},
  {"https://h//", "https://h/kling/v1"},
  {"https://h/some/prefix", "https://h/some/prefix/kling/v1"},
  {"https://h/some/prefix/", "https://h/some/prefix/kling/v1"},
};

GST_START_TEST (test_join)
{
  g_autofree gchar *url = kling_url_join (joins[__i__].base, "/kling/v1");

  fail_unless_equals_string (url, joins[__i__].url);
}

GST_END_TEST;

static const struct
{
  const gchar *url;
  gboolean allowed;
  const gchar *shown;
} uploads[] = {
  {"https://host/dir/x?sig=" SECRET, TRUE},
  {"http://127.0.0.1:80/x", TRUE},
  {"http://[::1]/", TRUE},
  {"http://host.example/" SECRET, FALSE, "http://host.example, cannot"},
  {"ftp://host/" SECRET, FALSE, "ftp://host, cannot"},
  {"https://u:" SECRET "@host/", FALSE, "user name or password"},
  {"https://host/#" SECRET, FALSE, "fragment"},
  {"https:///" SECRET, FALSE, "not a URL"},
  {SECRET, FALSE, "not a URL"},
  {NULL, FALSE, "not a URL"},
};

GST_START_TEST (test_upload)
{
  g_autoptr (GError) error = NULL;
  gboolean allowed = kling_url_check_upload ("That", uploads[__i__].url,
      &error);

  fail_unless_equals_int (allowed, uploads[__i__].allowed);
  fail_unless (allowed == (error == NULL));
  if (allowed)
    return;
  check_sentence (error, KLING_ERROR_SETTINGS);
  fail_unless (g_str_has_prefix (error->message, "That"));
  fail_unless (strstr (error->message, uploads[__i__].shown), "%s",
      error->message);
}

GST_END_TEST;

static const struct
{
  const gchar *url;
  const gchar *shown;
} hosts[] = {
  {"https://host/" SECRET "?" SECRET, "https://host"},
  {"HTTPS://host:443/" SECRET, "https://host"},
  {"http://" SECRET "@127.0.0.1:81", "http://127.0.0.1:81"},
  {"http://[::1]:81/" SECRET, "http://[::1]:81"},
  {"https://host?" SECRET, "https://host"},
  {"/" SECRET, "(not a URL)"},
  {NULL, "(not a URL)"},
};

GST_START_TEST (test_display_host)
{
  g_autofree gchar *shown = kling_url_display_host (hosts[__i__].url);

  fail_unless_equals_string (shown, hosts[__i__].shown);
}

GST_END_TEST;

GST_START_TEST (test_is_loopback)
{
  fail_unless (kling_url_is_loopback ("http://localhost:1/x"));
  fail_unless (kling_url_is_loopback ("https://127.3.2.1"));
  fail_if (kling_url_is_loopback ("http://localhost.example"));
  fail_if (kling_url_is_loopback ("127.0.0.1"));
  fail_if (kling_url_is_loopback (NULL));
}

GST_END_TEST;

GST_START_TEST (test_needs_tls)
{
  fail_unless (kling_url_needs_tls ("https://h"));
  fail_unless (kling_url_needs_tls ("HTTPS://h/x"));
  fail_if (kling_url_needs_tls ("http://localhost"));
  fail_if (kling_url_needs_tls ("https"));
  fail_if (kling_url_needs_tls (NULL));
}

GST_END_TEST;

static const struct
{
  const gchar *text;
  gsize max;
  const gchar *cleaned;
} texts[] = {
  {NULL, 10, NULL},
  {"", 10, ""},
  {"plain", 10, "plain"},
  {" two\r\n\twords\v ", 20, "two words"},
  {"a\x1b[31mred\x07", 20, "a [31mred"},
  {"\xe2\x80\xae" "evil\xe2\x81\xa6" "x\xef\xbb\xbf", 20, "evilx"},
  {"a\xe2\x80\xa8" "b\xe2\x80\xa9" "c\xc2\x85" "d", 20, "a b c d"},
  {"bad \xff\xfe utf", 20, "bad \xef\xbf\xbd\xef\xbf\xbd utf"},
  {"你好世界你好世界", 8, "你好世界你好世界"},
  {"你好世界你好世界", 6, "你好世..."},
  {"1234567890", 10, "1234567890"},
  {"12345678901", 10, "1234567..."},
};

GST_START_TEST (test_clean)
{
  g_autofree gchar *cleaned = kling_text_clean (texts[__i__].text,
      texts[__i__].max);

  fail_unless_equals_string (cleaned, texts[__i__].cleaned);
}

GST_END_TEST;

static Suite *
url_suite (void)
{
  Suite *suite = suite_create ("url");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_base, 0, G_N_ELEMENTS (bases));
  tcase_add_loop_test (tc, test_media, 0, G_N_ELEMENTS (media));
  tcase_add_loop_test (tc, test_result, 0, G_N_ELEMENTS (results));
  tcase_add_loop_test (tc, test_display, 0, G_N_ELEMENTS (displays));
  tcase_add_test (tc, test_display_bounded);
  tcase_add_loop_test (tc, test_origin, 0, G_N_ELEMENTS (origins));
  tcase_add_loop_test (tc, test_identity, 0, G_N_ELEMENTS (identities));
  tcase_add_loop_test (tc, test_join, 0, G_N_ELEMENTS (joins));
  tcase_add_loop_test (tc, test_upload, 0, G_N_ELEMENTS (uploads));
  tcase_add_loop_test (tc, test_display_host, 0, G_N_ELEMENTS (hosts));
  tcase_add_test (tc, test_is_loopback);
  tcase_add_test (tc, test_needs_tls);
  tcase_add_loop_test (tc, test_clean, 0, G_N_ELEMENTS (texts));
  return suite;
}

GST_CHECK_MAIN (url);
