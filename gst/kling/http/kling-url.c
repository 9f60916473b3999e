/* klinglipsync: which URLs are allowed, and how they are shown
 *
 * Pure functions on strings, for any thread. Two rules meet here: where a key,
 * a request or a result may travel in the clear (nowhere but inside this
 * machine), and that nothing which came with a URL but is not its address - a
 * password, a signature in the query - is ever shown.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-url.h"

#include <gio/gio.h>
#include <string.h>
#include "kling-error.h"

/* Enough of a URL to recognise it in a log line. */
#define DISPLAY_CHARACTERS 300

/* Paths and queries stay encoded: decoding could make a ? or # of them. */
#define URL_FLAGS (G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED_PATH \
    | G_URI_FLAGS_ENCODED_QUERY | G_URI_FLAGS_ENCODED_FRAGMENT \
    | G_URI_FLAGS_SCHEME_NORMALIZE)

static gboolean
has_blanks (const gchar * text)
{
  for (; *text != '\0'; text++) {
    if (g_ascii_isspace (*text) || g_ascii_iscntrl (*text))
      return TRUE;
  }
  return FALSE;
}

/* Returns: (nullable): @url when it is one, with a host */
static GUri *
url_parse (const gchar * url)
{
  g_autoptr (GUri) uri = NULL;
  const gchar *host;

  if (url == NULL || !g_utf8_validate (url, -1, NULL) || has_blanks (url))
    return NULL;
  uri = g_uri_parse (url, URL_FLAGS, NULL);
  if (uri == NULL)
    return NULL;
  host = g_uri_get_host (uri);
  if (host == NULL || *host == '\0')
    return NULL;
  return g_steal_pointer (&uri);
}

static gboolean
is_scheme (GUri * uri, const gchar * scheme)
{
  return strcmp (g_uri_get_scheme (uri), scheme) == 0;
}

/* Decided by the text alone: a name that resolves to a loopback address today
 * may resolve to another one tomorrow. */
static gboolean
is_loopback (GUri * uri)
{
  const gchar *host = g_uri_get_host (uri);
  g_autoptr (GInetAddress) address = NULL;

  if (g_ascii_strcasecmp (host, "localhost") == 0)
    return TRUE;
  address = g_inet_address_new_from_string (host);
  return address != NULL && g_inet_address_get_is_loopback (address);
}

/* Scheme and host of @url: what an error about it may show. */
static gchar *
show_origin (GUri * uri)
{
  g_autofree gchar *text = g_strdup_printf ("%s://%s", g_uri_get_scheme (uri),
      g_uri_get_host (uri));

  return kling_text_clean (text, DISPLAY_CHARACTERS);
}

static gboolean
base_is_plain (GUri * uri, GError ** error)
{
  g_autofree gchar *shown = show_origin (uri);
  const gchar *part = NULL;

  if (g_uri_get_userinfo (uri) != NULL)
    part = "a user name or password";
  else if (g_uri_get_query (uri) != NULL)
    part = "a query (?...)";
  else if (g_uri_get_fragment (uri) != NULL)
    part = "a fragment (#...)";
  if (part == NULL)
    return TRUE;

  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The base URL of %s must not contain %s: scheme, host, port and path are"
      " all it may have.", shown, part);
  return FALSE;
}

/**
 * kling_url_check_base:
 * @url: (nullable): base URL of a service
 * @error: set to %KLING_ERROR_SETTINGS
 *
 * The key goes there, so it is https, or http inside this machine.
 *
 * Returns: whether @url may be used
 */
gboolean
kling_url_check_base (const gchar * url, GError ** error)
{
  g_autoptr (GUri) uri = url_parse (url);
  g_autofree gchar *shown = NULL;

  if (uri == NULL) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "The base URL is not a URL with a host; it looks like"
        " https://ai.alad.com or http://127.0.0.1:8080.");
    return FALSE;
  }
  if (!base_is_plain (uri, error))
    return FALSE;
  if (is_scheme (uri, "https") || (is_scheme (uri, "http")
          && is_loopback (uri)))
    return TRUE;

  shown = show_origin (uri);
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The base URL %s cannot be used: it must be https, or http to this"
      " machine (localhost, 127.0.0.0/8 or [::1]), because the key is sent"
      " there.", shown);
  return FALSE;
}

