/* Fetches what a request points at: http and https only, bounded in bytes and
 * in time, into a file.
 *
 * On a worker's thread, with a session of its own that lives for one fetch.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-fetch.h"

#include <libsoup/soup.h>
#include <string.h>

#define IDLE_SECONDS 30
#define TOTAL_SECONDS 60
#define CHUNK (256 * 1024)

gboolean
sandbox_url_is_fetchable (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);

  return uri && g_uri_get_host (uri) && *g_uri_get_host (uri)
      && (strcmp (g_uri_get_scheme (uri), "http") == 0
      || strcmp (g_uri_get_scheme (uri), "https") == 0);
}

static gboolean
fail (GError ** error, const char *url, const char *reason)
{
  g_autofree char *shown = sandbox_url_without_query (url);

  g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_VALUE,
      "cannot fetch %s: %s", shown, reason);
  return FALSE;
}

static gboolean
copy_bounded (GInputStream * in, GOutputStream * out, gsize limit,
    const char *url, GCancellable * stop, GError ** error)
{
  g_autofree char *chunk = g_malloc (CHUNK);
  gint64 end = g_get_monotonic_time () + TOTAL_SECONDS * G_USEC_PER_SEC;
  g_autoptr (GError) problem = NULL;
  gsize total = 0;
  gssize n;

  while ((n = g_input_stream_read (in, chunk, CHUNK, stop, &problem)) > 0) {
    total += n;
    if (total > limit)
      return fail (error, url, "the file is too large");
    if (g_get_monotonic_time () > end)
      return fail (error, url, "it takes too long");
    if (!g_output_stream_write_all (out, chunk, n, NULL, stop, error))
      return FALSE;
  }
  return n == 0 || fail (error, url, problem->message);
}

/* What happens on this machine is no business of a proxy. */
static SoupSession *
new_session (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  SoupSession *session = soup_session_new_with_options ("timeout",
      IDLE_SECONDS, "user-agent", "kling-sandbox/0.1", NULL);

  if (sandbox_host_is_loopback (g_uri_get_host (uri)))
    soup_session_set_proxy_resolver (session, NULL);
  return session;
}

static gboolean
save (GInputStream * body, gsize limit, const char *path, const char *url,
    GCancellable * stop, GError ** error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileOutputStream) out = g_file_replace (file, NULL, FALSE,
      G_FILE_CREATE_PRIVATE | G_FILE_CREATE_REPLACE_DESTINATION, stop, error);

  return out && copy_bounded (body, G_OUTPUT_STREAM (out), limit, url, stop,
      error)
      && g_output_stream_close (G_OUTPUT_STREAM (out), stop, error);
}

/**
 * sandbox_fetch:
 * @url: what to fetch
 * @limit: its size in bytes, at most
 * @path: the file it is written to
 * @stop: (nullable): ends the fetch early
 * @error: one sentence, without the query of @url
 *
 * Returns: the HTTP status, or 0 when there was none; only 200 with no
 *   @error is a success
 */
guint
sandbox_fetch (const char *url, gsize limit, const char *path,
    GCancellable * stop, GError ** error)
{
  g_autoptr (SoupSession) session = NULL;
  g_autoptr (SoupMessage) message = NULL;
  g_autoptr (GInputStream) body = NULL;
  g_autoptr (GError) problem = NULL;
  guint status;

  if (!sandbox_url_is_fetchable (url)) {
    fail (error, url, "only http and https URLs are fetched");
    return 0;
  }
  session = new_session (url);
  message = soup_message_new (SOUP_METHOD_GET, url);
  body = soup_session_send (session, message, stop, &problem);
  if (body == NULL) {
    fail (error, url, problem->message);
    return 0;
  }
  status = soup_message_get_status (message);
  if (status != SOUP_STATUS_OK) {
    g_autofree char *reason = g_strdup_printf ("HTTP status %u", status);

    fail (error, url, reason);
    return status;
  }
  save (body, limit, path, url, stop, error);
  return status;
}
