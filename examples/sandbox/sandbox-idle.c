/* Connections that are kept between two requests.
 *
 * libsoup 3.2 reads the end of a connection that waits for its next request, and
 * forgets to close it: each client that keeps one and goes costs a file
 * descriptor, until none is left and nobody gets an answer any more. So after
 * each answer we look at the socket ourselves, before libsoup does, and take a
 * connection that has ended away from it: that is why our priority is higher.
 *
 * Main thread only, no lock. A watch belongs to its socket, and ends with the
 * next request on it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-idle.h"

#include <errno.h>
#include <sys/socket.h>

/* The name under which a socket owns its watch */
#define WATCH "sandbox-idle"

static void
watch_end (gpointer source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

/* Nothing is read: what comes is libsoup's. */
static gboolean
has_ended (GSocket * socket)
{
  char byte;
  gssize n = recv (g_socket_get_fd (socket), &byte, 1, MSG_PEEK | MSG_DONTWAIT);

  return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void
close_connection (SoupServerMessage * message)
{
  g_autoptr (GIOStream) stream = soup_server_message_steal_connection (message);

  if (stream)
    g_io_stream_close (stream, NULL, NULL);
}

/* @data is the last message; it is let go of with the watch. Once libsoup has
 * read anything, it may have read the end as well, and must be left alone: who
 * goes in the middle of the first line of a request still costs a descriptor. */
static gboolean
on_readable (GSocket * socket, GIOCondition condition, gpointer data)
{
  g_autoptr (SoupServerMessage) message = g_object_ref (data);
  gboolean ended = !g_socket_is_closed (socket) && has_ended (socket);

  g_object_set_data (G_OBJECT (socket), WATCH, NULL);
  if (ended)
    close_connection (message);
  return G_SOURCE_REMOVE;
}

/* Whether the connection is kept shows later: a socket that libsoup closes makes
 * on_readable() end the watch. */
static void
on_answered (SoupServer * server, SoupServerMessage * message, gpointer data)
{
  GSocket *socket = soup_server_message_get_socket (message);
  GSource *source;

  if (socket == NULL || g_socket_is_closed (socket))
    return;
  source = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, G_SOURCE_FUNC (on_readable),
      g_object_ref (message), g_object_unref);
  g_source_attach (source, NULL);
  g_object_set_data_full (G_OBJECT (socket), WATCH, source, watch_end);
}

/* libsoup asks for the address of a connection that is taken away, and warns when
 * that was reset and has none any more; what it has asked for once it knows. */
static void
remember_address (GSocket * socket, SoupServerMessage * message)
{
  struct sockaddr_storage address;
  socklen_t size = sizeof address;

  if (getpeername (g_socket_get_fd (socket), (struct sockaddr *) &address,
          &size) == 0)
    soup_server_message_get_remote_address (message);
}

static void
on_request (SoupServer * server, SoupServerMessage * message, gpointer data)
{
  GSocket *socket = soup_server_message_get_socket (message);

  if (socket == NULL)
    return;
  g_object_set_data (G_OBJECT (socket), WATCH, NULL);
  remember_address (socket, message);
}

/**
 * sandbox_idle_watch:
 * @server: a server
 *
 * From now on it closes kept connections that its clients have closed.
 */
void
sandbox_idle_watch (SoupServer * server)
{
  g_signal_connect (server, "request-started", G_CALLBACK (on_request), NULL);
  g_signal_connect (server, "request-finished", G_CALLBACK (on_answered), NULL);
  g_signal_connect (server, "request-aborted", G_CALLBACK (on_answered), NULL);
}