/**
 * kling_url_check_media:
 * @name: name of the property it came from
 * @url: (nullable): URL of a source video, of speech or of a picture
 * @error: set to %KLING_ERROR_SETTINGS
 *
 * The service fetches these, not we: http is as good as https.
 *
 * Returns: whether @url may be sent to the service
 */
gboolean
kling_url_check_media (const gchar * name, const gchar * url, GError ** error)
{
  g_autoptr (GUri) uri = url_parse (url);
  g_autofree gchar *shown = NULL;

  if (uri != NULL && (is_scheme (uri, "https") || is_scheme (uri, "http")))
    return TRUE;

  shown = uri ? show_origin (uri) : g_strdup ("what it is set to");
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The property %s needs an http or https URL that the service can read;"
      " %s is not one.", name, shown);
  return FALSE;
}

/**
 * kling_url_check_result:
 * @url: (nullable): where the service says a result is
 * @base_url: base URL of the service
 * @error: set to %KLING_ERROR_RESULT
 *
 * A stand-in service on this machine may serve its results in the clear; one in
 * the network may not, and may not make us read from this machine that way.
 *
 * Returns: whether @url may be fetched
 */
gboolean
kling_url_check_result (const gchar * url, const gchar * base_url,
    GError ** error)
{
  g_autoptr (GUri) uri = url_parse (url);
  g_autoptr (GUri) base = url_parse (base_url);
  g_autofree gchar *shown = NULL;

  if (uri != NULL && is_scheme (uri, "https"))
    return TRUE;
  if (uri != NULL && is_scheme (uri, "http") && is_loopback (uri)
      && base != NULL && is_loopback (base))
    return TRUE;

  shown = uri ? show_origin (uri) : g_strdup ("(not a URL)");
  g_set_error (error, KLING_ERROR, KLING_ERROR_RESULT,
      "The service says that the video is at %s, which is not fetched: only"
      " https is, or http on this machine when the service is here too.",
      shown);
  return FALSE;
}

/* Returns: (nullable): why @uri is none to upload to */
static const gchar *
find_upload_fault (GUri * uri)
{
  if (g_uri_get_userinfo (uri) != NULL)
    return "it must not contain a user name or password; a header in"
        " upload-headers can hold them";
  if (g_uri_get_fragment (uri) != NULL)
    return "it must not contain a fragment (#...)";
  if (is_scheme (uri, "https") || (is_scheme (uri, "http")
          && is_loopback (uri)))
    return NULL;
  return "it must be https, or http to this machine (localhost, 127.0.0.0/8 or"
      " [::1])";
}

/**
 * kling_url_check_upload:
 * @what: what @url is, to begin a sentence with
 * @url: (nullable): where a file of ours goes, or can be read
 * @error: set to %KLING_ERROR_SETTINGS
 *
 * Voices, faces and the credentials of a place travel there.
 *
 * Returns: whether @url may be used
 */
gboolean
kling_url_check_upload (const gchar * what, const gchar * url, GError ** error)
{
  g_autoptr (GUri) uri = url_parse (url);
  const gchar *fault = uri ? find_upload_fault (uri) : NULL;
  g_autofree gchar *shown = NULL;

  if (uri != NULL && fault == NULL)
    return TRUE;
  if (uri == NULL) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "%s is not a URL with a host.", what);
    return FALSE;
  }
  shown = show_origin (uri);
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "%s, %s, cannot be used: %s.", what, shown, fault);
  return FALSE;
}

/**
 * kling_url_is_loopback:
 * @url: (nullable): a URL
 *
 * Returns: whether @url leads to this machine and can be reached from nowhere
 *   else
 */
gboolean
kling_url_is_loopback (const gchar * url)
{
  g_autoptr (GUri) uri = url_parse (url);

  return uri != NULL && is_loopback (uri);
}

/**
 * kling_url_needs_tls:
 * @url: (nullable): a URL
 *
 * Returns: whether it takes TLS to reach @url
 */
