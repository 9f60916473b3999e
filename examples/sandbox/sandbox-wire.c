/* Answers that no well-behaved HTTP server would give.
 *
 * The connection is taken away from libsoup and written to by hand: cut after
 * N bytes, reset, left hanging, told a wrong length, or fed drop by drop.
 *
 * Main thread only, no lock. A connection that hangs is held by its source in
 * the main context until the client gives up.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-wire.h"

#include <string.h>
#include <sys/socket.h>

/* Bytes that were written go missing when a reset follows at once. */
#define RESET_DELAY_MS 50
#define DRIPS_PER_SECOND 10

typedef struct
{
  GIOStream *stream;
  GSocket *socket;
  GBytes *data;                 /* head and body, as far as it is sent */
  gsize sent;
  gint64 drip;
  gboolean reset;
  gboolean hang;
} Wire;

/**
 * sandbox_wire_is_needed:
 * @action: what is ordered
 *
 * Returns: whether libsoup would refuse to do it
 */
gboolean
sandbox_wire_is_needed (const SandboxFaultAction * action)
{
  return action->reset || action->hang || action->truncate >= 0
      || action->length >= 0 || action->drip > 0;
}

static void
wire_free (gpointer data)
{
  Wire *wire = data;

  g_io_stream_close (wire->stream, NULL, NULL);
  g_clear_object (&wire->stream);
  g_clear_object (&wire->socket);
  g_clear_pointer (&wire->data, g_bytes_unref);
  g_free (wire);
}

/* Closing a socket that does not linger sends RST, not FIN. */
static gboolean
wire_reset (gpointer data)
{
  Wire *wire = data;
  struct linger linger = { 1, 0 };

  setsockopt (g_socket_get_fd (wire->socket), SOL_SOCKET, SO_LINGER, &linger,
      sizeof linger);
  g_socket_close (wire->socket, NULL);
  return G_SOURCE_REMOVE;
}

static gboolean
wire_client_spoke (GSocket * socket, GIOCondition condition, gpointer data)
{
  char scratch[1024];
  gssize n = g_socket_receive_with_blocking (socket, scratch, sizeof scratch,
      FALSE, NULL, NULL);

  return n > 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* Until the client closes its side. */
static void
wire_hold (Wire * wire)
{
  g_autoptr (GSource) source =
      g_socket_create_source (wire->socket, G_IO_IN | G_IO_HUP, NULL);

  g_source_set_callback (source, G_SOURCE_FUNC (wire_client_spoke), wire,
      wire_free);
  g_source_attach (source, NULL);
}

static void
wire_finish (Wire * wire)
{
  if (wire->hang)
    wire_hold (wire);
  else if (wire->reset)
    g_timeout_add_full (G_PRIORITY_DEFAULT, wire->sent ? RESET_DELAY_MS : 0,
        wire_reset, wire, wire_free);
  else
    wire_free (wire);
}

static void
wire_written (GObject * source, GAsyncResult * result, gpointer data)
{
  Wire *wire = data;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result,
          &wire->sent, NULL))
    wire->hang = FALSE;
  wire_finish (wire);
}

static gboolean
wire_drop (gpointer data)
{
  Wire *wire = data;
  g_autoptr (GError) error = NULL;
  gsize size;
  const char *bytes = g_bytes_get_data (wire->data, &size);
  gsize drop = MAX (1, wire->drip / DRIPS_PER_SECOND);
  gssize n = g_socket_send_with_blocking (wire->socket, bytes + wire->sent,
      MIN (drop, size - wire->sent), FALSE, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;
  if (n <= 0) {
    wire_free (wire);
    return G_SOURCE_REMOVE;
  }
  wire->sent += n;
  if (wire->sent < size)
    return G_SOURCE_CONTINUE;
  wire_finish (wire);
  return G_SOURCE_REMOVE;
}

static void
append_header (const char *name, const char *value, gpointer data)
{
  if (g_ascii_strcasecmp (name, "Connection") != 0)
    g_string_append_printf (data, "%s: %s\r\n", name, value);
}

static void
append_body (GString * out, SandboxReply * reply, gint64 limit)
{
  gsize room = limit < 0 ? G_MAXSIZE : (gsize) limit;

  for (guint i = 0; i < G_N_ELEMENTS (reply->parts); i++) {
    gsize size = 0;
    const char *bytes =
        reply->parts[i] ? g_bytes_get_data (reply->parts[i], &size) : NULL;

    size = MIN (size, room);
    if (size > 0)
      g_string_append_len (out, bytes, size);
    room -= size;
  }
}

static GBytes *
wire_text (SandboxExchange * exchange, SandboxReply * reply)
{
  const SandboxFaultAction *action = sandbox_exchange_action (exchange);
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "HTTP/1.1 %u %s\r\n", reply->status,
      soup_status_get_phrase (reply->status));
  soup_message_headers_foreach (soup_server_message_get_response_headers
      (exchange->message), append_header, out);
  g_string_append (out, "Connection: close\r\n\r\n");
  if (strcmp (exchange->method, "HEAD") != 0)
    append_body (out, reply, action->truncate);
  return g_string_free_to_bytes (out);
}

static Wire *
wire_new (SandboxExchange * exchange)
{
  const SandboxFaultAction *action = sandbox_exchange_action (exchange);
  Wire *wire = g_new0 (Wire, 1);

  wire->socket =
      g_object_ref (soup_server_message_get_socket (exchange->message));
  wire->stream = soup_server_message_steal_connection (exchange->message);
  wire->drip = action->drip;
  wire->reset = action->reset != SANDBOX_WHEN_NEVER;
  wire->hang = action->hang != SANDBOX_WHEN_NEVER;
  return wire;
}

/**
 * sandbox_wire_send:
 * @exchange: the exchange; its connection is gone afterwards
 * @reply: its answer; the headers are set in the message already
 *
 * Answers as the exchange's order says. A reset or a hang without `truncate`
 * comes before the first byte of the answer.
 */
void
sandbox_wire_send (SandboxExchange * exchange, SandboxReply * reply)
{
  const SandboxFaultAction *action = sandbox_exchange_action (exchange);
  Wire *wire = wire_new (exchange);

  if (wire->stream == NULL) {
    g_clear_object (&wire->socket);
    g_free (wire);
    return;
  }
  if ((wire->reset || wire->hang) && action->truncate < 0) {
    wire_finish (wire);
    return;
  }
  wire->data = wire_text (exchange, reply);
  if (wire->drip > 0)
    g_timeout_add (1000 / DRIPS_PER_SECOND, wire_drop, wire);
  else
    g_output_stream_write_all_async (g_io_stream_get_output_stream
        (wire->stream), g_bytes_get_data (wire->data, NULL),
        g_bytes_get_size (wire->data), G_PRIORITY_DEFAULT, NULL, wire_written,
        wire);
}
