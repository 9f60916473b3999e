/* klinglipsync: network errors in words
 *
 * Pure functions, for any thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-http-private.h"

#include "kling-error.h"
#include "kling-url.h"

#define MAX_CAUSE_CHARACTERS 200

static const struct
{
  GIOErrorEnum code;
  const gchar *cause;
} io_causes[] = {
  {G_IO_ERROR_CONNECTION_REFUSED, "nothing accepts connections there"},
  {G_IO_ERROR_HOST_NOT_FOUND, "there is no host of that name"},
  {G_IO_ERROR_HOST_UNREACHABLE, "there is no way to that host from here"},
  {G_IO_ERROR_NETWORK_UNREACHABLE, "there is no network to reach it by"},
  {G_IO_ERROR_PROXY_FAILED, "the proxy does not pass it on"},
  {G_IO_ERROR_PROXY_AUTH_FAILED, "the proxy does not accept its password"},
  {G_IO_ERROR_PROXY_NEED_AUTH, "the proxy wants a password"},
  {G_IO_ERROR_PROXY_NOT_ALLOWED, "the proxy does not allow it"},
};

static const struct
{
  GTlsCertificateFlags flag;
  const gchar *cause;
} certificate_causes[] = {
  {G_TLS_CERTIFICATE_EXPIRED, "it has expired"},
  {G_TLS_CERTIFICATE_NOT_ACTIVATED, "it is not valid yet; check this"
        " machine's clock"},
  {G_TLS_CERTIFICATE_BAD_IDENTITY, "it is for another host"},
  {G_TLS_CERTIFICATE_REVOKED, "it has been revoked"},
  {G_TLS_CERTIFICATE_UNKNOWN_CA, "nobody we trust has signed it; a private"
        " authority can be named with the property tls-database"},
};

static const gchar *
certificate_cause (SoupMessage * message)
{
  GTlsCertificateFlags flags =
      message ? soup_message_get_tls_peer_certificate_errors (message) : 0;

  for (guint i = 0; i < G_N_ELEMENTS (certificate_causes); i++) {
    if (flags & certificate_causes[i].flag)
      return certificate_causes[i].cause;
  }
  return "it is not to be trusted";
}

static GError *
explain_tls (const GError * cause, const gchar * shown_url,
    SoupMessage * message)
{
  g_autofree gchar *text = NULL;

  if (g_error_matches (cause, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE)
      || !g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    return g_error_new (KLING_ERROR, KLING_ERROR_NETWORK,
        "Cannot reach %s: this machine has no TLS support for GLib; install"
        " the package glib-networking.", shown_url);
  if (g_error_matches (cause, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    return g_error_new (KLING_ERROR, KLING_ERROR_NETWORK,
        "Cannot reach %s safely: its TLS certificate is refused, because %s."
        " Nothing was sent to it.", shown_url, certificate_cause (message));

  text = kling_text_clean (cause->message, MAX_CAUSE_CHARACTERS);
  return g_error_new (KLING_ERROR, KLING_ERROR_NETWORK,
      "Cannot reach %s safely: TLS failed (%s).", shown_url, text);
}

static const gchar *
find_cause (const GError * cause)
{
  if (cause->domain == G_RESOLVER_ERROR)
    return "its name cannot be resolved; check the network and the host name";
  if (cause->domain != G_IO_ERROR)
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (io_causes); i++) {
    if (g_error_matches (cause, G_IO_ERROR, io_causes[i].code))
      return io_causes[i].cause;
  }
  return NULL;
}

static gboolean
is_closed (const GError * cause)
{
  return g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED)
      || g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT)
      || g_error_matches (cause, G_TLS_ERROR, G_TLS_ERROR_EOF);
}

/* Returns: (transfer full): what went wrong with the network, as a sentence */
GError *
kling_http_explain (const GError * cause, const gchar * shown_url,
    SoupMessage * message)
{
  const gchar *words = find_cause (cause);
  g_autofree gchar *text = NULL;

  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return g_error_new (KLING_ERROR, KLING_ERROR_TIMED_OUT,
        "%s does not answer in time.", shown_url);
  if (is_closed (cause))
    return g_error_new (KLING_ERROR, KLING_ERROR_NETWORK,
        "The connection to %s was closed before its answer was complete.",
        shown_url);
  if (words == NULL && cause->domain == G_TLS_ERROR)
    return explain_tls (cause, shown_url, message);

  text = kling_text_clean (cause->message, MAX_CAUSE_CHARACTERS);
  return g_error_new (KLING_ERROR, KLING_ERROR_NETWORK, "Cannot reach %s: %s.",
      shown_url, words ? words : text);
}

/* Offers the server HTTP/1.1 only. Over HTTP/2 libsoup 3.2 sends a POST again
 * by itself when the server refuses its stream or goes away, a GET thousands of
 * times a second, does not notice that a connection is closed within a body,
 * and holds whole bodies in memory. It has no switch for that; but here the
 * handshake has not begun yet. */
static void
message_on_network_event (SoupMessage * message, GSocketClientEvent event,
    GIOStream * connection, gpointer user_data)
{
  static const gchar *const protocols[] = { "http/1.1", NULL };

  if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING)
    g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (connection),
        protocols);
}

/* Returns: (transfer full) (nullable): a message whose answer comes as it is,
 * also when it is a redirect */
SoupMessage *
kling_http_create_message (const gchar * method, const gchar * url,
    GError ** error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  SoupMessage *message = uri ? soup_message_new_from_uri (method, uri) : NULL;

  if (message == NULL) {
    g_autofree gchar *shown = kling_url_display (url);

    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "%s is no URL that can be asked.", shown);
    return NULL;
  }
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  g_signal_connect (message, "network-event",
      G_CALLBACK (message_on_network_event), NULL);
  return message;
}