gboolean
kling_url_needs_tls (const gchar * url)
{
  g_autoptr (GUri) uri = url_parse (url);

  return uri != NULL && is_scheme (uri, "https");
}

/**
 * kling_url_join:
 * @base_url: base URL; may have a path of its own
 * @path: path of a dialect, with its leading slash
 *
 * Returns: (transfer full): @path below @base_url
 */
gchar *
kling_url_join (const gchar * base_url, const gchar * path)
{
  gsize length = strlen (base_url);

  while (length > 0 && base_url[length - 1] == '/')
    length--;
  return g_strdup_printf ("%.*s%s", (gint) length, base_url, path);
}

/**
 * kling_url_display:
 * @url: (nullable): anything
 *
 * The one printer of URLs, for logs, errors and messages.
 *
 * Returns: (transfer full): @url without user, password, query and fragment,
 *   or "(not a URL)"; never %NULL
 */
gchar *
kling_url_display (const gchar * url)
{
  g_autoptr (GUri) uri = url_parse (url);
  g_autofree gchar *text = NULL;

  if (uri == NULL)
    return g_strdup ("(not a URL)");
  text = g_uri_to_string_partial (uri, G_URI_HIDE_USERINFO
      | G_URI_HIDE_QUERY | G_URI_HIDE_FRAGMENT);
  return kling_text_clean (text, DISPLAY_CHARACTERS);
}

/**
 * kling_url_display_host:
 * @url: (nullable): anything
 *
 * For URLs whose path is nobody's business: who knows the name of an uploaded
 * file can read it.
 *
 * Returns: (transfer full): scheme, host and port of @url, or "(not a URL)";
 *   never %NULL
 */
gchar *
kling_url_display_host (const gchar * url)
{
  gchar *text = kling_url_display (url);
  gchar *host = strstr (text, "://");

  if (host != NULL)
    host[strlen ("://") + strcspn (host + strlen ("://"), "/")] = '\0';
  return text;
}

static gint
effective_port (GUri * uri)
{
  gint port = g_uri_get_port (uri);

  if (port > 0)
    return port;
  return is_scheme (uri, "https") ? 443 : is_scheme (uri, "http") ? 80 : 0;
}

/**
 * kling_url_origin:
 * @url: (nullable): a URL
 *
 * Returns: (transfer full) (nullable): scheme://host:port, written in one way
 *   for all spellings, or %NULL when @url is none
 */
gchar *
kling_url_origin (const gchar * url)
{
  g_autoptr (GUri) uri = url_parse (url);
  g_autofree gchar *host = NULL;
  gboolean is_ipv6;

  if (uri == NULL)
    return NULL;
  host = g_hostname_to_ascii (g_uri_get_host (uri));
  if (host == NULL)
    return NULL;
  is_ipv6 = strchr (host, ':') != NULL;
  return g_strdup_printf ("%s://%s%s%s:%d", g_uri_get_scheme (uri),
      is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", effective_port (uri));
}

/* How the makers of presigned URLs spell a signature: when all @markers are
 * there, the parameters @names are of the signature. A name that ends in "*"
 * stands for all that begin so. What else is in the query stays: it may say what
 * is served. The signed words of Azure are those of its service, account and
 * user delegation signatures; the ones that only change headers (rsct and the
 * like) are not among them. */
static const struct
{
  const gchar *markers;
  const gchar *names;
} signatures[] = {
  {"x-amz-signature", "x-amz-*"},
  {"x-goog-signature", "x-goog-*"},
  {"sig se", "sig se st sp sv sr ss srt si sip spr skoid sktid skt ske sks skv"
        " saoid suoid scid sdd ses"},
};

/* Whether @parameter, "name=value" or "name", is one of @names. */
static gboolean
is_named (const gchar * parameter, gchar ** names)
{
  g_autofree gchar *name = g_ascii_strdown (parameter,
      strcspn (parameter, "="));

  for (; *names != NULL; names++) {
    gsize length = strlen (*names);

    if (g_str_has_suffix (*names, "*") ? strncmp (name, *names,
            length - 1) == 0 : strcmp (name, *names) == 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
has_all (gchar ** parameters, const gchar * markers)
{
  g_auto (GStrv) wanted = g_strsplit (markers, " ", -1);

  for (guint i = 0; wanted[i] != NULL; i++) {
    gchar *one[] = { wanted[i], NULL };
    guint j = 0;

    while (parameters[j] != NULL && !is_named (parameters[j], one))
      j++;
    if (parameters[j] == NULL)
      return FALSE;
  }
  return TRUE;
}

static void
drop_parameters (gchar ** parameters, const gchar * names)
{
  g_auto (GStrv) unwanted = g_strsplit (names, " ", -1);
  gchar **kept = parameters;

  for (; *parameters != NULL; parameters++) {
    if (is_named (*parameters, unwanted))
      g_free (*parameters);
    else
      *kept++ = *parameters;
  }
  *kept = NULL;
}

/* Returns: (transfer full): @query without its signature */
static gchar *
strip_signature (const gchar * query)
{
  g_auto (GStrv) parameters = g_strsplit (query, "&", -1);

  for (guint i = 0; i < G_N_ELEMENTS (signatures); i++) {
    if (has_all (parameters, signatures[i].markers))
      drop_parameters (parameters, signatures[i].names);
  }
  return g_strjoinv ("&", parameters);
}

/**
 * kling_url_identity:
 * @url: (nullable): a URL
 *
 * A presigned URL is another one in each run, and a URL can be written in many
 * ways; what stands there is the same. This is for comparing, never to be
 * fetched or shown.
 *
 * Returns: (transfer full) (nullable): @url, written in one way for all
 *   spellings, without user, password, fragment and signature, or %NULL when it
 *   is none
 */
gchar *
kling_url_identity (const gchar * url)
{
  g_autoptr (GUri) uri = url_parse (url);
  g_autofree gchar *origin = kling_url_origin (url);
  g_autofree gchar *query = NULL;

  if (uri == NULL || origin == NULL)
    return NULL;
  query = strip_signature (g_uri_get_query (uri) ? g_uri_get_query (uri) : "");
  return g_strconcat (origin, g_uri_get_path (uri), *query ? "?" : "", query,
      NULL);
}

/* Invisible characters can turn a sentence round (bidi overrides); those that
 * join letters are part of some scripts and stay. */
static gboolean
is_unwanted (gunichar c)
{
  return g_unichar_type (c) == G_UNICODE_FORMAT && c != 0x200c && c != 0x200d;
}

static gboolean
is_blank (gunichar c)
{
  return g_unichar_isspace (c) || g_unichar_iscntrl (c)
      || g_unichar_type (c) == G_UNICODE_LINE_SEPARATOR
      || g_unichar_type (c) == G_UNICODE_PARAGRAPH_SEPARATOR;
}

/* One line of @text: blanks collapsed, none at the ends. */
static GString *
collapse (const gchar * text)
{
  GString *out = g_string_new (NULL);
  gboolean blank = FALSE;

  for (; *text != '\0'; text = g_utf8_next_char (text)) {
    gunichar c = g_utf8_get_char (text);

    if (is_unwanted (c))
      continue;
    if (is_blank (c)) {
      blank = TRUE;
      continue;
    }
    if (blank && out->len > 0)
      g_string_append_c (out, ' ');
    blank = FALSE;
    g_string_append_unichar (out, c);
  }
  return out;
}

/**
 * kling_text_clean:
 * @text: (nullable): text from outside
 * @max_characters: the most characters to keep, at least 3
 *
 * Makes words of a stranger fit for a sentence: one line of valid UTF-8,
 * without control characters and direction overrides, ending in "..." when it
 * was longer.
 *
 * Returns: (transfer full) (nullable): the cleaned text, %NULL for %NULL
 */
gchar *
kling_text_clean (const gchar * text, gsize max_characters)
{
  g_autofree gchar *valid = NULL;
  GString *out;

  if (text == NULL)
    return NULL;
  valid = g_utf8_make_valid (text, -1);
  out = collapse (valid);
  if ((gsize) g_utf8_strlen (out->str, out->len) > max_characters) {
    gchar *end = g_utf8_offset_to_pointer (out->str, max_characters - 3);

    g_string_truncate (out, end - out->str);
    g_string_append (out, "...");
  }
  return g_string_free (out, FALSE);
}
